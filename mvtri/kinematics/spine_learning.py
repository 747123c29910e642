"""Learning a person's rest shape from a sequence, starting from anatomy."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import LEVELS, RestShape
from mvtri.kinematics.spine_model import Floats, Pose, linearise, paths, points_of, turns_of
from mvtri.kinematics.spine_poses import CHAIN_LENGTH, Fit, fit_poses, root_of

_FRAMES = 120  # that a rest shape is learned from
_WINDOW = 300  # successive frames from which the correlation of errors in time is found
_ROUNDS = 10  # at most
_SHARED = 3  # rounds in which that correlation is found again
_GAIN = 0.1  # in log probability: less ends the iteration
_LONG = 0.2  # m: distances that say how large a person is


def independent_share(residuals: Floats, there: NDArray[np.bool_]) -> float:
    """Return effectively independent frames per frame, 0..1, of residuals (T, P, 3).

    The sum of the autocorrelation up to its first zero: ``1 / (1 + 2 sum_k rho_k)``.
    """
    count = len(residuals)
    if count < 3:
        return 1.0
    filled = np.where(there[..., None], residuals, 0.0)
    present = there.astype(np.float64)
    means = filled.sum(axis=0) / np.maximum(present.sum(axis=0), 1.0)[:, None]
    filled = np.where(there[..., None], filled - means, 0.0)
    power = np.sum(filled**2) / max(present.sum(), 1.0)
    total = 1.0
    for lag in range(1, count // 2):
        pairs = float(np.sum(present[lag:] * present[:-lag]))
        rho = np.sum(filled[lag:] * filled[:-lag]) / max(pairs, 1.0) / max(power, 1e-300)
        if rho <= 0.0:
            break
        total += 2.0 * rho
    return 1.0 / total


def learn_shape(points: Floats, weights: Floats, anatomy: RestShape, modes: Floats) -> tuple[RestShape, Fit]:
    """Return the rest shape of a person, and the poses fitted with it.

    The shape of maximum posterior probability, by Newton's method: the prior is `anatomy`, scaled to the
    person, and the poses are integrated out (Laplace's approximation), so that noise does not make segments
    longer.

    Parameters
    ----------
    points, weights, modes
        As in `fit_poses`.
    anatomy : RestShape
    """
    fitted = (weights[:, :CHAIN_LENGTH, 0, 0] > 0).sum(axis=1) > 2
    usable = np.flatnonzero(fitted)
    if not len(usable):
        return anatomy, fit_poses(points, weights, anatomy, modes)
    anatomy = _scaled(anatomy, points[usable], weights[usable])
    some = usable[np.unique(np.linspace(0, len(usable) - 1, min(_FRAMES, len(usable))).astype(int))]
    first = max(0, len(usable) // 2 - _WINDOW // 2)
    window = usable[first : first + _WINDOW]
    prior = np.linalg.inv(anatomy.covariance)
    shape, share = anatomy, 1.0
    part = fit_poses(points[some], weights[some], shape, modes)
    around = fit_poses(points[window], weights[window], shape, modes)

    def value(trial: RestShape, poses: Fit, scale: float) -> float:
        away = (trial.parts - anatomy.parts).ravel()
        uncertain = np.linalg.slogdet(poses.covariance)[1]
        return float(scale * (poses.cost - 0.5 * uncertain).sum() + 0.5 * away @ prior @ away)

    for number in range(_ROUNDS):
        if number < _SHARED:
            around = fit_poses(points[window], weights[window], shape, modes, around.pose)
            share = _share(points[window], around, shape, modes)
        scale = share * len(usable) / len(some)
        gradient, known = _gradient(points[some], part, shape, modes)
        precision = prior + scale * known
        step = np.linalg.solve(
            precision, scale * gradient - prior @ (shape.parts - anatomy.parts).ravel()
        ).reshape(-1, 3)
        now = value(shape, part, scale)
        gain = 0.0
        for part_of_step in (1.0, 0.5, 0.2, 0.05):
            trial = replace(shape, parts=shape.parts + part_of_step * step)
            poses = fit_poses(points[some], weights[some], trial, modes, part.pose)
            gain = now - value(trial, poses, scale)
            if gain > 0.0:
                shape, part = trial, poses
                break
        if gain < _GAIN and number >= _SHARED:
            break
    _, known = _gradient(points[some], part, shape, modes)
    spread = np.asarray(np.linalg.inv(prior + scale * known), dtype=np.float64)
    shape = replace(shape, covariance=spread)
    return shape, fit_poses(points, weights, shape, modes)


def _scaled(shape: RestShape, points: Floats, weights: Floats) -> RestShape:
    """Return the shape in the size of the points: the median ratio of long distances."""
    still = Pose(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 1, 3)))
    rest = points_of(still, shape, np.zeros((len(LEVELS), 1, 3)))[0]
    first, second = np.triu_indices(len(rest), 1)
    length = np.linalg.norm(rest[first] - rest[second], axis=-1)
    long = length > _LONG
    first, second, length = first[long], second[long], length[long]
    some = points[:: max(1, len(points) // _FRAMES)]
    there = weights[:: max(1, len(points) // _FRAMES), :, 0, 0] > 0
    seen = np.linalg.norm(some[:, first] - some[:, second], axis=-1)
    ratios = (seen / length)[there[:, first] & there[:, second]]
    scale = float(np.median(ratios)) if ratios.size else 1.0
    return replace(shape, parts=scale * shape.parts, covariance=scale**2 * shape.covariance)


def _share(points: Floats, fit: Fit, shape: RestShape, modes: Floats) -> float:
    there = fit.weights[..., 0, 0] > 0
    places = points_of(fit.pose, shape, modes)
    off = np.einsum("tji,tpj->tpi", fit.pose.turn, np.where(there[..., None], points - places, 0.0))
    return independent_share(off, there)


def _gradient(points: Floats, fit: Fit, shape: RestShape, modes: Floats) -> tuple[Floats, Floats]:
    """Return gradient (3 P,) and information (3 P, 3 P) of the marginal likelihood of the parts (Laplace)."""
    turns, by_step = turns_of(fit.pose, modes)
    places, slopes = linearise(fit.pose, shape, modes)
    count, size = len(points), 3 * len(shape.points)
    lead = paths(shape)
    off = np.where(fit.weights[..., 0, 0, None] > 0, points - places, 0.0)
    design = _design(turns, shape, lead)
    weighted = (fit.weights @ design.reshape(count, -1, 3, size)).reshape(count, size, size)
    across = np.swapaxes(slopes.reshape(count, size, -1), -1, -2) @ weighted
    rows = weighted.reshape(count * size, size)
    taken = (np.swapaxes(root_of(fit.covariance), -1, -2) @ across).reshape(-1, size)
    own = design.reshape(count * size, size).T @ rows - taken.T @ taken
    gradient = rows.T @ off.ravel()
    gain = fit.covariance @ np.swapaxes((fit.weights @ slopes).reshape(count, size, -1), -1, -2)
    summed = np.einsum(
        "pq,tnpi->tqni", lead, gain[:, 3:].reshape(count, -1, len(shape.points), 3), optimize=True
    )
    spread = by_step[:, shape.levels] @ summed @ turns[:, shape.levels]
    lost = np.stack(
        [
            spread[..., 2, 1] - spread[..., 1, 2],
            spread[..., 0, 2] - spread[..., 2, 0],
            spread[..., 1, 0] - spread[..., 0, 1],
        ],
        axis=-1,
    )
    return gradient - lost.sum(axis=0).ravel(), own


def _design(turns: Floats, shape: RestShape, lead: Floats) -> Floats:
    """Return the derivative of the points by the parts (T, 3 P, 3 P)."""
    carrying = turns[:, shape.levels]
    count, size = len(turns), 3 * len(shape.points)
    design: Floats = np.einsum("pq,tqij->tpiqj", lead, carrying).reshape(count, size, size)
    return design
