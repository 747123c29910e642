"""``.npz`` annotations with one row per image (MMPose's form): the rows of a recording, by camera."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mvtri.containers.npz import Member, map_member, require_members
from mvtri.datasets.dataset import Dataset
from mvtri.datasets.human36m.conventions import describe
from mvtri.datasets.image_rows import Run, find_runs, frames_of
from mvtri.datasets.sequence import SequenceInfo
from mvtri.errors import InputError

Key = tuple[str, str]  # subject and recording


class Annotations:
    """One file of annotations; nothing is read before it is needed.

    Parameters
    ----------
    path : Path
    shapes : mapping
        The members that are used besides ``imgname``, and the shape of a row in each; None fits any size.
    """

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int | None, ...]]):
        require_members(path, ("imgname", *shapes))
        self.path = path
        self.names = map_member(path, "imgname")
        self.members = {name: map_member(path, name) for name in shapes}
        for name, shape in shapes.items():
            _check(self.members[name], (len(self.names), *shape), f"{name} of {path}")
        self.runs: dict[Key, dict[str, Run]] = {}
        for run in find_runs(self.names, str(path)):
            self.runs.setdefault((run.subject, run.name), {})[run.camera] = run

    def count(self, key: Key) -> int:
        """Return how many frames a recording has; names are read only where the cameras differ in it."""
        lengths = {run.stop - run.start for run in self.runs[key].values()}
        return lengths.pop() if len(lengths) == 1 else len(AnnotatedSequence(self, key).numbers)


class AnnotatedSequence:
    """The rows of one recording.

    Attributes
    ----------
    cameras : tuple of str
        C names, as in the images' names.
    numbers : ndarray of int, shape (T,)
        The frame numbers, in the images' names, that any camera has.
    """

    def __init__(self, file: Annotations, key: Key):
        self._file = file
        self._runs = file.runs[key]
        frames = {camera: frames_of(file.names, run, str(file.path)) for camera, run in self._runs.items()}
        self.cameras = tuple(frames)
        self.numbers = np.unique(np.concatenate(list(frames.values())))
        self._places = {camera: np.searchsorted(self.numbers, found) for camera, found in frames.items()}

    def values(self, member: str, cameras: Iterable[str]) -> np.ndarray:
        """Return a member's rows (T, C, ...), NaN where a camera has no such image."""
        return self._spread(self._file.members[member], cameras, np.nan, np.dtype(np.float64))

    def images(self, cameras: Iterable[str]) -> np.ndarray:
        """Return the images' names (T, C), empty where a camera has none."""
        return self._spread(self._file.names, cameras, "", self._file.names.dtype)

    def boxes(self, cameras: Iterable[str]) -> np.ndarray:
        """Return the squares (T, C, 4) around the person, from ``center`` and ``scale``.

        ``scale`` is 1.2 times the longer side of the box, in units of 200 px.
        """
        names = tuple(cameras)
        half = self.values("scale", names)[..., None] * 200 / 1.2 / 2
        centre = self.values("center", names)
        return np.concatenate([centre - half, centre + half], axis=-1)

    def _spread(
        self, rows: Member, cameras: Iterable[str], missing: object, dtype: np.dtype[Any]
    ) -> np.ndarray:
        columns = []
        for camera in cameras:
            run = self._runs[camera]
            column = np.full((len(self.numbers), *rows.shape[1:]), missing, dtype=dtype)
            column[self._places[camera]] = rows[run.start : run.stop]
            columns.append(column)
        return np.stack(columns, axis=1)


class AnnotatedDataset(Dataset):
    """A labelled dataset in this form.

    Attributes
    ----------
    shapes : mapping
        The members that are used, as for `Annotations`.
    """

    shapes: ClassVar[Mapping[str, tuple[int | None, ...]]]

    @abstractmethod
    def find_files(self) -> list[Path]:
        """Return the files of annotations in `root`."""

    @cached_property
    def files(self) -> dict[Key, Annotations]:
        """The file of each recording."""
        found: dict[Key, Annotations] = {}
        for path in self.find_files():
            file = Annotations(path, self.shapes)
            found |= dict.fromkeys(file.runs, file)
        return found

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings, by the names of the images."""
        for key, file in self.files.items():
            yield describe(*key, file.count(key))

    def rows_of(self, info: SequenceInfo) -> tuple[AnnotatedSequence, Path, str]:
        """Return the rows of a recording, the file that holds them, and what to call them in a message."""
        key = (info.subject, info.name)
        file = self.files[key]
        return AnnotatedSequence(file, key), file.path, f"{file.path}: {info}"


def merge_views(values: np.ndarray, where: str) -> np.ndarray:
    """Return the 3D (T, K, 3) of rows that hold it once per camera (T, C, K, 3).

    Raises
    ------
    InputError
        If two cameras differ by more than a millimetre.
    """
    first = values[:, 0].copy()
    for column in values.swapaxes(0, 1)[1:]:
        first = np.where(np.isfinite(first), first, column)
    off = np.abs(values - first[:, None])
    worst = float(np.nanmax(off)) if np.isfinite(off).any() else 0.0
    if worst > 1e-3:
        raise InputError(
            f"{where}: the 3D differs by up to {worst:.3g} m between cameras; is a rotation "
            "transposed, or are these another subject's cameras?"
        )
    return first


def _check(array: Member, shape: tuple[int | None, ...], where: str) -> None:
    fits = len(array.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape)
    )
    if not fits or array.dtype.kind != "f":
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{where} has the shape {array.shape} ({array.dtype}), expected ({wanted}) floats")
