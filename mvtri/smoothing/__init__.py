"""Tracks over time: filters, gaps, and what a cutoff costs."""

from mvtri.smoothing.batch import batch
from mvtri.smoothing.check import check_smoothing
from mvtri.smoothing.filters import butterworth, gcv_spline, hampel, median, one_euro, savitzky_golay
from mvtri.smoothing.fixed_lag import FixedLagSmoother, Moment
from mvtri.smoothing.gaps import fill_gaps, short_gaps
from mvtri.smoothing.methods import Step, parse_method
from mvtri.smoothing.residual_analysis import ResidualAnalysis, residual_analysis
from mvtri.smoothing.rts import SmoothedTracks, rts
from mvtri.smoothing.smooth import MEASURED, smooth
from mvtri.smoothing.smooth_tracks import WithBody, kernels_of

__all__ = [
    "MEASURED",
    "FixedLagSmoother",
    "Moment",
    "ResidualAnalysis",
    "SmoothedTracks",
    "Step",
    "WithBody",
    "batch",
    "butterworth",
    "check_smoothing",
    "fill_gaps",
    "gcv_spline",
    "hampel",
    "kernels_of",
    "median",
    "one_euro",
    "parse_method",
    "residual_analysis",
    "rts",
    "savitzky_golay",
    "short_gaps",
    "smooth",
]
