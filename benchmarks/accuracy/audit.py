"""How often `mvtri audit` names the right cause, on generated sessions with one known fault each.

    python benchmarks/accuracy/audit.py                 # the table of audit.md; two hours of one core
    python benchmarks/accuracy/audit.py --sessions 20   # fewer sessions of each kind; the table says how many
    python benchmarks/accuracy/audit.py --quick         # five sessions of each kind; the table is not written
    python benchmarks/accuracy/audit.py --keep FILE     # keeps results: a run that was stopped goes on

Thresholds were chosen on the seeds 0 to 149; the table is made on those from 10,000 on.  A session is 200
frames (4 s) of a moving person as in `verdicts.py`; `audit_sessions` holds the faults.  "Named" means that
the audit names the fault, the right camera where it is one camera's, and no other cause.  Where it names a
second cause that explains the views as well (in a symmetric room, two exchanged cameras are a mirrored room),
that counts as named, too.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are small, and the processes many

import audit_sessions
import numpy as np
from verdict_sessions import NAMES

from mvtri.diagnostics.audit import audit_cameras

REPORTED_FROM = 10_000
GOOD_ONES = 5  # for each session of a fault
SHOWN = 0.5  # px: less than that nobody can see under noise of 1 to 4 px that lasts
FAULTS = {  # which findings name it, and in what words the table calls it
    "unit_ten": ({"unit", "board_size"}, "unit off by 10, 100 or 1000"),
    "inverted": ({"inverted"}, "R and t inverted"),
    "transposed": ({"inverted"}, "R transposed"),
    "centre": ({"centre"}, "centre taken for translation"),
    "mirrored_axes": ({"mirrored_axes"}, "mirrored axes (left-handed world)"),
    "inverted_camera": ({"inverted"}, "R and t of one camera inverted"),
    "transposed_camera": ({"inverted"}, "R of one camera transposed"),
    "centre_camera": ({"centre"}, "centre taken for translation, one camera"),
    "exchanged_cameras": ({"exchanged_cameras"}, "two cameras exchanged"),
    "resolution": ({"resolution"}, "2D of another resolution"),
    "resolution_camera": ({"resolution"}, "2D of another resolution, one camera"),
    "turned_video": ({"turned"}, "video of one camera turned"),
    "cropped": ({"cropped"}, "all videos cropped"),
    "undistorted_twice": ({"lens_twice"}, "distortion taken out twice (wide lenses)"),
    "lens_missing": ({"lens_missing"}, "distortion missing (wide lenses)"),
    "lens_model": ({"lens_model"}, "distortion of another model (wide lenses)"),
    "turned_camera": ({"camera"}, "one camera turned by 2 to 10 degrees"),
    "moved_meanwhile": ({"moved_meanwhile"}, "one camera turned part-way by 2 to 8 degrees"),
    "late_camera": ({"late"}, "one camera 2 to 10 frames late"),
    "stale": ({"stale"}, "calibration of another session"),
    "rig_off": ({"rig", "undecidable"}, "every camera off by 1 degree and 3 cm"),
}


def main():
    """Print the table, and write it beside this script unless it is a quick one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="five sessions of each kind")
    parser.add_argument(
        "--sessions", type=int, default=200, help="of each fault; five times as many good ones"
    )
    parser.add_argument("--from", dest="first", type=int, default=REPORTED_FROM, help="the first seed")
    parser.add_argument("--only", nargs="+", metavar="KIND", help="these kinds alone; no table is written")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep results there, and skip those it has")
    parser.add_argument("--minutes", type=float, default=np.inf, help="begin no session after so many")
    options = parser.parse_args()
    count = 5 if options.quick else options.sessions
    kinds = [kind for kind in (*FAULTS, "sound") if kind in (options.only or (*FAULTS, "sound"))]
    jobs = list(jobs_of(kinds, options.first, count))
    started = time.perf_counter()
    found = run(jobs, options.processes, options.keep, started + 60 * options.minutes)
    for row in itertools.chain(*found.values()) if options.only else ():
        if row["named"] != (row["kind"] != "sound"):
            print(row)
    text = table(found, options.first)
    print(text)
    print(f"{time.perf_counter() - started:.0f} s with {options.processes} processes")
    if not (options.quick or options.only):
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


def jobs_of(kinds, first, count):
    """Yield the kind and the seed of each session, a session of each fault and five good ones at a time."""
    for index in range(count):
        for kind in kinds:
            for each in range(GOOD_ONES if kind == "sound" else 1):
                yield kind, first + (GOOD_ONES * index + each if kind == "sound" else index)


def run(jobs, processes, keep, until):
    """Return the results by kind; they are kept line by line in the file `keep`, and what it has is used."""
    found = {kind: [] for kind, _ in jobs}
    known = [json.loads(line) for line in keep.read_text().splitlines()] if keep and keep.exists() else []
    done = {(row["kind"], row["seed"]) for row in known}
    for row in known:
        if (row["kind"], row["seed"]) in set(jobs):
            found[row["kind"]].append(row)
    left = [job for job in jobs if job not in done]
    in_time = itertools.takewhile(lambda job: time.perf_counter() < until, left)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(keep.open("a")) if keep else None
        rows = map(judge, in_time)
        if processes > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(processes))
            rows = pool.imap_unordered(judge, left)
        for row in rows:
            found[row["kind"]].append(row)
            if log:
                print(json.dumps(row), file=log, flush=True)
            if time.perf_counter() > until:
                break
    return found


def judge(job):
    """Return whether the fault of a session is named, whether it is found unsound, and what is found."""
    kind, seed = job
    session = getattr(audit_sessions, kind)(np.random.default_rng([seed, sum(map(ord, kind))]))
    times = np.arange(len(session.points2d)) / 50
    audit = audit_cameras(session.cameras, session.points2d, keypoints=NAMES, times=times)
    wrong = [finding for finding in audit.findings if finding.level == "bad"]
    wanted = FAULTS.get(kind, (set(),))[0]
    named = len(wrong) == 1 and bool(wanted & {wrong[0].kind, *wrong[0].alternatives})
    if named and session.displaced is not None:
        named = wrong[0].cameras == (session.cameras.names[session.displaced],)
    row = {"kind": kind, "seed": seed, "named": named, "unsound": not audit.sound}
    row["findings"] = [finding.kind for finding in audit.findings]
    if session.clean is not None:
        row["shown"] = round(audit_sessions.shown(session), 3)
    return row


HEAD = """# How often `mvtri audit` names the right cause

Made by `python benchmarks/accuracy/audit.py` on the seeds from {first:,} on, on generated sessions of 4 s.
The script says what they are, and what counts as named. In brackets: the 95 % interval that so many sessions
allow (Wilson's).

| fault | sessions | named | found unsound |
|---|---|---|---|
"""


def table(found, first):
    """Return the table as Markdown."""
    rows = []
    for kind, (_, words) in FAULTS.items():
        if found.get(kind):
            named, unsound = (sum(row[what] for row in found[kind]) for what in ("named", "unsound"))
            n = len(found[kind])
            low, high = (100 * share for share in wilson(named, n))
            share = f"{100 * named / n:.1f} % ({low:.0f} to {high:.0f})"
            rows.append(f"| {words} | {n} | {share} | {100 * unsound / n:.1f} % |")
    text = HEAD.format(first=first) + "\n".join(rows) + "\n" + lens_text(found)
    if found.get("sound"):
        n = len(found["sound"])
        alarms = sum(row["unsound"] for row in found["sound"])
        looks = sum(bool(row["findings"]) for row in found["sound"]) - alarms
        most = 100 * wilson(alarms, n)[1]
        text += (
            f"\nOf {n:,} sound sessions {alarms} are called unsound (so at most {most:.1f} % of all), and of "
        )
        text += f"{looks} the audit asks for a look.\n"
    return text


def lens_text(found):
    """Return how much wrong lenses show at all, and how they are named where they show."""
    lines = []
    for kind in ("undistorted_twice", "lens_missing", "lens_model"):
        rows = found.get(kind, [])
        clear = [row for row in rows if row["shown"] >= SHOWN]
        if rows and clear:
            middle, named = np.median([row["shown"] for row in rows]), [row["named"] for row in clear]
            lines.append(
                f"- {FAULTS[kind][1]}: {middle:.1f} px in the median; at least {SHOWN:g} px in {len(clear)} "
                f"of {len(rows)}, of which {100 * np.mean(named):.1f} % are named"
            )
    if not lines:
        return ""
    return (
        "\nA wrong lens bends the picture, and the 3D points and a detector's constant errors take up most "
        "of that. What is left (root mean square of a coordinate, without noise):\n\n"
        + "\n".join(lines)
        + "\n"
    )


def wilson(count, n):
    """Return the 95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, count / n
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


if __name__ == "__main__":
    main()
