"""C3D, against files that ezc3d wrote itself (tests/golden/formats/make_c3d.py says what is in them)."""

import json

import numpy as np
import pytest
import xarray as xr
from people_tracks import person
from places import GOLDEN

from mvtri.errors import InputError
from mvtri.formats import read_tracks, write_tracks
from mvtri.tracks import TIME, make_tracks, to_array

ezc3d = pytest.importorskip("ezc3d")
FILE = GOLDEN / "formats" / "ezc3d.c3d"


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
