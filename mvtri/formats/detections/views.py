"""What formats of one file, or one folder, per camera share: `View`, and the reader that joins the views."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.detections.frame_folders import frames_by_camera
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.people import People, one_size, stack_people
from mvtri.formats.detections.places import any_example, camera_places
from mvtri.formats.detections.reader import (
    DetectionsReader,
    Request,
    by_camera,
    chosen_frames,
    chosen_numbers,
    common_count,
)


@dataclass(frozen=True, eq=False)
class View:
    """What is stored of one camera.

    Attributes
    ----------
    people : list
        For each frame the people, each (K, 3): x, y and score.
    names : sequence of str or None
        K names of keypoints, where the file has them.
    size : (int, int) or None
        Width and height of the images, px, where the file has them.
    numbers : sequence of int or None
        The number of each frame, where the file has them; a frame that is not stored shows nobody.
    normalised : bool
        Whether x and y are parts of the image's width and height, by the format's definition.
    times : sequence of float or None
        The time of each frame, s, where the file has them.
    """

    people: list[list[np.ndarray]]
    names: Sequence[str] | None = None
    size: tuple[int, int] | None = None
    numbers: Sequence[int] | None = None
    normalised: bool = False
    times: Sequence[float] | None = None


class ViewsReader(DetectionsReader):
    """A folder with one file or one folder per camera, ``cam01.json``; or the file of one camera.

    Attributes
    ----------
    description : str
        Of the format.
    suffixes : tuple of str
        Of the files, in lower case with the dot.
    """

    description: str
    suffixes: tuple[str, ...] = (".json",)

    def __init__(self, path: Path):
        super().__init__(path)
        self._parsed: dict[Path, View] = {}

    @abstractmethod
    def parse(self, path: Path, request: Request) -> View:
        """Read the file of one camera."""

    def parse_frames(self, files: Sequence[Path], request: Request) -> View:
        """Read the files of one camera, one per frame; of formats that have such files."""
        raise NotImplementedError

    @staticmethod
    @abstractmethod
    def fits(path: Path) -> bool:
        """Return whether a file is in the format, by its content; cheap, and never raises."""

    @classmethod
    def sniff(cls, path: Path) -> bool:
        """Return whether a file, or one in a folder or in its folders, is in the format."""
        return any_example(path, cls.suffixes, cls.fits)

    def camera_name(self, path: Path) -> str:
        """Return what the name of a file or folder says about the camera."""
        return path.name if path.is_dir() else path.stem

    def same_content(self, first: Path, second: Path) -> bool:
        """Return whether two files of one camera are the same in two forms, so that the first one will do."""
        return False

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return by camera what is stored, and the file in which it is stored."""
        places = self._places(request)
        for path in places.values():
            if path not in self._parsed:
                self._parsed[path] = self.parse(path, request)
        return (
            {name: self._parsed[path] for name, path in places.items()},
            {name: self._label(path) for name, path in places.items()},
        )

    def views_of_frames(self, request: Request, inner: str) -> tuple[dict[str, View], dict[str, str]]:
        """Return what `views` does of files that are one per frame (`frames_by_camera`, `parse_frames`)."""
        files = frames_by_camera(self.path, self.suffixes[0], request.cameras, inner)
        for name, own in files.items():
            if self.path / name not in self._parsed:
                self._parsed[self.path / name] = self.parse_frames(own, request)
        views = {name: self._parsed[self.path / name] for name in files}
        return views, {name: f"the files of {name}" for name in views}

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames the file of each camera has; the files are read for it."""
        views, files = self.views(request)
        _, aligned = _aligned(views)
        return {files[name]: len(view.people) for name, view in aligned.items()}

    def frame_numbers(self, request: Request) -> np.ndarray | None:
        """Return the numbers of all frames where each view numbers its own."""
        stored, _ = _aligned(self.views(request)[0])
        return None if stored is None else np.array(stored)

    def read(self, request: Request) -> xr.Dataset:
        """Label the people of all cameras."""
        views, files = self.views(request)
        times = _times(views)
        stored, views = _aligned(views)
        count = common_count({files[name]: len(view.people) for name, view in views.items()})
        names = self._names(views, files)
        if not count:
            raise InputError(f"{self.path} holds no frames; expected at least one, so write it again")
        if stored is None:
            numbers = list(chosen_frames(count, request.frames, self.path))
            chosen = numbers
        else:
            numbers = chosen_numbers(stored, request.frames, self.path)
            chosen = np.searchsorted(stored, numbers).tolist()
        people: People = {name: [view.people[t] for t in chosen] for name, view in views.items()}
        keypoints, where = one_size(
            people, lambda name, t: f"frame {numbers[t]} of {self.where(files[name])}"
        )
        position, confidence = stack_people(people, len(chosen), keypoints)
        return label_people(
            position,
            confidence,
            request,
            cameras=list(views),
            numbers=numbers,
            names=names,
            where=where,
            source=self.description,
            image_sizes=_sizes(views),
            normalised=any(view.normalised for view in views.values()),
            times=None if times is None else times[chosen],
        )

    def _places(self, request: Request) -> dict[str, Path]:
        """Return the file or folder of each camera wanted."""
        where = f"files in {self.path}"
        fitting = camera_places(self.path, self.suffixes, self.fits)
        try:
            return by_camera(self._by_name(fitting), request.cameras, where)
        except InputError:
            if request.cameras is None or self.path.is_file():
                raise
            every = camera_places(self.path, self.suffixes, lambda _: True)
            if len(every) == len(fitting):
                raise
        return by_camera(self._by_name(every), request.cameras, where)  # a damaged file of a camera, too

    def _by_name(self, places: Mapping[Path, Path]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for named, path in places.items():
            name = self.camera_name(named)
            if name in found and self.same_content(found[name], path):
                continue
            if name in found:
                raise InputError(
                    f"{found[name]} and {path.name} are both of the camera {name}; remove one of them"
                )
            found[name] = path
        return found

    def _label(self, path: Path) -> str:
        return (
            path.name if path.parent == self.path or path == self.path else f"{path.parent.name}/{path.name}"
        )

    def _names(self, views: Mapping[str, View], files: Mapping[str, str]) -> Sequence[str] | None:
        first = next(iter(views))
        for name, view in views.items():
            if view.names != views[first].names:
                raise InputError(
                    f"{self.where(files[name])} names its keypoints otherwise than {files[first]}; expected "
                    "one keypoint set"
                )
        return views[first].names


def people_of(values: np.ndarray) -> list[list[np.ndarray]]:
    """Return the people of each frame from values (T, N, K, 3); somebody without a keypoint is nobody."""
    there = np.isfinite(values[..., :2]).all(axis=-1).any(axis=-1)
    nobody = np.empty((0, 3))
    return [
        [person if is_there else nobody for person, is_there in zip(people, present)]
        for people, present in zip(values, there)
    ]


def _aligned(views: Mapping[str, View]) -> tuple[list[int] | None, dict[str, View]]:
    """Return the numbers of all frames and the views with all of them, where all views number their frames.

    A frame that a view lacks shows nobody in that view.
    """
    if any(view.numbers is None for view in views.values()):
        return None, dict(views)
    numbers = sorted({number for view in views.values() for number in view.numbers or ()})
    whole = {}
    for name, view in views.items():
        stored = dict(zip(view.numbers or (), view.people))
        people = [stored.get(number, []) for number in numbers]
        whole[name] = View(people, view.names, view.size, numbers, view.normalised)
    return numbers, whole


def _times(views: Mapping[str, View]) -> np.ndarray | None:
    """Return the time of each frame of all views, the median of their times; None where a view has none."""
    if any(view.times is None for view in views.values()):
        return None
    found: dict[int, list[float]] = {}
    for view in views.values():
        numbers = range(len(view.people)) if view.numbers is None else view.numbers
        for number, time in zip(numbers, view.times or ()):
            found.setdefault(number, []).append(time)
    return np.array([np.median(found[number]) for number in sorted(found)])


def _sizes(views: Mapping[str, View]) -> np.ndarray | None:
    sizes = [view.size for view in views.values() if view.size is not None]
    return np.array(sizes) if len(sizes) == len(views) else None
