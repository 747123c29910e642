"""Layouts of 2D that carry less: single images of MMPose, freemocap's array, COCO results without images."""

import json
import logging

import numpy as np
import pytest
import writers_detectors as write

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.formats import read_detections
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array

SIZE = [1000, 1002]


def person(value):
    return {"keypoints": [[value, value + 1.0]] * 26, "keypoint_scores": [0.5] * 26, "bbox": [[0, 0, 9, 9]]}


# --- MMPose, one file per image ----------------------------------------------------------------------------


def test_nobody_in_the_first_images_of_mmpose(tmp_path):
    """An empty list says nothing about the format: files from all over the recording are looked at."""
    for camera in ("cam1", "cam2"):
        (tmp_path / camera).mkdir()
        for t in range(40):
            seen = [person(100.0 + t)] if t >= 30 else []
            (tmp_path / camera / f"{t:05d}.json").write_text(json.dumps(seen))
    found = read_detections(tmp_path, image_sizes=SIZE)
    assert found.attrs["skeleton"] == "halpe26"
    assert found["time"].to_numpy().tolist() == list(range(40))
    x = to_array(found)[:, 0, 0, :, 0]
    assert np.isnan(x[:30]).all()
    assert x[30:].tolist() == [[100.0 + t] * 2 for t in range(30, 40)]


def test_a_frame_without_a_file_of_mmpose_shows_nobody(tmp_path):
    for camera, frames in (("cam1", (3, 4, 5)), ("cam2", (3, 5))):
        (tmp_path / camera).mkdir()
        for t in frames:
            (tmp_path / camera / f"img_{t}.json").write_text(json.dumps([person(100.0)]))
    found = read_detections(tmp_path, image_sizes=SIZE)
    assert found["time"].to_numpy().tolist() == [3, 4, 5]
    assert np.isnan(to_array(found)[:, 0, 0, 1, 0]).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("5.json", {"a": 1}, "JSON of another shape; expected MMPose's predictions of an image"),
        ("5.json", [{"keypoints": [[1, 2]]}], "a person without keypoints .* and as many keypoint_scores"),
        ("last.json", [], "last.json has no frame number in its name"),
        ("04.json", [], "two files of the frame 4"),
    ],
)
def test_damaged_files_of_images_are_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / "4.json").write_text(json.dumps([person(1.0)]))
    (tmp_path / "cam1" / name).write_text(json.dumps(content))
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZE)
    assert "\n" not in str(raised.value)


# --- freemocap ---------------------------------------------------------------------------------------------

NAME = "mediapipe_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy"


@pytest.mark.parametrize("whole_folder", [True, False])
def test_freemocaps_array_is_the_body_of_all_cameras(tmp_path, caplog, whole_folder):
    points = np.random.default_rng(3).uniform(1, 900, (6, 33, 3, 2))
    points[2, 5, 1] = np.nan
    write.freemocap(tmp_path / NAME, points)
    np.save(tmp_path / "mediapipe_3dData_numFrames_numTrackedPoints_spatialXYZ.npy", np.zeros((6, 553, 3)))
    with caplog.at_level(logging.INFO, "mvtri"):
        found = read_detections(
            tmp_path if whole_folder else tmp_path / NAME, cameras=["a", "b", "c"], image_sizes=SIZE, fps=30
        )
    assert found["keypoints"].to_numpy().tolist() == list(get_skeleton("blazepose33").keypoints)
    assert to_array(found)[:, 0] == pytest.approx(points, nan_ok=True)
    assert to_array(found, "confidence")[:, 0].tolist() == np.isfinite(points[..., 0]).astype(float).tolist()
    assert "keypoints of hands and face too, which are left out" in caplog.text
    assert "in the order of the calibration, they are taken for a, b, c" in caplog.text


def test_third_values_of_freemocap_are_scores_only_where_all_can_be(tmp_path):
    array = np.random.default_rng(4).uniform(0.1, 1, (2, 3, 75, 3)) * [900, 900, 1]
    np.save(tmp_path / "a.npy", array)
    found = read_detections(tmp_path / "a.npy", image_sizes=SIZE)
    expected = np.moveaxis(array[:, :, :33, 2], 0, 2)
    assert to_array(found, "confidence")[:, 0] == pytest.approx(expected)


def test_freemocap_without_names_needs_as_many_cameras(tmp_path):
    write.freemocap(tmp_path / NAME, np.ones((2, 33, 3, 2)))
    with pytest.raises(InputError, match=r"has 3 cameras without names, but 2 are wanted \(a, b\); choose 3"):
        read_detections(tmp_path / NAME, cameras=["a", "b"], image_sizes=SIZE)


def test_an_ordinary_array_is_none_of_freemocap(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(5).uniform(1, 900, (4, 26, 3, 2)))
    found = read_detections(tmp_path / "a.npy", image_sizes=SIZE)
    assert found.attrs["skeleton"] == "halpe26"
    assert found.sizes["cameras"] == 3


# --- COCO --------------------------------------------------------------------------------------------------


def rows(ids):
    return [{"image_id": number, "keypoints": [float(number), 5.0, 0.5] * 26} for number in ids]


def test_coco_results_without_images_of_one_camera(tmp_path):
    (tmp_path / "pose").mkdir()
    (tmp_path / "pose" / "results.json").write_text(json.dumps(rows([3, 5])))
    for path in (tmp_path / "pose", tmp_path / "pose" / "results.json"):
        found = read_detections(path, cameras=["cam7"], image_sizes=SIZE)
        assert found["cameras"].to_numpy().tolist() == ["cam7"]
        assert found["time"].to_numpy().tolist() == [3, 5]
        assert to_array(found)[:, 0, 0, 0, 0].tolist() == [3, 5]


def test_coco_results_that_do_not_say_the_camera_are_refused_with_what_to_do(tmp_path):
    (tmp_path / "pose").mkdir()
    (tmp_path / "pose" / "results.json").write_text(json.dumps(rows([3, 5])))
    with pytest.raises(InputError) as raised:
        read_detections(tmp_path / "pose", cameras=["cam1", "cam2"], image_sizes=SIZE)
    assert "of which camera the image_id 3 is; store one file per camera, such as pose/cam1.json" in str(
        raised.value
    )
    assert "or put the JSON with that list (images, each with id and file_name) beside it" in str(
        raised.value
    )


def test_two_files_of_coco_named_after_cameras_stay_two_files(tmp_path):
    """One of them lists its images, the other does not: they are of two cameras nevertheless."""
    table = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": rows([1])}
    (tmp_path / "cam1.json").write_text(json.dumps(table))
    (tmp_path / "cam2.json").write_text(json.dumps(rows([1])))
    found = read_detections(tmp_path, cameras=["cam1", "cam2"], image_sizes=SIZE)
    assert found["cameras"].to_numpy().tolist() == ["cam1", "cam2"]


def labelled(flags, **ball):
    """Two images of a camera as labelling programs export them: one person, and a ball without keypoints."""
    names = list(get_skeleton("coco17").keypoints)
    people = [
        {
            "image_id": t,
            "category_id": 7,
            "keypoints": [v for k in range(17) for v in (10.0 + t, k + 1.0, flags[k])],
        }
        for t in range(2)
    ]
    balls = [{"image_id": t, "category_id": 3, "bbox": [0, 0, 9, 9]} | ball for t in range(2)]
    kinds = [{"id": 3, "name": "ball"}, {"id": 7, "name": "person", "keypoints": names}]
    images = [{"id": t, "file_name": f"{t}.png", "width": 1280, "height": 720} for t in range(2)]
    return {"images": images, "annotations": [*balls, *people], "categories": kinds}


def test_labels_of_coco_have_flags_for_scores_and_other_things_beside_people(tmp_path, caplog):
    """Flag 0 is missing, 1 is labelled but hidden, 2 is visible (COCO's data format)."""
    flags = [0, 1, *[2] * 15]
    (tmp_path / "cam1.json").write_text(json.dumps(labelled(flags)))
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        found = read_detections(tmp_path, cameras=["cam1"])
    assert not caplog.records
    assert found["keypoints"].to_numpy().tolist() == list(get_skeleton("coco17").keypoints)
    assert found.sizes["individuals"] == 1
    assert found["confidence"].to_numpy().reshape(2, 17).tolist() == [[0.0, *[1.0] * 16]] * 2
    assert to_array(found)[1, 0, 5, 0].tolist() == [11.0, 6.0]


def test_images_that_are_called_by_numbers_alone_are_of_one_camera_or_refused(tmp_path):
    (tmp_path / "labels.json").write_text(json.dumps(labelled([2] * 17)))
    for path in (tmp_path, tmp_path / "labels.json"):
        for cameras, name in ((["cam1"], "cam1"), (["1"], "1"), (None, "labels")):
            found = read_detections(path, cameras=cameras)
            assert found["time"].to_numpy().tolist() == [0, 1]
            assert found["cameras"].to_numpy().tolist() == [name]
        with pytest.raises(
            InputError, match=r"names that say no camera, such as 0\.png; store those of each camera apart"
        ):
            read_detections(path, cameras=["cam0", "cam1"])


def test_frames_that_are_called_by_numbers_alone_are_of_one_camera_or_refused(tmp_path):
    """As Ultralytics names labels of images 1.jpg, 2.jpg ..."""
    line = "0 0.5 0.5 0.2 0.2 " + " ".join(["0.4 0.6 0.9"] * 17)
    folder = tmp_path / "labels"
    folder.mkdir()
    for t in (1, 2, 3):
        (folder / f"{t}.txt").write_text(line)
    for cameras, name in ((["cam1"], "cam1"), (None, "labels")):
        found = read_detections(folder, cameras=cameras, image_sizes=SIZE)
        assert found["time"].to_numpy().tolist() == [1, 2, 3]
        assert found["cameras"].to_numpy().tolist() == [name]
    with pytest.raises(InputError, match=r"say no camera, such as 1\.txt; .*a file or folder with its name"):
        read_detections(folder, cameras=["cam1", "cam2"], image_sizes=SIZE)


def test_a_person_of_coco_without_keypoints_and_scores_beyond_1_are_still_said(tmp_path, caplog):
    wrong = labelled([2] * 17)
    del wrong["annotations"][-1]["keypoints"]
    (tmp_path / "cam1.json").write_text(json.dumps(wrong))
    with pytest.raises(InputError, match="no flat list of x, y and score"):
        read_detections(tmp_path, cameras=["cam1"])
    (tmp_path / "cam1.json").write_text(json.dumps(labelled([2, *[0.5] * 16])))
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        read_detections(tmp_path, cameras=["cam1"])
    assert "scores of up to 2" in caplog.text


# --- what cameras may be -----------------------------------------------------------------------------------


def test_cameras_may_be_a_group_that_has_names_and_sizes_or_one_name(tmp_path):
    for camera in ("cam1", "cam2"):
        (tmp_path / f"{camera}.json").write_text(json.dumps(rows([1, 2])))
    rig = CameraGroup(
        names=["cam2", "cam1"],
        image_sizes=[(1000, 800), (640, 480)],
        matrices=[np.array([[500.0, 0, 300], [0, 500, 200], [0, 0, 1]])] * 2,
        distortions=[np.zeros(5)] * 2,
        rotations=[np.eye(3)] * 2,
        translations=[[0.0, 0, 3], [1.0, 0, 3]],
    )
    found = read_detections(tmp_path, cameras=rig)
    assert found["cameras"].to_numpy().tolist() == ["cam2", "cam1"]
    assert found["image_size"].to_numpy().tolist() == [[1000, 800], [640, 480]]
    found = read_detections(tmp_path, cameras=rig, image_sizes=SIZE)
    assert found["image_size"].to_numpy().tolist() == [SIZE, SIZE]
    found = read_detections(tmp_path, cameras="cam2", image_sizes=SIZE)
    assert found["cameras"].to_numpy().tolist() == ["cam2"]
