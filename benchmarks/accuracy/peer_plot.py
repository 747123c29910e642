"""The plot of ``triangulation.py``: errors of mvtri and other tools against noise, outliers and cameras."""

import numpy as np
import triangulation_scenes as scenes
from peer_grid import ALWAYS

from mvtri.benchmark.methods import peers
from mvtri.triangulation import triangulate

STYLES = {"outliers known": "k--", "mvtri": "C3o-"}


def plot(count, path):
    """Draw the error against noise, outlier rate, number of cameras and baseline."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 4, figsize=(15, 3.8), layout="constrained")
    for panel, ((name, title), cases) in zip(panels, panel_cases().items()):
        for label, values in curves(cases, count).items():
            panel.plot(
                [case[0] for case in cases], values, STYLES.get(label, "o-"), label=label, markersize=4
            )
        label_panel(panel, name, title, [case[0] for case in cases])
    panels[0].set_ylabel("mean error, mm, where all return a point")
    panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def panel_cases():
    """Return the cases of each panel: the value on its axis, the cameras, the arguments of the scene."""
    return {
        ("noise, px", "4 cameras, 5 % wrong views"): [
            (v, scenes.rig(4), {"noise": v, "rate": 0.05}) for v in (0.5, 1, 2, 4, 8)
        ],
        ("wrong views, %", "6 cameras, 3 px"): [
            (100 * v, scenes.rig(6), {"rate": v}) for v in (0, 0.05, 0.1, 0.2, 0.3)
        ],
        ("cameras", "3 px, 10 % wrong views"): [
            (v, scenes.rig(v), {"rate": 0.1}) for v in (3, 4, 6, 8, 12, 16)
        ],
        ("arc of the cameras, degrees", "4 cameras, 3 px, 5 % wrong views"): [
            (v, scenes.rig(4, spread=v), {"rate": 0.05}) for v in (10, 20, 40, 80, 160)
        ],
    }


def curves(cases, count):
    """Return by estimator its mean errors, mm, on points that all estimators return."""
    found: dict[str, list[float]] = {}
    for _, cams, arguments in cases:
        scene = scenes.make(cams, count, seed=21, **arguments)
        sigma = arguments.get("noise", 3.0)
        estimates = {
            "outliers known": scene.bound(),
            "mvtri": scene.errors(triangulate(scene.pixels, cams, options=ALWAYS).points),
            "aniposelib": scene.errors(peers.aniposelib(cams)(scene.pixels)),
            "pycolmap, 4 sigma": scene.errors(peers.pycolmap(cams, 4 * sigma)(scene.pixels)),
        }
        all_return = np.isfinite(list(estimates.values())).all(axis=0)
        for label, errors in estimates.items():
            found.setdefault(label, []).append(float(errors[all_return].mean()))
    return found


def label_panel(panel, name, title, places):
    """Label the axes, both logarithmic where the values allow it."""
    from matplotlib import ticker

    panel.set(xlabel=name, title=title, yscale="log", xscale="log" if places[0] else "linear")
    panel.set_xticks(places, [f"{place:g}" for place in places], minor=False)
    panel.set_xticks([], minor=True)
    panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(ticker.NullFormatter())
    panel.grid(alpha=0.3)
