"""Cameras whose pose is not known, found from the people that the others see."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle import Freedom
from mvtri.calib.people.agreement import AS_GIVEN
from mvtri.calib.people.near import adjust_near
from mvtri.calib.people.recording import People
from mvtri.calib.people.start import camera_pose, with_pose
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
_ROUNDS = 3


def locate_cameras(
    recordings: ArrayLike | Sequence[ArrayLike], cams: CameraGroup, names: Sequence[str]
) -> CameraGroup:
    """Return the cameras with the poses of some found anew, whatever these were before.

    The others have to be right, two of them or more.  What they see is triangulated; a camera is where it
    sees these points as it does (perspective n points, with consensus).  Then its pose is adjusted to all
    frames.

    Parameters
    ----------
    recordings : array_like, shape (T, K, C, 2), or sequence of such
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
    people = People.read(recordings, len(cams))
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
    points = triangulate(people.pixels[:, :, known], others, options=AS_GIVEN).points.reshape(-1, 3)
    rays = cams.undistort(people.pixels).reshape(-1, len(cams), 2)
    for name in names:
        camera = cams.names.index(name)
        pose = camera_pose(points, rays[:, camera], float(cams.matrices[camera, 0, 0]))
        if pose is None:
            raise InputError(
                f"{name} sees too little of what the other cameras see, or another person; give a recording "
                "that it shares with them"
            )
        cams = with_pose(cams, camera, *pose)
    return adjust_near(people, cams, Freedom(), _ROUNDS, fixed=known).cameras
