"""The numbers of a report and what they say in words: coverage, statuses, reprojection, verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mvtri.report.recording import SCORE_FLOOR, Recording
from mvtri.tracks import Status

# Shares of the image's diagonal, of all counted views, and of the keypoints that were asked for.
CONSISTENT, DOUBTFUL = 0.005, 0.010
CAMERA_FACTOR, CAMERA_REJECTED, ALL_REJECTED = 2.0, 0.25, 0.20
COVERED = 0.90

STATUS_WORDS = {
    Status.OK: "reconstructed",
    Status.TOO_FEW_VIEWS: "seen by too few cameras",
    Status.LOW_SCORE: "2D scores too low",
    Status.NO_CONSENSUS: "views do not agree",
    Status.BEHIND_CAMERA: "behind a camera",
    Status.DEGENERATE: "geometry degenerate",
    Status.AT_INFINITY: "at infinity",
    Status.NOT_CONVERGED: "refinement did not converge",
    Status.FILLED: "filled in a gap",
}


@dataclass(frozen=True)
class CameraSummary:
    """Reprojection in one camera, over views of score >= 0.3; medians and percentiles in px, NaN without any.

    `used`, `rejected` and `no_point` count the views that the 3D point was made from, those left out, and
    those of keypoints that have no 3D point at all.
    """

    name: str
    views: int
    median: float
    p95: float
    median_inliers: float
    used: int
    rejected: int
    no_point: int
    diagonal: float

    @property
    def rejected_share(self) -> float:
        """Share of the views of existing 3D points that were left out; NaN without any."""
        total = self.used + self.rejected
        return self.rejected / total if total else float("nan")


@dataclass(frozen=True)
class Verdict:
    """One line of plain words; `level` is ``"good"``, ``"check"`` or ``"bad"``."""

    level: str
    text: str


def median(values: np.ndarray) -> float:
    """Return the median of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def percentile(values: np.ndarray, share: float) -> float:
    """Return a percentile (0..100) of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, share)) if finite.size else float("nan")


def coverage(recording: Recording) -> float:
    """Return the share of frames, people and keypoints that have a 3D point; 0 of nothing."""
    present = recording.present
    return float(present.mean()) if present.size else 0.0


def status_counts(recording: Recording) -> list[tuple[Status, int]]:
    """Return how often each status occurs, the commonest first."""
    codes, counts = np.unique(recording.status, return_counts=True)
    known = {int(status) for status in Status}
    pairs = [(Status(int(code)), int(count)) for code, count in zip(codes, counts) if int(code) in known]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def camera_summaries(recording: Recording, diagonals: dict[str, float]) -> list[CameraSummary]:
    """Return one summary a camera, in the recording's order; none where there are no residuals."""
    counted = recording.counted
    if recording.residual is None or counted is None:
        return []
    present = recording.present
    rows = []
    for index, name in enumerate(recording.cameras):
        views = counted[..., index]
        residual = recording.residual[..., index]
        made = np.ones_like(views) if recording.inlier is None else recording.inlier[..., index]
        rows.append(
            CameraSummary(
                name=name,
                views=int(views.sum()),
                median=median(residual[views]),
                p95=percentile(residual[views], 95),
                median_inliers=median(residual[views & made]),
                used=int((views & present & made).sum()),
                rejected=int((views & present & ~made).sum()),
                no_point=int((views & ~present).sum()),
                diagonal=diagonals.get(name, float("nan")),
            )
        )
    return rows


def verdicts(recording: Recording, cameras: Iterable[CameraSummary]) -> list[Verdict]:
    """Return what the numbers say about calibration, single cameras and coverage, thresholds stated."""
    rows = list(cameras)
    lines = _agreement(recording, rows) + _single_cameras(rows) + _rejections(rows)
    share = coverage(recording)
    if share < COVERED:
        worst = [
            (STATUS_WORDS[s], n) for s, n in status_counts(recording) if s not in (Status.OK, Status.FILLED)
        ]
        why = f"; the commonest reason: {worst[0][0]}" if worst else ""
        lines.append(Verdict("check" if share >= 0.5 else "bad", f"Only {share:.1%} of all keypoints have a 3D "
                             f"point (below {COVERED:.0%}){why}."))  # fmt: skip
    return lines


def _agreement(recording: Recording, rows: list[CameraSummary]) -> list[Verdict]:
    counted = recording.counted
    if recording.residual is None or counted is None or not rows:
        return [Verdict("check", "These tracks hold no reprojection errors, so nothing can be said about the "
                        "calibration.")]  # fmt: skip
    overall = median(recording.residual[counted])
    if not np.isfinite(overall):
        return [Verdict("bad", "No view has a reprojection error, because nothing was reconstructed.")]
    diagonals = [row.diagonal for row in rows if np.isfinite(row.diagonal)]
    if not diagonals:
        return [Verdict("check", f"Median reprojection error {overall:.2f} px over all views; without the cameras' "
                        "image sizes it cannot be judged.")]  # fmt: skip
    diagonal = float(np.median(diagonals))
    share = overall / diagonal
    found = f"median reprojection error {overall:.2f} px, {share:.2%} of the image diagonal"
    if share <= CONSISTENT:
        return [Verdict("good", f"Cameras and detections agree: {found} (at most {CONSISTENT:.1%} is good).")]
    if share <= DOUBTFUL:
        return [Verdict("check", f"The cameras agree only roughly: {found} (good is at most {CONSISTENT:.1%}); "
                        "calibration, synchronisation or detections may be a little off.")]  # fmt: skip
    return [Verdict("bad", f"The calibration is probably wrong: {found} (above {DOUBTFUL:.0%}); check the file, "
                    "camera names, units and synchronisation before you use these tracks.")]  # fmt: skip


def _single_cameras(rows: list[CameraSummary]) -> list[Verdict]:
    lines = []
    for row in rows:
        others = [other.median for other in rows if other is not row and np.isfinite(other.median)]
        if len(others) < 2 or not np.isfinite(row.median):
            continue
        rest = float(np.median(others))
        share = row.rejected_share
        far = row.median > CAMERA_FACTOR * rest and row.median > CONSISTENT * row.diagonal
        left_out = share > CAMERA_REJECTED and row.median > CAMERA_FACTOR * rest
        if far or left_out:
            left = f" and {share:.0%} of its views rejected" if np.isfinite(share) else ""
            lines.append(Verdict("bad", f"Camera {row.name} is off: its median is {row.median:.1f} px against "
                                 f"{rest:.1f} px in the others (more than {CAMERA_FACTOR:g} times){left}; check its "
                                 "calibration, its clock and whether the camera was moved."))  # fmt: skip
    return lines


def _rejections(rows: list[CameraSummary]) -> list[Verdict]:
    used, rejected = sum(row.used for row in rows), sum(row.rejected for row in rows)
    if used + rejected and rejected / (used + rejected) > ALL_REJECTED:
        return [Verdict("check", f"{rejected / (used + rejected):.0%} of the views of score {SCORE_FLOOR:g} or more "
                        f"were rejected (more than {ALL_REJECTED:.0%}).")]  # fmt: skip
    return []
