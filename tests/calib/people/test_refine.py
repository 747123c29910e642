"""Cameras refined on people: displaced ones come back, sound ones stay, and doubts are named."""

import json
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri import CameraGroup, human36m_cameras
from mvtri.calib import read_pose_covariance, write_cameras
from mvtri.calib.bundle.align import align
from mvtri.calib.people import agreement, refine, refine_cameras, write_record
from mvtri.calib.people.agreement import left_out_errors, residual
from mvtri.calib.people.one_camera import displaced_alone
from mvtri.calib.people.recording import People
from mvtri.errors import InputError
from mvtri.plausibility import PlausibilityWarning
from mvtri.synthetic import Body, animate, random_motion
from mvtri.triangulation import triangulate

CAMS = human36m_cameras("S9")
FRAMES, KEYPOINTS = 80, 24


def walker(seed, frames=FRAMES):
    """Return keypoints (T, K, 3) of a person who moves about the room."""
    rng = np.random.default_rng(seed)
    points = animate(Body.sample(rng), random_motion(frames, rng)).keypoints[:, :KEYPOINTS]
    angle = np.linspace(0.0, 2.0 * np.pi, frames)
    points = points - points.mean(axis=1, keepdims=True) * [1.0, 1.0, 0.0]
    return points + np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)[:, None]


def detector_errors(rng, shape, constant=2.0, noise=3.0):
    """Errors that are constant for a keypoint in a view, that change, and one view in fifty that is wrong."""
    wrong = rng.random((*shape[:3], 1)) < 0.02
    return (
        rng.normal(0, constant, (1, *shape[1:]))
        + rng.normal(0, noise, shape)
        + wrong * rng.normal(0, 60, shape)
    )


def pixels_of(points, seed=0, **errors):
    pixels = CAMS.project(points)
    return pixels + detector_errors(np.random.default_rng(seed), pixels.shape, **errors)


def displaced(camera, degrees=3.0, metres=0.1, seed=3):
    axis, way = np.random.default_rng(seed).normal(size=(2, 3))
    errors = np.zeros((4, 6))
    errors[camera] = np.r_[
        np.radians(degrees) * axis / np.linalg.norm(axis), metres * way / np.linalg.norm(way)
    ]
    return CAMS.displaced(errors)


def distances(found):
    """Return turns, degrees, and distances, mm, from the true cameras, one laid over the other."""
    laid = align(found, CAMS, robust=False).cameras(found)
    turns = Rotation.from_matrix(laid.rotations @ CAMS.rotations.transpose(0, 2, 1)).magnitude()
    return np.degrees(turns), 1e3 * np.linalg.norm(laid.centers - CAMS.centers, axis=1)


@pytest.fixture(scope="module")
def refined():
    return refine_cameras(pixels_of(walker(0)), displaced(1), free="poses")


def test_a_displaced_camera_comes_back(refined):
    turns, moves = distances(refined.cameras)
    assert turns.max() < 0.15
    assert moves.max() < 10.0
    assert refined.chosen == "poses"


def test_where_one_camera_alone_is_displaced_the_others_stay():
    points = walker(4, 200)
    pixels = pixels_of(points, constant=1.0)
    found = refine_cameras(pixels, displaced(2), free="poses")
    assert found.chosen == "one camera"
    assert found.changed == (CAMS.names[2],)
    assert [choice.name for choice in found.choices] == ["one camera", "poses"]
    assert not np.array_equal(found.choices[0].errors, found.choices[1].errors)
    others = [0, 1, 3]
    np.testing.assert_array_equal(found.cameras.rotations[others], CAMS.rotations[others])
    np.testing.assert_array_equal(found.cameras.centers[others], CAMS.centers[others])
    error = np.linalg.norm(found.cameras.centers[2] - CAMS.centers[2])
    assert error < min(0.02, 3.0 * np.sqrt(3.0) * found.move_deviations[2])
    assert (found.move_deviations > 0.0).tolist() == [False, False, True, False]
    two = CAMS.displaced([[0] * 6, [0.04, 0, 0, 0.1, 0, 0], [0] * 6, [0, -0.04, 0, 0, 0.1, 0]])
    assert [choice.name for choice in refine_cameras(pixels, two, free="poses").choices] == ["poses"]


def test_all_poses_change_where_only_the_halves_say_that_one_camera_is_displaced(monkeypatch):
    answers = iter([2, 2, None])  # of the halves, and of all frames
    monkeypatch.setattr(refine, "displaced_alone", lambda found, given: next(answers))
    found = refine_cameras(pixels_of(walker(4), constant=1.0), displaced(2), free="poses")
    assert next(answers, "asked three times") == "asked three times"
    assert found.chosen == "poses"
    assert found.changed == tuple(CAMS.names)


def test_three_cameras_do_not_show_which_one_is_displaced():
    far = CAMS.displaced([[0] * 6, [0] * 6, [0.05, 0, 0, 0.1, 0, 0], [0] * 6])
    three = CAMS.names[:3]
    assert displaced_alone(far, CAMS) == 2
    assert displaced_alone(far.subset(three), CAMS.subset(three)) is None
    assert displaced_alone(CAMS.displaced(np.full((4, 6), 0.01)), CAMS) is None


def test_it_is_the_displaced_camera_that_moves(refined):
    assert refined.turns[1] == pytest.approx(3.0, abs=0.3)
    assert refined.moves[1] == pytest.approx(0.1, abs=0.02)
    assert np.delete(refined.turns, 1).max() < 0.3
    assert np.delete(refined.moves, 1).max() < 0.02


def test_errors_on_held_out_frames_fall(refined):
    assert refined.errors_before.mean() > 1.5 * refined.errors.mean()
    assert refined.residual_before > 1.5 * refined.residual
    assert refined.doubts == ()


def test_the_standard_deviations_hold_the_errors(refined):
    turns, moves = distances(refined.cameras)
    assert (turns < 4.0 * refined.turn_deviations).all()
    assert (moves < 4e3 * refined.move_deviations).all()
    assert refined.move_deviations.max() < 0.02


def test_left_out_errors_do_not_warn_of_what_three_cameras_look_like(monkeypatch):
    pixels = pixels_of(walker(1))
    expected = left_out_errors(pixels, CAMS)

    def warned(*given, **options):
        warnings.warn("the 2D does not belong to images of this size", PlausibilityWarning, stacklevel=2)
        return triangulate(*given, **options)

    monkeypatch.setattr(agreement, "triangulate", warned)
    np.testing.assert_array_equal(left_out_errors(pixels, CAMS), expected)


def test_a_short_recording_of_a_person_who_stays_frees_no_lenses_and_is_doubted():
    points = walker(3, 12)
    still = points[:1] + np.random.default_rng(0).normal(0.0, 0.02, points.shape)
    found = refine_cameras(pixels_of(still, noise=6.0), displaced(1))
    assert [choice.name for choice in found.choices if choice.name != "one camera"] == ["poses"]
    assert "the person keeps within 0." in next(d.text for d in found.doubts if d.kind == "near")


def test_sound_cameras_stay():
    found = refine_cameras(pixels_of(walker(1), constant=4.0), CAMS)
    assert found.chosen == "none"
    assert found.changed == ()
    assert len(found.adjustment.parameter_names) == 24  # of the poses, though lenses were tried
    assert found.cameras == CAMS
    assert max(found.turns.max(), found.moves.max()) < 1e-9


def test_a_focal_length_that_is_off_is_found():
    matrices = CAMS.matrices.copy()
    matrices[2, (0, 1), (0, 1)] *= 1.05
    kept = ("names", "image_sizes", "distortions", "rotations", "translations")
    wrong = CameraGroup(matrices=matrices, **{name: getattr(CAMS, name) for name in kept})
    found = refine_cameras(pixels_of(walker(2), constant=0.5, noise=1.0), wrong)
    assert found.chosen in ("focal", "lens")
    assert found.cameras.matrices[2, 0, 0] / CAMS.matrices[2, 0, 0] == pytest.approx(1.0, abs=0.01)


def test_2d_that_was_projected_is_doubted():
    found = refine_cameras(displaced(0).project(walker(3)), CAMS, free="poses")
    assert [doubt.kind for doubt in found.doubts] == ["projected"]
    assert found.residual < 1e-2  # a tiny residual proves nothing


def test_recordings_that_disagree_are_doubted():
    points = walker(4)
    there = pixels_of(points)
    elsewhere = displaced(2).project(points) + detector_errors(np.random.default_rng(5), there.shape)
    found = refine_cameras([there, elsewhere], CAMS, free="poses")
    assert "recordings" in [doubt.kind for doubt in found.doubts]
    together = refine_cameras([there, pixels_of(walker(6), seed=7)], displaced(2), free="poses")
    assert together.doubts == ()


def test_a_recording_that_says_little_is_doubted():
    points = walker(8)
    still = np.repeat(points[:1], FRAMES, axis=0)[:, :6]  # six keypoints that do not move
    found = refine_cameras(pixels_of(still, constant=4.0), displaced(1), free="poses")
    assert "unsure" in [doubt.kind for doubt in found.doubts]


def test_the_errors_of_a_left_out_camera_are_about_its_own_pixels():
    points = walker(9, 30)
    pixels = CAMS.project(points)
    pixels[:, :, 1, 0] += 5.0
    errors = left_out_errors(pixels, CAMS)
    assert errors[1] == pytest.approx(5.0, rel=1e-6)
    assert residual(CAMS.project(points), CAMS) < 1e-6
    two = CAMS.subset(list(CAMS.names[:2]))
    assert left_out_errors(two.project(points), two).max() < 1e-6


def test_the_halves_share_no_frame():
    people = People.read([np.zeros((31, 5, 4, 2)), np.ones((20, 5, 4, 2))], 4)
    first, second = people.halves()
    assert len(first.pixels) + len(second.pixels) == 51
    assert set(first.stretch) & set(second.stretch) == set()
    assert set(first.recording) == set(second.recording) == {0, 1}
    assert len(People.read([np.zeros((900, 5, 4, 2))], 4, most=100).pixels) == 100


def test_the_record_can_be_read(refined, tmp_path):
    write_cameras(tmp_path / "rig.toml", refined.cameras)
    write_record(tmp_path / "rig.toml", refined)
    read = json.loads((tmp_path / "rig.json").read_text(encoding="utf-8"))
    assert read["chosen"] == "poses"
    assert np.shape(read["covariance"]) == (24, 24)
    assert read_pose_covariance(tmp_path / "rig.toml", CAMS.names).shape == (24, 24)
    assert read["cameras"][CAMS.names[1]]["turned_degrees"] == pytest.approx(refined.turns[1])


@pytest.mark.parametrize(
    ("recordings", "options", "sentence"),
    [
        (np.zeros((10, 5, 3, 2)), {}, "expected (T, K, 4, 2)"),
        ([], {}, "no recording was given"),
        ([np.zeros((10, 5, 4, 2)), np.zeros((10, 6, 4, 2))], {}, "the same model"),
        (np.full((40, 5, 4, 2), np.nan), {}, "give a longer recording"),
        (np.zeros((0, 5, 4, 2)), {}, "give a longer recording"),
        (np.zeros((40, 5, 4, 2)), {"free": "all"}, "expected 'auto', 'poses', 'focal', 'lens'"),
    ],
)
def test_what_cannot_be_used_is_refused(recordings, options, sentence):
    with pytest.raises(InputError) as refused:
        refine_cameras(recordings, CAMS, **options)
    assert sentence in str(refused.value)


def test_one_keypoint_is_enough():
    found = refine_cameras(pixels_of(walker(11, 200))[:, :1], CAMS, free="poses")
    assert np.isfinite(found.adjustment.covariance).all()


def test_the_lens_of_a_tilted_sensor_stays():
    kept = ("names", "image_sizes", "matrices", "rotations", "translations")
    lenses = [np.zeros(14) for _ in CAMS.names]
    lenses[2][12] = 0.01
    tilted = CameraGroup(distortions=lenses, **{name: getattr(CAMS, name) for name in kept})
    pixels = tilted.project(walker(12)[:, :8]) + np.random.default_rng(0).normal(0, 2, (FRAMES, 8, 4, 2))
    assert [choice.name for choice in refine_cameras(pixels, tilted).choices] == ["poses", "focal"]
    with pytest.raises(InputError, match="let the poses or focal lengths change instead"):
        refine_cameras(pixels, tilted, free="lens")


def test_one_camera_is_refused():
    with pytest.raises(InputError, match="two or more see them"):
        refine_cameras(np.zeros((40, 5, 1, 2)), CAMS.subset([CAMS.names[0]]))


def test_a_camera_that_sees_nothing_is_named():
    pixels = pixels_of(walker(10))
    pixels[:, :, 3] = np.nan
    with pytest.raises(InputError, match=f"{CAMS.names[3]} sees nothing"):
        refine_cameras(pixels, CAMS)
