"""Raw and VideoPose3D files of Human3.6M with one thing wrong: each is refused with one sentence."""

import numpy as np
import pytest
import writers_human36m as write
from refusals import RunsCode, load_all, refused, truncate, turned

from mvtri.errors import MissingExtraError

POSES = {("S11", "Eating"): write.people(12, 32, seed=7)}
SHORT = {("S11", "Eating"): POSES["S11", "Eating"][:9]}


# --- raw ---------------------------------------------------------------------------------------------------


@pytest.fixture
def raw(tmp_path):
    write.write_raw(tmp_path, POSES)
    assert load_all(tmp_path)
    return tmp_path


def pose_file(root, kind="D3_Positions", name="Eating"):
    return root / "S11" / "MyPoseFeatures" / kind / f"{name}.cdf"


def test_raw_metres_for_millimetres(raw):
    pose = POSES["S11", "Eating"] / 1000
    write.write_cdf(pose_file(raw), pose.reshape(1, len(pose), 96))
    refused(raw, "of a person span")


def test_raw_a_missing_variable(raw):
    pose = POSES["S11", "Eating"]
    write.write_cdf(pose_file(raw), pose.reshape(1, len(pose), 96), name="Angles")
    refused(raw, "has no variable Pose")


def test_raw_seventeen_joints(raw):
    pose = POSES["S11", "Eating"][:, :17]
    write.write_cdf(pose_file(raw), pose.reshape(1, len(pose), 51))
    refused(raw, "expected 32 joints of 3 numbers")


@pytest.mark.parametrize("kind", ["D3_Positions", "D2_Positions"])
def test_raw_truncated(raw, kind):
    truncate(pose_file(raw, kind, "Eating" if kind == "D3_Positions" else "Eating.58860488"))
    refused(raw, "CDF file|has no variable")


def test_raw_no_cdf(raw):
    pose_file(raw).write_text("this is text")
    refused(raw, "CDF file")


def test_raw_a_camera_without_2d(raw):
    pose_file(raw, "D2_Positions", "Eating.60457274").unlink()
    refused(raw, r"Eating\.60457274\.cdf; expected the 2D of a camera there")


def test_raw_2d_of_another_length(raw):
    pixels = np.zeros((1, 5, 64))
    write.write_cdf(pose_file(raw, "D2_Positions", "Eating.60457274"), pixels)
    refused(raw, "has 5 frames, but the 3D has 12")


def test_raw_cameras_exchanged(raw):
    one, other = (pose_file(raw, "D2_Positions", f"Eating.{name}") for name in write.CAMERAS[:2])
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)
    refused(raw, "the stored 2D is up to")


def test_raw_another_subject_s_numbers_in_the_metadata(raw):
    write.write_metadata_xml(raw / "metadata.xml", {"S11": write.rig("S5")})
    refused(raw, "not those of S11 in Human3.6M: they are those of S5")


def test_raw_the_subject_s_number_is_read_where_it_stands(raw):
    """S11's cameras written at the places of S10, the place before."""
    write.write_metadata_xml(raw / "metadata.xml", {"S10": write.rig("S11")})
    refused(raw, "not those of S11 in Human3.6M")


def test_raw_transposed_rotations(raw):
    write.write_metadata_xml(raw / "metadata.xml", {"S11": [turned(camera) for camera in write.rig("S11")]})
    refused(raw, "their rotations are transposed")


def test_raw_a_centre_in_metres(raw):
    rows = [camera | {"T": camera["T"] / 1000} for camera in write.rig("S11")]
    write.write_metadata_xml(raw / "metadata.xml", {"S11": rows})
    refused(raw, "is .* m away from its position")


def test_raw_another_lens(raw):
    rows = [camera | {"p": camera["p"][::-1]} for camera in write.rig("S11")]
    write.write_metadata_xml(raw / "metadata.xml", {"S11": rows})
    refused(raw, "54138969 has the distortion")


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE m [<!ENTITY a "0 "><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE m [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>',
        '<!DOCTYPE m SYSTEM "file:///etc/hostname">',
    ],
)
def test_raw_metadata_that_declares_entities(raw, before):
    write.write_metadata_xml(raw / "metadata.xml", {"S11": write.rig("S11")}, before=before)
    refused(raw, "declares a document type")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("w0>", "w1>", "lacks the element w0"),
        ("<w0>[", "<w0>[1.0 ", "has 301 numbers, expected 300"),
        ("<w0>[", "<w0>[one ", "something other than numbers"),
        ("54138969", "54138968", "names the cameras 54138968"),
        ("index2id", "id2index", "names the cameras none"),
        ("</metadata>", "", "not complete XML"),
    ],
)
def test_raw_damaged_metadata(raw, old, new, match):
    path = raw / "metadata.xml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    refused(raw, match)


def test_raw_a_subject_that_there_is_not(raw):
    (raw / "S11").rename(raw / "S12")
    refused(raw, "holds the cameras of S1 to S11, not of S12")
    (raw / "metadata.xml").unlink()
    refused(raw, "'S12', expected one of Human3.6M: S1,")


def test_raw_without_the_package_for_it(raw, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cdflib", None)
    with pytest.raises(MissingExtraError, match=r"pip install \"mvtri\[human36m\]\""):
        load_all(raw)


def test_raw_nothing_in_it(tmp_path):
    (tmp_path / "S1" / "MyPoseFeatures").mkdir(parents=True)
    refused(tmp_path, "holds no sequence")
    refused(tmp_path / "S1" / "absent", "no dataset at")


# --- VideoPose3D -------------------------------------------------------------------------------------------


@pytest.fixture
def videopose3d(tmp_path):
    write.write_videopose3d(tmp_path, POSES)
    assert load_all(tmp_path)
    return tmp_path


def with_positions(root, change):
    stored = np.load(root / "data_3d_h36m.npz", allow_pickle=True)["positions_3d"].item()
    np.savez_compressed(root / "data_3d_h36m.npz", positions_3d=change(stored))


def with_pixels(root, change):
    stored = np.load(root / "data_2d_h36m_gt.npz", allow_pickle=True)
    pixels, about = stored["positions_2d"].item(), stored["metadata"].item()
    np.savez_compressed(root / "data_2d_h36m_gt.npz", positions_2d=change(pixels), metadata=about)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda pose: pose * 1000, "of a person span"),
        (lambda pose: pose[:, :17], "expected 32 joints"),
        (lambda pose: pose.reshape(len(pose), 96), r"expected \(frames, joints, 3\)"),
        (lambda pose: "somewhere", r"expected \(frames, joints, 3\)"),
        (lambda pose: np.full_like(pose, np.nan), "no 3D at all"),
        (lambda pose: pose[..., [1, 0, 2]], "the stored 2D is up to"),
    ],
)
def test_videopose3d_another_3d(videopose3d, change, match):
    with_positions(
        videopose3d,
        lambda stored: {"S11": {name: change(pose) for name, pose in stored["S11"].items()}},
    )
    refused(videopose3d, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda views: views[:3], "has 3 views"),
        (lambda views: views[::-1], "the stored 2D is up to"),
        (lambda views: [view[:, :16] for view in views], "16 joints in 2D, expected 17"),
        (lambda views: [view[1:] for view in views], "11 frames of 2D, but 12 of 3D"),
        (lambda views: [view[..., 0] for view in views], r"expected \(frames, joints, 2\)"),
        (lambda views: [view * np.nan for view in views], "none of the stored 2D"),
    ],
)
def test_videopose3d_another_2d(videopose3d, change, match):
    with_pixels(
        videopose3d,
        lambda stored: {"S11": {name: change(views) for name, views in stored["S11"].items()}},
    )
    refused(videopose3d, match)


def test_videopose3d_another_subject_s_2d(tmp_path):
    write.write_videopose3d(tmp_path, {("S9", "Eating"): POSES["S11", "Eating"]})
    with_pixels(tmp_path, lambda stored: {"S11": stored["S9"]})
    with_positions(tmp_path, lambda stored: {"S11": stored["S9"]})
    refused(tmp_path, "the stored 2D is up to .* another subject's cameras")


def test_videopose3d_a_missing_key(videopose3d):
    with_pixels(videopose3d, lambda stored: {"S9": stored["S11"]})
    refused(videopose3d, "S11 Eating is not in the file")
    with_positions(videopose3d, lambda stored: [1, 2, 3])
    refused(videopose3d, "not a table of subjects and actions")
    np.savez(videopose3d / "data_3d_h36m.npz", positions=np.zeros(3))
    refused(videopose3d, "lacks positions_3d", name="human36m-videopose3d")


def test_videopose3d_a_pickle_that_runs_code(videopose3d, tmp_path):
    trace = tmp_path / "it-ran"
    with_positions(videopose3d, lambda stored: stored | {"S1": RunsCode(trace)})
    sentence = refused(videopose3d, "nothing of it was run")
    assert "open" in sentence
    assert not trace.exists()


@pytest.mark.parametrize("name", ["data_3d_h36m.npz", "data_2d_h36m_gt.npz"])
def test_videopose3d_truncated(videopose3d, name):
    truncate(videopose3d / name)
    refused(videopose3d, "truncated", name="human36m-videopose3d")


def test_videopose3d_bytes_turned_over(videopose3d):
    path = videopose3d / "data_3d_h36m.npz"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    refused(videopose3d, "damaged")


def test_videopose3d_a_subject_that_there_is_not(videopose3d):
    with_positions(videopose3d, lambda stored: {"S99": stored["S11"]})
    refused(videopose3d, "'S99', expected one of Human3.6M")
