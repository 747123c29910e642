"""What the names of stored images say: which image it is, of which camera, and which frame."""

import re
from collections.abc import Iterable, Sequence

from mvtri.errors import InputError
from mvtri.formats.detections.frame_names import numbers_in_names
from mvtri.formats.detections.reader import by_camera
from mvtri.inputs import whole_number
from mvtri.names import canonical, natural


class ImageNames:
    """Names of stored images, absolute paths or only the ends of them.

    Parameters
    ----------
    names : sequence of str
    """

    def __init__(self, names: Sequence[str]):
        self._names = {name: _parts(name) for name in names}
        self._depth = min(map(len, self._names.values()), default=1)
        self._by_depth: dict[int, dict[tuple[str, ...], list[str]]] = {}

    def find(self, wanted: str, where: str) -> str | None:
        """Return the stored name that ends as `wanted` does, or None.

        As many folders count as both `wanted` and the shortest stored name have.

        Raises
        ------
        InputError
            If several do; `where` begins the sentence.
        """
        parts = _parts(wanted)
        depth = min(len(parts), self._depth)
        found = self._of(depth).get(parts[-depth:], [])
        if len(found) > 1:
            raise InputError(
                f"{where} has several images that could be {wanted} ({found[0]}, {found[1]}); store longer "
                "paths, or one file per camera"
            )
        return found[0] if found else None

    def _of(self, depth: int) -> dict[tuple[str, ...], list[str]]:
        if depth not in self._by_depth:
            table: dict[tuple[str, ...], list[str]] = {}
            for name, parts in self._names.items():
                table.setdefault(parts[-depth:], []).append(name)
            self._by_depth[depth] = table
        return self._by_depth[depth]


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))


def group_by_camera(
    names: Iterable[str], cameras: Sequence[str] | None, where: str
) -> dict[str, dict[int | str, str]]:
    """Return the images of each camera, by frame number, in order of it.

    The camera is the folder of an image, or what precedes the last number in its name
    (``cam01/000012.jpg``, ``cam01_000012.jpg``); it is "" where a name is a number alone (``12.jpg``).  An
    image without a number is its own frame.

    Parameters
    ----------
    names : iterable of str
        Paths of images.
    cameras : sequence of str or None
        The names wanted, in order; all by default.
    where : str
        Where the images were found, for messages.

    Raises
    ------
    InputError
        If a camera has no image, two images are the same frame of it, or names say no camera.
    """
    wanted = None if cameras is None else {canonical(name) for name in cameras}
    groups: dict[str, dict[int | str, str]] = {}
    for name in sorted(names, key=natural):
        camera, is_wanted = _camera_of(name, wanted)
        if not camera and cameras is not None:
            raise InputError(
                f"{where} have names that say no camera, such as {name}; store those of each camera apart, "
                f"in a file or folder with its name, such as {cameras[0]}"
            )
        group = groups.setdefault(camera, {})
        frame = _frame_of(name)
        if frame in group and is_wanted:
            raise InputError(
                f"{where}: {group[frame]} and {name} are the same frame; store one file per camera"
            )
        group[frame] = name
    return by_camera(groups, cameras, where)


def frame_numbers(names: Sequence[str]) -> list[int] | None:
    """Return the frame number in the name of each image, None where one has none or two are the same."""
    numbers = numbers_in_names([_stem_of(name) for name in names])
    found = [number for number in numbers if number is not None]
    return found if len(set(found)) == len(names) else None


def _camera_of(name: str, wanted: set[str] | None) -> tuple[str, bool]:
    """Return what a name says about the camera, and whether that is one of the cameras wanted."""
    *folders, file = _parts(name)
    stem = file.rpartition(".")[0] or file
    prefix = re.sub(r"[\W_]*\d+\D*$", "", stem)
    if wanted is not None:
        for part in (*reversed(folders), prefix, stem):
            if canonical(part) in wanted:
                return part, True
    return (folders[-1] if folders else prefix or stem.strip("0123456789")), wanted is None


def _frame_of(name: str) -> int | str:
    digits = re.findall(r"\d+", _stem_of(name))
    return whole_number(digits[-1], f"the name {name!r:.60}") if digits else name


def _stem_of(name: str) -> str:
    return _parts(name)[-1].rpartition(".")[0] or name
