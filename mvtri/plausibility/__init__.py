"""Whether 2D, 3D and noise can be what they are taken for: wrong units, sizes, axes and resolutions."""

from mvtri.plausibility.body import check_body, check_height, stature_of
from mvtri.plausibility.finding import Finding, PlausibilityWarning, warn_of
from mvtri.plausibility.noise import MOST_NOISE, check_noise
from mvtri.plausibility.pixels import check_points2d, check_values2d
from mvtri.plausibility.rig import check_rig

__all__ = [
    "MOST_NOISE",
    "Finding",
    "PlausibilityWarning",
    "check_body",
    "check_height",
    "check_noise",
    "check_points2d",
    "check_rig",
    "check_values2d",
    "stature_of",
    "warn_of",
]
