"""Tracks through files: what comes back, what other programs write, and what is refused."""

import csv

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from people_tracks import RNG, person, same_names
from places import GOLDEN

from mvtri.errors import InputError
from mvtri.formats import read_detections, read_tracks, write_detections, write_tracks
from mvtri.skeletons import get_skeleton
from mvtri.tracks import Status, make_detections, make_tracks, to_array

GOLDEN = GOLDEN / "formats"
EXTENSIONS = ["nc", "trc", "csv"]


# ---------------------------------------------------------------- round trips


def test_netcdf_keeps_everything_exactly(tmp_path):
    tracks = person(people=2)
    assert write_tracks(tmp_path / "t.nc", tracks) == [tmp_path / "t.nc"]
    found = read_tracks(tmp_path / "t.nc")
    xr.testing.assert_identical(found, tracks)
    assert {name: found[name].dtype for name in found.variables} == {
        name: tracks[name].dtype for name in tracks.variables
    }
    assert type(found.attrs["fps"]) is float
    write_tracks(tmp_path / "again.nc", found)
    xr.testing.assert_identical(read_tracks(tmp_path / "again.nc"), tracks)


def test_netcdf_keeps_detections_exactly(tmp_path):
    shape = (4, 2, 17, 3)
    detections = make_detections(
        np.where(RNG.random((*shape, 1)) < 0.2, np.nan, RNG.random((*shape, 2))),
        RNG.random(shape).astype(np.float32),
        keypoints=get_skeleton("coco17").keypoints,
        cameras=["a", "b", "ü"],
        image_sizes=[[640, 480]] * 3,
        times=np.array([3, 5, 7, 9]),
        covariance=RNG.random((*shape, 2, 2)),
        boxes=RNG.random((4, 2, 3, 4)),
        mode_position=RNG.random((*shape, 5, 2)),
        mode_confidence=RNG.random((*shape, 5)),
    )
    detections.attrs["associated"] = 0
    assert write_detections(tmp_path / "d.nc", detections) == tmp_path / "d.nc"
    found = read_detections(tmp_path / "d.nc")
    xr.testing.assert_identical(found, detections)
    assert found["time"].dtype == detections["time"].dtype


@pytest.mark.parametrize("extension", EXTENSIONS)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_positions_names_and_times_come_back_from_every_format(tmp_path, extension, data):
    frames, keypoints = data.draw(st.integers(1, 5)), data.draw(st.integers(3, 6))
    metres = st.floats(-3, 3, width=64).filter(lambda value: abs(value) > 1e-3)
    position = data.draw(hnp.arrays(np.float64, (frames, 1, keypoints, 3), elements=metres))
    position[..., 0, :], position[..., 1, :] = (0.1, 0.2, 0.3), (-0.5, 0.4, 1.2)
    gone = data.draw(hnp.arrays(bool, (frames, 1, keypoints)))
    position[gone] = np.nan
    start, fps = (
        data.draw(st.integers(0, 100)),
        data.draw(st.sampled_from([25.0, 29.97, 30.0, 50.0, 60.0, 240.0])),
    )
    names = data.draw(
        st.lists(
            st.text("abcdefghijklm_ÄßÖ0123456789-+.", min_size=1),
            min_size=keypoints,
            max_size=keypoints,
            unique=True,
        )
    )
    tracks = make_tracks(position, keypoints=names, fps=fps, times=(start + np.arange(frames)) / fps)
    path = tmp_path / f"t.{extension}"
    write_tracks(path, tracks)
    found = read_tracks(path)
    same_names(found, tracks)
    assert np.array_equal(found["time"], tracks["time"])
    assert found.attrs["time_unit"] == "seconds"
    if frames > 1 or extension != "csv":
        assert found.attrs["fps"] == pytest.approx(fps, rel=1e-8)
    tolerance = 1e-8 if extension == "trc" else 0.0
    assert np.allclose(to_array(found), position, rtol=tolerance, atol=0.0, equal_nan=True)
    assert np.array_equal(np.isnan(to_array(found)).any(-1), gone)


@pytest.mark.parametrize("extension", ["nc", "csv"])
def test_scores_statuses_and_people_come_back(tmp_path, extension):
    tracks = person(people=3)
    write_tracks(tmp_path / f"t.{extension}", tracks)
    found = read_tracks(tmp_path / f"t.{extension}")
    same_names(found, tracks)
    for variable in ("position", "confidence", "status"):
        assert np.array_equal(to_array(found, variable), to_array(tracks, variable), equal_nan=True)
    assert found.attrs["skeleton"] == "coco17"


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_float32_comes_back_to_the_bit(tmp_path, extension):
    tracks = person(skeleton="spinetrack37")
    tracks["position"] = tracks["position"].astype(np.float32)
    write_tracks(tmp_path / f"t.{extension}", tracks)
    found = to_array(read_tracks(tmp_path / f"t.{extension}")).astype(np.float32)
    assert np.array_equal(found, to_array(tracks), equal_nan=True)


@pytest.mark.parametrize("extension", ["nc", "csv"])
def test_frame_numbers_stay_frame_numbers(tmp_path, extension):
    tracks = person(frames=3, fps=None, times=np.array([10, 12, 14]))
    write_tracks(tmp_path / f"t.{extension}", tracks)
    found = read_tracks(tmp_path / f"t.{extension}")
    assert found.attrs["time_unit"] == "frames"
    assert "fps" not in found.attrs
    assert found["time"].to_numpy().tolist() == [10, 12, 14]
    assert found["time"].dtype.kind == "i"


@pytest.mark.parametrize("extension", ["trc", "csv"])
@pytest.mark.parametrize(
    "options", [{"up": "y"}, {"up": "z"}, {"axes": "unity"}, {"axes": "gltf"}, {"axes": "-zx-y"}]
)
def test_axes_are_undone_by_reading_with_the_same(tmp_path, extension, options):
    tracks = person()
    write_tracks(tmp_path / f"t.{extension}", tracks, **options)
    found = read_tracks(tmp_path / f"t.{extension}", **options)
    assert np.allclose(to_array(found), to_array(tracks), rtol=1e-8, atol=0, equal_nan=True)


@pytest.mark.parametrize("skeleton", ["spinetrack37", "body25", "human36m17"])
@pytest.mark.parametrize("extension", ["trc", "csv"])
def test_opensims_names_go_there_and_back(tmp_path, extension, skeleton):
    tracks = person(skeleton=skeleton)
    write_tracks(tmp_path / f"t.{extension}", tracks, names="opensim")
    there = read_tracks(tmp_path / f"t.{extension}")["keypoints"].to_numpy().tolist()
    assert there[tracks["keypoints"].to_numpy().tolist().index("right_hip")] == "RHip"
    found = read_tracks(tmp_path / f"t.{extension}", names="mvtri")
    same_names(found, tracks)
    assert found.attrs["skeleton"] == skeleton


# ---------------------------------------------------------------- what is in the files


def test_trc_has_opensims_layout_to_the_last_tab(tmp_path):
    position = np.array([[[1.0, 2.0, 3.0], [0.25, 0.5, 0.75]], [[1.5, 2.5, 3.5], [np.nan] * 3]])[:, None]
    tracks = make_tracks(position, keypoints=["right_hip", "spine_01"], fps=50.0)
    write_tracks(tmp_path / "t.trc", tracks, names="opensim")
    assert (tmp_path / "t.trc").read_bytes().decode() == (
        "PathFileType\t4\t(X/Y/Z)\tt.trc\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
        "50\t50\t2\t2\tm\t50\t1\t2\n"
        "Frame#\tTime\tRHip\t\t\tSpine_01\t\t\t\n"
        "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\t\n"
        "\n"
        "1\t0.0\t2\t3\t1\t0.5\t0.75\t0.25\t\n"
        "2\t0.02\t2.5\t3.5\t1.5\t\t\t\t\n"
    )


def test_trc_in_millimetres_says_so(tmp_path):
    tracks = person()
    write_tracks(tmp_path / "t.trc", tracks, unit="mm")
    assert (tmp_path / "t.trc").read_text().splitlines()[2].split("\t")[4] == "mm"
    assert np.allclose(to_array(read_tracks(tmp_path / "t.trc")), to_array(tracks), rtol=1e-8, equal_nan=True)


def test_trc_is_one_file_a_person(tmp_path):
    tracks = person(people=2, individuals=["ann", "bob / 2"])
    written = write_tracks(tmp_path / "t.trc", tracks)
    assert [path.name for path in written] == ["t_ann.trc", "t_bob___2.trc"]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    for index, path in enumerate(written):
        found = to_array(read_tracks(path))[:, 0]
        assert np.allclose(found, to_array(tracks)[:, index], rtol=1e-8, equal_nan=True)


def test_trc_without_a_clock_says_what_it_does(tmp_path, caplog):
    write_tracks(tmp_path / "t.trc", person(frames=3, fps=None))
    assert "counts frames, not seconds" in caplog.text
    found = read_tracks(tmp_path / "t.trc")
    assert found["time"].to_numpy().tolist() == [0.0, 1.0, 2.0]


def test_csv_is_what_pandas_users_want(tmp_path):
    tracks = person(people=2)
    write_tracks(tmp_path / "t.csv", tracks)
    table = pd.read_csv(tmp_path / "t.csv")
    assert table.columns.tolist() == (
        [
            "time",
            "individual",
            "keypoint",
            "x",
            "y",
            "z",
            "confidence",
            "status",
            "sd_x",
            "sd_y",
            "sd_z",
            "views",
        ]
    )
    assert len(table) == tracks["status"].size
    row = table[(table.individual == "person_1") & (table.keypoint == "left_knee")].iloc[2]
    point = tracks.sel(individuals="person_1", keypoints="left_knee").isel(time=2)
    assert [row.x, row.y, row.z] == pytest.approx(point["position"].to_numpy(), nan_ok=True)
    assert row.sd_y**2 == pytest.approx(point["covariance"].sel(space="y", space_other="y").item())
    assert row.views == point["inlier"].sum().item()
    assert row.time == pytest.approx(0.04)
    with (tmp_path / "t.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    missing = bool(np.isnan(to_array(tracks)[0, 0, 0]).any())
    assert first["status"] == ("low_score" if missing else "ok")
    assert (first["x"] == "") == missing


def test_csv_turns_standard_deviations_with_the_axes(tmp_path):
    tracks = person(missing=0)
    write_tracks(tmp_path / "t.csv", tracks, up="y")
    table = pd.read_csv(tmp_path / "t.csv")
    point = tracks.isel(time=0, keypoints=0, individuals=0)
    assert table.loc[0, ["x", "y", "z"]].tolist() == pytest.approx(point["position"].to_numpy()[[1, 2, 0]])
    expected = np.sqrt(np.diag(point["covariance"].to_numpy()))[[1, 2, 0]]
    assert table.loc[0, ["sd_x", "sd_y", "sd_z"]].tolist() == pytest.approx(expected)


def test_the_y_up_of_opensim_is_a_rotation_that_turns_z_up():
    from mvtri.formats.tracks.axes import PRESETS, axis_matrix

    assert (axis_matrix("y", None, "mvtri") @ [0, 0, 1]).tolist() == [0, 1, 0]
    handed = {name: np.linalg.det(axis_matrix(None, name, "mvtri")) for name in PRESETS}
    assert handed == pytest.approx({"mvtri": 1.0, "opensim": 1.0, "gltf": 1.0, "unity": -1.0})


# ---------------------------------------------------------------- files of other programs


def test_a_trc_that_opensim_wrote_is_read():
    found = read_tracks(GOLDEN / "opensim.trc", names="mvtri")
    frame, marker = np.indices((5, 4))
    expected = np.stack(
        [-0.25 * marker, marker + 0.1 * frame, 1.5 - 0.01 * frame], axis=-1
    )  # z, x, y of the file
    for missing in ((1, 3), (3, 3), (2, 1)):
        expected[missing] = np.nan
    assert np.allclose(to_array(found)[:, 0], expected, atol=1e-12, equal_nan=True)
    assert found["keypoints"].to_numpy().tolist() == ["right_hip", "left_hip", "spine_01", "right_knee"]
    assert found["time"].to_numpy() == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04])
    assert found.attrs["fps"] == 100.0


def test_a_trc_of_a_motion_capture_system_is_read(caplog):
    found = read_tracks(GOLDEN / "plain.trc", up="z")
    expected = [
        [[0.1005, 0.90025, -0.020125], [0.3005, 0.901, -0.021]],
        [[0.1015, 0.90025, -0.020125], [np.nan] * 3],
        [[np.nan] * 3, [0.3025, 0.901, -0.021]],
    ]
    assert np.allclose(to_array(found)[:, 0], expected, atol=1e-12, equal_nan=True)
    assert found["keypoints"].to_numpy().tolist() == ["LASI", "RASI"]
    assert found.attrs["fps"] == 120.0  # of the header: the times are rounded
    assert to_array(found, "confidence").tolist() == [[[1.0, 1.0]], [[1.0, 0.0]], [[0.0, 1.0]]]
    assert not caplog.text


def test_a_netcdf_file_that_states_millimetres_is_converted(tmp_path):
    tracks = person()
    written = tracks.copy()
    written["position"] = tracks["position"] * 1000
    written["position"].attrs["units"] = "mm"
    write_tracks(tmp_path / "t.nc", written)
    for found in (read_tracks(tmp_path / "t.nc"), read_tracks(tmp_path / "t.nc", unit="mm")):
        assert np.allclose(to_array(found), to_array(tracks), rtol=1e-12, equal_nan=True)
        assert found["position"].attrs["units"] == "m"
    with pytest.raises(InputError, match="with unit='m' the markers of a frame span"):
        read_tracks(tmp_path / "t.nc", unit="m")


def test_a_file_of_movement_is_read_once_its_unit_is_told():
    with pytest.raises(InputError, match="does not state its unit of length; pass unit='m' or unit='mm'"):
        read_tracks(GOLDEN / "movement.nc")
    found = read_tracks(GOLDEN / "movement.nc", unit="mm")
    frame, individual, keypoint, space = np.indices((4, 2, 3, 3))
    expected = (frame + 500 * keypoint + 50 * individual + 5000 * space) / 1000
    expected[3, 1, 2] = np.nan
    assert np.allclose(to_array(found), expected, atol=1e-12, equal_nan=True)
    assert found["individuals"].to_numpy().tolist() == ["ann", "bob"]
    assert found.attrs["fps"] == 25.0
    assert (to_array(found, "confidence") == 0.5).all()
    assert "status" in found


@pytest.mark.parametrize("header", ["mm", "m"])
def test_a_trc_whose_header_lies_about_the_unit_is_refused_and_can_be_overruled(tmp_path, header):
    tracks = person()
    other = {"mm": "m", "m": "mm"}[header]
    write_tracks(tmp_path / "t.trc", tracks, unit=other)
    lines = (tmp_path / "t.trc").read_text().split("\n")
    lines[2] = lines[2].replace(f"\t{other}\t", f"\t{header}\t")
    (tmp_path / "t.trc").write_text("\n".join(lines))
    with pytest.raises(InputError, match=f"its unit is '{header}'.*pass .*unit='{other}'"):
        read_tracks(tmp_path / "t.trc")
    found = read_tracks(tmp_path / "t.trc", unit=other)
    assert np.allclose(to_array(found), to_array(tracks), rtol=1e-8, equal_nan=True)
    with pytest.raises(InputError, match=f"with unit='{header}' the markers of a frame span"):
        read_tracks(tmp_path / "t.trc", unit=header)


def test_csv_takes_a_unit_and_columns_that_pandas_left_out(tmp_path):
    rows = [
        ("0.5", "ann", "hip", 0, 1000, 2000),
        ("0.5", "ann", "neck", 10, 1500, 2000),
        ("1.0", "ann", "hip", 0, 1, 2),
    ]
    table = pd.DataFrame(rows, columns=["time", "individual", "keypoint", "x", "y", "z"])
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read_tracks(tmp_path / "t.csv", unit="mm")
    assert found["position"].sel(keypoints="neck").isel(time=0, individuals=0).to_numpy().tolist() == [
        0.01,
        1.5,
        2.0,
    ]
    missing = found.sel(keypoints="neck").isel(time=1, individuals=0)
    assert np.isnan(missing["position"]).all()
    assert missing["status"].item() == Status.TOO_FEW_VIEWS
    assert found.attrs["fps"] == 2.0


@pytest.mark.parametrize("form", ["semicolons", "decimal commas", "tabs", "tabs and commas", "upper case"])
def test_csv_of_spreadsheets_in_other_languages(tmp_path, form):
    tracks = make_tracks(
        np.random.default_rng(5).normal(0, 1, (3, 1, 2, 3)), keypoints=["left_knee", "nose"], fps=50
    )
    write_tracks(tmp_path / "a.csv", tracks)
    text = (tmp_path / "a.csv").read_text()
    head, _, body = text.partition("\n")
    text = {
        "semicolons": text.replace(",", ";"),
        "decimal commas": text.replace(",", ";").replace(".", ","),
        "tabs": text.replace(",", "\t"),
        "tabs and commas": text.replace(",", "\t").replace(".", ","),
        "upper case": head.upper() + "\n" + body,
    }[form]
    (tmp_path / "b.csv").write_text(text)
    again = read_tracks(tmp_path / "b.csv")
    assert to_array(again).tolist() == to_array(tracks).tolist()
    assert again["time"].to_numpy() == pytest.approx(np.arange(3) / 50)


def test_single_precision_is_written_in_few_digits(tmp_path):
    points = np.random.default_rng(0).normal(size=(4, 1, 2, 3)).astype(np.float32)
    covariance = np.broadcast_to(np.float32(0.003**2) * np.eye(3, dtype=np.float32), (*points.shape, 3))
    tracks = make_tracks(points, keypoints=["left_knee", "hip"], fps=50.0, covariance=covariance)
    write_tracks(tmp_path / "tracks.csv", tracks)
    cells = (tmp_path / "tracks.csv").read_text().splitlines()[1].split(",")
    assert max(len(cell.lstrip("-").replace(".", "").lstrip("0")) for cell in cells[3:6]) <= 9
    again = to_array(read_tracks(tmp_path / "tracks.csv"))
    np.testing.assert_array_equal(again.astype(np.float32), points)
