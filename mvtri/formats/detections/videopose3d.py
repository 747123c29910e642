"""VideoPose3D's 2D: ``positions_2d[subject][action]``, for each camera (T, K, 2 or 3)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.containers.npz import is_npz_with, load_member, npz_members
from mvtri.errors import InputError
from mvtri.files import check_one_file
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.people import split_scores
from mvtri.formats.detections.reader import DetectionsReader, Request, chosen_frames, common_count
from mvtri.names import canonical
from mvtri.registry import Format
from mvtri.skeletons import get_skeleton

SKELETONS = {"coco": "coco17", "h36m": "human36m17"}  # what these files call them
HUMAN36M_VIEWS = (
    "54138969",
    "55011271",
    "58860488",
    "60457274",
)  # the order of the views, which have no names


def sniff(path: Path) -> bool:
    """Return whether a file is an ``.npz`` with ``positions_2d``, or one in a folder is."""
    return bool(_files(path))


class VideoPose3DReader(DetectionsReader):
    """One pickle for all recordings, read whole by the restricted unpickler."""

    holds_sequences = True

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames the view of each camera has."""
        views, where = self._views(request)
        return {f"{where}, camera {name}": len(view) for name, view in views.items()}

    def read(self, request: Request) -> xr.Dataset:
        """Read the views of a recording; they may differ in length where `Request.frames` ends before."""
        views, where = self._views(request)
        counts = {name: len(view) for name, view in views.items()}
        stop = request.frames[1] if request.frames else None
        count = min(counts.values()) if stop and 0 < stop <= min(counts.values()) else common_count(counts)
        chosen = chosen_frames(count, request.frames, where)
        values = np.stack([view[chosen] for view in views.values()], axis=2)[:, None]
        position, confidence = split_scores(values)
        return label_people(
            position,
            confidence,
            self._with_skeleton(request),
            cameras=list(views),
            numbers=chosen,
            names=None,
            where=self.where(where),
            source=FORMAT.description,
        )

    def list_sequences(self) -> dict[str, list[str]]:
        """Return the recordings' names by subject."""
        return {subject: list(actions) for subject, actions in self._positions.items()}

    @cached_property
    def _file(self) -> Path:
        found = _files(self.path)
        check_one_file(found, self.path, "files of 2D")
        return found[0] if found else self.path

    @cached_property
    def _positions(self) -> dict[str, dict[str, Any]]:
        found = load_subjects(self._file, "positions_2d")
        return {
            str(subject): {str(name): views for name, views in actions.items()}
            for subject, actions in found.items()
        }

    @cached_property
    def _stated_skeleton(self) -> str | None:
        if "metadata" not in npz_members(self._file):
            return None
        about = load_member(self._file, "metadata")
        return SKELETONS.get(str(about.get("layout_name", "h36m"))) if isinstance(about, dict) else None

    def _with_skeleton(self, request: Request) -> Request:
        stated = self._stated_skeleton
        wanted = None if request.skeleton is None else get_skeleton(request.skeleton).name
        if None not in (stated, wanted) and stated != wanted:
            raise InputError(
                f"{self._file} says that its keypoints are {stated}, not {wanted}; leave out --skeleton"
            )
        return replace(request, skeleton=wanted or stated)

    def _views(self, request: Request) -> tuple[dict[str, np.ndarray], str]:
        subject, action = request.sequence or self._only_sequence()
        actions = self._positions.get(subject, {})
        if action not in actions:
            raise InputError(f"{self._file} has no recording {subject} {action}; it has {self._listed()}")
        stored, where = actions[action], f"{subject} {action}"
        if not isinstance(stored, list | tuple) and np.ndim(stored) == 0:
            raise InputError(
                f"{self.where(where)} has no list of views, one per camera; is it VideoPose3D's?"
            )
        cameras, columns = _columns(len(stored), request.cameras, self.where(where))
        views = {name: _view(stored[c], self.where(where)) for name, c in zip(cameras, columns)}
        if len({view.shape[1] for view in views.values()}) > 1:
            raise InputError(
                f"{self.where(where)} has views with different numbers of keypoints; expected one set"
            )
        return views, where

    def _only_sequence(self) -> tuple[str, str]:
        found = [(subject, name) for subject, names in self._positions.items() for name in names]
        if len(found) != 1:
            raise InputError(
                f"{self._file} holds {len(found)} recordings ({self._listed()}); choose one with "
                "sequence=, as in mvtri.read_detections(path, sequence=('S9', 'Eating'))"
            )
        return found[0]

    def _listed(self, most: int = 6) -> str:
        found = [f"{subject} {name}" for subject, names in self._positions.items() for name in names]
        more = f" and {len(found) - most} more" if len(found) > most else ""
        return (", ".join(found[:most]) or "none") + more


def load_subjects(path: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return the table ``[subject][action]`` that a member of a file holds.

    Raises
    ------
    InputError
        If it is none.
    """
    found = load_member(path, name)
    fits = isinstance(found, dict) and all(isinstance(actions, dict) for actions in found.values())
    if not fits:
        raise InputError(f"{name} of {path} is not a table of subjects and actions; is it VideoPose3D's?")
    table: dict[str, dict[str, Any]] = found
    return table


FORMAT = Format(
    name="videopose3d",
    description="VideoPose3D's positions_2d",
    sniff=sniff,
    read=VideoPose3DReader,
    extensions=(".npz",),
)


def _columns(count: int, cameras: Sequence[str] | None, where: str) -> tuple[list[str], list[int]]:
    """Return the names of the cameras wanted, and which views theirs are."""
    known = [canonical(name) for name in HUMAN36M_VIEWS]
    if cameras is None:
        names = list(HUMAN36M_VIEWS) if count == len(known) else [f"camera_{index}" for index in range(count)]
        return names, list(range(count))
    if count == len(known) and all(canonical(name) in known for name in cameras):
        return list(cameras), [known.index(canonical(name)) for name in cameras]
    if count == len(cameras):
        return list(cameras), list(range(count))
    raise InputError(
        f"{where} has {count} views without names, but {len(cameras)} cameras are wanted "
        f"({', '.join(cameras)}); expected one view of each, in this order"
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
    found = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    return [file for file in found if is_npz_with(file, ("positions_2d",))]
