"""Points from views, one and many at a time, against SciPy's least squares and differences."""

import columns_triangulation as columns
import naive_cameras
import naive_triangulation as naive
import numpy as np
import pytest
from columns_triangulation import row_of
from rigs_cameras import LENSES
from rigs_triangulation import rig, ring, scene

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import pack_cameras
from mvtri.kernels import status_codes as codes
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation.block import refine_all_views
from mvtri.kernels.triangulation.degeneracy import in_front, parallel
from mvtri.kernels.triangulation.point.dlt import homogeneous
from mvtri.kernels.triangulation.point.refine import linearise, refine

RIGS = {name: ring(3, model=name) for name in ("opencv", "fisheye", "human36m")}


def mixed():
    """Return cameras with all kinds of lenses and a skew."""
    plain = ring(len(LENSES))
    return CameraGroup(
        names=list(LENSES),
        image_sizes=plain.image_sizes,
        matrices=plain.matrices + np.array([[0.0, 3.0, 0.0], [0.0, 40.0, 0.0], [0.0, 0.0, 0.0]]),
        distortions=[lens for _, lens in LENSES.values()],
        rotations=plain.rotations,
        translations=plain.translations,
        models=[model for model, _ in LENSES.values()],
    )


def observed(cams, seed=0, count=20, noise=3.0):
    """Return points (n, 3), pixels (n, C, 2), information (n, C, 2, 2), and which are to be there (n, C)."""
    rng = np.random.default_rng(seed)
    _, points, pixels, _ = scene(count, cams, noise=noise, hit=0.0, seed=seed)
    half = rng.normal(size=(count, len(cams), 2, 2)) + 2.0 * np.eye(2)
    information = half @ half.swapaxes(-1, -2) / noise**2
    missing = rng.random((count, len(cams))) < 0.2
    missing[:, :2] = False
    return points, pixels, information, ~missing


def block_of(cams, pixels, information, there):
    """Return the arrays that `refine_all_views` takes, filled with some points, and the cameras."""
    information = information * there[..., None, None]
    pixels = pixels * there[..., None]
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    views = np.zeros((len(cams), row_of(layout.VIEW_SIZE), layout.WIDTH))
    n = len(pixels)
    views[:, columns.PIXEL, :n] = pixels.transpose(1, 2, 0)
    views[:, columns.INFORMATION, :n] = information[..., [0, 0, 1], [0, 1, 1]].transpose(1, 2, 0)
    return np.zeros(layout.POINT_SIZE), views.reshape(len(cams), -1), cameras, origin


def work_of(pixels, information, members):
    work = np.zeros((len(pixels), layout.COLUMNS))
    work[:, layout.CAMERA], work[:, layout.MEMBER] = np.arange(len(pixels)), members
    work[:, columns.PIXEL] = pixels
    work[:, columns.INFORMATION] = information[..., [0, 0, 1], [0, 1, 1]]
    return work


def jacobians(cams, point):
    return naive_cameras.differences(lambda at: cams.project(at), point, 1e-4)


def covariance_of(cams, point, information, members):
    J = jacobians(cams, point)[members]
    return np.linalg.inv(np.einsum("cij,cik,ckl->jl", J, information[members], J))


def symmetric(entries):
    return np.array(entries)[[[0, 1, 2], [1, 3, 4], [2, 4, 5]]]


@pytest.mark.parametrize("cams", [*RIGS.values(), mixed()], ids=[*RIGS, "mixed"])
def test_a_block_holds_the_most_likely_points_and_their_covariances(cams):
    _, pixels, information, there = observed(cams, noise=2.0)
    point, views, cameras, origin = block_of(cams, pixels, information, there)
    refine_all_views(point, views, cameras, 1e-4)
    point, views = point.reshape(-1, layout.WIDTH), views.reshape(len(cams), -1, layout.WIDTH)
    for i in range(len(pixels)):
        place = point[:3, i] + origin
        best = naive.maximum_likelihood(pixels[i], cams, place, information[i], there[i])
        spread = covariance_of(cams, best, information[i], there[i])
        off = np.linalg.solve(np.linalg.cholesky(spread), place - best)
        assert np.linalg.norm(off) < 2e-3  # one Gauss-Newton step: thousandths of a standard deviation
        np.testing.assert_allclose(
            symmetric(point[columns.COVARIANCE, i]),
            spread,
            rtol=5e-3,
        )
        residuals = pixels[i] - cams.project(place)
        np.testing.assert_allclose(views[there[i], columns.RESIDUAL, i], residuals[there[i]], atol=1e-8)
        sizes = np.where(there[i], np.linalg.norm(residuals, axis=1), np.nan)
        np.testing.assert_allclose(views[:, layout.RESIDUAL_SIZE, i], sizes, atol=1e-8)
        J = jacobians(cams, place)[there[i]].reshape(-1, 6)
        np.testing.assert_allclose(views[there[i], columns.JACOBIAN, i], J, rtol=1e-5, atol=1e-5)
        square = np.einsum("ci,cij,cj", residuals[there[i]], information[i][there[i]], residuals[there[i]])
        assert point[row_of(layout.CHI_SQUARE_ROW), i] == pytest.approx(square, rel=1e-8)
        assert point[row_of(layout.LEAST_DEPTH_ROW), i] > 0.0
        vague = np.linalg.det(information[i][there[i]]).min()
        assert point[row_of(layout.MIN_INFORMATION_DET_ROW), i] == pytest.approx(vague)
        assert point[row_of(layout.SETTLED_ROW), i] == 1.0 or np.linalg.norm(off) > 9e-5


def test_points_that_are_not_settled_say_so():
    cams = RIGS["opencv"]
    point = np.array([[0.1, 0.2, 1.0], [0.1, 0.2, 1.0], [-0.3, 0.1, 1.2], [0.0, 0.0, 1.0]])
    pixels = cams.project(point)
    pixels[1, 0] += 400.0  # the linear point is far from the best one
    pixels[3] = 1e4  # no rays
    there = np.ones((4, 3), dtype=bool)
    there[2, 1:] = False  # one view
    information = np.broadcast_to(np.eye(2), (4, 3, 2, 2))
    array, views, cameras, _ = block_of(cams, pixels, information, there)
    refine_all_views(array, views, cameras, 1e-4)
    np.testing.assert_array_equal(
        array.reshape(-1, layout.WIDTH)[row_of(layout.SETTLED_ROW), :4], [1.0, 0.0, 0.0, 0.0]
    )


@pytest.mark.parametrize("start", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("cams", [*RIGS.values(), mixed()], ids=[*RIGS, "mixed"])
def test_refinement_finds_what_scipy_finds(cams, start):
    points, pixels, information, there = observed(cams, seed=3, count=8)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    rng = np.random.default_rng(1)
    for i in range(8):
        members = there[i].copy()
        members[rng.integers(2, len(cams))] = False
        work = work_of(pixels[i], information[i], members)
        begin = points[i] + start * rng.normal(size=3)
        *found, cost, converged = refine(work, len(cams), cameras, *(begin - origin), 30, 1e-6)
        assert converged
        best = naive.maximum_likelihood(pixels[i], cams, points[i], information[i], members)
        np.testing.assert_allclose(found + origin, best, atol=2e-8)
        residuals = pixels[i] - cams.project(best)
        square = np.einsum("ci,cij,cj->c", residuals, information[i], residuals)
        assert cost == pytest.approx(square[members].sum(), rel=1e-6)
        np.testing.assert_allclose(work[:, layout.FORM_CONSTANT], square, rtol=1e-4, atol=1e-9)


def test_refinement_that_starts_far_beyond_halves_its_steps():
    cams = rig([(5.0, 0.0, 1.0), (5.0, 1.0, 1.0), (5.0, 2.0, 1.2)], target=(0.0, 1.0, 1.0))
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    rng = np.random.default_rng(0)
    for _ in range(20):
        near = [5.0 - rng.uniform(2.3, 3.0), 1.0 + rng.normal(0.0, 0.1), 1.0]
        pixels = cams.project(near) + rng.normal(size=(3, 2))
        far = [5.0 - rng.uniform(20.0, 60.0), rng.normal(0.0, 3.0), rng.normal(0.0, 3.0)]
        work = work_of(pixels, np.broadcast_to(np.eye(2), (3, 2, 2)), True)
        *found, _, converged = refine(work, 3, cameras, *(far - origin), 60, 1e-6)
        assert converged
        np.testing.assert_allclose(
            found + origin, naive.maximum_likelihood(pixels, cams, np.array(near)), atol=1e-7
        )


def test_refinement_that_may_not_take_enough_steps_says_so():
    cams = RIGS["opencv"]
    points, pixels, information, there = observed(cams, count=1)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    work = work_of(pixels[0], information[0], there[0])
    begin = points[0] + [0.2, -0.2, 0.1] - origin
    assert not refine(work, 3, cameras, *begin, 1, 1e-4)[4]
    assert not refine(work, 3, cameras, *begin, 2, 1e-9)[4]
    assert refine(work, 3, cameras, *begin, 20, 1e-4)[4]


def test_refinement_cannot_start_behind_a_camera():
    cams = RIGS["opencv"]
    _, pixels, information, there = observed(cams, count=1)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    work = work_of(pixels[0], information[0], there[0])
    behind = cams.centers[0] - 2.0 * cams.rotations[0][2] - origin
    *_, cost, converged = refine(work, 3, cameras, *behind, 20, 1e-4)
    assert np.isnan(cost)
    assert not converged
    assert np.isnan(refine(work, 3, cameras, np.nan, 0.0, 0.0, 20, 1e-4)[3])


@pytest.mark.parametrize("cams", [*RIGS.values(), mixed()], ids=[*RIGS, "mixed"])
def test_linearised_views_are_those_of_differences(cams):
    points, pixels, information, there = observed(cams, seed=2, count=1)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    work = work_of(pixels[0], information[0], there[0])
    linearise(work, len(cams), cameras, *(points[0] - origin))
    J, residuals = jacobians(cams, points[0]), pixels[0] - cams.project(points[0])
    np.testing.assert_allclose(work[:, columns.RESIDUAL], residuals, atol=1e-8)
    np.testing.assert_allclose(work[:, columns.JACOBIAN], J.reshape(-1, 6), rtol=1e-6, atol=1e-5)
    for c, (A, r, G) in enumerate(zip(J, residuals, information[0])):
        form = A.T @ G @ A
        np.testing.assert_allclose(symmetric(work[c, columns.FORM_MATRIX]), form, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(work[c, columns.FORM_VECTOR], A.T @ G @ r, rtol=1e-5, atol=1e-3)
        assert work[c, layout.FORM_CONSTANT] == pytest.approx(r @ G @ r, rel=1e-7)


@pytest.mark.parametrize("noise", [0.0, 3.0, 40.0])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_linear_transform_is_that_of_the_textbook(count, noise):
    cams = naive_cameras.rig(
        [[-0.1, 0.05, 1e-3, -1e-3]] * count, "opencv", seed=count
    )  # unlike focal lengths
    rng = np.random.default_rng(count)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    for _ in range(10):
        point = rng.uniform([-1, -1, 0], [1, 1, 2])
        pixels = cams.project(point) + noise * rng.normal(size=(count, 2))
        weights = rng.uniform(0.2, 1.0, count)
        work = work_of(pixels, np.ones((count, 2, 2)), True)
        work[:, columns.RAY] = rays = cams.undistort(pixels)
        found = homogeneous(work, count, weights, cameras)
        straight = np.einsum("cij,cj->ci", cams.matrices, np.c_[rays, np.ones(count)])[:, :2]
        expected = naive.pixel_dlt(straight, naive.pinhole(cams), weights)
        np.testing.assert_allclose(found + origin, expected, atol=1e-9 if noise < 10 else 1e-7)


def angles_of(cams, members, point, pixels):
    """Return the sines of the first member's ray with each other one's, as seen and at the point."""
    first = members[0]
    rays = np.einsum("cji,cj->ci", cams.rotations, np.c_[cams.undistort(pixels), np.ones(len(cams))])
    ways = point - cams.centers

    def sine(vectors, other):
        a, b = (vectors[k] / np.linalg.norm(vectors[k]) for k in (first, other))
        return np.linalg.norm(np.cross(a, b))

    return [(sine(rays, c), sine(ways, c)) for c in members[1:]]


@pytest.mark.parametrize("seed", range(10))
def test_rays_meet_where_both_angles_are_wide_enough(seed):
    rng = np.random.default_rng(seed)
    cams = ring(4)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    point = rng.uniform([-1, -1, 0], [1, 1, 2])
    pixels = cams.project(point) + 20.0 * rng.normal(size=(4, 2))
    members = np.sort(rng.permutation(4)[: rng.integers(2, 5)])
    work = work_of(pixels, np.ones((4, 2, 2)), np.isin(np.arange(4), members))
    work[:, columns.RAY] = cams.undistort(pixels)
    widest = max(min(pair) for pair in angles_of(cams, list(members), point, pixels))
    for factor, meets in ((0.999, True), (1.001, False)):
        found = parallel(work, 4, cameras, widest * factor, *(point - origin))
        assert (found == codes.OK) == meets
        assert found in (codes.OK, codes.AT_INFINITY, codes.DEGENERATE)


def test_before_the_cameras_of_members_alone():
    cams = ring(3)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    behind = cams.centers[0] - 2.0 * cams.rotations[0][2]
    work = work_of(np.zeros((3, 2)), np.ones((3, 2, 2)), [False, True, True])
    assert in_front(work, 3, cameras, *(behind - origin))
    work[0, layout.MEMBER] = 1.0
    assert not in_front(work, 3, cameras, *(behind - origin))
    assert not in_front(work, 3, cameras, np.nan, 0.0, 0.0)
