"""One point from its observations, by consensus and refinement, or by the linear transform of all views."""

import math

from mvtri.kernels import status_codes as codes
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.degeneracy import in_front, parallel
from mvtri.kernels.triangulation.layout import CAMERA, MARGIN, MEMBER
from mvtri.kernels.triangulation.point.dlt import homogeneous
from mvtri.kernels.triangulation.point.hypotheses import best_guess
from mvtri.kernels.triangulation.point.pairs import search_pairs
from mvtri.kernels.triangulation.point.quadratic_forms import full_cost, set_depths, solve_members
from mvtri.kernels.triangulation.point.refine import linearise, refine
from mvtri.kernels.triangulation.point.subsets import best_subsets, descend, doubtful, set_bits


@jit_inline
def search_few(observations, count, rig, settings, sums, x0, x1, x2):
    """Leave the best subset of few views as members; return their point, cost and a status."""
    steps, tolerance = settings.max_steps, settings.tolerance
    first = second = 0
    for _ in range(3):
        set_depths(observations, count, rig, x0, x1, x2)
        first, second, y0, y1, y2 = best_subsets(observations, count, settings.min_inliers, MARGIN, sums, rig)
        if not first:
            return x0, x1, x2, math.inf, codes.BEHIND_CAMERA
        moved = (y0 - x0) ** 2 + (y1 - x1) ** 2 + (y2 - x2) ** 2
        x0, x1, x2 = y0, y1, y2
        if moved < (0.01 * rig.typical_depths[0]) ** 2:
            break
    z0, z1, z2, other = x0, x1, x2, math.inf
    if second:
        set_bits(observations, count, second)
        z0, z1, z2, _ = solve_members(observations, count)
        z0, z1, z2, _, _ = refine(observations, count, rig, z0, z1, z2, steps, tolerance)
        other = full_cost(observations, count)
    set_bits(observations, count, first)
    x0, x1, x2, _, converged = refine(observations, count, rig, x0, x1, x2, steps, tolerance)
    cost = full_cost(observations, count)
    if other < cost or (not converged and second):
        set_bits(observations, count, second)
        x0, x1, x2, _, converged = refine(observations, count, rig, z0, z1, z2, steps, tolerance)
        cost = full_cost(observations, count)
    return x0, x1, x2, cost, codes.OK if converged else codes.NOT_CONVERGED


@jit_inline
def settle(observations, count, rig, settings, x0, x1, x2):
    """Refine the members' point, changing members while that helps: (x0, x1, x2, cost, status)."""
    least, steps, tolerance = settings.min_inliers, settings.max_steps, settings.tolerance
    converged = False
    for _ in range(4):
        x0, x1, x2, _, converged = refine(observations, count, rig, x0, x1, x2, steps, tolerance)
        if not converged or not descend(observations, count, least, count):
            break
        s0, s1, s2, _ = solve_members(observations, count)
        x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
    return x0, x1, x2, full_cost(observations, count), codes.OK if converged else codes.NOT_CONVERGED


@jit_internal
def reject_all(observations, count, rig, x0, x1, x2):
    """Take no view for a member, and leave exact residuals about a point."""
    linearise(observations, count, rig, x0, x1, x2)
    for i in range(count):
        observations[i, MEMBER] = 0.0


@jit_inline
def search_many(observations, count, rig, settings, order, state, x0, x1, x2):
    """Leave the views among many that agree as members; return their point, cost and a status.

    Where `order` is None pairs are never drawn, and nothing is found.
    """
    if order is None:
        return x0, x1, x2, math.inf, codes.NO_CONSENSUS
    y0, y1, y2 = math.nan, math.nan, math.nan  # outliers may have moved the point far: typical depths first
    for _ in range(2):
        set_depths(observations, count, rig, y0, y1, y2)
        if math.isfinite(y0):
            descend(observations, count, settings.min_inliers, count)
            y0, y1, y2, _ = solve_members(observations, count)
        else:
            y0, y1, y2 = search_pairs(observations, count, order, state, settings, rig)
            if not math.isfinite(y0):
                return x0, x1, x2, math.inf, codes.NO_CONSENSUS
    return settle(observations, count, rig, settings, y0, y1, y2)


@jit_inline
def consensus(observations, count, rig, settings, workspace, state, x0, x1, x2):
    """Return the maximum-likelihood point of the views that agree best: (x0, x1, x2, status).

    It starts from the point of all views, which need not be any good.  Random sample consensus (Fischler &
    Bolles, Communications of the ACM 24, 1981) with the cost of a mixture of inliers and outliers (MLESAC:
    Torr & Zisserman, Computer Vision and Image Understanding 78, 2000); few views are enumerated instead.
    """
    if count == 2 or count <= settings.enumerate_up_to:
        x0, x1, x2, cost, status = search_few(
            observations, count, rig, settings, workspace.subset_sums, x0, x1, x2
        )
    else:
        x0, x1, x2, cost, status = search_many(
            observations, count, rig, settings, workspace.pair_order, state, x0, x1, x2
        )
        if status == codes.NO_CONSENSUS:
            reject_all(observations, count, rig, x0, x1, x2)
            return x0, x1, x2, status
    if status == codes.OK:
        status = parallel(observations, count, rig, settings.min_sine, x0, x1, x2)
    lost = settings.keep_doubtful and status == codes.NOT_CONVERGED  # a guess is then all that can be given
    if status == codes.OK or lost:
        doubt, s0, s1, s2 = doubtful(observations, count, cost)
        doubt = doubt or lost
        if doubt:
            x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
        if settings.keep_doubtful:
            table = workspace.hypotheses
            doubt, x0, x1, x2 = best_guess(observations, count, rig, table, doubt, x0, x1, x2)
        if doubt:
            reject_all(observations, count, rig, x0, x1, x2)
            return x0, x1, x2, codes.NO_CONSENSUS
    return x0, x1, x2, status


@jit_inline
def linear(observations, count, rig, scores, weights, k, x0, x1, x2):
    """Return the homogeneous linear point of all views of point `k`, and leave exact residuals about it.

    Where there is no memory for `weights` (None) it is never asked for.
    """
    if weights is None:
        return x0, x1, x2, codes.BEHIND_CAMERA
    for m in range(count):
        weights[m] = scores[k, int(observations[m, CAMERA])] if scores.shape[0] else 1.0
    x0, x1, x2 = homogeneous(observations, count, weights, rig)
    if in_front(observations, count, rig, x0, x1, x2):
        linearise(observations, count, rig, x0, x1, x2)
        return x0, x1, x2, codes.OK
    return x0, x1, x2, codes.BEHIND_CAMERA


@jit_inline
def solve_point(observations, count, rig, settings, scores, workspace, state, k, x0, x1, x2):
    """Return point `k` and its status by `linear` or `consensus`, with residuals and members."""
    if settings.linear:
        x0, x1, x2, status = linear(observations, count, rig, scores, workspace.linear_weights, k, x0, x1, x2)
    else:
        x0, x1, x2, status = consensus(observations, count, rig, settings, workspace, state, x0, x1, x2)
    if settings.linear or status == codes.BEHIND_CAMERA or not math.isfinite(x0 + x1 + x2):
        for m in range(count):
            observations[m, MEMBER] = 1.0
        geometry = parallel(observations, count, rig, settings.min_sine, x0, x1, x2)
        if geometry != codes.OK:
            status = geometry
    return x0, x1, x2, status
