"""All that is known about calibrated cameras, as plain values for a JSON file."""

from __future__ import annotations

from typing import Any

import numpy as np

from mvtri.calib.boards.intrinsics import Intrinsics
from mvtri.calib.boards.rig import Rig
from mvtri.calib.boards.session import BoardCalibration


def as_record(found: BoardCalibration) -> dict[str, Any]:
    """Return parameters with their covariances, checks and rejected pictures; units are m, rad and px."""
    record: dict[str, Any] = {"board": str(found.board)}
    record["lenses"] = {name: _lens(one) for name, one in found.lenses.items()}
    if found.rig is not None:
        record["rig"] = _rig(found.rig)
    record["rejected"] = [
        {"camera": one.camera, "frame": one.frame, "reason": one.reason} for one in found.rejected
    ]
    return record


def _lens(one: Intrinsics) -> dict[str, Any]:
    return {
        "model": one.lens.name,
        "views": list(one.views.frames),
        "parameters": list(one.parameters),
        "covariance": one.covariance.tolist(),
        "rms_px": one.rms,
        "held_out_px": {name: _number(value) for name, value in one.held_out.items()},
        "board_bend_per_m": one.bend.tolist(),
        "projection_deviation_px": [[_number(value) for value in row] for row in one.deviations],
        "halves_differ_px": None
        if one.difference is None
        else _number(np.sqrt(np.nanmean(one.difference**2))),
        "halves_predicted_px": _number(one.predicted),
    }


def _rig(rig: Rig) -> dict[str, Any]:
    return {
        "moments": list(rig.views.frames),
        "parameters": list(rig.adjustment.parameter_names),
        "covariance": rig.adjustment.covariance.tolist(),
        "noise_px": float(rig.adjustment.sigma),
        "rms_px": rig.rms,
        "held_out_px": {name: _number(value) for name, value in rig.held_out.items()},
        "board_bend_per_m": rig.adjustment.bend.tolist(),
        "halves_differ_m": None if rig.half_distances is None else rig.half_distances.tolist(),
        "halves_differ_rad": None if rig.half_angles is None else rig.half_angles.tolist(),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
