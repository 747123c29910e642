"""Acclaim's motions (``.amc``), as CMU's motion capture database has them; see `acclaim_skeleton`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.motion.acclaim_skeleton import TURNS, WORLD, AcclaimSkeleton, read_text, turns
from mvtri.inputs import open_input, whole_number

if TYPE_CHECKING:
    from mvtri.kinematics.bones import BoneMotion

CMU_RATE = 120.0  # frames a second; the files do not say it
_TAIL = 2**16  # bytes at either end of a file that hold a frame's number


def read_acclaim_motion(path: Path, skeleton: AcclaimSkeleton, fps: float = CMU_RATE) -> "BoneMotion":
    """Read an ``.amc`` file.

    Parameters
    ----------
    path : Path
    skeleton : AcclaimSkeleton
        That it belongs to.
    fps : float
        Frames a second, which the file does not say.

    Raises
    ------
    MissingFileError
        If it is not there.
    InputError
        If it is truncated, damaged or of another skeleton; the sentence says which frame.
    """
    from mvtri.kinematics.bones import BoneMotion

    head, words, starts = _frames(read_text(path), path)
    degrees = ":RADIANS" not in head if {":RADIANS", ":DEGREES"} & set(head) else skeleton.degrees
    order, table = _table(words, starts, skeleton, path)
    values = dict(zip(order, np.split(table, np.cumsum([len(skeleton.channels[b]) for b in order])[:-1], 1)))
    frames = len(table)
    rotations = np.empty((frames, len(skeleton.bones.names), 3, 3))
    for index, name in enumerate(skeleton.bones.names):
        angles = np.zeros((frames, 3))
        channels = skeleton.channels.get(name, ())
        for column, axis in enumerate(TURNS):
            if axis in channels:
                angles[:, column] = values[name][:, channels.index(axis)]
        frame = skeleton.bones.axes[index]
        rotations[:, index] = frame @ turns(skeleton.orders[index], angles, degrees) @ frame.T
    root = skeleton.channels["root"]
    path_of_root = values["root"][:, [root.index(axis) for axis in ("tx", "ty", "tz")]]
    return BoneMotion(skeleton.bones, rotations, path_of_root @ WORLD.T * skeleton.metres, float(fps))


def count_acclaim_frames(path: Path) -> int:
    """Return how many frames an ``.amc`` file has, from the numbers of its first and last.

    Raises
    ------
    InputError
        If there is none.
    """
    numbered = re.compile(rb"^\s*(\d+)\s*$", re.MULTILINE)
    with open_input(path) as file:
        first = numbered.search(file.read(_TAIL))
        file.seek(max(0, path.stat().st_size - _TAIL))
        found = numbered.findall(file.read())
    if first is None or not found:
        raise InputError(f"{path} holds no numbered frame; is it an .amc file?")
    last, start = (whole_number(one.decode(), f"a frame of {path}") for one in (found[-1], first[1]))
    return last - start + 1


def _frames(text: str, path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Return the head's words, the lines' words and which lines begin a frame."""
    if not text.endswith("\n"):
        raise InputError(f"{path} breaks off within its last line; is it truncated? (If not, end that line.)")
    lines = [line.split() for line in text.splitlines()]
    lines = [words for words in lines if words and not words[0].startswith("#")]
    starts = [row for row, words in enumerate(lines) if len(words) == 1 and words[0].isdigit()]
    if not starts:
        raise InputError(f"{path} holds no numbered frame; is it an .amc file?")
    head = [words[0].upper() for words in lines[: starts[0]]]
    if ":FULLY-SPECIFIED" not in head:
        raise InputError(f"{path} does not say :FULLY-SPECIFIED; only such motions are supported")
    return head, lines, starts


def _table(
    lines: list[list[str]], starts: list[int], skeleton: AcclaimSkeleton, path: Path
) -> tuple[list[str], np.ndarray]:
    """Return the bones in the order of the file and their numbers (T, sum of channels)."""
    width = sum(map(len, skeleton.channels.values()))
    table = np.empty((len(starts), width))
    order: list[str] = []
    numbers = [whole_number(lines[start][0], f"a frame of {path}") for start in starts]
    for row, (start, stop) in enumerate(zip(starts, [*starts[1:], len(lines)])):
        block = lines[start + 1 : stop]
        where = f"frame {lines[start][0]} of {path}"
        if numbers[row] != numbers[0] + row:
            raise InputError(f"{where} stands where frame {numbers[0] + row} was due; is a part missing?")
        names = [words[0] for words in block]
        if names != order:
            _check_bones(names, skeleton, where, stop == len(lines))
            if order:
                raise InputError(f"{where} has its bones in another order than the first; is it damaged?")
            order = names
        for words in block:
            if len(words) - 1 != len(skeleton.channels[words[0]]):
                raise InputError(
                    f"{where} has {len(words) - 1} numbers for {words[0]}, where the skeleton has "
                    f"{len(skeleton.channels[words[0]])}; is it of another skeleton, or truncated?"
                )
        try:
            table[row] = [float(word) for words in block for word in words[1:]]
        except ValueError as error:
            raise InputError(f"{where} holds something other than numbers: {error}") from None
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        raise InputError(
            f"frame {numbers[0] + int(np.argmax(bad))} of {path} holds a number that is not finite"
        )
    return order, table


def _check_bones(names: list[str], skeleton: AcclaimSkeleton, where: str, last: bool) -> None:
    unknown = [name for name in names if name not in skeleton.channels]
    lacking = [name for name in skeleton.channels if name not in names]
    if unknown:
        raise InputError(
            f"{where} has {', '.join(unknown[:5])}, which do not move in the skeleton; is it of another one?"
        )
    if lacking:
        cause = "truncated" if last else "of another skeleton"
        raise InputError(f"{where} lacks {', '.join(lacking[:5])}; is it {cause}?")
    if len(names) != len(set(names)):
        raise InputError(f"{where} has a bone twice; is it damaged?")
