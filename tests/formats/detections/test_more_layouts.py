"""Layouts of 2D that carry less: single images of MMPose, freemocap's array, COCO results without images."""

import json
import logging

import numpy as np
import pytest
import writers_detectors as write

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
