"""People before Human3.6M's cameras with the errors of a detector, for tests of verdicts."""

import numpy as np

from mvtri import CameraGroup, human36m_cameras
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, animate, random_motion
from mvtri.tracks import make_detections, make_tracks
from mvtri.triangulation import triangulate

NAMES = get_skeleton("spinetrack37").keypoints
_FIELDS = ("names", "image_sizes", "matrices", "distortions", "rotations", "translations", "models")


def person(frames=30, seed=0, stature=1.75):
    """Return a moving person in the middle of the room, (T, 37, 3) m."""
    points = animate(Body(stature=stature), random_motion(frames, seed)).keypoints
    points[..., :2] -= points[..., :2].mean(axis=(0, 1))
    return points


def detected(points, cams, seed=0, bias=5.0, noise=2.0):
    """Return 2D (T, K, C, 2) px with errors that are constant for a keypoint in a view, and noise."""
    rng = np.random.default_rng(seed)
    seen = cams.project(points)
    constant = bias * rng.standard_normal(seen.shape[1:])
    return seen + constant + noise * rng.standard_normal(seen.shape)


def changed(cams, **fields):
    """Return a rig with other fields."""
    return CameraGroup(**({name: getattr(cams, name) for name in _FIELDS} | fields))


def turned(cams, camera, degrees, axis=(0.0, 0.0, 1.0)):
    """Return the rig with one camera turned about its center."""
    from scipy.spatial.transform import Rotation

    R = np.array(cams.rotations)
    R[camera] = R[camera] @ Rotation.from_rotvec(np.radians(degrees) * np.asarray(axis)).as_matrix()
    return changed(cams, rotations=R, translations=-np.einsum("cij,cj->ci", R, cams.centers))


def rig(name="S9", cameras=4):
    """Return the first cameras of a subject's rig."""
    cams = human36m_cameras(name)
    return cams.subset(cams.names[:cameras])


def tracks_of(points2d, cams, **options):
    """Return Tracks of one person triangulated from 2D (T, K, C, 2)."""
    result = triangulate(points2d[:, None], cams, keypoint_axis=2, **options)
    return make_tracks(
        result.points,
        keypoints=NAMES,
        fps=50.0,
        covariance=result.covariances,
        status=result.status,
        inliers=result.inliers,
        residuals=result.residuals,
        position_2d=points2d[:, None],
        confidence_2d=np.isfinite(points2d[:, None, ..., 0]).astype(float),
        cameras=cams.names,
        skeleton="spinetrack37",
        provenance={"reconstruct": {"noise": result.noise.record()}},
    )


def detections_of(points2d, cams, associated=False):
    """Return Detections of one person from 2D (T, K, C, 2)."""
    found = make_detections(
        points2d[:, None],
        np.isfinite(points2d[:, None, ..., 0]).astype(float),
        keypoints=NAMES,
        cameras=cams.names,
        image_sizes=cams.image_sizes,
        fps=50.0,
        skeleton="spinetrack37",
    )
    found.attrs["associated"] = int(associated)
    return found
