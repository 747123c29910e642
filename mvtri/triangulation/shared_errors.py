"""How much of the errors is shared between points, and so how much a recording says about its cameras."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.cameras.projection import project_points
from mvtri.kernels.triangulation.layout import Output, Rig
from mvtri.triangulation.linear_fits import left_of_noise, residuals_of
from mvtri.triangulation.residual_statistics import median_of
from mvtri.triangulation.trial_points import TrialPoints

Floats = NDArray[np.float64]
_STEP = 1e-4  # of the depth, for derivatives
_CUT = 3.0  # how much a point or a residual counts at most, in multiples of what is expected
_LEAST = 1e-12
_BY_CHANCE = 0.35  # independent errors have a smaller effective share in one of twenty recordings
_HARDLY_BY_CHANCE = 0.2  # ... in hardly any recording, even where one camera outweighs the others
_LEAK = 0.1  # of the variance of differences that two points at unlike places may add
_GEOMETRIES = 1536  # over the square of the number of cameras: points whose geometry is looked at
_FEWEST_GEOMETRIES = 12
_MANY = 6  # cameras; with more, fitting their variances takes away hardly anything
_FEWEST = 16  # points; with fewer nothing is said
_ALIKE = 0.25  # correlation of neighbours above which their differences say more than they do themselves


@dataclasses.dataclass(frozen=True)
class SharedErrors:
    """What the residuals of points say about their errors, if all cameras had the same noise.

    Attributes
    ----------
    effective : float
        The number of independent points that would say as much about the noise of the cameras.
    count : int
        The number of points with three views or more, from which `effective` was found.
    in_order : float
        Effective points per point, 0..1, from the autocorrelation in the order of the points alone.
    constant : float
        Share of the variance of residuals that stays the same in the whole recording, 0..1.
    differences : Differences or None
        Differences between neighbours; None where neighbours have little in common.
    scales : ndarray, shape (C,)
        Pixels per metre in each camera, at the depth of the points.
    """

    effective: float
    count: int
    in_order: float
    constant: float
    differences: "Differences | None"
    scales: Floats

    @property
    def share(self) -> float:
        """Effective points per point, 0..1; 1 where there are none to judge by."""
        return self.effective / self.count if self.count else 1.0


@dataclasses.dataclass(frozen=True)
class Differences:
    """Differences between the residuals of neighbours, from which shared errors are gone.

    Attributes
    ----------
    residuals : ndarray, shape (n, C, 2)
        Differences over the square root of 2, so that their noise is that of residuals; 0 where missing.
    jacobians : ndarray, shape (n, C, 2, 3 or 6)
        Derivatives by the positions of the points: one position per difference, or two.
    seen : ndarray of bool, shape (n, C)
    share : float
        Effectively independent differences per difference.
    alike : float
        How far views err alike, 0..1: 0 where the covariance between cameras is that of independent errors.
    """

    residuals: Floats
    jacobians: Floats
    seen: NDArray[np.bool_]
    share: float
    alike: float


def find_shared_errors(trial: TrialPoints, output: Output) -> SharedErrors:
    """Return what the residuals of triangulated points have in common.

    Parameters
    ----------
    trial : TrialPoints
    output : Output
        Its points, triangulated with the same noise in all cameras.

    Notes
    -----
    If n errors correlate by ``rho_ij``, the mean of their squares has ``sum_ij rho_ij^2 / n`` times the
    variance that it has for independent errors, so they are worth ``n^2 / sum_ij rho_ij^2`` independent ones.
    That sum is found in two ways, and the larger one counts.  The first is the autocorrelation of residuals
    in the order of the points.  The second needs no order: for independent errors the covariance of residuals
    between cameras follows from the geometry and one variance per camera, and the expected squared distance
    between this covariance and the one that is found is known.  Shared errors raise that distance by the same
    sum.  The variances are those of MINQUE at equal weights (Rao, Journal of Multivariate Analysis 1, 1971),
    which cannot follow a camera as iterated ones do.
    """
    scales = image_scales(output, trial.rig)
    r, J = linearise(trial, output)
    seen = output.inliers
    whole = np.isfinite(r.sum(axis=(1, 2)) + J.sum(axis=(1, 2, 3)))
    usable = (seen.sum(axis=1) >= 3) & whole
    n = int(usable.sum())
    if n < _FEWEST:
        return SharedErrors(float(n), n, 1.0, 0.0, None, scales)
    rows = trial.rows
    if n < len(rows):
        r, J, seen, rows = r[usable], J[usable], seen[usable], rows[usable]
    z = residuals_of(r, J)
    whole = standardised(z, seen)
    by_order, lag = effective_by_order(whole, seen)
    effective = min(effective_by_cameras(z, J, seen), by_order)
    differences = subtract_neighbours(r, J, seen, lag) if lag else None
    return SharedErrors(effective, n, by_order / n, constant_share(whole, seen, rows), differences, scales)


def effective_by_cameras(z: Floats, J: Floats, seen: NDArray[np.bool_]) -> float:
    """Return the effective number of points from the covariance of residuals `z` (n, 2C) between cameras.

    The expected covariance is that of some of the points, since neighbours have much the same geometry.
    """
    n, C = seen.shape
    some = slice(None, None, -(-n // max(_GEOMETRIES // C**2, _FEWEST_GEOMETRIES)))
    B = left_of_noise(J[some], seen[some])
    each = n / len(B)
    freedom = each * np.trace(B, axis1=1, axis2=2).sum()
    size = (z**2).sum(axis=1)
    most = _CUT * size.sum() / max(freedom, _LEAST) * (2.0 * seen.sum(axis=1) - J.shape[3])
    z = z * np.sqrt(np.minimum(1.0, most / np.maximum(size, _LEAST)))[:, None]
    found = z.T @ z
    traces = np.einsum("caca->c", found.reshape(C, 2, C, 2))
    mixing = each * np.einsum("nij,nij->ij", B, B).reshape(C, 2, C, 2).sum(axis=(1, 3))
    used = np.diagonal(mixing) > 0.0
    variances = np.zeros(C)
    variances[used] = np.linalg.lstsq(mixing[np.ix_(used, used)], traces[used], rcond=1e-6)[0]
    variances = np.maximum(variances, 0.02 * traces.sum() / mixing.sum())
    half = B * np.repeat(np.sqrt(variances), 2)
    K = half @ half.transpose(0, 2, 1)  # what the covariance of each point's residuals should be
    distance = ((found - each * K.sum(axis=0)) ** 2).sum()
    expected = each * ((np.trace(K, axis1=1, axis2=2) ** 2).sum() + (K**2).sum())  # for normal errors
    if C <= _MANY:
        expected -= each * fitted_away(B, K, used)
    else:  # one variance per camera, of the (d + 1) d / 2 numbers of a covariance of d residuals
        d = freedom / n
        expected *= 1.0 - 2.0 * used.sum() / (d * (d + 1.0))
    share = max(expected, _LEAST) / max(distance, _LEAST)
    return float(n) if share > _BY_CHANCE else max(n * share, 1.0)


def fitted_away(B: Floats, K: Floats, used: NDArray[np.bool_]) -> float:
    """Return the part of the expected squared distance that fitting one variance per camera takes away.

    The fit takes the distance's projection on the derivatives of the covariance by the variances.  For an
    orthonormal basis Q of these, that is the sum of ``2 trace(Q K Q K)`` over Q and the covariances K.
    """
    m = B.shape[1]
    slices = B.reshape(len(B), m, m // 2, 2)[:, :, used].transpose(2, 1, 0, 3).reshape(used.sum(), m, -1)
    derivatives = slices @ slices.transpose(0, 2, 1)
    Q = np.linalg.qr(derivatives.reshape(len(derivatives), -1).T)[0].T.reshape(-1, 1, m, m)
    turned = Q @ K  # many small products: one large one would wake the threads of a linear algebra library
    return 2.0 * float(np.einsum("qnij,qnji->", turned, turned))


def standardised(z: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return residuals `z` (n, 2C) over the root mean square of their column, clipped; 0 where missing."""
    number = np.maximum(np.repeat(seen, 2, axis=1).sum(axis=0), 1)
    scale = np.sqrt((z**2).sum(axis=0) / number)
    whole: Floats = np.clip(z / np.maximum(scale, _LEAST), -_CUT, _CUT)
    return whole


def effective_by_order(z: Floats, seen: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the effective number of points, and the lag at which points have most in common.

    They follow from the autocorrelation of standardised residuals `z` (n, 2C).  All lags count, so neighbours
    may be frames, or keypoints within frames.  The lag is 0 where points have little in common at any lag.
    """
    n = len(z)
    size = 2 ** int(np.ceil(np.log2(2 * n)))

    def products(values: Floats) -> Floats:
        """Return sums of products at each lag, over all columns."""
        waves = np.fft.rfft(values.T, size)
        power = np.einsum("cf,cf->f", waves.real, waves.real) + np.einsum("cf,cf->f", waves.imag, waves.imag)
        sums: Floats = np.fft.irfft(power, size)[:n]
        return sums

    if seen.all():
        pairs = 2.0 * seen.shape[1] * np.arange(n, 0.0, -1.0)
    else:
        pairs = np.maximum(2.0 * products(seen.astype(float)), 0.5)
    rho = products(z) / pairs
    if not rho[0] > _LEAST:
        return float(n), 0
    rho /= rho[0]
    squares, noise = rho[1:] ** 2, 1.0 / pairs[1:]
    weight = np.where(pairs[1:] > 0.25 * pairs[0], n - np.arange(1.0, n), 0.0)  # far lags have few pairs
    total = 1.0
    for _ in range(4):  # correlations are themselves the less certain, the more errors correlate
        total = max(1.0 + 2.0 / n * ((squares - noise * total) * weight).sum(), 1.0)
    near = rho[1 : max(n // 4, 2)]
    lag = int(np.argmax(near)) + 1
    return float(np.clip(n / total, 1.0, n)), lag if near[lag - 1] > _ALIKE else 0


def subtract_neighbours(r: Floats, J: Floats, seen: NDArray[np.bool_], lag: int) -> Differences | None:
    """Return the differences of residuals (n, C, 2) that lie `lag` points apart, None where there are few.

    There are two ways: both points move together, which is right if they are near each other; or each moves
    on its own, which removes all that is shared but leaves fewer residuals.  The way with more effective
    residuals is returned.
    """
    both, C = seen[:-lag] & seen[lag:], seen.shape[1]
    d = np.where(both[..., None], r[:-lag] - r[lag:], 0.0) / np.sqrt(2.0)
    first, second = (np.where(both[..., None, None], side, 0.0) for side in (J[:-lag], J[lag:]))
    apart = np.concatenate([first + second, first - second], axis=-1)
    apart /= np.maximum(np.sqrt((apart**2).sum(axis=(1, 2), keepdims=True)), _LEAST)
    # whether what is shared, seen from two places, leaves little in the differences
    turned = _directions(first) - _directions(second)
    near = (turned**2).sum() / both.sum() < _LEAK * (d**2).sum() / (r**2).sum()
    best, most, alike = None, 0.0, 0.0
    for moves, fewest in ((first, 3), (apart, 4)):
        usable = both.sum(axis=1) >= fewest
        if usable.sum() < _FEWEST:
            continue
        A, chosen, left = moves[usable], both[usable], d[usable]
        z = residuals_of(left, A)
        by_order, _ = effective_by_order(standardised(z, chosen), chosen)
        by_cameras = effective_by_cameras(z, A, chosen)
        if moves is first and near and C > 3 and by_cameras < _HARDLY_BY_CHANCE * by_order:
            alike = 1.0 - by_cameras / by_order
        effective = min(by_cameras, by_order)
        says = effective * float((2.0 * chosen.sum(axis=1) - A.shape[3]).mean())
        if says > most:
            best, most = Differences(left, A, chosen, effective / len(left), 0.0), says
    return dataclasses.replace(best, alike=alike) if best else None


def _directions(J: Floats) -> Floats:
    """Return derivatives (n, C, 2, 3) scaled to size 1, so that scores and covariances do not matter."""
    size = np.sqrt((J**2).sum(axis=(2, 3), keepdims=True))
    directions: Floats = J / np.maximum(size, _LEAST)
    return directions


def constant_share(z: Floats, seen: NDArray[np.bool_], rows: NDArray[np.int64]) -> float:
    """Return the share of the variance of standardised residuals `z` (n, 2C) that is constant.

    It is the covariance between the means of the two halves of the recording, keypoint by keypoint (`rows`),
    so an error that differs between the halves does not count.
    """
    mask = np.repeat(seen, 2, axis=1).astype(float)
    keypoints, columns = int(rows.max()) + 1, z.shape[1]
    place = (np.arange(len(z)) >= len(z) // 2) * keypoints + rows
    cells = (place[:, None] * columns + np.arange(columns)).ravel()
    sums, numbers = (
        np.bincount(cells, array.ravel(), 2 * keypoints * columns).reshape(2, keypoints, columns)
        for array in (z, mask)
    )
    weight = np.minimum(numbers[0], numbers[1])
    weight[weight < 4.0] = 0.0  # means of fewer say nothing
    if not weight.sum():
        return 0.0
    means = sums / np.maximum(numbers, 1.0)
    variance = (z**2).sum() / mask.sum()
    share = (weight * means[0] * means[1]).sum() / (weight.sum() * max(variance, _LEAST))
    return float(np.clip(share, 0.0, 1.0))


def image_scales(output: Output, rig: Rig) -> Floats:
    """Return how many pixels a metre has in each camera (C,), at the median depth of its points."""
    points, inliers = output.points[::4], output.inliers[::4]
    depths = (points - rig.origin) @ rig.rotations[:, 2].T + rig.translations[:, 2]
    medians = np.array(
        [
            median_of(column[good]) if (good := seen & (column > 0)).any() else np.nan
            for column, seen in zip(depths.T, inliers.T)
        ]
    )
    found = np.isfinite(medians)
    medians = np.where(found, medians, np.median(medians[found]) if found.any() else 1.0)
    scales: Floats = rig.focal_lengths.mean(axis=1) / medians
    return scales


def linearise(trial: TrialPoints, output: Output) -> tuple[Floats, Floats]:
    """Return residuals (n, C, 2) and derivatives (n, C, 2, 3), whitened by scores and covariances."""
    (pixels, scores, covariances), rig, seen = trial.part, trial.rig, output.inliers
    points = np.ascontiguousarray(output.points - rig.origin)
    step = _STEP * float(np.median(rig.typical_depths))
    at = _project(points, rig)
    J = np.stack([(_project(points + step * axis, rig) - at) / step for axis in np.eye(3)], axis=-1)
    r = np.where(seen[..., None], pixels - at, 0.0)
    J = np.where(seen[..., None, None], J, 0.0)
    if covariances.size:
        root = np.linalg.inv(np.linalg.cholesky(np.where(seen[..., None, None], covariances, np.eye(2))))
        r, J = np.einsum("ncij,ncj->nci", root, r), root @ J
    if scores.size:
        weight = np.sqrt(np.where(seen, scores, 0.0))
        r, J = r * weight[..., None], J * weight[..., None, None]
    return r, J


def _project(points: Floats, rig: Rig) -> Floats:
    out = np.empty((len(points), len(rig.models), 2))
    project_points(points, rig.models, rig.distortions, rig.matrices, rig.rotations, rig.translations, out)
    return out
