"""How the triangulation's data lie in memory: records with named fields, columns, and rows of blocks.

An observation is a set of numbers, one for each column below.  The observations of one point are the rows
of a matrix, ``observations[m, PIXEL_U]``.  Those of a block of `WIDTH` points in one camera are one flat
array in which each column is a row of `WIDTH` numbers, ``view[PIXEL_U_ROW + i]`` for point i: so loops over
i fill vector registers, and the compiler sees that rows do not overlap.  Symmetric matrices are stored as
their entries 00, 01, 02, 11, 12, 22.
"""

from typing import Any, NamedTuple

import numpy as np

WIDTH = 64  # points in a block

# columns of an observation
PIXEL_U, PIXEL_V = 0, 1
INFORMATION_UU, INFORMATION_UV, INFORMATION_VV = 2, 3, 4  # inverse covariance of the pixel, px^-2; 0: missing
RAY_X, RAY_Y = 5, 6  # the ray in normalised coordinates
RAY_INFORMATION_XX, RAY_INFORMATION_XY, RAY_INFORMATION_YY = 7, 8, 9  # the information in these coordinates
JACOBIAN_U0, JACOBIAN_U1, JACOBIAN_U2 = 10, 11, 12  # derivatives of the projected pixel by the point, px/m
JACOBIAN_V0, JACOBIAN_V1, JACOBIAN_V2 = 13, 14, 15
RESIDUAL_U, RESIDUAL_V = 16, 17  # observed minus projected pixel, px
RESIDUAL_SIZE = 18  # its length, px; NaN without an observation
REJECTED = 19  # 1 where there is an observation that takes no part in the point, else 0
FORM_00, FORM_01, FORM_02, FORM_11, FORM_12, FORM_22 = (
    20,
    21,
    22,
    23,
    24,
    25,
)  # chi square as a quadratic form:
FORM_0, FORM_1, FORM_2 = 26, 27, 28  # the linear term,
FORM_CONSTANT = 29  # and the constant
OUTLIER_PENALTY = 30  # what it costs to call it an outlier, in units of chi square
PRESENT = 31  # 1 where there is an observation, else 0
OUTLIER_RATIO = 32  # information of an outlier over that of an inlier
CAMERA = 33  # index of the camera
MEMBER = 34  # 1 where the observation is taken for an inlier, else 0
COLUMNS = 35

# rows of an observation in a block (columns up to REJECTED) and in a queue (up to OUTLIER_RATIO)
PIXEL_U_ROW, PIXEL_V_ROW = WIDTH * PIXEL_U, WIDTH * PIXEL_V
INFORMATION_UU_ROW = WIDTH * INFORMATION_UU
INFORMATION_UV_ROW = WIDTH * INFORMATION_UV
INFORMATION_VV_ROW = WIDTH * INFORMATION_VV
RAY_X_ROW, RAY_Y_ROW = WIDTH * RAY_X, WIDTH * RAY_Y
RAY_INFORMATION_XX_ROW = WIDTH * RAY_INFORMATION_XX
RAY_INFORMATION_XY_ROW = WIDTH * RAY_INFORMATION_XY
RAY_INFORMATION_YY_ROW = WIDTH * RAY_INFORMATION_YY
JACOBIAN_U0_ROW = WIDTH * JACOBIAN_U0
JACOBIAN_U1_ROW = WIDTH * JACOBIAN_U1
JACOBIAN_U2_ROW = WIDTH * JACOBIAN_U2
JACOBIAN_V0_ROW = WIDTH * JACOBIAN_V0
JACOBIAN_V1_ROW = WIDTH * JACOBIAN_V1
JACOBIAN_V2_ROW = WIDTH * JACOBIAN_V2
RESIDUAL_U_ROW, RESIDUAL_V_ROW = WIDTH * RESIDUAL_U, WIDTH * RESIDUAL_V
RESIDUAL_SIZE_ROW = WIDTH * RESIDUAL_SIZE
REJECTED_ROW = WIDTH * REJECTED
FORM_00_ROW, FORM_01_ROW, FORM_02_ROW = WIDTH * FORM_00, WIDTH * FORM_01, WIDTH * FORM_02
FORM_11_ROW, FORM_12_ROW, FORM_22_ROW = WIDTH * FORM_11, WIDTH * FORM_12, WIDTH * FORM_22
FORM_0_ROW, FORM_1_ROW, FORM_2_ROW = WIDTH * FORM_0, WIDTH * FORM_1, WIDTH * FORM_2
FORM_CONSTANT_ROW = WIDTH * FORM_CONSTANT
OUTLIER_PENALTY_ROW = WIDTH * OUTLIER_PENALTY
PRESENT_ROW = WIDTH * PRESENT
OUTLIER_RATIO_ROW = WIDTH * OUTLIER_RATIO
VIEW_SIZE = WIDTH * (REJECTED + 1)
QUEUED_VIEW_SIZE = WIDTH * (OUTLIER_RATIO + 1)

# rows of the points of a block
X_ROW, Y_ROW, Z_ROW = 0, WIDTH, 2 * WIDTH  # m, from the rig's origin
NORMAL_00_ROW, NORMAL_01_ROW, NORMAL_02_ROW = 3 * WIDTH, 4 * WIDTH, 5 * WIDTH  # normal equations: matrix,
NORMAL_11_ROW, NORMAL_12_ROW, NORMAL_22_ROW = 6 * WIDTH, 7 * WIDTH, 8 * WIDTH
NORMAL_0_ROW, NORMAL_1_ROW, NORMAL_2_ROW = 9 * WIDTH, 10 * WIDTH, 11 * WIDTH  # right side,
CHI_SQUARE_ROW = 12 * WIDTH  # and the chi square of the residuals
LEAST_DEPTH_ROW = 13 * WIDTH  # in front of the cameras that have an observation of the point, m
COVARIANCE_00_ROW, COVARIANCE_01_ROW, COVARIANCE_02_ROW = 14 * WIDTH, 15 * WIDTH, 16 * WIDTH  # m^2
COVARIANCE_11_ROW, COVARIANCE_12_ROW, COVARIANCE_22_ROW = 17 * WIDTH, 18 * WIDTH, 19 * WIDTH
SETTLED_ROW = 20 * WIDTH  # 1: converged, in front of all cameras, rays far from parallel; else 0
MIN_INFORMATION_DET_ROW = 21 * WIDTH  # the least determinant of the information of an observation
FIRST_X_ROW, FIRST_Y_ROW, FIRST_Z_ROW = 22 * WIDTH, 23 * WIDTH, 24 * WIDTH  # after one Gauss-Newton step
POINT_SIZE = 25 * WIDTH

# rows of a search for the best subset of views
START_X_ROW, START_Y_ROW, START_Z_ROW = 0, WIDTH, 2 * WIDTH  # where the point was before
BEST_X_ROW, BEST_Y_ROW, BEST_Z_ROW = 3 * WIDTH, 4 * WIDTH, 5 * WIDTH  # the best subset's point,
BEST_SUBSET_ROW = 6 * WIDTH  # its bits,
BEST_COST_ROW = 7 * WIDTH  # and its cost
SECOND_COST_ROW = 8 * WIDTH  # the cost of the second best
TRIAL_X_ROW, TRIAL_Y_ROW, TRIAL_Z_ROW = 9 * WIDTH, 10 * WIDTH, 11 * WIDTH  # the subset at hand: its point,
TRIAL_COST_ROW = 12 * WIDTH  # and its cost
ALL_PENALTIES_ROW = 13 * WIDTH  # the penalties of all observations
MOVED_SQUARED_ROW = 14 * WIDTH  # the squared length of the point's last move, m^2
SUBSET_00_ROW, SUBSET_01_ROW, SUBSET_02_ROW = 15 * WIDTH, 16 * WIDTH, 17 * WIDTH  # sums over a subset:
SUBSET_11_ROW, SUBSET_12_ROW, SUBSET_22_ROW = 18 * WIDTH, 19 * WIDTH, 20 * WIDTH  # its quadratic form,
SUBSET_0_ROW, SUBSET_1_ROW, SUBSET_2_ROW = 21 * WIDTH, 22 * WIDTH, 23 * WIDTH
SUBSET_CONSTANT_ROW = 24 * WIDTH
SUBSET_PENALTIES_ROW = 25 * WIDTH  # the penalties of its members,
SUBSET_COUNT_ROW = 26 * WIDTH  # and their number
SEARCH_SIZE = 27 * WIDTH

MAX_OUTLIER_SQUARE = 12.0  # the chi square of an outlier is not counted beyond this: some are anywhere at all
MAX_BLOCK_CAMERAS = 6  # with more there are so many subsets that most are better left out, point by point
SUM_COLUMNS = 12  # of a subset's row in `subset_sums`: ten of its form, penalties, number of members
MARGIN = 4.0  # subsets this much dearer than the best are not looked at a second time


class Rig(NamedTuple):
    """C cameras; the world's origin is amid them."""

    models: Any  # (C,) lens models of `mvtri.kernels.cameras.lenses`
    distortions: Any  # (C, 14)
    matrices: Any  # (C, 3, 3) px
    rotations: Any  # (C, 3, 3)
    translations: Any  # (C, 3) m
    typical_depths: Any  # (C,) of points in front of each camera, m
    inverses: Any  # (C, 16) from `approximate_inverse`
    focal_lengths: Any  # (C, 2) px
    origin: Any  # (3,) this world's origin in the caller's world, m
    lens_kinds: Any  # (C,) of `kind_of`; None where every lens is OpenCV's with five coefficients


class Settings(NamedTuple):
    """What the caller asks for, and what the noise and the outliers are like."""

    linear: bool  # the linear transform of all views instead of consensus
    min_inliers: int  # that a point needs
    min_score: float  # an observation counts above this
    min_sine: float  # of the angle between rays that meet
    enumerate_up_to: int  # with as many views or fewer every subset is tried
    miss_probability: float  # accepted chance that all pairs drawn had an outlier
    max_pairs: int  # never draw more
    max_steps: int  # of the refinement
    tolerance: float  # of the refinement, standard deviations
    keep_doubtful: bool  # give the best guess where views do not agree
    threshold: float  # standard deviations; 0 for the mixture's own
    inlier_odds: float  # twice the log of the odds of an inlier
    outlier_spread: float  # standard deviation of outliers, px
    student_t_freedom: float  # degrees of freedom of inliers under Student's t; 0 where they are normal
    student_t_core: float  # their variance by Huber's proposal over the squared scale of Student's t


class Chunk(NamedTuple):
    """The observations of some points."""

    points2d: Any  # float64 (n, C, 2) px
    scores: Any  # float64 (n, C), or (0, C) where there are none
    covariances: Any  # float64 (n, C, 2, 2) px^2, or (0, C, 2, 2) where there are none
    information: Any  # float64 (K, C) inverse variances, px^-2: row ``(first + i) // keypoint_stride % K``
    keypoint_stride: int
    first: int  # index of the chunk's first point among all


class Output(NamedTuple):
    """What is written for each point of a chunk; where only `statuses` is asked for the others are empty."""

    points: Any  # float64 (n, 3) m, in the caller's world
    covariances: Any  # float64 (n, 3, 3) m^2
    inliers: Any  # bool (n, C)
    residuals: Any  # float64 (n, C) px
    statuses: Any  # uint8 (n,)


class NoiseSample(NamedTuple):
    """What the residuals of a chunk say about the noise; arrays have length 0 where that is not asked for."""

    inlier_squares: Any  # float64 (n, C) chi square of inliers, two degrees of freedom; NaN elsewhere
    outlier_squares: Any  # float64 (n, C) squared residuals of rejected observations, px^2; NaN elsewhere
    pair_squares: Any  # float64 (n,) chi square of points of two views, one degree of freedom; NaN elsewhere
    leverages: Any  # float64 (C, 2) how much of itself each camera sees in the points: sum and number
    all_pair_squares: (
        Any  # float64 (n, C, C) chi square of each pair of views, one degree of freedom, else NaN
    )


class Queue(NamedTuple):
    """Points without agreement among all their views, until there is a block of them."""

    point: Any  # (POINT_SIZE,)
    views: Any  # (C, QUEUED_VIEW_SIZE)
    search: Any  # (SEARCH_SIZE,)
    indices: Any  # int64 (WIDTH,) in the chunk


class Workspace(NamedTuple):
    """Memory that the kernels of one thread write to."""

    point: Any  # (POINT_SIZE,)
    views: Any  # (C, VIEW_SIZE)
    weighted_point: Any  # the same under Student's t; else the same arrays
    weighted_views: Any
    observed_counts: Any  # int64 (WIDTH,) pixels of each point
    usable_counts: Any  # int64 (WIDTH,) those that count
    agrees: Any  # bool (WIDTH,) points of the block whose views all agree
    resolved: Any  # bool (WIDTH,) points of the queue that are found
    indices: Any  # int64 (WIDTH,) of a block's points in the chunk
    whitened: Any  # (C, 2 * WIDTH) squares and leverages of a block
    observations: Any  # (C + 1, COLUMNS) of one point
    subset_sums: Any  # (2^C, SUM_COLUMNS) of one point
    queue: Queue
    pair_order: Any  # int64 (C (C - 1) / 2,); None where pairs are never drawn
    hypotheses: Any  # a table like `subset_sums`; None where doubtful points are not asked for
    linear_weights: Any  # (C,); None where the linear transform is not asked for


def new_workspace(cameras: int, settings: Settings, complete: bool) -> Workspace:
    """Return memory for `solve_chunk`; where not `complete`, without what an ordinary call never needs."""
    point, views = np.zeros(POINT_SIZE), np.zeros((cameras, VIEW_SIZE))
    student_t = settings.student_t_freedom > 0.0 and not settings.linear
    use_blocks = use_blocks_for(cameras, settings)
    most = max(2, min(settings.enumerate_up_to, cameras))
    sums = np.zeros((1 << most, SUM_COLUMNS))
    return Workspace(
        point=point,
        views=views,
        weighted_point=point.copy() if student_t else point,
        weighted_views=views.copy() if student_t else views,
        observed_counts=np.zeros(WIDTH, np.int64),
        usable_counts=np.zeros(WIDTH, np.int64),
        agrees=np.zeros(WIDTH, np.bool_),
        resolved=np.zeros(WIDTH, np.bool_),
        indices=np.zeros(WIDTH, np.int64),
        whitened=np.zeros((cameras, 2 * WIDTH)),
        observations=np.zeros((cameras + 1, COLUMNS)),
        subset_sums=sums,
        queue=Queue(
            np.zeros(POINT_SIZE),
            np.zeros((cameras if use_blocks else 0, QUEUED_VIEW_SIZE)),
            np.zeros(SEARCH_SIZE),
            np.zeros(WIDTH, np.int64),
        ),
        pair_order=np.zeros(max(1, cameras * (cameras - 1) // 2), np.int64) if complete else None,
        hypotheses=sums if complete else None,
        linear_weights=np.ones(cameras) if complete else None,
    )


def use_blocks_for(cameras: int, settings: Settings) -> bool:
    """Return whether the subsets of views are searched a block of points at a time."""
    few = cameras <= min(settings.enumerate_up_to, MAX_BLOCK_CAMERAS)
    return few and not settings.student_t_freedom > 0.0 and not settings.linear
