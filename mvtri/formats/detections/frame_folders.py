"""One file per frame: a folder of each camera, or one folder with the files of all cameras."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mvtri.errors import InputError
from mvtri.formats.detections.frame_names import numbers_in_names
from mvtri.formats.detections.image_names import group_by_camera
from mvtri.formats.detections.places import files_in, folders_in
from mvtri.formats.detections.reader import by_camera

_LOOKED_AT = 8  # folders, and files of each, by which a format is recognised


def frames_by_camera(
    path: Path, suffix: str, cameras: Sequence[str] | None, inner: str
) -> dict[str, list[Path]]:
    """Return the files of each camera's frames: those in its folder, or that begin with its name.

    Parameters
    ----------
    path : Path
        A folder with the files of all cameras; or with one folder per camera.
    suffix : str
        Of the files, in lower case with the dot.
    cameras : sequence of str or None
        The names wanted; all where None.
    inner : str
        The folder inside that of a camera in which a program puts its files, if it is there.

    Raises
    ------
    InputError
        If a camera has none.
    """
    flat = {file.name: file for file in files_in(path, (suffix,))}
    if flat:
        where = f"files in {path}"
        if (cameras is None or len(cameras) == 1) and set(group_by_camera(flat, None, where)) == {""}:
            return {cameras[0] if cameras else path.name: list(flat.values())}
        groups = group_by_camera(flat, cameras, where)
        return {name: [flat[file] for file in frames.values()] for name, frames in groups.items()}
    files = {folder.name: files_in(_inside(folder, inner), (suffix,)) for folder in folders_in(path)}
    return by_camera({name: found for name, found in files.items() if found}, cameras, f"folders in {path}")


def any_frame(path: Path, suffix: str, inner: str, fits: Callable[[Path], bool]) -> bool:
    """Return whether some of such files are in a format; never raises.

    The files that are looked at are spread over the recording, since nobody may be in its first frames.
    """
    try:
        return path.is_dir() and any(map(fits, _examples(path, suffix, inner)))
    except OSError:
        return False


def number_frames(files: Sequence[Path], where: object) -> list[int]:
    """Return the frame number in the name of each file of one camera.

    Raises
    ------
    InputError
        If a name has none, or two have the same.
    """
    numbers = numbers_in_names([file.stem for file in files])
    without = [file for file, number in zip(files, numbers) if number is None]
    if without:
        raise InputError(
            f"{without[0]} has no frame number in its name; expected names such as cam1_12{files[0].suffix}"
        )
    found = [number for number in numbers if number is not None]
    if len(set(found)) < len(found):
        twice = next(number for number in found if found.count(number) > 1)
        raise InputError(f"{where} has two files of the frame {twice}; remove one of them")
    return found


def _examples(path: Path, suffix: str, inner: str) -> Iterator[Path]:
    for place in (path, *(_inside(folder, inner) for folder in folders_in(path)[:_LOOKED_AT])):
        files = files_in(place, (suffix,))
        yield from files[:: max(1, len(files) // _LOOKED_AT)]


def _inside(folder: Path, inner: str) -> Path:
    return folder / inner if (folder / inner).is_dir() else folder
