"""Points per second of triangulation, everything included, and those of other tools in the same run.

Run ``python benchmarks/speed/triangulation.py`` (extra ``peers``; ``--quick`` for a tenth of the points,
``--memory`` for the 50-million-point job as well).  It prints its tables and writes them beside this file.
Each time is the best of several runs.
"""

import argparse
import functools
import logging
import os
import pathlib
import platform
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import triangulation_scenes as scenes
from benchmark_tables import add_options, run, say, table

from mvtri.benchmark.methods import peers
from mvtri.triangulation import triangulate

HERE = pathlib.Path(__file__).resolve().parent


def fastest(works, rounds=5):
    """Return the best wall time of each of some works, done in turn, after one round that does not count."""
    best = [np.inf] * len(works)
    for round_ in range(rounds + 1):
        for i, work in enumerate(works):
            start = time.perf_counter()
            work()
            if round_:
                best[i] = min(best[i], time.perf_counter() - start)
    return best


def ours(scene, count=None, **options):
    """Return the work of triangulating the first `count` points of a scene."""
    pixels = scene.pixels[:count]
    return lambda: triangulate(pixels, scene.cams, **options)


def pose2sim_itself(cams):
    """Return Pose2Sim's own function with its defaults, as its loop over keypoints calls it, or None."""
    logging.disable(logging.WARNING)  # that it finds no screen
    try:
        from Pose2Sim.triangulation import triangulation_from_best_cameras
    except ImportError:
        return None
    finally:
        logging.disable(logging.NOTSET)
    flat = scenes.pinhole(cams)
    matrices = list(flat.matrices @ np.concatenate([flat.rotations, flat.translations[:, :, None]], axis=2))

    def solve(pixels):
        views = np.concatenate([peers.straightened(cams, pixels), np.ones((*pixels.shape[:2], 1))], axis=2)
        return np.array(
            [triangulation_from_best_cameras({}, v, v, matrices, None)[0] for v in views.swapaxes(1, 2)]
        )

    return solve


@functools.cache
def peers_rates(count):
    """Return each tool's name, number of points and rate, mvtri first; and how often Pose2Sim agrees."""
    scene = scenes.one_hit(scenes.s9(), count, seed=1)
    cams = scene.cams
    cases = [
        ("aniposelib triangulate", peers.aniposelib(cams), 100_000),
        ("aniposelib triangulate(fast=True)", peers.aniposelib_fast(cams), 200_000),
        ("aniposelib triangulate_ransac", peers.aniposelib_ransac(cams), 100),
        ("pycolmap estimate_triangulation", peers.pycolmap(cams), 20_000),
        ("pycolmap, 12 px", peers.pycolmap(cams, error=12.0), 20_000),
        ("Pose2Sim's method, written anew", peers.pose2sim(cams, undistort=True), 2_000),
    ]
    itself, agreement = pose2sim_itself(cams), None
    if itself:
        cases.append((f"Pose2Sim {version('pose2sim')}, its own function", itself, 2_000))
        apart = itself(scene.pixels[:2_000]) - cases[-2][1](scene.pixels[:2_000])
        agreement = ((np.abs(apart) < 1e-6).all(axis=1) | np.isnan(apart).all(axis=1)).mean()
    cases = [(name, solve, min(count, some)) for name, solve, some in cases]
    works = [lambda solve=solve, some=some: solve(scene.pixels[:some]) for _, solve, some in cases]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})  # aniposelib's JAX takes all cores it sees
    spent = fastest([ours(scene, workers=1), *works])
    os.sched_setaffinity(0, cores)
    done = [("mvtri", count), *((name, some) for name, _, some in cases)]
    return [(name, some, some / s) for (name, some), s in zip(done, spent)], agreement


def against_peers(count):
    say("## Four cameras (S9), one camera wrong in 10 % of points: all tools in one run, on one core")
    say()
    rates, agreement = peers_rates(count)
    mine = rates[0][2]
    rows = [[name, f"{some:,}", f"{rate:,.0f}", f"{mine / rate:,.1f}"] for name, some, rate in rates]
    table(["tool", "points", "points/s", "mvtri is faster by a factor of"], rows)
    say(
        "mvtri undistorts the pixels for pycolmap and Pose2Sim; this takes at most a hundredth of their time."
    )
    if agreement is not None:
        say(f"The new code gives the result of Pose2Sim's own function in {100 * agreement:.2f} % of points.")
    say()


@functools.cache
def thread_rates(count):
    """Return the numbers of threads, and the rate with each by the share of points with one camera wrong."""
    cores = len(os.sched_getaffinity(0))
    threads = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= max(cores, 2)]
    rates = {}
    for hit in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0):
        scene = scenes.one_hit(scenes.s9(), count, hit=hit, seed=1)
        rates[hit] = [count / s for s in fastest([ours(scene, workers=n) for n in threads])]
    return threads, rates


def by_threads(count):
    say("## Threads, and percentage of points with one camera wrong; four cameras (S9)")
    say()
    threads, rates = thread_rates(count)
    rows = [
        [f"{hit:.0%}", *(f"{r / 1e6:.2f}" for r in some), f"{some[1] / some[0]:.2f}"]
        for hit, some in rates.items()
    ]
    table(
        [
            "points with one camera wrong",
            *(f"{n} thread{'s' if n > 1 else ''}, M/s" for n in threads),
            "speed-up of 2 threads",
        ],
        rows,
    )


@functools.cache
def point_rates(most):
    """Return, for each number of points, the time without and with the noise given."""
    scene = scenes.one_hit(scenes.s9(), most, seed=1)
    counts = [n for n in (100, 1_000, 10_000, 100_000, 1_000_000) if n <= most]
    return {n: fastest([ours(scene, n, workers=1), ours(scene, n, workers=1, noise=3.0)]) for n in counts}


def by_points(most):
    say("## Number of points; four cameras (S9), one camera wrong in 10 % of points, one thread")
    say()
    rows = [
        [f"{n:,}", f"{1e3 * spent:.2f}", f"{1e6 * spent / n:.3f}", f"{1e6 * known / n:.3f}"]
        for n, (spent, known) in point_rates(most).items()
    ]
    table(["points", "ms", "µs per point", "µs per point, noise given"], rows)


OUTLIERS = (0.0, 0.1, 0.3)


@functools.cache
def camera_rates(count):
    """Return for numbers of cameras the rate at each share of outliers."""
    rates = {}
    for cameras in (2, 3, 4, 6, 8, 12, 16, 32):
        some = 2 * count // (5 * cameras)
        made = [scenes.make(scenes.rig(cameras), some, rate=r, seed=2) for r in OUTLIERS]
        rates[cameras] = [some / s for s in fastest([ours(scene, workers=1) for scene in made], 3)]
    return rates


def by_cameras(count):
    say("## Number of cameras and outliers; one thread, microseconds per point")
    say()
    rows = [[cameras, *(f"{1e6 / r:.2f}" for r in some)] for cameras, some in camera_rates(count).items()]
    table(["cameras", *(f"{rate:.0%} outliers" for rate in OUTLIERS)], rows)


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
        ["import mvtri, s", "cameras and projection, s", "triangulate, s", "all, s"],
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
            "additional while it runs, GB",
            "rest of the process, GB",
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


def plot(count, path):
    """Draw points per second against the numbers of points, cameras and threads, and the outlier rate."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(11, 8.5), layout="constrained")
    draw_points(panels[0, 0], count)
    draw_cameras(panels[0, 1], count)
    draw_threads(*panels[1], count)
    for panel in panels.flat:
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8, loc="lower left" if panel is panels[0, 0] else "best")
    figure.savefig(path, dpi=110)


def draw_points(panel, count):
    times = point_rates(count)
    for i, label in enumerate(("mvtri", "mvtri, noise given")):
        panel.plot(list(times), [n / s[i] for n, s in times.items()], "o-", label=label, markersize=4)
    for i, (name, _, rate) in enumerate(peers_rates(count)[0][1:]):
        if "12 px" not in name:
            panel.axhline(rate, color=f"C{i + 2}", linewidth=1.2, linestyle="--", label=name)
    panel.set(title="Points: four cameras, one wrong in 10 % of points, 1 thread", xlabel="points")
    panel.set(xscale="log", yscale="log", ylabel="points per second", ylim=(0.3, 1e7))


def draw_cameras(panel, count):
    rates = camera_rates(count)
    for i, share in enumerate(OUTLIERS):
        label = f"{100 * share:.0f} % of observations wrong"
        panel.plot(list(rates), [r[i] for r in rates.values()], "o-", label=label, markersize=4)
    panel.set(title="Cameras: a ring around the room, 1 thread", xlabel="cameras", xscale="log")
    panel.set(yscale="log", ylabel="points per second")
    panel.set_xticks(list(rates), map(str, rates), minor=False)
    panel.minorticks_off()


def draw_threads(outliers, threads, count):
    numbers, rates = thread_rates(count)
    millions = {hit: [r / 1e6 for r in some] for hit, some in rates.items()}
    for i, number in enumerate(numbers):
        label = f"{number} thread{'s' if number > 1 else ''}"
        shares = [100 * hit for hit in millions]
        outliers.plot(shares, [m[i] for m in millions.values()], "o-", label=label, markersize=4)
    outliers.set(title="Outliers: four cameras, at most one wrong", xlabel="points with a wrong camera, %")
    for hit in (0.0, 0.1, 0.3, 1.0):
        some = millions[hit]
        (line,) = threads.plot(
            numbers, some, "o-", label=f"{100 * hit:.0f} % of points have a wrong camera", markersize=4
        )
        threads.plot(numbers, [n * some[0] for n in numbers], ":", color=line.get_color(), linewidth=1)
    threads.plot([], [], "k:", linewidth=1, label="proportional to the threads")
    threads.set(title="Threads: four cameras, at most one wrong", xlabel="threads", xticks=numbers)
    for panel in (outliers, threads):
        panel.set(ylabel="million points per second", ylim=(0.0, None))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--memory", action="store_true", help="the 50-million-point job, too (about 8 GB)")
    options = parser.parse_args()
    count = 100_000 if options.quick else 1_000_000
    sections = {
        "peers": lambda: against_peers(count),
        "threads": lambda: by_threads(count),
        "points": lambda: by_points(count),
        "cameras": lambda: by_cameras(count),
        "cold": cold_start,
    }
    if not options.quick:
        sections["plot"] = lambda: plot(count, HERE / "triangulation.png")
    if options.memory:
        sections["memory"] = lambda: memory(50 * count)
    say("# Speed of triangulation")
    say()
    say(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before.")
    say()
    run(sections, options, HERE / "triangulation.md")


if __name__ == "__main__":
    main()
