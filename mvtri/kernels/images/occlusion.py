"""Which points a body of capsules hides from which cameras."""

import math

import numpy as np

from mvtri.kernels.jit import jit, jit_inline


@jit_inline
def segment_distance(px, py, pz, ux, uy, uz, ax, ay, az, vx, vy, vz):
    """Return the squared distance of the segments p + s u and a + t v, s and t within 0 to 1.

    Ericson, *Real-Time Collision Detection*, 2005, section 5.1.9.
    """
    wx, wy, wz = px - ax, py - ay, pz - az
    uu, vv, uv = ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz, ux * vx + uy * vy + uz * vz
    uw, vw = ux * wx + uy * wy + uz * wz, vx * wx + vy * wy + vz * wz
    det = uu * vv - uv * uv
    s = 0.0
    if det > 1e-14 * uu * vv:
        s = min(max((uv * vw - uw * vv) / det, 0.0), 1.0)
    t = (uv * s + vw) / vv if vv > 0.0 else 0.0
    if t < 0.0 or t > 1.0 or det <= 1e-14 * uu * vv:
        t = min(max(t, 0.0), 1.0)
        s = min(max((uv * t - uw) / uu, 0.0), 1.0) if uu > 0.0 else 0.0
    dx, dy, dz = wx + s * ux - t * vx, wy + s * uy - t * vy, wz + s * uz - t * vz
    return dx * dx + dy * dy + dz * dz


@jit_inline
def hides(ox, oy, oz, ux, uy, uz, depth, ax, ay, az, vx, vy, vz, radius, margin):
    """Say whether the capsule from a to a + v hides the point o + u, `depth` away from the eye o.

    Outside the capsule the point is hidden where the line of sight meets it; inside, where that has gone
    through more than `margin` of it.
    """
    square = radius * radius
    if segment_distance(ox, oy, oz, ux, uy, uz, ax, ay, az, vx, vy, vz) > square:
        return False
    if segment_distance(ox + ux, oy + uy, oz + uz, 0.0, 0.0, 0.0, ax, ay, az, vx, vy, vz) > square:
        return True
    share = max(1.0 - margin / depth, 0.0)
    return segment_distance(ox, oy, oz, share * ux, share * uy, share * uz, ax, ay, az, vx, vy, vz) <= square


@jit
def hidden_points(points, starts, ends, radii, margins, owned, eyes, out):
    """Find the points that a capsule hides from an eye.

    Parameters
    ----------
    points : float64 (T, K, 3)
    starts, ends : float64 (T, P, 3)
        Of the capsules' axes; one with a NaN hides nothing.
    radii, margins : float64 (P,)
        And how much of the inside of each capsule is seen through.
    owned : bool (P, K)
        The points that a capsule never hides.
    eyes : float64 (C, 3)
    out : bool (T, K, C)
        Written.
    """
    count = radii.shape[0]
    middle, axis, reach = np.empty((count, 3)), np.empty((count, 3)), np.empty(count)
    for t in range(points.shape[0]):
        for p in range(count):
            length = 0.0
            for i in range(3):
                axis[p, i] = ends[t, p, i] - starts[t, p, i]
                middle[p, i] = 0.5 * (starts[t, p, i] + ends[t, p, i])
                length += axis[p, i] * axis[p, i]
            reach[p] = 0.5 * math.sqrt(length) + radii[p]
        for c in range(eyes.shape[0]):
            ox, oy, oz = eyes[c, 0], eyes[c, 1], eyes[c, 2]
            for k in range(points.shape[1]):
                x, y, z = points[t, k, 0] - ox, points[t, k, 1] - oy, points[t, k, 2] - oz
                depth = math.sqrt(x * x + y * y + z * z)
                out[t, k, c] = False
                for p in range(count):
                    mx, my, mz = middle[p, 0] - ox, middle[p, 1] - oy, middle[p, 2] - oz
                    along = (mx * x + my * y + mz * z) / depth
                    across = mx * mx + my * my + mz * mz - along * along
                    near = across <= reach[p] * reach[p] and along - reach[p] <= depth
                    if near and not owned[p, k] and hides(
                        ox, oy, oz, x, y, z, depth, starts[t, p, 0], starts[t, p, 1], starts[t, p, 2],
                        axis[p, 0], axis[p, 1], axis[p, 2], radii[p], margins[p],
                    ):  # fmt: skip
                        out[t, k, c] = True
                        break
