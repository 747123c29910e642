"""C3D, against files that ezc3d wrote (tests/golden/formats/make_c3d.py says what is in them) and reads."""

import json
import struct

import numpy as np
import pytest
import writers_c3d
import xarray as xr
from people_tracks import person
from places import GOLDEN

from mvtri.errors import InputError
from mvtri.formats import read_tracks, write_tracks
from mvtri.formats.tracks.c3d_content import read_c3d
from mvtri.tracks import TIME, make_tracks, to_array

ezc3d = pytest.importorskip("ezc3d")
FILE = GOLDEN / "formats" / "ezc3d.c3d"
SCALED = {"scale": 0.5, "offsets": (3, -4), "scales": (2.0, 0.25)}


def stored_c3d(floats):
    """Return points, fourth values (masks, residuals, missing ones) and analog samples of 6 frames."""
    rng = np.random.default_rng(0)
    fourth = np.array([[0, 577], [-1, 1], [255, 256], [16643, 32512], [-1, 300], [2, 32767]])
    if floats:
        return rng.normal(0, 100, (6, 2, 3)), fourth, rng.normal(size=(12, 2))
    return rng.integers(-3000, 3000, (6, 2, 3)), fourth, rng.integers(-3000, 3000, (12, 2))


def test_what_ezc3d_wrote():
    found = read_tracks(FILE)
    assert found["individuals"].to_numpy().tolist() == ["A", "B"]
    assert found["keypoints"].to_numpy().tolist() == ["hip", "toe"]
    assert found.attrs["fps"] == 100
    np.testing.assert_allclose(found[TIME], [0.10, 0.11, 0.12, 0.13])
    f, p, m = np.meshgrid(range(4), range(2), range(2), indexing="ij")
    # the file's x, y, z are the world's y, z, x; mm
    expected = np.stack([-0.025 * m, 0.1 * m + p, 0.05 * f], axis=-1)
    expected[2, 0, 1] = np.nan
    np.testing.assert_allclose(to_array(found), expected, atol=1e-6)
    residual = np.zeros((4, 2, 2))
    residual[:, 0, 0] = 0.002
    residual[2, 0, 1] = np.nan
    np.testing.assert_allclose(to_array(found, "marker_residual"), residual, atol=1e-9)
    seen = to_array(found, "inlier")
    assert seen[:, 0, 0].all(axis=0).tolist() == [True, False, False, False, False, False, True]
    assert seen.sum() == 8
    assert json.loads(found.attrs["events"]) == [
        {"label": "Foot Strike", "context": "Left", "time": 0.11},
        {"label": "Foot Off", "context": "Right", "time": 62.5},
    ]
    np.testing.assert_allclose(found["analog"].T, np.arange(32.0).reshape(2, 16))
    np.testing.assert_allclose(found["analog_time"], 0.1 + np.arange(16) / 400)
    assert found["analog_channel"].to_numpy().tolist() == ["Fz1", "emg"]
    assert json.loads(found["analog"].attrs["units"]) == ["N", "V"]


def test_all_of_it_comes_back(tmp_path):
    first = read_tracks(FILE)
    write_tracks(tmp_path / "a.c3d", first)
    again = read_tracks(tmp_path / "a.c3d")
    again.attrs["provenance"] = first.attrs["provenance"]
    xr.testing.assert_allclose(again, first, rtol=1e-6)
    assert again.attrs == first.attrs
    write_tracks(tmp_path / "a.nc", again)  # extras stay in netCDF
    xr.testing.assert_identical(read_tracks(tmp_path / "a.nc"), again)


@pytest.mark.parametrize("options", [{}, {"up": "y"}, {"unit": "m"}, {"names": "opensim"}])
def test_ezc3d_reads_what_we_write(tmp_path, options):
    tracks = person()
    write_tracks(tmp_path / "a.c3d", tracks, **options)
    file = ezc3d.c3d(str(tmp_path / "a.c3d"))
    scale = 1.0 if options.get("unit") == "m" else 1000.0
    points = to_array(tracks)[:, 0]
    if "up" in options:
        points = points[..., [1, 2, 0]]
    np.testing.assert_allclose(
        np.moveaxis(file["data"]["points"][:3], 0, -1), points.swapaxes(0, 1) * scale, rtol=1e-6
    )
    missing = np.isnan(points).any(axis=-1).T
    assert ((file["data"]["meta_points"]["residuals"][0] < 0) == missing).all()
    assert file["parameters"]["POINT"]["RATE"]["value"] == [50]
    assert file["parameters"]["POINT"]["UNITS"]["value"] == ["m" if scale == 1 else "mm"]
    assert file["parameters"]["POINT"]["Y_SCREEN"]["value"] == ["+Y" if "up" in options else "+Z"]
    assert file["parameters"]["POINT"]["LABELS"]["value"][5] == (
        "LShoulder" if "names" in options else "left_shoulder"
    )
    masks = np.moveaxis(file["data"]["meta_points"]["camera_masks"], 0, -1).swapaxes(0, 1)
    assert (masks[..., :4] == to_array(tracks, "inlier")[:, 0] & ~missing.T[..., None]).all()
    found = read_tracks(tmp_path / "a.c3d", names="mvtri")
    np.testing.assert_allclose(to_array(found), to_array(tracks), rtol=1e-6)


def test_more_labels_than_a_parameter_holds(tmp_path):
    names = [f"marker {index}" for index in range(700)]
    points = np.random.default_rng(0).uniform(0, 2, (2, 1, 700, 3))
    write_tracks(tmp_path / "a.c3d", make_tracks(points, keypoints=names, fps=10.0))
    found = read_tracks(tmp_path / "a.c3d")
    assert found["keypoints"].to_numpy().tolist() == names
    np.testing.assert_allclose(to_array(found), points, rtol=1e-6)


def test_frames_that_are_missing_are_filled_with_missing_markers(tmp_path):
    points = np.random.default_rng(0).uniform(0, 2, (3, 1, 2, 3))
    tracks = make_tracks(points, keypoints=["a", "b"], fps=60, times=np.array([60, 61, 64]) / 60)
    write_tracks(tmp_path / "a.c3d", tracks)
    found = read_tracks(tmp_path / "a.c3d")
    np.testing.assert_allclose(found[TIME], np.arange(60, 65) / 60)
    assert np.isfinite(to_array(found)).all(axis=(1, 2, 3)).tolist() == [True, True, False, False, True]


def test_what_a_c3d_cannot_hold(tmp_path):
    points = np.ones((3, 1, 1, 3))
    for options, match in (
        ({"fps": 60, "times": np.array([0, 1, 2.4]) / 60}, "no multiples of 1/60 s"),
        ({}, "no frame rate is known"),
        ({"fps": 60, "times": np.array([-2, -1, 0]) / 60}, "cannot hold"),
    ):
        with pytest.raises(InputError, match=match):
            write_tracks(tmp_path / "a.c3d", make_tracks(points, keypoints=["a"], **options))
    with pytest.raises(InputError, match="names of 1 to 127"):
        write_tracks(tmp_path / "a.c3d", make_tracks(points, keypoints=["a" * 200], fps=1))
    assert not list(tmp_path.iterdir())


def test_truncated_and_foreign_files(tmp_path):
    data = FILE.read_bytes()
    whole = to_array(read_tracks(FILE))
    path = tmp_path / "a.c3d"
    refused = 0
    for length in [*range(0, 1024, 50), *range(1024, len(data) - 1, 100)]:
        path.write_bytes(data[:length])
        try:
            found = read_tracks(path)
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
            refused += 1
        else:  # only the padding of the last block is lost
            np.testing.assert_array_equal(to_array(found), whole)
    assert refused > 25


@pytest.mark.parametrize("processor", [writers_c3d.INTEL, writers_c3d.DEC])
@pytest.mark.parametrize("floats", [True, False])
@pytest.mark.parametrize("more", [{}, {"frames": 0}, {"frames": 4}, {"first": 7}, {"first": 0}])
def test_files_of_every_kind_are_read_as_ezc3d_reads_them(tmp_path, processor, floats, more):
    stored = stored_c3d(floats)
    path = tmp_path / "a.c3d"
    path.write_bytes(writers_c3d.c3d(*stored, processor=processor, floats=floats, **SCALED, **more))
    file, found = ezc3d.c3d(str(path)), read_c3d(path)
    np.testing.assert_array_equal(found.points, np.moveaxis(file["data"]["points"][:3], [0, 1, 2], [2, 1, 0]))
    np.testing.assert_array_equal(found.residuals, file["data"]["meta_points"]["residuals"][0].T)
    masks = np.moveaxis(file["data"]["meta_points"]["camera_masks"], [0, 1, 2], [2, 1, 0])
    there = found.residuals >= 0  # ezc3d lets a missing marker of integers be seen by all cameras
    np.testing.assert_array_equal(found.masks[there], masks[there])
    assert not found.masks[~there].any()
    np.testing.assert_allclose(found.analog, file["data"]["analogs"][0].T, rtol=1e-6, atol=1e-6)
    assert (found.rate, found.first) == (50, file["header"]["points"]["first_frame"])


@pytest.mark.parametrize("floats", [True, False])
def test_mips_is_read_as_intel(tmp_path, floats):
    stored = stored_c3d(floats)
    found = []
    for processor in (writers_c3d.INTEL, writers_c3d.MIPS):
        path = tmp_path / f"{processor}.c3d"
        path.write_bytes(writers_c3d.c3d(*stored, processor=processor, floats=floats, **SCALED))
        found.append(read_c3d(path))
    for name in ("points", "residuals", "masks", "analog", "rate", "first"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))
    scale = 1.0 if floats else SCALED["scale"]
    there = found[0].residuals >= 0
    np.testing.assert_allclose(found[0].points[there], (stored[0] * scale)[there], rtol=1e-6)


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [
        (2, 200, "contradict each other"),  # fewer points than POINT:USED, or more than there are
        (8, 9000, "truncated or damaged"),  # the last frame
        (18, 900, "contradict each other"),  # analog samples of a frame
    ],
)
def test_a_header_that_asks_for_more(tmp_path, place, value, match):
    data = bytearray(writers_c3d.c3d(*stored_c3d(True), **SCALED, frames=0))
    struct.pack_into("<H", data, place, value if place != 2 else 1)
    (tmp_path / "a.c3d").write_bytes(data)
    with pytest.raises(InputError, match=match):
        read_tracks(tmp_path / "a.c3d")


def test_a_rate_that_asks_for_millions_of_samples(tmp_path):
    data = writers_c3d.c3d(*stored_c3d(True), **SCALED)
    wrong = data.replace(struct.pack("<f", 100.0), struct.pack("<f", 9e6))
    assert wrong != data
    (tmp_path / "a.c3d").write_bytes(wrong)
    with pytest.raises(InputError, match="truncated or damaged"):
        read_tracks(tmp_path / "a.c3d")


def test_two_markers_of_one_name_are_named_with_their_file(tmp_path):
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = ("A", "A", "B")
    file["data"]["points"] = np.tile(np.array([[0.0, 800.0, 1700.0]])[:, :, None], (4, 1, 5))  # mm
    file.write(str(tmp_path / "a.c3d"))
    with pytest.raises(InputError, match=r"a\.c3d has several markers called 'A'; rename all but one"):
        read_tracks(tmp_path / "a.c3d")
