"""Rigs found from nothing but a person: poses, focal lengths, times, what is up and how large it is."""

import numpy as np
import pytest
from walkers_calib import CAMS, NAMES, distances, seen

from mvtri.calib.people import locate_cameras, rig_from_people
from mvtri.calib.people.nothing import guessed_cameras
from mvtri.calib.people.start import pair_of
from mvtri.calib.people.time_shifts import (
    cost_of_pair,
    epipolar_distances,
    find_shifts,
    fundamental_matrix,
    shifted,
)
from mvtri.errors import InputError
from mvtri.plausibility.body import stature_of
from mvtri.synthetic import walk_about

FRAMES = 250
SIZE = np.linalg.norm(CAMS.centers[:, None] - CAMS.centers, axis=-1).max()


@pytest.fixture(scope="module")
def walk():
    return walk_about(FRAMES, 0)


@pytest.fixture(scope="module")
def found(walk):
    focal = CAMS.matrices[:, 0, 0] * [1.15, 0.85, 1.1, 0.9]
    height = stature_of(walk, NAMES)
    return rig_from_people(
        seen(walk), CAMS.image_sizes, CAMS.names, focal=focal, keypoints=NAMES, height=height
    )


def test_the_poses_and_focal_lengths_are_found(found):
    turns, moves = distances(found.cameras)
    assert turns.max() < 1.0  # half a degree is the principal point, which is taken to be in the middle
    assert moves.max() < 0.02 * SIZE
    np.testing.assert_allclose(found.cameras.matrices[:, 0, 0], CAMS.matrices[:, 0, 0], rtol=0.03)
    assert found.cameras.names == CAMS.names
    assert found.residual < 4.0


def test_z_is_up_the_floor_is_at_0_and_lengths_are_metres(found, walk):
    np.testing.assert_allclose(found.cameras.centers[:, 2], CAMS.centers[:, 2], atol=0.1)
    down = found.cameras.rotations[:, 1] @ [0.0, 0.0, -1.0]
    np.testing.assert_allclose(down, CAMS.rotations[:, 1] @ [0.0, 0.0, -1.0], atol=0.03)
    size = np.linalg.norm(found.cameras.centers[:, None] - found.cameras.centers, axis=-1).max()
    assert size == pytest.approx(SIZE, rel=0.03)
    assert found.height == pytest.approx(stature_of(walk, NAMES))


def test_a_long_walk_is_sure_and_its_intervals_hold_the_focal_lengths(found):
    assert found.doubts == ()
    assert 1e-3 < found.focal_deviations.max() < 0.03
    errors = found.cameras.matrices[:, 0, 0] / CAMS.matrices[:, 0, 0] - 1.0
    assert (np.abs(errors) < 3.0 * found.focal_deviations).all()


def test_how_sure_places_are_is_said_in_the_unit_of_the_cameras(found):
    spread = np.sqrt(found.pose_covariance.diagonal().reshape(4, 6))
    unknowns = found.adjustment.unknowns.poses
    before = found.adjustment.standard_deviations[unknowns]
    np.testing.assert_allclose(spread[:, :3], before[:, :3])
    after, fitted = (
        np.linalg.norm(cams.centers[0] - cams.centers[2])
        for cams in (found.cameras, found.adjustment.cameras)
    )
    scale = after / fitted
    assert abs(np.log(scale)) > 0.1
    # turned axes keep the length of the three together
    lengths = [np.linalg.norm(part[:, 3:], axis=1) for part in (spread, before)]
    np.testing.assert_allclose(lengths[0], scale * lengths[1])


def test_a_second_of_walking_is_doubted_and_lenses_that_are_known_help():
    pixels = seen(walk_about(40, 0), constant=6.0)
    focal = CAMS.matrices[:, 0, 0]
    unsure = rig_from_people(pixels, CAMS.image_sizes, CAMS.names, focal=focal, keypoints=NAMES)
    assert unsure.focal_deviations.max() > 0.03
    (doubt,) = unsure.doubts
    for part in ("the focal length of", "is seen in 40 frames and keeps within", "--keep-lenses"):
        assert part in doubt.text
    kept = rig_from_people(pixels, CAMS.image_sizes, CAMS.names, lenses=CAMS, keypoints=NAMES)
    np.testing.assert_array_equal(kept.cameras.matrices, CAMS.matrices)
    assert not kept.focal_deviations.any()
    assert distances(kept.cameras)[1].max() < distances(unsure.cameras)[1].max()
    assert all("--keep-lenses" not in doubt.text for doubt in kept.doubts)


def test_lenses_of_other_cameras_are_refused(walk):
    with pytest.raises(InputError, match="lenses are of 4 cameras, and the recording is of 3"):
        rig_from_people(seen(walk[:20])[:, :, :3], CAMS.image_sizes[:3], lenses=CAMS)


def test_nothing_is_known_of_scale_and_up_without_names(walk):
    focal = CAMS.matrices[:3, 0, 0]
    three = rig_from_people(seen(walk[::8])[:, :, :3], CAMS.image_sizes[:3], focal=focal)
    assert np.isnan(three.height)
    assert three.cameras.names == ("cam1", "cam2", "cam3")


def test_late_cameras_are_found_without_any_calibration(walk):
    late = np.array([0.0, 4.0, -3.0, 2.5])
    pixels = shifted(seen(walk), -late)[8:-8]
    np.testing.assert_allclose(find_shifts(pixels, 12)[0], late, atol=1.0)
    assert cost_of_pair(pixels[:, :, 0], pixels[:, :, 1], 12).argmin() - 12 == 4
    rig = rig_from_people(
        pixels, CAMS.image_sizes, CAMS.names, focal=CAMS.matrices[:, 0, 0], keypoints=NAMES, reach=8
    )
    np.testing.assert_allclose(rig.shifts, late, atol=0.2)
    assert distances(rig.cameras)[1].max() < 0.02 * SIZE


def test_a_step_earlier_or_later_is_told_from_the_right_time(monkeypatch):
    """The step of a walk comes again after 50 frames; only poses of all cameras tell the two apart."""
    late = np.array([0.0, -5.0, 3.0, -15.0])
    pixels = shifted(seen(walk_about(420, 4)), -late)[60:-60]
    guesses = find_shifts(pixels, 52)
    assert min(np.abs(guess - late).max() for guess in guesses) < 1.0
    wrong = late + np.array([0.0, 50.0, 0.0, 50.0])
    monkeypatch.setattr("mvtri.calib.people.nothing.find_shifts", lambda *_: [wrong, late])
    found = rig_from_people(pixels, CAMS.image_sizes, focal=CAMS.matrices[:, 0, 0], reach=70)
    np.testing.assert_allclose(found.shifts, late, atol=0.3)


def test_shifting_reads_frames_later_and_leaves_out_what_was_not_filmed():
    pixels = np.arange(6.0)[:, None, None, None] * np.ones((1, 1, 2, 2))
    moved = shifted(pixels, np.array([0.0, 1.5]))
    np.testing.assert_array_equal(moved[:, 0, 0, 0], np.arange(6.0))
    np.testing.assert_array_equal(moved[:, 0, 1, 0], [1.5, 2.5, 3.5, 4.5, np.nan, np.nan])
    back = shifted(pixels, np.array([-1.0, 0.0]))[:, 0, 0, 0]
    np.testing.assert_array_equal(back, [np.nan, 0.0, 1.0, 2.0, 3.0, 4.0])


def test_the_fundamental_matrix_is_that_of_the_cameras(walk):
    plain = guessed_cameras(4, CAMS.image_sizes, CAMS.names, CAMS.matrices[:, 0, 0])
    plain = plain.__class__(
        names=CAMS.names, image_sizes=CAMS.image_sizes, matrices=plain.matrices,
        distortions=plain.distortions, rotations=CAMS.rotations, translations=CAMS.translations,
    )  # fmt: skip
    a, b = plain.project(walk[::20].reshape(-1, 3))[:, :2].transpose(1, 0, 2)
    F = fundamental_matrix(a, b)
    R = plain.rotations[1] @ plain.rotations[0].T
    t = plain.translations[1] - R @ plain.translations[0]
    cross = np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]])
    true = np.linalg.inv(plain.matrices[1]).T @ cross @ R @ np.linalg.inv(plain.matrices[0])
    scale = (F * true).sum() / (true * true).sum()
    np.testing.assert_allclose(F, scale * true, atol=1e-6 * np.abs(F).max())
    assert epipolar_distances(a, b).max() < 1e-6
    b[0] += 50.0
    assert epipolar_distances(a, b)[0] > 5.0


def test_a_camera_is_located_whatever_its_pose_was(walk):
    pixels = seen(walk[::4])
    lost = np.zeros((4, 6))
    lost[2] = 2.0, -1.0, 0.5, 5.0, 5.0, 5.0
    found = locate_cameras(pixels, CAMS.displaced(lost), [CAMS.names[2]])
    located = found.cameras
    turns, moves = distances(located)
    assert turns.max() < 0.1
    assert moves.max() < 0.01
    others = [0, 1, 3]
    np.testing.assert_array_equal(located.rotations[others], CAMS.rotations[others])
    np.testing.assert_array_equal(located.translations[others], CAMS.translations[others])
    assert found.moves[2] == pytest.approx(np.sqrt(75.0), abs=0.02)
    assert not found.moves[others].any()
    assert 0.005 < found.move_deviations[2] < 0.015
    assert moves[2] < 2.0 * found.move_deviations[2]
    assert found.errors[2] < 10.0 < found.errors_before[2]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(["there"], "there"), (list(CAMS.names[:3]), "mvtri calibrate rig")],
)
def test_cameras_that_cannot_be_located_are_refused(walk, names, sentence):
    with pytest.raises(InputError, match=sentence):
        locate_cameras(seen(walk[:20]), CAMS, names)


def test_a_camera_that_sees_another_person_is_not_located(walk):
    pixels = seen(walk[::8])
    pixels[:, :, 1] = np.random.default_rng(1).uniform(0, 1000, pixels[:, :, 1].shape)
    with pytest.raises(InputError, match="sees too little"):
        locate_cameras(pixels, CAMS, [CAMS.names[1]])


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.zeros((5, 3, 4, 2)) * np.nan, "no two cameras see enough"),
        (np.zeros((0, 3, 4, 2)), "no two cameras see enough"),
        (np.zeros((60, 5, 4, 2)), "no two cameras see enough"),
        (np.zeros((5, 3, 1, 2)), "two cameras or more"),
        (np.zeros((5, 3, 2)), "expected (T, K, C, 2)"),
    ],
)
def test_what_tells_nothing_is_refused(pixels, sentence):
    with pytest.raises(InputError) as refused:
        rig_from_people(pixels, (1000, 1000))
    assert sentence in str(refused.value)


def test_a_camera_that_sees_nobody_is_named(walk):
    pixels = seen(walk[::8])
    pixels[:, :, 2] = np.nan
    with pytest.raises(InputError, match=f"{CAMS.names[2]} shares fewer than 30 keypoints"):
        rig_from_people(pixels, CAMS.image_sizes, CAMS.names)


@pytest.mark.parametrize(
    ("sizes", "focal"), [(np.ones((2, 2)), None), (np.ones(3), None), ((1000, 1000), [900.0, 900.0])]
)
def test_sizes_and_focal_lengths_of_other_cameras_are_refused(sizes, focal):
    with pytest.raises(InputError, match="for 3 cameras"):
        guessed_cameras(3, sizes, None, focal)


def test_times_that_nothing_brings_together_are_refused(walk):
    pixels = np.random.default_rng(0).uniform(0, 1000, (60, 10, 3, 2))
    with pytest.raises(InputError, match="no shift of up to 5 frames"):
        rig_from_people(pixels, (1000, 1000), reach=5)


def test_two_cameras_at_one_place_are_no_pair():
    pixels = CAMS.project(walk_about(60, 1).reshape(-1, 3))
    same = np.repeat(pixels[:, :1], 2, axis=1)
    cams = guessed_cameras(2, CAMS.image_sizes[:2], None, CAMS.matrices[:2, 0, 0])
    found = pair_of(same, cams, 0, 1)
    assert found is None or found.support < 0.05 * len(pixels)
