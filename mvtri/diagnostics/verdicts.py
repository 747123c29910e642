"""What the numbers of a run say, as sentences that state the threshold that was passed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvtri.diagnostics.agreement import Evidence
from mvtri.diagnostics.camera_verdicts import camera_verdicts
from mvtri.diagnostics.implausible import AXES
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
from mvtri.diagnostics.verdict import Verdict
from mvtri.plausibility import Finding
from mvtri.tracks import Status

# Rules of thumb, not physics.  Errors are shares of the image diagonal.
GOOD_ERROR, BAD_ERROR = 0.005, 0.010  # of all views
CAMERA_RATIO, CAMERA_REJECTED = 2.0, 0.25  # one camera against the others; share of its views
MANY_REJECTED = 0.20  # share of all views
MANY_EXCHANGED = 0.10  # share of all views
IDLE_SHARE = 0.10  # of the views that each other camera has in use
GOOD_COVERAGE, BAD_COVERAGE = 0.90, 0.50  # shares of the keypoints
FAST_SPEED, SOME_FAST, MANY_FAST = 20.0, 0.001, 0.01  # m/s, which hardly a limb reaches; shares of all steps
SIZES = frozenset({"unit", "board_size", "segments"})  # kinds of findings on the size of a body
UNEVEN_SHARE, MANY_UNEVEN = 0.25, 2  # of the longer limb; how many limbs of the four


def verdicts(
    recording: Recording,
    rows: Sequence[CameraSummary],
    evidence: Evidence | None = None,
    findings: Sequence[Finding] = (),
) -> list[Verdict]:
    """Return what the numbers say about calibration, single cameras and coverage, with their thresholds.

    Parameters
    ----------
    recording : Recording
        The tracks.
    rows : sequence of CameraSummary
        Their cameras, see `camera_summaries`.
    evidence : Evidence, optional
        See `mvtri.diagnostics.gather_evidence`; without it no camera is accused.
    findings : sequence of Finding
        See `mvtri.diagnostics.implausible`.

    Returns
    -------
    list of Verdict
        The first one is about all cameras together; the others appear only where something looks wrong.
    """
    limbs = _limbs(recording)
    sizes = [finding for finding in findings if limbs and finding.kind in SIZES]
    unreadable = any(finding.kind in AXES for finding in findings)
    idle = [row for row in rows if _is_idle(row, rows)]
    apart = [row for row in rows if row not in idle and _stands_apart(row, rows)]
    about_cameras = [] if evidence is None or unreadable else camera_verdicts(evidence)
    some_apart = bool(idle or (apart and evidence is None) or (evidence and evidence.accused is not None))
    return [
        _headline(_agreement(recording, rows, some_apart), about_cameras, findings),
        *(Verdict("bad", note) for note in recording.notes if not _is_said(note, findings)),
        *(_as_verdict(finding) for finding in findings if finding not in sizes),
        *limbs,  # keypoints under wrong names explain a wrong size, and not the other way round
        *(_as_verdict(finding) for finding in sizes),
        *about_cameras,
        *([] if unreadable else _idle_cameras(idle, rows, evidence)),
        *(_cameras_apart(apart, rows) if evidence is None and not unreadable else []),
        *_rejections(rows),
        *_exchanged_sides(recording),
        *([] if about_cameras else _single_keypoints(recording, rows)),  # which would blame single cameras
        *_jumps(recording),
        *_coverage(recording),
    ]


def _as_verdict(finding: Finding) -> Verdict:
    return Verdict(finding.level, finding.text, finding.kind, factor=finding.factor)


def _is_said(note: str, findings: Sequence[Finding]) -> bool:
    """Return whether a finding says the same as a note of the reconstruction, up to its figures."""
    return any(finding.text.partition(":")[0] == note.partition(":")[0] for finding in findings)


def _headline(agreement: Verdict, about_cameras: Sequence[Verdict], findings: Sequence[Finding]) -> Verdict:
    """Return the verdict on all cameras, which is not good where something else says that they are not."""
    wrong = [finding for finding in findings if finding.level == "bad"]
    if agreement.level == "bad" or not (wrong or about_cameras):
        return agreement
    found = agreement.text.rstrip(".")
    if wrong:
        return Verdict(
            "bad", f"{found}, but the result cannot be right, for the reason below.", wrong[0].kind
        )
    if agreement.level == "check":
        return agreement
    return Verdict("check", f"{found}, but the cameras contradict each other, as the evidence below shows.")


def _agreement(recording: Recording, rows: Sequence[CameraSummary], some_apart: bool) -> Verdict:
    if recording.lifted:
        return Verdict("check", recording.lifted)
    if not rows:
        return Verdict(
            "check", "These tracks hold no reprojection errors, so mvtri cannot judge the calibration."
        )
    residual, counted = recording.reprojection
    overall = median(residual[counted])
    if not np.isfinite(overall):
        return Verdict("bad", "No view has a reprojection error, because no keypoint was reconstructed.")
    found = f"median reprojection error {overall:.2f} px"
    diagonals = [row.diagonal for row in rows if np.isfinite(row.diagonal)]
    if not diagonals:
        return Verdict(
            "check",
            f"Without the image sizes of the cameras, mvtri cannot judge this: {found} over all views.",
        )
    share = overall / float(np.median(diagonals))
    found = f"{found}, {100 * share:.2f} % of the image diagonal"
    if recording.rig_errors is not None:
        found += f" with cameras that mvtri {_displacement(recording.rig_errors)}"
    return _judged_error(share, found, some_apart, recording.rig_errors is not None)


def _judged_error(share: float, found: str, some_apart: bool, corrected: bool) -> Verdict:
    good, bad = f"up to {100 * GOOD_ERROR:g} % is good", f"above {100 * BAD_ERROR:g} % is bad"
    if share <= GOOD_ERROR and some_apart:
        return Verdict("check", f"Most cameras agree with the detections, but not all cameras do: {found}.")
    if share <= GOOD_ERROR and corrected:
        return Verdict(
            "check",
            f"Cameras and detections agree, but only with a corrected calibration: {found} ({good}). "
            "Calibrate again before the next recording.",
        )
    if share <= GOOD_ERROR:
        return Verdict("good", f"Cameras and detections agree: {found} ({good}).")
    if share <= BAD_ERROR:
        return Verdict(
            "check",
            f"Cameras and detections agree only roughly: {found} ({good}, {bad}). The calibration, the "
            "synchronisation or the detections may be slightly wrong.",
        )
    return Verdict(
        "bad",
        f"Cameras and detections contradict each other: {found} ({bad}). Either the calibration is wrong "
        "(check the file, the camera names, the unit and the synchronisation), or the 2D detections are "
        "wrong (look at the pictures in the report). Do not use these tracks before you know the cause.",
    )


def _displacement(errors: np.ndarray) -> str:
    """Return in words how far cameras were turned and moved, from rad and m (C, 6)."""
    turns, moves = (np.linalg.norm(part, axis=1).max() for part in (errors[:, :3], errors[:, 3:]))
    return f"turned by up to {np.degrees(turns):.1f} degrees and moved by up to {1e3 * moves:.0f} mm"


def _is_idle(row: CameraSummary, rows: Sequence[CameraSummary]) -> bool:
    used = [other.used or 0 for other in rows if other is not row]
    return row.used is not None and bool(used) and row.used < IDLE_SHARE * float(np.median(used))


def _idle_cameras(
    idle: Sequence[CameraSummary], rows: Sequence[CameraSummary], evidence: Evidence | None
) -> list[Verdict]:
    if not idle:
        return []
    others = float(np.median([row.used or 0 for row in rows if row not in idle]))
    accused = None if evidence is None or evidence.accused is None else evidence.cameras[evidence.accused]
    remedy = (
        "Check that its video, its name and its calibration belong together, and that it sees the person."
    )
    innocent = (
        "That alone does not mean that this camera is the wrong one: see the verdict on the calibration."
    )
    return [
        Verdict(
            "bad",
            f"Camera {row.name} contributes almost nothing: mvtri used {row.used:,} of its {row.views:,} "
            f"views with a score of {SCORE_FLOOR:g} or more, but {others:,.0f} views of each other camera. "
            f"{innocent if _is_contradicted(row, evidence) and row.name != accused else remedy}",
            "idle",
        )
        for row in idle
    ]


def _is_contradicted(row: CameraSummary, evidence: Evidence | None) -> bool:
    """Return whether a camera has views, and they were rejected because cameras disagree."""
    return bool(row.rejected) and evidence is not None and evidence.conclusion != "agree"


def _stands_apart(row: CameraSummary, rows: Sequence[CameraSummary]) -> bool:
    others = [other.median for other in rows if other is not row and np.isfinite(other.median)]
    if len(others) < 2 or not row.median > CAMERA_RATIO * float(np.median(others)):
        return False
    return row.median > GOOD_ERROR * row.diagonal or row.rejected_share > CAMERA_REJECTED


def _cameras_apart(apart: Sequence[CameraSummary], rows: Sequence[CameraSummary]) -> list[Verdict]:
    """Name the cameras with larger errors, where the tracks lack the 2D that would say whose fault it is."""
    if not apart:
        return []
    rest = float(np.median([row.median for row in rows if row not in apart and np.isfinite(row.median)]))
    found = []
    for row in apart:
        rejected = f"; {100 * row.rejected_share:.0f} % of its views were rejected"
        found.append(
            Verdict(
                "check",
                f"Camera {row.name} has larger errors than the others: its median reprojection error is "
                f"{row.median:.1f} px, more than {CAMERA_RATIO:g} times the {rest:.1f} px of the other "
                f"cameras{rejected if np.isfinite(row.rejected_share) else ''}. Without the 2D and the "
                "cameras mvtri cannot say whether this camera, another one or the detector is the cause.",
            )
        )
    return found


def _rejections(rows: Sequence[CameraSummary]) -> list[Verdict]:
    used, rejected = sum(row.used or 0 for row in rows), sum(row.rejected or 0 for row in rows)
    share = rejected / (used + rejected) if used + rejected else 0.0
    if share <= MANY_REJECTED:
        return []
    return [
        Verdict(
            "check",
            f"{100 * share:.0f} % of the views with a score of {SCORE_FLOOR:g} or more were rejected, "
            f"because they do not agree with the other views (more than {100 * MANY_REJECTED:g} % is "
            "suspicious).",
        )
    ]


def _single_keypoints(recording: Recording, rows: Sequence[CameraSummary]) -> list[Verdict]:
    """Judge keypoints that disagree between cameras, where the cameras as a whole agree."""
    if not rows or not all(row.median <= BAD_ERROR * row.diagonal for row in rows):
        return []
    limits = np.array([BAD_ERROR * row.diagonal for row in rows])
    with np.errstate(invalid="ignore"):
        wrong = median_grid(recording) > limits
    if not wrong.any():
        return []
    found = [f"{recording.keypoints[k]} in camera {recording.cameras[c]}" for k, c in np.argwhere(wrong)]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [
        Verdict(
            "check",
            f"Some keypoints disagree between cameras by more than {100 * BAD_ERROR:g} % of the image "
            f"diagonal: {', '.join(found[:3])}{more}. The detector may confuse left and right there.",
        )
    ]


def _jumps(recording: Recording) -> list[Verdict]:
    share, worst = fast_steps(recording, FAST_SPEED)
    if share <= SOME_FAST:
        return []
    return [
        Verdict(
            "check" if share < MANY_FAST else "bad",
            f"Keypoints jump, {worst} most often: {100 * share:.1f} % of the steps from frame to frame are "
            f"faster than {FAST_SPEED:g} m/s (more than {100 * SOME_FAST:g} % is suspicious). Left and "
            "right, or two people, may be confused.",
        )
    ]


def _limbs(recording: Recording) -> list[Verdict]:
    """Judge limbs that are longer on one side: keypoints may be named as in another skeleton."""
    found = []
    for person, lengths in enumerate(limb_lengths(recording)):
        uneven = {
            name: (left, right)
            for name, (left, right) in lengths.items()
            if abs(left - right) > UNEVEN_SHARE * max(left, right)
        }
        if len(uneven) < MANY_UNEVEN:
            continue
        whose = f" of {recording.people[person]}" if len(recording.people) > 1 else ""
        listed = ", ".join(f"{name} {left:.2f} and {right:.2f} m" for name, (left, right) in uneven.items())
        text = f"The left and right limbs{whose} differ in length by more than {100 * UNEVEN_SHARE:g} %: "
        text += f"{listed}. The detector may confuse keypoints"
        text += f", or {recording.skeleton} may be the wrong skeleton." if recording.skeleton else "."
        found.append(Verdict("bad", text))
    return found


def _exchanged_sides(recording: Recording) -> list[Verdict]:
    count = sum(recording.exchanged.values())
    if not count:
        return []
    views = recording.status.shape[0] * recording.status.shape[1] * len(recording.cameras)
    each = ", ".join(f"{name} {number}" for name, number in recording.exchanged.items())
    often = count > MANY_EXCHANGED * views
    return [
        Verdict(
            "check" if often else "good",
            f"The 2D took left for right in {count} of {views} views ({each}); mvtri exchanged them back."
            + (" That is often: look at the pictures of these views." if often else ""),
        )
    ]


def _coverage(recording: Recording) -> list[Verdict]:
    share = coverage(recording)
    if share >= GOOD_COVERAGE:
        return []
    lost = [STATUS_WORDS[s] for s, _ in status_counts(recording) if s not in (Status.OK, Status.FILLED)]
    reason = f"; the most common reason: {lost[0]}" if lost else ""
    return [
        Verdict(
            "check" if share >= BAD_COVERAGE else "bad",
            f"Only {100 * share:.1f} % of all keypoints have a 3D point (below {100 * GOOD_COVERAGE:g} % is "
            f"suspicious){reason}.",
        )
    ]
