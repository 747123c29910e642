"""Where the radial part of a lens folds back, so that one place in the image is the image of two rays."""

import math

import numpy as np

from mvtri.kernels.jit import jit_allocating, jit_internal

_BISECTIONS = 200  # an interval of doubles is exhausted long before


@jit_internal
def polynomial(c, u):
    """Return c[0] + c[1] u + c[2] u^2 + ..."""
    value = 0.0
    for i in range(c.shape[0] - 1, -1, -1):
        value = value * u + c[i]
    return value


@jit_allocating
def first_root(c, top):
    """Return where on (0, `top`) the polynomial first ceases to be positive, `top` where it stays so.

    Between the roots of its derivative a polynomial is monotone, so bisection finds each root; those of the
    derivative are found likewise, beginning with the last but one derivative, which is a straight line.

    Parameters
    ----------
    c : float64 (n,)
        Coefficients, the constant first and positive.
    top : float
        Finite.
    """
    count = c.shape[0]
    cuts = np.zeros(count + 1)  # 0, the roots of the derivative, top
    cuts[1] = top
    found = 2
    derivative = np.empty(count)
    for degree in range(1, count):
        order = count - 1 - degree  # of the derivative, which has this degree
        for i in range(degree + 1):
            derivative[i] = c[i + order]
            for j in range(order):
                derivative[i] *= i + order - j
        part = derivative[: degree + 1]
        roots = 0
        previous = 0.0
        value = polynomial(part, previous)
        for k in range(1, found):
            low, high = previous, cuts[k]
            previous, begin = high, value
            value = polynomial(part, high)
            if (begin > 0.0) == (value > 0.0):
                continue
            for _ in range(_BISECTIONS):
                middle = 0.5 * (low + high)
                if middle <= low or middle >= high:
                    break
                if (polynomial(part, middle) > 0.0) == (begin > 0.0):
                    low = middle
                else:
                    high = middle
            if order == 0:
                return low
            roots += 1
            cuts[roots] = low
        cuts[roots + 1] = top
        found = roots + 2
    return top


@jit_allocating
def fold_angle(d):
    """Return the angle from the axis, at most pi/2, up to which a fisheye's polynomial rises."""
    c = np.array([1.0, 3.0 * d[0], 5.0 * d[1], 7.0 * d[2], 9.0 * d[3]])
    return math.sqrt(first_root(c, 0.25 * math.pi * math.pi))


@jit_allocating
def pole_radius2(d, top):
    """Return the squared radius, at most `top`, of the first pole of OpenCV's rational model."""
    if d[5] == 0.0 and d[6] == 0.0 and d[7] == 0.0:
        return top
    return first_root(np.array([1.0, d[5], d[6], d[7]]), top)


@jit_allocating
def fold_radius2(d, top):
    """Return the squared radius, at most `top`, up to which the radial part of the other models rises.

    The radial part is ``r N(u) / D(u)`` with u = r^2; it rises where ``(N + 2 u N') D - 2 u N D'`` is
    positive, as far as the first pole.
    """
    n = np.array([1.0, d[0], d[1], d[4]])
    below = np.array([1.0, d[5], d[6], d[7]])
    rise = np.zeros(7)
    for i in range(4):
        for j in range(4):
            rise[i + j] += n[i] * below[j] * (1.0 + 2.0 * i - 2.0 * j)
    return min(first_root(rise, top), pole_radius2(d, top))
