"""The figures of a calibration, as rows of tables: for the terminal and for the page."""

from __future__ import annotations

from collections import Counter

import numpy as np

from mvtri.calib.boards.bend import unevenness
from mvtri.calib.boards.intrinsics import Intrinsics
from mvtri.calib.boards.session import BoardCalibration

LENS_COLUMNS = (
    "camera",
    "views",
    "corners",
    "lens",
    "fx px",
    "fy px",
    "cx px",
    "cy px",
    "rms px",
    "sure to px",
    "halves differ px",
    "predicted px",
    "board",
)
RIG_COLUMNS = (
    "camera",
    "moments",
    "x m",
    "y m",
    "z m",
    "sure to mm",
    "sure to deg",
    "rms px",
    "halves differ mm",
    "halves differ deg",
)
_DASH = "-"


def lens_rows(found: BoardCalibration) -> list[list[str]]:
    """Return a row a camera: its lens, with standard deviations, and what checks it."""
    return [[*_lens_row(name, one), shape_of(found, one.bend)] for name, one in found.lenses.items()]


def shape_of(found: BoardCalibration, bend: np.ndarray) -> str:
    """Return whether the board was taken to be flat, or by how much it is bent."""
    return f"bent by {1e3 * unevenness(found.board.points, bend):.2f} mm" if bend.any() else "flat"


def _lens_row(name: str, one: Intrinsics) -> list[str]:
    deviations = one.standard_deviations
    matrix = one.camera.matrices[0]
    values = {"fx": matrix[0, 0], "fy": matrix[1, 1], "cx": matrix[0, 2], "cy": matrix[1, 2]}
    numbers = [f"{value:.1f} ± {deviations[key]:.1f}" for key, value in values.items()]
    differ = _DASH if one.difference is None else f"{np.sqrt(np.nanmean(one.difference**2)):.2f}"
    predicted = _DASH if one.difference is None else f"{one.predicted:.2f}"
    corners = int(np.isfinite(one.residuals[..., 0]).sum())
    checks = [f"{one.rms:.3f}", f"{np.nanmedian(one.deviations):.2f}", differ, predicted]
    return [name, str(len(one.views.frames)), str(corners), one.lens.name, *numbers, *checks]


def held_out_rows(found: BoardCalibration) -> tuple[list[str], list[list[str]]]:
    """Return columns and a row a camera: the error of each lens model on views that were left out, px."""
    models = list(dict.fromkeys(model for one in found.lenses.values() for model in one.held_out))
    rows = [[name, *(_error(one.held_out[model]) for model in models)] for name, one in found.lenses.items()]
    return ["camera", *models], rows


def _error(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "fails"


def rig_rows(found: BoardCalibration) -> list[list[str]]:
    """Return a row a camera: where it is, with standard deviations, and what checks it."""
    rig = found.rig
    if rig is None:
        return []
    spread = dict(zip(rig.adjustment.parameter_names, rig.adjustment.standard_deviations))
    rows = []
    for c, (name, centre) in enumerate(zip(rig.cameras.names, rig.cameras.centers)):
        moves, turns = (
            np.array([spread.get(f"{name} {what} {axis}", 0.0) for axis in "xyz"])
            for what in ("move", "turn")
        )
        residuals = rig.adjustment.residuals[:, :, c]
        fixed = not moves.any()
        halves = rig.half_distances is not None and rig.half_angles is not None and not fixed
        rows.append(
            [
                name,
                str(int(rig.views.seen[:, c].sum())),
                *(f"{value + 0.0:.4f}" for value in np.round(centre, 4)),
                "fixed" if fixed else f"{1e3 * np.linalg.norm(moves):.1f}",
                "fixed" if fixed else f"{np.degrees(np.linalg.norm(turns)):.3f}",
                f"{np.sqrt(np.nanmean((residuals**2).sum(axis=-1))):.3f}",
                f"{1e3 * rig.half_distances[c]:.1f}" if halves else _DASH,  # type: ignore[index]
                f"{np.degrees(rig.half_angles[c]):.3f}" if halves else _DASH,  # type: ignore[index]
            ]
        )
    return rows


def rejected_rows(found: BoardCalibration) -> list[list[str]]:
    """Return a row for each reason and camera: how many pictures, and the first of them."""
    kinds = Counter((one.camera, one.kind) for one in found.rejected)
    first: dict[tuple[str, str], list[str]] = {}
    for one in found.rejected:
        first.setdefault((one.camera, one.kind), []).append(one.frame)
    return [
        [camera, reason, str(count), ", ".join(first[camera, reason][:8]) + (" ..." if count > 8 else "")]
        for (camera, reason), count in sorted(kinds.items())
    ]
