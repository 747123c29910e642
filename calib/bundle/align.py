"""The turn, move and growth that bring most cameras of a rig to those of another."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.result import Adjustment
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
TURN, MOVE = float(np.radians(0.2)), 0.005  # rad and m: differences of two cameras that count as none
_TAIL = 1.0  # degrees of freedom of Student's t: one camera may be anywhere
_ROUNDS = 100


class Similarity(NamedTuple):
    """What brings points to their new place: ``scale * rotation @ point + translation``."""

    scale: float
    rotation: Floats
    translation: Floats

    def points(self, points: Floats) -> Floats:
        """Return points (..., 3) at their new place."""
        return np.asarray(self.scale * points @ self.rotation.T + self.translation)

    def cameras(self, cams: CameraGroup) -> CameraGroup:
        """Return cameras at their new place; they see what was moved with them as before."""
        rotations = cams.rotations @ self.rotation.T
        centers = self.points(cams.centers)
        kept = ("names", "image_sizes", "matrices", "distortions", "models")
        return CameraGroup(
            rotations=rotations,
            translations=-np.einsum("cij,cj->ci", rotations, centers),
            **{name: getattr(cams, name) for name in kept},
        )


def align(cams: CameraGroup, to: CameraGroup, scale: bool = True, robust: bool = True) -> Similarity:
    """Return what brings cameras to others of the same names.

    Turns and places of all cameras count; where some are far from where they would have to be, they count
    little: of a rig of which one camera was displaced, the others come to their places.

    Parameters
    ----------
    cams, to : CameraGroup
    scale : bool
        Whether the size may change.
    robust : bool
        False for least squares.
    """
    from scipy.spatial.transform import Rotation

    # the relative turn of each pair: a mean of these is the start
    relative = np.einsum("cji,cjk->cik", to.rotations, cams.rotations)
    weights = np.ones(len(cams))
    found = Similarity(1.0, np.eye(3), np.zeros(3))
    for _ in range(_ROUNDS):
        turn = Rotation.from_matrix(relative).mean(weights).as_matrix()
        found, before = _weighted(cams.centers, to.centers, turn, weights, scale), found
        moves = np.linalg.norm(found.points(cams.centers) - to.centers, axis=1) / MOVE
        turns = Rotation.from_matrix(relative @ turn.T).magnitude() / TURN
        if robust:
            squares = moves**2 + turns**2
            squares /= max(float(np.median(squares)), 1.0)  # where all are off, none is the one that is right
            weights = (_TAIL + 6.0) / (_TAIL + squares)
        if abs(found.scale - before.scale) + np.abs(found.translation - before.translation).max() < 1e-12:
            break
    return found


def _weighted(points: Floats, to: Floats, turn: Floats, weights: Floats, scale: bool) -> Similarity:
    """Return the similarity that is best for weighted points, given its turn."""
    share = weights / weights.sum()
    middle, goal = share @ points, share @ to
    turned = (points - middle) @ turn.T
    size = float((share[:, None] * turned**2).sum())
    factor = float((share[:, None] * turned * (to - goal)).sum()) / size if scale and size > 0.0 else 1.0
    return Similarity(factor, turn, goal - factor * turn @ middle)


def aligned(adjustment: Adjustment, to: CameraGroup) -> Adjustment:
    """Return an adjustment that is brought, as a whole, to most of the cameras `to`."""
    similarity = align(adjustment.cameras, to)
    return dataclasses.replace(
        adjustment,
        cameras=similarity.cameras(adjustment.cameras),
        points=similarity.points(adjustment.points),
    )
