"""One picture a camera: where corners were, by how much they miss, and how sure projection is there."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mvtri.report.html.colours import GOOD_TO_BAD, between

LEAST, MOST = 220, 460  # px on the page: how wide a picture is
_ARROW = 0.03  # of the longer side: the length of the 95th percentile of the residuals
_DOT = 0.0035


def coverage_picture(
    name: str,
    size: np.ndarray,
    corners: np.ndarray,
    residuals: np.ndarray,
    deviations: np.ndarray | None,
    largest: float,
    magnification: float,
) -> str:
    """Return a picture as SVG.

    Parameters
    ----------
    name : str
    size : ndarray, shape (2,)
        Width and height of the camera's pictures, px.
    corners, residuals : ndarray, shape (N, 2)
        Where corners were, and measured less projected, px.
    deviations : ndarray, shape (rows, columns), or None
        Standard deviation of projection, px, over the picture; None where the lens was given.
    largest : float
        The deviation that the last colour stands for, px.
    magnification : float
        How many times longer than the residuals the arrows are.
    """
    width, height = int(size[0]), int(size[1])
    parts = [] if deviations is None else [_map(deviations, width, height, largest)]
    dot = _DOT * max(width, height)
    for (x, y), (dx, dy) in zip(corners, residuals):
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{dot:.1f}"/>')
        if np.isfinite(dx):
            end = f'x2="{x + magnification * dx:.0f}" y2="{y + magnification * dy:.0f}"'
            parts.append(f'<line x1="{x:.0f}" y1="{y:.0f}" {end}/>')
    return (
        f'<figure style="max-width:{MOST if width > height else MOST * width / height:.0f}px">'
        f'<svg role="img" aria-label="{escape(name)}" '
        f'viewBox="-0.5 -0.5 {width} {height}" '
        f'style="width:100%;background:#e9ebee;border:1px solid #b9bec7" fill="#1c2733" stroke="#1c2733" '
        f'stroke-width="{dot / 2:.1f}">{"".join(parts)}</svg><figcaption>{escape(name)}</figcaption></figure>'
    )


def side_by_side(pictures: Sequence[str]) -> str:
    """Return the pictures in rows that fill the page's width."""
    columns = f"repeat(auto-fill,minmax({LEAST}px,1fr))"
    return f'<div style="display:grid;grid-template-columns:{columns};gap:1rem">{"".join(pictures)}</div>'


def arrow_magnification(residuals: list[np.ndarray], sizes: np.ndarray) -> float:
    """Return a round number by which arrows are drawn longer than the residuals of all cameras (N, 2)."""
    lengths = np.concatenate([np.linalg.norm(one, axis=1) for one in residuals])
    lengths = lengths[np.isfinite(lengths)]
    typical = float(np.quantile(lengths, 0.95)) if len(lengths) else 1.0
    wanted = _ARROW * float(sizes.max()) / max(typical, 1e-3)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(power * max(step for step in (1, 2, 5) if step * power <= wanted), 1.0))


def _map(deviations: np.ndarray, width: int, height: int, largest: float) -> str:
    rows, columns = deviations.shape
    w, h = width / columns, height / rows
    cells = []
    for (row, column), value in np.ndenumerate(deviations):
        if np.isfinite(value):
            colour = between(GOOD_TO_BAD, min(float(value) / largest, 1.0))
            x, y = column * w - 0.5, row * h - 0.5
            size = f'width="{w + 0.5:.1f}" height="{h + 0.5:.1f}"'
            cells.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>')
    return f'<g stroke="none" opacity="0.75">{"".join(cells)}</g>'
