"""A plain ``.npz`` a sequence: keypoints, scores, and who they are."""

from pathlib import Path

import numpy as np

from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.stored2d.base import Candidates, Stored2D, check_frames, label_people
from mvtri.datasets.stored2d.locate import sequence_file
from mvtri.errors import InputError
from mvtri.formats.containers.npz import is_npz_with, load_member, npz_members, require_members
from mvtri.names import match_names

_NEEDED = ("keypoints", "scores")


class PlainArrays(Stored2D):
    """``keypoints`` (T, K, C, 2), ``scores`` (T, K, C), and optionally ``keypoint_names`` and ``cameras``."""

    format = "arrays"
    description = "npz files with keypoints and scores"

    @staticmethod
    def sniff(path: Path) -> bool:
        """Return whether there is an ``.npz`` with these arrays."""
        files = [path] if path.is_file() else [*path.glob("*.npz"), *path.glob("*/*.npz")]
        return any(is_npz_with(file, _NEEDED) for file in files)

    def locate(self, info: SequenceInfo) -> Path:
        """Return the file of a sequence."""
        if self.path.is_file():
            self.claim(info)
            return self.path
        return sequence_file(self.path, info, ".npz")

    def read(self, sequence: Sequence) -> Candidates:
        """Read the file, its cameras in the sequence's order; without names they are in it already."""
        path = self.locate(sequence.info)
        require_members(path, _NEEDED)
        pixels, scores = (_numbers(path, name) for name in _NEEDED)
        if pixels.ndim != 4 or pixels.shape != (*scores.shape, 2):
            raise InputError(
                f"{path} has keypoints of the shape {pixels.shape} and scores of {scores.shape}, expected "
                "(frames, keypoints, cameras, 2) and (frames, keypoints, cameras)"
            )
        check_frames(len(pixels), sequence, str(path))
        values = np.concatenate([pixels, scores[..., None]], axis=-1)[:, None]
        values = values[..., self._columns(path, sequence, scores.shape[2]), :]
        return label_people(values, sequence, _texts(path, "keypoint_names"), self.skeleton, str(path))

    def _columns(self, path: Path, sequence: Sequence, count: int) -> list[int]:
        wanted, names = sequence.cameras.names, _texts(path, "cameras")
        if names is None and count != len(wanted):
            raise InputError(
                f"{path} has {count} cameras, but the sequence has {len(wanted)} ({', '.join(wanted)}); say "
                "which are which in an array called cameras"
            )
        if names is None:
            return list(range(count))
        if len(names) != count:
            raise InputError(f"{path} has {len(names)} names for {count} cameras; write it again")
        matched = match_names(wanted, names, "camera", f"cameras of {path}")
        return [names.index(matched[name]) for name in wanted]


def _numbers(path: Path, name: str) -> np.ndarray:
    values = load_member(path, name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise InputError(f"{name} of {path} is no array of numbers; write it again")
    return values.astype(np.float64)


def _texts(path: Path, name: str) -> list[str] | None:
    if name not in npz_members(path):
        return None
    values = load_member(path, name)
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        raise InputError(f"{name} of {path} is no list of names; write it again")
    return [str(value) for value in values.tolist()]
