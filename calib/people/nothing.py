"""A whole rig from nothing but people: poses, focal lengths, one coefficient of each lens, and times."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle import Adjustment, Freedom, adjust_points, name_unknowns
from mvtri.calib.people.agreement import AS_GIVEN, residual
from mvtri.calib.people.doubts import rig_doubts
from mvtri.calib.people.found_rig import FoundRig
from mvtri.calib.people.near import adjust_near
from mvtri.calib.people.recording import MOST, People
from mvtri.calib.people.start import Pair, pairs_of, start_from
from mvtri.calib.people.time_shifts import find_shifts, finer_shifts, shifted
from mvtri.calib.people.world import stand_up
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.plausibility import PlausibilityWarning
from mvtri.synchronisation.find import offsets_of_points
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
FREEDOM = Freedom(focal="one", distortion=1)
USUAL_FOCAL = 1.0  # times the longer side of the images: a field of view of 53 degrees
FOCAL_SPREAD = 0.4  # standard deviation of a focal length that is guessed, as a share of it
KNOWN_SPREAD = 0.2  # of one that is given
_K1_SPREAD = 0.2
_TRIED = (1.0, 0.7, 1.4)  # times the guessed focal lengths, from which the start is tried
_PAIRS = 2  # of cameras, from which the start is tried
_START = 4000  # points of the start
_FEW_FRAMES = 60  # to choose between shifts
_FEWEST = 30  # keypoints that a camera shares with another one
_ROUNDS, _NEAR_ROUNDS = 2, 2


class _Lenses(NamedTuple):
    """What is known of the lenses."""

    guess: CameraGroup
    freedom: Freedom
    spread: float  # standard deviation of the focal lengths, as a share
    tried: Sequence[float]  # times the focal lengths, from which the start is tried


def rig_from_people(
    recording: ArrayLike,
    image_sizes: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    focal: ArrayLike | None = None,
    lenses: CameraGroup | None = None,
    keypoints: Sequence[str] | None = None,
    height: float = 1.7,
    reach: int = 0,
    workers: int | None = None,
) -> FoundRig:
    """Find all cameras of a rig from a person who walks in view of them.

    Parameters
    ----------
    recording : array_like, shape (T, K, C, 2)
        Pixels of one person, NaN where missing or uncertain.
    image_sizes : array_like, shape (C, 2) or (2,)
        Width and height, px.
    names : sequence of str, optional
        Of the cameras; cam1, cam2, ... by default.
    focal : array_like, shape (C,) or (), optional
        Focal lengths, px, as far as they are known (within 20 % or so).  By default the longer side of the
        images is a first guess.
    lenses : CameraGroup, optional
        Cameras whose lenses are right and stay; their poses do not matter.
    keypoints : sequence of str, optional
        K names; with them the person's height gives the scale, and the person shows what is up.
    height : float
        How tall the person is, m.
    reach : int
        The largest time by which one camera may be late to another, frames; 0 takes them to be synchronous.
    workers : int, optional
        Threads; all cores by default.

    Returns
    -------
    FoundRig

    Raises
    ------
    InputError
        If the recording does not tell where the cameras are.
    """
    pixels = np.asarray(recording, dtype=np.float64)
    if pixels.ndim != 4 or pixels.shape[3] != 2 or pixels.shape[2] < 2:
        raise InputError(
            f"the recording has the shape {pixels.shape}, expected (T, K, C, 2) with two cameras or more"
        )
    known = _known(pixels.shape[2], image_sizes, names, focal, lenses)
    start, shifts = _best_start(pixels, known, reach)
    people, cams = People.read([shifted(pixels, shifts)], len(known.guess)), start.cameras
    if reach:
        adjustment = _settled(people, cams, known, workers, near=1)
        shifts = finer_shifts(pixels, adjustment.cameras, shifts)
        shifts = shifts + _last_part(shifted(pixels, shifts), adjustment.cameras)
        people, cams = People.read([shifted(pixels, shifts)], len(known.guess)), adjustment.cameras
    adjustment = _settled(people, cams, known, workers, near=_NEAR_ROUNDS)
    triangulated = triangulate(people.pixels, adjustment.cameras, keypoint_axis=1, options=AS_GIVEN)
    points = triangulated.points.astype(np.float64)
    change, stature = stand_up(adjustment.cameras, points, keypoints, height)
    cameras = change.cameras(adjustment.cameras)
    found_rig = FoundRig(cameras, adjustment, change, residual(people.pixels, cameras), shifts, stature)
    return dataclasses.replace(found_rig, doubts=rig_doubts(found_rig, change.points(points)))


def _known(
    count: int,
    image_sizes: ArrayLike,
    names: Sequence[str] | None,
    focal: ArrayLike | None,
    lenses: CameraGroup | None,
) -> _Lenses:
    """Return what is known of the lenses of `count` cameras; `lenses` that are right leave poses free."""
    if lenses is None:
        guess = guessed_cameras(count, image_sizes, names, focal)
        spread, tried = (FOCAL_SPREAD, _TRIED) if focal is None else (KNOWN_SPREAD, (1.0,))
        return _Lenses(guess, FREEDOM, spread, tried)
    if len(lenses) != count or focal is not None:
        raise InputError(
            f"lenses are of {len(lenses)} cameras, and the recording is of {count}; give the lenses of all, "
            "and no focal lengths beside them"
        )
    return _Lenses(lenses, Freedom(), np.inf, (1.0,))


def _last_part(pixels: Floats, cams: CameraGroup) -> Floats:
    """Return what `mvtri.find_offsets` finds beyond the shifts so far (C,); 0 where it cannot tell."""
    seen = np.asarray(np.isfinite(pixels[..., 0]).any(axis=1))
    whole = np.flatnonzero(seen.all(axis=1))
    if not len(whole):
        return np.zeros(len(cams))
    part = pixels[whole[0] : whole[-1] + 1]
    found = offsets_of_points(part, cams, np.arange(len(part), dtype=np.float64), False, 0)
    return np.where(found.known, found.frames, 0.0)


def guessed_cameras(
    count: int, image_sizes: ArrayLike, names: Sequence[str] | None, focal: ArrayLike | None
) -> CameraGroup:
    """Return cameras with guessed lenses, all at one place.

    Parameters
    ----------
    count : int
    image_sizes, names, focal
        As for `rig_from_people`.
    """
    sizes = np.asarray(image_sizes, dtype=np.float64)
    lengths = np.asarray(USUAL_FOCAL * sizes.max(axis=-1) if focal is None else focal, dtype=np.float64)
    if sizes.shape not in ((2,), (count, 2)) or lengths.shape not in ((), (count,)):
        raise InputError(
            f"image_sizes and focal have the shapes {sizes.shape} and {lengths.shape}; expected ({count}, 2) "
            f"or (2,), and ({count},) or one number, for {count} cameras"
        )
    sizes, lengths = np.broadcast_to(sizes, (count, 2)), np.broadcast_to(lengths, (count,))
    matrices = np.zeros((count, 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = lengths
    matrices[:, :2, 2] = 0.5 * (sizes - 1.0)
    matrices[:, 2, 2] = 1.0
    return CameraGroup(
        names=[f"cam{i + 1}" for i in range(count)] if names is None else list(names),
        image_sizes=sizes,
        matrices=matrices,
        distortions=[np.zeros(4)] * count,
        rotations=np.broadcast_to(np.eye(3), (count, 3, 3)),
        translations=np.zeros((count, 3)),
    )


def _best_start(pixels: Floats, known: _Lenses, reach: int) -> tuple[Adjustment, Floats]:
    """Return the start with the least noise, and by how many frames each camera (C,) is late in it."""
    guesses = find_shifts(pixels, reach) if reach else [np.zeros(len(known.guess))]
    if not guesses:
        raise InputError(
            f"no shift of up to {reach} frames brings the cameras together; give a longer recording with "
            "more movement, or synchronise the videos first"
        )
    best: tuple[Adjustment, Floats] | None = None
    for shifts in guesses:
        people = People.read([shifted(pixels, shifts)], len(known.guess), _FEW_FRAMES if reach else MOST)
        start = _started(people, known)
        if start is not None and (best is None or start.sigma < best[0].sigma):
            best = start, shifts
    if best is None:
        raise InputError(_why_no_start(pixels, known.guess.names))
    return best


def _why_no_start(pixels: Floats, names: Sequence[str]) -> str:
    seen = np.isfinite(pixels).all(axis=-1)
    shared = (seen & (seen.sum(axis=-1, keepdims=True) > 1)).sum(axis=(0, 1))
    blind = [name for name, count in zip(names, shared) if count < _FEWEST]
    if 0 < len(blind) <= len(names) - 2:
        return (
            f"{', '.join(blind)} shares fewer than {_FEWEST} keypoints with other cameras; leave that camera "
            "out, or give a recording that all cameras see"
        )
    return (
        "no two cameras see enough of the person at the same time, from different sides, to tell where "
        "they are; give a longer recording of a person who walks through the room"
    )


def _started(people: People, known: _Lenses) -> Adjustment | None:
    """Return the best adjustment from several pairs and focal lengths; None where no start is found."""
    pixels = people.pixels.reshape(-1, len(known.guess), 2)
    several = np.isfinite(pixels[..., 0]).sum(axis=1) >= 2
    pixels = pixels[several]
    pixels = pixels[:: max(1, -(-len(pixels) // _START))]
    best: Adjustment | None = None
    for factor in known.tried:
        cams = _with_focal(known.guess, factor)
        for pair in pairs_of(pixels, cams)[:_PAIRS]:
            found = _from_pair(pixels, cams, pair, known)
            if found is not None and (best is None or found.sigma < 0.98 * best.sigma):
                best = found
    return best


def _from_pair(pixels: Floats, cams: CameraGroup, pair: Pair, known: _Lenses) -> Adjustment | None:
    start = start_from(pixels, cams, pair)
    if start is None:
        return None
    found = None
    freedom = dataclasses.replace(known.freedom, distortion=0)
    for _ in range(_ROUNDS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PlausibilityWarning)
            points = triangulate(pixels, start, method="dlt").points
        prior = _prior(start, freedom, known.spread)
        found = adjust_points(start, pixels, points, freedom, prior=prior, uncertainty=False)
        start = found.cameras
    return found


def _settled(people: People, cams: CameraGroup, known: _Lenses, workers: int | None, near: int) -> Adjustment:
    """Return the adjustment to all frames, with the views and the noise that the triangulation finds."""
    prior, freedom = _prior(cams, known.freedom, known.spread), known.freedom
    for _ in range(_ROUNDS):
        points = triangulate(people.pixels, cams, method="dlt", workers=workers).points
        cams = adjust_points(
            cams, people.pixels, points, freedom, prior=prior, uncertainty=False, workers=workers
        ).cameras
    return adjust_near(people, cams, freedom, near, prior=prior, workers=workers)


def _prior(cams: CameraGroup, freedom: Freedom, focal: float) -> Floats:
    """Return standard deviations of the unknowns about their start: none for poses."""
    spreads = {"focal": focal, "k1": _K1_SPREAD}
    names = name_unknowns(cams, freedom).names
    return np.array([spreads.get(name.rsplit(" ", 1)[-1], np.inf) for name in names])


def _with_focal(cams: CameraGroup, factor: float) -> CameraGroup:
    matrices = cams.matrices.copy()
    matrices[:, (0, 1), (0, 1)] *= factor
    kept = ("names", "image_sizes", "distortions", "rotations", "translations", "models")
    return CameraGroup(matrices=matrices, **{name: getattr(cams, name) for name in kept})
