"""Plain NumPy arrays: keypoints and scores in an ``.npz``, or all in one ``.npy``.

One file of all cameras holds ``keypoints`` (T, K, C, 2) and ``scores`` (T, K, C), and optionally
``keypoint_names`` (K) and ``cameras`` (C); or, as ``.npy``, one array (T, K, C, 2 or 3).  In a folder with
one file per camera, arrays have no axis C.  With several people there is an axis N after T.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.containers.npz import is_npz_with, load_member, npz_members, require_members
from mvtri.containers.pickle import load_npy
from mvtri.errors import InputError
from mvtri.formats.detections.freemocap import is_freemocap
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.people import split_scores
from mvtri.formats.detections.reader import DetectionsReader, Request, by_camera, chosen_frames, common_count
from mvtri.names import match_names
from mvtri.registry import Format, head_of

_NEEDED = ("keypoints", "scores")
_NPY = b"\x93NUMPY"  # how a .npy begins


@dataclass(frozen=True, eq=False)
class Stored:
    """What one file holds.

    Attributes
    ----------
    values : ndarray, shape (T, N, K, C, 3)
        x, y and score.
    names : list of str or None
        K names of keypoints.
    cameras : list of str or None
        C names.
    """

    values: np.ndarray
    names: list[str] | None = None
    cameras: list[str] | None = None


def sniff(path: Path) -> bool:
    """Return whether a file holds such arrays, or one in a folder does."""
    return bool(_files(path))


class ArraysReader(DetectionsReader):
    """One file of all cameras, or a folder with one such file or with one file per camera."""

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames each file has."""
        return {name: len(stored.values) for name, stored in self._stored(request).items()}

    def read(self, request: Request) -> xr.Dataset:
        """Read the cameras wanted; without names they are those wanted, in their order."""
        stored = self._stored(request)
        count = common_count({name: len(one.values) for name, one in stored.items()})
        chosen = chosen_frames(count, request.frames, self.path)
        where, first = next(iter(stored.items()))
        if self._per_camera:
            cameras = list(by_camera(self._views, request.cameras, f"files in {self.path}"))
            values = _side_by_side(stored, self.path)
        else:
            cameras, columns = _columns(first, request.cameras, self.where(where))
            values = first.values[..., columns, :]
        position, confidence = split_scores(values[chosen.start : chosen.stop : chosen.step])
        return label_people(
            position,
            confidence,
            request,
            cameras=cameras,
            numbers=chosen,
            names=first.names,
            where=self.where(where),
            source=FORMAT.description,
        )

    @cached_property
    def _files(self) -> list[Path]:
        return _files(self.path) or [self.path]

    @property
    def _per_camera(self) -> bool:
        return self.path.is_dir() and len(self._files) > 1

    @cached_property
    def _views(self) -> dict[str, Path]:
        return {path.stem: path for path in self._files}

    def _stored(self, request: Request) -> dict[str, Stored]:
        """Return what the files of the cameras wanted hold, by the files' names."""
        if not self._per_camera:
            return {self._files[0].name: _load(self._files[0], per_camera=False)}
        found = by_camera(self._views, request.cameras, f"files in {self.path}")
        return {path.name: _load(path, per_camera=True) for path in found.values()}


FORMAT = Format(
    name="arrays",
    description="npz or npy files with keypoints and scores",
    sniff=sniff,
    read=ArraysReader,
    extensions=(".npz", ".npy"),
)


def _load(path: Path, per_camera: bool) -> Stored:
    if head_of(path, len(_NPY)) == _NPY:
        array = _checked(load_npy(path), str(path))
        if array.shape[-1:] == (2,):
            array = np.concatenate([array, np.ones((*array.shape[:-1], 1))], axis=-1)
        names = cameras = None
    else:
        require_members(path, _NEEDED)
        pixels, scores = (_checked(load_member(path, name), f"{name} of {path}") for name in _NEEDED)
        axes = "frames, keypoints" if per_camera else "frames, keypoints, cameras"
        if pixels.shape != (*scores.shape, 2):
            raise InputError(
                f"{path} has keypoints of the shape {pixels.shape} and scores of {scores.shape}, expected "
                f"({axes}, 2) and ({axes}), or with an axis of people after the frames"
            )
        array = np.concatenate([pixels, scores[..., None]], axis=-1)
        names, cameras = _texts(path, "keypoint_names"), _texts(path, "cameras")
    if per_camera:
        array = array[..., None, :]
    if array.ndim == 4:
        array = array[:, None]
    if array.ndim != 5 or array.shape[-1] != 3:
        axes = "frames, keypoints" if per_camera else "frames, keypoints, cameras"
        raise InputError(
            f"{path} has an array with {array.ndim - per_camera} axes, expected ({axes}, 2 or 3), or with an "
            "axis of people after the frames"
        )
    return Stored(array, names, cameras)


def _checked(values: object, what: str) -> np.ndarray:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise InputError(f"{what} is no array of numbers; write it again")
    return values.astype(np.float64)


def _texts(path: Path, name: str) -> list[str] | None:
    if name not in npz_members(path):
        return None
    values = load_member(path, name)
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        raise InputError(f"{name} of {path} is no list of names; write it again")
    return [str(value) for value in values.tolist()]


def _columns(stored: Stored, cameras: Sequence[str] | None, where: str) -> tuple[list[str], list[int]]:
    """Return the names of the cameras wanted, and where they are among those stored."""
    count = stored.values.shape[3]
    if stored.cameras is not None and len(stored.cameras) != count:
        raise InputError(f"{where} has {len(stored.cameras)} names for {count} cameras; write it again")
    if cameras is None:
        names = stored.cameras or [f"camera_{index}" for index in range(count)]
        return names, list(range(count))
    if stored.cameras is None:
        if count != len(cameras):
            raise InputError(
                f"{where} has {count} cameras, but {len(cameras)} are wanted ({', '.join(cameras)}); if the "
                "axes are not frames, keypoints, cameras, coordinates, put them into that order; if there "
                "are more cameras, store their names in an array called cameras"
            )
        return list(cameras), list(range(count))
    matched = match_names(cameras, stored.cameras, "camera", f"cameras of {where}")
    return list(cameras), [stored.cameras.index(matched[name]) for name in cameras]


def _side_by_side(stored: dict[str, Stored], where: object) -> np.ndarray:
    """Return the values of files of one camera each; where a view has fewer people, the rest is nobody."""
    counts = {name: one.values.shape[2] for name, one in stored.items()}
    if len(set(counts.values())) > 1:
        listed = "; ".join(f"{count} in {name}" for name, count in counts.items())
        raise InputError(
            f"{where}: the files have different numbers of keypoints ({listed}); expected one keypoint set"
        )
    people = max(one.values.shape[1] for one in stored.values())
    padded = [
        np.pad(one.values, [(0, 0), (0, people - one.values.shape[1]), (0, 0), (0, 0), (0, 0)])
        for one in stored.values()
    ]
    return np.concatenate(padded, axis=3)


def _files(path: Path) -> list[Path]:
    found = sorted([*path.glob("*.npz"), *path.glob("*.npy")]) if path.is_dir() else [path]
    if any(map(is_freemocap, found)):  # among the others that freemocap saves
        return []
    return [file for file in found if head_of(file, len(_NPY)) == _NPY or is_npz_with(file, _NEEDED)]
