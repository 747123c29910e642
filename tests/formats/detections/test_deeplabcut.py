"""DeepLabCut's tables against those that pandas wrote (tests/golden/detections), and what is refused."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.formats import read_detections
from mvtri.tracks import to_array

GOLDEN = Path(__file__).parents[2] / "golden" / "detections"
SIZE = [[4000, 4000]]
HEADER = "scorer,DLC,DLC,DLC\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"


def values(frames, individuals, keypoints):
    """As in make_deeplabcut.py, written otherwise."""
    found = np.empty((frames, individuals, keypoints, 3))
    for t in range(frames):
        for n in range(individuals):
            for k in range(keypoints):
                x = 100 * n + 10 * k + t + 0.25
                found[t, n, k] = x, 1000 + x, 0.5 + 0.125 * (k % 4)
    found[2, 0, 1] = np.nan
    return found


def check(found, expected):
    position, confidence = to_array(found)[:, :, :, 0], to_array(found, "confidence")[..., 0]
    assert np.array_equal(position, expected[..., :2], equal_nan=True)
    assert np.array_equal(confidence, np.nan_to_num(expected[..., 2]))


@pytest.mark.parametrize("name", ["cam1DLC_table.h5", "cam1DLC_fixed.h5", "cam1DLC.csv"])
def test_both_layouts_of_pandas_and_csv_are_read(name):
    found = read_detections(GOLDEN / name, image_sizes=SIZE, fps=10)
    assert found["keypoints"].to_numpy().tolist() == ["snout", "tail_base", "paw"]
    assert found["time"].to_numpy() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert found.attrs["skeleton"] == ""
    check(found, values(5, 1, 3))


@pytest.mark.parametrize("name", ["cam1DLC_several.h5", "cam1DLC_several.csv"])
def test_several_animals_keep_their_places(name):
    expected = values(4, 2, 2)
    expected[1, 1] = np.nan
    check(read_detections(GOLDEN / name, image_sizes=SIZE), expected)


@pytest.mark.parametrize("name", ["CollectedData_someone.h5", "CollectedData_someone.csv"])
def test_labels_made_by_hand_count_fully_and_have_the_numbers_of_their_images(name):
    expected = values(3, 1, 2)
    expected[..., 2] = 1.0
    found = read_detections(GOLDEN / name, image_sizes=SIZE)
    assert found["time"].to_numpy().tolist() == [3, 7, 12]
    expected[2, 0, 1] = np.nan
    check(found, expected)


def test_the_camera_is_the_name_of_the_video(tmp_path):
    for camera in ("cam1", "cam 2"):
        for ending in ("h5", "csv"):  # DeepLabCut writes both
            source = GOLDEN / ("cam1DLC_table.h5" if ending == "h5" else "cam1DLC.csv")
            shutil.copy(source, tmp_path / f"{camera}DLC_resnet50_projMay1shuffle1_100000.{ending}")
    (tmp_path / "cam1DLC_resnet50_projMay1shuffle1_100000_meta.pickle").write_bytes(b"\x80")
    (tmp_path / "timestamps.csv").write_text("frame,time\n0,0.1\n")
    found = read_detections(tmp_path, image_sizes=SIZE * 2)
    assert found["cameras"].to_numpy().tolist() == ["cam 2", "cam1"]
    assert read_detections(tmp_path, image_sizes=SIZE, cameras=["Cam_2"]).sizes["cameras"] == 1
    shutil.copy(
        GOLDEN / "cam1DLC_table.h5", tmp_path / "cam1DLC_resnet50_projMay1shuffle1_100000_filtered.h5"
    )
    with pytest.raises(InputError, match=r"_filtered\.h5 are both of the camera cam1; remove one of them"):
        read_detections(tmp_path, image_sizes=SIZE * 2)


def test_lightning_poses_further_columns_are_left_out(tmp_path):
    """Source: lightning_pose and its EKS smoother: x_ens_median and so on, and a last column called set."""
    names = ["x", "y", "likelihood", "x_ens_var", "y_ens_var"]
    rows = [
        ["scorer", *["heatmap_tracker"] * 10, "set"],
        ["bodyparts", *["left_hip"] * 5, *["right_hip"] * 5, ""],
        ["coords", *names, *names, ""],
        ["0", *["10", "20", "0.5", "1", "1", "30", "40", "0.75", "1", "1", "train"]],
        ["1", *["11", "21", "0.5", "1", "1"], "", "", "", "", "", "validation"],
    ]
    (tmp_path / "cam1.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    found = read_detections(tmp_path, image_sizes=SIZE)
    assert found["keypoints"].to_numpy().tolist() == ["left_hip", "right_hip"]
    assert to_array(found)[:, 0, :, 0].tolist()[0] == [[10.0, 20.0], [30.0, 40.0]]
    assert to_array(found, "confidence")[:, 0, :, 0].tolist() == [[0.5, 0.75], [0.5, 0.0]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_separators_and_line_ends_of_spreadsheets(tmp_path, separator, ends):
    text = (HEADER + "0,5.5,6,0.5\n4,nan,NaN,\n").replace(",", separator).replace("\n", ends)
    (tmp_path / "cam1.csv").write_bytes(text.encode("utf-8-sig"))
    found = read_detections(tmp_path, image_sizes=SIZE)
    assert to_array(found)[0, 0, 0, 0].tolist() == [5.5, 6.0]
    assert to_array(found, "confidence").ravel().tolist() == [0.5, 0.0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER + "0,1,2,0.5\n1,1,2", r"row 5 of .* has 3 cells, but the first one has 4; is it truncated"),
        (HEADER + "0,1,2,abc\n", r"row 4 of .* has 'abc' where a number was expected"),
        (HEADER, "holds no frames; expected at least one"),
        (HEADER + "0,1,2,0.5\n0,1,2,0.5\n", "has the frame 0 twice"),
        (HEADER.replace("likelihood", "z") + "0,1,2,3\n", "holds 3D points"),
        (HEADER.replace("DLC,DLC,DLC", "a,b,a") + "0,1,2,0.5\n", "is of several scorers"),
        (HEADER.replace("x,y,", "x,x,") + "0,1,2,0.5\n", "has the column nose x twice"),
        ("scorer,a\nbodyparts,b\n", "begins with rows called scorer, bodyparts; expected DeepLabCut's"),
    ],
)
def test_damaged_tables_are_one_sentence(tmp_path, text, sentence):
    (tmp_path / "cam1.csv").write_text(text)
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZE)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["cam1DLC_table.h5", "cam1DLC_fixed.h5"])
def test_truncated_and_altered_hdf5_is_one_sentence(tmp_path, name):
    place = tmp_path / name
    data = (GOLDEN / name).read_bytes()
    for share in (0.3, 0.7, 0.95):
        place.write_bytes(data[: int(share * len(data))])
        with pytest.raises(InputError, match=rf"{name}") as raised:
            read_detections(place, image_sizes=SIZE)
        assert "\n" not in str(raised.value)
    place.write_bytes(data)
    with h5py.File(place, "r+") as file:
        group = file["df_with_missing"]
        if "table" in name:
            group.attrs["non_index_axes"] = b"cos\nsystem\n(S'true'\ntR."
        else:
            del group["axis0_level1"]
    with pytest.raises(InputError, match=r"os\.system|lacks") as raised:
        read_detections(place, image_sizes=SIZE)
    assert "\n" not in str(raised.value)


def test_a_camera_whose_table_is_damaged_is_named(tmp_path):
    shutil.copy(GOLDEN / "cam1DLC_table.h5", tmp_path / "cam1DLC_a.h5")
    (tmp_path / "cam2DLC_a.h5").write_bytes((GOLDEN / "cam1DLC_table.h5").read_bytes()[:9000])
    with pytest.raises(InputError, match=r"cam2DLC_a\.h5 is no whole HDF5"):
        read_detections(tmp_path, image_sizes=SIZE * 2, cameras=["cam1", "cam2"])
    with pytest.raises(InputError, match="camera cam3 matches none of the files"):
        read_detections(tmp_path, image_sizes=SIZE * 3, cameras=["cam1", "cam2", "cam3"])
