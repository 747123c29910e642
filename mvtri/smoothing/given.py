"""What a smoother is given, checked."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.smoothing.segment_lengths import mirrored_segments
from mvtri.smoothing.stretches import as_tracks, checked_times
from mvtri.smoothing.track_work import APART, Known
from mvtri.smoothing.windows import Recording

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def given_recording(
    positions: ArrayLike,
    times: ArrayLike,
    covariances: ArrayLike,
    process: ArrayLike | None,
    inflation: float | None,
    tail: float | None,
    longest_gap: float,
    workers: int | None,
    alike: ArrayLike | None,
) -> tuple[Recording, Known]:
    """Return what `mvtri.smoothing.rts` was given.

    Raises
    ------
    InputError
        If shapes or values do not fit.
    """
    values, shape = as_tracks(positions)
    at = checked_times(times, len(values))
    matrices = _checked_covariances(covariances, shape, longest_gap, inflation, tail)
    given = None if process is None else positive(process, shape[1:-1])
    each = shape[-2] if len(shape) > 2 else 1
    people = np.arange(values.shape[1]) // each
    sets = np.tile(_checked_sets(alike, each), values.shape[1] // max(each, 1))
    recording = Recording(at, values, matrices, people, max(APART, longest_gap), workers, sets)
    return recording, Known(given, 1.0, given is None, inflation, tail)


def _checked_covariances(
    covariances: ArrayLike,
    shape: tuple[int, ...],
    longest_gap: float,
    inflation: float | None,
    tail: float | None,
) -> Floats:
    """Return the covariances of all tracks, (T, P, 3, 3)."""
    matrices = np.asarray(covariances)
    if matrices.dtype != np.float32:  # which stays as it is: of long recordings it is the largest array
        matrices = matrices.astype(np.float64, copy=False)
    wrong = []
    if shape[-1] != 3:
        wrong.append(f"positions have the shape {shape}; expected (time, ..., 3)")
    elif matrices.shape != (*shape, 3):
        wrong.append(f"covariances have the shape {matrices.shape}; expected {(*shape, 3)}")
    elif not shape[0]:
        wrong.append(f"positions have the shape {shape}, no frames; expected one or more")
    if not longest_gap >= 0:
        wrong.append(f"the longest gap is {longest_gap}; expected seconds, 0 or more")
    if tail is not None and not tail >= 1:
        wrong.append(
            f"the tail is {tail}; expected degrees of freedom, 1 or more, infinite for normal errors"
        )
    if inflation is not None and not 0 < inflation < np.inf:
        wrong.append(f"the inflation is {inflation}; expected a number above 0, 1 for independent errors")
    if wrong:
        raise InputError("; ".join(wrong))
    return matrices.reshape(shape[0], -1, 3, 3)


def _checked_sets(alike: ArrayLike | None, each: int) -> NDArray[np.int64]:
    """Return the number of the set that each of a person's keypoints belongs to."""
    if alike is None:
        return np.arange(each)
    sets = np.asarray(alike)
    if sets.shape != (each,) or not np.issubdtype(sets.dtype, np.integer):
        raise InputError(
            f"alike has the shape {sets.shape} and the type {sets.dtype}; expected a whole number for each "
            f"of the {each} keypoints of a person"
        )
    return sets.astype(np.int64)


def positive(process: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return the process noise of each track, flat; raise `InputError` unless all are positive."""
    given = np.asarray(process, dtype=np.float64)
    try:
        strengths = np.broadcast_to(given, shape).ravel().astype(np.float64)
    except ValueError:
        raise InputError(
            f"the process noise has the shape {given.shape}; expected {shape}, one number per track"
        ) from None
    if not ((strengths > 0) & np.isfinite(strengths)).all():
        raise InputError("the process noise holds numbers that are not positive; expected m^2/s^3 above 0")
    return strengths


def given_segments(
    segments: ArrayLike, shape: tuple[int, ...], softness: ArrayLike, sweeps: int = 0
) -> tuple[Integers, Floats]:
    """Return the segments (S, 2) of persons with points of a `shape`, and the softness of each (S,).

    Raises
    ------
    InputError
        If shapes or values do not fit.
    """
    if len(shape) < 3:
        raise InputError(f"positions have the shape {shape}; expected (time, ..., keypoints, 3)")
    pairs, soft, keypoints = np.asarray(segments), np.asarray(softness, dtype=np.float64), shape[-2]
    wrong = []
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs.size and not np.issubdtype(pairs.dtype, np.integer)):
        wrong.append(f"segments have the shape {pairs.shape}; expected (segments, 2) of whole numbers")
    elif pairs.size and (pairs.min() < 0 or pairs.max() >= keypoints or (pairs[:, 0] == pairs[:, 1]).any()):
        wrong.append(f"segments name keypoints that are not two different ones of {keypoints}")
    if soft.shape not in ((), pairs.shape[:1]):
        wrong.append(f"the softness has the shape {soft.shape}; expected one number, or one per segment")
    good: NDArray[np.bool_] = np.asarray((soft > 0) & np.isfinite(soft))
    if not good.all():
        wrong.append(f"the softness is {soft[~good].flat[0]:g} m; expected a finite number of metres above 0")
    if sweeps < 0:
        wrong.append(f"{sweeps} sweeps were asked for; expected 0 or more")
    if wrong:
        raise InputError("; ".join(wrong))
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return pairs, np.broadcast_to(soft, len(pairs))


def given_sides(mirror: ArrayLike | None, pairs: Integers, keypoints: int) -> Integers | None:
    """Return the segment on the other side of each of `pairs` (S,); None without a mirror.

    Raises
    ------
    InputError
        If the mirror does not name a keypoint for each of the K.
    """
    if mirror is None:
        return None
    sides = np.asarray(mirror)
    whole = sides.shape == (keypoints,) and np.issubdtype(sides.dtype, np.integer)
    if not whole or (keypoints and not 0 <= sides.min() <= sides.max() < keypoints):
        raise InputError(
            f"the mirror has the shape {sides.shape} and the type {sides.dtype}; expected for each of the "
            f"{keypoints} keypoints the number of the one on the other side"
        )
    return mirrored_segments(pairs, sides)
