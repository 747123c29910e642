"""2D of other detectors: the same recording, in the form that each of them saves."""

import json

import numpy as np
import pytest
import writers_detectors as write
from stored2d_case import CAMERAS, as_arrays, make_people, make_sequence
from writers_stored2d import COCO

from mvtri.datasets.stored2d.stored import open_stored2d
from mvtri.errors import InputError
from mvtri.formats import read_detections, write_detections
from mvtri.tracks import to_array

SIZES = [list(write.SIZE)] * 4
PEOPLE = make_people()
POSITION, CONFIDENCE = as_arrays(PEOPLE)


def read(path, cameras=CAMERAS, **options):
    return read_detections(path, cameras=list(cameras), image_sizes=SIZES, **options)


@pytest.mark.parametrize("form", write.FORMS)
def test_each_form_gives_the_same_detections(form, tmp_path):
    path = write.FORMS[form](tmp_path / "pose", PEOPLE)
    found = read(path, skeleton="coco17", fps=50)
    assert found["keypoints"].to_numpy().tolist() == COCO
    assert found["cameras"].to_numpy().tolist() == list(CAMERAS)
    assert found["time"].to_numpy() == pytest.approx(np.arange(9) / 50)
    assert to_array(found)[:, 0] == pytest.approx(POSITION, abs=1e-9, nan_ok=True)
    assert to_array(found, "confidence")[:, 0] == pytest.approx(CONFIDENCE, abs=1e-12)


@pytest.mark.parametrize("form", write.FORMS)
def test_each_form_is_stored_2d_of_a_benchmark(form, tmp_path):
    people = PEOPLE
    if "ultralytics" in form:  # of images that are not all of one size
        heights = dict(zip(CAMERAS, (1002, 1000, 1000, 1002)))
        people = {
            camera: [[person * [1, 1002 / heights[camera], 1] for person in seen] for seen in frames]
            for camera, frames in people.items()
        }
    folder = tmp_path / "S9" / "WalkDog 1"
    path = write.FORMS[form](folder, people)
    if path.is_file():
        path = path.rename(folder.parent / f"WalkDog_1{path.suffix}")
        folder.rmdir()
    found = open_stored2d(tmp_path, skeleton="coco17").load(make_sequence())
    assert to_array(found)[:, 0] == pytest.approx(POSITION, abs=1e-9, nan_ok=True)
    assert to_array(found, "confidence")[:, 0] == pytest.approx(CONFIDENCE, abs=1e-12)


@pytest.mark.parametrize("form", ["alphapose", "sleap analysis", "ultralytics", "tidy"])
def test_all_people_of_a_view_are_kept(form, tmp_path):
    second = {camera: [[seen[0], seen[0] + [5, 7, 0]] for seen in frames] for camera, frames in PEOPLE.items()
              if camera != CAMERAS[3]}  # fmt: skip
    path = write.FORMS[form](tmp_path / "pose", second)
    found = read_detections(path, cameras=list(second), image_sizes=SIZES[:3], skeleton="coco17")
    assert found.sizes["individuals"] == 2
    where = CONFIDENCE[..., :3] > 0
    assert to_array(found)[:, 1][where] == pytest.approx(POSITION[..., :3, :][where] + [5, 7], abs=1e-9)


@pytest.mark.parametrize("form", write.FORMS)
def test_an_absent_camera_is_named(form, tmp_path):
    path = write.FORMS[form](tmp_path / "pose", PEOPLE)
    with pytest.raises(InputError, match="camera cam9 matches none of the"):
        read(path, [*CAMERAS[:3], "cam9"], skeleton="coco17")


# --- AlphaPose ---------------------------------------------------------------------------------------------


def test_alphapose_in_the_order_of_openpose(tmp_path):
    """--format open and cmu: 18 keypoints by image, the second the neck (write_json in pPose_nms.py)."""
    flat = [float(value) for k in range(18) for value in (10 + k, 20 + k, 0.5)]
    for key, joints, folder in (("people", "pose_keypoints_2d", "open"), ("bodies", "joints", "cmu")):
        (tmp_path / folder).mkdir()
        entry = {"version": "AlphaPose v0.3", key: [{joints: flat}]}
        content = json.dumps({"0.jpg": entry, "3.jpg": entry})
        (tmp_path / folder / "cam1.json").write_text(content)
        found = read_detections(tmp_path / folder, image_sizes=SIZES[:1])
        assert found.attrs["skeleton"] == "openpose18"
        assert found["time"].to_numpy().tolist() == [0, 3]
        assert to_array(found)[0, 0, 1, 0].tolist() == [11.0, 21.0]
        assert found["keypoints"].to_numpy()[1] == "neck"


def test_alphaposes_files_of_one_frame_are_openposes(tmp_path):
    flat = [float(value) for k in range(18) for value in (10 + k, 20 + k, 0.5)]
    for key, joints, camera in (("people", "pose_keypoints_2d", "cam1"), ("bodies", "joints", "cam2")):
        (tmp_path / camera).mkdir()
        (tmp_path / camera / "7.json").write_text(
            json.dumps({"version": "AlphaPose v0.3", key: [{joints: flat}]})
        )
    found = read_detections(tmp_path, image_sizes=SIZES[:2])
    assert to_array(found)[0, 0, 1].tolist() == [[11.0, 21.0]] * 2


def test_one_alphapose_file_of_all_cameras_goes_by_the_names_of_images(tmp_path):
    rows = [
        {"image_id": f"{camera}_{t:04d}.png", "keypoints": person.ravel().tolist(), "score": 1.0}
        for camera, frames in PEOPLE.items() for t, seen in enumerate(frames) for person in seen
    ]  # fmt: skip
    (tmp_path / "alphapose-results.json").write_text(json.dumps(rows))
    found = read(tmp_path, skeleton="coco17")
    assert to_array(found)[:, 0] == pytest.approx(POSITION, nan_ok=True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            '[{"image_id": "1.jpg", "keypoints": [1, 2, 3]}, {"image_id": 4}]',
            "row without the name of",
        ),
        ('[{"image_id": "1.jpg", "keypoints": [1, 2]}]', "1.jpg of .* has keypoints that is no flat list"),
        ('[{"image_id": "a.jpg", "keypoints": [1, 2, 3]}]', "image 'a.jpg' has no number in its name"),
        (
            '[{"image_id": "1.jpg", "keypoints": []}, {"image_id": "a1.jpg", "keypoints": []}]',
            "several images",
        ),
        ('[{"image_id": "1.jpg", "keypoints": [1, 2', "is not valid JSON"),
        ('{"1.jpg": {"version": "AlphaPose v0.3", "people": 3}}', "without a list called people or bodies"),
    ],
)
def test_damaged_alphapose_files_are_one_sentence(tmp_path, content, sentence):
    (tmp_path / "cam1.json").write_text(content)
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZES[:1], skeleton="coco17")
    assert "\n" not in str(raised.value)
    assert "cam1.json" in str(raised.value)


# --- Ultralytics -------------------------------------------------------------------------------------------


def test_ultralytics_models_are_of_coco_unless_another_skeleton_is_named(tmp_path):
    write.ultralytics(tmp_path, PEOPLE)
    assert read(tmp_path).attrs["skeleton"] == "coco17"
    with pytest.raises(InputError, match=r"line of 56 numbers, but the 26 keypoints of halpe26 need 83"):
        read(tmp_path, skeleton="halpe26")


def test_ultralytics_without_visibilities(tmp_path):
    (tmp_path / "cam1").mkdir()
    points = np.random.default_rng(0).uniform(0.1, 0.9, (17, 2))
    points[3] = 0
    cells = [0, 0.5, 0.5, 0.2, 0.9, *points.ravel().tolist()]
    (tmp_path / "cam1" / "x_12.txt").write_text(" ".join(map(repr, cells)))
    found = read_detections(tmp_path, image_sizes=SIZES[:1])
    expected = points * write.SIZE
    expected[3] = np.nan
    assert to_array(found)[0, 0, :, 0] == pytest.approx(expected, nan_ok=True)
    assert to_array(found, "confidence")[0, 0, 2:5, 0].tolist() == [1.0, 0.0, 1.0]
    assert found["time"].to_numpy().tolist() == [12]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "0 0.5 0.5 0.2 0.9 0.1 0.2 0.3",
            "line of 8 numbers, but the 17 keypoints of coco17 need 56 ",
        ),
        ("0 0.5 0.5 x", "has a line that is not of numbers"),
        (
            "0 0.5 0.5 0.2 0.9" + " 150 200 1" * 17,
            "parts of the image's size, .* but cam1 has some",
        ),
    ],
)
def test_damaged_ultralytics_files_are_one_sentence(tmp_path, lines, sentence):
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / "1.txt").write_text("0 0.5 0.5 0.2 0.9" + " 0.5 0.5 1" * 17)
    (tmp_path / "cam1" / "2.txt").write_text(lines)
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZES[:1])
    assert "\n" not in str(raised.value)


# --- MediaPipe ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["list", "numbered", "people", "object", "by number", "protobuf", "lists"])
def test_mediapipes_landmarks_in_any_layout(tmp_path, layout, caplog):
    points = np.random.default_rng(1).uniform(0.1, 0.9, (5, 33, 3))
    for camera in ("cam1", "cam2"):
        (tmp_path / f"{camera}.json").write_text(write.mediapipe(points, layout))
    found = read_detections(tmp_path, image_sizes=SIZES[:2])
    assert found.attrs["skeleton"] == "blazepose33"
    assert to_array(found)[:, 0, :, 1] == pytest.approx(points[..., :2] * write.SIZE)
    assert to_array(found, "confidence")[:, 0, :, 1] == pytest.approx(points[..., 2])
    assert not caplog.text


def test_mediapipes_landmarks_in_pixels_stay_so_and_nobody_is_nobody(tmp_path):
    points = np.random.default_rng(1).uniform(0.1, 0.9, (2, 33, 3)) * [*write.SIZE, 1]
    content = json.loads(write.mediapipe(points))
    (tmp_path / "cam1.json").write_text(json.dumps([content[0], [], None, content[1]]))
    found = read_detections(tmp_path / "cam1.json", image_sizes=SIZES[:1])
    assert to_array(found)[[0, 3], 0, :, 0] == pytest.approx(points[..., :2])
    assert np.isnan(to_array(found)[1:3]).all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([[{"x": 1, "y": 2}] * 21], "frame 0 of .* has 21 landmarks; expected the 33"),
        ([[{"x": 1, "y": 2}] * 32 + [{"x": 1}]], "landmark without x and y"),
        ({"landmarks": 3}, "JSON of another shape"),
        ([{"landmarks": "x"}], "has no list of landmarks"),
    ],
)
def test_damaged_landmarks_are_one_sentence(tmp_path, content, sentence):
    (tmp_path / "cam1.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZES[:1])
    assert "cam1.json" in str(raised.value)


# --- OpenPose and COCO -------------------------------------------------------------------------------------


def test_openposes_hands_and_face_are_left_out_with_a_word(tmp_path, caplog):
    caplog.set_level("INFO", logger="mvtri")
    flat = [float(value) for k in range(18) for value in (10 + k, 20 + k, 0.5)]
    person = {"pose_keypoints_2d": flat, "face_keypoints_2d": flat, "hand_left_keypoints_2d": flat[:3]}
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / "0.json").write_text(json.dumps({"people": [person]}))
    found = read_detections(tmp_path, image_sizes=SIZES[:1])
    assert found.sizes["keypoints"] == 18
    assert "has keypoints of the face and hands too, which are left out" in caplog.text
    caplog.clear()
    (tmp_path / "cam1" / "0.json").write_text(json.dumps({"people": [{"pose_keypoints": flat}]}))  # 1.0
    assert to_array(read_detections(tmp_path, image_sizes=SIZES[:1]))[0, 0, 2, 0].tolist() == [12.0, 22.0]
    assert not caplog.text


@pytest.mark.parametrize(("count", "skeleton"), [(37, "spinetrack37"), (9, "spine9")])
def test_spineposes_own_output(tmp_path, count, skeleton):
    """frame_00000.json with version 1.0, and nobody is an empty list (spinepose 2.1, inference.py)."""
    flat = [float(value) for k in range(count) for value in (10 + k, 20 + k, 0.5)]
    (tmp_path / "cam1").mkdir()
    for t, people in enumerate([[{"pose_keypoints_2d": flat, "pose_keypoints_3d": [0.0] * 4 * count}], []]):
        text = json.dumps({"version": 1.0, "people": people})
        (tmp_path / "cam1" / f"frame_{t:05d}.json").write_text(text)
    found = read_detections(tmp_path, image_sizes=SIZES[:1])
    assert found.attrs["skeleton"] == skeleton
    assert found["keypoints"].to_numpy()[-1] == "neck_03"
    assert to_array(found)[0, 0, 3, 0].tolist() == [13.0, 23.0]
    assert np.isnan(to_array(found)[1]).all()


def test_coco_results_of_one_camera_go_by_the_numbers_of_images(tmp_path):
    for camera, frames in PEOPLE.items():
        rows = [
            {"image_id": t, "category_id": 1, "keypoints": person.ravel().tolist(), "score": 0.5}
            for t, seen in enumerate(frames) for person in seen
        ]  # fmt: skip
        (tmp_path / f"{camera}.json").write_text(json.dumps(rows))
    found = read(tmp_path, skeleton="coco17")
    assert to_array(found)[:, 0] == pytest.approx(POSITION, nan_ok=True)


def test_coco_wholebody_is_joined(tmp_path):
    """Source: COCO-WholeBody's results: feet, face and hands apart, in the order of its 133 keypoints."""
    rng = np.random.default_rng(2)
    parts = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
    row = {key: rng.uniform(0.1, 1, (count, 3)) * [900, 900, 1] for key, count in parts.items()}
    text = json.dumps([{"image_id": 4} | {key: values.ravel().tolist() for key, values in row.items()}])
    for camera in ("cam1", "cam2"):
        (tmp_path / f"{camera}.json").write_text(text)
    found = read_detections(tmp_path, image_sizes=SIZES[:2])
    assert found.attrs["skeleton"] == "wholebody133"
    assert to_array(found)[0, 0, :, 0] == pytest.approx(np.concatenate(list(row.values()))[:, :2])
    assert found["keypoints"].to_numpy()[91] == "left_hand_root"


def test_one_image_size_is_that_of_all_cameras(tmp_path):
    path = write.tidy(tmp_path, PEOPLE)
    found = read_detections(path, image_sizes=write.SIZE)
    assert found["image_size"].to_numpy().tolist() == SIZES


def test_names_that_a_spreadsheet_would_run_come_back(tmp_path):
    found = read(write.tidy(tmp_path, PEOPLE)).assign_coords(keypoints=["=1+1", "-a", *COCO[2:]])
    write_detections(tmp_path / "out.csv", found)
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    back = read(tmp_path / "out.csv")
    assert back["keypoints"].to_numpy().tolist() == ["=1+1", "-a", *COCO[2:]]
