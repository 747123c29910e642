"""Normal equations of a block of points, and what follows from them."""

import math

from mvtri.kernels.algebra.symmetric import inverse3, solve3
from mvtri.kernels.jit import jit_apart, jit_inline, jit_internal
from mvtri.kernels.triangulation.layout import (
    COVARIANCE_00_ROW,
    COVARIANCE_01_ROW,
    COVARIANCE_02_ROW,
    COVARIANCE_11_ROW,
    COVARIANCE_12_ROW,
    COVARIANCE_22_ROW,
    FIRST_X_ROW,
    FIRST_Y_ROW,
    FIRST_Z_ROW,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    LEAST_DEPTH_ROW,
    MIN_INFORMATION_DET_ROW,
    NORMAL_0_ROW,
    NORMAL_00_ROW,
    NORMAL_01_ROW,
    NORMAL_02_ROW,
    NORMAL_1_ROW,
    NORMAL_2_ROW,
    NORMAL_11_ROW,
    NORMAL_12_ROW,
    NORMAL_22_ROW,
    RESIDUAL_SIZE_ROW,
    RESIDUAL_U_ROW,
    RESIDUAL_V_ROW,
    SETTLED_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)

MIN_CONDITION = (
    1e-4  # 4 det / trace^3 of an information matrix is above this where rays are far from parallel
)


@jit_inline
def solve_rows(array, first, i):
    """Return what `solve3` does of the system in nine rows of an array that begin at `first`."""
    at = first + i
    return solve3(
        array[at],
        array[at + WIDTH],
        array[at + 2 * WIDTH],
        array[at + 3 * WIDTH],
        array[at + 4 * WIDTH],
        array[at + 5 * WIDTH],
        array[at + 6 * WIDTH],
        array[at + 7 * WIDTH],
        array[at + 8 * WIDTH],
    )


@jit_apart
def solve_block(point, keep):
    """Move the points by a step, from where they are (`keep`) or from the origin."""
    for i in range(WIDTH):
        s0, s1, s2, _ = solve_rows(point, NORMAL_00_ROW, i)
        x0, x1, x2 = point[X_ROW + i], point[Y_ROW + i], point[Z_ROW + i]
        point[X_ROW + i] = (x0 if keep else 0.0) + s0  # not a product: what is left there may be NaN
        point[Y_ROW + i] = (x1 if keep else 0.0) + s1
        point[Z_ROW + i] = (x2 if keep else 0.0) + s2


@jit_internal
def finish_points(point, tolerance):
    """Write covariances, and which points are settled: a step would win less than `tolerance` squared."""
    for i in range(WIDTH):
        n0, n1, n2 = point[NORMAL_00_ROW + i], point[NORMAL_01_ROW + i], point[NORMAL_02_ROW + i]
        n3, n4, n5 = point[NORMAL_11_ROW + i], point[NORMAL_12_ROW + i], point[NORMAL_22_ROW + i]
        b0, b1, b2 = point[NORMAL_0_ROW + i], point[NORMAL_1_ROW + i], point[NORMAL_2_ROW + i]
        c0, c1, c2, c3, c4, c5, det = inverse3(n0, n1, n2, n3, n4, n5)
        gain = b0 * (c0 * b0 + 2.0 * (c1 * b1 + c2 * b2)) + b1 * (c3 * b1 + 2.0 * c4 * b2) + b2 * c5 * b2
        trace = n0 + n3 + n5
        good = (gain <= tolerance * tolerance) & (point[LEAST_DEPTH_ROW + i] > 0.0)
        good = good & (4.0 * det > MIN_CONDITION * trace * trace * trace)
        point[COVARIANCE_00_ROW + i], point[COVARIANCE_01_ROW + i] = c0, c1
        point[COVARIANCE_02_ROW + i], point[COVARIANCE_11_ROW + i] = c2, c3
        point[COVARIANCE_12_ROW + i], point[COVARIANCE_22_ROW + i] = c4, c5
        point[SETTLED_ROW + i] = 1.0 if good else 0.0


@jit_internal
def finish_views(point, view):
    """Write the length of one camera's residuals, and take note of the least information."""
    for i in range(WIDTH):
        ru, rv = view[RESIDUAL_U_ROW + i], view[RESIDUAL_V_ROW + i]
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        size = math.sqrt(ru * ru + rv * rv)
        view[RESIDUAL_SIZE_ROW + i] = size if w00 > 0.0 else math.nan
        det = w00 * w11 - w01 * w01 if w00 > 0.0 else math.inf
        least = point[MIN_INFORMATION_DET_ROW + i]
        point[MIN_INFORMATION_DET_ROW + i] = det if det < least else least


@jit_inline
def covariance_of(point, i):
    """Return the six entries of the covariance of point `i` of a block."""
    return (
        point[COVARIANCE_00_ROW + i],
        point[COVARIANCE_01_ROW + i],
        point[COVARIANCE_02_ROW + i],
        point[COVARIANCE_11_ROW + i],
        point[COVARIANCE_12_ROW + i],
        point[COVARIANCE_22_ROW + i],
    )


@jit_inline
def first_step_of(point, i):
    """Return where the first Gauss-Newton step moved point `i` of a block.

    A search for a better subset starts there: with outliers, further steps on all views may go astray.
    """
    return point[FIRST_X_ROW + i], point[FIRST_Y_ROW + i], point[FIRST_Z_ROW + i]
