"""VideoPose3D's 2D: ``positions_2d[subject][action]``, for each camera (T, K, 2 or 3)."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.datasets.human36m.conventions import CAMERAS
from mvtri.datasets.human36m.videopose3d import by_subject
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.stored2d.base import Candidates, Stored2D, check_frames, label_people
from mvtri.datasets.stored2d.locate import one_named, plain
from mvtri.errors import InputError
from mvtri.formats.containers.npz import is_npz_with, load_member, npz_members

_SKELETONS = {"coco": "coco17", "h36m": "human36m17"}  # what these files call them
_SPARE = 0.01  # of the frames: videos run on for a while after the motion capture has ended


class VideoPose3DFile(Stored2D):
    """One pickle for all sequences, read whole by the restricted unpickler."""

    format = "videopose3d"
    description = "VideoPose3D's positions_2d"

    @staticmethod
    def sniff(path: Path) -> bool:
        """Return whether there is an ``.npz`` with ``positions_2d``."""
        return bool(_files(path))

    @cached_property
    def _file(self) -> Path:
        found = _files(self.path)
        if len(found) > 1:
            raise InputError(
                f"{self.path} holds several files of 2D ({', '.join(path.name for path in found)}); name one"
            )
        return found[0]

    @cached_property
    def _positions(self) -> dict[str, dict[str, Any]]:
        found = by_subject(self._file, "positions_2d")
        return {
            str(subject): {str(name): views for name, views in actions.items()}
            for subject, actions in found.items()
        }

    @cached_property
    def _skeleton(self) -> str | None:
        told = None
        if "metadata" in npz_members(self._file):
            about = load_member(self._file, "metadata")
            layout = about.get("layout_name", "h36m") if isinstance(about, dict) else None
            told = _SKELETONS.get(str(layout))
        if None not in (told, self.skeleton) and told != self.skeleton:
            raise InputError(
                f"{self._file} says that its keypoints are {told}, not {self.skeleton}; leave out --skeleton"
            )
        return self.skeleton or told

    def locate(self, info: SequenceInfo) -> Any:
        """Return the views of a sequence."""
        subject = one_named(info.subject, self._positions, "subject", self._file)
        actions = self._positions[subject]
        return actions[one_named(info.name, actions, "sequence", f"{subject} in {self._file}")]

    def read(self, sequence: Sequence) -> Candidates:
        """Take the views of the sequence's cameras, and of each the sequence's frames."""
        stored = self.locate(sequence.info)
        where = f"{self._file}: {sequence.info}"
        if not isinstance(stored, list | tuple) and np.ndim(stored) == 0:
            raise InputError(f"{where} has no list of views, one a camera; is it VideoPose3D's?")
        views = [_view(stored[column], where) for column in _columns(len(stored), sequence, where)]
        if len({view.shape[1] for view in views}) > 1:
            raise InputError(
                f"{where} has views with different numbers of keypoints; expected one keypoint set"
            )
        for name, view in zip(sequence.cameras.names, views):
            check_frames(len(view), sequence, f"{where}, camera {name},", _SPARE)
        values = np.stack([view[: sequence.info.frames] for view in views], axis=2)[:, None]
        return label_people(values, sequence, None, self._skeleton, where)


def _columns(count: int, sequence: Sequence, where: str) -> list[int]:
    names = sequence.cameras.names
    known = [plain(name) for name in CAMERAS]
    if count == len(CAMERAS) and all(plain(name) in known for name in names):
        return [known.index(plain(name)) for name in names]
    if count == len(names):
        return list(range(count))
    raise InputError(
        f"{where} has {count} views without names, but the sequence has {len(names)} cameras "
        f"({', '.join(names)}); expected a view of each, in this order"
    )


def _view(values: Any, where: str) -> np.ndarray:
    numeric = isinstance(values, np.ndarray) and values.dtype.kind == "f"
    if not numeric or values.ndim != 3 or values.shape[-1] not in (2, 3):
        shape = getattr(values, "shape", type(values).__name__)
        raise InputError(f"{where} has a view of the shape {shape}, expected (frames, keypoints, 2 or 3)")
    scored = np.ones((*values.shape[:2], 3))
    scored[..., : values.shape[-1]] = values
    return scored


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.glob("*.npz"))
    return [file for file in found if is_npz_with(file, ("positions_2d",))]
