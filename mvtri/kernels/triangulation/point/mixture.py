"""A point's distribution as a mixture of normal ones: where it is highest, and its median.

A table holds one of them a row: its point, and what follows in the columns named here.
"""

import math

from mvtri.kernels.algebra.symmetric import inverse3, solve3
from mvtri.kernels.jit import jit_internal

CHANCE = 3  # its probability; once blurred, its height
VARIANCE = 4  # six entries of its covariance; once blurred, of the inverse of what it then has

_LITTLE = 1e-6  # what is less likely adds nothing
_ROUNDS = 100
_NEAR = 1e-6  # a step, in widths of the window, that ends the climb
_NEAREST = 1e-6  # a step, m, that ends the search for the median


@jit_internal
def blur_components(table, count, width):
    """Blur the components that matter with a normal window and put them first; return their number."""
    kept = 0
    for i in range(count):
        if table[i, CHANCE] > _LITTLE:
            row = table[kept]
            for k in range(table.shape[1]):
                row[k] = table[i, k]
            w = width * width
            a, b, c, d, e, f = row[4], row[5], row[6], row[7], row[8], row[9]
            a, b, c, d, e, f, determinant = inverse3(a + w, b, c, d + w, e, f + w)
            row[CHANCE] /= math.sqrt(determinant)
            for k, entry in enumerate((a, b, c, d, e, f)):
                row[VARIANCE + k] = entry
            kept += 1
    return kept


@jit_internal
def climb(table, count, x0, x1, x2):
    """Return the height of the mixture at a point, and a point that is higher (mean shift)."""
    height = n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = 0.0
    for i in range(count):
        row = table[i]
        d0, d1, d2 = row[0] - x0, row[1] - x1, row[2] - x2
        a, b, c, d, e, f = row[4], row[5], row[6], row[7], row[8], row[9]
        p0, p1, p2 = a * d0 + b * d1 + c * d2, b * d0 + d * d1 + e * d2, c * d0 + e * d1 + f * d2
        h = row[CHANCE] * math.exp(-0.5 * (p0 * d0 + p1 * d1 + p2 * d2))
        height += h
        n0 += h * a
        n1 += h * b
        n2 += h * c
        n3 += h * d
        n4 += h * e
        n5 += h * f
        b0 += h * p0
        b1 += h * p1
        b2 += h * p2
    s0, s1, s2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return height, x0 + s0, x1 + s1, x2 + s2


@jit_internal
def highest(table, count, width):
    """Return the highest place of the mixture that can be reached from the highest of its rows' points."""
    most = -1.0
    x0 = x1 = x2 = math.nan
    for i in range(count):
        height, _, _, _ = climb(table, count, table[i, 0], table[i, 1], table[i, 2])
        if height > most:
            most = height
            x0, x1, x2 = table[i, 0], table[i, 1], table[i, 2]
    for _ in range(_ROUNDS):
        _, y0, y1, y2 = climb(table, count, x0, x1, x2)
        moved = (y0 - x0) ** 2 + (y1 - x1) ** 2 + (y2 - x2) ** 2
        x0, x1, x2 = y0, y1, y2
        if not moved > (_NEAR * width) ** 2:
            break
    return x0, x1, x2


@jit_internal
def median(table, count):
    """Return the point with the least expected distance from the truth (Weiszfeld's iteration).

    What one row adds is bounded by the root of the squared distance from its point plus its mean square
    spread.
    """
    x0 = x1 = x2 = 0.0
    for k in range(_ROUNDS):
        whole = y0 = y1 = y2 = 0.0
        for i in range(count):
            row = table[i]
            w = row[CHANCE]
            if w > _LITTLE:  # others may hold NaN
                if k > 0:
                    d0, d1, d2 = row[0] - x0, row[1] - x1, row[2] - x2
                    spread = row[VARIANCE] + row[VARIANCE + 3] + row[VARIANCE + 5]
                    w /= math.sqrt(d0 * d0 + d1 * d1 + d2 * d2 + spread)
                whole += w
                y0 += w * row[0]
                y1 += w * row[1]
                y2 += w * row[2]
        y0, y1, y2 = y0 / whole, y1 / whole, y2 / whole
        moved = (y0 - x0) ** 2 + (y1 - x1) ** 2 + (y2 - x2) ** 2
        x0, x1, x2 = y0, y1, y2
        if k > 0 and not moved > _NEAREST * _NEAREST:
            break
    return x0, x1, x2
