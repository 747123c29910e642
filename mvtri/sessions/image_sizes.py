"""Whether videos have the size that their cameras were calibrated for, and what to do where they do not."""

import contextlib
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.names import listed, match_names
from mvtri.video import VideoInfo, probe

logger = logging.getLogger("mvtri")
SIZE_TOLERANCE = 0.01  # of the calibrated width and height: codecs pad by a few pixels
_OFF_CENTER = 0.15  # of width and height, by which a principal point may be off the middle
_TURNS = ("90", "180", "270")


def sizes_for(
    given: str | tuple[int, int] | None, videos: Mapping[str, Path]
) -> Callable[[list[str]], list[tuple[int, int]]]:
    """Return a function of cameras' names that returns their image sizes: those given, else the videos'.

    A camera without a video, which cannot be used anyway, has the size of the others' images.

    Raises
    ------
    InputError
        If `given` is no size; when called, also if there are neither a size nor videos.
    """
    size = None if given is None else parse_size(given, "--image-size")

    def find(names: list[str]) -> list[tuple[int, int]]:
        if size is not None:
            return [size] * len(names)
        found: dict[str, tuple[int, int]] = {}
        for name in names:
            with contextlib.suppress(InputError):
                info = probe(videos[match_names([name], list(videos), "camera", "videos")[name]])
                found[name] = info.width, info.height
        if not found:
            raise InputError(
                "the calibration states no image sizes, and no video has the name of one of its cameras "
                f"({listed(names)}); pass the size with --image-size 1920x1080"
            )
        return [found.get(name, next(iter(found.values()))) for name in names]

    return find


def parse_size(text: str | tuple[int, int], option: str) -> tuple[int, int]:
    """Return width and height of ``"1920x1080"``.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    if not isinstance(text, str):
        return int(text[0]), int(text[1])
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*[xX×,]\s*([0-9]{1,6})\s*", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise InputError(f"{option} {text} is no size; expected width and height, such as 1920x1080")
    return int(match[1]), int(match[2])


def turn_cameras(group: CameraGroup, turn: int | str | Mapping[str, int] | None) -> CameraGroup:
    """Return the cameras of images that are turned clockwise.

    Parameters
    ----------
    group : CameraGroup
    turn : int, str, mapping or None
        Degrees for all cameras, such as 90 or ``"90"``; or by camera, such as ``"cam1=90,cam3=270"``.

    Raises
    ------
    InputError
        If `turn` is none of these, or names a camera that there is not.
    """
    if turn is None:
        return group
    if not isinstance(turn, str):
        return group.turned(turn)
    if turn.strip() in _TURNS:
        return group.turned(int(turn))
    pairs = [part.rpartition("=") for part in turn.split(",") if part.strip()]
    if not pairs or any(not name.strip() or degrees.strip() not in _TURNS for name, _, degrees in pairs):
        raise InputError(
            f"--turn {turn} is not 90, 180 or 270, nor one of these for some cameras, as in cam1=90,cam3=270"
        )
    degrees_of = {name.strip(): int(degrees) for name, _, degrees in pairs}
    matched = match_names(list(degrees_of), group.names, "camera", "calibration's cameras", longer=False)
    return group.turned({matched[name]: degrees for name, degrees in degrees_of.items()})


def resize_cameras(group: CameraGroup, infos: Mapping[str, VideoInfo]) -> CameraGroup:
    """Return the cameras for the sizes of their videos.

    Raises
    ------
    InputError
        If there are no videos, or one has another ratio of width and height than its camera.
    """
    if not infos:
        raise InputError(
            "--resize-calib takes the sizes of the videos, but there are none; resize the calibration with "
            "mvtri convert CALIBRATION NEW --resize WIDTHxHEIGHT, and use NEW with --calib"
        )
    differences = [_difference(group, name, info) for name, info in infos.items()]
    _refuse([one for one in differences if one.kind != "resized"])
    sizes = group.image_sizes.copy()
    for one in differences:
        if one.kind == "resized":
            sizes[group.names.index(one.camera)] = infos[one.camera].width, infos[one.camera].height
    return group.resized(sizes)


def check_sizes(group: CameraGroup, infos: Mapping[str, VideoInfo]) -> None:
    """Warn where videos have another size than the calibration, and raise where they differ by over 1 %.

    Raises
    ------
    InputError
        The message says how the sizes differ, and which option makes up for it.
    """
    differences = [_difference(group, name, info) for name, info in infos.items()]
    _refuse(differences)
    small = [one.text for one in differences if one.kind == "slightly"]
    if small:
        logger.warning(
            "videos and calibration differ slightly in size: %s; the calibration is used as it is, which is "
            "right if pixels are missing or added at the right or the bottom; if they were cut off at the "
            "left or the top, crop it: mvtri convert CALIBRATION NEW --crop LEFT,TOP,WIDTH,HEIGHT",
            listed(small, "; "),
        )


class _Difference(NamedTuple):
    """In what way a video has another size than its camera, and both sizes in words."""

    camera: str
    kind: str
    text: str


def _difference(group: CameraGroup, name: str, info: VideoInfo) -> _Difference:
    size = group.image_sizes[group.names.index(name)].tolist()
    text = f"{name} {info.width} x {info.height}, calibrated as {size[0]} x {size[1]}"
    matrix = group.matrices[group.names.index(name)]
    kind = _kind((info.width, info.height), tuple(size), (matrix[0, 2], matrix[1, 2]))
    return _Difference(name, kind, text)


def _kind(video: tuple[int, int], calibrated: tuple[int, int], center: tuple[float, float]) -> str:
    if video == calibrated:
        return "equal"
    across, down = video[0] / calibrated[0], video[1] / calibrated[1]
    if abs(across - 1) <= SIZE_TOLERANCE and abs(down - 1) <= SIZE_TOLERANCE:
        return "slightly"
    if abs(across / down - 1) <= SIZE_TOLERANCE:
        return "resized"
    across, down = video[0] / calibrated[1], video[1] / calibrated[0]
    if abs(across / down - 1) > SIZE_TOLERANCE:
        return "cropped"
    if abs(across - 1) > SIZE_TOLERANCE:
        return "turned and resized"
    misstated = _in_the_middle(center, video) and not _in_the_middle(center, calibrated)
    return "misstated" if misstated else "turned"


def _in_the_middle(center: tuple[float, float], size: tuple[int, int]) -> bool:
    """Return whether a principal point is near the middle of an image, as that of every whole image is."""
    return all(abs(where / full - 0.5) < _OFF_CENTER for where, full in zip(center, size))


_WHAT = {
    "resized": "the videos were resized",
    "misstated": "the calibration's size has width and height exchanged, but its principal point has not",
    "turned": "width and height are exchanged",
    "turned and resized": "width and height are exchanged, and the videos were resized",
    "cropped": "the videos have another ratio of width and height, so they were cropped or stretched",
}
_REMEDIES = {
    "misstated": "exchange the two numbers of the size in the calibration file",
    "resized": "add --resize-calib, which resizes the calibration to the videos",
    "turned": "add --turn 90, or --turn 270 if the images were turned the other way, which turns the "
    "calibration (for some cameras alone: --turn CAMERA=90)",
    "turned and resized": "add --resize-calib and --turn 90, or --turn 270 if the images were turned the "
    "other way (for some cameras alone: --turn CAMERA=90)",
    "cropped": "if they were cropped, crop the calibration too: mvtri convert CALIBRATION NEW --crop "
    "LEFT,TOP,WIDTH,HEIGHT, and use NEW with --calib; if they were stretched, use the videos as filmed",
}


def _refuse(differences: list[_Difference]) -> None:
    """Raise InputError where sizes differ by more than a little."""
    parts = []
    for kind, what in _WHAT.items():
        cameras = [one for one in differences if one.kind == kind]
        if cameras:
            remedy = _REMEDIES[kind].replace("CAMERA", cameras[0].camera)
            parts.append(f"{what} ({listed([one.text for one in cameras], '; ')}): {remedy}")
    if parts:
        raise InputError(f"videos and calibration differ by more than 1 % in size: {'; '.join(parts)}")
