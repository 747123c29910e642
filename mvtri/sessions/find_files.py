"""What a session folder holds, by camera, and whether its parts fit each other."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from numpy.typing import ArrayLike

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.names import listed, match_names
from mvtri.video import SUFFIXES, VideoInfo, probe


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
    chosen = _choose_calibration(folder) if calibration is None else Path(calibration)
    group = calib.read_cameras(chosen, unit=unit, image_sizes=image_sizes, cameras=cameras)
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
    return group.subset(calib.choose_names(group.names, cameras))


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
    with ThreadPoolExecutor() as pool:
        infos = pool.map(probe, [found[matched[name]] for name in group.names])
        return dict(zip(group.names, infos))


def _inside(folder: Path, name: str) -> Path | None:
    """Return the folder called `name`, in upper or lower case, inside `folder`."""
    found = [path for path in sorted(folder.iterdir()) if path.name.lower() == name and path.is_dir()]
    return found[0] if found else None
