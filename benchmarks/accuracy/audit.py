"""How often `mvtri audit` names the right cause, on generated sessions with one known fault each.

    python benchmarks/accuracy/audit.py                 # the table of audit.md; hours of one core
    python benchmarks/accuracy/audit.py --sessions 20   # fewer sessions of each kind; the table says how many
    python benchmarks/accuracy/audit.py --quick         # five sessions of each kind; the table is not written

Thresholds were chosen on the seeds 0 to 149; the table is made on those from 10,000 on.  A session is 80
frames of a moving person as in `verdicts.py`; `audit_sessions` holds the faults.  "Named" means that the
audit names the fault, the right camera where it is one camera's, and no other cause.  Where it names a second
cause that explains the views as well (in a symmetric room, two exchanged cameras are a mirrored room), that
counts as named, too.
"""

import argparse
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
    options = parser.parse_args()
    count = 5 if options.quick else options.sessions
    counts = dict.fromkeys(FAULTS, count) | {"sound": 5 * count}
    counts = {kind: number for kind, number in counts.items() if kind in (options.only or counts)}
    longest = max(counts.values())
    jobs = [
        (kind, options.first + index) for index in range(longest) for kind in counts if index < counts[kind]
    ]
    started, found = time.perf_counter(), {kind: [] for kind in counts}
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for kind, result in pool.imap_unordered(judge, jobs, chunksize=2):
            found[kind].append(result)
            if options.only and not result[0]:
                print(kind, result)
    text = table(found, options.first)
    print(text)
    print(f"{time.perf_counter() - started:.0f} s with {options.processes} processes")
    if not (options.quick or options.only):
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


def judge(job):
    """Return the kind of a session, and whether its fault is named, whether it is found unsound, and how."""
    kind, seed = job
    session = getattr(audit_sessions, kind)(np.random.default_rng([seed, sum(map(ord, kind))]))
    times = np.arange(len(session.points2d)) / 50
    audit = audit_cameras(session.cameras, session.points2d, keypoints=NAMES, times=times)
    wrong = [finding for finding in audit.findings if finding.level == "bad"]
    wanted = FAULTS.get(kind, (set(),))[0]
    named = len(wrong) == 1 and bool(wanted & {wrong[0].kind, *wrong[0].alternatives})
    if named and session.displaced is not None:
        named = wrong[0].cameras == (session.cameras.names[session.displaced],)
    return kind, (named, not audit.sound, [finding.kind for finding in audit.findings], seed)


HEAD = """# How often `mvtri audit` names the right cause

Made by `python benchmarks/accuracy/audit.py --sessions {count}` on the seeds from {first:,} on, on generated
sessions. The script says what they are, and what counts as named.

| fault | sessions | named | found unsound |
|---|---|---|---|
"""


def table(found, first):
    """Return the table as Markdown."""
    rows = []
    for kind, (_, words) in FAULTS.items():
        if kind in found:
            named, unsound = (np.mean([row[i] for row in found[kind]]) for i in (0, 1))
            rows.append(f"| {words} | {len(found[kind])} | {100 * named:.1f} % | {100 * unsound:.1f} % |")
    text = HEAD.format(count=len(next(iter(found.values()))), first=first) + "\n".join(rows) + "\n"
    if "sound" in found:
        alarms = sum(row[1] for row in found["sound"])
        looks = sum(bool(row[2]) for row in found["sound"]) - alarms
        text += (
            f"\nOf {len(found['sound']):,} sound sessions {alarms} are called unsound, and of {looks} the "
        )
        text += "audit asks for a look.\n"
    return text


if __name__ == "__main__":
    main()
