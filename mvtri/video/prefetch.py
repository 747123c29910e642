"""Decoding several videos ahead of the work on their frames."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from mvtri.video import Source, read_frames, threads_each

BURST = 4  # frames that a decoder decodes at once, where memory allows twice as many ahead
MEMORY = 256 * 2**20  # bytes that frames decoded ahead may take


class Prefetch:
    """Frames of several videos at the same times, decoded ahead by one thread per video, in bursts.

    In bursts, because a decoder that wakes up for each frame interrupts the networks just as often.

    Parameters
    ----------
    paths : sequence of path, Stills or Video
        C videos.
    numbers : range
        Frame numbers to deliver.
    depth : int
        How many frames a video may be ahead, at least.
    memory : int
        Bytes that frames ahead may take, where that allows more than `depth`: the frames take at most this,
        or about C x (depth + 2) frames if that is more.

    Iterating yields lists of C frames and ends with the shortest video.  Leaving the context manager stops
    the threads, also after an exception or Ctrl-C.  The memory of frames passed to `recycle` is used again:
    fresh memory for each frame can cost as much as decoding it.
    """

    def __init__(
        self,
        paths: Sequence[Source],
        numbers: range,
        depth: int = 3,
        memory: int = MEMORY,
    ):
        self._threads_each = threads_each(len(paths))
        self._numbers = numbers
        self._stop = threading.Event()
        self._depth = depth
        self._memory = memory
        self._burst = self._taken = 0
        self._feeds = [_Feed(path, depth) for path in paths]
        self._threads = [
            threading.Thread(target=self._decode, args=(feed,), name=f"decode {feed.path}", daemon=True)
            for feed in self._feeds
        ]

    def __enter__(self) -> "Prefetch":
        for thread in self._threads:
            thread.start()
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
            feed.decoded.put(None)

    def recycle(self, frames: Sequence[np.ndarray]) -> None:
        """Return the C frames of one step, which may be overwritten from now on."""
        for feed, frame in zip(self._feeds, frames):
            feed.spare.append(frame)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        while (frames := self._step()) is not None:
            if not self._burst:
                self._burst = self._burst_size(frames)
                self._allow(2 * self._burst - self._depth if self._burst > 1 else 0)
            self._taken += 1
            if self._taken % self._burst == 0:
                self._allow(self._burst)
            yield frames

    def _step(self) -> list[np.ndarray] | None:
        """Return the next frame of each video; None where one of them has ended."""
        frames = []
        for feed in self._feeds:
            item = feed.decoded.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return None
            frames.append(item)
        return frames

    def _burst_size(self, frames: list[np.ndarray]) -> int:
        """Return how many frames of this size to decode at once."""
        ahead = self._memory // max(sum(frame.nbytes for frame in frames), 1)
        return max(1, min(BURST, ahead // 2))

    def _allow(self, count: int) -> None:
        """Allow each video to be `count` frames further ahead."""
        for feed in self._feeds:
            for _ in range(count):
                feed.permits.put(None)

    def _decode(self, feed: "_Feed") -> None:
        try:
            frames = read_frames(feed.path, self._numbers, self._threads_each, feed.take_spare)
            with contextlib.closing(frames):
                while True:
                    feed.permits.get()
                    if self._stop.is_set():
                        return
                    frame = next(frames, None)
                    feed.decoded.put(frame)
                    if frame is None:
                        return
        except BaseException as error:  # the consumer raises it
            feed.decoded.put(error)


class _Feed:
    """The queues between the thread that decodes a video and the consumer of its frames.

    Simple queues: they cost a tenth of the time of queues with a limit.

    Attributes
    ----------
    permits : queue of None
        One for each frame that may still be decoded.
    decoded : queue of ndarray
        Frames; None at the end, or an exception.
    spare : list of ndarray
        Frames that may be overwritten, the last one first: it may still be in the processor's cache.
    """

    def __init__(self, path: Source, depth: int):
        self.path = path
        self.permits: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.decoded: queue.SimpleQueue[np.ndarray | BaseException | None] = queue.SimpleQueue()
        self.spare: list[np.ndarray] = []
        for _ in range(depth):
            self.permits.put(None)

    def take_spare(self) -> np.ndarray | None:
        return self.spare.pop() if self.spare else None
