"""How well the spine's curve finds a spine that bends: the tables of docs/spine.md.

python benchmarks/accuracy/spine.py                     (all; with the folder of CMU's motions in MVTRI_DATA)
python benchmarks/accuracy/spine.py --parts bends       (bends that no prior has seen)
python benchmarks/accuracy/spine.py --tuning            (the seeds and clips that settings were chosen on)

All of it is synthetic.  What is scored are subjects S9 and S11, seed 0, and the motions that were not tuned
on (benchmarks/accuracy/smoothing.py).  Tracks are smoothed with rts first, or as --smooth says.  Errors are
pooled over frames.
"""

import argparse
import os
from itertools import pairwise

import numpy as np
from smoothing import CHAIN, SPINE, TRUNK, angle_errors, covered, sequences

import mvtri
from mvtri.benchmark.methods.all_faults import tracks_of, triangulate_all
from mvtri.benchmark.methods.rigid_spine import spine_template
from mvtri.benchmark.settings import make_setting
from mvtri.calib import human36m_cameras
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.synthetic_human36m import synthetic_human36m
from mvtri.datasets.synthetic_human36m.placing import draw_place
from mvtri.kinematics.body_angles import INTERVAL
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import SPINE_BENDS, Body, bend_spine
from mvtri.tracks import TIME, make_tracks, to_array

KEYPOINTS = get_skeleton("spinetrack37").keypoints
HIPS = [KEYPOINTS.index(name) for name in ("left_hip", "right_hip")]
BENT = np.radians(15.0)  # sequences that span less are not asked for their slope
FPS, FAST = 50.0, 2.0  # frames per second; Hz
COLUMNS = ("full mm", "spine mm", "segments deg", "trunk deg", "covered %", "angles covered %")


def sagittal(points):
    """Return the signed flexion hip - T12 - neck (T,), rad, in the plane that the hips face."""
    lower, upper = (points[:, b] - points[:, a] for a, b in pairwise(TRUNK))
    left = points[:, HIPS[0]] - points[:, HIPS[1]]
    left /= np.linalg.norm(left, axis=-1, keepdims=True)
    along = (lower * upper).sum(axis=-1) - (lower * left).sum(axis=-1) * (upper * left).sum(axis=-1)
    return np.arctan2((np.cross(lower, upper) * left).sum(axis=-1), along)


def with_methods(tracks, template, smooth="rts"):
    """Yield names and Tracks: smoothed, with a rigid spine, with the curve (and its angles)."""
    smoothed = mvtri.smooth(tracks, smooth)
    yield smooth, smoothed, None
    if template is not None:
        rigid = smoothed.copy(deep=True)
        placed = template.place(to_array(smoothed)[:, 0].astype(float), list(KEYPOINTS))
        order = [TIME, "individuals", "keypoints", "space"]
        rigid["position"] = (order, placed[:, None])
        rigid["position"] = rigid["position"].transpose(*smoothed["position"].dims)
        yield f"{smooth}, rigid spine", rigid, None
    curve = mvtri.measure_body(smoothed)
    yield f"{smooth}, curve", curve.tracks, curve.angles


def angles_covered(angles, truth):
    """Return whether lean and bend of the trunk's points are in their 95 % intervals."""
    ends = truth[:, TRUNK[2]] - truth[:, TRUNK[0]]
    lean = np.arctan2(np.linalg.norm(ends[:, :2], axis=-1), ends[:, 2])
    found = angles.sel(angle="trunk_lean")
    off = np.abs(found["value"].to_numpy()[:, 0] - lean)
    return off < INTERVAL * found["sd"].to_numpy()[:, 0]


def scores(tracks, angles, truth):
    """Return (sum, count) for each of the columns."""
    found = to_array(tracks)[:, 0].astype(float)
    error = 1e3 * np.linalg.norm(found - truth, axis=-1)
    values = [error, error[:, SPINE], *(angle_errors(found, truth, chain) for chain in (CHAIN, TRUNK))]
    values += [100.0 * covered(tracks, found - truth)]
    values += [np.full(1, np.nan) if angles is None else 100.0 * angles_covered(angles, truth)]
    return np.array([(np.nansum(one), np.isfinite(one).sum()) for one in values], dtype=float)


def accuracy(motions, noise, tuning, smooth):
    """Print the rows of one kind of motion with one noise, sequences that bend apart."""
    root = os.path.join(os.environ["MVTRI_DATA"], "cmu_mocap") if motions == "cmu" else None
    dataset = synthetic_human36m(root, seed=1 if tuning else 0)
    subjects = ("S1", "S5") if tuning else ("S9", "S11")
    template = spine_template(dataset, [info for info in dataset.sequences if info.subject in subjects])
    setting, found, slopes = make_setting(noise), {}, {}
    for sequence, seed in sequences(motions, tuning):
        (seen,) = setting.observe(sequence, sequence.cameras.names, seed)
        truth = to_array(sequence.truth)[:, 0]
        flexion = sagittal(truth)
        bends = np.ptp(flexion) >= BENT
        tracks = tracks_of(seen, triangulate_all(seen), sequence.truth[TIME].to_numpy())
        for name, result, angles in with_methods(tracks, template, smooth):
            one = scores(result, angles, truth)
            for part in ("all", "bent" if bends else "not bent"):
                found.setdefault((name, part), []).append(one)
            if bends:
                estimate = sagittal(to_array(result)[:, 0].astype(float))
                slopes.setdefault(name, []).append((flexion - flexion.mean(), estimate - estimate.mean()))
    for (name, part), rows in sorted(found.items(), key=lambda item: item[0][1]):
        total = np.sum(rows, axis=0)
        cells = [f"{s / n:.2f}" if n else "" for s, n in total]
        if name in slopes and part != "not bent":
            true, estimate = (np.concatenate([pair[i] for pair in slopes[name]]) for i in (0, 1))
            known = np.isfinite(estimate)
            cells.append(f"{(true[known] @ estimate[known]) / (true[known] @ true[known]):.3f}")
        else:
            cells.append("")
        print(
            f"| {motions} | {noise} | {part} ({len(rows)}) | {name} | " + " | ".join(cells) + " |", flush=True
        )


def bend_sequence(kind, subject, body, flexion, seed):
    """Return a person that stands before Human3.6M's cameras and bends, as a sequence."""
    cameras, rng = human36m_cameras(subject), np.random.default_rng(seed)
    points = bend_spine(body, kind, flexion).keypoints
    points = draw_place(points, cameras, 0.5, rng).apply(points)
    truth = make_tracks(points[:, None], keypoints=KEYPOINTS, fps=FPS, skeleton="spinetrack37")
    return Sequence(SequenceInfo(subject, kind, kind, len(points)), truth, cameras)


def bends(noise, tuning):
    """Print what becomes of bends that no prior has seen, slow and at 2 Hz."""
    time = np.arange(250) / FPS
    slow = np.radians(25.0) * (1.0 - np.cos(2 * np.pi * 0.4 * time))
    fast = np.radians(25.0) + np.radians(10.0) * np.sin(2 * np.pi * FAST * time)
    setting, seed = make_setting(noise), 11 if tuning else 0
    gains = {}
    for kind in SPINE_BENDS:
        rows = {}
        for subject in ("S1", "S5") if tuning else ("S9", "S11"):
            body = Body.sample(np.random.default_rng([seed, int(subject[1:])]))
            for name, flexion in (("slow", slow), ("fast", fast)):
                sequence = bend_sequence(kind, subject, body, flexion, [seed, int(subject[1:])])
                (seen,) = setting.observe(sequence, sequence.cameras.names, seed)
                truth = to_array(sequence.truth)[:, 0]
                tracks = tracks_of(seen, triangulate_all(seen), time)
                for method, result, _ in with_methods(tracks, None):
                    points = to_array(result)[:, 0].astype(float)
                    rows.setdefault((method, name), []).append((points, truth))
        for method in ("rts", "rts, curve"):
            cells = bend_cells(rows[method, "slow"], rows[method, "fast"], time)
            gains[kind, method] = cells[0]
            if method == "rts, curve":
                gain = gains[kind, "rts"] - gains[kind, method]
                cells.append(gain / (gains["usual", "rts"] - gains["usual", method]))
            print(
                f"| {kind} | {noise} | {method} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |",
                flush=True,
            )


def bend_cells(slow, fast, time):
    """Return errors of segment and trunk angles, the slope of slow flexion, the amplitude of fast one."""
    errors = [
        float(np.nanmean([angle_errors(points, truth, chain) for points, truth in slow]))
        for chain in (CHAIN, TRUNK)
    ]
    pairs = [[one - one.mean() for one in map(sagittal, pair)] for pair in slow]
    slope = sum(found @ true for found, true in pairs) / sum(true @ true for _, true in pairs)
    wave = np.exp(-2j * np.pi * FAST * time)
    found, true = (sum(abs(sagittal(pair[i]) @ wave) for pair in fast) for i in (0, 1))
    return [*errors, float(slope), float(found / true)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", default=["accuracy", "bends"], choices=["accuracy", "bends"])
    parser.add_argument("--noise", nargs="+", default=["iid:5", "all:5"])
    parser.add_argument("--motions", nargs="+", default=["own", "cmu"], choices=["own", "cmu"])
    parser.add_argument("--tuning", action="store_true", help="run on what settings were chosen on")
    parser.add_argument("--smooth", default="rts", choices=["rts", "batch"], help="for the part accuracy")
    chosen = parser.parse_args()
    if "accuracy" in chosen.parts:
        print("| motions | 2D | sequences | method | " + " | ".join(COLUMNS) + " | slope of flexion |")
        print("|---" * (len(COLUMNS) + 5) + "|")
        for noise in chosen.noise:
            for motions in chosen.motions:
                if motions != "cmu" or "MVTRI_DATA" in os.environ:
                    accuracy(motions, noise, chosen.tuning, chosen.smooth)
    if "bends" in chosen.parts:
        print(
            "\n| bend | 2D | method | segments deg | trunk deg | slope | amplitude at 2 Hz | gain, of usual |"
        )
        print("|---" * 8 + "|")
        for noise in chosen.noise:
            bends(noise, chosen.tuning)


if __name__ == "__main__":
    main()
