"""The spinal column at rest: where its vertebrae and discs lie, from their heights and tilts."""

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.body import anatomy

Floats = NDArray[np.float64]


def level_places() -> dict[str, Floats]:
    """Return the middle of each vertebra by name, m, from the middle between the hip joints; y is up."""
    return _places()[0]


def disc_places() -> dict[str, Floats]:
    """Return the middle of the disc below each vertebra by its name, m; C0 is the joint above C1's middle."""
    return _places()[1]


def _places() -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the middles of vertebrae and of the discs below them.

    A disc is tilted like the mean of its neighbours; the lowest one stands on the plate of S1.
    """
    scale = 1e-3 * anatomy.COLUMN_SCALE
    levels, discs = {}, {}
    top = 1e-3 * (np.array(anatomy.SACRUM) + np.array(anatomy.SACRAL_PLATE))
    before = anatomy.COLUMN[0].tilt
    for level in anatomy.COLUMN:
        half = 0.5 * level.disc * scale * _along(0.5 * (before + level.tilt))
        discs[level.name] = _flat(top + half)
        own = 0.5 * level.height * scale * _along(level.tilt)
        levels[level.name] = _flat(top + 2.0 * half + own)
        top = top + 2.0 * (half + own)
        before = level.tilt
    discs["C0"] = levels["C1"]  # C0/C1 and C1/C2 lie above and below the middle of C1
    return levels, discs


def _along(tilt: float) -> Floats:
    """Return the direction (2,), forward and up, of an axis that leans forward by `tilt` degrees."""
    return np.array([np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])


def _flat(place: Floats) -> Floats:
    return np.array([*place, 0.0])
