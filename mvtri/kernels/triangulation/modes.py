"""Which of several candidates each camera saw: consensus over pairs of cameras and modes.

Each mode of a camera is a view of its own in the workspace, view ``camera * modes + mode``; a point counts at
most one of a camera.  A mode costs its chi square and twice the log of how much better the camera's best mode
scored.
"""

import math

import numpy as np

from mvtri.kernels.jit import jit, jit_internal
from mvtri.kernels.triangulation.block import undistort_block
from mvtri.kernels.triangulation.layout import CAMERA, FORM_00, MEMBER, WIDTH
from mvtri.kernels.triangulation.load_observations import gather, load_block
from mvtri.kernels.triangulation.outlier_model import outside_cost
from mvtri.kernels.triangulation.point.pairs import draw, pair_at, seed_of, solve_pair
from mvtri.kernels.triangulation.point.quadratic_forms import chi_square, set_depths, solve_members


@jit_internal
def set_prices(observations, count, modes, scores, k, prices):
    """Write what each candidate costs besides its chi square."""
    for i in range(count):
        prices[i] = 0.0
        if scores.shape[0]:
            view = int(observations[i, CAMERA])
            best = 0.0
            for mode in range(modes):
                score = scores[k, view // modes * modes + mode]
                best = max(best, score) if score == score else best
            prices[i] = 2.0 * math.log(max(best, 1e-12) / max(scores[k, view], 1e-12))


@jit_internal
def assign(observations, count, modes, prices, bound, x0, x1, x2):
    """Take for members the candidate of each camera that a point suits, if any; return the cost.

    It stops early, with infinity, where the cost exceeds `bound`.
    """
    cost = 0.0
    i = 0
    while i < count:
        camera = int(observations[i, CAMERA]) // modes
        best, lowest, outside = -1, math.inf, math.inf
        while i < count and int(observations[i, CAMERA]) // modes == camera:
            square = chi_square(observations[i], x0, x1, x2)
            outside = min(outside, outside_cost(observations[i], square) + prices[i])
            observations[i, MEMBER] = 0.0
            if square + prices[i] < lowest:
                best, lowest = i, square + prices[i]
            i += 1
        if lowest < outside:
            observations[best, MEMBER] = 1.0
        cost += min(lowest, outside)
        if cost > bound:
            return math.inf
    return cost


@jit_internal
def search_modes(observations, count, modes, prices, order, state, most, rig):
    """Leave as members the candidates that agree best, at most one of a camera; return the cost."""
    set_depths(observations, count, rig, math.nan, math.nan, math.nan)
    pairs = count * (count - 1) // 2
    for k in range(pairs):
        order[k] = k
    best = math.inf
    r0 = r1 = r2 = math.nan
    for k in range(min(pairs, most)):
        state = draw(state)
        swap = k + int(state % np.uint64(pairs - k))
        order[k], order[swap] = order[swap], order[k]
        i, j = pair_at(order[k])
        if int(observations[i, CAMERA]) // modes == int(observations[j, CAMERA]) // modes:
            continue
        x0, x1, x2 = solve_pair(observations[i], observations[j])
        if not math.isfinite(x0 + x1 + x2):
            continue
        cost = assign(observations, count, modes, prices, best, x0, x1, x2)
        if cost < best:
            best, r0, r1, r2 = cost, x0, x1, x2
    for _ in range(4):
        if not math.isfinite(r0):
            return math.inf
        set_depths(observations, count, rig, r0, r1, r2)
        best = assign(observations, count, modes, prices, math.inf, r0, r1, r2)
        r0, r1, r2, _ = solve_members(observations, count)
    return best


@jit
def choose_modes(chunk, rig, settings, seed, modes, workspace, prices, chosen):
    """Write which mode of each camera agrees with the others, the first where none does.

    Parameters
    ----------
    chunk, rig, settings, workspace
        Records of `layout`, with a camera for each mode: C * modes in all.
    seed : uint64
        Of the random numbers.
    prices : float64 (C * modes,)
        Memory.
    chosen : int64 (n, C)
        Written.
    """
    views, observations = workspace.views, workspace.observations
    most = settings.max_pairs * modes
    for start in range(0, chunk.points2d.shape[0], WIDTH):
        load_block(chunk, start, settings, views, workspace.observed_counts, workspace.usable_counts)
        undistort_block(views, rig)
        for i in range(min(WIDTH, chunk.points2d.shape[0] - start)):
            k = start + i
            for camera in range(chosen.shape[1]):
                chosen[k, camera] = 0
            n = gather(views, i, observations, settings)
            if n < 2:
                continue
            set_prices(observations, n, modes, chunk.scores, k, prices)
            state = seed_of(seed, chunk.first + k)
            search_modes(observations, n, modes, prices, workspace.pair_order, state, most, rig)
            for m in range(n):
                if observations[m, MEMBER] > 0.5:
                    view = int(observations[m, CAMERA])
                    chosen[k, view // modes] = view % modes


@jit
def find_ray_forms(chunk, rig, settings, workspace, forms):
    """Write each observation's quadratic form, for typical depths, into `forms` (n, C, 10), else zeros."""
    views, observations = workspace.views, workspace.observations
    for start in range(0, chunk.points2d.shape[0], WIDTH):
        load_block(chunk, start, settings, views, workspace.observed_counts, workspace.usable_counts)
        undistort_block(views, rig)
        for i in range(min(WIDTH, chunk.points2d.shape[0] - start)):
            for camera in range(forms.shape[1]):
                for e in range(10):
                    forms[start + i, camera, e] = 0.0
            n = gather(views, i, observations, settings)
            set_depths(observations, n, rig, math.nan, math.nan, math.nan)
            for m in range(n):
                for e in range(10):
                    forms[start + i, int(observations[m, CAMERA]), e] = observations[m, FORM_00 + e]
