"""Reading videos: size, rate and length, and the frames in order.

Images of one camera, one file per frame, can be read in the same way (`Stills`).  Frames are 8-bit BGR arrays
as OpenCV decodes them; the rotation that a phone writes into its file is applied, so sizes are those of the
upright image.  A frame is reached by decoding from the start, never by seeking: in many files, seeking ends
at the wrong frame.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError, MissingFileError
from mvtri.inputs import check_regular
from mvtri.parallel import available_cores

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".wmv")
MISSING_ALLOWED = 2  # frames at the end that a container may promise but not have (edit lists, estimates)
_log = logging.getLogger("mvtri")
# What a decoder prints on stderr, mvtri raises as a sentence or logs.  OpenCV reads this variable once, when
# it opens its first video; so it is set when this module is imported, unless the user has set it.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass(frozen=True)
class VideoInfo:
    """Size, rate and length of a video, as its file states them.

    Attributes
    ----------
    path : Path
    width, height : int
        Of the decoded (upright) image, px.
    fps : float
        Frames per second; 0 where the file does not state it.
    frames : int
        How many the container promises; 0 where it does not state it.
    """

    path: Path
    width: int
    height: int
    fps: float
    frames: int


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

    def read(self, numbers: range | None = None, *_: object) -> Generator[np.ndarray, None, None]:
        """Yield all frames or those with `numbers`, each (height, width, 3) BGR.

        Raises
        ------
        MissingFileError, InputError
            If one is missing or is not an image (when it is reached).
        """
        import cv2

        for number in range(self.count()) if numbers is None else numbers:
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
    path : path
    threads : int
        For decoding; 0 lets the decoder choose.

    Attributes
    ----------
    path : Path
    promised : int
        How many frames the container promises; 0 where it does not state it.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """

    def __init__(self, path: str | os.PathLike[str], threads: int = 0):
        import cv2

        self.path = Path(path)
        self._threads = threads
        self._capture = _open(self.path, threads)
        self.promised = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def __str__(self) -> str:
        return str(self.path)

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        self._capture.release()

    def count(self) -> int:
        """Return how many frames the container promises; where it does not state it, count them."""
        if self.promised:
            return self.promised
        count = 0
        while self._capture.grab():
            count += 1
        self.close()
        self._capture = _open(self.path, self._threads)  # from its start again
        return count

    def read(
        self, numbers: range | None = None, spare: Callable[[], np.ndarray | None] | None = None
    ) -> Generator[np.ndarray, None, None]:
        """Yield frames as `read_frames` does, and close the file."""
        capture, promised = self._capture, self.promised
        numbers = range(promised if promised > 0 else 2**62) if numbers is None else numbers
        decoded = 0
        with contextlib.closing(self):
            for number in numbers:
                while decoded < number and capture.grab():
                    decoded += 1
                old = spare() if spare is not None else None
                good, frame = capture.read(old) if decoded == number else (False, None)
                if not good or frame is None:
                    _check_end(self.path, decoded, promised)
                    return
                decoded += 1
                yield frame


Source = str | os.PathLike[str] | Stills | Video


@contextlib.contextmanager
def open_videos(sources: Sequence[Source]) -> Iterator[list[Stills | Video]]:
    """Open several videos at once, to be decoded together; on leaving they are closed.

    Raises
    ------
    MissingFileError, InputError
        If one is missing, or cannot be read as a video.
    """
    threads = threads_each(len(sources))

    def opened(source: Source) -> Stills | Video:
        return source if isinstance(source, Stills | Video) else Video(source, threads)

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


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Return what a video states about itself, after decoding its first frame to check that there is one.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """
    import cv2

    path = Path(path)
    capture = _open(path)
    try:
        good, frame = capture.read()
        if not good:
            raise InputError(
                f"{path} opens as a video, but none of its frames can be decoded; it is probably truncated: "
                "replace the file"
            )
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        fps = capture.get(cv2.CAP_PROP_FPS)
        return VideoInfo(path, frame.shape[1], frame.shape[0], max(float(fps), 0.0), max(int(frames), 0))
    finally:
        capture.release()


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
    numbers: range | None = None,
    threads: int = 0,
    spare: Callable[[], np.ndarray | None] | None = None,
) -> Generator[np.ndarray, None, None]:
    """Yield frames of one video, all or those with `numbers` (ascending), each (height, width, 3) BGR.

    Decoding takes `threads` threads; 0 lets the decoder choose.  `spare` may return a frame that is no longer
    needed, which is overwritten.  Where the container promises up to two frames more than can be decoded,
    these are left out, with a warning in the log.

    Raises
    ------
    MissingFileError, InputError
        If the file is missing, is not a video, or ends earlier than it promises (when that is reached).
    """
    source = path if isinstance(path, Stills | Video) else Video(path, threads)
    yield from source.read(numbers, spare)


def _check_end(path: Path, decoded: int, promised: int) -> None:
    """Raise InputError, or log a warning, where a video ends earlier than its container promises."""
    if promised <= 0:
        return
    if promised - decoded > MISSING_ALLOWED:
        raise InputError(
            f"{path} is truncated or damaged: only {decoded} of the {promised} frames that it promises can "
            f"be decoded; replace the file, or use only its good part with --frames 0:{decoded}"
        )
    if decoded < promised:
        _log.warning("%s ends %d frame(s) earlier than it promises (%d)", path, promised - decoded, promised)


def _open(path: Path, threads: int = 0) -> Any:
    """Open a video without the decoder's own messages on stderr; what matters is raised as a sentence."""
    import cv2

    if not path.exists():
        raise MissingFileError(f"there is no video {path}; check the path")
    check_regular(path)
    with _silence:
        limit = (cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads]) if threads else ()
        capture = cv2.VideoCapture(str(path), *limit)
        if limit and not capture.isOpened():  # OpenCV without FFmpeg has another decoder
            capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(
            f"{path} cannot be read as a video; expected one that OpenCV decodes, such as H.264 in .mp4"
        )
    return capture


class _Silence:
    """Keeps OpenCV from logging while any thread is inside: its level applies to the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._level = 0

    def __enter__(self) -> None:
        import cv2

        with self._lock:
            if self._inside == 0:
                self._level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        import cv2

        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                cv2.utils.logging.setLogLevel(self._level)


_silence = _Silence()
