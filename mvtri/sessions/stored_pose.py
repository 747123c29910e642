"""2D that is already detected, and which of its frames belong to the moments of a session."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.detections.align import align_frames
from mvtri.formats.detections.reader import DetectionsReader, Request
from mvtri.sessions.timeline import Timeline
from mvtri.tracks import TIME
from mvtri.video import VideoInfo

logger = logging.getLogger("mvtri")


def stored_frames(
    reader: DetectionsReader,
    cameras: Sequence[str],
    timeline: Timeline,
    infos: Mapping[str, VideoInfo],
    stop: int | None,
) -> np.ndarray | None:
    """Return which stored frame of each camera belongs to each moment of the videos.

    Parameters
    ----------
    reader : DetectionsReader
    cameras : sequence of str
        C names.
    timeline : Timeline
        Of the videos: T moments.
    infos : mapping of str to VideoInfo
        The videos by camera.
    stop : int or None
        Where the chosen moments end; None if all are chosen.

    Returns
    -------
    ndarray of int, shape (T, C), or None
        The stored number, -1 where the camera lost the frame; None where stored frame i is of moment i.

    Raises
    ------
    InputError
        If there are more or fewer stored frames than the videos have.
    """
    request = Request(cameras=cameras)
    numbers, counts = reader.frame_numbers(request), reader.count_frames(request)
    moments = len(timeline.numbers)
    table = timeline.paired
    if table is None:
        table = np.repeat(np.arange(moments)[:, None], len(cameras), axis=1)
    if numbers is not None:
        first = _first_number(numbers, reader, infos)
        _say_absent(table, numbers - first, reader)
        return np.where(table >= 0, table + first, -1)
    stored = list(counts.values())
    if all(count == moments for count in stored):
        return None
    if timeline.paired is None and stop is not None and min(stored) >= stop:
        return None
    if timeline.paired is not None and stored == [info.frames for info in infos.values()]:
        return table
    listed = ", ".join(f"{name} {count}" for name, count in _counts(infos, counts).items())
    raise InputError(
        f"the videos and poses have different numbers of frames ({listed}); expected the same number: detect "
        "in these videos, or choose frames that all have with --frames"
    )


def read_stored(
    reader: DetectionsReader, request: Request, timeline: Timeline, stored: np.ndarray | None
) -> xr.Dataset:
    """Read the 2D of the chosen moments (`request.frames`).

    Parameters
    ----------
    reader : DetectionsReader
    request : Request
    timeline : Timeline
    stored : ndarray of int, shape (T, C), or None
        From `stored_frames`; None where stored frames are the moments.

    Returns
    -------
    xarray.Dataset
        Detections at the timeline's times.
    """
    assert request.frames is not None
    rows = timeline.chosen(request.frames)
    times = timeline.numbers[rows] if timeline.times is None else timeline.times[rows]
    if stored is None:
        found = reader.read(request)
        return found.assign_coords({TIME: times}) if timeline.times is not None else found
    wanted = stored[rows]
    there = wanted[wanted >= 0]
    low, high = int(there.min()), int(there.max()) + 1
    numbers = reader.frame_numbers(request)
    have = np.arange(low, high) if numbers is None else numbers[(numbers >= low) & (numbers < high)]
    found = reader.read(replace(request, frames=(low, high, 1)))
    place = np.minimum(np.searchsorted(have, wanted), len(have) - 1)
    index = np.where((wanted >= 0) & (have[place] == wanted), place, -1)
    fps = None if timeline.fps is None else timeline.fps / request.frames[2]
    return align_frames(found, index, times, fps)


def _first_number(numbers: np.ndarray, reader: DetectionsReader, infos: Mapping[str, VideoInfo]) -> int:
    """Return whether the stored frames are counted from 0 or from 1."""
    longest, last = max(info.frames for info in infos.values()), int(numbers[-1])
    if last < longest:
        return 0
    if last == longest and numbers[0] >= 1:
        logger.info(
            "the frames of %s have the numbers %d to %d: number 1 is frame 0 of the videos",
            reader.path, numbers[0], last,
        )  # fmt: skip
        return 1
    listed = ", ".join(f"{info.path.name} {info.frames}" for info in infos.values())
    raise InputError(
        f"the frames of {reader.path} have numbers up to {last}, but the videos have fewer ({listed}); "
        "expected 2D that was detected in these videos: if it was detected in others, move videos/ away and "
        "pass --fps"
    )


def _say_absent(table: np.ndarray, numbers: np.ndarray, reader: DetectionsReader) -> None:
    """Say how many frames of the videos no camera has 2D of."""
    absent = len(np.setdiff1d(table[table >= 0], numbers))
    if absent:
        logger.info("%s has no 2D of %d of %d frames: nobody is seen there", reader.path, absent, len(table))


def _counts(infos: Mapping[str, VideoInfo], stored: Mapping[str, int]) -> dict[str, int]:
    return {info.path.name: info.frames for info in infos.values()} | dict(stored)
