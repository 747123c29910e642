"""How well views are found in which a detector took left for right, on generated, rendered and real people.

    python benchmarks/accuracy/left_right.py            # the tables of left_right.md, about two minutes
    python benchmarks/accuracy/left_right.py --quick    # a tenth of the sessions; nothing is written

Generated sessions are those of `verdicts.py`, with the errors of a detector, which last and are shared; 5 %
of the views are exchanged.  The limit (`mvtri.pipeline.choose_views.CERTAIN`) was chosen on the seeds 910,000
to 910,029; the table is made on those from 10,000 on.  The demo is rendered, and its 2D that of its network.
The real recordings (`MVTRI_DATA`, Pose2Sim's) are taken as they are.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import real_recordings as real
import verdict_sessions
from benchmark_tables import add_options, run, say, table

import mvtri
from mvtri.pipeline.choose_views import correct_left_right, sides_of
from mvtri.sessions import demo_session, demo_truth
from mvtri.skeletons import get_skeleton, left_right_pairs
from mvtri.tracks import make_detections, to_array
from mvtri.triangulation import exchange

FIRST, SHARE = 10_000, 0.05
KINDS = {
    "sound": (100, "the calibration is right"),
    "rig_off": (50, "every camera off by 1 degree and 3 cm"),
    "shifted_camera": (50, "one camera shifted by 5 to 30 cm"),
    "turned_camera": (50, "one camera turned by 2 to 10 degrees"),
}


def main():
    """Print the tables, and write them beside this script unless it is a quick run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    say("# Left and right")
    say()
    say("Made by `python benchmarks/accuracy/left_right.py`.")
    say()
    sections = {"generated": lambda: generated(options.quick), "demo": demo}
    if os.environ.get("MVTRI_DATA"):
        sections["recordings"] = recordings
    run(sections, options, Path(__file__).with_suffix(".md"))


def generated(quick):
    """Print the table of generated sessions."""
    say(f"## Generated sessions (synthetic, seeds from {FIRST:,} on), 5 % of the views exchanged")
    say()
    head = [
        "sessions",
        "views",
        "exchanged back",
        "right ones exchanged",
        "the same where none was wrong",
        "of these in the displaced camera",
    ]
    table(head, [row(kind, count // (10 if quick else 1), words) for kind, (count, words) in KINDS.items()])
    say("*Right ones exchanged*: as a share of all views.")
    say()


def row(kind, count, words):
    """Return a row of the table of generated sessions."""
    names = get_skeleton("spinetrack37").keypoints
    pairs, sums = left_right_pairs(names), np.zeros(6)
    for index in range(count):
        rng = np.random.default_rng([FIRST + index, sum(map(ord, kind))])
        session = getattr(verdict_sessions, kind)(rng)
        views = rng.random((len(session.points2d), len(session.cameras))) < SHARE
        turned = exchange(session.points2d, views, pairs)
        back, plain = (changed_views(points, session.cameras, names) for points in (turned, session.points2d))
        there = 0 if session.displaced is None else plain[:, session.displaced].sum()
        sums += views.size, views.sum(), (back & views).sum(), (back & ~views).sum(), plain.sum(), there
    size, exchanged, found, wrong, wrong_plain, there = sums
    shares = found / exchanged, wrong / size, wrong_plain / size
    where = f"{there:.0f} of {wrong_plain:.0f}" if there else "-"
    return [words, f"{size:,.0f}", *(f"{100 * share:.2f} %" for share in shares), where]


def changed_views(points2d, cameras, names):
    """Return in which views (T, C) left and right are exchanged by `correct_left_right`."""
    detections = make_detections(
        points2d[:, None],
        np.isfinite(points2d[:, None, ..., 0]).astype(float),
        keypoints=names,
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        fps=50.0,
    )
    right, _ = correct_left_right(detections, cameras)
    before, after = (np.nan_to_num(to_array(each)[:, 0]) for each in (detections, right))
    return (before != after).any(axis=(1, 3))


def demo():
    """Print the table of the demo, of whose views some are exchanged."""
    say("## The demo (rendered; 2D of its network)")
    say()
    session, truth = demo_session(), to_array(demo_truth()).astype(float)
    detections = mvtri.detect(session, mvtri.load_detector("mvtri-demo"))
    views = np.random.default_rng(0).random((*truth.shape[:2], len(session.cameras))) < SHARE
    turned = detections.copy(deep=True)
    order = ("time", "individuals", "keypoints", "cameras")
    for name, array in detections.data_vars.items():
        if set(order) <= set(array.dims):
            first = array.transpose(*order, ...)
            values = exchange(first.to_numpy(), views, sides_of(detections))
            turned[name] = first.copy(data=values).transpose(*array.dims)
    rows = []
    for words, found in (("as detected", detections), ("5 % of the views exchanged", turned)):
        errors = []
        for way in ("correct", "keep"):
            tracks = mvtri.reconstruct(found, session.cameras, left_right=way)
            errors.append(1000 * np.linalg.norm(to_array(tracks) - truth, axis=-1).mean())
        rows.append([words, *(f"{error:.2f}" for error in errors)])
    table(["2D", "MPJPE corrected, mm", "MPJPE kept, mm"], rows)


def recordings():
    """Print the table of real recordings."""
    say("## Real recordings, as they are: what is exchanged is probably wrong")
    say()
    cameras, rows = real.people_cameras(), []
    for recording in ("single_person", "two_people"):
        pixels = real.associated_person(recording, 0)
        changed = changed_views(pixels, cameras, get_skeleton("body25b").keypoints)
        rows.append([f"{recording}, person 0", changed.size, changed.sum()])
    table(["recording", "views", "exchanged"], rows)


if __name__ == "__main__":
    main()
