"""Cameras whose pose is not known, found from the people that the others see."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle import Freedom
from mvtri.calib.people.agreement import AS_GIVEN, left_out_errors, residual
from mvtri.calib.people.near import adjust_near
from mvtri.calib.people.recording import People
from mvtri.calib.people.result import LOCATED, PeopleCalibration
from mvtri.calib.people.start import camera_pose, with_pose
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
_ROUNDS = 3


def locate_cameras(
    recordings: ArrayLike | Sequence[ArrayLike], cams: CameraGroup, names: Sequence[str]
) -> PeopleCalibration:
    """Find the poses of some cameras anew, whatever these were before.

    The others have to be right, two of them or more, and stay exactly as they are.  What they see is
    triangulated; a camera is where it sees these points as it does (perspective n points, with consensus).
    Then its pose is adjusted to all frames.

    Parameters
    ----------
    recordings : array_like, shape (T, K, C, 2), or sequence of such
        Pixels of one person, NaN where missing or uncertain.
    cams : CameraGroup
        Their lenses are known.
    names : sequence of str
        Which cameras to find.

    Returns
    -------
    PeopleCalibration
        Its errors are those on all frames: none are held out.

    Raises
    ------
    InputError
        If there is no such camera, fewer than two others, or a camera sees too little of what they see.
    """
    people, given = People.read(recordings, len(cams)), cams
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
    found = adjust_near(people, cams, Freedom(), _ROUNDS, fixed=known)
    cams = _with_poses(given, found.cameras, names)
    return PeopleCalibration(
        cameras=cams,
        given=given,
        adjustment=found,
        chosen=LOCATED,
        choices=(),
        errors_before=left_out_errors(people.pixels, given),
        errors=left_out_errors(people.pixels, cams),
        residual_before=residual(people.pixels, given),
        residual=residual(people.pixels, cams),
    )


def _with_poses(cams: CameraGroup, found: CameraGroup, names: Sequence[str]) -> CameraGroup:
    """Return the cameras, those of `names` with the poses found; the others are the same to the last bit."""
    for camera in (cams.names.index(name) for name in names):
        cams = with_pose(cams, camera, found.rotations[camera], found.translations[camera])
    return cams
