"""Tracks against ground truth: the table that people compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mvtri.benchmark.tally import METRICS, Tally, scored_keypoints, tally_points
from mvtri.errors import InputError, one_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, Alignment, align_truth, to_array, validate_tracks

PROTOCOLS = {"simspine": ("full", "spine")}
MILLIMETRES = 1000.0
TIME_TOLERANCE = 0.01  # of the time from one frame of the truth to the next


def evaluate(tracks: xr.Dataset, truth: xr.Dataset, protocol: str = "simspine") -> pd.DataFrame:
    """Score tracks against ground truth.

    Parameters
    ----------
    tracks : Tracks
        What was reconstructed, m.
    truth : Tracks
        The truth at (at least) the times and keypoints of `tracks`, m.  It must hold the individuals of
        `tracks`, by name; one individual in each may have two names.
    protocol : {"simspine"}
        The groups of keypoints scored: ``"simspine"`` scores the full skeleton and the spine, as the
        tables of SIMSPINE (CVPR 2026) do.

    Returns
    -------
    pandas.DataFrame
        One row per group, of all individuals together, with the columns ``MPJPE mm`` (world coordinates, no
        alignment), ``P-MPJPE mm`` (after a Procrustes similarity per frame and individual), ``coverage``
        (the fraction of the truth's points that `tracks` has an answer for; the errors are means over those
        alone) and ``points`` (the truth's).

    Raises
    ------
    InputError
        If times, keypoints or individuals of the two do not match.
    """
    validate_tracks(tracks)
    validate_tracks(truth)
    if protocol not in PROTOCOLS:
        raise InputError(one_of(protocol, list(PROTOCOLS), "protocol"))
    names = _names(tracks, KEYPOINTS)
    alignment = align_truth(
        truth, names, _names(tracks, INDIVIDUALS), tracks[TIME].to_numpy(), TIME_TOLERANCE
    )
    _check(alignment, tracks, truth)
    keypoints = scored_keypoints(tuple(names), tracks.attrs.get("skeleton", ""))
    found, true = to_array(tracks), alignment.positions(truth)
    people = range(len(alignment.individuals))
    tally = Tally.total([tally_points(found[:, one], true[:, one], keypoints) for one in people])
    rows = {group: _row(tally, group) for group in PROTOCOLS[protocol] if group in tally.groups}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def _row(tally: Tally, group: str) -> dict[str, Any]:
    mpjpe, p_mpjpe = (list(METRICS).index(name) for name in ("mpjpe", "p_mpjpe"))
    sums = tally.table[tally.groups.index(group)]
    total, scored, expected = sums[mpjpe]
    return {
        "MPJPE mm": MILLIMETRES * total / scored if scored else np.nan,
        "P-MPJPE mm": MILLIMETRES * sums[p_mpjpe, 0] / scored if scored else np.nan,
        "coverage": scored / max(expected, 1),
        "points": int(expected),
    }


def _check(alignment: Alignment, tracks: xr.Dataset, truth: xr.Dataset) -> None:
    """Raise `InputError` if anything of the tracks or any individual of the truth has no counterpart."""
    wrong = []
    found, known = _names(tracks, INDIVIDUALS), _names(truth, INDIVIDUALS)
    if (alignment.individuals < 0).any() or len(found) != len(known):
        wrong.append(
            f"the tracks hold {len(found)} individuals ({', '.join(found)}) and the truth {len(known)} "
            f"({', '.join(known)}), expected the same names"
        )
    missing = np.array(_names(tracks, KEYPOINTS))[alignment.keypoints < 0]
    if missing.size:
        wrong.append(f"the truth lacks the keypoints {', '.join(sorted(missing))}")
    absent = alignment.frames < 0
    if absent.any():
        wrong.append(f"{int(absent.sum())} of {absent.size} times of the tracks are not among the truth's")
    if wrong:
        raise InputError(f"tracks and truth do not match: {'; '.join(wrong)}")


def _names(dataset: xr.Dataset, dimension: str) -> list[str]:
    return [str(name) for name in dataset[dimension].to_numpy()]
