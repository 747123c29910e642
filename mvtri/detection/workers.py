"""Lanes: threads that take frames, which further threads decode ahead, through the networks.

With person boxes every frame stands for itself, so lanes take turns at the frames of all cameras, in batches
over cameras and people.  A network that finds its person itself follows it from frame to frame, so there
cameras are dealt out to lanes.  Either way lanes share nothing but the networks and write each its own part
of the results: what comes out does not depend on timing.

On a CPU there are as many lanes as threads to use, each network call then on one thread: that costs the least
CPU time (measured on two cores, one lane with two threads against two lanes with one: 6.0 and 5.5 ms a box,
13.9 and 14.2 a large crop, and a second thread that waits for work burns the decoder's cycles).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from queue import SimpleQueue

import numpy as np

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector, Poses
from mvtri.detection.self_boxes import SelfBoxes
from mvtri.video import Source
from mvtri.video.prefetch import ROOM, Ahead

Row = tuple[int, list[np.ndarray]]  # a frame's place in the results, and the frames of all cameras of a lane
MOST_LANES = 8  # each holds the frames of all cameras
CUDA_LANES = 2  # one prepares while the other computes
CUDA_BATCH = 16  # images; a GPU is idle with fewer


class Results:
    """The arrays that lanes write into: T frames, P people, K keypoints, C cameras, M modes."""

    def __init__(self, frames: int, people: int, keypoints: int, cameras: int, modes: int):
        shape = (frames, people, keypoints, cameras)
        self.position = np.full((*shape, modes, 2), np.nan, np.float32)
        self.score = np.zeros((*shape, modes), np.float32)
        self.covariance = np.full((*shape, 2, 2), np.nan, np.float32)
        self.boxes = np.full((frames, people, cameras, 4), np.nan, np.float32)
        self.seen = np.zeros((frames, cameras), bool)

    @property
    def people(self) -> int:
        """How many people a view may have."""
        return self.boxes.shape[1]

    @property
    def modes(self) -> int:
        """How many candidates a keypoint may have."""
        return self.score.shape[-1]

    def complete(self) -> int:
        """Return how many frames, from the first on, were seen by all cameras."""
        whole: np.ndarray = np.asarray(self.seen.all(axis=1))
        return whole.size if whole.all() else int(whole.argmin())

    def keep(self, row: int, camera: int, boxes: np.ndarray, poses: Poses) -> None:
        """Write the people of one view."""
        count = len(boxes)
        self.boxes[row, :count, camera] = boxes
        self.position[row, :count, :, camera] = poses.position
        self.score[row, :count, :, camera] = poses.score
        self.covariance[row, :count, :, camera] = poses.covariance


class Frames:
    """Frames of some cameras in step, for several lanes to take from."""

    def __init__(self, ahead: Ahead, chunk: int = 1):
        self._ahead = ahead
        self._frames: Iterator[Row] = enumerate(ahead)
        self._lock = threading.Lock()
        self._chunk = chunk

    def take(self) -> list[Row]:
        """Return the next few rows; an empty list at the end."""
        taken = []
        with self._lock:
            for row, views in self._frames:
                taken.append((row, views))
                if len(taken) == self._chunk:
                    break
        return taken

    def done(self, taken: list[Row]) -> None:
        """Give rows back that nobody looks at any more."""
        for _, frames in taken:
            self._ahead.recycle(frames)


Look = Callable[[list[Row]], None]


def look_with_boxes(detector: Detector, boxes: BoxDetector, results: Results, threads: int) -> Look:
    """Return what a lane does with frames: boxes in all views, then poses in all boxes, in batches."""

    def look(taken: list[Row]) -> None:
        places = [(row, camera) for row, views in taken for camera in range(len(views))]
        frames = [frame for _, views in taken for frame in views]
        found = [people.boxes[: results.people] for people in boxes(frames, threads)]
        for (row, camera), box, poses in zip(places, found, detector(frames, found, results.modes, threads)):
            results.keep(row, camera, box, poses)

    return look


def look_alone(detector: Detector, cameras: Sequence[int], results: Results, threads: int) -> Look:
    """Return what a lane does with frames of its cameras where the pose network finds its person itself."""
    own = SelfBoxes(detector, len(cameras))

    def look(taken: list[Row]) -> None:
        for row, views in taken:
            found = own.find(views, results.modes, threads)
            for camera, one in zip(cameras, found):
                if one is not None:
                    results.keep(row, camera, one[0][None], one[1])

    return look


def deal_out(cameras: int, threads: int) -> tuple[list[range], int]:
    """Deal cameras out to lanes; return each lane's cameras and the threads of its network calls.

    As many lanes as there are threads, but so that each has as many cameras: a lane with one more would be
    waited for.  The threads that are left go into the network calls.
    """
    lanes = max(count for count in range(1, min(cameras, threads) + 1) if cameras % count == 0)
    each = cameras // lanes
    return [range(lane * each, (lane + 1) * each) for lane in range(lanes)], max(1, threads // lanes)


def run_lanes(
    videos: Sequence[Source],
    numbers: range,
    detector: Detector,
    boxes: BoxDetector | None,
    results: Results,
    told: Callable[[int], None],
) -> None:
    """Fill `results` from the frames `numbers` of C videos; call `told` with the number of views done."""
    everyone = range(len(videos))
    cuda = detector.device == "cuda"
    with ExitStack() as stack:

        def ahead(cameras: range, chunk: int = 1) -> Frames:
            paths = [videos[camera] for camera in cameras]
            room = ROOM * len(cameras) // len(videos)
            return Frames(stack.enter_context(Ahead(paths, numbers, max(3, chunk), room)), chunk)

        if boxes is not None:
            count = CUDA_LANES if cuda else min(detector.threads, MOST_LANES)
            frames = ahead(everyone, -(-CUDA_BATCH // len(videos)) if cuda else 1)
            look = look_with_boxes(detector, boxes, results, max(1, detector.threads // count))
            work = [(frames, look, everyone)] * count
        else:
            groups, threads = deal_out(len(videos), 1 if cuda else detector.threads)
            work = [(ahead(group), look_alone(detector, group, results, threads), group) for group in groups]
        _run_all(work, results, told)


def _run_all(work: list[tuple[Frames, Look, range]], results: Results, told: Callable[[int], None]) -> None:
    stop = threading.Event()
    done: SimpleQueue[int] = SimpleQueue()

    def lane(frames: Frames, look: Look, cameras: range) -> None:
        while not stop.is_set() and (taken := frames.take()):
            look(taken)
            frames.done(taken)
            for row, _ in taken:
                results.seen[row, cameras.start : cameras.stop] = True
                done.put(len(cameras))

    with ThreadPoolExecutor(len(work), thread_name_prefix="mvtri-detect") as pool:
        futures = [pool.submit(lane, *one) for one in work]
        try:
            working = True
            while working:  # not one by one: waking up for each view would take time from the lanes
                finished, pending = wait(futures, 0.1, FIRST_EXCEPTION)
                while not done.empty():
                    told(done.get())
                working = bool(pending) and not any(future.exception() for future in finished)
        finally:  # also on Ctrl-C
            stop.set()
    for future in futures:  # in the order of the cameras, so that of several errors the same one is raised
        future.result()
