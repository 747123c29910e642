"""What a video file says about itself: size, rate, length, and the time of each of its frames."""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.video.capture import open_capture
from mvtri.video.rate import nominal_rate, snap
from mvtri.video.timestamps import SHARED_ZERO, Timestamps, read_timestamps

MISSING_ALLOWED = 2  # frames at the end that a container may promise but not have (edit lists, estimates)
_CERTAIN = SHARED_ZERO  # containers that keep the presentation time of each frame
_HEAD = 8  # frames that are decoded to check the timestamps, where the container does not keep all of them
_TRIES = 64  # calls of the decoder that may fail at the beginning, where frames may be damaged
_log = logging.getLogger("mvtri")


@dataclass(frozen=True, eq=False)
class VideoInfo:
    """Size, rate and length of a video, and the time of each frame.

    Attributes
    ----------
    path : Path
    width, height : int
        Of the decoded (upright) image, px.
    fps : float
        Frames per second apart from gaps, which the timestamps bear out; 0 where nothing says it.
    times : ndarray, shape (T,)
        Seconds from the first frame on, ascending.
    start : float
        Seconds: the time of the first frame by the file's own clock.
    steady : bool
        False where the rate varies.
    shares_zero : bool
        Whether the file's clock counts from the beginning of its recording, as in .mp4 and .mkv.
    promised : int
        How many frames the header promises; 0 where it does not state it.
    truncated : bool
        Whether the file ends more than two frames before the time that its header promises.
    shift : float
        Seconds to add to a time that the decoder gives, to have the one in `times`.
    exact : bool
        Whether the decoder's times are those of the packets, so that each decoded frame can be recognised.
    delay : int or None
        How many frames the decoder holds back to put them in order; None where PyAV is too old to tell.
    """

    path: Path
    width: int
    height: int
    fps: float
    times: np.ndarray = field(repr=False)
    start: float = 0.0
    steady: bool = True
    shares_zero: bool = False
    promised: int = 0
    truncated: bool = False
    shift: float = 0.0
    exact: bool = True
    delay: int | None = None

    @property
    def frames(self) -> int:
        """T: how many frames there are."""
        return len(self.times)

    def check_reaches(self, stop: int | None) -> None:
        """Raise `InputError` if the file is truncated before frame `stop` (None: the end)."""
        if self.truncated and (stop is None or stop > self.frames):
            raise self.truncation(self.frames)

    def truncation(self, good: int) -> InputError:
        """Return the error that only the first `good` frames can be used."""
        promised = max(self.promised, self.frames)
        return InputError(
            f"{self.path} is truncated or damaged: only {good} of the {promised} frames that it promises can "
            f"be decoded; replace the file, or use only its good part with --frames 0:{good}"
        )


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Return what a video states about itself, after decoding its beginning to check that it can be decoded.

    The timestamps of all frames are read for it, from the packets: that takes less than a second for half an
    hour, and as long as reading the file for a large one.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """
    path = Path(path)
    capture = open_capture(path)
    try:
        stamps = read_timestamps(path)
        certain = len(stamps.presented) > 0 and any(name in stamps.container for name in _CERTAIN)
        head, size = _head(capture, path, 1 if certain else _HEAD)
        clock = _match(stamps, head) or _count(path, stamps)
    finally:
        capture.release()
    times, shift, exact = clock
    if not len(times):
        raise InputError(f"{path} opens as a video, but says of no frame when it is shown; replace the file")
    start, times = float(times[0]), times - times[0]
    rate, steady = nominal_rate(times, stamps.rates, stamps.unit)
    promised = _promised(stamps, rate)
    return VideoInfo(
        path=path,
        width=size[0],
        height=size[1],
        fps=rate,
        times=snap(times, rate, stamps.unit) if steady else times,
        start=start,
        steady=steady,
        shares_zero=stamps.shares_zero,
        promised=promised,
        truncated=_truncated(stamps, path, times, rate, promised),
        shift=shift - start,
        exact=exact,
        delay=stamps.delay,
    )


def _head(capture: Any, path: Path, count: int) -> tuple[list[float], tuple[int, int]]:
    """Return the decoder's times of the first frames, s, and width and height."""
    import cv2

    if not any(capture.grab() for _ in range(_TRIES)):
        raise InputError(
            f"{path} opens as a video, but none of its frames can be decoded; it is probably truncated: "
            "replace the file"
        )
    _, frame = capture.retrieve()
    head = [capture.get(cv2.CAP_PROP_POS_MSEC) / 1000]
    while len(head) < count and capture.grab():
        head.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return head, (frame.shape[1], frame.shape[0])


def _match(stamps: Timestamps, head: list[float]) -> tuple[np.ndarray, float, bool] | None:
    """Return the times that agree with the first decoded frames, the shift to them, and True; else None."""
    zero = (stamps.start or 0) * stamps.unit
    candidates = [stamps.presented, *_reordered(stamps, head[0] + zero)]
    for ticks in candidates[::-1] if stamps.container == "avi" else candidates:  # AVI holds no other times
        if len(ticks):
            times = ticks * stamps.unit
            for shift in (zero, times[0] - head[0]):
                if _agree(times, np.array(head) + shift):
                    return times, float(shift), True
    return None


def _reordered(stamps: Timestamps, first: float) -> list[np.ndarray]:
    """Return decoding times as presentation times: the first frame comes out when a few have gone in."""
    ticks = stamps.decoded
    if not len(ticks) or not stamps.unit:
        return []
    delay = int(np.searchsorted(ticks, round(first / stamps.unit)))
    if delay >= len(ticks):
        return []
    step = int(np.median(np.diff(ticks))) if len(ticks) > 1 else 1
    return [np.concatenate([ticks[delay:], ticks[-1] + step * np.arange(1, delay + 1)])]


def _agree(times: np.ndarray, head: np.ndarray) -> bool:
    """Return whether the decoded frames are among the `times`, each once, without one left out."""
    index = np.abs(times - head[:, None]).argmin(axis=1)
    return bool((np.abs(times[index] - head) < 1e-3).all() and (np.diff(index) == 1).all())


def _count(path: Path, stamps: Timestamps) -> tuple[np.ndarray, float, bool]:
    """Decode the whole file for its times, where the packets do not tell them."""
    import cv2

    capture = open_capture(path)
    found = []
    try:
        while capture.grab():
            found.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    times = np.array(found)
    if (np.diff(times) > 0).all():
        return times, 0.0, True
    rate = next((rate for rate in stamps.rates if rate > 0), 0.0)
    _log.warning(
        "%s has no usable times of its frames, so they are taken to be evenly spaced%s",
        path.name, f" at {rate:g} per second" if rate else "",
    )  # fmt: skip
    return np.arange(len(times)) / (rate or 1.0), 0.0, False


def _promised(stamps: Timestamps, rate: float) -> int:
    """Return how many frames the header promises to be shown; 0 where it does not say."""
    if stamps.promised and stamps.container == "avi":
        return stamps.promised
    return round(stamps.duration * rate)


def _truncated(stamps: Timestamps, path: Path, times: np.ndarray, rate: float, promised: int) -> bool:
    """Return whether the end is missing: fewer packets than promised, and less time than promised."""
    missing = promised - (round(times[-1] * rate) + 1)
    if missing <= MISSING_ALLOWED:
        if stamps.broken:
            _log.warning("the last frame of %s is incomplete and left out: is the file truncated?", path.name)
        return False
    lists_samples = stamps.container != "avi"  # whose number of frames is what its writer expected
    fewer = stamps.promised - stamps.packets > MISSING_ALLOWED if lists_samples else _cut_off(path)
    if stamps.broken or fewer:
        return True
    if not (lists_samples and stamps.promised):
        _log.warning(
            "%s promises %.2f s, but its frames end after %.2f s: is it truncated?",
            path.name, promised / rate, times[-1] + 1 / rate,
        )  # fmt: skip
    return False


def _cut_off(path: Path) -> bool:
    """Return whether an AVI file is shorter than its first eight bytes say."""
    with open(path, "rb") as file:
        head = file.read(8)
    return head[:4] == b"RIFF" and int.from_bytes(head[4:], "little") + len(head) > path.stat().st_size
