"""Ultralytics' pose labels: one text file per frame, one line per person.

A line is ``class cx cy w h``, then ``x y visibility`` (or ``x y``) of each keypoint, then optionally the
score of the box and the person's track.  All coordinates are parts of the image's width and height.  (Source:
ultralytics, engine/results.py, `save_txt`.)  Frames in which nobody was found have no file.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.frame_folders import any_frame, number_frames
from mvtri.formats.detections.places import files_in
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.inputs import read_text
from mvtri.registry import Format, head_of
from mvtri.skeletons import get_skeleton

_LABELS = "labels"  # the folder in that of a run
_BOX = 5  # class, centre and size
_MOST_EXTRA = 2  # the score of the box and the person's track
_COCO = "coco17"  # of all models that Ultralytics publishes
_EXPECTED = "Ultralytics' labels (class cx cy w h, then x y visibility of each keypoint)"


class UltralyticsReader(ViewsReader):
    """A folder per camera with one file per frame, ``cam1/cam1_12.txt``; or all files in one folder."""

    description = "Ultralytics' pose labels (.txt)"
    suffixes = (".txt",)

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether the first line of a file is one of numbers, the first of them an integer."""
        cells = head_of(path, 4096).split(b"\n", 1)[0].split()
        if len(cells) < _BOX + 2 or not cells[0].isdigit():
            return False
        return all(re.fullmatch(rb"[-+0-9.e]+", cell) for cell in cells)

    @classmethod
    def sniff(cls, path: Path) -> bool:
        """Return whether there are such files in a folder, in its folders, or in ``labels`` in those."""
        return any_frame(path, cls.suffixes[0], _LABELS, cls.fits)

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the frames of each camera: its folder, or the files that begin with its name."""
        return self.views_of_frames(request, _LABELS)

    def parse(self, path: Path, request: Request) -> View:
        """Read the frames in the folder of one camera."""
        return self.parse_frames(files_in(path, self.suffixes), request)

    def parse_frames(self, files: Sequence[Path], request: Request) -> View:
        """Read the frames of one camera."""
        people = [_people(path, request) for path in files]
        names = get_skeleton(request.skeleton or _COCO).keypoints
        return View(people, names, numbers=number_frames(files, self.path), normalised=True)


FORMAT = Format(
    name="ultralytics",
    description=UltralyticsReader.description,
    sniff=UltralyticsReader.sniff,
    read=UltralyticsReader,
)


def _people(path: Path, request: Request) -> list[np.ndarray]:
    lines = read_text(path, _EXPECTED).splitlines()
    return [_person(line, request, path) for line in lines if line.strip()]


def _person(line: str, request: Request, path: Path) -> np.ndarray:
    try:
        values = np.array(line.split(), dtype=np.float64)
    except ValueError:
        raise InputError(f"{path} has a line that is not of numbers; expected {_EXPECTED}") from None
    count, width = _layout(len(values), request, path)
    points = values[_BOX : _BOX + count * width].reshape(count, width)
    if width == 3:
        return points
    seen = (points != 0).any(axis=1)  # without visibilities, 0 0 is a keypoint that is missing
    return np.column_stack([points, seen])


def _layout(cells: int, request: Request, path: Path) -> tuple[int, int]:
    """Return how many keypoints a line has, and how many values for each.

    Raises
    ------
    InputError
        If a line of so many cells cannot be of that skeleton.
    """
    skeleton = get_skeleton(request.skeleton or _COCO)
    count = len(skeleton)
    for width in (3, 2):
        if 0 <= cells - _BOX - count * width <= _MOST_EXTRA:
            return count, width
    others = "" if request.skeleton else "; if it is of another skeleton, say which with --skeleton"
    raise InputError(
        f"{path} has a line of {cells} numbers, but the {count} keypoints of {skeleton.name} need "
        f"{_BOX + 3 * count} (x y visibility) or {_BOX + 2 * count} (x y), and at most {_MOST_EXTRA} "
        f"more{others}"
    )
