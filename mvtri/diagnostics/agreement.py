"""Which camera does not fit the others, if any: the evidence, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import (
    Views,
    linearise,
    locate,
    moved_poses,
    residuals,
    summed,
    without_points,
)
from mvtri.diagnostics.hypotheses import Fit, Situation, compare, expected_shifts, noticed_from, places_found
from mvtri.diagnostics.situation import assess, enough_points
from mvtri.plausibility.views import Poses, camera_pairs, pair_distances

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
Conclusion = Literal["agree", "camera", "undecidable", "rig", "foreign", "contradiction"]

# Differences of the logarithm of the marginal likelihood.
OFF = 8.0  # between what explains the residuals best and sound cameras: something is displaced
CLEAR = 8.0  # between a camera and every other one, or pair of them: it is that camera
ALONE = 3.0  # between a camera and the displacement of all cameras
HINT = 1.5  # between what explains the residuals best and sound cameras: something may be displaced
# Shares of the image diagonal.
VISIBLE = 0.002  # a smaller disagreement is nobody's concern
# Of what is left without any other camera, the others without the accused one have at most 1 - LEAVING / C.
LEAVING = 0.6
GOOD, BAD = 0.006, 0.02  # of the others without a camera; of a camera that fits no displacement
LEFT_AGREEING = 0.35  # of what is left without any other camera
LEAST_VIEWS = 0.05  # of those of the camera that has the most
FOREIGN_ERROR, FOREIGN_GAIN = 0.5, 10.0  # px, below that of any detector; how much better the fit becomes


@dataclass(frozen=True)
class Evidence:
    """How well the cameras fit each other, and which of them does not.

    Attributes
    ----------
    cameras : tuple of str
        The names of the C cameras that have views; the others cannot be judged.
    pairs : ndarray, shape (C, C)
        Median distance between the views of a pair of cameras and each other's epipolar lines, px; NaN on the
        diagonal.
    left_out : ndarray, shape (C,)
        Median distance between the 2D of a camera and the reprojection of points from the other cameras, px.
    rest : ndarray, shape (C,)
        By how much the other cameras disagree without this one: the standard deviation of a coordinate, px,
        with as many degrees of freedom as their views leave.  NaN with two cameras.
    all_views : float
        The same of all cameras, px.
    refined : float
        The same after all poses are refined on this 2D, px.
    support : ndarray, shape (C,)
        How much more likely the residuals are if this camera alone is displaced than if none is: difference
        of the logarithm of the marginal likelihood.
    support_all : float
        The same for the displacement of all cameras.
    shifts : ndarray, shape (C, 2)
        How far each camera would have turned (degrees) and moved (m), if it alone were displaced.
    conclusion : str
        ``"agree"``; ``"camera"``: one is displaced, or does not belong; ``"undecidable"``: several
        explanations are equally good; ``"rig"``: the calibration as a whole is off; ``"foreign"``: the 2D
        fits another calibration perfectly; ``"contradiction"``: no displacement explains the residuals.
    accused : int or None
        The camera, where the conclusion is ``"camera"``.
    groups : tuple of tuple of int
        The two groups of cameras of which each agrees in itself, where that makes it undecidable.
    shifts_all : ndarray, shape (C, 2)
        How far each camera would have turned (degrees) and moved (m), if all were displaced.
    noticed : ndarray, shape (C, 2)
        From which turn (degrees) and shift (m) on the displacement of a camera would be noticed, in nine of
        ten directions.
    hint : bool
        Whether something may be displaced where the conclusion is ``"agree"``.
    places : ndarray, shape (C, 3, 3), or None
        Covariances of the cameras' places relative to each other, m^2, as this 2D alone would find them.
    """

    cameras: tuple[str, ...]
    pairs: Floats
    left_out: Floats
    rest: Floats
    all_views: float
    refined: float
    support: Floats
    support_all: float
    shifts: Floats
    shifts_all: Floats
    noticed: Floats
    conclusion: Conclusion
    accused: int | None = None
    groups: tuple[tuple[int, ...], ...] = ()
    hint: bool = False
    places: Floats | None = None


def gather_evidence(
    points2d: Floats, cameras: CameraGroup, assessed: tuple[Situation, Fit] | None = None
) -> Evidence | None:
    """Return the evidence about each camera, and what follows from it.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px as the lens gave them, of keypoints that are followed over time; NaN for views that do not count.
    cameras : CameraGroup
        The C cameras.
    assessed : tuple of Situation and Fit, optional
        What `assess` returns of them, where that is known.

    Returns
    -------
    Evidence or None
        None where too little is seen by two or more cameras.
    """
    given = cameras
    points2d, cameras = _in_use(points2d, cameras)
    if assessed is None or cameras is not given:
        assessed = assess(points2d, cameras) if enough_points(points2d) else None
    if assessed is None:
        return None
    situation, everything = assessed
    views, poses = situation.views, situation.poses
    C = len(cameras)
    fits = compare(situation, everything)
    single = {each.hypothesis.cameras[0]: each for each in fits[1:-1] if len(each.hypothesis.cameras) == 1}
    none = fits[0].evidence
    shifts = np.full((C, 2), np.nan)
    for camera, each in single.items():
        shifts[camera] = _sizes(each.shift)[camera]
    evidence = Evidence(
        cameras=tuple(map(str, cameras.names)),
        pairs=_pair_table(views, poses),
        left_out=np.array([_left_out(views, poses, c) for c in range(C)]),
        rest=np.array([_disagreement(_without(views, c), poses) if C > 2 else np.nan for c in range(C)]),
        all_views=_disagreement(views, poses),
        refined=_disagreement(views, _refined(situation, everything)),
        support=np.array([single[c].evidence - none if c in single else np.nan for c in range(C)]),
        support_all=everything.evidence - none,
        shifts=shifts,
        shifts_all=_sizes(everything.shift),
        noticed=noticed_from(situation, fits[0], OFF) * [np.degrees(1.0), 1.0],
        conclusion="agree",
        places=places_found(situation, everything),
    )
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    return _concluded(evidence, fits, diagonal)


def _sizes(shift: Floats) -> Floats:
    """Return how far cameras are turned, degrees, and moved, m, (C, 2), by displacements (C, 6)."""
    turn, move = np.linalg.norm(shift[:, :3], axis=1), np.linalg.norm(shift[:, 3:], axis=1)
    return np.stack([np.degrees(turn), move], axis=1)


def _in_use(points2d: Floats, cameras: CameraGroup) -> tuple[Floats, CameraGroup]:
    """Return the 2D of the cameras that have views, and these cameras."""
    views = np.isfinite(points2d).all(axis=-1).sum(axis=(0, 1))
    used = np.flatnonzero(views > LEAST_VIEWS * views.max(initial=1))
    if len(used) == len(cameras) or not len(used):
        return points2d, cameras
    return points2d[:, :, used], cameras.subset([cameras.names[c] for c in used])


def _concluded(evidence: Evidence, fits: list[Fit], diagonal: float) -> Evidence:
    """Return the evidence with what follows from it."""
    C = len(evidence.cameras)
    none, everything = fits[0].evidence, fits[-1].evidence
    best = max(fits[1:], key=lambda each: each.evidence)
    gain = best.evidence - none
    if evidence.all_views <= VISIBLE * diagonal:
        return evidence
    stranger = _stranger(evidence, diagonal)
    if gain < OFF:
        if stranger is not None:
            return replace(evidence, conclusion="camera", accused=stranger)
        if evidence.all_views > BAD * diagonal:
            return replace(evidence, conclusion="contradiction")
        return replace(evidence, hint=gain > HINT)
    if evidence.refined < FOREIGN_ERROR and evidence.all_views > FOREIGN_GAIN * evidence.refined:
        only = len(best.hypothesis.cameras) == 1 and _is_clear(best, fits)
        if not only or C < 4:
            return replace(evidence, conclusion="foreign")
    if C < 4:
        return replace(evidence, conclusion="undecidable" if C == 3 else "rig")
    if len(best.hypothesis.cameras) == 1 and _is_clear(best, fits):
        camera = best.hypothesis.cameras[0]
        if evidence.rest[camera] < (1 - LEAVING / C) * np.delete(evidence.rest, camera).min():
            return replace(evidence, conclusion="camera", accused=camera)
        return replace(evidence, conclusion="undecidable")
    if stranger is not None:
        return replace(evidence, conclusion="camera", accused=stranger)
    if len(best.hypothesis.cameras) == 2 and best.evidence > everything + ALONE:
        group = best.hypothesis.cameras
        others = tuple(c for c in range(C) if c not in group)
        if C == 4:
            return replace(evidence, conclusion="undecidable", groups=(group, others))
    next_best = max(each.evidence for each in fits[1:-1])
    if everything > next_best + ALONE:
        return replace(evidence, conclusion="rig")
    return replace(evidence, conclusion="undecidable")


def _is_clear(best: Fit, fits: list[Fit]) -> bool:
    """Return whether the displacement of one camera explains the residuals better than all others do."""
    rivals = [each.evidence for each in fits[1:-1] if each is not best]
    alone = best.evidence > fits[-1].evidence + ALONE
    return alone and all(best.evidence > rival + CLEAR for rival in rivals)


def _stranger(evidence: Evidence, diagonal: float) -> int | None:
    """Return the camera without which, and only without which, the others agree, if it is far off."""
    if len(evidence.cameras) < 4:
        return None
    rest = evidence.rest
    camera = int(np.nanargmin(rest)) if np.isfinite(rest).all() else -1
    if camera < 0:
        return None
    others = np.delete(rest, camera).min()
    agree = rest[camera] < GOOD * diagonal and rest[camera] < LEFT_AGREEING * others
    return camera if agree and evidence.left_out[camera] > BAD * diagonal else None


def _without(views: Views, camera: int) -> Views:
    used = views.used.copy()
    used[..., camera] = False
    return Views(views.normalised, used)


def _pair_table(views: Views, poses: Poses) -> Floats:
    """Return the median epipolar distance (C, C) of each pair of cameras, px."""
    C = len(poses.focals)
    pairs = camera_pairs(C)
    distances = pair_distances(np.where(views.used[..., None], views.normalised, np.nan), poses, pairs)
    table = np.full((C, C), np.nan)
    for (a, b), column in zip(pairs, np.abs(distances).reshape(-1, len(pairs)).T):
        known = column[np.isfinite(column)]
        table[a, b] = table[b, a] = np.median(known) if known.size else np.nan
    return table


def _left_out(views: Views, poses: Poses, camera: int) -> float:
    """Return the median distance of a camera's 2D from points that the other cameras locate, px."""
    others = _without(views, camera)
    points = locate(others, poses)
    error = np.linalg.norm(residuals(views, points, poses)[..., camera, :], axis=-1)
    known = error[np.isfinite(error)]
    return float(np.median(known)) if known.size else float("nan")


def _disagreement(views: Views, poses: Poses) -> float:
    """Return the standard deviation of a coordinate of the views, px, with the degrees of freedom left."""
    error, _, by_point = linearise(views, locate(views, poses), poses)
    kept = np.abs(by_point).sum(axis=-1) > 0
    left = (without_points(by_point) @ error[..., None])[..., 0] * kept
    freedom = np.maximum(kept.sum(axis=1) - 3, 0)
    square = (left**2).sum(axis=1)
    known = freedom > 0
    return float(np.sqrt(square[known].sum() / freedom[known].sum())) if known.any() else float("nan")


def _refined(situation: Situation, everything: Fit) -> Poses:
    """Return the poses that fit the 2D best, as if the detector had no systematic errors."""
    root = expected_shifts(everything.hypothesis, situation.poses, situation.distance, 3.0)
    shift = everything.shift.ravel()
    for _ in range(3):
        sums = summed(situation.views, moved_poses(situation.poses, shift), shift)
        system = np.eye(root.shape[1]) + root.T @ sums.camera.sum(axis=0) @ root
        shift = root @ np.linalg.solve(system, root.T @ sums.camera_residual.sum(axis=0))
    return moved_poses(situation.poses, shift)
