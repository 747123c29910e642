"""Radial lenses that are given as a correction of pixels, turned into OpenCV's coefficients."""

import logging

import numpy as np

logger = logging.getLogger("mvtri")
_COUNT = 400  # radii
_GOOD, _USABLE = 0.01, 2.0  # px


def fit_radial(
    correction: np.ndarray, focal: float, reach: float, name: str, problems: list[str]
) -> np.ndarray:
    """Return OpenCV's coefficients (5, or 8 where they fit better) of a lens that is given by its inverse.

    A pixel at the distance r of the principal point belongs to the ray at
    ``r (1 + c1 r^2 + c2 r^4 + c3 r^6)``.  OpenCV's formula, ray to pixel, is fitted to it by least squares
    from the centre to the corner of the image; a difference above 0.01 px is a warning, above 2 px an error.

    Parameters
    ----------
    correction : (3,)
        c1, c2 and c3 in 1/px^2, 1/px^4 and 1/px^6.
    focal : float
        Focal length, px.
    reach : float
        The distance of the farthest corner, px.
    name : str
        For messages.
    problems : list of str
        What is wrong is added to it.
    """
    if not correction.any():
        return np.zeros(5)
    seen = np.linspace(0.0, reach, _COUNT)[1:]
    with np.errstate(over="ignore", invalid="ignore"):
        ray = seen * (1.0 + seen**2 * (correction[0] + seen**2 * (correction[1] + seen**2 * correction[2])))
    if not (np.isfinite(ray).all() and np.all(np.diff(ray) > 0) and ray[0] > 0 and ray[-1] < 20 * focal):
        problems.append(f"the lens correction of {name} folds back or explodes within the picture")
        return np.zeros(5)
    best = _fit(seen / focal, ray / focal, rational=False)
    if best[1] * focal > _GOOD:
        best = min(best, _fit(seen / focal, ray / focal, rational=True), key=lambda fit: fit[1])
    coefficients, error = best[0], best[1] * focal
    if error > _USABLE:
        problems.append(f"the lens correction of {name} fits no lens of OpenCV's model ({error:.3g} px off)")
    elif error > _GOOD:
        logger.warning("the lens of %s is matched by OpenCV's formula to %.2g px only", name, error)
    return coefficients


def _fit(seen: np.ndarray, ray: np.ndarray, rational: bool) -> tuple[np.ndarray, float]:
    """Return coefficients and the largest error of ``seen = ray (1 + ...) / (1 + ...)``."""
    powers = np.stack([ray**2, ray**4, ray**6], axis=1)
    scale = powers[-1]
    columns = powers / scale * ray[:, None]
    if rational:
        columns = np.hstack([columns, -powers / scale * seen[:, None]])
    values = np.linalg.lstsq(columns, seen - ray, rcond=None)[0] / np.tile(scale, 2 if rational else 1)
    above = 1.0 + powers @ values[:3]
    below = 1.0 + powers @ values[3:] if rational else np.ones(len(ray))
    error = float(np.abs(ray * above / below - seen).max()) if below.min() > 0.01 else np.inf
    order = [*values[:2], 0.0, 0.0, *values[2:]]
    return np.array(order), error
