"""How far the bend of a chain of joints is from the truth."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.errors import InputError
from mvtri.kinematics.spine_chain import chain_angles
from mvtri.metrics.score import Axis, Score, mean_error, pair


def spine_angle_error(
    pred: ArrayLike, truth: ArrayLike, chain: ArrayLike, whole: bool = False, axis: Axis = None
) -> Score | np.ndarray:
    """Mean absolute error of the angles at which a chain bends from each segment to the next.

    The angles are those of `mvtri.kinematics.chain_angles`, 0 where the chain runs straight.  They say how
    far the chain bends and not in which direction: an equal bend to the other side counts as no error here;
    `mpjpe` sees it.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)
    chain : array_like of int, shape (P,)
        At least three of the K joints, from one end to the other, as
        ``get_skeleton("spinetrack37").indices("spine_chain")`` gives the spine's nine.
    whole : bool
        Only the one angle between the first segment and the last: the bend of the whole trunk.
    axis
        Of the (..., P - 2) array of angles; of the (..., 1) array if `whole`.

    Returns
    -------
    Score or ndarray
        Rad.  An angle is expected where its three (whole: four) true joints are there and no two neighbours
        of them coincide, and scored where that holds for the estimate too.

    Raises
    ------
    InputError
        If the shapes differ, or the chain does not name at least three different joints of the K.
    """
    pred, truth = pair(pred, truth)
    joints = _chain(chain, truth.shape[-2])
    found, true = (chain_angles(points[..., joints, :], whole) for points in (pred, truth))
    return mean_error(np.abs(found - true), np.isfinite(true), axis)


def _chain(chain: ArrayLike, keypoints: int) -> np.ndarray:
    joints = np.asarray(chain)
    whole_numbers = joints.ndim == 1 and np.issubdtype(joints.dtype, np.integer)
    if (
        not whole_numbers
        or joints.size < 3
        or np.unique(joints).size != joints.size
        or joints.min() < 0
        or joints.max() >= keypoints
    ):
        raise InputError(
            f"the chain is {joints.tolist()}; "
            f"expected three or more different indices of {keypoints} keypoints"
        )
    return joints
