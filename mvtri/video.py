"""Videos: what they say of themselves, their frames in order, and decoding ahead of whoever uses the frames.

Pictures of one camera, a file a frame, serve as well (`Stills`).  Frames are 8-bit BGR arrays as OpenCV
decodes them; a rotation that a phone notes in its file is applied, so sizes are those of the upright picture.
Frames of a video are reached by decoding from the start, never by seeking, which in many files lands on the
wrong frame.
"""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mvtri.errors import InputError, MissingFileError

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".wmv")
MISSING_ALLOWED = 2  # frames at the end that a container may promise in vain: edit lists, estimated counts
_log = logging.getLogger("mvtri")
_silence_lock = threading.Lock()
# What a decoder complains of is raised as a sentence, or logged.  OpenCV reads this once, when it opens its
# first video, whoever opens it; so it is set as early as this module is there, and not over a user's choice.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says of itself.

    Attributes
    ----------
    path : Path
    width, height : int
        Of the decoded (upright) picture, px.
    fps : float
        Frames a second; 0 where the file has no clock.
    frames : int
        How many the container promises; 0 where it does not say.
    """

    path: Path
    width: int
    height: int
    fps: float
    frames: int


@dataclass(frozen=True)
class Stills:
    """The frames of one camera as pictures, a file each.

    Attributes
    ----------
    files : tuple of Path
        In the order of time.
    """

    files: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{len(self.files)} pictures from {self.files[0]} on" if self.files else "no pictures"

    def read(self, numbers: range) -> Generator[np.ndarray, None, None]:
        """Yield some of them, each (height, width, 3) BGR.

        Raises
        ------
        MissingFileError, InputError
            If one is missing, or is no picture (when it is reached).
        """
        import cv2

        for number in numbers:
            if number >= len(self.files):
                return
            path = self.files[number]
            if not path.is_file():
                raise MissingFileError(f"there is no picture {path}")
            frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if frame is None:
                raise InputError(f"{path} cannot be read as a picture; is it damaged?")
            yield frame


Source = str | os.PathLike[str] | Stills


def count_frames(path: Source) -> int:
    """Return how many frames a video's container promises; where it does not say, they are counted.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """
    import cv2

    if isinstance(path, Stills):
        return len(path.files)
    with _opened(Path(path), threads=1) as capture:
        count = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        if count == 0:
            while capture.grab():
                count += 1
        return count


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Return what a video says of itself; its first frame is decoded to be sure that there is one.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """
    import cv2

    path = Path(path)
    with _opened(path) as capture:
        good, frame = capture.read()
        if not good:
            raise InputError(
                f"{path} opens as a video but not one frame of it can be decoded; is it truncated?"
            )
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        fps = capture.get(cv2.CAP_PROP_FPS)
        return VideoInfo(path, frame.shape[1], frame.shape[0], max(float(fps), 0.0), max(int(frames), 0))


def frame_range(total: int, frames: tuple[int | None, int | None, int | None] | None) -> range:
    """Return the frame numbers that (start, stop, step) selects of `total`, None standing for the default.

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
            f"frames {start}:{stop}:{step} are not start:stop:step with start and stop >= 0 and step >= 1"
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
    """Yield frames of one video, those with `numbers` (ascending) or all, each (height, width, 3) BGR.

    Decoding takes `threads` threads, 0 for as many as the decoder sees fit.  `spare` may return a frame that
    is no longer needed, to be written over.  Up to two frames that the container promises beyond the last one
    that can be decoded are left out, with a warning in the log.

    Raises
    ------
    MissingFileError, InputError
        If the file is missing, is no video, or ends earlier than it promises (when that is reached).
    """
    import cv2

    if isinstance(path, Stills):
        yield from path.read(range(len(path.files)) if numbers is None else numbers)
        return
    path = Path(path)
    with _opened(path, threads) as capture:
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        numbers = range(promised if promised > 0 else 2**62) if numbers is None else numbers
        decoded = 0
        for number in numbers:
            while decoded < number and capture.grab():
                decoded += 1
            old = spare() if spare is not None else None
            good, frame = capture.read(old) if decoded == number else (False, None)
            if not good or frame is None:
                _complain_of_end(path, decoded, promised)
                return
            decoded += 1
            yield frame


def _complain_of_end(path: Path, decoded: int, promised: int) -> None:
    if promised <= 0:
        return
    if promised - decoded > MISSING_ALLOWED:
        raise InputError(
            f"{path} is truncated or damaged: only {decoded} of the {promised} frames it promises can be "
            f"decoded; replace the file, or use --frames 0:{decoded} for its good part"
        )
    if decoded < promised:
        _log.warning("%s ends %d frame(s) earlier than it promises (%d)", path, promised - decoded, promised)


class Ahead:
    """Frames of several videos in step, decoded ahead by one thread a video.

    Parameters
    ----------
    paths : sequence of path or Stills
        C videos.
    numbers : range
        Frame numbers to deliver.
    depth : int
        How many frames a video may be ahead; bounds memory to about C x (depth + 2) frames.

    Iterating yields lists of C frames; it ends with the shortest video.  As a context manager it stops its
    threads on leaving, also after an exception or Ctrl-C.  Frames that are given back with `recycle` are
    written over: fresh memory for each frame can cost as much as decoding it.
    """

    def __init__(
        self,
        paths: Sequence[Source],
        numbers: range,
        depth: int = 3,
    ):
        # one is the least work for the processor; more help only where there are fewer videos than cores
        self._threads_each = 1 if len(paths) >= (os.cpu_count() or 1) else 0
        self._numbers = numbers
        self._stop = threading.Event()
        self._feeds = [_Feed(path, depth) for path in paths]
        self._threads = [
            threading.Thread(target=self._decode, args=(feed,), name=f"decode {feed.path}", daemon=True)
            for feed in self._feeds
        ]

    def __enter__(self) -> "Ahead":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads and wait for them; what they had decoded is dropped."""
        self._stop.set()
        for feed in self._feeds:
            feed.room.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for feed in self._feeds:
            feed.decoded.put(None)

    def recycle(self, frames: Sequence[np.ndarray]) -> None:
        """Give the C frames of one step back; they are written over from now on."""
        for feed, frame in zip(self._feeds, frames):
            feed.spare.put(frame)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        while True:
            frames = []
            for feed in self._feeds:
                item = feed.decoded.get()
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
                feed.room.put(None)
                frames.append(item)
            yield frames

    def _decode(self, feed: "_Feed") -> None:
        try:
            frames = read_frames(feed.path, self._numbers, self._threads_each, feed.take_spare)
            with contextlib.closing(frames):
                while True:
                    feed.room.get()
                    if self._stop.is_set():
                        return
                    frame = next(frames, None)
                    feed.decoded.put(frame)
                    if frame is None:
                        return
        except BaseException as error:  # handed to the consumer, who raises it
            feed.decoded.put(error)


class _Feed:
    """What passes between the thread that decodes a video and whoever uses its frames.

    Simple queues alone: they are a tenth of the work of queues with a limit.

    Attributes
    ----------
    room : queue of None
        One for each frame that may still be decoded ahead.
    decoded : queue of ndarray
        Frames; None at the end, or an exception.
    spare : queue of ndarray
        Frames to be written over.
    """

    def __init__(self, path: Source, depth: int):
        self.path = path
        self.room: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.decoded: queue.SimpleQueue[np.ndarray | BaseException | None] = queue.SimpleQueue()
        self.spare: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
        for _ in range(depth):
            self.room.put(None)

    def take_spare(self) -> np.ndarray | None:
        return None if self.spare.empty() else self.spare.get()


@contextlib.contextmanager
def _opened(path: Path, threads: int = 0) -> Iterator:
    """Open a video with the decoder's own complaints off stderr: what matters is raised as a sentence."""
    import cv2

    if not path.is_file():
        raise MissingFileError(f"there is no video {path}")
    with _silence_lock:
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            limit = (cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads]) if threads else ()
            capture = cv2.VideoCapture(str(path), *limit)
            if limit and not capture.isOpened():  # a build without FFmpeg has another decoder
                capture = cv2.VideoCapture(str(path))
        finally:
            cv2.utils.logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            raise InputError(
                f"{path} cannot be read as a video; expected one that OpenCV decodes, such as H.264 in .mp4"
            )
        yield capture
    finally:
        capture.release()
