"""What the segments of a body say about a point, as one more measurement of it.

A point x at the end of a segment of length l, whose other end is at y, lies at y + l u, where u is the
unit vector from y to x.  Along u that is a measurement with the variance of the length and, if the other end
is not known exactly, of y along u.
"""

import math

from mvtri.kernels.jit import entry, jit_inline

_SHORTEST = 1e-4  # m: of a shorter segment the direction is not known


@jit_inline
def square_along(S, ux, uy, uz):
    """Return u^T S u."""
    return (
        ux * (S[0] * ux + 2.0 * (S[1] * uy + S[2] * uz)) + uy * (S[3] * uy + 2.0 * S[4] * uz) + S[5] * uz * uz
    )


@entry(
    "(int64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[::1], int64[::1], float64[::1], float64[::1], float64, float64[:, :, ::1], "
    "float64[:, :, ::1])"
)
def add_segments(
    members,
    x,
    spread,
    usable,
    information,
    pulls,
    begins,
    others,
    lengths,
    variances,
    across,
    new_information,
    new_pulls,
):
    """Write the information of some points, and that times the value, with their segments taken in.

    Parameters
    ----------
    members : (M,)
        The points.
    x : (T, P, 3)
        Where all points are, m.
    spread : (T, P, 6)
        Covariances of the other ends, m^2; 0 where they are taken as known.
    usable : (T, P) of bool
        Which points are known at all.
    information, pulls : (T, P, 6), (T, P, 3)
        Of what was measured.
    begins, others, lengths, variances : (P + 1,), (S,), (S,), (S,)
        The segments of point p are begins[p] .. begins[p + 1]; their other ends, lengths in m and variances
        of the length in m^2.
    across : float
        Part of the weight that holds a point in place across the segment; it makes steps smaller and does
        not move where they end.
    new_information, new_pulls : (T, M, 6), (T, M, 3)
        Written.
    """
    for t in range(x.shape[0]):
        for i in range(len(members)):
            p = members[i]
            w0, w1, w2 = information[t, p, 0], information[t, p, 1], information[t, p, 2]
            w3, w4, w5 = information[t, p, 3], information[t, p, 4], information[t, p, 5]
            p0, p1, p2 = pulls[t, p, 0], pulls[t, p, 1], pulls[t, p, 2]
            if usable[t, p]:
                for s in range(begins[p], begins[p + 1]):
                    o = others[s]
                    if not usable[t, o]:
                        continue
                    ux, uy, uz = x[t, p, 0] - x[t, o, 0], x[t, p, 1] - x[t, o, 1], x[t, p, 2] - x[t, o, 2]
                    length = math.sqrt(ux * ux + uy * uy + uz * uz)
                    if length < _SHORTEST:
                        continue
                    ux, uy, uz = ux / length, uy / length, uz / length
                    weight = 1.0 / (variances[s] + square_along(spread[t, o], ux, uy, uz))
                    along, all_ways = weight * (1.0 - across), weight * across
                    w0 += along * ux * ux + all_ways
                    w1 += along * ux * uy
                    w2 += along * ux * uz
                    w3 += along * uy * uy + all_ways
                    w4 += along * uy * uz
                    w5 += along * uz * uz + all_ways
                    y0, y1, y2 = x[t, o, 0], x[t, o, 1], x[t, o, 2]
                    y0, y1, y2 = y0 + lengths[s] * ux, y1 + lengths[s] * uy, y2 + lengths[s] * uz
                    inner = along * (ux * y0 + uy * y1 + uz * y2)
                    p0 += inner * ux + all_ways * y0
                    p1 += inner * uy + all_ways * y1
                    p2 += inner * uz + all_ways * y2
            new_information[t, i, 0] = w0
            new_information[t, i, 1] = w1
            new_information[t, i, 2] = w2
            new_information[t, i, 3] = w3
            new_information[t, i, 4] = w4
            new_information[t, i, 5] = w5
            new_pulls[t, i, 0] = p0
            new_pulls[t, i, 1] = p1
            new_pulls[t, i, 2] = p2
