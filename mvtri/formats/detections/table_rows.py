"""The rows of a table of 2D, by camera: one row per keypoint or per frame."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvtri.csv_cells import unescape_cell
from mvtri.errors import InputError
from mvtri.formats.detections.numbers import numbers_in, split_rows
from mvtri.formats.detections.one_for_all import UNNAMED
from mvtri.formats.detections.table_columns import Columns, find_columns
from mvtri.formats.detections.views import View, people_of
from mvtri.inputs import check_memory, read_text, separator_of
from mvtri.names import natural

_EXPECTED = "a table of 2D keypoints (columns such as frame, keypoint, x, y, score)"


def read_rows(path: Path) -> dict[str, View]:
    """Return the views of a table by camera; under `UNNAMED` where no column says the camera.

    Raises
    ------
    InputError
        If the table is damaged, has no such columns, or a keypoint twice in one frame.
    """
    text = read_text(path, _EXPECTED)
    rows = split_rows(text, separator_of(text.split("\n", 1)[0]), path)
    columns = find_columns(rows[0])
    if columns is None:
        raise InputError(f"{path} has the columns {', '.join(rows[0])[:120]}; expected {_EXPECTED}")
    body = rows[1:]
    if not body:
        raise InputError(f"{path} holds no frames; expected at least one row, so write it again")
    frames, numbered = _frames(body, columns, path)
    cameras = _texts(body, columns.roles.get("camera"))
    people = _texts(body, columns.roles.get("individual"))
    times = _times(body, columns, path)
    names, points, keypoint = _points(body, columns, path)
    found: dict[str, View] = {}
    for camera in sorted(set(cameras), key=natural):
        own = np.array([one == camera for one in cameras], dtype=bool)
        numbers, row = np.unique(frames[own], return_inverse=True)
        labels = list(dict.fromkeys(one for one, is_own in zip(people, own) if is_own))
        person = np.array([labels.index(one) for one, is_own in zip(people, own) if is_own], dtype=np.intp)
        place = (row, person) if keypoint is None else (row, person, keypoint[own])
        shape = (len(numbers), len(labels), _count(names, points, keypoint))
        values = _fill(shape, place, points[own], path)
        when = None
        if times is not None:
            when = np.zeros(len(numbers))
            when[row] = times[own]
        found[camera] = View(
            people_of(values),
            names,
            numbers=numbers.tolist() if numbered else None,
            times=None if when is None else when.tolist(),
        )
    return found


def _count(names: Sequence[str] | None, points: np.ndarray, keypoint: np.ndarray | None) -> int:
    """Return the number of keypoints."""
    if names is not None:
        return len(names)
    return points.shape[1] if keypoint is None else int(keypoint.max()) + 1


def _fill(
    shape: tuple[int, ...], place: tuple[np.ndarray, ...], points: np.ndarray, path: Path
) -> np.ndarray:
    """Return the values (T, N, K, 3) with the points of each row in their place."""
    check_memory(path, 24 * int(np.prod(shape, dtype=np.float64)))
    flat = np.ravel_multi_index(place, shape[: len(place)])
    if len(np.unique(flat)) < len(flat):
        twice = np.flatnonzero(np.bincount(flat) > 1)[0]
        what = "a keypoint" if len(place) == 3 else "a person"
        rows = np.flatnonzero(flat == twice)[:2] + 2
        raise InputError(f"{path} has {what} twice in one frame (rows {rows[0]} and {rows[1]} of its camera)")
    values = np.full((int(np.prod(shape[: len(place)])), *points.shape[1:]), np.nan)
    values[flat] = points
    return values.reshape(*shape, 3)


def _points(
    body: Sequence[Sequence[str]], columns: Columns, path: Path
) -> tuple[list[str] | None, np.ndarray, np.ndarray | None]:
    """Return the names of keypoints, the points of each row, and which keypoint each row is of.

    Points are (rows, 3) with one row per keypoint, else (rows, K, 3), and then the last value is None.
    """
    if not body:
        raise InputError(f"{path} has no rows below its header; expected one for each frame or keypoint")
    if columns.keypoints:
        places = [parts.get(part, -1) for parts in columns.keypoints.values() for part in ("x", "y", "score")]
        values = np.ones((len(body), len(places)))
        there = [number for number, place in enumerate(places) if place >= 0]
        values[:, there] = numbers_in(body, [places[number] for number in there], path, 2)
        names = list(columns.keypoints)
        numbered = [name for name in names if re.fullmatch(r"\d{1,9}", name)]
        in_order = numbered == names and [int(name) for name in names] in (
            list(range(len(names))),
            list(range(1, len(names) + 1)),
        )
        return None if in_order else names, values.reshape(len(body), -1, 3), None
    roles = columns.roles
    values = np.ones((len(body), 3))
    wanted = [role for role in ("x", "y", "score") if role in roles]
    values[:, : len(wanted)] = numbers_in(body, [roles[role] for role in wanted], path, 2)
    labels, keypoint = _keypoints(_texts(body, roles["keypoint"]), columns.has_board)
    return labels, values, keypoint


def _keypoints(labels: Sequence[str], has_board: bool) -> tuple[list[str] | None, np.ndarray]:
    """Return the names of keypoints and which one each row is of; numbers that count from 0 are no names."""
    names = list(dict.fromkeys(labels))
    if all(re.fullmatch(r"\d{1,9}", name) for name in names):
        numbers = sorted({int(name) for name in names})
        place = {number: index for index, number in enumerate(numbers)}
        keypoint = np.array([place[int(label)] for label in labels], dtype=np.intp)
        if has_board:
            return [f"corner_{number}" for number in numbers], keypoint
        in_order = numbers == list(range(len(numbers)))
        return None if in_order else [f"point_{number}" for number in numbers], keypoint
    index = {name: number for number, name in enumerate(names)}
    return names, np.array([index[label] for label in labels], dtype=np.intp)


def _frames(body: Sequence[Sequence[str]], columns: Columns, path: Path) -> tuple[np.ndarray, bool]:
    """Return the number of the frame of each row, and whether the table says it."""
    if "frame" in columns.roles:
        cells = [row[columns.roles["frame"]] for row in body]
        digits = [re.findall(r"\d+", cell.rpartition("/")[2].split(".")[0]) for cell in cells]
        for number, (cell, found) in enumerate(zip(cells, digits), start=2):
            if not found:
                raise InputError(f"row {number} of {path} has {cell!r:.40} as its frame; expected a number")
        return np.array([int(found[-1][-18:]) for found in digits], dtype=np.int64), True
    if "time" in columns.roles:
        times = numbers_in(body, [columns.roles["time"]], path, 2)[:, 0]
        return np.unique(times, return_inverse=True)[1], False
    if not columns.keypoints:
        raise InputError(f"{path} has no column that says the frame; expected one called frame or time")
    return np.arange(len(body)), False


def _times(body: Sequence[Sequence[str]], columns: Columns, path: Path) -> np.ndarray | None:
    if "time" not in columns.roles:
        return None
    times = numbers_in(body, [columns.roles["time"]], path, 2)[:, 0]
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0]) + 2
        raise InputError(f"row {row} of {path} has no time; expected seconds in every row")
    return times


def _texts(body: Sequence[Sequence[str]], column: int | None) -> list[str]:
    return [UNNAMED] * len(body) if column is None else [unescape_cell(row[column].strip()) for row in body]
