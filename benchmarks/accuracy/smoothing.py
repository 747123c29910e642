"""How well motion, spine and uncertainty are found over time: the table of docs/smoothing.md.

python benchmarks/accuracy/smoothing.py            (all; with the folder of CMU's motions in MVTRI_DATA)
python benchmarks/accuracy/smoothing.py --methods rts --noise iid:5 --motions own
python benchmarks/accuracy/smoothing.py --tuning   (the seeds and clips that settings were chosen on)

All of it is synthetic: known motions in front of Human3.6M's cameras, 2D with noise (docs/synthetic.md).
What is scored are subjects S9 and S11, seed 0, and motions that were not tuned on.  Errors are pooled over
frames; intervals are 95 %, over sequences.
"""

import argparse
import os
import pathlib

import numpy as np

import mvtri
from mvtri.benchmark.methods.all_faults import tracks_of, triangulate_all
from mvtri.benchmark.settings import make_setting
from mvtri.datasets.synthetic_human36m import synthetic_human36m
from mvtri.kinematics.spine_chain import chain_angles
from mvtri.metrics.bootstrap import bootstrap_interval
from mvtri.skeletons import get_skeleton
from mvtri.tracks import TIME, to_array

INSIDE = 7.814728  # the 95 % point of chi square, three degrees of freedom
SKELETON = get_skeleton("spinetrack37")
SPINE, CHAIN = SKELETON.indices("spine"), SKELETON.indices("spine_chain")
TRUNK = [SKELETON.keypoints.index(name) for name in ("hip", "spine_03", "neck")]
TUNED = {  # settings were chosen on these motions, subjects S1 and S5, seed 1 (2D: seed 7)
    "cmu": ("02_01", "02_03", "02_06", "02_09"),
    "own": ("forward_bend", "twist", "slow_walk", "moving_1", "moving_3", "moving_5"),
}
METHODS = {  # from Tracks to Tracks; add others here
    "one frame": lambda tracks: tracks,
    "butterworth:6": lambda tracks: mvtri.smooth(tracks, "butterworth:6"),
    "rts": lambda tracks: mvtri.smooth(tracks, "rts"),
    "batch": lambda tracks: mvtri.smooth(tracks, "batch"),
}
COLUMNS = {
    "full mm": "error of all 37 keypoints",
    "spine mm": "error of the 15 keypoints of the spine group",
    "segments deg": "angle between neighbouring segments of the spine",
    "trunk deg": "angle hip - T12 - neck",
    "covered %": "share of points in their 95 % ellipsoid",
    "m/s": "error of velocity (from frame to frame)",
    "m/s2": "error of acceleration (second differences)",
    "missing %": "points without an answer",
}


def scores(tracks, truth):
    """Return (sum, count) for each of the columns."""
    found = to_array(tracks)[:, 0].astype(float)
    step = float(np.median(np.diff(tracks[TIME].to_numpy())))
    error = np.linalg.norm(found - truth, axis=-1)
    rates = [
        np.linalg.norm(np.diff(found - truth, n=order, axis=0), axis=-1) / step**order for order in (1, 2)
    ]
    values = [1e3 * error, 1e3 * error[:, SPINE]]
    values += [angle_errors(found, truth, chain) for chain in (CHAIN, TRUNK)]
    values += [100.0 * covered(tracks, found - truth), *rates, 100.0 * ~np.isfinite(error)]
    return np.array([(np.nansum(one), np.isfinite(one).sum()) for one in values], dtype=float)


def angle_errors(found, truth, chain):
    """Return the errors of the angles along a chain, degrees."""
    return np.degrees(np.abs(chain_angles(found[:, chain]) - chain_angles(truth[:, chain])))


def covered(tracks, off):
    """Return whether each point is in its ellipsoid; NaN without one."""
    covariances = to_array(tracks, "covariance")[:, 0].astype(float)
    known = np.isfinite(off).all(axis=-1) & np.isfinite(covariances).all(axis=(-2, -1))
    inside = np.full(known.shape, np.nan)
    solved = np.linalg.solve(covariances[known], off[known][..., None])[..., 0]
    inside[known] = (off[known] * solved).sum(axis=-1) < INSIDE
    return inside


def sequences(motions, tuning):
    """Yield the sequences of one kind of motion, and the seed of their 2D."""
    root = pathlib.Path(os.environ["MVTRI_DATA"]) / "cmu_mocap" if motions == "cmu" else None
    subjects, seed, seed_2d = (("S1", "S5"), 1, 7) if tuning else (("S9", "S11"), 0, 0)
    dataset = synthetic_human36m(root, subjects=subjects, seed=seed)
    for info in dataset.sequences:
        if (info.action in TUNED[motions]) == tuning:
            yield dataset.load(info), seed_2d


def run(motions, noise, methods, tuning):
    """Print the rows of one kind of motion with one noise."""
    setting, found = make_setting(noise), {name: [] for name in methods}
    for sequence, seed in sequences(motions, tuning):
        (seen,) = setting.observe(sequence, sequence.cameras.names, seed)
        truth = to_array(sequence.truth)[:, 0]
        tracks = tracks_of(seen, triangulate_all(seen), sequence.truth[TIME].to_numpy())
        for name in methods:
            found[name].append(scores(METHODS[name](tracks), truth))
    for name, rows in found.items():
        sums, counts = np.moveaxis(np.array(rows), -1, 0)
        means = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
        low, high = bootstrap_interval(sums, counts)
        cells = [f"{m:.2f} ({a:.2f}-{b:.2f})" for m, a, b in zip(means, low, high)]
        print(f"| {motions} | {noise} | {name} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--noise", nargs="+", default=["iid:5", "all:5"])
    parser.add_argument("--motions", nargs="+", default=["own", "cmu"], choices=["own", "cmu"])
    parser.add_argument("--tuning", action="store_true", help="run on what settings were chosen on")
    chosen = parser.parse_args()
    motions = [name for name in chosen.motions if name != "cmu" or "MVTRI_DATA" in os.environ]
    for label, meaning in COLUMNS.items():
        print(f"{label}: {meaning}")
    print("\n| motions | 2D | method | " + " | ".join(COLUMNS) + " |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    for noise in chosen.noise:
        for name in motions:
            run(name, noise, chosen.methods, chosen.tuning)


if __name__ == "__main__":
    main()
