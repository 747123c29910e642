"""3x3 matrices as tuples: 9 numbers row by row; of a symmetric one 6, in the order 00, 01, 02, 11, 12, 22."""

from mvtri.kernels.jit import jit_inline


@jit_inline
def add3(a, b):
    """Return the sum of two vectors."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@jit_inline
def add6(a, b):
    """Return the sum of two symmetric matrices."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5]


@jit_inline
def add9(a, b):
    """Return the sum of two matrices."""
    return (
        a[0] + b[0],
        a[1] + b[1],
        a[2] + b[2],
        a[3] + b[3],
        a[4] + b[4],
        a[5] + b[5],
        a[6] + b[6],
        a[7] + b[7],
        a[8] + b[8],
    )


@jit_inline
def scale3(a, s):
    """Return a vector times a number."""
    return a[0] * s, a[1] * s, a[2] * s


@jit_inline
def scale6(a, s):
    """Return a symmetric matrix times a number."""
    return a[0] * s, a[1] * s, a[2] * s, a[3] * s, a[4] * s, a[5] * s


@jit_inline
def scale9(a, s):
    """Return a matrix times a number."""
    return a[0] * s, a[1] * s, a[2] * s, a[3] * s, a[4] * s, a[5] * s, a[6] * s, a[7] * s, a[8] * s


@jit_inline
def raise_diagonal(a, s):
    """Return a symmetric matrix with `s` added to its diagonal."""
    return a[0] + s, a[1], a[2], a[3] + s, a[4], a[5] + s


@jit_inline
def add_to_diagonal(a, s):
    """Return a symmetric matrix with the three numbers `s` added to its diagonal."""
    return a[0] + s[0], a[1], a[2], a[3] + s[1], a[4], a[5] + s[2]


@jit_inline
def all_of(a):
    """Return the nine entries of a symmetric matrix."""
    return a[0], a[1], a[2], a[1], a[3], a[4], a[2], a[4], a[5]


@jit_inline
def transposed(a):
    """Return the transpose of a matrix."""
    return a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]


@jit_inline
def twice_symmetric(a):
    """Return a matrix plus its transpose, as six numbers."""
    return 2.0 * a[0], a[1] + a[3], a[2] + a[6], 2.0 * a[4], a[5] + a[7], 2.0 * a[8]


@jit_inline
def apply(a, x):
    """Return the matrix a times the vector x."""
    return (
        a[0] * x[0] + a[1] * x[1] + a[2] * x[2],
        a[3] * x[0] + a[4] * x[1] + a[5] * x[2],
        a[6] * x[0] + a[7] * x[1] + a[8] * x[2],
    )


@jit_inline
def multiply(a, b):
    """Return the product of two matrices."""
    return (
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
        a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
        a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
        a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
        a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
        a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
        a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
        a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )


@jit_inline
def multiply_symmetric(a, b):
    """Return the product of two matrices that is known to be symmetric, as six numbers."""
    return (
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
        a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
        a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
        a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
        a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )


@jit_inline
def inverse9(a):
    """Return the inverse of a matrix, by cofactors, and its determinant."""
    c0 = a[4] * a[8] - a[5] * a[7]
    c1 = a[5] * a[6] - a[3] * a[8]
    c2 = a[3] * a[7] - a[4] * a[6]
    det = a[0] * c0 + a[1] * c1 + a[2] * c2
    w = 1.0 / det
    inverse = (
        c0 * w,
        (a[2] * a[7] - a[1] * a[8]) * w,
        (a[1] * a[5] - a[2] * a[4]) * w,
        c1 * w,
        (a[0] * a[8] - a[2] * a[6]) * w,
        (a[2] * a[3] - a[0] * a[5]) * w,
        c2 * w,
        (a[1] * a[6] - a[0] * a[7]) * w,
        (a[0] * a[4] - a[1] * a[3]) * w,
    )
    return inverse, det


@jit_inline
def load3(rows, first, lanes, i):
    """Return the vector that starts at row `first` of `rows`, of lane i."""
    return rows[first + i], rows[first + lanes + i], rows[first + 2 * lanes + i]


@jit_inline
def load6(rows, first, lanes, i):
    """Return the symmetric matrix that starts at row `first`, of lane i."""
    return (
        rows[first + i],
        rows[first + lanes + i],
        rows[first + 2 * lanes + i],
        rows[first + 3 * lanes + i],
        rows[first + 4 * lanes + i],
        rows[first + 5 * lanes + i],
    )


@jit_inline
def load9(rows, first, lanes, i):
    """Return the matrix that starts at row `first`, of lane i."""
    return (
        rows[first + i],
        rows[first + lanes + i],
        rows[first + 2 * lanes + i],
        rows[first + 3 * lanes + i],
        rows[first + 4 * lanes + i],
        rows[first + 5 * lanes + i],
        rows[first + 6 * lanes + i],
        rows[first + 7 * lanes + i],
        rows[first + 8 * lanes + i],
    )


@jit_inline
def copy(target, source):
    """Write a row of numbers; for ``target[:] = source``, Numba compiles two seconds of error messages."""
    for i in range(target.shape[0]):
        target[i] = source[i]


@jit_inline
def store3(rows, first, lanes, i, a):
    """Write a vector from row `first` on, of lane i."""
    rows[first + i], rows[first + lanes + i], rows[first + 2 * lanes + i] = a[0], a[1], a[2]


@jit_inline
def store6(rows, first, lanes, i, a):
    """Write a symmetric matrix from row `first` on, of lane i."""
    rows[first + i] = a[0]
    rows[first + lanes + i] = a[1]
    rows[first + 2 * lanes + i] = a[2]
    rows[first + 3 * lanes + i] = a[3]
    rows[first + 4 * lanes + i] = a[4]
    rows[first + 5 * lanes + i] = a[5]


@jit_inline
def store9(rows, first, lanes, i, a):
    """Write a matrix from row `first` on, of lane i."""
    rows[first + i] = a[0]
    rows[first + lanes + i] = a[1]
    rows[first + 2 * lanes + i] = a[2]
    rows[first + 3 * lanes + i] = a[3]
    rows[first + 4 * lanes + i] = a[4]
    rows[first + 5 * lanes + i] = a[5]
    rows[first + 6 * lanes + i] = a[6]
    rows[first + 7 * lanes + i] = a[7]
    rows[first + 8 * lanes + i] = a[8]
