"""Tracks against ground truth: the table that people compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from mvtri import metrics
from mvtri.errors import InputError, one_of
from mvtri.skeletons import get_skeleton
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_detections, to_array, validate_tracks

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

PROTOCOLS = {"simspine": ("full", "spine")}
MILLIMETRES = 1000.0


def evaluate(tracks: xr.Dataset, truth: xr.Dataset, protocol: str = "simspine") -> pd.DataFrame:
    """Score tracks against ground truth.

    Parameters
    ----------
    tracks : Tracks
        What was reconstructed, m.
    truth : Tracks
        The truth at (at least) the times and keypoints of `tracks`, m.  Both must hold one individual.
    protocol : {"simspine"}
        The groups of keypoints scored: ``"simspine"`` scores the full skeleton and the spine, as the
        tables of SIMSPINE (CVPR 2026) do.

    Returns
    -------
    pandas.DataFrame
        One row a group, with the columns ``MPJPE mm`` (world coordinates, no alignment), ``P-MPJPE mm``
        (after a Procrustes similarity per frame), ``coverage`` (the fraction of the truth's points that
        `tracks` has an answer for; the errors are means over those alone) and ``points`` (the truth's).

    Raises
    ------
    InputError
        If times, keypoints or individuals of the two do not match.
    """
    validate_tracks(tracks)
    validate_tracks(truth)
    if protocol not in PROTOCOLS:
        raise InputError(one_of(protocol, list(PROTOCOLS), "protocol"))
    truth = _matched(tracks, truth)
    found, true = (to_array(dataset)[:, 0] for dataset in (tracks, truth))
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    rows = {}
    for group, members in _groups(tracks, keypoints, PROTOCOLS[protocol]).items():
        a, b = found[:, members], true[:, members]
        expected = np.isfinite(b).all(axis=-1)
        answered = expected & np.isfinite(a).all(axis=-1)
        rows[group] = {
            "MPJPE mm": float(metrics.mpjpe(a, b)) * MILLIMETRES,
            "P-MPJPE mm": float(metrics.p_mpjpe(a, b)) * MILLIMETRES,
            "coverage": answered.sum() / max(expected.sum(), 1),
            "points": int(expected.sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def oracle_detections(truth: xr.Dataset, cameras: CameraGroup) -> xr.Dataset:
    """Return the Detections that a perfect detector would make: the truth, projected into every view.

    Parameters
    ----------
    truth : Tracks
        m, world coordinates.
    cameras : CameraGroup
        Projects with lens distortion.

    Returns
    -------
    Detections
        Score 1, or 0 and NaN where the truth is missing or behind a camera.
    """
    position = cameras.project(to_array(truth))
    confidence = np.asarray(np.isfinite(position).all(axis=-1), dtype=np.float64)
    detections = make_detections(
        position,
        confidence,
        keypoints=[str(name) for name in truth[KEYPOINTS].to_numpy()],
        cameras=list(cameras.names),
        image_sizes=cameras.image_sizes,
        fps=truth.attrs.get("fps"),
        times=truth[TIME].to_numpy(),
        individuals=[str(name) for name in truth[INDIVIDUALS].to_numpy()],
        skeleton=truth.attrs.get("skeleton", ""),
        source="oracle",
    )
    detections.attrs["associated"] = 1
    return detections


def _matched(tracks: xr.Dataset, truth: xr.Dataset) -> xr.Dataset:
    """Return `truth` at the times and keypoints of `tracks`, in their order."""
    wrong = [
        f"{name} hold {dataset.sizes[INDIVIDUALS]} individuals, expected 1"
        for name, dataset in (("the tracks", tracks), ("the truth", truth))
        if dataset.sizes[INDIVIDUALS] != 1
    ]
    missing = set(tracks[KEYPOINTS].to_numpy()) - set(truth[KEYPOINTS].to_numpy())
    if missing:
        wrong.append(f"the truth lacks the keypoints {', '.join(sorted(map(str, missing)))}")
    times, known = tracks[TIME].to_numpy(), truth[TIME].to_numpy()
    step = np.diff(known).min() if known.size > 1 else 1.0
    places = np.searchsorted(known, times - step / 2).clip(max=known.size - 1)
    absent = np.abs(known[places] - times) > 0.01 * step
    if absent.any():
        wrong.append(f"{int(absent.sum())} of {times.size} times of the tracks are not among the truth's")
    if wrong:
        raise InputError(f"tracks and truth do not match: {'; '.join(wrong)}")
    return truth.isel({TIME: places}).sel({KEYPOINTS: tracks[KEYPOINTS].to_numpy()})


def _groups(tracks: xr.Dataset, keypoints: list[str], wanted: tuple[str, ...]) -> dict[str, list[int]]:
    groups = {"full": list(range(len(keypoints)))}
    name = tracks.attrs.get("skeleton", "")
    skeleton = get_skeleton(name) if name else None
    for group in wanted:
        if skeleton is not None and group in skeleton.groups:
            groups[group] = [keypoints.index(k) for k in skeleton.groups[group] if k in keypoints]
    return {group: members for group, members in groups.items() if members}
