"""Errors of position, velocity and length, in the unit of the input."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.errors import InputError
from mvtri.metrics.procrustes import procrustes_align
from mvtri.metrics.score import Axis, Root, Score, masks, mean_error, mean_score, pair, rooted

_INSIDE = 7.814728  # the 95 % point of chi square with three degrees of freedom


def joint_errors(pred: ArrayLike, truth: ArrayLike, root: Root = None) -> np.ndarray:
    """Return the Euclidean distance of every joint, (..., K), NaN where it cannot be scored.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)
    root : int or sequence of int, optional
        A joint (or several, whose mean is meant) that is subtracted from both first: root-relative errors.
        A frame in which it is missing has none.
    """
    pred, truth = pair(pred, truth)
    distances: np.ndarray = np.linalg.norm(rooted(pred, root) - rooted(truth, root), axis=-1)
    return distances


def mpjpe(pred: ArrayLike, truth: ArrayLike, root: Root = None, axis: Axis = None) -> Score | np.ndarray:
    """Mean per-joint position error: the mean of ``|pred - truth|`` over the scored joints.

    Human3.6M's measure (Ionescu et al., TPAMI 2014, section 4), its "protocol 1" where `root` is the pelvis;
    without `root`, in world coordinates.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)
    root, axis
        See `joint_errors` and the head of this module.

    Returns
    -------
    Score or ndarray
        In the unit of the input.
    """
    return mean_error(joint_errors(pred, truth, root), _expected(truth), axis)


def p_mpjpe(pred: ArrayLike, truth: ArrayLike, axis: Axis = None) -> Score | np.ndarray:
    """MPJPE after the best similarity transform of each pose (see `procrustes_align`): "protocol 2".

    Bogo et al., ECCV 2016 (SMPLify), section 4.2, named so by Martinez et al., ICCV 2017.  Parameters and
    result are those of `mpjpe`.  A pose with one scored joint fits exactly and counts as 0.
    """
    return mean_error(joint_errors(procrustes_align(pred, truth), truth), _expected(truth), axis)


def n_mpjpe(pred: ArrayLike, truth: ArrayLike, root: Root = None, axis: Axis = None) -> Score | np.ndarray:
    """MPJPE after the best scale of each pose: ``s = Σ<pred, truth> / Σ|pred|²`` over its scored joints.

    Rhodin et al., CVPR 2018 ("Learning monocular 3D human pose estimation from multi-view images"),
    section 4, where poses are root-relative: give `root` unless they are so already.  Parameters and result
    are those of `mpjpe`.
    """
    pred, truth = pair(pred, truth)
    a, b = rooted(pred, root), rooted(truth, root)
    both = (np.isfinite(a) & np.isfinite(b)).all(axis=-1)[..., None]
    power = np.where(both, a * a, 0.0).sum(axis=(-2, -1), keepdims=True)
    product = np.where(both, a * b, 0.0).sum(axis=(-2, -1), keepdims=True)
    scale = np.divide(product, power, out=np.zeros_like(power), where=power > 0)
    return mean_error(np.linalg.norm(scale * a - b, axis=-1), _expected(truth), axis)


def per_axis_error(pred: ArrayLike, truth: ArrayLike, root: Root = None) -> tuple[Score, ...]:
    """Return the mean absolute error of each coordinate, D of them: ``mean |pred_i - truth_i|``.

    Parameters are those of `mpjpe`.
    """
    pred, truth = pair(pred, truth)
    errors = np.abs(rooted(pred, root) - rooted(truth, root))
    errors[np.isnan(errors).any(axis=-1)] = np.nan  # a joint that lacks one coordinate is missing
    return tuple(mean_score(errors[..., i], _expected(truth)) for i in range(truth.shape[-1]))


def mpjve(
    pred: ArrayLike, truth: ArrayLike, fps: float = 1.0, time_axis: int = 0, axis: Axis = None
) -> Score | np.ndarray:
    """Mean per-joint velocity error: MPJPE of the first differences in time.

    Pavllo et al., CVPR 2019 (VideoPose3D), section 5.  A step is scored where both of its frames are.

    Parameters
    ----------
    pred, truth : array_like, shape (T, ..., K, D)
    fps : float
        Frames per second; 1 gives the error per frame, as in the paper.
    time_axis : int
        Which axis is time.
    axis
        See `mpjpe`; of the array of steps.

    Returns
    -------
    Score or ndarray
        In the unit of the input per second.
    """
    pred, truth = pair(pred, truth)
    return mpjpe(np.diff(pred, axis=time_axis) * fps, np.diff(truth, axis=time_axis) * fps, axis=axis)


def mpjae(
    pred: ArrayLike, truth: ArrayLike, fps: float = 1.0, time_axis: int = 0, axis: Axis = None
) -> Score | np.ndarray:
    """Mean per-joint acceleration error: MPJPE of the second differences in time.

    Kanazawa et al., CVPR 2019 ("Learning 3D human dynamics from video"), section 5.  A difference is scored
    where all three of its frames are.

    Parameters
    ----------
    pred, truth, fps, time_axis, axis
        See `mpjve`.

    Returns
    -------
    Score or ndarray
        In the unit of the input per second squared.
    """
    pred, truth = pair(pred, truth)
    found, true = (np.diff(points, n=2, axis=time_axis) * fps**2 for points in (pred, truth))
    return mpjpe(found, true, axis=axis)


def ellipsoid_coverage(
    pred: ArrayLike, covariances: ArrayLike, truth: ArrayLike, axis: Axis = None
) -> Score | np.ndarray:
    """Fraction of the true points that lie in the 95 % ellipsoid of their estimate.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, 3)
    covariances : array_like, shape (..., K, 3, 3)
        Of `pred`, in the square of its unit; NaN where not known.
    axis
        See `mpjpe`.

    Returns
    -------
    Score or ndarray
        0..1; 0.95 where the covariances are right.  A point is scored where there is a covariance that can be
        inverted.

    Notes
    -----
    A normal error e of covariance C has e' C^-1 e below 7.815, the 95 % point of chi square with three
    degrees of freedom, in 95 % of all cases.
    """
    pred, truth = pair(pred, truth)
    spread = np.asarray(covariances, dtype=np.float64)
    if spread.shape != (*pred.shape, 3) or pred.shape[-1] != 3:
        raise InputError(
            f"points have the shape {pred.shape} and covariances {spread.shape}; expected (..., 3) and "
            "(..., 3, 3)"
        )
    known = np.isfinite(pred - truth).all(axis=-1) & np.isfinite(spread).all(axis=(-2, -1))
    known[known] = np.linalg.det(spread[known]) > 0
    inside = np.full(known.shape, np.nan)
    off = (pred - truth)[known]
    inside[known] = (off * np.linalg.solve(spread[known], off[..., None])[..., 0]).sum(axis=-1) < _INSIDE
    return mean_error(inside, _expected(truth), axis)


def bone_length_error(
    pred: ArrayLike, truth: ArrayLike, links: ArrayLike, axis: Axis = None
) -> Score | np.ndarray:
    """Mean absolute error of the limbs' lengths, ``||ŝ - ê| - |s - e||``.

    Parameters
    ----------
    pred, truth, links, axis
        See `pcp`.

    Returns
    -------
    Score or ndarray
        In the unit of the input; the fraction is that of limbs with both ends.
    """
    pred, truth = pair(pred, truth)
    ends = link_ends(links, truth.shape[-2])
    true = limb_lengths(truth, ends)
    return mean_error(np.abs(limb_lengths(pred, ends) - true), np.isfinite(true), axis)


def link_ends(links: ArrayLike, keypoints: int) -> np.ndarray:
    """Return `links` as indices (L, 2) into `keypoints` joints, checked."""
    ends = np.asarray(links, dtype=np.intp)
    if ends.ndim != 2 or ends.shape[1] != 2 or (ends.size and (ends.min() < 0 or ends.max() >= keypoints)):
        raise InputError(
            f"links have the shape {ends.shape}; expected (links, 2) with indices of {keypoints} keypoints"
        )
    return ends


def limb_lengths(points: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the lengths (..., L) of the limbs `ends` (L, 2) in `points` (..., K, D)."""
    lengths: np.ndarray = np.linalg.norm(points[..., ends[:, 0], :] - points[..., ends[:, 1], :], axis=-1)
    return lengths


def _expected(truth: ArrayLike) -> np.ndarray:
    return masks(*pair(truth, truth))[0]
