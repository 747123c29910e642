"""Stored 2D of labelled sequences: what an independent writer wrote comes back, whatever the format."""

import logging
import pickle
import re

import numpy as np
import pytest
import writers_human36m as h36m
import writers_stored2d as write
from places import ROOT
from stored2d_case import CAMERAS, FRAMES, add_passerby, as_arrays, labels, make_people, make_sequence

from mvtri.datasets import open_dataset, open_stored2d
from mvtri.formats.detections.files import DETECTIONS
from mvtri.skeletons import get_skeleton
from mvtri.tracks import provenance_of, to_array, validate_detections

SUBJECT, NAME = "S9", "WalkDog 1"
PEOPLE = make_people()


def assert_loaded(detections, people, skeleton="coco17", atol=0.0):
    position, confidence = as_arrays(people, len(get_skeleton(skeleton)))
    validate_detections(detections)
    assert detections.sizes["individuals"] == 1
    assert tuple(detections["cameras"].to_numpy()) == CAMERAS
    assert tuple(detections["keypoints"].to_numpy()) == get_skeleton(skeleton).keypoints
    assert detections.attrs["skeleton"] == skeleton
    assert detections.attrs["associated"] == 1
    np.testing.assert_allclose(to_array(detections)[:, 0], position, rtol=0, atol=atol)
    np.testing.assert_allclose(to_array(detections, "confidence")[:, 0], confidence, rtol=0, atol=atol)


def values_of(people):
    """Detections as plain arrays, missing views as zeros: (T, K, C, 3)."""
    position, confidence = as_arrays(people)
    return np.nan_to_num(np.concatenate([position, confidence[..., None]], axis=-1))


def write_plain(root, people):
    values = values_of(people)
    (root / SUBJECT).mkdir(parents=True)
    np.savez(root / SUBJECT / f"{NAME}.npz", keypoints=values[..., :2], scores=values[..., 2])


def write_netcdf(root, people):
    position, confidence = as_arrays(people)
    path = root / f"{SUBJECT}_{NAME}.nc"
    write.write_detections(path, position[:, None], confidence[:, None], labels())


def write_vp3d(root, people):
    values = values_of(people)
    views = {SUBJECT: {NAME: [values[:, :, c] for c in range(4)]}}
    write.write_videopose3d(root / "data_2d_h36m_found.npz", views, {"layout_name": "coco"})


WRITERS = {
    "openpose": lambda root, people: write.write_openpose(root, SUBJECT, NAME, people),
    "nc": write_netcdf,
    "coco": lambda root, people: write.write_coco(root, SUBJECT, NAME, people),
    "mmpose": lambda root, people: write.write_mmpose(root, SUBJECT, NAME, people),
    "videopose3d": write_vp3d,
    "arrays": write_plain,
}
TOLD = {"nc", "videopose3d"}  # which keypoints they are
SOURCES = {"nc": "somebody's"}


@pytest.fixture(params=WRITERS)
def stored(request, tmp_path):
    WRITERS[request.param](tmp_path, PEOPLE)
    opened = open_stored2d(tmp_path, skeleton=None if request.param in TOLD else "coco17")
    assert opened.format == request.param
    return opened


def test_what_was_written_comes_back(stored):
    sequence = make_sequence()
    detections = stored.load(sequence)
    assert_loaded(detections, PEOPLE)
    np.testing.assert_array_equal(detections["time"], sequence.truth["time"])
    assert detections.attrs["fps"] == sequence.truth.attrs["fps"]
    assert detections.attrs["source_software"] == SOURCES.get(stored.format, stored.description)
    assert provenance_of(detections)["stored_2d"] == {"format": stored.format, "path": stored.path.name}
    np.testing.assert_array_equal(detections["image_size"], sequence.cameras.image_sizes)


def test_cameras_come_as_the_sequence_has_them(stored):
    sequence = make_sequence()
    order = [CAMERAS[2], CAMERAS[0], CAMERAS[3], CAMERAS[1]]
    turned = type(sequence)(sequence.info, sequence.truth, sequence.cameras.subset(order))
    detections = stored.load(turned)
    assert list(detections["cameras"].to_numpy()) == order
    columns = [0, 1, 2, 3] if stored.format == "arrays" else [2, 0, 3, 1]  # whose views have no names here
    expected = as_arrays(PEOPLE)[0][:, :, columns]
    np.testing.assert_array_equal(to_array(detections)[:, 0], expected)


def test_it_goes_to_another_process(stored):
    again = pickle.loads(pickle.dumps(stored))
    sequence = make_sequence()
    assert again.load(sequence).identical(stored.load(sequence))


def test_check_reads_little_and_finds_what_is_there(stored):
    stored.check([make_sequence().info])
    assert str(stored.path) in repr(stored)


@pytest.mark.parametrize(
    ("subject", "name"), [("s9", "walkdog_1"), ("S 9", "WalkDog-1"), ("S9", "WalkingDog 1")]
)
@pytest.mark.parametrize("ending", ["_json", "", "_JSON"])
def test_names_match_ignoring_case_punctuation_and_the_long_form(tmp_path, subject, name, ending):
    write.write_openpose(tmp_path, subject, name, PEOPLE, ending)
    assert_loaded(open_stored2d(tmp_path, "coco17").load(make_sequence()), PEOPLE)


@pytest.mark.parametrize(
    "where", ["S9_WalkDog 1.nc", "s9-walkdog1.nc", "S9/WalkDog_1.nc", "S9/WalkingDog 1.nc"]
)
def test_places_of_a_file_a_sequence(tmp_path, where):
    position, confidence = as_arrays(PEOPLE)
    write.write_detections(tmp_path / where, position[:, None], confidence[:, None], labels())
    write.write_detections(tmp_path / "S9_Eating.nc", position[:, None] + 1, confidence[:, None], labels())
    assert_loaded(open_stored2d(tmp_path).load(make_sequence()), PEOPLE)


def test_a_detections_file_alone_keeps_all_that_is_in_it(tmp_path):
    """Of two people the one whom the views agree on, with that one's covariance, box and further modes."""
    position, confidence = as_arrays(PEOPLE)
    rng = np.random.default_rng(4)
    both = np.stack([position + 300, position], axis=1)
    scores = np.stack([confidence / 2, confidence], axis=1)
    axes = ("time", "individuals", "keypoints", "cameras")
    covariance = rng.uniform(1, 2, (*both.shape, 2))
    box = rng.uniform(0, 500, (FRAMES, 2, 4, 4))
    modes = rng.uniform(0, 500, (*scores.shape, 3, 2))
    mode_scores = rng.uniform(0, 1, (*scores.shape, 3))
    write.write_detections(
        tmp_path / "any.nc",
        both,
        scores,
        labels(),
        covariance=((*axes, "space", "space_other"), covariance),
        box=(("time", "individuals", "cameras", "edges"), box),
        mode_position=((*axes, "modes", "space"), modes),
        mode_confidence=((*axes, "modes"), mode_scores),
    )
    detections = open_stored2d(tmp_path / "any.nc").load(make_sequence())
    assert_loaded(detections, PEOPLE)
    seen = (confidence > 0).any(axis=1)  # (T, C): where nobody is, all is missing
    for variable, stored in (
        ("covariance", covariance),
        ("mode_position", modes),
        ("mode_confidence", mode_scores),
    ):
        found = to_array(detections, variable)[:, 0].swapaxes(1, 2)
        np.testing.assert_array_equal(found[seen], stored[:, 1].swapaxes(1, 2)[seen])
    np.testing.assert_array_equal(to_array(detections, "box")[:, 0][seen], box[:, 1][seen])


# --- several people ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["openpose", "coco", "mmpose"])
@pytest.mark.parametrize("first", [True, False])
def test_without_a_box_it_is_the_person_whom_the_views_agree_on(tmp_path, form, first):
    """A passer-by with a higher score is not, since no two views see the passer-by in one place."""
    crowd = add_passerby(PEOPLE, score=0.99, first=first)
    crowd[CAMERAS[3]][4] = []
    WRITERS[form](tmp_path, crowd)
    assert_loaded(open_stored2d(tmp_path, "coco17").load(make_sequence()), PEOPLE)


@pytest.mark.parametrize("form", ["openpose", "coco", "mmpose"])
def test_with_a_box_the_person_in_it_is_taken(tmp_path, form):
    """A passer-by with a higher score, inside the box even, is not: edges count."""
    crowd = add_passerby(PEOPLE, score=0.99, at=(440.0, 440.0))
    crowd[CAMERAS[3]][4] = []
    position, _ = as_arrays(PEOPLE)
    position[4, :, 3] = [[400, 400]] * 17
    boxes = np.concatenate([np.nanmin(position, axis=1) - 4, np.nanmax(position, axis=1) + 4], axis=-1)
    WRITERS[form](tmp_path, crowd)
    stored = open_stored2d(tmp_path, "coco17")
    assert_loaded(stored.load(make_sequence(boxes=boxes)), PEOPLE)
    boxes[3, 2] = np.nan
    crowd[CAMERAS[2]][3].reverse()  # a view without a box: there the other views decide
    WRITERS[form](tmp_path, crowd)
    assert_loaded(stored.load(make_sequence(boxes=boxes)), PEOPLE)


def test_a_high_score_of_one_keypoint_does_not_make_a_person(tmp_path):
    crowd = add_passerby(PEOPLE, score=1.0)
    for frames in crowd.values():
        for seen in frames:
            seen[0][1:] = 0
    crowd[CAMERAS[3]][4] = []
    WRITERS["openpose"](tmp_path, crowd)
    assert_loaded(open_stored2d(tmp_path, "coco17").load(make_sequence()), PEOPLE)


# --- COCO --------------------------------------------------------------------------------------------------


def image_names(sequence, shape="{}"):
    return [[shape.format(name) for name in column] for column in sequence.images.T]


@pytest.mark.parametrize("shape", ["{}", "/data/h36m/images/{}", "./{}"])
@pytest.mark.parametrize("form", ["table", "image_path", "file_name", "image_id"])
def test_one_coco_file_goes_by_the_names_of_images(tmp_path, shape, form):
    sequence = make_sequence(images=True)
    names = image_names(sequence, shape)
    content = (
        write.coco_table(names, PEOPLE) if form == "table" else write.coco_rows(names, PEOPLE, form)[::-1]
    )
    path = write.save(tmp_path / "results.json", content)
    for place in (path, tmp_path):
        stored = open_stored2d(place, "coco17")
        assert stored.format == "coco"
        stored.check([sequence.info])
        assert_loaded(stored.load(sequence), PEOPLE)


def test_one_coco_file_may_hold_the_ends_of_names_only(tmp_path):
    sequence = make_sequence(images=True)
    names = [[name.rsplit("/", 1)[1] for name in column] for column in image_names(sequence)]
    path = write.save(tmp_path / "results.json", write.coco_table(names, PEOPLE))
    assert_loaded(open_stored2d(path, "coco17").load(sequence), PEOPLE)


def test_one_coco_file_serves_a_dataset(tmp_path):
    """MMPose's layout at 10 Hz, with boxes, and a view that lacks an image."""
    poses = {
        ("S11", "Eating"): h36m.people(9, 32, seed=5),
        ("S11", "Waiting 1"): h36m.people(7, 32, seed=6),
    }
    rows = h36m.mmpose_rows(poses)
    keep = np.ones(len(rows["imgname"]), dtype=bool)
    keep[3] = False  # of Eating's first camera
    rows = {key: value[keep] for key, value in rows.items()}
    h36m.write_mmpose(tmp_path / "h36m", rows, h36m.mmpose_cameras(["S11"]))
    table = [
        write.coco_row(person + [1, 2, 0], image_path=f"images/{name}")
        for name, person in zip(rows["imgname"], rows["part"])
    ]
    stored = open_stored2d(write.save(tmp_path / "found.json", table), "human36m17")
    dataset = open_dataset("human36m", tmp_path / "h36m")
    for info in dataset.sequences:
        sequence = dataset.load(info)
        detections = stored.load(sequence)
        expected = to_array(sequence.detections) + [1, 2]
        np.testing.assert_allclose(to_array(detections), expected, rtol=0, atol=1e-9)
    assert np.isnan(expected).sum() == 0
    gone = np.isnan(to_array(stored.load(dataset.load(dataset.sequences[0])))).all(axis=(2, 4))
    assert np.argwhere(gone).tolist() == [[3, 0, 0]]


def test_images_with_one_name_in_every_folder_are_told_apart_by_the_folders(tmp_path):
    sequence = make_sequence(images=True)
    sequence.images[:] = [[f"S9/{camera}/img_{t}.jpg" for camera in CAMERAS] for t in range(FRAMES)]
    table = write.coco_table(image_names(sequence, "/data/{}"), PEOPLE)
    path = write.save(tmp_path / "results.json", table)
    assert_loaded(open_stored2d(path, "coco17").load(sequence), PEOPLE)


def test_images_of_a_camera_come_in_order_of_the_numbers_in_their_names(tmp_path):
    """img_2.jpg before img_10.jpg."""
    people = make_people(frames=12)
    write.write_coco(tmp_path, SUBJECT, NAME, people)
    assert_loaded(open_stored2d(tmp_path, "coco17").load(make_sequence(frames=12)), people)


@pytest.mark.parametrize("form", ["coco", "mmpose"])
def test_names_in_the_file_tell_the_skeleton(tmp_path, form):
    writer = write.write_coco if form == "coco" else write.write_mmpose
    writer(tmp_path, SUBJECT, NAME, PEOPLE, write.COCO)
    assert_loaded(open_stored2d(tmp_path).load(make_sequence()), PEOPLE)


def test_part_of_a_skeleton_keeps_its_names(tmp_path):
    few = {camera: [[one[:5] for one in seen] for seen in frames] for camera, frames in PEOPLE.items()}
    write.write_mmpose(tmp_path, SUBJECT, NAME, few, write.COCO[:5])
    detections = open_stored2d(tmp_path).load(make_sequence())
    assert detections["keypoints"].to_numpy().tolist() == write.COCO[:5]
    assert detections.attrs["skeleton"] == "coco17"


def test_mmpose_frames_count_from_0_or_1_and_may_come_bare(tmp_path):
    for camera, frames in PEOPLE.items():
        rows = write.mmpose_table(frames, first=0)["instance_info"]
        write.save(tmp_path / SUBJECT / NAME / f"{camera}.json", rows[::-1])
    assert_loaded(open_stored2d(tmp_path, "coco17").load(make_sequence()), PEOPLE)


# --- npz ---------------------------------------------------------------------------------------------------


def test_videopose3d_without_scores_and_longer_by_a_hundredth(tmp_path, caplog):
    frames = 300
    people = make_people(frames=frames)
    position, _ = as_arrays(people)
    position = np.nan_to_num(position).astype(np.float32)
    views = [np.concatenate([position[:, :, c], position[:3, :, c]]) for c in range(4)]
    views[1] = views[1][:frames]
    about = {"layout_name": "coco", "num_joints": 17}
    write.write_videopose3d(tmp_path / "data_2d_h36m_det.npz", {"S9": {"WalkDog 1": views}}, about)
    detections = open_stored2d(tmp_path / "data_2d_h36m_det.npz").load(make_sequence(frames=frames))
    stored = position.astype(np.float64)
    gone = (stored == 0).all(axis=-1)
    np.testing.assert_array_equal(to_array(detections)[:, 0], np.where(gone[..., None], np.nan, stored))
    np.testing.assert_array_equal(to_array(detections, "confidence")[:, 0], ~gone)
    assert f"{CAMERAS[0]} has 303 frames of 2D for 300 of 3D" in caplog.text
    assert f"{CAMERAS[1]} has" not in caplog.text


def test_videopose3d_views_of_other_cameras_are_in_the_order_of_the_sequence(tmp_path):
    write_vp3d(tmp_path, PEOPLE)
    sequence = make_sequence()
    group = sequence.cameras
    renamed = type(group)(
        names=["a", "b", "c", "d"],
        image_sizes=group.image_sizes,
        matrices=group.matrices,
        distortions=group.distortions,
        rotations=group.rotations,
        translations=group.translations,
    )
    detections = open_stored2d(tmp_path).load(type(sequence)(sequence.info, sequence.truth, renamed))
    assert detections["cameras"].to_numpy().tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(to_array(detections)[:, 0], as_arrays(PEOPLE)[0])


def test_plain_arrays_with_names_of_keypoints_and_cameras(tmp_path):
    values = values_of(PEOPLE)[:, :, [3, 1, 0, 2]]
    np.savez(
        tmp_path / "S9_WalkDog 1.npz",
        keypoints=values[..., :2],
        scores=values[..., 2],
        keypoint_names=np.array(write.COCO, dtype=object),  # a pickle, of texts
        cameras=np.array([f"cam {CAMERAS[c]}".removeprefix("cam ") for c in (3, 1, 0, 2)]),
    )
    assert_loaded(open_stored2d(tmp_path).load(make_sequence()), PEOPLE)


def test_scores_above_1_and_places_far_outside_are_said(tmp_path, caplog):
    values = values_of(PEOPLE)
    np.savez(tmp_path / "any.npz", keypoints=values[..., :2] * 4, scores=values[..., 2] * 100)
    with caplog.at_level(logging.WARNING, "mvtri"):
        detections = open_stored2d(tmp_path / "any.npz", "coco17").load(make_sequence())
    assert set(np.unique(to_array(detections, "confidence"))) == {0.0, 1.0}
    assert "those above 1 count as 1" in caplog.text
    assert "were they found in images of another size?" in caplog.text


def test_the_example_of_the_docs_runs(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python stored2d\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    poses = {("S9", name): h36m.people(6, 32, seed=5) for name in ("Eating", "Photo 1")}
    h36m.write_videopose3d(tmp_path / "data" / "h36m", poses)
    for subject, name in poses:
        write.write_openpose(tmp_path / "results" / "openpose", subject, name, make_people(25, frames=6))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(blocks[0], "docs/datasets.md", "exec"), names)
    assert str(names["info"]) == "S9 Photo 1"
    assert_loaded(names["detections"], make_people(25, frames=6), "body25")


def test_the_docs_name_every_format():
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \|", page.split("## Stored 2D")[1].split("\n## ")[0], re.MULTILINE)
    assert len(rows) == len(DETECTIONS.formats())
