"""Many points' subsets at once: against enumeration with NumPy, and against the way of single points."""

import importlib

import columns_triangulation as columns
import naive_views as naive
import numpy as np
import pytest
from columns_triangulation import row_of
from rigs_triangulation import rig, ring, scene, table

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels import status_codes as codes
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation.block import consensus as kernels
from mvtri.kernels.triangulation.block import linearise_block, refine_all_views, subsets
from mvtri.kernels.triangulation.layout import WIDTH, new_workspace
from mvtri.kernels.triangulation.load_observations import gather
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.kernels.triangulation.point.quadratic_forms import total
from mvtri.kernels.triangulation.point.solve import consensus
from mvtri.triangulation import TriangulationOptions, triangulate
from mvtri.triangulation.options import settings_for

# the module, which the function of the same name hides in its package
engine = importlib.import_module("mvtri.triangulation.triangulate")

MARGIN = 4.0


def settings(threshold=None, least=2, spread=80.0):
    options = TriangulationOptions()
    return settings_for(options, min_inliers=least, threshold=threshold, rate=0.05, spread=spread)


def observed(count, seed=0, missing=0.2, noise=3.0):
    """Return cameras, pixels (WIDTH, C, 2), their information (WIDTH, C, 2, 2), zero where there is none."""
    rng = np.random.default_rng(seed)
    cams, _, pixels, _ = scene(WIDTH, ring(count), noise=noise, hit=1.0, seed=seed)
    half = 0.3 * rng.normal(size=(WIDTH, count, 2, 2)) + np.eye(2)
    information = half @ half.swapaxes(-1, -2) / noise**2
    gone = rng.random((WIDTH, count)) < missing
    gone[:, :2] = False
    information[gone] = 0.0
    return cams, np.where(gone[..., None], 0.0, pixels), information


def batch_of(cams, pixels, information, given):
    """Return a full batch whose points stand where all their views put them, and its cameras."""
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    views = np.zeros((len(cams), row_of(layout.VIEW_SIZE), WIDTH))
    views[:, columns.PIXEL] = pixels.transpose(1, 2, 0)
    views[:, columns.INFORMATION] = information[..., [0, 0, 1], [0, 1, 1]].transpose(1, 2, 0)
    views, point = views.reshape(len(cams), -1), np.zeros(layout.POINT_SIZE)
    refine_all_views(point, views, cameras, 1e-4)
    batch = new_workspace(len(cams), given, complete=True).queue
    for i in range(WIDTH):
        kernels.enqueue(batch, i, point, views, i, 1000 + i, given)
    return batch, cameras, origin, views


def prices(information, given):
    """Return penalties and shares of what is there, zeros elsewhere."""
    found = [penalty_of(np.linalg.det(G), given) if G.any() else (0.0, 0.0) for G in information]
    return np.array(found).T


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_point_is_put_with_all_that_is_known_of_it(count):
    cams, pixels, information = observed(count)
    given = settings()
    (place, seen, lanes, which), _, _, views = batch_of(cams, pixels, information, given)
    np.testing.assert_array_equal(which, 1000 + np.arange(WIDTH))
    np.testing.assert_array_equal(table(lanes)[columns.START], table(place)[:3])
    np.testing.assert_array_equal(table(seen)[:, : layout.JACOBIAN_U0], table(views)[:, : layout.JACOBIAN_U0])
    for i in range(WIDTH):
        penalties, broads = prices(information[i], given)
        np.testing.assert_allclose(table(seen)[:, layout.OUTLIER_PENALTY, i], penalties)
        np.testing.assert_allclose(table(seen)[:, layout.OUTLIER_RATIO, i], broads)
        np.testing.assert_array_equal(table(seen)[:, layout.PRESENT, i] > 0, information[i].any(axis=(1, 2)))


@pytest.mark.parametrize("behind", [False, True])
def test_forms_are_those_of_rays_at_the_depth_of_the_point(behind):
    cams, pixels, information = observed(3, missing=0.0)
    (place, seen, _, _), cameras, origin, _ = batch_of(cams, pixels, information, settings())
    if behind:
        table(place)[:3] = (cams.centers[0] - 2.0 * cams.rotations[0][2] - origin)[:, None]
    subsets.form_views(
        place, seen[0], cameras.rotations[0], cameras.translations[0], cameras.typical_depths[0]
    )
    for i in range(0, WIDTH, 7):
        depth = cams.rotations[0][2] @ (table(place)[:3, i] + origin) + cams.translations[0][2]
        depth = cameras.typical_depths[0] if behind else depth
        form = naive.ray_form(cams, 0, pixels[i, 0], information[i, 0], depth)
        shift = np.eye(4)
        shift[:3, 3] = origin
        form = shift.T @ form @ shift
        found = table(seen)[0, columns.FORM, i]
        scale = np.abs(form).max()
        np.testing.assert_allclose(found[:6], form[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]], atol=1e-6 * scale)
        np.testing.assert_allclose(found[6:9], -form[:3, 3], atol=1e-6 * scale)
        assert found[9] == pytest.approx(form[3, 3], abs=1e-6 * scale)


def forms_of(seen, i):
    """Return the forms (C, 4, 4) in lane `i` of a batch's observations."""
    out = np.zeros((len(seen), 4, 4))
    for form, found in zip(out, table(seen)[:, columns.FORM, i]):
        form[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]] = found[:6]
        form[[1, 2, 2], [0, 0, 1]] = found[[1, 2, 4]]
        form[:3, 3] = form[3, :3] = -found[6:9]
        form[3, 3] = found[9]
    return out


@pytest.mark.parametrize(("count", "least"), [(2, 2), (3, 2), (4, 2), (4, 3), (6, 2)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_best_of_all_subsets(count, least, turned):
    cams, pixels, information = observed(count, seed=count)
    given = settings(spread=20.0)
    (place, seen, lanes, _), cameras, _, _ = batch_of(cams, pixels, information, given)
    rotations, translations = cameras.rotations.copy(), cameras.translations.copy()
    if turned:  # the first camera has all points behind it
        rotations[0], translations[0] = -rotations[0], -translations[0]
    cameras = cameras._replace(rotations=rotations, translations=translations)
    table(lanes)[row_of(layout.ALL_PENALTIES_ROW)] = table(seen)[:, layout.OUTLIER_PENALTY].sum(axis=0)
    start = table(place)[:3].copy()
    subsets.search_subsets(place, seen, lanes, cameras, least)
    lanes = table(lanes)
    answers = set()
    for i in range(WIDTH):
        here = np.flatnonzero(information[i].any(axis=(1, 2)))
        penalties, broads = prices(information[i][here], given)

        def before(inside, at, here=here):
            views = here[inside]
            return ((rotations[views] @ at + translations[views])[:, 2] > 0.0).all()

        ranked = naive.ranked_subsets(forms_of(seen, i)[here], penalties, broads, least, before)
        if not ranked or not np.isfinite(ranked[0][0]):
            assert np.isinf(lanes[row_of(layout.BEST_COST_ROW), i])
            assert np.isnan(table(place)[:3, i]).all()
            continue
        cost, inside, at = ranked[0]
        assert lanes[row_of(layout.BEST_COST_ROW), i] == pytest.approx(cost, rel=1e-6)
        assert int(lanes[row_of(layout.BEST_SUBSET_ROW), i]) == sum(1 << c for c in here[np.array(inside)])
        np.testing.assert_allclose(table(place)[:3, i], at, atol=1e-8)
        assert lanes[row_of(layout.MOVED_SQUARED_ROW), i] == pytest.approx(
            ((at - start[:, i]) ** 2).sum(), rel=1e-5, abs=1e-12
        )
        second = ranked[1][0] if len(ranked) > 1 else np.inf
        assert lanes[row_of(layout.SECOND_COST_ROW), i] == pytest.approx(second, rel=1e-6)
        answers.add(int(lanes[row_of(layout.BEST_SUBSET_ROW), i]))
    assert len(answers) > 1 or turned or count == 2


@pytest.mark.parametrize("threshold", [None, 4.0])
@pytest.mark.parametrize("spread", [15.0, 80.0])
def test_doubt_weighs_the_evidence_of_members_and_of_outliers_alone(spread, threshold):
    cams, pixels, information = observed(3, seed=8)
    given = settings(threshold, spread=spread)
    (place, seen, lanes, _), cameras, _, _ = batch_of(cams, pixels, information, given)
    rng = np.random.default_rng(0)
    rejected = (rng.random((3, WIDTH)) < 0.4) & (table(seen)[:, layout.PRESENT] > 0)
    table(seen)[:, layout.REJECTED] = rejected
    table(lanes)[row_of(layout.ALL_PENALTIES_ROW)] = table(seen)[:, layout.OUTLIER_PENALTY].sum(axis=0)
    linearise_block(place, seen, cameras)
    kernels.weigh_evidence(place, seen, lanes, given)
    found, answers, capped = table(lanes)[row_of(layout.TRIAL_COST_ROW)], set(), False
    for i in range(WIDTH):
        here = np.flatnonzero(information[i].any(axis=(1, 2)))
        inside = ~rejected[here, i]
        if inside.sum() < 2:
            continue
        penalties, broads = prices(information[i][here], given)
        J = table(seen)[here, columns.JACOBIAN, i].reshape(-1, 2, 3)
        residuals = table(seen)[here, columns.RESIDUAL, i]
        rays = np.concatenate([J, -residuals[..., None]], axis=-1)
        forms = rays.swapaxes(-1, -2) @ information[i][here] @ rays
        cost = naive.cost_at(forms, penalties, broads, inside, np.zeros(3))
        if threshold is None:
            doubtful, centre = naive.all_outliers_likelier(forms, penalties, broads, inside, cost)
            squares = [naive.value(form, centre) for form in forms]
            outliers = list(map(naive.outside, penalties, broads, squares))
            members = np.linalg.det(forms[inside].sum(axis=0)[:3, :3])
            everyone = np.linalg.det((broads[:, None, None] * forms).sum(axis=0)[:3, :3])
            capped |= max(np.array(outliers) - penalties) == 12.0
            assert found[i] == pytest.approx(cost - sum(outliers) + np.log(members / everyone), abs=1e-5)
        else:
            doubtful = not cost < penalties.sum() - penalties.max()
        assert (not found[i] < 0.0) == doubtful
        answers.add(doubtful)
    assert answers == {True, False}
    assert capped or threshold is not None or spread > 20.0


@pytest.mark.parametrize("threshold", [None, 3.5])
@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_what_is_resolved_is_what_single_points_find(count, threshold):
    cams, pixels, information = observed(count, seed=20 + count)
    given = settings(threshold)
    batch, cameras, _, views = batch_of(cams, pixels, information, given)
    resolved, workspace = np.zeros(WIDTH, dtype=bool), new_workspace(count, given, complete=True)
    kernels.solve_queue(batch, cameras, given, MARGIN, resolved)
    place, seen, lanes = (table(array) for array in batch[:3])
    assert resolved.mean() > (0.7 if count > 2 else 0.05)
    for i in np.flatnonzero(resolved):
        work = np.zeros((count + 1, layout.COLUMNS))
        n = gather(views, i, work, given)
        start = lanes[columns.START, i]
        *point, status = consensus(work, n, cameras, given, workspace, np.uint64(1), *start)
        assert status == codes.OK
        entries = np.array(total(work, n)[:6])[[[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        spread = place[columns.COVARIANCE, i][[[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        np.testing.assert_allclose(spread @ entries, np.eye(3), atol=1e-4)
        off = np.linalg.cholesky(entries).T @ (place[:3, i] - point)
        assert np.linalg.norm(off) < 2e-4  # both end within a ten-thousandth of a standard deviation
        here = information[i].any(axis=(1, 2))
        members = (seen[here, layout.REJECTED, i] == 0.0) & (seen[here, layout.INFORMATION_UU, i] > 0.0)
        np.testing.assert_array_equal(members, work[:n, layout.MEMBER] > 0.5)


def test_two_subsets_of_about_the_same_cost_are_not_resolved():
    cams, _, pixels, _ = scene(WIDTH, ring(3), noise=1.0, hit=0.0)
    pixels[:, 0] += [40.0, 0.0]  # who of the three is wrong is hard to say for two of them
    information = np.broadcast_to(np.eye(2), (WIDTH, 3, 2, 2))
    batch, cameras, _, _ = batch_of(cams, pixels, information, settings())
    resolved = np.zeros(WIDTH, dtype=bool)
    kernels.solve_queue(batch, cameras, settings(), np.inf, resolved)
    assert not resolved.any()
    batch, cameras, _, _ = batch_of(cams, pixels, information, settings())
    kernels.solve_queue(batch, cameras, settings(), MARGIN, resolved)
    lanes = table(batch[2])
    assert resolved.any()
    assert not (
        resolved & (lanes[row_of(layout.SECOND_COST_ROW)] <= lanes[row_of(layout.BEST_COST_ROW)] - MARGIN)
    ).any()


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_a_point_does_not_depend_on_its_company(count, missing):
    cams, _, pixels, _ = scene(400, ring(count), noise=5.0, hit=0.6, seed=count)
    pixels[np.random.default_rng(count).random(400) < missing] = np.nan  # whole points: their lanes hold NaN
    together = triangulate(pixels, cams, noise=3.0)
    for i in range(0, 400, 7):
        alone = triangulate(pixels[i], cams, noise=3.0)
        for name in ("points", "covariances", "inliers", "residuals", "status"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[i])


@pytest.mark.parametrize("scores", [None, np.ones((100, 3))])
def test_pixels_that_no_ray_gives_are_no_views(scores, monkeypatch):
    cams = rig([(5, 0, 1.5), (0, 5, 1.5), (-5, 0, 1.5)], lens=[-0.35, 0.0, 0.0, 0.0, 0.0])
    pixels = cams.project(np.random.default_rng(0).normal([0, 0, 1], 0.3, (100, 3)))
    pixels[:, 0] = [6000.0, 505.0]  # beyond what the lens folds onto
    assert np.isnan(cams.undistort(pixels)[:, 0]).all()
    pixels[:50, 2] = np.nan
    empty = engine._empty

    def dirty(*args):
        result = empty(*args)
        result.status.fill(0)  # memory that nobody has written may hold anything
        return result

    monkeypatch.setattr(engine, "_empty", dirty)
    result = triangulate(pixels, cams, scores, noise=3.0)
    assert set(result.status[:50].tolist()) == {codes.TOO_FEW_VIEWS if scores is None else codes.LOW_SCORE}
    assert np.isnan(result.points[:50]).all()
    assert not result.inliers[:50].any()
    assert (result.status[50:] == codes.OK).all()


@pytest.mark.parametrize("count", [2, 4])
def test_the_least_angle_holds_whether_views_agree_or_not(count):
    cams = rig([(5, 0, 1.5), (5, 0.4, 1.5), (5, -0.4, 1.5), (5, 0.2, 1.8)][:count])
    _, _, pixels, _ = scene(500, cams, noise=2.0, hit=0.0)
    if count > 2:
        pixels[:250, 0] += [150.0, 90.0]
    wide = TriangulationOptions(min_angle=20.0)
    assert (triangulate(pixels, cams, noise=2.0, options=wide).status == codes.AT_INFINITY).all()
    usual = TriangulationOptions(min_angle=2.0)
    assert (triangulate(pixels, cams, noise=2.0, options=usual).status == codes.OK).mean() > 0.99


def test_two_views_agree_where_there_is_evidence_that_they_do():
    cams = rig([(5, 0, 1.5), (0, 5, 1.5)])
    pixels = np.repeat(cams.project([[0.1, 0.2, 1.1]]), 4000, axis=0)
    pixels[:, 0, 1] += np.linspace(0.0, 40.0, 4000)  # across the epipolar lines
    given, cameras = settings(), pack_cameras(cams, True)
    result = triangulate(pixels, cams, noise=3.0, options=TriangulationOptions(outlier_rate=0.05))
    agrees = result.status == codes.OK
    assert 0.2 < agrees.mean() < 0.8
    information = np.broadcast_to(np.eye(2) / 9.0, (WIDTH, 2, 2, 2))
    edge = int(np.argmin(agrees)) - WIDTH // 2
    batch, _, _, views = batch_of(cams, pixels[edge : edge + WIDTH], information, given)
    lanes, alone, workspace = table(batch[2]), [], new_workspace(2, given, complete=True)
    for i in range(WIDTH):
        work = np.zeros((3, layout.COLUMNS))
        n = gather(views, i, work, given)
        start = lanes[columns.START, i]
        found = consensus(work, n, cameras, given, workspace, np.uint64(1), *start)
        alone.append(found[3] == codes.OK)
    np.testing.assert_array_equal(alone, agrees[edge : edge + WIDTH])
    assert 0 < sum(alone) < WIDTH
