"""A spine with few parameters: a rest shape whose levels turn by a smooth field of rotations.

A point is its joint plus ``R0 exp(B c) part``: one turn ``R0`` of all levels together, and for each level the
turn that the modes ``B`` (`bending_modes`) make with the coefficients ``c``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import CHAIN, RestShape

Floats = NDArray[np.float64]
POSE = 6  # parameters of place and turn, before the coefficients


@dataclass
class Pose:
    """Where spines are in T frames.

    Attributes
    ----------
    root : ndarray, shape (T, 3)
        The first point of the chain, m.
    turn : ndarray, shape (T, 3, 3)
        Of all levels, from the axes forward, left, up to the world.
    bend : ndarray, shape (T, M)
        Coefficients of the modes, in standard deviations.
    """

    root: Floats
    turn: Floats
    bend: Floats

    def moved(self, step: Floats) -> "Pose":
        """Return the pose after a step (T, 6 + M): of the root, of the turn (on its right), of the bend."""
        turned = self.turn @ exponential(step[:, 3:POSE])
        return Pose(self.root + step[:, :3], turned, self.bend + step[:, POSE:])

    def where(self, better: NDArray[np.bool_], other: "Pose") -> "Pose":
        """Return the other pose in those frames where it is better."""
        return Pose(
            np.where(better[:, None], other.root, self.root),
            np.where(better[:, None, None], other.turn, self.turn),
            np.where(better[:, None], other.bend, self.bend),
        )

    def with_frames(self, frames: NDArray[np.intp], other: "Pose") -> "Pose":
        """Return the pose with those of another one in some of the frames."""
        root, turn, bend = self.root.copy(), self.turn.copy(), self.bend.copy()
        root[frames], turn[frames], bend[frames] = other.root, other.turn, other.bend
        return Pose(root, turn, bend)

    def at(self, frames: NDArray[np.intp] | slice) -> "Pose":
        """Return the pose in some of the frames."""
        return Pose(self.root[frames], self.turn[frames], self.bend[frames])


def exponential(vectors: Floats) -> Floats:
    """Return the rotations (..., 3, 3) of rotation vectors (..., 3), rad (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    cross = cross_matrix(vectors)
    sine = np.where(small, 1.0, np.sin(safe) / safe)
    cosine = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    rotation: Floats = np.eye(3) + sine * cross + cosine * (cross @ cross)
    return rotation


def right_jacobian(vectors: Floats) -> Floats:
    """Return what turns changes of rotation vectors into small rotations on the right (..., 3, 3).

    ``exp(w + dw) = exp(w) exp(J dw)``, ``J = 1 - (1 - cos a) / a^2 [w] + (a - sin a) / a^3 [w]^2``
    (Chirikjian, Stochastic Models, Information Theory, and Lie Groups, vol. 2, 2012, section 10.8.6).
    """
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    cross = cross_matrix(vectors)
    first = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    second = np.where(small, 1.0 / 6.0, (safe - np.sin(safe)) / safe**3)
    jacobian: Floats = np.eye(3) - first * cross + second * (cross @ cross)
    return jacobian


def cross_matrix(vectors: Floats) -> Floats:
    """Return the matrices (..., 3, 3) of the cross product with vectors (..., 3)."""
    matrix = np.zeros((*vectors.shape, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    matrix[..., 0, 1], matrix[..., 0, 2], matrix[..., 1, 2] = -z, y, -x
    matrix[..., 1, 0], matrix[..., 2, 0], matrix[..., 2, 1] = z, -y, x
    return matrix


def turns_of(pose: Pose, modes: Floats) -> tuple[Floats, Floats]:
    """Return the rotation of each level (T, L, 3, 3), and its derivatives (T, L, 3, 3 + M).

    The derivatives are those of a small rotation on the right of the level by the step of `Pose.moved`
    without its first three.
    """
    levels, _, count = modes.shape
    vectors = (pose.bend @ modes.reshape(3 * levels, count).T).reshape(-1, levels, 3)
    bent = exponential(vectors)
    turns = pose.turn[:, None] @ bent
    bends = right_jacobian(vectors) @ modes
    return turns, np.concatenate([np.swapaxes(bent, -1, -2), bends], axis=-1)


def points_of(pose: Pose, shape: RestShape, modes: Floats) -> Floats:
    """Return the points (T, P, 3), m."""
    turns, _ = turns_of(pose, modes)
    return assemble(np.einsum("tpij,pj->tpi", turns[:, shape.levels], shape.parts), pose.root, shape)


def linearise(pose: Pose, shape: RestShape, modes: Floats) -> tuple[Floats, Floats]:
    """Return the points (T, P, 3), and their derivatives by the step of `Pose.moved` (T, P, 3, 6 + M)."""
    turns, by_step = turns_of(pose, modes)
    carrying = turns[:, shape.levels]
    parts = np.einsum("tpij,pj->tpi", carrying, shape.parts)
    by_turn = -carrying @ cross_matrix(shape.parts)
    slopes = np.empty((*parts.shape, by_step.shape[-1] + 3))
    slopes[..., 3:] = by_turn @ by_step[:, shape.levels]
    slopes[..., :3] = 0.0
    slopes = assemble(slopes, None, shape)
    slopes[..., :3] = np.eye(3)
    return assemble(parts, pose.root, shape), slopes


def assemble(parts: Floats, root: Floats | None, shape: RestShape) -> Floats:
    """Return the sum of the parts (T, P, ...) from the root to each point."""
    chain = len(CHAIN)
    whole = parts.copy()
    if root is not None:
        whole[:, 0] += root
    np.cumsum(whole[:, :chain], axis=1, out=whole[:, :chain])
    whole[:, chain:] += whole[:, shape.joints[chain:]]
    return whole


def paths(shape: RestShape) -> Floats:
    """Return which parts (columns) lead to which points (rows), 1 or 0 (P, P)."""
    chain = len(CHAIN)
    lead = np.eye(len(shape.points))
    lead[:chain, :chain] = np.tril(np.ones((chain, chain)))
    lead[chain:, :chain] = lead[shape.joints[chain:], :chain]
    return lead
