"""Functions of one coordinate, made of polynomial pieces, and coordinates that are functions of others."""

from mvtri.kernels.jit import jit_internal


@jit_internal
def value_and_slope(tree, function, x):
    """Return what a function of the tree gives at x, and its derivative.

    Pieces are searched by halving; each is evaluated by Horner's rule.
    """
    low, high = tree.piece_begins[function], tree.piece_begins[function + 1]
    while high - low > 1:
        middle = (low + high) // 2
        if x >= tree.piece_starts[middle]:
            low = middle
        else:
            high = middle
    along = x - tree.piece_origins[low]
    value = slope = 0.0
    for i in range(tree.piece_terms[low] - 1, -1, -1):
        slope = slope * along + value
        value = value * along + tree.coefficients[low, i]
    return value, slope


@jit_internal
def expand_coordinates(tree, free, coordinates, rates):
    """Write all coordinates from the free ones, and how fast each moves with the free one that it follows.

    Parameters
    ----------
    tree : Tree
    free : (F,)
    coordinates, rates : (Q,)
        Written.  A coordinate that follows none and is not free has its default and the rate 0.
    """
    for i in range(len(tree.order)):
        q = tree.order[i]
        source = tree.sources[q]
        if source >= 0:
            value, slope = value_and_slope(tree, tree.source_functions[q], coordinates[source])
            coordinates[q], rates[q] = value, slope * rates[source]
        elif tree.roots[q] >= 0:
            coordinates[q], rates[q] = free[tree.roots[q]], 1.0
        else:
            coordinates[q], rates[q] = tree.defaults[q], 0.0
