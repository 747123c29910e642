"""How fast detection is, from video files to Detections, compared with its networks' bare calls.

Run ``python benchmarks/speed/detection.py`` for the built-in demo, or with ``--videos FOLDER --model FILE
--boxes FILE`` for a recording of yours. The bare calls repeat the `session.run` calls of the pipeline:
the same inputs in the same batches, on the same threads, as many side by side, with nothing between them.
Pipeline and bare calls take turns. Each round gives one ratio of wall times and one of processor times,
which other programs on the machine disturb less. ``--write FILE`` appends the table to a Markdown file.
"""

import argparse
import collections
import pathlib
import statistics
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import report

from mvtri.detection import detect, load_boxes, load_detector
from mvtri.video import SUFFIXES, probe


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--videos", nargs="+", type=pathlib.Path, help="videos, or a folder; the demo by default"
    )
    parser.add_argument("--model", default="mvtri-demo", help="a model's name or an ONNX file")
    parser.add_argument("--card", help="the card of --model, where it is no known file")
    parser.add_argument("--boxes", help="a box model's name or an ONNX file")
    parser.add_argument("--frames", type=int, default=60, help="frames of each video")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--threads", type=int, nargs="+", help="threads of the networks; all cores by default"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file to append the table to")
    return parser.parse_args()


def session_of(videos):
    if videos is None:
        from mvtri.sessions import demo_session

        return demo_session()
    paths = [entry for given in videos for entry in (sorted(given.iterdir()) if given.is_dir() else [given])]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    infos = [probe(path) for path in paths]
    return SimpleNamespace(
        camera_names=[path.stem for path in paths],
        videos=paths,
        video_infos=infos,
        fps=infos[0].fps,
        image_sizes=np.array([(info.width, info.height) for info in infos]),
    )


class Recorder:
    """Keeps what each thread gave to a network, in its order."""

    def __init__(self, networks):
        self.calls = collections.defaultdict(list)
        self.networks = networks

    def __enter__(self):
        self.original = [network.run for network in self.networks]
        for network, run in zip(self.networks, self.original):
            network.run = self.recording(run)
        return self

    def __exit__(self, *_):
        for network in self.networks:
            del network.run  # the method of the class is back

    def recording(self, run):
        def recorded(images, threads=1):
            self.calls[threading.get_ident()].append((run, images.copy(), threads))
            return run(images, threads)

        return recorded


def bare(calls):
    """Make the recorded calls, each thread's in a thread of its own."""

    def lane(mine):
        for run, images, threads in mine:
            run(images, threads)

    lanes = [threading.Thread(target=lane, args=(mine,)) for mine in calls.values()]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()


def timed(work):
    """Return wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(session, options, threads):
    detector = load_detector(options.model, options.device, options.card, threads)
    boxes = load_boxes(options.boxes, options.device, threads=threads) if options.boxes else None
    frames = (0, options.frames, 1)

    def pipeline():
        return detect(session, detector, boxes, frames).sizes["time"]

    pipeline()  # compiles what is not compiled yet
    with Recorder([network.network for network in (detector, boxes) if network is not None]) as recorder:
        count = pipeline()
    rounds = []
    for number in range(options.rounds):
        both = [pipeline, lambda: bare(recorder.calls)]
        times = [timed(work) for work in (both if number % 2 == 0 else both[::-1])]
        rounds.append(times if number % 2 == 0 else times[::-1])
    views = count * len(session.videos)
    networks = " + ".join(network.name for network in (detector, boxes) if network is not None)
    calls = [images for mine in recorder.calls.values() for _, images, _ in mine]
    walls, processors = ([[pair[kind] for pair in both] for both in rounds] for kind in (0, 1))
    ratios = [alone / whole for whole, alone in walls]
    return {
        "networks": networks,
        "views": f"{views} of {session.image_sizes[0][0]} x {session.image_sizes[0][1]}",
        "threads": f"{detector.threads} ({len(recorder.calls)} lanes)",
        "images per call": f"{sum(map(len, calls)) / len(calls):.1f}",
        "pipeline, views/s": f"{views / statistics.median(whole for whole, _ in walls):.1f}",
        "bare, views/s": f"{views / statistics.median(alone for _, alone in walls):.1f}",
        "ratio of speeds": f"{statistics.median(ratios):.3f}",
        "lowest to highest": f"{min(ratios):.3f} to {max(ratios):.3f}",
        "ratio of processor times": f"{statistics.median(alone / whole for whole, alone in processors):.3f}",
    }, detector.device


def main():
    options = arguments()
    session = session_of(options.videos)
    rows = []
    for threads in options.threads or [None]:
        row, device = measure(session, options, threads)
        rows.append(row)
    report(f"networks on {device.upper()}", rows, options.write)


if __name__ == "__main__":
    main()
