"""How far an estimate is from the truth, on arrays with NaN for what is missing.

Positions are (..., K, D): K keypoints in D = 2 or 3 coordinates, any unit; errors come back in that unit.
Two rules hold for all of them:

* A joint is **expected** where the truth is finite and **scored** where the estimate is finite too.  Every
  score is a float that carries ``fraction``, the scored part of what was expected, so that nothing is
  dropped in silence.  Errors are means over the scored joints; in success rates (`pck`, `pck3d`, `auc`,
  `pcp`, `oks`, `oks_ap`) a joint without an estimate is a failure.
* With ``axis=None`` a score is one number, a `Score`; with an axis of the (..., K) array of joints it is an
  array of means along that axis, NaN where nothing was scored, and `coverage` with the same axis gives the
  fractions.
"""

from mvtri.metrics.bootstrap import bootstrap_interval
from mvtri.metrics.errors import (
    bone_length_error,
    ellipsoid_coverage,
    joint_errors,
    mpjae,
    mpjpe,
    mpjve,
    n_mpjpe,
    p_mpjpe,
    per_axis_error,
)
from mvtri.metrics.procrustes import procrustes_align
from mvtri.metrics.rates import auc, pck, pck3d, pcp
from mvtri.metrics.score import Score, coverage
from mvtri.metrics.similarity import oks, oks_ap
from mvtri.metrics.spine import spine_angle_error

__all__ = [
    "Score",
    "auc",
    "bone_length_error",
    "bootstrap_interval",
    "coverage",
    "ellipsoid_coverage",
    "joint_errors",
    "mpjae",
    "mpjpe",
    "mpjve",
    "n_mpjpe",
    "oks",
    "oks_ap",
    "p_mpjpe",
    "pck",
    "pck3d",
    "pcp",
    "per_axis_error",
    "procrustes_align",
    "spine_angle_error",
]
