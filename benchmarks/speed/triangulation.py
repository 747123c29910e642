"""Points a second of triangulation, everything included, and those of peers in the same run.

Run ``python benchmarks/speed/triangulation.py`` (extra ``peers``; ``--quick`` for a tenth of the points,
``--memory`` for the 50-million-point job as well).  It prints its tables and writes them beside this file.
Each time is the best of several runs.
"""

import argparse
import os
import pathlib
import platform
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import triangulation_scenes as scenes
from benchmark_tables import add_options, run, say, table

from mvtri.benchmark import peers
from mvtri.triangulation import triangulate

HERE = pathlib.Path(__file__).resolve().parent


def seconds(work, repeats=5):
    """Return the best wall time of some runs, after one that does not count."""
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def rate(points, work, repeats=5):
    return points / seconds(work, repeats)


def against_peers(count):
    say("## Four cameras (S9), 10 % of points hit: against peers, in one run, one core for all")
    say()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})  # aniposelib's JAX takes all cores it sees
    scene = scenes.one_hit(scenes.s9(), count, seed=1)
    ours = rate(count, lambda: triangulate(scene.pixels, scene.cams, workers=1), 7)
    rows = [["mvtri", count, f"{ours:,.0f}", "1"]]
    cams = scene.cams
    cases = [
        ("aniposelib triangulate", peers.aniposelib(cams), 100_000),
        ("aniposelib triangulate(fast=True)", peers.aniposelib_fast(cams), 200_000),
        ("aniposelib triangulate_ransac", peers.aniposelib_ransac(cams), 100),
        ("pycolmap estimate_triangulation", peers.pycolmap(cams), 20_000),
        ("pycolmap, 12 px", peers.pycolmap(cams, error=12.0), 20_000),
        ("Pose2Sim's method, written afresh", peers.pose2sim(cams, undistort=True), 2_000),
    ]
    for name, solve, some in cases:
        some = min(count, some)
        theirs = rate(some, lambda solve=solve, some=some: solve(scene.pixels[:some]), 3)
        rows.append([name, some, f"{theirs:,.0f}", f"{ours / theirs:,.1f}"])
    os.sched_setaffinity(0, cores)
    table(["tool", "points", "points/s", "mvtri is times faster"], rows)
    say("For pycolmap and Pose2Sim's method mvtri undistorts the pixels, a hundredth of their time or less.")
    say()


def by_threads(count):
    say("## Threads, four cameras (S9)")
    say()
    rows = []
    for hit in (0.0, 0.1, 0.3, 1.0):
        scene = scenes.one_hit(scenes.s9(), count, hit=hit, seed=1)
        rates = [
            rate(count, lambda scene=scene, w=w: triangulate(scene.pixels, scene.cams, workers=w), 9)
            for w in (1, 2)
        ]
        rows.append([f"{hit:.0%}", *(f"{r / 1e6:.2f}" for r in rates), f"{rates[1] / rates[0]:.2f}"])
    table(["points hit", "1 thread, M/s", "2 threads, M/s", "ratio"], rows)


def by_points(most):
    say("## Number of points, four cameras (S9), 10 % hit, one thread")
    say()
    scene = scenes.one_hit(scenes.s9(), most, seed=1)
    rows = []
    count = 100
    while count <= most:
        spent = seconds(lambda count=count: triangulate(scene.pixels[:count], scene.cams, workers=1))
        known = seconds(
            lambda count=count: triangulate(scene.pixels[:count], scene.cams, workers=1, noise=3.0)
        )
        rows.append(
            [f"{count:,}", f"{1e3 * spent:.2f}", f"{1e6 * spent / count:.3f}", f"{1e6 * known / count:.3f}"]
        )
        count *= 10
    table(["points", "ms", "us a point", "us a point, noise given"], rows)


def by_cameras(count):
    say("## Number of cameras and outliers, one thread, us a point")
    say()
    rows = []
    for cameras in (2, 3, 4, 6, 8, 12, 16, 32):
        row = [cameras]
        for outliers in (0.0, 0.1, 0.3):
            scene = scenes.make(scenes.rig(cameras), count // cameras, rate=outliers, seed=2)
            n = len(scene.pixels)
            spent = seconds(lambda scene=scene: triangulate(scene.pixels, scene.cams, workers=1), 3)
            row.append(f"{1e6 * spent / n:.2f}")
        rows.append(row)
    table(["cameras", "no outliers", "10 %", "30 %"], rows)


def cold_start():
    say("## First call in a fresh process, kernels cached")
    say()
    code = (
        "import time; a = time.perf_counter()\n"
        "import numpy as np, mvtri\n"
        "b = time.perf_counter()\n"
        "cams = mvtri.human36m_cameras('S9')\n"
        "pixels = cams.project(np.random.default_rng(0).normal(0, 0.3, (100, 3)) + [0, 0, 1.0])\n"
        "c = time.perf_counter()\n"
        "mvtri.triangulate(pixels, cams)\n"
        "d = time.perf_counter()\n"
        "print(b - a, c - b, d - c)\n"
    )
    best = None
    for _ in range(5):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        times = [float(value) for value in out.split()]
        best = times if best is None or sum(times) < sum(best) else best
    table(
        ["import mvtri, s", "cameras and projection, s", "triangulate, s", "together, s"],
        [[*(f"{t:.2f}" for t in best), f"{sum(best):.2f}"]],
    )


def memory(count):
    say("## Memory of a large job")
    say()
    code = (
        "import resource, sys, numpy as np\n"
        f"sys.path.insert(0, {str(HERE.parent)!r})\n"
        "import triangulation_scenes as scenes\n"
        "from mvtri.triangulation import triangulate\n"
        "scene = scenes.one_hit(scenes.s9(), 100_000, seed=1)\n"
        "triangulate(scene.pixels[:1000], scene.cams)\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        f"count = {count}\n"
        "pixels = np.empty((count, 4, 2), np.float32)\n"
        "for at in range(0, count, 100_000):\n"
        "    pixels[at:at + 100_000] = scene.pixels[:min(100_000, count - at)]\n"
        "start = peak()\n"
        "import time; t = time.perf_counter()\n"
        "result = triangulate(pixels, scene.cams)\n"
        "spent = time.perf_counter() - t\n"
        "names = ('points', 'covariances', 'inliers', 'residuals', 'status')\n"
        "out = sum(getattr(result, n).nbytes for n in names)\n"
        "print(pixels.nbytes, out, peak() - start - out, peak() - pixels.nbytes - out, spent)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    given, made, more, all_else, spent = (float(value) for value in out.split())
    table(
        [
            "points",
            "input GB",
            "output GB",
            "more while it runs, GB",
            "all else in the process, GB",
            "s",
            "M points/s",
        ],
        [
            [
                f"{count:,}",
                f"{given / 1e9:.2f}",
                f"{made / 1e9:.2f}",
                f"{more / 1e9:.2f}",
                f"{all_else / 1e9:.2f}",
                f"{spent:.1f}",
                f"{count / spent / 1e6:.2f}",
            ]
        ],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--memory", action="store_true", help="the 50-million-point job, too (about 8 GB)")
    options = parser.parse_args()
    scale = 0.1 if options.quick else 1.0
    sections = {
        "peers": lambda: against_peers(int(1_000_000 * scale)),
        "threads": lambda: by_threads(int(1_000_000 * scale)),
        "points": lambda: by_points(int(1_000_000 * scale)),
        "cameras": lambda: by_cameras(int(400_000 * scale)),
        "cold": cold_start,
    }
    if options.memory:
        sections["memory"] = lambda: memory(int(50_000_000 * scale))
    say("# Speed of triangulation")
    say()
    say(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before.")
    say()
    run(sections, options, HERE / "triangulation.md")


if __name__ == "__main__":
    main()
