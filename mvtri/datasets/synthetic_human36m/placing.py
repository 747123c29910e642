"""Where in Human3.6M's room a motion takes place, and which way it faces."""

from dataclasses import dataclass

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

_DRAWS = 200
_EVERY = 10  # one frame in so many is checked
_MIN_VISIBLE = 0.3  # share of the points that each camera has to see


@dataclass(frozen=True)
class Place:
    """A turn and a shift.

    Attributes
    ----------
    heading : float
        Turn about the vertical, rad.
    middle : ndarray, shape (2,)
        Added to x and y after the turn, m.
    """

    heading: float
    middle: np.ndarray

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Return points (..., 3) turned and shifted."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        turned: np.ndarray = points @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        turned[..., :2] += self.middle
        return turned


def draw_place(points: np.ndarray, cameras: CameraGroup, spread: float, rng: np.random.Generator) -> Place:
    """Draw a heading uniformly, and a place N(0, `spread`) along x and y about the middle of the room.

    A place where a camera would see less than 30 % of the points is drawn again.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        The motion about x = y = 0, m.
    cameras : CameraGroup
    spread : float
        Standard deviation, m.
    rng : Generator

    Raises
    ------
    InputError
        If no place is found.
    """
    middle = room_middle(cameras)
    for _ in range(_DRAWS):
        place = Place(float(rng.uniform(-np.pi, np.pi)), middle + spread * rng.normal(size=2))
        pixels = cameras.project(place.apply(points[::_EVERY]))
        inside = ((pixels >= 0) & (pixels < cameras.image_sizes)).all(axis=-1)
        if inside.mean(axis=(0, 1)).min() >= _MIN_VISIBLE:
            return place
    raise InputError(
        f"in each of {_DRAWS} places drawn with a spread of {spread:g} m, some camera sees almost nothing "
        "of the motion; make the spread smaller, or leave the motion out if it is larger than the room"
    )


def room_middle(cameras: CameraGroup) -> np.ndarray:
    """Return where on the floor (2,), m, the optical axes come nearest to each other (least squares)."""
    across = np.eye(3) - cameras.rotations[:, 2, :, None] * cameras.rotations[:, 2, None, :]
    pull = (across @ cameras.centers[..., None]).sum(axis=0)
    return np.linalg.solve(across.sum(axis=0), pull)[:2, 0]
