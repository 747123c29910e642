"""Offsets of cameras in time, found from keypoints whose offsets are known."""

import numpy as np
import pytest
from late_cameras import late_detections, late_views
from sessions_verdicts import changed, rig, turned

from mvtri.errors import InputError
from mvtri.synchronisation import find, find_offsets
from mvtri.synchronisation.find import offsets_of_points
from mvtri.synchronisation.fine import VELOCITY_NOISE, _project_out, _without_noise
from mvtri.synchronisation.result import TimeOffsets


@pytest.fixture(scope="module")
def cams():
    return rig()


def test_offsets_are_found_to_a_fraction_of_a_frame(cams):
    true = np.array([0.0, 9.7, -3.4, 0.3])
    found = find_offsets(late_detections(cams, late_views(cams, true, 450)), cams)
    np.testing.assert_allclose(found.frames, true, atol=0.1)
    assert (np.abs(found.frames - true) <= 4 * found.sd + 1e-9).all()
    assert (found.sd[1:] < 0.1).all()
    assert found.known.all()
    assert list(found.significant) == [False, True, True, True]
    assert found.period == pytest.approx(0.02)
    late, early, _ = found.sentences()
    assert (
        f"{cams.names[1]} shows each moment {found.frames[1]:.2f} frames ({20 * found.frames[1]:.0f} ms)"
        in late
    )
    assert "later than" in late
    assert " ms)" in late
    assert "earlier than" in early


def test_standard_deviations_are_those_of_the_errors(cams):
    true = np.zeros(4)
    found = [
        find_offsets(late_detections(cams, late_views(cams, true, 250, seed)), cams, reach=0)
        for seed in range(8)
    ]
    scaled = np.array([each.frames[1:] / each.sd[1:] for each in found])
    assert 0.5 < np.sqrt(np.mean(scaled**2)) < 2.0
    assert not any(each.sentences() for each in found)


def test_an_offset_of_whole_frames_needs_less_to_be_sure():
    nothing = np.zeros(4)
    sd = np.array([0.0, 0.36, 0.13, 0.04])
    found = TimeOffsets(
        tuple("abcd"), np.array([0.0, 4.0, 0.9, 0.6]), sd, nothing, nothing + 1.0, 5, 0.02, 0.0
    )
    assert list(found.significant) == [False, True, False, True]


def test_a_camera_is_known_where_noise_is_most_of_what_moves_but_not_all():
    noise = np.array([0.0, 0.1, 0.5, 0.75, 0.9]) / VELOCITY_NOISE
    growth = np.diag(_without_noise(np.ones(5), noise))
    np.testing.assert_allclose(growth, [1.0, 1.0 / 0.9**2, 4.0, 16.0, np.inf])


def test_a_displaced_camera_is_not_taken_for_a_late_one(cams):
    displaced = turned(cams, 2, 4.0, (0.0, 1.0, 0.0))
    found = find_offsets(late_detections(cams, late_views(cams, np.zeros(4))), displaced)
    assert not found.significant.any()


def test_a_wrong_scale_of_the_world_does_not_matter(cams):
    true = np.array([0.0, 2.5, 0.0, -1.5])
    scaled = changed(cams, translations=1000 * cams.translations)
    found = find_offsets(late_detections(cams, late_views(cams, true)), scaled, reach=5)
    np.testing.assert_allclose(found.frames, true, atol=0.1)


def test_two_cameras_are_enough(cams):
    two = cams.subset(cams.names[:2])
    found = find_offsets(late_detections(two, late_views(two, np.array([0.0, 4.2]))), two, reach=10)
    assert found.frames[1] == pytest.approx(4.2, abs=4 * found.sd[1])
    assert found.sd[1] < 0.12


def test_a_camera_of_another_rate_drifts(cams):
    views = late_views(cams, np.array([0.0, 2.0, 0.0, 0.0]), frames=3200, drift=1e-3)
    found = find_offsets(late_detections(cams, views), cams, reach=8)
    assert found.drift[1] == pytest.approx(1e-3, rel=0.1)
    assert list(found.drifting) == [False, True, False, False]
    assert found.frames[1] == pytest.approx(2.0, abs=0.1)
    assert "grows by" in found.sentences()[0]
    at = found.at(np.array([0.0, 3199.0]), 1599.5)
    np.testing.assert_allclose(at[:, 1], [0.4, 3.6], atol=0.2)
    np.testing.assert_array_equal(at[:, 0], 0.0)


def test_frames_that_are_lost_do_not_shift_the_rest(cams):
    true = np.array([0.0, 3.3, 0.0, 0.0])
    views = late_views(cams, true, frames=320)
    kept = np.r_[0:100, 120:320]
    detections = late_detections(cams, views[kept], times=kept / 50.0)
    np.testing.assert_allclose(find_offsets(detections, cams, reach=6).frames, true, atol=0.12)


def test_who_does_not_move_tells_nothing(cams):
    views = np.repeat(late_views(cams, np.zeros(4), frames=20, noise=0.0)[:1], 200, axis=0)
    views += np.random.default_rng(1).normal(0.0, 1.0, views.shape)
    found = find_offsets(late_detections(cams, views), cams)
    assert not found.known[1:].any()
    assert found.sentences() == []


@pytest.mark.parametrize("frames", [1, 10, 25])
def test_few_frames_tell_nothing(cams, frames):
    found = find_offsets(late_detections(cams, late_views(cams, np.zeros(4), frames=frames)), cams)
    assert not found.known.any()
    assert np.isnan(found.frames).all()


@pytest.mark.parametrize(("cameras", "frames"), [(2, 23), (4, 39)])
def test_from_too_few_frames_the_work_would_not_tell_more(cams, monkeypatch, cameras, frames):
    """Fewer blocks of frames than cameras: no interval follows, so nothing is loaded or filtered."""
    some = cams.subset(cams.names[:cameras])
    views = late_views(some, np.array([0.0, 2.0, 0.0, 0.0])[:cameras], frames)
    points = (views, some, np.arange(frames) / 50.0, True, 5)
    with monkeypatch.context() as patch:
        patch.setattr(find, "smooth_signals", None)  # would raise
        quick = offsets_of_points(*points)
    monkeypatch.setattr(find, "fewest_frames", lambda cameras: 0)
    for found in (quick, offsets_of_points(*points)):
        assert np.isnan(found.frames).all()
        assert np.isnan(found.sd).all()
        assert found.sentences() == []
    monkeypatch.undo()
    views = late_views(some, np.array([0.0, 2.0, 0.0, 0.0])[:cameras], frames + 9)
    assert offsets_of_points(views, some, np.arange(frames + 9) / 50.0, True, 5).known.any()


def test_a_camera_that_sees_nobody_is_not_known_and_the_others_are(cams):
    views = late_views(cams, np.array([0.0, 2.2, 0.0, -1.1]))
    views[:, :, 2] = np.nan
    found = find_offsets(late_detections(cams, views), cams, reach=5)
    assert list(found.known) == [True, True, False, True]
    np.testing.assert_allclose(found.frames[[0, 1, 3]], [0.0, 2.2, -1.1], atol=0.15)


def test_without_a_clock_offsets_are_frames_alone(cams):
    detections = late_detections(cams, late_views(cams, np.array([0.0, 2.0, 0.0, 0.0])), fps=None)
    found = find_offsets(detections, cams, reach=4)
    assert np.isnan(found.period)
    assert " ms" not in found.sentences()[0]


@pytest.mark.parametrize("reach", [-1, 1.5])
def test_a_reach_that_makes_no_sense_is_refused(cams, reach):
    with pytest.raises(InputError, match="expected a whole number of frames"):
        find_offsets(late_detections(cams, late_views(cams, np.zeros(4), frames=20)), cams, reach=reach)


def test_points_in_the_plane_of_a_camera_are_no_error(cams):
    sideways = np.random.default_rng(0).normal(size=(500, 2)) @ cams.rotations[0][:2]
    points, pixels = (cams.centers[0] + sideways)[None], np.zeros((1, 500, 4, 2))
    views = _project_out(cams, points, pixels, pixels, np.ones((1, 500, 4, 1)), np.ones((1, 500), bool))
    assert np.isfinite(views.residuals).all()
