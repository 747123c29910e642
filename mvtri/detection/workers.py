"""Workers: threads that take frames through the networks.

With person boxes each frame is independent, so workers take turns at the frames of all cameras, in batches
over cameras and people.  A network that finds its person by itself follows the person from frame to frame, so
there each worker has its own cameras.  In both cases workers share only the networks, and each writes its own
part of the results: the results do not depend on timing.

On a CPU there are as many workers as threads to use, and each network call uses one thread: that costs the
least CPU time (measured on two cores, one worker with two threads against two workers with one: 6.0 and
5.5 ms per box, 13.9 and 14.2 per large crop; and a second thread that waits for work takes cycles from the
decoder).  Where these workers have their own cameras and keep all cores busy, each decodes its own frames.
Otherwise other threads decode them ahead.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from queue import SimpleQueue

import numpy as np

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.one_stage import OneStageDetector
from mvtri.detection.pose import Detector, Poses
from mvtri.detection.self_boxes import SelfBoxes
from mvtri.parallel import available_cores
from mvtri.video import Frame, Source
from mvtri.video.bursts import Bursts
from mvtri.video.prefetch import MEMORY, Prefetch

# a row of the results, and the frames of all cameras of a worker: None where a camera has none of this moment
Row = tuple[int, list[Frame | None]]
MOST_WORKERS = 8  # each keeps the frames of all cameras in memory
PROGRESS_INTERVAL = 0.25  # seconds
CUDA_WORKERS = 2  # one prepares a batch while the other one's is computed
CUDA_BATCH = 16  # images; a GPU is idle with fewer


class DetectionArrays:
    """The arrays that workers write into: T frames, P people, K keypoints, C cameras, M modes."""

    def __init__(self, frames: int, people: int, keypoints: int, cameras: int, modes: int):
        shape = (frames, people, keypoints, cameras)
        self.position = np.full((*shape, modes, 2), np.nan, np.float32)
        self.score = np.zeros((*shape, modes), np.float32)
        self.covariance = np.full((*shape, 2, 2), np.nan, np.float32)
        self.boxes = np.full((frames, people, cameras, 4), np.nan, np.float32)
        self.done = np.zeros((frames, cameras), bool)

    @property
    def people(self) -> int:
        """P."""
        return self.boxes.shape[1]

    @property
    def modes(self) -> int:
        """M."""
        return self.score.shape[-1]

    def complete(self) -> int:
        """Return how many frames, from the first one on, are done for all cameras."""
        whole: np.ndarray = np.asarray(self.done.all(axis=1))
        return whole.size if whole.all() else int(whole.argmin())

    def write(self, row: int, camera: int, boxes: np.ndarray, poses: Poses) -> None:
        """Write the people of one view."""
        count = len(boxes)
        self.boxes[row, :count, camera] = boxes
        self.position[row, :count, :, camera] = poses.position
        self.score[row, :count, :, camera] = poses.score
        self.covariance[row, :count, :, camera] = poses.covariance


class Frames:
    """Frames of some cameras at the same times, which several workers take in turn."""

    def __init__(self, decoder: Prefetch | Bursts, chunk: int = 1):
        self._decoder = decoder
        self._frames: Iterator[Row] = enumerate(decoder)
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

    def recycle(self, taken: list[Row]) -> None:
        """Return the frames of rows that are done: their memory is used again."""
        for _, frames in taken:
            self._decoder.recycle(frames)


Task = Callable[[list[Row]], None]  # what a worker does with the rows that it takes


def present_views(taken: list[Row]) -> tuple[list[tuple[int, int]], list[Frame]]:
    """Return row and camera of each view that has a frame, and the frames."""
    views = [(row, camera, frame) for row, found in taken for camera, frame in enumerate(found)]
    places = [(row, camera) for row, camera, frame in views if frame is not None]
    return places, [frame for _, _, frame in views if frame is not None]


def task_with_boxes(detector: Detector, boxes: BoxDetector, results: DetectionArrays, threads: int) -> Task:
    """Return the task of finding boxes in all views, then poses in all boxes, in batches."""

    def detect(taken: list[Row]) -> None:
        places, frames = present_views(taken)
        if not frames:
            return
        found = [people.boxes[: results.people] for people in boxes(frames, threads)]
        for (row, camera), box, poses in zip(places, found, detector(frames, found, results.modes, threads)):
            results.write(row, camera, box, poses)

    return detect


def task_one_stage(detector: OneStageDetector, results: DetectionArrays, threads: int) -> Task:
    """Return the task of a network that finds all people of all views at once."""

    def detect(taken: list[Row]) -> None:
        places, frames = present_views(taken)
        if not frames:
            return
        found = detector.find_people(frames, results.modes, threads)
        for (row, camera), (people, poses) in zip(places, found):
            best = slice(results.people)
            chosen = Poses(poses.position[best], poses.score[best], poses.covariance[best])
            results.write(row, camera, people.boxes[best], chosen)

    return detect


def task_without_boxes(
    detector: Detector, cameras: Sequence[int], results: DetectionArrays, threads: int
) -> Task:
    """Return the task of a pose network that finds its person by itself, in the `cameras` of a worker."""
    own = SelfBoxes(detector, len(cameras))

    def detect(taken: list[Row]) -> None:
        for row, views in taken:
            found = own.find(views, results.modes, threads)
            for camera, one in zip(cameras, found):
                if one is not None:
                    results.write(row, camera, one[0][None], one[1])

    return detect


def share_cameras(cameras: int, threads: int) -> tuple[list[range], int]:
    """Return the cameras of each worker, and the threads of its network calls.

    There are at most as many workers as threads, each with the same number of cameras: all others would wait
    for a worker with one more.  The remaining threads are used inside the network calls.
    """
    workers = max(count for count in range(1, min(cameras, threads) + 1) if cameras % count == 0)
    each = cameras // workers
    return [range(start, start + each) for start in range(0, cameras, each)], max(1, threads // workers)


def run_workers(
    videos: Sequence[Source],
    numbers: range | np.ndarray,
    detector: Detector,
    boxes: BoxDetector | None,
    results: DetectionArrays,
    on_progress: Callable[[int], None],
) -> None:
    """Fill `results` from the frames `numbers` of C videos: a range, or (T, C) with -1 for none.

    `on_progress` is called from this thread, each time with the number of further views that are done.
    """
    all_cameras = range(len(videos))
    cuda = detector.device == "cuda"
    with ExitStack() as stack:

        def frames_of(cameras: range, chunk: int = 1, ahead: bool = True) -> Frames:
            sources = [videos[camera] for camera in cameras]
            memory = MEMORY * len(cameras) // len(videos)
            wanted = numbers if isinstance(numbers, range) else numbers[:, list(cameras)]
            if not ahead:
                return Frames(stack.enter_context(Bursts(sources, wanted, memory)), chunk)
            return Frames(stack.enter_context(Prefetch(sources, wanted, max(3, chunk), memory)), chunk)

        if boxes is not None or isinstance(detector, OneStageDetector):
            count = CUDA_WORKERS if cuda else min(detector.threads, MOST_WORKERS)
            frames = frames_of(all_cameras, -(-CUDA_BATCH // len(videos)) if cuda else 1)
            threads = max(1, detector.threads // count)
            if isinstance(detector, OneStageDetector):
                task = task_one_stage(detector, results, threads)
            elif boxes is not None:
                task = task_with_boxes(detector, boxes, results, threads)
            work = [(frames, task, all_cameras)] * count
        else:
            groups, threads = share_cameras(len(videos), 1 if cuda else detector.threads)
            ahead = cuda or len(groups) < available_cores()  # there are cores left to decode
            work = [
                (frames_of(group, ahead=ahead), task_without_boxes(detector, group, results, threads), group)
                for group in groups
            ]
        _run_all(work, results, on_progress)


def _run_all(
    work: list[tuple[Frames, Task, range]], results: DetectionArrays, on_progress: Callable[[int], None]
) -> None:
    """Run each task in a thread of its own until its frames are finished, or one of the tasks fails."""
    stop = threading.Event()
    done: SimpleQueue[int] = SimpleQueue()

    def worker(frames: Frames, task: Task, cameras: range) -> None:
        while not stop.is_set() and (taken := frames.take()):
            task(taken)
            frames.recycle(taken)
            for row, _ in taken:
                results.done[row, cameras.start : cameras.stop] = True
                done.put(len(cameras))

    with ThreadPoolExecutor(len(work), thread_name_prefix="mvtri-detect") as pool:
        try:
            futures = [pool.submit(worker, *one) for one in work]
            working = True
            while working:  # several views at once: waking up for each would take time from the workers
                finished, pending = wait(futures, PROGRESS_INTERVAL, FIRST_EXCEPTION)
                while not done.empty():
                    on_progress(done.get())
                working = bool(pending) and not any(future.exception() for future in finished)
        finally:  # also on Ctrl-C
            stop.set()
    for future in futures:  # in the order of the cameras: of several errors, always the same one is raised
        future.result()
