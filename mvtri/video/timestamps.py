"""The timestamps of a video's frames, read from its packets: no picture is decoded for it.

Packets come in the order of decoding, so their presentation times (pts) are sorted.  Packets that the player
of the file would not show (before the beginning of an edit list, hidden reference frames) are left out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError

SHARED_ZERO = ("mov", "mp4", "matroska", "webm")  # containers whose times count from a beginning of their own
_SOLE = ("matroska", "webm", "asf", "flv")  # containers that state a duration for all their streams only
_VISIBLE = 0x10  # the bit in the first byte of a VP8 frame that says that it is shown


@dataclass(frozen=True, eq=False)
class Timestamps:
    """What the packets and the header of a video file say about time.

    Attributes
    ----------
    presented : ndarray of int, shape (T,)
        Presentation times, ascending, in units of `unit`; empty where packets lack them.
    decoded : ndarray of int, shape (T,)
        Decoding times, ascending; they differ from presentation times by a constant where frames are not
        reordered, and by a few frames otherwise.  Empty where packets lack them.
    count : int
        How many packets hold a frame that is shown.
    unit : float
        Seconds.
    start : int or None
        The time that the decoder counts from.
    rates : tuple of float
        Frames per second that the container states or suggests, the most trustworthy first.
    container : str
        The names of the format, with commas.
    promised : int
        How many frames the header promises, among them those that are not shown; 0 where it does not say.
    duration : float
        Seconds that the header promises for the video, 0 where it does not say.
    broken : bool
        Whether the last packet is incomplete, or the file ends with an error.
    packets : int
        All packets of the video.
    delay : int or None
        How many frames the decoder holds back to put them in order; None where PyAV is too old to tell.
    """

    presented: np.ndarray
    decoded: np.ndarray
    count: int
    unit: float
    start: int | None
    rates: tuple[float, ...]
    container: str
    promised: int
    duration: float
    broken: bool
    packets: int
    delay: int | None

    @property
    def shares_zero(self) -> bool:
        """Whether time 0 is the beginning of the recording, and no arbitrary number."""
        return any(name in self.container for name in SHARED_ZERO)


def read_timestamps(path: Path) -> Timestamps:
    """Read the timestamps of the first video stream of a file.

    Raises
    ------
    InputError
        If it cannot be read as a video.
    """
    import av

    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.video:
                raise InputError(f"{path} has no video in it, only sound or text; expected a video")
            stream = container.streams.video[0]
            packets, broken = _packets(container, stream)
            return _timestamps(container, stream, packets, broken)
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read as a video ({_reason(error)}); expected one that FFmpeg decodes, such as "
            "H.264 in .mp4"
        ) from None


def _packets(container: Any, stream: Any) -> tuple[list[tuple[int | None, int | None, bool, bool]], bool]:
    """Return (pts, dts, shown, whole) of each packet, and whether reading them ended with an error."""
    import av

    vp8 = stream.codec_context.name in ("vp8", "libvpx")
    found: list[tuple[int | None, int | None, bool, bool]] = []
    try:
        for packet in container.demux(stream):
            if packet.size:
                hidden = packet.is_discard or (vp8 and not memoryview(packet)[0] & _VISIBLE)
                found.append((packet.pts, packet.dts, not hidden, not packet.is_corrupt))
    except av.error.FFmpegError:
        if not found:
            raise
        return found, True
    return found, False


def _timestamps(container: Any, stream: Any, packets: list[Any], broken: bool) -> Timestamps:
    shown = [packet for packet in packets if packet[2]]
    cut = bool(shown) and not shown[-1][3]
    if cut:  # the decoder would make up the rest of its picture
        shown.pop()
    unit = float(stream.time_base) if stream.time_base else 0.0
    duration = stream.duration * unit if stream.duration else 0.0
    if not duration and container.duration and len(container.streams) == 1 and _is(container, _SOLE):
        duration = container.duration / 1e6 - (stream.start_time or 0) * unit  # it counts from time 0
    rates = (stream.base_rate, stream.average_rate, stream.guessed_rate)
    return Timestamps(
        presented=_all([packet[0] for packet in shown]),
        decoded=_all([packet[1] for packet in shown]),
        count=len(shown),
        unit=unit,
        start=stream.start_time,
        rates=tuple(dict.fromkeys(float(rate) for rate in rates if rate)),
        container=container.format.name,
        promised=max(stream.frames, 0),
        duration=duration,
        broken=broken or cut,
        packets=len(packets),
        delay=getattr(stream.codec_context, "reorder_depth", None),
    )


def _is(container: Any, names: tuple[str, ...]) -> bool:
    return any(name in container.format.name for name in names)


def _all(values: list[int | None]) -> np.ndarray:
    """Return the values in ascending order, or none where one is missing or occurs twice."""
    if any(value is None for value in values):
        return np.zeros(0, np.int64)
    found = np.sort(np.array(values, dtype=np.int64))
    return found if (np.diff(found) > 0).all() else np.zeros(0, np.int64)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).strip().rstrip(".") or "no reason given"
