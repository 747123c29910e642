"""The numbers of a run: coverage, statuses, reprojection errors by camera and keypoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mvtri.diagnostics.recording import Recording
from mvtri.tracks import Status

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

CAMERA_COLUMNS = (
    "views",
    "median px",
    "95th percentile px",
    "median px, used",
    "rejected %",
    "no 3D point %",
)
SIDES = ("left", "right")
LIMBS = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}
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

    `used`, `rejected` and `no_point` count the views that the 3D point was made from, the rejected views, and
    the views of keypoints that have no 3D point at all; the first two are None where the tracks do not say.
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
        """Share of the views of existing 3D points that were rejected; NaN where unknown."""
        if self.used is None or self.rejected is None or self.used + self.rejected == 0:
            return float("nan")
        return self.rejected / (self.used + self.rejected)

    @property
    def cells(self) -> list[float | int | None]:
        """The row of a table, in the order of `CAMERA_COLUMNS`."""
        rejected = 100 * self.rejected_share if self.rejected is not None else None
        lost = 100 * self.no_point / self.views if self.views else None
        return [self.views, self.median, self.p95, self.median_inliers, rejected, lost]


def as_text(value: float | int | None) -> str:
    """Return a number as text, a dash for what is missing."""
    if value is None or not np.isfinite(value):
        return "–"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}" if abs(value) >= 1e-4 else "< 0.0001"
    return f"{value:.2f}"


def median(values: np.ndarray) -> float:
    """Return the median of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def coverage(recording: Recording) -> float:
    """Return the share of frames, people and keypoints that have a 3D point; 0 of nothing."""
    present = recording.present
    return float(present.mean()) if present.size else 0.0


def status_counts(recording: Recording) -> list[tuple[Status, int]]:
    """Return how often each status occurs, the most common first."""
    codes, counts = np.unique(recording.status, return_counts=True)
    known = {int(status) for status in Status}
    pairs = [(Status(int(code)), int(count)) for code, count in zip(codes, counts) if int(code) in known]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def camera_summaries(
    recording: Recording, diagonals: Mapping[str, float] | None = None
) -> list[CameraSummary]:
    """Return one summary per camera, in the recording's order; none where there are no residuals.

    Parameters
    ----------
    recording : Recording
        The tracks, see `read_recording`.
    diagonals : mapping of str to float, optional
        Length of each camera's image diagonal, px (`image_diagonals`); without it nothing can be judged
        good or bad.
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
    inlier = None if recording.inlier is None else recording.inlier[..., index]
    return CameraSummary(
        name=name,
        views=int(views.sum()),
        median=median(finite),
        p95=float(np.percentile(finite, 95)) if finite.size else float("nan"),
        median_inliers=float("nan") if inlier is None else median(residual[views & inlier]),
        used=None if inlier is None else int((views & present & inlier).sum()),
        rejected=None if inlier is None else int((views & present & ~inlier).sum()),
        no_point=int((views & ~present).sum()),
        diagonal=diagonal,
    )


def image_diagonals(cameras: "CameraGroup") -> dict[str, float]:
    """Return the length of each camera's image diagonal, px, by name."""
    sizes = np.asarray(cameras.image_sizes, dtype=np.float64)
    return {str(name): float(np.hypot(*size)) for name, size in zip(cameras.names, sizes)}


def median_grid(recording: Recording) -> np.ndarray:
    """Return the median reprojection error of each keypoint in each camera, (K, C) px; NaN without views."""
    residual, counted = recording.reprojection
    grid = np.full((len(recording.keypoints), len(recording.cameras)), np.nan)
    for k in range(grid.shape[0]):
        for c in range(grid.shape[1]):
            grid[k, c] = median(residual[:, :, k, c][counted[:, :, k, c]])
    return grid


def fast_steps(recording: Recording, limit: float) -> tuple[float, str]:
    """Return the share of steps from frame to frame that are faster than `limit`, and the worst keypoint.

    Parameters
    ----------
    recording : Recording
        The tracks.
    limit : float
        Speed, m/s.

    Returns
    -------
    share : float
        0..1; 0 where there is no clock, or no step.
    keypoint : str
        Where most of them are; empty without any.
    """
    if not recording.clocked or len(recording.times) < 2:
        return 0.0, ""
    step = np.linalg.norm(np.diff(recording.position, axis=0), axis=-1)
    speed = step / np.diff(recording.times)[:, None, None]
    fast = np.nan_to_num(speed) > limit
    known = np.isfinite(speed).sum()
    if not fast.any():
        return 0.0, ""
    return float(fast.sum() / known), recording.keypoints[int(fast.sum(axis=(0, 1)).argmax())]


def limb_lengths(recording: Recording) -> list[dict[str, tuple[float, float]]]:
    """Return for each person the median lengths of left and right limbs, m, by limb; NaN ones left out."""
    place = {name: index for index, name in enumerate(recording.keypoints)}
    known = [limb for limb in LIMBS if {f"{s}_{end}" for s in SIDES for end in LIMBS[limb]} <= place.keys()]
    people = []
    for person in range(len(recording.people)):
        lengths = {}
        for limb in known:
            ends = [[place[f"{side}_{end}"] for end in LIMBS[limb]] for side in SIDES]
            points = recording.position[:, person]
            left, right = (median(np.linalg.norm(points[:, a] - points[:, b], axis=-1)) for a, b in ends)
            if np.isfinite(left) and np.isfinite(right):
                lengths[limb] = (left, right)
        people.append(lengths)
    return people
