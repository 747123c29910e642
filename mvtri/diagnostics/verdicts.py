"""What the numbers of a report say, in words that name the threshold they passed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.diagnostics.recording import SCORE_FLOOR, Recording
from mvtri.diagnostics.summary import (
    STATUS_WORDS,
    CameraSummary,
    coverage,
    fast_steps,
    limb_lengths,
    median,
    median_grid,
    status_counts,
)
from mvtri.tracks import Status

# Shares of the image's diagonal, of the views that count, and of the keypoints that were asked for.
CONSISTENT, DOUBTFUL = 0.005, 0.010
CAMERA_FACTOR, CAMERA_REJECTED, ALL_REJECTED = 2.0, 0.25, 0.20
COVERED, HALF = 0.90, 0.50
IDLE = 0.10  # of the views that each other camera has in use
LOPSIDED, MANY_LOPSIDED = 0.25, 2  # of the longer limb; limbs of the four

FAST, FAST_SHARE, MANY_FAST = 20.0, 0.001, 0.01  # m/s, which hardly a limb reaches; shares of all steps


@dataclass(frozen=True)
class Verdict:
    """One line of plain words; `level` is ``"good"``, ``"check"`` or ``"bad"``."""

    level: str
    text: str


def verdicts(recording: Recording, rows: Sequence[CameraSummary]) -> list[Verdict]:
    """Return what the numbers say about calibration, single cameras and coverage, thresholds stated.

    Parameters
    ----------
    recording : Recording
        The tracks.
    rows : sequence of CameraSummary
        Theirs, see `camera_summaries`.

    Returns
    -------
    list of Verdict
        The first one is about all cameras together; the others appear only where something is amiss.
    """
    idle = [row for row in rows if _is_idle(row, rows)]
    apart = [row for row in rows if row not in idle and _stands_apart(row, rows)]
    lines = [_agreement(recording, rows, bool(apart or idle)), *(Verdict("bad", n) for n in recording.notes)]
    lines += [*_cameras_idle(idle, rows), *_cameras_apart(apart, rows), *_rejections(rows)]
    lines += _pairs(recording, rows) + _jumps(recording) + _limbs(recording)
    share = coverage(recording)
    if share < COVERED:
        lost = [STATUS_WORDS[s] for s, _ in status_counts(recording) if s not in (Status.OK, Status.FILLED)]
        why = f"; the commonest reason: {lost[0]}" if lost else ""
        text = f"Only {100 * share:.1f} % of all keypoints have a 3D point (below {100 * COVERED:g} %){why}."
        lines.append(Verdict("check" if share >= HALF else "bad", text))
    return lines


def _agreement(recording: Recording, rows: Sequence[CameraSummary], apart: bool) -> Verdict:
    if not rows:
        text = "These tracks hold no reprojection errors, so nothing can be said about the calibration."
        return Verdict("check", text)
    residual, counted = recording.reprojection
    overall = median(residual[counted])
    if not np.isfinite(overall):
        return Verdict("bad", "No view has a reprojection error, because nothing was reconstructed.")
    found = f"median reprojection error {overall:.2f} px"
    diagonals = [row.diagonal for row in rows if np.isfinite(row.diagonal)]
    if not diagonals:
        return Verdict(
            "check", f"Without the cameras' image sizes this cannot be judged: {found} over all views."
        )
    share = overall / float(np.median(diagonals))
    found += f", {100 * share:.2f} % of the image diagonal"
    if share <= CONSISTENT and apart:
        return Verdict(
            "check", f"On the whole cameras and detections agree, but not all cameras do: {found}."
        )
    if share <= CONSISTENT:
        return Verdict(
            "good", f"Cameras and detections agree: {found} (up to {100 * CONSISTENT:g} % is good)."
        )
    if share <= DOUBTFUL:
        text = (
            f"The cameras agree only roughly: {found} (up to {100 * CONSISTENT:g} % is good, above "
            f"{100 * DOUBTFUL:g} % is bad); calibration, synchronisation or detections may be a little off."
        )
        return Verdict("check", text)
    text = (
        f"Cameras and detections contradict each other: {found} (above {100 * DOUBTFUL:g} %); either the "
        "calibration is wrong (check the file, camera names, units and synchronisation) or the 2D detections "
        "are (look at them in the report's pictures); do not use these tracks before you know."
    )
    return Verdict("bad", text)


def _is_idle(row: CameraSummary, rows: Sequence[CameraSummary]) -> bool:
    used = [other.used or 0 for other in rows if other is not row]
    return row.used is not None and bool(used) and row.used < IDLE * float(np.median(used))


def _cameras_idle(idle: Sequence[CameraSummary], rows: Sequence[CameraSummary]) -> list[Verdict]:
    if not idle:
        return []
    others = float(np.median([row.used or 0 for row in rows if row not in idle]))
    score = f"{SCORE_FLOOR:g}"
    return [
        Verdict(
            "bad",
            f"Camera {row.name} contributes next to nothing: of its {row.views:,} views of score {score} or "
            f"more {row.used:,} were used, of each other camera {others:,.0f}; check that its video, name "
            "and calibration belong together, and that it sees the person.",
        )
        for row in idle
    ]


def _stands_apart(row: CameraSummary, rows: Sequence[CameraSummary]) -> bool:
    others = [other.median for other in rows if other is not row and np.isfinite(other.median)]
    if len(others) < 2 or not row.median > CAMERA_FACTOR * float(np.median(others)):
        return False
    return row.median > CONSISTENT * row.diagonal or row.rejected_share > CAMERA_REJECTED


def _cameras_apart(apart: Sequence[CameraSummary], rows: Sequence[CameraSummary]) -> list[Verdict]:
    if not apart:
        return []
    rest = float(np.median([row.median for row in rows if row not in apart and np.isfinite(row.median)]))
    names = " and ".join(row.name for row in apart)
    medians = " and ".join(f"{row.median:.1f} px" for row in apart)
    against = f"over {CAMERA_FACTOR:g} times the {rest:.1f} px of the other cameras"
    shares = [100 * row.rejected_share for row in apart if np.isfinite(row.rejected_share)]
    rejected = f" ({max(shares):.0f} % of the views rejected)" if shares else ""
    if len(apart) == 1:
        text = f"Camera {names} is off: its median of {medians} is {against}{rejected}; "
        return [Verdict("bad", text + "check its calibration, its clock, and whether it was moved.")]
    text = f"Cameras {names} are off: their medians of {medians} are {against}; "
    return [Verdict("bad", text + "check the calibration of all, their clocks, and whether one was moved.")]


def _rejections(rows: Sequence[CameraSummary]) -> list[Verdict]:
    used, rejected = sum(row.used or 0 for row in rows), sum(row.rejected or 0 for row in rows)
    share = rejected / (used + rejected) if used + rejected else 0.0
    if share <= ALL_REJECTED:
        return []
    text = f"{100 * share:.0f} % of the views of score {SCORE_FLOOR:g} or more were rejected "
    return [Verdict("check", text + f"(above {100 * ALL_REJECTED:g} %).")]


def _pairs(recording: Recording, rows: Sequence[CameraSummary]) -> list[Verdict]:
    """Keypoints that single cameras see elsewhere, where cameras as a whole agree."""
    if not rows or not all(row.median <= DOUBTFUL * row.diagonal for row in rows):
        return []
    limits = np.array([DOUBTFUL * row.diagonal for row in rows])
    with np.errstate(invalid="ignore"):
        wrong = median_grid(recording) > limits
    if not wrong.any():
        return []
    found = [f"{recording.keypoints[k]} in {recording.cameras[c]}" for k, c in np.argwhere(wrong)]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    text = f"Some cameras see some keypoints elsewhere, by over {100 * DOUBTFUL:g} % of the image diagonal: "
    return [
        Verdict("check", f"{text}{', '.join(found[:3])}{more}; does the detector confuse left and right?")
    ]


def _jumps(recording: Recording) -> list[Verdict]:
    share, worst = fast_steps(recording, FAST)
    if share <= FAST_SHARE:
        return []
    text = (
        f"Keypoints jump, {worst} most: {100 * share:.1f} % of the steps from frame to frame are faster than "
    )
    text += f"{FAST:g} m/s (above {100 * FAST_SHARE:g} %); left and right, or people, may be confused."
    return [Verdict("check" if share < MANY_FAST else "bad", text)]


def _limbs(recording: Recording) -> list[Verdict]:
    """Limbs longer on one side: keypoints that go by each other's names, as with another skeleton."""
    lines = []
    for person, lengths in enumerate(limb_lengths(recording)):
        uneven = {
            name: (left, right)
            for name, (left, right) in lengths.items()
            if abs(left - right) > LOPSIDED * max(left, right)
        }
        if len(uneven) < MANY_LOPSIDED:
            continue
        whose = f" of {recording.people[person]}" if len(recording.people) > 1 else ""
        listed = ", ".join(f"{name} {left:.2f} and {right:.2f} m" for name, (left, right) in uneven.items())
        text = f"Left and right{whose} differ in length by over {100 * LOPSIDED:g} %: {listed}; "
        named = f"is {recording.skeleton} the right skeleton, " if recording.skeleton else ""
        lines.append(Verdict("bad", f"{text}{named}or does the detector confuse keypoints?"))
    return lines
