"""Tracks through files: what comes back, what other programs write, and what is refused."""

import csv
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mvtri.errors import InputError, MissingFileError
from mvtri.formats import list_formats, read_detections, read_tracks, write_detections, write_tracks
from mvtri.skeletons import get_skeleton
from mvtri.tracks import Status, make_detections, make_tracks, provenance_of, to_array

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
EXTENSIONS = ["nc", "trc", "csv"]
RNG = np.random.default_rng(3)


def person(frames=6, people=1, skeleton="coco17", missing=0.2, **changes):
    """Make up people of 1.8 m in a room, with everything that tracks can hold."""
    names = get_skeleton(skeleton).keypoints
    shape = (frames, people, len(names))
    position = RNG.uniform([-0.5, -0.5, 0.0], [0.5, 0.5, 1.8], (*shape, 3))
    gone = RNG.random(shape) < missing
    position[gone] = np.nan
    root = RNG.normal(0, 0.01, (*shape, 3, 3))
    given = {
        "keypoints": names,
        "fps": 50.0,
        "confidence": np.where(gone, 0.0, RNG.uniform(0.1, 1.0, shape)),
        "status": np.where(gone, Status.LOW_SCORE, Status.OK),
        "covariance": root @ root.swapaxes(-1, -2),
        "inliers": RNG.random((*shape, 4)) < 0.7,
        "residuals": np.where(RNG.random((*shape, 4)) < 0.2, np.nan, RNG.random((*shape, 4))),
        "position_2d": RNG.uniform(0, 1000, (*shape, 4, 2)),
        "confidence_2d": RNG.random((*shape, 4)).astype(np.float32),
        "cameras": ["a", "b", "c", "d"],
        "skeleton": skeleton,
        "provenance": {"call": "test", "parameters": {"threshold": 3.5}},
    }
    return make_tracks(position, **(given | changes))


def same_names(found, expected):
    for dim in ("keypoints", "individuals"):
        assert found[dim].to_numpy().tolist() == expected[dim].to_numpy().tolist()


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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert "counts frames as seconds" in caplog.text
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
    from mvtri.formats.axes import PRESETS, axis_matrix

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
    with pytest.raises(InputError, match="unit='m' was given, but then the markers of a frame span"):
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
    with pytest.raises(InputError, match=f"unit='{header}' was given"):
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


# ---------------------------------------------------------------- what is refused


def test_an_unknown_extension_lists_the_known(tmp_path):
    for call in (lambda path: read_tracks(path), lambda path: write_tracks(path, person())):
        with pytest.raises(InputError, match=r"t.xlsx has the extension '.xlsx'.*use one of .csv, .nc, .trc"):
            call(tmp_path / "t.xlsx")
        with pytest.raises(InputError, match="t has no extension"):
            call(tmp_path / "t")
    with pytest.raises(InputError, match="no format of tracks is called 'trk'; did you mean 'trc'"):
        read_tracks(tmp_path / "t", format="trk")


def test_a_format_may_be_named(tmp_path):
    tracks = person()
    write_tracks(tmp_path / "t.txt", tracks, format="trc")
    assert read_tracks(tmp_path / "t.txt", format="trc")["position"].sizes == tracks["position"].sizes


def test_an_option_that_the_format_has_not_lists_those_it_has(tmp_path):
    with pytest.raises(InputError, match="the format nc has no option 'up' \\(its options: none\\)"):
        write_tracks(tmp_path / "t.nc", person(), up="y")
    write_tracks(tmp_path / "t.trc", person())
    with pytest.raises(InputError, match="no option 'colour' \\(its options: unit, up, axes, names\\)"):
        read_tracks(tmp_path / "t.trc", colour="red")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"up": "x"}, "no upward axis is called 'x'"),
        ({"up": "y", "axes": "unity"}, "pass one of them"),
        ({"axes": "xyy"}, "neither a preset"),
        ({"axes": ""}, "neither a preset"),
        ({"names": "osim"}, "no style of marker names is called 'osim'; did you mean 'opensim'"),
        ({"unit": "inch"}, "no length unit is called 'inch'"),
    ],
)
def test_options_that_mean_nothing_are_refused_and_nothing_is_written(tmp_path, options, sentence):
    with pytest.raises(InputError, match=sentence):
        write_tracks(tmp_path / "t.trc", person(), **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path, extension):
    with pytest.raises(MissingFileError, match=f"t.{extension} cannot be read: it does not exist"):
        read_tracks(tmp_path / f"t.{extension}")
    (tmp_path / f"t.{extension}").mkdir()
    with pytest.raises(MissingFileError, match="is a folder, where a file was expected"):
        read_tracks(tmp_path / f"t.{extension}")
    with pytest.raises(InputError, match="is a folder"):
        write_tracks(tmp_path / f"t.{extension}", person())


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_any_part_of_a_file_is_refused_or_read_as_what_is_there(tmp_path, extension, caplog):
    tracks = person(frames=4)
    path = tmp_path / f"t.{extension}"
    write_tracks(path, tracks)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 2, 40).astype(int):
        path.write_bytes(whole[:length])
        caplog.clear()
        try:
            found = read_tracks(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)  # noqa: PT017, PT018
            continue
        assert extension != "nc"
        read = to_array(found)[:, 0]
        whole_frames = len(read) - (extension == "csv")
        assert extension == "csv" or whole_frames == 4 or "NumFrames" in caplog.text
        expected = to_array(tracks)[: len(read), 0, : read.shape[1]]
        assert np.allclose(read[:whole_frames], expected[:whole_frames], rtol=1e-8, equal_nan=True)
        there = np.isfinite(read).all(axis=-1)
        assert np.allclose(read[there], expected[there], rtol=1e-8)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(
    "content", [b"", b"\n\n\n\n\n\n\n", b"\x89HDF\r\n\x1a\n" + b"\0" * 300, b"\xff\xfe\0a" * 99]
)
def test_files_of_another_kind_are_one_sentence(tmp_path, extension, content):
    (tmp_path / f"t.{extension}").write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_tracks(tmp_path / f"t.{extension}")
    assert f"t.{extension}" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_tracks_and_detections_are_not_taken_for_each_other(tmp_path):
    detections = make_detections(
        np.zeros((1, 1, 1, 1, 2)), np.ones((1, 1, 1, 1)), keypoints=["a"], cameras=["c"], image_sizes=[[9, 9]]
    )
    write_detections(tmp_path / "d.nc", detections)
    write_tracks(tmp_path / "t.nc", person())
    with pytest.raises(InputError, match=r"holds 2D detections.*read it with read_detections"):
        read_tracks(tmp_path / "d.nc")
    with pytest.raises(InputError, match=r"holds 3D tracks.*read it with read_tracks"):
        read_detections(tmp_path / "t.nc")
    with pytest.raises(InputError, match="cannot serve as tracks"):
        write_tracks(tmp_path / "x.nc", detections)
    with pytest.raises(InputError, match="cannot serve as detections"):
        write_detections(tmp_path / "x.nc", person())
    with pytest.raises(InputError, match=r"does not end in \.nc"):
        write_detections(tmp_path / "d.json", detections)
    with pytest.raises(MissingFileError, match="do not exist"):
        read_detections(tmp_path / "no.nc")
    with pytest.raises(InputError, match="for OpenPose use read_openpose"):
        read_detections(tmp_path)
    xr.Dataset({"a": ("b", [1, 2])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(
        InputError, match=r"other\.nc: .*'position' is missing; the variable 'confidence' is missing"
    ):
        read_tracks(tmp_path / "other.nc")


def edited(tmp_path, extension, edit):
    path = tmp_path / f"t.{extension}"
    write_tracks(path, person(frames=3, missing=0))
    lines = path.read_text().split("\n")
    path.write_text("\n".join(edit(lines) or lines))
    return path


def replace(number, old, new):
    def edit(lines):
        assert old in lines[number]
        lines[number] = lines[number].replace(old, new, 1)

    return edit


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (replace(0, "PathFileType", "Path"), "does not begin as a TRC file does"),
        (replace(2, "\tm\t", "\tfurlong\t"), "no length unit is called 'furlong'"),
        (replace(1, "Units", "Unit"), "does not state the unit of length"),
        (replace(7, "\t", "\tx"), "frame 2 of .* holds something other than numbers"),
        (
            lambda lines: [*lines[:7], lines[7] + "1\t2", *lines[8:]],
            "expected 53 for 17 markers",
        ),
        (lambda lines: [*lines[:7], lines[6], *lines[7:]], "do not increase from row to row"),
        (lambda lines: lines[:6], "holds 0 frames of 17 markers"),
        (lambda lines: [*lines[:7], lines[7][:30]], "breaks off in the middle of line 8: it is truncated"),
    ],
)
def test_damaged_trc_files_are_one_sentence(tmp_path, edit, sentence):
    with pytest.raises(InputError, match=sentence):
        read_tracks(edited(tmp_path, "trc", edit))


def test_a_trc_header_that_counts_wrongly_is_said_and_what_is_there_is_read(tmp_path, caplog):
    path = edited(tmp_path, "trc", replace(2, "\t3\t17\t", "\t9\t22\t"))
    assert read_tracks(path).sizes["keypoints"] == 17
    assert "says NumFrames 9, but there are 3" in caplog.text
    assert "says NumMarkers 22, but there are 17" in caplog.text


def test_a_trc_rate_that_contradicts_the_times_is_said_and_the_times_count(tmp_path, caplog):
    path = edited(tmp_path, "trc", replace(2, "50", "100"))
    assert read_tracks(path).attrs["fps"] == 50.0
    assert "says DataRate 100, but its times say 50" in caplog.text


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            replace(0, "keypoint", "joint"),
            "lacks the columns keypoint; expected time or frame, individual, keypoint, x, y, z",
        ),
        (replace(0, "time", "t"), "lacks the columns time"),
        (replace(1, "ok", "fine"), "has the status 'fine'; expected one of ok, too_few_views"),
        (replace(1, "0.0,", "now,"), "the column time of .* holds something other than numbers"),
        (
            lambda lines: [*lines[:2], lines[1], *lines[2:]],
            "several rows for one time, individual and keypoint",
        ),
        (lambda lines: lines[:1], "no rows"),
    ],
)
def test_damaged_csv_files_are_one_sentence(tmp_path, edit, sentence):
    with pytest.raises(InputError, match=sentence):
        read_tracks(edited(tmp_path, "csv", edit))


def test_a_name_that_would_break_a_trc_is_refused(tmp_path):
    tracks = make_tracks(np.ones((1, 1, 1, 3)), keypoints=["a\tb"])
    with pytest.raises(InputError, match="cannot stand in a TRC file"):
        write_tracks(tmp_path / "t.trc", tracks)


def test_names_that_would_collide_are_refused(tmp_path):
    tracks = make_tracks(np.ones((1, 1, 2, 3)), keypoints=["right_hip", "RHip"], fps=1.0)
    write_tracks(tmp_path / "t.trc", tracks)
    with pytest.raises(InputError, match="several markers would be called 'right_hip'"):
        read_tracks(tmp_path / "t.trc", names="mvtri")


def test_a_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    write_tracks(tmp_path / "t.nc", person())
    before = (tmp_path / "t.nc").read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    with pytest.raises(OSError, match="disk full"):
        write_tracks(tmp_path / "t.nc", person())
    assert (tmp_path / "t.nc").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_formats_are_listed_with_what_they_are():
    assert [entry.name for entry in list_formats()] == ["csv", "nc", "trc"]
    assert all(entry.description and entry.extensions for entry in list_formats())


def test_provenance_tells_the_file(tmp_path):
    write_tracks(tmp_path / "t.trc", person())
    assert provenance_of(read_tracks(tmp_path / "t.trc")) == {"file": "t.trc", "unit": "m"}


@pytest.mark.realdata
@pytest.mark.parametrize("trial", ["single_person", "two_people"])
def test_pose2sims_trc_files_are_read(shared_data, trial, caplog):
    caplog.set_level(logging.INFO)
    files = sorted((shared_data / "pose2sim" / trial / "pose-3d").glob("*.trc"))
    assert files
    for file in files:
        found = read_tracks(file, names="mvtri")
        assert found.attrs["fps"] == 60.0
        assert set(found["keypoints"].to_numpy()) < set(get_skeleton("body25b").keypoints)
        trunk = (found.sel(keypoints="neck") - found.sel(keypoints="left_hip"))["position"]
        assert 0.35 < float(trunk.sel(space="z").median()) < 0.65  # upright, in metres
    assert not caplog.text


def test_a_time_that_states_its_unit_stays_a_number(tmp_path):
    tracks = person(frames=3)
    tracks["time"].attrs["units"] = "seconds since 2024-01-01"
    write_tracks(tmp_path / "t.nc", tracks)
    xr.testing.assert_identical(read_tracks(tmp_path / "t.nc"), tracks)
