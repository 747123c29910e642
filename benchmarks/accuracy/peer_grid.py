"""The grid of ``triangulation.py``: other tools' errors over ours, by cameras, noise and rate of outliers."""

import numpy as np
import triangulation_scenes as scenes
from benchmark_tables import say, table

from mvtri.benchmark.methods import peers
from mvtri.triangulation import TriangulationOptions, triangulate

WORSE = 0.99  # a ratio below this: the other tool is better by more than 1 %
FEWER = []  # comparisons in which another tool returns more points
ALWAYS = TriangulationOptions(keep_doubtful=True)  # a point even if the views do not agree, as other tools do


def grid(count):
    say(
        "## Grid: mean and 95th percentile of the error compared with other tools, on points that both return"
    )
    say()
    say("Here mvtri always returns a point (`keep_doubtful`), as most tools do.  Each tool is compared on")
    say("the points that it returns.  If it does not return all, their percentage is in brackets; `kept` is")
    say("the percentage that mvtri returns by default.  A ratio is the tool's error over mvtri's: above 1,")
    say("the tool is worse.  The two ratios are of the mean and of the 95th percentile.  Two cameras have no")
    say('redundancy and are left out.  "Narrow" cameras stand on an arc of 20 degrees.  Kinds of noise:')
    say('"normal"; "own": each observation has a known standard deviation, 1/3 to 3 times the stated one;')
    say(
        '"heavy": Student\'s t with 3 degrees of freedom.  The bound treats the noise as normal, so mvtri can'
    )
    say("be below it with heavy tails.  The table shows the first measurement; the text below it says how")
    say("uncertain comparisons were repeated.")
    say()
    head = ["cameras", "noise", "px", "outliers", "bound", "mvtri", "kept %"]
    names = ["aniposelib", "aniposelib-fast", "pycolmap", "pycolmap 4 sigma", "pose2sim"]
    rows, open_cells = [], []
    for cell in cells():
        cameras, spread, kind, noise, rate = cell
        scene, mine = cell_scene(cell, count, seed=11)
        strict = triangulate(scene.pixels, scene.cams, covariances=known(scene, kind))
        label = f"{cameras}" + (" narrow" if spread < 360 else "")
        row = [
            label,
            kind,
            f"{noise:g}",
            f"{rate:.0%}",
            f"{np.nanmean(scene.bound()):.2f}",
            f"{np.nanmean(mine):.2f}",
        ]
        row.append(f"{100 * (strict.status == 0).mean():.2f}")
        for name in names:
            if name == "pose2sim" and cameras > 6:
                row.append("-")
                continue
            ratios, doubts, text = against(scene, mine, name, noise, parts=4 if name == "pose2sim" else 1)
            row.append(text)
            if np.any(ratios - 2.0 * doubts < WORSE):
                open_cells.append((f"{label} cameras, {kind} {noise:g} px, {rate:.0%}", cell, name))
        rows.append(row)
        print(row, flush=True)
    table(head + [f"{name} mean/p95" for name in names], rows)
    decide(open_cells, len(rows), count)


def decide(open_cells, every, count):
    """Repeat, with more points of other scenes, the cells in which another tool may be better by 1 %."""
    rows, sure, last = [], [], 0
    for label, cell, name in open_cells:
        for more in (12 * count, 96 * count):
            scene, mine = cell_scene(cell, more, seed=12)
            ratios, doubts, text = against(scene, mine, name, cell[3])
            print(label, name, more, text, doubts, flush=True)
            if np.all(ratios - 2.0 * doubts >= WORSE) or np.any(ratios + 2.0 * doubts < WORSE):
                break
        last += more > 12 * count
        if not np.any(ratios < WORSE):
            continue
        texts = [f"{ratio:.3f} ± {doubt:.3f}" for ratio, doubt in zip(ratios, doubts)]
        rows.append([label, name, *texts])
        if np.any(ratios + 2.0 * doubts < WORSE):
            sure.append(f"- {label}: {name}, mean {texts[0]}, 95th percentile {texts[1]}")
    worse = len({row[0] for row in rows})
    say(f"With {count} points per cell (a quarter of them for pose2sim), {len(open_cells)} comparisons are")
    say("uncertain: within two standard errors, the tool may be better by more than 1 %, in the mean or the")
    say(f"95th percentile.  These were repeated with {12 * count} points of other scenes, and {last} that")
    say(f"were still uncertain with {96 * count}.  In the last repetition, the tool is better by more than")
    say(f"1 % in {len(rows)} comparisons, in {worse} of {every} cells; by two standard errors more than that")
    say(f"in {len(sure)}.")
    say()
    if rows:
        table(["cell", "tool", "mean", "95th percentile"], rows)
    for line in sure:
        say(line)
    say(f"Comparisons in which mvtri returns fewer points than the tool: {', '.join(FEWER) or 'none'}.")
    say()


def known(scene, kind):
    """Return the covariances that an estimator knows."""
    return scene.covariances if kind == "own" else None


def cell_scene(cell, count, seed):
    """Return a cell's scene, and the errors of mvtri, mm."""
    cameras, spread, kind, noise, rate = cell
    cams = scenes.rig(cameras, spread=spread)
    scene = scenes.make(cams, count, noise=noise, rate=rate, kind=kind, seed=seed)
    result = triangulate(scene.pixels, cams, covariances=known(scene, kind), options=ALWAYS)
    return scene, scene.errors(result.points)


def cells():
    """Return the cells of the grid: cameras, arc, kind of noise, px, outlier rate."""
    rates = (0.0, 0.1, 0.2, 0.3)
    out = [(c, 360.0, "normal", s, r) for c in (3, 4, 6, 8, 16) for s in (1.0, 3.0, 8.0) for r in rates]
    out += [(c, 360.0, kind, 3.0, r) for kind in ("own", "heavy") for c in (4, 8) for r in rates]
    out += [(c, 20.0, "normal", 3.0, r) for c in (4, 8) for r in rates]
    return out


def against(scene, mine, name, noise, parts=1):
    """Return the tool's mean and p95 over ours, their standard errors, and a text; on one of `parts`."""
    cams, share = scene.cams, slice(0, len(scene.pixels) // parts)
    if name.startswith("pycolmap"):
        solve = peers.pycolmap(cams, 4.0 * noise if "sigma" in name else None)
    elif name == "pose2sim":
        solve = peers.pose2sim(cams, undistort=True)
    else:
        solve = peers.PEERS[name](cams)
    theirs = np.linalg.norm(solve(scene.pixels[share]) - scene.points[share], axis=1) * 1e3
    mine = mine[share]
    both = np.isfinite(mine) & np.isfinite(theirs)
    ratios = error_ratios(theirs[both], mine[both])
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, both.sum(), both.sum()) for _ in range(60))
    doubts = np.std([error_ratios(theirs[both][draw], mine[both][draw]) for draw in draws], axis=0)
    text = f"{ratios[0]:.3g} / {ratios[1]:.3g}" + (
        "" if np.isfinite(theirs).all() else f" ({100 * np.isfinite(theirs).mean():.1f} %)"
    )
    if np.isfinite(mine).sum() < np.isfinite(theirs).sum():
        counts = f"{np.isfinite(theirs).sum()} against {np.isfinite(mine).sum()}"
        FEWER.append(f"{name}, {len(cams)} cameras, {noise:g} px: {counts}")
    return ratios, doubts, text


def error_ratios(theirs, mine):
    """Return the ratio of the means and of the 95th percentiles."""
    return np.array([theirs.mean() / mine.mean(), np.quantile(theirs, 0.95) / np.quantile(mine, 0.95)])
