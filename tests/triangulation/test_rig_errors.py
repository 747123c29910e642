"""Cameras that are not quite where the calibration says: found from the points, or left alone."""

import dataclasses

import cv2
import numpy as np
import pytest
from rigs_triangulation import ring

import mvtri
from mvtri import CameraGroup
from mvtri.cameras.packing import pack_cameras
from mvtri.errors import InputError
from mvtri.triangulation import FrameTriangulator, TriangulationOptions, rig_errors, triangulate

FRAMES, KEYPOINTS = 60, 12
AS_GIVEN = TriangulationOptions(correct_rig=False)


def displaced(cams, errors):
    """A naive twin of `CameraGroup.displaced`: each camera's axes and centre by themselves."""
    rotations, translations = [], []
    for R, t, error in zip(cams.rotations, cams.translations, errors):
        centre = -R.T @ t + error[3:]
        turned = cv2.Rodrigues(error[:3])[0] @ R
        rotations.append(turned)
        translations.append(-turned @ centre)
    fields = ("names", "image_sizes", "matrices", "distortions", "models")
    return CameraGroup(
        rotations=rotations, translations=translations, **{name: getattr(cams, name) for name in fields}
    )


def walking_body(rng, frames=FRAMES, keypoints=KEYPOINTS):
    """Return points (T, K, 3) of a stiff body that walks, m."""
    body = np.c_[rng.normal(0.0, 0.3, (keypoints, 2)), rng.uniform(0.2, 1.8, keypoints)]
    return body + np.cumsum(rng.normal(0.0, 0.02, (frames, 1, 3)), axis=0)


def small_errors(rng, cameras, degrees=0.3, metres=0.005):
    return np.c_[np.radians(degrees) * rng.normal(size=(cameras, 3)), metres * rng.normal(size=(cameras, 3))]


def mean_error(result, points):
    return float(np.nanmean(np.linalg.norm(result.points - points, axis=-1)))


def session(seed, cams, errors, noise=1.0):
    """Return points and pixels (T, K, C, 2) that cameras saw which are `errors` off."""
    rng = np.random.default_rng(seed)
    points = walking_body(rng)
    pixels = cams.displaced(errors).project(points)
    return points, pixels + noise * rng.normal(size=pixels.shape)


def test_a_displaced_group_is_that_of_each_camera_by_itself():
    cams, errors = mvtri.human36m_cameras("S9"), small_errors(np.random.default_rng(0), 4, 30.0, 0.5)
    points = walking_body(np.random.default_rng(1))
    np.testing.assert_allclose(
        cams.displaced(errors).project(points), displaced(cams, errors).project(points), rtol=1e-9
    )
    turned = cams.displaced(np.c_[errors[:, :3], np.zeros((4, 3))])
    np.testing.assert_allclose(turned.centers, cams.centers, atol=1e-9)  # a turn leaves the centre


@pytest.mark.parametrize("errors", [np.zeros((4, 3)), np.zeros((3, 6)), np.full((4, 6), np.nan)])
def test_errors_of_a_wrong_shape_or_not_finite_are_refused(errors):
    with pytest.raises(InputError, match=r"expected \(4, 6\) and finite"):
        ring(4).displaced(errors)


def test_derivatives_by_turns_are_those_of_the_projection():
    cams, points = mvtri.human36m_cameras("S9"), walking_body(np.random.default_rng(2))[0]
    step = 1e-6

    def difference(column):
        errors = np.zeros((4, 6))
        errors[:, column] = step
        return (cams.displaced(errors).project(points) - cams.displaced(-errors).project(points)) / (2 * step)

    by_points = np.stack(
        [(cams.project(points + step * axis) - cams.project(points - step * axis)) / (2 * step)
         for axis in np.eye(3)], axis=-1,
    )  # fmt: skip
    found = rig_errors.by_turns(by_points, points, pack_cameras(cams, True))
    expected = np.stack([difference(column) for column in range(3)], axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)
    moves = np.stack([difference(column) for column in range(3, 6)], axis=-1)
    np.testing.assert_allclose(-by_points, moves, rtol=1e-4, atol=1e-2)


def test_the_rig_that_kernels_take_moves_as_the_cameras_do():
    cams, errors = mvtri.human36m_cameras("S9"), small_errors(np.random.default_rng(3), 4)
    found = rig_errors.moved(pack_cameras(cams, True), errors)
    moved = cams.displaced(errors)
    np.testing.assert_allclose(found.rotations, moved.rotations, atol=1e-12)
    centres = found.origin - np.einsum("cji,cj->ci", found.rotations, found.translations)
    np.testing.assert_allclose(centres, moved.centers, atol=1e-12)


def test_moves_are_the_most_likely_ones():
    """At the mode, the derivatives of the log posterior vanish: normal residuals, Student's t for cameras."""
    rng = np.random.default_rng(4)
    moves = rng.normal(size=(40, 8, 24))
    truth = np.zeros(24)
    truth[6:12] = 20.0  # one camera was moved, the others were not
    r = np.einsum("nij,j->ni", moves, truth) + rng.normal(size=(40, 8))
    found = rig_errors.solve(r, moves, 0.3)

    def cost(theta):
        size = (theta.reshape(4, 6) ** 2).sum(axis=1)
        prior = (rig_errors.TAIL + 6) / 2 * np.log(1 + size / rig_errors.TAIL)
        return 0.15 * ((r - moves @ theta) ** 2).sum() + prior.sum()

    steps = 1e-4 * np.eye(24)
    slopes = [(cost(found + step) - cost(found - step)) / 2e-4 for step in steps]
    np.testing.assert_allclose(slopes, 0.0, atol=0.05)


def linear_views(rng, errors_of_points):
    """Return views of 60 frames of 12 keypoints in four cameras, with a rig that is off and other errors."""
    n, C = FRAMES * KEYPOINTS, 4
    moves, truth = rng.normal(size=(n, 2 * C, 6 * C)), rng.normal(size=6 * C)
    return rig_errors.LinearViews(
        np.einsum("nij,j->ni", moves, truth) + errors_of_points, moves, np.zeros((n, 3, 6 * C)),
        rng.normal(size=(n, C, 2, 3)), np.ones((n, C), bool), np.tile(np.arange(KEYPOINTS) < 6, FRAMES),
    )  # fmt: skip


def test_another_part_of_the_body_at_another_time_has_to_be_predicted():
    views = linear_views(np.random.default_rng(5), 0.0)
    assert rig_errors.explained_elsewhere(views) > 0.99
    late = np.arange(len(views.upper)) >= len(views.upper) // 2
    for other in (late, views.upper):  # moves of the other sign there
        turned = np.where(other[:, None], -1.0, 1.0) * views.residuals
        assert rig_errors.explained_elsewhere(dataclasses.replace(views, residuals=turned)) == 0.0
    for size, least, most in (
        (0.7, 0.85, 0.95),
        (0.2, 0.0, 0.0),
    ):  # a fifth of what one half predicts is none
        residuals = np.where((late & ~views.upper)[:, None], size, 1.0) * views.residuals
        found = rig_errors.explained_elsewhere(dataclasses.replace(views, residuals=residuals))
        assert least <= found <= most


def test_errors_that_points_share_make_moves_less_believed():
    rng = np.random.default_rng(6)
    alone = rng.normal(size=(FRAMES * KEYPOINTS, 8))
    shared = np.repeat(alone[::KEYPOINTS], KEYPOINTS, axis=0)

    def size(errors):
        views = linear_views(np.random.default_rng(7), 30.0 * errors)
        weight = rig_errors.independent_share(views)
        return np.linalg.norm(rig_errors.solve(views.residuals, views.moves, weight))

    assert size(shared) < 0.8 * size(alone)


def test_points_are_as_uncertain_as_the_moves_that_residuals_do_not_show():
    """A naive twin: the covariance of normal moves given normal residuals, at the usual width."""
    rng = np.random.default_rng(8)
    views = linear_views(rng, rng.normal(size=(FRAMES * KEYPOINTS, 8)))
    hidden = np.zeros(24)
    hidden[:6] = 1.0  # the first camera's moves leave no residual
    views = dataclasses.replace(
        views, moves=views.moves * (1.0 - hidden), point_moves=rng.normal(size=views.point_moves.shape)
    )
    near = dataclasses.replace(views, residuals=0.5 * views.residuals)  # no wider than usual
    found = rig_errors.uncertainty(near, 0.7)
    flat = views.moves.reshape(-1, 24)
    posterior = np.linalg.inv(0.7 * flat.T @ flat + np.eye(24))
    expected = np.mean([F @ posterior @ F.T for F in views.point_moves], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    wide = dataclasses.replace(views, residuals=10.0 * views.residuals)
    assert np.trace(rig_errors.uncertainty(wide, 0.7)) > 30.0 * np.trace(found)


@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_ellipsoids_hold_what_is_left_of_the_errors(noise):
    inside, sizes = [], []
    for seed in range(8):
        cams = mvtri.human36m_cameras("S9")
        points, pixels = session(80 + seed, cams, small_errors(np.random.default_rng(seed), 4, 0.2), noise)
        found = triangulate(pixels, cams, keypoint_axis=1)
        given = triangulate(pixels, cams, keypoint_axis=1, options=AS_GIVEN)
        off = found.points - points
        squares = np.einsum("...i,...ij,...j", off, np.linalg.inv(found.covariances), off)
        inside.append((squares < 7.8147).mean())
        sizes.append(
            np.trace(found.covariances.mean(axis=(0, 1))) / np.trace(given.covariances.mean(axis=(0, 1)))
        )
        parts = found.random_sd**2 + found.systematic_sd**2
        np.testing.assert_allclose(parts, np.diagonal(found.covariances, axis1=-2, axis2=-1), rtol=1e-9)
        assert (found.systematic_sd**2 >= np.diag(found.noise.rig_covariance) * (1 - 1e-9)).all()
    assert 0.85 < np.mean(inside) <= 1.0
    assert np.mean(sizes) < 0.5


@pytest.mark.parametrize("cams", [mvtri.human36m_cameras("S9"), ring(8), ring(3)], ids=["h36m", "8", "3"])
def test_a_rig_that_is_off_is_corrected(cams):
    for seed in range(3):
        errors = small_errors(np.random.default_rng(10 + seed), len(cams))
        points, pixels = session(seed, cams, errors)
        found = triangulate(pixels, cams, keypoint_axis=1)
        given = triangulate(pixels, cams, keypoint_axis=1, options=AS_GIVEN)
        assert given.noise.rig_errors is None
        assert mean_error(found, points) < 0.6 * mean_error(given, points)
        assert np.median(found.noise.sigma) == pytest.approx(1.0, abs=0.1)
        assert given.noise.sigma.min() > 1.5
        seen = cams.displaced(found.noise.rig_errors).project(found.points)
        np.testing.assert_allclose(found.residuals, np.linalg.norm(pixels - seen, axis=-1), atol=1e-3)


def test_one_camera_that_was_moved_is_moved_back():
    cams, errors = ring(5), np.zeros((5, 6))
    errors[2, 3:] = 0.03, 0.05, -0.02
    _, pixels = session(5, cams, errors)
    found = triangulate(pixels, cams, keypoint_axis=1, threshold=1e3)  # all views count
    sizes = np.abs(found.noise.rig_errors / np.repeat([rig_errors.TURN, rig_errors.SHIFT], 3)).max(axis=1)
    assert sizes.argmax() == 2
    assert np.delete(sizes, 2).max() < 0.25 * sizes[2]


@pytest.mark.parametrize("kind", ["independent", "slow", "of each keypoint in each view", "of one view"])
def test_errors_of_a_detector_are_no_errors_of_the_rig(kind):
    cams = mvtri.human36m_cameras("S9")
    for seed in range(4):
        _, pixels = session(20 + seed, cams, np.zeros((4, 6)))
        rng = np.random.default_rng(30 + seed)
        if kind == "slow":
            errors = np.cumsum(rng.normal(size=pixels.shape), axis=0)
        else:
            errors = 6.0 * rng.normal(size=(1, KEYPOINTS, 4, 2)) * np.ones((FRAMES, 1, 1, 1))
            errors = 0.0 * errors if kind == "independent" else errors
            errors[:, :, 1:] *= 0.0 if kind == "of one view" else 1.0
        found = triangulate(pixels + errors, cams, keypoint_axis=1)
        assert found.noise.rig_errors is None
        given = triangulate(pixels + errors, cams, keypoint_axis=1, options=AS_GIVEN)
        np.testing.assert_array_equal(found.points, given.points)


@pytest.mark.parametrize("seed", range(4))
def test_errors_that_near_keypoints_share_are_no_errors_of_the_rig(seed):
    cams = mvtri.human36m_cameras("S9")
    points, pixels = session(40 + seed, cams, np.zeros((4, 6)))
    apart = np.linalg.norm(points[0][:, None] - points[0], axis=-1)
    root = np.linalg.cholesky(np.exp(-((apart / 0.3) ** 2)) + 1e-6 * np.eye(KEYPOINTS))
    errors = 6.0 * np.einsum("kj,jci->kci", root, np.random.default_rng(seed).normal(size=(KEYPOINTS, 4, 2)))
    assert triangulate(pixels + errors, cams, keypoint_axis=1).noise.rig_errors is None


def test_halves_of_a_body_lie_along_its_longest_axis():
    body = np.array([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.1], [0.1, 0.0, 1.0], [-0.1, 0.1, 1.1]])
    points = (body + np.array([[[0.0, 0.0, 0.0]], [[3.0, 1.0, 0.0]]])).reshape(-1, 3)  # it walks
    found = rig_errors.halves(points, np.tile([0, 2, 5, 6], 2))
    assert found[0] == found[1] != found[2] == found[3]
    np.testing.assert_array_equal(found[:4], found[4:])


def test_keypoints_that_are_not_named_move_no_cameras():
    cams = mvtri.human36m_cameras("S9")
    _, pixels = session(42, cams, small_errors(np.random.default_rng(43), 4))
    assert triangulate(pixels, cams).noise.rig_errors is None


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_another_resolution_is_not_hidden_in_the_rig(scale):
    cams = mvtri.human36m_cameras("S9")
    _, pixels = session(44, cams, np.zeros((4, 6)))
    with pytest.warns(mvtri.plausibility.PlausibilityWarning, match="images of this size"):
        assert triangulate(scale * pixels, cams, keypoint_axis=1).noise.rig_errors is None


def test_two_cameras_few_points_given_noise_and_the_linear_transform_are_left_alone():
    cams = mvtri.human36m_cameras("S9")
    errors = small_errors(np.random.default_rng(50), 4)
    _, pixels = session(51, cams, errors)
    two = cams.subset(list(cams.names[:2]))
    assert triangulate(pixels[:, :, :2], two, keypoint_axis=1).noise.rig_errors is None
    assert triangulate(pixels[:4], cams, keypoint_axis=1).noise.rig_errors is None
    assert triangulate(pixels, cams, keypoint_axis=1, noise=2.0).noise.rig_errors is None
    linear = triangulate(pixels, cams, keypoint_axis=1, method="dlt")
    given = triangulate(pixels, cams, keypoint_axis=1, method="dlt", options=AS_GIVEN)
    np.testing.assert_array_equal(linear.points, given.points)
    assert linear.noise.rig_errors is None


def test_frames_one_by_one_are_those_of_the_recording():
    cams = mvtri.human36m_cameras("S9")
    _, pixels = session(60, cams, small_errors(np.random.default_rng(61), 4))
    found = triangulate(pixels, cams, keypoint_axis=1)
    assert found.noise.rig_errors is not None
    assert repr(found).endswith("; cameras displaced>")
    again = triangulate(pixels[:5], cams, keypoint_axis=1, noise=found.noise)
    np.testing.assert_array_equal(again.points, found.points[:5])
    np.testing.assert_array_equal(again.covariances, found.covariances[:5])
    one = FrameTriangulator(cams, KEYPOINTS, found.noise)
    for t in (0, FRAMES - 1):
        np.testing.assert_array_equal(one(pixels[t], frame=t).points, found.points[t])


def test_single_precision_stays_single_and_parts_add_up():
    cams = mvtri.human36m_cameras("S9")
    _, pixels = session(62, cams, small_errors(np.random.default_rng(63), 4))
    found = triangulate(pixels.astype(np.float32), cams, keypoint_axis=1)
    share, rig = found.noise.systematic_share, found.noise.rig_covariance
    for values in (found.points, found.random_covariances, found.random_sd, found.systematic_sd):
        assert values.dtype == np.float32
    expected = (1 - share) * (found.covariances - rig)
    np.testing.assert_allclose(found.random_covariances, expected, rtol=1e-5, atol=1e-11)  # rounding
    variances = np.diagonal(found.covariances, axis1=-2, axis2=-1)
    np.testing.assert_allclose(found.random_sd**2 + found.systematic_sd**2, variances, rtol=1e-5)
    np.testing.assert_allclose(found.random_sd**2, (1 - share) * (variances - np.diag(rig)), rtol=1e-5)


def test_views_without_points_stay_a_sentence_or_nothing():
    cams = ring(4)
    nothing = np.full((FRAMES, KEYPOINTS, 4, 2), np.nan)
    assert triangulate(nothing, cams, keypoint_axis=1).noise.rig_errors is None
    _, pixels = session(70, cams, small_errors(np.random.default_rng(71), 4))
    pixels[:, :, 3] = np.nan  # a camera that sees nothing stays where it is said to be
    found = triangulate(pixels, cams, keypoint_axis=1).noise.rig_errors
    np.testing.assert_array_equal(found[3], 0.0)


def test_many_cameras_are_corrected_whatever_the_number_of_keypoints():
    cams = ring(16)
    for keypoints in (12, 13, 25):
        rng = np.random.default_rng(80 + keypoints)
        points = walking_body(rng, keypoints=keypoints)
        pixels = cams.displaced(small_errors(rng, 16)).project(points)
        pixels += rng.normal(size=pixels.shape)
        assert triangulate(pixels, cams, keypoint_axis=1).noise.rig_errors is not None


@pytest.mark.parametrize("keypoints", [2, 7])
def test_few_keypoints_do_not_move_cameras(keypoints):
    cams = mvtri.human36m_cameras("S9")
    for seed in range(4):
        rng = np.random.default_rng(90 + seed)
        off = cams.displaced(small_errors(rng, 4))
        pixels = off.project(walking_body(rng, keypoints=keypoints, frames=150))
        pixels += rng.normal(size=pixels.shape)
        assert triangulate(pixels, cams, keypoint_axis=1).noise.rig_errors is None
