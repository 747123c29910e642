"""Where the parts of a session lie that are not in videos/ or pose/, and what to do."""

from collections.abc import Iterator
from pathlib import Path

from mvtri.names import listed
from mvtri.video import SUFFIXES

_IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")


def where_else(folder: Path) -> str:
    """Return where videos, images or 2D poses lie in a folder instead, and the remedy; empty for nowhere."""
    hints = (_sessions(folder), _videos(folder), _images(folder), _poses(folder))
    return next((hint for hint in hints if hint), "")


def _sessions(folder: Path) -> str:
    parts = ("videos", "pose")
    inside = [path.name for path in _folders(folder) if any((path / part).is_dir() for part in parts)]
    return f"it contains sessions ({listed(inside)}): choose one of them" if inside else ""


def _videos(folder: Path) -> str:
    if any(_files(folder, SUFFIXES)):
        return f"the videos lie in {folder} itself: move them into {folder / 'videos'}"
    for place in _folders(folder):
        if any(_files(place, SUFFIXES)):
            return f"there are videos in {place}: rename that folder to videos"
        for inner in _folders(place):
            video = next(_files(inner, SUFFIXES), None)
            if video is not None:
                new = folder / "videos" / (inner.name + video.suffix)
                return f"{video} lies in a folder of its own: move it to {new}, and the others likewise"
    return ""


def _images(folder: Path) -> str:
    for place in _folders(folder):
        for inner in _folders(place):
            image = next(_files(inner, _IMAGES), None)
            if image is not None:
                return (
                    f"{inner} holds single images: make a video of those of each camera, with your frame "
                    f"rate, as in ffmpeg -framerate 30 -pattern_type glob -i '{inner}/*{image.suffix}' "
                    f"{folder / 'videos' / inner.name}.mp4"
                )
    return ""


def _poses(folder: Path) -> str:
    found = [path for path in _folders(folder) if path.name.lower().startswith("pose")]
    found = [path for path in found if any(any(_files(inner, (".json",))) for inner in _folders(path))]
    if not found:
        return ""
    if found[0].name.lower() == "pose":
        return f"there is 2D in {found[0]}, which is used without --detector and --model"
    return f"there is 2D in {found[-1]}: name it with --pose {found[-1].name}"


def _folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] != "."]


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.lower().endswith(suffixes) and path.name[0] != "." and path.is_file():
            yield path
