"""Learning a person's rest shape, and how the person bends, from a sequence, starting from anatomy."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import LEVELS, RestShape
from mvtri.kinematics.spine_model import POSE, Floats, Pose, linearise, paths, points_of, turns_of
from mvtri.kinematics.spine_poses import CHAIN_LENGTH, Fit, fit_poses, prior_of, root_of
from mvtri.kinematics.spine_uncertainty import neighbours

FRAMES = 120  # that a rest shape is learned from
_WINDOW = 300  # successive frames from which the correlation of errors in time is found
_ROUNDS = 5  # at most, of the shape and the bends in turn
_STEPS = 10  # of expectation and maximisation for the bends in each round
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


@dataclass(frozen=True)
class Person:
    """What is the same in all frames of a recording.

    Attributes
    ----------
    shape : RestShape
        The spine at rest.
    modes : ndarray, shape (L, 3, M)
        The ways in which the person bends, per standard deviation.
    doubts : ndarray, shape (M,)
        How many times larger their standard deviations could be without being noticed, 1 or more.
    shared : float
        Share of the variance of points that neighbours have in common.
    """

    shape: RestShape
    modes: Floats
    doubts: Floats
    shared: float = 0.0


def learn_spine(
    points: Floats, weights: Floats, anatomy: RestShape, modes: Floats, constant: Floats | None = None
) -> Person:
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
    constant : ndarray, shape (T, P, 3, 3), optional
        Covariances of the part of the errors that is the same in all frames.  A shape that was seen with
        them is not that of the person, so they belong to the covariance of the shape.
    """
    usable = np.flatnonzero((weights[:, :CHAIN_LENGTH, 0, 0] > 0).sum(axis=1) > 2)
    if not len(usable):
        return Person(anatomy, modes, np.ones(modes.shape[-1]))
    fixed = None if constant is None else constant[usable]
    learner = _Learner(points[usable], weights[usable], anatomy, modes, fixed)
    for number in range(_ROUNDS):
        if number < _SHARED:
            learner.find_share()
        gain = learner.improve_shape() + learner.improve_modes()
        if gain < _GAIN and number >= _SHARED:
            break
    return Person(learner.shape_with_spread(), *learner.modes_with_doubts())


class _Learner:
    """Shape and bends on their way, with the poses of some frames."""

    def __init__(
        self, points: Floats, weights: Floats, anatomy: RestShape, modes: Floats, constant: Floats | None
    ):
        count = len(points)
        some = np.unique(np.linspace(0, count - 1, min(FRAMES, count)).astype(int))
        first = max(0, count // 2 - _WINDOW // 2)
        window = slice(first, first + _WINDOW)
        self.count, self.share = count, 1.0
        self.anatomy = _scaled(anatomy, points, weights)
        self.given, self.mix = modes, np.eye(modes.shape[-1])
        self.shape, self.modes = self.anatomy, modes
        self.points, self.weights = points[some], weights[some]
        self.window, self.window_weights = points[window], weights[window]
        self.poses = fit_poses(self.points, self.weights, self.shape, modes)
        self.seen = self.anatomy.covariance  # of the shape as it is seen
        if constant is not None:
            self.seen = self.seen + _as_parts(constant[some], self.poses.pose.turn, self.anatomy)
        self.prior = np.linalg.inv(self.seen)
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

    @property
    def edge(self) -> float:
        """How many times the variance of noise must be exceeded before a bend is learned.

        Of M directions that hold nothing but noise, the largest sample variance in N frames is about
        ``(1 + sqrt(M / N))^2`` times that of the noise (Marchenko and Pastur, Math. USSR Sb. 1, 1967, 457).
        Up to four times are asked for here.
        """
        return float((1.0 + np.sqrt(min(1.0, len(self.mix) / (self.share * self.count)))) ** 2)

    def improve_modes(self) -> float:
        """Make the bends as large as they are; return about what is gained in log probability.

        Noise is taken to be stronger than it is by the factor `edge`, so that it is not learned as a bend.
        The algorithm is slow where noise is strong, but its steps are cheap while the points are linear in
        the bends, so several are made in one round.  With too few, a recording with much noise is taken to
        bend where most spines bend.
        """
        frames, gain = self.share * self.count, 0.0
        pull, known = information_on_bends(self.poses, self.edge)
        back = np.linalg.inv(self.mix)
        pull, known = pull @ back, back.T @ known @ back  # of the modes that were given
        root = self.mix
        for step in range(_STEPS):
            second = _second_moment(pull, known, root)
            if not step:
                gain = 0.5 * frames * (np.trace(second) - np.linalg.slogdet(second)[1] - len(second))
            whole = root @ second @ root.T
            values, vectors = np.linalg.eigh((_QUIET * np.eye(len(whole)) + frames * whole) / (1.0 + frames))
            root = vectors * np.sqrt(values)
        change = np.linalg.solve(root, self.mix)
        self.mix, self.modes = root, self.given @ root
        for pose in (self.poses.pose, self.around):
            if pose is not None:
                pose.bend = pose.bend @ change.T
        self.poses = self._fit(self.shape)
        return float(gain)

    def modes_with_doubts(self) -> tuple[Floats, Floats]:
        """Return the modes, turned so that their noise is independent, and doubts (M,)."""
        spread = self.poses.covariance[:, POSE:, POSE:]
        known = np.linalg.inv(spread).mean(axis=0) - np.eye(len(self.mix))
        back = np.linalg.inv(self.mix)
        mix, doubts = doubted(self.mix @ self.mix.T, back.T @ known @ back, self.edge - 1.0)
        return np.asarray(self.given @ mix, dtype=np.float64), doubts

    def shape_with_spread(self) -> RestShape:
        """Return the shape without what constant errors are likely to have made of it, and covariance."""
        _, known = _gradient(self.points, self.poses, self.shape, self.modes)
        spread = np.asarray(np.linalg.inv(self.prior + self.scale * known), dtype=np.float64)
        own = self.anatomy.covariance
        gain = own @ self.prior
        away = gain @ (self.shape.parts - self.anatomy.parts).ravel()
        spread = gain @ spread @ gain.T + own - gain @ own
        parts = self.anatomy.parts + away.reshape(-1, 3)
        return replace(self.shape, parts=parts, covariance=0.5 * (spread + spread.T))


def doubted(bends: Floats, known: Floats, unnoticed: float) -> tuple[Floats, Floats]:
    """Return modes whose noise is independent, and how many times larger each could be without being noticed.

    Parameters
    ----------
    bends : ndarray, shape (M, M)
        Covariance of the bends, in standard deviations of what was known before.
    known : ndarray, shape (M, M)
        Information that the points of a frame give on the bends.
    unnoticed : float
        Bends with so many times the variance of their noise are not learned.

    Returns
    -------
    mix : ndarray, shape (M, M)
        A root of `bends`.
    doubts : ndarray, shape (M,)
        By how much the standard deviation can be larger, but not beyond what was known before; 1 or more.
    """
    values, vectors = np.linalg.eigh(0.5 * (known + known.T))
    root = np.sqrt(np.maximum(values, 1e-9))
    sizes, ways = np.linalg.eigh((vectors * root).T @ bends @ (vectors * root))
    sizes = np.maximum(sizes, 1e-12)
    before = ((root[:, None] * ways) ** 2).sum(axis=0)  # in units of the noise, as sizes are
    doubts = np.sqrt(np.maximum(1.0, np.minimum(before, unnoticed) / sizes))
    return (vectors / root) @ (ways * np.sqrt(sizes)), doubts


def information_on_bends(poses: Fit, factor: float) -> tuple[Floats, Floats]:
    """Return what the points say of the bends if the noise is stronger by a factor, to first order.

    Where spines are and how they are turned is integrated out.

    Returns
    -------
    pull, known : ndarray, shapes (T, M) and (T, M, M)
        If bends have the covariance S, theirs given the points is ``(known + S^-1)^-1``, and their mean that
        times `pull`.
    """
    modes = poses.pose.bend.shape[1]
    precision = np.linalg.inv(poses.covariance)
    data = (precision - np.diag(prior_of(modes))) / factor
    pull = (precision[:, :, POSE:] @ poses.pose.bend[..., None]) / factor
    across = data[:, :POSE, POSE:]
    loose = data[:, :POSE, :POSE] + np.diag(prior_of(modes)[:POSE])
    free = np.linalg.solve(loose, np.concatenate([across, pull[:, :POSE]], axis=-1))
    across = np.swapaxes(across, -1, -2)
    known: Floats = data[:, POSE:, POSE:] - across @ free[..., :-1]
    return (pull[:, POSE:] - across @ free[..., -1:])[..., 0], known


def _second_moment(pull: Floats, known: Floats, root: Floats) -> Floats:
    """Return the mean of the squares of bends (M, M), in standard deviations, if `root` is their root."""
    spread = np.linalg.inv(root.T @ known @ root + np.eye(len(root)))
    bends = (spread @ (pull @ root)[..., None])[..., 0]
    second: Floats = bends.T @ bends / len(bends) + spread.mean(axis=0)
    return second


def _as_parts(constant: Floats, turn: Floats, shape: RestShape) -> Floats:
    """Return the covariance (3 P, 3 P) of what constant errors of the points make of the parts of a shape.

    Half of the variance is taken to be shared by neighbours.
    """
    own = np.swapaxes(turn, -1, -2)[:, None] @ constant @ turn[:, None]
    roots = root_of(own.mean(axis=0) + 1e-12 * np.eye(3))
    alike = 0.5 * (np.eye(len(roots)) + neighbours(shape))
    apart = np.linalg.inv(paths(shape))
    apart[0] = 0.0  # where the person stands is no shape
    by_part = np.einsum("qp,pij->qipj", apart, roots)
    return np.asarray(
        np.einsum("qipj,pr,sgrj->qisg", by_part, alike, by_part, optimize=True).reshape(3 * len(roots), -1)
    )


def _scaled(shape: RestShape, points: Floats, weights: Floats) -> RestShape:
    """Return the shape in the size of the points: the median ratio of long distances."""
    still = Pose(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 1)))
    rest = points_of(still, shape, np.zeros((len(LEVELS), 3, 1)))[0]
    first, second = np.triu_indices(len(rest), 1)
    length = np.linalg.norm(rest[first] - rest[second], axis=-1)
    long = length > _LONG
    first, second, length = first[long], second[long], length[long]
    some = points[:: max(1, len(points) // FRAMES)]
    there = weights[:: max(1, len(points) // FRAMES), :, 0, 0] > 0
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
