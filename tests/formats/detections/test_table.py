"""Tables of 2D: which column holds what, boards of Caliscope, and what is refused."""

import csv

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.formats import read_detections
from mvtri.formats.detections.table_columns import find_columns
from mvtri.tracks import to_array

SIZES = [[1280, 720], [1280, 720]]
CALISCOPE = {
    "ports": "sync_index,port,frame_index,frame_time,point_id,img_loc_x,img_loc_y,board_loc_x,board_loc_y",
    "cameras": "sync_index,cam_id,frame_index,frame_time,object_id,keypoint_id,img_loc_x,img_loc_y,"
    "obj_loc_x,obj_loc_y",
}


def save(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("dialect", CALISCOPE)
def test_boards_of_caliscope_are_read_in_both_dialects(tmp_path, dialect):
    rows = []
    for sync in (416, 417, 420):
        for camera in (0, 1):
            for corner in (0, 3, 7):
                if (sync, camera, corner) != (417, 1, 3):
                    more = ["0"] if dialect == "cameras" else []
                    place = [100.5 + corner + sync, 200.25 + camera, 0.054, 0.108]
                    when = 48033.0 + (sync - 416) / 10 + 0.002 * camera
                    rows.append([sync, camera, sync - 3, when, *more, corner, *place])
    text = CALISCOPE[dialect] + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    found = read_detections(save(tmp_path / "xy.csv", text), cameras=["1", "0"], image_sizes=SIZES)
    assert found["cameras"].to_numpy().tolist() == ["1", "0"]
    assert found["keypoints"].to_numpy().tolist() == ["corner_0", "corner_3", "corner_7"]
    assert found["time"].to_numpy() == pytest.approx([48033.001, 48033.101, 48033.401], abs=1e-9)
    assert found.attrs["time_unit"] == "seconds"
    position = to_array(found)
    assert position[0, 0, :, 1].tolist() == [[516.5, 200.25], [519.5, 200.25], [523.5, 200.25]]
    assert np.isnan(position[1, 0, 1, 0]).all()
    assert np.isfinite(position[..., 0]).sum() == len(rows)


@pytest.mark.realdata
@pytest.mark.parametrize("board", ["four_webcams", "four_webcams_b"])
def test_the_real_boards_are_read_whole(shared_data, board):
    path = shared_data / "boards" / board / "xy.csv"
    found = read_detections(path, image_sizes=[[1280, 720]] * 4)
    position, cameras = to_array(found), found["cameras"].to_numpy().tolist()
    assert cameras == ["0", "1", "2", "3"]
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    syncs = sorted({int(row["sync_index"]) for row in rows})
    corners = sorted({int(row.get("point_id") or row["keypoint_id"]) for row in rows})
    assert np.isfinite(position[..., 0]).sum() == len(rows)
    for row in rows:
        t = syncs.index(int(row["sync_index"]))
        k = corners.index(int(row.get("point_id") or row["keypoint_id"]))
        c = cameras.index(row.get("port") or row["cam_id"])
        assert position[t, 0, k, c].tolist() == [float(row["img_loc_x"]), float(row["img_loc_y"])]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("frame,nose_x,nose_y,nose_likelihood", {"nose": {"x": 1, "y": 2, "score": 3}}),
        ("nose_x,nose_y,nose_z,nose_visibility", {"nose": {"x": 0, "y": 1, "score": 3}}),
        ("x_0,y_0,v_0", {"0": {"x": 0, "y": 1, "score": 2}}),
        ("x0,y0,x1,y1", {"0": {"x": 0, "y": 1}, "1": {"x": 2, "y": 3}}),
        ("Left Hip X,Left Hip Y", {"Left Hip": {"x": 0, "y": 1}}),
        ("LEFT_HIP.x,LEFT_HIP.y,LEFT_HIP.c", {"LEFT_HIP": {"x": 0, "y": 1, "score": 2}}),
    ],
)
def test_columns_of_one_row_per_frame(header, expected):
    assert find_columns(header.split(",")).keypoints == expected


@pytest.mark.parametrize(
    "header",
    [
        "frame,time",
        "time,individual,keypoint,x,y,z,confidence,status",  # 3D, of mvtri
        "nose_x,nose_y,nose_z,nose_error,nose_ncams,nose_score",  # 3D, of Anipose
        "nose_x,nose_y,nose_z,tail_x,tail_y,tail_z",  # 3D, of freemocap
        "x,y",
        "a,b,c",
    ],
)
def test_other_tables_are_not_of_2d(header):
    assert find_columns(header.split(",")) is None


def test_times_of_the_file_are_kept_unless_a_rate_is_given(tmp_path, caplog):
    text = "frame,time,keypoint,x,y\n4,0.5,nose,100,200\n5,0.75,nose,101,201\n6,1.0,nose,102,202\n"
    path = save(tmp_path / "cam1.csv", text)
    found = read_detections(path, image_sizes=SIZES[:1])
    assert found["time"].to_numpy().tolist() == [0.5, 0.75, 1.0]
    assert not caplog.text
    assert read_detections(path, image_sizes=SIZES[:1], fps=4)["time"].to_numpy().tolist() == [1.0, 1.25, 1.5]
    assert not caplog.text
    read_detections(path, image_sizes=SIZES[:1], fps=30)
    assert "states a time every 0.25 s, which is not the 30 frames per second" in caplog.text


def test_numbers_as_keypoints_need_a_skeleton_and_names_of_images_are_frames(tmp_path):
    rows = "".join(f"img_{t:03d}.png,{k},{100 + k},{200 + t},0.5\n" for t in (3, 9) for k in range(17))
    path = save(tmp_path / "cam1.csv", "image,landmark_id,x,y,score\n" + rows)
    with pytest.raises(InputError, match="can be coco17 or human36m17"):
        read_detections(path, image_sizes=SIZES[:1])
    found = read_detections(path, image_sizes=SIZES[:1], skeleton="coco17")
    assert found["time"].to_numpy().tolist() == [3, 9]
    assert to_array(found)[1, 0, 16, 0].tolist() == [116.0, 209.0]


def test_normalised_tables_become_pixels(tmp_path, caplog):
    rows = "".join(f"{t},0.{k}5,0.5,0.9\n" for t in range(4) for k in [2])
    path = save(tmp_path / "cam1.csv", "frame,nose_x,nose_y,nose_c\n" + rows)
    found = read_detections(path, image_sizes=SIZES[:1])
    assert to_array(found)[0, 0, 0, 0] == pytest.approx([320.0, 360.0])
    assert "lie between 0 and 1" in caplog.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("frame,keypoint,x,y\n", "holds no frames"),
        ("frame,keypoint,x,y\n0,nose,1,2\n0,nose,1,2\n", "has a keypoint twice in one frame"),
        ("frame,nose_x,nose_y\n0,1,2\n0,1,2\n", "has a person twice in one frame"),
        ("frame,keypoint,x,y\n0,nose,1\n", "row 2 of .* has 3 cells, but the first one has 4"),
        ("frame,keypoint,x,y\n0,nose,one,2\n", "row 2 of .* has 'one' where a number was expected"),
        ("frame,keypoint,x,y\nfirst,nose,1,2\n", "row 2 of .* has 'first' as its frame"),
        ("keypoint,x,y\nnose,1,2\n", "has no column that says the frame"),
        ("time,keypoint,x,y\n,nose,1,2\n", "row 2 of .* has no time"),
        ('frame,keypoint,x,y\n0,"nose,1,2\n', "cells, but the first one has 4"),
    ],
)
def test_damaged_tables_are_one_sentence(tmp_path, text, sentence):
    save(tmp_path / "cam1.csv", text)
    with pytest.raises(InputError, match=sentence) as raised:
        read_detections(tmp_path, image_sizes=SIZES[:1])
    assert "\n" not in str(raised.value)


def test_one_table_of_several_cameras_is_not_that_of_one(tmp_path):
    save(tmp_path / "a.csv", "frame,camera,keypoint,x,y\n0,c1,nose,10,20\n0,c2,nose,11,21\n")
    found = read_detections(tmp_path, image_sizes=SIZES)
    assert to_array(found)[0, 0, 0].tolist() == [[10.0, 20.0], [11.0, 21.0]]
    save(tmp_path / "b.csv", "frame,camera,keypoint,x,y\n0,c1,nose,10,20\n0,c2,nose,11,21\n")
    with pytest.raises(InputError, match=r"a\.csv holds 2 cameras \(c1, c2\); expected one file per camera"):
        read_detections(tmp_path, image_sizes=SIZES)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas(tmp_path, separator):
    rows = ["frame,keypoint,x,y,score"]
    rows += [f"{t},{name},{100.25 + t},{7.5e1},0.5" for t in (0, 1) for name in ("nose", "left_hip")]
    text = "\n".join(rows).replace(",", separator).replace(".", ",")
    (tmp_path / "cam1.csv").write_text(text)
    found = read_detections(tmp_path, image_sizes=[1000, 1000])
    assert to_array(found)[:, 0, :, 0].tolist() == [[[100.25 + t, 75.0]] * 2 for t in (0, 1)]
    assert set(to_array(found, "confidence").ravel().tolist()) == {0.5}
