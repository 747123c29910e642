"""Tracks against ground truth: the table that people compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from mvtri.benchmark.tally import METRICS, layout_of, tally_points
from mvtri.datasets.dataset import label_pixels
from mvtri.errors import InputError, one_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, to_array, validate_tracks

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
    tally = tally_points(found, true, layout_of(tuple(keypoints), tracks.attrs.get("skeleton", "")))
    mpjpe, p_mpjpe = (list(METRICS).index(name) for name in ("mpjpe", "p_mpjpe"))
    rows = {}
    for group in PROTOCOLS[protocol]:
        if group in tally.groups:
            sums = tally.table[tally.groups.index(group)]
            total, scored, expected = sums[mpjpe]
            rows[group] = {
                "MPJPE mm": MILLIMETRES * total / scored if scored else np.nan,
                "P-MPJPE mm": MILLIMETRES * sums[p_mpjpe, 0] / scored if scored else np.nan,
                "coverage": scored / max(expected, 1),
                "points": int(expected),
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def oracle_detections(truth: xr.Dataset, cameras: CameraGroup) -> xr.Dataset:
    """Return the Detections that a perfect detector would make: the truth, projected into every view.

    Parameters
    ----------
    truth : Tracks
        Of one person; m, world coordinates.
    cameras : CameraGroup
        Projects with lens distortion.

    Returns
    -------
    Detections
        Score 1, or 0 and NaN where the truth is missing or behind a camera.
    """
    return label_pixels(truth, cameras, cameras.project(to_array(truth)), source="oracle")


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
