"""When the moments of a session are, and which frame of each camera shows them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.reader import DetectionsReader, Request
from mvtri.video import RATE_TOLERANCE, VideoInfo, pair_frames
from mvtri.video.pairing import common_clock, same_rates

logger = logging.getLogger("mvtri")
SYNC = ("auto", "first", "clock")
_WORTH = 0.25  # of a frame: differences in time that are said
_SPARE = 1  # frames by which a camera may begin later or end earlier than the others, with a warning


@dataclass(frozen=True, eq=False)
class Timeline:
    """The T moments of a session.

    Attributes
    ----------
    numbers : ndarray of int, shape (T,)
        The number of each, which ``--frames`` chooses from; ascending.
    times : ndarray, shape (T,), or None
        Seconds; None where nothing says how fast the frames follow each other.
    fps : float or None
        Moments per second, apart from gaps.
    paired : ndarray of int, shape (T, C), or None
        The frame of each video; -1 where a camera has none.  None where that is the moment's number, or
        there are no videos.
    record : dict
        For the provenance.
    deviations : ndarray, shape (C,)
        How far a camera's frame is from its moment, at most; s.
    """

    numbers: np.ndarray
    times: np.ndarray | None
    fps: float | None
    paired: np.ndarray | None = None
    record: dict[str, Any] = field(default_factory=dict)
    deviations: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def chosen(self, frames: tuple[int, int, int]) -> np.ndarray:
        """Return the indices of the moments whose numbers start, stop and step choose."""
        start, stop, step = frames
        numbers = self.numbers
        return np.flatnonzero((numbers >= start) & (numbers < stop) & ((numbers - start) % step == 0))


def video_timeline(infos: Mapping[str, VideoInfo], fps: float | None, sync: str = "auto") -> Timeline:
    """Return the moments that videos show.

    Parameters
    ----------
    infos : mapping of str to VideoInfo
        By camera.
    fps : float or None
        What the user gave: the rate of all videos, whatever they state.
    sync : {"auto", "first", "clock"}
        Whether the first frames of all videos show one moment, or moments by the files' own clocks; "auto"
        decides by what fits (`mvtri.video.pairing.common_clock`).

    Raises
    ------
    InputError
        If the videos have different rates and `fps` is None, or `fps` is not a positive number.
    """
    videos = list(infos.values())
    rate, meant = _rate(videos, fps)
    if not rate:
        return _unclocked(videos)
    scales = [info.fps / rate if meant and info.fps else 1.0 for info in videos]
    period = 1 / rate
    starts, by_clock = _starts(videos, scales, period, sync)
    times = [info.times * scale + start for info, scale, start in zip(videos, scales, starts)]
    pairs = pair_frames(times, period)
    record: dict[str, Any] = {"fps": rate, "from": "videos" if fps is None else "--fps"}
    if meant:
        record["fps_of_the_videos"] = {info.path.name: round(info.fps, 6) for info in videos}
    record["first_frames"] = "by the clocks of the files" if by_clock else "one moment"
    if (np.abs(pairs.lags) > 1e-6).any():
        record["lags_s"] = dict(zip(infos, pairs.lags.round(6).tolist()))
    return Timeline(
        numbers=np.arange(len(pairs.times)),
        times=pairs.times,
        fps=rate,
        paired=None if pairs.equal_numbers else pairs.frames,
        record=record,
        deviations=pairs.deviations,
    )


def pose_timeline(reader: DetectionsReader, cameras: Sequence[str], fps: float | None) -> Timeline:
    """Return the moments of stored 2D without videos.

    Raises
    ------
    InputError
        If the cameras have different numbers of frames that no number tells apart, or `fps` is not positive.
    """
    _check_rate(fps)
    request = Request(cameras=cameras)
    numbers = reader.frame_numbers(request)
    if numbers is None:
        numbers = np.arange(_same_count(reader.count_frames(request)))
    else:
        _say_numbers(numbers, reader)
    stated = reader.fps
    rate = stated if fps is None else float(fps)
    if fps is not None and stated is not None and abs(stated / fps - 1) > RATE_TOLERANCE:
        logger.warning("the 2D poses state %g frames per second; --fps %g is used instead", stated, fps)
    if rate is None:
        logger.warning("no frame rate is known, so frame numbers stand for time; pass --fps to set it")
        return Timeline(numbers, None, None, record={"fps": None, "from": "frame numbers"})
    record: dict[str, Any] = {"fps": rate, "from": "2D poses" if fps is None else "--fps"}
    if stated is not None and stated != rate:
        record["fps_of_the_poses"] = stated
    return Timeline(numbers, numbers / rate, rate, record=record)


def check_chosen(
    timeline: Timeline, infos: Mapping[str, VideoInfo], frames: tuple[int, int, int], all_frames: bool
) -> Timeline:
    """Check that all cameras have the chosen moments, but for single frames, and say what is off.

    Returns
    -------
    Timeline
        With what was found in its record.

    Raises
    ------
    InputError
        If a camera begins later or ends earlier, or its file is truncated.
    """
    for info in infos.values() if all_frames else ():
        info.check_reaches(None)
    rows = timeline.chosen(frames)
    lost = {} if timeline.paired is None else _check_ends(timeline.paired, infos, rows)
    _say_lost(infos, lost, len(rows))
    _say_gaps(timeline, rows)
    _say_deviations(timeline, infos)
    return replace(timeline, record=timeline.record | ({"frames_lost": lost} if lost else {}))


def _rate(videos: Sequence[VideoInfo], fps: float | None) -> tuple[float, bool]:
    """Return the common rate, 0 where nothing states one; and whether it is meant against the videos' own."""
    _check_rate(fps)
    known = [info.fps for info in videos if info.fps > 0]
    different = bool(known) and not same_rates(known, all(info.steady for info in videos))
    listed = ", ".join(f"{info.path.name} {info.fps:.6g}" for info in videos)
    if fps is None:
        if different:
            raise InputError(
                f"the videos have different frame rates ({listed}); convert them to the same rate, or pass "
                "--fps to take frames of equal number for one moment"
            )
        return next(iter(known), 0.0), False
    if different:
        logger.warning(
            "the videos have different frame rates (%s); --fps %g is used for all of them, so frames of "
            "equal number count as one moment: if the rates are right, they drift %.1f ms apart in each "
            "second",
            listed, fps, 1e3 * (max(known) / min(known) - 1),
        )  # fmt: skip
    elif known and abs(known[0] / fps - 1) > RATE_TOLERANCE:
        logger.warning("the videos state %.6g frames per second; --fps %g is used instead", known[0], fps)
    else:
        return (known[0] if known else float(fps)), False
    return float(fps), True


def _check_rate(fps: float | None) -> None:
    if fps is not None and not 0 < fps < float("inf"):
        raise InputError(f"--fps {fps:g} is not a frame rate; expected a number above 0")


def _unclocked(videos: Sequence[VideoInfo]) -> Timeline:
    """Return the moments of videos of one frame each, which no rate applies to."""
    logger.warning("no frame rate is known, so frame numbers stand for time; pass --fps to set it")
    count = _same_count({info.path.name: info.frames for info in videos}, "videos")
    return Timeline(np.arange(count), None, None, record={"fps": None, "from": "frame numbers"})


def _starts(
    videos: Sequence[VideoInfo], scales: Sequence[float], period: float, sync: str
) -> tuple[np.ndarray, bool]:
    """Return when each video begins, s, and whether its file's clock says so."""
    if sync not in SYNC:
        raise InputError(f"--sync is {sync}; expected {', '.join(SYNC)}")
    clocks = [info.start * scale for info, scale in zip(videos, scales)]
    times = [info.times * scale for info, scale in zip(videos, scales)]
    if sync == "first":
        return np.zeros(len(videos)), False
    if sync == "clock":
        return np.array(clocks) - min(clocks), True
    shared = all(info.shares_zero for info in videos)
    starts, by_clock = common_clock(times, clocks, shared, period)
    apart = np.array(clocks) - min(clocks)
    if shared and apart.max() > period / 2:
        listed = ", ".join(f"{info.path.name} {1e3 * off:.0f} ms" for info, off in zip(videos, apart) if off)
        used, other = ("these times are used", "first") if by_clock else ("they count as one moment", "clock")
        logger.warning(
            "by the clocks in the files, the first frames of the videos are not of one moment (later by: "
            "%s); %s; pass --sync %s if that is wrong", listed, used, other,
        )  # fmt: skip
    return starts, by_clock


def _same_count(counts: Mapping[str, int], which: str = "poses") -> int:
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(
            f"the {which} have different numbers of frames ({listed}); expected the same number: cut them "
            "so that frame 0 and the last frame show the same moments in all cameras"
        )
    return next(iter(counts.values()))


def _check_ends(paired: np.ndarray, infos: Mapping[str, VideoInfo], rows: np.ndarray) -> dict[str, int]:
    """Raise where a camera begins later or ends earlier than the chosen moments by more than one frame.

    Returns how many frames each camera lost between its beginning and its end, where it lost any.
    """
    there = paired >= 0
    first = there.argmax(axis=0)
    last = len(there) - 1 - there[::-1].argmax(axis=0)
    before = (rows[:, None] < first).sum(axis=0)
    after = (rows[:, None] > last).sum(axis=0)
    if max(before.max(), after.max()) > _SPARE:
        counts = ", ".join(f"{info.path.name} {info.frames}" for info in infos.values())
        begin, end = int(first.max()), int(last.min()) + 1
        remedy = (
            f"choose those that all have with --frames {begin}:{end}" if begin < end else "check the videos"
        )
        raise InputError(
            f"the videos have different numbers of frames ({counts}), or begin at different times: "
            f"{_ends(infos, before, after)}; if their first frames are of the same moment, {remedy}, else "
            "cut the videos so that they begin and end together"
        )
    if max(before.max(), after.max()) > 0:
        logger.warning(
            "%s; if a frame was lost elsewhere, all pictures after it are one frame apart",
            _ends(infos, before, after),
        )
    lost = (~there[rows]).sum(axis=0) - before - after
    return {name: int(count) for name, count in zip(infos, lost) if count}


def _ends(infos: Mapping[str, VideoInfo], before: np.ndarray, after: np.ndarray) -> str:
    """Return which videos begin late or end early."""
    said = [
        f"{info.path.name} {verb} {count} frame{'s' if count > 1 else ''} {when} than others"
        for counts, verb, when in ((before, "begins", "later"), (after, "ends", "earlier"))
        for info, count in zip(infos.values(), counts)
        if count
    ]
    return ", ".join(said)


def _say_lost(infos: Mapping[str, VideoInfo], lost: Mapping[str, int], moments: int) -> None:
    if lost:
        listed = ", ".join(f"{infos[name].path.name} {count}" for name, count in lost.items())
        logger.warning(
            "frames were lost: of the %d moments, these are missing: %s; the times in the videos say which, "
            "and frames are paired by time",
            moments, listed,
        )  # fmt: skip


def _say_gaps(timeline: Timeline, rows: np.ndarray) -> None:
    """Warn of gaps that all cameras share."""
    if timeline.times is None or timeline.fps is None or len(rows) < 2:
        return
    gaps = np.diff(timeline.times[rows]) * timeline.fps - np.diff(timeline.numbers[rows])
    wide = np.flatnonzero(gaps > 0.5)
    if len(wide):
        at = timeline.times[rows[wide[0]]]
        logger.warning(
            "no camera has a frame in %d stretch%s of time, %.0f frames long in all, the first after %.2f s; "
            "the times of the tracks keep %s",
            len(wide), "es" if len(wide) > 1 else "", gaps[wide].sum(), at, "them" if len(wide) > 1 else "it",
        )  # fmt: skip


def _say_deviations(timeline: Timeline, infos: Mapping[str, VideoInfo]) -> None:
    """Warn where frames of one moment are far apart by the times in the videos."""
    period = 1 / (timeline.fps or 1.0)
    off = dict(zip(infos.values(), timeline.deviations))
    far = {info.path.name: value for info, value in off.items() if value > _WORTH * period}
    if far:
        listed = ", ".join(f"{name} {1e3 * value:.0f} ms" for name, value in far.items())
        logger.warning(
            "by the times in the videos, frames of one moment are up to %.2f of a frame apart (%s)",
            max(far.values()) / period, listed,
        )  # fmt: skip


def _say_numbers(numbers: np.ndarray, reader: DetectionsReader) -> None:
    """Say that --frames counts the numbers in the files, where these are not simply 0, 1, 2 ..."""
    if np.array_equal(numbers, np.arange(len(numbers))):
        return
    missing = int(numbers[-1] - numbers[0] + 1 - len(numbers))
    logger.info(
        "the frames of %s have the numbers %d to %d%s; --frames chooses by these numbers",
        reader.path, numbers[0], numbers[-1],
        f", of which no camera has {missing}; the times of the tracks keep this gap" if missing else "",
    )  # fmt: skip
