"""How close triangulation comes to what the noise allows, and how other tools compare.

Run ``python benchmarks/accuracy/triangulation.py`` (extra ``peers``; ``--quick`` for a tenth of the points,
``--seed N`` for new scenes).
It prints its tables and writes them, with a plot, beside this file.
"""

import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import heatmap_scenes
import triangulation_scenes as scenes
from benchmark_tables import add_options, run, say, table
from peer_grid import grid
from peer_plot import plot

from mvtri.triangulation import exchange, resolve_swaps, triangulate, triangulate_modes

HERE = pathlib.Path(__file__).resolve().parent
INTRODUCTION = """\
All scenes are synthetic. *Outliers* are observations that are wrong by N(0, 80 px): by a normally
distributed error with a standard deviation of 80 px in each coordinate. In the main scene, "clean" are the
points without a wrong camera, and "hit" those with one. *The bound* is the error of the estimate that knows
the outliers and the noise. *Efficiency* is the mean error divided by that of the bound, *p95* the 95th
percentile. A *ring* of cameras stands around the room."""
DRAWN_MAPS = """\
The blobs are drawn Gaussians. Their centres are wrong by the stated number of cells, or by their own widths
(standard deviations). *Grain* is noise on every cell; *blur* is the blur before the refinement, in cells.
*Modes* are the points of `triangulate_modes`."""
DEMO_MAPS = """\
The heatmaps of the demo's detector, with 95 % intervals from a bootstrap over quarters of a second. The
views have equal weights, or their scores as weights. A ratio is the error divided by that of "decoded"."""


def summary(errors):
    """Return mean, root mean square and 95th percentile."""
    return np.mean(errors), np.sqrt(np.mean(errors**2)), np.quantile(errors, 0.95)


def main_scene(count):
    say("## The main scene: cameras of S9, 3 px of noise, one camera wrong by N(0, 80 px) in 10 % of points")
    say()
    rows = []
    for name, cams in (("without distortion", scenes.s9(False)), ("with its lenses", scenes.s9())):
        scene = scenes.one_hit(cams, count, seed=101)
        hit = scene.wrong.any(axis=1)
        floor = scene.bound()
        found = triangulate(scene.pixels, cams)
        known = triangulate(scene.pixels, cams, noise=3.0)
        for label, errors in (
            ("the bound: outliers and noise known", floor),
            ("mvtri", scene.errors(found.points)),
            ("mvtri, noise given", scene.errors(known.points)),
            ("mvtri dlt", scene.errors(triangulate(scene.pixels, cams, method="dlt").points)),
        ):
            good = np.isfinite(errors)
            mean, rms, p95 = summary(errors[good])
            rows.append(
                [
                    name,
                    label,
                    f"{errors[good & ~hit].mean():.2f}",
                    f"{errors[good & hit].mean():.2f}",
                    f"{mean:.2f}",
                    f"{rms:.2f}",
                    f"{p95:.2f}",
                    f"{mean / floor[good].mean():.4f}",
                    f"{errors[good & ~hit].mean() / floor[good & ~hit].mean():.4f}",
                    f"{100 * (~good).mean():.3f}",
                ]
            )
    head = [
        "cameras",
        "estimator",
        "clean mm",
        "hit mm",
        "all mm",
        "RMSE",
        "p95",
        "efficiency",
        "clean efficiency",
        "no point %",
    ]
    table(head, rows)
    say(f"Noise found: {np.round(found.noise.sigma[0], 3).tolist()} px, {count} points.")
    say()


def efficiency(count):
    say("## Efficiency: mean error divided by that of the bound")
    say()
    rows = []
    for cameras, rate in ((4, 0.0), (8, 0.0), (8, 0.2), (16, 0.3)):
        scene = scenes.make(scenes.rig(cameras), count, rate=rate, seed=7)
        floor = scene.bound()
        result = triangulate(scene.pixels, scene.cams)
        errors = scene.errors(result.points)
        good = np.isfinite(errors) & np.isfinite(floor)
        mine, best = summary(errors[good]), summary(floor[good])
        rows.append(
            [
                f"ring of {cameras}",
                f"{rate:.0%}",
                f"{mine[0]:.3f}",
                f"{mine[0] / best[0]:.4f}",
                f"{mine[1] / best[1]:.4f}",
                f"{100 * np.isnan(errors).mean():.3f}",
            ]
        )
    table(["cameras", "outliers", "mean mm", "efficiency", "efficiency of the RMSE", "no point %"], rows)


def coverage(count):
    say("## Covariance: percentage of true points inside the 95 % ellipsoid, for points without outliers")
    say()
    rows = []
    cases = [(f"{c} cameras, {s:g} px", scenes.rig(c), s) for c in (3, 4, 8, 16) for s in (1.0, 3.0, 8.0)]
    cases += [(f"4 cameras at {r:g} m, 3 px", scenes.rig(4, radius=r), 3.0) for r in (3.0, 10.0)]
    cases += [
        ("4 cameras, 20 degree arc, 3 px", scenes.rig(4, spread=20.0), 3.0),
        ("S9, 3 px", scenes.s9(), 3.0),
    ]
    for name, cams, noise in cases:
        row = [name]
        for rate in (0.0, 0.1):
            scene = scenes.make(cams, count, noise=noise, rate=rate, seed=3)
            result = triangulate(scene.pixels, cams)
            some = np.isfinite(result.points).all(axis=1) & ~scene.wrong.any(axis=1)
            off = (result.points - scene.points)[some]
            square = np.einsum("ni,nij,nj->n", off, np.linalg.inv(result.covariances[some]), off)
            row.append(f"{100 * (square < 7.8147).mean():.2f}")
        rows.append(row)
    table(["scene", "no outliers", "10 % outliers"], rows)


def tails(count):
    say("## Heavy tails (Student's t with 3 degrees of freedom, 3 px): weighted accordingly, or as normal")
    say()
    rows = []
    for cameras in (3, 4, 8, 16):
        cams = scenes.rig(cameras)
        scene = scenes.make(cams, count, rate=0.0, kind="heavy", seed=70 + cameras)
        found = triangulate(scene.pixels, cams)
        normal = triangulate(scene.pixels, cams, noise=found.noise.sigma[0])
        errors, plain = scene.errors(found.points), scene.errors(normal.points)
        good = np.isfinite(errors) & np.isfinite(plain)
        offsets = found.points[good] - scene.points[good]
        distances = np.einsum("ni,nij,nj->n", offsets, np.linalg.inv(found.covariances[good]), offsets)
        rows.append(
            [
                cameras,
                f"{found.noise.tail:g}",
                f"{errors[good].mean():.2f}",
                f"{plain[good].mean():.2f}",
                f"{errors[good].mean() / plain[good].mean():.3f}",
                f"{np.quantile(errors[good], 0.95) / np.quantile(plain[good], 0.95):.3f}",
                f"{100 * (distances < 7.815).mean():.1f}",
                f"{100 * good.mean():.1f}",
            ]
        )
    table(
        [
            "cameras",
            "degrees of freedom found",
            "weighted mm",
            "normal mm",
            "ratio of means",
            "ratio of p95",
            "in the 95 % ellipsoid %",
            "both give a point %",
        ],
        rows,
    )


def fusion(count):
    say("## Modes: in 20 % of the views the correct peak is the second one, N(0, 80 px) away from the first")
    say()
    rows = []
    for name, cams in (("S9", scenes.s9()), ("ring of 8", scenes.rig(8))):
        scene = scenes.make(cams, count, seed=5)
        rng = np.random.default_rng(6)
        turned = rng.random(scene.wrong.shape) < 0.2
        modes = np.stack([scene.pixels, scene.pixels + rng.normal(0, 80, scene.pixels.shape)], axis=-2)
        modes[turned] = modes[turned][:, ::-1]
        known_peak = scene.errors(triangulate(scene.pixels, cams).points)
        first = scene.errors(triangulate(modes[..., 0, :], cams).points)
        errors = scene.errors(triangulate_modes(modes, cams).result.points)
        rows.append(
            [
                name,
                f"{np.nanmean(known_peak):.2f}",
                f"{np.nanmean(errors):.2f}",
                f"{np.nanmean(errors) / np.nanmean(known_peak):.4f}",
                f"{np.nanmean(first):.2f}",
                f"{100 * np.isnan(errors).mean():.3f}",
            ]
        )
    head = ["cameras", "correct peak known mm", "modes mm", "ratio", "first peaks only mm", "no point %"]
    table(head, rows)


def heatmaps(count, step):
    say("## Heatmaps, cameras of S9: decoded and triangulated, or refined from the points of modes")
    say()
    say(DRAWN_MAPS)
    say()
    head = ["blobs", "decoded mm", "decoded, with covariances mm", "modes mm", "refined mm"]
    head += ["refined divided by each of the three", "maximum found %", "all give a point %"]
    table(head, heatmap_scenes.drawn_rows(count))
    say(DEMO_MAPS)
    say()
    head = ["demo", "MPJPE mm", "ratio", "spine mm", "ratio", "all give a point %"]
    table(head, heatmap_scenes.demo_rows(step))


def walker(cams, frames, rng):
    """Return pixels (T, 16, C, 2) of a figure that turns and swings, and its left and right keypoints."""
    widths = [0.2, 0.35, 0.4, 0.12, 0.12, 0.12, 0.06, 0.05]
    heights = [1.4, 1.1, 0.9, 0.95, 0.5, 0.1, 1.6, 1.65]
    time = np.arange(frames) / 50.0
    swing = 0.25 * np.sin(2 * np.pi * 0.8 * time)
    figure = np.zeros((frames, 16, 3))
    for k, (width, height) in enumerate(zip(widths, heights)):
        for side in (0, 1):
            figure[:, 2 * k + side, 0] = (1 - 2 * side) * width
            figure[:, 2 * k + side, 1] = (1 - 2 * side) * swing * (1 if k < 3 else -1 if k < 6 else 0)
            figure[:, 2 * k + side, 2] = height
    angle = 0.5 * time
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = figure[..., 0].copy(), figure[..., 1].copy()
    figure[..., 0], figure[..., 1] = c * x - s * y, s * x + c * y
    pixels = cams.project(figure)
    return pixels + 3.0 * rng.normal(size=pixels.shape), [(2 * k, 2 * k + 1) for k in range(8)]


def swaps(frames):
    say("## Left and right exchanged in 10 % of the views of each frame")
    say()
    rows = []
    for name, cams, wrong in (
        ("S9", scenes.s9(), 0.0),
        ("S9, 5 % outliers", scenes.s9(), 0.05),
        ("ring of 8", scenes.rig(8), 0.0),
    ):
        rng = np.random.default_rng(9)
        pixels, pairs = walker(cams, frames, rng)
        bad = rng.random(pixels.shape[:-1]) < wrong
        pixels[bad] += rng.normal(0, 80, (bad.sum(), 2))
        swapped = rng.random((frames, len(cams))) < 0.1
        found = resolve_swaps(exchange(pixels, swapped, pairs), pairs, cams)
        undone, invented = found.swapped[swapped].mean(), found.swapped[~swapped].mean()
        rows.append([name, frames, f"{100 * undone:.2f}", f"{100 * invented:.3f}"])
    table(["cameras", "frames", "found %", "false %"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--seed", type=int, default=0, help="new scenes; the tables are not written")
    options = parser.parse_args()
    scenes.fresh = options.seed
    scale = 0.1 if options.quick else 1.0
    sections = {
        "main": lambda: main_scene(int(500_000 * scale)),
        "efficiency": lambda: efficiency(int(200_000 * scale)),
        "coverage": lambda: coverage(int(40_000 * scale)),
        "tails": lambda: tails(int(40_000 * scale)),
        "modes": lambda: fusion(int(40_000 * scale)),
        "heatmaps": lambda: heatmaps(int(2_000 * scale), 8 if options.quick else 1),
        "swaps": lambda: swaps(int(20_000 * scale)),
        "grid": lambda: grid(int(4_000 * scale)),
        "plot": lambda: plot(int(4_000 * scale), HERE / "triangulation.png"),
    }
    say("# Accuracy of triangulation")
    say()
    say(INTRODUCTION)
    say()
    run(sections, options, HERE / "triangulation.md", whole=not options.seed)


if __name__ == "__main__":
    main()
