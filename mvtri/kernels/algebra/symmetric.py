"""Symmetric 3x3 and 2x2 systems by cofactors: one division each, no branches.

A symmetric 3x3 matrix is six scalars in the order 00, 01, 02, 11, 12, 22.
"""

from mvtri.kernels.jit import jit_inline


@jit_inline
def solve3(a, b, c, d, e, f, x, y, z):
    """Return the solution of the symmetric system with the right side (x, y, z), and the determinant."""
    c00 = d * f - e * e
    c01 = c * e - b * f
    c02 = b * e - c * d
    c11 = a * f - c * c
    c12 = b * c - a * e
    c22 = a * d - b * b
    det = a * c00 + b * c01 + c * c02
    w = 1.0 / det
    return (
        (c00 * x + c01 * y + c02 * z) * w,
        (c01 * x + c11 * y + c12 * z) * w,
        (c02 * x + c12 * y + c22 * z) * w,
        det,
    )


@jit_inline
def inverse3(a, b, c, d, e, f):
    """Return the six entries of the inverse, and the determinant."""
    c00 = d * f - e * e
    c01 = c * e - b * f
    c02 = b * e - c * d
    det = a * c00 + b * c01 + c * c02
    w = 1.0 / det
    return c00 * w, c01 * w, c02 * w, (a * f - c * c) * w, (b * c - a * e) * w, (a * d - b * b) * w, det


@jit_inline
def inverse2(a, b, c):
    """Return the three entries of the inverse of [[a, b], [b, c]]."""
    w = 1.0 / (a * c - b * b)
    return c * w, -b * w, a * w
