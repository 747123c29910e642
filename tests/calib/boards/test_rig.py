import numpy as np
import pytest
from boards_calib import CHARUCO, poses, ring, seen_corners, views_of

from mvtri.calib.boards.bend import bent_points, unevenness
from mvtri.calib.boards.poses import fit_boards
from mvtri.calib.boards.rig import calibrate_rig, within_lenses
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

CAMS = ring(3)


def corners(count=16, board=CHARUCO, noise=0.1, seed=4):
    turns, places = poses(count, seed=seed)
    return seen_corners(CAMS, board, turns, places, noise)


def errors(found):
    traces = np.einsum("cij,cij->c", found.rotations, CAMS.rotations)
    angles = np.degrees(np.arccos(np.clip((traces - 1) / 2, -1, 1)))
    return angles.max(), np.linalg.norm(found.centers - CAMS.centers, axis=1).max()


def test_a_rig_is_found_with_its_uncertainty():
    rig = calibrate_rig(views_of(CAMS, corners()), CAMS, CHARUCO)
    angle, distance = errors(rig.cameras)
    assert angle < 0.05
    assert distance < 0.002
    moves = np.array([name.split(" ")[1] == "move" for name in rig.adjustment.parameter_names])
    apart = (rig.cameras.centers - CAMS.centers)[1:].ravel()
    assert (np.abs(apart) < 4 * rig.adjustment.standard_deviations[moves]).all()
    assert rig.half_distances.max() < 0.004
    assert not rig.bent
    assert rig.rms == pytest.approx(0.1 * np.sqrt(2), rel=0.15)


def test_a_bent_board_is_recognised():
    curved = bent_points(CHARUCO.points, np.array([0.3, 0.0, -0.2]))
    bent = type("Bent", (), {"points": curved})()
    seen = corners(24, bent)
    rig = calibrate_rig(views_of(CAMS, seen), CAMS, CHARUCO)
    assert rig.bent
    assert rig.held_out["bent board"] < 0.98 * rig.held_out["flat board"]
    np.testing.assert_allclose(rig.adjustment.bend, [0.3, 0.0, -0.2], atol=0.05)
    assert errors(rig.cameras)[1] < 0.003
    # from the middle to the ends, x by 81 mm and y by 135 mm: the plane takes nothing off z = a x² - c y²
    assert (
        0.2 * 0.135**2
        < unevenness(CHARUCO.points, rig.adjustment.bend)
        < 0.2 * 0.135**2 + 0.3 * 0.081**2 + 1e-3
    )
    adjustment = rig.adjustment
    found = bent_points(CHARUCO.points, adjustment.bend)
    residuals = fit_boards(
        rig.cameras, rig.views.corners, found, adjustment.rotations, adjustment.translations
    )
    assert np.nanstd(residuals) == pytest.approx(0.1, rel=0.15)  # the adjustment bends the board in this way


def test_lenses_may_be_refined_with_the_rig():
    off = CameraGroup(
        names=CAMS.names,
        image_sizes=CAMS.image_sizes,
        matrices=CAMS.matrices * np.array([[1.06, 1, 1], [1, 1.06, 1], [1, 1, 1]]),
        distortions=CAMS.distortions,
        rotations=CAMS.rotations,
        translations=CAMS.translations,
    )
    seen = views_of(CAMS, corners(24))
    kept = calibrate_rig(seen, off, CHARUCO)
    refined = calibrate_rig(seen, off, CHARUCO, refine_intrinsics=True)
    np.testing.assert_array_equal(kept.cameras.matrices, off.matrices)
    assert refined.rms < 0.5 * kept.rms
    np.testing.assert_allclose(refined.cameras.matrices[:, 0, 0], CAMS.matrices[:, 0, 0], rtol=0.004)


def test_cameras_that_are_not_synchronised_are_refused():
    seen = corners()
    seen[:, :, 1] = seen[::-1, :, 1]
    with pytest.raises(
        InputError, match=r"of the 16 moments that cam1 and cam2 have in common, at most \d agree"
    ):
        calibrate_rig(views_of(CAMS, seen), CAMS, CHARUCO)


def test_corners_that_a_lens_cannot_see_are_left_out():
    folding = ring(3, coefficients=(-2.5, 0.0, 0.0, 0.0, 0.0))  # its picture ends at 0.24 of the focal length
    seen = corners()
    left = within_lenses(views_of(folding, seen), folding).corners
    beyond = np.isnan(folding.undistort(seen)) & np.isfinite(seen)
    assert beyond.any()
    assert np.isnan(left[beyond]).all()
    counts = np.isfinite(left[..., 0]).sum(axis=1)
    assert ((counts == 0) | (counts >= 6)).all()
    assert counts.any()


def test_too_few_moments_are_refused():
    with pytest.raises(InputError, match="two cameras or more in 2 moments; expected 3"):
        calibrate_rig(views_of(CAMS, corners(2)), CAMS, CHARUCO)
