"""What a session folder holds, by camera, and whether its parts fit each other."""

import logging
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from numpy.typing import ArrayLike

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.names import listed, match_names
from mvtri.video import SUFFIXES, VideoInfo, probe

logger = logging.getLogger("mvtri")
_POSE_SUFFIXES = (".json", ".csv", ".tsv", ".h5", ".slp", ".npz", ".npy", ".nc")


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
    cameras: int | str | Sequence[str] | None = None,
    unit: str | None = None,
    image_sizes: Callable[[list[str]], ArrayLike] | None = None,
) -> tuple[CameraGroup, tuple[Path, ...]]:
    """Return the cameras that are wanted, and the files that they were read from (none for a CameraGroup).

    Parameters
    ----------
    folder : Path
        The session.
    calibration : CameraGroup, path or None
        What was chosen.
    cameras : int, str, sequence of str or None
        Which cameras are wanted, as for `open_session`; only these are checked.
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
        return choose_cameras(calibration, cameras), ()
    chosen = _choose_calibration(folder) if calibration is None else _named(folder, Path(calibration))
    group = calib.read_cameras(chosen, unit=unit, image_sizes=image_sizes, cameras=cameras)
    return group, tuple(calib.calibration_files(chosen))


def _named(folder: Path, calibration: Path) -> Path:
    """Return where a calibration is: relative to the working directory, else to where a session keeps it."""
    if calibration.exists():
        return calibration
    places = (folder, folder / "calibration", folder.resolve().parent / "calibration")
    there = (place / calibration for place in places)
    return next((path for path in there if path.exists()), calibration)


def _choose_calibration(folder: Path) -> Path:
    candidates = calib.find_calibration(folder)
    place = _inside(folder, "calibration")
    files = [path for path in sorted(place.iterdir()) if path.is_file()] if place else []
    own = [path.name for path in files if path.name[0] != "."]
    session = folder.resolve()
    inside = [path for path in candidates if session in (path.parent, path.parent.parent)]
    if own and not inside:
        known = "; ".join(one.brief for one in calib.camera_formats().values())
        raise InputError(  # and does not fall back on the one beside `folder`: it may be of other cameras
            f"{place} contains {listed(own)}, but no calibration in a format that mvtri "
            f"reads ({known}); export the calibration in one of them, or choose another file with --calib"
        )
    if len(candidates) > 1:
        names = ", ".join(path.name for path in candidates)
        raise InputError(
            f"{candidates[0].parent} contains several calibrations ({names}); choose one with --calib"
        )
    if not candidates:
        raise InputError(_no_calibration(folder))
    for path in files:
        if not path.stat().st_size and path.name[0] != ".":
            logger.warning("%s is empty, and %s is used", path, candidates[0].name)
    return candidates[0]


def _no_calibration(folder: Path) -> str:
    others = calib.other_calibrations(folder)
    if not others:
        return (
            f"{folder} has no calibration, neither in its calibration/ nor in a calibration/ beside it; "
            "choose a calibration file with --calib"
        )
    listing = listed([str(path.relative_to(folder)) for path in others])
    return (
        f"{folder} has no calibration/, but there is {listing}; choose it with --calib "
        f"{shlex.quote(str(others[0]))}, or move it into "
        f"{folder / 'calibration'}"
    )


def choose_cameras(group: CameraGroup, cameras: int | str | Sequence[str] | None) -> CameraGroup:
    """Return the first `cameras` cameras, or the ones with these names, in the calibration's order.

    Raises
    ------
    InputError
        If the calibration has fewer cameras, or none of a name.
    """
    return group.subset(calib.choose_names(group.names, cameras))


def say_unmatched_poses(group: CameraGroup, path: Path) -> None:
    """Warn of folders, or of files where there are none, with 2D of no camera."""
    if not path.is_dir():
        return
    entries = [entry for entry in sorted(path.iterdir()) if entry.name[0] != "."]
    folders = {entry.name: entry for entry in entries if entry.is_dir()}
    files = {entry.stem: entry for entry in entries if entry.suffix.lower() in _POSE_SUFFIXES}
    found = folders or files
    try:
        matched = match_names(group.names, list(found), "camera", "2D")
    except InputError:  # not one folder or file per camera
        return
    _say_unmatched([entry.name for name, entry in found.items() if name not in matched.values()], "2D")


def _say_unmatched(names: Sequence[str], what: str) -> None:
    if names:
        logger.warning(
            "%s that match no camera of the calibration are left alone: %s; rename them if they are of a "
            "camera",
            what, listed(names),
        )  # fmt: skip


def match_videos(
    group: CameraGroup, found: Mapping[str, Path], all_cameras: bool = False
) -> dict[str, VideoInfo]:
    """Return size, rate and length of the video of each camera; an empty dict if there are no videos.

    With `all_cameras`, which `group` then is, the videos of no camera are named in a warning.

    Raises
    ------
    InputError
        If a camera has no video, or one cannot be read.
    """
    if not found:
        return {}
    matched = match_names(group.names, list(found), "camera", "videos")
    if all_cameras:
        _say_unmatched([found[name].name for name in found if name not in matched.values()], "videos")
    with ThreadPoolExecutor() as pool:
        infos = pool.map(probe, [found[matched[name]] for name in group.names])
        return dict(zip(group.names, infos))


def _inside(folder: Path, name: str) -> Path | None:
    """Return the folder called `name`, in upper or lower case, inside `folder`."""
    found = [path for path in sorted(folder.iterdir()) if path.name.lower() == name and path.is_dir()]
    return found[0] if found else None
