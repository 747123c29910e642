"""Decoding videos ahead of whoever uses their frames."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from mvtri.video import Source, read_frames, threads_each

BURST = 4  # frames that a decoder makes at a go, where memory allows twice as many ahead
ROOM = 256 * 2**20  # bytes of frames ahead that bursts may take


class Ahead:
    """Frames of several videos in step, decoded ahead by one thread a video, in bursts.

    A decoder that is woken for each frame takes the processor, and its caches, from the networks as often.

    Parameters
    ----------
    paths : sequence of path, Stills or Video
        C videos.
    numbers : range
        Frame numbers to deliver.
    depth : int
        How many frames a video may be ahead, at least.
    room : int
        Bytes that frames ahead may take where that is more: memory is bounded to this, or to about
        C x (depth + 2) frames.

    Iterating yields lists of C frames; it ends with the shortest video.  As a context manager it stops its
    threads on leaving, also after an exception or Ctrl-C.  Frames that are given back with `recycle` are
    written over: fresh memory for each frame can cost as much as decoding it.
    """

    def __init__(
        self,
        paths: Sequence[Source],
        numbers: range,
        depth: int = 3,
        room: int = ROOM,
    ):
        self._threads_each = threads_each(len(paths))
        self._numbers = numbers
        self._stop = threading.Event()
        self._depth = depth
        self._room = room
        self._burst = self._taken = 0
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
            feed.spare.append(frame)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        while (frames := self._step()) is not None:
            if not self._burst:
                self._burst = self._frames_at_a_go(frames)
                self._make_room(2 * self._burst - self._depth if self._burst > 1 else 0)
            self._taken += 1
            if self._taken % self._burst == 0:
                self._make_room(self._burst)
            yield frames

    def _step(self) -> list[np.ndarray] | None:
        """Return the next frames of all videos; None at the end of one."""
        frames = []
        for feed in self._feeds:
            item = feed.decoded.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return None
            frames.append(item)
        return frames

    def _frames_at_a_go(self, frames: list[np.ndarray]) -> int:
        """Return how many frames of this size to decode at once."""
        ahead = self._room // max(sum(frame.nbytes for frame in frames), 1)
        return max(1, min(BURST, ahead // 2))

    def _make_room(self, count: int) -> None:
        for feed in self._feeds:
            for _ in range(count):
                feed.room.put(None)

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
    spare : list of ndarray
        Frames to be written over, the last one first: it may still be in the processor's cache.
    """

    def __init__(self, path: Source, depth: int):
        self.path = path
        self.room: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.decoded: queue.SimpleQueue[np.ndarray | BaseException | None] = queue.SimpleQueue()
        self.spare: list[np.ndarray] = []
        for _ in range(depth):
            self.room.put(None)

    def take_spare(self) -> np.ndarray | None:
        return self.spare.pop() if self.spare else None
