"""Points where the heatmaps of all cameras together are highest: Newton's method on their logarithms.

The objective is ``sum over cameras of w l(p(X))``, with `l` the log-heatmap
(`mvtri.kernels.heatmaps.log_map`) and `p` the projection through the lens.  Of its curvature the part
``J' l'' J`` is kept; what the bend of `p` adds is smaller by the width of a peak over the focal length, both
in pixels.
"""

import math

import numpy as np

from mvtri.kernels import status_codes as codes
from mvtri.kernels.algebra.symmetric import inverse3, solve3
from mvtri.kernels.cameras.projection import project_jacobian
from mvtri.kernels.heatmaps.log_map import TAPS, look, peak_of
from mvtri.kernels.jit import jit, jit_allocating, jit_inline, jit_internal

REACH = 2.0  # cells a step may take in any map: a parabola tells nothing of what lies further off
HALVINGS = 12
RIDGE = 1e-9  # of the trace, so that a direction in which nothing bends has a step, too
FLAT = 1e-12  # of the trace cubed; a smaller determinant is a point on one ray alone
VALUE, GRADIENT, CURVATURE, BOWL, SEEN = 0, 1, 4, 10, 16  # places in the sums
SUMS = 17


@jit_inline
def bowl(xx, xy, yy):
    """Return a symmetric 2 x 2 matrix with its eigenvalues made positive."""
    mean, half = 0.5 * (xx + yy), 0.5 * (xx - yy)
    radius = math.sqrt(half * half + xy * xy)
    if mean >= radius:
        return xx, xy, yy
    if -mean >= radius:
        return -xx, -xy, -yy
    scale = mean / radius  # one eigenvalue of either sign
    return radius + scale * half, scale * xy, radius - scale * half


@jit_inline
def add_form(sums, at, xx, xy, yy, a0, a1, a2, c0, c1, c2):
    """Add ``J' M J`` to six sums, the rows of J being a and c."""
    p0, p1, p2 = xx * a0 + xy * c0, xx * a1 + xy * c1, xx * a2 + xy * c2
    q0, q1, q2 = xy * a0 + yy * c0, xy * a1 + yy * c1, xy * a2 + yy * c2
    sums[at] += a0 * p0 + c0 * q0
    sums[at + 1] += a0 * p1 + c0 * q1
    sums[at + 2] += a0 * p2 + c0 * q2
    sums[at + 3] += a1 * p1 + c1 * q1
    sums[at + 4] += a1 * p2 + c1 * q2
    sums[at + 5] += a2 * p2 + c2 * q2


@jit_internal
def add_up(maps, peaks, weights, origins, scales, cameras, floor, x0, x1, x2, sums, jacobians, taps):
    """Write the objective at a point, its gradient, its curvature downwards, and how many maps saw the point.

    Parameters
    ----------
    maps : float64 (C, H, W)
    peaks, weights : float64 (C,)
        Weight 0: the camera takes no part.
    origins, scales : float64 (C, 2)
        Pixel of cell (0, 0), and pixels a cell, x and y.
    cameras : Cameras
        From `CameraGroup.packed`.
    sums : float64 (SUMS,)
        Written: the curvature twice, as it is, and with each map's made positive (`bowl`).
    jacobians : float64 (C, 6)
        Written: of column and row by the point; zeros where a map says nothing.
    taps : float64 (2, 3, 6)
        Memory to work in.
    """
    models, distortions, matrices = cameras.models, cameras.distortions, cameras.matrices
    rotations, translations = cameras.rotations, cameras.translations
    rows, columns = maps.shape[1:]
    sums[:] = 0.0
    for c in range(maps.shape[0]):
        w = weights[c]
        jacobians[c] = 0.0
        if w == 0.0:
            continue
        u, v, _, a0, a1, a2, c0, c1, c2 = project_jacobian(
            models[c], distortions[c], matrices[c], rotations[c], translations[c], x0, x1, x2
        )
        sx, sy = 1.0 / scales[c, 0], 1.0 / scales[c, 1]
        x, y = (u - origins[c, 0]) * sx, (v - origins[c, 1]) * sy
        if not (0.0 <= x <= columns - 1 and 0.0 <= y <= rows - 1):
            sums[VALUE] += w * math.log(floor)
            continue
        f, fx, fy, fxx, fxy, fyy = look(maps[c], peaks[c], floor, x, y, taps[0], taps[1])
        a0, a1, a2, c0, c1, c2 = a0 * sx, a1 * sx, a2 * sx, c0 * sy, c1 * sy, c2 * sy
        j = jacobians[c]
        j[0], j[1], j[2], j[3], j[4], j[5] = a0, a1, a2, c0, c1, c2
        sums[VALUE] += w * f
        sums[GRADIENT] += w * (fx * a0 + fy * c0)
        sums[GRADIENT + 1] += w * (fx * a1 + fy * c1)
        sums[GRADIENT + 2] += w * (fx * a2 + fy * c2)
        add_form(sums, CURVATURE, -w * fxx, -w * fxy, -w * fyy, a0, a1, a2, c0, c1, c2)
        bxx, bxy, byy = bowl(-w * fxx, -w * fxy, -w * fyy)
        add_form(sums, BOWL, bxx, bxy, byy, a0, a1, a2, c0, c1, c2)
        sums[SEEN] += 1.0


@jit_internal
def ascent(sums, jacobians):
    """Return Newton's step, at most `REACH` cells in each map, and twice what it should gain, NaN if flat."""
    g0, g1, g2 = sums[GRADIENT], sums[GRADIENT + 1], sums[GRADIENT + 2]
    b = sums[BOWL : BOWL + 6]
    ridge = RIDGE * (b[0] + b[3] + b[5])
    if not ridge > 0.0:
        return 0.0, 0.0, 0.0, math.nan
    s0, s1, s2, _ = solve3(b[0] + ridge, b[1], b[2], b[3] + ridge, b[4], b[5] + ridge, g0, g1, g2)
    gain = g0 * s0 + g1 * s1 + g2 * s2
    longest = 0.0
    for c in range(jacobians.shape[0]):
        j = jacobians[c]
        dx, dy = j[0] * s0 + j[1] * s1 + j[2] * s2, j[3] * s0 + j[4] * s1 + j[5] * s2
        longest = max(longest, math.sqrt(dx * dx + dy * dy))
    size = REACH / longest if longest > REACH else 1.0
    return size * s0, size * s1, size * s2, gain


@jit_internal
def spread(sums, covariance):
    """Write the inverse of the curvature; return whether it bends down in all directions."""
    n = sums[CURVATURE : CURVATURE + 6]
    n0, n1, n2, n3, n4, n5 = n[0], n[1], n[2], n[3], n[4], n[5]
    trace = n0 + n3 + n5
    minor = n0 * n3 - n1 * n1
    determinant = n5 * minor - n4 * (n0 * n4 - n1 * n2) + n2 * (n1 * n4 - n2 * n3)
    if not (n0 > 0.0 and minor > 0.0 and determinant > FLAT * trace * trace * trace):
        return False
    v0, v1, v2, v3, v4, v5, _ = inverse3(n0, n1, n2, n3, n4, n5)
    covariance[0, 0], covariance[0, 1], covariance[0, 2] = v0, v1, v2
    covariance[1, 0], covariance[1, 1], covariance[1, 2] = v1, v3, v4
    covariance[2, 0], covariance[2, 1], covariance[2, 2] = v2, v4, v5
    return True


@jit_allocating
def climb(maps, peaks, weights, origins, scales, cameras, floor, steps, tolerance, point, sums, covariance):
    """Move `point` to the top above it, in steps of which each goes up; return a status.

    Parameters
    ----------
    maps, peaks, weights, origins, scales, cameras, floor
        As `add_up` takes them.
    steps, tolerance : int, float
        The most steps; it has arrived when the next is below so many standard deviations of the point.
    point : float64 (3,)
        Written.
    sums : float64 (SUMS,)
        Written: those at the point.
    covariance : float64 (3, 3)
        Written where the status is OK.
    """
    after = np.empty(SUMS)
    jacobians, taps = np.empty((maps.shape[0], 6)), np.empty((2, 3, TAPS))
    x0, x1, x2 = point[0], point[1], point[2]
    given = (maps, peaks, weights, origins, scales, cameras, floor)
    add_up(*given, x0, x1, x2, sums, jacobians, taps)
    status = codes.NOT_CONVERGED
    for _ in range(steps):
        s0, s1, s2, gain = ascent(sums, jacobians)
        if not gain > tolerance * tolerance:  # NaN where all is flat
            status = codes.OK if spread(sums, covariance) else codes.DEGENERATE
            break
        size, better = 1.0, False
        for _ in range(HALVINGS):
            add_up(*given, x0 + size * s0, x1 + size * s1, x2 + size * s2, after, jacobians, taps)
            better = after[VALUE] > sums[VALUE]
            if better:
                break
            size *= 0.5
        if not better:
            break
        x0, x1, x2 = x0 + size * s0, x1 + size * s1, x2 + size * s2
        for i in range(SUMS):  # a slice would cost two seconds of compilation, for its messages
            sums[i] = after[i]
    point[0], point[1], point[2] = x0, x1, x2
    return status


@jit
def refine_points(
    points, maps, weights, origins, scales, cameras, floor, steps, tolerance,
    covariances, values, views, status,
):  # fmt: skip
    """Move points to the top of their heatmaps, where there is one.

    Parameters
    ----------
    points : float64 (n, 3)
        Written where the status becomes OK.
    maps : float64 (n, C, H, W)
    weights : float64 (n, C)
        0 or NaN: the camera takes no part.
    origins, scales : float64 (n, C, 2)
        NaN: the camera takes no part.
    cameras, floor, steps, tolerance
        As `climb` takes them.
    covariances : float64 (n, 3, 3)
        Written; NaN where the status is not OK.
    values : float64 (n, 2)
        Written: the objective before and after; NaN where fewer than two maps see the point.
    views : bool (n, C)
        Written: the maps that see the point, where it is in the end.
    status : uint8 (n,)
        Written.

    Returns
    -------
    bool
        False where it met a value that is infinite, and stopped.
    """
    count, C = weights.shape
    peaks, used = np.empty(C), np.empty(C)
    first, last, moved = np.empty(SUMS), np.empty(SUMS), np.empty(3)
    jacobians, taps = np.empty((C, 6)), np.empty((2, 3, TAPS))
    covariances[:] = math.nan
    values[:] = math.nan
    views[:] = False
    for k in range(count):
        for c in range(C):
            peaks[c] = peak_of(maps[k, c])
            if peaks[c] == math.inf:
                return False
            # NaN where any of them is
            frame = peaks[c] + origins[k, c, 0] + origins[k, c, 1] + scales[k, c, 0] + scales[k, c, 1]
            good = frame == frame and weights[k, c] > 0.0 and in_front(cameras, c, points[k])
            used[c] = weights[k, c] if good else 0.0
        given = (maps[k], peaks, used, origins[k], scales[k], cameras, floor)
        add_up(*given, points[k, 0], points[k, 1], points[k, 2], first, jacobians, taps)
        if first[SEEN] < 2.0:
            status[k] = codes.TOO_FEW_VIEWS
            continue
        moved[0], moved[1], moved[2] = points[k, 0], points[k, 1], points[k, 2]
        status[k] = climb(*given, steps, tolerance, moved, last, covariances[k])
        better = status[k] == codes.OK
        values[k, 0] = first[VALUE]
        values[k, 1] = last[VALUE] if better else first[VALUE]
        if better:
            points[k, 0], points[k, 1], points[k, 2] = moved[0], moved[1], moved[2]
        add_up(*given, points[k, 0], points[k, 1], points[k, 2], last, jacobians, taps)
        for c in range(C):
            views[k, c] = np.any(jacobians[c] != 0.0)
    return True


@jit_inline
def in_front(cameras, c, point):
    """Return whether a point is in front of a camera; NaN is not."""
    R, t = cameras.rotations[c], cameras.translations[c]
    return R[2, 0] * point[0] + R[2, 1] * point[1] + R[2, 2] * point[2] + t[2] > 0.0
