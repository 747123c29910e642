"""What the numbers of a report are, and when they become a warning."""

import dataclasses
import json

import numpy as np
import pytest
from report_scene import scene

from mvtri.diagnostics import camera_summaries, coverage, read_recording, verdicts
from mvtri.diagnostics.recording import find_links
from mvtri.plausibility import Finding
from mvtri.report.html.markup import cell, table
from mvtri.skeletons import get_skeleton
from mvtri.tracks import Status, make_tracks, provenance_of

CAMERAS = ["a", "b", "c", "d"]
COCO = list(get_skeleton("coco17").keypoints)
DIAGONAL = dict.fromkeys(CAMERAS, 1000.0)


def tracks_with(residual, score=None, inlier=None, lost=None):
    """Tracks of 10 frames and 17 keypoints whose residual in each camera is given, px."""
    shape = (10, 1, 17)
    position = np.zeros((*shape, 3))
    position[lost if lost is not None else np.zeros(shape, bool)] = np.nan
    views = np.broadcast_to(np.asarray(residual, float), (*shape, 4)).copy()
    return make_tracks(
        position,
        keypoints=get_skeleton("coco17").keypoints,
        cameras=CAMERAS,
        residuals=views,
        confidence_2d=np.ones(views.shape) if score is None else score,
        inliers=np.ones(views.shape, bool) if inlier is None else inlier,
    )


def lines(tracks, diagonals=DIAGONAL):
    recording = read_recording(tracks)
    return verdicts(recording, camera_summaries(recording, diagonals))


@pytest.mark.parametrize(
    ("residual", "level", "words"),
    [
        (4.9, "good", "Cameras and detections agree"),
        (5.1, "check", "agree only roughly"),
        (9.9, "check", "agree only roughly"),
        (10.1, "bad", "Either the calibration is wrong"),
    ],
)
def test_agreement_is_judged_by_the_share_of_the_diagonal(residual, level, words):
    (line,) = lines(tracks_with([residual] * 4))
    assert line.level == level
    assert words in line.text
    assert f"{residual:.2f} px" in line.text


def test_cameras_that_agree_only_after_a_correction_are_not_good():
    errors = np.zeros((4, 6))
    errors[1, 0], errors[2, 5] = np.radians(0.5), 0.008
    recording = dataclasses.replace(read_recording(tracks_with([1.0] * 4)), rig_errors=errors)
    (line,) = verdicts(recording, camera_summaries(recording, DIAGONAL))
    assert line.level == "check"
    words = "with cameras that mvtri turned by up to 0.5 degrees and moved by up to 8 mm"
    assert f"1.00 px, 0.10 % of the image diagonal {words} (up to 0.5 % is good)" in line.text
    rough = dataclasses.replace(read_recording(tracks_with([8.0] * 4)), rig_errors=errors)
    assert words in verdicts(rough, camera_summaries(rough, DIAGONAL))[0].text


@pytest.mark.parametrize(
    ("recorded", "read"),
    [
        ([[0.0] * 5 + [0.01]] * 4, True),
        (None, False),
        ("none", False),
        ([[0.0] * 6] * 3, False),
        ([[0.0] * 5] * 4, False),
        ([["a"] * 6] * 4, False),
        ([[float("nan")] * 6] * 4, False),
    ],
)
def test_errors_of_the_rig_are_read_from_provenance_if_they_are_such(recorded, read):
    tracks = tracks_with([1.0] * 4)
    record = provenance_of(tracks) | {"reconstruct": {"noise": {"rig_errors": recorded}}}
    tracks = tracks.assign_attrs(provenance=json.dumps(record))
    assert (read_recording(tracks).rig_errors is not None) is read


def test_one_camera_with_larger_errors_is_named_but_not_accused_without_its_2d():
    first, second = lines(tracks_with([3.0, 3.0, 3.0, 30.0]))
    assert first.level == "check"
    assert second.level == "check"
    assert "Camera d has larger errors than the others" in second.text
    assert "cannot say whether this camera, another one or the detector is the cause" in second.text
    assert "is 30.0 px, more than 2 times the 3.0 px of the other cameras" in second.text


def test_several_cameras_that_are_off_have_a_verdict_each():
    found = [line.text for line in lines(tracks_with([3.0, 20.0, 3.0, 30.0]))[1:3]]
    assert "Camera b" in found[0]
    assert "is 20.0 px, more than 2 times the 3.0 px" in found[0]
    assert "Camera d" in found[1]
    assert "is 30.0 px" in found[1]


def test_a_camera_with_small_errors_is_not_off_though_others_are_smaller():
    assert [line.level for line in lines(tracks_with([0.1, 0.1, 0.1, 1.0]))] == ["good"]


def test_a_camera_whose_views_are_rejected_is_off_at_smaller_errors():
    inlier = np.ones((10, 1, 17, 4), bool)
    inlier[:3, ..., 3] = False
    assert "30 % of its views were rejected" in lines(tracks_with([1, 1, 1, 4.0], inlier=inlier))[1].text


def test_many_rejected_views_are_worth_a_look():
    inlier = np.ones((10, 1, 17, 4), bool)
    inlier[:3] = False
    assert (
        "30 % of the views with a score of 0.3 or more were rejected"
        in lines(tracks_with([1.0] * 4, inlier=inlier))[1].text
    )


def test_low_coverage_is_reported_with_its_most_common_reason():
    lost = np.zeros((10, 1, 17), bool)
    lost[:2] = True
    tracks = tracks_with([1.0] * 4, lost=lost)
    tracks["status"][:2] = Status.NO_CONSENSUS
    line = lines(tracks)[-1]
    assert line.level == "check"
    assert (
        "Only 80.0 % of all keypoints have a 3D point (below 90 % is suspicious); "
        "the most common reason: views do not agree" in line.text
    )


def test_a_keypoint_that_disagrees_in_one_camera_is_named():
    residual = np.ones((10, 1, 17, 4))
    residual[:, :, COCO.index("left_wrist"), 2] = 12.0
    first, second = lines(tracks_with(residual))
    assert first.level == "good"
    assert second.level == "check"
    assert "by more than 1 % of the image diagonal: left_wrist in camera c." in second.text
    residual[:, :, :3, 0] = 12.0
    assert "left_eye in camera a, right_eye in camera a and 1 more." in lines(tracks_with(residual))[1].text


@pytest.mark.parametrize("seen", [True, False])
def test_a_camera_that_contributes_nothing_is_named(seen):
    score, inlier = np.ones((10, 1, 17, 4)), np.ones((10, 1, 17, 4), bool)
    inlier[..., 1] = False
    score[..., 1] = seen
    residual = [3.0, 300.0 if seen else np.nan, 3.0, 3.0]
    first, second, *_ = lines(tracks_with(residual, score, inlier))
    assert first.level == "check"
    assert "but not all cameras do" in first.text
    assert second.level == "bad"
    views = "170" if seen else "0"
    assert (
        f"Camera b contributes almost nothing: mvtri used 0 of its {views} views with a score of 0.3 or "
        "more, but 170 views of each other camera." in second.text
    )


def test_a_camera_that_sees_part_of_the_recording_contributes():
    inlier = np.ones((10, 1, 17, 4), bool)
    inlier[1:, ..., 1] = False
    score = inlier.astype(float)
    assert [line.level for line in lines(tracks_with([3.0] * 4, score, inlier))] == ["good"]


@pytest.mark.parametrize(
    ("stretched", "wrong"), [((), False), (("left_wrist",), False), (("left_wrist", "left_knee"), True)]
)
def test_limbs_of_two_lengths_raise_the_question_of_the_skeleton(stretched, wrong):
    position = np.zeros((10, 1, 17, 3))
    for joint, height in {"shoulder": 1.4, "elbow": 1.1, "wrist": 0.85, "hip": 0.9, "knee": 0.5}.items():
        for side, x in (("left", 0.2), ("right", -0.2)):
            position[..., COCO.index(f"{side}_{joint}"), :] = (x, 0, height)
    for name in stretched:
        position[..., COCO.index(name), 2] -= 0.16
    position[0, 0, COCO.index("right_wrist"), 2] = 9.0  # one frame is not the median
    found = [
        line
        for line in lines(make_tracks(position, keypoints=COCO, skeleton="coco17"))
        if "coco17" in line.text
    ]
    assert [line.level for line in found] == (["bad"] if wrong else [])
    if wrong:
        assert (
            "differ in length by more than 25 %: forearm 0.41 and 0.25 m, thigh 0.56 and 0.40 m"
            in found[0].text
        )


@pytest.mark.parametrize(("stretched", "first"), [(0.0, "board_size"), (0.16, "")])
def test_limbs_that_hint_at_the_skeleton_come_before_the_size(stretched, first):
    position = np.zeros((10, 1, 17, 3))
    for joint, height in {"shoulder": 1.4, "elbow": 1.1, "wrist": 0.85, "hip": 0.9, "knee": 0.5}.items():
        for side, x in (("left", 0.2), ("right", -0.2)):
            position[..., COCO.index(f"{side}_{joint}"), :] = (x, 0, height)
    for name in ("left_wrist", "left_knee"):
        position[..., COCO.index(name), 2] -= stretched
    recording = read_recording(make_tracks(position, keypoints=COCO, skeleton="coco17"))
    size = Finding("board_size", "bad", "By the lengths of the limbs, the person is 3.1 m tall.")
    found = [line for line in verdicts(recording, [], findings=[size])[1:] if line.level == "bad"]
    assert found[0].kind == first
    assert [line.text for line in found].count(size.text) == 1


def test_the_notes_of_tracks_are_verdicts():
    tracks = tracks_with([1.0] * 4)
    tracks.attrs["provenance"] = '{"reconstruct": {"notes": ["The detector knows nobody."]}}'
    assert [line.text for line in lines(tracks)][1] == "The detector knows nobody."


@pytest.mark.parametrize(("jumps", "level"), [(0, None), (1, "check"), (9, "bad")])
def test_jumps_that_no_limb_makes_are_reported(jumps, level):
    position = np.zeros((100, 1, 17, 3))
    for jump in range(jumps):
        position[10 + 10 * jump, 0, COCO.index("left_wrist"), 0] = 0.45  # and back: 22.5 m/s
    tracks = make_tracks(position, keypoints=COCO, fps=50.0)
    found = [line for line in lines(tracks) if "jump" in line.text]
    assert [line.level for line in found] == ([level] if level else [])
    assert all("Keypoints jump, left_wrist most often:" in line.text for line in found)
    assert len(lines(make_tracks(position, keypoints=COCO))) == 1  # without a clock there is no speed


def test_without_image_sizes_nothing_is_judged():
    (line,) = lines(tracks_with([3.0] * 4), {})
    assert line.level == "check"
    assert "cannot judge" in line.text


def test_views_of_low_score_do_not_count_and_rejected_ones_do():
    score = np.ones((10, 1, 17, 4))
    score[:, :, :8] = 0.29
    score[:, :, 8] = np.nan
    inlier = np.ones(score.shape, bool)
    inlier[0] = False
    residual = np.where(score < 0.3, 1000.0, 2.0)
    residual[0] = 50.0
    row = camera_summaries(read_recording(tracks_with(residual, score, inlier)))[0]
    assert row.views == 80
    assert (row.used, row.rejected, row.no_point) == (72, 8, 0)
    assert row.rejected_share == pytest.approx(0.1)
    assert row.median == 2.0
    assert row.p95 == 50.0
    assert row.median_inliers == 2.0


def test_views_of_points_that_are_not_there_are_counted_apart():
    lost = np.zeros((10, 1, 17), bool)
    lost[:4] = True
    residual = np.where(lost[..., None], np.nan, 2.0)
    inlier = np.broadcast_to(~lost[..., None], residual.shape[:-1] + (4,))
    score = np.ones(inlier.shape)
    score[0] = 0.1
    row = camera_summaries(read_recording(tracks_with(residual, score, inlier, lost)))[2]
    assert row.no_point == 3 * 17
    assert row.used == 6 * 17
    assert row.rejected == 0


def test_coverage_is_the_share_of_points():
    lost = np.zeros((10, 1, 17), bool)
    lost[:, :, :3] = True
    assert coverage(read_recording(tracks_with([1.0] * 4, lost=lost))) == pytest.approx(14 / 17)


def test_sigma_is_the_root_of_the_diagonal():
    tracks, _, _ = scene(3)
    tracks["covariance"][:] = np.diag([4.0, 9.0, 16.0])[None, :, :, None, None]
    np.testing.assert_allclose(read_recording(tracks).sigma, np.broadcast_to([2, 3, 4], (3, 1, 37, 3)))


def test_links_follow_the_names_of_a_subset():
    skeleton = get_skeleton("spinetrack37")
    keypoints = ("neck", "spine_05", "hip", "left_hip")
    name, links, spine = find_links(keypoints, "spinetrack37")
    assert name == "spinetrack37"
    assert spine.tolist() == [2, 1, 0]  # bottom to top
    assert links.tolist() == [[2, 3]]
    assert find_links(skeleton.keypoints, "")[0] == "spinetrack37"
    assert find_links(("tail",), "")[0] == ""


def test_cells():
    assert cell(None) == cell(float("nan")) == "–"
    assert cell(0.5, "coverage") == "50.0 %"
    assert cell(0.5, "coverage %") == "0.50"
    assert cell(12345) == "12,345"
    assert cell(1234.5) == "1,234"
    assert cell(0.0001) == "0.0001"
    assert cell(-1e-13) == cell(1e-13) == "< 0.0001"
    assert cell(True) == "yes"
    assert cell("<b>") == "<b>"


def test_a_table_aligns_numbers_and_escapes_words():
    text = table(["a<", "n"], [["x&", 1], ["y", None]])
    assert "<th>a&lt;</th>" in text
    assert '<th class="number">n</th>' in text
    assert "<td>x&amp;</td>" in text
