"""The homogeneous linear transform (Hartley & Zisserman, 2nd ed., section 12.2), weighted."""

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline
from mvtri.kernels.triangulation.layout import CAMERA, RAY_X, RAY_Y


@jit_inline
def _rows(observations, count, weights, rig, o0, o1, o2):
    """Return the normal equations of the weighted rows about the origin (o0, o1, o2)."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    for i in range(count):
        camera = int(observations[i, CAMERA])
        R, t = rig.rotations[camera], rig.translations[camera]
        t0 = R[0, 0] * o0 + R[0, 1] * o1 + R[0, 2] * o2 + t[0]
        t1 = R[1, 0] * o0 + R[1, 1] * o1 + R[1, 2] * o2 + t[1]
        t2 = R[2, 0] * o0 + R[2, 1] * o1 + R[2, 2] * o2 + t[2]
        for axis in range(2):
            w = weights[i] * rig.focal_lengths[camera, axis]
            p = observations[i, RAY_X] if axis == 0 else observations[i, RAY_Y]
            a0 = w * (R[axis, 0] - p * R[2, 0])
            a1 = w * (R[axis, 1] - p * R[2, 1])
            a2 = w * (R[axis, 2] - p * R[2, 2])
            a3 = w * ((t0 if axis == 0 else t1) - p * t2)
            n0 += a0 * a0
            n1 += a0 * a1
            n2 += a0 * a2
            n3 += a1 * a1
            n4 += a1 * a2
            n5 += a2 * a2
            b0 -= a0 * a3
            b1 -= a1 * a3
            b2 -= a2 * a3
            c += a3 * a3
    return n0, n1, n2, n3, n4, n5, b0, b1, b2, c


@jit_inline
def homogeneous(observations, count, weights, rig):
    """Return the point whose homogeneous vector minimises ``|A X|`` over ``|X| = 1``.

    A holds the rows ``w f (x P3 - P1)`` and ``w f (y P3 - P2)`` of each view, `weights` w and focal lengths
    f: the rows of pixel coordinates.  The vector's length counts from the caller's origin.  The minimum is
    found about a nearby point, by ``(N - l I) s = b + l X`` with the eigenvalue l, so nothing cancels.
    """
    o0 = o1 = o2 = value = 0.0
    for _ in range(4):
        n0, n1, n2, n3, n4, n5, b0, b1, b2, c = _rows(observations, count, weights, rig, o0, o1, o2)
        h0, h1, h2 = o0 + rig.origin[0], o1 + rig.origin[1], o2 + rig.origin[2]
        s0 = s1 = s2 = 0.0
        for _ in range(3):
            s0, s1, s2, _ = solve3(
                n0 - value,
                n1,
                n2,
                n3 - value,
                n4,
                n5 - value,
                b0 + value * h0,
                b1 + value * h1,
                b2 + value * h2,
            )
            rest = c + s0 * (n0 * s0 + 2.0 * (n1 * s1 + n2 * s2 - b0)) + s1 * (n3 * s1 + 2.0 * (n4 * s2 - b1))
            rest += s2 * (n5 * s2 - 2.0 * b2)
            size = (h0 + s0) ** 2 + (h1 + s1) ** 2 + (h2 + s2) ** 2 + 1.0
            value = max(rest, 0.0) / size
        o0, o1, o2 = o0 + s0, o1 + s1, o2 + s2
    return o0, o1, o2
