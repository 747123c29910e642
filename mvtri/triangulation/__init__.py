"""From observations in several views to points: consensus, refinement, covariance."""

from mvtri.triangulation.calibration_uncertainty import with_calibration_uncertainty
from mvtri.triangulation.frame_by_frame import FrameTriangulator
from mvtri.triangulation.heatmap_fusion import HeatmapResult, refine_on_heatmaps
from mvtri.triangulation.modes import ModesResult, triangulate_modes
from mvtri.triangulation.options import TriangulationOptions
from mvtri.triangulation.result import Noise, TriangulationResult
from mvtri.triangulation.swaps import SwapsResult, exchange, resolve_swaps
from mvtri.triangulation.triangulate import kernels_of, triangulate

__all__ = [
    "FrameTriangulator",
    "HeatmapResult",
    "ModesResult",
    "Noise",
    "SwapsResult",
    "TriangulationOptions",
    "TriangulationResult",
    "exchange",
    "kernels_of",
    "refine_on_heatmaps",
    "resolve_swaps",
    "triangulate",
    "triangulate_modes",
    "with_calibration_uncertainty",
]
