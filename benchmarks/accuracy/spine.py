"""How well the spine's curve finds a spine that bends: the tables of spine.md.

python benchmarks/accuracy/spine.py                     (all, written to spine.md; with the folder of CMU's
                                                         motions in MVTRI_DATA)
python benchmarks/accuracy/spine.py --only bends        (bends that no prior has seen; nothing is written)
python benchmarks/accuracy/spine.py --only exact        (the same bends from points without noise)
python benchmarks/accuracy/spine.py --tuning            (the seeds and clips that settings were chosen on)

All of it is synthetic.  What is scored are subjects S9 and S11, seed 0, and the motions that were not tuned
on (benchmarks/accuracy/smoothing.py).  The slope of one sequence scatters by 0.05 to 0.1 with the noise of
its 2D, so each sequence that bends is observed several times, with independent noise.  Errors are pooled
over frames and draws; intervals are 95 %, over sequences and draws.
"""

import argparse
import os
import pathlib
import sys
from itertools import pairwise

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import run, say, table
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
DRAWS, BEND_DRAWS = 3, 3  # of the noise of the 2D of a sequence; decided before any result was seen
SAMPLES = 2000  # of the bootstrap
EXACT = (1.0, 0.01)  # of the covariances of smooth points, for points without noise
COLUMNS = ("full mm", "spine mm", "segments deg", "trunk deg", "covered %", "lean covered %")


def sagittal(points):
    """Return the signed flexion hip - T12 - neck (T,), rad, in the plane that the hips face."""
    lower, upper = (points[:, b] - points[:, a] for a, b in pairwise(TRUNK))
    left = points[:, HIPS[0]] - points[:, HIPS[1]]
    left /= np.linalg.norm(left, axis=-1, keepdims=True)
    along = (lower * upper).sum(axis=-1) - (lower * left).sum(axis=-1) * (upper * left).sum(axis=-1)
    return np.arctan2((np.cross(lower, upper) * left).sum(axis=-1), along)


def with_methods(tracks, template, smooth):
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


def accuracy(motions, noise, chosen):
    """Return the rows of one kind of motion with one noise, sequences that bend apart."""
    root = os.path.join(os.environ["MVTRI_DATA"], "cmu_mocap") if motions == "cmu" else None
    dataset = synthetic_human36m(root, seed=1 if chosen.tuning else 0)
    subjects = ("S1", "S5") if chosen.tuning else ("S9", "S11")
    template = spine_template(dataset, [info for info in dataset.sequences if info.subject in subjects])
    setting, found = make_setting(noise), {}
    for sequence, seed in sequences(motions, chosen.tuning):
        truth = to_array(sequence.truth)[:, 0]
        part, count, draws = "not bent", 1, {}  # which is not asked for its slope
        if np.ptp(sagittal(truth)) >= BENT:
            part, count = "bent", chosen.draws
        for tracks in observed(sequence, setting, seed, count):
            for smooth in chosen.smooth:
                for name, result, angles in with_methods(tracks, template, smooth):
                    one = np.concatenate([scores(result, angles, truth), [slope_of(result, truth)]])
                    draws.setdefault(name, []).append(one)
        for name, values in draws.items():  # all sequences with the same weight
            found.setdefault(("all", name), []).append(values * (chosen.draws // count))
            found.setdefault((part, name), []).append(values * (chosen.draws // count))
    rows = []
    for (part, name), values in sorted(found.items(), key=lambda item: item[0][0]):
        sums, counts = np.moveaxis(np.array(values), -1, 0)
        cells = [
            cell(sums[..., column], counts[..., column], 3 if column == len(COLUMNS) else 2)
            for column in range(len(COLUMNS) + 1)
        ]
        if part != "bent" or name.endswith("rigid spine"):
            cells[-1] = ""
        rows.append([motions, noise, f"{part} ({len(values)})", name, *cells])
    return rows


def observed(sequence, setting, seed, draws):
    """Yield the Tracks of a sequence, once for each draw of the noise of its 2D."""
    times = sequence.truth[TIME].to_numpy()
    for draw in range(draws):
        (seen,) = setting.observe(sequence, sequence.cameras.names, seed + 100 * draw)
        yield tracks_of(seen, triangulate_all(seen), times)


def cell(sums, counts, digits):
    """Return a ratio of sums (S, D) with its interval over sequences and draws; nothing without counts."""
    if not counts.sum() > 0:
        return ""
    low, high = interval(sums, counts)
    return f"{sums.sum() / counts.sum():.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def interval(sums, counts):
    """Return the 95 % interval of a ratio of sums (S, D), by the bootstrap over sequences and their draws.

    Sequences are drawn with replacement, and of each the draws (Davison and Hinkley, Bootstrap Methods and
    their Application, 1997, section 3.8).  The noise counts once more by this, so it is rather too wide.
    """
    rng, (size, draws) = np.random.default_rng(0), sums.shape
    which = rng.integers(size, size=(SAMPLES, size, 1)), rng.integers(draws, size=(SAMPLES, size, draws))
    total, drawn = (values[which].sum(axis=(1, 2)) for values in (sums, counts))
    return np.quantile(total[drawn > 0] / drawn[drawn > 0], [0.025, 0.975])


def slope_of(tracks, truth):
    """Return numerator and denominator of the slope of estimated against true flexion."""
    estimate, flexion = sagittal(to_array(tracks)[:, 0].astype(float)), sagittal(truth)
    known = np.isfinite(estimate)
    true = flexion[known] - flexion[known].mean()
    return true @ (estimate[known] - estimate[known].mean()), true @ true


def bend_sequence(kind, subject, body, flexion, seed):
    """Return a person that stands before Human3.6M's cameras and bends, as a sequence."""
    cameras, rng = human36m_cameras(subject), np.random.default_rng(seed)
    points = bend_spine(body, kind, flexion).keypoints
    points = draw_place(points, cameras, 0.5, rng).apply(points)
    truth = make_tracks(points[:, None], keypoints=KEYPOINTS, fps=FPS, skeleton="spinetrack37")
    return Sequence(SequenceInfo(subject, kind, kind, len(points)), truth, cameras)


def bend_motions():
    """Return the times of bends, s, and by name how far the spine is bent, rad: slowly, and at 2 Hz."""
    time = np.arange(250) / FPS
    slow = np.radians(25.0) * (1.0 - np.cos(2 * np.pi * 0.4 * time))
    fast = np.radians(25.0) + np.radians(10.0) * np.sin(2 * np.pi * FAST * time)
    return time, {"slow": slow, "fast": fast}


def bends_of(kind, seed, chosen):
    """Yield a sequence of each subject for each motion of one kind of bend, and the motion's name."""
    for subject in ("S1", "S5") if chosen.tuning else ("S9", "S11"):
        body = Body.sample(np.random.default_rng([seed, int(subject[1:])]))
        for name, flexion in bend_motions()[1].items():
            yield name, bend_sequence(kind, subject, body, flexion, [seed, int(subject[1:])])


def bends(noise, chosen):
    """Return the rows of bends that no prior has seen, slow and at 2 Hz."""
    time = bend_motions()[0]
    setting, seed = make_setting(noise), 11 if chosen.tuning else 0
    rows, gains = [], {}
    for kind in SPINE_BENDS:
        found = {}
        for name, sequence in bends_of(kind, seed, chosen):
            truth, draws = to_array(sequence.truth)[:, 0], {}
            for tracks in observed(sequence, setting, seed, chosen.bend_draws):
                for smooth in chosen.smooth:
                    for method, result, _ in with_methods(tracks, None, smooth):
                        points = to_array(result)[:, 0].astype(float)
                        draws.setdefault(method, []).append(bend_scores(points, truth, time))
            for method, values in draws.items():
                found.setdefault((method, name), []).append(values)
        for smooth in chosen.smooth:
            for method in (smooth, f"{smooth}, curve"):
                slow_sums, fast_sums = (np.array(found[method, name]) for name in ("slow", "fast"))
                gains[kind, method] = slow_sums[..., 0, 0].sum() / slow_sums[..., 0, 1].sum()
                share = ""
                if method != smooth:
                    gain, usual = (gains[one, smooth] - gains[one, method] for one in (kind, "usual"))
                    share = f"{gain / usual:.2f}"
                cells = [cell(*np.moveaxis(slow_sums[..., column, :], -1, 0), 3) for column in range(3)]
                cells += [cell(*np.moveaxis(fast_sums[..., 3, :], -1, 0), 3)]
                rows.append([kind, noise, method, *cells, share])
    return rows


def exact_bends(noise, chosen):
    """Return the rows of the same bends, seen without noise, with the covariances of smooth points."""
    time = bend_motions()[0]
    setting, seed = make_setting(noise), 11 if chosen.tuning else 0
    rows = []
    for kind in SPINE_BENDS:
        found = {}
        for name, sequence in bends_of(kind, seed, chosen):
            truth = to_array(sequence.truth)[:, 0]
            (tracks,) = observed(sequence, setting, seed, 1)
            smoothed = mvtri.smooth(tracks, "rts")
            for share in EXACT:
                curve = mvtri.measure_body(exact(smoothed, truth, share)).tracks
                points = to_array(curve)[:, 0].astype(float)
                found.setdefault((share, name), []).append(bend_scores(points, truth, time))
        for share in EXACT:
            slow, fast = (np.array(found[share, name]) for name in ("slow", "fast"))
            ratios = (slow[:, 1], slow[:, 2], fast[:, 3])
            cells = [f"{sums.sum() / counts.sum():.3f}" for sums, counts in (one.T for one in ratios)]
            rows.append([kind, noise, "1" if share == 1.0 else f"1/{1 / share:.0f}", *cells])
    return rows


def exact(tracks, truth, share):
    """Return tracks with the true positions (T, K, 3), and covariances times a share."""
    made = tracks.copy(deep=True)
    order = [TIME, "individuals", "keypoints", "space"]
    made["position"] = (order, truth[:, None].astype(made["position"].dtype))
    made["position"] = made["position"].transpose(*tracks["position"].dims)
    made["covariance"] = share * tracks["covariance"]
    return made.drop_vars(["random_sd", "systematic_sd"])


def bend_scores(points, truth, time):
    """Return (sum, count) of errors of segment and trunk angles, slope, and amplitude at 2 Hz."""
    values = [angle_errors(points, truth, chain) for chain in (CHAIN, TRUNK)]
    pair = sagittal(points), sagittal(truth)
    found, true = (one - one.mean() for one in pair)
    wave = np.exp(-2j * np.pi * FAST * time)
    sums = [(np.nansum(one), np.isfinite(one).sum()) for one in values]
    sums += [(found @ true, true @ true), tuple(abs(one @ wave) for one in pair)]
    return np.array(sums, dtype=float)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], choices=["accuracy", "bends", "exact"])
    parser.add_argument("--noise", nargs="+", default=["iid:5", "all:5"])
    parser.add_argument("--motions", nargs="+", default=["own", "cmu"], choices=["own", "cmu"])
    parser.add_argument("--smooth", nargs="+", default=["rts", "batch"], choices=["rts", "batch", "model"])
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the noise of each sequence's 2D")
    parser.add_argument("--bend-draws", type=int, default=BEND_DRAWS, help="the same of unseen bends")
    parser.add_argument("--tuning", action="store_true", help="run on what settings were chosen on")
    chosen = parser.parse_args()
    chosen.quick = False
    whole = len(sys.argv) == 1 and "MVTRI_DATA" in os.environ
    say("# The spine's curve")
    say()
    say("Made by `python benchmarks/accuracy/spine.py`; all of it is synthetic. Each sequence that bends is")
    say(f"observed {chosen.draws} times, and each bend of the second table {chosen.bend_draws} times, with")
    say("independent noise in the 2D. Intervals are 95 %, over sequences (or persons) and draws.")
    say()
    sections = {
        "accuracy": lambda: accuracy_section(chosen),
        "bends": lambda: bends_section(chosen),
        "exact": lambda: exact_section(chosen),
    }
    run(sections, chosen, pathlib.Path(__file__).resolve().parent / "spine.md", whole=whole)


def accuracy_section(chosen):
    say("## People in motion, S9 and S11")
    say()
    say(
        "*Rigid spine*: the mean spine of the other subjects, hung between hip and neck. *Bent* are sequences"
    )
    say("whose true flexion hip - T12 - neck spans 15 degrees or more; *slope* is that of estimated against")
    say("true flexion. *Segments* is the angle between neighbouring segments of the spine, *trunk* the angle")
    say("hip - T12 - neck, *covered* the share of points and of the trunk's lean in their 95 % intervals.")
    say()
    rows = []
    for noise in chosen.noise:
        for motions in chosen.motions:
            if motions != "cmu" or "MVTRI_DATA" in os.environ:
                rows += accuracy(motions, noise, chosen)
    table(["motions", "2D", "sequences", "method", *COLUMNS, "slope"], rows)


def bends_section(chosen):
    say("## Bends that no prior has seen")
    say()
    say("A person of each subject stands before the cameras and bends: slowly (0.4 Hz, 50 degrees in all),")
    say("for errors, slope and gain; and at 2 Hz (by 10 degrees to either side), for the amplitude. *Gain*:")
    say("how much the curve lowers the error of the angle between segments, as a share of that in bends of")
    say("the usual kind.")
    say()
    rows = bends("iid:5", chosen)
    columns = ["bend", "2D", "method", "segments deg", "trunk deg", "slope", "amplitude at 2 Hz", "gain"]
    table(columns, rows)


def exact_section(chosen):
    say("## The same bends from points without noise")
    say()
    say("The curve is given the true points, but told that they have the covariances of points smoothed with")
    say("`rts`, or a share of these. It shows what the curve alone does to a bend: it trusts what it expects")
    say("more, the less it trusts the points.")
    say()
    columns = ["bend", "2D", "covariances", "trunk deg", "slope", "amplitude at 2 Hz"]
    table(columns, exact_bends("iid:5", chosen))


if __name__ == "__main__":
    main()
