"""`detect`: from the videos of a session to Detections.

Cameras are dealt out to lanes.  A lane is a thread that takes its cameras' frames, which further threads
decode ahead, through boxes, crops and networks in batches over its cameras and people.  On a CPU as many
lanes run as there are threads to use and cameras to share evenly, each network call then on few threads:
that costs the least CPU time a crop.  Lanes share nothing but the networks, so results do not depend on
timing.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import xarray as xr

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector, Poses
from mvtri.detection.tracker import SelfBoxes
from mvtri.errors import InputError
from mvtri.files import provenance
from mvtri.tracks import make_detections
from mvtri.video import Ahead, frame_range, probe

Progress = Callable[[str, int, int], None]
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
        With `camera_names` (C), `videos` (C paths), `fps` and `image_sizes` (C, 2), such as
        `mvtri.open_session` returns.
    detector : Detector
        From `load_detector`.
    boxes : BoxDetector, optional
        From `load_boxes`; needed where `detector.needs_boxes`.
    frames : (int, int, int), optional
        Start, stop, step; all frames by default.
    people : int
        How many people a view to keep at most, the best-scored first.
    progress : callable, optional
        Called as ``progress("detect", done, total)`` in views, from the thread that called `detect`.
    modes : int
        How many candidates of each keypoint to keep; 1 for the best alone.

    Returns
    -------
    xarray.Dataset
        Detections (`mvtri.tracks.make_detections`).  The individuals are candidates of each view on its own:
        the first of one camera need not be the first of another (attribute ``associated`` is 0).

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
        raise InputError("the session has no videos to look at; expected one a camera, in its folder videos/")
    if people < 1 or modes < 1:
        raise InputError(f"people is {people} and modes is {modes}, expected 1 or more of each")
    numbers = frame_range(min(probe(path).frames for path in session.videos), frames)
    people = people if detector.needs_boxes else 1
    results = _Results(len(numbers), people, len(detector.keypoints), len(session.videos), modes)
    _run(session, detector, boxes, numbers, results, progress)
    return _labelled(session, detector, boxes, numbers, results, {"people": people, "modes": modes})


class _Results:
    """The arrays that lanes write into, each its own cameras."""

    def __init__(self, frames: int, people: int, keypoints: int, cameras: int, modes: int):
        shape = (frames, people, keypoints, cameras)
        self.position = np.full((*shape, modes, 2), np.nan, np.float32)
        self.score = np.zeros((*shape, modes), np.float32)
        self.covariance = np.full((*shape, 2, 2), np.nan, np.float32)
        self.boxes = np.full((frames, people, cameras, 4), np.nan, np.float32)
        self.done = np.zeros(cameras, np.int64)


class _Lane:
    """Some cameras of a session, from their frames to the results."""

    def __init__(
        self,
        session: Any,
        cameras: Sequence[int],
        detector: Detector,
        boxes: BoxDetector | None,
        results: _Results,
        threads: int,
    ):
        self.session = session
        self.cameras = list(cameras)
        self.detector = detector
        self.boxes = boxes
        self.results = results
        self.threads = threads
        self.own = SelfBoxes(detector, len(self.cameras)) if not detector.needs_boxes else None

    def run(self, numbers: range, stop: threading.Event, told: SimpleQueue) -> None:
        """Go through the frames; after each tell how many views are done."""
        paths = [self.session.videos[camera] for camera in self.cameras]
        prepare = self.boxes.prepare if self.own is None and self.boxes is not None else None
        with Ahead(paths, numbers, prepare=prepare) as frames:
            for row, views in enumerate(frames):
                if stop.is_set():
                    return
                if self.own is not None:
                    self._look_alone(row, [view.frame for view in views])
                else:
                    self._look(row, [view.frame for view in views], [view.prepared for view in views])
                self.results.done[self.cameras] = row + 1
                told.put(len(self.cameras))

    def _look(self, row: int, frames: list[np.ndarray], inputs: list[np.ndarray]) -> None:
        assert self.boxes is not None
        sizes = [(frame.shape[1], frame.shape[0]) for frame in frames]
        limit = self.results.boxes.shape[1]
        people = self.boxes.find(np.stack(inputs), sizes, self.threads)
        boxes = [found.boxes[:limit] for found in people]
        poses = self.detector(frames, boxes, self.results.score.shape[-1], threads=self.threads)
        for camera, found, pose in zip(self.cameras, boxes, poses):
            self._keep(row, camera, found, pose)

    def _look_alone(self, row: int, frames: list[np.ndarray]) -> None:
        assert self.own is not None
        found = self.own.find(frames, self.results.score.shape[-1], self.threads)
        for camera, one in zip(self.cameras, found):
            if one is not None:
                self._keep(row, camera, one[0][None], one[1])

    def _keep(self, row: int, camera: int, boxes: np.ndarray, poses: Poses) -> None:
        count = len(boxes)
        self.results.boxes[row, :count, camera] = boxes
        self.results.position[row, :count, :, camera] = poses.position
        self.results.score[row, :count, :, camera] = poses.score
        self.results.covariance[row, :count, :, camera] = poses.covariance


def share_out(cameras: int, threads: int) -> tuple[list[range], int]:
    """Deal cameras out to lanes; return each lane's cameras and the threads of its network calls.

    As many lanes as there are threads, but so that each has as many cameras: a lane with one more would be
    waited for.  The threads that are left go into the network calls.
    """
    lanes = max(count for count in range(1, min(cameras, threads) + 1) if cameras % count == 0)
    each = cameras // lanes
    return [range(lane * each, (lane + 1) * each) for lane in range(lanes)], max(1, threads // lanes)


def _run(
    session: Any,
    detector: Detector,
    boxes: BoxDetector | None,
    numbers: range,
    results: _Results,
    progress: Progress | None,
) -> None:
    groups, threads = share_out(len(session.videos), detector.threads)
    lanes = [_Lane(session, group, detector, boxes, results, threads) for group in groups]
    stop = threading.Event()
    told: SimpleQueue = SimpleQueue()
    total = len(numbers) * len(session.videos)
    done = 0
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="mvtri-detect") as pool:
        futures = [pool.submit(lane.run, numbers, stop, told) for lane in lanes]
        try:
            while not all(future.done() for future in futures):
                try:
                    done += told.get(timeout=0.1)
                except Empty:
                    pass
                else:
                    if progress is not None:
                        progress("detect", done, total)
                if any(future.done() and future.exception() for future in futures):
                    break
        finally:
            stop.set()
    for future in futures:  # in the order of the cameras, so that the same error comes first each time
        future.result()
    if progress is not None and done < total:
        progress("detect", total, total)


def _labelled(
    session: Any,
    detector: Detector,
    boxes: BoxDetector | None,
    numbers: range,
    results: _Results,
    settings: dict[str, int],
) -> xr.Dataset:
    count = int(results.done.min())  # all, but for a frame or two that a container promises in vain
    chosen = np.asarray(numbers)[:count]
    fps = session.fps
    networks = {"detector": _described(detector)} | (
        {"boxes": _described(boxes)} if boxes is not None else {}
    )
    parameters = {**settings, **networks, "frames": [numbers.start, numbers.stop, numbers.step]}
    videos = [Path(path) for path in session.videos]
    dataset = make_detections(
        results.position[:count, ..., 0, :],
        results.score[:count, ..., 0],
        keypoints=detector.keypoints,
        cameras=list(session.camera_names),
        image_sizes=session.image_sizes,
        fps=None if not fps else fps / numbers.step,
        times=chosen / fps if fps else chosen,
        covariance=results.covariance[:count],
        boxes=results.boxes[:count],
        mode_position=results.position[:count],
        mode_confidence=results.score[:count],
        skeleton=detector.skeleton.name,
        provenance={"detect": provenance("mvtri.detect", parameters, videos)},
    )
    dataset.attrs["associated"] = 0
    return dataset


def _described(network: Detector | BoxDetector) -> dict[str, str]:
    return {"name": network.name, "sha256": network.sha256, "device": network.device}
