"""``.npz`` annotations a row an image (MMPose's form): which rows make up a recording, camera by camera."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mvtri.datasets.image_rows import Run, find_runs, frames_of
from mvtri.datasets.npz_files import map_member, require_members
from mvtri.errors import InputError

Key = tuple[str, str]  # subject and recording


class Annotations:
    """One file of annotations, mapped.

    Parameters
    ----------
    path : Path
    shapes : dict
        The members that are used besides ``imgname``, and the shape of a row in each; None fits any size.
    """

    def __init__(self, path: Path, shapes: dict[str, tuple[int | None, ...]]):
        require_members(path, ("imgname", *shapes))
        self.path = path
        self.names = map_member(path, "imgname")
        self._members = {name: map_member(path, name) for name in shapes}
        for name, shape in shapes.items():
            _check(self._members[name], (len(self.names), *shape), f"{name} of {path}")
        self.runs: dict[Key, dict[str, Run]] = {}
        for run in find_runs(self.names, str(path)):
            self.runs.setdefault((run.subject, run.name), {})[run.camera] = run

    def frames(self, key: Key) -> dict[str, np.ndarray]:
        """Return by camera the frame numbers in the images' names."""
        return {camera: frames_of(self.names, run, str(self.path)) for camera, run in self.runs[key].items()}

    def count(self, key: Key) -> int:
        """Return how many frames a recording has; names are read only where the cameras differ in it."""
        lengths = {run.stop - run.start for run in self.runs[key].values()}
        return lengths.pop() if len(lengths) == 1 else len(union(self.frames(key).values()))

    def values(self, member: str, key: Key, cameras: Iterable[str], frames: np.ndarray) -> np.ndarray:
        """Return a member's rows (T, C, ...) at `frames`, NaN where a camera has no such image."""
        found = self.frames(key)
        columns = []
        for camera in cameras:
            run = self.runs[key][camera]
            rows = np.asarray(self._members[member][run.start : run.stop], dtype=np.float64)
            column = np.full((len(frames), *rows.shape[1:]), np.nan)
            column[np.searchsorted(frames, found[camera])] = rows
            columns.append(column)
        return np.stack(columns, axis=1)

    def boxes(self, key: Key, cameras: Iterable[str], frames: np.ndarray) -> np.ndarray:
        """Return the squares (T, C, 4) around the person that ``center`` and ``scale`` tell.

        ``scale`` is 1.2 times the longer side of the box, in units of 200 px.
        """
        centre = self.values("center", key, cameras, frames)
        half = self.values("scale", key, cameras, frames)[..., None] * 200 / 1.2 / 2
        return np.concatenate([centre - half, centre + half], axis=-1)

    def images(self, key: Key, cameras: Iterable[str], frames: np.ndarray) -> np.ndarray:
        """Return the images' names (T, C) at `frames`, empty where a camera has none."""
        found = self.frames(key)
        columns = []
        for camera in cameras:
            run = self.runs[key][camera]
            column = np.full(len(frames), "", dtype=self.names.dtype)
            column[np.searchsorted(frames, found[camera])] = self.names[run.start : run.stop]
            columns.append(column)
        return np.stack(columns, axis=1)


def union(frames: Iterable[np.ndarray]) -> np.ndarray:
    """Return the frame numbers that any camera has, in order."""
    return np.unique(np.concatenate(list(frames)))


def agree(values: np.ndarray, where: str) -> np.ndarray:
    """Return the 3D (T, K, 3) that the cameras (T, C, K, 3) agree about.

    Raises
    ------
    InputError
        If two differ by more than a millimetre.
    """
    first = values[:, 0].copy()
    for column in values.swapaxes(0, 1)[1:]:
        first = np.where(np.isfinite(first), first, column)
    off = np.abs(values - first[:, None])
    worst = float(np.nanmax(off)) if np.isfinite(off).any() else 0.0
    if worst > 1e-3:
        raise InputError(
            f"{where}: the cameras' 3D differs by up to {worst:.3g} m in the world; is a rotation "
            "transposed, or are these another subject's cameras?"
        )
    return first


def _check(array: np.ndarray, shape: tuple[int | None, ...], where: str) -> None:
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape))
    if not fits or array.dtype.kind != "f":
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{where} has the shape {array.shape} ({array.dtype}), expected ({wanted}) floats")
