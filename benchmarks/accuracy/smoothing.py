"""How well motion, spine and uncertainty are found over time: the table of docs/smoothing.md.

python benchmarks/accuracy/smoothing.py            (all, written to smoothing.md; CMU's motions and the real
                                                    recording are read from MVTRI_DATA)
python benchmarks/accuracy/smoothing.py --methods rts --noise iid:5 --motions own
python benchmarks/accuracy/smoothing.py --tuning   (the seeds and clips that settings were chosen on)
python benchmarks/accuracy/smoothing.py --only peers person   (some sections; nothing is written)

All but the last section is synthetic: known motions in front of Human3.6M's cameras, 2D with noise
(docs/synthetic.md).  What is scored are subjects S9 and S11, seed 0, and motions that were not tuned on.
Errors are pooled over frames; intervals are 95 %, over sequences.
"""

import argparse
import os
import pathlib
import sys
import time
from dataclasses import replace

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import run, say, table
from real_recordings import MIN_SCORE

import mvtri
from mvtri.benchmark.methods.all_faults import tracks_of, triangulate_all
from mvtri.benchmark.methods.peers import aniposelib, aniposelib_optim
from mvtri.benchmark.settings import make_setting
from mvtri.datasets.synthetic_human36m import synthetic_human36m
from mvtri.kinematics.spine_chain import chain_angles
from mvtri.metrics.bootstrap import bootstrap_interval
from mvtri.skeletons import get_skeleton
from mvtri.tracks import TIME, make_tracks, to_array
from mvtri.triangulation import triangulate

HERE = pathlib.Path(__file__).resolve().parent
INSIDE = 7.814728  # the 95 % point of chi square, three degrees of freedom
SKELETON = get_skeleton("spinetrack37")
SPINE, CHAIN = SKELETON.indices("spine"), SKELETON.indices("spine_chain")
TRUNK = [SKELETON.keypoints.index(name) for name in ("hip", "spine_03", "neck")]
TUNED = {  # settings were chosen on these motions, subjects S1 and S5, seed 1 (2D: seed 7)
    "cmu": ("02_01", "02_03", "02_06", "02_09"),
    "own": ("forward_bend", "twist", "slow_walk", "moving_1", "moving_3", "moving_5"),
}
STRETCH, ROUNDS = 200, 2  # frames and runs, for peers that solve a few frames per second
LIMBED, BEFORE = "aniposelib-optim, with limbs", "aniposelib, triangulation alone"
ALONE = "batch, smoothing alone"
LIMBS = [
    (f"{side}_{one}", f"{side}_{other}")
    for side in ("left", "right")
    for one, other in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]
LINKS = [tuple(SKELETON.keypoints.index(name) for name in link) for link in SKELETON.links]
METHODS = {  # from Tracks to Tracks; add others here
    "one frame": lambda tracks: tracks,
    "butterworth:6": lambda tracks: mvtri.smooth(tracks, "butterworth:6"),
    "rts": lambda tracks: mvtri.smooth(tracks, "rts"),
    "batch": lambda tracks: mvtri.smooth(tracks, "batch"),
    "model": lambda tracks: mvtri.smooth(tracks, "model"),
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


def score_motions(motions, noise, methods, tuning):
    """Return the rows of one kind of motion with one noise."""
    setting, found = make_setting(noise), {name: [] for name in methods}
    for sequence, seed in sequences(motions, tuning):
        (seen,) = setting.observe(sequence, sequence.cameras.names, seed)
        truth = to_array(sequence.truth)[:, 0]
        tracks = tracks_of(seen, triangulate_all(seen), sequence.truth[TIME].to_numpy())
        for name in methods:
            found[name].append(scores(METHODS[name](tracks), truth))
    rows = []
    for name, values in found.items():
        sums, counts = np.moveaxis(np.array(values), -1, 0)
        means = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
        low, high = bootstrap_interval(sums, counts)
        cells = [f"{m:.2f} ({a:.2f}-{b:.2f})" for m, a, b in zip(means, low, high)]
        rows.append([motions, noise, name, *cells])
    return rows


def synthetic(chosen):
    say("## Synthetic people, S9 and S11")
    say()
    rows = []
    for noise in chosen.noise:
        for name in chosen.motions:
            if name != "cmu" or "MVTRI_DATA" in os.environ:
                rows += score_motions(name, noise, chosen.methods, chosen.tuning)
    table(["motions", "2D", "method", *COLUMNS], rows)
    for label, meaning in COLUMNS.items():
        say(f"- *{label}*: {meaning}")
    say()


def peers(chosen):
    say("## aniposelib's `triangulate_optim`: one sequence of each kind, `iid:5`")
    say()
    rows = []
    for motions in chosen.motions:
        if motions != "cmu" or "MVTRI_DATA" in os.environ:
            sequence, seed = next(iter(sequences(motions, chosen.tuning)))
            for frames in (STRETCH, len(sequence.truth[TIME])):
                if frames >= STRETCH or not rows or rows[-1][0] != motions:
                    rows += score_peers(motions, sequence, seed, frames)
    table(
        ["motions", "frames", "method", *list(COLUMNS)[:4], "covered %", "m/s", "m/s2", "frames/s", "times"],
        rows,
    )
    threads, load = os.environ.get("OPENBLAS_NUM_THREADS", "all"), os.getloadavg()[0]
    say(f"Frames per second of processor time, compiled before; the best of {ROUNDS} rounds in which all")
    say(f"methods take turns (OPENBLAS_NUM_THREADS: {threads}; load {load:.0f}). *times*: over aniposelib")
    say(
        "with limbs. All begin with 2D. mvtri also searches for exchanges of left and right, except where the"
    )
    say(f"row says so: aniposelib has no such search. *{ALONE}* begins with triangulated points;")
    say("there, *times* counts aniposelib without its triangulation.")
    say()


def score_peers(motions, sequence, seed, frames):
    """Return the rows of the first frames of a sequence."""
    (whole,) = make_setting("iid:5").observe(sequence, sequence.cameras.names, seed)
    part = slice(0, frames)
    cut = {
        name: getattr(whole, name)[part]
        for name in ("points", "scores", "covariances", "modes", "mode_scores")
        if getattr(whole, name) is not None
    }
    seen = replace(whole, **cut)
    times, truth = sequence.truth[TIME].to_numpy()[part], to_array(sequence.truth)[part, 0]

    def solved(smooth):
        return lambda: smooth(tracks_of(seen, triangulate_all(seen, 1), times))

    def optimised(links):
        found = aniposelib_optim(seen.cameras, links)
        return lambda: tracks_without_covariances(seen, found(seen.points), times)

    def without_search():
        found = triangulate(
            seen.points, seen.cameras, seen.scores, seen.covariances, keypoint_axis=1, workers=1
        )
        return mvtri.smooth(tracks_of(seen, found, times), "batch")

    ready = tracks_of(seen, triangulate_all(seen, 1), times)
    works = {name: solved(smooth) for name, smooth in METHODS.items()}
    works["batch, no search for left and right"] = without_search
    works[ALONE] = lambda: mvtri.smooth(ready, "batch")
    linear, flat = aniposelib(seen.cameras), seen.points.reshape(-1, *seen.points.shape[2:])
    works[BEFORE] = lambda: tracks_without_covariances(seen, linear(flat).reshape(truth.shape), times)
    works["aniposelib-optim"] = optimised(())
    works[LIMBED] = optimised(LINKS)
    rows, seconds, found = [], {name: [] for name in works}, {}
    for _ in range(1 + ROUNDS):  # the first compiles
        for name, work in works.items():
            started = time.process_time()
            found[name] = work()
            seconds[name].append(time.process_time() - started)
    best = {name: min(spent[1:]) for name, spent in seconds.items()}
    for name, tracks in found.items():
        rate, whole = len(times) / best[name], best[LIMBED] - (best[BEFORE] if name == ALONE else 0.0)
        sums, counts = np.moveaxis(scores(tracks, truth), -1, 0)
        cells = [f"{total / count:.2f}" if count else "-" for total, count in zip(sums, counts)]
        rows.append([motions, len(times), name, *cells[:7], f"{rate:.0f}", f"{whole / best[name]:.1f}"])
    return rows


def tracks_without_covariances(seen, points, times):
    """Return the Tracks of points (T, K, 3)."""
    tracks = make_tracks(
        points[:, None], keypoints=seen.keypoints, times=times, fps=50.0, skeleton=seen.skeleton
    )
    nothing = np.full((*points.shape, 3), np.nan)[:, None]
    return tracks.assign(covariance=(("time", "individuals", "keypoints", "space", "space_other"), nothing))


def person(_):
    if "MVTRI_DATA" not in os.environ:
        return
    say("## A real recording: Pose2Sim's single_person, 100 frames, 2D as OpenPose gave it")
    say()
    folder = pathlib.Path(os.environ["MVTRI_DATA"]) / "pose2sim"
    session = mvtri.open_session(
        folder / "single_person",
        calibration=folder / "calibration" / "Calib.qca.txt",
        pose=folder / "single_person" / "pose-associated",
    )
    detections, cams = session.read_pose(skeleton="body25b"), session.cameras
    base, rows = mvtri.reconstruct(detections, cams), []
    raw = limb_lengths(base)
    for name, smooth in METHODS.items():
        lengths = limb_lengths(smooth(base))
        spread, steps = (
            np.mean(of(raw).std(axis=0) / np.maximum(of(lengths).std(axis=0), 1e-9))
            for of in (lambda values: values, lambda values: np.diff(values, axis=0))
        )
        moved = 1e3 * np.abs(lengths.mean(axis=0) - raw.mean(axis=0)).max()
        held_out = np.mean([left_out_error(detections, cams, one, smooth) for one in cams.names])
        rows.append([name, f"{spread:.2f}", f"{steps:.2f}", f"{moved:.1f}", f"{held_out:.2f}"])
    table(["method", "spread", "from frame to frame", "means moved mm", "held-out view px"], rows)
    say("- *spread*: how much smaller the standard deviation of a limb's length is; mean of 8 limbs")
    say("- *from frame to frame*: the same of the differences of successive frames")
    say("- *means moved*: the limb whose mean length moved furthest")
    say("- *held-out view*: one camera left out, and predicted by the others")
    slow = np.fft.rfft(raw - raw.mean(axis=0), axis=0)[1:]
    share = (np.abs(slow) ** 2)[np.fft.rfftfreq(len(raw), 1.0 / 60.0)[1:] < 2.0].sum(axis=0)
    share /= (np.abs(slow) ** 2).sum(axis=0)
    say()
    say(
        f"Of the variance of a limb's length, {100 * np.median(share):.0f} % (median of the limbs) is slower "
        "than 2 Hz, where the person walks: no filter of single keypoints takes it away and leaves the walk."
    )
    say()


def limb_lengths(tracks):
    """Return the lengths (T, 8) of the limbs, m."""
    names = [str(name) for name in tracks["keypoints"].to_numpy()]
    points = to_array(tracks)[:, 0].astype(float)
    ends = [(names.index(one), names.index(other)) for one, other in LIMBS]
    return np.stack([np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in ends], axis=-1)


def left_out_error(detections, cams, name, smooth):
    """Return the mean error of one camera's pixels, predicted from the others, px."""
    rest = [other for other in cams.names if other != name]
    tracks = smooth(mvtri.reconstruct(detections.sel(cameras=rest), cams.subset(rest)))
    predicted = cams.subset([name]).project(to_array(tracks)[:, 0].astype(float))[..., 0, :]
    seen = detections.sel(cameras=[name])
    off = np.linalg.norm(predicted - to_array(seen)[:, 0, :, 0].astype(float), axis=-1)
    score = np.nan_to_num(to_array(seen, "confidence")[:, 0, :, 0])
    return float(np.nanmean(np.where(score > MIN_SCORE, off, np.nan)))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--noise", nargs="+", default=["iid:5", "all:5"])
    parser.add_argument("--motions", nargs="+", default=["own", "cmu"], choices=["own", "cmu"])
    parser.add_argument("--tuning", action="store_true", help="run on what settings were chosen on")
    parser.add_argument("--only", nargs="+", default=[], choices=["synthetic", "peers", "person"])
    chosen = parser.parse_args()
    chosen.quick = False
    whole = len(sys.argv) == 1 and "MVTRI_DATA" in os.environ
    say("# Smoothing over time")
    say()
    say("Made by `python benchmarks/accuracy/smoothing.py`; intervals are 95 %, over sequences.")
    say()
    sections = {
        "synthetic": lambda: synthetic(chosen),
        "peers": lambda: peers(chosen),
        "person": lambda: person(chosen),
    }
    run(sections, chosen, HERE / "smoothing.md", whole=whole)


if __name__ == "__main__":
    main()
