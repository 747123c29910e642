"""Metrics written as they are told: one pose, one joint at a time, with SciPy's Procrustes."""

import math

import numpy as np
from scipy.linalg import orthogonal_procrustes


def poses(pred, truth):
    """Yield for each pose its expected joints, as a list of (estimate, truth)."""
    keypoints, size = truth.shape[-2:]
    for a, b in zip(pred.reshape(-1, keypoints, size), truth.reshape(-1, keypoints, size)):
        yield [(a[k], b[k]) for k in range(keypoints) if np.isfinite(b[k]).all()]


def scored(joints):
    return [(a, b) for a, b in joints if np.isfinite(a).all()]


def mean(values):
    return sum(values) / len(values) if values else math.nan


def mpjpe(pred, truth):
    return mean([math.dist(a, b) for joints in poses(pred, truth) for a, b in scored(joints)])


def aligned(pred, truth):
    """Return `pred` (K, 3) after the best similarity without reflection, by SciPy's orthogonal Procrustes."""
    mean_a, mean_b = pred.mean(axis=0), truth.mean(axis=0)
    a, b = pred - mean_a, truth - mean_b
    if np.linalg.norm(a) < 1e-9:
        return np.tile(mean_b, (len(pred), 1))
    rotation, _ = orthogonal_procrustes(a, b)
    if np.linalg.det(rotation) < 0:  # give up the direction in which a reflection gains least
        u, values, vt = np.linalg.svd(a.T @ b)
        order = np.argsort(values)
        flip = np.eye(len(values))
        flip[order[0], order[0]] = -1
        rotation = u @ flip @ vt
    scale = np.trace((a @ rotation).T @ b) / np.trace(a.T @ a)
    return scale * a @ rotation + mean_b


def p_mpjpe(pred, truth):
    errors = []
    for joints in poses(pred, truth):
        both = scored(joints)
        if both:
            a, b = (np.array(points) for points in zip(*both))
            errors += [math.dist(p, q) for p, q in zip(aligned(a, b), b)]
    return mean(errors)


def n_mpjpe(pred, truth):
    errors = []
    for joints in poses(pred, truth):
        both = scored(joints)
        power = sum(float(a @ a) for a, _ in both)
        scale = sum(float(a @ b) for a, b in both) / power if power else 0.0
        errors += [math.dist(scale * a, b) for a, b in both]
    return mean(errors)


def per_axis(pred, truth):
    pairs = [pair for joints in poses(pred, truth) for pair in scored(joints)]
    return [mean([abs(a[i] - b[i]) for a, b in pairs]) for i in range(truth.shape[-1])]


def mpjve(pred, truth, fps):
    """Time first."""
    speeds = []
    for t in range(1, len(truth)):
        for k in range(truth.shape[1]):
            four = (pred[t, k], pred[t - 1, k], truth[t, k], truth[t - 1, k])
            if all(np.isfinite(point).all() for point in four):
                speeds.append(math.dist(four[0] - four[1], four[2] - four[3]) * fps)
    return mean(speeds)


def pck(pred, truth, threshold, scales=None):
    hits = []
    for i, joints in enumerate(poses(pred, truth)):
        limit = threshold * (1.0 if scales is None else scales.reshape(-1)[i])
        hits += [bool(np.isfinite(a).all()) and math.dist(a, b) <= limit for a, b in joints]
    return mean(hits)


def auc(pred, truth, thresholds):
    return mean([pck(pred, truth, threshold) for threshold in thresholds])


def limbs(pred, truth, links):
    """Yield (ŝ, ê, s, e) of every expected limb; an end is None where there is no estimate."""
    keypoints, size = truth.shape[-2:]
    for a, b in zip(pred.reshape(-1, keypoints, size), truth.reshape(-1, keypoints, size)):
        for i, j in links:
            if np.isfinite(b[i]).all() and np.isfinite(b[j]).all():
                yield *(a[k] if np.isfinite(a[k]).all() else None for k in (i, j)), b[i], b[j]


def pcp(pred, truth, links, strict=False):
    hits = []
    for start, end, true_start, true_end in limbs(pred, truth, links):
        if start is None or end is None:
            hits.append(False)
            continue
        off = (math.dist(start, true_start), math.dist(end, true_end))
        hits.append((max(off) if strict else sum(off) / 2) <= 0.5 * math.dist(true_start, true_end))
    return mean(hits)


def bone_length_error(pred, truth, links):
    whole = [limb for limb in limbs(pred, truth, links) if limb[0] is not None and limb[1] is not None]
    return mean([abs(math.dist(a, b) - math.dist(c, d)) for a, b, c, d in whole])


def oks(pred, truth, sigmas, area):
    """Of one pose (K, 2)."""
    terms = []
    for a, b, sigma in zip(pred, truth, sigmas):
        if np.isfinite(b).all():
            there = np.isfinite(a).all()
            terms.append(math.exp(-(math.dist(a, b) ** 2) / (2 * area * (2 * sigma) ** 2)) if there else 0.0)
    return mean(terms)


def average_precision(similarities, scores, count, threshold):
    """COCO's: `similarities` is a list over images of lists over estimates of lists over true poses."""
    results = []
    for image, (rows, confidence) in enumerate(zip(similarities, scores)):
        used = set()
        for slot in sorted(range(len(rows)), key=lambda s: -confidence[s]):
            open_ones = [
                (value, -g) for g, value in enumerate(rows[slot]) if g not in used and value >= threshold
            ]
            if open_ones:
                used.add(-max(open_ones)[1])
            results.append((-confidence[slot], image, bool(open_ones)))
    results.sort(key=lambda result: result[0])
    precision, recall, hits = [], [], 0
    for rank, (_, _, hit) in enumerate(results, start=1):
        hits += hit
        precision.append(hits / rank)
        recall.append(hits / count)
    levels = [level / 100 for level in range(101)]
    best = [
        max([p for p, r in zip(precision, recall) if r >= level - 1e-12], default=0.0) for level in levels
    ]
    return mean(best)


def rooted(points, root):
    """Return a copy of `points` (..., K, D) with the mean of the joints `root` subtracted from every pose."""
    result = points.copy()
    for pose in result.reshape(-1, *points.shape[-2:]):
        pose -= sum(pose[k].copy() for k in root) / len(root)
    return result


def pck3d(pred, truth, threshold, root):
    """A pose whose root is missing has no correct joint; without the true root none can be judged."""
    hits = []
    for a, b in zip(pred.reshape(-1, *truth.shape[-2:]), truth.reshape(-1, *truth.shape[-2:])):
        middle_a, middle_b = (sum(pose[k] for k in root) / len(root) for pose in (a, b))
        for k in range(len(b)):
            if np.isfinite(b[k]).all():
                off = (a[k] - middle_a) - (b[k] - middle_b)
                hits.append(bool(np.isfinite(off).all()) and math.hypot(*off) <= threshold)
    return mean(hits)


def bend(start, middle, middle_again, end):
    """The angle from the segment start-middle to the segment middle_again-end in space; None if undefined."""
    if not all(np.isfinite(point).all() for point in (start, middle, middle_again, end)):
        return None
    u, v = middle - start, end - middle_again
    if not u.any() or not v.any():
        return None
    return math.atan2(math.hypot(*np.cross(u, v)), float(u @ v))


def spine_angle_error(pred, truth, chain, whole=False):
    first, last = chain[:2], chain[-2:]
    quads = [(*first, *last)] if whole else [(i, j, j, k) for i, j, k in zip(chain, chain[1:], chain[2:])]
    errors = []
    for a, b in zip(pred.reshape(-1, *truth.shape[-2:]), truth.reshape(-1, *truth.shape[-2:])):
        for quad in quads:
            found, true = bend(*a[list(quad)]), bend(*b[list(quad)])
            if found is not None and true is not None:
                errors.append(abs(found - true))
    return mean(errors)


def bootstrap(sums, counts, level, samples, rng):
    """Of one ratio (S,): sequence by sequence, with the draws of ``rng.multinomial``."""
    ratios = []
    for _ in range(samples):
        times = rng.multinomial(len(sums), [1 / len(sums)] * len(sums))
        total = count = 0.0
        for block, often in enumerate(times):
            for _ in range(often):
                total += sums[block]
                count += counts[block]
        if count:
            ratios.append(total / count)
    ratios.sort()
    return [_quantile(ratios, (1 - level) / 2), _quantile(ratios, (1 + level) / 2)]


def _quantile(ordered, q):
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
