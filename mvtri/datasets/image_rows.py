"""The rows of annotations, by the names of their images: ``S9/S9_Eating.54138969/..._000001.jpg``."""

import re
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import whole_number

_NAME = re.compile(
    r"(?:.*[/\\])?(?P<stem>(?P<subject>S\d+)_(?P<name>.+)\.(?P<camera>[^./\\]+))_(?P<frame>\d+)\.\w+"
)


class Names(Protocol):
    """An array of texts, or an object that reads one."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any) -> Any: ...


@dataclass(frozen=True)
class Run:
    """Consecutive rows of one recording in one camera.

    Attributes
    ----------
    subject, name, camera : str
    start, stop : int
        Its rows.
    """

    subject: str
    name: str
    camera: str
    start: int
    stop: int


def find_runs(names: Names, where: str) -> list[Run]:
    """Return the runs in an array of image names, reading only a few of the names.

    The end of a run is found by doubling steps, then halving them; `frames_of` reads every name of a run.

    Raises
    ------
    InputError
        If a name is not of this form, or the rows of a recording are not together.
    """
    runs: list[Run] = []
    seen: set[str] = set()
    start = 0
    while start < len(names):
        match = _match(names[start], where)
        stop = _end(names, start, match["stem"], where)
        if match["stem"] in seen:
            raise InputError(f"{where}: the rows of {match['stem']} are not together; sort the file")
        seen.add(match["stem"])
        runs.append(Run(match["subject"], match["name"], match["camera"], start, stop))
        start = stop
    return runs


def frames_of(names: Names, run: Run, where: str) -> np.ndarray:
    """Return the numbers (T,) in the images' names of a run.

    Raises
    ------
    InputError
        If a name belongs to another recording, or the numbers do not increase.
    """
    chosen = [str(name) for name in names[run.start : run.stop]]
    prefix = f"{run.subject}_{run.name}.{run.camera}"
    matches = [_match(name, where) for name in chosen]
    if any(match["stem"] != prefix for match in matches):
        raise InputError(f"{where}: rows of other images are among those of {prefix}; sort the file")
    frames = np.array([whole_number(match["frame"], where) for match in matches])
    if (np.diff(frames) <= 0).any():
        raise InputError(f"{where}: the frames of {prefix} do not increase from row to row; sort the file")
    return frames


def _end(names: Names, start: int, stem: str, where: str) -> int:
    def same(row: int) -> bool:
        return _match(names[row], where)["stem"] == stem

    step = 1
    while start + step < len(names) and same(start + step):
        step *= 2
    low, high = start + step // 2, min(start + step, len(names))  # low is of the run, high is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if same(middle) else (low, middle)
    return high


def _match(name: object, where: str) -> re.Match[str]:
    match = _NAME.fullmatch(str(name))
    if match is None:
        raise InputError(
            f"{where} has an image called {str(name)!r}, expected .../S9_Eating.54138969_000001.jpg"
        )
    return match
