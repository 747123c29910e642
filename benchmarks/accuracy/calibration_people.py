"""How exact cameras from people are: refined, located, and found from nothing; on a real rig and simulated.

Run ``python benchmarks/accuracy/calibration_people.py`` (``--quick`` for fewer seeds, ``--only real rigs``
for some sections).  It reads the real recordings from MVTRI_DATA, else from ../shared/data beside the
checkout; it prints its tables and writes them beside this file.  What is simulated is a walk of 30 seconds
before Human3.6M's cameras of S9, with a detector of `mvtri.synthetic.noise_model`.  Constants were chosen on
the seeds 0 to 6; seeds from 10,000 on are reported.
"""

import argparse
import pathlib
import sys
import time
import warnings

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import real_recordings as real
from benchmark_tables import add_options, run, say, table
from triangulation_scenes import rig as ring

from mvtri import get_skeleton, human36m_cameras, load_detector, open_session, triangulate
from mvtri.calib.bundle import Freedom, adjust_points
from mvtri.calib.bundle.align import align
from mvtri.calib.people import locate_cameras, refine_cameras, rig_from_people
from mvtri.calib.people.agreement import AS_GIVEN, left_out_errors, residual
from mvtri.calib.people.recording import People
from mvtri.calib.people.refine import CHOICES, fit
from mvtri.calib.people.time_shifts import shifted
from mvtri.detection import load_boxes
from mvtri.pipeline import person_pixels
from mvtri.plausibility import PlausibilityWarning
from mvtri.plausibility.body import stature_of
from mvtri.synthetic import noise_model, walk_about
from mvtri.synthetic.random_processes import lasting_normal

HERE = pathlib.Path(__file__).resolve().parent
FRAMES, FPS, FIRST_SEED = 1500, 50.0, 10_000
NAMES = get_skeleton("spinetrack37").keypoints
CAMS = human36m_cameras("S9")


def observed(points, kind, seed, cams=CAMS):
    """Return what a detector says (T, K, C, 2), px, NaN below a score of 0.3."""
    seen = noise_model(kind, 5.0).observe(points, cams, NAMES, FPS, seed)
    return np.where(seen.scores[..., None] >= real.MIN_SCORE, seen.points2d, np.nan)


def distances(found, true):
    """Return turns, degrees, and distances, mm, from the true cameras, one rig laid over the other."""
    laid = align(found, true, robust=False).cameras(found)
    turns = Rotation.from_matrix(laid.rotations @ true.rotations.transpose(0, 2, 1)).magnitude()
    return np.degrees(turns), 1e3 * np.linalg.norm(laid.centers - true.centers, axis=1)


def displaced(camera, seed, degrees=3.0, metres=0.1):
    """Return the cameras, one of them turned and moved in a random direction."""
    axis, way = np.random.default_rng(seed).normal(size=(2, 3))
    errors = np.zeros((len(CAMS), 6))
    errors[camera, :3] = np.radians(degrees) * axis / np.linalg.norm(axis)
    errors[camera, 3:] = metres * way / np.linalg.norm(way)
    return CAMS.displaced(errors)


def body_error(points, truth):
    """Return the mean error, mm, after the best rotation, move and scale of the whole recording."""
    good = np.isfinite(points[..., 0])
    a, b = points[good] - points[good].mean(axis=0), truth[good] - truth[good].mean(axis=0)
    U, S, Vt = np.linalg.svd(b.T @ a)
    D = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
    scale = (S * D.diagonal()).sum() / (a**2).sum()
    return 1e3 * np.linalg.norm(scale * a @ (U @ D @ Vt).T - b, axis=1).mean()


def of(values, form="{:.1f}"):
    """Return values with strokes between them."""
    return " / ".join(form.format(value) for value in values)


def real_rig():
    say("## The real rig of Pose2Sim, refined on people (OpenPose, score 0.3 or more)")
    say()
    cams = real.people_cameras()
    single, person = (real.associated_person(name, 0) for name in ("single_person", "two_people"))
    first, second = People.read([single], len(cams)).halves()
    refined = fit(first, cams, CHOICES["poses"]).cameras
    rows = []
    for label, rig in (("as shipped", cams), ("refined on the first half", refined)):
        default = triangulate(second.pixels, rig, options=AS_GIVEN).points
        errors = np.linalg.norm(rig.project(default) - second.pixels, axis=-1)
        cells = [of(left_out_errors(half.pixels, rig)) for half in (second, first)]
        rows.append([label, *cells, f"{residual(second.pixels, rig):.1f}", f"{np.nanmedian(errors):.1f}"])
    table(["cameras", "px, second half", "px, first half", "px, all views", "of mvtri.triangulate"], rows)
    say(
        "Medians. Columns 2 and 3: each camera about what the three others predict. The last two: over all "
        "views of the second half, for points that Student's t fits, and for those of `mvtri.triangulate`."
    )
    say()
    starts = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        turns, moves = rng.normal(size=(2, len(cams), 3))
        turns *= np.radians(2.0) / np.linalg.norm(turns, axis=1, keepdims=True)
        moves *= 0.05 / np.linalg.norm(moves, axis=1, keepdims=True)
        starts.append(fit(first, cams.displaced(np.c_[turns, moves]), CHOICES["poses"]).cameras)
    apart = [distances(start, refined) for start in starts]
    say(
        "From ten starts, each camera 2 degrees and 5 cm off: turns within "
        f"{max(turn.max() for turn, _ in apart):.3f} degrees and places within "
        f"{max(move.max() for _, move in apart):.2f} mm of the same rig."
    )
    say()
    found = refine_cameras(single, cams)
    rows = [
        [
            name,
            f"{found.turns[i]:.2f} ± {1.96 * found.turn_deviations[i]:.2f}",
            f"{1e3 * found.moves[i]:.0f} ± {1.96e3 * found.move_deviations[i]:.0f}",
        ]
        for i, name in enumerate(cams.names)
    ]
    table(["camera", "turned, degrees", "moved, mm"], rows)
    errors = {choice.name: of(choice.errors) for choice in found.choices}
    say(
        f"What may change is chosen by held-out halves, px: as shipped {of(found.errors_before)}; "
        + "; ".join(f"{name} {text}" for name, text in errors.items())
        + f". Chosen: {found.chosen}."
    )
    say()
    for label, recordings in (
        ("Person 0 of two_people alone", [person]),
        ("Both recordings together", [single, person]),
    ):
        doubts = [doubt.text for doubt in refine_cameras(recordings, cams).doubts]
        say(f"{label}: {'; '.join(doubts) or 'no doubt'}.")
        say()


def from_videos():
    say("## The same rig from its videos, with MoveNet (Thunder, boxes by RTMDet nano, score 0.3 or more)")
    say()
    folder, models = real.data_folder() / "pose2sim", real.data_folder() / "models"
    session = open_session(
        folder / "single_person", calibration=folder / "calibration" / "Calib.qca.txt", pose=False
    )
    detector = load_detector(models / "movenet_thunder_heatmap.onnx")
    boxes = load_boxes(models / "rtmdet_nano.onnx")
    pixels, cams = person_pixels(session, session.cameras, detector, boxes=boxes, min_score=real.MIN_SCORE)
    first, second = People.read([pixels], len(cams)).halves()
    own = fit(first, cams, CHOICES["poses"]).cameras
    openpose, _ = People.read([real.associated_person("single_person", 0)], len(cams)).halves()
    rows = []
    for label, rig in (
        ("as shipped", cams),
        ("refined on the first half, MoveNet", own),
        ("refined on the first half, OpenPose", fit(openpose, cams, CHOICES["poses"]).cameras),
    ):
        cells = [of(left_out_errors(half.pixels, rig)) for half in (second, first)]
        rows.append([label, *cells, f"{residual(second.pixels, rig):.1f}"])
    table(["cameras", "px, second half", "px, first half", "px, all views"], rows)
    found = refine_cameras(pixels, cams)
    doubts = "; ".join(doubt.text for doubt in found.doubts) or "none"
    say(
        "Medians, as above; the 2D that is judged is MoveNet's. Held-out halves, px: as shipped "
        f"{of(found.errors_before)}; "
        + "; ".join(f"{choice.name} {of(choice.errors)}" for choice in found.choices)
        + f". Chosen: {found.chosen}. Doubts: {doubts}."
    )
    say()


def one_displaced(seeds):
    say("## Simulation: one of four cameras displaced by 3 degrees and 10 cm, or of unknown pose")
    say()
    rows = []
    for kind in ("iid", "all"):
        for label in ("displaced", "unknown"):
            turns, moves, calm = [], [], []
            for seed in seeds:
                camera = seed % len(CAMS)
                pixels = observed(walk_about(FRAMES, seed), kind, seed)
                if label == "displaced":
                    found = refine_cameras(pixels, displaced(camera, seed), free="poses").cameras
                else:
                    lost = np.zeros((len(CAMS), 6))
                    lost[camera] = np.random.default_rng(seed).uniform(-3.0, 3.0, 6)
                    found = locate_cameras(pixels, CAMS.displaced(lost), [CAMS.names[camera]]).cameras
                turn, move = distances(found, CAMS)
                turns.append(turn[camera])
                moves.append(move[camera])
                calm.append(np.delete(np.linalg.norm(found.centers - CAMS.centers, axis=1), camera))
            rows.append(
                [
                    f"{kind}:5",
                    label,
                    len(seeds),
                    *(f"{np.median(each):.3f} ({np.max(each):.3f})" for each in (turns,)),
                    f"{np.median(moves):.1f} ({np.max(moves):.1f})",
                    f"{1e3 * np.median(calm):.1f}",
                ]
            )
    table(["2D", "camera", "walks", "degrees (most)", "mm (most)", "other cameras, mm"], rows)


UNKNOWN = ("focal lengths within 20 %", "focal lengths unknown")
LATE = ("focal lengths within 20 %, cameras up to 1 s late",)


def from_nothing(seeds, title, labels):
    say(f"## Simulation: {title}")
    say()
    rows = []
    size = np.linalg.norm(CAMS.centers[:, None] - CAMS.centers, axis=-1).max()
    for label in labels:
        values = []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            points = walk_about(FRAMES + 120, seed)
            pixels = observed(points, "all", seed)
            late = np.zeros(len(CAMS))
            if "late" in label:
                late = rng.uniform(0.0, 50.0, len(CAMS))
                late -= late[0]
                pixels = shifted(pixels, -late)
            pixels, points = pixels[60:-60], points[60:-60]
            focal = rng.uniform(0.8, 1.2, len(CAMS)) * CAMS.matrices[:, 0, 0]
            found = rig_from_people(
                pixels, CAMS.image_sizes, CAMS.names, focal=None if "unknown" in label else focal,
                keypoints=NAMES, height=stature_of(points, NAMES), reach=52 if "late" in label else 0,
            )  # fmt: skip
            turn, move = distances(found.cameras, CAMS)
            rates = found.cameras.matrices[:, 0, 0] / CAMS.matrices[:, 0, 0] - 1.0
            own, true = (
                body_error(triangulate(seen, cams, keypoint_axis=1, options=AS_GIVEN).points, points)
                for seen, cams in (
                    (shifted(pixels, found.shifts), found.cameras),
                    (shifted(pixels, late), CAMS),
                )
            )
            values.append(
                [turn.max(), 0.1 * move.max() / size, 100.0 * np.abs(rates).max(), own - true,
                 np.abs(found.shifts - late).max()]
            )  # fmt: skip
        median, most = np.median(values, axis=0), np.max(values, axis=0)
        cells = [f"{a:.2f} ({b:.2f})" for a, b in zip(median, most)]
        rows.append([label, len(seeds), *cells[:4], cells[4] if "late" in label else "-"])
    head = ["what is known", "walks", "degrees (most)", "places, % of the rig", "focal lengths, %"]
    table([*head, "points, mm above the true rig's", "time, frames"], rows)
    say(
        "The worst of four cameras in each walk: median over walks, and the most; all:5. The true principal "
        "points are 12 px from the middle of the image, where they are taken to be: that is 0.6 degrees."
    )
    say()


def coverage(seeds):
    say("## Simulation: how many errors the 95 % intervals hold")
    say()
    rows = []
    for label in ("independent", "constant for a keypoint in a view, and slow"):
        inside = {"poses": [], "focal": []}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            cams = ring(int(rng.integers(3, 7)))
            points = walk_about(300, seed)[:, ::2]
            shape = (*points.shape[:2], len(cams), 2)
            if label == "independent":
                errors = rng.normal(0.0, 3.0, shape)
            else:
                errors = rng.normal(0.0, 3.0, (1, *shape[1:])) + 3.0 * lasting_normal(rng, shape, 10.0)
            people = People.read([cams.project(points) + errors], len(cams))
            groups = () if label == "independent" else people.groups()
            for name in inside:
                found = adjust_points(cams, people.pixels, points, CHOICES[name], groups=groups, fixed=(0, 1))
                inside[name].append(np.abs(found.moved) < 1.96 * found.standard_deviations)
        shares = [100.0 * np.concatenate(each).mean() for each in inside.values()]
        rows.append([label, len(seeds), *(f"{share:.1f}" for share in shares)])
    table(["errors", "rigs", "poses %", "poses and focal lengths %"], rows)


def speed():
    say("## 8 cameras x 2,000 frames x 17 keypoints, from 3 degrees and 10 cm off, 3 px and 10 % outliers")
    say()
    cams, rng = ring(8), np.random.default_rng(FIRST_SEED)
    points = walk_about(2000, FIRST_SEED, radius=2.5)[:, :17]
    pixels = cams.project(points) + rng.normal(0.0, 3.0, (*points.shape[:2], 8, 2))
    hit = rng.random(pixels.shape[:3]) < 0.1
    pixels[hit] += rng.normal(0.0, 80.0, (hit.sum(), 2))
    axes, ways = rng.normal(size=(2, 8, 3))
    axes *= np.radians(3.0) / np.linalg.norm(axes, axis=1, keepdims=True)
    ways *= 0.1 / np.linalg.norm(ways, axis=1, keepdims=True)
    start = cams.displaced(np.c_[axes, ways])
    adjust_points(start, pixels[:50], points[:50], Freedom())  # compiles
    triangulate(pixels[:50], start, method="dlt")
    times = []
    for _ in range(3):
        began = time.process_time()
        found = start
        first = triangulate(pixels, start, method="dlt", workers=1).points
        found = adjust_points(start, pixels, first, Freedom(), workers=1)
        times.append(time.process_time() - began)
    turns, moves = distances(found.cameras, cams)
    spread = found.standard_deviations.reshape(8, 6)
    cells = [f"{np.median(times):.2f}", f"{moves.max():.2f}", f"{turns.max():.4f}"]
    cells += [f"{1e3 * spread[:, 3:].mean():.2f}", f"{np.degrees(spread[:, :3].mean()):.4f}"]
    head = ["processor time, s", "centres, mm (worst)", "turns, degrees (worst)", "sd, mm", "sd, degrees"]
    table(head, [cells])
    say("One thread, triangulation and covariance included; after a similarity.")
    say()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore", PlausibilityWarning)
    few = range(FIRST_SEED, FIRST_SEED + (2 if options.quick else 8))
    many = range(FIRST_SEED, FIRST_SEED + (20 if options.quick else 200))
    say("# Cameras from people")
    say("\nMade by `python benchmarks/accuracy/calibration_people.py`.")
    say()
    sections = {
        "real": real_rig,
        "videos": from_videos,
        "displaced": lambda: one_displaced(few),
        "nothing": lambda: from_nothing(few, "a rig of four from nothing", UNKNOWN),
        "late": lambda: from_nothing(few, "the same, with cameras that start late", LATE),
        "coverage": lambda: coverage(many),
        "speed": speed,
    }
    run(sections, options, HERE / "calibration_people.md")


if __name__ == "__main__":
    main()
