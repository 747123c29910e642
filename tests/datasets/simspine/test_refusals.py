"""Files of SIMSPINE with one thing wrong: each is refused with one sentence that names it."""

import h5py
import numpy as np
import pytest
import writers_simspine as write
from refusals import RunsCode, load_all, refused, truncate

from mvtri.datasets.registry import open_dataset
from mvtri.errors import InputError

KEY = ("S9", "Walking")
POSE = write.people(14, 37, seed=5)


def transposed(rig):
    return rig | {"R": np.ascontiguousarray(rig["R"].swapaxes(-1, -2))}


OTHER_CAMERAS = [
    (transposed, "their rotations are transposed"),
    (
        lambda rig: rig | {"R": np.concatenate([rig["R"][:1].swapaxes(1, 2), rig["R"][1:]])},
        "54138969 is turned by 36 degrees",
    ),
    (lambda rig: rig | {"t": rig["t"] * 1000}, "away from its position|if the numbers are metres"),
    (lambda rig: write.calibration("S11", rig["R"].dtype.type), "they are those of S11"),
    (
        lambda rig: rig | {"t": -np.einsum("cji,cj->ci", rig["R"], rig["t"])},
        "is turned by|away from its position",
    ),
]


# --- h5 ----------------------------------------------------------------------------------------------------


@pytest.fixture
def h5(tmp_path):
    path = tmp_path / "simspine.h5"
    write.write_h5(path, {KEY: POSE}, write.MARKERS)
    assert load_all(tmp_path)
    return path


@pytest.mark.parametrize(
    ("key", "match"),
    [
        ("metadata/markers_names", "lacks /metadata/markers_names"),
        ("metadata/kinematic_axes", "lacks /metadata/kinematic_axes"),
        ("S9/calibration", "lacks the group /S9/calibration"),
        *(
            (f"S9/calibration/{key}", f"lacks /S9/calibration/{key}")
            for key in ("names", "K", "dist", "R", "t", "size")
        ),
        *(
            (f"S9/Walking/{key}", f"lacks /S9/Walking/{key}")
            for key in ("markers", "kinematics", "timestamps")
        ),
        ("S9", "no sequence"),
        ("metadata", "lacks the group /metadata"),
    ],
)
def test_h5_a_missing_key(h5, key, match):
    with h5py.File(h5, "r+") as file:
        del file[key]
    refused(h5, match, name="simspine-h5")


@pytest.mark.parametrize(("change", "match"), OTHER_CAMERAS)
def test_h5_other_cameras(h5, change, match):
    write.write_h5(h5, {KEY: POSE}, write.MARKERS, {"S9": change(write.calibration("S9"))})
    refused(h5, match)


def test_h5_cameras_in_millimetres_that_may_be_any(h5):
    rig = write.calibration("S9")
    write.write_h5(h5, {KEY: POSE}, write.MARKERS, {"S9": rig | {"t": rig["t"] * 1000}})
    dataset = open_dataset("simspine", h5, camera_check="none")
    with pytest.raises(InputError, match=r"is 5.* m from the person.*in different units"):
        dataset.load(dataset.sequences[0])


def test_h5_a_lens_of_three_numbers(h5):
    rig = write.calibration("S9")
    write.write_h5(h5, {KEY: POSE}, write.MARKERS, {"S9": rig | {"dist": rig["dist"][:, :3]}})
    refused(h5, "/S9/calibration of .* cannot be used")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda markers: markers * 1000, "of a person span"),
        (lambda markers: markers[:, :17], r"expected \(14, 37, 3\)"),
        (lambda markers: markers[:-1], r"expected \(14, 37, 3\)"),
        (lambda markers: markers + [0, 6, 0], "true points in or near its image"),
        (lambda markers: markers * np.nan, "no 3D at all"),
    ],
)
def test_h5_other_markers(h5, change, match):
    with h5py.File(h5, "r+") as file:
        markers = file["S9/Walking/markers"][()]
        del file["S9/Walking/markers"]
        file["S9/Walking/markers"] = change(markers)
    refused(h5, match)


def test_h5_seventeen_markers(tmp_path):
    write.write_h5(tmp_path / "simspine.h5", {KEY: POSE[:, :17]}, write.MARKERS[:17])
    refused(tmp_path, "has 17 markers .without .*, expected the 37 of SIMSPINE or the 15 of its spine")


@pytest.mark.parametrize(
    ("markers", "match"),
    [
        ([*write.MARKERS[:-1], "LTail"], "37 markers .without left_heel; with LTail."),
        ([*write.MARKERS[:-1], "Hip"], "37 markers .without left_heel."),
        ([*write.MARKERS, "Hip"], "38 markers .some of them twice."),
    ],
)
def test_h5_other_names(tmp_path, markers, match):
    write.write_h5(tmp_path / "simspine.h5", {KEY: POSE}, markers)
    refused(tmp_path, match)


def test_h5_times_and_angles(h5):
    with h5py.File(h5, "r+") as file:
        file["S9/Walking/timestamps"][5] = 0
    refused(h5, "times do not increase")
    with h5py.File(h5, "r+") as file:
        del file["S9/Walking/kinematics"]
        file["S9/Walking/kinematics"] = np.zeros((14, 61))
    refused(h5, r"kinematics have the shape \(14, 61\), expected \(14, 62\)")


def test_h5_truncated(h5):
    truncate(h5)
    refused(h5, "truncated", name="simspine-h5")
    refused(h5.parent, "truncated")


def test_h5_two_files(h5):
    (h5.parent / "simspine-15.h5").write_bytes(h5.read_bytes())
    refused(h5.parent, "several such files")
    h5.unlink()
    (h5.parent / "simspine-15.h5").unlink()
    refused(h5.parent, "no simspine.h5", name="simspine-h5")


def test_h5_a_subject_that_human36m_does_not_have(tmp_path):
    write.write_h5(
        tmp_path / "simspine.h5", {("S12", "Walking"): POSE}, write.MARKERS, {"S12": write.calibration("S9")}
    )
    refused(tmp_path, "Human3.6M has no subject 'S12'")


# --- folder ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    write.write_folder(tmp_path, {KEY: POSE})
    assert load_all(tmp_path)
    return tmp_path


def trc(root):
    return root / "positions" / "S9" / "S9_Walking.trc"


def mot(root):
    return root / "kinematics" / "S9" / "S9_Walking" / "S9_Walking.mot"


def test_folder_millimetres_for_metres(folder):
    write.write_trc(trc(folder), POSE * 1000, write.MARKERS)
    refused(folder, "no person")


def test_folder_seventeen_markers(folder):
    write.write_trc(trc(folder), POSE[:, :17], write.MARKERS[:17])
    refused(folder, "has 17 markers")


def test_folder_a_missing_marker(folder):
    write.write_trc(trc(folder), POSE, ["Ghost", *write.MARKERS[1:]])
    refused(folder, "37 markers .without hip; with Ghost.")


@pytest.mark.parametrize(("change", "match"), OTHER_CAMERAS)
def test_folder_other_cameras(folder, change, match):
    rig = change(write.calibration("S9", np.float64))
    write.write_calibration(folder / "cameras" / "Calib_S9.toml", rig)
    refused(folder, match)


def test_folder_no_cameras(folder):
    (folder / "cameras" / "Calib_S9.toml").rename(folder / "cameras" / "Calib_S8.toml")
    refused(folder, "expected the file of S9's cameras there")


def test_folder_a_camera_without_its_matrix(folder):
    path = folder / "cameras" / "Calib_S9.toml"
    path.write_text(path.read_text().replace("matrix =", "intrinsics =", 1))
    refused(folder, "lacks matrix")


@pytest.mark.parametrize("cut", ["row", "line", "head"])
def test_folder_truncated(folder, cut):
    text = trc(folder).read_text()
    lines = text.splitlines()
    kept = {"row": text[:-200], "line": "\n".join(lines[:-2]) + "\n", "head": "\n".join(lines[:2])}[cut]
    trc(folder).write_text(kept)
    refused(folder, "truncated|NumFrames")


@pytest.mark.parametrize("cut", ["row", "line", "head"])
def test_folder_a_truncated_motion(folder, cut):
    text = mot(folder).read_text()
    lines = text.splitlines()
    kept = {"row": text[:-100], "line": "\n".join(lines[:-2]) + "\n", "head": "\n".join(lines[:5])}[cut]
    mot(folder).write_text(kept)
    refused(folder, "truncated|endheader")


def test_folder_other_motions(folder):
    write.write_mot(mot(folder), write.angles(14)[:, :40], write.AXES[:40])
    refused(folder, "has 40 axes, expected the 62 of SIMSPINE")
    mot(folder).write_text(mot(folder).read_text().replace("time\t", "clock\t"))
    refused(folder, "called 'clock'")
    write.write_mot(mot(folder), write.angles(14))
    mot(folder).write_text(mot(folder).read_text().replace("0.01000000", "zero", 1))
    refused(folder, "something other than numbers")


# --- npz ---------------------------------------------------------------------------------------------------


@pytest.fixture
def rows():
    return write.annotation_rows({KEY: POSE}, write.MARKERS)


def refused_rows(root, rows, match):
    write.write_annotations(root, rows)
    return refused(root, match, name="simspine-npz")


@pytest.mark.parametrize("key", ["metadata", "imgname", "part", "S_world", "angles", "center", "scale"])
def test_npz_a_missing_key(tmp_path, rows, key):
    del rows[key]
    refused_rows(tmp_path, rows, f"lacks {key}")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: {"S_world": rows["S_world"] * 1000}, "of a person span"),
        (lambda rows: {"S_world": rows["S_world"][:, :17]}, "17 points in 3D, but metadata names 37"),
        (
            lambda rows: {"S_world": rows["S_world"][..., [2, 0, 1, 3]]},
            "the stored 2D is up to|true points",
        ),
        (lambda rows: {"S_world": rows["S"]}, "the 3D differs by up to"),
        (lambda rows: {"angles": rows["angles"][:, :54]}, r"expected \(56, 62\)"),
        (lambda rows: {"part": rows["part"][:, :17]}, "17 points in 2D, but metadata names 37"),
        (lambda rows: {"part": rows["part"] + 0.1}, "the stored 2D is up to 0.14"),
        (lambda rows: {"imgname": rows["imgname"][::-1]}, "do not increase"),
        (
            lambda rows: {"imgname": np.char.replace(rows["imgname"], "54138969", "cam1")},
            "put cameras/Calib_S9.toml",
        ),
    ],
)
def test_npz_other_rows(tmp_path, rows, change, match):
    refused_rows(tmp_path, rows | change(rows), match)


def test_npz_seventeen_joints(tmp_path):
    refused_rows(tmp_path, write.annotation_rows({KEY: POSE[:, :17]}, write.MARKERS[:17]), "has 17 markers")


def test_npz_2d_by_human36m_s_own_formula(tmp_path, rows):
    import writers_human36m

    rig = writers_human36m.rig("S9")
    pixels = [writers_human36m.project(camera, POSE * 1000, "human36m") for camera in rig]
    rows["part"][..., :2] = np.concatenate(pixels)
    refused_rows(tmp_path, rows, "another lens formula")


def test_npz_another_subject_s_cameras(tmp_path):
    rows = write.annotation_rows({KEY: POSE}, write.MARKERS, {"S9": write.calibration("S11")})
    refused_rows(tmp_path, rows, "the stored 2D is up to .* another subject's cameras")


def test_npz_metadata_without_names(tmp_path, rows):
    del rows["metadata"]["joint_names"]
    refused_rows(tmp_path, rows, "metadata of .* lacks joint_names")
    refused_rows(tmp_path, rows | {"metadata": np.zeros(3)}, "metadata of .* lacks joint_names")


def test_npz_a_pickle_that_runs_code(tmp_path, rows):
    trace = tmp_path / "it-ran"
    rows["metadata"] = {"joint_names": RunsCode(trace)}
    refused_rows(tmp_path, rows, "nothing of it was run")
    assert not trace.exists()


def test_npz_truncated(tmp_path, rows):
    write.write_annotations(tmp_path, rows)
    truncate(tmp_path / "annotations" / "simspine_test.npz")
    refused(tmp_path, "truncated", name="simspine-npz")


def test_npz_none(tmp_path):
    refused(tmp_path, "no simspine_train.npz or simspine_test.npz", name="simspine-npz")
