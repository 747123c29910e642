"""Whether one camera alone is far from where the calibration has it."""

import numpy as np

from mvtri.calib.bundle.align import MOVE, TURN
from mvtri.calib.people.result import moves_of, turns_of
from mvtri.cameras import CameraGroup

_ALONE = 4.0  # times as far from its place as any other camera
_FEWEST = 4  # cameras, of which three show which one it is


def displaced_alone(found: CameraGroup, given: CameraGroup) -> int | None:
    """Return which camera may be the only one that is displaced; None where several are, or none is.

    Parameters
    ----------
    found, given : CameraGroup
        Cameras that were fitted to people, brought to most of the given ones; and these.
    """
    if len(given) < _FEWEST:
        return None
    far = np.hypot(moves_of(found, given) / MOVE, np.radians(turns_of(found, given)) / TURN)
    camera = int(far.argmax())
    return camera if far[camera] > _ALONE * np.delete(far, camera).max() else None


def others_than(camera: int, cams: CameraGroup) -> list[int]:
    """Return the numbers of all other cameras."""
    return [c for c in range(len(cams)) if c != camera]
