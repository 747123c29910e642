"""Geometry that does not determine a point, and what is wrong with it."""

from mvtri.kernels import status_codes as codes
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.layout import CAMERA, MEMBER, RAY_X, RAY_Y
from mvtri.kernels.triangulation.point.quadratic_forms import depth_of


@jit_inline
def _measured(view, R):
    """Return the direction of a view's ray in the world, not normalised."""
    x, y = view[RAY_X], view[RAY_Y]
    return (
        R[0, 0] * x + R[1, 0] * y + R[2, 0],
        R[0, 1] * x + R[1, 1] * y + R[2, 1],
        R[0, 2] * x + R[1, 2] * y + R[2, 2],
    )


@jit_internal
def _square_sine(a0, a1, a2, b0, b1, b2):
    """Return the squared sine of the angle between two vectors."""
    p, q, r = a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0
    return (p * p + q * q + r * r) / ((a0 * a0 + a1 * a1 + a2 * a2) * (b0 * b0 + b1 * b1 + b2 * b2))


@jit_internal
def parallel(observations, count, rig, min_sine, x0, x1, x2):
    """Return OK where two member rays meet at an angle worth the name, else what is wrong.

    It is the angle of the first member's ray with each other one's, both as measured and at the point.
    Parallel rays from places apart meet at infinity; rays along the line between their cameras, or from one
    place, meet everywhere on it.
    """
    rotations, translations = rig.rotations, rig.translations
    limit = min_sine * min_sine
    first = -1
    g0 = g1 = g2 = f0 = f1 = f2 = m0 = m1 = m2 = 0.0
    meets = False
    for i in range(count):
        if observations[i, MEMBER] < 0.5:
            continue
        camera = int(observations[i, CAMERA])
        R, t = rotations[camera], translations[camera]
        c0 = -(R[0, 0] * t[0] + R[1, 0] * t[1] + R[2, 0] * t[2])
        c1 = -(R[0, 1] * t[0] + R[1, 1] * t[1] + R[2, 1] * t[2])
        c2 = -(R[0, 2] * t[0] + R[1, 2] * t[1] + R[2, 2] * t[2])
        d0, d1, d2 = x0 - c0, x1 - c1, x2 - c2
        n0, n1, n2 = _measured(observations[i], R)
        if first < 0:
            first = i
            f0, f1, f2, g0, g1, g2 = d0, d1, d2, c0, c1, c2
            m0, m1, m2 = n0, n1, n2
            continue
        if _square_sine(n0, n1, n2, m0, m1, m2) > limit and _square_sine(d0, d1, d2, f0, f1, f2) > limit:
            return codes.OK
        e0, e1, e2 = c0 - g0, c1 - g1, c2 - g2
        apart = e0 * e0 + e1 * e1 + e2 * e2
        if apart > 1e-18 and _square_sine(e0, e1, e2, m0, m1, m2) > limit:
            meets = True
    return codes.AT_INFINITY if meets else codes.DEGENERATE


@jit_internal
def in_front(observations, count, rig, x0, x1, x2):
    """Return whether the point is in front of the cameras of all members."""
    rotations, translations = rig.rotations, rig.translations
    for i in range(count):
        if observations[i, MEMBER] > 0.5:
            camera = int(observations[i, CAMERA])
            if not depth_of(rotations[camera], translations[camera], x0, x1, x2) > 0.0:
                return False
    return True
