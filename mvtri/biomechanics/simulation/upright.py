"""Whether a fitted body stands upright in the ground's axes: where it does not, another axis may be up."""

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.osim import Model

Floats = NDArray[np.float64]
LEAST_SHARE = 0.5  # of the frames, in which a person stands, sits or bends
_TILT = np.radians(45.0)  # between the body's up and y: nearer to y than to any other axis


def upright_share(model: Model, markers: Floats) -> tuple[float | None, str]:
    """Return the share of frames in which a body is upright, and along which axis its own up points.

    The body's up is y after the rotation that brings the markers of the model's default pose closest to
    those of the frame (Kabsch, Acta Cryst. A32 (1976) 922), so that trunk and legs both count.

    Parameters
    ----------
    model : Model
    markers : ndarray, shape (T, M, 3)
        Of the fitted model, m; NaN in frames without any.

    Returns
    -------
    share : float or None
        Of the frames with markers, those in which the body's up is within 45 degrees of y; None without any.
    axis : str
        ``"y"`` where it is upright in half of them or more, else the axis nearest to its up, with its sign,
        such as ``"z"`` or ``"-z"``.
    """
    moving = np.flatnonzero(model.tree.marker_bodies >= 0)
    places = markers[:, moving]
    places = places[np.isfinite(places).all(axis=(1, 2))]
    if not len(places) or not len(moving):
        return None, "y"
    up = _up(model.marker_positions(model.defaults)[moving], places)
    share = float((up[:, 1] > np.cos(_TILT)).mean())
    middle = np.median(up, axis=0)
    nearest = int(np.argmax(np.abs(middle)))
    axis = ("-" if middle[nearest] < 0.0 else "") + "xyz"[nearest]
    return share, "y" if share >= LEAST_SHARE else axis


def _up(rest: Floats, places: Floats) -> Floats:
    """Return y, (T, 3), after the rotations that bring places (M, 3) closest to places (T, M, 3)."""
    moved = places - places.mean(axis=1, keepdims=True)
    left, _, right = np.linalg.svd(np.einsum("tmi,mj->tij", moved, rest - rest.mean(axis=0)))
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return np.asarray((left @ right)[:, :, 1])
