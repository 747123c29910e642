"""`associate`: the same person in every view."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from mvtri.association.agreement import Agreement, find_agreement
from mvtri.association.candidates import Candidates, find_candidates
from mvtri.association.grouping import group_tracklets
from mvtri.association.person_boxes import nearest_to_boxes
from mvtri.association.selection import select_people
from mvtri.association.subject import check_views, find_subject
from mvtri.association.tracklets import find_continuations, find_tracklets
from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import undistortion_kernels
from mvtri.compilation import compile_ahead
from mvtri.errors import InputError
from mvtri.kernels.association.distances import image_distances, ray_disagreements
from mvtri.progress import Progress
from mvtri.tracks import CAMERAS, provenance_of, validate_detections

KERNELS = (image_distances, ray_disagreements)  # to be compiled ahead, with those of `CameraGroup.undistort`
MAX_TRACKLETS = 20_000  # that are joined; the weaker ones are left to the check of every frame

logger = logging.getLogger("mvtri")


def associate(
    detections: xr.Dataset,
    cameras: CameraGroup,
    people: int = 1,
    boxes: np.ndarray | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Find the subject among the candidates of every view.

    First, each candidate is followed over time within its view, as long as there is no doubt; the result are
    tracklets.  Then tracklets of different views vote in every frame whether they are the same person: by the
    gap between the two rays of a keypoint, in body sizes, as a weighted median over keypoints.  Tracklets are
    joined to people, the strongest votes first; nobody may be twice in one view.

    **The subject is the person with the greatest support**: the sum of scores over keypoints, views and
    frames, counting the frames in which at least two views show the person (one, with one camera).  Finally,
    every view of every frame is compared with the other views.  A view in which the subject is not found
    holds NaN, not another person.

    Where `boxes` has a box of the subject, it decides: the subject is the candidate of that frame and view
    whose keypoints fill the box best.

    Parameters
    ----------
    detections : Detections
        Slot i of one camera and of one frame has nothing to do with slot i of another.
    cameras : CameraGroup
        At least those of `detections`, by name.
    people : int
        1, the one subject.
    boxes : ndarray, shape (T, C, 4), optional
        Boxes x1, y1, x2, y2 around the subject, px; NaN where a view has none.
    progress : callable, optional
        Called as ``progress("associate", done, total)``.

    Returns
    -------
    Detections
        One individual, every variable that `detections` had for its candidates, ``attrs["associated"]`` 1.
        The provenance counts for each camera the frames in which the subject was chosen, was not chosen
        though there were candidates (``left_out``), and in which there was no candidate (``absent``).

    Raises
    ------
    InputError
        If nobody was detected at all, if no two views agree on anybody, if a camera is missing, if the boxes
        have another shape, or if `people` is not 1.
    """
    validate_detections(detections)
    if people != 1:
        raise InputError(
            f"people={people!r} was asked for, but mvtri cannot follow several people yet; pass people=1"
        )
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    cameras = cameras if list(cameras.names) == names else cameras.subset(names)
    compile_ahead([*undistortion_kernels(cameras), *KERNELS])
    candidates = find_candidates(detections)
    frames = candidates.strength.shape[0]
    chosen, agreement = _choose(candidates, cameras, boxes, _two_halves(progress, frames))
    record = _record(names, candidates, chosen, agreement)
    _warn_of_idle_cameras(record)
    result = select_people(detections, chosen[:, None])
    result.attrs["provenance"] = json.dumps(provenance_of(detections) | {"associate": record})
    if progress:
        progress("associate", frames, frames)
    return result


HalfProgress = Callable[[int], Callable[[int, int], None]]


def _choose(
    candidates: Candidates, cameras: CameraGroup, boxes: np.ndarray | None, report: HalfProgress
) -> tuple[np.ndarray, Agreement | None]:
    """Return the subject's slot (T, C), -1 without: by the boxes where there are any, else by agreement."""
    if boxes is None:
        return _choose_by_agreement(candidates, cameras, report)
    in_box, has_box = nearest_to_boxes(candidates, boxes)
    if has_box.all():
        return in_box, None
    chosen, agreement = _choose_by_agreement(candidates, cameras, report)
    return np.where(has_box, in_box, chosen), agreement


def _choose_by_agreement(
    candidates: Candidates, cameras: CameraGroup, report: HalfProgress
) -> tuple[np.ndarray, Agreement | None]:
    """Return the subject's slot (T, C), -1 without, and the views' agreement, None with one camera."""
    if not candidates.strength.any():
        raise InputError(
            f"nobody was detected in any of {candidates.strength.shape[0]} frames of "
            f"{', '.join(cameras.names)}; expected a person in view: choose other frames (--frames), another "
            "detector (--detector) or other 2D (--pose)"
        )
    min_views = min(2, len(cameras))
    if len(cameras) == 2 and candidates.strength.shape[2] == 1:  # nothing to choose, and no third opinion
        return np.where(candidates.strength[..., 0] > 0.0, 0, -1), None
    tracklets = find_tracklets(candidates)
    kept = np.sort(np.argsort(-tracklets.strength, kind="stable")[:MAX_TRACKLETS])
    first, second, vote = find_continuations(candidates, tracklets, kept)
    agreement = None
    if min_views == 2:
        agreement = find_agreement(candidates, tracklets, cameras, report(0))
        joined = np.isin(agreement.first, kept) & np.isin(agreement.second, kept)
        first = np.concatenate([first, agreement.first[joined]])
        second = np.concatenate([second, agreement.second[joined]])
        vote = np.concatenate([vote, agreement.vote[joined]])
    group = group_tracklets(tracklets, first, second, vote)
    chosen, free = find_subject(candidates, tracklets, group, min_views)
    if agreement is None:
        return chosen, None
    if (chosen < 0).all():
        raise InputError(_why_nobody(agreement))
    return check_views(candidates, cameras, chosen, free, agreement.tolerance, report(1)), agreement


def _why_nobody(agreement: Agreement) -> str:
    if np.isnan(agreement.best):
        return (
            "no two cameras show a person in the same frame, so nothing can be triangulated; check that the "
            "recordings are synchronised and that the cameras look at the same place"
        )
    return (
        f"no two cameras agree on any person: even where they agree best, their rays miss each other by "
        f"{agreement.best:.0%} of a body's size, expected {agreement.tolerance:.0%} at most; check that the "
        "calibration belongs to these recordings, that no two cameras are exchanged, and that all are "
        "synchronised"
    )


def _two_halves(progress: Progress | None, frames: int) -> HalfProgress:
    """Return a function that gives the callback of each half of the work, 0 and 1; both are one stage."""

    def half(number: int) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if progress:
                progress("associate", round((number + done / total) * frames / 2), frames)

        return report

    return half


def _warn_of_idle_cameras(record: dict[str, Any]) -> None:
    for name, count in record["frames"].items():
        if count["left_out"] and not count["chosen"]:
            logger.warning(
                f"{name} shows somebody in {count['left_out']} frames, but never the person that the other "
                "cameras see, so it is not used; if that is wrong, check its calibration and synchronisation"
            )


def _record(
    names: list[str], candidates: Candidates, chosen: np.ndarray, agreement: Agreement | None
) -> dict[str, Any]:
    present, found = np.asarray(candidates.strength.any(axis=-1)), chosen >= 0
    record: dict[str, Any] = {
        "people": 1,
        "frames": {
            name: {
                "chosen": int(found[:, c].sum()),
                "left_out": int((present[:, c] & ~found[:, c]).sum()),
                "absent": int((~present[:, c]).sum()),
            }
            for c, name in enumerate(names)
        },
    }
    if agreement is not None:
        record |= {"tolerance": agreement.tolerance, "least_disagreement": agreement.best}
    return record
