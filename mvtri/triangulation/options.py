"""The fine control of the triangulation, and why each default is what it is."""

import dataclasses
import math

from mvtri.errors import InputError
from mvtri.kernels.triangulation.layout import Settings


@dataclasses.dataclass(frozen=True)
class TriangulationOptions:
    """What `mvtri.triangulate` does beyond its arguments.

    Parameters
    ----------
    min_score : float
        An observation counts only above this score.  0: a detector's score weighs the observation anyway,
        and the consensus, not a score, decides what is wrong.
    min_angle : float
        Degrees.  Rays that all meet at less are parallel: there is a direction, but no point.  0.1: three
        pixels at a focal length of 1,150 px are 0.15 degrees, so below it nothing but noise is left; above
        it the covariance says how long the point's error is.
    default_noise : float
        Standard deviation, px, where the data are too few to estimate one.  3: that of good detectors.
    min_samples : int
        As many observations with redundancy decide on a camera's noise (and a keypoint's); fewer are
        pooled.  200: their spread is then known to within 4 %.
    max_samples : int
        Points from which noise is estimated, drawn at random.  8,192: it is then known to 1 %.
    outlier_rate : float
        Share of outliers among observations, at least; the data may raise it.  0.05: a view then has to be
        4.4 standard deviations off, which costs 0.04 % of accuracy where there are no outliers at all.
    outlier_spread : float
        Prior standard deviation of outliers about the truth, px; the data correct it.  80: a wrong limb of
        a person who is some 400 px high.
    enumerate_up_to : int
        With as many views or fewer every subset is tried, else pairs are drawn.  6: 57 subsets take as long
        as twenty pairs.
    miss_probability : float
        Pairs are drawn until the chance that no pair had two inliers is below this.  1e-4: ten times less
        than the points that stay without an answer for any other reason.
    max_pairs : int
        Never draw more.  128: more than all pairs of 16 cameras.
    max_steps : int
        Of the refinement.  20: it ends after one or two, and after ten in the worst geometry.
    tolerance : float
        The refinement ends with a step below this many standard deviations of the point.  1e-4: its error
        is squared by each step.
    keep_doubtful : bool
        Give the best guess where views do not agree, too (the status says so), and where it is less likely
        than 0.4 that two of a point's inliers are inliers.  False: missing is missing.
    correct_rig : bool
        Triangulate with the cameras where the points show them to be (`Noise.rig_errors`), if that is not
        quite where the calibration says.  True: in simulations with cameras 0.2 degrees and 5 mm off and 1 px
        of noise, errors fall to a third; where points do not show it, nothing changes.  Where numbers are
        given as the noise, and by ``method="dlt"``, this is not looked for.
    chunk : int
        Points a thread takes at a time.  8,192: some hundred kilobytes a camera, so the memory in use does
        not depend on the size of the job.
    """

    min_score: float = 0.0
    min_angle: float = 0.1
    default_noise: float = 3.0
    min_samples: int = 200
    max_samples: int = 8192
    outlier_rate: float = 0.05
    outlier_spread: float = 80.0
    enumerate_up_to: int = 6
    miss_probability: float = 1e-4
    max_pairs: int = 128
    max_steps: int = 20
    tolerance: float = 1e-4
    keep_doubtful: bool = False
    correct_rig: bool = True
    chunk: int = 8192

    def __post_init__(self) -> None:
        limits = {
            "min_score": (0.0, 1.0),
            "min_angle": (0.0, 90.0),
            "default_noise": (1e-9, math.inf),
            "min_samples": (1, math.inf),
            "max_samples": (1, math.inf),
            "outlier_rate": (1e-9, 0.5),
            "outlier_spread": (1e-9, math.inf),
            "enumerate_up_to": (2, 12),
            "miss_probability": (0.0, 1.0),
            "max_pairs": (1, math.inf),
            "max_steps": (1, math.inf),
            "tolerance": (0.0, math.inf),
            "chunk": (1, math.inf),
        }
        wrong = [
            f"{name} is {getattr(self, name)!r}, expected {low:g} to {high:g}"
            for name, (low, high) in limits.items()
            if not low <= getattr(self, name) <= high
        ]
        if wrong:
            raise InputError("these triangulation options cannot be used: " + "; ".join(wrong))


def settings_for(
    options: TriangulationOptions,
    *,
    linear: bool = False,
    min_inliers: int,
    threshold: float | None,
    rate: float,
    spread: float,
    freedom: float = math.inf,
    core: float = 1.0,
    wider: float = 0.0,
) -> Settings:
    """Return what kernels take: options, and what the noise and the outliers are like.

    Parameters
    ----------
    linear : bool
        The linear transform of all views instead of consensus.
    min_inliers : int
        That a point needs.
    threshold : float or None
        Standard deviations.
    rate, spread : float
        Share and standard deviation (px) of outliers.
    freedom, core : float
        Degrees of freedom of inliers under Student's t, and what `core_of` returns of them.
    wider : float
        By how much the price of an outlier grows (`wider_penalty`).
    """
    return Settings(
        linear=bool(linear),
        min_inliers=int(min_inliers),
        min_score=float(options.min_score),
        min_sine=math.sin(math.radians(options.min_angle)),
        enumerate_up_to=int(options.enumerate_up_to),
        miss_probability=float(options.miss_probability),
        max_pairs=int(options.max_pairs),
        max_steps=int(options.max_steps),
        tolerance=float(options.tolerance),
        keep_doubtful=bool(options.keep_doubtful),
        threshold=0.0 if threshold is None else float(threshold),
        inlier_odds=2.0 * math.log((1.0 - rate) / rate) + wider,
        outlier_spread=float(spread),
        student_t_freedom=float(freedom) if math.isfinite(freedom) else 0.0,
        student_t_core=float(core),
    )
