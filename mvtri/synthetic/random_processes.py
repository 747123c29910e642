"""Random processes over time: correlated noise, and states that switch on and off."""

import numpy as np


def lasting_normal(rng: np.random.Generator, shape: tuple[int, ...], frames: float) -> np.ndarray:
    """Return a stationary standard normal process along the first axis.

    The first-order autoregression ``x_t = a x_(t-1) + sqrt(1 - a²) e_t``, ``a = exp(-1 / frames)``, whose
    correlation after n steps is ``exp(-n / frames)``; independent where `frames` is 0.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
        (T, ...).
    frames : float
        The time constant, in steps.
    """
    noise = rng.standard_normal(shape)
    if frames <= 0:
        return noise
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / frames)
    noise[1:] *= np.sqrt(1.0 - keep * keep)
    filtered: np.ndarray = lfilter([1.0], [1.0, -keep], noise, axis=0)
    return filtered


def tail_scales(rng: np.random.Generator, shape: tuple[int, ...], dof: int, frames: float) -> np.ndarray:
    """Return what a standard normal is multiplied with to become Student's t of variance 1.

    ``sqrt((dof - 2) / chi²)``, chi² being the sum of the squares of `dof` processes of `lasting_normal`, so
    that it lasts as they do.
    """
    if frames <= 0:
        square = rng.chisquare(dof, shape)
    else:
        square = np.zeros(shape)
        for _ in range(dof):
            square += lasting_normal(rng, shape, frames) ** 2
    return np.sqrt((dof - 2) / square)


def episodes(
    rng: np.random.Generator, shape: tuple[int, ...], rate: float, frames: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a state that comes and goes along the first axis, and since when it has been on.

    A stationary two-state Markov chain: on a fraction `rate` of the time, for `frames` steps on average.  The
    shortest possible is 1 / (1 - rate), where the steps are independent of each other.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
        (T, ...).
    rate : float
        0 to 1.
    frames : float
        Mean duration, in steps.

    Returns
    -------
    on : ndarray of bool, shape (T, ...)
    since : ndarray of int, shape (T, ...)
        The step at which the present episode began; 0 where there is none.
    """
    drawn = rng.random(shape)
    steps = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    leave = min(1.0 / max(frames, 1.0), 1.0 - rate)
    enter = rate * leave / (1.0 - rate) if rate < 1.0 else 0.0
    begins = np.where(steps == 0, drawn < rate, drawn < enter)
    ends = np.where(steps == 0, drawn >= rate, drawn > 1.0 - leave)
    last = np.maximum.accumulate(np.where(begins | ends, steps, 0), axis=0)
    on = np.take_along_axis(begins, last, axis=0)
    fresh = on.copy()
    fresh[1:] &= ~on[:-1]
    return on, np.where(on, np.maximum.accumulate(np.where(fresh, steps, 0), axis=0), 0)
