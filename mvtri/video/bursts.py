"""Decoding several videos in the thread that needs their frames."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mvtri.video.planes import Frame
from mvtri.video.prefetch import MEMORY, numbers_of_each
from mvtri.video.reader import Source, read_frames

# Frames of a video that are decoded in a row.  After 25 ms of other work, the first frame takes 1.6 times as
# long as the fourth: what the decoder needs has left the processor's cache.
BURST = 8


class Bursts:
    """Frames of several videos at the same times, decoded by the thread that takes them, in bursts.

    Where all cores are busy anyway, this takes less processor time than `Prefetch`: threads that decode ahead
    interrupt the networks, and are interrupted by them.

    Parameters
    ----------
    paths, numbers
        As for `Prefetch`.
    memory : int
        Bytes that the frames of a burst may take; one frame of each video may be more than that.

    Iterating yields lists of C frames, None where a video has none of this moment or it is damaged, and ends
    with the shortest video.  The memory of frames passed to `recycle` is used again.
    """

    def __init__(self, paths: Sequence[Source], numbers: range | np.ndarray, memory: int = MEMORY):
        self._spare: list[list[np.ndarray]] = [[] for _ in paths]
        self._videos = [
            read_frames(path, own, 1, _taker(spare))
            for path, own, spare in zip(paths, numbers_of_each(numbers, len(paths)), self._spare)
        ]
        self._memory = memory

    def __enter__(self) -> "Bursts":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for video in self._videos:
            video.close()

    def recycle(self, frames: Sequence[Frame | None]) -> None:
        """Return the C frames of one step, which may be overwritten from now on."""
        for spare, frame in zip(self._spare, frames):
            if isinstance(frame, np.ndarray):
                spare.append(frame)

    def __iter__(self) -> Iterator[list[Frame | None]]:
        decoded: list[deque[Frame | None]] = [deque() for _ in self._videos]
        burst = 1  # until the size of a frame is known
        while True:
            for frames, video in zip(decoded, self._videos):
                frames.extend(itertools.islice(video, burst))
            if not all(decoded):
                return
            for _ in range(min(map(len, decoded))):
                step = [frames.popleft() for frames in decoded]
                if burst == 1 and any(frame is not None for frame in step):
                    burst = self._burst_size(step)
                yield step

    def _burst_size(self, frames: list[Frame | None]) -> int:
        """Return how many frames of this size to decode in a row."""
        largest = max(frame.nbytes for frame in frames if frame is not None)
        return max(1, min(BURST, self._memory // (len(frames) * largest)))


def _taker(spare: list[np.ndarray]) -> Callable[[], np.ndarray | None]:
    return lambda: spare.pop() if spare else None
