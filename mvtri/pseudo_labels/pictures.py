"""Writing the pictures that labels are of, from the videos of a session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.progress import Progress
from mvtri.pseudo_labels.write import image_name
from mvtri.video import read_frames

QUALITY = 95  # of JPEG


def video_frames(
    frames: Sequence[int] | np.ndarray, moments: np.ndarray, paired: np.ndarray | None, cameras: int
) -> np.ndarray:
    """Return which frame of each video shows each frame of the tracks (T, C), -1 where none does.

    Parameters
    ----------
    frames : sequence of int
        T frame numbers of the tracks.
    moments : ndarray of int, shape (M,)
        The numbers of the session's moments, ascending.
    paired : ndarray of int, shape (M, C), or None
        The frame of each video at each moment; None where that is the moment's number.
    cameras : int
        C.

    Raises
    ------
    InputError
        If the session has no such moment.
    """
    wanted = np.asarray(frames)
    strange = wanted[~np.isin(wanted, moments)]
    if len(strange):
        raise InputError(
            f"the tracks have a frame {strange[0]}, and the session has {moments[0]} to {moments[-1]}; "
            "expected the session that the tracks were made from"
        )
    if paired is None:
        return np.repeat(wanted[:, None], cameras, axis=1)
    return np.asarray(paired[np.searchsorted(moments, wanted)])


def write_pictures(
    folder: Path,
    videos: Sequence[Any],
    shown: np.ndarray,
    *,
    cameras: Sequence[str],
    frames: Sequence[int] | np.ndarray,
    labelled: np.ndarray,
    progress: Progress | None = None,
) -> int:
    """Write the labelled pictures as ``CAMERA/000000000012.jpg``; return how many the videos lack.

    Parameters
    ----------
    folder : Path
        Created where it does not exist.
    videos : sequence of C sources
    shown : ndarray of int, shape (T, C)
        Which frame of each video a picture is; see `video_frames`.
    cameras : sequence of str
        C names.
    frames : sequence of int
        T frame numbers of the tracks, after which pictures are called.
    labelled : ndarray of bool, shape (T, C)
        Which pictures are wanted.
    progress : callable, optional
    """
    done, lost, numbers = 0, 0, np.asarray(frames)
    for c, (camera, video) in enumerate(zip(cameras, videos)):
        rows = np.flatnonzero(labelled[:, c])
        for t, picture in zip(rows, read_frames(video, shown[rows, c].tolist())):
            done += 1
            if progress:
                progress("write pictures", done, int(labelled.sum()))
            if picture is None:
                lost += 1
                continue
            place = folder / image_name(camera, numbers[t])
            place.parent.mkdir(parents=True, exist_ok=True)
            _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            with atomic_file(place) as temporary:
                temporary.write_bytes(encoded.tobytes())
    return lost
