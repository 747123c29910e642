"""What each argument and option of the triangulation changes, and what it must not change."""

import naive_cameras
import naive_triangulation as naive
import numpy as np
import pytest
from rigs_triangulation import rig, ring, scene

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.tracks import Status
from mvtri.triangulation import TriangulationOptions, triangulate

NAMES = ("points", "covariances", "inliers", "residuals", "status")


def same(one, other):
    return all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=n != "inliers") for n in NAMES)


def hard(count=60, cameras=12, share=0.4, seed=0):
    """Return cameras, points and pixels, of which a share are outliers."""
    cams, points, pixels, _ = scene(count, ring(cameras), noise=1.0, hit=0.0, seed=seed)
    rng = np.random.default_rng(seed + 1)
    wrong = rng.random(pixels.shape[:2]) < share
    pixels[wrong] += rng.normal(0.0, 150.0, (wrong.sum(), 2))
    return cams, points, pixels


def found(result, points):
    return (np.linalg.norm(result.points - points, axis=1) < 0.01).mean()


def test_residuals_and_covariances_are_those_of_the_point():
    cams, _, pixels, _ = scene(25, noise=2.0, hit=0.7)
    pixels[::5, 1] = np.nan
    sigma = np.array([1.5, 2.0, 2.5, 3.0])
    result = triangulate(pixels, cams, noise=sigma)
    assert (result.inliers.sum(axis=1) < 4).sum() > 10
    for k in np.flatnonzero(result.status == Status.OK):
        there = np.isfinite(pixels[k]).all(axis=1)
        residuals = np.linalg.norm(cams.project(result.points[k]) - pixels[k], axis=1)
        np.testing.assert_allclose(result.residuals[k], np.where(there, residuals, np.nan), atol=1e-5)
        J = naive_cameras.differences(lambda at: cams.project(at), result.points[k], 1e-4)
        J = (J / sigma[:, None, None])[result.inliers[k]].reshape(-1, 3)
        np.testing.assert_allclose(result.covariances[k], np.linalg.inv(J.T @ J), rtol=1e-3)


def test_the_linear_method_weighs_rows_by_scores():
    cams, _, pixels, _ = scene(10, noise=5.0, hit=0.0)
    scores = np.random.default_rng(0).uniform(0.1, 1.0, (10, 4))
    scores[3, 2] = 0.0
    found = triangulate(pixels, cams, scores, method="dlt", noise=5.0)
    rays = cams.undistort(pixels)
    straight = rays * cams.matrices[:, (0, 1), (0, 1)] + cams.matrices[:, :2, 2]
    for k in range(10):
        expected = naive.pixel_dlt(straight[k], naive.pinhole(cams), scores[k])
        np.testing.assert_allclose(found.points[k], expected, atol=1e-9)
    alone = triangulate(pixels, cams, method="dlt", noise=5.0)
    for k in range(10):
        expected = naive.pixel_dlt(straight[k], naive.pinhole(cams), np.ones(4))
        np.testing.assert_allclose(alone.points[k], expected, atol=1e-9)
    assert found.inliers[3].tolist() == [True, True, False, True]


@pytest.mark.parametrize("cameras", [2, 4, 9])
def test_doubtful_points_are_given_where_asked_for(cameras):
    rng = np.random.default_rng(3)
    cams = ring(9).subset([f"cam{i}" for i in range(cameras)])
    pixels = rng.uniform(300.0, 700.0, (30, cameras, 2))
    keep = TriangulationOptions(keep_doubtful=True)
    plain, kept = triangulate(pixels, cams, noise=1.0), triangulate(pixels, cams, noise=1.0, options=keep)
    doubtful = kept.status == Status.NO_CONSENSUS
    given = np.isfinite(kept.points).all(axis=1)
    assert np.isnan(plain.points[plain.status == Status.NO_CONSENSUS]).all()
    assert doubtful[plain.status == Status.NO_CONSENSUS].all()
    np.testing.assert_array_equal(plain.status[~doubtful], kept.status[~doubtful])
    assert (doubtful & given).sum() > 3
    assert not (given & ~doubtful & (plain.status != Status.OK)).any()
    assert not kept.inliers[doubtful].any()
    assert np.isnan(kept.covariances[doubtful]).all()
    for k in np.flatnonzero(doubtful & given):
        expected = np.linalg.norm(cams.project(kept.points[k]) - pixels[k], axis=1)
        np.testing.assert_allclose(kept.residuals[k], expected, atol=1e-6)


def some_hit(cameras=3, count=3000, share=0.3):
    """Return cameras, points and pixels, each of which is an outlier with a probability `share`."""
    cams, points, pixels, _ = scene(count, ring(cameras), noise=3.0, hit=0.0, seed=4)
    rng = np.random.default_rng(5)
    wrong = rng.random(pixels.shape[:2]) < share
    pixels[wrong] += rng.normal(0.0, 80.0, (wrong.sum(), 2))
    return cams, points, pixels


def test_points_that_are_not_in_doubt_and_the_noise_do_not_depend_on_that():
    cams, points, pixels = some_hit()
    keep = TriangulationOptions(keep_doubtful=True)
    plain, kept = triangulate(pixels, cams), triangulate(pixels, cams, options=keep)
    np.testing.assert_array_equal(plain.noise.sigma, kept.noise.sigma)
    assert plain.noise.outlier_rate == kept.noise.outlier_rate
    sure = kept.status == Status.OK
    more = (plain.status == Status.OK) & ~sure  # given by default, but more likely than not wrong
    assert 10 < more.sum() < 0.1 * len(points)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(plain, name)[sure], getattr(kept, name)[sure])
    off = np.linalg.norm(np.stack([plain.points, kept.points]) - points, axis=2)
    assert off[1, more].mean() < 0.9 * off[0, more].mean()
    assert np.isfinite(kept.points).all()


def test_a_best_guess_is_better_than_taking_all_views_alike():
    cams, points, pixels = some_hit()
    kept = triangulate(pixels, cams, options=TriangulationOptions(keep_doubtful=True))
    doubtful = kept.status == Status.NO_CONSENSUS
    everything = triangulate(pixels[doubtful], cams, noise=3.0, threshold=1e6)
    off = np.linalg.norm(kept.points[doubtful] - points[doubtful], axis=1)
    assert doubtful.sum() > 300
    other = np.linalg.norm(everything.points - points[doubtful], axis=1)
    assert off.mean() < 0.96 * other.mean()
    assert (off < 0.1).mean() > 1.5 * (other < 0.1).mean()


def test_a_refinement_that_does_not_end_leaves_a_guess():
    cams, points, pixels, _ = scene(60, noise=15.0, hit=1.0, outlier=300.0)
    few = {"max_steps": 1, "tolerance": 1e-9}
    plain = triangulate(pixels, cams, noise=15.0, options=TriangulationOptions(**few))
    kept = triangulate(pixels, cams, noise=15.0, options=TriangulationOptions(keep_doubtful=True, **few))
    lost = plain.status == Status.NOT_CONVERGED
    assert lost.sum() > 5
    assert (kept.status[lost] == Status.NO_CONSENSUS).all()
    assert np.median(np.linalg.norm(kept.points[lost] - points[lost], axis=1)) < 0.3


@pytest.mark.parametrize("method", ["ransac", "dlt"])
def test_rays_that_meet_at_less_than_the_least_angle(method):
    cams = rig([(5.0, 0.0, 1.0), (5.0, 0.1, 1.0)], target=(0.0, 0.05, 1.0))
    pixels = cams.project([0.0, 0.05, 1.0])
    angle = np.degrees(2.0 * np.arctan(0.05 / 5.0))
    for least, status in ((0.1, Status.OK), (0.999 * angle, Status.OK), (1.001 * angle, Status.AT_INFINITY)):
        options = TriangulationOptions(min_angle=least)
        assert triangulate(pixels, cams, method=method, noise=1.0, options=options).status == status
    assert triangulate(pixels, cams, method=method, noise=1.0).status == Status.OK


def test_a_threshold_counts_standard_deviations():
    cams, _, pixels, _ = scene(1, ring(8), noise=0.0, hit=0.0)
    moved = pixels.copy()
    moved[0, 0] += [40.0, 0.0]
    share = triangulate(moved, cams, noise=1.0, threshold=100.0).residuals[0, 0]
    for sigma, inside in ((12.0, True), (8.0, False)):
        result = triangulate(moved, cams, noise=sigma, threshold=4.0)
        assert result.inliers[0].tolist() == [inside] + [True] * 7
        assert share < 40.0


@pytest.mark.parametrize("method", ["ransac", "dlt"])
def test_lenses_may_be_ignored(method):
    cams, points, pixels, _ = scene(30, noise=0.0, hit=0.0)
    without = CameraGroup(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=cams.matrices,
        distortions=[[0.0] * 5] * 4,
        rotations=cams.rotations,
        translations=cams.translations,
    )
    ignored = triangulate(pixels, cams, method=method, noise=3.0, undistort=False)
    assert same(ignored, triangulate(pixels, without, method=method, noise=3.0))
    assert np.nanmax(np.linalg.norm(ignored.points - points, axis=1)) > 1e-3


def test_a_score_makes_an_observation_vaguer():
    cams, _, pixels, _ = scene(10, noise=2.0, hit=0.0)
    scores = np.full((10, 4), 0.25)
    weak, full = triangulate(pixels, cams, scores, noise=2.0), triangulate(pixels, cams, noise=2.0)
    np.testing.assert_allclose(weak.covariances, 4.0 * full.covariances, rtol=1e-4)
    np.testing.assert_allclose(weak.points, full.points, atol=1e-6)
    np.testing.assert_allclose(weak.points, triangulate(pixels, cams, noise=4.0).points, atol=1e-6)


def test_few_views_are_enumerated_and_many_are_not():
    one = TriangulationOptions(max_pairs=1)
    for cameras, enumerated in ((2, True), (6, True), (7, False)):
        cams, _, pixels = hard(30, cameras)
        assert same(
            triangulate(pixels, cams, noise=1.0), triangulate(pixels, cams, noise=1.0, options=one)
        ) == (enumerated)
    cams, _, pixels = hard(30, 7)
    all_subsets = TriangulationOptions(max_pairs=1, enumerate_up_to=7)
    more = TriangulationOptions(enumerate_up_to=7)
    assert same(*(triangulate(pixels, cams, noise=1.0, options=option) for option in (all_subsets, more)))
    few = TriangulationOptions(enumerate_up_to=2, max_pairs=1)
    cams, _, pixels = hard(30, 6)
    assert not same(triangulate(pixels, cams, noise=1.0), triangulate(pixels, cams, noise=1.0, options=few))


def test_more_pairs_find_more():
    cams, points, pixels = hard(100, 16, 0.6)
    shares = [
        found(triangulate(pixels, cams, noise=1.0, options=TriangulationOptions(max_pairs=most)), points)
        for most in (1, 8, 128)
    ]
    assert shares[0] + 0.2 < shares[1] < shares[2] - 0.05


def test_the_search_goes_on_until_a_miss_is_unlikely():
    cams = ring(12)
    pixels = np.random.default_rng(0).uniform(200.0, 800.0, (100, 12, 2))
    pixels[:, 3:8] = cams.project([0.1, 0.2, 1.0])[3:8]
    pixels[:, :3] = cams.project([-0.4, 0.0, 1.3])[:3]  # three views agree on something else
    shares = []
    for chance in (1.0, 1e-4):
        result = triangulate(pixels, cams, noise=1.0, options=TriangulationOptions(miss_probability=chance))
        shares.append(found(result, np.array([0.1, 0.2, 1.0])))
    assert shares[0] < 0.9
    assert shares[1] == 1.0


def test_what_is_drawn_depends_on_the_seed_and_the_point_alone():
    cams, _, pixels = hard(50)
    option = {"max_pairs": 2}
    one = triangulate(pixels, cams, noise=1.0, workers=1, options=TriangulationOptions(**option))
    for chunk, workers in ((1, 2), (7, 3), (64, 1), (1000, None)):
        options = TriangulationOptions(chunk=chunk, **option)
        assert same(one, triangulate(pixels, cams, noise=1.0, workers=workers, options=options))
    assert not same(one, triangulate(pixels, cams, noise=1.0, rng=1, options=TriangulationOptions(**option)))
    large = triangulate(pixels, cams, noise=1.0, rng=2**40, options=TriangulationOptions(**option))
    assert not same(one, large)
    drawn = [
        triangulate(
            pixels, cams, noise=1.0, rng=np.random.default_rng(5), options=TriangulationOptions(**option)
        )
        for _ in range(2)
    ]
    assert same(*drawn)
    assert not same(one, drawn[0])
    repeated = triangulate(
        np.repeat(pixels[:1], 50, axis=0), cams, noise=1.0, options=TriangulationOptions(**option)
    )
    assert len(np.unique(repeated.points.round(6), axis=0)) > 1  # each point draws its own pairs


def test_steps_and_tolerance_of_the_refinement():
    cams, _, pixels, _ = scene(20, noise=15.0, hit=1.0, outlier=300.0)
    assert (
        Status.NOT_CONVERGED
        in triangulate(
            pixels, cams, noise=15.0, options=TriangulationOptions(max_steps=1, tolerance=1e-9)
        ).status
    )
    rough = triangulate(pixels, cams, noise=15.0, options=TriangulationOptions(tolerance=0.5))
    fine = triangulate(pixels, cams, noise=15.0, options=TriangulationOptions(tolerance=1e-6))
    both = (
        (rough.status == Status.OK) & (fine.status == Status.OK) & (rough.inliers == fine.inliers).all(axis=1)
    )
    apart = np.linalg.norm(rough.points - fine.points, axis=1)[both]
    assert 1e-6 < apart.max() < 0.05
    for k in np.flatnonzero(both):
        best = naive.maximum_likelihood(pixels[k], cams, fine.points[k], views=fine.inliers[k])
        assert np.linalg.norm(fine.points[k] - best) < 1e-6


def test_low_scores_and_missing_views_are_told_apart():
    cams = ring(4)
    pixels = np.broadcast_to(cams.project([0.0, 0.0, 1.0]), (5, 4, 2)).copy()
    scores = np.ones((5, 4))
    scores[1] = [0.3, 0.3, 0.3, 0.9]
    scores[2] = [0.3, 0.3, 0.9, 0.9]
    pixels[3, 1:] = np.nan
    scores[4] = np.nan
    result = triangulate(pixels, cams, scores, noise=1.0, options=TriangulationOptions(min_score=0.3))
    expected = [Status.OK, Status.LOW_SCORE, Status.OK, Status.TOO_FEW_VIEWS, Status.LOW_SCORE]
    assert result.status.tolist() == expected
    assert result.inliers[2].tolist() == [False, False, True, True]


@pytest.mark.parametrize("noise", [2.0, [1.0, 2.0, 3.0, 4.0], [[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]]])
@pytest.mark.parametrize("axis", [1, -1])
def test_noise_is_that_of_the_camera_and_the_keypoint(noise, axis):
    cams, _, pixels, _ = scene(24, noise=1.0, hit=0.0)
    pixels = pixels.reshape(3, 4, 2, 4, 2) if axis == -1 else pixels.reshape(3, 2, 4, 4, 2)
    result = triangulate(pixels, cams, noise=noise, keypoint_axis=axis, options=TriangulationOptions(chunk=5))
    sigma = np.broadcast_to(noise, (2, 4))
    for keypoint in range(2):
        part = np.take(pixels, keypoint, axis=2 if axis == -1 else 1)
        alone = triangulate(part, cams, noise=sigma[keypoint])
        at = np.take(result.points, keypoint, axis=2 if axis == -1 else 1)
        np.testing.assert_allclose(at, alone.points, atol=1e-12)
        spread = np.take(result.covariances, keypoint, axis=2 if axis == -1 else 1)
        np.testing.assert_allclose(spread, alone.covariances, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"workers": 1.5}, "whole number"),
        ({"rng": -1}, "whole number, 0 or more"),
        ({"rng": "seed"}, "numpy.random.Generator"),
        ({"min_cameras": 2.5}, "whole number"),
        ({"threshold": np.inf}, "positive number"),
        ({"noise": np.nan}, "positive standard deviations"),
        ({"noise": np.ones((2, 4))}, "noise has the shape"),
        ({"keypoint_axis": -2}, "leading axes"),
    ],
)
def test_other_bad_arguments(change, says):
    arguments = {"points2d": np.full((5, 4, 2), 500.0), "cams": ring(4)} | change
    with pytest.raises(InputError, match=says):
        triangulate(**arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"min_score": -0.1}, {"min_score": 1.1}, {"min_angle": 91.0}, {"default_noise": 0.0},
        {"min_samples": 0}, {"max_samples": 0}, {"outlier_rate": 0.0}, {"outlier_rate": 0.6},
        {"outlier_spread": 0.0}, {"enumerate_up_to": 1}, {"enumerate_up_to": 13},
        {"miss_probability": 1.5}, {"max_pairs": 0},
        {"tolerance": -1.0}, {"chunk": 0},
    ],
)  # fmt: skip
def test_options_out_of_range(change):
    with pytest.raises(InputError, match=f"{next(iter(change))} is .*expected"):
        TriangulationOptions(**change)


def test_the_defaults_are_those_that_the_documentation_gives_reasons_for():
    assert TriangulationOptions() == TriangulationOptions(
        min_score=0.0, min_angle=0.1, default_noise=3.0, min_samples=200, max_samples=8192, outlier_rate=0.05,
        outlier_spread=80.0, enumerate_up_to=6, miss_probability=1e-4, max_pairs=128, max_steps=20,
        tolerance=1e-4, keep_doubtful=False, chunk=8192,
    )  # fmt: skip
    text = TriangulationOptions.__doc__
    for name in TriangulationOptions.__dataclass_fields__:
        assert f"    {name} : " in text


def test_what_is_masked_is_missing():
    cams, _, pixels, _ = scene(20, hit=0.0)
    mask = np.zeros(pixels.shape, dtype=bool)
    mask[5:, 1] = True
    missing = np.where(mask, np.nan, pixels)
    plain = triangulate(missing, cams, noise=3.0)
    masked = triangulate(np.ma.masked_array(pixels, mask), cams, noise=3.0)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(masked, name), getattr(plain, name))
    whole = np.ma.masked_array(pixels.astype(int), True)
    assert (triangulate(whole, cams, noise=3.0).status == Status.TOO_FEW_VIEWS).all()


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        ([[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]], {}, "no array of one shape"),
        (np.zeros((2, 4, 2)), {"options": {"keep_doubtful": True}}, "options is a dict, expected mvtri.Tri"),
        (np.zeros((2, 4, 2)), {"min_cameras": 5}, "min_cameras is 5, and there are 4 cameras"),
    ],
)
def test_mistakes_are_sentences(given, more, said):
    with pytest.raises(InputError, match=said):
        triangulate(given, ring(4), **more)


def test_a_result_says_in_a_line_what_it_is():
    cams, _, pixels, _ = scene(20, hit=0.0)
    pixels[3] = np.nan
    text = repr(triangulate(pixels, cams, noise=3.0))
    assert text == "<TriangulationResult (20,): 19 OK, 1 TOO_FEW_VIEWS; noise 3>"
    assert "no points" in repr(triangulate(pixels[:0], cams, noise=3.0))
