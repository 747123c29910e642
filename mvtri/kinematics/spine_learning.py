"""Learning a person's rest shape, and how the person bends, from a sequence, starting from anatomy."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import LEVELS, RestShape
from mvtri.kinematics.spine_model import POSE, Floats, Pose, linearise, paths, points_of, turns_of
from mvtri.kinematics.spine_poses import CHAIN_LENGTH, Fit, fit_poses, prior_of, root_of

_FRAMES = 120  # that a rest shape is learned from
_WINDOW = 300  # successive frames from which the correlation of errors in time is found
_ROUNDS = 10  # at most
_SHARED = 3  # rounds in which that correlation is found again
_GAIN = 0.5  # in log probability: less ends the iteration
_QUIET = 0.1  # variance of all bends in a further frame: people seldom use the whole range of all joints
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


def learn_spine(
    points: Floats, weights: Floats, anatomy: RestShape, modes: Floats
) -> tuple[RestShape, Floats]:
    """Return the rest shape of a person, and the ways in which the person bends.

    Both have the highest posterior probability with the poses integrated out, so that noise neither makes
    segments longer nor bends larger.  The shape, whose prior is `anatomy` in the size of the person, is found
    by Newton's method and Laplace's approximation.  Bends are normal.  Their covariance, that of `modes` at
    first, is found by expectation and maximisation (Dempster, Laird and Rubin, J. R. Stat. Soc. B 39, 1977,
    1): a spine that bends in one region only is then not drawn towards how most spines bend.

    Parameters
    ----------
    points, weights, modes
        As in `fit_poses`.
    anatomy : RestShape

    Returns
    -------
    shape : RestShape
    modes : ndarray, shape (L, 3, M)
        Other ways to bend than those given, per standard deviation of this person.
    """
    usable = np.flatnonzero((weights[:, :CHAIN_LENGTH, 0, 0] > 0).sum(axis=1) > 2)
    if not len(usable):
        return anatomy, modes
    learner = _Learner(points[usable], weights[usable], anatomy, modes)
    for number in range(_ROUNDS):
        if number < _SHARED:
            learner.find_share()
        gain = learner.improve_shape() + learner.improve_modes()
        if gain < _GAIN and number >= _SHARED:
            break
    return learner.shape_with_spread(), learner.modes


class _Learner:
    """Shape and bends on their way, with the poses of some frames."""

    def __init__(self, points: Floats, weights: Floats, anatomy: RestShape, modes: Floats):
        count = len(points)
        some = np.unique(np.linspace(0, count - 1, min(_FRAMES, count)).astype(int))
        first = max(0, count // 2 - _WINDOW // 2)
        window = slice(first, first + _WINDOW)
        self.count, self.share = count, 1.0
        self.anatomy = _scaled(anatomy, points, weights)
        self.prior = np.linalg.inv(self.anatomy.covariance)
        self.given, self.mix = modes, np.eye(modes.shape[-1])
        self.shape, self.modes = self.anatomy, modes
        self.points, self.weights = points[some], weights[some]
        self.window, self.window_weights = points[window], weights[window]
        self.poses = fit_poses(self.points, self.weights, self.shape, modes)
        self.around: Pose | None = None

    def _fit(self, shape: RestShape) -> Fit:
        return fit_poses(self.points, self.weights, shape, self.modes, self.poses.pose)

    @property
    def scale(self) -> float:
        """How many independent frames of the recording each of the frames here stands for."""
        return self.share * self.count / len(self.points)

    def find_share(self) -> None:
        """Find how many frames are independent, from the residuals of successive ones."""
        fit = fit_poses(self.window, self.window_weights, self.shape, self.modes, self.around)
        self.around = fit.pose
        there = fit.weights[..., 0, 0] > 0
        places = points_of(fit.pose, self.shape, self.modes)
        away = np.where(there[..., None], self.window - places, 0.0)
        self.share = independent_share(np.einsum("tji,tpj->tpi", fit.pose.turn, away), there)

    def _cost(self, shape: RestShape, poses: Fit) -> float:
        """Return minus the log probability of a shape, apart from what does not depend on it."""
        away = (shape.parts - self.anatomy.parts).ravel()
        uncertain = np.linalg.slogdet(poses.covariance)[1]
        return float(self.scale * (poses.cost - 0.5 * uncertain).sum() + 0.5 * away @ self.prior @ away)

    def improve_shape(self) -> float:
        """Take a step of Newton's method, or a part of it; return what is gained in log probability."""
        gradient, known = _gradient(self.points, self.poses, self.shape, self.modes)
        away = (self.shape.parts - self.anatomy.parts).ravel()
        step = np.linalg.solve(self.prior + self.scale * known, self.scale * gradient - self.prior @ away)
        now = self._cost(self.shape, self.poses)
        for part in (1.0, 0.5, 0.2, 0.05):
            trial = replace(self.shape, parts=self.shape.parts + part * step.reshape(-1, 3))
            poses = self._fit(trial)
            gain = now - self._cost(trial, poses)
            if gain > 0.0:
                self.shape, self.poses = trial, poses
                return gain
        return 0.0

    def improve_modes(self) -> float:
        """Make the bends as large as they are; return about what is gained in log probability.

        Of M directions that hold nothing but noise, the largest sample variance in N frames is about
        ``(1 + sqrt(M / N))^2`` times that of the noise (Marchenko and Pastur, Math. USSR Sb. 1, 1967, 457).
        Noise is taken to be so much stronger here, up to four times, so that it is not learned as a bend.
        """
        frames = self.share * self.count
        edge = (1.0 + np.sqrt(min(1.0, len(self.mix) / frames))) ** 2
        bends, spread = _with_more_noise(self.poses, edge)
        second = bends.T @ bends / len(bends) + spread.mean(axis=0)
        whole = self.mix @ second @ self.mix.T  # in standard deviations of the modes that were given
        total = (_QUIET * np.eye(len(whole)) + frames * whole) / (1.0 + frames)
        values, vectors = np.linalg.eigh(total)
        fresh = vectors * np.sqrt(values)
        change = np.linalg.solve(fresh, self.mix)
        self.mix, self.modes = fresh, self.given @ fresh
        for pose in (self.poses.pose, self.around):
            if pose is not None:
                pose.bend = pose.bend @ change.T
        self.poses = self._fit(self.shape)
        gain = np.trace(second) - np.linalg.slogdet(second)[1] - len(second)
        return float(0.5 * frames * gain)

    def shape_with_spread(self) -> RestShape:
        """Return the shape, with its covariance."""
        _, known = _gradient(self.points, self.poses, self.shape, self.modes)
        spread = np.asarray(np.linalg.inv(self.prior + self.scale * known), dtype=np.float64)
        return replace(self.shape, covariance=spread)


def _with_more_noise(poses: Fit, factor: float) -> tuple[Floats, Floats]:
    """Return bends (T, M) and their covariances (T, M, M) if the noise were stronger, to first order."""
    prior = np.diag(prior_of(poses.pose.bend.shape[1]))
    precision = np.linalg.inv(poses.covariance)
    spread = np.asarray(np.linalg.inv((precision - prior) / factor + prior), dtype=np.float64)
    pull = precision[:, :, POSE:] @ poses.pose.bend[..., None]
    bends: Floats = (spread[:, POSE:] @ pull)[..., 0] / factor
    return bends, spread[:, POSE:, POSE:]


def _scaled(shape: RestShape, points: Floats, weights: Floats) -> RestShape:
    """Return the shape in the size of the points: the median ratio of long distances."""
    still = Pose(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 1)))
    rest = points_of(still, shape, np.zeros((len(LEVELS), 3, 1)))[0]
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
