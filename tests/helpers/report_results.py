"""Made-up results of a benchmark, in the form of ``BenchmarkResults.to_json``, for tests of its report."""

import itertools

import numpy as np

from mvtri.skeletons import get_skeleton

METHODS = {"dlt": 1.12, "ransac": 0.93, "ransac-covariance": 0.9, "smoothed": 0.78, "rigid-spine": 1.3}
UNITS = {"mpjpe": "mm", "p_mpjpe": "mm", "n_mpjpe": "mm", "pck150": "%", "spine_angle": "degree"}
UNITS |= {"error_2d": "px", "auc_2d": "%"}
LABELS = {"mpjpe": "MPJPE", "p_mpjpe": "P-MPJPE", "spine_angle": "spine angle"}
SUBJECTS, ACTIONS = ("S9", "S11"), ("Directions", "Eating 1", "SittingDown 2", "WalkTogether")
CAMERAS = ("54138969", "55011271", "58860488", "60457274")
BIN, BINS = 2.0, 151


def rows(settings=(("oracle", 0.0), ("iid:5", 30.0)), methods=tuple(METHODS), subjects=SUBJECTS):
    """Return the rows of methods whose errors are a factor times that of the setting, mm."""
    found = []
    for setting, scale in settings:
        if scale:
            found += _figures([setting, "", "all", "all"], scale / 6, ("error_2d", "auc_2d"))
        for method in methods:
            size = scale * METHODS.get(method, 1.0)
            found += _figures([setting, method, "all", "all"], size)
            for by, keys in (("subject", subjects), ("action", ACTIONS)):
                for index, key in enumerate(keys):
                    found += _figures([setting, method, by, key], size * (0.9 + 0.1 * index))
            for index, key in enumerate(get_skeleton("spinetrack37").keypoints):
                found += _figures(
                    [setting, method, "keypoint", key], size * (0.7 + 0.02 * index), ("mpjpe",)
                )[:1]
        if "ransac" in methods:
            for count in (2, 3, 4):
                found += _figures([setting, "ransac", "camera count", str(count)], scale * 2.2 / count**0.5)
                for index, some in enumerate(itertools.combinations(CAMERAS, count)):
                    size = scale * (2 + 0.1 * index) / count**0.5
                    found += _figures([setting, "ransac", "cameras", " + ".join(some)], size)
    return found


def results(**options):
    """Return whole results: two settings, five methods, two subjects, four actions."""
    found = rows(**options)
    names = dict.fromkeys((row["setting"], row["method"]) for row in found if row["method"])
    of = [
        {"setting": setting, "method": method, "group": group, "counts": _histogram(setting, method)}
        for (setting, method), group in itertools.product(names, ("full", "spine"))
    ]
    sigma = [1.0, 2.0, 3.0, 5.0, 8.0, 12.0]
    sweep = {"sigma": sigma, "points": 1480, "floor": [6.5 * s for s in sigma]}
    sweep |= {"dlt": [6.6 * s for s in sigma], "ransac": [6.54 * s + 0.01 * s * s for s in sigma]}
    published = {"mpjpe": 7.85, "p_mpjpe": 1.79, "source": "A paper"}
    return {
        "about": {
            "dataset": "synthetic-human36m",
            "synthetic": "synthetic people",
            "settings": {name: f"2D of the kind {name}" for name, _ in names},
            "methods": {name: f"what {name} does" for name in METHODS},
            "rigid_spine": "the truth of S1, who is not scored",
            "undistort": True,
            "provenance": {"call": "mvtri benchmark --dataset synthetic-human36m", "mvtri": "0.4.0"},
            "sequences": 8,
            "frames": 12_345,
            "damaged": ["S9 Eating 1"],
            "left_out": {"oracle: heatmap-fusion": "several candidates a view"},
            "seconds": {"reading": 1.25, "triangulation": 20.5},
        },
        "rows": found,
        "histograms": {"bin_mm": BIN, "of": of},
        "sweep": sweep,
        "metrics": {name: {"label": LABELS.get(name, name), "unit": unit} for name, unit in UNITS.items()},
        "published": [
            published | {"setting": "oracle", "method": "published: Their oracle"},
            published
            | {"setting": "detected", "method": "published: Theirs", "mpjpe": 49.3, "p_mpjpe": None},
        ],
    }


def _figures(head, size, metrics=("mpjpe", "p_mpjpe", "n_mpjpe", "pck150", "spine_angle")):
    place = dict(zip(("setting", "method", "by", "key"), head))
    found = []
    for group, metric in itertools.product(("full", "spine"), metrics):
        value = (
            size * (0.8 if group == "spine" else 1.0) * {"p_mpjpe": 0.9, "spine_angle": 0.1}.get(metric, 1.0)
        )
        value = 100.0 - value / 4 if UNITS[metric] == "%" else value
        high = min(1.08 * value, 100.0) if UNITS[metric] == "%" else 1.08 * value
        known = head[3] != "S11"  # who has one sequence, so no interval
        found.append(
            place
            | {"group": group, "metric": metric, "unit": UNITS[metric], "value": value}
            | {"low": 0.93 * value if known else None, "high": high if known else None}
            | {"fraction": 0.9996 if head[1] == "ransac" else 1.0, "count": 1000}
        )
    return found


def _histogram(setting, method):
    scale = 0.5 if setting == "oracle" else 14 * METHODS.get(method, 1.0)
    edges = np.append(np.arange(BINS) * BIN, np.inf)
    share = 1 - np.exp(-((edges / scale) ** 2) / 2)
    return np.round(1e6 * np.diff(share)).astype(int).tolist()
