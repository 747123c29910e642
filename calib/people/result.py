"""What was found when cameras were calibrated from people."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Adjustment
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
LOCATED, ONE = "located", "one camera"


@dataclasses.dataclass(frozen=True)
class Choice:
    """One choice of what may change.

    Attributes
    ----------
    name : str
    errors : ndarray, shape (C,)
        Median error, px, of each camera about what the others predict, on frames that were not fitted.
    """

    name: str
    errors: Floats


@dataclasses.dataclass(frozen=True)
class Doubt:
    """A reason not to trust the result.

    Attributes
    ----------
    kind : {"projected", "unsure", "near", "recordings", "scale"}
    text : str
        What was found, and what to do.
    """

    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class PeopleCalibration:
    """Cameras that were calibrated from people.

    Attributes
    ----------
    cameras : CameraGroup
    given : CameraGroup
        The cameras as they were.
    adjustment : Adjustment
        The fit to all frames, with the covariance of what changed; also where the cameras stayed.
    chosen : str
        What changed: "one camera" (its pose), "poses", "focal", "lens", or "none"; "located" where some poses
        were found from nothing.
    choices : tuple of Choice
        What was tried.
    errors_before, errors : ndarray, shape (C,)
        Median error, px, of each camera about what the other cameras predict, on frames that were not fitted:
        of the cameras as given, and of those fitted to the other half of the frames.
    residual_before, residual : float
        Median residual over all views, px, with the cameras as given and with the result.
    doubts : tuple of Doubt
    """

    cameras: CameraGroup
    given: CameraGroup
    adjustment: Adjustment
    chosen: str
    choices: tuple[Choice, ...]
    errors_before: Floats
    errors: Floats
    residual_before: float
    residual: float
    doubts: tuple[Doubt, ...] = ()

    def with_doubts(self, doubts: tuple[Doubt, ...]) -> "PeopleCalibration":
        """Return the same with `doubts`."""
        return dataclasses.replace(self, doubts=doubts)

    @property
    def turns(self) -> Floats:
        """By how much each camera turned (C,), degrees."""
        return turns_of(self.cameras, self.given)

    @property
    def moves(self) -> Floats:
        """By how much each camera moved (C,), m."""
        return moves_of(self.cameras, self.given)

    @property
    def changed(self) -> tuple[str, ...]:
        """The cameras whose pose was free to change."""
        if self.chosen == "none":
            return ()
        poses = self.adjustment.unknowns.poses
        return tuple(name for name, numbers in zip(self.cameras.names, poses) if (numbers >= 0).any())

    @property
    def turn_deviations(self) -> Floats:
        """How sure the turns are (C,): the root of the mean square over the three axes, degrees."""
        return pose_deviations(self.adjustment)[0]

    @property
    def move_deviations(self) -> Floats:
        """How sure the moves are (C,): the root of the mean square over the three axes, m."""
        return pose_deviations(self.adjustment)[1]


def pose_deviations(adjustment: Adjustment) -> tuple[Floats, Floats]:
    """Return how sure turns, degrees, and moves, m, of the cameras are (C,): 0 where a pose was held."""
    spread = np.append(adjustment.standard_deviations, 0.0)[adjustment.unknowns.poses].reshape(-1, 2, 3)
    turns, moves = np.sqrt((spread**2).mean(axis=2)).T
    return np.asarray(np.degrees(turns)), np.asarray(moves)


def turns_of(cams: CameraGroup, given: CameraGroup) -> Floats:
    """Return by how much each camera is turned (C,), degrees."""
    turns = np.einsum("cij,ckj->cik", cams.rotations, given.rotations)
    sines = np.linalg.norm(turns - np.eye(3), axis=(1, 2)) / np.sqrt(8.0)  # of half the angle
    return np.asarray(np.degrees(2.0 * np.arcsin(np.minimum(sines, 1.0))))


def moves_of(cams: CameraGroup, given: CameraGroup) -> Floats:
    """Return by how much each camera is moved (C,), m."""
    return np.asarray(np.linalg.norm(cams.centers - given.centers, axis=1))
