"""Bundle adjustment beside aniposelib's `bundle_adjust_iter`, on the same points in one run.

Run ``python benchmarks/accuracy/bundle_peers.py`` (it needs the extra ``boards``; ``--quick`` for fewer
frames).  A synthetic walk before a ring of four or eight cameras, 17 keypoints, 3 px of noise, a tenth of
the views 80 px off; each camera starts 3 degrees and 10 cm off, and only poses are free, as aniposelib's
`only_extrinsics` has it.  aniposelib takes a sample of at most 1,000 points, its default, and all of them
in a second run.  Both rigs are laid over the true one by a similarity; residuals are those of the views
that are not off, of points triangulated by plain DLT from these views with the rig found.
"""

import argparse
import contextlib
import io
import pathlib
import sys
import time
import warnings

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import add_options, run, say, table
from triangulation_scenes import rig as ring

from mvtri import CameraGroup, triangulate
from mvtri.calib.bundle import Freedom, adjust_points
from mvtri.calib.bundle.align import align
from mvtri.plausibility import PlausibilityWarning
from mvtri.synthetic import walk_about

HERE, SEED = pathlib.Path(__file__).resolve().parent, 10_000


def scene(count, frames):
    """Return the true cameras, those to start from, pixels (T, K, C, 2), and which views are off."""
    cams, rng = ring(count), np.random.default_rng(SEED)
    points = walk_about(frames, SEED, radius=2.5)[:, :17]
    pixels = cams.project(points) + rng.normal(0.0, 3.0, (*points.shape[:2], count, 2))
    off = rng.random(pixels.shape[:3]) < 0.1
    pixels[off] += rng.normal(0.0, 80.0, (off.sum(), 2))
    axes, ways = rng.normal(size=(2, count, 3))
    axes *= np.radians(3.0) / np.linalg.norm(axes, axis=1, keepdims=True)
    ways *= 0.1 / np.linalg.norm(ways, axis=1, keepdims=True)
    return cams, cams.displaced(np.c_[axes, ways]), pixels, off


def ours(start, pixels):
    """Return the rig of mvtri: points by DLT, then the adjustment, with covariances."""
    points = triangulate(pixels, start, method="dlt", workers=1).points
    return adjust_points(start, pixels, points, Freedom(), workers=1).cameras


def aniposelib(start, pixels, **sample):
    """Return the rig of aniposelib."""
    group = start.to_aniposelib()
    flat = np.ascontiguousarray(pixels.reshape(-1, len(start), 2).transpose(1, 0, 2))
    np.random.seed(0)  # noqa: NPY002
    with contextlib.redirect_stdout(io.StringIO()):
        group.bundle_adjust_iter(flat, only_extrinsics=True, **sample)
    return CameraGroup.from_aniposelib(group)


def judged(found, cams, pixels, off):
    """Return the worst turn, degrees, the worst place, mm, and the median residual, px."""
    laid = align(found, cams, robust=False).cameras(found)
    turns = Rotation.from_matrix(laid.rotations @ cams.rotations.transpose(0, 2, 1)).magnitude()
    moves = np.linalg.norm(laid.centers - cams.centers, axis=1)
    seen = np.where(off[..., None], np.nan, pixels)
    points = triangulate(seen, found, method="dlt").points
    errors = np.linalg.norm(found.project(points) - seen, axis=-1)
    return np.degrees(turns).max(), 1e3 * moves.max(), np.nanmedian(errors)


def compare(count, frames):
    """Say how long both take and how near they come."""
    say(f"## {count} cameras, {frames} frames x 17 keypoints")
    say()
    cams, start, pixels, off = scene(count, frames)
    ours(start, pixels[:50])  # compiles
    aniposelib(start, pixels[:20], n_iters=1)
    every = pixels.shape[0] * pixels.shape[1]
    methods = {
        "mvtri": ours,
        "aniposelib": aniposelib,
        "aniposelib, all points": lambda a, b: aniposelib(a, b, n_samp_iter=every, n_samp_full=every),
    }
    rows, first = [], None
    for name, method in methods.items():
        began = time.process_time()
        found = method(start, pixels)
        spent = time.process_time() - began
        first = first or spent
        turn, move, left = judged(found, cams, pixels, off)
        rows.append(
            [name, f"{spent:.2f}", f"{spent / first:.0f}", f"{turn:.4f}", f"{move:.2f}", f"{left:.3f}"]
        )
    head = ["method", "processor time, s", "times", "turns, degrees", "places, mm", "residual, px"]
    table(head, rows)
    say("Turns and places: the worst camera.")
    say()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore", PlausibilityWarning)  # a rig that is off sees people beside its images
    frames = 60 if options.quick else 300
    say("# Bundle adjustment beside aniposelib's")
    say()
    say("Made by `python benchmarks/accuracy/bundle_peers.py`; synthetic, it says what was generated.")
    say()
    sections = {"four": lambda: compare(4, frames), "eight": lambda: compare(8, frames)}
    run(sections, options, HERE / "bundle_peers.md")


if __name__ == "__main__":
    main()
