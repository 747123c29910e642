"""How many points a second smoothing does on one thread, with covariances.

    python benchmarks/speed/smoothing.py    (--write FILE to append the table to a Markdown file)

37 points on sines with noise of 20 mm, 50 frames a second.  Processor time, the best of three rounds in which
all methods take turns.
"""

import argparse
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import report

from mvtri.kinematics.rigid_segments import bone_segments
from mvtri.skeletons import get_skeleton
from mvtri.smoothing import batch, butterworth, rts

FRAMES, KEYPOINTS, RATE = 20_000, 37, 50.0
ROUNDS = 3


def scene():
    """Return times, points and covariances of a walk about the room."""
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES) / RATE
    phase = rng.uniform(0, 2 * np.pi, (KEYPOINTS, 3))
    truth = 0.3 * np.sin(2 * np.pi * 0.7 * times[:, None, None] + phase)
    half = 0.02 * (np.eye(3) + 0.3 * rng.normal(size=(FRAMES, KEYPOINTS, 3, 3)))
    points = truth + (half @ rng.normal(size=(FRAMES, KEYPOINTS, 3, 1)))[..., 0]
    return times, points, half @ half.swapaxes(-1, -2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file to append the table to")
    options = parser.parse_args()
    times, points, covariances = scene()
    given = {"process": 10.0, "inflation": 1.0, "tail": np.inf, "workers": 1}
    bones = bone_segments("spinetrack37", get_skeleton("spinetrack37").keypoints)
    works = {
        "rts, process noise given": lambda n: rts(points[:n], times[:n], covariances[:n], **given),
        "rts, process noise given, with lengths of bones": lambda n: rts(
            points[:n], times[:n], covariances[:n], segments=bones, **given
        ),
        "rts, with velocities": lambda n: rts(
            points[:n], times[:n], covariances[:n], velocities=True, **given
        ),
        "rts, all from the data": lambda n: rts(points[:n], times[:n], covariances[:n], workers=1),
        "butterworth": lambda n: butterworth(points[:n], RATE),
    }
    chain = np.array([(k, k + 1) for k in range(KEYPOINTS - 1)])
    works["batch, all from the data"] = lambda n: batch(
        points[:n], times[:n], covariances[:n], chain, workers=1
    )
    seconds = {name: [] for name in works}
    for work in works.values():
        work(200)  # compiled, or read from the cache
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.process_time()
            work(FRAMES)
            seconds[name].append(time.process_time() - started)
    count = FRAMES * KEYPOINTS
    rows = [
        {
            "method": name,
            "million points/s": f"{count / min(spent) / 1e6:.2f}",
            "µs a point": f"{1e6 * min(spent) / count:.2f}",
            "frames/s": f"{FRAMES / min(spent):,.0f}",
        }
        for name, spent in seconds.items()
    ]
    report(f"{FRAMES:,} frames of {KEYPOINTS} keypoints, one thread, processor time", rows, options.write)


if __name__ == "__main__":
    main()
