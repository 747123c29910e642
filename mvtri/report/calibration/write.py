"""The page of a calibration from boards."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from mvtri.calib.boards.session import BoardCalibration
from mvtri.report.calibration.judgement import judgements
from mvtri.report.calibration.pictures import arrow_magnification, coverage_picture, side_by_side
from mvtri.report.calibration.tables import (
    LENS_COLUMNS,
    RIG_COLUMNS,
    held_out_rows,
    lens_rows,
    rejected_rows,
    rig_rows,
    shape_of,
)
from mvtri.report.html.colours import GOOD_TO_BAD
from mvtri.report.html.markup import absent, facts, legend, section, table, verdict_list
from mvtri.report.html.page import write_page

_LEAST_SCALE = 0.2  # px: the last colour of the maps stands for this or more


def write_calibration_report(path: str | os.PathLike[str], found: BoardCalibration, title: str) -> Path:
    """Write a self-contained HTML page about cameras that were calibrated from a board.

    Parameters
    ----------
    path : path
        The HTML file; an existing file is replaced only when the new one is complete.
    found : BoardCalibration
    title : str
        The headline.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    body = [
        f"<h1>{_escaped(title)}</h1>",
        verdict_list(judgements(found)),
        facts(_facts(found)),
        *_lenses(found),
        *_rig(found),
        _rejected(found),
    ]
    return write_page(path, title, body, {})


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


def _facts(found: BoardCalibration) -> dict[str, str]:
    rig = found.rig
    return {
        "Board": str(found.board),
        "Pictures searched": str(found.pictures) if found.pictures else "",
        "Moments used for the rig": str(len(rig.views.frames)) if rig else "",
        "Board in the rig": "" if rig is None else shape_of(found, rig.adjustment.bend),
        "World": "the first camera's frame: x right, y down, z forward; m"
        if rig
        else "each camera at the origin",
    }


def _lenses(found: BoardCalibration) -> list[str]:
    if not found.lenses:
        return [section("lenses", "Lenses", "", absent("They are those of the calibration that was given."))]
    ones = list(found.lenses.values())
    flat = [_seen(one.views.corners[:, :, 0], one.residuals) for one in ones]
    scale = arrow_magnification([residuals for _, residuals in flat], found.cameras.image_sizes)
    largest = max(
        _LEAST_SCALE, float(np.nanquantile(np.concatenate([one.deviations.ravel() for one in ones]), 0.9))
    )
    pictures = [
        coverage_picture(name, one.camera.image_sizes[0], *pair, one.deviations, largest, scale)
        for (name, one), pair in zip(found.lenses.items(), flat)
    ]
    note = (
        f"Dots: corners that were used. Lines: residuals (measured less projected), {scale:g} times as "
        "long. Colour: standard deviation of projection, as far as a turn of the camera cannot take it "
        "away. Where there are no dots, the lens is extrapolated."
    )
    colours = legend(
        [
            (GOOD_TO_BAD[0][1], "0 px"),
            (GOOD_TO_BAD[1][1], f"{largest / 2:.2f} px"),
            (GOOD_TO_BAD[-1][1], f"{largest:.2f} px or more"),
        ]
    )
    about = (
        "rms: root mean square residual of a corner. Sure to: median standard deviation of projection over "
        "the picture. Halves differ: between calibrations on the even and on the odd views; predicted: by "
        "their covariances. A difference much above what is predicted says that the lens model or the "
        "board is wrong, and that the standard deviations are too small by as much."
    )
    columns, rows = held_out_rows(found)
    held_out = "Error, px, of a coordinate in views that were left out, by lens model."
    return [
        section("lenses", "Lenses", about, table(LENS_COLUMNS, _unbroken(lens_rows(found)))),
        section("coverage", "Coverage", note, colours + side_by_side(pictures)),
        section("models", "Lens models", held_out, table(columns, rows)),
    ]


def _rig(found: BoardCalibration) -> list[str]:
    rig = found.rig
    if rig is None:
        return []
    flat = [
        _seen(rig.views.corners[:, :, c], rig.adjustment.residuals[:, :, c]) for c in range(len(rig.cameras))
    ]
    scale = arrow_magnification([residuals for _, residuals in flat], rig.cameras.image_sizes)
    pictures = [
        coverage_picture(name, size, *pair, None, 1.0, scale)
        for name, size, pair in zip(rig.cameras.names, rig.cameras.image_sizes, flat)
    ]
    about = (
        "Places and turns are relative to the first camera. Sure to: the standard deviation. Halves "
        "differ: between calibrations on the even and on the odd moments."
    )
    note = f"Dots: corners in moments that several cameras saw. Lines: residuals, {scale:g} times as long."
    held = {f"Error on moments left out, {name}": f"{value:.3f} px" for name, value in rig.held_out.items()}
    return [
        section("rig", "Rig", about, table(RIG_COLUMNS, rig_rows(found)) + facts(held)),
        section("common", "Common views", note, side_by_side(pictures)),
    ]


def _unbroken(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows so that no line breaks between a value and its standard deviation."""
    return [[cell.replace(" ± ", "\u00a0±\u00a0") for cell in row] for row in rows]


def _rejected(found: BoardCalibration) -> str:
    rows = rejected_rows(found)
    content = (
        table(["camera", "reason", "pictures", "which"], rows) if rows else absent("All pictures were used.")
    )
    return section("rejected", "Pictures that were not used", "", content)


def _seen(corners: np.ndarray, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (N, 2) that were seen, and their residuals."""
    good = np.isfinite(corners[..., 0])
    return corners[good], residuals[good]
