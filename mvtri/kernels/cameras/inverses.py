"""A polynomial that nearly inverts a lens over its image, and the disc on which Newton's answer is right."""

import math

import numpy as np

from mvtri.kernels.cameras.lenses import FISHEYE, distort_jacobian
from mvtri.kernels.cameras.undistortion import undistort
from mvtri.kernels.jit import entry

INVERSE = 16  # limit^2, reach^2, six radial coefficients, four of the product terms, four of the square terms

_DEGREES = np.array([1, 3, 5, 7, 9, 11, *[2, 4] * 4])
_RINGS, _SPOKES = 24, 16
_MARGIN = 0.01  # of the eigenvalues of the Jacobian's symmetric part


@entry("(int64, float64[::1], float64)")
def one_to_one_radius(model, d, radius):
    """Return the radius, at most `radius`, of a disc of rays on which the lens is one-to-one.

    On a convex set it is, where the symmetric part of its Jacobian is positive definite; looked at on 96
    rings of 64 places, with a margin.
    """
    for i in range(97):
        r = radius * i / 96
        for j in range(64):
            angle = 2.0 * math.pi * j / 64
            _, _, a, b, c, e = distort_jacobian(model, d, r * math.cos(angle), r * math.sin(angle))
            mean, cross = 0.5 * (a + e), 0.5 * (b + c)
            smaller = mean - math.sqrt((0.5 * (a - e)) ** 2 + cross * cross)
            if not smaller > _MARGIN:
                return radius * max(i - 1, 0) / 96
    return radius


@entry("(int64, float64[::1], float64[:, ::1], float64[:, ::1])")
def undistort_all(model, d, places, out):
    """Write the rays of many `places` (N, 2) of one lens into `out` (N, 2), the safe way."""
    for i in range(places.shape[0]):
        x, y = undistort(model, d, places[i, 0], places[i, 1])
        out[i, 0] = x
        out[i, 1] = y


def approximate_inverse(model, d, reach):
    """Return the coefficients (16,) with which `undistort_fast` begins.

    With q = xd^2 + yd^2 the ray is near ``x = xd s + q m_x``, ``y = yd s + q m_y``; s is a polynomial of
    degree five in q plus xd and yd times two linear ones; m_x and m_y are linear in q.  Fitted by least
    squares.  Of a fisheye it is the angle, in the ray's direction, that is near.

    Parameters
    ----------
    model : int
        `OPENCV`, `FISHEYE` or `HUMAN36M`.
    d : float64 (14,)
        Coefficients of the lens.
    reach : float
        The distance from the principal point, in distorted normalised coordinates, that is to be covered;
        less is where the lens cannot be inverted so far.
    """
    rings = np.sqrt((np.arange(_RINGS) + 1.0) / _RINGS)
    spokes = 2.0 * np.pi * np.arange(_SPOKES) / _SPOKES + 0.1
    circle = np.stack([np.cos(spokes), np.sin(spokes)], axis=-1)
    result = np.zeros(INVERSE)
    result[:2] = -1.0  # covers no place, so that `undistort_fast` takes the slow way everywhere
    rays = np.empty((_RINGS * _SPOKES, 2))
    for _ in range(12):
        places = (reach * rings[:, None, None] * circle).reshape(-1, 2)
        undistort_all(model, d, places, rays)
        if np.isfinite(rays).all():
            break
        reach *= 0.8
    else:
        return result
    radius = np.sqrt((rays**2).sum(axis=-1, keepdims=True))
    limit = one_to_one_radius(model, d, 1.02 * float(radius.max()))
    if model == FISHEYE:
        rays *= np.arctan(radius) / radius
    result[:2] = limit * limit, reach * reach
    # normal equations, scaled: not the last digit is wanted, and small products take no threads of BLAS
    basis = _basis(places / reach)
    fitted = np.linalg.solve(
        np.einsum("ni,nj->ij", basis, basis), np.einsum("ni,n->i", basis, rays.T.ravel())
    )
    result[2:] = fitted / reach**_DEGREES
    return result


def _basis(places):
    """Return the columns that the coefficients multiply: all x first, then all y (2N, 14).

    Each is of one of the `_DEGREES` in the places.
    """
    q = (places**2).sum(axis=-1)
    radial = q[:, None] ** np.arange(6)
    zero = np.zeros((len(q), 2))
    square = np.stack([q, q * q], axis=-1)
    halves = []
    for axis, tail in ((0, [square, zero]), (1, [zero, square])):
        own = places[:, axis, None]
        products = [own * places[:, k, None] * radial[:, :2] for k in (0, 1)]
        halves.append(np.hstack([own * radial, *products, *tail]))
    return np.vstack(halves)
