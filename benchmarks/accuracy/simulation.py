"""The six steps of SIMSPINE's simulation framework on synthetic people: the tables of simulation.md.

python benchmarks/accuracy/simulation.py                     (written to simulation.md; with the folder of
                                                              CMU's motions in MVTRI_DATA)
python benchmarks/accuracy/simulation.py --clips 1           (the first clip; nothing is written)
python benchmarks/accuracy/simulation.py --opensim PYTHON    (with OpenSim's inverse kinematics on 60 frames
                                                              of each clip; PYTHON has the package opensim)

CMU's motions are carried over to the body of subject S9.  Its joints play the markers of motion capture,
without noise; the fifteen points of its spine, with 10 mm of noise and 5 % missing, play the predicted
pseudo-markers.  That body is not the model's: its spine turns at other places and shares bends otherwise.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import lines, say, table

from mvtri.biomechanics import Settings, inverse_kinematics, read_osim
from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH
from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.engines import OpenSimEngine
from mvtri.biomechanics.marker_places import place_markers
from mvtri.biomechanics.simulation import (
    SimulationFolder,
    filter_markers,
    merge_markers,
    merge_simulated,
    mocap_markers,
    move_markers,
    scale_model,
    to_motion,
)
from mvtri.biomechanics.simulation.folder import Recording
from mvtri.datasets import synthetic_human36m

EXACT = 0.001  # m: what is taken for the noise of exact markers
NOISE = 0.010
PLACED = 0.005  # m: how well places of markers on the body are known
MODELS = {"coupled": (MODEL_PATH, 3.0), "free": (FREE_MODEL_PATH, 0.3)}  # and the prior of its angles, rad
ROUNDS = 2  # of inverse kinematics and placing markers
SOME = 60  # frames for OpenSim
CHAIN = ("hip", "spine_03", "neck", "left_hip", "right_hip")


class Clock:
    """Adds up processor time by the name of a step."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, step, work, *arguments, **options):
        begun = time.process_time()
        result = work(*arguments, **options)
        self.seconds[step] = self.seconds.get(step, 0.0) + time.process_time() - begun
        return result


def flexion(markers, names):
    """Return the signed angle hip - T12 - neck (T,), degrees, forward in the plane that the hips face."""
    a, b, c, left, right = (markers[:, names.index(name)] for name in CHAIN)
    lower, upper = b - a, c - b
    across = (left - right) / np.linalg.norm(left - right, axis=-1, keepdims=True)
    along = (lower * upper).sum(axis=-1) - (lower * across).sum(axis=-1) * (upper * across).sum(axis=-1)
    return np.degrees(np.arctan2((np.cross(lower, upper) * across).sum(axis=-1), along))


class Scores:
    """Errors after each step, pooled over clips."""

    def __init__(self):
        self.errors, self.angles = {}, {}

    def add(self, step, positions, names, given):
        true = given.truth[:, [given.names.index(name) for name in names]]
        off = 1e3 * np.linalg.norm(positions - true, axis=-1)
        spine = [names.index(name) for name in given.predicted_names]
        for part, values in (("full", off), ("spine", off[:, spine])):
            self.errors.setdefault(step, {}).setdefault(part, []).append(values[np.isfinite(values)])
        angles = np.stack([flexion(positions, names), flexion(true, names)])
        self.angles.setdefault(step, []).append(angles[:, np.isfinite(angles).all(axis=0)])

    def row(self, step):
        full, spine = (np.concatenate(self.errors[step][part]).mean() for part in ("full", "spine"))
        ours, right = np.concatenate(self.angles[step], axis=1)
        rms = np.sqrt(np.mean((ours - right) ** 2))
        return [f"{full:.1f}", f"{spine:.1f}", f"{rms:.1f}", f"{np.polyfit(right, ours, 1)[0]:.3f}"]


def spreads(names, given):
    return [NOISE if name in given.predicted_names else EXACT for name in names]


def simulate(name, given, recording, folder, clock, scores, python):
    """Do the six steps for one recording; return OpenSim's seconds for a frame, if asked."""
    merged = clock(
        "1 merge", merge_markers, given.mocap, given.mocap_names, given.predicted, given.predicted_names
    )
    scores.add("1 merge", merged.positions, merged.names, given)
    path = folder.model_path(recording.subject)
    noise = spreads(merged.names, given)
    clock("2 scale", scale_model, path, MODELS[name][0], MEASUREMENTS, merged.positions, merged.names, noise)
    variance = np.array(noise)[:, None, None] ** 2 * np.eye(3)
    covariances = np.broadcast_to(variance, (*merged.positions.shape, 3))
    settings = Settings(marker_sd=PLACED, prior_angle=MODELS[name][1])
    for turn in range(ROUNDS + 1):
        model = read_osim(path)
        call = (inverse_kinematics, model, merged.positions, given.times, merged.names, covariances, settings)
        found = clock(
            "3 inverse kinematics, last round" if turn == ROUNDS else "2 place markers", *call, workers=1
        )
        if turn in (0, ROUNDS):
            scores.add(
                f"4 simulate{', markers placed' if turn else ''}", found.markers, list(model.markers), given
            )
        if turn < ROUNDS:
            clock("2 place markers", place, path, model, found, merged, given)
    whole = clock("5 merge", merge_simulated, merged, found.markers, model.markers)
    scores.add("5 merge", whole.positions, whole.names, given)
    rate = 1.0 / np.median(np.diff(given.times))
    for kind in ("published", "corrected"):
        filtered = clock(f"6 filter, {kind}", filter_markers, whole.positions, rate, kind)
        scores.add(f"6 filter, {kind}", filtered, whole.names, given)
    smooth = inverse_kinematics(*call[1:], over_time=True, workers=1)
    scores.add("4 simulate, markers placed, over time", smooth.markers, list(model.markers), given)
    angles = np.array(model.units) == "rotational"
    motion = to_motion(found.coordinates, model.coordinates, given.times, angles)
    clock("write", folder.write_kinematics, recording, motion)
    clock("write", folder.write_positions, recording, filtered, whole.names, given.times)
    return opensim_seconds(path, model, merged, python) if python else None


def place(path, model, found, merged, given):
    """Move the markers of a model's file to where they sit on the person."""
    tree, names = model.tree, list(model.markers)
    seen = merged.positions[:, [merged.names.index(name) for name in names]]
    frames = model.body_frames(found.coordinates)
    placed = place_markers(*frames, tree.marker_bodies, tree.marker_places, seen, spreads(names, given))
    move_markers(path, path, dict(zip(names, placed.places)))


def opensim_seconds(path, model, merged, python):
    """Return the seconds that OpenSim takes for a frame with the same weights and a prior of 1e-4."""
    seen = merged.positions[:SOME, [merged.names.index(name) for name in model.markers]]
    solution = OpenSimEngine(path, python).inverse_kinematics(seen, priors=1e-4)
    return float(np.median(solution.seconds))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, help="the first clips only; nothing is written")
    parser.add_argument("--opensim", metavar="PYTHON", help="a Python that has the package opensim")
    chosen = parser.parse_args()
    data = os.environ.get("MVTRI_DATA")
    dataset = synthetic_human36m(None if data is None else f"{data}/cmu_mocap", subjects=["S9"])
    clips = [dataset.load(info) for info in dataset.sequences[: chosen.clips]]
    given = [mocap_markers(one.truth, seed=number) for number, one in enumerate(clips)]
    frames = sum(len(one.times) for one in given)
    introduce(frames, len(clips), data is not None)
    for name in MODELS:
        clock, scores, opensim = Clock(), Scores(), []
        with tempfile.TemporaryDirectory() as root:
            folder = SimulationFolder(root)
            for number, (one, markers) in enumerate(zip(clips, given)):
                recording = Recording(one.info.subject, one.info.name)
                if number == 0:  # compiles
                    simulate(name, markers, recording, folder, Clock(), Scores(), None)
                python = chosen.opensim if name == "coupled" else None
                opensim.append(simulate(name, markers, recording, folder, clock, scores, python))
        describe(name, clock, scores, [one for one in opensim if one], frames)
    if chosen.clips is None and data is not None:
        text = "\n".join(lines).rstrip() + "\n"
        pathlib.Path(__file__).resolve().with_suffix(".md").write_text(text, encoding="utf-8")


def introduce(frames, clips, captured):
    kind = "CMU's" if captured else "built-in"
    say("# The six steps of SIMSPINE's simulation framework")
    say()
    say("`python benchmarks/accuracy/simulation.py --opensim PYTHON`. Synthetic: the body of subject S9,")
    say(f"whose spine is built otherwise than the model's, does {kind} motions ({clips} clips, {frames}")
    say("frames). Its joints are markers of motion capture without noise; points of the spine have 10 mm")
    say("of noise along each axis, and 5 % are missing. *Coupled* has three angles for each region of the")
    say("spine, *free* three for each of its joints, with a prior of 0.3 rad. Tables: mean distance from")
    say("the true markers, of all 37 and of the 15 of the spine; root mean square error of the signed")
    say("angle hip - T12 - neck, and the slope of it against the true one; processor time.")
    say()


def describe(name, clock, scores, opensim, frames):
    say(f"## The model {name}")
    say()
    rows = [[step, *scores.row(step)] for step in scores.errors]
    table(["after", "all mm", "spine mm", "bend deg", "slope"], rows)
    rows = [[step, f"{1e3 * seconds / frames:.3f}"] for step, seconds in clock.seconds.items()]
    table(["step", "ms a frame"], rows)
    if opensim:
        ours = clock.seconds["3 inverse kinematics, last round"] / frames
        theirs = float(np.median(opensim))
        say(f"OpenSim's inverse kinematics takes {1e3 * theirs:.1f} ms a frame, {theirs / ours:.0f} times as")
        say("long, for the same markers with equal weights and a prior of 1e-4.")
        say()


if __name__ == "__main__":
    main()
