"""Success rates: the fraction of joints or limbs that are near enough."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.errors import InputError
from mvtri.metrics.errors import joint_errors, limb_lengths, link_ends
from mvtri.metrics.score import Axis, Root, Score, masks, pair, rate

PCK3D_AUC_THRESHOLDS = np.linspace(0.0, 0.150, 31)  # m; MPI-INF-3DHP: 0 to 150 mm by 5 mm
AUC2D_THRESHOLDS = np.arange(20) * 1.5  # px; 20 steps below 30 px, as the AUC of MMPose


def pck(
    pred: ArrayLike, truth: ArrayLike, threshold: float, scale: ArrayLike | None = None, axis: Axis = None
) -> Score | np.ndarray:
    """Fraction of correct keypoints: those with ``|pred - truth| <= threshold * scale``.

    Yang & Ramanan, TPAMI 2013, section 6.2.  A joint that was expected and has no estimate is not correct.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)
    threshold : float
        In the unit of the input, or as a fraction of `scale`.
    scale : array_like, shape (...), optional
        One a pose: head size (PCKh), torso or box size.  1 by default; where it is NaN no joint is correct.
    axis
        See `mpjpe`.

    Returns
    -------
    Score or ndarray
        0..1.
    """
    pred, truth = pair(pred, truth)
    errors = _scaled(joint_errors(pred, truth), scale)
    return rate(errors <= threshold, *masks(pred, truth), axis)


def pck3d(
    pred: ArrayLike,
    truth: ArrayLike,
    threshold: float = 0.150,
    root: Root = None,
    axis: Axis = None,
) -> Score | np.ndarray:
    """`pck` in space, within 150 mm by default; input in metres.

    Mehta et al., 3DV 2017 (MPI-INF-3DHP), section 5, where poses are root-relative.  A pose without its
    root has no correct joint.
    """
    pred, truth = pair(pred, truth)
    return rate(joint_errors(pred, truth, root) <= threshold, *masks(pred, truth), axis)


def auc(
    pred: ArrayLike,
    truth: ArrayLike,
    thresholds: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    axis: Axis = None,
) -> Score | np.ndarray:
    """Area under the curve of `pck` against its threshold: the mean PCK over `thresholds`.

    By default the thresholds of MPI-INF-3DHP in 3D, 0 to 150 mm by 5 mm, input in metres (Mehta et al., 3DV
    2017); and in 2D those of MMPose, 20 from 0 px to below 30 px by 1.5 px, input in image pixels.

    The 2D default is how we read the column "AUC" of SIMSPINE's 2D table (CVPR 2026), which defines it
    nowhere that we found: its detectors are trained and evaluated with MMPose, whose metric of that name
    this is, and under this reading its 0.803 (fine-tuned) and 0.633 (not) are Gaussian noise of 4.1 and
    8.2 px, near the 5 and 8 px that explain its 3D errors.  It is no COCO average precision: the same table
    has AP and AR beside it (`oks_ap`).  MMPose asks for an error *below* the threshold, so that its best
    value is 0.95, and averages over keypoints after frames; here an error may equal the threshold, and all
    expected joints count alike.  Only errors of exactly 0 (an oracle's) and gaps in the truth tell the two
    apart.

    Parameters
    ----------
    pred, truth, scale, axis
        See `pck`.
    thresholds : array_like, optional
        Equally spaced, in the unit of the input or as fractions of `scale`.

    Returns
    -------
    Score or ndarray
        0..1.
    """
    pred, truth = pair(pred, truth)
    if thresholds is None:
        thresholds = PCK3D_AUC_THRESHOLDS if truth.shape[-1] == 3 else AUC2D_THRESHOLDS
    limits = np.sort(np.atleast_1d(np.asarray(thresholds, dtype=np.float64)))
    errors = _scaled(joint_errors(pred, truth), scale)
    passed = limits.size - np.searchsorted(limits, errors)  # NaN sorts last and passes none
    return rate(passed / limits.size, *masks(pred, truth), axis)


def pcp(
    pred: ArrayLike,
    truth: ArrayLike,
    links: ArrayLike,
    threshold: float = 0.5,
    strict: bool = False,
    axis: Axis = None,
) -> Score | np.ndarray:
    """Fraction of correct parts: limbs whose ends are, on average, within half the true limb's length.

    ``(|s - ŝ| + |e - ê|) / 2 <= threshold * |s - e|``: Burenius et al., CVPR 2013, as on Campus and Shelf.
    With `strict`, each end must be as near (Ferrari et al., CVPR 2008).

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)
    links : array_like of int, shape (L, 2)
        The limbs, as `Skeleton.link_indices` has them.
    axis
        Of the (..., L) array of limbs.

    Returns
    -------
    Score or ndarray
        0..1; a limb that lacks an estimated end is not correct.
    """
    pred, truth = pair(pred, truth)
    ends = link_ends(links, truth.shape[-2])
    distances = joint_errors(pred, truth)[..., ends]
    distance = distances.max(axis=-1) if strict else distances.mean(axis=-1)
    expected, scored = (np.asarray(mask[..., ends].all(axis=-1)) for mask in masks(pred, truth))
    return rate(distance <= threshold * limb_lengths(truth, ends), expected, scored, axis)


def _scaled(errors: np.ndarray, scale: ArrayLike | None) -> np.ndarray:
    if scale is None:
        return errors
    sizes = np.asarray(scale, dtype=np.float64)
    if (sizes <= 0).any():
        raise InputError(
            f"the smallest scale is {np.nanmin(sizes)}; expected sizes above 0, NaN where a pose has none"
        )
    return errors / sizes[..., None]
