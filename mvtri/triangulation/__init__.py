"""From observations in several views to points: consensus, refinement, covariance."""

from mvtri.triangulation.engine import triangulate
from mvtri.triangulation.options import TriangulationOptions
from mvtri.triangulation.result import Noise, TriangulationResult

__all__ = ["Noise", "TriangulationOptions", "TriangulationResult", "triangulate"]
