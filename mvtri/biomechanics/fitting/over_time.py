"""The coordinates of all frames together: what a body does now tells what it did a moment before.

Each coordinate has a motion of its own, driven by white acceleration whose strength is learned from the
recording.  Gauss-Newton steps over the whole recording at once, the marginal covariances with them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.block_banded import Factor, factorise, inverse_blocks, solve
from mvtri.kernels.inverse_kinematics.layout import Observed, Prior
from mvtri.kernels.inverse_kinematics.sequence import normal_equations
from mvtri.kernels.kinematics.layout import Tree, workspace
from mvtri.parallel import in_threads

Floats = NDArray[np.float64]
WINDOW, OVERLAP = 1000, 60  # frames: solved together; solved on either side beside them, and dropped
LEARN_FROM = 3  # windows, spread over the recording
PRIOR_TIME = 1.0  # seconds: the prior counts once in so long, since a pose hardly changes between frames
LEAST_INFORMATION = 1e-6  # of any coordinate, 1/sd^2: a km, so that gaps longer than a window can be solved
HELD = 1e12  # added to the diagonal of a coordinate that is held at an end of its range
_SMALL, _SMALL_CHANGE = 1e-5, 1e-6  # of a coordinate, radians or metres; of the cost, relative
_DAMPINGS, _BOUNDS = 6, 5  # tries of a step, each more damped; rounds that find what ends at a bound
_ROUNDS, _STEPS = 8, 20


class Smoothed(NamedTuple):
    """What smoothing found.

    Attributes
    ----------
    coordinates : ndarray, shape (T, Q)
    covariances : ndarray, shape (T, Q, Q)
    strengths : ndarray, shape (Q,)
        Square roots of the accelerations' spectral densities, radians or metres / s^1.5.
    """

    coordinates: Floats
    covariances: Floats
    strengths: Floats


class Motion(NamedTuple):
    """Second differences of T frames: their three factors, and the time each stands for."""

    before: Floats  # (T - 2,)
    here: Floats
    after: Floats
    span: Floats  # s


def smooth_over_time(
    tree: Tree,
    observed: Observed,
    prior: Prior,
    times: Floats,
    start: Floats,
    strengths: Floats,
    workers: int | None,
) -> Smoothed:
    """Find the most probable coordinates of all frames.

    Parameters
    ----------
    tree, observed, prior
        As the kernels of inverse kinematics take them; `prior.pull` is not used.
    times : ndarray, shape (T,)
        Seconds.
    start : ndarray, shape (T, Q)
        Coordinates of single frames.
    strengths : ndarray, shape (Q,)
        To begin with; they are learned by expectation and maximisation.
    workers : int or None
        Threads; results do not depend on it.
    """
    interval = float(np.median(np.diff(times))) if len(times) > 1 else PRIOR_TIME
    prior = prior._replace(
        information=np.maximum(prior.information * min(1.0, interval / PRIOR_TIME), LEAST_INFORMATION),
        pull=np.zeros_like(prior.pull),
    )

    def part(begin: int, end: int) -> Window:
        seen = Observed(observed.places[begin:end], observed.information[begin:end], observed.freedom)
        return Window(Equations(tree, seen, prior), second_differences(times[begin:end]), start[begin:end])

    strengths = _strengths_of_windows(part, len(times), strengths)
    q, covariances = np.empty_like(start), np.empty((*start.shape, start.shape[1]))

    def work(begin: int, end: int) -> None:
        first, last = max(begin - OVERLAP, 0), min(end + OVERLAP, len(times))
        window = part(first, last)
        window.solve(strengths)
        inside = slice(begin - first, end - first)
        q[begin:end] = window.q[inside]
        covariances[begin:end] = inverse_blocks(window.factor(strengths))[0][inside]

    in_threads(work, len(times), WINDOW, workers)
    return Smoothed(q, covariances, strengths)


def _strengths_of_windows(part: Callable[[int, int], "Window"], frames: int, strengths: Floats) -> Floats:
    """Return the strengths that windows spread over the recording show, root mean square."""
    last = max(frames - WINDOW, 0)
    found = []
    for begin in sorted({round(share * last) for share in np.linspace(0.0, 1.0, LEARN_FROM)}):
        window, own = part(begin, min(begin + WINDOW, frames)), strengths
        for _ in range(_ROUNDS):
            window.step(own)
            own = learned_strengths(window.factor(own), window.motion, window.q, own)
        found.append(own)
    return np.asarray(np.sqrt(np.mean(np.square(found), axis=0)))


class Equations:
    """The normal equations of all frames, and the cost."""

    def __init__(self, tree: Tree, observed: Observed, prior: Prior) -> None:
        self.tree, self.observed, self.prior = tree, observed, prior

    def at(self, q: Floats) -> tuple[Floats, Floats, float]:
        """Return H (T, Q, Q), g (T, Q) and the cost for coordinates (T, Q)."""
        frames, unknowns = q.shape
        H, g, costs = np.empty((frames, unknowns, unknowns)), np.empty((frames, unknowns)), np.empty(frames)
        normal_equations(
            self.tree, workspace(self.tree), self.observed, self.prior, np.ascontiguousarray(q), H, g, costs
        )
        return H, g, float(costs.sum())


def second_differences(times: Floats) -> Motion:
    """Return the second differences of frames at these times (T,), s."""
    first, second = np.diff(times)[:-1], np.diff(times)[1:]  # empty where there are no three frames
    both = first + second
    return Motion(2.0 / (first * both), -2.0 / (first * second), 2.0 / (second * both), 0.5 * both)


def _accelerations(motion: Motion, q: Floats) -> Floats:
    return np.asarray(
        motion.before[:, None] * q[:-2] + motion.here[:, None] * q[1:-1] + motion.after[:, None] * q[2:]
    )


def _tied(motion: Motion, strengths: Floats, frames: int) -> tuple[Floats, Floats, Floats]:
    """Return the motion's precision: its diagonal and the two below, each (T, Q)."""
    weight = motion.span[:, None] / strengths**2
    own, first, second = (np.zeros((frames, len(strengths))) for _ in range(3))
    if frames > 2:
        a, b, c = motion.before[:, None], motion.here[:, None], motion.after[:, None]
        own[:-2] += weight * a * a
        own[1:-1] += weight * b * b
        own[2:] += weight * c * c
        first[1:-1] += weight * a * b
        first[2:] += weight * b * c
        second[2:] += weight * a * c
    return own, first, second


def motion_cost(motion: Motion, strengths: Floats, q: Floats) -> float:
    """Return the cost of the accelerations of coordinates (T, Q)."""
    return float((_accelerations(motion, q) ** 2 * motion.span[:, None] / strengths**2).sum())


class Window:
    """Frames that are solved together: their coordinates `q`, and the normal equations there."""

    def __init__(self, equations: Equations, motion: Motion, start: Floats) -> None:
        self.equations, self.motion, self.q = equations, motion, start.copy()
        self.H, self.g, self.cost = equations.at(self.q)
        self.damping = 0.0

    def solve(self, strengths: Floats) -> None:
        """Take steps until they are small, or the cost hardly changes."""
        for _ in range(_STEPS):
            before = self.cost + motion_cost(self.motion, strengths, self.q)
            small = self.step(strengths) < _SMALL
            after = self.cost + motion_cost(self.motion, strengths, self.q)
            if small or before - after < _SMALL_CHANGE * after:
                break

    def factor(self, strengths: Floats, extra: Floats | float = 0.0, damping: float = 0.0) -> Factor:
        """Return the factor of the equations of all frames, with something added to the diagonal."""
        own, first, second = _tied(self.motion, strengths, len(self.q))
        whole = self.H.copy()
        index = np.arange(self.q.shape[1])
        whole[:, index, index] = (whole[:, index, index] + own) * (1.0 + damping) + extra
        return factorise(whole, first, second)

    def step(self, strengths: Floats) -> float:
        """Take a step that lowers the cost, or none; return the largest change."""
        slope = self.slope(strengths)
        cost = self.cost + motion_cost(self.motion, strengths, self.q)
        for _ in range(_DAMPINGS):
            trial = self._bounded(strengths, slope)
            found = self.equations.at(trial)
            if found[2] + motion_cost(self.motion, strengths, trial) <= cost:
                change = float(np.abs(trial - self.q).max(initial=0.0))
                self.q, (self.H, self.g, self.cost) = trial, found
                self.damping = 0.1 * self.damping if self.damping > 1e-4 else 0.0
                return change
            self.damping = max(10.0 * self.damping, 1e-3)
        return 0.0

    def _bounded(self, strengths: Floats, slope: Floats) -> Floats:
        """Return the coordinates after a step within the ranges.

        What the step would take beyond an end of its range goes to that end, and the others are found anew.
        """
        lower, upper = self.equations.prior.lower, self.equations.prior.upper
        held = ((self.q <= lower) & (slope > 0.0)) | ((self.q >= upper) & (slope < 0.0))
        way = np.zeros_like(self.q)
        for _ in range(_BOUNDS):
            factor = self.factor(strengths, HELD * held, self.damping)
            trial = self.q - solve(factor, np.where(held, HELD * way, slope))
            beyond = ~held & ((trial < lower) | (trial > upper))
            if not beyond.any():
                break
            way = np.where(beyond, self.q - np.clip(trial, lower, upper), way)
            held |= beyond
        return np.asarray(np.clip(trial, lower, upper))

    def slope(self, strengths: Floats) -> Floats:
        """Return half of the gradient of the whole cost, (T, Q)."""
        own, first, second = _tied(self.motion, strengths, len(self.q))
        slope = self.g + own * self.q
        slope[1:] += first[1:] * self.q[:-1]
        slope[:-1] += first[1:] * self.q[1:]
        slope[2:] += second[2:] * self.q[:-2]
        slope[:-2] += second[2:] * self.q[2:]
        return np.asarray(slope)


def learned_strengths(factor: Factor, motion: Motion, q: Floats, strengths: Floats) -> Floats:
    """Return the strengths that the accelerations have, their uncertainty counted."""
    if len(q) < 10:
        return strengths
    own, one, two = (np.einsum("tii->ti", part) for part in inverse_blocks(factor))
    a, b, c = motion.before[:, None], motion.here[:, None], motion.after[:, None]
    spread = (
        a * a * own[:-2] + b * b * own[1:-1] + c * c * own[2:]
        + 2.0 * (a * b * one[:-2] + b * c * one[1:-1] + a * c * two[:-2])
    )  # fmt: skip
    whole = (_accelerations(motion, q) ** 2 + spread) * motion.span[:, None]
    return np.asarray(np.sqrt(whole.mean(axis=0)))
