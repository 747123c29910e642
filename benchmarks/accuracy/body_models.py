"""Forward kinematics and its Jacobian: how far from OpenSim's, from differences, and how long they take.

    python benchmarks/accuracy/body_models.py            # the table of body_models.md
    python benchmarks/accuracy/body_models.py --quick    # a tenth of the poses; nothing is written

Poses are random (seed 0): each free coordinate uniform within its range, where that is beyond 5, within 5.
Couplers are followed.  `MVTRI_OPENSIM` names a Python that has the package opensim; the real models and the
motion are those of `MVTRI_DATA`, in its folder opensim.  Scaled models have a factor of 0.8 to 1.25 for each
body and axis.  Times are processor time of one thread.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from mvtri.biomechanics import read_osim, write_osim
from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH
from mvtri.biomechanics.engines import OpenSimEngine
from mvtri.formats import read_motion
from mvtri.kernels.kinematics.bodies import markers_over_time
from mvtri.kernels.kinematics.jacobian import jacobians_over_time
from mvtri.kernels.kinematics.layout import workspace

POSES, STEP = 1000, 1e-5
PYTHON = os.environ.get("MVTRI_OPENSIM")
DATA = Path(os.environ.get("MVTRI_DATA", "")) / "opensim"
REAL = ("Model_Pose2Sim_LSTM_scaled.osim", "Model_Pose2Sim_muscles_flex.osim")
MOTION = "S00_P00_T01_BalancingTrial_filt_butterworth_0-100_LSTM.mot"
HEAD = (
    "model",
    "bodies, coordinates, free, markers",
    "poses",
    "places, m",
    "rotations",
    "Jacobian, m/rad",
    "frames, µs",
    "with Jacobian, µs",
)


def poses(model, count):
    """Return all coordinates of random poses, and the free ones."""
    low, high = np.clip(model.ranges[model.free], -5.0, 5.0).T
    free = np.random.default_rng(0).uniform(low, high, (count, len(model.free)))
    return model.full_coordinates(free), free


def differences(model, free):
    """Return the largest error of the analytic Jacobian, against central differences."""
    jacobians = model.marker_jacobians(free)[1]
    worst = 0.0
    for c, move in enumerate(STEP * np.eye(free.shape[1])):
        ahead, behind = (model.marker_positions(model.full_coordinates(free + s * move)) for s in (1, -1))
        worst = max(worst, float(np.abs((ahead - behind) / (2 * STEP) - jacobians[..., c]).max(initial=0.0)))
    return worst


def microseconds(model, coordinates, free):
    """Return the time of a pose without and with the Jacobian."""
    work, count = workspace(model.tree), len(model.markers)
    markers, jacobians = np.empty((20, count, 3)), np.empty((20, count, 3, len(model.free)))
    calls = (
        lambda: markers_over_time(model.tree, coordinates[:20], work, markers),
        lambda: jacobians_over_time(model.tree, free[:20], work, markers, jacobians),
    )
    best = []
    for call in calls:
        call()
        began = time.process_time()
        for _ in range(100):
            call()
        best.append((time.process_time() - began) / 2000 * 1e6)
    return best


def row(words, path, count, coordinates=None):
    """Return the cells of one model."""
    model, engine = read_osim(path), OpenSimEngine(path, PYTHON)
    random, free = poses(model, max(count, 20))
    given = random[:count] if coordinates is None else coordinates
    order = [engine.bodies.index(name) for name in model.bodies]
    theirs = [one[:, order] for one in engine.body_frames(given)]
    turned, placed = (np.abs(ours - one).max() for ours, one in zip(model.body_frames(given), theirs))
    if model.markers:
        away = np.abs(model.marker_positions(given) - engine.marker_positions(given)).max()
        placed = max(placed, away)
    sizes = (len(model.bodies), len(model.coordinates), len(model.free), len(model.markers))
    alone, both = microseconds(model, random, free)
    jacobian = f"{differences(model, free[:20]):.0e}" if model.markers else "no markers"
    cells = (", ".join(map(str, sizes)), f"{len(given):,}", f"{placed:.0e}", f"{turned:.0e}", jacobian)
    return f"| {' | '.join((words, *cells, f'{alone:.1f}', f'{both:.1f}'))} |"


def rows(count, folder):
    """Yield the table's rows."""
    for words, path in (("own", MODEL_PATH), ("own, each spine joint free", FREE_MODEL_PATH)):
        yield row(words, path, count)
        scaled = folder / path.name
        random = np.random.default_rng(1)
        write_osim(scaled, path, {name: random.uniform(0.8, 1.25, 3) for name in read_osim(path).bodies})
        yield row(f"{words}, scaled", scaled, count)
    if not DATA.is_dir():
        return
    for name in REAL:
        yield row(f"`{name}`", DATA / name, count)
    model, motion = read_osim(DATA / REAL[0]), read_motion(DATA / MOTION)
    degrees = np.array(model.units) == "rotational"
    moved = np.where(degrees, np.radians(motion.values), motion.values)
    yield row("the first, in a real motion", DATA / REAL[0], count, moved)
    random = np.random.default_rng(1)
    write_osim(
        folder / REAL[0], DATA / REAL[0], {name: random.uniform(0.8, 1.25, 3) for name in model.bodies}
    )
    yield row("the first, scaled", folder / REAL[0], count)


def main():
    """Print the table, and write it beside this script unless it is a quick run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    lines = [
        "# Forward kinematics of body models",
        "",
        "Made by `python benchmarks/accuracy/body_models.py`: the largest differences of bodies and markers",
        "from those of OpenSim 4.6, of the Jacobian from central differences; processor time of one pose.",
        "",
        f"| {' | '.join(HEAD)} |",
        "|---" * len(HEAD) + "|",
    ]
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in rows(POSES // 10 if quick else POSES, Path(folder)):
            lines.append(line)
            print(line, flush=True)
    if not quick:
        Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
