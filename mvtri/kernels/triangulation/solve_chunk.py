"""Many points from their observations: what `mvtri.triangulate` runs in each thread.

All views together come first, a block of points at a time.  Where they agree no subset can be better, and
most points end there.  The others wait in a queue until it holds a block of them, and all their subsets of
views are tried together; what is not plain then, or has too many views for that, is solved point by point:
consensus, then refinement.
"""

from mvtri.kernels import status_codes as codes
from mvtri.kernels.jit import entry, jit_apart, jit_inline, jit_internal
from mvtri.kernels.triangulation import type_signatures as signatures
from mvtri.kernels.triangulation.block import (
    enqueue,
    find_agreement,
    first_step_of,
    refine_all_views,
    solve_queue,
    start_of,
)
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    MARGIN,
    MEMBER,
    REJECTED_ROW,
    SETTLED_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)
from mvtri.kernels.triangulation.load_observations import gather, load_block
from mvtri.kernels.triangulation.point.hypotheses import best_guess
from mvtri.kernels.triangulation.point.pairs import seed_of
from mvtri.kernels.triangulation.point.solve import solve_point
from mvtri.kernels.triangulation.residual_sample import clear_sample, sample_block, sample_point
from mvtri.kernels.triangulation.residuals import find_pair_squares
from mvtri.kernels.triangulation.student_t import reweigh, reweigh_block
from mvtri.kernels.triangulation.write_results import write_block, write_point, write_queued


@jit_apart
def solve_alone(views, i, k, x0, x1, x2, chunk, rig, settings, seed, workspace, output, sample):
    """Find and write point `k` of a chunk, which is point `i` of a block, from where all its views put it.

    Where views are too few its status stays as it is.
    """
    observations = workspace.observations
    n, status = gather(views, i, observations, settings), output.statuses[k]
    if n >= settings.min_inliers:
        state = seed_of(seed, chunk.first + k)
        x0, x1, x2, status = solve_point(
            observations, n, rig, settings, chunk.scores, workspace, state, k, x0, x1, x2
        )
    if settings.student_t_freedom > 0.0 and not settings.linear and status == codes.OK:
        x0, x1, x2, settled = reweigh(observations, n, rig, settings, x0, x1, x2)
        if not settled:
            status = codes.NOT_CONVERGED
    output.statuses[k] = status
    good = status == codes.OK or (settings.keep_doubtful and status == codes.NO_CONSENSUS)
    write_point(observations, n, k, good, x0, x1, x2, rig.origin, output)
    if sample.pair_squares.shape[0] and status == codes.OK:
        sample_point(observations, n, k, sample)


@jit_inline
def is_confident(queue, i, rig, settings, observations, table):
    """Return whether a resolved point of the queue is given even where best guesses are asked for."""
    if table is None:
        return True
    point, views = queue.point, queue.views
    n = gather(views, i, observations, settings)
    for m in range(n):
        camera = int(observations[m, CAMERA])
        observations[m, MEMBER] = 1.0 - views[camera, REJECTED_ROW + i]
    x0, x1, x2 = point[X_ROW + i], point[Y_ROW + i], point[Z_ROW + i]
    doubt, _, _, _ = best_guess(observations, n, rig, table, False, x0, x1, x2)
    return not doubt


@jit_internal
def solve_queued(count, chunk, rig, settings, seed, workspace, output, sample):
    """Find and write the first `count` points of the queue; those not resolved together one by one."""
    queue, resolved = workspace.queue, workspace.resolved
    solve_queue(queue, rig, settings, MARGIN, resolved)
    if sample.pair_squares.shape[0]:
        sample_block(queue.point, queue.views, count, queue.indices, resolved, workspace.whitened, sample)
    for i in range(count):
        k = queue.indices[i]
        if resolved[i] and settings.keep_doubtful:
            resolved[i] = is_confident(queue, i, rig, settings, workspace.observations, workspace.hypotheses)
        if resolved[i]:
            output.statuses[k] = codes.OK
            write_queued(queue.point, queue.views, i, k, rig.origin, output)
        else:
            x0, x1, x2 = start_of(queue.search, i)
            solve_alone(queue.views, i, k, x0, x1, x2, chunk, rig, settings, seed, workspace, output, sample)


@jit_inline
def solve_all_views(chunk, start, count, rig, settings, workspace, output):
    """Find and write a block of points from all their views, and say which of them agree."""
    point, views = workspace.point, workspace.views
    load_block(chunk, start, settings, views, workspace.observed_counts, workspace.usable_counts)
    refine_all_views(point, views, rig, settings.tolerance)
    solved, solved_views = point, views
    if settings.student_t_freedom > 0.0 and not settings.linear:
        solved, solved_views = workspace.weighted_point, workspace.weighted_views
        reweigh_block(point, views, rig, settings, solved, solved_views)
    write_block(solved, solved_views, start, count, rig.origin, output)
    find_agreement(point, views, count, workspace.usable_counts, settings, workspace.agrees)
    for i in range(count):
        agrees = workspace.agrees[i] and not settings.linear and solved[SETTLED_ROW + i] > 0.0
        workspace.agrees[i] = agrees
        workspace.indices[i] = start + i


@jit_internal
def solve_chunk(chunk, rig, settings, seed, use_blocks, workspace, output, sample):
    """Triangulate the points of a chunk.

    Parameters
    ----------
    chunk, rig, settings, workspace, output, sample
        Records of `layout`.
    seed : uint64
        Of the random numbers.
    use_blocks : bool
        Whether the subsets of views are searched a block of points at a time.

    Where ``sample.all_pair_squares`` is asked for, that alone is found.  One kernel does both, since most of
    it is the same and would be compiled twice.
    """
    if sample.all_pair_squares.shape[0]:
        find_pair_squares(chunk, rig, settings, workspace, sample.all_pair_squares)
        return
    point, views = workspace.point, workspace.views
    queued = 0
    sampling = sample.pair_squares.shape[0] > 0
    clear_sample(sample)
    for start in range(0, chunk.points2d.shape[0], WIDTH):
        count = min(WIDTH, chunk.points2d.shape[0] - start)
        solve_all_views(chunk, start, count, rig, settings, workspace, output)
        for i in range(count):
            k = start + i
            if workspace.agrees[i]:
                output.statuses[k] = codes.OK
                continue
            few = workspace.observed_counts[i] < settings.min_inliers or not chunk.scores.shape[0]
            output.statuses[k] = codes.TOO_FEW_VIEWS if few else codes.LOW_SCORE  # unless more is found
            if use_blocks and workspace.usable_counts[i] >= settings.min_inliers:
                enqueue(workspace.queue, queued, point, views, i, k, settings)
                queued += 1
                if queued == WIDTH:
                    solve_queued(queued, chunk, rig, settings, seed, workspace, output, sample)
                    queued = 0
            else:
                x0, x1, x2 = first_step_of(point, i)
                solve_alone(views, i, k, x0, x1, x2, chunk, rig, settings, seed, workspace, output, sample)
        if sampling:
            sample_block(point, views, count, workspace.indices, workspace.agrees, workspace.whitened, sample)
    if queued:
        solve_queued(queued, chunk, rig, settings, seed, workspace, output, sample)


@entry(signatures.SOLVE_ORDINARY)
def solve_ordinary_chunk(chunk, rig, settings, seed, use_blocks, workspace, output, sample):
    """Triangulate the points of a chunk, compiled for what ordinary calls need."""
    solve_chunk(chunk, rig, settings, seed, use_blocks, workspace, output, sample)


@entry(signatures.SOLVE_ANY)
def solve_any_chunk(chunk, rig, settings, seed, use_blocks, workspace, output, sample):
    """Triangulate the points of a chunk, compiled for all there is."""
    solve_chunk(chunk, rig, settings, seed, use_blocks, workspace, output, sample)
