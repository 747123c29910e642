"""People who walk about a room, as calibration from people needs them."""

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.synthetic.body import Body
from mvtri.synthetic.motion import animate, walk

_SPEED = 1.2  # m/s, at the full radius


def walk_about(
    frames: int,
    rng: np.random.Generator | int = 0,
    *,
    radius: float = 1.3,
    fps: float = 50.0,
) -> NDArray[np.float64]:
    """Return keypoints of a random person who walks along a winding circle about the origin.

    The distance from the origin goes from 0.2 to 1 times `radius` and back, and the speed with it, up to
    1.2 m/s.

    Parameters
    ----------
    frames : int
    rng : numpy.random.Generator or int
        Draws the body and where on the circle it begins.
    radius : float
        m.
    fps : float
        Frames per second.

    Returns
    -------
    ndarray, shape (frames, 37, 3)
        m, z up and 0 at the floor; keypoints as those of ``spinetrack37``.

    Raises
    ------
    InputError
        If there are fewer than two frames, or `radius` or `fps` is not positive.
    """
    if frames < 2 or not radius > 0.0 or not fps > 0.0:
        raise InputError(
            f"frames, radius and fps are {frames}, {radius} and {fps}; expected 2 frames or more, and "
            "positive numbers"
        )
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(rng)
    points = animate(Body.sample(rng), walk(frames, fps)).keypoints
    points = points - points.mean(axis=1, keepdims=True) * [1.0, 1.0, 0.0]
    angle = _SPEED / radius * np.arange(frames) / fps + rng.uniform(0.0, 6.0)
    reach = radius * (0.6 + 0.4 * np.sin(0.37 * angle + 1.0))
    place = np.stack([reach * np.cos(angle), reach * np.sin(angle), 0.0 * angle], axis=-1)
    way = np.gradient(place, axis=0)
    turns = Rotation.from_euler("z", np.arctan2(way[:, 1], way[:, 0])[:, None]).as_matrix()
    return np.asarray(np.einsum("tij,tkj->tki", turns, points) + place[:, None])
