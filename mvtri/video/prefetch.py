"""Decoding several videos ahead of the work on their frames."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from mvtri.video.planes import Frame, YuvFrame
from mvtri.video.reader import Source, read_frames, threads_each

BURST = 2  # frames that a decoder decodes at once; twice as many are ahead, and more would leave the cache
MEMORY = 256 * 2**20  # bytes that frames decoded ahead may take
_END = object()


class Prefetch:
    """Frames of several videos at the same times, decoded ahead by one thread per video, in bursts.

    In bursts, because a decoder that wakes up for each frame interrupts the networks just as often.

    Parameters
    ----------
    paths : sequence of path, Stills, VideoInfo or Video
        C videos.
    numbers : range, or ndarray of int, shape (T, C)
        Frame numbers to deliver, ascending: of all videos, or of each one, -1 where it has no frame.
    depth : int
        How many frames a video may be ahead, at least.
    memory : int
        Bytes that frames ahead may take, where that allows more than `depth`: the frames take at most this,
        or about C x (depth + 2) frames if that is more.

    Iterating yields lists of C frames, None where a video has none of this moment or it is damaged, and ends
    with the shortest video.  Leaving the context manager stops
    the threads, also after an exception or Ctrl-C.  The memory of frames passed to `recycle` is used again:
    fresh memory for each frame can cost as much as decoding it.
    """

    def __init__(
        self,
        paths: Sequence[Source],
        numbers: range | np.ndarray,
        depth: int = 3,
        memory: int = MEMORY,
    ):
        self._threads_each = threads_each(len(paths))
        self._stop = threading.Event()
        self._depth = depth
        self._memory = memory
        self._burst = self._taken = 0
        self._feeds = [
            _Feed(path, own, depth) for path, own in zip(paths, numbers_of_each(numbers, len(paths)))
        ]
        self._threads = [
            threading.Thread(target=self._decode, args=(feed,), name=f"decode {feed.path}", daemon=True)
            for feed in self._feeds
        ]

    def __enter__(self) -> "Prefetch":
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:  # Ctrl-C: nothing else would stop those that run
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads and wait for them; frames that they have decoded are dropped."""
        self._stop.set()
        for feed in self._feeds:
            feed.permits.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for feed in self._feeds:
            feed.decoded.put(_END)

    def recycle(self, frames: Sequence[Frame | None]) -> None:
        """Return the C frames of one step, which may be overwritten from now on."""
        for feed, frame in zip(self._feeds, frames):
            if isinstance(frame, np.ndarray):
                feed.spare.append(frame)

    def __iter__(self) -> Iterator[list[Frame | None]]:
        while (frames := self._step()) is not None:
            if not self._burst and any(frame is not None for frame in frames):
                self._burst = self._burst_size(frames)
                self._allow(2 * self._burst - self._depth if self._burst > 1 else 0)
            self._taken += 1
            if self._taken % max(self._burst, 1) == 0:
                self._allow(max(self._burst, 1))
            yield frames

    def _step(self) -> list[Frame | None] | None:
        """Return the next frame of each video; None where one of them has ended."""
        frames: list[Frame | None] = []
        for feed in self._feeds:
            item = feed.decoded.get()
            if isinstance(item, BaseException):
                raise item
            if item is _END:
                return None
            assert item is None or isinstance(item, np.ndarray | YuvFrame)
            frames.append(item)
        return frames

    def _burst_size(self, frames: list[Frame | None]) -> int:
        """Return how many frames of this size to decode at once."""
        sizes = [frame.nbytes for frame in frames if frame is not None]
        ahead = self._memory // (len(frames) * max(sizes, default=1))
        return max(1, min(BURST, ahead // 2))

    def _allow(self, count: int) -> None:
        """Allow each video to be `count` frames further ahead."""
        for feed in self._feeds:
            for _ in range(count):
                feed.permits.put(None)

    def _decode(self, feed: "_Feed") -> None:
        try:
            frames = read_frames(feed.path, feed.numbers, self._threads_each, feed.take_spare)
            with contextlib.closing(frames):
                while True:
                    feed.permits.get()
                    if self._stop.is_set():
                        return
                    item = next(frames, _END)
                    feed.decoded.put(item)
                    if item is _END:
                        return
        except BaseException as error:  # the consumer raises it
            feed.decoded.put(error)


def numbers_of_each(numbers: range | np.ndarray, videos: int) -> list[Sequence[int]]:
    """Return the frame numbers of each video, of those of all (a range) or of a table (T, C)."""
    return [numbers] * videos if isinstance(numbers, range) else numbers.T.tolist()


class _Feed:
    """The queues between the thread that decodes a video and the consumer of its frames.

    Simple queues: they cost a tenth of the time of queues with a limit.

    Attributes
    ----------
    permits : queue of None
        One for each frame that may still be decoded.
    numbers : sequence of int
        The frames to decode.
    decoded : queue of ndarray, YuvFrame or None
        Frames; `_END` at the end, or an exception.
    spare : list of ndarray
        Frames that may be overwritten, the last one first: it may still be in the processor's cache.
    """

    def __init__(self, path: Source, numbers: Sequence[int], depth: int):
        self.path, self.numbers = path, numbers
        self.permits: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.decoded: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.spare: list[np.ndarray] = []
        for _ in range(depth):
            self.permits.put(None)

    def take_spare(self) -> np.ndarray | None:
        return self.spare.pop() if self.spare else None
