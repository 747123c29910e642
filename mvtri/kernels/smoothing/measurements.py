"""From points with covariances to what the smoother takes, and how far points are from smooth tracks."""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import entry, jit_inline

FLOOR = 1e-12  # m^2 added to each variance: a micrometre, so that exact points have an information too


@jit_inline
def information_of(R, t, p):
    """Return the inverse of a covariance as six numbers, and whether it is one."""
    inverse = inverse3(
        R[t, p, 0, 0] + FLOOR,
        R[t, p, 0, 1],
        R[t, p, 0, 2],
        R[t, p, 1, 1] + FLOOR,
        R[t, p, 1, 2],
        R[t, p, 2, 2] + FLOOR,
    )
    return inverse, inverse[6] > 0.0 and inverse[0] > 0.0 and inverse[3] > 0.0 and inverse[5] < math.inf


@entry("(float64[:, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], boolean[:, ::1])")
def read_information(positions, covariances, information, there):
    """Write the information (T, P, 6) of points, 0 where one is missing or has no covariance.

    Parameters
    ----------
    positions, covariances : (T, P, 3), (T, P, 3, 3)
    there : (T, P) of bool
        Written: which points have an information.
    """
    for t in range(positions.shape[0]):
        for p in range(positions.shape[1]):
            known = True
            for row in range(3):
                known &= math.isfinite(positions[t, p, row])
            inverse, fine = information_of(covariances, t, p)
            there[t, p] = known and fine
            for row in range(6):
                information[t, p, row] = inverse[row] if there[t, p] else 0.0


@entry("(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1])")
def pulls_of(values, information, weights, weighed, pulls):
    """Write information times weight, (T, P, 6), and that times the value, (T, P, 3)."""
    for t in range(values.shape[0]):
        for p in range(values.shape[1]):
            w = weights[t, p]
            for row in range(6):
                weighed[t, p, row] = w * information[t, p, row]
            x, y, z = values[t, p, 0], values[t, p, 1], values[t, p, 2]
            W = weighed[t, p]
            pulls[t, p, 0] = W[0] * x + W[1] * y + W[2] * z
            pulls[t, p, 1] = W[1] * x + W[3] * y + W[4] * z
            pulls[t, p, 2] = W[2] * x + W[4] * y + W[5] * z


@entry("(float64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64, float64[:, ::1])")
def bend_squares(times, values, information, there, step, squares):
    """Write the chi square of each point about the straight line between its neighbours in time.

    Parameters
    ----------
    step : float
        s; only points whose neighbours are that far away in time, within a quarter, have one.
    squares : (T, P)
        Written, NaN where there is none; noise that is independent in time makes it 1.5 times that of three
        degrees of freedom.
    """
    squares[:] = math.nan
    for t in range(1, len(times) - 1):
        before, after = times[t] - times[t - 1], times[t + 1] - times[t]
        if abs(before - step) > 0.25 * step or abs(after - step) > 0.25 * step:
            continue
        for p in range(values.shape[1]):
            if there[t - 1, p] and there[t, p] and there[t + 1, p]:
                x = values[t, p, 0] - 0.5 * (values[t - 1, p, 0] + values[t + 1, p, 0])
                y = values[t, p, 1] - 0.5 * (values[t - 1, p, 1] + values[t + 1, p, 1])
                z = values[t, p, 2] - 0.5 * (values[t - 1, p, 2] + values[t + 1, p, 2])
                W = information[t, p]
                squares[t, p] = (
                    x * (W[0] * x + 2.0 * (W[1] * y + W[2] * z))
                    + y * (W[3] * y + 2.0 * W[4] * z)
                    + W[5] * z * z
                )


@entry(
    "(float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], "
    "float64[:, ::1], float64[:, ::1])"
)
def compare_with_smooth(values, information, smoothed, covariances, there, squares, shares):
    """Write how far each point is from its smooth track, and its own share in that.

    Parameters
    ----------
    values, information : (T, P, 3), (T, P, 6)
        What was measured.
    smoothed, covariances : (T, P, 3), (T, P, 6)
        What the smoother made of it.
    squares : (T, P)
        Written: residual^T information residual; NaN where nothing was measured.
    shares : (T, P)
        Written: trace of information times covariance, a third of which is the point's weight in its own
        smooth position if the covariance is in the unit of the information.
    """
    for t in range(values.shape[0]):
        for p in range(values.shape[1]):
            if not there[t, p]:
                squares[t, p], shares[t, p] = math.nan, math.nan
                continue
            x = values[t, p, 0] - smoothed[t, p, 0]
            y = values[t, p, 1] - smoothed[t, p, 1]
            z = values[t, p, 2] - smoothed[t, p, 2]
            W, S = information[t, p], covariances[t, p]
            squares[t, p] = (
                x * (W[0] * x + 2.0 * (W[1] * y + W[2] * z)) + y * (W[3] * y + 2.0 * W[4] * z) + W[5] * z * z
            )
            shares[t, p] = (
                W[0] * S[0] + W[3] * S[3] + W[5] * S[5] + 2.0 * (W[1] * S[1] + W[2] * S[2] + W[4] * S[4])
            )
