"""Shrinking the noise of cameras and keypoints towards what they have in common where little is known."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from mvtri.triangulation.shared_errors import Differences, SharedErrors

Floats = NDArray[np.float64]
CAMERA_SPREAD = 0.2  # of the logs of sigma: cameras of one rig, seen by one detector, are much alike
KEYPOINT_SPREAD = 0.5  # a hip is much harder to find than an eye
OWN_SPREAD = 0.2  # of a keypoint in one camera, beyond both
_TAILS = 4.0  # degrees of freedom of these priors: a camera that is quite unlike the others may be so
_TINY = 1e-9
_TOP_3 = 7.814728  # the 95 % point of chi square, three degrees of freedom
_RIDGE = 1e-10
_STEPS = 15
_LEAST_FREEDOM = 2.0  # of an ellipsoid: beyond that it says no more than that nothing is known
_CUT = 3.0  # a residual counts up to this many times what is expected of it
PRIOR_FREEDOM = 0.5 / CAMERA_SPREAD**2  # of Student's t, before anything is known about the cameras


def shrink(
    sigma: Floats,
    before: Floats,
    counts: Floats,
    kept: Floats,
    shared: SharedErrors,
    expected: Floats,
    pairs: int = 0,
) -> tuple[Floats, float]:
    """Return noise (K, C), and the variance of the logs of the cameras' sigma: how well they are known.

    The log of sigma is a sum of what all have in common, one part per camera, one per keypoint, and one per
    keypoint and camera.  Each part is a mean of what was found and its prior, weighted by their precisions.

    Parameters
    ----------
    sigma : ndarray, shape (K, C)
        Noise that follows from the residuals.
    before : ndarray, shape (K, C)
        Noise with which the points of those residuals were triangulated.
    counts : ndarray, shape (K, C)
        Numbers of residuals.
    kept : ndarray, shape (C,)
        Share of each camera's own error that its residuals keep: 1 minus the mean leverage of its views.
    shared : SharedErrors
    expected : ndarray, shape (C,)
        Logs of the cameras' sigma, up to a constant, that are likely before anything is found
        (`expected_parts`).
    pairs : int
        Points of two views, where there are hardly any others.

    Notes
    -----
    Each view gives half of Fisher's information on the log of its camera's sigma in restricted maximum
    likelihood (Patterson & Thompson, Biometrika 58, 1971), whose diagonal is ``4 (1 - leverage)^2``, times
    the share of points that are effectively independent.  It is half, since real errors have heavier tails
    than a normal law.  On the level that all have in common each view gives ``2 (1 - leverage)``.  A
    point of two views has one residual, which gives 1.  This residual and the point's ellipsoid depend on the
    noise of both views together, so the difference between the two cameras does not count.
    """
    kept = np.maximum(kept, 0.05)
    information = 2.0 * counts * shared.share * kept**2
    weight = information + _TINY
    mean, camera, keypoint, own = _parts(np.log(sigma), weight)
    _, camera_before, keypoint_before, own_before = _parts(np.log(before), weight)
    expected = expected - (expected * weight.sum(axis=0)).sum() / weight.sum()
    of_cameras, of_keypoints = information.sum(axis=0), information.sum(axis=1, keepdims=True)
    prior = _precision(camera_before - expected, CAMERA_SPREAD)
    camera = expected + (camera - expected) * of_cameras / (of_cameras + prior)
    keypoint = keypoint * of_keypoints / (of_keypoints + _precision(keypoint_before, KEYPOINT_SPREAD))
    own = own * information / (information + _precision(own_before, OWN_SPREAD))
    level = shared.share * (2.0 * float((counts * kept).sum()) + pairs)
    apart = 0.0 if pairs else float((1.0 / (of_cameras + prior)).mean())
    variance = 1.0 / max(level, _TINY) + apart
    shrunk: Floats = np.exp(mean + camera + keypoint + own)
    return shrunk, variance


def expected_parts(level: float, shared: SharedErrors, image_noise: float) -> Floats:
    """Return the logs of the cameras' sigma (C,) that are expected at a noise `level`, up to a constant.

    Noise that finding a point in an image may have by itself, `image_noise` px, has the same size in all
    cameras.  Noise beyond that has a size in metres: the place of a keypoint in the body, or a camera that
    is not where the calibration says.  Where there are differences between neighbours, from which shared
    errors are gone, they decide.
    """
    image = min(image_noise / max(level, _TINY), 1.0) ** 2
    relative = (shared.scales / np.sqrt(np.mean(shared.scales**2))) ** 2
    logs: Floats = 0.5 * np.log(image + (1.0 - image) * relative)
    differences = shared.differences
    return logs if differences is None else parts_of_differences(differences, logs)


def parts_of_differences(differences: Differences, expected: Floats) -> Floats:
    """Return the logs of the cameras' sigma (C,) that differences make most likely, given what is `expected`.

    Fisher scoring of the restricted likelihood; only differences between cameras are found, not the level.
    """
    r, J, seen = differences.residuals, differences.jacobians, differences.seen
    logs: Floats = expected - expected.mean()
    numbers = seen.sum(axis=0)
    for _ in range(_STEPS):
        weight = np.where(seen, np.exp(-2.0 * logs), 0.0)
        normal = np.einsum("nc,ncij,ncik->njk", weight, J, J)
        size = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        C = np.linalg.inv(normal + _RIDGE * size * np.eye(J.shape[3]))
        shift = np.einsum("njk,nc,nci,ncik->nj", C, weight, r, J, optimize=True)
        left = r - np.einsum("ncij,nj->nci", J, shift)
        leverage = weight * np.einsum("ncij,njk,ncik->nc", J, C, J, optimize=True)
        freedom = np.where(seen, 2.0 - leverage, 0.0)
        squares = weight * (left**2).sum(axis=2)
        most = np.maximum(freedom, 0.05) * _CUT * (squares.sum() / freedom.sum())
        capped = np.minimum(squares, most)
        found = capped.sum(axis=0) / np.maximum(freedom.sum(axis=0), _TINY)
        kept = np.maximum(freedom.sum(axis=0) / np.maximum(2.0 * numbers, 1), 0.05)
        pool = (found * freedom.sum(axis=0)).sum() / freedom.sum()
        growth = np.clip(0.5 * (found / max(pool, _TINY) - 1.0) / kept, -0.5, 0.5)
        information = 2.0 * numbers * kept**2 * differences.share
        prior = _precision(logs - expected + expected.mean(), CAMERA_SPREAD)
        step = (information * growth - prior * (logs - expected + expected.mean())) / (information + prior)
        logs = logs + step
        logs -= logs.mean()
        if np.abs(step).max() < 0.01:
            break
    return logs


def _parts(logs: Floats, weight: Floats) -> tuple[float, Floats, Floats, Floats]:
    """Return the common part, those of cameras (C,) and of keypoints (K, 1), and what is left (K, C)."""
    mean = float((weight * logs).sum() / weight.sum())
    camera = (weight * (logs - mean)).sum(axis=0) / weight.sum(axis=0)
    own = logs - mean - camera
    keypoint = (weight * own).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return mean, camera, keypoint, own - keypoint


def _precision(part: Floats, spread: float) -> Floats:
    """Return the precision of a prior that follows Student's t, at `part`."""
    precision: Floats = (_TAILS + 1.0) / (_TAILS * spread**2 + part**2)
    return precision


def freedom_of(variance: float, shared: SharedErrors) -> float:
    """Return the degrees of freedom of Student's t that errors follow, given how well their sigma is known.

    Errors that are shared differ in size from frame to frame as much as cameras differ.
    """
    return float(0.5 / max(variance + (1.0 - shared.in_order) * CAMERA_SPREAD**2, _TINY))


def inflation_of(variance: float, squares: Floats, shared: SharedErrors) -> float:
    """Return the factor by which covariances are multiplied because of errors that residuals do not show.

    Where sigma is not known well, a 95 % ellipsoid is that of Student's t.  Sigma describes the bulk of the
    residuals.  The tails of shared errors do not average out, so their whole variance counts, which follows
    from `squares`, the chi squares of the inliers with two degrees of freedom.  An error that stays the same
    in the whole recording may also be the same in all views, for example where a detector has another idea
    of a joint.  Such an error moves the point and leaves no residual; it is taken to be as large as the
    constant part of the residuals.  The same holds where views err alike.
    """
    freedom = float(np.clip(0.5 / max(variance, _TINY), _LEAST_FREEDOM, 1e6))
    wider = 3.0 * float(fdtri(3.0, freedom, 0.95)) / _TOP_3
    found = squares[np.isfinite(squares)]
    tails = max(float(found.mean()) / 2.0, 1.0) if found.size else 1.0
    differences = shared.differences
    unseen = (1.0 + shared.constant) * (1.0 + (differences.alike if differences else 0.0))
    return float(wider * tails ** (1.0 - shared.in_order) * unseen)
