"""Checking what `mvtri.triangulate` is given, and bringing it into the form that kernels take."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of

METHODS = ("dlt", "ransac")


class Stack:
    """An array whose leading axes are read as one, a slab at a time, without copying it as a whole.

    Parameters
    ----------
    array : ndarray
        Any strides.
    leading : int
        How many axes count as one.
    """

    def __init__(self, array: NDArray[Any], leading: int):
        self.core = array.shape[leading:]
        self.count = int(np.prod(array.shape[:leading]))
        flat = array.reshape(self.count, *self.core) if array.flags.c_contiguous or leading == 0 else None
        self._flat = flat
        self._array = array
        self._slab = max(1, int(np.prod(array.shape[1:leading]))) if leading else 1

    def __getitem__(self, cut: slice) -> NDArray[np.float64]:
        """Return points start to stop, contiguous, in double precision."""
        if self._flat is not None:
            return np.ascontiguousarray(self._flat[cut], dtype=np.float64)
        first, last = cut.start // self._slab, -(-cut.stop // self._slab)
        part = np.ascontiguousarray(self._array[first:last], dtype=np.float64).reshape(-1, *self.core)
        return np.ascontiguousarray(part[cut.start - first * self._slab : cut.stop - first * self._slab])

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the points at `indices`, contiguous, in double precision."""
        if self._flat is not None:
            return np.ascontiguousarray(self._flat[indices], dtype=np.float64)
        leading = self._array.shape[: self._array.ndim - len(self.core)]
        return np.ascontiguousarray(self._array[np.unravel_index(indices, leading)], dtype=np.float64)


@dataclasses.dataclass(frozen=True)
class Observations:
    """The 2D side of a triangulation: arrays read as (n, C, ...), and how their keypoints lie."""

    points: Stack
    scores: Stack | None
    covariances: Stack | None
    leading: tuple[int, ...]
    cameras: int
    keypoints: int  # 1 where no axis is named
    inner: int  # the keypoint of point i is (i // inner) % keypoints

    @property
    def count(self) -> int:
        """Return how many points there are."""
        return self.points.count

    def cut(self, start: int, stop: int) -> tuple[NDArray[np.float64], ...]:
        """Return pixels, scores and covariances of some points; empty where there are none."""
        part = slice(start, stop)
        return (
            self.points[part],
            self.scores[part] if self.scores else np.empty((0, self.cameras)),
            self.covariances[part] if self.covariances else np.empty((0, self.cameras, 2, 2)),
        )


def read_observations(
    points2d: ArrayLike,
    cameras: int,
    scores: ArrayLike | None,
    covariances: ArrayLike | None,
    keypoint_axis: int | None,
) -> Observations:
    """Return the observations, or raise `InputError` with all that is wrong with their shapes."""
    array = numbers(points2d, "points2d")
    C = cameras
    if array.ndim < 2 or array.shape[-1] != 2:
        raise InputError(f"points2d has the shape {array.shape}; expected (..., {C} cameras, 2)")
    if array.shape[-2] != C:
        raise InputError(
            f"points2d has {array.shape[-2]} views (shape {array.shape}) for {C} cameras; "
            "pass one view a camera, NaN where there is none"
        )
    leading = array.shape[:-2]
    wrong = []
    stacks: list[Stack | None] = []
    for name, value, core in (("scores", scores, (C,)), ("covariances", covariances, (C, 2, 2))):
        if value is None:
            stacks.append(None)
            continue
        values = numbers(value, name)
        if values.shape != leading + core:
            wrong.append(f"{name} has the shape {values.shape}, expected {leading + core}")
            continue
        stacks.append(Stack(values, len(leading)))
    keypoints = inner = 1
    if keypoint_axis is not None:
        axis = keypoint_axis + len(leading) if keypoint_axis < 0 else keypoint_axis
        if 0 <= axis < len(leading):
            keypoints, inner = leading[axis], int(np.prod(leading[axis + 1 :]))
        else:
            wrong.append(f"keypoint_axis is {keypoint_axis}, expected one of the {len(leading)} leading axes")
    if wrong:
        raise InputError("; ".join(wrong))
    points = Stack(array, len(leading))
    return Observations(points, stacks[0], stacks[1], leading, C, max(keypoints, 1), max(inner, 1))


def check_values(scores: NDArray[np.float64], covariances: NDArray[np.float64]) -> None:
    """Raise `InputError` unless scores are in 0..1 and covariances positive definite (NaN means missing)."""
    if scores.size and not (
        np.fmin.reduce(scores, axis=None) >= 0.0 and np.fmax.reduce(scores, axis=None) <= 1.0
    ):
        if not np.isnan(scores).all():
            low, high = np.nanmin(scores), np.nanmax(scores)
            raise InputError(f"scores go from {low:g} to {high:g}; expected 0 to 1 (scale them)")
    if covariances.size:
        a, b, c, d = (covariances[..., i, j] for i in (0, 1) for j in (0, 1))
        with np.errstate(invalid="ignore", over="ignore"):
            bad = (
                (a <= 0.0)
                | (d <= 0.0)
                | (a * d - b * c <= 0.0)
                | (np.abs(b - c) > 1e-6 * (np.abs(b) + a + d))
            )
        if bad.any():
            found = covariances[bad][0].tolist()
            raise InputError(
                f"covariances holds {found}; expected symmetric positive definite matrices in px^2"
            )


def check_choices(cameras: CameraGroup, method: str, threshold: float | None, min_cameras: int) -> None:
    """Raise `InputError` unless the plain arguments make sense."""
    if not isinstance(cameras, CameraGroup):
        raise InputError(f"cams is a {type(cameras).__name__}, expected an mvtri.CameraGroup")
    if method not in METHODS:
        raise InputError(one_of(method, METHODS, "triangulation method"))
    if threshold is not None:
        if method == "dlt":
            raise InputError('method="dlt" uses every view, so threshold means nothing; pass method="ransac"')
        if not 0.0 < threshold < np.inf:
            raise InputError(f"threshold is {threshold!r}; expected a positive number of standard deviations")
    if int(min_cameras) != min_cameras or not min_cameras >= 2:
        raise InputError(f"min_cameras is {min_cameras!r}; expected a whole number, 2 or more")
    if min_cameras > len(cameras):
        raise InputError(f"min_cameras is {min_cameras}, and there are {len(cameras)} cameras; ask for fewer")


def check_noise(noise: ArrayLike, cameras: int, keypoints: int) -> NDArray[np.float64]:
    """Return the noise as (K, C), given as one number, one per camera, or one per keypoint and camera."""
    values = numbers(noise, "noise").astype(np.float64)
    shapes: Sequence[tuple[int, ...]] = [(), (cameras,), (keypoints, cameras)]
    if values.shape not in shapes:
        raise InputError(
            f"noise has the shape {values.shape}; expected one number, ({cameras},) for the cameras, "
            f"or ({keypoints}, {cameras}) for keypoints and cameras"
        )
    if not (np.isfinite(values).all() and (values > 0.0).all()):
        raise InputError(f"noise is {values.tolist()}; expected positive standard deviations")
    rows = keypoints if values.ndim == 2 else 1
    return np.ascontiguousarray(np.broadcast_to(values, (rows, cameras)))


def numbers(value: ArrayLike, name: str) -> NDArray[Any]:
    """Return an array, or raise `InputError` unless it holds real numbers."""
    if isinstance(value, np.ma.MaskedArray):  # what is masked is missing
        value = np.ma.filled(value.astype(np.result_type(value.dtype, np.float32)), np.nan)
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's word for rows of unlike length
        raise InputError(f"{name} is no array of one shape; fill what is missing with NaN") from None
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} holds {array.dtype} values; expected real numbers")
    return array
