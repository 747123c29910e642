"""What a session folder holds, by camera, and whether its parts fit each other."""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.names import canonical, listed, match_names
from mvtri.video import SUFFIXES, VideoInfo, probe

logger = logging.getLogger("mvtri")
RATE_TOLERANCE = 0.0005  # 29.97 and 30 frames per second differ by 0.001, which is one frame after 33 s


def find_videos(folder: Path) -> dict[str, Path]:
    """Return the files in ``videos/`` by name without extension; none if there is no such folder.

    Raises
    ------
    InputError
        If two files have the same name with different extensions.
    """
    found: dict[str, Path] = {}
    place = _inside(folder, "videos")
    for path in sorted(place.iterdir()) if place else []:
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            if path.stem in found:
                raise InputError(
                    f"{found[path.stem]} and {path.name} differ only in the extension; expected one video "
                    "per camera: remove one of them"
                )
            found[path.stem] = path
    return found


def find_pose(folder: Path, pose: str | os.PathLike[str] | bool | None) -> Path | None:
    """Return the file or folder of 2D poses: the one named, else ``pose/``; None if `pose` is False.

    Raises
    ------
    MissingFileError
        If the given folder does not exist.
    """
    if pose is False:
        return None
    if pose is None or pose is True:
        return _inside(folder, "pose")
    for candidate in (Path(pose), folder / pose):
        if candidate.exists():
            return candidate
    raise MissingFileError(
        f"there is no file or folder {pose} with 2D poses, nor {folder / pose}; check --pose"
    )


def find_cameras(
    folder: Path,
    calibration: CameraGroup | str | os.PathLike[str] | None,
    unit: str | None = None,
    image_sizes: Callable[[list[str]], ArrayLike] | None = None,
) -> tuple[CameraGroup, tuple[Path, ...]]:
    """Return the cameras, and the files that they were read from (none for a CameraGroup).

    Parameters
    ----------
    folder : Path
        The session.
    calibration : CameraGroup, path or None
        What was chosen.
    unit : str, optional
        The file's unit of length.
    image_sizes : callable, optional
        Returns the image sizes of cameras by name, for files that do not state them.

    Raises
    ------
    MissingFileError, InputError
        If there is no calibration, or there are several and none was chosen.
    """
    if isinstance(calibration, CameraGroup):
        return calibration, ()
    chosen = _choose_calibration(folder) if calibration is None else Path(calibration)
    group = calib.read_cameras(chosen, unit=unit, image_sizes=image_sizes)
    return group, tuple(calib.calibration_files(chosen))


def _choose_calibration(folder: Path) -> Path:
    candidates = calib.find_calibration(folder)
    own = [path.name for path in sorted((folder / "calibration").glob("*")) if path.is_file()]
    session = folder.resolve()
    if own and not any(session in (path.parent, path.parent.parent) for path in candidates):
        known = "; ".join(one.description for one in calib.camera_formats().values())
        raise InputError(  # and does not fall back on the one beside `folder`: it may be of other cameras
            f"{folder / 'calibration'} contains {listed(own)}, but no calibration in a format that mvtri "
            f"reads ({known}); export the calibration in one of them, or choose another file with --calib"
        )
    if len(candidates) > 1:
        names = ", ".join(path.name for path in candidates)
        raise InputError(
            f"{candidates[0].parent} contains several calibrations ({names}); choose one with --calib"
        )
    if not candidates:
        raise InputError(
            f"{folder} has no calibration, neither in its calibration/ nor in a calibration/ beside it; "
            "choose a calibration file with --calib"
        )
    return candidates[0]


def choose_cameras(group: CameraGroup, cameras: int | str | Sequence[str] | None) -> CameraGroup:
    """Return the first `cameras` cameras, or the ones with these names, in the calibration's order.

    Raises
    ------
    InputError
        If the calibration has fewer cameras, or none of a name.
    """
    if cameras is None:
        return group
    if isinstance(cameras, str):
        one = cameras.strip()
        count = re.fullmatch(r"-?[0-9]+", one) and canonical(one) not in map(canonical, group.names)
        cameras = int(one) if count else [part.strip() for part in one.split(",") if part.strip()]
    if isinstance(cameras, int):
        if not 1 <= cameras <= len(group):
            listed = ", ".join(group.names)
            raise InputError(
                f"--cams is {cameras}, but the calibration has {len(group)} cameras ({listed}); expected a "
                f"number from 2 to {len(group)}, or names"
            )
        return group.subset(group.names[:cameras])
    _refuse_spaces(cameras, group)
    matched = match_names(cameras, group.names, "camera", "calibration's cameras", longer=False)
    wanted = set(matched.values())
    if not wanted:
        raise InputError(f"--cams is empty; expected a number, or some of {', '.join(group.names)}")
    return group.subset([name for name in group.names if name in wanted])


def _refuse_spaces(cameras: Sequence[str], group: CameraGroup) -> None:
    """Raise InputError where one of `cameras` is several names with spaces between them."""
    known = set(map(canonical, group.names))
    for text in cameras:
        parts = text.split()
        if canonical(text) not in known and len(parts) > 1 and known.issuperset(map(canonical, parts)):
            raise InputError(
                f"--cams {text!r} is not the name of a camera, but its words are; separate names with "
                f"commas, as in --cams {','.join(parts)}"
            )


def match_videos(group: CameraGroup, found: Mapping[str, Path]) -> dict[str, VideoInfo]:
    """Return size, rate and length of the video of each camera; an empty dict if there are no videos.

    Raises
    ------
    InputError
        If a camera has no video, or one cannot be read.
    """
    if not found:
        return {}
    matched = match_names(group.names, list(found), "camera", "videos")
    return {name: probe(found[matched[name]]) for name in group.names}


def count_frames(infos: Mapping[str, VideoInfo], stored: Mapping[str, int]) -> int:
    """Return the number of frames, which is the same for all videos and poses.

    Parameters
    ----------
    infos : mapping of str to VideoInfo
    stored : mapping of str to int
        The frames of the stored 2D, by file or folder.

    Raises
    ------
    InputError
        If the numbers differ; the message lists them.
    """
    counts: dict[str, int] = {}
    for info in infos.values():
        if info.frames < 1:
            raise InputError(
                f"{info.path} does not state how many frames it has; rewrite its container, for example with "
                f"ffmpeg -i {info.path.name} -c copy {info.path.stem}_new.mp4"
            )
        counts[info.path.name] = info.frames
    counts |= stored
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        which = "videos and poses" if infos and stored else "videos" if infos else "poses"
        raise InputError(
            f"the {which} have different numbers of frames ({listed}); expected the same number: cut them "
            "so that frame 0 and the last frame show the same moments in all cameras"
        )
    return next(iter(counts.values()))


def frame_rate(
    infos: Mapping[str, VideoInfo], fps: float | None, stored: float | None = None
) -> float | None:
    """Return the frames per second: `fps`, else the videos', else `stored`, else None with a warning.

    Parameters
    ----------
    infos : mapping of str to VideoInfo
    fps : float or None
        What the user gave.
    stored : float, optional
        What the file of 2D poses states.

    Raises
    ------
    InputError
        If the videos have different rates, or `fps` is not a positive number.
    """
    if fps is not None and not 0 < fps < float("inf"):
        raise InputError(f"--fps {fps:g} is not a frame rate; expected a number above 0")
    rates = {info.path.name: info.fps for info in infos.values() if info.fps > 0}
    if rates and max(rates.values()) > min(rates.values()) * (1 + RATE_TOLERANCE):
        listed = ", ".join(f"{name} {rate:g}" for name, rate in rates.items())
        raise InputError(f"the videos have different frame rates ({listed}); convert them to the same rate")
    stated = next(iter(rates.values()), stored)
    if fps is not None:
        if stated is not None and abs(stated / fps - 1) > RATE_TOLERANCE:
            what = "videos state" if rates else "2D poses state"
            logger.warning("the %s %g frames per second; --fps %g is used instead", what, stated, fps)
        return float(fps)
    if stated is None:
        logger.warning("no frame rate is known, so frame numbers stand for time; pass --fps to set it")
    return stated


def _inside(folder: Path, name: str) -> Path | None:
    """Return the folder called `name`, in upper or lower case, inside `folder`."""
    found = [path for path in sorted(folder.iterdir()) if path.name.lower() == name and path.is_dir()]
    return found[0] if found else None
