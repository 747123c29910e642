"""`audit_cameras`: faults that only time, lenses or all cameras together show, and sound sessions."""

from dataclasses import replace

import numpy as np
import pytest
from rigs_triangulation import ring
from sessions_verdicts import NAMES, changed, detected, person, rig, turned

from mvtri.diagnostics import audit_cameras
from mvtri.diagnostics.displacement import Views, locate, residuals
from mvtri.diagnostics.hypotheses import fit
from mvtri.diagnostics.lens_faults import FITTED, OFF, SOUND, _agree, _compare, _with, lens_noticed_from
from mvtri.diagnostics.moved_meanwhile import _best_step, _levels, _mean, _where_most_see, find_move
from mvtri.diagnostics.situation import assess
from mvtri.errors import InputError
from mvtri.plausibility.views import poses_of, spread_of_views

CAMS = rig()
PEOPLE = person(30)
SEEN = detected(PEOPLE, CAMS)


def kinds(cams, points2d, **more):
    return [finding.kind for finding in audit_cameras(cams, points2d, keypoints=NAMES, **more).findings]


def test_a_sound_session():
    found = audit_cameras(CAMS, SEEN, keypoints=NAMES)
    assert (found.sound, found.findings) == (True, ())
    assert found.evidence.conclusion == "agree"
    error = np.linalg.norm(found.points - PEOPLE, axis=-1)
    assert np.nanmedian(error) < 0.05


def test_a_calibration_alone():
    assert audit_cameras(CAMS) == audit_cameras(CAMS)
    assert audit_cameras(CAMS).sound
    far = changed(CAMS, translations=1000.0 * np.asarray(CAMS.translations))
    assert not audit_cameras(far).sound


def test_a_displaced_camera_and_a_named_convention():
    (found,) = audit_cameras(turned(CAMS, 1, 6.0), SEEN, keypoints=NAMES).findings
    assert (found.kind, found.cameras) == ("camera", (CAMS.names[1],))
    transposed = changed(CAMS, rotations=CAMS.rotations.transpose(0, 2, 1))
    assert kinds(transposed, SEEN) == ["inverted"]


@pytest.mark.parametrize("before", [True, False])
def test_a_camera_that_was_moved_part_way(before):
    moved = detected(PEOPLE, turned(CAMS, 2, 5.0))
    part = slice(15, None) if before else slice(None, 15)
    points2d = SEEN.copy()
    points2d[part, :, 2] = moved[part, :, 2]
    (found,) = audit_cameras(CAMS, points2d, keypoints=NAMES, times=np.arange(30) / 50).findings
    assert (found.kind, found.cameras) == ("moved_meanwhile", (CAMS.names[2],))
    assert "at 0.30 s" in found.text
    assert f"{'before' if before else 'after'} that the views agree" in found.text


def test_frames_that_fewer_cameras_see_are_no_step():
    """Taking a camera's lateness out leaves frames at the end without it, and fewer views agree better."""
    points2d = detected(np.concatenate([PEOPLE, PEOPLE]), turned(CAMS, 2, 2.0))  # off from first to last
    points2d[50:, :, 2] = np.nan
    levels = _levels(CAMS.undistort(points2d), poses_of(CAMS))
    start, before, after = _best_step(_mean(levels))
    assert (start, before > 1.6 * after) == (50, True)
    assert np.isnan(_where_most_see(levels)[50:]).all()
    assert np.isfinite(_where_most_see(levels)[:50]).all()
    assert find_move(points2d, CAMS) is None


def test_two_cameras_that_moved_at_once_accuse_neither():
    """Without the one that moved most, the views are still far from what they were."""
    both = detected(PEOPLE, turned(turned(CAMS, 2, 10.0), 1, 3.0))
    points2d = SEEN.copy()
    points2d[15:] = both[15:]
    assert find_move(points2d, CAMS) is None


def test_one_of_eight_cameras_that_was_moved_is_found_though_it_changes_the_mean_by_little():
    eight = ring(8)
    after = turned(eight, 6, 10.0, eight.rotations[6, 2])  # about its optical axis
    points2d, moved = (detected(PEOPLE, each, bias=6.0) for each in (eight, after))
    points2d[15:, :, 6] = moved[15:, :, 6]
    levels = _levels(eight.undistort(points2d), poses_of(eight))
    assert _best_step(_mean(levels)) is None
    found = find_move(points2d, eight)
    assert (found.camera, found.start, found.before) == (6, 15, True)


@pytest.mark.parametrize("hidden", [(2, 3), (0, 1), (1, 3)])
def test_a_person_whom_two_cameras_see_to_the_end_accuses_none_of_having_moved(hidden):
    """Two views agree better than four, and without one of the two nothing is known."""
    points2d = SEEN.copy()
    points2d[15:, :, hidden] = np.nan
    assert find_move(points2d, CAMS) is None
    assert "moved_meanwhile" not in kinds(CAMS, points2d)


def test_a_calibration_of_another_session():
    rng = np.random.default_rng(1)
    errors = np.concatenate([rng.normal(0, 0.12, (4, 3)), rng.normal(0, 0.4, (4, 3))], axis=1)
    assert kinds(CAMS.displaced(errors), SEEN) == ["stale"]


def wide(cams, k1, model="opencv"):
    matrices = np.array(cams.matrices)
    matrices[:, [0, 1], [0, 1]] = 550.0
    return changed(cams, matrices=matrices, distortions=[np.array([k1, 0, 0, 0])] * 4, models=[model] * 4)


@pytest.mark.parametrize(
    ("true", "given", "kind"),
    [
        (wide(CAMS, 0.0), wide(CAMS, -0.3), "lens_twice"),
        (wide(CAMS, -0.3), wide(CAMS, 0.0), "lens_missing"),
        (wide(CAMS, -0.3), wide(CAMS, -0.3, "fisheye"), "lens_model"),
    ],
)
def test_lenses(true, given, kind):
    walk = np.linspace(-1.8, 1.8, 30)[:, None, None] * np.array([0.8, 0.6, 0.0])
    points2d = true.project(PEOPLE + walk) + np.random.default_rng(0).normal(0, 1.0, SEEN.shape)
    found = [finding.kind for finding in audit_cameras(given, points2d).findings if finding.level == "bad"]
    assert found == [kind]
    assert audit_cameras(true, points2d).sound


def test_how_well_lenses_agree_is_compared_in_pixels_of_the_image():
    """Undistorted, all errors are larger: the true lens would look worse than none."""
    true, none = wide(CAMS, -0.3), wide(CAMS, 0.0)
    walk = np.linspace(-1.8, 1.8, 30)[:, None, None] * np.array([0.8, 0.6, 0.0])
    points2d = detected(PEOPLE + walk, true, bias=10.0)
    assert spread_of_views(points2d, true) > 1.02 * spread_of_views(points2d, none)
    assert _agree(points2d, none, true)
    few = detected(PEOPLE + walk, true, bias=2.0)
    assert not _agree(few, true, wide(CAMS, 0.3))


@pytest.mark.parametrize("model", ["opencv", "fisheye"])
def test_errors_through_a_lens_are_pixels_of_the_image(model):
    cams = wide(CAMS, -0.3, model)
    pixels = cams.project(PEOPLE)
    situation, _ = assess(pixels + np.random.default_rng(0).normal(0, 1.0, pixels.shape), CAMS)
    pixels = pixels[:: len(PEOPLE) // 2]  # a few frames are enough
    views = Views(CAMS.undistort(pixels), np.ones(pixels.shape[:3], bool))
    found = _with(replace(situation, views=views), pixels, cams)
    step = np.array([0.03, -0.02])
    differences = cams.undistort(pixels + step) - found.views.normalised
    through = found.views.in_pixels(differences[..., None], found.poses)[..., 0]
    np.testing.assert_allclose(through, np.broadcast_to(step, through.shape), atol=1e-5)
    error = residuals(found.views, locate(found.views, found.poses), found.poses)
    assert np.abs(error).max() < 0.01  # the lens is right, so rays meet


@pytest.mark.parametrize("k1", [0.0, -0.2])
def test_lens_errors_that_are_noticed(k1):
    given, gains = wide(CAMS, k1), []
    walk = np.linspace(-1.8, 1.8, 30)[:, None, None] * np.array([0.8, 0.6, 0.0])
    for seed in range(6):
        errors = detected(PEOPLE + walk, given, seed) - given.project(PEOPLE + walk)
        noticed = lens_noticed_from(assess(given.project(PEOPLE + walk) + errors, given), given)
        clean = given.project(PEOPLE + walk)
        moved = np.linalg.norm(wide(CAMS, k1 + 0.05).distort(given.undistort(clean)) - clean, axis=-1)
        true = wide(CAMS, k1 - 0.05 * noticed / np.quantile(moved, 0.9))
        seen = true.project(PEOPLE + walk) + errors
        situation, _ = assess(seen, given)
        pixels = given.distort(situation.views.normalised)
        right, wrong = (fit(_with(situation, pixels, each), SOUND).evidence for each in (true, given))
        gains.append(right - wrong)
    assert 0.7 < np.mean(gains) / (OFF + (FITTED if k1 == 0.0 else 0.0)) < 1.4


def test_a_lens_that_is_right_is_not_exchanged_for_one_that_shrinks_errors():
    cams = wide(CAMS, -0.2)
    few = np.random.default_rng(1).normal(0, 1.0, (120, *SEEN.shape[1:]))
    points2d = cams.project(person(120)) + few
    assert _compare(assess(points2d, cams, 64), cams, ()).gain < 1.0


@pytest.mark.parametrize("camera", [1, 2])
def test_a_camera_that_has_the_person_behind_it(camera):
    translations = np.array(CAMS.translations)
    translations[camera] *= -1.0
    (finding,) = audit_cameras(changed(CAMS, translations=translations), SEEN, keypoints=NAMES).findings
    assert (finding.kind, finding.level, finding.cameras) == ("camera", "bad", (CAMS.names[camera],))
    assert "behind camera" in finding.text


def test_the_body_is_measured_without_the_accused_camera():
    translations = np.array(CAMS.translations)
    translations[2] *= 3.0
    audit = audit_cameras(changed(CAMS, translations=translations), SEEN, keypoints=NAMES)
    assert audit.evidence.accused == 2
    assert np.nanmedian(np.linalg.norm(audit.points - PEOPLE, axis=-1)) < 0.05


def test_a_camera_metres_off_is_no_lens():
    translations = np.array(CAMS.translations)
    translations[3] *= 5.0
    assert "lens_model" not in kinds(changed(CAMS, translations=translations), SEEN)


def test_shapes_are_checked():
    with pytest.raises(InputError, match=r"expected \(T, K, 4, 2\)"):
        audit_cameras(CAMS, SEEN[:, :, :3])
