"""What no picture shows: a turn, a move and a growth of cameras and bodies together."""

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.freedom import Unknowns

Floats = NDArray[np.float64]


def gauge_directions(unknowns: Unknowns, rotations: Floats, translations: Floats, scale: bool) -> Floats:
    """Return directions (n, g) of the unknowns, orthonormal, that change no picture where bodies follow.

    Parameters
    ----------
    unknowns : Unknowns
    rotations, translations : ndarray, shape (C, 3, 3) and (C, 3)
        Of the cameras.
    scale : bool
        Whether the size of the scene is unknown, too: free points have none, boards do.

    Notes
    -----
    Where one camera's pose is fixed, nothing but growth about its centre is left; where two are, nothing is.
    """
    centers = -np.einsum("cji,cj->ci", rotations, translations)
    free = np.flatnonzero(unknowns.poses[:, 0] >= 0)
    held = np.setdiff1d(np.arange(len(centers)), free)
    found = np.zeros((len(unknowns.names), 7))
    if not len(free) or len(held) > 1 or (len(held) and not scale):
        return found[:, :0]
    origin = centers[held[0]] if len(held) else centers.mean(axis=0)
    for c in free:
        turn, move = unknowns.poses[c, :3], unknowns.poses[c, 3:]
        arm = centers[c] - origin
        found[turn, :3] = -rotations[c]
        found[move, :3] = np.cross(np.eye(3), arm).T
        found[move, 3:6] = np.eye(3)
        found[move, 6] = arm
    kept = found[:, 6:] if len(held) else found if scale else found[:, :6]
    basis, sizes, _ = np.linalg.svd(kept, full_matrices=False)
    return np.asarray(basis[:, sizes > 1e-9 * sizes.max()])
