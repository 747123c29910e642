"""How often the verdicts name the right cause, on generated sessions with one known fault each.

    python benchmarks/accuracy/verdicts.py            # the table of verdicts.md; about 45 minutes of one core
    python benchmarks/accuracy/verdicts.py --quick    # a tenth of the sessions
    python benchmarks/accuracy/verdicts.py --only shifted_camera sound    # renew these rows of the table

Thresholds were chosen on the seeds 0 to 149 (`TUNED_ON`); the table is made on those from 10,000 on, which
nobody looked at before.  A session is 80 frames of a moving person before Human3.6M's cameras (a rig of one
of seven subjects, half of the sessions), a ring or an arc, with the errors of a detector as in
`verdict_sessions.detector_errors`: constant for a keypoint in a view, and alike in neighbouring frames.  The
verdicts are those of `mvtri.diagnostics.diagnose`, called on tracks whose points are the least-squares ones.
"""

import argparse
import dataclasses
import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are small, and the processes many

import numpy as np
import verdict_sessions
from verdict_sessions import NAMES

from mvtri.diagnostics import diagnose
from mvtri.diagnostics.displacement import Views, locate, residuals
from mvtri.plausibility.views import poses_of
from mvtri.tracks import make_tracks

TUNED_ON, REPORTED_FROM = range(150), 10_000
FAULTS = {  # which verdict names it, and in what words the table calls it
    "resolution": ("resolution", "2D of another resolution"),
    "unit": ("unit", "wrong unit"),
    "board_size": ("board_size", "wrong board size, 1.5 to 3 times"),
    "normalised": ("normalised", "normalised 2D"),
    "exchanged": ("exchanged", "x and y exchanged"),
    "y_up": ("y_up", "y points up"),
    "exchanged_cameras": ("exchanged_cameras", "two cameras exchanged"),
}
SMALL = {
    "board_size_a_little": ("board_size", "wrong board size, 1.1 to 1.5 times"),
    "board_size_height_known": ("board_size", "the same with the person's height given"),
}
KNOWN = "a wrong size, with the person's height given"
CAMERAS = {
    "turned_camera": "one camera turned by 2 to 10 degrees",
    "shifted_camera": "one camera shifted by 5 to 30 cm",
}
OTHERS = {
    "two_against_two": "two of four cameras moved together, 3 to 8 degrees",
    "rig_off": "every camera off by 1 degree and 3 cm",
}
COLUMNS = {
    "right": "rightly accused",
    "undecidable": "undecidable",
    "rig": "rig as a whole",
    "below": "not noticed, as said",
    "missed": "not noticed",
    "cause": "another cause named",
    "other": "another camera accused",
}
WITHIN = {"resolution": 0.1, "unit": 0.25, "board_size": 0.25}  # of the factor named, as a logarithm


def main():
    """Print the table, and write it beside this script unless it is a quick one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the sessions; the table is not written"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="KIND", help="the other rows of the table stay as they are"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    share = 10 if options.quick else 1
    counts = dict.fromkeys([*FAULTS, *SMALL, *CAMERAS], 200) | dict.fromkeys(OTHERS, 100)
    counts |= {"sound": 1000, "sound_height_known": 200}
    if not set(options.only or ()) <= counts.keys():
        parser.error(f"--only takes some of {', '.join(counts)}")
    counts = {kind: count // share for kind, count in counts.items() if kind in (options.only or counts)}
    jobs = [(kind, REPORTED_FROM + index) for kind, count in counts.items() for index in range(count)]
    started = time.perf_counter()
    found = {kind: [] for kind in counts}
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for kind, result in pool.imap_unordered(judge, jobs, chunksize=10):
            found[kind].append(result)
    text = table(found, Path(__file__).with_suffix(".md").read_text(encoding="utf-8"))
    print(text)
    print(f"{time.perf_counter() - started:.0f} s with {options.processes} processes")
    if not options.quick:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


def judge(job):
    """Return the kind of a session, and what is said of it."""
    kind, seed = job
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    session = getattr(verdict_sessions, kind)(rng)
    diagnosis = diagnose(tracks_of(session), session.cameras)
    evidence = diagnosis.evidence
    return kind, Result(
        kinds=[verdict.kind for verdict in diagnosis.verdicts if verdict.kind],
        named=names_it(kind, session, diagnosis),
        conclusion="none" if evidence is None else evidence.conclusion,
        hint=evidence is not None and evidence.hint,
        accused=None if evidence is None else evidence.accused,
        displaced=session.displaced,
        below=is_below(session, evidence),
        status=diagnosis.status,
    )


@dataclasses.dataclass(frozen=True)
class Result:
    """What the verdicts say of one session; `below`: the displacement is less than what would be noticed."""

    kinds: list
    named: bool
    conclusion: str
    hint: bool
    accused: int | None
    displaced: int | None
    below: bool
    status: str


def names_it(kind, session, diagnosis):
    """Return whether a verdict names the fault, with the right factor where it has one."""
    wanted = (FAULTS | SMALL).get(kind, ("",))[0]
    close = WITHIN.get(wanted, np.inf)
    return any(
        verdict.kind == wanted and (close == np.inf or abs(np.log(verdict.factor / session.amount)) < close)
        for verdict in diagnosis.verdicts[1:]
    )


def is_below(session, evidence):
    """Return whether a displacement is smaller than what the report says would be noticed."""
    if evidence is None or session.displaced is None:
        return False
    turn, shift = np.median(evidence.noticed, axis=0)
    return session.amount < (shift if session.amount < 1.0 else turn)


def tracks_of(session):
    """Return Tracks with the least-squares points of all views, as `diagnose` reads them."""
    points2d, cameras = session.points2d, session.cameras
    normalised = cameras.undistort(points2d)
    views = Views(normalised, np.isfinite(normalised).all(axis=-1))
    poses = poses_of(cameras)
    points = locate(views, poses)
    error = np.linalg.norm(residuals(views, points, poses), axis=-1)
    return make_tracks(
        points[:, None],
        keypoints=NAMES,
        fps=50.0,
        residuals=error[:, None],
        inliers=np.isfinite(error)[:, None],
        position_2d=points2d[:, None],
        confidence_2d=np.ones(error.shape)[:, None],
        cameras=cameras.names,
        skeleton="spinetrack37",
        provenance={"reconstruct": {"height": session.height}},
    )


HEAD = """# How often the verdicts name the right cause

Made by `python benchmarks/accuracy/verdicts.py` on the seeds from {first:,} on; thresholds were chosen on the
seeds 0 to {last}. The script says what the sessions are.
"""
BETWEEN = """
*Undecidable*: the verdict says so, or that a camera may be slightly displaced. *Not noticed, as said*: the
displacement is below what the report says would be noticed.
"""


def table(found, before=""):
    """Return the tables as Markdown; rows of kinds that were not run are those of the text `before`."""
    kept = {line.split(" | ")[0]: line for line in before.splitlines()}
    lines = [HEAD.format(first=REPORTED_FROM, last=TUNED_ON[-1])]
    lines += ["| fault | sessions | named | with a camera accused |", "|---|---|---|---|"]
    for kind, (_, words) in (FAULTS | SMALL).items():
        if kind in found or f"| {words}" in kept:  # a new kind may not have been run yet
            lines.append(fault_row(words, found[kind]) if kind in found else kept[f"| {words}"])
    lines += [BETWEEN, f"| fault | sessions | {' | '.join(COLUMNS.values())} |"]
    lines += ["|---" * (2 + len(COLUMNS)) + "|"]
    for kind, words in (CAMERAS | OTHERS).items():
        lines.append(camera_row(words, found[kind]) if kind in found else kept[f"| {words}"])
    known = kept.get(f"| {KNOWN}", "")
    if "sound_height_known" in found:
        wrong = [bool({"board_size", "unit"} & set(row.kinds)) for row in found["sound_height_known"]]
        known = f"| {KNOWN} | {sum(wrong)} of {len(wrong)} ({share(wrong)}) |"
    if "sound" not in found:
        rest = before[before.index("\n\nOf ") :].splitlines()
        return (
            "\n".join([*lines, *(line for line in rest[1:] if not line.startswith(f"| {KNOWN}")), known])
            + "\n"
        )
    rows, named = found["sound"], {kind for kind, _ in FAULTS.values()}
    alarms = {
        "a camera accused": [row.accused is not None for row in rows],
        "undecidable, or the rig as a whole": [row.conclusion not in ("agree", "camera") for row in rows],
        "a camera may be slightly displaced": [row.hint for row in rows],
        "a wrong unit, size, axis or resolution": [bool(named & set(row.kinds)) for row in rows],
    }
    lines += ["", f"Of {len(rows):,} sound sessions:", "", "| false verdict | sessions |", "|---|---|"]
    lines += [f"| {words} | {sum(which)} ({share(which)}) |" for words, which in alarms.items()]
    return "\n".join([*lines, known]) + "\n"


def fault_row(words, rows):
    """Return a row of the first table."""
    accused = share([row.accused is not None for row in rows])
    return f"| {words} | {len(rows)} | {share([row.named for row in rows])} | {accused} |"


def camera_row(words, rows):
    """Return a row of the second table."""
    parts = Counter(outcome(row) for row in rows)
    cells = " | ".join(f"{100 * parts[name] / len(rows):.1f} %" for name in COLUMNS)
    return f"| {words} | {len(rows)} | {cells} |"


def outcome(row):
    """Return in which column of the second table a session counts."""
    if row.accused is not None:
        return "right" if row.accused == row.displaced else "other"
    if row.conclusion == "agree" and not row.hint:
        return "below" if row.below else "missed"
    if row.conclusion == "none":  # the 2D is taken for that of another resolution, say
        return "cause"
    return "rig" if row.conclusion in ("rig", "foreign", "contradiction") else "undecidable"


def share(which):
    """Return a share of sessions as text."""
    return f"{100 * np.mean(which):.1f} %"


if __name__ == "__main__":
    main()
