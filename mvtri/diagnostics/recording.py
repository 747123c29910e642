"""A Tracks dataset as plain arrays; an array that the dataset lacks is None."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from mvtri.kinematics import spine_chain
from mvtri.skeletons import Skeleton, find_skeleton, get_skeleton, list_skeletons, remember_skeleton
from mvtri.smoothing.smooth import MEASURED
from mvtri.tracks import (
    CAMERAS,
    INDIVIDUALS,
    KEYPOINTS,
    TIME,
    Status,
    provenance_of,
    to_array,
    validate_tracks,
)

SCORE_FLOOR = 0.3  # views with a lower score need not agree with the 3D point


@dataclass(frozen=True)
class Recording:
    """Tracks as arrays: T frames, N people, K keypoints, C cameras.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Seconds, or frame numbers where `clocked` is False.
    position : ndarray, shape (T, N, K, 3)
        World coordinates, m; NaN where missing.
    status : ndarray of int, shape (T, N, K)
        `mvtri.Status` codes.
    sigma : ndarray, shape (T, N, K, 3) or None
        Standard deviation along each world axis, m.
    residual, inlier, score : ndarray, shape (T, N, K, C), or None
        Reprojection error in px, whether the view was used, and the score of the 2D detection.
    position_2d : ndarray, shape (T, N, K, C, 2) or None
        The 2D detections, px.
    links : ndarray of int, shape (L, 2)
        Pairs of keypoints that are drawn as a line, without those of the spine.
    spine : ndarray of int, shape (S,)
        The spine from bottom to top; empty where the skeleton has none.
    notes : tuple of str
        Notes of the program that made the tracks (`mvtri.reconstruct`).
    noise : ndarray, shape (K or 1, C) or None
        The noise that was found in the 2D, px, where the tracks record it.
    rig_errors : ndarray, shape (C, 6), or None
        How far each camera was found to be turned (rad) and moved (m), where the points and the residuals are
        those of cameras displaced so (`mvtri.Noise.rig_errors`).
    height : float or None
        How tall the person is, m, where the user said so.
    exchanged : dict of str to int
        In how many views of a camera left and right were exchanged back; only cameras with some.
    measured : ndarray, shape (T, N, K, 3) or None
        The positions before smoothing, m, where the tracks were smoothed.
    lifted : str
        What tracks from one view rest on; empty where several views were triangulated.
    """

    times: np.ndarray
    clocked: bool
    keypoints: tuple[str, ...]
    people: tuple[str, ...]
    cameras: tuple[str, ...]
    position: np.ndarray
    status: np.ndarray
    sigma: np.ndarray | None
    residual: np.ndarray | None
    inlier: np.ndarray | None
    score: np.ndarray | None
    position_2d: np.ndarray | None
    skeleton: str
    links: np.ndarray
    spine: np.ndarray
    notes: tuple[str, ...] = ()
    noise: np.ndarray | None = None
    rig_errors: np.ndarray | None = None
    height: float | None = None
    exchanged: Mapping[str, int] = field(default_factory=dict)
    measured: np.ndarray | None = None
    lifted: str = ""

    @property
    def present(self) -> np.ndarray:
        """Where there is a 3D point, shape (T, N, K)."""
        present: np.ndarray = np.isfinite(self.position).all(axis=-1)
        return present

    @property
    def time_label(self) -> str:
        """The title of a time axis."""
        return "time (s)" if self.clocked else "frame"

    def moment(self, t: int) -> str:
        """The time of a frame as text."""
        return f"{self.times[t]:.2f} s" if self.clocked else f"frame {self.times[t]:g}"

    @property
    def reprojection(self) -> tuple[np.ndarray, np.ndarray]:
        """Residuals in px and which of them count, both (T, N, K, C): the views that should agree.

        These are the views with a score of 0.3 or more, including rejected ones; without scores, all views
        that have a residual.  Without residuals, none counts.
        """
        if self.residual is None:
            shape = (*self.status.shape, len(self.cameras))
            return np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        if self.score is not None:
            return self.residual, np.nan_to_num(self.score) >= SCORE_FLOOR
        return self.residual, np.isfinite(self.residual)


def read_recording(tracks: xr.Dataset) -> Recording:
    """Return the arrays of a Tracks dataset.

    Raises
    ------
    InputError
        If the dataset is not Tracks.
    """
    validate_tracks(tracks)
    keypoints = tuple(str(name) for name in tracks[KEYPOINTS].to_numpy())
    position = to_array(tracks).astype(np.float64)
    present = np.isfinite(position).all(axis=-1)
    covariance = _optional(tracks, "covariance")
    status = _optional(tracks, "status")
    own = provenance_of(tracks).get("skeleton")
    if isinstance(own, dict):  # a user's, as it was when the 2D was read
        remember_skeleton(own, "the skeleton in the tracks' provenance")
    skeleton, links, spine = find_links(keypoints, str(tracks.attrs.get("skeleton", "")))
    inlier = _optional(tracks, "inlier")
    provenance = provenance_of(tracks)
    makers = (provenance.get(maker) for maker in ("reconstruct", "stream"))
    made: dict[str, Any] = next((record for record in makers if isinstance(record, dict)), {})
    names = tuple(str(name) for name in tracks[CAMERAS].to_numpy()) if CAMERAS in tracks.coords else ()
    return Recording(
        times=tracks[TIME].to_numpy().astype(np.float64),
        clocked=tracks.attrs.get("time_unit") == "seconds",
        keypoints=keypoints,
        people=tuple(str(name) for name in tracks[INDIVIDUALS].to_numpy()),
        cameras=names,
        position=position,
        measured=_optional(tracks, MEASURED),
        status=np.where(present, Status.OK, Status.TOO_FEW_VIEWS)
        if status is None
        else status.astype(np.int64),
        sigma=None if covariance is None else _sigma(covariance),
        residual=_optional(tracks, "residual"),
        inlier=None if inlier is None else np.nan_to_num(inlier).astype(bool),
        score=_optional(tracks, "confidence_2d"),
        position_2d=_optional(tracks, "position_2d"),
        skeleton=skeleton,
        links=links,
        spine=spine,
        notes=tuple(map(str, made.get("notes", ()))),
        noise=_noise(made.get("noise", {})),
        rig_errors=_rig_errors(made.get("noise", {}), len(names)),
        height=_height(made.get("height")),
        exchanged=_counts(made.get("left_right")),
        lifted=_lifted(provenance.get("lift")),
    )


def _lifted(record: Any) -> str:
    """Return what tracks rest on that `mvtri.lift` made; empty for others."""
    if not isinstance(record, dict) or not isinstance(record.get("height_m"), int | float):
        return ""
    height = f"the person's height, {record['height_m']:.2f} m"
    remedy = "" if record.get("height_given") else ", which is assumed: give it with --height"
    return (
        f"From one view ({record.get('camera')}), which no other view checks: the pose is what "
        f"{record.get('lifter')} takes for likely, and how far away the person is rests on {height}{remedy}."
    )


def find_links(keypoints: tuple[str, ...], name: str) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the skeleton's name, its links (L, 2) without those of the spine, and its spine chain (S,).

    The skeleton is the one called `name`, else the one whose keypoints are exactly these, else none;
    indices are those of `keypoints`, which may be a part of the skeleton's.
    """
    if not name or find_skeleton(name) is None:
        own = (other for other in list_skeletons() if get_skeleton(other).keypoints == keypoints)
        name = next(own, "")
    if not name:
        return "", np.zeros((0, 2), dtype=np.intp), np.zeros(0, dtype=np.intp)
    return name, *skeleton_links(get_skeleton(name), keypoints)


def skeleton_links(skeleton: Skeleton, keypoints: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the links (L, 2) outside the spine chain, and the chain (S,), as indices into `keypoints`."""
    place = {name: index for index, name in enumerate(keypoints)}
    chain = [name for name in spine_chain(skeleton.name) if name in place]
    steps = {frozenset(pair) for pair in itertools.pairwise(chain)}
    links = [
        (place[a], place[b])
        for a, b in skeleton.links
        if a in place and b in place and frozenset((a, b)) not in steps
    ]
    spine = np.array([place[name] for name in chain], dtype=np.intp)
    return np.array(links, dtype=np.intp).reshape(-1, 2), spine


def side_of(name: str) -> int:
    """Return 0 for a keypoint of the left side, 1 for one of the middle, 2 for the right."""
    return 0 if name.startswith("left_") else 2 if name.startswith("right_") else 1


def link_sides(keypoints: tuple[str, ...], links: np.ndarray) -> np.ndarray:
    """Return the side of each link (L,): that of its end which is not in the middle."""
    sides = [{side_of(keypoints[a]), side_of(keypoints[b])} - {1} for a, b in links]
    return np.array([side.pop() if len(side) == 1 else 1 for side in sides], dtype=np.intp)


def _optional(tracks: xr.Dataset, name: str) -> np.ndarray | None:
    return to_array(tracks, name) if name in tracks else None


def _noise(record: dict[str, Any]) -> np.ndarray | None:
    """Return the noise (K or 1, C) that provenance records, if it was estimated."""
    sigma = record.get("sigma")
    if sigma is None or not record.get("estimated"):
        return None
    return np.atleast_2d(np.asarray(sigma, dtype=np.float64))


def _rig_errors(record: dict[str, Any], cameras: int) -> np.ndarray | None:
    """Return how far each camera is off (C, 6), if provenance records it in this form."""
    errors = record.get("rig_errors")
    rows = errors if isinstance(errors, list) and len(errors) == cameras else []
    if not rows or not all(isinstance(row, list) and len(row) == 6 for row in rows):
        return None
    if not all(isinstance(number, int | float) and np.isfinite(number) for row in rows for number in row):
        return None
    return np.asarray(rows, dtype=np.float64)


def _height(record: Any) -> float | None:
    return float(record) if isinstance(record, int | float) else None


def _counts(record: Any) -> dict[str, int]:
    pairs = record.items() if isinstance(record, dict) else ()
    return {str(name): count for name, count in pairs if isinstance(count, int)}


def _sigma(covariance: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1).astype(np.float64))
