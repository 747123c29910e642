"""Reasons not to trust cameras that were calibrated from people."""

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.people.agreement import residual
from mvtri.calib.people.recording import People
from mvtri.calib.people.result import Doubt, PeopleCalibration
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
NO_DETECTOR = 0.5  # px, for a detector's median residual: the best ones have 2 px on people
UNSURE_TURN, UNSURE_MOVE = 1.0, 0.03  # degrees and m, of a standard deviation
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
    return (*found, *_recordings_that_disagree(people, given, result, workers))


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
