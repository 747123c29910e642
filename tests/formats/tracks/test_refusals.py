"""Files and options that formats refuse, each with one sentence, and what they say of odd ones."""

import logging

import numpy as np
import pytest
import xarray as xr
from people_tracks import person
from places import GOLDEN

from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_detections, read_tracks, write_detections, write_tracks
from mvtri.formats.tracks.files import TRACKS
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_detections, make_tracks, provenance_of, to_array

GOLDEN = GOLDEN / "formats"
EXTENSIONS = ["nc", "trc", "csv"]


# ---------------------------------------------------------------- what is refused


def test_an_unknown_format_lists_the_known(tmp_path):
    known = r"\(.c3d for c3d, .csv for csv, .nc for nc, .sto for sto, .trc for trc\)"
    for name in ("t.xlsx", "t"):
        with pytest.raises(InputError, match=f"the extension of {name} stands for none .* {known}"):
            write_tracks(tmp_path / name, person())
        (tmp_path / name).write_text("a table")
        with pytest.raises(InputError, match=f"{name} is in no format that mvtri reads; .*CSV.*netCDF.*TRC"):
            read_tracks(tmp_path / name)
        with pytest.raises(InputError, match="no format of file of 3D tracks is called 'trk'; did you mean"):
            read_tracks(tmp_path / name, format="trk")


@pytest.mark.parametrize("format", EXTENSIONS)
def test_the_content_says_the_format_whatever_the_extension(tmp_path, format):
    tracks = person()
    for name in ("t", "t.dat", "t.csv", "t.trc", "t.nc"):
        write_tracks(tmp_path / name, tracks, format=format)
        assert TRACKS.find(tmp_path / name).name == format
        np.testing.assert_allclose(to_array(read_tracks(tmp_path / name)), to_array(tracks), rtol=1e-8)


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
        ({"unit": "inch"}, "no unit of length is called 'inch'"),
    ],
)
def test_options_that_mean_nothing_are_refused_and_nothing_is_written(tmp_path, options, sentence):
    with pytest.raises(InputError, match=sentence):
        write_tracks(tmp_path / "t.trc", person(), **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path, extension):
    with pytest.raises(MissingFileError, match=f"there is no .*t.{extension}; expected a file of 3D tracks"):
        read_tracks(tmp_path / f"t.{extension}")
    (tmp_path / f"t.{extension}").mkdir()
    for format in (None, extension):
        with pytest.raises(InputError, match="is a folder; expected a file of 3D tracks"):
            read_tracks(tmp_path / f"t.{extension}", format=format)
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
    with pytest.raises(InputError, match="cannot be used as tracks"):
        write_tracks(tmp_path / "x.nc", detections)
    with pytest.raises(InputError, match="cannot be used as detections"):
        write_detections(tmp_path / "x.nc", person())
    with pytest.raises(
        InputError,
        match=r"extension of d\.xyz stands for none .*\.nc for nc",
    ):
        write_detections(tmp_path / "d.xyz", detections)
    with pytest.raises(MissingFileError, match=r"there is no .*no\.nc; expected 2D detections"):
        read_detections(tmp_path / "no.nc")
    xr.testing.assert_identical(read_detections(tmp_path), detections)  # the only detections in the folder
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"is a folder; expected 2D detections \(.*OpenPose"):
        read_detections(tmp_path / "empty")
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
        (replace(2, "\tm\t", "\tfurlong\t"), "no unit of length is called 'furlong'"),
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
    with pytest.raises(InputError, match="cannot be written to a TRC file"):
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
    assert list(TRACKS.formats()) == ["anipose", "c3d", "csv", "nc", "sto", "trc"]
    assert all(one.description for one in TRACKS.formats().values())
    assert all(bool(one.extensions) == bool(one.write) for one in TRACKS.formats().values())


def test_provenance_tells_the_file(tmp_path):
    write_tracks(tmp_path / "t.trc", person())
    assert provenance_of(read_tracks(tmp_path / "t.trc")) == {"file": "t.trc", "unit": "m"}


@pytest.mark.realdata
@pytest.mark.parametrize("trial", ["single_person", "two_people"])
def test_pose2sims_trc_files_are_read(shared_data, trial, caplog):
    caplog.set_level(logging.INFO, logger="mvtri")
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
