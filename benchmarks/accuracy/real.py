"""How triangulation does where errors are shared: real boards and people, and simulations of such errors.

Run ``python benchmarks/accuracy/real.py`` (``--quick`` for fewer seeds, ``--only boards people`` for some
sections, ``--seed N`` for new simulations).  It reads the real recordings from MVTRI_DATA, else from
../shared/data beside the checkout; it prints its tables and writes them beside this file.
"""

import argparse
import functools
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import real_recordings as real
import shared_error_scenes as scenes
import verdict_sessions as sessions
from benchmark_tables import add_options, run, say, table

from mvtri import detect, human36m_cameras, load_detector
from mvtri.sessions import demo_session, demo_truth
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array
from mvtri.triangulation import TriangulationOptions, triangulate

HERE = pathlib.Path(__file__).resolve().parent
INSIDE = 7.814728  # the 95 % point of chi square, three degrees of freedom


def aligned_errors(points, board, keep):
    """Return the errors, mm, of the corners `keep`, each frame aligned rigidly with the board."""
    errors = []
    for frame in np.unique(board.frames):
        chosen = (board.frames == frame) & keep
        places, found = board.places[chosen], points[chosen]
        if len(places) < 4:
            continue
        places, found = places - places.mean(axis=0), found - found.mean(axis=0)
        if np.linalg.matrix_rank(places, tol=1e-6) < 2:
            continue
        U, _, Vt = np.linalg.svd(places.T @ found)
        turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
        errors.append(np.linalg.norm(places @ U @ turn @ Vt - found, axis=1))
    return np.concatenate(errors) * 1e3


def boards():
    say("## Boards: ChArUco corners before real rigs, error after rigid alignment of each frame")
    say()
    rows, logs = [], []
    for board in real.boards():
        plain = real.plain_dlt(board.pixels, board.cams)
        for label, options in (
            ("mvtri", {}),
            ("mvtri dlt", {"method": "dlt"}),
            ("mvtri, noise 1 px given", {"noise": 1.0}),
        ):
            points = triangulate(board.pixels, board.cams, **options).points
            both = np.isfinite(points[:, 0]) & np.isfinite(plain[:, 0])
            own, base = (aligned_errors(one, board, both) for one in (points, plain))
            ratios = own.mean() / base.mean(), np.quantile(own, 0.95) / np.quantile(base, 0.95)
            if label == "mvtri":
                logs.append(np.log(ratios))
            coverage = both.sum() / np.isfinite(plain[:, 0]).sum()
            cells = [f"{own.mean():.3f}", *(f"{ratio:.3f}" for ratio in ratios), f"{100 * coverage:.1f}"]
            rows.append([board.name, label, *cells])
    head = ["board", "estimator", "mean mm", "ratio of means", "ratio of p95", "coverage of DLT's %"]
    table(head, rows)
    mean, p95 = np.exp(np.mean(logs, axis=0))
    say(f"Ratios are over NumPy's undistortion and DLT. Geometric means of mvtri: {mean:.3f}, p95 {p95:.3f}.")
    say()


def people():
    say("## People: one camera left out, and predicted from the three others")
    say()
    cams, rows = real.people_cameras(), []
    for recording, person in (("single_person", 0), ("two_people", 0)):
        pixels = real.associated_person(recording, person)
        errors, shares, rejected = {"mvtri": [], "plain": []}, [], []
        for out in range(len(cams)):
            rest = [i for i in range(len(cams)) if i != out]
            seen, others = pixels[:, :, rest], cams.subset([cams.names[i] for i in rest])
            result = triangulate(seen, others, keypoint_axis=1)
            found = {"mvtri": result.points, "plain": real.plain_dlt(seen, others)}
            distances = {
                name: np.linalg.norm(cams.project(points)[..., out, :] - pixels[:, :, out], axis=-1)
                for name, points in found.items()
            }
            both = np.isfinite(distances["mvtri"]) & np.isfinite(distances["plain"])
            for name, values in distances.items():
                errors[name].append(values[both])
            shares.append(both.sum() / np.isfinite(distances["plain"]).sum())
            views = np.isfinite(seen[..., 0])
            rejected.append(
                max((views & ~result.inliers)[..., i].sum() / views[..., i].sum() for i in range(3))
            )
        own, plain = (np.concatenate(errors[name]).mean() for name in ("mvtri", "plain"))
        each = " / ".join(f"{a.mean() / b.mean():.2f}" for a, b in zip(errors["mvtri"], errors["plain"]))
        rows.append(
            [
                f"{recording}, person {person}",
                f"{own:.2f}",
                f"{plain:.2f}",
                f"{own / plain:.3f}",
                each,
                f"{100 * min(shares):.1f}",
                f"{100 * max(rejected):.0f}",
            ]
        )
    head = [
        "recording",
        "mvtri px",
        "plain DLT px",
        "ratio",
        "ratio by camera",
        "coverage %",
        "most rejected %",
    ]
    table(head, rows)
    say(
        "The 2D of person 0 of two_people is no detection: it was projected with another calibration (its "
        "scores are 0 or 1, and it fits moved cameras within 0.1 px). So its row shows a calibration that is "
        "off."
    )
    say()


def inside(result, points):
    """Return the share of points inside their 95 % ellipsoid, and the mean error, mm."""
    error = result.points - points
    good = np.isfinite(error).all(axis=-1)
    inverse = np.linalg.inv(result.covariances[good])
    squares = np.einsum("ni,nij,nj->n", error[good], inverse, error[good])
    return (squares < INSIDE).mean(), np.linalg.norm(error[good], axis=-1).mean() * 1e3


def inside_the_scene(result, points):
    """Return the mean error, mm, after one rigid move of the whole recording."""
    error = result.points - points
    good = np.isfinite(error).all(axis=-1)
    found, truth = result.points[good], points[good]
    found, truth = found - found.mean(axis=0), truth - truth.mean(axis=0)
    U, _, Vt = np.linalg.svd(found.T @ truth)
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
    return np.linalg.norm(found @ U @ turn @ Vt - truth, axis=1).mean() * 1e3


def slow_noise(seeds):
    say("## Simulation: noise that correlates 0.95 from frame to frame, 1, 2, 4 and 8 px by camera (S9)")
    say()
    cams, sigma, rows = human36m_cameras("S9"), np.array([1.0, 2.0, 4.0, 8.0]), []
    for frames, keypoints in ((200, 17), (100, 37), (1000, 17), (1000, 1)):
        for axis in (None, 1):
            found, told = [], []
            for seed in seeds:
                points, pixels = scenes.slow(cams, frames, keypoints, sigma, 0.95, seed)
                found.append(inside(triangulate(pixels, cams, keypoint_axis=axis), points))
                told.append(inside(triangulate(pixels, cams, noise=sigma), points))
            found, told = np.array(found), np.array(told)
            rows.append(
                [
                    f"{frames} x {keypoints}",
                    "-" if axis is None else "named",
                    f"{100 * found[:, 0].mean():.1f}",
                    f"{100 * found[:, 0].min():.1f}",
                    f"{100 * told[:, 0].mean():.1f}",
                    f"{found[:, 1].mean() / told[:, 1].mean():.4f}",
                    f"{(found[:, 1] / told[:, 1]).max():.4f}",
                ]
            )
    head = ["frames x keypoints", "keypoint axis", "in the 95 % ellipsoid %", "least", "noise told %"]
    table([*head, "error over told", "most"], rows)


def rigs_that_are_off(seeds):
    say("## Simulation: each camera off by 0.2 degrees and 5 mm, 1 px of independent noise, 60 frames")
    say()
    rigs = {
        "Human3.6M S9": human36m_cameras("S9"),
        "Human3.6M S11": human36m_cameras("S11"),
        "Qualisys": real.people_cameras(),
        "ring of 8": scenes.ring(8),
    }
    rows = []
    for name, cams in rigs.items():
        found, equal = [], []
        for seed in seeds:
            points, pixels = scenes.off(cams, 60, 17, 1.0, 0.2, 0.005, seed)
            result = triangulate(pixels, cams, keypoint_axis=1)
            found.append((*inside(result, points), inside_the_scene(result, points)))
            result = triangulate(pixels, cams, noise=5.0)
            equal.append((inside(result, points)[1], inside_the_scene(result, points)))
        share, own, own_inside = np.mean(found, axis=0)
        other, other_inside = np.mean(equal, axis=0)
        cells = [f"{own:.2f}", f"{own / other:.3f}", f"{own_inside:.2f}", f"{own_inside / other_inside:.3f}"]
        rows.append([name, *cells, f"{100 * share:.1f}"])
    over = "over all cameras at 5 px"
    table(["rig", "mean mm", over, "mm, scene aligned", over, "in the 95 % ellipsoid %"], rows)


def corrected_sessions(count):
    say("## Simulation: people seen by cameras that are off, with errors like a detector's, 80 frames")
    say()
    rows = []
    for label, make in (
        ("calibration off by 0.05 degrees and 1 mm", sessions.sound),
        ("no error, detector's errors alike over 0.2 m", functools.partial(sessions.alike, reach=0.2)),
        ("no error, detector's errors alike over 0.4 m", functools.partial(sessions.alike, reach=0.4)),
        ("every camera off by 1 degree and 3 cm", sessions.rig_off),
        ("one camera turned by 2 to 10 degrees", sessions.turned_camera),
        ("one camera shifted by 5 to 30 cm", sessions.shifted_camera),
    ):
        errors, aligned, shares, corrected = [], [], [], []
        for seed in range(30_000, 30_000 + count):
            session = make(np.random.default_rng(seed))
            both = [
                triangulate(
                    session.points2d, session.cameras, keypoint_axis=1,
                    options=TriangulationOptions(correct_rig=correct),
                )
                for correct in (False, True)
            ]  # fmt: skip
            found = [inside(result, session.truth) for result in both]
            errors.append([mean for _, mean in found])
            aligned.append([inside_the_scene(result, session.truth) for result in both])
            shares.append([share for share, _ in found])
            corrected.append(both[1].noise.rig_errors is not None)
        before, after = np.mean(errors, axis=0)
        ratios = np.divide(*np.array(errors).T[::-1])[corrected]
        worst = f"{np.quantile(ratios, 0.9):.2f}" if len(ratios) else "-"
        cells = [f"{100 * np.mean(corrected):.0f}", f"{before:.1f}", f"{after:.1f}", worst]
        cells += [f"{mean:.1f}" for mean in np.mean(aligned, axis=0)]
        rows.append([label, *cells, *(f"{100 * share:.1f}" for share in np.mean(shares, axis=0))])
    after = "with correction"
    head = ["sessions", "corrected %", "mean mm as given", after, "90 % of ratios below"]
    table([*head, "mm, scene aligned", after, "in the 95 % ellipsoid %", after], rows)
    say("*Scene aligned*: after one rigid move of the whole recording. It takes away where the scene lies.")
    say()


def demo():
    say("## The demo, whose detector errs alike in every frame")
    say()
    session = demo_session()
    found = detect(session, load_detector("mvtri-demo"))
    pixels, scores, covariances = (
        to_array(found, name).astype(np.float64) for name in ("position", "confidence", "covariance")
    )
    truth = to_array(demo_truth())
    names = [str(name) for name in found["keypoints"].to_numpy()]
    spine = [names.index(name) for name in get_skeleton("spinetrack37").groups["spine"]]
    rows = []
    for label, options in (
        ("ransac with covariances (the default)", {"scores": scores, "covariances": covariances}),
        ("the same, covariances as stated", {"scores": scores, "covariances": covariances, "noise": 1.0}),
        ("ransac with scores", {"scores": scores}),
        ("ransac", {}),
        ("weighted dlt", {"scores": scores, "method": "dlt"}),
    ):
        result = triangulate(pixels, session.cameras, keypoint_axis=2, **options)
        errors = np.linalg.norm(result.points - truth, axis=-1) * 1e3
        share, mean = inside(result, truth)
        cells = [f"{mean:.2f}", f"{np.nanmean(errors[:, :, spine]):.2f}", f"{100 * share:.1f}"]
        rows.append([label, *cells, f"{result.noise.shape:g}" if "covariances" in options else "-"])
    table(["estimator", "MPJPE mm", "spine mm", "in the 95 % ellipsoid %", "power of the axes' ratio"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--seed", type=int, default=100, help="first seed of the simulations")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + (3 if options.quick else 12))
    say("# Errors that are shared: real recordings and simulations")
    say()
    sections = {
        "boards": boards,
        "people": people,
        "slow": lambda: slow_noise(seeds),
        "rigs": lambda: rigs_that_are_off(seeds),
        "sessions": lambda: corrected_sessions(20 if options.quick else 200),
        "demo": demo,
    }
    run(sections, options, HERE / "real.md", whole=options.seed == 100)


if __name__ == "__main__":
    main()
