"""Scores of tracks beside those of an oracle: how much of the error comes from the 2D."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from mvtri.benchmark.evaluate import evaluate
from mvtri.datasets import project_truth
from mvtri.pipeline import reconstruct
from mvtri.smoothing.smooth import MEASURED
from mvtri.tracks import TIME, provenance_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup


def score_with_oracle(tracks: xr.Dataset, truth: xr.Dataset, cameras: CameraGroup) -> pd.DataFrame:
    """Score tracks, and the tracks that the same triangulation makes of perfect 2D.

    Parameters
    ----------
    tracks : Tracks
        What `mvtri.reconstruct` returned.
    truth : Tracks
        The truth at (at least) the times of `tracks`, m.
    cameras : CameraGroup
        The cameras that the tracks were made with.

    Returns
    -------
    pandas.DataFrame
        The tables of `mvtri.evaluate`, one below the other: ``setting`` is ``"oracle"`` for perfect 2D and
        ``"detected"`` for `tracks`.  Where `tracks` were smoothed, ``"detected"`` is before and
        ``"smoothed"`` after.
    """
    settings = provenance_of(tracks)["reconstruct"]
    perfect = project_truth(truth.sel({TIME: tracks[TIME]}), cameras)
    oracle = reconstruct(perfect, cameras, method=settings["method"], undistort=settings["undistort"])
    tables = {"oracle": evaluate(oracle, truth)}
    if MEASURED in tracks:
        tables["detected"] = evaluate(tracks.assign(position=tracks[MEASURED]), truth)
        tables["smoothed"] = evaluate(tracks, truth)
    else:
        tables["detected"] = evaluate(tracks, truth)
    return pd.concat(tables, names=["setting"])
