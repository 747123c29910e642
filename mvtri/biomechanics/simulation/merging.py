"""Merging markers of two sources into one set, frame by frame; each marker says where it comes from."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.biomechanics.positions import checked_positions
from mvtri.errors import InputError

Floats = NDArray[np.float64]
_FAR = 20.0  # m from the origin: where a person in metres hardly is, and a person in millimetres always
_APART = 100.0  # times as far: a difference that no two parts of a person have there


class Source(IntEnum):
    """Where the position of a marker in a frame comes from."""

    MISSING = 0
    OBSERVED = 1
    PREDICTED = 2
    SIMULATED = 3


class Markers(NamedTuple):
    """Markers of one person.

    Attributes
    ----------
    names : list of str
        M markers.
    positions : ndarray, shape (T, M, 3)
        m; NaN where missing.
    sources : ndarray of uint8, shape (T, M)
        `Source` of each.
    distances : ndarray, shape (T, M)
        How far the two sources lay apart, m; NaN where there were not both.
    """

    names: list[str]
    positions: Floats
    sources: NDArray[np.uint8]
    distances: Floats


def merge_markers(
    mocap: ArrayLike,
    mocap_names: Sequence[str],
    predicted: ArrayLike,
    predicted_names: Sequence[str],
) -> Markers:
    """Merge markers of motion capture with predicted pseudo-markers, the first step of the framework.

    A marker that both have is that of motion capture, and the predicted one where that is missing.

    Parameters
    ----------
    mocap : array_like, shape (T, A, 3)
        m; NaN where missing.
    mocap_names : sequence of str
        Of the A markers.
    predicted : array_like, shape (T, B, 3)
        In the same unit, axes and frames.
    predicted_names : sequence of str
        Of the B pseudo-markers.

    Returns
    -------
    Markers
        First those of motion capture, then those that only the prediction has.

    Raises
    ------
    InputError
        If shapes do not fit, a name occurs twice, or the markers of one lie a hundred times as far from the
        origin as those of the other, which are two units.
    """
    names = [*mocap_names, *(name for name in predicted_names if name not in set(mocap_names))]
    first = _arranged(mocap, mocap_names, names, "mocap markers")
    second = _arranged(predicted, predicted_names, names, "predicted markers")
    return _merge(names, (first, Source.OBSERVED), (second, Source.PREDICTED))


def merge_simulated(
    observed: Markers,
    simulated: ArrayLike,
    simulated_names: Sequence[str],
    keep: Sequence[str] | None = None,
) -> Markers:
    """Merge the markers of a moved model with the observed ones, the fifth step of the framework.

    Parameters
    ----------
    observed : Markers
        From `merge_markers`.
    simulated : array_like, shape (T, B, 3)
        Markers of the model, m.
    simulated_names : sequence of str
    keep : sequence of str, optional
        Markers whose observed positions, predicted ones too, stay where there are any; all others become
        those of the model.  By default positions that motion capture saw (`Source.OBSERVED`) stay, so that
        those of the spine come from the model.

    Returns
    -------
    Markers
        In the order of `observed`, then those that only the model has.

    Raises
    ------
    InputError
        If shapes or names do not fit.
    """
    unknown = [name for name in keep or () if name not in observed.names]
    if unknown:
        raise InputError(
            f"the marker {unknown[0]!r} is to be kept, but was not observed; observed were "
            f"{', '.join(observed.names)}"
        )
    names = [*observed.names, *(name for name in simulated_names if name not in set(observed.names))]
    first = _arranged(simulated, simulated_names, names, "simulated markers")
    second = _arranged(observed.positions, observed.names, names, "observed markers")
    merged = _merge(names, (first, Source.SIMULATED), (second, Source.OBSERVED))
    before = np.zeros(merged.sources.shape, dtype=np.uint8)
    before[:, : len(observed.names)] = observed.sources
    stays = before == Source.OBSERVED
    if keep is not None:
        stays = np.isin(names, list(keep)) & (before != Source.MISSING)
    positions = np.where(stays[..., None], second, merged.positions)
    own = stays | (merged.sources == Source.OBSERVED)
    return Markers(names, positions, np.where(own, before, merged.sources), merged.distances)


def _merge(names: list[str], first: tuple[Floats, Source], second: tuple[Floats, Source]) -> Markers:
    """Merge two arrays (T, M, 3) whose markers are in the same columns; the first has precedence."""
    (one, source), (other, spare) = first, second
    if len(one) != len(other):
        raise InputError(
            f"the markers to merge have {len(one)} and {len(other)} frames; expected the same frames, so "
            "bring both to one clock first"
        )
    here, there = (np.asarray(np.isfinite(part).all(axis=-1)) for part in (one, other))
    _check_unit(one[here], other[there])
    positions = np.where(here[..., None], one, other)
    sources = np.where(here, source, np.where(there, spare, Source.MISSING)).astype(np.uint8)
    return Markers(names, positions, sources, np.linalg.norm(one - other, axis=-1))


def _check_unit(one: Floats, other: Floats) -> None:
    """Raise where the markers (P, 3) of two sources cannot be one person's in one unit."""
    if not (len(one) and len(other)):
        return
    near, far = sorted(float(np.median(np.linalg.norm(part, axis=-1))) for part in (one, other))
    if far > max(_FAR, _APART * near):
        raise InputError(
            f"the markers of one source lie {near:.3g} from the origin, those of the other {far:.3g}; are "
            "these metres and millimetres?  Pass both in metres"
        )


def _arranged(positions: ArrayLike, own: Sequence[str], names: list[str], what: str) -> Floats:
    """Return positions (T, len(names), 3) with the columns of `names`, NaN where a coordinate is missing."""
    array = checked_positions(positions, own, what)
    arranged = np.full((len(array), len(names), 3), np.nan)
    arranged[:, [names.index(name) for name in own]] = array
    return arranged
