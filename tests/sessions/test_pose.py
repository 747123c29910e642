"""``--pose``: every format of 2D that mvtri reads, through the same readers, and what is refused."""

import numpy as np
import pytest
import writers_stored2d as write
from click.testing import CliRunner
from stored2d_case import CAMERAS, FRAMES, add_passerby, make_people
from writers_pose import FORMS, arrays

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cli.command import mvtri as command
from mvtri.errors import InputError, MissingFileError
from mvtri.tracks import provenance_of, to_array, validate_detections

PEOPLE = make_people()
ONE_PERSON = {"videopose3d"}


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "walk"
    write_cameras(folder / "calibration" / "cameras.toml", human36m_cameras("S9"))
    (folder / "pose").mkdir()
    return folder


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


def expected(people, cameras=CAMERAS):
    values = arrays(people)[..., [CAMERAS.index(name) for name in cameras], :]
    gone = values[..., 2] == 0
    return np.where(gone[..., None], np.nan, values[..., :2]), values[..., 2]


def opened(folder, pose, **options):
    return mvtri.open_session(folder, pose=pose, fps=50.0, **options)


def assert_same(found, people, cameras=CAMERAS):
    position, confidence = expected(people, cameras)
    np.testing.assert_array_equal(to_array(found), position)
    np.testing.assert_array_equal(to_array(found, "confidence"), confidence)


# ---------------------------------------------------------------- what is read


def test_all_people_of_every_format_are_read(session, form):
    people = PEOPLE if form in ONE_PERSON else add_passerby(PEOPLE)
    path = FORMS[form](session / "pose", people)
    recording = opened(session, path)
    assert recording.pose_path == path
    assert recording.frames == FRAMES
    found = recording.read_pose(skeleton="coco17")
    validate_detections(found)
    assert_same(found, people)
    assert found["cameras"].to_numpy().tolist() == list(CAMERAS)
    assert found["keypoints"].to_numpy().tolist() == write.COCO
    assert found.attrs["skeleton"] == "coco17"
    assert found.attrs["fps"] in (50.0, 25.0)
    assert found["image_size"].to_numpy().tolist() == human36m_cameras("S9").image_sizes.tolist()
    assert recording.read_pose(skeleton="coco17", associated=True).attrs["associated"] == 1
    assert not found.attrs.get("associated", 0)


def test_the_folder_pose_may_hold_any_format(session, form):
    path = FORMS[form](session / "pose", PEOPLE)
    if path.is_file():
        assert_same(opened(session, None).read_pose("coco17"), PEOPLE)
    else:
        assert_same(opened(session, path.relative_to(session)).read_pose("coco17"), PEOPLE)


def test_frames_and_cameras_are_chosen(session, form):
    path = FORMS[form](session / "pose", PEOPLE)
    recording = opened(session, path, frames="2:8:3")
    found = recording.read_pose("coco17")
    np.testing.assert_array_equal(to_array(found), expected(PEOPLE)[0][2:8:3])
    np.testing.assert_allclose(found["time"], np.array([2, 5]) / 50.0)
    if form == "npy":  # whose cameras have no names
        with pytest.raises(InputError, match="has 4 cameras, but 2 are wanted"):
            opened(session, path, cameras=2).read_pose("coco17")
        return
    two = [CAMERAS[1], CAMERAS[3]]
    assert_same(opened(session, path, cameras=two).read_pose("coco17"), PEOPLE, two)


def test_read_detections_reads_what_reconstruct_reads(session, form):
    path = FORMS[form](session / "pose", PEOPLE)
    sizes = human36m_cameras("S9").image_sizes
    found = mvtri.read_detections(path, skeleton="coco17", image_sizes=sizes)
    assert_same(found, PEOPLE)
    named = mvtri.read_detections(
        path, skeleton="coco17", image_sizes=sizes, cameras=CAMERAS, fps=50.0, frames=(0, 4, 1)
    )
    np.testing.assert_array_equal(to_array(named), expected(PEOPLE)[0][:4])
    np.testing.assert_allclose(named["time"], np.arange(4) / 50.0)


@pytest.mark.parametrize("name", ["coco", "coco in one file"])
def test_coco_states_the_size_of_its_images(session, name):
    path = FORMS[name](session / "pose", PEOPLE)
    found = mvtri.read_detections(path, skeleton="coco17")
    assert found["image_size"].to_numpy().tolist() == [[1000, 1002]] * 4


def test_a_file_that_states_its_rate_is_the_clock(session):
    path = FORMS["nc"](session / "pose", PEOPLE)
    dataset = mvtri.read_detections(path)
    mvtri.formats.write_detections(path, dataset.assign_attrs(dataset.attrs | {"fps": 25.0}))
    assert mvtri.open_session(session, pose=path).fps == 25.0
    found, stored = mvtri.open_session(session, pose=path).read_pose(), mvtri.read_detections(path)
    assert provenance_of(found)["time"] == {"fps": 25.0, "from": "2D poses"}
    assert found.drop_attrs(deep=False).identical(stored.drop_attrs(deep=False))
    assert {key: value for key, value in found.attrs.items() if key != "provenance"} == {
        key: value for key, value in stored.attrs.items() if key != "provenance"
    }
    faster = mvtri.open_session(session, pose=path, fps=50.0).read_pose()
    np.testing.assert_allclose(faster["time"], np.arange(FRAMES) / 50.0)


@pytest.mark.parametrize("form", ["openpose", "coco", "mmpose", "videopose3d", "npz", "nc"])
def test_the_command_reconstructs_from_every_format(session, tmp_path, monkeypatch, form):
    """The tracks are those of the same 2D, triangulated; the report has tests of its own."""
    monkeypatch.setattr("mvtri.report.write_report", lambda path, *_, **__: path.touch())
    path = FORMS[form](session / "pose", PEOPLE)
    out = tmp_path / "out"
    arguments = ["reconstruct", session, "--pose", path, "--skeleton", "coco17", "--fps", 50, "--out", out]
    result = CliRunner().invoke(command, [*map(str, arguments), "--frames", "0:3"], obj={})
    assert result.exit_code == 0, result.output
    tracks = mvtri.read_tracks(out / "tracks.nc")
    assert np.isfinite(to_array(tracks)).all()
    position, confidence = expected(PEOPLE)
    cameras = opened(session, path).cameras
    direct = mvtri.triangulate(position[:3], cameras, scores=confidence[:3], keypoint_axis=2).points
    np.testing.assert_array_equal(to_array(tracks), direct)


# ---------------------------------------------------------------- what is refused


def refused(session, path, match, skeleton="coco17", **options):
    """Return the message; the same comes out of the command line, which writes nothing."""
    with pytest.raises((InputError, MissingFileError), match=match) as caught:
        opened(session, path, **options).read_pose(skeleton)
    message = str(caught.value)
    assert "\n" not in message
    out = session / "out"
    arguments = ["reconstruct", session, "--pose", path, "--fps", 50, "--out", out]
    arguments += ["--skeleton", skeleton] if skeleton else []
    arguments += ["--cams", options["cameras"]] if "cameras" in options else []
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], obj={})
    assert str(result.exception) == message
    assert not out.exists()
    return message


def test_a_wrong_skeleton(session, form):
    path = FORMS[form](session / "pose", PEOPLE)
    refused(session, path, "body25 has 25 keypoints, but .* has 17|not those of body25", "body25")
    refused(session, path, "no skeleton is called 'coco71'; did you mean 'coco17'", "coco71")


def test_a_number_of_keypoints_that_says_too_little(session, form):
    path = FORMS[form](session / "pose", PEOPLE)
    if form == "nc":  # which names its keypoints
        assert opened(session, path).read_pose().attrs["skeleton"] == "coco17"
        return
    refused(session, path, "the 17 keypoints of .* can be coco17 or human36m17; say .* --skeleton", None)


def test_a_missing_camera(session, form):
    three = {camera: frames for camera, frames in PEOPLE.items() if camera != CAMERAS[2]}
    path = FORMS[form](session / "pose", three)
    match = "the camera 58860488 matches none of|has 3 views without names|has 3 cameras, but 4 are wanted"
    refused(session, path, match)


def test_a_frame_that_one_camera_lacks_shows_nobody_where_frames_have_numbers(session, form, caplog):
    if form not in ("openpose", "mmpose", "coco", "coco in one file"):
        return
    people = {camera: list(frames) for camera, frames in PEOPLE.items()}
    people[CAMERAS[1]] = people[CAMERAS[1]][:-1]
    path = FORMS[form](session / "pose", people)
    people[CAMERAS[1]].append([])
    assert_same(opened(session, path).read_pose("coco17"), people)
    assert_same(
        mvtri.read_detections(path, skeleton="coco17", image_sizes=[[1000, 1000]] * 4, cameras=CAMERAS),
        people,
    )


def test_cameras_of_different_length(session, form):
    uneven = PEOPLE | {CAMERAS[1]: PEOPLE[CAMERAS[1]][:-1]}
    if form in (
        "npz",
        "npy",
        "nc",
        "coco rows in one file",
        "openpose",
        "mmpose",
        "coco",
        "coco in one file",
    ):
        return  # one array for all cameras; or frames have numbers, and one that is missing shows nobody
    if form == "videopose3d":
        views = [arrays({camera: frames})[:, 0, :, 0] for camera, frames in uneven.items()]
        write.write_videopose3d(session / "pose" / "data.npz", {"S9": {"walk": views}})
        path = session / "pose" / "data.npz"
    elif "by camera" in form:
        path = FORMS[form](session / "pose", PEOPLE)
        for camera, frames in uneven.items():
            values = arrays({camera: frames})[:, :, :, 0]
            if form.startswith("npy"):
                np.save(path / f"{camera}.npy", values)
            else:
                np.savez(path / f"{camera}.npz", keypoints=values[..., :2], scores=values[..., 2])
    else:
        path = FORMS[form](session / "pose", uneven)
    message = refused(session, path, "the poses have different numbers of frames")
    assert f" {FRAMES}" in message
    assert f" {FRAMES - 1}" in message
    with pytest.raises(InputError, match=r"have different .*frames"):
        mvtri.read_detections(path, skeleton="coco17", image_sizes=[[1000, 1000]] * 4)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("notes.txt", b"nothing", r"notes.txt is in no format that mvtri reads; expected 2D detections"),
        ("empty.json", b"", r"empty.json is empty; expected 2D detections"),
        ("cut.npz", b"PK\3\4 cut", r"cut.npz is no whole .npz file"),
        (
            "odd.json",
            b'{"frames": []}',
            r"odd.json is in no format that mvtri reads; .*COCO.*MMPose",
        ),
        ("cut.json", b'[{"image_id": 1, "keypoints": [1, 2', r"cut.json is not valid JSON"),
    ],
)
def test_files_that_hold_no_2d(session, name, content, match):
    (session / "pose" / name).write_bytes(content)
    refused(session, session / "pose" / name, match)


def test_a_path_that_is_not_there(session):
    refused(session, "nowhere.json", r"there is no file or folder nowhere.json with 2D poses")


def test_an_empty_folder(session):
    refused(session, session / "pose", r"pose is a folder; expected 2D detections \(.*OpenPose")


def test_a_file_of_several_recordings_needs_a_choice(session):
    views = [arrays({camera: frames})[:, 0, :, 0] for camera, frames in PEOPLE.items()]
    path = session / "pose" / "data.npz"
    write.write_videopose3d(path, {"S9": {"walk": views}, "S11": {"walk": [view + 1 for view in views]}})
    refused(session, path, r"holds 2 recordings \(S9 walk, S11 walk\); choose one with sequence=")
    sizes = human36m_cameras("S9").image_sizes
    found = mvtri.read_detections(path, skeleton="coco17", image_sizes=sizes, sequence=("S9", "walk"))
    assert_same(found, PEOPLE)
    with pytest.raises(InputError, match=r"has no recording S9 run; it has S9 walk, S11 walk"):
        mvtri.read_detections(path, image_sizes=sizes, sequence=("S9", "run"))


def test_two_images_that_are_the_same_frame(session):
    names = [[f"{camera}/a_{t // 2}{'x' * (t % 2)}.jpg" for t in range(FRAMES)] for camera in CAMERAS]
    path = write.save(session / "pose" / "all.json", write.coco_table(names, PEOPLE))
    refused(session, path, r"a_0.jpg and .*a_0x.jpg are the same frame; store one file per camera")


def test_images_of_another_size_are_refused_where_the_file_says_so(session):
    path = FORMS["nc"](session / "pose", PEOPLE)
    found = mvtri.read_detections(path)
    sizes = found["image_size"] // 2
    mvtri.formats.write_detections(path, found.assign_coords(image_size=sizes))
    refused(session, path, "made from images of 500 x 501 of 54138969, which is calibrated for 1000 x 1002")


def test_a_file_that_does_not_state_the_size_of_its_images(session):
    path = FORMS["mmpose"](session / "pose", PEOPLE)
    with pytest.raises(InputError, match=r"does not state the size of its images; pass image_sizes="):
        mvtri.read_detections(path, skeleton="coco17")
    with pytest.raises(InputError, match=r"image_sizes has the shape \(3,\); expected width and height"):
        mvtri.read_detections(path, skeleton="coco17", image_sizes=[1000, 1000, 3])
