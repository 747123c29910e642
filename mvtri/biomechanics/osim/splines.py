"""Curves through points as OpenSim draws them: cubic splines (SimmSpline) and straight lines."""

import numpy as np
from scipy.linalg import solve_banded

_Pieces = tuple[np.ndarray, np.ndarray, list[np.ndarray]]


def spline_pieces(x: np.ndarray, y: np.ndarray, cubic: bool) -> _Pieces:
    """Return the pieces of a curve through points: where they start, their origins and their coefficients.

    Beyond the points the curve goes on as a straight line with its slope there.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        x increases.
    cubic : bool
        A cubic spline, whose third derivatives at its two ends are those of the cubics through the first and
        the last four points (Forsythe, Malcolm and Moler, Computer Methods for Mathematical Computations,
        1977, chapter 4); for three points a parabola.  Else straight lines.
    """
    d, slopes = np.diff(x), np.diff(y) / np.diff(x)
    c = _half_curvatures(x, d, slopes) if cubic else np.zeros(len(x))
    rises = slopes - d * (c[1:] + 2.0 * c[:-1])
    last = slopes[-1] + d[-1] * (c[-2] + 2.0 * c[-1])
    inner = [
        np.array([y[i], rises[i], 3.0 * c[i], (c[i + 1] - c[i]) / d[i]] if cubic else [y[i], rises[i]])
        for i in range(len(d))
    ]
    ends = np.array([y[0], rises[0]]), np.array([y[-1], last])
    starts = np.concatenate([[-np.inf], x])
    return starts, np.concatenate([x[:1], x]), [ends[0], *inner, ends[1]]


def _half_curvatures(x: np.ndarray, d: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return a sixth of the second derivative at each point."""
    n = len(x)
    if n == 2:
        return np.zeros(2)
    banded = np.zeros((3, n))
    banded[0, 1:] = banded[2, :-1] = d
    banded[1, 0], banded[1, -1] = -d[0], -d[-1]
    banded[1, 1:-1] = 2.0 * (d[:-1] + d[1:])
    right = np.zeros(n)
    right[1:-1] = np.diff(slopes)
    if n > 3:
        right[0] = _third_difference(x[:4], slopes[:3]) * d[0] ** 2
        right[-1] = -_third_difference(x[-4:], slopes[-3:]) * d[-1] ** 2
    found: np.ndarray = solve_banded((1, 1), banded, right)
    return found


def _third_difference(x: np.ndarray, slopes: np.ndarray) -> float:
    """Return the third divided difference of four points."""
    second = np.diff(slopes) / (x[2:] - x[:-2])
    return float((second[1] - second[0]) / (x[3] - x[0]))
