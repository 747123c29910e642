"""Systems whose matrix was factored into a triangle and its transpose, L L^T."""

from mvtri.kernels.jit import jit_inline


@jit_inline
def solve_factored(size, L, x):
    """Replace the right side `x` by the solution of L L^T y = x; the diagonal of `L` holds inverses.

    A row with 0 on the diagonal has the solution 0.
    """
    for i in range(size):
        for k in range(i):
            x[i] -= L[i, k] * x[k]
        x[i] *= L[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            x[i] -= L[k, i] * x[k]
        x[i] *= L[i, i]
