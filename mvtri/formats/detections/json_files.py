"""What COCO's and MMPose's JSON share: one file per camera, whose frames follow each other."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.people import People, one_size, stack_people
from mvtri.formats.detections.reader import DetectionsReader, Request, by_camera, chosen_frames, common_count
from mvtri.registry import head_of


@dataclass(frozen=True, eq=False)
class View:
    """What one file holds of one camera.

    Attributes
    ----------
    people : list
        For each frame the people, each (K, 3): x, y and score.
    names : sequence of str or None
        K names of keypoints, where the file has them.
    size : (int, int) or None
        Width and height of the images, px, where the file has them.
    """

    people: list[list[np.ndarray]]
    names: Sequence[str] | None = None
    size: tuple[int, int] | None = None


class JsonReader(DetectionsReader):
    """A folder with one JSON file per camera, ``cam01.json``; or the file of one camera."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._parsed: dict[Path, View] = {}

    @staticmethod
    @abstractmethod
    def parse(path: Path) -> View:
        """Read the file of one camera."""

    @staticmethod
    @abstractmethod
    def describe() -> str:
        """Return the format's description."""

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return by camera what is stored, and the file in which it is stored."""
        files = by_camera(self._files(), request.cameras, f"files in {self.path}")
        for path in files.values():
            if path not in self._parsed:
                self._parsed[path] = self.parse(path)
        return (
            {name: self._parsed[path] for name, path in files.items()},
            {name: path.name for name, path in files.items()},
        )

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames the file of each camera has; the files are read for it."""
        views, files = self.views(request)
        return {files[name]: len(view.people) for name, view in views.items()}

    def read(self, request: Request) -> xr.Dataset:
        """Label the people of all cameras."""
        views, files = self.views(request)
        count = common_count({files[name]: len(view.people) for name, view in views.items()})
        first = next(iter(views))
        for name, view in views.items():
            if view.names != views[first].names:
                raise InputError(
                    f"{self.where(files[name])} names its keypoints otherwise than {files[first]}; expected "
                    "one keypoint set"
                )
        chosen = chosen_frames(count, request.frames, self.path)
        people: People = {name: [view.people[t] for t in chosen] for name, view in views.items()}
        keypoints, where = one_size(people, lambda name, t: f"frame {chosen[t]} of {self.where(files[name])}")
        position, confidence = stack_people(people, len(chosen), keypoints)
        return label_people(
            position,
            confidence,
            request,
            cameras=list(views),
            numbers=chosen,
            names=views[first].names,
            where=where,
            source=self.describe(),
            image_sizes=_sizes(views),
        )

    def _files(self) -> dict[str, Path]:
        if self.path.is_file():
            return {self.path.stem: self.path}
        found = {path.stem: path for path in sorted(self.path.glob("*.json")) if path.name[0] != "."}
        if not found:
            raise InputError(f"{self.path} holds no .json files; expected one per camera")
        return found


def begins_with_key(path: Path, keys: Sequence[str]) -> bool:
    """Return whether a file, or the first JSON file in a folder, has one of some keys at its beginning."""
    first = next(iter(sorted(path.glob("*.json"))), path) if path.is_dir() else path
    head = head_of(first)
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return False
    return re.search(rb'"(%s)"\s*:' % "|".join(keys).encode(), head) is not None


def _sizes(views: Mapping[str, View]) -> np.ndarray | None:
    sizes = [view.size for view in views.values() if view.size is not None]
    return np.array(sizes) if len(sizes) == len(views) else None
