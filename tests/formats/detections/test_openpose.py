"""OpenPose JSON: what its files say, whose files they are, and what is refused."""

import json

import numpy as np
import pytest

from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_detections
from mvtri.formats.detections.openpose import OpenPoseReader, frame_files
from mvtri.formats.detections.reader import Request
from mvtri.skeletons import get_skeleton
from mvtri.tracks import provenance_of, to_array

SIZES = [[640, 480], [640, 480]]


def read_openpose(folder, image_sizes, **options):
    return read_detections(folder, "openpose", image_sizes=image_sizes, **options)


def one(value, keypoints=26, score=0.5):
    """Return a person whose keypoint k is at (value + k, 10 value + k)."""
    flat = [number for k in range(keypoints) for number in (value + k, 10 * value + k, score)]
    return {"person_id": [-1], "pose_keypoints_2d": flat, "face_keypoints_2d": []}


def write(folder, cameras, pattern="{bare}.{frame:04d}.json"):
    """Write ``{camera: {frame: people, or text}}``."""
    for camera, frames in cameras.items():
        (folder / camera).mkdir(parents=True)
        for frame, people in frames.items():
            text = people if isinstance(people, str) else json.dumps({"version": 1.3, "people": people})
            (folder / camera / pattern.format(bare=camera.removesuffix("_json"), frame=frame)).write_text(
                text
            )
    return folder


def test_people_become_candidates_of_their_camera(tmp_path):
    write(tmp_path, {"cam01_json": {0: [one(1), one(2)], 1: [one(3)]}, "cam02_json": {0: [one(4)], 1: []}})
    found = read_openpose(tmp_path, SIZES, fps=50.0)
    assert found["position"].dims == ("time", "space", "keypoints", "individuals", "cameras")
    assert found["cameras"].to_numpy().tolist() == ["cam01", "cam02"]
    assert found["keypoints"].to_numpy().tolist() == list(get_skeleton("halpe26").keypoints)
    assert found.attrs["skeleton"] == "halpe26"
    assert found.attrs["associated"] == 0
    assert found["time"].to_numpy().tolist() == [0.0, 0.02]
    position = to_array(found)
    assert position.shape == (2, 2, 26, 2, 2)
    k = np.arange(26)
    for (t, n, c), value in {(0, 0, 0): 1, (0, 1, 0): 2, (1, 0, 0): 3, (0, 0, 1): 4}.items():
        assert np.array_equal(position[t, n, :, c], np.stack([value + k, 10 * value + k], axis=-1))
        assert (to_array(found, "confidence")[t, n, :, c] == 0.5).all()
    absent = to_array(found, "confidence") == 0
    assert absent.sum() == 4 * 26
    assert np.array_equal(np.isnan(position).all(axis=-1), absent)
    assert np.array_equal(np.isnan(position).any(axis=-1), absent)


@pytest.mark.parametrize(
    "nobody",
    [
        "{}",
        '{"people": []}',
        '{"people": [{}]}',
        '{"people": [{"pose_keypoints_2d": []}]}',
        '{"version": 1.3}',
    ],
)
def test_nobody_is_nobody_however_it_is_written(tmp_path, nobody):
    write(tmp_path, {"a": {0: nobody, 1: [one(1)]}, "b": {0: [one(1)], 1: nobody}})
    found = read_openpose(tmp_path, SIZES)
    assert found.sizes["individuals"] == 1
    present = np.isfinite(to_array(found)).all(axis=(2, 4))[:, 0]
    assert present.tolist() == [[False, True], [True, False]]


def test_an_empty_person_keeps_their_place_among_associated_ones(tmp_path):
    write(tmp_path, {"a": {0: [{}, one(2)]}, "b": {0: [one(1), one(2)]}})
    found = read_openpose(tmp_path, SIZES, associated=True)
    assert found.attrs["associated"] == 1
    assert np.isfinite(to_array(found)).all(axis=(2, 4))[0].tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize(
    "triple",
    [(0, 0, 0), (3.5, 4.5, 0), (0, 0, 0.9), (3.5, 4.5, -1), (float("nan"), 4.5, 0.9), (3.5, None, 0.9)],
)
def test_missing_keypoints_are_nan_with_score_0(tmp_path, triple):
    person = one(1)
    person["pose_keypoints_2d"][6:9] = triple
    write(tmp_path, {"a": {0: [person]}})
    found = read_openpose(tmp_path, SIZES[:1])
    point = found.isel(time=0, individuals=0, cameras=0, keypoints=2)
    assert np.isnan(point["position"]).all()
    assert point["confidence"].item() == 0
    others = found.isel(time=0, individuals=0, cameras=0).drop_sel(keypoints=found["keypoints"][2].item())
    assert np.isfinite(others["position"]).all()


def test_one_coordinate_of_0_is_a_place(tmp_path):
    person = one(1)
    person["pose_keypoints_2d"][0:3] = (0, 7, 0.9)
    write(tmp_path, {"a": {0: [person]}})
    assert to_array(read_openpose(tmp_path, SIZES[:1]))[0, 0, 0, 0].tolist() == [0.0, 7.0]


def test_scores_above_1_count_as_1_and_it_is_said(tmp_path, caplog):
    write(tmp_path, {"a": {0: [one(1, score=1.25)]}})
    assert (to_array(read_openpose(tmp_path, SIZES[:1]), "confidence") == 1.0).all()
    assert "scores of up to 1.25" in caplog.text


@pytest.mark.parametrize(
    "pattern",
    [
        "{bare}.{frame:04d}.json",
        "{bare}_{frame:012d}_keypoints.json",
        "{frame}.json",
        "take3_cam7_{frame:06d}.json",
    ],
)
def test_the_frame_number_is_the_last_in_the_name(tmp_path, pattern):
    write(tmp_path, {"cam01_json": {number: [one(number)] for number in (9, 10, 100)}}, pattern)
    found = read_openpose(tmp_path, SIZES[:1])
    assert found["time"].to_numpy().tolist() == [9, 10, 100]
    assert found.attrs["time_unit"] == "frames"
    assert to_array(found)[:, 0, 0, 0, 0].tolist() == [9.0, 10.0, 100.0]
    assert read_openpose(tmp_path, SIZES[:1], fps=10.0)["time"].to_numpy() == pytest.approx([0.9, 1.0, 10.0])


@pytest.mark.parametrize(
    "pattern", ["{bare}_{frame:06d}_1920x1080.json", "2024-05-01_{frame:04d}_30fps.json", "{frame}.v2.json"]
)
def test_numbers_that_all_names_share_are_no_frame_numbers(tmp_path, pattern):
    write(tmp_path, {"cam01_json": {number: [one(number)] for number in (9, 10, 100)}}, pattern)
    assert read_openpose(tmp_path, SIZES[:1])["time"].to_numpy().tolist() == [9, 10, 100]


def test_files_of_the_system_are_no_frames(tmp_path):
    write(tmp_path, {"cam01_json": {number: [one(number)] for number in (1, 2)}})
    for name in (".DS_Store", "._cam01.0001.json", "Thumbs.db"):
        (tmp_path / "cam01_json" / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / "._cam01_json").write_bytes(b"\0\5")
    assert read_openpose(tmp_path, SIZES[:1])["time"].to_numpy().tolist() == [1, 2]


def test_a_copied_file_is_the_frame_of_its_original(tmp_path):
    write(tmp_path, {"a": {3: [one(1)], 4: [one(2)]}})
    (tmp_path / "a" / "a.0003 (1).json").write_text("{}")
    with pytest.raises(InputError, match=r"a\.0003 \(1\)\.json and a\.0003\.json are both frame 3 by their"):
        read_openpose(tmp_path, SIZES[:1])


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_file_is_named_and_may_be_deleted(tmp_path, text):
    write(tmp_path, {"a": {0: [one(1)], 1: text}})
    with pytest.raises(InputError, match=r"a\.0001\.json is empty; .*or delete the file"):
        read_openpose(tmp_path, SIZES[:1])
    (tmp_path / "a" / "a.0001.json").unlink()
    assert read_openpose(tmp_path, SIZES[:1]).sizes["time"] == 1


def test_people_that_are_null_are_nobody(tmp_path):
    write(tmp_path, {"a": {0: [one(1)], 1: '{"people": null}'}})
    assert to_array(read_openpose(tmp_path, SIZES[:1]), "confidence")[1].sum() == 0


def test_cameras_that_count_from_different_numbers_are_named(tmp_path, caplog):
    write(tmp_path, {"a": {k: [one(1)] for k in range(3)}, "b": {k: [one(1)] for k in range(1, 4)}})
    assert read_openpose(tmp_path, SIZES).sizes["time"] == 4
    assert "with different numbers (a 0 to 2, b 1 to 3)" in caplog.text


def test_a_camera_that_lost_frames_is_not_taken_for_a_shifted_one(tmp_path, caplog):
    write(tmp_path, {"a": {k: [one(1)] for k in range(3)}, "b": {k: [one(1)] for k in (0, 1, 3)}})
    read_openpose(tmp_path, SIZES)
    assert not caplog.text


@pytest.mark.parametrize("text", ['{"model": "BODY_25"}', '{"parameters": {"people": "1"}}'])
def test_a_stray_file_beside_the_folders_does_not_matter(tmp_path, text):
    write(tmp_path, {"a_json": {0: [one(1)]}})
    (tmp_path / "info.json").write_text(text)
    assert read_detections(tmp_path, image_sizes=SIZES[:1]).sizes["time"] == 1


def test_an_empty_file_of_another_format_is_not_taken_for_openpose(tmp_path):
    row = {"image_id": "0.jpg", "category_id": 1, "keypoints": [1.0] * 51, "score": 2.0}
    for camera, text in (("a", json.dumps([row])), ("b", ""), ("c", json.dumps([row]))):
        (tmp_path / camera).mkdir()
        (tmp_path / camera / "alphapose-results.json").write_text(text)
    with pytest.raises(InputError, match=r"b/alphapose-results\.json is empty"):
        read_detections(tmp_path, image_sizes=[SIZES[0]] * 3, skeleton="coco17", cameras=list("abc"))


def test_an_empty_folder_is_named_with_the_cameras_that_are_left(tmp_path):
    write(tmp_path, {"a_json": {0: [one(1)]}, "c_json": {0: [one(1)]}})
    (tmp_path / "b_json").mkdir()
    with pytest.raises(InputError, match=r"b_json holds no \.json files; .*--cams a,c$"):
        read_openpose(tmp_path, SIZES, cameras=["a", "b", "c"])


def test_files_without_folders_of_cameras_and_folders_too_deep_are_explained(tmp_path):
    write(tmp_path / "deep" / "take", {"a": {0: [one(1)]}})
    with pytest.raises(InputError, match=r"name that one: --pose .*take$"):
        read_detections(tmp_path / "deep")
    with pytest.raises(InputError, match=r"holds OpenPose's files themselves, such as a.0000.json; .*/cam01"):
        read_detections(tmp_path / "deep" / "take" / "a")
    (tmp_path / "none" / "a_json").mkdir(parents=True)
    with pytest.raises(InputError, match=r"is a folder; expected 2D detections .* holds a_json: check"):
        read_detections(tmp_path / "none")


def test_frames_are_chosen_by_their_numbers(tmp_path):
    write(tmp_path, {"a": {number: [one(number)] for number in range(1, 10)}})
    found = read_openpose(tmp_path, SIZES[:1], frames=(2, 8, 3))
    assert found["time"].to_numpy().tolist() == [2, 5]
    assert to_array(found)[:, 0, 0, 0, 0].tolist() == [2.0, 5.0]
    assert read_openpose(tmp_path, SIZES[:1], frames=(2, 8, 3), fps=30.0).attrs["fps"] == 10.0
    with pytest.raises(InputError, match=r"are none of the 9 of .*, whose numbers are 1 to 9"):
        read_openpose(tmp_path, SIZES[:1], frames=(10, 12, 1))


def test_only_the_chosen_files_are_opened(tmp_path):
    write(tmp_path, {"a": {0: [one(0)], 1: "broken"}})
    assert read_openpose(tmp_path, SIZES[:1], frames=(0, 1, 1)).sizes["time"] == 1


def test_cameras_come_in_the_order_wanted_under_the_names_wanted(tmp_path):
    write(tmp_path, {"cam01_json": {0: [one(1)]}, "CAM-02": {0: [one(2)]}, "cam03": {0: [one(3)]}})
    found = read_openpose(tmp_path, SIZES, cameras=["cam_03", "Cam_01"])
    assert found["cameras"].to_numpy().tolist() == ["cam_03", "Cam_01"]
    assert to_array(found)[0, 0, 0, :, 0].tolist() == [3.0, 1.0]
    with pytest.raises(
        InputError, match=r"camera cam_04 matches none of .*wanted cam_04, found CAM-02, cam01_json, cam03"
    ):
        read_openpose(tmp_path, SIZES[:1], cameras=["cam_04"])
    (tmp_path / "cam01").mkdir()
    (tmp_path / "cam01" / "0.json").write_text("{}")
    with pytest.raises(InputError, match="camera cam_01 matches several"):
        read_openpose(tmp_path, SIZES[:1], cameras=["cam_01"])


def test_folders_without_json_are_no_cameras(tmp_path):
    write(tmp_path, {"cam01_json": {0: [one(1)]}})
    (tmp_path / "videos").mkdir()
    (tmp_path / "cam01.mp4").write_text("")
    assert read_openpose(tmp_path, SIZES[:1]).sizes["cameras"] == 1


@pytest.mark.parametrize(
    ("keypoints", "skeleton"),
    [(37, "spinetrack37"), (26, "halpe26")],
)
def test_the_count_tells_the_skeleton_where_it_is_certain(tmp_path, keypoints, skeleton):
    write(tmp_path, {"a": {0: [one(1, keypoints)]}})
    assert read_openpose(tmp_path, SIZES[:1]).attrs["skeleton"] == skeleton


@pytest.mark.parametrize(
    ("keypoints", "candidates"),
    [(25, "can be body25 or body25b"), (17, "can be coco17 or human36m17"), (19, "fit none of aic14, ")],
)
def test_an_ambiguous_count_asks_for_the_skeleton(tmp_path, keypoints, candidates):
    write(tmp_path, {"a": {0: [one(1, keypoints)]}})
    with pytest.raises(
        InputError,
        match=f"the {keypoints} keypoints of .*a.0000.json {candidates}.*--skeleton",
    ):
        read_openpose(tmp_path, SIZES[:1])
    if keypoints == 25:
        found = read_openpose(tmp_path, SIZES[:1], skeleton="body25b")
        assert found["keypoints"].to_numpy().tolist() == list(get_skeleton("body25b").keypoints)
    with pytest.raises(InputError, match=f"halpe26 has 26 keypoints, but .* has {keypoints}"):
        read_openpose(tmp_path, SIZES[:1], skeleton="halpe26")
    with pytest.raises(InputError, match="no skeleton is called 'body25c'; did you mean"):
        read_openpose(tmp_path, SIZES[:1], skeleton="body25c")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"people": [{"pose_keypoints_2d": [1, 2', "is not valid JSON .*truncated"),
        ("[1, 2]", "is JSON of another shape"),
        ('"people"', "is JSON of another shape"),
        ("null", "is JSON of another shape"),
        ('{"people": {"a": 1}}', "is JSON of another shape"),
        ('{"people": [[1, 2, 3]]}', "is JSON of another shape"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "no flat list of x, y and score"),
        ('{"people": [{"pose_keypoints_2d": [[1, 2, 3]]}]}', "no flat list"),
        ('{"people": [{"pose_keypoints_2d": ["a", "b", "c"]}]}', "no flat list"),
        ('{"people": [{"pose_keypoints_2d": {"x": 1}}]}', "no flat list"),
        ("[" * 100_000, "is not valid JSON"),
        ("\x00\xff", "is not valid JSON"),
    ],
)
def test_broken_files_are_one_sentence_with_their_name(tmp_path, content, sentence):
    write(tmp_path, {"a": {0: [one(1)], 52: content}, "b": {0: [one(1)], 52: [one(1)]}})
    with pytest.raises(InputError, match=f"a.0052.json {sentence}|a.0052.json has a .*{sentence}") as raised:
        read_openpose(tmp_path, SIZES)
    assert "\n" not in str(raised.value)


def test_a_file_in_another_encoding_is_one_sentence(tmp_path):
    write(tmp_path, {"a": {0: ""}})
    (tmp_path / "a" / "a.0000.json").write_bytes(b'{"people": "\xff\xfe\xfa"}')
    with pytest.raises(InputError, match=r"a\.0000\.json is not valid JSON"):
        read_openpose(tmp_path, SIZES[:1])


def test_people_of_different_sizes_are_refused_with_where_they_are(tmp_path):
    write(tmp_path, {"a": {0: [one(1)], 1: [one(1, 25)]}})
    with pytest.raises(InputError, match=r"26 in .*a\.0000\.json; 25 in .*a\.0001\.json"):
        read_openpose(tmp_path, SIZES[:1])


def test_a_camera_without_a_file_of_a_frame_sees_nobody_in_it(tmp_path):
    frames = {number: [one(number + 1)] for number in range(5)}
    write(tmp_path, {"a": frames, "b": {n: p for n, p in frames.items() if n != 3}})
    found = read_openpose(tmp_path, SIZES)
    x = to_array(found)[:, 0, 0, :, 0]
    np.testing.assert_array_equal(x, [[1, 1], [2, 2], [3, 3], [4, np.nan], [5, 5]])
    assert to_array(found, "confidence")[3, 0, 0].tolist() == [0.5, 0.0]
    assert provenance_of(found)["openpose"]["files"] == 9


def test_cameras_without_a_common_frame_number_are_refused(tmp_path):
    people = [one(1)]
    write(tmp_path, {"a": {0: people, 1: people}, "b": {1: people, 2: people}, "c": {7: people, 8: people}})
    with pytest.raises(
        InputError,
        match=r"c has no frame number in common with another .*\(a 0 to 1, b 1 to 2, c 7 to 8\)",
    ):
        read_openpose(tmp_path, [[640, 480]] * 3)


def test_a_gap_that_all_cameras_share_stays_a_gap(tmp_path):
    write(tmp_path, {name: {0: [one(1)], 10: [one(2)]} for name in "ab"})
    assert read_openpose(tmp_path, SIZES)["time"].to_numpy().tolist() == [0, 10]


def test_a_person_absent_from_all_frames_is_one_sentence(tmp_path):
    write(tmp_path, {"a": {0: [], 1: "{}"}, "b": {0: [{}], 1: []}})
    for skeleton in (None, "halpe26"):
        with pytest.raises(InputError, match="nobody is in any of the pose files"):
            read_openpose(tmp_path, SIZES, skeleton=skeleton)


def test_folders_that_are_not_there_or_hold_nothing_are_one_sentence(tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no .*nowhere; expected 2D detections"):
        read_openpose(tmp_path / "nowhere", SIZES)
    with pytest.raises(InputError, match=r"is a folder; expected 2D detections \(.*OpenPose JSON"):
        read_openpose(tmp_path, SIZES)
    with pytest.raises(InputError, match=r"holds no folder with \.json files"):
        OpenPoseReader(tmp_path).read(Request(image_sizes=SIZES))
    with pytest.raises(InputError, match=r"holds no \.json files"):
        frame_files(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pose.json").write_text("{}")
    with pytest.raises(InputError, match=r"pose\.json has no frame number in its name"):
        read_openpose(tmp_path, SIZES)
    (tmp_path / "a" / "pose.json").rename(tmp_path / "a" / "x1.json")
    (tmp_path / "a" / "x01.json").write_text("{}")
    with pytest.raises(InputError, match=r"x01\.json and x1\.json are both frame 1"):
        read_openpose(tmp_path, SIZES)


def test_keypoints_far_outside_the_image_are_said(tmp_path, caplog):
    write(tmp_path, {"a": {0: [one(30)]}, "b": {0: [one(40)]}})
    read_openpose(tmp_path, [[640, 480], [320, 240]])
    assert "keypoints of b lie outside its image of 320 x 240" in caplog.text
    assert "of a lie" not in caplog.text


def test_provenance_tells_when_a_file_changed(tmp_path):
    write(tmp_path, {"a": {0: [one(1)], 1: [one(2)]}})
    first = provenance_of(read_openpose(tmp_path, SIZES[:1]))["openpose"]
    assert first["files"] == 2
    (tmp_path / "a" / "a.0001.json").write_text(json.dumps({"people": [one(3)]}))
    assert provenance_of(read_openpose(tmp_path, SIZES[:1]))["openpose"]["sha256"] != first["sha256"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("trial", "folder", "people", "absent"),
    [
        ("single_person", "pose", 3, 0),
        ("single_person", "pose-associated", 1, 1),
        ("two_people", "pose", 4, 0),
        ("two_people", "pose-associated", 2, 3),
    ],
)
def test_the_real_poses_are_read_whole(shared_data, trial, folder, people, absent):
    place = shared_data / "pose2sim" / trial / folder
    found = read_openpose(place, [[1088, 1920]] * 4, skeleton="body25b", fps=60.0)
    assert dict(found.sizes) | {"individuals": people} == {
        "time": 100, "space": 2, "keypoints": 25, "individuals": people, "cameras": 4, "extent": 2,
    }  # fmt: skip
    # the same, in the most obvious way
    for camera, name in enumerate(("cam01", "cam02", "cam03", "cam04")):
        for frame in (0, 52, 99):
            content = json.loads((place / f"{name}_json" / f"{name}.{frame:04d}.json").read_text())
            for index, person in enumerate(content["people"]):
                flat = person.get("pose_keypoints_2d") or [0] * 75
                for keypoint in range(25):
                    x, y, score = flat[3 * keypoint : 3 * keypoint + 3]
                    point = found.isel(time=frame, individuals=index, cameras=camera, keypoints=keypoint)
                    assert point["confidence"].item() == score
                    expected = [x, y] if score else [np.nan, np.nan]
                    assert np.array_equal(point["position"], expected, equal_nan=True)
    if folder == "pose-associated":
        nobody = np.isnan(to_array(found)).all(axis=(2, 4))
        assert nobody.sum() == absent
        if trial == "single_person":
            assert nobody[52, 0, 2]


@pytest.mark.realdata
def test_the_real_poses_need_their_skeleton(shared_data):
    with pytest.raises(
        InputError, match=r"25 keypoints of .* can be body25 or body25b; say which they are with --skel"
    ):
        read_openpose(shared_data / "pose2sim" / "single_person" / "pose", [[1088, 1920]] * 4)
