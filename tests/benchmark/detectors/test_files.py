"""Labels and results in files: COCO's ids, crowds and areas, and other formats."""

import json

import cv2
import numpy as np
import pytest
from coco_columns import columns
from people_sets import coco_set

from mvtri.benchmark.detectors import score_detectors
from mvtri.benchmark.detectors.files import LabelFile
from mvtri.detection_scores import score_people
from mvtri.errors import InputError
from mvtri.formats.detections.files import write_detections
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_detections

COCO = get_skeleton("coco17")


def saved(folder, name, content):
    path = folder / name
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def sets(tmp_path):
    table, results = coco_set(1)
    table["categories"][0]["keypoints"] = list(COCO.keypoints)
    return table, results, saved(tmp_path, "truth.json", table), saved(tmp_path, "thunder.json", results)


def test_files_of_coco_have_the_figures_of_their_columns(sets):
    table, results, truth, path = sets
    labels = LabelFile(truth)
    scored = score_detectors(labels.labelled, [labels.read(path)]).detectors[0]
    expected = score_people(
        *columns(table, results)[:2], np.array(COCO.sigmas), len(table["images"])
    ).summary()
    assert scored.name == "thunder"
    assert 0.05 < expected["AP"] < 0.95
    for name, value in expected.items():
        assert scored.groups["all"][name] == pytest.approx(value, abs=1e-12), name


def test_results_of_other_images_or_shapes_are_refused(sets, tmp_path):
    _, results, truth, _ = sets
    labels = LabelFile(truth)
    strange = saved(tmp_path, "strange.json", [results[0] | {"image_id": 5}])
    with pytest.raises(InputError, match=r"has a row of the image_id 5, which is not among the labelled"):
        labels.read(strange)
    with pytest.raises(InputError, match=r"holds no row with keypoints"):
        labels.read(saved(tmp_path, "empty.json", []))
    with pytest.raises(InputError, match=r"is JSON of another shape; expected COCO's results"):
        labels.read(saved(tmp_path, "other.json", [1]))
    mixed = [results[0], results[1] | {"keypoints": [1.0, 2.0, 0.5]}]
    with pytest.raises(InputError, match=r"has people with 1 and 17 keypoints; expected one set"):
        labels.read(saved(tmp_path, "mixed.json", mixed))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"annotations": []}, r"holds no annotation with keypoints"),
        ({"images": [{"id": 7}, {"id": 7}]}, r"has images without an id of their own"),
        ({"images": [{"id": 7}, {}]}, r"has images without an id of their own"),
    ],
)
def test_bad_labels_are_refused(sets, tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence):
        LabelFile(saved(tmp_path, "bad.json", sets[0] | change))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("bbox", ["a", 1, 2, 3], r"has a bbox of 'a'; expected a number, so write it again"),
        ("bbox", [None] * 4, r"has a bbox of \[None.*\]; expected left, top, width and height"),
        ("bbox", [1, 2], r"has a bbox of \[1, 2\]; expected left, top, width and height"),
        ("area", "big", r"has an area of 'big'; expected a number, so write it again"),
        ("area", -5, r"has an area of -5; expected 0 or more"),
        ("image_id", [7], r"has a row of the image_id \[7\], which is not among the labelled images"),
    ],
)
def test_labels_with_something_else_in_place_of_a_number_are_refused(sets, tmp_path, key, value, sentence):
    sets[0]["annotations"][0][key] = value
    with pytest.raises(InputError, match=sentence):
        LabelFile(saved(tmp_path, "bad.json", sets[0]))


def test_results_without_a_score_have_that_of_their_keypoints_and_other_values_are_refused(sets, tmp_path):
    _, results, truth, _ = sets
    labels = LabelFile(truth)
    own = np.array(results[0]["keypoints"]).reshape(-1, 3)[:, 2].mean()
    found = labels.read(saved(tmp_path, "none.json", [results[0] | {"score": None}, *results[1:]]))
    assert found.people.scores[0] == pytest.approx(own)
    assert found.people.scores[1] == results[1]["score"]
    for value in ("0.5", [1], True):
        with pytest.raises(InputError, match=r"has a score of .*; expected a number"):
            labels.read(saved(tmp_path, "bad.json", [results[0] | {"score": value}]))


def test_areas_boxes_and_flags_that_are_absent_follow_from_the_keypoints(tmp_path):
    points = np.column_stack([np.arange(17) * 10.0, np.arange(17) * 20.0, np.full(17, 0.7)])
    rows = [{"image_id": 1, "keypoints": points.ravel().tolist()}]
    truth = saved(tmp_path, "truth.json", {"images": [{"id": 1}], "annotations": rows})
    people = LabelFile(truth, "coco17").labelled.people
    assert people.boxes.tolist() == [[0.0, 0.0, 160.0, 320.0]]
    assert people.areas.tolist() == [pytest.approx(0.53 * 160 * 320)]
    assert (people.flags == 2).all()


def test_pictures_are_found_in_their_folder_and_nowhere_else(sets, tmp_path):
    table = sets[0]
    with pytest.raises(InputError, match=r"holds no picture 000007.jpg"):
        LabelFile(sets[2], images=tmp_path)
    for image in table["images"]:
        cv2.imwrite(str(tmp_path / image["file_name"]), np.zeros((8, 8, 3), dtype=np.uint8))
    pictures = LabelFile(sets[2], images=tmp_path).labelled.pictures
    assert len(pictures) == len(table["images"])
    table["images"][0]["file_name"] = "../out.jpg"
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match=r"holds no picture"):
        LabelFile(saved(tmp_path, "away.json", table), images=tmp_path / "in")


def detections_of(pixels, **more):
    return make_detections(
        pixels,
        np.full(pixels.shape[:-1], 0.8),
        keypoints=COCO.keypoints,
        cameras=["a", "b"],
        image_sizes=[[900, 900]] * 2,
        skeleton="coco17",
        fps=10.0,
        **more,
    )


def test_other_2d_is_compared_frame_by_frame_and_camera_by_camera(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.uniform(100, 500, (6, 1, 17, 2, 2))
    write_detections(tmp_path / "truth.nc", detections_of(pixels))
    later = detections_of(pixels[2:, ..., ::-1, :] + [3.0, 4.0], times=np.arange(2, 6) / 10)
    write_detections(tmp_path / "found.nc", later.assign_coords(cameras=["b", "a"]))
    labels = LabelFile(tmp_path / "truth.nc")
    scored = score_detectors(labels.labelled, [labels.read(tmp_path / "found.nc")]).detectors[0]
    assert scored.groups["all"]["EPE px"] == pytest.approx(5.0, abs=1e-4)
    assert scored.keypoints[0].found == pytest.approx(4 / 6)
    write_detections(tmp_path / "late.nc", detections_of(pixels, times=9 + np.arange(6) / 10))
    with pytest.raises(InputError, match=r"has no frame of .*: their times begin at 9 and 0; expected 2D of"):
        labels.read(tmp_path / "late.nc")
    with pytest.raises(InputError, match=r"names no pictures; leave --images out"):
        LabelFile(tmp_path / "truth.nc", images=tmp_path)
