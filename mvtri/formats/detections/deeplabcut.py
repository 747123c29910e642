"""DeepLabCut's tables, ``.h5`` and ``.csv``; Lightning Pose's and Anipose's 2D have the same columns.

Columns have the levels scorer, individuals (with several animals), bodyparts and coords: x, y and likelihood.
Further coords are left out.  (Source: deeplabcut, pose_estimation_pytorch/apis/videos.py.)
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.numbers import numbers_in, split_rows
from mvtri.formats.detections.pandas_hdf5 import Frame, frames_in, read_frame
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.views import View, ViewsReader, people_of
from mvtri.inputs import check_memory, read_text, separator_of, whole_number
from mvtri.registry import Format, head_of

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_EXPECTED = "DeepLabCut's table (columns with scorer, bodyparts and coords)"
_HEADER = re.compile(rb"^(\xef\xbb\xbf)?\"?scorer\"?[,;\t][^\n]*\n\"?(individuals|bodyparts)\"?[,;\t]")
_NETWORK = re.compile(r"[-_ ]?(DLC|DeepCut)_.*$")  # what DeepLabCut puts after the name of the video


class DeepLabCutReader(ViewsReader):
    """One table per camera."""

    description = "DeepLabCut's, Lightning Pose's and Anipose's 2D tables (.h5, .csv)"
    suffixes = (".h5", ".hdf5", ".hdf", ".csv")

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file is HDF5 of pandas, or CSV that begins as DeepLabCut's does."""
        return bool(frames_in(path)) or _HEADER.match(head_of(path)) is not None

    def camera_name(self, path: Path) -> str:
        """Return the name of the video, without what DeepLabCut puts after it."""
        return path.name if path.is_dir() else _NETWORK.sub("", path.stem) or path.stem

    def same_content(self, first: Path, second: Path) -> bool:
        """Return whether two files are the same table: DeepLabCut writes it as ``.h5`` and as ``.csv``."""
        return first.with_suffix("") == second.with_suffix("") and first.suffix != second.suffix

    def parse(self, path: Path, request: Request) -> View:
        """Read a table; its index says the numbers of the frames."""
        frame = _read_csv(path) if not frames_in(path) and path.suffix.lower() == ".csv" else read_frame(path)
        keypoints, values = _arrange(frame, path)
        return View(people_of(values), keypoints, numbers=_frame_numbers(frame.index, len(values), path))


FORMAT = Format(
    name="deeplabcut",
    description=DeepLabCutReader.description,
    sniff=DeepLabCutReader.sniff,
    read=DeepLabCutReader,
    extensions=(),
)


def _read_csv(path: Path) -> Frame:
    text = read_text(path, _EXPECTED)
    rows = split_rows(text, separator_of(text.split("\n", 1)[0]), path)
    header = 0
    while header < len(rows) and rows[header][0].strip().lower() in _LEVELS:
        header += 1
    levels = [row[0].strip().lower() for row in rows[:header]]
    if "bodyparts" not in levels or levels[-1] != "coords":
        found = ", ".join(levels) or rows[0][0][:40]
        raise InputError(f"{path} begins with rows called {found}; expected {_EXPECTED}")
    first = next((place for place, cell in enumerate(rows[0]) if place and cell.strip()), len(rows[0]))
    columns = [tuple(row[place].strip() for row in rows[:header]) for place in range(first, len(rows[0]))]
    kept = [place for place, name in enumerate(columns) if name[-1] in ("x", "y", "z", "likelihood")]
    values = numbers_in(rows[header:], [first + place for place in kept], path, header + 1)
    index = ["/".join(filter(None, row[:first])) for row in rows[header:]]
    return Frame([columns[place] for place in kept], index, values)


def _arrange(frame: Frame, path: Path) -> tuple[list[str], np.ndarray]:
    """Return the names of keypoints, and the values (T, N, K, 3)."""
    depth = {len(name) for name in frame.columns}
    if not frame.columns or depth not in ({3}, {4}):
        raise InputError(f"{path} has columns with {sorted(depth)} levels of names; expected {_EXPECTED}")
    if any(name[-1] == "z" for name in frame.columns):
        raise InputError(f"{path} holds 3D points (x, y, z); expected 2D, so choose the 2D of each camera")
    columns = [name for name in frame.columns if name[-1] in ("x", "y", "likelihood")]
    scorers = list(dict.fromkeys(name[0] for name in columns))
    if len(scorers) > 1:
        raise InputError(f"{path} is of several scorers ({', '.join(scorers[:5])}); keep the columns of one")
    individuals = list(dict.fromkeys(name[1] if len(name) == 4 else "" for name in columns))
    keypoints = list(dict.fromkeys(name[-2] for name in columns))
    values = _empty(len(frame.values), individuals, keypoints, path)
    seen = set()
    for number, name in enumerate(frame.columns):
        if name[-1] not in ("x", "y", "likelihood"):
            continue
        if name in seen:
            raise InputError(f"{path} has the column {' '.join(name[1:])} twice; remove one of them")
        seen.add(name)
        person = individuals.index(name[1] if len(name) == 4 else "")
        coordinate = ("x", "y", "likelihood").index(name[-1])
        values[:, person, keypoints.index(name[-2]), coordinate] = frame.values[:, number]
    if not any(name[-1] == "likelihood" for name in columns):  # labelled by hand
        values[..., 2] = np.where(np.isfinite(values[..., :2]).all(axis=-1), 1.0, np.nan)
    return keypoints, values


def _empty(frames: int, individuals: Sequence[str], keypoints: Sequence[str], path: Path) -> np.ndarray:
    shape = (frames, len(individuals), len(keypoints), 3)
    check_memory(path, 8 * int(np.prod(shape, dtype=np.float64)))
    return np.full(shape, np.nan)


def _frame_numbers(index: Sequence[Any], count: int, path: Path) -> list[int] | None:
    """Return the numbers of the frames: those of the index, or the last ones in names of images."""
    if len(index) != count:
        return None
    numbers = []
    for one in index:
        digits = re.findall(r"\d+", str(one).rpartition("/")[2])
        if isinstance(one, float) and one.is_integer():
            numbers.append(int(one))
        elif digits:
            numbers.append(whole_number(digits[-1], f"the index of {path}"))
        else:
            return None
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise InputError(f"{path} has the frame {twice} twice; remove one of them")
    return numbers
