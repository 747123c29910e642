"""How many frames cameras are late, where nothing of their poses is known.

Two views of one moment obey an epipolar geometry, whatever the cameras are; views of different moments do so
less. The fundamental matrix is fitted anew for each shift (Hartley, IEEE PAMI 19 (1997) 580), and the shift
with the smallest distances from epipolar lines is taken.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
_MOST = 600  # correspondences
_FEWEST = 100
_ROUNDS = 3
_FRAMES = 200  # that are looked at, spread over the recording
_SURE = 0.8  # of the median cost over all shifts


def find_shifts(pixels: Floats, reach: int) -> Floats | None:
    """Return how many frames each camera is late (C,), the first one being 0; None where it cannot be told.

    Parameters
    ----------
    pixels : ndarray, shape (T, K, C, 2)
    reach : int
        The largest shift between two cameras, frames.
    """
    cameras = pixels.shape[2]
    rows, right, weights = [], [], []
    for first, second in combinations(range(cameras), 2):
        found = shift_of_pair(pixels[:, :, first], pixels[:, :, second], reach)
        if found is None:
            continue
        row = np.zeros(cameras)
        row[second], row[first] = 1.0, -1.0
        rows.append(row)
        right.append(found[0])
        weights.append(1.0 - found[1])
    if not rows:
        return None
    return _consistent(np.array(rows), np.array(right), np.array(weights))


def _consistent(rows: Floats, right: Floats, weights: Floats) -> Floats | None:
    """Return shifts (C,) from those of pairs, by least absolute errors; None where some camera has none."""
    solve = rows[:, 1:]
    if np.linalg.matrix_rank(solve) < solve.shape[1]:
        return None
    scale = weights.copy()
    for _ in range(50):
        root = np.sqrt(scale)
        found = np.linalg.lstsq(solve * root[:, None], right * root, rcond=None)[0]
        scale = weights / np.maximum(np.abs(solve @ found - right), 0.05)
    return np.asarray(np.r_[0.0, found])


def shift_of_pair(first: Floats, second: Floats, reach: int) -> tuple[float, float] | None:
    """Return how many frames the second camera is late, and the cost there as a share of the usual one.

    Parameters
    ----------
    first, second : ndarray, shape (T, K, 2)
    reach : int
    """
    shifts = np.arange(-reach, reach + 1)
    costs = np.array([_cost(first, second, int(shift)) for shift in shifts])
    if np.isnan(costs).all():
        return None
    best = int(np.nanargmin(costs))
    share = float(costs[best] / np.nanmedian(costs))
    if share > _SURE or best in (0, len(shifts) - 1):
        return None
    before, here, after = costs[best - 1 : best + 2]
    bend = before - 2.0 * here + after
    part = 0.5 * (before - after) / bend if np.isfinite(bend) and bend > 0.0 else 0.0
    return float(shifts[best] + np.clip(part, -0.5, 0.5)), share


def _cost(first: Floats, second: Floats, shift: int) -> float:
    """Return the median distance, px, from epipolar lines, where the second camera is `shift` frames late."""
    T = len(first)
    frames = np.arange(max(0, -shift), min(T, T - shift))
    if not len(frames):
        return float("nan")
    frames = frames[:: -(-len(frames) // _FRAMES)]
    a, b = first[frames].reshape(-1, 2), second[frames + shift].reshape(-1, 2)
    good = np.isfinite(a[:, 0] + b[:, 0])
    if good.sum() < _FEWEST:
        return float("nan")
    a, b = a[good], b[good]
    step = -(-len(a) // _MOST)
    return float(np.median(epipolar_distances(a[::step], b[::step])))


def epipolar_distances(a: Floats, b: Floats) -> Floats:
    """Return the distances (N,), px, of corresponding pixels (N, 2) from their best epipolar geometry.

    To first order (Sampson); the fit is repeated without the half that fits worst.
    """
    kept = np.ones(len(a), dtype=bool)
    distances = np.zeros(len(a))
    for _ in range(_ROUNDS):
        F = fundamental_matrix(a[kept], b[kept])
        x, y = np.c_[a, np.ones(len(a))], np.c_[b, np.ones(len(b))]
        lines, back = x @ F.T, y @ F
        scale = (lines[:, :2] ** 2).sum(axis=1) + (back[:, :2] ** 2).sum(axis=1)
        distances = np.abs((y * lines).sum(axis=1)) / np.sqrt(np.maximum(scale, 1e-30))
        kept = distances <= np.quantile(distances, 0.7)
    return distances


def fundamental_matrix(a: Floats, b: Floats) -> Floats:
    """Return F (3, 3) with ``b^T F a = 0`` for pixels (N, 2), by the normalised eight-point algorithm."""
    (x, Tx), (y, Ty) = _normalised(a), _normalised(b)
    system = (y[:, :, None] * x[:, None, :]).reshape(len(x), 9)
    F = np.linalg.eigh(system.T @ system)[1][:, 0].reshape(3, 3)
    U, S, Vt = np.linalg.svd(F)
    return np.asarray(Ty.T @ (U * [S[0], S[1], 0.0]) @ Vt @ Tx)


def _normalised(points: Floats) -> tuple[Floats, Floats]:
    middle = points.mean(axis=0)
    scale = np.sqrt(2.0) / max(float(np.linalg.norm(points - middle, axis=1).mean()), 1e-12)
    T = np.array([[scale, 0.0, -scale * middle[0]], [0.0, scale, -scale * middle[1]], [0.0, 0.0, 1.0]])
    return np.c_[points, np.ones(len(points))] @ T.T, T


def shifted(pixels: Floats, shifts: Floats) -> Floats:
    """Return pixels (T, K, C, 2) as if no camera were late: each is read `shifts` (C,) frames later."""
    T = len(pixels)
    out = np.full(pixels.shape, np.nan)
    for camera, shift in enumerate(shifts):
        places = np.arange(T) + shift
        low = np.floor(places + 1e-9).astype(int)
        part = (places - low)[:, None, None]
        inside = (low >= 0) & (low < T)
        high = np.minimum(low + 1, T - 1)
        a, b = pixels[low[inside], :, camera], pixels[high[inside], :, camera]
        share = part[inside]
        out[inside, :, camera] = np.where(share < 0.02, a, (1.0 - share) * a + share * b)
        out[inside & (low + 1 >= T) & (part[:, 0, 0] >= 0.02), :, camera] = np.nan
    return out


def finer_shifts(pixels: Floats, cams: CameraGroup, shifts: Floats, rounds: int = 8) -> Floats:
    """Return shifts (C,), to parts of a frame, near those given, for cameras whose poses are known.

    What the other cameras see moves with a velocity; a camera that is late shows it where it was before.  So
    its residuals, divided by the velocity, give the time by which it is late (robust least squares, in
    turns).

    Parameters
    ----------
    pixels : ndarray, shape (T, K, C, 2)
    cams : CameraGroup
    shifts : ndarray, shape (C,)
        Right to a frame or two.
    rounds : int
    """
    if len(cams) < 3:
        return shifts
    for _ in range(rounds):
        seen = shifted(pixels, shifts)
        change = np.array([_late(seen, cams, camera) for camera in range(len(cams))])
        shifts = shifts + 0.7 * (change - change[0])
        if np.abs(change).max() < 0.005:
            break
    return np.asarray(shifts)


def _late(seen: Floats, cams: CameraGroup, camera: int) -> float:
    """Return how many frames one camera is late to what the others show."""
    rest = [i for i in range(len(cams)) if i != camera]
    others = cams.subset([cams.names[i] for i in rest])
    points = triangulate(seen[:, :, rest], others, method="dlt").points
    places = cams.project(points)[:, :, camera]
    velocity = _smooth(np.gradient(places, axis=0))
    r = seen[:, :, camera] - places
    good = np.isfinite(r[..., 0] + velocity[..., 0])
    if good.sum() < _FEWEST:
        return 0.0
    r, velocity = r[good], velocity[good]
    r = r - np.median(r, axis=0)
    squares = (r**2).sum(axis=1)
    weights = 1.0 / (1.0 + squares / max(float(np.median(squares)), 1e-12))
    size = float((weights[:, None] * velocity**2).sum())
    return float(np.clip(-(weights[:, None] * r * velocity).sum() / max(size, 1e-12), -1.0, 1.0))


def _smooth(values: Floats) -> Floats:
    """Return the mean of five neighbours along the first axis; NaN where one is missing."""
    padded = np.concatenate([values[:1], values[:1], values, values[-1:], values[-1:]])
    return np.asarray(sum(padded[i : len(values) + i] for i in range(5)) / 5.0)
