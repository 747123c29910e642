"""How many frames cameras are late, where nothing of their poses is known.

Two views of one moment obey an epipolar geometry, whatever the cameras are; views of different moments do so
less. The fundamental matrix is fitted anew for each shift (Hartley, IEEE PAMI 19 (1997) 580), and the shift
with the smallest distances from epipolar lines is taken.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_MOST = 600  # correspondences
_FEWEST = 100
_ROUNDS = 3
_VALLEYS, _APART = 4, 6  # lowest shifts of a pair that are tried, and how many frames they are apart
_STARTS = 600  # combinations of them that are drawn
_ALIKE = 3  # frames: shifts that differ by no more are one guess
_GUESSES = 8  # at most
_FRAMES = 200  # that are looked at, spread over the recording
_SURE = 0.8  # of the median cost over all shifts


def find_shifts(pixels: Floats, reach: int) -> list[Floats]:
    """Return how many frames each camera is late (C,), the first one being 0: guesses, the best one first.

    Empty where it cannot be told.  People walk in periods, and so views may fit nearly as well a step earlier
    or later: only poses that all cameras agree on tell which of these guesses is right.

    Parameters
    ----------
    pixels : ndarray, shape (T, K, C, 2)
    reach : int
        The largest shift between two cameras, frames.
    """
    cameras = pixels.shape[2]
    curves: dict[tuple[int, int], Floats] = {}
    for first, second in combinations(range(cameras), 2):
        curve = cost_of_pair(pixels[:, :, first], pixels[:, :, second], reach)
        if curve is not None:
            curves[first, second] = curve
    if not curves or not _is_connected(curves, cameras):
        return []
    ends = [_descended(curves, start, reach) for start in _starts(curves, cameras, reach)]
    chosen: list[Ints] = []
    for _, shifts in sorted(ends, key=lambda end: end[0]):
        if all(np.abs(shifts - other).max() > _ALIKE for other in chosen):
            chosen.append(shifts)
    return [_parts(curves, shifts, reach) for shifts in chosen[:_GUESSES]]


def cost_of_pair(first: Floats, second: Floats, reach: int) -> Floats | None:
    """Return the cost (2 reach + 1,) of each shift of the second camera, as a share of the usual one.

    None where no shift stands out, or too little is seen by both.

    Parameters
    ----------
    first, second : ndarray, shape (T, K, 2)
    reach : int
    """
    costs = np.array([_cost(first, second, shift) for shift in range(-reach, reach + 1)])
    if np.isnan(costs).all():
        return None
    shares = np.nan_to_num(costs / np.nanmedian(costs), nan=1.0)
    return shares if shares.min() < _SURE else None


def _is_connected(curves: Mapping[tuple[int, int], Floats], cameras: int) -> bool:
    reached = {0}
    for _ in range(cameras):
        reached |= {b for a, b in curves if a in reached} | {a for a, b in curves if b in reached}
    return len(reached) == cameras


def _starts(curves: Mapping[tuple[int, int], Floats], cameras: int, reach: int) -> list[Ints]:
    """Return shifts to start from: of pairs that connect all cameras, drawn at random, one valley each."""
    rng = np.random.default_rng(0)
    pairs, valleys = list(curves), [_valleys(curve, reach) for curve in curves.values()]
    found: dict[tuple[int, ...], Ints] = {}
    for _ in range(_STARTS):
        shifts: dict[int, int] = {0: 0}
        waiting = [int(i) for i in rng.permutation(len(pairs))]
        while len(shifts) < cameras:
            joining = next(i for i in waiting if (pairs[i][0] in shifts) != (pairs[i][1] in shifts))
            waiting.remove(joining)
            (a, b), valley = pairs[joining], int(rng.choice(valleys[joining]))
            if a in shifts:
                shifts[b] = shifts[a] + valley
            else:
                shifts[a] = shifts[b] - valley
        start = tuple(shifts[camera] for camera in range(cameras))
        if max(start) - min(start) <= reach:
            found[start] = np.array(start)
    return list(found.values())


def _valleys(curve: Floats, reach: int) -> list[int]:
    """Return the shifts at which a curve is lowest, some frames apart."""
    found: list[int] = []
    for i in np.argsort(curve):
        shift = int(i) - reach
        if len(found) < _VALLEYS and all(abs(shift - other) > _APART for other in found):
            found.append(shift)
    return found


def _descended(curves: Mapping[tuple[int, int], Floats], shifts: Ints, reach: int) -> tuple[float, Ints]:
    """Return the least cost over all pairs near a start, moving one camera after the other, and where."""
    shifts = shifts.copy()
    for _ in range(20):
        before = shifts.copy()
        for camera in range(1, len(shifts)):
            costs = _along(curves, shifts, camera, reach)
            low = max(0, int(shifts[camera]) + reach - _ALIKE)
            shifts[camera] = low + int(costs[low : low + 2 * _ALIKE + 1].argmin()) - reach
        if (shifts == before).all():
            break
    return sum(_at(curve, int(shifts[b] - shifts[a]), reach) for (a, b), curve in curves.items()), shifts


def _along(curves: Mapping[tuple[int, int], Floats], shifts: Ints, camera: int, reach: int) -> Floats:
    """Return the cost (2 reach + 1,) over the pairs of a camera for each of its shifts."""
    total = np.zeros(2 * reach + 1)
    for (a, b), curve in curves.items():
        if camera not in (a, b):
            continue
        for i, shift in enumerate(range(-reach, reach + 1)):
            total[i] += _at(curve, int(shift - shifts[a] if camera == b else shifts[b] - shift), reach)
    return total


def _at(curve: Floats, shift: int, reach: int) -> float:
    """Return the cost of a shift; beyond the reach it is the usual one."""
    return float(curve[shift + reach]) if abs(shift) <= reach else 1.0


def _parts(curves: Mapping[tuple[int, int], Floats], shifts: Ints, reach: int) -> Floats:
    """Return the shifts with parts of a frame: the vertex of the parabola through the cost about each."""
    found = shifts.astype(np.float64)
    for camera in range(1, len(shifts)):
        costs = _along(curves, shifts, camera, reach)
        i = int(shifts[camera]) + reach
        if 0 < i < len(costs) - 1:
            bend = costs[i - 1] - 2.0 * costs[i] + costs[i + 1]
            if bend > 0.0:
                found[camera] += float(np.clip(0.5 * (costs[i - 1] - costs[i + 1]) / bend, -0.5, 0.5))
    return found


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
