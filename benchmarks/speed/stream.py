"""How long `mvtri.Stream` takes for a frame, and that its memory does not grow.

    python benchmarks/speed/stream.py                     # 20,000 frames, processor time
    python benchmarks/speed/stream.py --frames 1000000    # some minutes (--write FILE keeps the table)

One person of 37 keypoints before Human3.6M's four cameras, 3 px of noise, 5 % outliers, lag of 5 frames.
"""

import argparse
import pathlib
import resource
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import report

import mvtri

KEYPOINTS, PART = 37, 500


def main():
    """Print the time of a frame and the memory of the process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file to append the table to")
    options = parser.parse_args()
    frames = options.frames
    rng = np.random.default_rng(0)
    cameras = mvtri.human36m_cameras("S9")
    points = np.cumsum(rng.normal(0.0, 0.003, (PART, KEYPOINTS, 3)), axis=0) + [0.0, 0.0, 1.0]
    pixels = cameras.project(points) + rng.normal(0.0, 3.0, (PART, KEYPOINTS, len(cameras), 2))
    wrong = rng.random(pixels.shape[:3]) < 0.05
    pixels[wrong] += rng.normal(0.0, 80.0, (wrong.sum(), 2))
    stream = mvtri.Stream(cameras, KEYPOINTS, lag=5, noise=3.0, process=20.0, inflation=1.0)
    for t in range(PART):
        stream.push(pixels[t], t / 50.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    for t in range(PART, PART + frames):
        stream.push(pixels[t % PART], t / 50.0)
    spent = time.process_time() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    row = {
        "frames": f"{frames:,}",
        "ms a frame": f"{1000 * spent / frames:.3f}",
        "largest memory before, MiB": f"{before / 1024:.0f}",
        "grown by, MiB": f"{grown / 1024:.1f}",
    }
    report("one person, 37 keypoints, four cameras, lag of 5 frames, processor time", [row], options.write)


if __name__ == "__main__":
    main()
