"""Recordings of people, from which cameras are calibrated: their 2D, cut into parts that are held out."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 3000  # frames that are used, of all recordings together
STRETCHES = 10  # parts of a recording, each of which may err alike


@dataclasses.dataclass(frozen=True)
class People:
    """The 2D of one recording or several, one after the other.

    Attributes
    ----------
    pixels : ndarray, shape (T, K, C, 2)
        NaN where missing.
    recording : ndarray of int, shape (T,)
        Which recording each frame is of.
    stretch : ndarray of int, shape (T,)
        Which stretch of time, counted through all recordings.
    """

    pixels: Floats
    recording: Ints
    stretch: Ints

    @classmethod
    def read(cls, recordings: ArrayLike | Sequence[ArrayLike], cameras: int, most: int = MOST) -> "People":
        """Return one recording (T, K, C, 2) or several, of `most` frames at most, spread evenly over each.

        Raises
        ------
        InputError
            If a shape does not fit.
        """
        single = isinstance(recordings, np.ndarray) and recordings.dtype != object
        several = [recordings] if single else list(recordings)  # type: ignore[arg-type]
        arrays = [np.asarray(one, dtype=np.float64) for one in several]
        if not arrays:
            raise InputError("no recording was given; give one or more, each of the shape (T, K, C, 2)")
        for array in arrays:
            if array.ndim != 4 or array.shape[2:] != (cameras, 2):
                raise InputError(
                    f"a recording has the shape {array.shape}, expected (T, K, {cameras}, 2): frames, "
                    "keypoints, cameras, x and y"
                )
            if array.shape[1] != arrays[0].shape[1]:
                raise InputError(
                    f"one recording has {arrays[0].shape[1]} keypoints and another {array.shape[1]}; detect "
                    "all of them with the same model"
                )
        step = max(1, -(-sum(map(len, arrays)) // most))
        arrays = [array[::step] for array in arrays]
        number = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
        stretches = [i * STRETCHES + _parts(len(array), STRETCHES) for i, array in enumerate(arrays)]
        return cls(np.concatenate(arrays), number, np.concatenate(stretches))

    def part(self, frames: NDArray[np.bool_]) -> "People":
        """Return some of the frames."""
        return People(self.pixels[frames], self.recording[frames], self.stretch[frames])

    def halves(self) -> tuple["People", "People"]:
        """Return the first half of each recording, and the second."""
        first = self.stretch % STRETCHES < STRETCHES // 2
        return self.part(first), self.part(~first)

    def groups(self) -> tuple[Ints, Ints]:
        """Return which keypoint, and which stretch of time, each point (T, K) is of."""
        keypoints = np.arange(self.pixels.shape[1])
        keypoint, stretch = np.broadcast_arrays(keypoints[None], self.stretch[:, None])
        return keypoint.astype(np.int64), stretch.astype(np.int64)


def _parts(count: int, parts: int) -> Ints:
    return np.arange(count) * parts // max(count, 1)
