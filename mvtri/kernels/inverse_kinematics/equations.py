"""The normal equations of one frame: markers with their covariances, and priors of the coordinates."""

import math

from mvtri.kernels.jit import jit_inline, jit_internal


@jit_inline
def student(square, freedom):
    """Return the weight and the cost of a residual of three numbers, its square in standard deviations.

    Lange, Little, Taylor, Robust Statistical Modeling Using the t Distribution (1989), equation 3.
    """
    if freedom < math.inf:
        return (freedom + 3.0) / (freedom + square), (freedom + 3.0) * math.log1p(square / freedom)
    return 1.0, square


@jit_inline
def weighted(i, x, y, z):
    """Return the product of a symmetric matrix of six numbers and a vector."""
    return i[0] * x + i[1] * y + i[2] * z, i[1] * x + i[3] * y + i[4] * z, i[2] * x + i[4] * y + i[5] * z


@jit_inline
def difference(a, b):
    """Return a - b, three numbers."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@jit_internal
def marker_cost(positions, places, information, freedom):
    """Return the cost of all markers of a frame: minus twice the logarithm of their likelihood."""
    cost = 0.0
    for m in range(len(places)):
        if information[m, 0] > 0.0:
            x, y, z = difference(positions[m], places[m])
            a, b, c = weighted(information[m], x, y, z)
            cost += student(x * a + y * b + z * c, freedom)[1]
    return cost


@jit_internal
def prior_cost(q, before, prior):
    """Return the cost of the priors: towards the middle, and towards the frame before."""
    cost = 0.0
    for j in range(len(q)):
        cost += prior.information[j] * (q[j] - prior.middle[j]) ** 2 + prior.pull[j] * (q[j] - before[j]) ** 2
    return cost


@jit_internal
def add_markers(tree, jacobian, positions, places, information, freedom, most_weight, H, g):
    """Add the markers of a frame to the normal equations (the lower half of H); return their cost."""
    cost = 0.0
    for m in range(len(places)):
        body, known = tree.marker_bodies[m], information[m]
        if not known[0] > 0.0 or body < 0:
            continue
        x, y, z = difference(positions[m], places[m])
        a, b, c = weighted(known, x, y, z)
        weight, own = student(x * a + y * b + z * c, freedom)
        cost += own
        weight = min(weight, most_weight)
        d = jacobian[m]
        begin, end = tree.column_begins[body], tree.column_begins[body + 1]
        for s in range(begin, end):
            j = tree.columns[s]
            g[j] += weight * (d[0, j] * a + d[1, j] * b + d[2, j] * c)
            u, v, w = weighted(known, weight * d[0, j], weight * d[1, j], weight * d[2, j])
            for r in range(begin, s + 1):
                i = tree.columns[r]
                H[max(i, j), min(i, j)] += u * d[0, i] + v * d[1, i] + w * d[2, i]
    return cost
