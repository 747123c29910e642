"""The numbers of a report and what they say in words: coverage, statuses, reprojection, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.report.recording import SCORE_FLOOR, Recording
from mvtri.tracks import Status

# Shares of the image's diagonal, of the views that count, and of the keypoints that were asked for.
CONSISTENT, DOUBTFUL = 0.005, 0.010
CAMERA_FACTOR, CAMERA_REJECTED, ALL_REJECTED = 2.0, 0.25, 0.20
COVERED, HALF = 0.90, 0.50

CAMERA_COLUMNS = ("views", "median px", "95 % below px", "median px, used", "rejected %", "no 3D point %")
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
    those of keypoints that have no 3D point at all; the first two are None where the tracks do not say.
    `diagonal` is the length of the image diagonal in px, NaN where it is not known.
    """

    name: str
    views: int
    median: float
    p95: float
    median_inliers: float
    used: int | None
    rejected: int | None
    no_point: int
    diagonal: float

    @property
    def rejected_share(self) -> float:
        """Share of the views of existing 3D points that were left out; NaN where unknown."""
        if self.used is None or self.rejected is None or self.used + self.rejected == 0:
            return float("nan")
        return self.rejected / (self.used + self.rejected)

    @property
    def cells(self) -> list[float | int | None]:
        """The row of a table, in the order of `CAMERA_COLUMNS`."""
        rejected = 100 * self.rejected_share if self.rejected is not None else None
        lost = 100 * self.no_point / self.views if self.views else None
        return [self.views, self.median, self.p95, self.median_inliers, rejected, lost]


@dataclass(frozen=True)
class Verdict:
    """One line of plain words; `level` is ``"good"``, ``"check"`` or ``"bad"``."""

    level: str
    text: str


def as_text(value: float | int | None) -> str:
    """Return a number as text, a dash for what is missing."""
    if value is None or not np.isfinite(value):
        return "–"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.2f}"


def median(values: np.ndarray) -> float:
    """Return the median of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


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


def camera_summaries(
    recording: Recording, diagonals: Mapping[str, float] | None = None
) -> list[CameraSummary]:
    """Return one summary a camera, in the recording's order; none where there are no residuals.

    Parameters
    ----------
    recording : Recording
        The tracks, see `read_recording`.
    diagonals : mapping of str to float, optional
        Length of each camera's image diagonal, px; without it nothing can be judged good or bad.
    """
    if recording.residual is None:
        return []
    known = diagonals or {}
    return [
        _camera_summary(recording, name, index, known.get(name, float("nan")))
        for index, name in enumerate(recording.cameras)
    ]


def _camera_summary(recording: Recording, name: str, index: int, diagonal: float) -> CameraSummary:
    residual, counted = recording.reprojection
    residual, views, present = residual[..., index], counted[..., index], recording.present
    finite = residual[views & np.isfinite(residual)]
    made = None if recording.inlier is None else recording.inlier[..., index]
    return CameraSummary(
        name=name,
        views=int(views.sum()),
        median=median(finite),
        p95=float(np.percentile(finite, 95)) if finite.size else float("nan"),
        median_inliers=float("nan") if made is None else median(residual[views & made]),
        used=None if made is None else int((views & present & made).sum()),
        rejected=None if made is None else int((views & present & ~made).sum()),
        no_point=int((views & ~present).sum()),
        diagonal=diagonal,
    )


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
    apart = [row for row in rows if _stands_apart(row, rows)]
    lines = [_agreement(recording, rows, bool(apart)), *_cameras_apart(apart, rows), *_rejections(rows)]
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
        f"The calibration is probably wrong: {found} (above {100 * DOUBTFUL:g} %); check the file, camera "
        "names, units and synchronisation before you use these tracks."
    )
    return Verdict("bad", text)


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
