"""The numbers of a report and what they say in words: coverage, statuses, reprojection, verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mvtri.report.recording import SCORE_FLOOR, Recording, read_recording
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
    """

    name: str
    views: int
    median: float
    p95: float
    median_used: float | None
    used: int | None
    rejected: int | None
    no_point: int

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
        return [self.views, self.median, self.p95, self.median_used, rejected, lost]


@dataclass(frozen=True)
class Summary:
    """What the tracks amount to, for tables; see `summarise`."""

    coverage: float
    median: float
    statuses: dict[str, int]
    camera_columns: tuple[str, ...]
    camera_rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Verdict:
    """One line of plain words; `level` is ``"good"``, ``"check"`` or ``"bad"``."""

    level: str
    text: str


def summarise(tracks: xr.Dataset) -> Summary:
    """Return coverage, statuses in words, and a row of reprojection errors a camera and one for all.

    Parameters
    ----------
    tracks : xarray.Dataset
        Tracks; without residuals there are no rows.

    Returns
    -------
    Summary
        ``coverage`` (0..1), ``median`` (px, over views of score >= 0.3, rejected ones included; NaN where
        there are none), ``statuses`` (words to counts), ``camera_columns`` and ``camera_rows``, whose cells
        are text.

    Raises
    ------
    InputError
        If the dataset is not Tracks.
    """
    recording = read_recording(tracks)
    rows = camera_summaries(recording)
    if len(rows) > 1:
        rows.append(_camera_summary(recording, "all", slice(None)))
    return Summary(
        coverage=coverage(recording),
        median=rows[-1].median if rows else float("nan"),
        statuses={STATUS_WORDS[status]: count for status, count in status_counts(recording)},
        camera_columns=CAMERA_COLUMNS,
        camera_rows=[(row.name, [as_text(cell) for cell in row.cells]) for row in rows],
    )


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


def camera_summaries(recording: Recording) -> list[CameraSummary]:
    """Return one summary a camera, in the recording's order; none where there are no residuals."""
    if recording.residual is None:
        return []
    return [_camera_summary(recording, name, index) for index, name in enumerate(recording.cameras)]


def _camera_summary(recording: Recording, name: str, index: int | slice) -> CameraSummary:
    residual, counted = recording.reprojection
    residual, views = residual[..., index], counted[..., index]
    present = np.broadcast_to(recording.present[..., None], counted.shape)[..., index]
    finite = residual[views & np.isfinite(residual)]
    made = None if recording.inlier is None else recording.inlier[..., index]
    return CameraSummary(
        name=name,
        views=int(views.sum()),
        median=median(finite),
        p95=float(np.percentile(finite, 95)) if finite.size else float("nan"),
        median_used=None if made is None else median(residual[views & made]),
        used=None if made is None else int((views & present & made).sum()),
        rejected=None if made is None else int((views & present & ~made).sum()),
        no_point=int((views & ~present).sum()),
    )


def verdicts(
    recording: Recording, rows: Sequence[CameraSummary], diagonals: dict[str, float]
) -> list[Verdict]:
    """Return what the numbers say about calibration, single cameras and coverage, thresholds stated.

    Parameters
    ----------
    recording : Recording
        The tracks.
    rows : sequence of CameraSummary
        Theirs.
    diagonals : dict of str to float
        Length of each camera's image diagonal, px; empty where no cameras are known.
    """
    lines = [_agreement(recording, rows, diagonals)]
    lines += _single_cameras(rows, diagonals)
    lines += _rejections(rows)
    share = coverage(recording)
    if share < COVERED:
        lost = [STATUS_WORDS[s] for s, _ in status_counts(recording) if s not in (Status.OK, Status.FILLED)]
        why = f"; the commonest reason: {lost[0]}" if lost else ""
        text = f"Only {100 * share:.1f} % of all keypoints have a 3D point (below {100 * COVERED:g} %){why}."
        lines.append(Verdict("check" if share >= HALF else "bad", text))
    return lines


def _agreement(recording: Recording, rows: Sequence[CameraSummary], diagonals: dict[str, float]) -> Verdict:
    if not rows:
        text = "These tracks hold no reprojection errors, so nothing can be said about the calibration."
        return Verdict("check", text)
    residual, counted = recording.reprojection
    overall = median(residual[counted])
    if not np.isfinite(overall):
        return Verdict("bad", "No view has a reprojection error, because nothing was reconstructed.")
    found = f"median reprojection error {overall:.2f} px"
    if not diagonals:
        return Verdict(
            "check", f"Without the cameras' image sizes this cannot be judged: {found} over all views."
        )
    share = overall / float(np.median([diagonals[row.name] for row in rows]))
    found += f", {100 * share:.2f} % of the image diagonal"
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


def _single_cameras(rows: Sequence[CameraSummary], diagonals: dict[str, float]) -> list[Verdict]:
    lines = []
    for row in rows:
        others = [other.median for other in rows if other is not row and np.isfinite(other.median)]
        if len(others) < 2 or not np.isfinite(row.median):
            continue
        rest = float(np.median(others))
        share = row.rejected_share
        far = row.median > CONSISTENT * diagonals.get(row.name, np.inf) or share > CAMERA_REJECTED
        if far and row.median > CAMERA_FACTOR * rest:
            left_out = f", and {100 * share:.0f} % of its views were rejected" if np.isfinite(share) else ""
            text = (
                f"Camera {row.name} is off: its median of {row.median:.1f} px is over {CAMERA_FACTOR:g} times the "
                f"{rest:.1f} px of the others{left_out}; check its calibration, its clock, and whether it was moved."
            )
            lines.append(Verdict("bad", text))
    return lines


def _rejections(rows: Sequence[CameraSummary]) -> list[Verdict]:
    used, rejected = sum(row.used or 0 for row in rows), sum(row.rejected or 0 for row in rows)
    share = rejected / (used + rejected) if used + rejected else 0.0
    if share <= ALL_REJECTED:
        return []
    text = f"{100 * share:.0f} % of the views of score {SCORE_FLOOR:g} or more were rejected "
    return [Verdict("check", text + f"(above {100 * ALL_REJECTED:g} %).")]
