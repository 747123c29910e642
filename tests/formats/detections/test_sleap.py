"""SLEAP's labels and analysis files against those that sleap-io wrote (tests/golden/detections)."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.formats import read_detections
from mvtri.tracks import to_array

GOLDEN = Path(__file__).parents[2] / "golden" / "detections"
SIZE = [640, 1480]
NAMES = ["snout", "tail_base", "paw"]


def expected(frames, later=0):
    """Positions (T, N, K, 2) and scores (T, N, K), as make_sleap.py says, written otherwise."""
    position = np.full((len(frames), 2, 3, 2), np.nan)
    for place, t in enumerate(frames):
        for n in range(2):
            for k in range(3):
                if t in (0, 1, 4) and (n, t) != (1, 1) and (n, t, k) != (0, 4, 1):
                    position[place, n, k] = 100 * n + 10 * k + t + later + np.array([0.25, 1000.25])
    return position, np.where(np.isnan(position[..., 0]), 0, [0.5, 0.625, 0.75])


def test_one_file_of_labels_holds_all_cameras():
    found = read_detections(GOLDEN / "labels.slp", image_sizes=[SIZE] * 2, fps=10)
    assert found["cameras"].to_numpy().tolist() == ["cam1", "cam2"]
    assert found["keypoints"].to_numpy().tolist() == NAMES
    assert found["time"].to_numpy() == pytest.approx([0.0, 0.1, 0.4])
    for camera, later in enumerate((0, 20)):
        position, scores = expected((0, 1, 4), later)
        if camera == 1:
            position[0, 0], scores[0, 0] = 7.5, 1.0  # corrected by hand
        assert np.array_equal(to_array(found)[:, :, :, camera], position, equal_nan=True)
        assert np.array_equal(to_array(found, "confidence")[..., camera], scores)


@pytest.mark.parametrize("preset", ["matlab", "standard"])
def test_analysis_files_are_read_in_any_order_of_axes(preset):
    found = read_detections(GOLDEN / f"cam1_{preset}.analysis.h5")  # which state the size of the images
    assert found["image_size"].to_numpy().tolist() == [SIZE]
    assert found["cameras"].to_numpy().tolist() == [f"cam1_{preset}"]
    position, scores = expected(range(10))
    assert np.array_equal(to_array(found)[..., 0, :], position, equal_nan=True)
    assert np.array_equal(to_array(found, "confidence")[..., 0], scores)


def test_analysis_files_of_sleap_itself_name_no_axes(tmp_path):
    """Source: sleap/info/write_tracking_h5.py, which transposes to (track, xy, node, frame)."""
    path = tmp_path / "cam1.h5"
    shutil.copy(GOLDEN / "cam1_matlab.analysis.h5", path)
    with h5py.File(path, "r+") as file:
        del file["tracks"].attrs["dims"]
    found = read_detections(path)
    assert np.array_equal(to_array(found)[..., 0, :], expected(range(10))[0], equal_nan=True)


def test_a_folder_of_one_file_or_of_one_per_camera(tmp_path):
    shutil.copy(GOLDEN / "labels.slp", tmp_path / "labels.v001.slp")
    assert read_detections(tmp_path, cameras=["Cam 2"], image_sizes=[SIZE]).sizes["time"] == 3
    (tmp_path / "labels.v001.slp").unlink()
    for camera in ("cam1", "cam2"):
        shutil.copy(GOLDEN / "cam1_matlab.analysis.h5", tmp_path / f"{camera}.predictions.analysis.h5")
    assert read_detections(tmp_path)["cameras"].to_numpy().tolist() == ["cam1", "cam2"]


def test_labels_of_an_older_format_are_half_a_pixel_off(tmp_path):
    """Source: sleap-io, read_instances: before 1.1 the corner of a pixel was (0, 0)."""
    path = tmp_path / "labels.slp"
    shutil.copy(GOLDEN / "labels.slp", path)
    with h5py.File(path, "r+") as file:
        file["metadata"].attrs["format_id"] = 1.0
    found = read_detections(path, image_sizes=[SIZE] * 2)
    assert np.array_equal(to_array(found)[..., 0, :], expected((0, 1, 4))[0] - 0.5, equal_nan=True)


def replace(file, name, values):
    del file[name]
    file[name] = values


def altered(file, name, field, row, value):
    table = file[name][()]
    table[field][row] = value
    replace(file, name, table)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: altered(f, "instances", "point_id_end", 1, 99), "instance with the points 3 to 99, of 3"),
        (lambda f: altered(f, "instances", "point_id_start", 1, 4), "instance with the points 4 to 6"),
        (lambda f: altered(f, "frames", "instance_id_end", 0, 999), "frame with the instances 0 to 999"),
        (lambda f: altered(f, "frames", "frame_idx", 1, 0), "a frame of the video cam1 twice"),
        (lambda f: replace(f, "frames", np.zeros(3)), "frames of .* lacks video, frame_idx"),
        (lambda f: f["metadata"].attrs.__setitem__("json", "{"), "list no skeleton"),
        (lambda f: f["metadata"].attrs.__setitem__("json", json.dumps({"nodes": [], "skeletons": []})),
         "is of 0 skeletons"),
        (lambda f: f.__delitem__("pred_points"), "lacks /pred_points"),
        (lambda f: replace(f, "videos_json", np.array([b"{", b"["])), "describes its video 0 wrongly"),
    ],
)  # fmt: skip
def test_altered_labels_are_one_sentence(tmp_path, change, sentence):
    path = tmp_path / "labels.slp"
    shutil.copy(GOLDEN / "labels.slp", path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(path, image_sizes=[SIZE] * 2)
    assert "\n" not in str(raised.value)
    assert "labels.slp" in str(raised.value)


def test_altered_and_truncated_analysis_files_are_one_sentence(tmp_path):
    path = tmp_path / "cam1.h5"
    data = (GOLDEN / "cam1_matlab.analysis.h5").read_bytes()
    path.write_bytes(data)
    with h5py.File(path, "r+") as file:
        replace(file, "node_names", np.array([b"snout"]))
    with pytest.raises(InputError, match="and 1 names of nodes; expected as many"):
        read_detections(path)
    with h5py.File(path, "r+") as file:
        replace(file, "tracks", np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"tracks of .* have the shape \(2, 3\)"):
        read_detections(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="is no whole HDF5 file"):
        read_detections(path)
    slp = tmp_path / "cam1.slp"
    slp.write_bytes((GOLDEN / "labels.slp").read_bytes()[:9000])
    with pytest.raises(InputError, match="is no whole HDF5 file"):
        read_detections(slp)
