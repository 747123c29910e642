"""What a reader of 2D detections is asked for, and what every such reader can do."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.inputs import as_damage
from mvtri.names import match_names
from mvtri.skeletons import NameOrFile

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Request:
    """What is wanted from stored 2D.

    Attributes
    ----------
    cameras : sequence of str, optional
        The C names, in the order wanted; by default all cameras that are stored.
    image_sizes : array_like, shape (C, 2) or (2,), optional
        Width and height of the images, px, where the files do not state them.
    skeleton : str or path, optional
        The keypoint set, where neither names nor the number of keypoints say it: the name of a skeleton, or a
        TOML file that defines one.
    fps : float, optional
        Frames per second; without it, frame numbers stand for time where the files have no times.
    frames : (int, int, int), optional
        Start, stop and step of the frames wanted: of their numbers where the files number them
        (`DetectionsReader.frame_numbers`), else counted from 0 in the order in which they are stored.
    associated : bool
        True where individual i is the same person in every view.
    images : ndarray of str, shape (T, C), optional
        The image files of each frame, where one file holds the 2D of many images.
    sequence : (str, str), optional
        Subject and name of the recording, where one file holds several.
    """

    cameras: Sequence[str] | None = None
    image_sizes: np.ndarray | Sequence[Sequence[int]] | Sequence[int] | None = None
    skeleton: NameOrFile | None = None
    fps: float | None = None
    frames: tuple[int, int, int] | None = None
    associated: bool = False
    images: np.ndarray | None = None
    sequence: tuple[str, str] | None = None


class DetectionsReader(ABC):
    """2D in one file or folder: opened, and read when it is asked for.

    It keeps what it has parsed, so that several recordings in one file are read one after another.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    holds_sequences : bool
        Whether the file is of several recordings, by `Request.images` or `Request.sequence`.
    """

    holds_sequences: bool = False

    def __init__(self, path: Path):
        self.path = path

    @abstractmethod
    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames are stored, by the part of `path` that holds them; cheap where it can be.

        Raises
        ------
        InputError
            If a camera is missing, or the files are damaged.
        """

    @abstractmethod
    def read(self, request: Request) -> xr.Dataset:
        """Return Detections of all individuals who are stored (`mvtri.tracks.make_detections`).

        Raises
        ------
        InputError
            If a camera or a frame is missing, the files are damaged, or it is not certain which keypoints
            they hold.
        """

    @property
    def fps(self) -> float | None:
        """The frames per second that the files state; None where they state none."""
        return None

    def frame_numbers(self, request: Request) -> np.ndarray | None:
        """Return the numbers (T,) of all frames that any camera has, ascending; None where files have none.

        A frame that a camera lacks shows nobody in it.  `read` returns the frames of these numbers.
        """
        return None

    def list_sequences(self) -> dict[str, list[str]]:
        """Return the recordings of a file of several, by subject; empty where recordings have no names."""
        return {}

    def where(self, part: str) -> str:
        """Return how to call a part of `path` in a message."""
        return str(self.path) if part == self.path.name else f"{self.path}: {part}"

    def __init_subclass__(cls) -> None:
        for name in ("read", "count_frames"):
            if name in cls.__dict__:
                setattr(cls, name, _guarded(cls.__dict__[name]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __reduce__(self) -> tuple[type["DetectionsReader"], tuple[Path]]:
        return type(self), (self.path,)  # what is parsed stays in its process


def _guarded(method: Callable[..., T]) -> Callable[..., T]:
    @functools.wraps(method)
    def guarded(self: "DetectionsReader", *arguments: Any) -> T:
        with as_damage(self.path):
            return method(self, *arguments)

    return guarded


def by_camera(found: Mapping[str, T], cameras: Sequence[str] | None, where: str) -> dict[str, T]:
    """Return what was found by camera, for the `cameras` wanted in their order; all where None are named.

    Raises
    ------
    InputError
        If a camera has no match among the names found, or several.
    """
    if cameras is None:
        return dict(found)
    matched = match_names(cameras, list(found), "camera", where)
    return {name: found[matched[name]] for name in cameras}


def common_count(counts: Mapping[str, int]) -> int:
    """Return the number of frames that all parts have.

    Raises
    ------
    InputError
        If the numbers differ; the message lists them.
    """
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"the views have different numbers of frames ({listed}); expected the same frames in every camera"
        )
    if not counts:
        raise InputError("the files hold no camera; expected at least one")
    return next(iter(counts.values()))


def chosen_numbers(
    numbers: Sequence[int] | np.ndarray, frames: tuple[int, int, int] | None, where: object
) -> list[int]:
    """Return those of the frame `numbers` that start, stop and step choose; all where None are chosen.

    Raises
    ------
    InputError
        If there are none.
    """
    wanted = None if frames is None else range(*frames)
    chosen = [int(number) for number in numbers if wanted is None or number in wanted]
    if not chosen:
        raise InputError(
            f"the frames {frames} are none of the {len(numbers)} of {where}, whose numbers are "
            f"{min(numbers)} to {max(numbers)}; choose others"
        )
    return chosen


def chosen_frames(count: int, frames: tuple[int, int, int] | None, where: object) -> range:
    """Return the indices of the frames wanted.

    Raises
    ------
    InputError
        If there are none.
    """
    chosen = range(count)[slice(*frames)] if frames is not None else range(count)
    if not chosen:
        raise InputError(f"the frames {frames} select none of the {count} frames of {where}; choose others")
    return chosen
