"""What scores are made of: the `Score`, and means that count what is missing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mvtri.errors import InputError

Axis = int | tuple[int, ...] | None
Root = int | Sequence[int] | None


class Score(float):
    """A number that knows which part of the expected it stands for.

    It is a float in every respect; arithmetic gives plain floats.

    Attributes
    ----------
    count : int
        How many were scored.
    expected : int
        Of how many.
    """

    count: int
    expected: int

    def __new__(cls, value: float, count: int, expected: int) -> "Score":
        """Make a float `value` that stands for `count` of `expected` joints."""
        score = super().__new__(cls, value)
        score.count = int(count)
        score.expected = int(expected)
        return score

    @property
    def fraction(self) -> float:
        """Scored over expected, 0..1; NaN where nothing was expected."""
        return self.count / self.expected if self.expected else float("nan")

    def __getnewargs__(self) -> tuple[float, int, int]:  # type: ignore[override]
        return float(self), self.count, self.expected

    def __repr__(self) -> str:
        return f"Score({float(self)!r}, count={self.count}, expected={self.expected})"


def coverage(pred: ArrayLike, truth: ArrayLike | None = None, axis: Axis = None) -> float | np.ndarray:
    """Return the fraction of the expected joints that have an estimate.

    Parameters
    ----------
    pred : array_like, shape (..., K, D)
    truth : array_like, shape (..., K, D), optional
        Where it is not finite nothing is expected; without it every joint is.
    axis : int or tuple of int, optional
        Of the (..., K) array of joints, to count along; all by default.

    Returns
    -------
    float or ndarray
        0..1, NaN where nothing was expected.
    """
    pred, truth = pair(pred, np.zeros(np.shape(pred)) if truth is None else truth)
    expected, scored = masks(pred, truth)
    return divide(scored.sum(axis=axis), expected.sum(axis=axis))


def pair(pred: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float64 of one shape (..., K, D), with NaN for whatever is not finite."""
    a, b = np.asarray(pred, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if a.shape != b.shape or a.ndim < 2:
        raise InputError(
            f"the estimate has the shape {a.shape} and the truth {b.shape}; "
            "expected (..., keypoints, coordinates) and the same for both"
        )
    return np.where(np.isfinite(a), a, np.nan), np.where(np.isfinite(b), b, np.nan)


def masks(pred: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which joints are expected and which of those are scored, each (..., K)."""
    expected = np.isfinite(truth).all(axis=-1)
    return expected, expected & np.isfinite(pred).all(axis=-1)


def rooted(points: np.ndarray, root: Root) -> np.ndarray:
    """Return `points` (..., K, D) less the mean of the joints `root`; as they are without any."""
    if root is None:
        return points
    relative: np.ndarray = points - points[..., np.atleast_1d(root), :].mean(axis=-2, keepdims=True)
    return relative


def mean_error(errors: np.ndarray, expected: np.ndarray, axis: Axis) -> Score | np.ndarray:
    """Return the mean of the `errors` that are finite, and which part of the `expected` they are."""
    if axis is None:
        return mean_score(errors, expected)
    scored = np.isfinite(errors)
    return divide(np.where(scored, errors, 0.0).sum(axis=axis), scored.sum(axis=axis))


def mean_score(errors: np.ndarray, expected: np.ndarray) -> Score:
    """Return `mean_error` over everything."""
    scored = np.isfinite(errors)
    value = divide(np.where(scored, errors, 0.0).sum(), scored.sum())
    return _score(value, expected, scored)


def rate(points: np.ndarray, expected: np.ndarray, scored: np.ndarray, axis: Axis) -> Score | np.ndarray:
    """Return the sum of `points` (0..1 each) over the scored, as a fraction of all that were expected."""
    value = divide(np.where(scored, points, 0.0).sum(axis=axis), expected.sum(axis=axis))
    return value if axis is not None else _score(value, expected, scored)


def divide(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return ``total / count``, NaN where the count is 0."""
    total, count = np.asarray(total, dtype=np.float64), np.asarray(count)
    ratio: np.ndarray = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)[()]
    return ratio


def _score(value: np.ndarray, expected: np.ndarray, scored: np.ndarray) -> Score:
    return Score(float(value), int(scored.sum()), int(expected.sum()))
