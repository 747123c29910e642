"""Inverse kinematics on generated motion, beside OpenSim's on the same markers.

    python benchmarks/accuracy/inverse_kinematics.py --opensim PYTHON     # the table of inverse_kinematics.md
    python benchmarks/accuracy/inverse_kinematics.py --quick    # a tenth of the frames; nothing is written

Synthetic: all coordinates move as sums of sines within 60 % of the models' ranges (at most 1.5 rad), and
markers have 5 mm of independent noise an axis, so it shows what the solvers do with noise, not how well a
model fits a person.  Models: the one that comes with mvtri, and with `MVTRI_DATA` that with markers in
`opensim/`. PYTHON is one that has the package opensim (extra biomech); without it OpenSim's rows are left
out.  OpenSim minimises the mean square distance of markers + prior x squared distance of coordinates from
the defaults: with 1e-4 m^2 / rad^2, and with that divided by the number of markers, which is what it
amounts to where the sum over markers is not divided.
"""

import argparse
import math
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mvtri.biomechanics import Settings, inverse_kinematics, read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.engines import OpenSimEngine
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.errors import MissingExtraError

HERE, SD, FPS, FRAMES, SEED = Path(__file__).parent, 0.005, 50.0, 300, 100
PRIOR = 1e-4
CASES = {
    "clean": "5 mm of noise",
    "bad": "the same, 1 % of markers off by 20 cm, 20 % missing",
}
DETERMINED = 0.3  # rad: coordinates whose standard deviation is below that in all frames
HEAD = (
    "| solver | markers, mm | angles | lumbar flexion | slope of flexion | in 95 % | ms a frame |",
    "|---|---|---|---|---|---|---|",
)


def main():
    """Print the tables, and write them unless it is a quick run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--opensim", metavar="PYTHON")
    options = parser.parse_args()
    paths = [MODEL_PATH]
    if data := os.environ.get("MVTRI_DATA"):
        paths += sorted((Path(data) / "opensim").glob("*LSTM*.osim"))
    lines = [
        "# Inverse kinematics beside OpenSim's",
        "",
        "Made by `python benchmarks/accuracy/inverse_kinematics.py`; it says what was generated. Errors are",
        "root mean squares, angles in degrees: those that the markers determine (a standard deviation below",
        "0.3 rad). Times are of one processor core, in the same run.",
    ]
    for path in paths:
        for case, words in CASES.items():
            lines += ["", f"## {path.stem}: {words}", "", *HEAD]
            for row in rows(path, case, FRAMES // 10 if options.quick else FRAMES, options.opensim):
                lines.append(row)
                print(path.stem, case, row, flush=True)
    text = "\n".join(lines) + "\n"
    if not options.quick:
        (HERE / "inverse_kinematics.md").write_text(text, encoding="utf-8")


def generated(model, frames):
    """Return the unknowns and free coordinates (T, F) that move within their ranges."""
    unknowns, rng = unknowns_of(model), np.random.default_rng(SEED)
    low, high = np.maximum(unknowns.lower, -1.5), np.minimum(unknowns.upper, 1.5)
    low, high = np.where(unknowns.body, -0.6, low), np.where(unknowns.body, 0.6, high)
    t = np.arange(frames)[:, None, None] / FPS
    rates, phases = rng.uniform(0.1, 0.8, (3, len(low))), rng.uniform(0.0, 2.0 * np.pi, (3, len(low)))
    sines = np.sin(2.0 * np.pi * rates * t + phases).mean(axis=1) * 1.5
    return unknowns, 0.5 * (low + high) + 0.3 * (high - low) * np.clip(sines, -1.0, 1.0)


def seen(markers, case):
    """Return the markers as they were measured."""
    rng = np.random.default_rng(SEED + 1)
    found = markers + rng.normal(0.0, SD, markers.shape)
    if case == "bad":
        wrong = rng.random(markers.shape[:2]) < 0.01
        found[wrong] += rng.normal(0.0, 0.2, (wrong.sum(), 3))
        found[rng.random(markers.shape[:2]) < 0.2] = np.nan
    return found


def rows(path, case, frames, python):
    """Yield a row for each solver."""
    model = read_osim(path)
    unknowns, free = generated(model, frames)
    markers = model.marker_positions(model.full_coordinates(free))
    given, times = seen(markers, case), np.arange(frames) / FPS
    plain = Settings(marker_sd=SD, freedom=math.inf, angle_rate=math.inf, length_rate=math.inf)
    ours = {
        "mvtri, least squares": (plain, False),
        "mvtri": (Settings(marker_sd=SD), False),
        "mvtri, all frames together": (Settings(marker_sd=SD), True),
    }
    known = None
    for name, (settings, over_time) in ours.items():
        inverse_kinematics(model, given[:3], times[:3], settings=settings, over_time=over_time)  # compiled
        start = time.process_time()
        found = inverse_kinematics(model, given, times, settings=settings, over_time=over_time, workers=1)
        spent = time.process_time() - start
        sd = np.sqrt(np.einsum("tii->ti", found.covariances))
        known = sd.max(axis=0) < DETERMINED if known is None else known
        off = without_turns(unknowns, found.coordinates[:, model.free] - free)
        held = (np.abs(off) <= 1.96 * sd)[:, known].mean()
        yield row(name, unknowns, known, free, off, found.markers - markers, spent / frames, held)
    for name, prior in (
        (f"OpenSim, prior {PRIOR:g}", PRIOR),
        ("OpenSim, prior / markers", PRIOR / len(model.markers)),
    ):
        try:
            solved = OpenSimEngine(path, python).inverse_kinematics(given, priors=prior)
        except MissingExtraError:
            return
        off = without_turns(unknowns, solved.coordinates[:, model.free] - free)
        yield row(name, unknowns, known, free, off, solved.markers - markers, float(np.mean(solved.seconds)))


def without_turns(unknowns, off):
    """Return differences of coordinates without whole turns of angles, which change no pose."""
    return np.where(unknowns.angles, (off + np.pi) % (2.0 * np.pi) - np.pi, off)


def row(name, unknowns, known, free, off, markers, seconds, held=None):
    """Return a line of the table."""
    angles = known & unknowns.angles
    bend = next(i for i, n in enumerate(unknowns.names) if n in ("lumbar_flexion", "L5_S1_Flex_Ext"))
    slope = np.polyfit(free[:, bend], free[:, bend] + off[:, bend], 1)[0]
    cells = [
        f"{1e3 * np.sqrt(np.mean(np.sum(markers**2, axis=-1))):.2f}",
        f"{np.degrees(np.sqrt(np.mean(off[:, angles] ** 2))):.2f}",
        f"{np.degrees(np.sqrt(np.mean(off[:, bend] ** 2))):.2f}",
        f"{slope:.3f}",
        "-" if held is None else f"{100.0 * held:.1f} %",
        f"{1e3 * seconds:.2f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
