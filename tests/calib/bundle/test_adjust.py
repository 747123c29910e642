"""Cameras that were displaced come back; and what is said about how sure they are is true."""

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize
from scipy.spatial.transform import Rotation

from mvtri import CameraGroup, human36m_cameras
from mvtri.calib.bundle import Freedom, adjust_boards, adjust_points, name_unknowns, uncertainty
from mvtri.calib.bundle.uncertainty import curvature
from mvtri.errors import InputError

CAMS = human36m_cameras("S9")
BOARD = np.stack([*np.meshgrid(0.1 * np.arange(6), 0.1 * np.arange(4)), np.zeros((4, 6))], -1).reshape(-1, 3)


def room(rng, count):
    return rng.uniform([-1.5, -1.5, 0.0], [1.5, 1.5, 1.8], (count, 3))


def wrong(rng, degrees=1.0, metres=0.03, cams=CAMS):
    n = len(cams)
    return cams.displaced(np.c_[rng.normal(0, np.radians(degrees), (n, 3)), rng.normal(0, metres, (n, 3))])


def similarity(a, b):
    """Return the scale, turn and move that bring points a to points b (Umeyama)."""
    middle_a, middle_b = a.mean(axis=0), b.mean(axis=0)
    U, S, Vt = np.linalg.svd((b - middle_b).T @ (a - middle_a))
    D = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
    scale = (S * D.diagonal()).sum() / ((a - middle_a) ** 2).sum()
    return scale, U @ D @ Vt, middle_b - scale * U @ D @ Vt @ middle_a


def boards(rng, count):
    turns = Rotation.from_rotvec(rng.normal(0.0, 0.6, (count, 3))).as_matrix()
    return turns, room(rng, count)


def test_points_bring_displaced_cameras_back():
    rng = np.random.default_rng(0)
    points = room(rng, 200)
    pixels = CAMS.project(points)
    found = adjust_points(wrong(rng), pixels, points + rng.normal(0.0, 0.05, points.shape))
    scale, turn, move = similarity(found.cameras.centers, CAMS.centers)
    np.testing.assert_allclose(scale * found.cameras.centers @ turn.T + move, CAMS.centers, atol=1e-6)
    np.testing.assert_allclose(found.cameras.rotations @ turn.T, CAMS.rotations, atol=1e-7)
    np.testing.assert_allclose(scale * found.points @ turn.T + move, points, atol=1e-6)
    assert np.abs(found.residuals).max() < 1e-3
    assert found.converged


def test_the_rig_as_a_whole_stays():
    rng = np.random.default_rng(1)
    points, start = room(rng, 200), wrong(rng)
    found = adjust_points(start, CAMS.project(points) + rng.normal(0, 1, (200, 4, 2)), points)
    scale, turn, _ = similarity(start.centers, found.cameras.centers)
    assert abs(scale - 1.0) < 2e-3
    assert np.degrees(np.linalg.norm(Rotation.from_matrix(turn).as_rotvec())) < 0.2
    np.testing.assert_allclose(start.centers.mean(axis=0), found.cameras.centers.mean(axis=0), atol=1e-3)


def test_least_squares_is_that_of_scipy():
    rng = np.random.default_rng(2)
    points, start = room(rng, 12), wrong(rng, 0.3, 0.01)
    pixels = CAMS.project(points) + rng.normal(0, 2, (12, 4, 2))
    found = adjust_points(start, pixels, points, fixed=[0, 1], tail=0.0)

    def residuals(z):
        moved = np.zeros((4, 6))
        moved[2:] = z[:12].reshape(2, 6)
        return (start.displaced(moved).project(z[12:].reshape(-1, 3)) - pixels).ravel()

    best = least_squares(
        residuals, np.r_[np.zeros(12), points.ravel()], x_scale="jac", xtol=1e-14, ftol=1e-14
    )
    assert (found.residuals**2).sum() == pytest.approx(2.0 * best.cost, rel=1e-6)
    np.testing.assert_allclose(found.points.ravel(), best.x[12:], atol=2e-5)
    np.testing.assert_array_equal(found.cameras.rotations[:2], start.rotations[:2])
    assert found.sigma**2 == pytest.approx(2.0 * best.cost / (96 - 36 - 12), rel=1e-5)


def test_outliers_hardly_matter():
    rng = np.random.default_rng(4)
    points = room(rng, 400)
    pixels = CAMS.project(points) + rng.normal(0, 1, (400, 4, 2))
    hit = rng.random((400, 4)) < 0.1
    pixels[hit] += rng.normal(0, 80, (hit.sum(), 2))
    for tail, limit in ((4.0, 0.004), (0.0, np.inf)):
        found = adjust_points(wrong(rng), pixels, points + 0.02, tail=tail)
        scale, turn, move = similarity(found.cameras.centers, CAMS.centers)
        worst = np.linalg.norm(scale * found.cameras.centers @ turn.T + move - CAMS.centers, axis=1).max()
        assert worst < limit
    assert worst > 0.008  # so it is the tail that helps
    assert np.median(found.weights[hit]) == 1.0


@pytest.mark.parametrize("lens", ["points", "boards"])
def test_standard_deviations_are_those_of_the_errors(lens):
    """Squares of errors in standard deviations, over draws and unknowns, are 1 in the mean."""
    rng = np.random.default_rng(5)
    squares = []
    for _ in range(25):
        if lens == "points":
            points = room(rng, 150)
            pixels = CAMS.project(points) + rng.normal(0, 1, (150, 4, 2))
            found = adjust_points(CAMS, pixels, points, fixed=[0, 1], tail=4.0)
        else:
            turns, places = boards(rng, 30)
            corners = CAMS.project(np.einsum("bij,kj->bki", turns, BOARD) + places[:, None])
            corners += rng.normal(0, 1, corners.shape)
            found = adjust_boards(CAMS, corners, BOARD, turns, places, Freedom(focal="one"), fixed=[0])
        squares.append(found.moved**2 / found.covariance.diagonal())
    assert 0.7 < np.mean(squares) < 1.3


def test_the_curvature_is_that_of_the_cost_with_the_points_solved_anew(monkeypatch):
    """Second differences of the least cost over all points, which SciPy finds, for one unknown."""
    rng, given = np.random.default_rng(3), {}
    points = room(rng, 30)
    pixels = CAMS.project(points) + 2.0 * rng.standard_t(3, (30, 4, 2))

    def recorded(problem, state, H):
        given.update(problem=problem, state=state, H=H, found=curvature(problem, state, H))
        return given["found"]

    monkeypatch.setattr(uncertainty, "curvature", recorded)
    freedom = Freedom(pose=False, focal="one")
    adjust_points(CAMS, pixels, points, freedom, fixed=[0, 1], shared=[range(4)], tail=4.0)
    problem, state = given["problem"], given["state"]
    weight = problem.views.weights[0]

    def least_cost(step):
        cams = state.after(np.array([step]), np.zeros((30, 3)), problem.unknowns).cameras(CAMS)
        total = 0.0
        for place, seen in zip(state.places, pixels):
            best = minimize(
                lambda x, seen=seen: (
                    3.0 * np.log1p(weight * ((cams.project(x) - seen) ** 2).sum(-1) / 4.0).sum()
                ),
                place,
                method="BFGS",
                options={"gtol": 1e-7},
            )
            total += best.fun
        return total

    h = 0.3 / np.sqrt(given["H"][0, 0])
    true = (least_cost(h) - 2.0 * least_cost(0.0) + least_cost(-h)) / h**2
    assert given["found"] == pytest.approx(true / given["H"][0, 0], rel=0.02)
    assert 0.5 < given["found"] < 0.9


def test_groups_that_err_alike_are_less_sure():
    rng = np.random.default_rng(6)
    points = room(rng, 30)[:, None] + rng.normal(0, 0.02, (30, 20, 3))
    pixels = CAMS.project(points) + rng.normal(0, 2, (30, 1, 4, 2)) + rng.normal(0, 0.5, (30, 20, 4, 2))
    group = np.repeat(np.arange(30), 20).reshape(30, 20)
    alone, together = (
        adjust_points(CAMS, pixels, points, fixed=[0, 1], groups=ways).standard_deviations
        for ways in ((), (group,))
    )
    assert 2.0 < np.median(together / alone) < 6.0  # the square root of 20 at most, and few groups count less
    both = adjust_points(CAMS, pixels, points, fixed=[0, 1], groups=(group, group)).standard_deviations
    np.testing.assert_allclose(both, together, rtol=0.02)


def test_boards_find_lens_pose_and_bend():
    rng = np.random.default_rng(7)
    bent = BOARD.copy()
    x, y = (BOARD[:, :2] - BOARD[:, :2].mean(axis=0)).T
    bent[:, 2] = 0.1 * x * x - 0.05 * x * y
    turns, places = boards(rng, 40)
    corners = CAMS.project(np.einsum("bij,kj->bki", turns, bent) + places[:, None])
    start = wrong(rng, 0.5, 0.01)
    start = CameraGroup(
        names=start.names,
        image_sizes=start.image_sizes,
        matrices=start.matrices * np.array([[1.02, 1, 1.01], [1, 0.99, 1], [1, 1, 1]]),
        distortions=[np.zeros(5)] * 4,
        rotations=start.rotations,
        translations=start.translations,
    )
    freedom = Freedom(focal="two", centre=True, distortion=5)
    found = adjust_boards(start, corners, BOARD, turns, places, freedom, bend=True)
    np.testing.assert_allclose(found.bend, (0.1, -0.05, 0.0), atol=1e-5)
    np.testing.assert_allclose(found.cameras.matrices, CAMS.matrices, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(np.stack(found.cameras.distortions), np.stack(CAMS.distortions), atol=1e-6)
    flat = adjust_boards(start, corners, BOARD, turns, places, freedom)
    assert flat.sigma > 100.0 * found.sigma


def test_one_camera_that_shares_nothing():
    rng = np.random.default_rng(8)
    one = CAMS.subset([CAMS.names[0]])
    turns, places = boards(rng, 20)
    corners = one.project(np.einsum("bij,kj->bki", turns, BOARD) + places[:, None])
    found = adjust_boards(one, corners, BOARD, turns, places, Freedom(focal="two", centre=True), fixed=[0])
    assert found.parameter_names == tuple(f"{CAMS.names[0]} {name}" for name in ("fx", "fy", "cx", "cy"))
    assert np.abs(found.moved).max() < 1e-3


def test_a_prior_holds_what_the_pictures_do_not_show():
    rng = np.random.default_rng(9)
    points = room(rng, 100)
    unknowns = name_unknowns(CAMS, Freedom())
    prior = np.tile(np.repeat([np.radians(0.2), 0.005], 3), 4)
    pixels = CAMS.project(points) + rng.normal(0, 1, (100, 4, 2))
    found = adjust_points(CAMS, pixels, points, prior=prior)
    assert len(unknowns.names) == len(prior) == 24
    # all cameras together may move as far as the prior of their mean lets them
    together = np.tile([0.0, 0, 0, 1, 0, 0], 4) / 4.0
    assert together @ found.covariance @ together == pytest.approx(0.005**2 / 4.0, rel=0.15)


def test_without_uncertainty_the_cameras_are_the_same():
    rng = np.random.default_rng(13)
    points = room(rng, 60)
    pixels = CAMS.project(points) + rng.normal(0, 2, (60, 4, 2))
    whole, quick = (adjust_points(CAMS, pixels, points, uncertainty=flag) for flag in (True, False))
    np.testing.assert_array_equal(quick.cameras.translations, whole.cameras.translations)
    assert np.isnan(quick.covariance).all()
    assert quick.covariance.shape == whole.covariance.shape
    assert np.isfinite(whole.covariance).all()


def test_missing_views_and_points_stay_missing():
    rng = np.random.default_rng(10)
    points = room(rng, 60)
    pixels = CAMS.project(points)
    pixels[0, 1:], pixels[1, 0] = np.nan, np.nan
    start = points.copy()
    start[2] = np.nan
    found = adjust_points(CAMS, pixels, start)
    assert np.isnan(found.points[[0, 2]]).all()
    assert np.isfinite(found.points[[1, 3]]).all()
    assert np.isnan(found.residuals[0]).all()
    assert np.isnan(found.residuals[1, 0]).all()
    assert (found.weights[0] == 0.0).all()
    assert found.weights[3].min() > 0.0


def test_a_view_of_which_one_coordinate_is_missing_is_missing():
    points = room(np.random.default_rng(10), 60)
    pixels = CAMS.project(points)
    pixels[0, 1:, 1], pixels[1, 0, 0] = np.nan, np.inf
    found = adjust_points(CAMS, pixels, points)
    assert np.isnan(found.points[0]).all()
    assert np.isfinite(found.points[1]).all()
    assert np.isnan(found.residuals[1, 0]).all()


def test_nothing_is_said_of_a_camera_that_sees_nothing():
    rng = np.random.default_rng(14)
    points = room(rng, 200)
    pixels = CAMS.project(points) + rng.normal(0, 1, (200, 4, 2))
    pixels[:, 3] = np.nan
    found = adjust_points(CAMS, pixels, points)
    assert np.isnan(found.standard_deviations[18:]).all()
    assert found.standard_deviations[:18].min() > 0.0
    assert found.standard_deviations[:18].max() < 0.01
    np.testing.assert_allclose(found.cameras.centers, CAMS.centers, atol=0.01)


def test_one_group_of_all_points_says_nothing():
    rng = np.random.default_rng(15)
    points = room(rng, 100)
    pixels = CAMS.project(points) + rng.normal(0, 1, (100, 4, 2))
    alone, together = (
        adjust_points(CAMS, pixels, points, fixed=[0, 1], groups=ways).covariance
        for ways in ((), [np.zeros(100, dtype=int)])
    )
    np.testing.assert_array_equal(alone, together)


def test_points_alone_are_adjusted_until_they_rest():
    rng = np.random.default_rng(16)
    points = room(rng, 2500)
    pixels = CAMS.project(points) + rng.normal(0, 2, (2500, 4, 2))
    hit = rng.random((2500, 4)) < 0.05
    pixels[hit] += rng.normal(0, 40, (hit.sum(), 2))
    start = points + rng.normal(0, 0.1, points.shape)
    first = adjust_points(CAMS, pixels, start, Freedom(pose=False))
    again = adjust_points(CAMS, pixels, first.points, Freedom(pose=False), sigma=first.sigma)
    sizes = [np.median(np.linalg.norm(found.residuals, axis=-1)) for found in (first, again)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-3)
    assert first.iterations > 1


def test_threads_do_not_change_the_result(monkeypatch):
    monkeypatch.setattr("mvtri.calib.bundle.problem._CHUNK", 32)
    rng = np.random.default_rng(11)
    points = room(rng, 200)
    pixels = CAMS.project(points) + rng.normal(0, 1, (200, 4, 2))
    a, b = (adjust_points(CAMS, pixels, points, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(a.moved, b.moved)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"points2d": np.zeros((5, 3, 2))}, "expected (..., 4, 2)"),
        ({"points": np.zeros((4, 3))}, "expected (5, 3)"),
        ({"prior": np.ones(3)}, "expected 24 positive standard deviations"),
        ({"weights": -np.ones((5, 4))}, "all 0 or more"),
        ({"groups": [np.zeros(3)]}, "a grouping of points"),
        ({"points2d": np.full((5, 4, 2), np.nan)}, "record more, or free less"),
        ({"freedom": [Freedom()] * 3}, "3 freedoms for 4 cameras"),
        ({"freedom": Freedom(distortion=6)}, "has 5"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"tail": -1.0}, "tail is -1.0"),
        ({"fixed": [4]}, "cameras, 0 to 3"),
        ({"shared": [[0, 4]]}, "cameras, 0 to 3"),
        ({"shared": [[0, 1], [1, 2]]}, "each in one group"),
    ],
)
def test_what_does_not_fit_is_refused(change, sentence):
    rng = np.random.default_rng(12)
    points = room(rng, 5)
    arguments = {"points2d": CAMS.project(points), "points": points, **change}
    with pytest.raises(InputError) as refused:
        adjust_points(CAMS, **arguments)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("models", "lengths", "sentence"),
    [
        (["opencv", "fisheye"], (4, 4), "different lens models"),
        (["opencv", "opencv"], (5, 4), f"of {CAMS.names[1]} are to change"),
    ],
)
def test_lenses_that_cannot_be_shared_are_refused(models, lengths, sentence):
    kept = ("image_sizes", "matrices", "rotations", "translations")
    two = CameraGroup(
        names=CAMS.names[:2],
        distortions=[np.zeros(length) for length in lengths],
        models=models,
        **{name: getattr(CAMS, name)[:2] for name in kept},
    )
    with pytest.raises(InputError, match=sentence):
        name_unknowns(two, Freedom(distortion=min(max(lengths), 5)), shared=[[0, 1]])


@pytest.mark.parametrize("freedom", [{"focal": "some"}, {"distortion": 13}, {"distortion": -1}])
def test_freedoms_that_do_not_exist_are_refused(freedom):
    with pytest.raises(InputError, match="expected"):
        Freedom(**freedom)


def test_boards_whose_shapes_do_not_fit_are_refused():
    turns, places = boards(np.random.default_rng(13), 3)
    with pytest.raises(InputError, match=r"expected \(F, K, C, 2\) and \(K, 3\)"):
        adjust_boards(CAMS, np.zeros((3, 5, 4, 2)), BOARD, turns, places)
    with pytest.raises(InputError, match=r"expected \(3, 3, 3\)"):
        adjust_boards(CAMS, np.zeros((3, len(BOARD), 4, 2)), BOARD, turns[:2], places)
