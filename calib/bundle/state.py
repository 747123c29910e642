"""The cameras and bodies of a bundle adjustment, as kernels take them, and what a step does to them."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.freedom import Unknowns
from mvtri.cameras import CameraGroup
from mvtri.cameras.displacement import displaced_poses
from mvtri.kernels.bundle.layout import CENTRE, FOCAL, LENS, Bodies, Lenses

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class State:
    """Where everything is.

    Attributes
    ----------
    matrices, distortions, rotations, translations : ndarray
        Of the cameras: (C, 3, 3), (C, 14), (C, 3, 3) and (C, 3).
    turns, places : ndarray, shape (B, 3, 3) and (B, 3)
        Of boards; or free points, with (0, 3, 3) turns.
    bend : ndarray, shape (3,)
    moved : ndarray, shape (n,)
        How far the unknowns are from where they started.
    """

    matrices: Floats
    distortions: Floats
    rotations: Floats
    translations: Floats
    turns: Floats
    places: Floats
    bend: Floats
    moved: Floats

    @classmethod
    def start(cls, cams: CameraGroup, turns: Floats, places: Floats, unknowns: Unknowns) -> "State":
        """Return the state before the first step."""
        _, distortions, matrices, rotations, translations = cams.packed()
        return cls(
            *(matrices, distortions, rotations, translations),
            *(np.ascontiguousarray(turns), np.ascontiguousarray(places)),
            *(np.zeros(3), np.zeros(len(unknowns.names))),
        )

    def part(self, bodies: NDArray[np.int64]) -> "State":
        """Return the state of all cameras and some bodies."""
        turns = self.turns[bodies] if len(self.turns) else self.turns
        return dataclasses.replace(self, turns=turns, places=self.places[bodies])

    def with_bodies_of(self, other: "State") -> "State":
        """Return the state of these cameras and the bodies of another."""
        return dataclasses.replace(self, turns=other.turns, places=other.places)

    def lenses(self, models: NDArray[np.int64], unknowns: Unknowns) -> Lenses:
        """Return the cameras as kernels take them."""
        fixed = models, self.distortions, self.matrices, self.rotations, self.translations
        return Lenses(*fixed, unknowns.columns, unknowns.scales)

    def bodies(self, flat: Floats, unknowns: Unknowns) -> Bodies:
        """Return the bodies as kernels take them; `flat` (K, 3) is the board, (0, 3) for points."""
        bends = bend_of(flat)
        corners = flat.copy()
        corners[:, 2] += bends @ self.bend
        return Bodies(self.turns, self.places, corners, bends, unknowns.bend)

    def after(self, step: Floats, body_steps: Floats, unknowns: Unknowns) -> "State":
        """Return the state after a step of the unknowns (n,) and of the bodies (B, 3 or 6)."""
        columns = unknowns.columns
        taken = np.append(step, 0.0)  # the last one stands for what is fixed
        change = np.asarray(taken[columns] * unknowns.scales)
        rotations, translations = displaced_poses(self.rotations, self.translations, change[:, :FOCAL])
        matrices = self.matrices.copy()
        matrices[:, (0, 1), (0, 1)] += change[:, FOCAL:CENTRE]
        matrices[:, (0, 1), (2, 2)] += change[:, CENTRE:LENS]
        turns, places = self.turns, self.places
        if body_steps.shape[1] == 6:
            from scipy.spatial.transform import Rotation

            turns = np.ascontiguousarray(Rotation.from_rotvec(body_steps[:, :3]).as_matrix() @ turns)
            places = places + body_steps[:, 3:]
        else:
            places = places + body_steps
        bend = self.bend + taken[unknowns.bend]
        return State(
            *(matrices, self.distortions + change[:, LENS:]),
            *(np.ascontiguousarray(rotations), np.ascontiguousarray(translations)),
            *(turns, places, bend, self.moved + step),
        )

    def cameras(self, cams: CameraGroup) -> CameraGroup:
        """Return the cameras; names, sizes and lens models are those of `cams`."""
        return CameraGroup(
            names=cams.names,
            image_sizes=cams.image_sizes,
            matrices=self.matrices,
            distortions=[row[: len(old)] for row, old in zip(self.distortions, cams.distortions)],
            rotations=self.rotations,
            translations=self.translations,
            models=cams.models,
        )


def bend_of(flat: Floats) -> Floats:
    """Return how corners leave the plane (K, 3) with the three numbers of a bend.

    About the middle of the board, z = a x^2 + b x y + c y^2.
    """
    if not len(flat):
        return np.zeros((0, 3))
    x, y = (flat[:, :2] - flat[:, :2].mean(axis=0)).T
    return np.stack([x * x, x * y, y * y], axis=1)
