"""Whether the lens of a calibration is that of the 2D: undistorted twice, missing, or of another model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import Views
from mvtri.diagnostics.hypotheses import Fit, Hypothesis, Situation, fit
from mvtri.diagnostics.situation import assess, enough_points
from mvtri.plausibility.finding import Finding, Kind
from mvtri.plausibility.views import spread_of_views

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

OFF, FITTED = 5.0, 3.0  # of the evidence: for another lens; more where a number was fitted
HOPELESS = 2.0  # times that evidence, for displaced cameras in the first look
AHEAD = 1.0  # times the evidence for displaced cameras
WORTH = 0.5  # of the evidence: from this in the first look on there is a second one
FRAMES = 64  # that the second look takes
FEW_RADIAL = (-0.30, -0.10, 0.15)  # k1 that are tried in a first look, where there is no lens
RADIAL = (-0.40, -0.30, -0.20, -0.10, 0.10, 0.20)  # and then
LEAST_SEEN = 0.9  # of the views: a lens that makes rays of fewer cannot be
BEND = 0.05  # of k1, for a derivative of the evidence
HALVES = 0.5 * np.eye(2)  # px, for derivatives through the lens
SOUND = Hypothesis(())
NOTHING = 1e-9  # a coefficient that is none
RIGHT = 0.012  # of the image diagonal: views that agree
NO_WORSE = 1.02  # times what the views disagree with the given lens
SMALL = 1.0  # px: lenses that differ less over the people are one


class Lens(NamedTuple):
    """Another lens for all cameras."""

    kind: Kind
    cameras: CameraGroup
    fitted: float = 0.0


def lens_noticed_from(assessed: tuple[Situation, Fit], cameras: CameraGroup) -> float:
    """Return from which error of the lenses on, px of the 2D, it would be noticed that they are wrong.

    An error of k1, alike in all cameras, that moves a tenth of the 2D by as much or more.  What the views say
    about it is the bend of the evidence, so the true lens need not be known.  NaN where they say nothing.

    Parameters
    ----------
    assessed : tuple of Situation and Fit
        What `assess` returns of the 2D.
    cameras : CameraGroup
    """
    situation, _ = assessed
    pixels = cameras.distort(situation.views.normalised)
    bent = [_bent(cameras, step) for step in (BEND, -BEND)]
    found = [_with(situation, pixels, each) for each in (cameras, *bent)]
    now, *other = (np.nan if each is None else fit(each, SOUND).evidence for each in found)
    information = (2.0 * now - sum(other)) / BEND**2
    if not information > 0:
        return float("nan")
    needed = OFF + (FITTED if _without_lens(cameras) else 0.0)
    moved = np.linalg.norm(bent[0].distort(cameras.undistort(pixels)) - pixels, axis=-1) / BEND
    return float(np.sqrt(2.0 * needed / information) * np.nanquantile(moved, 0.9))


def _bent(cameras: CameraGroup, step: float) -> CameraGroup:
    """Return cameras whose first coefficient is larger by `step`."""
    values = [np.concatenate([each, np.zeros(4)])[: max(4, len(each))] for each in cameras.distortions]
    for each in values:
        each[0] += step
    return _changed(cameras, values, list(cameras.models))


def _without_lens(cameras: CameraGroup) -> bool:
    return max(float(np.abs(each).max(initial=0.0)) for each in cameras.distortions) < NOTHING


class _Comparison(NamedTuple):
    """The best other lens, by how much the evidence grows with it, and with displaced cameras instead."""

    gain: float
    displaced: float
    lens: Lens | None
    pixels: Floats


def find_lens_fault(
    points2d: Floats, cameras: CameraGroup, assessed: tuple[Situation, Fit] | None = None
) -> list[Finding]:
    """Return which other lens explains the 2D better than displaced cameras do, if one does.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.
    cameras : CameraGroup
    assessed : tuple of Situation and Fit, optional
        What `assess` returns of them, where that is known.
    """
    if not enough_points(points2d):
        return []
    look = _compare(assessed or assess(points2d, cameras), cameras, FEW_RADIAL)
    if not look.gain > WORTH or look.displaced > HOPELESS * look.gain:
        return []
    found = _compare(assess(points2d, cameras, FRAMES), cameras, RADIAL)
    lens = found.lens
    if lens is None or not found.gain > max(OFF, AHEAD * found.displaced):
        return []
    if not _agree(points2d, cameras, lens.cameras):
        return []
    moved = np.linalg.norm(lens.cameras.distort(cameras.undistort(found.pixels)) - found.pixels, axis=-1)
    far = float(np.nanquantile(moved, 0.9)) if np.isfinite(moved).any() else 0.0
    return [] if far < SMALL else [Finding(lens.kind, "bad", _text(lens, far))]


def _compare(assessed: tuple[Situation, Fit], cameras: CameraGroup, radial: Sequence[float]) -> _Comparison:
    """Return how much better than the given lenses the best other ones are; `radial` are k1 to try."""
    situation, everything = assessed
    pixels = cameras.distort(situation.views.normalised)
    given = _with(situation, pixels, cameras) or situation
    now = fit(given, SOUND).evidence

    def gain(lens: Lens) -> float:
        other = _with(situation, pixels, lens.cameras)
        return -np.inf if other is None else fit(other, SOUND).evidence - now - lens.fitted

    gains = [(gain(lens), lens) for lens in _lenses(cameras, radial)]
    best, lens = max(gains, key=lambda each: each[0], default=(-np.inf, None))
    if lens is not None and lens.kind == "lens_missing" and best > 0:
        finer = _finer(radial, [each for each, _ in gains])
        other = None if finer is None else _radial(cameras, finer)
        if other is not None:
            best, lens = max((best, lens), (gain(other), other), key=lambda each: each[0])
    displaced = fit(given, everything.hypothesis).evidence - now if best > OFF else -np.inf
    return _Comparison(best, displaced, lens, pixels)


def _finer(radial: Sequence[float], gains: list[float]) -> float | None:
    """Return the k1 at the top of a parabola through the best of those tried and its neighbours."""
    values = np.array([*radial, 0.0])
    heights = np.array([*gains, -FITTED])
    order = np.argsort(values)
    values, heights = values[order], heights[order]
    near = slice(*(np.clip(int(heights.argmax()) - 1, 0, len(values) - 3) + [0, 3]))
    if not np.isfinite(heights[near]).all():
        return None
    bend, slope, _ = np.polyfit(values[near], heights[near], 2)
    return float(np.clip(-slope / (2 * bend), values[0], values[-1])) if bend < 0 else None


def _lenses(cameras: CameraGroup, radial: Sequence[float]) -> list[Lens]:
    """Return what is tried; `radial` are values of k1."""
    C = len(cameras)
    none = [np.zeros(4)] * C
    if _without_lens(cameras):
        return [_radial(cameras, k1) for k1 in radial]
    four = [np.concatenate([each, np.zeros(4)])[:4] for each in cameras.distortions]
    five = [np.concatenate([each, np.zeros(5)])[:5] for each in cameras.distortions]
    models = {"opencv": five, "fisheye": four, "human36m": five}
    return [
        Lens("lens_twice", _changed(cameras, none, ["opencv"] * C)),
        *(
            Lens("lens_model", _changed(cameras, values, [model] * C))
            for model, values in models.items()
            if any(given != model for given in cameras.models)
        ),
    ]


def _agree(points2d: Floats, given: CameraGroup, other: CameraGroup) -> bool:
    """Return whether the views agree with other lenses, and no worse than with the given ones.

    Compared in pixels of the image: a lens that enlarges all distances between rays agrees no worse for that.
    """
    diagonal = float(np.median(np.hypot(*np.asarray(given.image_sizes, dtype=np.float64).T)))
    left, before = (
        spread_of_views(points2d, each) / _magnification(points2d, each) for each in (other, given)
    )
    return bool(left < RIGHT * diagonal and left < NO_WORSE * before)


def _magnification(points2d: Floats, cameras: CameraGroup) -> float:
    """Return by how much undistorting enlarges distances where the people are: the median."""
    slope = _slopes(points2d, cameras)
    area = slope[..., 0, 0] * slope[..., 1, 1] - slope[..., 0, 1] * slope[..., 1, 0]  # `det` warns of NaN
    pixel = cameras.matrices[:, 0, 0] * cameras.matrices[:, 1, 1]
    return float(np.sqrt(np.nanmedian(np.abs(area * pixel))))


def _slopes(pixels: Floats, cameras: CameraGroup) -> Floats:
    """Return the derivatives (..., 2, 2) of rays by pixels; NaN where there is no ray."""
    right, down = (cameras.undistort(pixels + step) - cameras.undistort(pixels - step) for step in HALVES)
    slope = np.stack([right, down], axis=-1)
    known = np.isfinite(slope).all(axis=(-1, -2), keepdims=True)
    return np.asarray(np.where(known, slope, np.nan), dtype=np.float64)


def _radial(cameras: CameraGroup, k1: float) -> Lens:
    """Return lenses of one coefficient, where the calibration has none."""
    C = len(cameras)
    values = [np.array([k1, 0.0, 0.0, 0.0])] * C
    return Lens("lens_missing", _changed(cameras, values, ["opencv"] * C), FITTED)


def _changed(cameras: CameraGroup, distortions: list[Floats], models: list[str]) -> CameraGroup:
    kept = ("names", "image_sizes", "matrices", "rotations", "translations")
    fields = {name: getattr(cameras, name) for name in kept}
    return type(cameras)(distortions=distortions, models=models, **fields)


def _with(situation: Situation, pixels: Floats, cameras: CameraGroup) -> Situation | None:
    """Return the situation with these lenses, and with errors in pixels of the image; None if they cannot be.

    An error of the 2D is as large whatever the lens is taken for, so errors of rays are not compared: a lens
    that shrinks them all by a thousandth would win.
    """
    rays, slope = cameras.undistort(pixels), _slopes(pixels, cameras)
    used = situation.views.used & np.isfinite(rays).all(axis=-1) & np.isfinite(slope).all(axis=(-1, -2))
    if used.sum() < LEAST_SEEN * situation.views.used.sum():
        return None
    slope = np.asarray(np.where(used[..., None, None], slope, np.eye(2)), dtype=np.float64)
    turned = np.linalg.det(slope) <= 0
    slope[turned], used = np.eye(2), used & ~turned
    metric = np.asarray(np.linalg.inv(slope), dtype=np.float64)
    views = Views(np.where(used[..., None], rays, np.nan), used, metric)
    return dataclasses.replace(situation, views=views)


def _text(lens: Lens, far: float) -> str:
    by = f"by up to {far:.0f} px where the people are"
    if lens.kind == "lens_twice":
        return (
            "The lens distortion is taken out twice: the views agree best without any, as if the 2D were "
            f"undistorted already ({by}). Give the 2D as it was detected in the videos, or a calibration of "
            "the undistorted videos, without distortion."
        )
    if lens.kind == "lens_missing":
        k1 = float(lens.cameras.distortions[0][0])
        return (
            f"The calibration has no lens distortion, and the views agree best with k1 of about {k1:.2f} "
            f"({by}). Calibrate the lenses, or export the calibration with its distortion."
        )
    return (
        "The distortion coefficients are those of another lens model: the views agree best if they are taken "
        f"for those of the model {lens.cameras.models[0]} ({by}). Name that model in the calibration file."
    )
