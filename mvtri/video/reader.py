"""Reading the frames of videos in order.

Images of one camera, one file per frame, can be read in the same way (`Stills`).  Frames are 8-bit BGR arrays
as OpenCV decodes them; the rotation that a phone writes into its file is applied, so sizes are those of the
upright image.  A frame is reached by decoding from the start, never by seeking: in many files, seeking ends
at the wrong frame.  Which frame was decoded is decided by its timestamp, not by counting: a damaged frame
that the decoder leaves out does not shift the ones after it.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError, MissingFileError
from mvtri.parallel import available_cores
from mvtri.video.capture import open_capture
from mvtri.video.info import MISSING_ALLOWED, VideoInfo, probe
from mvtri.video.planes import open_yuv

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".wmv", ".3gp",
            ".m2ts", ".mxf", ".ts")  # fmt: skip
LOST = -1  # in place of a frame number: the camera has no picture of this moment
Frames = Generator[Any, None, None]
_POSITION = 0  # OpenCV's CAP_PROP_POS_MSEC; importing cv2 for each frame would take as long as the rest
_RETRIES = 64  # calls of the decoder that may fail beside one for each frame that is still to come
_log = logging.getLogger("mvtri")


@dataclass(frozen=True)
class Stills:
    """The frames of one camera as images, one file per frame.

    Attributes
    ----------
    files : tuple of Path
        In the order of time.
    """

    files: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{len(self.files)} images from {self.files[0]} on" if self.files else "no images"

    def count(self) -> int:
        """Return how many frames there are."""
        return len(self.files)

    def read(self, numbers: Sequence[int] | None = None, *_: object) -> Frames:
        """Yield all frames or those with `numbers`, each (height, width, 3) BGR; None where one is `LOST`.

        Raises
        ------
        MissingFileError, InputError
            If one is missing or is not an image (when it is reached).
        """
        import cv2

        for number in range(self.count()) if numbers is None else numbers:
            if number == LOST:
                yield None
                continue
            if number >= len(self.files):
                return
            path = self.files[number]
            if not path.is_file():
                raise MissingFileError(f"there is no image {path}; check the path")
            frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if frame is None:
                raise InputError(
                    f"{path} cannot be read as an image; expected a format of OpenCV, such as PNG"
                )
            yield frame


class Video:
    """An open video: how many frames it has, and the frames in order, once.

    Parameters
    ----------
    source : path or VideoInfo
        What `probe` returned, where it was called before.
    threads : int
        For decoding; 0 lets the decoder choose.
    yuv : bool
        Whether frames may be `YuvFrame`, where that is quicker and their pixels are the same.

    Attributes
    ----------
    path : Path
    info : VideoInfo

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """

    def __init__(self, source: str | os.PathLike[str] | VideoInfo, threads: int = 0, yuv: bool = False):
        self.info = source if isinstance(source, VideoInfo) else probe(source)
        self.path = self.info.path
        self._capture = (open_yuv(self.info, threads) if yuv else None) or open_capture(self.path, threads)
        self._times: list[float] = self.info.times.tolist()  # single numbers are quicker to take from a list
        steps = np.diff(self.info.times)
        self._near = 0.25 * float(steps.min()) if len(steps) else 0.0
        self._next = 0  # the frame that the decoder is expected to give next

    def __str__(self) -> str:
        return str(self.path)

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        self._capture.release()

    def count(self) -> int:
        """Return how many frames there are."""
        return self.info.frames

    def read(
        self, numbers: Sequence[int] | None = None, spare: Callable[[], np.ndarray | None] | None = None
    ) -> Frames:
        """Yield frames as `read_frames` does, and close the file."""
        total, undecodable = self.count(), 0
        current = -1  # the frame that the decoder holds
        with contextlib.closing(self):
            for number in range(total) if numbers is None else numbers:
                if number >= total:
                    break
                while current < number and current < total:
                    current = self._grab()
                if number == LOST or current != number:
                    undecodable += number != LOST
                    self._check_end(current)
                    yield None
                    continue
                _, frame = self._capture.retrieve(spare() if spare is not None else None)
                yield frame
            if undecodable:
                _log.warning(
                    "%d frames of %s are damaged and cannot be decoded; they count as lost", undecodable, self
                )
            if numbers is None:
                self.info.check_reaches(None)

    def _grab(self) -> int:
        """Let the decoder take the next frame; return its number, or that of frames at the end."""
        total = len(self._times)
        for _ in range(total - self._next + _RETRIES):
            if self._capture.grab():
                number = self._number(self._capture.get(_POSITION) / 1000)
                if number >= self._next:
                    self._next = number + 1
                    return number
        return total

    def _number(self, stated: float) -> int:
        """Return the number of the frame for which the decoder states some time; 0 is also its "unknown".

        It is the next one, unless it is certainly another.
        """
        times, expected, time = self.info.times, self._next, stated + self.info.shift
        if not self.info.exact or not stated or expected >= len(times):
            return expected
        if abs(self._times[expected] - time) <= self._near:
            return expected
        nearest = int(np.abs(times - time).argmin())
        return nearest if abs(times[nearest] - time) <= self._near else expected

    def _check_end(self, current: int) -> None:
        """Raise InputError where more than a frame or two at the end cannot be decoded."""
        if current >= self.count() and self.count() - self._next > MISSING_ALLOWED:
            raise self.info.truncation(self._next)


Source = str | os.PathLike[str] | Stills | VideoInfo | Video


@contextlib.contextmanager
def open_videos(sources: Sequence[Source], yuv: bool = False) -> Iterator[list[Stills | Video]]:
    """Open several videos at once, to be decoded together; on leaving they are closed.

    With `yuv`, frames may be `YuvFrame`, where that is quicker and their pixels are the same.

    Raises
    ------
    MissingFileError, InputError
        If one is missing, or cannot be read as a video.
    """
    threads = threads_each(len(sources))

    def opened(source: Source) -> Stills | Video:
        return source if isinstance(source, Stills | Video) else Video(source, threads, yuv)

    with contextlib.ExitStack() as stack:
        with ThreadPoolExecutor() as pool:
            futures = [pool.submit(opened, source) for source in sources]
        for future in futures:
            if future.exception() is None and isinstance(video := future.result(), Video):
                stack.callback(video.close)
        yield [future.result() for future in futures]


def threads_each(count: int) -> int:
    """Return the threads for each of `count` decoders that work at the same time; 0 lets the decoder choose.

    One thread costs the least processor time; more help only where there are fewer videos than cores.
    """
    return 1 if count >= available_cores() else 0


def frame_range(total: int, frames: tuple[int | None, int | None, int | None] | None) -> range:
    """Return the frame numbers that (start, stop, step) selects from `total`; None stands for the default.

    Raises
    ------
    InputError
        If a number is negative, the step is not positive, or nothing is selected.
    """
    start, stop, step = frames if frames is not None else (None, None, None)
    start = 0 if start is None else start
    stop = total if stop is None else stop
    step = 1 if step is None else step
    if start < 0 or stop < 0 or step < 1:
        raise InputError(
            f"frames is {start}:{stop}:{step}; expected start:stop:step with start and stop >= 0, step >= 1"
        )
    chosen = range(start, min(stop, total), step)
    if not len(chosen):
        raise InputError(
            f"frames {start}:{stop}:{step} select none of the {total} frames; choose within 0:{total}"
        )
    return chosen


def read_frames(
    path: Source,
    numbers: Sequence[int] | None = None,
    threads: int = 0,
    spare: Callable[[], np.ndarray | None] | None = None,
) -> Frames:
    """Yield frames of one video, all or those with `numbers` (ascending), each (height, width, 3) BGR.

    Decoding takes `threads` threads; 0 lets the decoder choose.  `spare` may return a frame that is no longer
    needed, which is overwritten.  A frame that is damaged is None, with a warning in the log at the end; so
    is one where `numbers` holds -1 (`LOST`).

    Raises
    ------
    MissingFileError, InputError
        If the file is missing, is not a video, or more than two frames at its end are missing (when they are
        reached).
    """
    source = path if isinstance(path, Stills | Video) else Video(path, threads)
    yield from source.read(numbers, spare)
