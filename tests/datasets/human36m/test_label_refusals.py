"""Martinez's, learnable-triangulation's and MMPose's files with one thing wrong: one sentence each."""

import pickle

import h5py
import numpy as np
import pytest
import writers_human36m as write
from refusals import RunsCode, load_all, refused, truncate, turned

POSES = {("S11", "Eating"): write.people(12, 32, seed=7)}
SHORT = {("S11", "Eating"): POSES["S11", "Eating"][:9]}


def tilted(camera):
    """The same camera, at the same place, turned a tenth of a degree about the way it looks."""
    sine, cosine = np.sin(np.radians(0.1)), np.cos(np.radians(0.1))
    return camera | {"R": np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ camera["R"]}


# --- Martinez ----------------------------------------------------------------------------------------------


@pytest.fixture
def martinez(tmp_path):
    write.write_martinez(tmp_path, POSES)
    assert load_all(tmp_path)
    return tmp_path


def h5_file(root):
    return root / "S11" / "MyPoses" / "3D_positions" / "Eating.h5"


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("3D_positions", lambda pose: pose / 1000, "of a person span"),
        ("3D_positions", lambda pose: pose[:51], r"expected \(96, frames\)"),
        ("3D_positions", lambda pose: pose.T, r"expected \(96, frames\)"),
        ("positions", lambda pose: pose, "lacks /3D_positions .it has positions."),
    ],
)
def test_martinez_another_3d(martinez, name, change, match):
    with h5py.File(h5_file(martinez), "w") as file:
        file[name] = change(POSES["S11", "Eating"].reshape(12, 96).T)
    refused(martinez, match)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (lambda: [turned(camera) for camera in write.rig("S11")], "is turned by|are transposed"),
        (lambda: [tilted(camera) for camera in write.rig("S11")], "is turned by 0.1 degrees"),
        (lambda: write.rig("S9"), "they are those of S9"),
        (lambda: [c | {"T": c["T"] / 1000} for c in write.rig("S11")], "is .* m away from its position"),
        (lambda: [c | {"p": c["p"][::-1]} for c in write.rig("S11")], "has the distortion"),
        (lambda: [c | {"f": c["f"] + 1} for c in write.rig("S11")], "the matrix of 54138969 differs by 1 px"),
        (lambda: [c | {"k": c["k"][:2]} for c in write.rig("S11")], "k has 2 numbers, expected 3"),
        (lambda: [c | {"name": "camera"} for c in write.rig("S11")], "has the cameras"),
        (lambda: write.rig("S11")[:3], "lacks the group /subject11/camera4"),
    ],
)
def test_martinez_other_cameras(martinez, rows, match):
    write.write_martinez_cameras(martinez / "cameras.h5", {"S11": rows()})
    refused(martinez, match)


def test_martinez_a_missing_key(martinez):
    with h5py.File(martinez / "cameras.h5", "r+") as file:
        del file["subject11/camera2/f"]
    refused(martinez, "lacks /subject11/camera2/f")
    write.write_martinez_cameras(martinez / "cameras.h5", {"S1": write.rig("S1")})
    refused(martinez, "lacks the group /subject11")
    (martinez / "cameras.h5").unlink()
    refused(martinez, "expected the camera file there")


@pytest.mark.parametrize("which", ["pose", "cameras"])
def test_martinez_truncated(martinez, which):
    truncate(h5_file(martinez) if which == "pose" else martinez / "cameras.h5")
    refused(martinez, "truncated|damaged")


# --- learnable-triangulation -------------------------------------------------------------------------------


@pytest.fixture
def labels():
    return write.learnable_labels(POSES)


def refused_labels(root, labels, match):
    write.write_learnable(root, labels)
    return refused(root, match, name="human36m-learnable")


@pytest.mark.parametrize("key", ["subject_names", "camera_names", "action_names", "cameras", "table"])
def test_learnable_a_missing_key(tmp_path, labels, key):
    del labels[key]
    refused_labels(tmp_path, labels, f"lacks {key}")


@pytest.mark.parametrize("field", ["keypoints", "bbox_by_camera_tlbr", "frame_idx"])
def test_learnable_a_missing_field(tmp_path, labels, field):
    kept = [name for name in labels["table"].dtype.names if name != field]
    labels["table"] = np.array(
        labels["table"][kept].tolist(), dtype=[(n, labels["table"].dtype[n]) for n in kept]
    )
    refused_labels(tmp_path, labels, f"{field} is missing")


def test_learnable_another_3d(tmp_path, labels):
    labels["table"]["keypoints"] /= 1000
    refused_labels(tmp_path, labels, "of a person span")


def test_learnable_sixteen_joints(tmp_path, labels):
    fields = [(name, labels["table"].dtype[name]) for name in ("subject_idx", "action_idx", "frame_idx")]
    fields += [("keypoints", np.float32, (16, 3)), ("bbox_by_camera_tlbr", np.int16, (4, 4))]
    labels["table"] = np.zeros(3, dtype=fields)
    refused_labels(tmp_path, labels, r"keypoints has the shape \(16, 3\), expected \(17, 3\)")


def test_learnable_other_cameras(tmp_path, labels):
    right = labels["cameras"].copy()
    labels["cameras"]["R"] = right["R"].swapaxes(-1, -2)
    refused_labels(tmp_path, labels, "their rotations are transposed")
    labels["cameras"] = right.copy()
    labels["cameras"]["t"] /= 1000
    refused_labels(tmp_path, labels, "is .* m away from its position")
    labels["cameras"] = right[:, :3]
    refused_labels(tmp_path, labels, r"shape \(1, 3\), expected \(subjects, cameras\) = \(1, 4\)")
    labels["cameras"] = right
    labels["camera_names"] = ["a", "b", "c", "d"]
    refused_labels(tmp_path, labels, "has the cameras a, b, c, d")


def test_learnable_the_subject_s_index_is_read(tmp_path):
    """Two subjects, their cameras exchanged."""
    poses = {(subject, "Eating-2"): POSES["S11", "Eating"] for subject in ("S9", "S11")}
    labels = write.learnable_labels(poses)
    labels["cameras"] = labels["cameras"][::-1].copy()
    refused_labels(tmp_path, labels, "not those of S9 in Human3.6M: they are those of S11")


def test_learnable_an_index_beyond_the_names(tmp_path, labels):
    labels["table"]["subject_idx"] = 1
    refused_labels(tmp_path, labels, "indices beyond its 1 subject_names")


def test_learnable_a_frame_twice(tmp_path, labels):
    labels["table"]["frame_idx"][3] = labels["table"]["frame_idx"][2]
    refused_labels(tmp_path, labels, "has a frame twice")


def test_learnable_a_pickle_that_runs_code(tmp_path, labels):
    trace = tmp_path / "it-ran"
    refused_labels(tmp_path, labels | {"table": RunsCode(trace)}, "nothing of it was run")
    assert not trace.exists()


def test_learnable_truncated(tmp_path, labels):
    write.write_learnable(tmp_path, labels)
    truncate(tmp_path / "human36m-multiview-labels-GTbboxes.npy")
    refused(tmp_path, "truncated or damaged")


def test_learnable_two_files(tmp_path, labels):
    write.write_learnable(tmp_path, labels)
    path = tmp_path / "human36m-multiview-labels-GTbboxes.npy"
    (tmp_path / "human36m-multiview-labels-MRCNNbboxes.npy").write_bytes(path.read_bytes())
    refused(tmp_path, "several files of labels")
    assert load_all(path)
    path.write_text("text")
    refused(path, "does not begin as an array of NumPy", name="human36m-learnable")


# --- MMPose ------------------------------------------------------------------------------------------------


@pytest.fixture
def rows():
    return write.mmpose_rows(POSES)


def refused_rows(root, rows, match, cameras=None):
    write.write_mmpose(root, rows, write.mmpose_cameras(["S11"]) if cameras is None else cameras)
    return refused(root, match, name="human36m-mmpose")


@pytest.mark.parametrize("key", ["imgname", "part", "S", "center", "scale"])
def test_mmpose_a_missing_key(tmp_path, rows, key):
    write.write_mmpose(tmp_path, rows, {})
    path = tmp_path / "annotation_body3d" / "fps10" / "h36m_test.npz"
    np.savez(path, **{name: value for name, value in rows.items() if name != key})
    refused(path, f"lacks {key}", name="human36m-mmpose")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: {"S": rows["S"] * [1000, 1000, 1000, 1]}, "differs by up to|of a person span"),
        (lambda rows: {"S": rows["S"][:, :16]}, r"expected \(48, 17, 4\)"),
        (lambda rows: {"part": rows["part"][:-1]}, r"expected \(48, 17, 3\)"),
        (lambda rows: {"part": rows["part"].astype(int)}, r"int64.*floats"),
        (lambda rows: {"part": rows["part"] + 0.1}, "the stored 2D is up to 0.1"),
        (lambda rows: {"imgname": np.roll(rows["imgname"], 2)}, "not together"),
        (lambda rows: {"imgname": rows["imgname"][::-1]}, "do not increase"),
        (
            lambda rows: {"imgname": np.char.replace(rows["imgname"], "S11_", "Subject")},
            "has an image called",
        ),
        (lambda rows: {"imgname": np.char.replace(rows["imgname"], "54138969", "cam1")}, "the camera cam1"),
        (lambda rows: {"S": rows["S"].astype(object)}, "no rows of numbers"),
    ],
)
def test_mmpose_other_rows(tmp_path, rows, change, match):
    refused_rows(tmp_path, rows | change(rows), match)


def test_mmpose_a_stray_row(tmp_path, rows):
    names = rows["imgname"]
    names[5], names[17] = names[17], names[5]
    refused_rows(tmp_path, rows, "rows of other images are among those of|not together")


def test_mmpose_images_counted_from_0(tmp_path):
    refused_rows(tmp_path, write.mmpose_rows(POSES, first=0), "numbered 0, but MMPose counts from 1")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda row: row | {"R": row["R"].T}, "is a rotation transposed"),
        (lambda row: row | {"T": row["T"] * 1000}, "differs by up to"),
        (lambda row: row | {"k": row["k"][:2]}, "k has 2 numbers, expected 3"),
        (lambda row: {key: value for key, value in row.items() if key != "f"}, "f is missing"),
        (lambda row: row | {"p": row["p"][::-1]}, "has the distortion"),
        (lambda row: [1], "no table of cameras"),
    ],
)
def test_mmpose_other_cameras(tmp_path, rows, change, match):
    cameras = {key: change(row) for key, row in write.mmpose_cameras(["S11"]).items()}
    refused_rows(tmp_path, rows, match, cameras)


def test_mmpose_another_subject_s_cameras(tmp_path, rows):
    theirs = {("S11", name): row for (_, name), row in write.mmpose_cameras(["S9"]).items()}
    refused_rows(tmp_path, rows, "another subject's", theirs)
    refused_rows(tmp_path, rows, "lacks the camera 54138969 of S11", write.mmpose_cameras(["S9"]))


def test_mmpose_a_pickle_that_runs_code(tmp_path, rows):
    trace = tmp_path / "it-ran"
    refused_rows(tmp_path, rows, "nothing of it was run", {("S11", "54138969"): RunsCode(trace)})
    assert not trace.exists()


@pytest.mark.parametrize("name", ["fps10/h36m_test.npz", "cameras.pkl"])
def test_mmpose_truncated(tmp_path, rows, name):
    write.write_mmpose(tmp_path, rows, write.mmpose_cameras(["S11"]))
    path = tmp_path / "annotation_body3d" / name
    truncate(path)
    refused(path if path.suffix == ".npz" else tmp_path, "truncated", name="human36m-mmpose")


def test_mmpose_no_cameras_and_two_rates(tmp_path, rows):
    write.write_mmpose(tmp_path, rows, write.mmpose_cameras(["S11"]))
    (tmp_path / "annotation_body3d" / "cameras.pkl").unlink()
    refused(tmp_path, "no cameras.pkl")
    other = tmp_path / "annotation_body3d" / "fps50"
    other.mkdir()
    np.savez(other / "h36m_test.npz", **rows)
    refused(tmp_path, "several frame rates")


def test_a_pickle_of_the_cameras_may_have_any_protocol(tmp_path, rows):
    write.write_mmpose(tmp_path, rows, {})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(write.mmpose_cameras(["S11"]), protocol=protocol)
        (tmp_path / "annotation_body3d" / "cameras.pkl").write_bytes(data)
        assert load_all(tmp_path)
