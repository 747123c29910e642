"""Undistortion: exact where the lens can be inverted, NaN where it cannot, never another branch."""

import naive_cameras as naive
import numpy as np
import pytest
from rigs_cameras import LENSES, grid

import mvtri
from mvtri.kernels.cameras import projection as kernels
from mvtri.kernels.cameras.folds import first_root, fold_angle, fold_radius2, pole_radius2, polynomial
from mvtri.kernels.cameras.inverses import one_to_one_radius
from mvtri.kernels.cameras.undistortion import _surely_one_to_one as surely_one_to_one
from mvtri.kernels.cameras.undistortion import unfolded


def coefficients(*values):
    return np.pad(np.array(values, dtype=float), (0, 14 - len(values)))


@pytest.mark.parametrize("subject", [f"S{number}" for number in range(1, 12)])
@pytest.mark.parametrize("formula", ["opencv", "human36m"])
def test_identity_on_the_embedded_rig_to_the_corners(subject, formula):
    cams = mvtri.human36m_cameras(subject, formula)
    pixels = grid(cams)
    normalised = cams.undistort(pixels)
    np.testing.assert_allclose(cams.distort(normalised), pixels, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cams.undistort(cams.distort(normalised)), normalised, rtol=0, atol=1e-9)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["Calib.qca.txt", "Calib_qualisys.toml"])
def test_identity_on_the_real_rigs_to_the_corners(shared_data, name):
    cams = mvtri.read_cameras(shared_data / "pose2sim" / "calibration" / name)
    pixels = grid(cams)
    np.testing.assert_allclose(cams.distort(cams.undistort(pixels)), pixels, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_fast_and_safe_way_agree_on_every_kind_of_lens(name):
    model, values = LENSES[name]
    cams = naive.rig([values] * 2, model)
    pixels = grid(cams)
    fast = cams.undistort(pixels)
    assert np.isfinite(fast).all()
    np.testing.assert_allclose(cams.distort(fast), pixels, rtol=0, atol=1e-9)
    models, lenses, matrices, _, _ = cams.packed()
    for c in range(len(cams)):
        fx, fy, cx, cy = matrices[c][[0, 1, 0, 1], [0, 1, 2, 2]]
        for pixel, expected in zip(pixels[::7, c], fast[::7, c]):
            safe = kernels.undistort(models[c], lenses[c], (pixel[0] - cx) / fx, (pixel[1] - cy) / fy)
            np.testing.assert_allclose(safe, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["brown", "human36m", "fisheye"])
def test_a_result_does_not_depend_on_the_company_it_is_computed_in(name):
    model, values = LENSES[name]
    cams = naive.rig([values] * 3, model)
    pixels = np.random.default_rng(0).uniform(-100, 1100, (301, 3, 2))
    whole = cams.undistort(pixels)
    for size in (1, 7, 128, 150):
        parts = [cams.undistort(pixels[start : start + size]) for start in range(0, len(pixels), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_pincushion_and_far_away_places():
    d = coefficients(0.3, 0.1)
    for radius in (1.0, 10.0, 1e3, 1e6):
        x, y = kernels.undistort(0, d, 0.6 * radius, 0.8 * radius)
        np.testing.assert_allclose(kernels.distort(0, d, x, y), (0.6 * radius, 0.8 * radius), rtol=1e-12)
    assert kernels.undistort(0, np.zeros(14), 1e6, -2e6) == (1e6, -2e6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("model", [0, 1, 2])
def test_what_is_no_place_has_no_ray(value, model):
    assert np.isnan(kernels.undistort(model, np.zeros(14), value, 0.1)).all()
    assert np.isnan(kernels.undistort(model, np.zeros(14), 0.1, value)).all()
    cams = naive.rig([[0.0] * (5 if model == 2 else 4)], ["opencv", "fisheye", "human36m"][model])
    assert np.isnan(cams.undistort([[value, 3.0]])).all()


@pytest.mark.parametrize("model", [0, 2])
def test_a_barrel_that_folds_and_rises_again(model):
    # r (1 - 0.5 r^2 + 0.08 r^4) rises to the first root of 1 - 1.5 u + 0.4 u^2, then falls, then rises again
    d = coefficients(-0.5, 0.08)
    fold = np.sqrt((1.5 - np.sqrt(1.5**2 - 1.6)) / 0.8)
    assert np.sqrt(fold_radius2(d, 100.0)) == pytest.approx(fold, abs=1e-14)
    top = kernels.distort(model, d, fold, 0.0)[0]
    for angle in np.linspace(0, 2 * np.pi, 7):
        c, s = np.cos(angle), np.sin(angle)
        for r in (0.0, 0.1 * fold, 0.9 * fold, 0.999 * fold):
            place = kernels.distort(model, d, r * c, r * s)
            np.testing.assert_allclose(kernels.undistort(model, d, *place), (r * c, r * s), rtol=0, atol=1e-9)
        for rd in (1.0001 * top, 1.5 * top, 10 * top):  # the third branch would reach all of them
            assert np.isnan(kernels.undistort(model, d, rd * c, rd * s)).all()
        beyond = kernels.distort(
            model, d, 1.5 * fold * c, 1.5 * fold * s
        )  # lands on a place seen from within
        assert np.hypot(*kernels.undistort(model, d, *beyond)) < fold


def test_a_fisheye_folds_too():
    d = coefficients(-0.2, 0.0, 0.0, 0.0)
    fold = np.sqrt(1 / 0.6)
    assert fold_angle(d) == pytest.approx(fold, abs=1e-14)
    top = fold * (1 - 0.2 * fold**2)
    assert np.isnan(kernels.undistort(1, d, 0.0, 1.001 * top)).all()
    x, y = kernels.undistort(1, d, 0.0, 0.999 * top)
    assert x == 0.0
    assert np.arctan(y) < fold
    np.testing.assert_allclose(kernels.distort(1, d, x, y), (0.0, 0.999 * top), rtol=0, atol=1e-12)


def test_a_fisheye_without_distortion_ends_at_a_right_angle():
    d = np.zeros(14)
    np.testing.assert_allclose(kernels.undistort(1, d, 1.5, 0.0), (np.tan(1.5), 0.0), rtol=1e-13)
    assert np.isnan(kernels.undistort(1, d, 0.5 * np.pi + 1e-9, 0.0)).all()
    assert np.isnan(kernels.undistort(1, d, 2.0, 0.0)).all()
    assert kernels.undistort(1, d, 0.0, 0.0) == (0.0, 0.0)


def test_beyond_the_pole_of_a_rational_lens_nothing_is_seen():
    d = coefficients(0, 0, 0, 0, 0, -1.0, 0, 0)  # r / (1 - r^2) takes every value within r < 1
    for rd in (0.1, 1.0, 50.0):
        x, y = kernels.undistort(0, d, rd, 0.0)
        assert 0 < x < 1
        np.testing.assert_allclose(kernels.distort(0, d, x, y), (rd, 0.0), rtol=1e-12, atol=1e-15)
    assert pole_radius2(d, 9.0) == pytest.approx(1.0, abs=1e-14)
    assert pole_radius2(d, 0.5) == 0.5


@pytest.mark.parametrize("model", [0, 1, 2])
def test_strong_lenses_against_a_search_along_the_ray(model):
    """What lies in the domain is found again; what is found lies in the domain and lands on the place."""
    rng = np.random.default_rng(20 + model)
    inside = outside = 0
    for _ in range(60):
        d = np.zeros(14)
        count = int(rng.choice([4, 5, 8, 12, 14])) if model == 0 else 4 + model // 2
        d[:count] = rng.normal(0, 10 ** rng.uniform(-2, 0), count)
        d[8:] *= 0.1
        if model != 1:
            d[2:4] *= 0.1
        for _ in range(4):
            radius, angle = rng.uniform(0, 2.5), rng.uniform(0, 2 * np.pi)
            ray = radius * np.array([np.cos(angle), np.sin(angle)])
            place = kernels.distort(model, d, *ray)
            found = np.array(kernels.undistort(model, d, *place))
            if naive.in_domain(model, d, *ray):
                inside += 1
                np.testing.assert_allclose(found, ray, rtol=1e-6, atol=1e-7)
            else:
                outside += 1
                assert not np.allclose(found, ray, atol=1e-6)
            if np.isfinite(found).all():
                scale = 1 + np.hypot(*place)
                np.testing.assert_allclose(
                    kernels.distort(model, d, *found), place, rtol=0, atol=1e-9 * scale
                )
                assert naive.in_domain(model, d, *found)
    assert inside > 20
    assert outside > 5


def test_places_beyond_the_fitted_image_are_undistorted_all_the_same():
    cams = mvtri.human36m_cameras("S9").subset("54138969")
    pixels = np.array([[[-100.0, -100.0]], [[1100.0, 1150.0]], [[-60.0, 500.0]]])
    normalised = cams.undistort(pixels)
    np.testing.assert_allclose(cams.distort(normalised), pixels, rtol=0, atol=1e-9)


def test_a_lens_that_covers_only_part_of_its_image():
    cams = naive.rig([[-1.2, 0.0, 0.0, 0.0]], "opencv", size=(1000, 1000))
    pixels = grid(cams, 21)
    normalised = cams.undistort(pixels)
    seen = np.isfinite(normalised).all(axis=-1)
    assert 0.2 < seen.mean() < 0.98
    np.testing.assert_allclose(cams.distort(normalised)[seen], pixels[seen], rtol=0, atol=1e-9)
    assert (np.hypot(*normalised[seen].T) <= np.sqrt(1 / 3.6) + 1e-9).all()


def test_a_lens_that_cannot_be_fitted_is_left_to_the_safe_way():
    d = coefficients(-1e9, 0, 0, 0)
    inverse = kernels.approximate_inverse(0, d, 0.5)  # nothing is seen further out than 1e-5
    assert inverse[1] == -1.0
    assert np.isnan(kernels.undistort_fast(0, d, inverse, 0.5, 0.5)).all()
    assert kernels.undistort_fast(0, d, inverse, 1e-6, 0.0)[0] == pytest.approx(1e-6, rel=2e-3)


def test_the_disc_on_which_a_lens_is_one_to_one_ends_before_its_fold():
    d = coefficients(-0.5, 0.08)
    fold = np.sqrt(fold_radius2(d, 100.0))
    found = one_to_one_radius(0, d, 3.0)
    assert 0.9 * fold < found < fold
    assert one_to_one_radius(0, np.zeros(14), 3.0) == 3.0


@pytest.mark.parametrize(
    ("roots", "expected"),
    [
        ([0.5, 1.5], 0.5),
        ([1.5, 0.25, 0.75], 0.25),
        ([-1.0, 3.0], 3.0),
        ([-1.0, -2.0], 5.0),
        ([0.3, 0.3001], 0.3),
    ],
)
def test_first_root(roots, expected):
    c = np.poly(roots)[::-1].copy()
    c *= np.sign(c[0])
    assert first_root(c, 5.0) == pytest.approx(expected, abs=1e-10)


def test_first_root_of_random_polynomials_against_numpy():
    rng = np.random.default_rng(5)
    for _ in range(200):
        c = np.concatenate([[1.0], rng.normal(0, 2, rng.integers(1, 7))])
        roots = np.roots(c[::-1])
        real = roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0) & (roots.real < 4)].real
        assert first_root(c, 4.0) == pytest.approx(min(real, default=4.0), abs=1e-7)
        assert polynomial(c, 0.7) == pytest.approx(np.polyval(c[::-1], 0.7))


@pytest.mark.parametrize(
    ("model", "values", "ray"),
    [
        (0, (-0.63, 0.22, -0.08, 0.03), (-2.44, -0.17)),
        (0, (-0.29, 0.23, 0.24, 0.1, -0.21, -0.02, -0.2, -0.13, 0, 0, 0, 0, -0.04, -0.01), (0.0, -1.19)),
        (2, (0.43, -0.71, -0.16, -0.06, 0.25), (2.45, 0.45)),
        (2, (-0.34, -0.32, -0.09, -0.14, 0.32), (-0.51, 1.65)),
    ],
)
def test_rays_that_neither_newton_nor_the_path_from_the_centre_finds(model, values, ray):
    d = coefficients(*values)
    assert naive.in_domain(model, d, *ray)
    np.testing.assert_allclose(kernels.undistort(model, d, *kernels.distort(model, d, *ray)), ray, atol=1e-12)


@pytest.mark.parametrize("tangential", [0.0, 1e-9])
def test_a_fold_narrower_than_any_sampling(tangential):
    # 1 + 3 k1 u + 5 k2 u^2 has two roots about u = 0.5, 6e-4 apart
    d = coefficients(-4 / 3 * (1 + 2e-7), 0.8, tangential, tangential)
    assert unfolded(0, d, 0.7, 0.0)
    assert not unfolded(0, d, 0.9, 0.0)
    assert not unfolded(0, d, 0.5, 0.6)
    beyond = kernels.undistort(0, d, *kernels.distort(0, d, 0.9, 0.0))
    assert not beyond[0] > 0.72


@pytest.mark.parametrize("tangential", [0.0, 1e-3])
def test_two_poles_close_together(tangential):
    above = np.poly1d([1 / 0.2499, -1]) * np.poly1d([1 / 0.2502, -1])  # nearly cancels what is below
    below = np.poly1d([1 / 0.25, -1]) * np.poly1d([1 / 0.2501, -1])
    d = coefficients(above[1], above[2], tangential, tangential, 0, below[1], below[2], 0)
    assert unfolded(0, d, 0.45, 0.0)
    assert not unfolded(0, d, 0.7, 0.0)
    assert np.isnan(kernels.undistort(0, d, *kernels.distort(0, d, 0.7, 0.0))).all()


def test_what_a_tilted_sensor_sees_from_behind():
    d = coefficients(*[0.0] * 12, 0.0, 1.2)
    horizon = kernels.distort(0, d, -0.35, 0.0), kernels.distort(0, d, -0.45, 0.0)
    assert horizon[0][0] * horizon[1][0] < 0  # in between the image runs through infinity
    np.testing.assert_allclose(kernels.undistort(0, d, *horizon[0]), (-0.35, 0.0), rtol=0, atol=1e-12)
    assert unfolded(0, d, -0.35, 0.0)
    assert not unfolded(0, d, -0.45, 0.0)
    assert np.isnan(kernels.undistort(0, d, *horizon[1])).all()


@pytest.mark.parametrize(
    ("values", "tilt", "ray"),
    [
        ((-0.9, 0.3, -0.8, 0.2), (-0.4, -0.6), (1.3, -0.2)),
        ((1.2, -1.2, -0.5, -1.1), (0.6, 1.0), (-0.3, 0.9)),
        ((0.1, -0.1, 0.5, 0.9), (0.1, -0.5), (-0.2, 1.8)),
    ],
)
def test_a_way_that_passes_the_horizon_and_comes_back_between_samples(values, tilt, ray):
    assert not unfolded(0, coefficients(*values, *[0.0] * 8, *tilt), *ray)


def test_the_fold_of_a_rational_lens_against_its_slope():
    rng = np.random.default_rng(6)
    u = np.linspace(0, 4, 400001)
    folded = 0
    for _ in range(40):
        d = np.zeros(14)
        d[[0, 1, 4, 5, 6, 7]] = rng.normal(0, 0.5, 6)
        below = 1 + d[5] * u + d[6] * u**2 + d[7] * u**3
        image = np.sqrt(u) * (1 + d[0] * u + d[1] * u**2 + d[4] * u**3) / below
        wrong = (below[1:] <= 0) | (np.diff(image) <= 0)
        expected = u[1:][wrong][0] if wrong.any() else 4.0
        folded += wrong.any()
        assert fold_radius2(d, 4.0) == pytest.approx(expected, abs=3e-5)
    assert folded > 10


@pytest.mark.parametrize("model", [0, 2])
def test_the_bound_promises_no_more_than_is_true(model):
    """Where it says that the lens is one-to-one, the symmetric part of the Jacobian is positive definite."""
    rng = np.random.default_rng(30 + model)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    promised = near = 0
    for _ in range(800):
        d = np.zeros(14)
        count = int(rng.choice([2, 4, 5, 8, 12])) if model == 0 else int(rng.choice([2, 4, 5]))
        d[:count] = rng.normal(0, 10 ** rng.uniform(-1.5, -0.2), count)
        radius = rng.uniform(0.1, 1.2)
        if surely_one_to_one(model, d, radius**2):
            promised += 1
            slopes = [
                kernels.distort_jacobian(model, d, radius * np.cos(a), radius * np.sin(a))[2:] for a in angles
            ]
            least = min(np.linalg.eigvalsh([[a, (b + c) / 2], [(b + c) / 2, e]])[0] for a, b, c, e in slopes)
            assert least > 0
            near += least < 0.2
    assert promised > 80
    assert near > 3  # so the bound is not idle either


def test_the_bound_lets_real_lenses_pass():
    for name in ("brown", "rational", "thin prism", "human36m"):
        model, values = LENSES[name]
        assert surely_one_to_one(2 * (model == "human36m"), coefficients(*values), 0.6**2)


@pytest.mark.parametrize("scale", [0.0, 0.2, 3.90337812])
def test_a_poor_start_costs_time_and_nothing_else(scale):
    """From 0 Newton needs more than two steps; from 3.9 it lands on the third branch of the lens."""
    d = coefficients(-0.5, 0.08)
    third = 3.90337812 * 0.5  # r (1 - 0.5 r^2 + 0.08 r^4) is 0.5 within the fold and there
    assert kernels.distort(0, d, third, 0.0)[0] == pytest.approx(0.5, abs=1e-7)
    inverse = np.zeros(16)
    inverse[:3] = 0.9, 1.0, scale
    expected = kernels.undistort(0, d, 0.5, 0.0)
    assert 0.5 < expected[0] < 0.95
    np.testing.assert_allclose(kernels.undistort_fast(0, d, inverse, 0.5, 0.0), expected, rtol=0, atol=1e-12)
    out = np.empty((1, 1, 2))
    pixel = np.array([[[0.5, 0.0]]])
    kernels.undistort_points(pixel, np.array([0]), d[None], inverse[None], np.eye(3)[None], out)
    np.testing.assert_allclose(out[0, 0], expected, rtol=0, atol=1e-12)
