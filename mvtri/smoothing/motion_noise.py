"""What a smoother must know and the data say: how strongly each point is moved, and how long errors last."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MEDIAN = 2.365974  # of chi square with three degrees of freedom
TRIALS = np.logspace(-4.0, 4.0, 13)  # m^2/s^3, spectral densities of acceleration that are tried
_SPREAD = 0.5  # decades (standard deviation) between the keypoints of one person, as prior
DECIDING = 2.5  # Hz, amid the frequencies of people who move
SLOW, FAST, CALM = 1.5, 4.0, 0.7  # Hz, Hz, and part of the process noise
_LONGEST = 1.0  # s: errors are taken to last no longer
_MIN_BENDS = 30  # chi squares; with fewer, errors are taken to be independent
_MIN_RESIDUALS = 300  # with fewer, errors are taken to be normal
_TAILS = np.array([3.0, 4.0, 5.0, 6.0, 8.0, 12.0])  # degrees of freedom


def correlation_of(squares: Floats, step: float) -> float:
    """Return how much errors of successive frames correlate, 0..1, from how much tracks bend.

    The error of a point about the straight line between its neighbours has 1.5 times the variance of one
    point if errors are independent, and 1.5 - 2 r + r^2 / 2 times if those of successive frames correlate
    by r and of the next but one by r^2.  Motion makes it larger, so r is rather too small than too large.

    Parameters
    ----------
    squares : ndarray
        Chi squares of bends, NaN where there is none (`bend_squares`).
    step : float
        s from frame to frame.
    """
    found = squares[np.isfinite(squares)]
    if len(found) < _MIN_BENDS:
        return 0.0
    ratio = float(np.median(found)) / MEDIAN
    if ratio >= 1.5:
        return 0.0
    correlation = 2.0 - np.sqrt(1.0 + 2.0 * ratio)
    return float(min(correlation, np.exp(-step / _LONGEST)))


def tail_of(squares: Floats) -> float:
    """Return the degrees of freedom of the Student's t that errors follow; infinite where they are normal.

    The 90 % point of the chi squares of residuals, divided by their median, is 2.64 for normal errors and
    grows with the tail (the F distribution with three and that many degrees of freedom).

    Parameters
    ----------
    squares : ndarray
        Chi squares of residuals, NaN where there is none.
    """
    from scipy.stats import f

    found = squares[np.isfinite(squares)]
    if len(found) < _MIN_RESIDUALS:
        return np.inf
    middle, high = np.quantile(found, [0.5, 0.9])
    if not middle > 0:
        return np.inf
    ratios = f.ppf(0.9, 3, _TAILS) / f.ppf(0.5, 3, _TAILS)  # falls with the degrees of freedom
    fitting = _TAILS[ratios >= high / middle]
    if high / middle <= ratios[-1]:
        return np.inf
    return float(fitting[-1]) if len(fitting) else float(_TAILS[0])


def student_weights(squares: Floats, tail: float) -> Floats:
    """Return the weight of each point in a smoother of normal errors, if errors follow Student's t.

    ``(tail + 3) / (tail + chi square)``, the expected information of a point given its residual (Lange,
    Little, Taylor, J. Am. Stat. Assoc. 84 (1989) 881).
    """
    weights: Floats = np.nan_to_num((tail + 3.0) / (tail + squares), nan=1.0)
    return weights


def inflation_for(correlation: float, step: float) -> float:
    """Return by how much errors that correlate by r from frame to frame disturb a smoother more than others.

    It is their spectral density (an AR(1) process) over that of independent errors of the same variance,
    ``(1 - r^2) / (1 - 2 r cos w + r^2)``, at the frequency `DECIDING`: near there a smoother has to decide
    what is motion.  Slower errors cannot be told from motion, and who tries takes the motion away.

    Parameters
    ----------
    correlation : float
        r.
    step : float
        s from frame to frame.
    """
    return max(1.0, _density(correlation, _angle(step)))


def lasting_for(correlation: float, step: float) -> float:
    """Return by how much the covariances of smooth points grow because errors last, 1 or more.

    A smoother lets through the frequencies below `DECIDING`, where errors that last are stronger than at
    that frequency: it is the mean of their spectral density there over the inflation.
    """
    angle = _angle(step)
    ratio = (1.0 + correlation) / (1.0 - correlation)
    mean = 2.0 / angle * np.arctan(ratio * np.tan(0.5 * angle))
    return float(max(1.0, mean / inflation_for(correlation, step)))


def _density(correlation: float, angle: float) -> float:
    return float((1.0 - correlation**2) / (1.0 - 2.0 * correlation * np.cos(angle) + correlation**2))


def _angle(step: float) -> float:
    """Return the frequency `DECIDING` as an angle per frame, below half the rate."""
    return float(min(2.0 * np.pi * DECIDING * step, 0.9 * np.pi))


def calm_for(process: Floats, precision: Floats, step: float) -> Floats:
    """Return which part of the likeliest process noise (P,) smooths best.

    White noise of acceleration has more power at high frequencies than people have, so the likelihood takes
    more for motion than there is.  Where the smoother has to let through fast motion, above `FAST`, it is
    right all the same; below `SLOW`, `CALM` of the process noise is best (chosen on synthetic people).  The
    frequency at which the smoother lets through half, ``(q / r)^(1/4) / (2 pi)``, decides; r is the variance
    of a measurement times the time between two.

    Parameters
    ----------
    process, precision : ndarray, shape (P,)
        m^2/s^3, and one over the variance of a measurement, 1/m^2.
    step : float
        s from frame to frame.
    """
    frequency = (process * precision / step) ** 0.25 / (2.0 * np.pi)
    share = np.clip(np.log(np.maximum(frequency, 1e-9) / SLOW) / np.log(FAST / SLOW), 0.0, 1.0)
    part: Floats = CALM ** (1.0 - share)
    return part


def choose_process(
    costs: Callable[[Floats], Floats],
    groups: NDArray[np.int64],
    enough: NDArray[np.bool_],
    alike: NDArray[np.int64],
) -> Floats:
    """Return the spectral density of acceleration (P,) of each track by maximum likelihood, m^2/s^3.

    The tracks of a person are not alike, but not unlike either: a density has a log-normal prior about the
    best one that all tracks of the person could share.

    Parameters
    ----------
    costs : callable
        ``costs(process (Q, P))`` returns minus twice the log likelihoods (Q, P).
    groups : ndarray of int, shape (P,)
        The person of each track.
    enough : ndarray of bool, shape (P,)
        Whether a track has enough points to say anything.
    alike : ndarray of int, shape (P,)
        Tracks of a person with the same number share one density.
    """
    tracks = len(groups)
    found = costs(np.repeat(TRIALS[:, None], tracks, axis=1))
    logs = np.log10(TRIALS)
    chosen = np.empty(tracks)
    for group in np.unique(groups):
        members = groups == group
        speaking = members & enough
        if not speaking.any():
            chosen[members] = 0.0
            continue
        shared = _lowest(logs, found[:, speaking].sum(axis=1)[:, None])[0]
        prior = ((logs - shared) / _SPREAD) ** 2
        _, which = np.unique(alike[members], return_inverse=True)
        together = np.zeros((which.max() + 1, len(logs)))
        np.add.at(together, which[speaking[members]], found[:, speaking].T)
        chosen[members] = _lowest(logs, (together + prior).T)[which]
    return np.asarray(10.0**chosen)


def _lowest(places: Floats, costs: Floats) -> Floats:
    """Return where each column of `costs` is lowest: the vertex of a parabola about its lowest value."""
    best = np.clip(costs.argmin(axis=0), 1, len(places) - 2)
    column = np.arange(costs.shape[1])
    low, middle, high = (costs[best + move, column] for move in (-1, 0, 1))
    bend = low - 2.0 * middle + high
    shift = np.divide(0.5 * (low - high), bend, out=np.zeros_like(bend), where=bend > 0)
    lowest: Floats = places[best] + np.clip(shift, -1.0, 1.0) * (places[1] - places[0])
    return lowest
