"""Where a folder keeps its pictures or videos of a board, camera by camera."""

from __future__ import annotations

import re
from pathlib import Path

from mvtri.errors import InputError, MissingFileError
from mvtri.video import SUFFIXES, Stills

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_PLACES = ("", "calibration/")
_AROUND = re.compile(
    r"^(?:int|ext|intrinsics?|extrinsics?)[_-]|[_-](?:img|imgs|images?|int|ext)$", re.IGNORECASE
)


def folder_of(session: Path, purpose: str) -> Path | None:
    """Return a session's folder for a purpose (``"intrinsics"``, ``"extrinsics"``); None if there is none.

    It is ``PURPOSE/`` or ``calibration/PURPOSE/``, as Pose2Sim lays sessions out.
    """
    for place in _PLACES:
        folder = session / f"{place}{purpose}"
        if folder.is_dir():
            return folder
    return None


def find_recordings(folder: Path) -> dict[str, Path | Stills]:
    """Return one recording a camera: a video, or a folder of images in the order of their names.

    A camera is called like its file or folder, without ``int_``, ``ext_`` and ``_img``.

    Raises
    ------
    MissingFileError, InputError
        If there is no such folder, it holds neither, or two recordings are of one camera.
    """
    if not folder.is_dir():
        raise MissingFileError(
            f"there is no folder {folder}; expected one with a video or a folder of images a camera"
        )
    found: dict[str, Path | Stills] = {}
    for entry in sorted(folder.iterdir()):
        recording = None if entry.name.startswith(".") else _recording(entry)
        if recording is None:
            continue
        name = _camera_name(entry.stem if entry.is_file() else entry.name)
        if name in found:
            raise InputError(f"{folder} has two recordings of the camera {name}; expected one a camera")
        found[name] = recording
    if not found and (images := _images(folder)):
        found[_camera_name(folder.name)] = Stills(images)
    if not found:
        raise InputError(
            f"{folder} has no recordings of a board; expected a video a camera (cam1.mp4) or a folder of "
            "images a camera"
        )
    return found


def _recording(entry: Path) -> Path | Stills | None:
    if entry.is_file():
        return entry if entry.suffix.lower() in SUFFIXES else None
    if images := _images(entry):
        return Stills(images)
    videos = [file for file in sorted(entry.iterdir()) if _is_video(file)]
    if len(videos) > 1:
        raise InputError(f"{entry} has {len(videos)} videos; expected one a camera")
    return videos[0] if videos else None


def _is_video(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _images(folder: Path) -> tuple[Path, ...]:
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in IMAGES and not file.name.startswith(".") and file.is_file()
    ]
    return tuple(sorted(files, key=_natural))


def _natural(file: Path) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in names by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file.name)]


def _camera_name(name: str) -> str:
    before = ""
    while name != before:
        before, name = name, _AROUND.sub("", name)
    return name or before
