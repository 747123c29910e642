"""The normal equations of a bundle adjustment, with the bodies eliminated (Schur complement).

Triggs, McLauchlan, Hartley, Fitzgibbon, Bundle Adjustment - A Modern Synthesis (2000), section 6.1.
"""

import math

import numpy as np

from mvtri.kernels.algebra.triangles import solve_factored
from mvtri.kernels.bundle.layout import BOARD, NUMBERS, POINT, REDUCE, RESIDUALS, SOLVE_BODIES
from mvtri.kernels.bundle.linearise import has_free_lens, linearise, place, student_weight
from mvtri.kernels.cameras.projection import project
from mvtri.kernels.jit import entry, jit_allocating, jit_inline, jit_internal

_TINY = 1e-12  # of a diagonal entry, below which a direction counts as unknown


@jit_allocating
def _memory(size, unknowns):
    return (
        np.zeros((2, NUMBERS)),
        np.zeros((2, 3)),
        np.zeros((2, 6)),
        np.zeros((size, size)),
        np.zeros(size),
        np.zeros((size, unknowns)),
        np.zeros(NUMBERS + 3, np.int64),
        np.zeros((2, NUMBERS + 3)),
        np.zeros(unknowns),
    )


@jit_internal
def _active(lenses, bodies, c, b, item, by_camera, by_point, index, values):
    """Gather the derivatives by unknowns that an observation depends on; return how many there are."""
    n = 0
    for i in range(NUMBERS):
        if lenses.columns[c, i] >= 0:
            index[n] = lenses.columns[c, i]
            scale = lenses.scales[c, i]
            values[0, n], values[1, n] = by_camera[0, i] * scale, by_camera[1, i] * scale
            n += 1
    if bodies.bend_columns[0] >= 0:
        for k in range(2):
            up = 0.0
            for j in range(3):
                up += by_point[k, j] * bodies.rotations[b, j, 2]
            for j in range(3):
                values[k, n + j] = up * bodies.bends[item, j]
        for j in range(3):
            index[n + j] = bodies.bend_columns[j]
        n += 3
    return n


@jit_inline
def _factor(size, V, damping):
    """Factor V into L L^T in place, its diagonal grown by `damping`; a direction that is unknown stays."""
    for i in range(size):
        V[i, i] *= 1.0 + damping
    top = 0.0
    for i in range(size):
        top = max(top, V[i, i])
    for i in range(size):
        whole = V[i, i]
        for j in range(i):
            total = V[i, j]
            for k in range(j):
                total -= V[i, k] * V[j, k]
            V[i, j] = total * V[j, j]  # the diagonal holds inverses
            whole -= V[i, j] * V[i, j]
        V[i, i] = 1.0 / math.sqrt(whole) if whole > _TINY * top and whole > 0.0 else 0.0


@jit_inline
def _observe(size, views, lenses, bodies, b, m, freedom, memory):
    """Return an observation's residual, its weight (0: it does not count), cost, and number of unknowns.

    Its derivatives are in `memory`.  The weight is NaN where the point is behind the camera.
    """
    by_camera, by_point, by_body, _, _, _, index, values, _ = memory
    weight = views.weights[m]
    if weight <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0
    c = views.cameras[m]
    lens = has_free_lens(lenses.columns, c)
    du, dv = linearise(size, views, lenses, bodies, b, m, lens, by_camera, by_point, by_body)
    square = du * du + dv * dv
    if not square < math.inf:
        return 0.0, 0.0, math.nan, 0.0, 0
    share, cost = student_weight(weight * square, freedom)
    n = _active(lenses, bodies, c, b, views.items[m], by_camera, by_point, index, values)
    return du, dv, weight * share, cost, n


@jit_inline
def _clear_body(size, V, gb):
    for i in range(size):
        gb[i] = 0.0
        for j in range(size):
            V[i, j] = 0.0


@jit_inline
def _add_to_body(size, du, dv, weight, by_body, V, gb):
    """Add an observation to the normal equations of its body."""
    for i in range(size):
        b0, b1 = weight * by_body[0, i], weight * by_body[1, i]
        gb[i] += b0 * du + b1 * dv
        for j in range(i + 1):
            V[i, j] += b0 * by_body[0, j] + b1 * by_body[1, j]


@jit_inline
def _reduce(size, views, lenses, bodies, freedom, damping, H, g, diagonal, scores, cost, memory):
    unknowns = len(g)
    _, _, by_body, V, gb, W, index, values, reduced = memory
    for b in range(len(views.starts) - 1):
        _clear_body(size, V, gb)
        for j in range(unknowns):
            reduced[j] = 0.0
            for i in range(size):
                W[i, j] = 0.0
        for m in range(views.starts[b], views.starts[b + 1]):
            du, dv, weight, one, n = _observe(size, views, lenses, bodies, b, m, freedom, memory)
            if not weight > 0.0:
                cost[1] += 1.0 if math.isnan(weight) else 0.0
                continue
            cost[0] += one
            for i in range(n):
                a0, a1 = weight * values[0, i], weight * values[1, i]
                row = index[i]
                reduced[row] += a0 * du + a1 * dv
                diagonal[row] += a0 * values[0, i] + a1 * values[1, i]
                for j in range(i + 1):  # the unknowns of a camera come in rising order
                    H[row, index[j]] += a0 * values[0, j] + a1 * values[1, j]
                for j in range(size):
                    W[j, row] += a0 * by_body[0, j] + a1 * by_body[1, j]
            _add_to_body(size, du, dv, weight, by_body, V, gb)
        _factor(size, V, damping)
        _eliminate(size, V, gb, W, H, reduced)
        for j in range(unknowns):
            g[j] += reduced[j]
            if len(scores) > 0:
                scores[b, j] = reduced[j]


@jit_inline
def _eliminate(size, V, gb, W, H, reduced):
    """Take a body out of the normal equations; W becomes L^-1 W, and gb L^-1 gb."""
    unknowns = len(reduced)
    for i in range(size):
        for k in range(i):
            low = V[i, k]
            gb[i] -= low * gb[k]
            for j in range(unknowns):
                W[i, j] -= low * W[k, j]
        gb[i] *= V[i, i]
        for j in range(unknowns):
            W[i, j] *= V[i, i]
            reduced[j] -= W[i, j] * gb[i]
    for row in range(unknowns):
        for i in range(0, size, 3):
            p, q, r = W[i, row], W[i + 1, row], W[i + 2, row]
            if p != 0.0 or q != 0.0 or r != 0.0:
                for j in range(row + 1):
                    H[row, j] -= p * W[i, j] + q * W[i + 1, j] + r * W[i + 2, j]


@jit_inline
def _solve(size, views, lenses, bodies, freedom, damping, step, out, memory):
    _, _, by_body, V, gb, _, index, values, _ = memory
    for b in range(len(views.starts) - 1):
        _clear_body(size, V, gb)
        for m in range(views.starts[b], views.starts[b + 1]):
            du, dv, weight, _, n = _observe(size, views, lenses, bodies, b, m, freedom, memory)
            if not weight > 0.0:
                continue
            for i in range(n):
                du -= values[0, i] * step[index[i]]
                dv -= values[1, i] * step[index[i]]
            _add_to_body(size, du, dv, weight, by_body, V, gb)
        _factor(size, V, damping)
        solve_factored(size, V, gb)
        for i in range(size):
            out[b, i] = gb[i]


@jit_inline
def _residuals(size, views, lenses, bodies, out):
    for b in range(len(views.starts) - 1):
        for m in range(views.starts[b], views.starts[b + 1]):
            c = views.cameras[m]
            X, Y, Z, _, _, _ = place(size, bodies, b, views.items[m])
            u, v, _ = project(
                lenses.models[c],
                lenses.distortions[c],
                lenses.matrices[c],
                lenses.rotations[c],
                lenses.translations[c],
                X,
                Y,
                Z,
            )
            out[m, 0] = views.pixels[m, 0] - u
            out[m, 1] = views.pixels[m, 1] - v


@entry(REDUCE)
def reduce_points(views, lenses, bodies, freedom, damping, H, g, diagonal, scores, cost):
    """Add up the normal equations of free points.

    Parameters
    ----------
    views, lenses, bodies : Views, Lenses, Bodies
    freedom : float
        Degrees of freedom of Student's t; 0 for least squares.
    damping : float
        By which share the diagonals of the bodies' blocks grow (Levenberg-Marquardt).
    H : float64 (n, n)
        Zero; becomes the Schur complement, without damping of its own; the lower triangle counts.
    g : float64 (n,)
        Zero; becomes the right side: what solves ``H step = g`` lowers the cost.
    diagonal : float64 (n,)
        Zero; becomes the diagonal before the bodies were eliminated.
    scores : float64 (B, n)
        Becomes what each body adds to `g`.  (0, n) where that is not wanted.
    cost : float64 (2,)
        Zero; becomes the negative log likelihood, and the number of observations that are left out, since
        their point is behind the camera.
    """
    memory = _memory(POINT, len(g))
    _reduce(POINT, views, lenses, bodies, freedom, damping, H, g, diagonal, scores, cost, memory)


@entry(REDUCE)
def reduce_boards(views, lenses, bodies, freedom, damping, H, g, diagonal, scores, cost):
    """Do what `reduce_points` does, for boards."""
    memory = _memory(BOARD, len(g))
    _reduce(BOARD, views, lenses, bodies, freedom, damping, H, g, diagonal, scores, cost, memory)


@entry(SOLVE_BODIES)
def solve_points(views, lenses, bodies, freedom, damping, step, out):
    """Write the steps (B, 3) of free points that go with the `step` (n,) of the unknowns into `out`."""
    _solve(POINT, views, lenses, bodies, freedom, damping, step, out, _memory(POINT, 1))


@entry(SOLVE_BODIES)
def solve_boards(views, lenses, bodies, freedom, damping, step, out):
    """Write the steps (B, 6) of boards, turn and move, that go with the `step` (n,) into `out`."""
    _solve(BOARD, views, lenses, bodies, freedom, damping, step, out, _memory(BOARD, 1))


@entry(RESIDUALS)
def point_residuals(views, lenses, bodies, out):
    """Write the residuals (M, 2), px, into `out`; NaN where a point is behind its camera."""
    _residuals(POINT, views, lenses, bodies, out)


@entry(RESIDUALS)
def board_residuals(views, lenses, bodies, out):
    """Do what `point_residuals` does, for the corners of boards."""
    _residuals(BOARD, views, lenses, bodies, out)
