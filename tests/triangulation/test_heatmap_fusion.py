"""Points refined on heatmaps: against the truth, a closed form, SciPy's minimiser and decoded peaks."""

import naive_fusion as naive
import naive_triangulation
import numpy as np
import pytest
from blobs_fusion import SHAPE, crops, draw, ellipses, shifted
from rigs_triangulation import ring, scene

import mvtri
from mvtri.errors import InputError
from mvtri.triangulation import heatmap_fusion as fusion
from mvtri.triangulation import refine_on_heatmaps, triangulate

CAMS = ring(4)


def blobs(count, cams=CAMS, seed=0, **more):
    """Return points, starts 30 to 50 mm off, maps, origins and scales."""
    rng = np.random.default_rng(seed)
    _, points, _, _ = scene(count, cams, hit=0.0, seed=seed)
    pixels = cams.project(points)
    origins, scales = crops(pixels, rng)
    return points, shifted(points, rng), draw(pixels, origins, scales, **more), origins, scales


def distances(found, truth):
    return np.linalg.norm(found - truth, axis=-1) * 1e3  # mm


@pytest.mark.parametrize("model", ["opencv", "fisheye", "human36m"])
@pytest.mark.parametrize("variance", [1.5**2, 2.0**2])
def test_blobs_give_the_truth_back_through_every_lens(model, variance):
    cams = ring(4, model=model)
    points, start, maps, origins, scales = blobs(200, cams, covariances=variance)
    found = refine_on_heatmaps(start, maps, cams, origins, scales)
    assert (found.status == mvtri.Status.OK).all()
    assert found.views.all()
    assert distances(found.points, points).max() < 0.005  # mm; a cell is some 25 mm; most are 1e-4 mm off
    assert (found.gains > 0).all()


def test_gaussians_give_the_most_likely_point_of_their_centres_and_covariances():
    rng = np.random.default_rng(4)
    _, points, _, _ = scene(10, CAMS, hit=0.0)
    seen = CAMS.project(points)
    origins, scales = crops(seen, rng)
    covariances = ellipses(seen.shape[:2], rng)
    pixels = seen + 5.0 * rng.normal(size=seen.shape)  # about one cell
    maps = draw(pixels, origins, scales, covariances)
    found = refine_on_heatmaps(shifted(points, rng), maps, CAMS, origins, scales, floor=1e-12)
    information = np.linalg.inv(covariances) / scales[..., None, None] ** 2  # px^-2
    for i in range(10):
        due = naive_triangulation.maximum_likelihood(pixels[i], CAMS, points[i], information[i])
        assert distances(found.points[i], due) < 0.02
    told = triangulate(pixels, CAMS, covariances=np.linalg.inv(information), noise=1.0, threshold=1e3)
    np.testing.assert_allclose(found.covariances, told.covariances, rtol=0.01, atol=1e-9)


@pytest.mark.parametrize("floor", [1e-3, 0.05])
def test_the_top_is_the_one_that_scipy_finds(floor):
    rng = np.random.default_rng(5)
    _, points, _, _ = scene(6, CAMS, hit=0.0)
    seen = CAMS.project(points)
    origins, scales = crops(seen, rng)
    pixels = seen + 6.0 * rng.normal(size=seen.shape)
    maps = draw(pixels, origins, scales, ellipses(seen.shape[:2], rng), height=rng.uniform(0.2, 3.0, (6, 4)))
    maps += 0.01 * maps.max(axis=(-1, -2), keepdims=True) * rng.random(maps.shape)
    weights = rng.uniform(0.3, 1.0, (6, 4))
    start = shifted(points, rng)
    pairs = np.stack([scales, 1.1 * scales], axis=-1)
    found = refine_on_heatmaps(start, maps, CAMS, origins, pairs, scores=weights, floor=floor)
    assert (found.status == mvtri.Status.OK).all()
    for i in range(6):
        given = (maps[i], CAMS, origins[i], pairs[i], floor, weights[i])
        assert found.before[i] == pytest.approx(naive.objective(start[i], *given), abs=1e-9)
        assert found.after[i] == pytest.approx(naive.objective(found.points[i], *given), abs=1e-9)
        due = naive.maximum(found.points[i], *given)
        assert distances(found.points[i], due) < 0.002
        assert distances(found.points[i], start[i]) > 5.0


def test_a_higher_wrong_peak_in_one_view_does_not_win():
    points, start, maps, origins, scales = blobs(100, seed=6)
    rng = np.random.default_rng(7)
    away = rng.normal(size=(100, 2))
    away *= 10.0 / np.linalg.norm(away, axis=1, keepdims=True)  # cells
    wrong = CAMS.project(points)[:, 2] + away * scales[:, 2, None]
    maps[:, 2] = 0.6 * maps[:, 2] + draw(wrong, origins[:, 2], scales[:, 2])
    fooled = maps.reshape(100, 4, -1).argmax(axis=-1)[:, 2]
    peaks = np.stack([fooled % SHAPE[1], fooled // SHAPE[1]], axis=-1) * scales[:, 2, None] + origins[:, 2]
    assert (np.linalg.norm(peaks - wrong, axis=-1) < scales[:, 2]).all()
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    good = found.status == mvtri.Status.OK
    assert good.mean() > 0.97
    assert distances(found.points, points)[good].max() < 0.1
    consensus = CAMS.project(points)
    consensus[:, 2] = peaks
    begun = triangulate(consensus, CAMS, noise=3.0).points
    again = refine_on_heatmaps(begun, maps, CAMS, origins, scales)
    assert (again.status == mvtri.Status.OK).all()
    assert distances(again.points, points).max() < 0.1


def test_noise_never_makes_the_objective_fall_and_what_got_no_better_stays():
    rng = np.random.default_rng(8)
    points, start, maps, origins, scales = blobs(300, seed=8)
    maps = np.maximum(maps + 0.05 * rng.normal(size=maps.shape), 0.0)
    start = shifted(points, rng, 0.0, 0.3)
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    good = found.status == mvtri.Status.OK
    assert good.any()
    assert not good.all()
    assert (found.gains[good] >= 0.0).all()
    assert (found.gains[~good & (found.status != mvtri.Status.TOO_FEW_VIEWS)] == 0.0).all()
    np.testing.assert_array_equal(found.points[~good], start[~good])
    assert np.isnan(found.covariances[~good]).all()
    assert (np.linalg.eigvalsh(found.covariances[good]) > 0.0).all()
    given = (maps, CAMS, origins, scales)
    for i in range(0, 300, 10):
        before, after = (
            naive.objective(point[i], *(part[i] if part is not CAMS else CAMS for part in given))
            for point in (start, found.points)
        )
        assert after >= before
    twice = refine_on_heatmaps(found.points, *given)
    assert distances(twice.points, found.points)[good].max() < 0.01


def test_workers_chunks_axes_and_precision_change_nothing(monkeypatch):
    _, start, maps, origins, scales = blobs(120, seed=9)
    one = refine_on_heatmaps(start, maps, CAMS, origins, scales, workers=1)
    monkeypatch.setattr(fusion, "_CELLS", 7 * maps[0].size)
    lead = (4, 30)
    other = refine_on_heatmaps(
        start.reshape(*lead, 3),
        np.swapaxes(maps.reshape(*lead, *maps.shape[1:]).copy().swapaxes(0, 1), 0, 1),
        CAMS,
        origins.reshape(*lead, 4, 2),
        scales.reshape(*lead, 4),
        workers=3,
    )
    for name in ("points", "covariances", "before", "after", "views", "status"):
        due = getattr(one, name)
        np.testing.assert_array_equal(getattr(other, name), due.reshape(lead + due.shape[1:]))
    small = refine_on_heatmaps(start.astype(np.float32), maps.astype(np.float32), CAMS, origins, scales)
    assert small.points.dtype == np.float32
    assert distances(small.points, one.points).max() < 0.01


def test_one_point_alone_and_none_at_all():
    _, start, maps, origins, scales = blobs(3, seed=17)
    many = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    one = refine_on_heatmaps(start[1], maps[1], CAMS, origins[1], scales[1])
    assert one.points.shape == (3,)
    assert one.status.shape == one.gains.shape == ()
    np.testing.assert_array_equal(one.points, many.points[1])
    none = refine_on_heatmaps(start[:0], maps[:0], CAMS, origins[:0], scales[:0])
    assert none.points.shape == (0, 3)
    assert none.views.shape == (0, 4)


def test_leading_axes_of_origins_and_scales_are_broadcast():
    points, start, _, _, _ = blobs(5, seed=10)
    pixels = CAMS.project(points)
    origins = pixels.mean(axis=0) - 20.0 * np.array([24, 32])
    scales = np.full(4, 20.0)
    maps = draw(pixels, np.broadcast_to(origins, pixels.shape), np.broadcast_to(scales, (5, 4)))
    many = refine_on_heatmaps(start, maps, CAMS, np.broadcast_to(origins, (5, 4, 2)), np.full((5, 4), 20.0))
    for other in (scales, np.full((4, 2), 20.0), 20.0):
        found = refine_on_heatmaps(start, maps, CAMS, origins, other)
        np.testing.assert_array_equal(found.points, many.points)


def test_cameras_that_say_nothing_take_no_part():
    points, start, maps, origins, scales = blobs(8, seed=11)
    scores, inliers = np.ones((8, 4)), np.ones((8, 4), bool)
    wrong = draw(CAMS.project(points)[:, 0] + 30.0, origins[:, 0], scales[:, 0])
    maps[:7, 0] = wrong[:7]
    maps[0, 0] = np.nan
    maps[1, 0, 5, 5] = np.nan
    maps[2, 0] = 0.0
    scores[3, 0], scores[4, 0] = 0.0, np.nan
    inliers[5, 0] = False
    origins[6, 0], scales[6, 0] = np.nan, np.nan
    start[7] = np.nan
    kept = start.copy()
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales, inliers, scores)
    assert (found.status[:7] == mvtri.Status.OK).all()
    assert distances(found.points, points)[:7].max() < 0.005
    np.testing.assert_array_equal(found.views[:7], [[False, True, True, True]] * 7)
    assert found.status[7] == mvtri.Status.TOO_FEW_VIEWS
    assert np.isnan(found.points[7]).all()
    np.testing.assert_array_equal(start, kept)


def test_fewer_than_two_views_leave_a_point_as_it_was():
    points, start, maps, origins, scales = blobs(3, seed=12)
    maps[0, 1:] = np.nan
    origins[1, 1:] += 1e4  # the point lies beyond the other three frames
    behind = CAMS.centers[0] + 3.0 * (CAMS.centers[0] - points[2])
    start[2] = behind  # behind camera 0, beyond the frames of the others
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    assert (found.status == mvtri.Status.TOO_FEW_VIEWS).all()
    np.testing.assert_array_equal(found.points, start)
    assert np.isnan(found.after).all()
    assert np.isnan(found.covariances).all()
    assert not found.views.any()


def test_flat_maps_and_a_single_ray_are_no_top():
    _, start, maps, origins, scales = blobs(2, seed=13)
    maps[0] = 1.0
    maps[1, 1:] = 1.0
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    assert found.status[0] != mvtri.Status.OK
    assert found.status[1] == mvtri.Status.DEGENERATE
    np.testing.assert_array_equal(found.points, start)
    np.testing.assert_array_equal(found.gains, 0.0)


def test_beyond_a_frame_stands_the_floor():
    points, start, maps, origins, scales = blobs(20, seed=14)
    origins[:, 3] += 400.0
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales)
    assert not found.views[:, 3].any()
    assert distances(found.points, points).max() < 0.005
    three = np.broadcast_to([True, True, True, False], (20, 4))
    without = refine_on_heatmaps(start, maps, CAMS, origins, scales, inliers=three)
    np.testing.assert_array_equal(found.points, without.points)
    np.testing.assert_allclose(found.after, without.after + np.log(1e-3))


def test_a_blur_is_that_of_the_maps():
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(15)
    _, start, maps, origins, scales = blobs(40, seed=15)
    maps = maps + 0.1 * rng.normal(size=maps.shape)
    blurred = np.array([[gaussian_filter(one, 1.5, mode="mirror") for one in row] for row in maps])
    found = refine_on_heatmaps(start, maps, CAMS, origins, scales, blur=1.5)
    due = refine_on_heatmaps(start, blurred, CAMS, origins, scales)
    np.testing.assert_allclose(found.points, due.points, atol=1e-9)


@pytest.mark.parametrize(("grain", "blur", "worse"), [(0.0, 0.0, 1.05), (0.02, 1.0, 1.07)])
def test_widths_that_tell_the_noise_make_better_points_than_equal_weights(grain, blur, worse):
    """Blobs displaced by noise of their own width: the maps know what decoded pixels have lost."""
    rng = np.random.default_rng(16)
    _, points, _, _ = scene(400, CAMS, hit=0.0)
    seen = CAMS.project(points)
    origins, scales = crops(seen, rng)
    sigma = rng.uniform(1.2, 4.0, seen.shape[:2])  # cells
    pixels = seen + (sigma * scales)[..., None] * rng.normal(size=seen.shape)
    maps = draw(pixels, origins, scales, sigma[..., None, None] ** 2 * np.eye(2))
    maps = np.maximum(maps + grain * rng.normal(size=maps.shape), 0.0)
    equal = triangulate(pixels, CAMS, noise=15.0, threshold=1e3).points
    told = triangulate(
        pixels, CAMS, covariances=(sigma * scales)[..., None, None] ** 2 * np.eye(2), noise=1.0, threshold=1e3
    ).points
    found = refine_on_heatmaps(equal, maps, CAMS, origins, scales, floor=1e-3 if grain else 1e-6, blur=blur)
    good = found.status == mvtri.Status.OK
    assert good.mean() > 0.95
    mean = distances(found.points, points).mean()
    assert mean < 0.93 * distances(equal, points).mean()
    assert mean < worse * distances(told, points).mean()
    if grain:
        return
    off = (found.points - points)[good]
    squares = np.einsum("ni,nij,nj->n", off, np.linalg.inv(found.covariances[good]), off)
    assert 0.9 < (squares < 7.815).mean() < 0.98  # the 95 % ellipsoid of a chi square, 3 degrees of freedom


GOOD = {"points": (5, 3), "heatmaps": (5, 4, 8, 9), "origins": (5, 4, 2), "scales": (5, 4)}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"points": (5, 2)}, r"points has the shape \(5, 2\); expected \(\.\.\., 3\)"),
        ({"points": ()}, r"points has the shape \(\)"),
        ({"heatmaps": (5, 3, 8, 9)}, r"heatmaps has the shape \(5, 3, 8, 9\); expected \(5, 4\)"),
        ({"heatmaps": (5, 4, 8)}, r"heatmaps has the shape \(5, 4, 8\); expected \(5, 4\)"),
        ({"heatmaps": (4, 8, 9)}, r"heatmaps has the shape \(4, 8, 9\); expected \(5, 4\)"),
        ({"heatmaps": (5, 4, 2, 9)}, "3 or more of each"),
        ({"origins": (5, 3, 2)}, r"origins has the shape \(5, 3, 2\); expected \(5, 4, 2\)"),
        ({"origins": (2,), "scales": ()}, r"origins has the shape \(2,\); expected \(5, 4, 2\)"),
        ({"scales": (5, 3)}, r"scales has the shape \(5, 3\); expected \(5, 4\) or \(5, 4, 2\)"),
        ({"scales": (5, 4, 3)}, r"scales has the shape \(5, 4, 3\)"),
        ({"inliers": np.ones((5, 4))}, r"inliers holds float64 values in the shape \(5, 4\), expected bool"),
        ({"inliers": np.ones(4, bool)}, r"inliers holds bool values in the shape \(4,\)"),
        ({"scores": (5, 3)}, r"scores has the shape \(5, 3\), expected \(5, 4\)"),
        ({"scores": np.full((5, 4), 1.5)}, "scores go from 1.5 to 1.5; expected 0 to 1"),
        ({"scales": np.full((5, 4), -4.0)}, "scales go from -4 to -4; expected positive"),
        ({"scales": np.full((5, 4), np.inf)}, "scales go from inf to inf; expected positive"),
        ({"scales": np.zeros((5, 4))}, "scales go from 0 to 0; expected positive"),
        ({"origins": np.full((5, 4, 2), np.inf)}, "origins holds infinite values; expected pixels"),
        ({"points": np.full((5, 3), np.inf)}, "points holds infinite values; expected metres"),
        ({"heatmaps": np.full((5, 4, 8, 9), np.inf)}, "heatmaps holds infinite values; expected finite"),
        ({"heatmaps": np.full((5, 4, 8, 9), -np.inf)}, "heatmaps holds infinite values; expected finite"),
        ({"heatmaps": np.full((5, 4, 8, 9), "a")}, "heatmaps holds <U1 values; expected real numbers"),
        ({"floor": 0.0}, "floor is 0.0; expected a number between 0 and 1"),
        ({"floor": np.nan}, "floor is nan; expected a number between 0 and 1"),
        ({"blur": -1.0}, "blur is -1.0; expected 0 or more cells"),
        ({"workers": 0}, "workers is 0; expected a whole number"),
        ({"cams": "S9"}, "cams is a str, expected an mvtri.CameraGroup"),
        ({"floor": 2.0, "heatmaps": (1,), "scores": (1,)}, "floor is 2.0.*heatmaps has.*scores has"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(changes, says):
    given = {"cams": CAMS} | GOOD | changes
    given = {name: np.ones(value) if isinstance(value, tuple) else value for name, value in given.items()}
    with pytest.raises(InputError, match=says) as caught:
        refine_on_heatmaps(**given)
    assert "\n" not in str(caught.value)
