"""A session folder: ``videos/``, ``calibration/`` and, where 2D is already detected, ``pose/``."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.datasets.frames import parse_frames
from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_openpose
from mvtri.formats.matching import canonical, match_names
from mvtri.formats.openpose import camera_folders, frame_files
from mvtri.video import SUFFIXES, VideoInfo, probe

logger = logging.getLogger("mvtri")
_SIZE_TOLERANCE = 0.01  # of the calibration's width and height: padding of a codec, not another camera
_RATE_TOLERANCE = 0.001  # 29.97 and 30 are one part in a thousand apart, and drift a frame in 33 s


@dataclass(frozen=True, eq=False)
class Session:
    """What lies in a session folder, checked against each other; cameras in the calibration's order.

    Attributes
    ----------
    folder : Path
    name : str
        The folder's name.
    cameras : CameraGroup
        The C cameras that were chosen.
    videos : tuple of Path, or None
        One a camera; None where there are none.
    pose : dict of str to Path, or None
        By camera, the folder with its OpenPose JSON files; None where there are none.
    pose_folder : Path or None
        The folder that holds those of `pose`.
    fps : float or None
        Frames a second; None where nothing tells, then frame numbers stand for time.
    frames : int
        How many there are, in every camera.
    frame_range : (int, int, int)
        Start, stop and step of those that were chosen.
    image_sizes : ndarray of int, shape (C, 2)
        Width and height, px, of the videos; of the calibration where there are none.
    files : tuple of Path
        Calibration and videos, the inputs that provenance speaks of.
    is_demo : bool
        True for the demo in the box.
    """

    folder: Path
    name: str
    cameras: CameraGroup
    videos: tuple[Path, ...] | None
    pose: dict[str, Path] | None
    pose_folder: Path | None
    fps: float | None
    frames: int
    frame_range: tuple[int, int, int]
    image_sizes: np.ndarray
    files: tuple[Path, ...] = ()
    is_demo: bool = False

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The C names, as the calibration spells them."""
        return self.cameras.names

    def read_pose(self, skeleton: str | None = None, associated: bool = False) -> xr.Dataset:
        """Read the 2D that is already detected, `frame_range` of it (see `mvtri.formats.read_openpose`).

        Raises
        ------
        InputError
            If there is none, or it cannot be read.
        """
        if self.pose is None:
            raise InputError(
                f"{self.folder} has no 2D poses; expected a folder pose/ with one folder a camera"
            )
        return read_openpose(
            self.pose,
            self.image_sizes,
            skeleton=skeleton,
            fps=self.fps,
            frames=self.frame_range,
            associated=associated,
        )


def open_session(
    folder: str | os.PathLike[str],
    cameras: CameraGroup | str | os.PathLike[str] | None = None,
    cams: int | str | Sequence[str] | None = None,
    pose: str | os.PathLike[str] | bool | None = None,
    frames: str | None = None,
    fps: float | None = None,
    is_demo: bool = False,
) -> Session:
    """Open a session folder and check that its parts fit each other.

    Parameters
    ----------
    folder : path
        With ``videos/`` (one a camera), ``calibration/`` (or one beside `folder`), and optionally ``pose/``
        (OpenPose JSON, one folder a camera).
    cameras : CameraGroup or path, optional
        The calibration, or its file; by default the one file in ``calibration/``.
    cams : int, str or sequence of str, optional
        How many cameras, the first ones in the calibration's order; or which, by name (in a string with
        commas).  All of the calibration's by default.
    pose : path or False, optional
        The folder of 2D poses, relative to the working directory or to `folder`; False ignores ``pose/``.
    frames : str, optional
        ``START:STOP:STEP``, as Python slices count; all by default.
    fps : float, optional
        Frames a second, where no video tells, or other than the video tells.
    is_demo : bool
        Marks the demo in the box.

    Raises
    ------
    MissingFileError
        If a folder or file that was named is not there.
    InputError
        If there are neither videos nor poses, no calibration or several, or names, sizes, lengths or rates
        do not fit each other.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"there is no session folder {folder}; check the path")
    if fps is not None and not fps > 0:
        raise InputError(f"--fps {fps:g} is not a frame rate; expected a number above 0")
    found_videos = _find_videos(folder)
    pose_folder = _find_pose(folder, pose)
    if not found_videos and pose_folder is None:
        raise InputError(_nothing_here(folder))
    group, calibration = _find_cameras(folder, cameras)
    group = _choose(group, cams)
    infos = _match_videos(group, found_videos)
    folders = _match_pose(group, pose_folder)
    count = _count_frames(infos, folders)
    if infos:
        _check_sizes(group, infos)
    clock = _rate(infos, fps)
    return Session(
        folder=folder,
        name=folder.resolve().name,
        cameras=group,
        videos=tuple(info.path for info in infos.values()) if infos else None,
        pose=folders or None,
        pose_folder=pose_folder,
        fps=clock,
        frames=count,
        frame_range=parse_frames(frames, count),
        image_sizes=(
            np.array([[info.width, info.height] for info in infos.values()])
            if infos
            else np.array(group.image_sizes)
        ),
        files=tuple(calibration) + tuple(info.path for info in infos.values()),
        is_demo=is_demo,
    )


def _find_videos(folder: Path) -> dict[str, Path]:
    inside = folder / "videos"
    if not inside.is_dir():
        return {}
    found: dict[str, Path] = {}
    for path in sorted(inside.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            if path.stem in found:
                raise InputError(
                    f"{found[path.stem]} and {path.name} have one name; remove or rename one of them"
                )
            found[path.stem] = path
    return found


def _find_pose(folder: Path, pose: str | os.PathLike[str] | bool | None) -> Path | None:
    if pose is False:
        return None
    if pose is None or pose is True:
        inside = folder / "pose"
        return inside if inside.is_dir() else None
    for candidate in (Path(pose), folder / pose):
        if candidate.is_dir():
            return candidate
    raise MissingFileError(f"there is no folder {pose} with 2D poses, nor {folder / pose}; check --pose")


def _nothing_here(folder: Path) -> str:
    sentence = f"{folder} has neither videos in videos/ nor 2D poses in pose/; put one video a camera there"
    inside = [path.name for path in sorted(folder.iterdir()) if (path / "videos").is_dir()]
    if inside:
        sentence += f" (or name one of the sessions inside it: {', '.join(inside)})"
    return sentence


def _find_cameras(
    folder: Path, cameras: CameraGroup | str | os.PathLike[str] | None
) -> tuple[CameraGroup, list[Path]]:
    if isinstance(cameras, CameraGroup):
        return cameras, []
    if cameras is not None:
        return calib.read_cameras(cameras), [Path(cameras)]
    places = [folder / "calibration", folder.resolve().parent / "calibration"]
    for place in places:
        candidates = calib.find_calibration(place) if place.is_dir() else []
        if len(candidates) > 1:
            names = ", ".join(path.name for path in candidates)
            raise InputError(f"{place} holds several calibrations ({names}); say which with --calib FILE")
        if candidates:
            return calib.read_cameras(candidates[0]), [candidates[0]]
    raise InputError(
        f"no calibration was found in {places[0]}, nor in {places[1]}; name one with --calib FILE"
    )


def _choose(group: CameraGroup, cams: int | str | Sequence[str] | None) -> CameraGroup:
    if cams is None:
        return group
    names = [canonical(name) for name in group.names]
    if isinstance(cams, str) and not (cams.strip().isdigit() and canonical(cams) not in names):
        cams = [part.strip() for part in cams.split(",") if part.strip()]
    if isinstance(cams, (int, str)):
        count = int(cams)
        if not 1 <= count <= len(group):
            raise InputError(
                f"--cams {count} of the {len(group)} cameras in the calibration ({', '.join(group.names)})"
            )
        return group.subset(group.names[:count])
    chosen = match_names(cams, group.names, "camera", "calibration's cameras")
    wanted = set(chosen.values())
    return group.subset([name for name in group.names if name in wanted])


def _match_videos(group: CameraGroup, found: Mapping[str, Path]) -> dict[str, VideoInfo]:
    if not found:
        return {}
    matched = match_names(group.names, list(found), "camera", "videos")
    return {name: probe(found[matched[name]]) for name in group.names}


def _match_pose(group: CameraGroup, pose_folder: Path | None) -> dict[str, Path]:
    if pose_folder is None:
        return {}
    found = camera_folders(pose_folder)
    matched = match_names(group.names, list(found), "camera", f"pose folders of {pose_folder}")
    return {name: found[matched[name]] for name in group.names}


def _count_frames(infos: Mapping[str, VideoInfo], folders: Mapping[str, Path]) -> int:
    counts = {f"{name} {info.path.name}": info.frames for name, info in infos.items()}
    counts |= {f"{name} {path.name}/": len(frame_files(path)) for name, path in folders.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise InputError(
            f"the cameras have different numbers of frames ({listed}); cut them to the same moments"
        )
    return next(iter(counts.values()))


def _check_sizes(group: CameraGroup, infos: Mapping[str, VideoInfo]) -> None:
    small, large = [], []
    for (name, info), (width, height) in zip(infos.items(), np.array(group.image_sizes).tolist()):
        if (info.width, info.height) == (width, height):
            continue
        off = max(abs(info.width - width) / width, abs(info.height - height) / height)
        line = f"{name} {info.width} x {info.height}, calibrated as {width} x {height}"
        (small if off <= _SIZE_TOLERANCE else large).append(line)
    if large:
        raise InputError(f"videos differ from the calibration by more than 1 % in size: {'; '.join(large)}")
    if small:
        logger.warning("videos differ slightly from the calibration in size: %s", "; ".join(small))


def _rate(infos: Mapping[str, VideoInfo], fps: float | None) -> float | None:
    rates = {name: info.fps for name, info in infos.items() if info.fps}
    if rates and max(rates.values()) > min(rates.values()) * (1 + _RATE_TOLERANCE):
        listed = ", ".join(f"{name}: {rate:g}" for name, rate in rates.items())
        raise InputError(f"the videos have different frame rates ({listed}); convert them to the same one")
    if fps is not None:
        return float(fps)
    if rates:
        return float(next(iter(rates.values())))
    logger.warning("nothing tells the frame rate, so frame numbers stand for time; pass --fps to change that")
    return None
