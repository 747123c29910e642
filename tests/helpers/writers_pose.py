"""One recording's 2D in every form in which ``--pose`` may name it, written without any code of mvtri.

`people` are, by camera, for each frame those seen: each (K, 3) of x, y and score.
"""

import numpy as np
import writers_stored2d as write
from writers_stored2d import COCO

TALL = ("54138969", "60457274")  # of Human3.6M's cameras


def arrays(people, count=17):
    """Return x, y and score (T, N, K, C, 3), zeros where a view has fewer people."""
    frames = len(next(iter(people.values())))
    slots = max(len(seen) for views in people.values() for seen in views)
    values = np.zeros((frames, slots, count, len(people), 3))
    for c, views in enumerate(people.values()):
        for t, seen in enumerate(views):
            for n, person in enumerate(seen):
                values[t, n, :, c] = person
    return values


def openpose(root, people):
    write.write_openpose(root, "S9", "walk", people)
    return root / "S9" / "walk"


def coco(root, people):
    write.write_coco(root, "S9", "walk", people)
    return root / "S9" / "walk"


def images(people, shape):
    return [[shape.format(camera=camera, t=t) for t in range(len(seen))] for camera, seen in people.items()]


def coco_in_one_file(root, people):
    return write.save(
        root / "all.json", write.coco_table(images(people, "data/{camera}/{t:06d}.jpg"), people)
    )


def coco_rows_in_one_file(root, people):
    """Rows alone: an image with nobody in it has none."""
    return write.save(root / "all.json", write.coco_rows(images(people, "{camera}_{t}.jpg"), people))


def mmpose(root, people):
    write.write_mmpose(root, "S9", "walk", people)
    return root / "S9" / "walk"


def videopose3d(root, people):
    """One person at most: the format has no more."""
    values = arrays(people)[:, 0]
    views = [values[:, :, c] for c in range(values.shape[2])]
    write.write_videopose3d(root / "data_2d_any.npz", {"S9": {"walk": views}})
    return root / "data_2d_any.npz"


def npz(root, people):
    values = arrays(people)
    np.savez(
        root / "all.npz", keypoints=values[..., :2], scores=values[..., 2], cameras=np.array(list(people))
    )
    return root / "all.npz"


def npz_by_camera(root, people):
    values = arrays(people)
    (root / "views").mkdir()
    for c, camera in enumerate(people):
        view = values[:, :, :, c]
        np.savez(root / "views" / f"{camera}.npz", keypoints=view[..., :2], scores=view[..., 2])
    return root / "views"


def npy(root, people):
    np.save(root / "all.npy", arrays(people))
    return root / "all.npy"


def npy_by_camera(root, people):
    values = arrays(people)
    (root / "views").mkdir()
    for c, camera in enumerate(people):
        np.save(root / "views" / f"{camera}.npy", values[:, :, :, c])
    return root / "views"


def netcdf(root, people):
    values = arrays(people)
    gone = values[..., 2] == 0
    position = np.where(gone[..., None], np.nan, values[..., :2])
    sizes = [[1000, 1002] if camera in TALL else [1000, 1000] for camera in people]
    about = {"keypoints": COCO, "cameras": list(people), "sizes": sizes, "skeleton": "coco17"}
    write.write_detections(root / "found.nc", position, values[..., 2], about)
    return root / "found.nc"


FORMS = {
    "openpose": openpose,
    "coco": coco,
    "coco in one file": coco_in_one_file,
    "coco rows in one file": coco_rows_in_one_file,
    "mmpose": mmpose,
    "videopose3d": videopose3d,
    "npz": npz,
    "npz by camera": npz_by_camera,
    "npy": npy,
    "npy by camera": npy_by_camera,
    "nc": netcdf,
}
