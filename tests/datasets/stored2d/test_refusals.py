"""Stored 2D with one thing wrong: each is refused with one sentence."""

import json

import numpy as np
import pytest
import writers_stored2d as write
from refusals import RunsCode, truncate
from stored2d_case import CAMERAS, FRAMES, as_arrays, labels, make_people, make_sequence

from mvtri.datasets import open_stored2d
from mvtri.errors import InputError, MissingFileError
from mvtri.tracks import to_array

SUBJECT, NAME = "S9", "WalkDog 1"
PEOPLE = make_people()
SHORT = make_people(frames=FRAMES - 1)
HERE = (SUBJECT, NAME)


def refused(root, match, sequence=None, skeleton="coco17"):
    with pytest.raises((InputError, MissingFileError), match=match) as caught:
        open_stored2d(root, skeleton).load(sequence or make_sequence())
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


def some_npz(path, **changed):
    position, confidence = as_arrays(PEOPLE)
    content = {"keypoints": np.nan_to_num(position), "scores": confidence} | changed
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: values for name, values in content.items() if values is not None})
    return path


def some_vp3d(path, views=None, about=None, name=NAME):
    if views is None:
        position, _ = as_arrays(PEOPLE)
        views = [np.nan_to_num(position[:, :, c]) for c in range(4)]
    write.write_videopose3d(path, {SUBJECT: {name: views}}, about)
    return path


def some_nc(path, **changed):
    position, confidence = as_arrays(PEOPLE)
    write.write_detections(path, position[:, None], confidence[:, None], labels() | changed)
    return path


def write_form(form, root, people, name=NAME):
    """A folder with one sequence in one of the formats."""
    if form in ("openpose", "coco", "mmpose"):
        getattr(write, f"write_{form}")(root, "S9", name, people)
        return
    values = [np.nan_to_num(array) for array in as_arrays(people)]
    if form == "detections":
        write.write_detections(root / f"S9_{name}.nc", values[0][:, None], values[1][:, None], labels())
    elif form == "arrays":
        some_npz(root / f"S9_{name}.npz", keypoints=values[0], scores=values[1])
    else:
        some_vp3d(root / "data_2d_any.npz", [values[0][:, :, c] for c in range(4)], name=name)


FORMS = ("openpose", "detections", "coco", "mmpose", "videopose3d", "arrays")


# --- whatever the format -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_sequence_is_named(tmp_path, form):
    write_form(form, tmp_path, PEOPLE)
    for other in (make_sequence("WalkDog"), make_sequence(subject="S11")):
        refused(tmp_path, "(has no|has no file of) .*(WalkDog|S11)", other)
        with pytest.raises(MissingFileError, match="has no"):
            open_stored2d(tmp_path, "coco17").check([make_sequence().info, other.info])


@pytest.mark.parametrize("form", FORMS)
def test_too_few_frames_are_refused_with_both_numbers(tmp_path, form):
    write_form(form, tmp_path, SHORT)
    refused(tmp_path, "has 8 frames of 2D, but the sequence has 9")


@pytest.mark.parametrize("form", FORMS)
def test_too_many_frames_are_refused_with_both_numbers(tmp_path, form):
    write_form(form, tmp_path, make_people(frames=FRAMES + 1))
    refused(tmp_path, "has 10 frames of 2D, but the sequence has 9")


def test_only_videopose3d_may_run_on_and_by_a_hundredth_only(tmp_path):
    people = make_people(frames=203)
    write_form("videopose3d", tmp_path / "a", people)
    refused(tmp_path / "a", "has 203 frames of 2D, but the sequence has 200", make_sequence(frames=200))
    open_stored2d(tmp_path / "a", "coco17").load(make_sequence(frames=202))
    write_form("mmpose", tmp_path / "b", people)
    refused(tmp_path / "b", "has 203 frames of 2D, but the sequence has 202", make_sequence(frames=202))


@pytest.mark.parametrize("form", FORMS)
def test_an_absent_camera_is_named(tmp_path, form):
    three = {camera: frames for camera, frames in PEOPLE.items() if camera != CAMERAS[2]}
    if form == "detections":
        position, confidence = as_arrays(three)
        about = labels() | {"cameras": list(three), "sizes": [[1000, 1000]] * 3}
        write.write_detections(tmp_path / "any.nc", position[:, None], confidence[:, None], about)
    elif form == "videopose3d":
        some_vp3d(tmp_path / "data_2d_any.npz", [np.ones((FRAMES, 17, 2))] * 3)
    elif form == "arrays":
        position, confidence = as_arrays(three)
        some_npz(tmp_path / "any.npz", keypoints=position, scores=confidence, cameras=np.array(list(three)))
    else:
        write_form(form, tmp_path, three)
    alone = {"detections": "any.nc", "arrays": "any.npz"}.get(form, ".")
    refused(tmp_path / alone, "the camera 58860488 matches none of|has 3 views without names")


@pytest.mark.parametrize("form", FORMS)
def test_seventeen_keypoints_need_a_skeleton(tmp_path, form):
    write_form(form, tmp_path, PEOPLE)
    if form == "detections":
        open_stored2d(tmp_path).load(make_sequence())  # it names its keypoints
    else:
        refused(
            tmp_path, "the 17 keypoints of .* can be coco17 or human36m17; say .* --skeleton", skeleton=None
        )


@pytest.mark.parametrize("form", FORMS)
def test_a_skeleton_of_another_size_is_refused(tmp_path, form):
    write_form(form, tmp_path, PEOPLE)
    refused(tmp_path, "body25 has 25 keypoints, but .* has 17|not those of body25", skeleton="body25")


def test_an_unknown_skeleton_is_refused_at_once(tmp_path):
    write_form("coco", tmp_path, PEOPLE)
    with pytest.raises(InputError, match="no skeleton is called 'coco71'; did you mean 'coco17'"):
        open_stored2d(tmp_path, "coco71")


@pytest.mark.parametrize(
    ("form", "match"),
    [
        ("openpose", "is not valid JSON"),
        ("coco", "is not valid JSON"),
        ("mmpose", "is not valid JSON"),
        ("detections", "truncated"),
        ("arrays", "truncated"),
        ("videopose3d", "truncated"),
    ],
)
def test_a_truncated_file(tmp_path, form, match):
    write_form(form, tmp_path, PEOPLE)
    truncate(sorted(path for path in tmp_path.rglob("*") if path.is_file())[1 if form == "openpose" else 0])
    refused(tmp_path, match)


@pytest.mark.parametrize("form", ["videopose3d", "arrays"])
def test_a_pickle_that_runs_code_runs_none(tmp_path, form):
    trace = tmp_path / "trace"
    bad = np.array([RunsCode(trace)], dtype=object)
    if form == "arrays":
        some_npz(tmp_path / "S9_WalkDog 1.npz", keypoint_names=bad)
    else:
        some_vp3d(tmp_path / "data_2d_any.npz", [RunsCode(trace)] * 4)
    refused(tmp_path, "nothing of it was run")
    assert not trace.exists()


@pytest.mark.parametrize("form", ["coco", "mmpose", "openpose"])
def test_nobody_at_all(tmp_path, form):
    write_form(form, tmp_path, {camera: [[]] * FRAMES for camera in CAMERAS})
    refused(tmp_path, "nobody is in any of the pose files")


@pytest.mark.parametrize("form", ["coco", "mmpose", "openpose"])
def test_people_with_different_numbers_of_keypoints(tmp_path, form):
    mixed = make_people()
    mixed[CAMERAS[1]][3] = [mixed[CAMERAS[1]][3][0][:16]]
    write_form(form, tmp_path, mixed)
    refused(tmp_path, "different numbers of keypoints")


# --- opening -----------------------------------------------------------------------------------------------


def test_what_is_not_there_or_is_nothing_known(tmp_path):
    refused(tmp_path / "absent", "there is no stored 2D at")
    refused(tmp_path, "holds no 2D in a format that mvtri reads")
    (tmp_path / "notes.txt").write_text("people")
    refused(tmp_path / "notes.txt", "holds no 2D in a format that mvtri reads")
    np.savez(tmp_path / "other.npz", positions_3d=np.zeros(3))
    refused(tmp_path, "holds no 2D in a format that mvtri reads")


def test_several_formats_in_one_folder(tmp_path):
    write_form("mmpose", tmp_path, PEOPLE)
    write_form("arrays", tmp_path, PEOPLE)
    refused(tmp_path, "several formats")


def test_several_files_of_one_kind(tmp_path):
    some_vp3d(tmp_path / "a" / "data_2d_h36m_gt.npz")
    some_vp3d(tmp_path / "a" / "data_2d_h36m_cpn.npz")
    refused(tmp_path / "a", r"several files of 2D \(data_2d_h36m_cpn\.npz, data_2d_h36m_gt\.npz\); name one")
    for name in ("one.json", "two.json"):
        write.save(tmp_path / "b" / name, write.coco_rows([["x.jpg"]], {"a": PEOPLE[CAMERAS[0]][:1]}))
    refused(tmp_path / "b", r"several files of 2D \(one\.json, two\.json\); name one")
    some_nc(tmp_path / "c" / "S9_WalkDog 1.nc")
    some_nc(tmp_path / "c" / "S9" / "WalkDog-1.nc")
    refused(tmp_path / "c", "several files are of S9 WalkDog 1")
    write_form("openpose", tmp_path / "d", PEOPLE)
    write_form("openpose", tmp_path / "d", PEOPLE, name="walkdog_1")
    refused(tmp_path / "d", r"holds several that match the sequence WalkDog 1 \(WalkDog 1, walkdog_1\)")


@pytest.mark.parametrize("name", ["any.nc", "any.npz"])
def test_one_file_is_one_sequence(tmp_path, name):
    path = (some_nc if name.endswith("nc") else some_npz)(tmp_path / name)
    stored = open_stored2d(path, "coco17")
    stored.load(make_sequence())
    stored.load(make_sequence())
    with pytest.raises(InputError, match="is one file, and cannot be both S9 WalkDog 1 and S9 Eating"):
        stored.load(make_sequence("Eating"))
    with pytest.raises(InputError, match="cannot be both"):
        open_stored2d(path).check([make_sequence().info, make_sequence("Eating").info])


def test_a_folder_of_a_sequence_without_files(tmp_path):
    write_form("mmpose", tmp_path, PEOPLE)
    (tmp_path / "S9" / "Eating").mkdir()
    refused(tmp_path, r"Eating holds no \.json files; expected one per camera", make_sequence("Eating"))


# --- Detections files --------------------------------------------------------------------------------------


def test_detections_of_images_of_another_size(tmp_path):
    path = some_nc(tmp_path / "any.nc", sizes=[[1000, 1000]] * 3 + [[500, 501]])
    refused(path, "images of 500 x 501 of 60457274, which is calibrated for 1000 x 1002")


def test_detections_without_anybody(tmp_path):
    write.write_detections(
        tmp_path / "any.nc", np.zeros((FRAMES, 0, 17, 4, 2)), np.zeros((FRAMES, 0, 17, 4)), labels()
    )
    refused(tmp_path / "any.nc", "has nobody in S9 WalkDog 1")


def test_a_skeleton_against_the_names_in_a_file(tmp_path):
    path = some_nc(tmp_path / "any.nc")
    refused(path, "calls its keypoints nose, left_eye, right_eye ..., which are not those of human36m17",
            skeleton="human36m17")  # fmt: skip
    write.write_mmpose(tmp_path / "m", *HERE, PEOPLE, write.COCO)
    refused(tmp_path / "m", "not those of human36m17 but of coco17; leave out", skeleton="human36m17")


# --- COCO and MMPose ---------------------------------------------------------------------------------------


def test_foreign_names_stay_without_a_skeleton(tmp_path):
    foreign = ["root", *write.COCO[1:]]
    write.write_mmpose(tmp_path, *HERE, PEOPLE, foreign)
    found = open_stored2d(tmp_path).load(make_sequence())
    assert found["keypoints"].to_numpy().tolist() == foreign
    assert found.attrs["skeleton"] == ""
    assert open_stored2d(tmp_path, "coco17").load(make_sequence())["keypoints"][0] == "nose"
    write.write_coco(tmp_path / "few", *HERE, PEOPLE, write.COCO[:5])
    refused(tmp_path / "few", "has 5 names for 17 keypoints")


def test_cameras_that_name_their_keypoints_differently(tmp_path):
    write.write_mmpose(tmp_path, *HERE, PEOPLE, write.COCO)
    other = write.mmpose_table(PEOPLE[CAMERAS[1]], write.COCO[::-1])
    write.save(tmp_path / SUBJECT / NAME / f"{CAMERAS[1]}.json", other)
    refused(tmp_path, "55011271.json names its keypoints otherwise than .*54138969.json")


def one_camera(root, content):
    write.write_mmpose(root, *HERE, PEOPLE)
    write.save(root / SUBJECT / NAME / f"{CAMERAS[1]}.json", content)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: rows[4].update(frame_id=4), "has the frame 4 twice"),
        (lambda rows: rows[4].update(frame_id="4"), "JSON of another shape; expected MMPose's"),
        (lambda rows: rows[4].update(instances=None), "JSON of another shape; expected MMPose's"),
        (lambda rows: rows[4]["instances"][0].pop("keypoints"), "frame 5 of .* a person without keypoints"),
        (lambda rows: rows[4]["instances"][0]["keypoint_scores"].pop(), "as many keypoint_scores"),
        (lambda rows: rows[4]["instances"][0].update(keypoints=[[1, 2, 3]] * 17), "without keypoints"),
        (lambda rows: rows[4]["instances"][0].update(keypoint_scores=[10**400] * 17), "without keypoints"),
    ],
)
def test_mmpose_rows_that_are_wrong(tmp_path, change, match):
    table = write.mmpose_table(PEOPLE[CAMERAS[1]])
    change(table["instance_info"])
    one_camera(tmp_path, table)
    refused(tmp_path, match)


def test_mmpose_names_that_do_not_count_from_0(tmp_path):
    table = write.mmpose_table(PEOPLE[CAMERAS[1]])
    table["meta_info"]["keypoint_id2name"] = {"1": "nose", "2": "left_eye"}
    one_camera(tmp_path, table)
    refused(tmp_path, "keypoint_id2name that does not count from 0")


def without(key):
    return lambda table: table["annotations"][3].pop(key)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table.pop("annotations"), "JSON of another shape; expected COCO's"),
        (lambda table: table.update(images="all"), "JSON of another shape; expected COCO's"),
        (without("image_id"), "image_id None, which is not among its images"),
        (lambda table: table["annotations"][3].update(image_id=1), "image_id 1, which is not among"),
        (without("keypoints"), "no flat list of x, y and score"),
        (lambda table: table["annotations"][3]["keypoints"].pop(), "no flat list of x, y and score"),
        (lambda table: table["annotations"][3].update(keypoints=[10**400] * 51), "no flat list"),
        (lambda table: table["images"][3].pop("id"), "an image whose id None is no number of its own"),
        (lambda table: table["images"][3].update(id=table["images"][2]["id"]), "no number of its own"),
        (lambda table: table["images"][3].update(file_name="img_0.jpg"), "images with the same file_name"),
    ],
)
def test_coco_tables_that_are_wrong(tmp_path, change, match):
    write.write_coco(tmp_path, *HERE, PEOPLE)
    path = tmp_path / SUBJECT / NAME / f"{CAMERAS[1]}.json"
    table = json.loads(path.read_text())
    change(table)
    write.save(path, table)
    refused(tmp_path, match)


def test_coco_rows_without_the_images_they_are_of(tmp_path):
    rows = write.coco_rows([list(range(FRAMES))], {"a": PEOPLE[CAMERAS[0]]}, "image_id")
    path = write.save(tmp_path / "results.json", rows)
    refused(
        path,
        "no list of images that says of which camera the image_id 0 is; store one file per camera",
        make_sequence(images=True),
    )


def test_coco_rows_of_a_camera_without_a_list_of_images(tmp_path):
    """Where nobody is, there is no row; the numbers in the images' names say which frames these are."""
    for camera, frames in PEOPLE.items():
        rows = write.coco_rows([[f"{t}.jpg" for t in range(FRAMES)]], {camera: frames})
        write.save(tmp_path / SUBJECT / NAME / f"{camera}.json", rows)
    sequence = make_sequence()
    found = open_stored2d(tmp_path, "coco17").load(sequence)
    position, _ = as_arrays(PEOPLE)
    np.testing.assert_allclose(to_array(found)[:, 0], position)
    fewer = {camera: frames[:-1] for camera, frames in PEOPLE.items()}
    for camera, frames in fewer.items():
        rows = write.coco_rows([[f"{t}.jpg" for t in range(FRAMES - 1)]], {camera: frames})
        write.save(tmp_path / SUBJECT / NAME / f"{camera}.json", rows)
    refused(tmp_path, r"has 8 frames of 2D, but the sequence has 9")


def test_one_coco_file_and_the_images_of_a_sequence(tmp_path):
    sequence = make_sequence(images=True)
    names = [list(column) for column in sequence.images.T]
    path = write.save(tmp_path / "all.json", write.coco_table(names, PEOPLE))
    refused(path, "goes by the names of images, which the dataset does not have", make_sequence())
    refused(
        path, r"has 0 of the 9 images of S9 Eating, camera 54138969", make_sequence("Eating", images=True)
    )
    longer = make_sequence(frames=FRAMES + 2, images=True)
    refused(
        path,
        r"9 of the 11 images of S9 WalkDog 1, camera 54138969; .*_000010\.jpg, for example, is not",
        longer,
    )
    three = write.coco_rows(names[:3], dict(list(PEOPLE.items())[:3]))
    path = write.save(tmp_path / "three.json", three)
    refused(path, "has 0 of the 9 images of S9 WalkDog 1, camera 60457274", sequence)
    short = [[name.rsplit("_", 1)[1] for name in column] for column in names]
    rows = [row | {"image_path": f"{c}/{row['image_path']}"} for c in "ab" for row in
            write.coco_rows(short[:1], {"a": PEOPLE[CAMERAS[0]]})]  # fmt: skip
    path = write.save(tmp_path / "alike.json", [*rows, rows[0] | {"image_path": "000001.jpg"}])
    odd = make_sequence(images=True)
    odd.images[:] = np.array([[f"{t + 1:06d}.jpg"] * 4 for t in range(FRAMES)])
    refused(path, "several images that could be 000001.jpg", odd)


# --- npz ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"keypoints": np.zeros((FRAMES, 17, 4, 3))}, r"shape \(9, 17, 4, 3\) and scores of \(9, 17, 4\)"),
        ({"scores": np.zeros((FRAMES, 17, 3))}, r"expected \(frames, keypoints, cameras, 2\)"),
        ({"scores": np.array(["a"])}, "scores of .* is no array of numbers"),
        ({"cameras": np.array(CAMERAS[:3])}, "3 names for 4 cameras"),
        ({"cameras": np.array("one")}, "cameras of .* is no list of names"),
        ({"keypoint_names": np.array(["nose"])}, "1 names for 17 keypoints"),
        (
            {"keypoints": np.zeros((FRAMES, 17, 5, 2)), "scores": np.zeros((FRAMES, 17, 5))},
            r"has 5 cameras, but 4 are wanted \(54138969",
        ),
    ],
)
def test_plain_arrays_that_are_wrong(tmp_path, changed, match):
    refused(some_npz(tmp_path / "any.npz", **changed), match)


@pytest.mark.parametrize(
    ("views", "match"),
    [
        ([np.ones((FRAMES, 17, 4))] * 4, r"a view of the shape \(9, 17, 4\), expected"),
        ([np.ones((FRAMES, 17))] * 4, r"a view of the shape \(9, 17\), expected"),
        ([[1.0, 2.0]] * 4, "a view of the shape list, expected"),
        (5.0, "no list of views"),
        ([np.ones((FRAMES, 17, 2))] * 3 + [np.ones((FRAMES, 16, 2))], "different numbers of keypoints"),
        ([np.ones((FRAMES, 17, 2))] * 5, "has 5 views without names, but 4 cameras are wanted"),
    ],
)
def test_videopose3d_views_that_are_wrong(tmp_path, views, match):
    refused(some_vp3d(tmp_path / "data_2d_any.npz", views), match)


def test_videopose3d_that_says_its_skeleton(tmp_path):
    path = some_vp3d(tmp_path / "data_2d_any.npz", about={"num_joints": 17})
    refused(path, "says that its keypoints are human36m17, not coco17; leave out --skeleton")
    assert open_stored2d(path).load(make_sequence()).attrs["skeleton"] == "human36m17"
    write.write_videopose3d(path, [1, 2])
    refused(path, "not a table of subjects and actions")
