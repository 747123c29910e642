"""Cameras whose pose is not known, found from the people that the others see."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle import adjust_points
from mvtri.calib.people.agreement import AS_GIVEN
from mvtri.calib.people.recording import People
from mvtri.calib.people.start import camera_pose, with_pose
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
_ROUNDS = 3


def locate_cameras(recording: ArrayLike, cams: CameraGroup, names: Sequence[str]) -> CameraGroup:
    """Return the cameras with the poses of some found anew, whatever these were before.

    The others have to be right, two of them or more.  What they see is triangulated; a camera is where it
    sees these points as it does (perspective n points, with consensus).  Then its pose is
    adjusted to all frames.

    Parameters
    ----------
    recording : array_like, shape (T, K, C, 2)
        Pixels of one person, NaN where missing or uncertain.
    cams : CameraGroup
        Their lenses are known.
    names : sequence of str
        Which cameras to find.

    Raises
    ------
    InputError
        If there is no such camera, fewer than two others, or a camera sees too little of what they see.
    """
    pixels = np.asarray(recording, dtype=np.float64)
    if pixels.ndim != 4 or pixels.shape[2:] != (len(cams), 2):
        raise InputError(f"the recording has the shape {pixels.shape}, expected (T, K, {len(cams)}, 2)")
    for name in names:
        if name not in cams.names:
            raise InputError(one_of(name, cams.names, "camera"))
    known = [i for i, name in enumerate(cams.names) if name not in names]
    if len(known) < 2:
        raise InputError(
            f"{len(known)} cameras have a pose, and two or more are needed to find another; name fewer "
            "cameras, or find all of them with `mvtri calibrate rig`"
        )
    others = cams.subset([cams.names[i] for i in known])
    points = triangulate(pixels[:, :, known], others, options=AS_GIVEN).points.reshape(-1, 3)
    rays = cams.undistort(pixels).reshape(-1, len(cams), 2)
    for name in names:
        camera = cams.names.index(name)
        pose = camera_pose(points, rays[:, camera], float(cams.matrices[camera, 0, 0]))
        if pose is None:
            raise InputError(
                f"{name} sees too little of what the other cameras see, or another person; give a recording "
                "that it shares with them"
            )
        cams = with_pose(cams, camera, *pose)
    return _exactly(pixels, cams, known)


def _exactly(pixels: Floats, cams: CameraGroup, known: list[int]) -> CameraGroup:
    """Return the cameras, the poses of those that were found adjusted to all frames."""
    people = People.read([pixels], len(cams))
    for _ in range(_ROUNDS):
        result = triangulate(people.pixels, cams, keypoint_axis=1, options=AS_GIVEN)
        sigma = result.noise.sigma
        weights = result.inliers * (np.median(sigma) / sigma) ** 2
        found = adjust_points(cams, people.pixels, result.points, fixed=known, weights=weights)
        cams = found.cameras
    return cams
