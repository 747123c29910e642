"""Points of one frame, given the lengths of the segments between them: an iterated Kalman update.

The points x of a body have the mean x0 and independent covariances S.  Segment s between the points i and j
has the length l with the variance r.  About the direction u from j to i, its length is linear:
|x_i - x_j| = u (x_i - x_j).  With H for all segments (u at i, -u at j):

    M = H S H' + R,   x = x0 + S H' M^-1 (l - H x0),   S' = S - S H' M^-1 H S

The first direction is that of x0, the next one that of x (Bell and Cathey, IEEE Trans. Automat. Contr. 38
(1993) 294): the same as Gauss-Newton steps to the likeliest points.
"""

import math

import numpy as np

from mvtri.kernels.jit import entry, jit_internal

ROUNDS = 2
_SHORTEST = 1e-4  # m: of a shorter segment the direction is not known
_STIFFEST = 1e-9  # of the variance of a distance: no length counts as known better, so that M can be inverted


@jit_internal
def linearise(x, usable, points, ends, lengths, moves, directions, innovations):
    """Write the direction of each segment and what its length says, both 0 where a segment is not known.

    Parameters
    ----------
    x, usable : (P, 3), (P,)
        x0, and which points are there.
    points, ends, lengths : (m,), (n, 2), (n,)
        The points of a body, and its segments: two places in `points` each.
    moves : (m, 3)
        x - x0 so far.
    directions, innovations : (n, 3), (n,)
        Written: u and l - u (x0_i - x0_j).
    """
    for s in range(len(ends)):
        i, j = ends[s, 0], ends[s, 1]
        p, o = points[i], points[j]
        x0, y0, z0 = x[p, 0] - x[o, 0], x[p, 1] - x[o, 1], x[p, 2] - x[o, 2]
        ux = x0 + moves[i, 0] - moves[j, 0]
        uy = y0 + moves[i, 1] - moves[j, 1]
        uz = z0 + moves[i, 2] - moves[j, 2]
        length = math.sqrt(ux * ux + uy * uy + uz * uz)
        known = usable[p] and usable[o] and length > _SHORTEST
        scale = 1.0 / length if known else 0.0
        ux, uy, uz = ux * scale, uy * scale, uz * scale
        directions[s, 0], directions[s, 1], directions[s, 2] = ux, uy, uz
        innovations[s] = lengths[s] - (ux * x0 + uy * y0 + uz * z0) if known else 0.0


@jit_internal
def weigh_ends(spread, points, ends, directions, weighed):
    """Write S u for the first end of each segment and -S u for the second, (n, 2, 3)."""
    for s in range(len(ends)):
        ux, uy, uz = directions[s, 0], directions[s, 1], directions[s, 2]
        for end in range(2):
            S, sign = spread[points[ends[s, end]]], 1.0 - 2.0 * end
            weighed[s, end, 0] = sign * (S[0] * ux + S[1] * uy + S[2] * uz)
            weighed[s, end, 1] = sign * (S[1] * ux + S[3] * uy + S[4] * uz)
            weighed[s, end, 2] = sign * (S[2] * ux + S[4] * uy + S[5] * uz)


@jit_internal
def find_starts(ends, starts):
    """Write the first column of each row of M that is not 0, (n,): that of a segment with an end in common.

    The Cholesky factor has no other columns, either (its envelope: George and Liu, Computer Solution of Large
    Sparse Positive Definite Systems, 1981, chapter 4).
    """
    for s in range(len(ends)):
        starts[s] = s
        for c in range(s - 1, -1, -1):
            for end in range(2):
                if ends[s, end] == ends[c, 0] or ends[s, end] == ends[c, 1]:
                    starts[s] = c


@jit_internal
def factorise(ends, starts, directions, weighed, variances, lower):
    """Write the Cholesky factor of M = H S H' + R, (n, n)."""
    for s in range(len(ends)):
        for c in range(starts[s], s + 1):
            found = 0.0
            for end in range(2):
                for other in range(2):
                    if ends[s, end] == ends[c, other]:
                        sign = 1.0 - 2.0 * other
                        found += sign * (
                            weighed[s, end, 0] * directions[c, 0]
                            + weighed[s, end, 1] * directions[c, 1]
                            + weighed[s, end, 2] * directions[c, 2]
                        )
            if c == s:
                found += max(variances[s], _STIFFEST * found)
            for k in range(max(starts[s], starts[c]), c):
                found -= lower[s, k] * lower[c, k]
            lower[s, c] = found / lower[c, c] if c < s else math.sqrt(found)


@jit_internal
def solve(lower, starts, values):
    """Change `values` (n,) to M^-1 times them."""
    n = len(values)
    for s in range(n):
        for k in range(starts[s], s):
            values[s] -= lower[s, k] * values[k]
        values[s] /= lower[s, s]
    for s in range(n - 1, -1, -1):
        values[s] /= lower[s, s]
        for k in range(starts[s], s):
            values[k] -= lower[s, k] * values[s]


@jit_internal
def move_points(ends, weighed, multipliers, moves):
    """Write S H' M^-1 (l - H x0) of each point, (m, 3)."""
    for i in range(len(moves)):
        moves[i, 0], moves[i, 1], moves[i, 2] = 0.0, 0.0, 0.0
    for s in range(len(ends)):
        for end in range(2):
            i = ends[s, end]
            for axis in range(3):
                moves[i, axis] += weighed[s, end, axis] * multipliers[s]


@jit_internal
def shrink(ends, starts, place, weighed, lower, share, columns, S):
    """Take a share of S H' M^-1 H S off the covariance S (6,) of the point at a place of the body.

    `columns` (n, 3) is room for L^-1 H S, where L is the Cholesky factor of M.
    """
    for s in range(len(ends)):
        for axis in range(3):
            value = 0.0
            for end in range(2):
                if ends[s, end] == place:
                    value += weighed[s, end, axis]
            for k in range(starts[s], s):
                value -= lower[s, k] * columns[k, axis]
            columns[s, axis] = value / lower[s, s]
    for s in range(len(ends)):
        x, y, z = columns[s, 0], columns[s, 1], columns[s, 2]
        S[0] -= share * x * x
        S[1] -= share * x * y
        S[2] -= share * x * z
        S[3] -= share * y * y
        S[4] -= share * y * z
        S[5] -= share * z * z


@entry(
    "(float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], int64[::1], int64[:, ::1], float64[::1], "
    "float64[::1], float64, int64, int64)"
)
def take_lengths(x, spread, usable, points, ends, lengths, variances, share, first, last):
    """Change the points of a body in the frames first..last, and their covariances, as its lengths say.

    Parameters
    ----------
    x, spread : (T, P, 3), (T, P, 6)
        m and m^2; changed.
    usable : (T, P) of bool
        Which points are there.
    points : (m,)
        The points of the body.
    ends : (n, 2)
        Its segments: two places in `points` each.
    lengths, variances : (n,), (n,)
        m and m^2.
    share : float
        Of what the covariances would shrink by, if all were known: so much they do.
    """
    n, m = len(ends), len(points)
    directions, weighed = np.zeros((n, 3)), np.zeros((n, 2, 3))
    multipliers, lower = np.zeros(n), np.zeros((n, n))
    moves, columns = np.zeros((m, 3)), np.zeros((n, 3))
    starts = np.zeros(n, dtype=np.int64)
    find_starts(ends, starts)
    for t in range(first, last):
        for i in range(m):
            moves[i, 0], moves[i, 1], moves[i, 2] = 0.0, 0.0, 0.0
        for _ in range(ROUNDS):
            linearise(x[t], usable[t], points, ends, lengths, moves, directions, multipliers)
            weigh_ends(spread[t], points, ends, directions, weighed)
            factorise(ends, starts, directions, weighed, variances, lower)
            solve(lower, starts, multipliers)
            move_points(ends, weighed, multipliers, moves)
        for i in range(m):
            p = points[i]
            if usable[t, p]:
                for axis in range(3):
                    x[t, p, axis] += moves[i, axis]
                if share > 0.0:
                    shrink(ends, starts, i, weighed, lower, share, columns, spread[t, p])
