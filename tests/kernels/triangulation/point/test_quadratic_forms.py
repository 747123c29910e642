"""The quadratic forms of views, against matrices."""

import columns_triangulation as columns
import naive_views as naive
import numpy as np
import pytest
from rigs_triangulation import ring

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation.block import undistort_block
from mvtri.kernels.triangulation.load_observations import gather, load_block
from mvtri.kernels.triangulation.outlier_model import outside_cost
from mvtri.kernels.triangulation.point import quadratic_forms as kernels
from mvtri.triangulation import TriangulationOptions
from mvtri.triangulation.options import settings_for

INFORMATION = np.array([[2.0, -0.4], [-0.4, 0.7]])


def gathered(cams, pixels, sigma=1.0):
    """Return the workspace of one point, the cameras as kernels take them, and their origin."""
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    count = len(cams)
    views, work = np.zeros((count, layout.VIEW_SIZE)), np.zeros((count, layout.COLUMNS))
    settings = settings_for(TriangulationOptions(), min_inliers=2, threshold=3.0, rate=0.05, spread=80.0)
    covariances = np.broadcast_to(np.linalg.inv(INFORMATION), (1, count, 2, 2)).copy()
    seen = np.zeros(layout.WIDTH, dtype=np.int64)
    none = np.empty((0, count))
    chunk = layout.Chunk(pixels[None], none, covariances, np.full((1, count), sigma**-2.0), 1, 0)
    load_block(chunk, 0, settings, views, seen, seen.copy())
    undistort_block(views, cameras)
    assert gather(views, 0, work, settings) == count
    return work, cameras, origin


@pytest.mark.parametrize("model", ["opencv", "fisheye", "human36m"])
def test_forms_are_those_of_the_rays(model):
    cams = ring(4, model=model)
    point = np.array([0.4, -0.3, 1.4])
    pixels = cams.project(point) + np.random.default_rng(0).normal(0, 2, (4, 2))
    work, cameras, origin = gathered(cams, pixels, sigma=2.0)
    kernels.set_depths(work, 4, cameras, *(point - origin))
    for c in range(4):
        depth = (cams.rotations[c] @ point + cams.translations[c])[2]
        assert kernels.depth_of(
            cameras.rotations[c], cameras.translations[c], *(point - origin)
        ) == pytest.approx(depth)
        form = naive.ray_form(cams, c, pixels[c], INFORMATION / 4.0, depth)
        for place in (point, point + [0.1, -0.2, 0.05]):
            found = kernels.chi_square(work[c], *(place - origin))
            assert found == pytest.approx(naive.value(form, place), rel=1e-6, abs=1e-9)
        residual = cams.project(point)[c] - pixels[c]
        assert kernels.chi_square(work[c], *(point - origin)) == pytest.approx(
            residual @ INFORMATION @ residual / 4.0, rel=0.02
        )


def test_near_a_camera_its_own_depth_counts():
    cams = ring(3)
    pixels = cams.project([0.1, 0.2, 1.0])
    work, cameras, origin = gathered(cams, pixels)
    near = cams.centers[0] + 0.3 * cams.rotations[0][2]
    kernels.set_depths(work, 3, cameras, *(near - origin))
    form = naive.ray_form(cams, 0, pixels[0], INFORMATION, 0.3)
    assert kernels.chi_square(work[0], *(near - origin)) == pytest.approx(naive.value(form, near), rel=1e-6)


@pytest.mark.parametrize("place", [np.nan, 30.0])
def test_behind_a_camera_and_without_a_point_the_typical_depth_counts(place):
    cams = ring(3)
    pixels = cams.project([0.1, 0.2, 1.0])
    work, cameras, origin = gathered(cams, pixels)
    kernels.set_depths(work, 3, cameras, place, 0.0, 0.0)
    behind = 0
    for c in range(3):
        depth = (cameras.rotations[c] @ [place, 0.0, 0.0] + cameras.translations[c])[2]
        if not depth > 0.0:
            behind += 1
            depth = cameras.typical_depths[c]
        form = naive.ray_form(cams, c, pixels[c], INFORMATION, depth)
        at = np.array([0.3, 0.1, 1.2])
        assert kernels.chi_square(work[c], *(at - origin)) == pytest.approx(naive.value(form, at), rel=1e-6)
    assert behind > 0


@pytest.mark.parametrize("seed", range(5))
def test_members_alone_decide_on_the_point(seed):
    rng = np.random.default_rng(seed)
    forms = naive.random_forms(6, rng, centre=rng.normal(size=3))
    inside = np.array([True, False, True, True, False, True])
    work = naive.workspace(forms, members=inside)
    work[1, columns.FORM] = np.nan  # behind a camera
    whole = forms[inside].sum(axis=0)
    *found, constant = kernels.total(work, 6)
    np.testing.assert_allclose(found, [*whole[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]], *-whole[:3, 3]])
    assert constant == pytest.approx(whole[3, 3])
    *point, cost = kernels.solve_members(work, 6)
    expected, least = naive.minimum(forms[inside])
    np.testing.assert_allclose(point, expected, rtol=1e-8)
    assert cost == pytest.approx(least, rel=1e-8)


def test_the_full_cost_counts_what_is_behind_as_far_off():
    rng = np.random.default_rng(3)
    forms = naive.random_forms(5, rng)
    inside = np.array([True, True, True, False, False])
    work = naive.workspace(forms, [4.0, 5.0, 6.0, 7.0, 8.0], 0.04, inside)
    work[4, layout.FORM_CONSTANT] = np.nan
    expected = forms[:3, 3, 3].sum() + 7.0 + 0.04 * forms[3, 3, 3] + 8.0 + layout.MAX_OUTLIER_SQUARE
    assert kernels.full_cost(work, 5) == pytest.approx(expected)


def test_an_outlier_costs_its_penalty_and_no_more_than_so_much_of_its_distance():
    work = naive.workspace(np.zeros((1, 4, 4)), 7.0, 0.1)
    assert outside_cost(work[0], 20.0) == pytest.approx(9.0)
    assert outside_cost(work[0], 1e9) == 7.0 + layout.MAX_OUTLIER_SQUARE
