"""Markers in OpenSim's STO files (goldens by OpenSim itself), and the CSV of Anipose."""

import numpy as np
import pandas as pd
import pytest
from people_tracks import person
from places import GOLDEN

from mvtri.errors import InputError
from mvtri.formats import read_motion, read_tracks, write_tracks
from mvtri.tracks import TIME, make_tracks, to_array

GOLDEN = GOLDEN / "formats"
ANIPOSE = (
    "nose_x,nose_y,nose_z,nose_error,nose_ncams,nose_score,left_ear_x,left_ear_y,left_ear_z,left_ear_error,"
    "left_ear_ncams,left_ear_score,M_00,M_01,M_02,M_10,M_11,M_12,M_20,M_21,M_22,center_0,center_1,center_2,fnum\n"
    "100.0,200.0,1500.0,2.5,3.0,0.875,0.0,250.0,1400.0,1.5,2.0,0.5,1,0,0,0,1,0,0,0,1,0,0,0,7\n"
    "110.0,200.0,1500.0,2.5,3.0,0.875,,,,,,,1,0,0,0,1,0,0,0,1,0,0,0,8\n"
)  # in the manner of anipose 1.1.24's triangulate.py


def test_vectors_that_opensim_wrote():
    found = read_tracks(GOLDEN / "opensim_markers.sto")
    assert found["keypoints"].to_numpy().tolist() == ["RHip", "Spine_01"]
    hip = [[[-0.5, 0.1 * f, 1.0]] for f in range(3)]
    spine = [[[0.3, 0.2, 1.25]]] * 3
    expected = np.stack([hip, spine], axis=2)
    expected[1, 0, 1] = np.nan
    np.testing.assert_allclose(to_array(found), expected, atol=1e-12)
    np.testing.assert_allclose(found[TIME], [0, 0.01, 0.02])
    assert found.attrs["fps"] == 100


def test_three_columns_for_each_marker(tmp_path):
    path = tmp_path / "ik_model_marker_locations.sto"
    head = "Model Marker Locations\nversion=1\nnRows=2\nnColumns=7\ninDegrees=no\nendheader\n"
    columns = "time\tRHip_tx\tRHip_ty\tRHip_tz\tLHip_tx\tLHip_ty\tLHip_tz\n"
    path.write_text(head + columns + "0\t1\t2\t3\t1\t2\t2.5\n0.02\t1\t2\t3\t1\t2\t2.5\n")
    found = read_tracks(path, names="mvtri")
    assert found["keypoints"].to_numpy().tolist() == ["right_hip", "left_hip"]
    np.testing.assert_allclose(to_array(found)[1, 0], [[3, 1, 2], [2.5, 1, 2]])
    with pytest.raises(InputError, match=r"no positions of markers; read it with mvtri\.formats"):
        read_tracks(GOLDEN / "opensim.mot", format="sto")
    with pytest.raises(InputError, match="read it with read_tracks"):
        read_motion(GOLDEN / "opensim_markers.sto")


@pytest.mark.parametrize("people", [1, 2])
def test_sto_comes_back(tmp_path, people):
    tracks = person(people=people)
    files = write_tracks(tmp_path / "a.sto", tracks, names="opensim")
    assert len(files) == people
    for index, file in enumerate(files):
        found = read_tracks(file, names="mvtri")
        np.testing.assert_allclose(to_array(found)[:, 0], to_array(tracks)[:, index], rtol=1e-8)
        np.testing.assert_array_equal(found["keypoints"], tracks["keypoints"])


def test_opensim_reads_our_sto_and_trc(tmp_path):
    """Skipped where OpenSim is not installed; it is checked by hand then."""
    opensim = pytest.importorskip("opensim")
    tracks = person()
    points = to_array(tracks)[:, 0]
    write_tracks(tmp_path / "a.sto", tracks)
    write_tracks(tmp_path / "a.trc", tracks)
    for table in (
        opensim.TimeSeriesTableVec3(str(tmp_path / "a.sto")),
        opensim.TimeSeriesTableVec3(str(tmp_path / "a.trc")),
    ):
        for k, name in enumerate(tracks["keypoints"].to_numpy()):
            column = table.getDependentColumn(str(name))
            column = np.array([[column[t][i] for i in range(3)] for t in range(len(points))])
            np.testing.assert_allclose(column, points[:, k][:, [1, 2, 0]], rtol=1e-8)


def test_anipose(tmp_path):
    path = tmp_path / "pose.csv"
    path.write_text(ANIPOSE)
    with pytest.raises(InputError, match="does not state the unit of length; pass unit='mm'"):
        read_tracks(path)
    found = read_tracks(path, unit="mm", fps=50)
    assert found["keypoints"].to_numpy().tolist() == ["nose", "left_ear"]
    expected = np.array([[[0.1, 0.2, 1.5], [0, 0.25, 1.4]], [[0.11, 0.2, 1.5], [np.nan] * 3]])
    np.testing.assert_allclose(to_array(found)[:, 0], expected)
    np.testing.assert_allclose(to_array(found, "confidence")[:, 0], [[0.875, 0.5], [0.875, 0]])
    np.testing.assert_allclose(to_array(found, "reprojection_error")[:, 0], [[2.5, 1.5], [2.5, np.nan]])
    np.testing.assert_allclose(to_array(found, "camera_count")[:, 0], [[3, 2], [3, np.nan]])
    np.testing.assert_allclose(found[TIME], [7 / 50, 8 / 50])
    assert read_tracks(path, unit="mm")[TIME].to_numpy().tolist() == [7, 8]
    pd.read_csv(path)[["nose_x", "nose_y", "nose_z"]].to_csv(path, index=False)  # as freemocap has them
    np.testing.assert_allclose(to_array(read_tracks(path, unit="mm"))[:, 0, 0], expected[:, 0])


@pytest.mark.parametrize(
    "name", ["=1+1", "+a", "-a", "@SUM(A1)", "'a", "'=a", "''", "a", "\tx", "a,b", 'a"b', "=\n"]
)
def test_a_name_that_a_spreadsheet_would_run(tmp_path, name):
    tracks = make_tracks(np.ones((1, 1, 2, 3)), keypoints=[name, "other"], individuals=[name], fps=1.0)
    write_tracks(tmp_path / "a.csv", tracks)
    cells = (
        pd.read_csv(tmp_path / "a.csv", keep_default_na=False)[["individual", "keypoint"]].to_numpy().ravel()
    )
    assert not any(str(cell).startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    found = read_tracks(tmp_path / "a.csv")
    assert found["keypoints"].to_numpy().tolist() == [name, "other"]
    assert found["individuals"].to_numpy().tolist() == [name]


def test_anipose_with_semicolons_and_decimal_commas(tmp_path):
    rows = ["nose_x,nose_y,nose_z,nose_error,nose_ncams,nose_score,fnum", "100.5,-2e1,300.25,0.5,3,0.75,7"]
    (tmp_path / "a.csv").write_text("\n".join(rows).replace(",", ";").replace(".", ",") + "\n")
    tracks = read_tracks(tmp_path / "a.csv", unit="mm", fps=50)
    assert to_array(tracks)[0, 0, 0].tolist() == pytest.approx([0.1005, -0.02, 0.30025])
    assert to_array(tracks, "confidence")[0, 0, 0] == 0.75
