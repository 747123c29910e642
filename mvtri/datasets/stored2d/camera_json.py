"""What COCO's and MMPose's JSON share: PATH/<subject>/<sequence>/<camera>.json, told apart by first keys."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.datasets.sequence import Sequence as Recording
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.stored2d.base import Candidates, Stored2D, check_frames, label_positions
from mvtri.datasets.stored2d.locate import camera_files
from mvtri.errors import InputError
from mvtri.formats.detections.common import People, one_size, stack_people
from mvtri.names import match_names

_HEAD = 65536  # bytes in which the first keys stand


@dataclass(frozen=True, eq=False)
class View:
    """What one file holds.

    Attributes
    ----------
    people : list
        For each frame the people, each (K, 3): x, y and score.
    names : sequence of str or None
        K names of keypoints, where the file tells them.
    """

    people: list[list[np.ndarray]]
    names: Sequence[str] | None


class CameraJson(Stored2D):
    """One JSON file a camera, whose frames follow each other."""

    @staticmethod
    @abstractmethod
    def parse(path: Path) -> View:
        """Read a file."""

    def locate(self, info: SequenceInfo) -> Any:
        """Return the files of a sequence by camera."""
        return camera_files(self.path, info, ".json")

    def read(self, sequence: Recording) -> Candidates:
        """Read the file of every camera."""
        found = self.locate(sequence.info)
        cameras = sequence.cameras.names
        matched = match_names(cameras, list(found), "camera", f"files in {next(iter(found.values())).parent}")
        files = {name: found[matched[name]] for name in cameras}
        views = {name: self.parse(path) for name, path in files.items()}
        for name, view in views.items():
            check_frames(len(view.people), sequence, str(files[name]))
        people = {name: view.people for name, view in views.items()}
        first = views[cameras[0]]
        for name, view in views.items():
            if view.names != first.names:
                raise InputError(
                    f"{files[name]} names its keypoints otherwise than {files[cameras[0]]}; expected one "
                    "keypoint set"
                )
        return self.label(people, sequence, first.names, files)

    def label(
        self, people: People, sequence: Recording, names: Sequence[str] | None, files: dict[str, Path]
    ) -> Candidates:
        """Return the people of every camera as arrays."""
        count, where = one_size(people, lambda camera, index: f"frame {index} of {files[camera]}")
        position, confidence = stack_people(people, sequence.info.frames, count)
        return label_positions(position, confidence, sequence, names, self.skeleton, str(where))


def head_of(path: Path, keys: Sequence[str]) -> bool:
    """Return whether a file, or the first camera's in a folder, begins with one of some keys of JSON."""
    first = path if path.is_file() else next(iter(sorted(path.glob("*/*/*.json"))), None)
    if first is None or first.suffix.lower() != ".json":
        return False
    try:
        with open(first, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return re.search(rb'"(%s)"\s*:' % "|".join(keys).encode(), head) is not None
