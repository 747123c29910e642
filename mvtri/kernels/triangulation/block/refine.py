"""Many points at once: the maximum-likelihood point of all views, in loops that fill vector registers.

A block holds `WIDTH` points.  Each quantity is a row of `WIDTH` numbers in one flat array, so that the
compiler sees that rows do not overlap; no loop here branches.  One array holds what belongs to a point, one
for each camera what belongs to an observation.  A missing observation has no information, so it adds zeros.
"""

import math

from mvtri.kernels.algebra.symmetric import inverse3, solve3
from mvtri.kernels.cameras.fast_undistortion import newton, starting, undistort_fast
from mvtri.kernels.cameras.lenses import (
    FISHEYE,
    HUMAN36M,
    OPENCV,
    RATIONAL,
    TILTED,
    bend,
    coefficients,
    distort_jacobian,
)
from mvtri.kernels.jit import jit_inline, jit_internal

WIDTH = 64
# rows of a point
PX = 0  # its place, three rows
SUM = 3  # normal equations: six, three, one rows
FRONT = 13  # the least depth before a camera that has an observation of it
SPREAD = 14  # its covariance, six rows
SETTLED = 20  # 1 where the point has converged, is before all cameras and its rays are far from parallel
VAGUEST = 21  # the least determinant of the information of an observation
FIRST = 22  # where the first Gauss-Newton step put it, three rows
POINT_ROWS = 25
# rows of an observation
U, V = 0, 1  # the pixel
W = 2  # its information, three rows
RX, RY = 5, 6  # its ray in normalised coordinates
G = 7  # its information in normalised coordinates, three rows
J = 10  # Jacobian of the pixel, six rows
RU, RV = 16, 17  # residual, px
SIZE = 18  # its length, NaN without an observation
REJECTED = 19  # 1 where it is there and takes no part in the point, else 0
VIEW_ROWS = 20

WIDE = 1e-4  # 4 det / trace^3 of an information matrix is above this where rays are far from parallel


@jit_inline
def _undistort(kind, view, d, K, inverse):
    """Write the rays of a block, NaN where that is not sure, and the information along them."""
    fx, fy, skew, cx, cy = K[0, 0], K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    gx, gy = 1.0 / fx, 1.0 / fy
    lens, tilt = coefficients(d)
    start = starting(inverse)
    for i in range(WIDTH):
        yd = (view[V * WIDTH + i] - cy) * gy
        xd = (view[U * WIDTH + i] - cx - skew * yd) * gx
        x, y, good = newton(kind, lens, tilt, start, xd, yd)
        _, _, a, b, c, e = bend(kind, lens, tilt, x, y)
        a, b, c, e = fx * a + skew * c, fx * b + skew * e, fy * c, fy * e
        w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
        view[RX * WIDTH + i] = x if good else math.nan
        view[RY * WIDTH + i] = y
        view[G * WIDTH + i] = a * (w00 * a + w01 * c) + c * (w01 * a + w11 * c)
        view[(G + 1) * WIDTH + i] = a * (w00 * b + w01 * e) + c * (w01 * b + w11 * e)
        view[(G + 2) * WIDTH + i] = b * (w00 * b + w01 * e) + e * (w01 * b + w11 * e)


@jit_internal
def undistort_one(view, model, d, K, inverse, i):
    """Write one ray of a block the safe way; without a ray the observation loses its information."""
    w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
    x = y = math.nan
    if w00 > 0.0:
        yd = (view[V * WIDTH + i] - K[1, 2]) / K[1, 1]
        xd = (view[U * WIDTH + i] - K[0, 2] - K[0, 1] * yd) / K[0, 0]
        x, y = undistort_fast(model, d, inverse, xd, yd)
    if not (math.isfinite(x) and math.isfinite(y)):
        for row in (W, W + 1, W + 2, RX, RY, G, G + 1, G + 2):
            view[row * WIDTH + i] = 0.0
        return
    _, _, a, b, c, e = distort_jacobian(model, d, x, y)
    a, b, c, e = K[0, 0] * a + K[0, 1] * c, K[0, 0] * b + K[0, 1] * e, K[1, 1] * c, K[1, 1] * e
    view[RX * WIDTH + i], view[RY * WIDTH + i] = x, y
    view[G * WIDTH + i] = a * (w00 * a + w01 * c) + c * (w01 * a + w11 * c)
    view[(G + 1) * WIDTH + i] = a * (w00 * b + w01 * e) + c * (w01 * b + w11 * e)
    view[(G + 2) * WIDTH + i] = b * (w00 * b + w01 * e) + e * (w01 * b + w11 * e)


@jit_internal
def undistort_block(view, model, d, K, kind, inverse):
    """Write the rays of one camera's observations.

    Parameters
    ----------
    kind : int
        Of `mvtri.kernels.cameras.lenses.kind_of`: each kind's loop is compiled by itself.
    inverse : float64 (16,)
        From `mvtri.kernels.cameras.projection.inverses.approximate_inverse`.
    """
    if kind == OPENCV:
        _undistort(OPENCV, view, d, K, inverse)
    elif kind == HUMAN36M:
        _undistort(HUMAN36M, view, d, K, inverse)
    elif kind == FISHEYE:
        _undistort(FISHEYE, view, d, K, inverse)
    elif kind == RATIONAL:
        _undistort(RATIONAL, view, d, K, inverse)
    else:
        _undistort(TILTED, view, d, K, inverse)
    for i in range(WIDTH):
        if math.isnan(view[RX * WIDTH + i]):
            undistort_one(view, model, d, K, inverse, i)


@jit_internal
def add_rays(point, view, R, t, typical, fixed):
    """Add the squared distances from one camera's rays, divided by depth, to the normal equations.

    The depth is `typical` where `fixed`, else that of the points as they stand (but never a small share of
    the typical one).
    """
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    known = 0.0 if fixed else 1.0
    given = typical if fixed else 0.0
    for i in range(WIDTH):
        z = given + known * (r20 * point[i] + r21 * point[WIDTH + i] + r22 * point[2 * WIDTH + i] + t2)
        z = z if z > 1e-3 * typical else typical
        w = 1.0 / z
        x, y = view[RX * WIDTH + i], view[RY * WIDTH + i]
        a0, a1, a2, a3 = (r00 - x * r20) * w, (r01 - x * r21) * w, (r02 - x * r22) * w, (t0 - x * t2) * w
        b0, b1, b2, b3 = (r10 - y * r20) * w, (r11 - y * r21) * w, (r12 - y * r22) * w, (t1 - y * t2) * w
        g00, g01, g11 = view[G * WIDTH + i], view[(G + 1) * WIDTH + i], view[(G + 2) * WIDTH + i]
        p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
        q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
        point[SUM * WIDTH + i] += a0 * p0 + b0 * q0
        point[(SUM + 1) * WIDTH + i] += a0 * p1 + b0 * q1
        point[(SUM + 2) * WIDTH + i] += a0 * p2 + b0 * q2
        point[(SUM + 3) * WIDTH + i] += a1 * p1 + b1 * q1
        point[(SUM + 4) * WIDTH + i] += a1 * p2 + b1 * q2
        point[(SUM + 5) * WIDTH + i] += a2 * p2 + b2 * q2
        point[(SUM + 6) * WIDTH + i] -= a0 * p3 + b0 * q3
        point[(SUM + 7) * WIDTH + i] -= a1 * p3 + b1 * q3
        point[(SUM + 8) * WIDTH + i] -= a2 * p3 + b2 * q3


@jit_inline
def solve_rows(array, first, i):
    """Return what `solve3` does of the system in nine rows of an array, from row `first` on."""
    return solve3(
        array[first * WIDTH + i],
        array[(first + 1) * WIDTH + i],
        array[(first + 2) * WIDTH + i],
        array[(first + 3) * WIDTH + i],
        array[(first + 4) * WIDTH + i],
        array[(first + 5) * WIDTH + i],
        array[(first + 6) * WIDTH + i],
        array[(first + 7) * WIDTH + i],
        array[(first + 8) * WIDTH + i],
    )


@jit_internal
def solve_block(point, keep):
    """Move the points by a step, from where they are (`keep`) or from the origin."""
    for i in range(WIDTH):
        s0, s1, s2, _ = solve_rows(point, SUM, i)
        x0, x1, x2 = point[i], point[WIDTH + i], point[2 * WIDTH + i]
        point[i] = (x0 if keep else 0.0) + s0  # not a product: what is left there may be NaN
        point[WIDTH + i] = (x1 if keep else 0.0) + s1
        point[2 * WIDTH + i] = (x2 if keep else 0.0) + s2


@jit_internal
def finish_points(point, tolerance):
    """Write covariances, and which points are settled: a step would win less than `tolerance` squared."""
    for i in range(WIDTH):
        n0, n1, n2 = point[SUM * WIDTH + i], point[(SUM + 1) * WIDTH + i], point[(SUM + 2) * WIDTH + i]
        n3, n4, n5 = point[(SUM + 3) * WIDTH + i], point[(SUM + 4) * WIDTH + i], point[(SUM + 5) * WIDTH + i]
        b0, b1, b2 = point[(SUM + 6) * WIDTH + i], point[(SUM + 7) * WIDTH + i], point[(SUM + 8) * WIDTH + i]
        c0, c1, c2, c3, c4, c5, det = inverse3(n0, n1, n2, n3, n4, n5)
        gain = b0 * (c0 * b0 + 2.0 * (c1 * b1 + c2 * b2)) + b1 * (c3 * b1 + 2.0 * c4 * b2) + b2 * c5 * b2
        trace = n0 + n3 + n5
        good = (gain <= tolerance * tolerance) & (point[FRONT * WIDTH + i] > 0.0)
        good = good & (4.0 * det > WIDE * trace * trace * trace)
        point[SPREAD * WIDTH + i], point[(SPREAD + 1) * WIDTH + i] = c0, c1
        point[(SPREAD + 2) * WIDTH + i], point[(SPREAD + 3) * WIDTH + i] = c2, c3
        point[(SPREAD + 4) * WIDTH + i], point[(SPREAD + 5) * WIDTH + i] = c4, c5
        point[SETTLED * WIDTH + i] = 1.0 if good else 0.0


@jit_internal
def finish_views(point, view):
    """Write the length of one camera's residuals, and take note of the least information."""
    for i in range(WIDTH):
        ru, rv = view[RU * WIDTH + i], view[RV * WIDTH + i]
        w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
        size = math.sqrt(ru * ru + rv * rv)
        view[SIZE * WIDTH + i] = size if w00 > 0.0 else math.nan
        det = w00 * w11 - w01 * w01 if w00 > 0.0 else math.inf
        least = point[VAGUEST * WIDTH + i]
        point[VAGUEST * WIDTH + i] = det if det < least else least


@jit_inline
def _add_view(kind, point, view, d, K, R, t):
    """Add exact distorted-pixel residuals of one camera, and their Jacobians, to the normal equations."""
    lens, tilt = coefficients(d)
    fx, fy, skew, cx, cy = K[0, 0], K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    for i in range(WIDTH):
        x0, x1, x2 = point[i], point[WIDTH + i], point[2 * WIDTH + i]
        w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
        z = r20 * x0 + r21 * x1 + r22 * x2 + t2
        here = w00 > 0.0
        z = z if here else 1.0
        w = 1.0 / z
        x, y = (r00 * x0 + r01 * x1 + r02 * x2 + t0) * w, (r10 * x0 + r11 * x1 + r12 * x2 + t1) * w
        x, y = (x, y) if here else (0.0, 0.0)
        xd, yd, a, b, c, e = bend(kind, lens, tilt, x, y)
        ru = view[U * WIDTH + i] - (fx * xd + skew * yd + cx)
        rv = view[V * WIDTH + i] - (fy * yd + cy)
        ux, uy, vx, vy = (fx * a + skew * c) * w, (fx * b + skew * e) * w, fy * c * w, fy * e * w
        uz, vz = -(ux * x + uy * y), -(vx * x + vy * y)
        a0, a1, a2 = (
            ux * r00 + uy * r10 + uz * r20,
            ux * r01 + uy * r11 + uz * r21,
            ux * r02 + uy * r12 + uz * r22,
        )
        b0, b1, b2 = (
            vx * r00 + vy * r10 + vz * r20,
            vx * r01 + vy * r11 + vz * r21,
            vx * r02 + vy * r12 + vz * r22,
        )
        part = 1.0 - view[REJECTED * WIDTH + i]
        w00, w01, w11 = part * w00, part * w01, part * w11
        p0, q0 = w00 * a0 + w01 * b0, w01 * a0 + w11 * b0
        m1, q1 = w00 * a1 + w01 * b1, w01 * a1 + w11 * b1
        m2, q2 = w00 * a2 + w01 * b2, w01 * a2 + w11 * b2
        m3, q3 = w00 * ru + w01 * rv, w01 * ru + w11 * rv
        point[SUM * WIDTH + i] += a0 * p0 + b0 * q0
        point[(SUM + 1) * WIDTH + i] += a0 * m1 + b0 * q1
        point[(SUM + 2) * WIDTH + i] += a0 * m2 + b0 * q2
        point[(SUM + 3) * WIDTH + i] += a1 * m1 + b1 * q1
        point[(SUM + 4) * WIDTH + i] += a1 * m2 + b1 * q2
        point[(SUM + 5) * WIDTH + i] += a2 * m2 + b2 * q2
        point[(SUM + 6) * WIDTH + i] += a0 * m3 + b0 * q3
        point[(SUM + 7) * WIDTH + i] += a1 * m3 + b1 * q3
        point[(SUM + 8) * WIDTH + i] += a2 * m3 + b2 * q3
        point[(SUM + 9) * WIDTH + i] += ru * m3 + rv * q3
        front = point[FRONT * WIDTH + i]
        z = z if here else math.inf
        point[FRONT * WIDTH + i] = z if z < front else front
        view[J * WIDTH + i], view[(J + 1) * WIDTH + i], view[(J + 2) * WIDTH + i] = a0, a1, a2
        view[(J + 3) * WIDTH + i], view[(J + 4) * WIDTH + i], view[(J + 5) * WIDTH + i] = b0, b1, b2
        view[RU * WIDTH + i], view[RV * WIDTH + i] = ru, rv


@jit_internal
def add_view(point, view, kind, d, K, R, t):
    """Do what `_add_view` does, each kind of lens in a loop that is compiled by itself."""
    if kind == OPENCV:
        _add_view(OPENCV, point, view, d, K, R, t)
    elif kind == HUMAN36M:
        _add_view(HUMAN36M, point, view, d, K, R, t)
    elif kind == FISHEYE:
        _add_view(FISHEYE, point, view, d, K, R, t)
    elif kind == RATIONAL:
        _add_view(RATIONAL, point, view, d, K, R, t)
    else:
        _add_view(TILTED, point, view, d, K, R, t)


@jit_internal
def linearise_block(point, views, cameras):
    """Write normal equations, Jacobians and residuals of a block at its points."""
    _, distortions, matrices, rotations, translations, _, kinds, _ = cameras
    for i in range(SUM * WIDTH, (SUM + 10) * WIDTH):
        point[i] = 0.0
    for i in range(WIDTH):
        point[FRONT * WIDTH + i] = math.inf
    for c in range(kinds.shape[0]):
        add_view(point, views[c], kinds[c], distortions[c], matrices[c], rotations[c], translations[c])


@jit_inline
def spread_of(point, i):
    """Return the six entries of the covariance of point `i` of a block."""
    return (
        point[SPREAD * WIDTH + i],
        point[(SPREAD + 1) * WIDTH + i],
        point[(SPREAD + 2) * WIDTH + i],
        point[(SPREAD + 3) * WIDTH + i],
        point[(SPREAD + 4) * WIDTH + i],
        point[(SPREAD + 5) * WIDTH + i],
    )


@jit_inline
def first_of(point, i):
    """Return where the first Gauss-Newton step put point `i` of a block.

    A search for a better subset starts there: with outliers, further steps on all views may go astray.
    """
    return point[FIRST * WIDTH + i], point[(FIRST + 1) * WIDTH + i], point[(FIRST + 2) * WIDTH + i]


@jit_internal
def refine_block(point, views, cameras, tolerance):
    """Move a block's points to the maximum-likelihood points of the observations that are not rejected.

    Two Gauss-Newton steps on distorted-pixel residuals: after one, a share of the points that grows with the
    noise would be further from the end than `tolerance`.  The number is fixed, so that no point's result
    depends on the others in its block.  Covariances, Jacobians and residuals are those
    at the points left.
    """
    linearise_block(point, views, cameras)
    solve_block(point, True)
    for i in range(3 * WIDTH):
        point[FIRST * WIDTH + i] = point[i]
    linearise_block(point, views, cameras)
    solve_block(point, True)
    linearise_block(point, views, cameras)
    finish_points(point, tolerance)
    for i in range(WIDTH):
        point[VAGUEST * WIDTH + i] = math.inf
    for c in range(views.shape[0]):
        finish_views(point, views[c])


@jit_internal
def all_views(point, views, cameras, tolerance):
    """Find the maximum-likelihood points of all their views: two linear steps, then `refine_block`.

    The linear steps take typical and then true depths.
    """
    models, distortions, matrices, rotations, translations, typical, kinds, inverses = cameras
    count = models.shape[0]
    for c in range(count):
        undistort_block(views[c], models[c], distortions[c], matrices[c], kinds[c], inverses[c])
    for fixed in (True, False):
        for i in range(SUM * WIDTH, (SUM + 10) * WIDTH):
            point[i] = 0.0
        for c in range(count):
            add_rays(point, views[c], rotations[c], translations[c], typical[c], fixed)
        solve_block(point, False)
    refine_block(point, views, cameras, tolerance)
