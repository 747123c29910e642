"""Writing 2D as other programs read it: numbers come back exactly, and what is lost is said."""

import json
import logging

import numpy as np
import pytest

from mvtri.errors import ExistsError, InputError
from mvtri.formats import read_detections, write_detections
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_detections, to_array

SIZES = [[1280, 720], [640, 480], [1920, 1080]]
NAMES = get_skeleton("halpe26").keypoints
TARGETS = {"openpose": "pose", "coco": "pose.json", "csv": "pose.csv", "tsv": "pose.tsv", "nc": "pose.nc"}


def some(times=None, fps=None, dtype=np.float64, **more):
    """Return Detections of two people, who are missing here and there, in three cameras."""
    rng = np.random.default_rng(4)
    position = rng.uniform(1, 479, (6, 2, 26, 3, 2)).astype(dtype)
    confidence = rng.uniform(0.1, 1, (6, 2, 26, 3)).astype(dtype)
    confidence[2, 0, 5, 1] = 0
    confidence[3, 0, :, 2] = 0  # the first person away, the second there
    confidence[4, :, :, 1] = 0
    position[confidence == 0] = np.nan
    return make_detections(
        position, confidence, keypoints=NAMES, cameras=["left", "cam 2", "3"], image_sizes=SIZES, fps=fps,
        times=times, skeleton="halpe26", **more,
    )  # fmt: skip


def back(path, detections, form):
    sizes = None if form in ("coco", "nc") else SIZES
    fps = detections.attrs.get("fps")
    cameras = [str(name) for name in detections["cameras"].to_numpy()]
    return read_detections(path, cameras=cameras, image_sizes=sizes, fps=fps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("form", TARGETS)
def test_all_numbers_come_back_exactly(tmp_path, form, dtype):
    detections = some(times=(np.arange(6) + 7) / 25, fps=25, dtype=dtype)
    path = write_detections(tmp_path / TARGETS[form], detections)
    assert path == tmp_path / TARGETS[form]
    found = back(path, detections, form)
    assert found["keypoints"].to_numpy().tolist() == list(NAMES)
    assert found["cameras"].to_numpy().tolist() == ["left", "cam 2", "3"]
    assert np.array_equal(to_array(found), to_array(detections), equal_nan=True)
    assert np.array_equal(to_array(found, "confidence"), to_array(detections, "confidence"))
    assert found["time"].to_numpy() == pytest.approx(detections["time"].to_numpy(), abs=1e-12)
    assert found["image_size"].to_numpy().tolist() == SIZES
    assert found.attrs["skeleton"] == "halpe26"


@pytest.mark.parametrize("form", TARGETS)
def test_frame_numbers_come_back(tmp_path, form):
    detections = some(times=np.array([3, 4, 10, 11, 12, 500]))
    path = write_detections(tmp_path / TARGETS[form], detections)
    assert back(path, detections, form)["time"].to_numpy().tolist() == [3, 4, 10, 11, 12, 500]


def test_times_without_a_rate_are_kept_in_tables(tmp_path):
    detections = some(times=np.array([0.1, 0.15, 0.4, 0.41, 0.5, 2.0]))
    write_detections(tmp_path / "a.csv", detections)
    assert back(tmp_path / "a.csv", detections, "csv")["time"].to_numpy().tolist() == (
        detections["time"].to_numpy().tolist()
    )


def test_openposes_files_are_those_of_openpose(tmp_path):
    write_detections(tmp_path / "pose", some())
    content = json.loads((tmp_path / "pose" / "left" / "left_000000000000_keypoints.json").read_text())
    assert len(content["people"]) == 2
    assert len(content["people"][0]["pose_keypoints_2d"]) == 78
    absent = json.loads((tmp_path / "pose" / "3" / "3_000000000003_keypoints.json").read_text())
    assert absent["people"][0] == {}
    assert (
        json.loads((tmp_path / "pose" / "cam 2" / "cam 2_000000000004_keypoints.json").read_text())["people"]
        == []
    )


def test_cocos_file_counts_keypoints_and_has_boxes(tmp_path):
    write_detections(tmp_path / "a.json", some())
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["images"][0] == {
        "id": 1,
        "file_name": "left/000000000000.jpg",
        "width": 1280,
        "height": 720,
    }
    assert content["categories"][0]["keypoints"] == list(NAMES)
    links = {frozenset(pair) for pair in content["categories"][0]["skeleton"]}
    shoulder, elbow = NAMES.index("left_shoulder") + 1, NAMES.index("left_elbow") + 1
    assert frozenset((shoulder, elbow)) in links
    row = content["annotations"][0]
    points = np.array(row["keypoints"]).reshape(-1, 3)
    assert row["num_keypoints"] == 26
    x, y, width, height = row["bbox"]
    assert [x, y] == points[:, :2].min(axis=0).tolist()
    assert [x + width, y + height] == pytest.approx(points[:, :2].max(axis=0))


def test_what_a_format_does_not_hold_is_said(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    covariance = np.broadcast_to(np.eye(2), (6, 2, 26, 3, 2, 2))
    write_detections(tmp_path / "a.csv", some(covariance=covariance, boxes=np.ones((6, 2, 3, 4))))
    assert "a.csv does not hold covariances and boxes; a .nc file does" in caplog.text


@pytest.mark.parametrize("form", ["openpose", "coco", "csv"])
def test_a_keypoint_in_the_corner_cannot_be_held(tmp_path, form):
    detections = some()
    detections["position"][{"time": 1, "keypoints": 2, "individuals": 1, "cameras": 0}] = 0.0
    with pytest.raises(InputError, match=r"right_eye of person_1 in left is at exactly \(0, 0\) in frame 1"):
        write_detections(tmp_path / TARGETS[form], detections)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a/b", "..", "a:b", "x" * 300, " "])
def test_cameras_whose_names_are_no_folders(tmp_path, name):
    detections = some().assign_coords(cameras=[name, "b", "c"])
    with pytest.raises(InputError, match="cannot be the name of a folder"):
        write_detections(tmp_path / "pose", detections)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_stays(tmp_path):
    (tmp_path / "pose").mkdir()
    (tmp_path / "pose" / "mine").write_text("")
    with pytest.raises(ExistsError):
        write_detections(tmp_path / "pose", some())
    assert [path.name for path in (tmp_path / "pose").iterdir()] == ["mine"]
