"""Which cameras are displaced: hypotheses, and how well each predicts the residuals.

A residual is taken for the sum of three parts: a displacement of cameras, which moves all keypoints of a view
in a pattern; a part that is constant for a keypoint in a view, as the systematic errors of a detector are;
and
noise.  The constant parts are random with a standard deviation of its own for each camera, so that a detector
that errs much in one view is not taken for a displaced camera: only a pattern over the keypoints is.
Hypotheses are compared by their marginal likelihood (all parts integrated out, the standard deviations
maximised): Searle, Casella & McCulloch, *Variance Components*, 1992, chapter 6.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import PARAMETERS, Sums, Views, locate, moved_poses, summed
from mvtri.plausibility.views import Poses

Floats = NDArray[np.float64]

# What displacements are expected, as standard deviations per axis; lengths as shares of the distance between
# cameras and people.
TURN, SHIFT = np.radians(4.0), 0.03  # of a camera that was moved
SOUND_TURN, SOUND_SHIFT = np.radians(0.05), 0.0005  # of every camera: no calibration is perfect
SCALES = (0.15, 0.5, 1.5)  # of the former; the best one counts
BIAS, BIAS_WEIGHT = 5.0, 1.0  # px, of a detector; known as from so many keypoints
MOST_GROUPS = 6  # cameras; with more, pairs of cameras are no hypotheses of their own
WORTH = 2.0  # of the evidence: with less, no hypothesis is followed further
MOST_FOLLOWED, FAR = 4, 40.0  # hypotheses; of the evidence below the best
ROUNDS, STEPS = 4, 4  # of the variances for each linearisation; of the linearisation
FIRST_STEPS = 2  # of the linearisation, for each camera: the first begins with the points of the others


@dataclass(frozen=True)
class Hypothesis:
    """The cameras that are displaced: none, one, several that moved as one body, or each by itself.

    Attributes
    ----------
    cameras : tuple of int
        Indices of the displaced cameras.
    together : bool
        Whether they moved as one rigid body.
    """

    cameras: tuple[int, ...]
    together: bool = True


@dataclass(frozen=True)
class Fit:
    """How well a hypothesis fits.

    Attributes
    ----------
    hypothesis : Hypothesis
    evidence : float
        Logarithm of the marginal likelihood; only differences mean something.
    shift : ndarray, shape (C, 6)
        The displacement that fits best: rotation (rad, world axes) and shift of the center (m).
    bias : ndarray, shape (C,)
        Standard deviation of what is constant for a keypoint in a view, px.
    """

    hypothesis: Hypothesis
    evidence: float
    shift: Floats
    bias: Floats


@dataclass(frozen=True)
class Situation:
    """What all hypotheses have in common.

    Attributes
    ----------
    views : Views
        T frames, K keypoints, C cameras.
    poses : Poses
        As calibrated.
    distance : float
        Between cameras and people, m.
    noise : float
        Standard deviation of what is neither constant nor a displacement, px.
    lasting : float
        How many frames count as one, because their noise is alike (1 or more).
    weights : ndarray, shape (K,)
        As how many keypoints each counts (up to 1), because the errors of its neighbours are alike.
    """

    views: Views
    poses: Poses
    distance: float
    noise: float
    lasting: float
    weights: Floats


def hypotheses_for(cameras: int) -> list[Hypothesis]:
    """Return what is compared: nothing displaced, each camera, each pair as one body, all cameras."""
    found = [Hypothesis(()), *(Hypothesis((c,)) for c in range(cameras) if cameras > 2)]
    if 4 <= cameras <= MOST_GROUPS:
        pairs = list(itertools.combinations(range(cameras), 2))
        found += [
            Hypothesis(pair) for pair in pairs if cameras > 4 or 0 in pair
        ]  # of four, ab and cd are one
    return [*found, Hypothesis(tuple(range(cameras)), together=False)]


def expected_shifts(hypothesis: Hypothesis, poses: Poses, distance: float, scale: float) -> Floats:
    """Return a root L (6 C, r) of the covariance L L^T of the displacements that a hypothesis expects."""
    C = len(poses.focals)
    sound = np.tile([SOUND_TURN] * 3 + [SOUND_SHIFT * distance] * 3, C)
    moved = scale * np.array([TURN] * 3 + [SHIFT * distance] * 3)
    columns = [np.diag(sound)]
    if not hypothesis.together:
        columns.append(np.diag(np.tile(moved, C)))
    elif hypothesis.cameras:
        middle = poses.centers[list(hypothesis.cameras)].mean(axis=0)
        body = np.zeros((C, PARAMETERS, PARAMETERS))
        for camera in hypothesis.cameras:
            body[camera] = np.eye(PARAMETERS)
            body[camera, 3:, :3] = -_cross_matrix(poses.centers[camera] - middle)
        columns.append(body.reshape(C * PARAMETERS, PARAMETERS) * moved)
    return np.concatenate(columns, axis=1)


def compare(situation: Situation, everything: Fit) -> list[Fit]:
    """Return the fits of the hypotheses that are worth it, the first one that nothing is displaced.

    After a first look at each, only those are followed that may turn out to be the best.

    Parameters
    ----------
    situation : Situation
    everything : Fit
        That of the displacement of all cameras, each by itself; it is the last one of the result.
    """
    start = _first_sums(situation, Hypothesis(()), None)
    nothing, *others = [
        fit(situation, each, FIRST_STEPS if len(each.cameras) == 1 else 1, start)
        for each in hypotheses_for(len(situation.poses.focals))[:-1]
    ]
    best = max([everything.evidence, *(each.evidence for each in others)])
    if best < nothing.evidence + WORTH:
        return [nothing, *others, everything]
    ranked = sorted(others, key=lambda each: -each.evidence)
    followed = {each.hypothesis for each in ranked[:MOST_FOLLOWED] if each.evidence > best - FAR}
    for index, each in enumerate(others):
        if each.hypothesis in followed:
            others[index] = fit(situation, each.hypothesis, STEPS, start)
    return [nothing, *others, everything]


def fit(situation: Situation, hypothesis: Hypothesis, steps: int = STEPS, start: Sums | None = None) -> Fit:
    """Return the fit of one hypothesis; the model is linearised again where the cameras are found to be.

    `start` may hold the sums at the calibrated poses, which many hypotheses begin with.
    """
    views, poses, distance = situation.views, situation.poses, situation.distance
    C = len(poses.focals)
    sums, bias, scales = _first_sums(situation, hypothesis, start), np.full(C, BIAS), list(SCALES)
    if not hypothesis.cameras:
        root = expected_shifts(hypothesis, poses, distance, 1.0)
        evidence, shift, bias = maximise(sums, situation, root, bias, ROUNDS * STEPS)
        return Fit(hypothesis, evidence, shift.reshape(C, PARAMETERS), bias)
    best = Fit(hypothesis, -np.inf, np.zeros((C, PARAMETERS)), bias)
    for step in range(steps):
        roots = [expected_shifts(hypothesis, poses, distance, scale) for scale in scales]
        if len(scales) > 1:
            which = int(np.argmax([_expect(sums, situation, root, bias)[0] for root in roots]))
            roots, scales = [roots[which]], ([scales[which]] if step else scales)
        evidence, shift, bias = maximise(sums, situation, roots[0], bias)
        if (step or steps == 1) and evidence > best.evidence:
            best = Fit(hypothesis, evidence, shift.reshape(C, PARAMETERS), bias)
        if step < steps - 1:
            sums = summed(views, moved_poses(poses, shift), shift)
    return best


def _first_sums(situation: Situation, hypothesis: Hypothesis, start: Sums | None) -> Sums:
    """Return the sums at the calibrated poses, with points from the other cameras where one is displaced."""
    views, poses = situation.views, situation.poses
    unmoved = np.zeros(PARAMETERS * len(poses.focals))
    if len(hypothesis.cameras) == 1 and len(poses.focals) >= 4:
        others = views.used.copy()
        others[..., hypothesis.cameras[0]] = False
        return summed(views, poses, unmoved, locate(Views(views.normalised, others), poses))
    return start or summed(views, poses, unmoved)


def maximise(
    sums: Sums, situation: Situation, root: Floats, bias: Floats, rounds: int = ROUNDS
) -> tuple[float, Floats, Floats]:
    """Return evidence, displacement (6 C,) and standard deviations of the constant parts (C,), px.

    The standard deviations by expectation maximisation, with the prior that they are near `BIAS`.
    """
    C, weights = len(bias), situation.weights
    for _ in range(rounds):
        evidence, shift, second = _expect(sums, situation, root, bias)
        mean = (weights @ second).reshape(C, 2).sum(axis=1)
        bias = np.sqrt((mean + 2 * BIAS_WEIGHT * BIAS**2) / (2 * weights.sum() + 2 * BIAS_WEIGHT))
    evidence, shift, _ = _expect(sums, situation, root, bias)
    return evidence, shift, bias


def _expect(sums: Sums, situation: Situation, root: Floats, bias: Floats) -> tuple[float, Floats, Floats]:
    """Return the evidence, the displacement, and the mean squares (K, 2 C) of the constant parts."""
    temper, weights = 1.0 / (situation.noise**2 * situation.lasting), situation.weights
    variance = np.repeat(bias**2, 2)
    inner = temper * sums.bias + np.diag(1.0 / variance)
    inverse = np.linalg.inv(inner)
    linked, rest = temper * sums.bias_camera, temper * sums.bias_residual
    solved = inverse @ linked
    width = linked.shape[-1]
    flat = solved.reshape(-1, width)
    known = temper * np.tensordot(weights, sums.camera, 1)
    known -= (linked * weights[:, None, None]).reshape(-1, width).T @ flat
    pull = temper * weights @ sums.camera_residual - flat.T @ (rest * weights[:, None]).ravel()
    square = temper * sums.residual - (rest * (inverse @ rest[..., None])[..., 0]).sum(axis=1)
    system = np.eye(root.shape[1]) + root.T @ known @ root
    answer = np.linalg.solve(system, root.T @ pull)
    shift = root @ answer
    determinants = weights @ (np.linalg.slogdet(inner)[1] + np.log(variance).sum())
    fitted = weights @ square - (root.T @ pull) @ answer
    evidence = -0.5 * (determinants + np.linalg.slogdet(system)[1] + fitted)
    evidence -= BIAS_WEIGHT * (np.log(bias**2) + BIAS**2 / bias**2).sum()
    mean = (inverse @ (rest - linked @ shift)[..., None])[..., 0]
    part = flat @ root
    leverage = ((part @ np.linalg.inv(system)) * part).sum(axis=-1).reshape(mean.shape)
    return float(evidence), shift, mean**2 + np.einsum("knn->kn", inverse) + leverage


def places_found(situation: Situation, everything: Fit) -> Floats:
    """Return the covariances (C, 3, 3), m^2, of the cameras' places as this 2D alone would find them.

    Of the displacement of all cameras, with the constant parts as uncertain as they were found.  Places are
    relative to each other: moving, turning and scaling the whole rig, which no view shows, is taken out.

    Parameters
    ----------
    situation : Situation
    everything : Fit
        That of the displacement of all cameras.
    """
    poses = moved_poses(situation.poses, everything.shift.ravel())
    C = len(poses.focals)
    known = _information(summed(situation.views, poses, everything.shift.ravel()), situation, everything.bias)
    root = expected_shifts(everything.hypothesis, situation.poses, situation.distance, SCALES[-1])
    covariance = root @ np.linalg.inv(np.eye(root.shape[1]) + root.T @ known @ root) @ root.T
    moves = covariance.reshape(C, PARAMETERS, C, PARAMETERS)[:, 3:, :, 3:].reshape(3 * C, 3 * C)
    from_middle = poses.centers - poses.centers.mean(axis=0)
    turns = [_cross_matrix(place) for place in from_middle]
    whole = np.concatenate([[np.eye(3)] * C, turns, from_middle[:, :, None]], axis=2).reshape(3 * C, 7)
    relative = np.eye(3 * C) - whole @ np.linalg.pinv(whole)
    blocks = (relative @ moves @ relative.T).reshape(C, 3, C, 3)
    return np.ascontiguousarray(blocks[np.arange(C), :, np.arange(C)])


def _information(sums: Sums, situation: Situation, bias: Floats) -> Floats:
    """Return what the residuals say about displacements, (6 C, 6 C), with the constant parts unknown."""
    temper = 1.0 / (situation.noise**2 * situation.lasting)
    inner = temper * sums.bias + np.diag(1.0 / np.repeat(bias**2, 2))
    explained = np.swapaxes(sums.bias_camera, 1, 2) @ np.linalg.solve(inner, sums.bias_camera)
    found: Floats = np.tensordot(situation.weights, temper * sums.camera - temper**2 * explained, 1)
    return found


def noticed_from(situation: Situation, nothing: Fit, needed: float) -> Floats:
    """Return from which turn (rad) and shift (m) on a camera is noticed, (C, 2), in nine of ten directions.

    Parameters
    ----------
    situation : Situation
    nothing : Fit
        That of the hypothesis that nothing is displaced.
    needed : float
        By how much the evidence for the displacement has to be larger.
    """
    C = len(situation.poses.focals)
    sums = summed(situation.views, situation.poses, np.zeros(PARAMETERS * C))
    known = _information(sums, situation, nothing.bias)
    directions = np.random.default_rng(0).standard_normal((500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = np.empty((C, 2))
    for camera in range(C):
        own = slice(PARAMETERS * camera, PARAMETERS * (camera + 1))
        root = expected_shifts(Hypothesis((camera,)), situation.poses, situation.distance, SCALES[1])[
            own, -6:
        ]
        cost = 0.5 * np.linalg.slogdet(np.eye(PARAMETERS) + root.T @ known[own, own] @ root)[1]
        for index, part in enumerate((known[own, own][:3, :3], known[own, own][3:, 3:])):
            gain = np.quantile(((directions @ part) * directions).sum(axis=1), 0.1)
            found[camera, index] = np.sqrt(2.0 * (needed + cost) / max(float(gain), 1e-12))
    return found


def _cross_matrix(vector: Floats) -> Floats:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
