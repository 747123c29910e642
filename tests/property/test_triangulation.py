"""What must hold for any scene."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs_triangulation import ring, scene

from mvtri.cameras import CameraGroup
from mvtri.tracks import Status
from mvtri.triangulation import triangulate

FEW = settings(max_examples=20)
SEEDS = st.integers(0, 2**32 - 1)


@FEW
@given(SEEDS, st.integers(2, 9), st.sampled_from(["opencv", "fisheye", "human36m"]))
def test_perfect_pixels_give_perfect_points(seed, count, model):
    cams = ring(count, model=model)
    if count == 2:
        cams = cams.subset(cams.names[:2])
    _, points, pixels, _ = scene(20, cams=cams, noise=0.0, hit=0.0, seed=seed)
    result = triangulate(pixels, cams)
    good = result.status == Status.OK
    assert good.mean() > (0.5 if count == 2 else 0.99)  # two cameras of a ring face each other
    assert np.abs(result.points - points)[good].max(initial=0.0) < (1e-6 if count == 2 else 1e-9)


@FEW
@given(SEEDS, st.permutations(range(5)))
def test_the_order_of_cameras_does_not_matter(seed, order):
    cams, _, pixels, _ = scene(50, cams=ring(5), hit=0.5, seed=seed)
    one = triangulate(pixels, cams, noise=3.0)
    turned = cams.subset([cams.names[i] for i in order])
    other = triangulate(pixels[:, order], turned, noise=3.0)
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(one.inliers[:, order], other.inliers)
    np.testing.assert_allclose(one.points, other.points, atol=1e-5)


@FEW
@given(SEEDS, st.floats(-3, 3), st.floats(-1e4, 1e4))
def test_the_choice_of_the_world_does_not_matter(seed, angle, far):
    cams, _, pixels, _ = scene(50, hit=0.5, seed=seed)
    c, s = np.cos(angle), np.sin(angle)
    turn, move = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]), np.array([far, -far, 2.0])
    rotations = cams.rotations @ turn.T
    moved = CameraGroup(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=cams.matrices,
        distortions=cams.distortions,
        rotations=rotations,
        translations=cams.translations - np.einsum("cij,j->ci", rotations, move),
    )
    one, other = triangulate(pixels, cams, noise=3.0), triangulate(pixels, moved, noise=3.0)
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_allclose(one.points @ turn.T + move, other.points, atol=1e-5)
    np.testing.assert_allclose(turn @ one.covariances @ turn.T, other.covariances, rtol=1e-3, atol=1e-10)


@FEW
@given(SEEDS)
def test_a_rejected_view_might_as_well_be_missing(seed):
    cams, _, pixels, _ = scene(50, cams=ring(5), hit=1.0, seed=seed)
    one = triangulate(pixels, cams, noise=3.0)
    without = np.where(one.inliers[..., None], pixels, np.nan)
    other = triangulate(without, cams, noise=3.0)
    both = (one.status == Status.OK) & (other.status == Status.OK)
    assert both.mean() > 0.9
    same = (one.inliers == other.inliers).all(axis=1) & both
    assert same.mean() > 0.9
    np.testing.assert_allclose(one.points[same], other.points[same], atol=1e-5)
    np.testing.assert_allclose(one.covariances[same], other.covariances[same], rtol=1e-3, atol=1e-8)


@FEW
@given(SEEDS, st.floats(0.1, 10.0))
def test_the_noise_scales_the_covariance(seed, factor):
    cams, _, pixels, _ = scene(30, noise=0.01, hit=0.0, seed=seed)
    one, other = triangulate(pixels, cams, noise=1.0), triangulate(pixels, cams, noise=factor)
    np.testing.assert_allclose(other.covariances, one.covariances * factor**2, rtol=1e-6)
    np.testing.assert_allclose(other.points, one.points, atol=1e-7)
