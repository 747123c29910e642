"""The control ``ik``: tracks of another method put through inverse kinematics of a body model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mvtri.benchmark.methods.method import Estimate
from mvtri.errors import InputError
from mvtri.tracks import KEYPOINTS, to_array

IK = "ik"  # what follows a method, after a slash


def after_ik(tracks: xr.Dataset) -> Estimate:
    """Return the markers of a body that was fitted to tracks (`mvtri.biomechanics.fit_tracks`).

    Keypoints that the body lacks, and frames without anybody, are as they were; there are no covariances.
    Where no body fits, nothing is found.
    """
    from mvtri.biomechanics import fit_tracks
    from mvtri.formats.tracks.axes import axis_matrix

    points = to_array(tracks)[:, 0].astype(np.float64)
    try:
        found = fit_tracks(tracks).kinematics
    except InputError:
        return Estimate(np.full(points.shape, np.nan))
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    markers = found.markers @ axis_matrix(None, None, "opensim")
    for marker, name in enumerate(found.model.markers):
        if name not in keypoints:
            continue
        column = keypoints.index(name)
        there = np.isfinite(points[:, column, 0]) & np.isfinite(markers[:, marker, 0])
        points[there, column] = markers[there, marker]
    return Estimate(points)
