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
from mvtri.association.subject import check_views, choose_subject
from mvtri.association.tracklets import find_tracklets, taken_up
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.progress import Progress
from mvtri.tracks import CAMERAS, INDIVIDUALS, TIME, provenance_of, validate_detections

NODES = 20_000  # tracklets that are joined; the weaker ones are left to the check of every frame

logger = logging.getLogger("mvtri")


def associate(
    detections: xr.Dataset, cameras: CameraGroup, people: int = 1, progress: Progress | None = None
) -> xr.Dataset:
    """Find the subject among the candidates of every view.

    Candidates of one view are followed over time as long as there is no doubt.  Those runs vote for each
    other across views: by the weighted median over keypoints of the gap between two rays, in units of the
    body's size, every frame one vote.  Runs are joined to people, the strongest votes first, no person being
    twice in one view.  **The subject is the person with the greatest support**: the sum of scores over
    keypoints, views and frames, of frames in which at least two views show the person (one, with one
    camera).  At last every frame and view is checked against the other views.  A view in which the subject
    is not found holds NaN, not somebody else.

    Parameters
    ----------
    detections : Detections
        Slot i of one camera and of one frame has nothing to do with slot i of another.
    cameras : CameraGroup
        At least those of `detections`, by name.
    people : int
        1, the one subject.
    progress : callable, optional
        Called as ``progress("associate", done, total)``.

    Returns
    -------
    Detections
        One individual, every variable that `detections` had for its candidates, ``attrs["associated"]`` 1;
        the provenance says by camera in how many frames the subject was chosen, left out though there were
        candidates, and absent.

    Raises
    ------
    InputError
        If nobody was detected at all, if no two views agree on anybody, if a camera is missing, or if
        `people` is not 1.
    """
    validate_detections(detections)
    if people != 1:
        raise InputError(
            f"people={people!r} was asked for; several people are not supported yet, so pass people=1"
        )
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    cameras = cameras if list(cameras.names) == names else cameras.subset(names)
    candidates = find_candidates(detections)
    frames = candidates.strength.shape[0]
    if not candidates.strength.any():
        raise InputError(
            f"nobody was detected in any of {frames} frames of {', '.join(names)}; expected a person in "
            "view: check the recording, the detector and its person boxes, or choose other frames"
        )
    chosen, agreement = _find_subject(candidates, cameras, _halves(progress, frames))
    record = _record(names, candidates, chosen, agreement)
    _warn_of_idle_cameras(record)
    result = _selected(detections, chosen)
    result.attrs |= {"associated": 1}
    result.attrs["provenance"] = json.dumps(provenance_of(detections) | {"associate": record})
    if progress:
        progress("associate", frames, frames)
    return result


def _find_subject(
    candidates: Candidates, cameras: CameraGroup, report: Callable[[int], Callable[[int, int], None]]
) -> tuple[np.ndarray, Agreement | None]:
    """Return the subject's slot (T, C), -1 without, and what the views agreed on, None with one camera."""
    views = min(2, len(cameras))
    if len(cameras) == 2 and candidates.strength.shape[2] == 1:  # nothing to choose, and no third opinion
        return np.where(candidates.strength[..., 0] > 0.0, 0, -1), None
    tracklets = find_tracklets(candidates)
    kept = np.sort(np.argsort(-tracklets.strength, kind="stable")[:NODES])
    first, second, vote = taken_up(candidates, tracklets, kept)
    agreement = None
    if views == 2:
        agreement = find_agreement(candidates, tracklets, cameras, report(0))
        joined = np.isin(agreement.first, kept) & np.isin(agreement.second, kept)
        first = np.concatenate([first, agreement.first[joined]])
        second = np.concatenate([second, agreement.second[joined]])
        vote = np.concatenate([vote, agreement.vote[joined]])
    group = group_tracklets(tracklets, first, second, vote)
    chosen, free = choose_subject(candidates, tracklets, group, views)
    if agreement is None:
        return chosen, None
    if (chosen < 0).all():
        raise InputError(_disagreement(agreement))
    return check_views(candidates, cameras, chosen, free, agreement.tolerance, report(1)), agreement


def _disagreement(agreement: Agreement) -> str:
    if np.isnan(agreement.best):
        return (
            "no two cameras show a person in the same frame, so nothing can be triangulated; check that the "
            "recordings are synchronised and that the cameras look at the same place"
        )
    return (
        f"no two cameras agree on any person: even where they agree best, their rays miss each other by "
        f"{agreement.best:.0%} of a body's size, expected {agreement.tolerance:.0%} at most; check that the "
        "calibration is of these recordings, that no cameras are exchanged, and that all are synchronised"
    )


def _halves(progress: Progress | None, frames: int) -> Callable[[int], Callable[[int, int], None]]:
    """Return what makes the two halves of the work, 0 and 1, report as one stage of `frames`."""

    def half(number: int) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if progress:
                progress("associate", round((number + done / total) * frames / 2), frames)

        return report

    return half


def _selected(detections: xr.Dataset, chosen: np.ndarray) -> xr.Dataset:
    """Return `detections` of the `chosen` slots (T, C) alone; NaN, and 0 for scores, where there is none."""
    found = xr.DataArray(chosen >= 0, dims=(TIME, CAMERAS))
    slot = xr.DataArray(np.maximum(chosen, 0), dims=(TIME, CAMERAS))
    result = detections.drop_dims(INDIVIDUALS)
    for name, variable in detections.data_vars.items():
        if {TIME, INDIVIDUALS, CAMERAS} <= set(variable.dims):
            empty: Any = 0.0 if str(name).endswith("confidence") else np.nan
            picked = variable.isel({INDIVIDUALS: slot}).where(found, empty).drop_vars(INDIVIDUALS)
            picked = picked.expand_dims({INDIVIDUALS: ["person_0"]}).transpose(*variable.dims)
            result[name] = picked.astype(variable.dtype) if variable.dtype.kind == "f" else picked
    return result.assign_attrs(detections.attrs)


def _warn_of_idle_cameras(record: dict[str, Any]) -> None:
    for name, count in record["frames"].items():
        if count["left_out"] and not count["chosen"]:
            logger.warning(
                f"{name} shows somebody in {count['left_out']} frames but never the person whom the other "
                "cameras see, and takes no part; if that is wrong, check its calibration and synchronisation"
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
