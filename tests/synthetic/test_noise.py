import numpy as np
import pytest

from mvtri import human36m_cameras
from mvtri.errors import InputError
from mvtri.synthetic import observe

CAMS = human36m_cameras("S9")
POINTS = np.random.default_rng(0).normal(0, 0.4, (2000, 3)) + (0, 0, 1)


def test_without_noise_it_is_the_projection():
    points2d, outliers = observe(POINTS, CAMS)
    np.testing.assert_array_equal(points2d, CAMS.project(POINTS))
    assert not outliers.any()


def test_noise_has_its_standard_deviation():
    points2d, _ = observe(POINTS, CAMS, noise_px=3.0, rng=1)
    assert (points2d - CAMS.project(POINTS)).std() == pytest.approx(3.0, rel=0.02)


def test_outliers_are_in_one_camera_each_and_are_marked():
    points2d, outliers = observe(POINTS, CAMS, outlier_fraction=0.1, rng=2)
    assert outliers.sum(axis=1).max() == 1
    assert outliers.mean() == pytest.approx(0.1 / 4, rel=0.2)
    off = np.linalg.norm(points2d - CAMS.project(POINTS), axis=-1)
    np.testing.assert_array_equal(off > 0, outliers)
    assert off[outliers].mean() == pytest.approx(80 * np.sqrt(np.pi / 2), rel=0.1)


def test_missing_observations_are_nan_and_no_outliers():
    points2d, outliers = observe(POINTS, CAMS, 1.0, 1.0, rng=3, missing_fraction=0.3)
    gone = np.isnan(points2d).all(axis=-1)
    assert gone.mean() == pytest.approx(0.3, rel=0.1)
    assert not (gone & outliers).any()


def test_the_seed_decides():
    first, second = (observe(POINTS, CAMS, 2.0, 0.2, rng=5)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_bad_input_is_named_all_at_once():
    with pytest.raises(
        InputError, match="noise_px is -1, expected 0 or more; outlier_fraction is 2, expected 0 to 1"
    ):
        observe(POINTS, CAMS, -1, 2)
