"""Which views agree: the set of inliers with the highest likelihood under a mixture.

An observation is an inlier, normal about the projection with its own covariance, or an outlier, spread far
wider.  Calling a view an outlier costs its `PENALTY` (twice the log of the odds and of the ratio of the two
densities at their centres) and saves its chi square but for the share `BROAD`.  Few views: every subset is
tried.  Many: pairs are drawn without replacement until the chance that none was free of outliers is below
a bound, which the hypergeometric law gives exactly; the best are improved one view at a time.
"""

import math

import numpy as np

from mvtri.kernels.jit import jit
from mvtri.kernels.linear import solve3
from mvtri.kernels.views import (
    BROAD,
    CAMERA,
    MEMBER,
    PENALTY,
    B,
    C,
    N,
    chi_square,
    depth_of,
    solve_members,
)


@jit
def subset_cost(work, count, mask):
    """Return the cost of taking the bit set `mask` for the inliers, and the point: (cost, x0, x1, x2)."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    penalty = 0.0
    for i in range(count):
        view = work[i]
        w = 1.0
        if not (mask >> i) & 1:
            w = view[BROAD]
            penalty += view[PENALTY]
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
    x0, x1, x2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return max(c - b0 * x0 - b1 * x1 - b2 * x2, 0.0) + penalty, x0, x1, x2


@jit
def bits(mask):
    """Return how many bits are set."""
    found = 0
    while mask:
        mask &= mask - 1
        found += 1
    return found


@jit
def before_cameras(work, count, mask, rotations, translations, x0, x1, x2):
    """Return whether the point is before every camera of the bit set `mask`."""
    for i in range(count):
        if (mask >> i) & 1:
            camera = int(work[i, CAMERA])
            if not depth_of(rotations[camera], translations[camera], x0, x1, x2) > 0.0:
                return False
    return True


@jit
def best_subsets(work, count, least, rotations, translations):
    """Try every subset of at least `least` views; return the best two bit sets (0 for none)."""
    first = second = 0
    first_cost = second_cost = math.inf
    for mask in range(1, 1 << count):
        if bits(mask) < least:
            continue
        cost, x0, x1, x2 = subset_cost(work, count, mask)
        if cost < second_cost and before_cameras(work, count, mask, rotations, translations, x0, x1, x2):
            if cost < first_cost:
                second, second_cost = first, first_cost
                first, first_cost = mask, cost
            else:
                second, second_cost = mask, cost
    return first, second


@jit
def _random(state):
    """Return the next state of a 64-bit generator and its output (splitmix64)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


@jit
def seed_of(seed, index):
    """Return the generator's state for one point: from the caller's seed and the point's own index alone."""
    state, _ = _random(np.uint64(seed) ^ (np.uint64(index) * np.uint64(0xD1342543DE82EF95)))
    return state


@jit
def robust_cost(work, count, x0, x1, x2):
    """Return the cost of a point, each view being what suits it better, and the number of inliers."""
    cost, inliers = 0.0, 0
    for i in range(count):
        view = work[i]
        square = chi_square(view, x0, x1, x2)
        outside = view[PENALTY] + view[BROAD] * square
        if square < outside:
            cost += square
            inliers += 1
        else:
            cost += outside
    return cost, inliers


@jit
def set_members(work, count, x0, x1, x2):
    """Take for members the views that a point suits; return their number."""
    inliers = 0
    for i in range(count):
        view = work[i]
        square = chi_square(view, x0, x1, x2)
        inside = square < view[PENALTY] + view[BROAD] * square
        view[MEMBER] = 1.0 if inside else 0.0
        inliers += inside
    return inliers


@jit
def _solve_pair(work, i, j):
    p, q = work[i], work[j]
    x0, x1, x2, det = solve3(
        p[N] + q[N],
        p[N + 1] + q[N + 1],
        p[N + 2] + q[N + 2],
        p[N + 3] + q[N + 3],
        p[N + 4] + q[N + 4],
        p[N + 5] + q[N + 5],
        p[B] + q[B],
        p[B + 1] + q[B + 1],
        p[B + 2] + q[B + 2],
    )
    return x0, x1, x2, det


@jit
def _pair(index, count):
    """Return the views of the pair that stands at `index` in the order (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    j = int((1.0 + math.sqrt(1.0 + 8.0 * index)) * 0.5)
    while j * (j - 1) // 2 > index:
        j -= 1
    while (j + 1) * j // 2 <= index:
        j += 1
    return index - j * (j - 1) // 2, j


@jit
def sample_pairs(work, count, order, state, bound, most, rotations, translations):
    """Return the point with the least robust cost among pairs of views drawn at random.

    Parameters
    ----------
    order : int64 (count * (count - 1) / 2 or more,)
        Scratch space for the order in which pairs are drawn.
    state : uint64
        Of the generator.
    bound : float
        Draw until the chance that no pair had two inliers is below this, given as many inliers as the best
        point so far has: the product over draws k of (P - G - k) / (P - k), for G good pairs of P.
    most : int
        Draw no more than this.
    """
    pairs = count * (count - 1) // 2
    for k in range(pairs):
        order[k] = k
    best, most_inliers = math.inf, 0
    r0 = r1 = r2 = math.nan
    missed = 1.0
    for k in range(min(pairs, most)):
        state, value = _random(state)
        swap = k + int(value % np.uint64(pairs - k))
        order[k], order[swap] = order[swap], order[k]
        i, j = _pair(order[k], count)
        x0, x1, x2, det = _solve_pair(work, i, j)
        a, b = int(work[i, CAMERA]), int(work[j, CAMERA])
        before = depth_of(rotations[a], translations[a], x0, x1, x2) > 0.0
        before = before and depth_of(rotations[b], translations[b], x0, x1, x2) > 0.0
        if before:
            cost, inliers = robust_cost(work, count, x0, x1, x2)
            if cost < best:
                best, r0, r1, r2 = cost, x0, x1, x2
                if inliers > most_inliers:
                    most_inliers = inliers
                    good = inliers * (inliers - 1) // 2
                    missed = 1.0
                    for m in range(k):
                        missed *= max(pairs - good - m, 0) / (pairs - m)
        if most_inliers > 1:
            good = most_inliers * (most_inliers - 1) // 2
            missed *= max(pairs - good - k, 0) / (pairs - k)
            if missed < bound:
                break
    return r0, r1, r2


@jit
def cost_of_members(work, count):
    """Return the cost of the members as inliers and all others as outliers: (cost, x0, x1, x2)."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    penalty = 0.0
    for i in range(count):
        view = work[i]
        m = view[MEMBER]
        w = m + (1.0 - m) * view[BROAD]
        penalty += (1.0 - m) * view[PENALTY]
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
    x0, x1, x2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return max(c - b0 * x0 - b1 * x1 - b2 * x2, 0.0) + penalty, x0, x1, x2


@jit
def descend(work, count, least, rounds):
    """Change the membership of one view at a time while that lowers the cost; return the cost."""
    members = 0
    for i in range(count):
        members += work[i, MEMBER] > 0.5
    best, _, _, _ = cost_of_members(work, count)
    for _ in range(rounds):
        flip, lowest = -1, best - 1e-9
        for i in range(count):
            view = work[i]
            inside = view[MEMBER] > 0.5
            if inside and members <= least:
                continue
            view[MEMBER] = 1.0 - view[MEMBER]
            cost, _, _, _ = cost_of_members(work, count)
            view[MEMBER] = 1.0 - view[MEMBER]
            if cost < lowest:
                flip, lowest = i, cost
        if flip < 0:
            break
        members += 1 if work[flip, MEMBER] < 0.5 else -1
        work[flip, MEMBER] = 1.0 - work[flip, MEMBER]
        best = lowest
    return best


@jit
def members_from_bits(work, count, mask):
    """Take the bit set `mask` for the members."""
    for i in range(count):
        work[i, MEMBER] = (mask >> i) & 1


@jit
def search_many(work, count, least, order, state, bound, most, rotations, translations):
    """Leave the best members found among many views in `work`; return the point and whether there is one."""
    x0, x1, x2 = sample_pairs(work, count, order, state, bound, most, rotations, translations)
    if not math.isfinite(x0):
        return x0, x1, x2, False
    for _ in range(3):
        if set_members(work, count, x0, x1, x2) < least:
            return x0, x1, x2, False
        x0, x1, x2, _, _ = solve_members(work, count)
    descend(work, count, least, count)
    x0, x1, x2, _, _ = solve_members(work, count)
    return x0, x1, x2, True
