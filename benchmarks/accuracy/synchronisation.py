"""How well time offsets between cameras are found from the keypoints, on generated and real recordings.

    python benchmarks/accuracy/synchronisation.py            # the table of synchronisation.md
    python benchmarks/accuracy/synchronisation.py --quick    # a fifth of the sessions; nothing is written

Sessions are synthetic, 10 s (or 30 s) at 50 frames per second: a moving person before a rig as in
`verdicts.py`, with the errors of a detector as in `verdict_sessions.detector_errors`, which last and are
shared. Each camera is shifted by -10 to 10 frames in steps of 0.1. Settings were chosen on the seeds 0 to
12; the table is made on those from 10,000 on. *Bound* is the least RMS error that any unbiased estimator
can have without knowing how people move (Cramér and Rao's bound): the noise and its correlation in time are
known, the points, the lasting errors and all offsets are not, and there are no outliers. The real recording
(`MVTRI_DATA`, Pose2Sim's single_person) is said to be synchronous: its two halves, 50 frames each, are
compared."""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import verdict_sessions
from scipy.interpolate import CubicSpline

import mvtri
from mvtri.synchronisation import find_offsets
from mvtri.synchronisation.find import REACH, offsets_of_points
from mvtri.synthetic import Body, animate, random_motion

FRAMES, MARGIN, FIRST, SESSIONS = 500, 30, 10_000, 60
LONG = 1500
KINDS = {
    "late": "cameras off by -10 to 10 frames",
    "late_long": "the same, 30 s",
    "on_time": "no offset",
    "displaced": "no offset, one camera turned by 4 degrees",
}
NOTE = (
    "*In the interval*: errors that the 95 % interval holds. *Late*: zero offsets that are said not to be so."
)
DATA = Path(os.environ.get("MVTRI_DATA", ""))


def main():
    """Print the tables, and write them beside this script unless it is a quick run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    count = SESSIONS // 5 if quick else SESSIONS
    lines = [
        "# Time offsets found from the keypoints",
        "",
        f"Made by `python benchmarks/accuracy/synchronisation.py`; synthetic, seeds from {FIRST:,} on.",
        "",
        "| sessions | offsets | RMS error | bound | largest error | within 0.05 | in the interval | late |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, words in KINDS.items():
        lines.append(row(words, [judge(kind, FIRST + index) for index in range(count)]))
        print(lines[-1], flush=True)
    if DATA.name:
        lines += ["", *halves()]
    lines += ["", NOTE]
    text = "\n".join(lines) + "\n"
    print(text)
    if not quick:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


def judge(kind, seed):
    """Return errors of offsets, their bound, whether intervals hold the truth, and who is said to be late."""
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    cameras = verdict_sessions.draw_rig(rng)
    C = len(cameras)
    frames = LONG if kind == "late_long" else FRAMES
    true = np.round(rng.uniform(-10, 10, C), 1) if kind.startswith("late") else np.zeros(C)
    true -= true[0]
    points = animate(Body.sample(rng), random_motion(frames + 2 * MARGIN, rng)).keypoints
    points[..., :2] += rng.uniform(-0.7, 0.7, 2) - points[..., :2].mean(axis=(0, 1))
    motion = CubicSpline(np.arange(-MARGIN, frames + MARGIN), points, axis=0)
    t = np.arange(frames)
    seen = np.stack([cameras.project(motion(t - true[c]))[:, :, c] for c in range(C)], axis=2)
    errors = verdict_sessions.detector_errors(rng, points[0], seen.shape)
    seen += errors
    seen[rng.random(seen.shape[:3]) < 0.03] = np.nan
    turns, shifts = np.radians(0.05) * rng.standard_normal((C, 3)), 1e-3 * rng.standard_normal((C, 3))
    if kind == "displaced":
        turns[1] += np.sqrt(3) * np.radians(4) * verdict_sessions.unit_vector(rng)
    rig = verdict_sessions.moved(cameras, turns / np.sqrt(3), shifts / np.sqrt(3))
    found = offsets_of_points(seen, rig, t / 50.0, True, REACH)
    off = (found.frames - true)[1:]
    held, late = np.abs(off) <= found.interval[1:], found.significant[1:] & (true[1:] == 0)
    return off, bound(cameras, motion, errors), held, late


def bound(cameras, motion, errors):
    """Return the least standard deviation of each offset (C - 1,): Cramér & Rao's, for first-order noise.

    Whitened in time, the noise is independent.  Points that are free in each frame and an error of each
    keypoint in each view that lasts are projected out; what is left of the velocities is the information.
    """
    noise = errors - np.median(errors, axis=0)
    size = 1.4826 * np.median(np.abs(noise))
    noise = np.where(np.abs(noise) < 5 * size, noise, np.nan)
    a = np.nanmean(noise[1:] * noise[:-1]) / np.nanmean(noise**2)
    t = np.arange(len(errors))
    T, K, C, _ = errors.shape
    moves = np.zeros((T, K, C, 2, C))
    velocities = (cameras.project(motion(t + 0.05)) - cameras.project(motion(t - 0.05))) / 0.1
    for camera in range(C):
        moves[:, :, camera, :, camera] = velocities[:, :, camera]
    moves = moves.reshape(T, K, 2 * C, C)
    white = (moves[1:] - a * moves[:-1]) / (np.sqrt(1 - a * a) * size)
    steps = 1e-3 * np.eye(3)
    points = motion(t[1:])
    jacobian = np.stack([cameras.project(points + e) - cameras.project(points - e) for e in steps], axis=-1)
    basis = np.linalg.qr(jacobian.reshape(T - 1, K, 2 * C, 3))[0]
    free = np.eye(2 * C) - basis @ basis.swapaxes(-1, -2)
    white = free @ white
    lasting, cross = free.sum(axis=0) + 1e-9 * np.eye(2 * C), white.sum(axis=0)
    information = np.einsum("tkia,tkib->ab", white, white, optimize=True)
    information -= np.einsum("kia,kib->ab", cross, np.linalg.solve(lasting, cross))
    return np.sqrt(np.diag(np.linalg.inv(information[1:, 1:])))


def row(words, results):
    """Return a row of the table."""
    off, least, held, said = (np.concatenate(each) for each in zip(*results))
    known = np.isfinite(off)
    off, least = off[known], np.sqrt(np.mean(least[known] ** 2))
    within, inside = (np.abs(off) <= 0.05).sum() / len(known), held[known].mean()
    error = np.sqrt(np.mean(off**2))
    return (
        f"| {words} | {len(known)} | {error:.3f} frames | {least:.3f} | {np.abs(off).max():.3f} "
        f"| {100 * within:.1f} % | {100 * inside:.1f} % | {said.sum()} |"
    )


def halves():
    """Return a table of the offsets in the halves of a real recording."""
    folder = DATA / "pose2sim"
    session = mvtri.open_session(
        folder / "single_person",
        calibration=folder / "calibration" / "Calib.qca.txt",
        pose=folder / "single_person" / "pose-associated",
    )
    detections = session.read_pose(skeleton="body25b")
    T = detections.sizes["time"]
    parts = {"all": slice(None), "first half": slice(T // 2), "second half": slice(T // 2, None)}
    lines = [
        f"| single_person | {' | '.join(session.camera_names)} |",
        "|---" * (1 + len(session.camera_names)) + "|",
    ]
    for name, part in parts.items():
        found = find_offsets(detections.isel(time=part), session.cameras)
        cells = [f"{value:.2f} ± {interval:.2f}" for value, interval in zip(found.frames, found.interval)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, "", "Frames at 60 per second, with 95 % intervals."]


if __name__ == "__main__":
    main()
