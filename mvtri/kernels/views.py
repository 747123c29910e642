"""The observations of one point: which views see it, along which rays, with how much information.

A workspace holds one row for each view that counts, in the columns named here.  The distance of a point from
a view's ray, in the metric of the view's pixels, is the quadratic form ``X' N X - 2 b' X + c``: the exact
residual to first order (its algebraic form divided by the depth; Hartley & Zisserman, Multiple View
Geometry, 2nd ed., sections 4.2.4 and 12.2).
"""

import math

from mvtri.kernels.cameras import distort_jacobian, undistort
from mvtri.kernels.jit import jit
from mvtri.kernels.linear import inverse2, solve3

CAMERA = 0  # index of the camera
U, V = 1, 2  # the pixel
W = 3  # its information, three entries, px^-2
X, Y = 6, 7  # the ray in normalised coordinates
G = 8  # the information in normalised coordinates, three entries
N = 11  # the quadratic form: six entries of its matrix,
B = 17  # three of its linear term,
C = 20  # and its constant
PENALTY = 21  # what it costs to call this view an outlier, in units of chi square
BROAD = 22  # information of an outlier over that of an inlier
RU, RV = 23, 24  # residual, px
J = 25  # Jacobian of the pixel, six entries
MEMBER = 31  # 1 where the view is taken for an inlier, else 0
COLUMNS = 32


@jit
def load_view(work, row, camera, model, d, K, u, v, w00, w01, w11):
    """Write an observation and its ray; return False where the lens has no ray for it."""
    yd = (v - K[1, 2]) / K[1, 1]
    xd = (u - K[0, 2] - K[0, 1] * yd) / K[0, 0]
    x, y = undistort(model, d, xd, yd)
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    _, _, xx, xy, yx, yy = distort_jacobian(model, d, x, y)
    a, b = K[0, 0] * xx + K[0, 1] * yx, K[0, 0] * xy + K[0, 1] * yy
    c, e = K[1, 1] * yx, K[1, 1] * yy
    view = work[row]
    view[CAMERA] = camera
    view[U], view[V] = u, v
    view[W], view[W + 1], view[W + 2] = w00, w01, w11
    view[X], view[Y] = x, y
    p, q = w00 * a + w01 * c, w00 * b + w01 * e
    r, s = w01 * a + w11 * c, w01 * b + w11 * e
    view[G], view[G + 1], view[G + 2] = a * p + c * r, a * q + c * s, b * q + e * s
    return True


@jit
def set_quadratic(view, R, t, depth):
    """Write the quadratic form of a view for points at about `depth` before it."""
    x, y = view[X], view[Y]
    w = 1.0 / depth
    a0, a1, a2 = (R[0, 0] - x * R[2, 0]) * w, (R[0, 1] - x * R[2, 1]) * w, (R[0, 2] - x * R[2, 2]) * w
    b0, b1, b2 = (R[1, 0] - y * R[2, 0]) * w, (R[1, 1] - y * R[2, 1]) * w, (R[1, 2] - y * R[2, 2]) * w
    a3, b3 = (t[0] - x * t[2]) * w, (t[1] - y * t[2]) * w
    g00, g01, g11 = view[G], view[G + 1], view[G + 2]
    p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
    q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
    view[N] = a0 * p0 + b0 * q0
    view[N + 1] = a0 * p1 + b0 * q1
    view[N + 2] = a0 * p2 + b0 * q2
    view[N + 3] = a1 * p1 + b1 * q1
    view[N + 4] = a1 * p2 + b1 * q2
    view[N + 5] = a2 * p2 + b2 * q2
    view[B] = -(a0 * p3 + b0 * q3)
    view[B + 1] = -(a1 * p3 + b1 * q3)
    view[B + 2] = -(a2 * p3 + b2 * q3)
    view[C] = a3 * p3 + b3 * q3


@jit
def chi_square(view, x0, x1, x2):
    """Return the value of a view's quadratic form."""
    y0 = view[N] * x0 + view[N + 1] * x1 + view[N + 2] * x2 - 2.0 * view[B]
    y1 = view[N + 1] * x0 + view[N + 3] * x1 + view[N + 4] * x2 - 2.0 * view[B + 1]
    y2 = view[N + 2] * x0 + view[N + 4] * x1 + view[N + 5] * x2 - 2.0 * view[B + 2]
    return x0 * y0 + x1 * y1 + x2 * y2 + view[C]


@jit
def depth_of(R, t, x0, x1, x2):
    """Return how far before a camera a point is."""
    return R[2, 0] * x0 + R[2, 1] * x1 + R[2, 2] * x2 + t[2]


@jit
def total(work, count):
    """Return the sum of the members' quadratic forms: six, three and one scalars."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    for i in range(count):
        view = work[i]
        w = view[MEMBER]
        n0 += w * view[N]
        n1 += w * view[N + 1]
        n2 += w * view[N + 2]
        n3 += w * view[N + 3]
        n4 += w * view[N + 4]
        n5 += w * view[N + 5]
        b0 += w * view[B]
        b1 += w * view[B + 1]
        b2 += w * view[B + 2]
        c += w * view[C]
    return n0, n1, n2, n3, n4, n5, b0, b1, b2, c


@jit
def solve_members(work, count):
    """Return the point that minimises the members' quadratic forms, its chi square, and the determinant."""
    n0, n1, n2, n3, n4, n5, b0, b1, b2, c = total(work, count)
    x0, x1, x2, det = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return x0, x1, x2, max(c - b0 * x0 - b1 * x1 - b2 * x2, 0.0), det


@jit
def set_depths(work, count, rotations, translations, typical, x0, x1, x2):
    """Write all quadratic forms for a point; where it is behind a camera, for the camera's typical depth."""
    for i in range(count):
        camera = int(work[i, CAMERA])
        depth = depth_of(rotations[camera], translations[camera], x0, x1, x2)
        if not depth > 1e-3 * typical[camera]:
            depth = typical[camera]
        set_quadratic(work[i], rotations[camera], translations[camera], depth)


@jit
def information_of(scores, covariances, noise, i, camera):
    """Return the information of an observation (three entries, px^-2): score over variance.

    `scores` and `covariances` may be empty along their first axis: then scores are 1 and covariances unity.
    """
    w = 1.0 / (noise * noise)
    if scores.shape[0]:
        w *= scores[i, camera]
    if covariances.shape[0]:
        a, b, c = inverse2(
            covariances[i, camera, 0, 0], covariances[i, camera, 0, 1], covariances[i, camera, 1, 1]
        )
        return w * a, w * b, w * c
    return w, 0.0, w
