"""Slow, obvious twins of the ray caster in `mvtri.kernels.images.render`."""

import math

import numpy as np


def hit_round_cone(origin, direction, length, r0, r1, reach=20.0, steps=20000):
    """March along the ray until the distance to the hull of two spheres changes sign, then halve the step."""

    def distance(t):
        return round_cone_distance(np.asarray(origin) + t * np.asarray(direction), length, r0, r1)

    before = distance(0.0)
    for step in range(1, steps + 1):
        t = reach * step / steps
        after = distance(t)
        if before > 0.0 >= after:
            low, high = reach * (step - 1) / steps, t
            for _ in range(60):
                middle = 0.5 * (low + high)
                if distance(middle) > 0.0:
                    low = middle
                else:
                    high = middle
            return high
        before = after
    return math.inf


def round_cone_distance(point, length, r0, r1):
    """Return the signed distance to the union of all spheres between the two at the ends."""
    share = np.linspace(0.0, 1.0, 1001)
    axial = point[2] - share * length
    return float(np.min(np.hypot(np.hypot(point[0], point[1]), axial) - (r0 + share * (r1 - r0))))
