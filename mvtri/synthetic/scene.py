"""Where a synthetic person stands: a room, its surfaces and its light."""

from dataclasses import dataclass

import numpy as np

from mvtri.errors import InputError
from mvtri.synthetic.surface import random_material


@dataclass(frozen=True)
class Scene:
    """A room with light.

    Attributes
    ----------
    low, high : ndarray, shape (3,)
        Corners of the room, m; the floor is ``low[2]``.
    materials : ndarray, shape (6, 15)
        Of the faces x low, x high, y low, y high, floor, ceiling; see `mvtri.kernels.images.render.albedo`.
    walls : ndarray, shape (6, 3)
        Light on each face.
    ambient : ndarray, shape (3,)
        Light from everywhere on the person.
    directions, colours : ndarray, shapes (L, 3) and (L, 3)
        Towards each light in the world, of unit length, and its colour.
    shadow : float
        How dark the shadow on the floor is, 0..1.
    """

    low: np.ndarray
    high: np.ndarray
    materials: np.ndarray
    walls: np.ndarray
    ambient: np.ndarray
    directions: np.ndarray
    colours: np.ndarray
    shadow: float = 0.6

    def __post_init__(self) -> None:
        if not np.all(self.high > self.low):
            raise InputError(
                f"a room from {self.low} to {self.high} has no inside; expected low < high on every axis"
            )

    @classmethod
    def sample(cls, rng: np.random.Generator | int, holds: np.ndarray | None = None) -> "Scene":
        """Return a random room that holds the places `holds` (N, 3), m (a stage of 4 m by default)."""
        rng = np.random.default_rng(rng)
        inside = (
            np.array([[-2.0, -2.0, 0.0], [2.0, 2.0, 2.2]])
            if holds is None
            else np.asarray(holds, dtype=float)
        )
        low = inside.min(axis=0) - rng.uniform(0.4, 3.5, 3)
        high = inside.max(axis=0) + rng.uniform(0.4, 3.5, 3)
        low[2] = 0.0
        materials = np.array([random_material(rng, 0.55 if face == 4 else 0.35) for face in range(6)])
        count = int(rng.integers(1, 4))
        directions = rng.normal(size=(count, 3)) * (1, 1, 0.4) + (0, 0, rng.uniform(0.4, 1.4))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        strength = rng.dirichlet(np.full(count, 1.5))[:, None] * rng.uniform(0.35, 0.85)
        tint = 1 + rng.uniform(-0.12, 0.12, (count, 3))
        ambient = rng.uniform(0.25, 0.65) * (1 + rng.uniform(-0.08, 0.08, 3))
        walls = rng.uniform(0.5, 1.1, (6, 1)) * (1 + rng.uniform(-0.06, 0.06, 3))
        return cls(low, high, materials, walls, ambient, directions, strength * tint, rng.uniform(0.2, 0.8))
