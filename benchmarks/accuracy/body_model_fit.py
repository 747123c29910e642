"""How well the body model fits people who are built in another way: the table of body_model_fit.md.

python benchmarks/accuracy/body_model_fit.py            (written to body_model_fit.md; minutes on one core)
python benchmarks/accuracy/body_model_fit.py --few      (one body and one bend; nothing is written)

Synthetic people (mvtri.synthetic.Body), whose spines turn at other places and share bends otherwise than
the model's, bend forward from -15 to 60 degrees. The model is scaled to each (scale_model), and its
coordinates are found frame by frame by least squares (SciPy), with a prior of 40 degrees on each angle
of a region of the spine. Markers are placed in three rounds (place_markers). With noise, each marker has
5 mm along each axis.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import lines, say, table

from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH
from mvtri.biomechanics.body.definition import spine_deviations
from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.marker_places import place_markers
from mvtri.biomechanics.osim import read_osim
from mvtri.biomechanics.simulation import move_markers, scale_model
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import SPINE_BENDS, Body, bend_spine

NAMES = list(get_skeleton("spinetrack37").keypoints)
FLEXION = np.radians(np.linspace(-15.0, 60.0, 16))
BODIES = (3, 4, 5)  # seeds
WHOLE = np.radians(40.0)  # of a prior on the angle of a region
NOISE, EXACT = 0.005, 0.0005  # m; the second stands for none
ROUNDS = 3
MODELS = {"coupled": MODEL_PATH, "free": FREE_MODEL_PATH}
COLUMNS = ("markers mm", "slope hip-T12-neck", "offset deg", "slope loins", "slope thorax")
ANGLES = {
    "whole": ("hip", "spine_03", "spine_03", "neck"),
    "loins": ("hip", "spine_01", "spine_02", "spine_03"),
    "thorax": ("spine_03", "spine_04", "spine_05", "neck"),
}


def person(seed, kind, noise):
    """Return true and observed markers (T, 37, 3), m, y up."""
    points = bend_spine(Body.sample(seed), kind, FLEXION).keypoints
    true = np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)
    rng = np.random.default_rng([seed, list(SPINE_BENDS).index(kind)])
    return true, true + rng.normal(0.0, noise, true.shape)


def angle(markers, names, kind):
    """Return the angle (T,), degrees, between two segments, forward, in the plane of the bend."""
    a, b, c, d = (markers[:, names.index(name)] for name in ANGLES[kind])
    lower, upper = b - a, d - c
    found = np.arctan2(upper[:, 0], upper[:, 1]) - np.arctan2(lower[:, 0], lower[:, 1])
    return np.degrees(found)


def prior_weights(model):
    """Return the inverse standard deviations of the free coordinates, 1/rad."""
    deviations = spine_deviations(WHOLE)
    weights = np.zeros(len(model.free))
    for column, index in enumerate(model.free):
        name = model.coordinates[index]
        region = name.rpartition("_")[0] in ("lumbar", "thoracic", "neck")
        weights[column] = 1.0 / WHOLE if region else 1.0 / deviations.get(name, np.radians(300.0))
    weights[:6] = 0.0
    return weights


def solve(model, seen, noise):
    """Return all coordinates (T, Q) of a model for markers (T, M, 3) in its order."""
    low, high = model.ranges[model.free].T
    rest, weights = model.defaults[model.free], prior_weights(model)
    found, start = [], rest.copy()
    for places in seen:

        def off(values, places=places):
            markers = model.marker_positions(model.full_coordinates(values))
            return np.concatenate([(markers - places).ravel() / noise, weights * (values - rest)])

        def slopes(values):
            jacobian = model.marker_jacobians(values)[1].reshape(-1, len(values))
            return np.vstack([jacobian / noise, np.diag(weights)])

        start = np.clip(start, low + 1e-6, high - 1e-6)
        start = least_squares(off, start, slopes, bounds=(low, high), max_nfev=15).x
        found.append(start)
    return model.full_coordinates(np.array(found))


def fitted(name, true, seen, noise, folder):
    """Yield the markers (T, M, 3) of the fitted model, before markers were placed and after."""
    path = folder / "model.osim"
    scale_model(path, MODELS[name], MEASUREMENTS, seen, NAMES, noise)
    for turn in range(ROUNDS + 1):
        model = read_osim(path)
        columns = [NAMES.index(marker) for marker in model.markers]
        coordinates = solve(model, seen[:, columns], max(noise, EXACT))
        if turn in (0, ROUNDS):
            yield list(model.markers), model.marker_positions(coordinates), true[:, columns]
        if turn < ROUNDS:
            bodies, before = model.tree.marker_bodies, model.tree.marker_places
            frames = model.body_frames(coordinates)
            placed = place_markers(*frames, bodies, before, seen[:, columns], max(noise, EXACT))
            move_markers(path, path, dict(zip(model.markers, placed.places)))


def scores(names, markers, true):
    """Return the values of the columns; NaN for the slope of what does not bend."""
    values = [1e3 * np.sqrt(((markers - true) ** 2).sum(axis=-1).mean())]
    for kind in ANGLES:
        ours, right = (angle(part, names, kind) for part in (markers, true))
        values.append(np.polyfit(right, ours, 1)[0] if np.ptp(right) > 5.0 else np.nan)
        if kind == "whole":
            values.append(np.mean(ours - right))
    return values


def rows(bodies, kinds, noise):
    """Return values of the columns, averaged over bodies, by the names of bend and model."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for name in MODELS:
                for seed in bodies:
                    true, seen = person(seed, kind, noise)
                    steps = fitted(name, true, seen, noise, pathlib.Path(folder))
                    for placed, (names, markers, right) in zip(("", ", markers placed"), steps):
                        found.setdefault((kind, name + placed), []).append(scores(names, markers, right))
    return {key: np.mean(values, axis=0) for key, values in found.items()}


def shown(value):
    return "-" if np.isnan(value) else f"{value:.2f}"


def section(title, noise, few):
    say(f"## {title}")
    say()
    bodies, kinds = (BODIES[:1], ["usual"]) if few else (BODIES, list(SPINE_BENDS))
    found = rows(bodies, kinds, noise)
    table(["bend", "model", *COLUMNS], [[*key, *map(shown, value)] for key, value in found.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--few", action="store_true", help="one body and one bend; nothing is written")
    few = parser.parse_args().few
    say("# The body model on people of another build")
    say()
    say("`python benchmarks/accuracy/body_model_fit.py`. Synthetic people, whose spines turn at other places")
    say("and share bends otherwise than the model's, bend forward from -15 to 60 degrees in 16 poses; means")
    say("of three people. The model is scaled to each; its coordinates are found frame by frame by least")
    say("squares, with a prior of 40 degrees on each angle of a region of the spine. *Coupled*: three")
    say("angles a region; *free*: three angles a joint, which share by the same prior. *Markers placed*: in")
    say("three rounds, with a standard deviation of 20 mm about the model's places. *Markers*: root mean")
    say("square distance from the true ones; *slope*: of the fitted against the true flexion hip - T12 -")
    say("neck, and of the angles within the loins and the thorax; *offset*: mean difference of that")
    say("flexion.")
    say()
    for title, noise in (("Without noise", 0.0), ("Noise of 5 mm along each axis", NOISE)):
        section(title, noise, few)
    if not few:
        text = "\n".join(lines).rstrip() + "\n"
        pathlib.Path(__file__).resolve().with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
