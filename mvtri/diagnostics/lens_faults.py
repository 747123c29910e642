"""Whether the lens of a calibration is that of the 2D: undistorted twice, missing, or of another model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import Views
from mvtri.diagnostics.hypotheses import Fit, Hypothesis, Situation, fit
from mvtri.diagnostics.situation import LEAST_POINTS, assess
from mvtri.plausibility.finding import Finding, Kind

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

OFF, FITTED = 18.0, 3.0  # of the evidence: for another lens; more where a number was fitted
AHEAD = 1.0  # times the evidence for displaced cameras
RADIAL = np.linspace(-0.40, 0.20, 13)  # k1 that are tried where there is no lens
NOTHING = 1e-9  # a coefficient that is none
SMALL = 1.0  # px: lenses that differ less over the people are one


class Lens(NamedTuple):
    """Another lens for all cameras."""

    kind: Kind
    cameras: CameraGroup
    fitted: float = 0.0


def find_lens_fault(points2d: Floats, cameras: CameraGroup) -> list[Finding]:
    """Return which other lens explains the 2D better than displaced cameras do, if one does.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.
    cameras : CameraGroup
    """
    if (np.isfinite(points2d).all(axis=-1).sum(axis=-1) >= 2).sum() < LEAST_POINTS:
        return []
    situation, everything = assess(points2d, cameras)
    pixels = cameras.distort(situation.views.normalised)
    now = _with(situation, pixels, cameras)
    displaced = everything.evidence - fit(situation, Hypothesis(())).evidence
    gains = [(_with(situation, pixels, lens.cameras) - now - lens.fitted, lens) for lens in _lenses(cameras)]
    gains = [each for each in gains if np.isfinite(each[0])]
    gain, lens = max(gains, key=lambda each: each[0], default=(-np.inf, None))
    if lens is None or not gain > max(OFF, AHEAD * displaced):
        return []
    moved = np.linalg.norm(lens.cameras.distort(cameras.undistort(pixels)) - pixels, axis=-1)
    far = float(np.nanquantile(moved, 0.9)) if np.isfinite(moved).any() else 0.0
    return [] if far < SMALL else [Finding(lens.kind, "bad", _text(lens, far))]


def _lenses(cameras: CameraGroup) -> list[Lens]:
    """Return what is tried."""
    C = len(cameras)
    none = [np.zeros(4)] * C
    if max(float(np.abs(each).max(initial=0.0)) for each in cameras.distortions) < NOTHING:
        return [
            Lens(
                "lens_missing", _changed(cameras, [np.array([k1, 0.0, 0.0, 0.0])] * C, ["opencv"] * C), FITTED
            )
            for k1 in RADIAL
            if abs(k1) > NOTHING
        ]
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


def _changed(cameras: CameraGroup, distortions: list[Floats], models: list[str]) -> CameraGroup:
    kept = ("names", "image_sizes", "matrices", "rotations", "translations")
    fields = {name: getattr(cameras, name) for name in kept}
    return type(cameras)(distortions=distortions, models=models, **fields)


def _with(situation: Situation, pixels: Floats, cameras: CameraGroup) -> float:
    """Return the evidence for sound cameras with these lenses.

    Errors are measured in pixels of the image, not of an undistorted one: the focal lengths are those at the
    2D, 1 / sqrt(det) of the derivative of the rays.
    """
    rays = cameras.undistort(pixels)
    used = situation.views.used & np.isfinite(rays).all(axis=-1)
    if used.sum() < 0.9 * situation.views.used.sum():
        return -np.inf
    right, down = (cameras.undistort(pixels + step) - rays for step in np.eye(2))
    area = np.abs(right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0])
    area = np.where(used & np.isfinite(area) & (area > 0), area, np.nan)
    with np.errstate(invalid="ignore"):
        focals = np.array([1 / np.sqrt(np.nanmedian(area[..., c])) if np.isfinite(area[..., c]).any() else 1.0
                           for c in range(len(cameras))])  # fmt: skip
    views = Views(np.where(used[..., None], rays, np.nan), used)
    changed = Situation(
        views,
        situation.poses._replace(focals=focals),
        situation.distance,
        situation.noise,
        situation.lasting,
        situation.weights,
    )
    found: Fit = fit(changed, Hypothesis(()))
    return found.evidence


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
