"""Fitting the poses of a spine of known rest shape to points with covariances, frame by frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import CHAIN, LEVELS, RestShape
from mvtri.kinematics.spine_model import POSE, Floats, Pose, linearise, points_of

_STEPS = 12  # at most
_SMALL = 1e-3  # m and rad: a step that ends the iteration
_DAMPING = 1e-3  # of the first step
_LOOSE = 1e-2  # information on place and turn: a standard deviation of 10 m and 10 rad
_FREEDOM = 8.0  # degrees of freedom of the Student's t that errors of points follow
_CHUNK = 256  # frames at a time
CHAIN_LENGTH = len(CHAIN)
_FEWEST = 3  # points of the chain


@dataclass
class Fit:
    """Poses and what they were fitted with.

    Attributes
    ----------
    pose : Pose
    covariance : ndarray, shape (T, N, N)
        Of the step of `Pose.moved`, given the rest shape.
    weights : ndarray, shape (T, P, 3, 3)
        Inverse covariances of the points as they were used; 0 where a point is missing.
    fitted : ndarray of bool, shape (T,)
        False where there are too few points.
    scales : ndarray, shape (T, P)
        What Student's t multiplied the information of each point with.
    cost : ndarray, shape (T,)
        Half of the weighted squares (of their Student's t), those of the bend included.
    """

    pose: Pose
    covariance: Floats
    weights: Floats
    fitted: NDArray[np.bool_]
    scales: Floats
    cost: Floats

    def at(self, frames: NDArray[np.intp]) -> "Fit":
        """Return the fit of some of the frames."""
        rest = (getattr(self, name)[frames] for name in ("covariance", "weights", "fitted", "scales", "cost"))
        return Fit(self.pose.at(frames), *rest)


def is_covariance(matrices: Floats) -> NDArray[np.bool_]:
    """Return which matrices (..., 3, 3) are finite, and positive in all directions."""
    finite = np.asarray(np.isfinite(matrices).all(axis=(-1, -2)))
    values = np.linalg.eigvalsh(np.where(finite[..., None, None], matrices, np.eye(3)))
    return finite & np.asarray(values[..., 0] > 0)


def root_of(covariances: Floats) -> Floats:
    """Return matrices whose squares ``A A^T`` are the covariances (..., N, N), rounding or not."""
    try:
        return np.asarray(np.linalg.cholesky(covariances), dtype=np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariances)
        root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
        return root


def information(covariances: Floats, there: NDArray[np.bool_], freedom: Floats) -> Floats:
    """Return inverses of covariances (T, P, 3, 3) plus the freedom (P,) of each point; 0 where missing."""
    safe = np.where(there[..., None, None], covariances, np.eye(3))
    safe = safe + freedom[:, None, None] ** 2 * np.eye(3)
    return np.where(there[..., None, None], np.linalg.inv(safe), 0.0)


def fit_poses(
    points: Floats, weights: Floats, shape: RestShape, modes: Floats, start: Pose | None = None
) -> Fit:
    """Return the poses of maximum posterior probability (Gauss-Newton), frame by frame.

    Parameters
    ----------
    points : ndarray, shape (T, P, 3)
        m.
    weights : ndarray, shape (T, P, 3, 3)
        Inverse covariances, 1/m²; 0 where a point is missing.
    shape : RestShape
    modes : ndarray, shape (L, 3, M)
    start : Pose, optional
        Where to begin; else with the shape at rest, moved to the points.
    """
    chunks = [slice(first, first + _CHUNK) for first in range(0, max(len(points), 1), _CHUNK)]
    fits = []
    for chunk in chunks:
        begin = start.at(chunk) if start else rest_pose(points[chunk], weights[chunk], shape, modes.shape[-1])
        fits.append(_fit_chunk(points[chunk], weights[chunk], shape, modes, begin))
    pose = Pose(
        *(np.concatenate([getattr(fit.pose, name) for fit in fits]) for name in ("root", "turn", "bend"))
    )
    rest = [
        np.concatenate([getattr(fit, name) for fit in fits])
        for name in ("covariance", "weights", "fitted", "scales", "cost")
    ]
    return Fit(pose, rest[0], rest[1], rest[2], rest[3], rest[4])


def prior_of(modes: int) -> Floats:
    """Return the information (6 + M,) on a pose that is known before any point is."""
    return np.array([_LOOSE] * POSE + [1.0] * modes)


def _fit_chunk(points: Floats, weights: Floats, shape: RestShape, modes: Floats, pose: Pose) -> Fit:
    """Levenberg-Marquardt, each frame with its own damping until its step is small."""
    prior = prior_of(modes.shape[-1])
    there = weights[..., 0, 0] > 0
    fitted = there[:, :CHAIN_LENGTH].sum(axis=1) >= _FEWEST
    seen = np.where(there[..., None], points, 0.0)
    active = np.flatnonzero(fitted)
    part, damping = pose.at(active), np.full(len(active), _DAMPING)
    state = _state(seen[active], there[active], weights[active], shape, modes, part)
    for _ in range(_STEPS):
        if not len(active):
            break
        step = _step(state, weights[active], part, damping, prior)
        trial = part.moved(step)
        new = _state(seen[active], there[active], weights[active], shape, modes, trial)
        better = new.cost <= state.cost
        part, state = part.where(better, trial), state.where(better, new)
        pose = pose.with_frames(active, part)
        damping = np.where(better, 0.1, 10.0) * damping
        going = np.flatnonzero(np.abs(step).max(axis=1) >= _SMALL)
        active, damping, part, state = active[going], damping[going], part.at(going), state.at(going)
    state = _state(seen, there, weights, shape, modes, pose)
    used = weights * state.scales[..., None, None]
    hessian, _ = _normal(state.slopes, used, state.off)
    covariance = np.asarray(np.linalg.inv(hessian + np.diag(prior)), dtype=np.float64)
    covariance = 0.5 * (covariance + np.swapaxes(covariance, -1, -2))
    return Fit(pose, covariance, used, fitted, state.scales, state.cost)


def _step(state: "_State", weights: Floats, pose: Pose, damping: Floats, prior: Floats) -> Floats:
    """Return the damped steps (T, N)."""
    hessian, gradient = _normal(state.slopes, weights * state.scales[..., None, None], state.off)
    gradient[:, POSE:] -= pose.bend
    diagonal = np.arange(len(prior))
    hessian[:, diagonal, diagonal] += prior
    hessian[:, diagonal, diagonal] *= 1.0 + damping[:, None]
    return np.asarray(np.linalg.solve(hessian, gradient[..., None])[..., 0], dtype=np.float64)


@dataclass
class _State:
    """Where the points of poses are, and what that costs."""

    off: Floats
    slopes: Floats
    scales: Floats
    cost: Floats

    def at(self, frames: NDArray[np.intp]) -> "_State":
        return _State(*(getattr(self, name)[frames] for name in ("off", "slopes", "scales", "cost")))

    def where(self, better: NDArray[np.bool_], other: "_State") -> "_State":
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("off", "slopes", "scales", "cost")]
        return _State(*(_choose(better, new, old) for old, new in pairs))


def _choose(better: NDArray[np.bool_], new: Floats, old: Floats) -> Floats:
    return np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _state(
    seen: Floats, there: NDArray[np.bool_], weights: Floats, shape: RestShape, modes: Floats, pose: Pose
) -> _State:
    places, slopes = linearise(pose, shape, modes)
    off = np.where(there[..., None], seen - places, 0.0)
    square = np.einsum("tpi,tpij,tpj->tp", off, weights, off)
    scales = (_FREEDOM + 3.0) / (_FREEDOM + square)  # Student's t (Lange et al., JASA 84, 1989, 881)
    cost = 0.5 * (_FREEDOM + 3.0) * np.log1p(square / _FREEDOM).sum(axis=1)
    return _State(off, slopes, scales, cost + 0.5 * (pose.bend**2).sum(axis=1))


def _normal(slopes: Floats, weights: Floats, off: Floats) -> tuple[Floats, Floats]:
    """Return the normal equations, matrix (T, N, N) and right side (T, N)."""
    count, size, total = len(slopes), 3 * slopes.shape[1], slopes.shape[-1]
    weighted = (weights @ slopes).reshape(count, size, total)
    hessian = np.swapaxes(slopes.reshape(count, size, total), -1, -2) @ weighted
    gradient = (off.reshape(count, 1, size) @ weighted)[:, 0]
    return hessian, gradient


def rest_pose(points: Floats, weights: Floats, shape: RestShape, modes: int) -> Pose:
    """Return the shape at rest, moved and turned to the points (Kabsch, Acta Cryst. A 32, 1976, 922)."""
    trace = np.trace(weights, axis1=-2, axis2=-1)
    there = trace > 0
    share = np.where(there, trace, 0.0)
    total = np.maximum(share.sum(axis=1), 1e-300)[:, None]
    seen = np.where(there[..., None], points, 0.0)
    at_rest = points_of(
        Pose(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 1))), shape, np.zeros((len(LEVELS), 3, 1))
    )[0]
    middle = np.einsum("tp,tpi->ti", share, seen) / total
    centre = np.einsum("tp,pi->ti", share, at_rest) / total
    spread = np.einsum("tp,tpi,tpj->tij", share / total, seen - middle[:, None], at_rest - centre[:, None])
    left, _, right = np.linalg.svd(spread)
    sign = np.sign(np.linalg.det(left @ right))
    sign = np.where(sign == 0, 1.0, sign)
    left[:, :, 2] *= sign[:, None]
    turn = left @ right
    root = middle - np.einsum("tij,tj->ti", turn, centre)
    return Pose(root, turn, np.zeros((len(points), modes)))
