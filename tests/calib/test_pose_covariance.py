"""The covariance of poses that lies beside a calibration: read, refused, and carried into points."""

import json

import numpy as np
import pytest

import mvtri
from mvtri.calib import read_pose_covariance
from mvtri.calib.pose_covariance import AXES
from mvtri.errors import InputError
from mvtri.files import sha256
from mvtri.triangulation import triangulate, with_calibration_uncertainty

CAMS = mvtri.human36m_cameras("S9")
SPREAD = np.tile(np.repeat([np.radians(0.1), 0.004], 3), 4)


def write(folder, tree):
    mvtri.write_cameras(folder / "rig.toml", CAMS)
    if isinstance(tree, dict):
        tree = {"calibration_sha256": sha256(folder / "rig.toml"), **tree}
    (folder / "rig.json").write_text(json.dumps(tree), encoding="utf-8")
    return folder / "rig.toml"


def test_that_of_another_calibration_is_not_used(tmp_path, caplog):
    path = write(tmp_path, {"unknowns": [f"{CAMS.names[0]} turn x"], "covariance": [[1.0]]})
    assert read_pose_covariance(path, CAMS.names)[0, 0] == 1.0
    mvtri.write_cameras(path, CAMS.displaced(np.full((4, 6), 0.01)))
    assert read_pose_covariance(path, CAMS.names) is None
    assert "another calibration" in caplog.text


def test_unknowns_go_to_their_cameras_and_poses_that_were_held_have_no_variance(tmp_path):
    names = [f"{CAMS.names[2]} {axis}" for axis in AXES]
    names += [f"{CAMS.names[0]} move x", f"{CAMS.names[0]} focal"]
    half = np.random.default_rng(0).normal(size=(8, 8))
    path = write(tmp_path, {"unknowns": names, "covariance": (half @ half.T).tolist()})
    found = read_pose_covariance(path, CAMS.names)
    assert found.shape == (24, 24)
    np.testing.assert_allclose(found[12:18, 12:18], (half @ half.T)[:6, :6])
    assert found[3, 3] == pytest.approx((half @ half.T)[6, 6])
    assert found[3, 14] == pytest.approx((half @ half.T)[6, 2])
    assert (np.delete(found, [3, *range(12, 18)], axis=0) == 0.0).all()


def test_that_of_boards_is_read_too(tmp_path):
    names = [f"{CAMS.names[1]} turn x"]
    path = write(tmp_path, {"rig": {"parameters": names, "covariance": [[4.0]]}})
    assert read_pose_covariance(path, CAMS.names)[6, 6] == 4.0


@pytest.mark.parametrize("tree", [{}, [], 3, {"unknowns": "all"}, {"rig": {"parameters": []}}])
def test_other_files_of_that_name_are_left_alone(tmp_path, tree):
    assert read_pose_covariance(write(tmp_path, tree), CAMS.names) is None


def test_that_of_other_cameras_is_left_alone(tmp_path):
    path = write(tmp_path, {"unknowns": ["another turn x"], "covariance": [[4.0]]})
    assert read_pose_covariance(path, CAMS.names) is None


def test_no_file_is_no_covariance(tmp_path):
    assert read_pose_covariance(tmp_path / "rig.toml", CAMS.names) is None
    assert read_pose_covariance(tmp_path / "rig.json", CAMS.names) is None


@pytest.mark.parametrize(
    ("covariance", "sentence"),
    [
        ([[1.0]], "expected (2, 2)"),
        ([["a", 1], [1, 1]], "expected (2, 2)"),
        ([[-1, 0], [0, 1]], "negative"),
        ([[1, 5], [5, 1]], "correlations"),
    ],
)
def test_a_covariance_that_cannot_be_one_is_refused(tmp_path, covariance, sentence):
    path = write(tmp_path, {"unknowns": ["a turn x", "a turn y"], "covariance": covariance})
    with pytest.raises(InputError) as refused:
        read_pose_covariance(path, CAMS.names)
    assert sentence in str(refused.value)


def points_of(cams, pixels):
    return triangulate(pixels, cams, noise=1.0, threshold=1e6)  # no view is an outlier


def test_points_are_as_uncertain_as_draws_of_the_poses_make_them():
    rng = np.random.default_rng(1)
    points = rng.uniform([-1, -1, 0], [1, 1, 2], (6, 3))
    pixels = CAMS.project(points)
    result = points_of(CAMS, pixels)
    found = with_calibration_uncertainty(result, CAMS, np.diag(SPREAD**2))
    draws = np.stack(
        [
            points_of(CAMS.displaced((SPREAD * rng.normal(size=24)).reshape(4, 6)), pixels).points
            for _ in range(1500)
        ]
    )
    for i in range(len(points)):
        drawn = np.cov(draws[:, i].T)
        np.testing.assert_allclose(
            found.calibration_covariances[i], drawn, atol=0.12 * drawn.diagonal().max()
        )
    np.testing.assert_allclose(found.covariances, result.covariances + found.calibration_covariances)
    np.testing.assert_allclose(found.random_sd, result.random_sd)
    assert (found.systematic_sd > result.systematic_sd).all()


def test_points_that_are_not_there_stay_so():
    pixels = CAMS.project(np.zeros((3, 3)))
    pixels[1] = np.nan
    result = points_of(CAMS, pixels)
    found = with_calibration_uncertainty(result, CAMS, np.diag(SPREAD**2))
    assert np.isnan(found.calibration_covariances[1]).all()
    assert np.isfinite(found.calibration_covariances[[0, 2]]).all()


@pytest.mark.parametrize("covariance", [np.eye(6), np.full((24, 24), np.nan)])
def test_another_shape_is_refused(covariance):
    result = points_of(CAMS, CAMS.project(np.zeros((3, 3))))
    with pytest.raises(InputError, match="six numbers for each of 4 cameras"):
        with_calibration_uncertainty(result, CAMS, covariance)
