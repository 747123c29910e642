"""Scaling a body model to a person: how much larger each body is, from measured distances between markers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.biomechanics.positions import checked_positions
from mvtri.errors import InputError

Floats = NDArray[np.float64]
Point = str | tuple[str, ...]
"""A marker, or several markers whose middle is meant."""

AXES = "xyz"
_SHARE = 0.8  # of the frames, the middle ones by length, make a mean
_NORMAL = 1.4826  # times the median absolute deviation is the standard deviation of a normal distribution
_SMALLEST, _LARGEST = 0.2, 5.0  # times the model; more is another unit


class Measurement(NamedTuple):
    """What to measure, and which bodies it scales.

    Attributes
    ----------
    name : str
        Such as ``"thigh"``.
    bodies : tuple of str
        All are scaled by the same factor.
    axes : str
        Of the bodies, such as ``"xyz"`` or ``"z"``.
    paths : tuple of tuple of Point
        Each runs from point to point, and its length is measured; two points are one distance.  Several
        paths, such as those of the left and of the right side, are averaged.
    """

    name: str
    bodies: tuple[str, ...]
    axes: str
    paths: tuple[tuple[Point, ...], ...]


class ScaleFactor(NamedTuple):
    """What one measurement found.

    Attributes
    ----------
    measurement : Measurement
    factor : float
        Length of the person divided by that of the model; NaN where it could not be measured.
    spread : float
        Standard deviation of the factor from frame to frame (1.4826 times the median absolute deviation).
    between : float
        Largest difference between the factors of its paths, such as left and right.
    frames : int
        In which at least one path was seen whole.
    measured, model : float
        Mean length of the paths, m.
    reason : str
        Why there is no factor; empty where there is one.
    """

    measurement: Measurement
    factor: float
    spread: float
    between: float
    frames: int
    measured: float
    model: float
    reason: str


class Scaling(NamedTuple):
    """Factors of a person.

    Attributes
    ----------
    factors : dict
        For each body its factors (3,) along x, y and z.
    found : list of ScaleFactor
        One of each measurement.
    overall : float
        Median of the measured factors; what was not measured has it.
    """

    factors: dict[str, Floats]
    found: list[ScaleFactor]
    overall: float


def scale_factors(
    measurements: Sequence[Measurement],
    positions: ArrayLike,
    names: Sequence[str],
    model_positions: ArrayLike,
    model_names: Sequence[str],
    noise: ArrayLike = 0.0,
    fewest: int = 3,
) -> Scaling:
    """Return how much larger a person is than a model, body by body and axis by axis.

    Distances within a body do not change with the pose, and those along the spine hardly, so frames are
    pooled: of each path the middle 80 % of the frames by length count.  Noise makes distances longer, by its
    variance in the square; that is subtracted.

    Parameters
    ----------
    measurements : sequence of Measurement
    positions : array_like, shape (T, M, 3)
        Observed markers, m; NaN where missing.
    names : sequence of str
        Of the M markers.
    model_positions : array_like, shape (N, 3) or (T, N, 3)
        Markers of the model before it is scaled, m: in its default pose, or, more exactly, in the pose of
        each frame.
    model_names : sequence of str
    noise : array_like, shape () or (M,)
        Standard deviation of observed markers along each axis, m.
    fewest : int
        Frames that a path must be seen in to count.

    Returns
    -------
    Scaling

    Raises
    ------
    InputError
        If shapes do not fit, nothing can be measured, or the person is more than five times as large as the
        model or less than a fifth, which is another unit.
    """
    seen = checked_positions(_over_time(positions), names, "observed markers")
    own = checked_positions(_over_time(model_positions), model_names, "markers of the model")
    if len(own) not in (1, len(seen)):
        raise InputError(
            f"the model was given in {len(own)} poses; expected one, or one for each of {len(seen)} frames"
        )
    spread = np.broadcast_to(np.asarray(noise, dtype=np.float64), (len(names),))
    if not ((spread >= 0) & (spread < np.inf)).all() or fewest < 1:
        raise InputError("noise must be standard deviations in m, 0 or more, and fewest 1 or more")
    person, model = _Places(seen, list(names)), _Places(own, list(model_names))
    found = [_measure(one, person, model, spread**2, fewest) for one in measurements]
    there = [one.factor for one in found if np.isfinite(one.factor)]
    if not there:
        lacking = {one.reason: "there is no marker" in one.reason for one in found}
        reasons = "; ".join(sorted(lacking, key=lambda reason: (lacking[reason], reason))[:3])
        raise InputError(
            f"no distance of the model could be measured on the markers: {reasons or 'none given'}"
        )
    overall = float(np.median(there))
    if not _SMALLEST < overall < _LARGEST:
        raise InputError(
            f"the person is {overall:.3g} times as large as the model; expected about 1, so check that the "
            "markers are in metres and belong to one person"
        )
    return Scaling(_by_body(found, overall), found, overall)


def _by_body(found: Sequence[ScaleFactor], overall: float) -> dict[str, Floats]:
    """Return factors (3,) of each body; several measurements of one axis are averaged."""
    lists: dict[str, list[list[float]]] = {}
    for one in found:
        for body in one.measurement.bodies:
            columns = lists.setdefault(body, [[], [], []])
            for axis in one.measurement.axes if np.isfinite(one.factor) else "":
                columns[AXES.index(axis)].append(one.factor)
    return {
        body: np.array([np.mean(column) if column else overall for column in columns])
        for body, columns in lists.items()
    }


class _Places(NamedTuple):
    """Places (T, M, 3) of markers by name."""

    positions: Floats
    names: list[str]

    def lacks(self, path: Sequence[Point]) -> list[str]:
        return [name for point in path for name in _members(point) if name not in self.names]

    def weights(self, path: Sequence[Point]) -> Floats:
        """Return the share (P, M) of each marker in each point of a path."""
        shares = np.zeros((len(path), len(self.names)))
        for row, point in enumerate(path):
            for name in _members(point):
                shares[row, self.names.index(name)] += 1.0 / len(_members(point))
        return shares

    def squares(self, path: Sequence[Point]) -> Floats:
        """Return squared distances (T, P - 1) along a path."""
        columns = [[self.names.index(name) for name in _members(point)] for point in path]
        points = np.stack([self.positions[:, column].mean(axis=1) for column in columns], axis=1)
        squares: Floats = (np.diff(points, axis=1) ** 2).sum(axis=-1)
        return squares


def _measure(
    measurement: Measurement, person: _Places, model: _Places, variance: Floats, fewest: int
) -> ScaleFactor:
    """Return the factor of one measurement."""
    results, reasons = [], []
    for path in measurement.paths:
        found = _measure_path(path, person, model, variance, fewest)
        if isinstance(found, str):
            reasons.append(f"{measurement.name}: {found}")
        else:
            results.append(found)
    if not results:
        reason = reasons[0] if reasons else f"{measurement.name} has no path"
        return ScaleFactor(measurement, np.nan, np.nan, np.nan, 0, np.nan, np.nan, reason)
    factors = [one.measured / one.model for one in results]
    each = [one.each[np.isfinite(one.each)] for one in results]
    spreads = [_NORMAL * np.median(np.abs(factor - np.median(factor))) for factor in each]
    frames = np.any([np.isfinite(one.each) for one in results], axis=0)
    return ScaleFactor(
        measurement=measurement,
        factor=float(np.mean(factors)),
        spread=float(np.mean(spreads)),
        between=float(max(factors) - min(factors)),
        frames=int(frames.sum()),
        measured=float(np.mean([one.measured for one in results])),
        model=float(np.mean([one.model for one in results])),
        reason="",
    )


class _PathLength(NamedTuple):
    """Lengths of a path, m, of the person and of the model, and that factor in each frame (NaN: unseen)."""

    measured: float
    model: float
    each: Floats


def _measure_path(
    path: Sequence[Point], person: _Places, model: _Places, variance: Floats, fewest: int
) -> _PathLength | str:
    """Return the lengths of a path, or why there is none."""
    lacking = [*person.lacks(path), *model.lacks(path)]
    if lacking:
        return f"there is no marker {lacking[0]!r}"
    squares = person.squares(path)
    there = np.asarray(np.isfinite(squares).all(axis=-1))
    if there.sum() < fewest:
        return f"seen in {there.sum()} frames, expected {fewest} or more"
    lengths = np.broadcast_to(np.sqrt(model.squares(path)).sum(axis=-1), there.shape)
    if not (lengths[there] > 0).all():
        return "it has no length in the model"
    excess = 3.0 * (np.diff(person.weights(path), axis=0) ** 2) @ variance
    measured = sum(_length(column, extra) for column, extra in zip(squares[there].T, excess))
    each = np.where(there, np.sqrt(squares).sum(axis=-1) / lengths, np.nan)
    return _PathLength(measured, float(lengths[there].mean()), each)


def _length(squares: Floats, excess: float) -> float:
    """Return a length of squared distances (T,) to which noise added `excess`."""
    left = int(0.5 * (1.0 - _SHARE) * len(squares))
    middle = np.sort(squares)[left : len(squares) - left]
    return float(np.sqrt(max(float(middle.mean()) - excess, 0.0)))


def _members(point: Point) -> tuple[str, ...]:
    return (point,) if isinstance(point, str) else point


def _over_time(positions: ArrayLike) -> Floats:
    """Return positions (T, M, 3), one frame for those without an axis of time."""
    array = np.asarray(positions, dtype=np.float64)
    return array[None] if array.ndim == 2 else array


def scale_table(scaling: Scaling) -> list[Mapping[str, object]]:
    """Return what was measured as rows of a table: names, lengths in m, factors and their spreads."""
    return [
        {
            "measurement": one.measurement.name,
            "bodies": ", ".join(one.measurement.bodies),
            "axes": one.measurement.axes,
            "measured_m": one.measured,
            "model_m": one.model,
            "factor": one.factor,
            "spread": one.spread,
            "between": one.between,
            "frames": one.frames,
            "reason": one.reason,
        }
        for one in scaling.found
    ]
