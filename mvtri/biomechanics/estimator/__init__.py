"""A body over time with all that is unknown about it: coordinates, motion, places of joints and markers."""

from mvtri.biomechanics.estimator.estimate import Estimate, estimate_body
from mvtri.biomechanics.estimator.smooth import smooth_with_body

__all__ = ["Estimate", "estimate_body", "smooth_with_body"]
