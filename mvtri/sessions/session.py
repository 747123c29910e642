"""A session folder: ``videos/``, ``calibration/`` and, where 2D is already detected, ``pose/``."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.formats.detections.files import open_detections
from mvtri.formats.detections.reader import DetectionsReader, Request
from mvtri.sessions import find_files as parts
from mvtri.sessions.frame_range import parse_frames
from mvtri.sessions.image_sizes import check_sizes, resize_cameras, sizes_for, turn_cameras
from mvtri.sessions.misplaced import where_else
from mvtri.sessions.stored_pose import read_stored, stored_frames
from mvtri.sessions.timeline import Timeline, check_chosen, pose_timeline, video_timeline
from mvtri.skeletons import NameOrFile
from mvtri.tracks import provenance_of
from mvtri.video import VideoInfo


@dataclass(frozen=True, eq=False)
class Session:
    """The contents of a session folder, checked against each other; cameras in the calibration's order.

    Attributes
    ----------
    folder : Path
    name : str
        The folder's name.
    cameras : CameraGroup
        The C chosen cameras.
    videos : tuple of Path, or None
        One per camera; None where there are none.
    pose : DetectionsReader or None
        2D that is already detected, not read yet (`read_pose` does that); None where there is none.
    frame_range : (int, int, int)
        Start, stop and step of the chosen moments, by their `numbers`.
    image_sizes : ndarray of int, shape (C, 2)
        Width and height, px, of the videos; of the calibration where there are none.
    timeline : Timeline
        When the moments are, and which frame of each camera shows them.
    video_infos : tuple of VideoInfo, or None
        What the videos say about themselves.
    stored : ndarray of int, shape (T, C), or None
        Which frame of `pose` belongs to each moment, where that is not the moment's number.
    files : tuple of Path
        Calibration and videos, whose hashes the provenance keeps.
    is_demo : bool
        True for the built-in demo.
    pose_covariance : ndarray, shape (6C, 6C), or None
        How sure the poses of the cameras are, where a file beside the calibration says it
        (`mvtri.calib.read_pose_covariance`).
    """

    folder: Path
    name: str
    cameras: CameraGroup
    videos: tuple[Path, ...] | None
    pose: DetectionsReader | None
    frame_range: tuple[int, int, int]
    image_sizes: np.ndarray
    timeline: Timeline
    video_infos: tuple[VideoInfo, ...] | None = None
    stored: np.ndarray | None = None
    files: tuple[Path, ...] = ()
    is_demo: bool = False
    pose_covariance: np.ndarray | None = None

    def __repr__(self) -> str:
        """Return a few lines: cameras, frames and folders."""
        start, stop, step = self.frame_range
        count = len(self.chosen)
        chosen = "" if count == self.frames else f", {count} of them chosen ({start}:{stop}:{step})"
        rate = f" at {self.fps:.6g} per second" if self.fps else ""
        rate += f", {self._lost()}" if self.paired_frames is not None else ""
        return (
            f"<Session {self.name}: {self.folder}\n"
            f"  {len(self.cameras)} cameras: {', '.join(self.camera_names)}\n"
            f"  {self.frames} frames{rate}{chosen}\n"
            f"  videos: {'one per camera' if self.videos else 'none'}; 2D poses: {self.pose_path or 'none'}>"
        )

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The C names, as the calibration spells them."""
        return self.cameras.names

    @property
    def fps(self) -> float | None:
        """Moments per second."""
        return self.timeline.fps

    @property
    def frames(self) -> int:
        """T: how many moments there are."""
        return len(self.timeline.numbers)

    @property
    def times(self) -> np.ndarray | None:
        """Seconds from the first moment on, shape (T,): the videos' own; None where nothing says them."""
        return self.timeline.times

    @property
    def numbers(self) -> np.ndarray:
        """The number of each moment, shape (T,): from 0, or those in the names of the files with 2D."""
        return self.timeline.numbers

    @property
    def paired_frames(self) -> np.ndarray | None:
        """The frame of each video that shows each moment, shape (T, C), -1 for none; None: its number."""
        return self.timeline.paired

    @property
    def chosen(self) -> np.ndarray:
        """The indices of the moments that `frame_range` chooses."""
        return self.timeline.chosen(self.frame_range)

    @property
    def time_record(self) -> dict[str, Any]:
        """Where times and the pairing of frames come from, for the provenance."""
        return self.timeline.record

    @property
    def pose_path(self) -> Path | None:
        """The file or folder that holds the 2D of `pose`."""
        return None if self.pose is None else self.pose.path

    @property
    def input_places(self) -> list[Path]:
        """The files and folders that the recording is read from, which no output may go into."""
        if self.is_demo:
            return []
        places = [path.parent for path in self.videos[:1]] if self.videos else []
        places += [self.pose_path] if self.pose_path is not None else []
        for file in self.files:
            own = file.parent.name.lower() == "calibration"
            places.append(file.parent if own else file)
        return places

    def read_pose(self, skeleton: NameOrFile | None = None, associated: bool = False) -> xr.Dataset:
        """Read the 2D that is already detected: `frame_range` of it, in the session's cameras.

        Parameters
        ----------
        skeleton, associated
            As for `mvtri.read_detections`.

        Returns
        -------
        xarray.Dataset
            Detections of all people.

        Raises
        ------
        InputError
            If there are none, or they cannot be read.
        """
        if self.pose is None:
            raise InputError(
                f"{self.folder} has no 2D poses; expected a folder pose/, or a path after --pose"
            )
        request = Request(
            cameras=self.camera_names,
            image_sizes=self.image_sizes,
            skeleton=skeleton,
            fps=self.fps,
            frames=self.frame_range,
            associated=associated,
        )
        found = read_stored(self.pose, request, self.timeline, self.stored)
        record = provenance_of(found) | {"time": self.time_record}
        return found.assign_attrs(found.attrs | {"provenance": json.dumps(record)})

    def _lost(self) -> str:
        """Return how many frames each camera lost."""
        assert self.paired_frames is not None
        lost = (self.paired_frames < 0).sum(axis=0)
        listed = ", ".join(f"{name} {count}" for name, count in zip(self.camera_names, lost) if count)
        return f"paired by time, frames lost: {listed or 'none'}"


def open_session(
    folder: str | os.PathLike[str],
    calibration: CameraGroup | str | os.PathLike[str] | None = None,
    cameras: int | str | Sequence[str] | None = None,
    pose: str | os.PathLike[str] | bool | None = None,
    frames: str | None = None,
    fps: float | None = None,
    is_demo: bool = False,
    unit: str | None = None,
    turn: int | str | Mapping[str, int] | None = None,
    resize_calibration: bool = False,
    image_size: str | tuple[int, int] | None = None,
    sync: str = "auto",
) -> Session:
    """Open a session folder and check that its parts fit each other.

    Parameters
    ----------
    folder : path
        With ``videos/`` (one per camera), ``calibration/`` (or one beside `folder`), and optionally ``pose/``
        (2D that is already detected, in a format that `mvtri.read_detections` reads).
    calibration : path or CameraGroup, optional
        The calibration file, or its cameras; by default the one file in ``calibration/``.  A path is relative
        to the working directory, to `folder`, or to one of these ``calibration/``.
    cameras : int, str or sequence of str, optional
        How many cameras to use, the first ones in the calibration's order; or their names, in a sequence or
        in a string with commas.  By default all cameras of the calibration.
    pose : path or False, optional
        The file or folder of 2D poses, relative to the working directory or to `folder`; False ignores
        ``pose/``.
    frames : str, optional
        ``START:STOP:STEP``, as Python slices count; all by default.  Where there are no videos and the files
        of `pose` have frame numbers, it chooses by these.
    fps : float, optional
        Frames per second, where the videos do not state them or state them wrongly.
    is_demo : bool
        Marks the built-in demo.
    unit : {"m", "cm", "mm"}, optional
        The unit of length of the calibration file, where it states none.
    turn : int, str or mapping, optional
        By how many degrees clockwise the images are turned against the calibration: 90, 180 or 270; or by
        camera, in a mapping or as ``"cam1=90,cam3=270"``.
    resize_calibration : bool
        Whether the calibration is resized to the videos.
    image_size : str or (int, int), optional
        Width and height, as in ``"1920x1080"``, for a calibration that does not state them; by default those
        of the videos.
    sync : {"auto", "first", "clock"}
        Which frames of the videos belong together: from the first frames on, or by the clocks in the files;
        "auto" takes the first frames where all videos are equally long.

    Raises
    ------
    MissingFileError
        If a given folder or file does not exist.
    InputError
        If there are neither videos nor poses, no calibration or several, or names, sizes, lengths or rates
        do not fit each other.
    """
    folder = _existing(Path(folder))
    found_videos = parts.find_videos(folder)
    pose_path = parts.find_pose(folder, pose)
    if not found_videos and pose_path is None:
        raise InputError(_nothing_in(folder))
    group, calibration_files = parts.find_cameras(
        folder, calibration, cameras, unit, sizes_for(image_size, found_videos)
    )
    infos = parts.match_videos(group, found_videos, all_cameras=cameras is None)
    reader = None if pose_path is None else open_detections(pose_path)
    if pose_path is not None and cameras is None:
        parts.say_unmatched_poses(group, pose_path)
    group = turn_cameras(group, turn)
    if resize_calibration:
        group = resize_cameras(group, infos)
    check_sizes(group, infos)
    timeline = _timeline(infos, reader, group.names, fps, sync)
    chosen = parse_frames(frames, int(timeline.numbers[-1]) + 1, int(timeline.numbers[0]))
    timeline = check_chosen(timeline, infos, chosen, all_frames=frames is None)
    stop = None if frames is None else chosen[1]
    stored = None
    if reader is not None and infos:
        stored = stored_frames(reader, group.names, timeline, infos, stop)
    sizes = [(info.width, info.height) for info in infos.values()] or group.image_sizes
    return Session(
        folder=folder,
        name=folder.resolve().name,
        cameras=group,
        videos=tuple(info.path for info in infos.values()) or None,
        pose=reader,
        frame_range=chosen,
        image_sizes=np.array(sizes, dtype=np.int64),
        timeline=timeline,
        video_infos=tuple(infos.values()) or None,
        stored=stored,
        files=(*calibration_files, *(info.path for info in infos.values())),
        is_demo=is_demo,
        pose_covariance=None if turn else _pose_covariance(calibration_files, group.names),
    )


def _pose_covariance(files: Sequence[Path], names: Sequence[str]) -> np.ndarray | None:
    """Return the covariance that lies beside a calibration of one file."""
    from mvtri.calib.pose_covariance import read_pose_covariance

    return read_pose_covariance(files[0], names) if len(files) == 1 else None


def _existing(folder: Path) -> Path:
    if folder.is_file():
        raise InputError(
            f"{folder} is a file, expected a session folder with videos/ and calibration/ in it; "
            "pass the folder"
        )
    if not folder.is_dir():
        raise MissingFileError(f"there is no session folder {folder}; check the path")
    return folder


def _timeline(
    infos: Mapping[str, VideoInfo],
    reader: DetectionsReader | None,
    cameras: Sequence[str],
    fps: float | None,
    sync: str,
) -> Timeline:
    """Return the moments of the videos; of the stored 2D where there are none."""
    if infos:
        return video_timeline(infos, fps, sync)
    assert reader is not None
    return pose_timeline(reader, cameras, fps)


def _nothing_in(folder: Path) -> str:
    hint = where_else(folder)
    return (
        f"{folder} has neither videos in videos/ nor 2D poses in pose/; expected one video per camera, "
        f"such as videos/cam01.mp4{hint and f'; {hint}'}"
    )
