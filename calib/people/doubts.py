"""Reasons not to trust cameras that were calibrated from people."""

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Adjustment
from mvtri.calib.people.agreement import residual
from mvtri.calib.people.found_rig import FoundRig
from mvtri.calib.people.recording import People
from mvtri.calib.people.result import Doubt, PeopleCalibration, pose_deviations
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
NO_DETECTOR = 0.5  # px, for a detector's median residual: the best ones have 2 px on people
NEAR = 0.5  # m: a person who gets no farther shows one place of the room
UNSURE_TURN, UNSURE_MOVE = 1.0, 0.03  # degrees and m, of a standard deviation
UNSURE_FOCAL, UNSURE_PLACE = 0.03, 0.03  # standard deviations, as shares of a focal length and of the rig
_WORSE = 1.5  # times the residual of a recording when cameras are fitted to others, not to it
_FEWEST = 100  # keypoints in frames that two cameras see


def find_doubts(
    people: People, given: CameraGroup, result: PeopleCalibration, workers: int | None
) -> tuple[Doubt, ...]:
    """Return what speaks against the result.

    A residual that is small proves nothing: 2D that was projected with other cameras fits those cameras
    perfectly, on frames that were held out as well.

    Parameters
    ----------
    people : People
    given : CameraGroup
        The cameras as they were.
    result : PeopleCalibration
    workers : int or None
    """
    found = []
    if result.residual < NO_DETECTOR:
        found.append(
            Doubt(
                "projected",
                f"the median residual is {result.residual:.2g} px, and no detector is so exact on people: "
                "this 2D was projected from 3D points with some cameras, and the result is those cameras; "
                "use 2D that a detector found in the videos",
            )
        )
    unsure = (result.turn_deviations > UNSURE_TURN) | (result.move_deviations > UNSURE_MOVE)
    if unsure.any() and result.chosen != "none":
        names = ", ".join(name for name, flag in zip(given.names, unsure) if flag)
        found.append(
            Doubt(
                "unsure",
                f"the recording says little about the pose of {names} (standard deviation up to "
                f"{result.turn_deviations[unsure].max():.1f} degrees and "
                f"{100 * result.move_deviations[unsure].max():.0f} cm); record a person who walks through "
                "all of the room, and give several recordings",
            )
        )
    reach = _reach(result.adjustment.points)
    if reach < NEAR and result.chosen != "none":
        found.append(
            Doubt(
                "near",
                f"the person keeps within {reach:.1f} m: the cameras are fitted to that place alone, and the "
                "intervals hold only there; record a person who walks through all of the room",
            )
        )
    return (*found, *_recordings_that_disagree(people, given, result, workers))


def poses_are_sure(adjustment: Adjustment) -> bool:
    """Return whether all poses that changed are known well enough not to be doubted."""
    turns, moves = pose_deviations(adjustment)
    return bool((turns <= UNSURE_TURN).all() and (moves <= UNSURE_MOVE).all())


def rig_doubts(found: FoundRig, points: Floats) -> tuple[Doubt, ...]:
    """Return what speaks against a rig that was found from nothing: the recording says too little about it.

    Parameters
    ----------
    found : FoundRig
    points : ndarray, shape (T, K, 3)
        The person, in the world of the cameras.
    """
    what = _unsure_of(found)
    if not what:
        return ()
    way = "" if np.isnan(found.height) else f" and keeps within {_reach(points):.1f} m"
    lenses = "" if not found.focal_deviations.any() else (
        "; if the lenses are known, keep them (--lenses FILE --keep-lenses)"
    )  # fmt: skip
    return (
        Doubt(
            "unsure",
            f"the recording says too little about the cameras: {what} (standard deviation); the person is "
            f"seen in {_frames(points)} frames{way}: record one who walks through all of the room for 20 "
            f"seconds or more{lenses}",
        ),
    )


def _unsure_of(found: FoundRig) -> str:
    """Return which numbers of the rig are uncertain, and by how much; "" where none is."""
    names, centers = found.cameras.names, found.cameras.centers
    size = float(np.linalg.norm(centers[:, None] - centers, axis=-1).max())
    variances = found.pose_covariance.diagonal().reshape(-1, 6)
    turns, places = (np.sqrt(part.mean(axis=1)) for part in (variances[:, :3], variances[:, 3:]))
    for label, values, limit, scale, unit in (
        ("focal length", found.focal_deviations, UNSURE_FOCAL, 100.0, "%"),
        ("place", places / size, UNSURE_PLACE, 100.0, "% of the size of the rig"),
        ("turn", np.degrees(turns), UNSURE_TURN, 1.0, "degrees"),
    ):
        unsure = [name for name, value in zip(names, values) if not value <= limit]
        if unsure:
            return (
                f"the {label} of {', '.join(unsure)} is uncertain by up to {scale * values.max():.2g} {unit}"
            )
    return ""


def _frames(points: Floats) -> int:
    return int(np.isfinite(points[..., 0]).any(axis=1).sum())


def _reach(points: Floats) -> float:
    """Return how far the middle of the person gets, m: the longer side of the box about its way."""
    seen = points[np.isfinite(points[..., 0]).any(axis=1)]
    return float(np.ptp(np.nanmedian(seen, axis=1), axis=0).max()) if len(seen) else 0.0


def _recordings_that_disagree(
    people: People, given: CameraGroup, result: PeopleCalibration, workers: int | None
) -> list[Doubt]:
    """Return a doubt for each recording that the cameras fitted to all the others do not fit."""
    from mvtri.calib.people.refine import CHOICES, fit

    count = int(people.recording.max()) + 1
    if count < 2:
        return []
    found, freedom = [], CHOICES.get(result.chosen, CHOICES["poses"])
    for number in range(count):
        one, others = people.part(people.recording == number), people.part(people.recording != number)
        if min(_points(one), _points(others)) < _FEWEST:
            continue
        own = residual(one.pixels, fit(one, given, freedom, workers).cameras)
        fitted = residual(one.pixels, fit(others, given, freedom, workers).cameras)
        if fitted > _WORSE * own:
            found.append(
                Doubt(
                    "recordings",
                    f"recording {number + 1} disagrees with the others: cameras fitted to those leave "
                    f"{fitted:.1f} px in it, its own {own:.1f} px; a camera was moved between them, or its "
                    "2D does not belong to these cameras: leave it out, or the others",
                )
            )
    return found


def _points(people: People) -> int:
    return int((np.isfinite(people.pixels[..., 0]).sum(axis=2) >= 2).sum())
