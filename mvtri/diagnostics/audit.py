"""`audit_cameras`: whether a calibration is sound, alone and with the 2D of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.diagnostics.agreement import Evidence, gather_evidence
from mvtri.diagnostics.behind import people_behind
from mvtri.diagnostics.camera_verdicts import camera_verdicts
from mvtri.diagnostics.displacement import Views, locate
from mvtri.diagnostics.implausible import AXES
from mvtri.diagnostics.lens_faults import find_lens_fault, lens_noticed_from
from mvtri.diagnostics.moved_meanwhile import find_move, move_finding
from mvtri.diagnostics.offsets import without_offsets
from mvtri.diagnostics.situation import assess, enough_points
from mvtri.errors import InputError
from mvtri.plausibility import Finding, check_body, check_points2d
from mvtri.plausibility.rig import check_rig
from mvtri.plausibility.views import poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

# Of the displacement of all cameras that would make them agree: beyond it, they stood elsewhere.
STALE_TURN, STALE_MOVE = 4.0, 0.25  # degrees and m, of the median camera
DISAGREE = 0.02  # of the image diagonal: views of another rig
SIZE_TELLS = frozenset({"late", "camera", "rig", "undecidable"})  # with which a body's size means something
COVERED = frozenset({"rig_size", "same_place", "looking_away"})  # that 2D explains better


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    cameras : CameraGroup
    findings : tuple of Finding
        What is wrong, the likely cause and the remedy; empty where the calibration is sound.
    evidence : Evidence or None
        How well the cameras fit each other; None without 2D, or where the 2D cannot be read.
    points : ndarray, shape (T, K, 3), or None
        Where the person is, m; NaN where missing.  None without 2D.
    lens_noticed : float
        From which error of the lenses on, px of the 2D, it would be noticed that they are wrong; NaN where
        that is not known.
    made_from_this : bool
        Whether the calibration is known to be made from this recording.
    """

    cameras: CameraGroup
    findings: tuple[Finding, ...]
    evidence: Evidence | None = None
    points: Floats | None = None
    lens_noticed: float = float("nan")
    made_from_this: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong; a finding that only asks for a look is not wrong."""
        return not any(finding.level == "bad" for finding in self.findings)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Which cameras share too little of the person with the others to be judged; none without 2D."""
        if self.evidence is None:
            return ()
        return tuple(str(name) for name in self.cameras.names if name not in self.evidence.cameras)

    @property
    def remark(self) -> str:
        """What it proves that nothing is wrong; "" where something is, or without 2D."""
        if self.findings or self.points is None:
            return ""
        if self.made_from_this:
            return "It was made from this recording, so a good fit proves little: audit it with another one."
        return "If it was made from this recording, that proves little: audit it with another one."


def audit_cameras(
    cameras: CameraGroup,
    points2d: ArrayLike | None = None,
    *,
    keypoints: Sequence[str] | None = None,
    times: ArrayLike | None = None,
    height: float | None = None,
) -> Audit:
    """Check a calibration: alone, and with the 2D of a person whom the cameras see.

    A cause is named only where undoing it makes the views agree, and where nothing else does.

    Parameters
    ----------
    cameras : CameraGroup
        C cameras.
    points2d : array_like, shape (T, K, C, 2), optional
        px, NaN where missing or uncertain.
    keypoints : sequence of str, optional
        K names; without them the size of the body is not judged.
    times : array_like, shape (T,), optional
        s; without them the frames are counted.
    height : float, optional
        How tall the person is, m.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If shapes do not fit.
    """
    alone = check_rig(cameras)
    if points2d is None:
        return Audit(cameras, tuple(alone))
    points = np.asarray(points2d, dtype=np.float64)
    if points.ndim != 4 or points.shape[2:] != (len(cameras), 2):
        raise InputError(
            f"points2d has the shape {points.shape}; expected (T, K, {len(cameras)}, 2): frames, keypoints, "
            "cameras, x and y"
        )
    clocked = times is not None
    moments = (
        np.arange(len(points), dtype=np.float64) if times is None else np.asarray(times, dtype=np.float64)
    )
    found, evidence, noticed = _with_2d(points, cameras, keypoints, moments, clocked)
    located = _located(_without_accused(points, cameras, evidence), cameras)
    readable = not any(finding.level == "bad" and finding.kind not in SIZE_TELLS for finding in found)
    if keypoints is not None and readable:
        found += check_body(located, keypoints, "", height)
    known = COVERED if evidence is not None or found else frozenset()
    kept = [finding for finding in alone if finding.kind not in known]
    return Audit(cameras, (*kept, *found), evidence, located, noticed)


def _with_2d(
    points: Floats, cameras: CameraGroup, keypoints: Sequence[str] | None, times: Floats, clocked: bool
) -> tuple[list[Finding], Evidence | None, float]:
    """Return what the 2D shows, how well cameras fit each other, and which lens error would be noticed."""
    found = check_points2d(points, cameras, keypoints=keypoints)
    if any(finding.kind in AXES for finding in found):
        return found, None, np.nan
    given, assessed = points, assess(points, cameras) if enough_points(points) else None
    lens = find_lens_fault(points, cameras, assessed)
    if lens:  # evidence about poses means little with the wrong lens
        return [*found, *lens], gather_evidence(points, cameras, assessed), np.nan
    noticed = np.nan if assessed is None else lens_noticed_from(assessed, cameras)
    points, late = without_offsets(points, times, clocked, cameras)
    move = find_move(points, cameras)
    if move is not None:
        moment = f"{times[move.start]:.2f} s" if clocked else f"frame {move.start}"
        found.append(move_finding(move, cameras, moment))
        part = slice(move.start) if move.before else slice(move.start, None)
        points = points[part]
        if late:  # a camera that was moved looks late, too: what the good part shows counts
            points, late = without_offsets(given[part], times[part], clocked, cameras)
    evidence = gather_evidence(points, cameras, assessed if points is given else None)
    found += [*late, *([] if evidence is None else _about_cameras(evidence, cameras))]
    if not any(finding.level == "bad" for finding in found):
        found += people_behind(points, cameras)
    return found, evidence, noticed


def _about_cameras(evidence: Evidence, cameras: CameraGroup) -> list[Finding]:
    """Return what the evidence says, and whether the whole calibration is of another day."""
    if evidence.conclusion in ("rig", "contradiction", "undecidable") and _is_stale(evidence, cameras):
        return [Finding("stale", "bad", _stale_text(evidence))]
    found = []
    for verdict in camera_verdicts(evidence):
        level = "check" if verdict.level == "check" else "bad"
        who = () if evidence.accused is None else (evidence.cameras[evidence.accused],)
        found.append(Finding(evidence.conclusion, level, verdict.text, 1.0, who))  # type: ignore[arg-type]
    return found


def _is_stale(evidence: Evidence, cameras: CameraGroup) -> bool:
    """Return whether most cameras stood elsewhere."""
    if len(evidence.cameras) < 3:
        return False
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    turn, move = np.median(evidence.shifts_all, axis=0)
    return bool(evidence.all_views > DISAGREE * diagonal and (turn > STALE_TURN or move > STALE_MOVE))


def _stale_text(evidence: Evidence) -> str:
    worst = np.nanmedian(evidence.left_out)
    return (
        "This calibration is not that of this recording: what the other cameras predict for a camera is off "
        f"by {worst:.0f} px (median over cameras), every camera is off, and small moves do not make them "
        "agree. It is probably a file of another session, in which the cameras stood elsewhere. Use the "
        "calibration of this session, or calibrate again."
    )


def _without_accused(points: Floats, cameras: CameraGroup, evidence: Evidence | None) -> Floats:
    """Return the 2D without that of the camera that does not fit: it would move the points by metres."""
    if evidence is None or evidence.accused is None:
        return points
    kept = points.copy()
    kept[:, :, cameras.names.index(evidence.cameras[evidence.accused])] = np.nan
    return kept


def _located(points: Floats, cameras: CameraGroup) -> Floats:
    """Return the points (T, K, 3), m, that fit all views best."""
    normalised = cameras.undistort(points)
    return locate(Views(normalised, np.asarray(np.isfinite(normalised).all(axis=-1))), poses_of(cameras))
