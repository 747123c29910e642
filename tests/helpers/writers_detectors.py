"""One recording's 2D as other detectors save it, written without any code of mvtri.

`people` are, by camera, for each frame those seen: each (17, 3) of x, y and score, in COCO's order.  All
images have the size `SIZE`, by which normalised coordinates are divided.
"""

import csv
import json
import shutil

import h5py
import numpy as np
from writers_pose import arrays
from writers_stored2d import COCO, save

SIZE = (1000, 1002)


def _table(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def alphapose(root, people):
    """The list that AlphaPose writes by default; an image with nobody in it has no row."""
    for camera, frames in people.items():
        rows = [
            {"image_id": f"{t}.jpg", "category_id": 1, "keypoints": person.ravel().tolist(), "score": 2.9,
             "box": [1.0, 2.0, 3.0, 4.0], "idx": [0.0]}
            for t, seen in enumerate(frames) for person in seen
        ]  # fmt: skip
        save(root / camera / "alphapose-results.json", rows)
    return root


def deeplabcut_csv(root, people):
    for camera, frames in people.items():
        names = [name for name in COCO for _ in range(3)]
        rows = [["bodyparts", *names], ["coords", *["x", "y", "likelihood"] * 17]]
        for t, seen in enumerate(frames):
            flat = seen[0].copy() if seen else np.full((17, 3), np.nan)
            flat[flat[:, 2] == 0] = np.nan
            rows.append([t, *("" if np.isnan(value) else repr(float(value)) for value in flat.ravel())])
        _table(root / f"{camera}DLC_resnet50_x.csv", ["scorer", *["DLC_resnet50_x"] * 51], rows)
    return root


def sleap_analysis(root, people):
    """(track, xy, node, frame), as SLEAP writes it."""
    values = arrays(people)
    values[values[..., 2] == 0] = np.nan
    root.mkdir(parents=True, exist_ok=True)
    for c, camera in enumerate(people):
        view = values[:, :, :, c]
        with h5py.File(root / f"{camera}.analysis.h5", "w") as file:
            file["tracks"] = view[..., :2].transpose(1, 3, 2, 0)
            file["point_scores"] = view[..., 2].transpose(1, 2, 0)
            file["node_names"] = np.array([name.encode() for name in COCO])
            file["track_occupancy"] = np.ones(view.shape[:2], dtype="u1")
    return root


def ultralytics(root, people):
    """``class cx cy w h x y v ...``; a frame with nobody in it has no file."""
    for camera, frames in people.items():
        folder = root / camera
        folder.mkdir(parents=True, exist_ok=True)
        for t, seen in enumerate(frames):
            lines = []
            for person in seen:
                parts = person / [*SIZE, 1]
                lines.append(" ".join(map(repr, [0, 0.5, 0.5, 0.2, 0.9, *parts.ravel().tolist()])))
            if lines:
                (folder / f"{camera}_{t}.txt").write_text("\n".join(lines) + "\n")
    return root


def ultralytics_in_one_folder(root, people):
    """With the score of the box and the person's track after the keypoints."""
    ultralytics(root / "apart", people)
    for path in sorted((root / "apart").glob("*/*.txt")):
        text = "".join(line + " 0.9 1\n" for line in path.read_text().splitlines())
        (root / path.name).write_text(text)
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    (root / "apart").rmdir()
    return root


def mmpose_images(root, people):
    """One file per image: the list of instances that MMPose's inferencer writes; an empty one for nobody."""
    for camera, frames in people.items():
        for t, seen in enumerate(frames):
            instances = [
                {
                    "keypoints": person[:, :2].tolist(),
                    "keypoint_scores": person[:, 2].tolist(),
                    "bbox": [[1.0, 2.0, 3.0, 4.0]],
                    "bbox_score": 0.9,
                }
                for person in seen
            ]
            save(root / camera / "predictions" / f"{camera}_{t:06d}.json", instances)
    return root


def mmpose_images_in_one_folder(root, people):
    mmpose_images(root.parent / "apart", people)
    root.mkdir(parents=True, exist_ok=True)
    for path in (root.parent / "apart").glob("*/*/*.json"):
        path.rename(root / path.name)
    shutil.rmtree(root.parent / "apart")
    return root


def coco_with_a_listing(root, people):
    """Results with numbers of images alone, and beside them the data set's list of images."""
    images, rows = [], []
    for camera, frames in people.items():
        for t, seen in enumerate(frames):
            images.append({"id": len(images) + 5, "file_name": f"{camera}/{t:06d}.jpg"})
            rows += [
                {"image_id": images[-1]["id"], "category_id": 1, "keypoints": person.ravel().tolist(),
                 "score": 0.9} for person in seen
            ]  # fmt: skip
    save(root / "results.json", rows)
    save(root / "dataset.json", {"images": images, "annotations": []})
    return root


def freemocap(path, points):
    """What freemocap saves of (T, 33, C, 2) in pixels: (C, T, 553, 3), with depths and points of the rest."""
    rest = np.random.default_rng(0).uniform(0, 1000, (points.shape[2], points.shape[0], 553, 3))
    rest[:, :, :33, :2] = np.transpose(points, (2, 0, 1, 3))
    rest[..., 2] -= 500
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, rest)


def tidy(root, people):
    """One row per keypoint, one table of all cameras."""
    rows = [
        [t, camera, n, COCO[k], *(map(repr, person[k, :2].tolist()) if person[k, 2] else ("", "")),
         repr(float(person[k, 2]))]
        for camera, frames in people.items() for t, seen in enumerate(frames)
        for n, person in enumerate(seen) for k in range(17)
    ]  # fmt: skip
    header = ["frame", "camera", "person", "keypoint", "x", "y", "confidence"]
    _table(root / "all.csv", header, rows)
    return root / "all.csv"


def wide(root, people):
    """One row per frame, one table per camera."""
    for camera, frames in people.items():
        header = ["frame", *(f"{name}_{part}" for name in COCO for part in ("x", "y", "score"))]
        rows = [
            [t, *(repr(float(value)) for value in (seen[0] if seen else np.zeros((17, 3))).ravel())]
            for t, seen in enumerate(frames)
        ]
        _table(root / f"{camera}.csv", header, rows)
    return root


def numbered(root, people):
    """One row per frame, columns x_0, y_0, v_0, ..., without a column for the frame."""
    for camera, frames in people.items():
        header = [f"{part}_{k}" for k in range(17) for part in ("x", "y", "v")]
        rows = [
            [repr(float(value)) for value in (seen[0] if seen else np.zeros((17, 3))).ravel()]
            for seen in frames
        ]
        _table(root / f"{camera}.csv", header, rows)
    return root


FORMS = {
    "alphapose": alphapose,
    "deeplabcut csv": deeplabcut_csv,
    "sleap analysis": sleap_analysis,
    "ultralytics": ultralytics,
    "ultralytics in one folder": ultralytics_in_one_folder,
    "mmpose images": mmpose_images,
    "mmpose images in one folder": mmpose_images_in_one_folder,
    "coco with a listing": coco_with_a_listing,
    "tidy": tidy,
    "wide": wide,
    "numbered": numbered,
}


def mediapipe(points, layout="list"):
    """Frames of landmarks from (T, 33, 3) x, y and visibility as parts of the image; text of a JSON file."""

    def landmark(point):
        return dict(zip(("x", "y", "visibility", "z"), [*map(float, point), 0.1]))

    frames = [[landmark(point) for point in frame] for frame in points]
    content = {
        "list": frames,
        "numbered": [{"frame": t, "landmarks": frame} for t, frame in enumerate(frames)],
        "people": [[frame] for frame in frames],
        "object": {"fps": 30, "frames": [{"pose_landmarks": frame} for frame in frames]},
        "by number": {str(t): frame for t, frame in enumerate(frames)},
        "protobuf": [{"poseLandmarks": {"landmark": frame}} for frame in frames],
        "lists": [[[p["x"], p["y"], p["z"], p["visibility"]] for p in frame] for frame in frames],
    }[layout]
    return json.dumps(content)
