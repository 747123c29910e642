"""`detect`: from the videos of a session to Detections."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.compilation import compile_ahead
from mvtri.detection.boxes import BoxDetector
from mvtri.detection.load import DEMO_DETECTOR, DEMO_NOTE
from mvtri.detection.pose import Detector
from mvtri.detection.workers import DetectionArrays, run_workers
from mvtri.errors import InputError
from mvtri.files import provenance
from mvtri.progress import Progress, no_progress
from mvtri.tracks import make_detections
from mvtri.video import Stills, Video, frame_range, open_videos

_log = logging.getLogger("mvtri")
PEOPLE = 4


def detect(
    session: Any,
    detector: Detector,
    boxes: BoxDetector | None = None,
    frames: tuple[int | None, int | None, int | None] | None = None,
    people: int = PEOPLE,
    progress: Progress | None = None,
    modes: int = 3,
) -> xr.Dataset:
    """Find keypoints in every view of a session.

    Parameters
    ----------
    session : object
        With `camera_names` (C), `videos` (C paths, or `mvtri.video.Stills`), `fps` and `image_sizes` (C, 2),
        such as `mvtri.open_session` returns.  Its `times` (T,) and `paired_frames` (T, C) are used where it
        has them; otherwise frame i of each video is one moment, and its time is i / fps.
    detector : Detector
        From `load_detector`.
    boxes : BoxDetector, optional
        From `load_boxes`; needed where `detector.needs_boxes`.
    frames : (int, int, int), optional
        Start, stop, step among the moments; all by default.
    people : int
        How many people to keep per view at most, the highest scores first.
    progress : callable, optional
        Called as ``progress("detect", done, total)``, in views (`mvtri.progress.Progress`).
    modes : int
        How many candidates of each keypoint to keep; 1 keeps only the best one.

    Returns
    -------
    xarray.Dataset
        Detections (`mvtri.tracks.make_detections`).  The individuals are numbered in each view separately:
        the first of one camera may be another person than the first of another camera (the attribute
        ``associated`` is 0).

    Raises
    ------
    InputError
        If parts are missing or do not fit, or a video cannot be decoded.
    """
    if detector.needs_boxes and boxes is None:
        raise InputError(
            f"the detector {detector.name} needs person boxes; pass boxes=load_boxes(...), or --boxes NAME"
        )
    if not session.videos:
        raise InputError("the session has no videos; expected one per camera, in its folder videos/")
    if people < 1 or modes < 1:
        raise InputError(f"people is {people} and modes is {modes}, expected 1 or more of each")
    if not detector.needs_boxes and boxes is not None:
        raise InputError(f"the detector {detector.name} finds people by itself; do not pass person boxes")
    if detector.name == DEMO_DETECTOR and not getattr(session, "is_demo", False):
        _log.warning("%s", DEMO_NOTE)
    people = people if detector.needs_boxes or detector.finds_everybody else 1
    compile_ahead([*detector.kernels, *(boxes.kernels if boxes else [])])
    report = progress or no_progress
    done = 0

    def on_progress(views: int) -> None:
        nonlocal done
        done += views
        report("detect", done, total)

    paired = getattr(session, "paired_frames", None)
    with open_videos(getattr(session, "video_infos", None) or session.videos, yuv=True) as videos:
        total = _count(videos, frames) if paired is None else len(paired)
        numbers = frame_range(total, frames)
        results = DetectionArrays(len(numbers), people, len(detector.keypoints), len(videos), modes)
        total = len(numbers) * len(videos)
        wanted = numbers if paired is None else paired[np.asarray(numbers)]
        run_workers(videos, wanted, detector, boxes, results, on_progress)
    if done < total:
        report("detect", total, total)
    return _dataset(session, detector, boxes, numbers, results, {"people": people, "modes": modes})


def _count(videos: Sequence[Stills | Video], frames: tuple[int | None, int | None, int | None] | None) -> int:
    """Return how many frames all videos have; raise where a truncated one ends before those wanted."""
    for video in videos:
        if isinstance(video, Video):
            video.info.check_reaches(frames[1] if frames else None)
    return min(video.count() for video in videos)


def _dataset(
    session: Any,
    detector: Detector,
    boxes: BoxDetector | None,
    numbers: range,
    results: DetectionArrays,
    settings: dict[str, int],
) -> xr.Dataset:
    count = results.complete()  # all, except a frame or two that a container promises but does not have
    chosen = np.asarray(numbers)[:count]
    fps, times = session.fps, getattr(session, "times", None)
    networks = {"detector": _description(detector)} | (
        {"boxes": _description(boxes)} if boxes is not None else {}
    )
    parameters = {**settings, **networks, "frames": [numbers.start, numbers.stop, numbers.step]}
    videos = [Path(path) for path in session.videos if not isinstance(path, Stills)]
    clock = getattr(session, "time_record", None)
    dataset = make_detections(
        results.position[:count, ..., 0, :],
        results.score[:count, ..., 0],
        keypoints=detector.keypoints,
        cameras=list(session.camera_names),
        image_sizes=session.image_sizes,
        fps=None if not fps else fps / numbers.step,
        times=times[chosen] if times is not None else chosen / fps if fps else chosen,
        covariance=results.covariance[:count] if detector.has_covariance else None,
        boxes=results.boxes[:count],
        mode_position=results.position[:count],
        mode_confidence=results.score[:count],
        skeleton=detector.skeleton.name,
        provenance={"detect": provenance("mvtri.detect", parameters, videos)}
        | ({"time": clock} if clock else {}),
    )
    dataset.attrs["associated"] = 0
    return dataset


def _description(network: Detector | BoxDetector) -> dict[str, str]:
    return {"name": network.name, "sha256": network.sha256, "device": network.device}
