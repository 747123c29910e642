from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from boards_calib import CHARUCO, poses, ring, seen_corners, views_of

from mvtri.calib.boards.bend import bent_points
from mvtri.calib.boards.intrinsics import calibrate_lenses
from mvtri.calib.boards.lens_fit import lens_parameters
from mvtri.errors import InputError

COEFFICIENTS = (-0.25, 0.12, 0, 0, 0)


def views(count=12, noise=0.1, tilt=0.6, seed=2):
    cams = ring(1, coefficients=COEFFICIENTS)
    turns, places = poses(count, seed=seed, distance=0.6, spread=0.15, tilt=tilt)
    if tilt == 0.0:
        turns[:] = np.eye(3)
    return cams, views_of(cams, seen_corners(cams, CHARUCO, turns, places, noise))


def test_a_lens_is_found_with_its_uncertainty():
    cams, seen = views()
    found = calibrate_lenses({"cam1": seen}, CHARUCO)["cam1"]
    assert found.lens.name == "k1 k2"
    numbers = [*found.camera.matrices[0][[0, 1, 0, 1], [0, 1, 2, 2]], *found.camera.distortions[0][:2]]
    truth = [*cams.matrices[0][[0, 1, 0, 1], [0, 1, 2, 2]], *COEFFICIENTS[:2]]
    deviations = np.array(list(found.standard_deviations.values()))
    assert found.parameters == ("fx", "fy", "cx", "cy", "k1", "k2")
    assert (np.abs(np.subtract(numbers, truth)) < 4 * deviations).all()
    assert (deviations < [3, 3, 3, 3, 0.02, 0.1]).all()
    assert 0.3 < found.trust < 3
    count = 2 * np.isfinite(found.residuals[..., 0]).sum()
    left = 1 - (6 * len(seen.frames) + 6) / count  # poses and lens fit some of the noise
    assert found.rms == pytest.approx(0.1 * np.sqrt(2 * left), rel=0.1)
    assert found.residuals.shape == seen.corners[:, :, 0].shape


def test_residuals_are_no_larger_than_those_of_opencv():
    _, seen = views(noise=0.3)
    found = calibrate_lenses({"cam1": seen}, CHARUCO, lens="k1 k2")["cam1"]
    kept = np.isfinite(found.residuals[..., 0])
    places = [CHARUCO.points[one].astype(np.float32) for one in kept]
    pixels = [picture[one].astype(np.float32) for picture, one in zip(seen.corners[:, :, 0], kept)]
    flags = cv2.CALIB_FIX_K3 + cv2.CALIB_ZERO_TANGENT_DIST
    theirs = cv2.calibrateCamera(places, pixels, (960, 600), None, None, flags=flags)[0]
    assert found.rms <= theirs * (1 + 1e-6)


def test_a_wrong_corner_is_left_out():
    cams, seen = views()
    first = np.flatnonzero(np.isfinite(seen.corners[0, :, 0, 0]))[3]
    seen.corners[0, first, 0] += 15.0
    found = calibrate_lenses({"cam1": seen}, CHARUCO, lens="k1 k2")["cam1"]
    assert np.isnan(found.residuals[0, first]).all()
    assert found.camera.matrices[0, 0, 0] == pytest.approx(cams.matrices[0, 0, 0], abs=5)


def test_a_bent_board_is_recognised_and_does_not_harm():
    cams = ring(1, coefficients=COEFFICIENTS)
    curved = bent_points(CHARUCO.points, np.array([0.1, 0.0, -0.05]))
    bent = type("Bent", (), {"points": curved})()
    seen = views_of(cams, seen_corners(cams, bent, *poses(20, seed=2, distance=0.6, spread=0.15), 0.1))
    found = calibrate_lenses({"cam1": seen}, CHARUCO, lens="k1 k2")["cam1"]
    np.testing.assert_allclose(found.bend, [0.1, 0.0, -0.05], atol=0.02)
    assert found.parameters == ("fx", "fy", "cx", "cy", "k1", "k2")
    assert found.covariance.shape == (6, 6)
    assert found.rms < 0.15
    assert found.camera.matrices[0, 0, 0] == pytest.approx(cams.matrices[0, 0, 0], abs=3)
    assert not calibrate_lenses({"cam1": views()[1]}, CHARUCO, lens="k1 k2")["cam1"].bend.any()


def test_cameras_of_one_size_choose_the_lens_together():
    sets = {name: views(6, seed=seed)[1] for name, seed in (("a", 11), ("b", 12), ("c", 13))}
    found = calibrate_lenses(sets, CHARUCO)
    assert {one.lens.name for one in found.values()} == {"k1 k2"}


@pytest.mark.parametrize(
    ("count", "tilt", "sentence"),
    [
        (2, 0.6, "cam1 has 2 usable views of the board; expected 3"),
        (8, 0.0, "are parallel .* film the board tilted"),
    ],
)
def test_views_that_cannot_hold_a_lens_are_refused(count, tilt, sentence):
    _, seen = views(count, tilt=tilt)
    with pytest.raises(InputError, match=sentence):
        calibrate_lenses({"cam1": seen}, CHARUCO, lens="k1")


def test_corners_without_sense_are_refused():
    _, seen = views(8)
    shape = seen.corners.shape
    seen.corners[:] = np.where(
        np.isfinite(seen.corners), np.random.default_rng(0).uniform(0, 600, shape), np.nan
    )
    with pytest.raises(InputError, match="by cam1"):
        calibrate_lenses({"cam1": seen}, CHARUCO)


def test_a_camera_may_be_called_like_what_is_said_of_the_board():
    names = ("bend fx", "bend k1", "bend xx", "bend xy", "bend yy")
    found = SimpleNamespace(parameter_names=names, covariance=np.diag(np.arange(5.0)))
    parameters, covariance = lens_parameters(found, "bend")
    assert parameters == ("fx", "k1")
    np.testing.assert_array_equal(covariance, np.diag([0.0, 1.0]))
