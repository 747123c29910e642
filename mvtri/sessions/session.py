"""A session folder: ``videos/``, ``calibration/`` and, where 2D is already detected, ``pose/``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_openpose
from mvtri.sessions import parts
from mvtri.sessions.frame_range import parse_frames


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

    def __repr__(self) -> str:
        """Return a few lines: what there is, how much of it, and where."""
        start, stop, step = self.frame_range
        count = len(range(start, stop, step))
        chosen = "" if count == self.frames else f", {count} of them chosen ({start}:{stop}:{step})"
        rate = f" at {self.fps:g} a second" if self.fps else ""
        return (
            f"<Session {self.name}: {self.folder}\n"
            f"  {len(self.cameras)} cameras: {', '.join(self.camera_names)}\n"
            f"  {self.frames} frames{rate}{chosen}\n"
            f"  videos: {'one a camera' if self.videos else 'none'}; 2D poses: {self.pose_folder or 'none'}>"
        )

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
    calibration: CameraGroup | str | os.PathLike[str] | None = None,
    cameras: int | str | Sequence[str] | None = None,
    pose: str | os.PathLike[str] | bool | None = None,
    frames: str | None = None,
    fps: float | None = None,
    is_demo: bool = False,
    unit: str | None = None,
) -> Session:
    """Open a session folder and check that its parts fit each other.

    Parameters
    ----------
    folder : path
        With ``videos/`` (one a camera), ``calibration/`` (or one beside `folder`), and optionally ``pose/``
        (OpenPose JSON, one folder a camera).
    calibration : path or CameraGroup, optional
        The calibration file, or its cameras; by default the one file in ``calibration/``.
    cameras : int, str or sequence of str, optional
        How many cameras to use, the first ones in the calibration's order; or their names, in a sequence or
        in a string with commas.  By default all cameras of the calibration.
    pose : path or False, optional
        The folder of 2D poses, relative to the working directory or to `folder`; False ignores ``pose/``.
    frames : str, optional
        ``START:STOP:STEP``, as Python slices count; all by default.
    fps : float, optional
        Frames a second, where no video tells, or other than the video tells.
    is_demo : bool
        Marks the demo in the box.
    unit : {"m", "cm", "mm"}, optional
        Of lengths in the calibration file, where it states none.

    Raises
    ------
    MissingFileError
        If a folder or file that was named is not there.
    InputError
        If there are neither videos nor poses, no calibration or several, or names, sizes, lengths or rates
        do not fit each other.
    """
    folder = Path(folder)
    if folder.is_file():
        raise InputError(
            f"{folder} is a file, and a session is a folder with videos/ and calibration/ in it; "
            "name the folder"
        )
    if not folder.is_dir():
        raise MissingFileError(f"there is no session folder {folder}; check the path")
    found_videos = parts.find_videos(folder)
    pose_folder = parts.find_pose(folder, pose)
    if not found_videos and pose_folder is None:
        raise InputError(_nothing_in(folder))
    every_camera, calibration_files = parts.find_cameras(folder, calibration, unit)
    group = parts.choose_cameras(every_camera, cameras)
    infos = parts.match_videos(group, found_videos)
    folders = parts.match_pose(group, pose_folder)
    parts.check_sizes(group, infos)
    rate = parts.frame_rate(infos, fps)
    count = parts.count_frames(infos, folders)
    sizes = [(info.width, info.height) for info in infos.values()] or group.image_sizes
    return Session(
        folder=folder,
        name=folder.resolve().name,
        cameras=group,
        videos=tuple(info.path for info in infos.values()) or None,
        pose=folders or None,
        pose_folder=pose_folder,
        fps=rate,
        frames=count,
        frame_range=parse_frames(frames, count),
        image_sizes=np.array(sizes, dtype=np.int64),
        files=(*calibration_files, *(info.path for info in infos.values())),
        is_demo=is_demo,
    )


def _nothing_in(folder: Path) -> str:
    inside = [path.name for path in sorted(folder.iterdir()) if (path / "videos").is_dir()]
    hint = f"; sessions are inside it ({', '.join(inside)}): name one of them" if inside else ""
    return (
        f"{folder} has neither videos in videos/ nor 2D poses in pose/; expected one video a camera, "
        f"such as videos/cam01.mp4{hint}"
    )
