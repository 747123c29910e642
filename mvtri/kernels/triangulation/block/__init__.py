"""The block path: `WIDTH` points at a time, in loops without branches that fill vector registers.

Most points end here.  The views of all points of a block are refined together; where they agree
(`find_agreement`) the points are found.  The others wait in a queue (`enqueue`) until it holds a block, and
all their subsets of views are searched together (`solve_queue`).  What is then not plain leaves the path and
is solved by itself (`mvtri.kernels.triangulation.point`).  Nothing outside this folder needs another name
than those below; `docs/architecture.md` says what the path is worth.
"""

from mvtri.kernels.triangulation.block.agreement import find_agreement
from mvtri.kernels.triangulation.block.consensus import enqueue, solve_queue, start_of
from mvtri.kernels.triangulation.block.normal_equations import (
    covariance_of,
    finish_points,
    finish_views,
    first_step_of,
    solve_block,
)
from mvtri.kernels.triangulation.block.rays import undistort_block
from mvtri.kernels.triangulation.block.refine import linearise_block, refine_all_views

__all__ = [
    "covariance_of",
    "enqueue",
    "find_agreement",
    "finish_points",
    "finish_views",
    "first_step_of",
    "linearise_block",
    "refine_all_views",
    "solve_block",
    "solve_queue",
    "start_of",
    "undistort_block",
]
