"""`associate` on scenes of people who move at random among cameras in a ring, each view's slots shuffled."""

import importlib

import numpy as np
import pytest

from mvtri.association import associate
from mvtri.association.candidates import find_candidates
from mvtri.association.selection import select_people
from mvtri.association.subject import check_views
from mvtri.association.tracklets import find_tracklets
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_detections, provenance_of, to_array

# x to the person's left, y to the front, z up, m; the order of coco17
BODY = np.array(
    [[0, 0.1, 1.65], [0.03, 0.09, 1.68], [-0.03, 0.09, 1.68], [0.07, 0.02, 1.66], [-0.07, 0.02, 1.66]]
    + [[0.18, 0, 1.42], [-0.18, 0, 1.42], [0.25, 0, 1.15], [-0.25, 0, 1.15], [0.27, 0.1, 0.93]]
    + [[-0.27, 0.1, 0.93], [0.1, 0, 0.95], [-0.1, 0, 0.95], [0.11, 0.03, 0.5], [-0.11, 0.03, 0.5]]
    + [[0.12, 0, 0.09], [-0.12, 0, 0.09]]
)
SIZE = (1280, 1024)


def ring(count=4, radius=4.5, height=1.8, focal=1000.0):
    """Return `count` cameras in a ring about the origin, looking at 1 m above it."""
    angles = np.arange(count) * 2 * np.pi / count + 0.3
    centers = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full(count, height)], axis=1)
    forward = np.array([0.0, 0.0, 1.0]) - centers
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    rotations = np.stack([right, np.cross(forward, right), forward], axis=1)
    return CameraGroup(
        names=[f"cam{c}" for c in range(count)],
        image_sizes=[SIZE] * count,
        matrices=[[[focal, 0, SIZE[0] / 2], [0, focal, SIZE[1] / 2], [0, 0, 1]]] * count,
        distortions=[[-0.05, 0.02, 0.0, 0.0]] * count,
        rotations=rotations,
        translations=-np.einsum("cij,cj->ci", rotations, centers),
    )


def person(path, rng, height=1.0):
    """Return a body (T, 17, 3) that goes along `path` (T, 2), turns, and swings its limbs at random."""
    frames = len(path)
    time = np.arange(frames)[:, None, None] / 30.0
    reach = np.array([0.02] * 5 + [0.03] * 2 + [0.15] * 2 + [0.3] * 2 + [0.03] * 2 + [0.12] * 2 + [0.1] * 2)
    pace, phase = rng.uniform(1, 6, (17, 3)), rng.uniform(0, 2 * np.pi, (17, 3))
    body = height * BODY + reach[:, None] * np.sin(pace * time + phase)
    turn = rng.uniform(0, 2 * np.pi) + 0.5 * time[:, 0]
    x, y = body[..., 0], body[..., 1]
    body[..., 0], body[..., 1] = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    body[..., :2] += np.asarray(path)[:, None]
    return body


def standing(place, frames=60):
    return np.tile(np.asarray(place, dtype=float), (frames, 1))


def seen(people, cameras, rng, visible=None, noise=2.0, slots=None, scores=None, shuffle=True):
    """Return Detections of `people` (P, T, 17, 3) and the true slots (P, T, C), -1 where one is not seen."""
    people = np.asarray(people)
    count, frames = people.shape[:2]
    views = len(cameras)
    slots = slots or count
    pixels = cameras.project(people)
    pixels += rng.normal(0, noise, pixels.shape)
    visible = np.ones((count, frames, views), dtype=bool) if visible is None else visible
    scores = np.ones((count, views)) if scores is None else np.asarray(scores)
    position = np.full((frames, slots, 17, views, 2), np.nan)
    confidence = np.zeros((frames, slots, 17, views))
    true = np.full((count, frames, views), -1)
    for t in range(frames):
        for c in range(views):
            order = rng.permutation(slots) if shuffle else np.arange(slots)
            for p in range(count):
                if visible[p, t, c]:
                    true[p, t, c] = order[p]
                    position[t, order[p], :, c] = pixels[p, t, :, c]
                    confidence[t, order[p], :, c] = scores[p, c] * rng.uniform(0.6, 0.9, 17)
    return labelled(position, confidence, cameras), true


def labelled(position, confidence, cameras, **more):
    return make_detections(
        position,
        confidence,
        keypoints=get_skeleton("coco17").keypoints,
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        fps=30,
        skeleton="coco17",
        **more,
    )


def slots_of(detections, result):
    """Return which slot of `detections` each view of `result` holds (T, C), -1 for none."""
    before, after = to_array(detections), to_array(result)
    same = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=(2, 4))
    same &= np.isfinite(before).any(axis=(2, 4))
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_the_subject_is_found_whatever_the_slots(count, rng):
    cameras = ring(count)
    people = [person(standing([0, 0]), rng), person(standing([1.2, -0.8]), rng)]
    visible = np.ones((2, 60, count), dtype=bool)
    visible[1] = rng.random((60, count)) > 0.2
    detections, true = seen(people, cameras, rng, visible)
    result = associate(detections, cameras)
    assert (slots_of(detections, result) == true[0]).all()
    assert result.attrs["associated"] == 1
    assert result.sizes["individuals"] == 1


def test_a_view_without_the_subject_is_empty_though_the_bystander_is_in_it(rng, caplog):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[0, 20:40, 2] = visible[0, :, 3] = False
    visible[1, :, 0] = visible[1, ::2, 1] = False
    detections, true = seen(
        [person(standing([0, 0]), rng), person(standing([1, 1]), rng)], cameras, rng, visible
    )
    result = associate(detections, cameras)
    assert (slots_of(detections, result) == true[0]).all()
    empty = ~visible[0]
    assert (to_array(result, "confidence")[:, 0].max(axis=1)[empty] == 0).all()
    assert [record.getMessage()[:35] for record in caplog.records] == ["cam3 shows somebody in 60 frames, b"]
    frames = provenance_of(result)["associate"]["frames"]
    assert frames["cam3"] == {"chosen": 0, "left_out": 60, "absent": 0}
    assert frames["cam2"] == {"chosen": 40, "left_out": 20, "absent": 0}


def test_support_and_not_size_or_score_in_one_view_decides(rng):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[1, :, 2:] = False  # the bystander is near cam0, scores best, and is seen by two views only
    near = cameras.centers[0, :2] * 0.55
    people = [person(standing([0, 0]), rng), person(standing(near), rng)]
    detections, true = seen(people, cameras, rng, visible, scores=[[0.6] * 4, [1.1] * 4])
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_people_whose_paths_cross_are_not_exchanged(rng):
    cameras = ring(4)
    there = np.linspace([-1.5, 0.0], [1.5, 0.5], 60)
    back = np.linspace([1.5, -0.5], [-1.5, 0.0], 60)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[1] = rng.random((60, 4)) > 0.2
    detections, true = seen([person(there, rng), person(back, rng)], cameras, rng, visible)
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).mean() >= 0.99


def test_a_person_detected_twice_is_one_person(rng):
    cameras = ring(4)
    body = person(standing([0, 0]), rng)
    detections, _ = seen([body, body, person(standing([1, 1]), rng)], cameras, rng, noise=0.5)
    result = to_array(associate(detections, cameras))[:, 0]
    error = np.linalg.norm(result - cameras.project(body), axis=-1)
    assert np.isfinite(error).all()
    assert error.max() < 5


def test_the_weaker_of_two_detections_is_left_out(rng):
    cameras = ring(3)
    body = person(standing([0, 0]), rng)
    detections, true = seen([body, body], cameras, rng, noise=0.5, scores=[[0.5] * 3, [1.0] * 3])
    assert (slots_of(detections, associate(detections, cameras)) == true[1]).all()
    candidates = find_candidates(detections)
    assert (candidates.strength.argmax(axis=2) == true[1]).all()
    assert ((candidates.strength > 0).sum(axis=2) == 1).all()
    assert len(find_tracklets(candidates)) == 3


def test_of_two_equal_detections_the_first_stays(rng):
    cameras = ring(1)
    detections, _ = seen([person(standing([0, 0]), rng)], cameras, rng)
    twice = labelled(
        *(np.repeat(to_array(detections, name), 2, axis=1) for name in ("position", "confidence")), cameras
    )
    assert (find_candidates(twice).strength[:, 0] > 0).tolist() == [[True, False]] * 60


def test_a_few_keypoints_are_nobody(rng):
    cameras = ring(2)
    detections, _ = seen([person(standing([0, 0]), rng)], cameras, rng)
    detections["confidence"][:30, 3:] = 0.0
    detections["confidence"][30:, 4:] = 0.0
    strength = find_candidates(detections).strength[..., 0]
    assert (strength[:30] == 0).all()
    assert (strength[30:] > 0).all()


def test_one_camera_gets_its_best_supported_person(rng):
    cameras = ring(1)
    visible = np.ones((2, 60, 1), dtype=bool)
    visible[1, 30:] = False
    visible[0, 40:45] = False
    detections, true = seen(
        [person(standing([0, 0]), rng), person(standing([1, 1]), rng)], cameras, rng, visible
    )
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_one_camera_follows_a_person_through_a_short_hole(rng):
    cameras = ring(1)
    visible = np.ones((2, 60, 1), dtype=bool)
    visible[0, 27:30] = visible[1, :27] = False
    detections, true = seen(
        [person(standing([0, 0]), rng), person(standing([1, 1]), rng)], cameras, rng, visible
    )
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_every_view_is_checked_against_the_others(rng):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[0, 40:, 3] = False
    people = [person(standing([0, 0]), rng), person(standing([1.2, -0.8]), rng)]
    detections, true = seen(people, cameras, rng, visible)
    chosen = true[0].copy()
    chosen[10:20, 1] = true[1, 10:20, 1]  # follows the wrong person for a while
    chosen[30:40, 2] = -1  # loses the person
    chosen[40:, 3] = true[1, 40:, 3]  # goes over to the other when the person is gone
    candidates, free = find_candidates(detections), np.ones((60, 4, 2), dtype=bool)
    checked = check_views(candidates, cameras, chosen, free, 0.2, lambda done, total: None)
    assert (checked == true[0]).all()
    nobody = check_views(candidates, cameras, chosen, ~free, 0.2, lambda done, total: None)
    assert (nobody[30:40, 2] == -1).all()


def test_pieces_too_many_to_be_joined_are_found_by_the_check(rng, monkeypatch):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[0, ::7, 2] = False
    visible[1, :, 1:] = False
    people = [person(standing([0, 0]), rng), person(standing([1.2, -0.8]), rng)]
    detections, true = seen(people, cameras, rng, visible)
    monkeypatch.setattr(importlib.import_module("mvtri.association.associate"), "MAX_TRACKLETS", 5)
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_of_three_views_with_one_candidate_each_the_odd_one_is_left_out(rng):
    cameras = ring(4)
    people = [person(standing([0, 0]), rng), person(standing([1.5, 0.5]), rng)]
    visible = np.zeros((2, 60, 4), dtype=bool)
    visible[0, :, :3] = visible[1, :, 3] = True
    detections, _ = seen(people, cameras, rng, visible)
    one = labelled(*_packed(detections), cameras)
    assert one.sizes["individuals"] == 1
    result = to_array(associate(one, cameras))[:, 0]
    assert np.isfinite(result[:, :, :3]).all()
    assert np.isnan(result[:, :, 3]).all()


def _packed(detections):
    """Return positions and scores with the candidates of each frame and view moved to the first slots."""
    position, confidence = to_array(detections), to_array(detections, "confidence")
    order = np.argsort(-confidence.max(axis=2, keepdims=True), axis=1, kind="stable")
    position = np.take_along_axis(position, order[..., None], axis=1)
    confidence = np.take_along_axis(confidence, order, axis=1)
    used = confidence.any(axis=(0, 2, 3))
    return position[:, used], confidence[:, used]


def test_two_views_with_one_candidate_each_have_nothing_to_decide(rng):
    cameras = ring(2)
    visible = np.zeros((2, 60, 2), dtype=bool)
    visible[0, :, 0] = visible[1, :, 1] = True
    detections, _ = seen(
        [person(standing([0, 0]), rng), person(standing([1.5, 1]), rng)], cameras, rng, visible, shuffle=False
    )
    one = labelled(*_packed(detections), cameras)
    assert one.sizes["individuals"] == 1
    assert np.isfinite(to_array(associate(one, cameras))).all()


def test_a_view_of_low_scores_still_counts(rng):
    cameras = ring(3)
    scores = [[1.0, 1.0, 0.1], [1.0, 0.0, 1.0]]
    people = [person(standing([0, 0]), rng), person(standing([1.2, 0.5]), rng)]
    visible = np.ones((2, 60, 3), dtype=bool)
    visible[1, :, 1] = False
    detections, true = seen(people, cameras, rng, visible, scores=scores)
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_who_goes_and_comes_back_is_the_same_person(rng):
    cameras = ring(4)
    visible = np.ones((2, 150, 4), dtype=bool)
    visible[0, 60:110] = False
    visible[1, :, 2:] = False
    people = [person(np.repeat([[0, 0], [1.0, -1.0]], 75, axis=0), rng), person(standing([1.5, 1], 150), rng)]
    detections, true = seen(people, cameras, rng, visible)
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_a_hole_in_all_views_is_bridged_where_the_person_stands(rng):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[0, 30:36] = False
    visible[1, :30] = visible[1, 36:] = False  # somebody else is detected in that hole alone
    detections, true = seen(
        [person(standing([0, 0]), rng), person(standing([1.5, 1]), rng)], cameras, rng, visible
    )
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


@pytest.mark.parametrize(("off", "seed"), [(20, 0), (40, 0), (60, 3)])
def test_a_rig_that_is_off_is_put_up_with(off, seed):
    cameras = ring(4)
    rng = np.random.default_rng(seed)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[1] = rng.random((60, 4)) > 0.3
    people = [person(standing([0, 0]), rng), person(standing([1.2, -0.8]), rng)]
    detections, true = seen(people, cameras, rng, visible)
    shift = rng.normal(size=(2, 4))
    shift *= off / np.linalg.norm(shift, axis=0)  # px, a quarter to half of a body's size
    detections["position"] = detections["position"] + shift[:, None, None]
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()


def test_sixteen_cameras_and_five_people(rng):
    cameras = ring(16)
    places = [[0, 0], [1.2, 0.8], [-1.3, 0.7], [-1, -1.2], [1, -1.4]]
    visible = rng.random((5, 20, 16)) > np.array([0.05, 0.4, 0.4, 0.4, 0.4])[:, None, None]
    people = [person(standing(place, 20), rng) for place in places]
    detections, true = seen(people, cameras, rng, visible)
    got = slots_of(detections, associate(detections, cameras))
    assert (got == true[0]).mean() >= 0.98


def test_cameras_are_matched_by_name(rng):
    cameras = ring(5)
    detections, true = seen([person(standing([0, 0]), rng)], cameras.subset(["cam3", "cam0", "cam1"]), rng)
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()
    with pytest.raises(InputError, match="no camera is called 'cam3'"):
        associate(detections, cameras.subset(["cam0", "cam1", "cam2"]))


def test_whatever_belongs_to_a_candidate_goes_with_it(rng):
    cameras = ring(3)
    people = [person(standing([0, 0]), rng), person(standing([1.2, 0.5]), rng)]
    visible = np.ones((2, 10, 3), dtype=bool)
    visible[0, 4, 1] = visible[1, :, 2] = False
    people = [body[:10] for body in people]
    plain, true = seen(people, cameras, rng, visible)
    position, confidence = to_array(plain), to_array(plain, "confidence").astype(np.float32)
    number = np.arange(2.0)[None, :, None, None] + 10 * np.arange(3.0)
    number = np.where(np.isfinite(position[..., 0]), number, np.nan)
    detections = labelled(
        position.astype(np.float32),
        confidence,
        cameras,
        covariance=np.broadcast_to(number[..., None, None], (10, 2, 17, 3, 2, 2)),
        boxes=np.broadcast_to(np.moveaxis(number[:, :, 0], 1, 1)[..., None], (10, 2, 3, 4)),
        mode_position=np.broadcast_to(number[..., None, None], (10, 2, 17, 3, 5, 2)),
        mode_confidence=np.broadcast_to(confidence[..., None], (10, 2, 17, 3, 5)),
    )
    result = associate(detections, cameras)
    expected = np.where(true[0] < 0, np.nan, true[0] + 10 * np.arange(3.0))
    for name in ("covariance", "box", "mode_position"):
        assert result[name].dims == detections[name].dims
        values = to_array(result, name)
        per_view = values[:, 0, 0] if name != "box" else values[:, 0]
        assert np.array_equal(per_view.reshape(10, 3, -1)[..., 0], expected, equal_nan=True), name
    assert (to_array(result, "mode_confidence")[4, 0, :, 1] == 0).all()
    assert result["position"].dtype == np.float32
    assert result["confidence"].dtype == np.float32
    assert list(result["individuals"].to_numpy()) == ["person_0"]
    assert result.attrs["fps"] == 30
    assert {name: result[name].dims for name in result.coords} == {
        n: detections[n].dims for n in detections.coords
    }


def test_the_result_does_not_depend_on_the_chunks(rng, monkeypatch):
    cameras = ring(4)
    visible = np.ones((2, 60, 4), dtype=bool)
    visible[1] = rng.random((60, 4)) > 0.3
    detections, _ = seen(
        [person(standing([0, 0]), rng), person(standing([1, 1]), rng)], cameras, rng, visible
    )
    whole = associate(detections, cameras)
    monkeypatch.setattr("mvtri.association.candidates.CHUNK_BYTES", 1e5)
    assert whole.identical(associate(detections, cameras))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_progress_comes_to_its_end(count, rng):
    cameras = ring(count)
    detections, _ = seen([person(standing([0, 0]), rng)], cameras, rng)
    calls = []
    associate(detections, cameras, progress=lambda *call: calls.append(call))
    done = [call[1] for call in calls]
    assert done == sorted(done)
    assert calls[-1] == ("associate", 60, 60)


def test_nobody_at_all_is_an_error(rng):
    cameras = ring(2)
    detections = labelled(np.full((7, 3, 17, 2, 2), np.nan), np.zeros((7, 3, 17, 2)), cameras)
    with pytest.raises(
        InputError, match="nobody was detected in any of 7 frames of cam0, cam1; expected a person"
    ):
        associate(detections, cameras)
    with pytest.raises(InputError, match="nobody was detected"):
        associate(detections.isel(individuals=slice(0)), cameras)


def test_a_calibration_of_something_else_is_an_error(rng):
    cameras = ring(4)
    detections, _ = seen([person(standing([0.5, 0.3]), rng)], cameras, rng)
    detections["position"].loc[{"space": "y"}] += np.array([0, 200.0, -200.0, 400.0])
    with pytest.raises(InputError, match="no two cameras agree on any person: even where they agree best"):
        associate(detections, cameras)


def test_views_that_never_show_a_person_together_are_an_error(rng):
    cameras = ring(3)
    visible = np.zeros((1, 60, 3), dtype=bool)
    visible[0, np.arange(60), np.arange(60) % 3] = True
    detections, _ = seen([person(standing([0.5, 0.3]), rng)], cameras, rng, visible)
    with pytest.raises(InputError, match="no two cameras show a person in the same frame"):
        associate(detections, cameras)


def test_several_people_are_refused(rng):
    cameras = ring(2)
    detections, _ = seen([person(standing([0, 0]), rng)], cameras, rng)
    with pytest.raises(InputError, match="people=2 was asked for, but mvtri cannot follow several"):
        associate(detections, cameras, people=2)


def test_a_box_decides_where_there_is_one_and_the_views_elsewhere(rng):
    cameras = ring(4)
    people = [person(standing([0, 0], 12), rng), person(standing([1.2, -0.8], 12), rng)]
    visible = np.ones((2, 12, 4), dtype=bool)
    visible[1, :6, 0] = False  # so that the other person, whom the boxes show, has less support
    detections, true = seen(people, cameras, rng, visible)
    pixels = cameras.project(people[1])
    boxes = np.concatenate([pixels.min(axis=1) - 5, pixels.max(axis=1) + 5], axis=-1)
    with_box = associate(detections, cameras, boxes=np.where(visible[1][..., None], boxes, np.nan))
    expected = np.where(visible[1], true[1], true[0])
    assert (slots_of(detections, with_box) == expected).all()
    assert (slots_of(detections, associate(detections, cameras)) == true[0]).all()
    with pytest.raises(InputError, match=r"boxes have the shape \(11, 4, 4\), expected .* \(12, 4, 4\)"):
        associate(detections, cameras, boxes=boxes[1:])


def test_people_are_selected_view_by_view(rng):
    cameras = ring(3)
    people = [person(standing(place, 5), rng) for place in ([0, 0], [1.2, -0.8], [-1, 1])]
    detections, true = seen(people, cameras, rng)
    slots = np.moveaxis(true[[2, 0]], 0, 1)
    slots[3, 1, 2] = -1
    selected = select_people(detections, slots)
    assert list(selected["individuals"].to_numpy()) == ["person_0", "person_1"]
    position = to_array(selected)
    for index, chosen in enumerate((2, 0)):
        off = np.linalg.norm(position[:, index] - cameras.project(people[chosen]), axis=-1)
        assert np.nanmax(off) < 15
        assert np.isnan(off).any() == (index == 1)
    assert np.isnan(position[3, 1, :, 2]).all()
    assert (to_array(selected, "confidence")[3, 1, :, 2] == 0).all()
