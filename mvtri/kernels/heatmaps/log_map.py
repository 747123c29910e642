"""The logarithm of a heatmap between its cells: value, slope and curvature.

Cells hold ``l = log(max(h, 0) / peak + floor)``.  Between them stands the cubic B-spline whose coefficients
are ``(-l[i - 1] + 8 l[i] - l[i + 1]) / 6`` along both axes, a quasi-interpolant (de Boor and Fix, Journal of
Approximation Theory 8, 1973): its second derivative is continuous, it needs 6 x 6 cells and no pass over the
map, and it reproduces cubic polynomials, hence the logarithm of a Gaussian, exactly.  Cells beyond the edge
are those of the mirrored map.
"""

import math

from mvtri.kernels.jit import jit_inline, jit_internal

TAPS = 6
LEAST_SIZE = 3  # rows or columns; with fewer the mirror would have to be mirrored


@jit_internal
def peak_of(values):
    """Return the highest value of a map: infinite where one is, NaN where one is or none is above 0."""
    highest = 0.0
    missing = False
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            value = values[row, column]
            missing |= value != value
            if abs(value) == math.inf:
                return math.inf
            highest = max(highest, value)
    return math.nan if missing or not highest > 0.0 else highest


@jit_inline
def set_taps(t, taps):
    """Write the weights of six cells for the value and its first two derivatives.

    Parameters
    ----------
    t : float
        0..1, from the third cell towards the fourth.
    taps : float64 (3, 6)
        Written.
    """
    s = 1.0 - t
    spline = (
        (s**3 / 6.0, (0.5 * t - 1.0) * t * t + 2.0 / 3.0, (0.5 * s - 1.0) * s * s + 2.0 / 3.0, t**3 / 6.0),
        (-0.5 * s * s, (1.5 * t - 2.0) * t, (2.0 - 1.5 * s) * s, 0.5 * t * t),
        (s, 3.0 * t - 2.0, 3.0 * s - 2.0, t),
    )
    for order in range(3):
        b0, b1, b2, b3 = spline[order]
        taps[order, 0] = -b0 / 6.0
        taps[order, 1] = (8.0 * b0 - b1) / 6.0
        taps[order, 2] = (8.0 * b1 - b0 - b2) / 6.0
        taps[order, 3] = (8.0 * b2 - b1 - b3) / 6.0
        taps[order, 4] = (8.0 * b3 - b2) / 6.0
        taps[order, 5] = -b3 / 6.0


@jit_inline
def mirrored(i, count):
    """Return the index of the cell that stands for cell `i`, which is at most `count` - 1 cells outside."""
    i = abs(i)
    return 2 * (count - 1) - i if i >= count else i


@jit_internal
def look(values, peak, floor, x, y, across, down):
    """Return value, slope (2) and curvature (xx, xy, yy) of the log-heatmap at column `x` and row `y`.

    Parameters
    ----------
    values : float64 (H, W)
    peak, floor : float
        The highest value, and what is added to all of them over `peak`.
    x, y : float
        Cells; 0..W - 1 and 0..H - 1.
    across, down : float64 (3, 6)
        Memory to work in.
    """
    height, width = values.shape
    column, row = min(int(x), width - 2), min(int(y), height - 2)
    set_taps(x - column, across)
    set_taps(y - row, down)
    f = fx = fy = fxx = fxy = fyy = 0.0
    for i in range(TAPS):
        line = values[mirrored(row - 2 + i, height)]
        s = sx = sxx = 0.0
        for j in range(TAPS):
            cell = math.log(max(line[mirrored(column - 2 + j, width)] / peak, 0.0) + floor)
            s += across[0, j] * cell
            sx += across[1, j] * cell
            sxx += across[2, j] * cell
        f += down[0, i] * s
        fx += down[0, i] * sx
        fy += down[1, i] * s
        fxx += down[0, i] * sxx
        fxy += down[1, i] * sx
        fyy += down[2, i] * s
    return f, fx, fy, fxx, fxy, fyy
