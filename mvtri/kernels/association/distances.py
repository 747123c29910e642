"""How far apart two people are: in one image, and along the rays of two cameras.

Both measures are weighted medians over the keypoints that the two have in common, in units of a body's own
size, so that they hold for any resolution, distance and skeleton and shrug off half of the keypoints.
"""

import math

import numpy as np

from mvtri.kernels.jit import entry, jit_internal

BEHIND = 10.0  # what a keypoint adds whose rays meet behind a camera; disagreements end here
MIN_SINE_SQUARED = 0.05**2  # rays within 3 degrees of each other say nothing about who is who


@jit_internal
def weighted_median(values, weights, count):
    """Return the least of `count` values at which half the weight is reached, NaN without any; sorts both."""
    total = 0.0
    for i in range(count):
        value, weight = values[i], weights[i]
        total += weight
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1], weights[j + 1] = values[j], weights[j]
            j -= 1
        values[j + 1], weights[j + 1] = value, weight
    reached = 0.0
    for i in range(count):
        reached += weights[i]
        if 2.0 * reached >= total:
            return values[i]
    return math.nan


@entry("(float64[:, :, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], int64, float64[:, :, :, ::1])")
def image_distances(positions, weights, sizes, lag, out):
    """Write how far slot i of frame f is from slot j of frame ``f + lag`` in each camera.

    positions (F, C, N, K, 2) px; weights (F, C, N, K), 0 = missing; sizes (F, C, N) px, 0 = empty slot;
    out (F - lag, C, N, N): median distance over the mean of the two sizes, NaN where nothing is in common.
    """
    frames, cameras, slots, keypoints = weights.shape
    values, masses = np.empty(keypoints), np.empty(keypoints)
    for f in range(frames - lag):
        g = f + lag
        for c in range(cameras):
            for i in range(slots):
                for j in range(slots):
                    out[f, c, i, j] = math.nan
                    if sizes[f, c, i] <= 0.0 or sizes[g, c, j] <= 0.0:
                        continue
                    count = 0
                    for k in range(keypoints):
                        weight = weights[f, c, i, k] * weights[g, c, j, k]
                        if weight > 0.0:
                            dx = positions[f, c, i, k, 0] - positions[g, c, j, k, 0]
                            dy = positions[f, c, i, k, 1] - positions[g, c, j, k, 1]
                            values[count] = math.sqrt(dx * dx + dy * dy)
                            masses[count] = math.sqrt(weight)
                            count += 1
                    size = 0.5 * (sizes[f, c, i] + sizes[g, c, j])
                    out[f, c, i, j] = weighted_median(values, masses, count) / size


@jit_internal
def ray_gap(base0, base1, base2, a0, a1, a2, b0, b1, b2, size_a, size_b):
    """Return how far two rays miss each other over the body's size where they pass, NaN if near parallel.

    `base` leads from the centre of camera a to that of b; a and b are unit vectors, sizes are angles (rad).
    """
    c = a0 * b0 + a1 * b1 + a2 * b2
    sine2 = 1.0 - c * c
    if sine2 < MIN_SINE_SQUARED:
        return math.nan
    pa = base0 * a0 + base1 * a1 + base2 * a2
    pb = base0 * b0 + base1 * b1 + base2 * b2
    depth_a, depth_b = (pa - pb * c) / sine2, (pa * c - pb) / sine2
    if depth_a <= 0.0 or depth_b <= 0.0:
        return BEHIND
    volume = base0 * (a1 * b2 - a2 * b1) + base1 * (a2 * b0 - a0 * b2) + base2 * (a0 * b1 - a1 * b0)
    body = 0.5 * (depth_a * size_a + depth_b * size_b)
    return min(abs(volume) / math.sqrt(sine2) / body, BEHIND)


@entry(
    "(float64[:, :, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], float64[:, ::1], "
    "float64[:, :, ::1], float64[:, :, ::1])"
)
def ray_disagreements(rays, weights, angles, centers, out, mass):
    """Write how badly the rays of each two candidates of different cameras miss each other.

    rays (F, C, N, K, 3) unit vectors, world; weights (F, C, N, K), 0 = missing; angles (F, C, N): the
    candidates' sizes, rad, 0 = empty slot; centers (C, 3) m.  With M = C N, out (F, M, M) gets the median gap
    in units of the body's size, NaN where two cannot be compared, and mass (F, M, M) the summed geometric
    means of the weights it rests upon.
    """
    frames, cameras, slots, keypoints = weights.shape
    values, masses = np.empty(keypoints), np.empty(keypoints)
    for f in range(frames):
        for p in range(cameras * slots):
            a, i = p // slots, p % slots
            if angles[f, a, i] <= 0.0:
                continue
            for q in range((a + 1) * slots, cameras * slots):
                b, j = q // slots, q % slots
                if angles[f, b, j] <= 0.0:
                    continue
                base0 = centers[b, 0] - centers[a, 0]
                base1 = centers[b, 1] - centers[a, 1]
                base2 = centers[b, 2] - centers[a, 2]
                count, total = 0, 0.0
                for k in range(keypoints):
                    weight = weights[f, a, i, k] * weights[f, b, j, k]
                    if weight <= 0.0:
                        continue
                    a0, a1, a2 = rays[f, a, i, k, 0], rays[f, a, i, k, 1], rays[f, a, i, k, 2]
                    b0, b1, b2 = rays[f, b, j, k, 0], rays[f, b, j, k, 1], rays[f, b, j, k, 2]
                    size_a, size_b = angles[f, a, i], angles[f, b, j]
                    gap = ray_gap(base0, base1, base2, a0, a1, a2, b0, b1, b2, size_a, size_b)
                    if not math.isnan(gap):
                        values[count], masses[count] = gap, math.sqrt(weight)
                        total += masses[count]
                        count += 1
                out[f, p, q] = out[f, q, p] = weighted_median(values, masses, count)
                mass[f, p, q] = mass[f, q, p] = total
