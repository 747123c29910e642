"""Tracks in, out: curve, angles, table and file."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from spine_people import KEYPOINTS, noisy

import mvtri
from mvtri.errors import InputError
from mvtri.kinematics import body_angles
from mvtri.kinematics.body_angles import angle_table, curve_of
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.synthetic import Body, animate, bend_spine, forward_bend
from mvtri.tracks import make_tracks, provenance_of, to_array, validate_tracks


@pytest.fixture(scope="module")
def tracks():
    points = animate(Body(), forward_bend(40, 50.0)).keypoints
    people = np.stack([points, points + [1.0, 0.0, 0.0]], axis=1)
    seen, covariances = noisy(people, 0.008)
    seen[3, 1] = np.nan
    seen[7, 1, [KEYPOINTS.index(name) for name in CHAIN[2:]]] = np.nan  # two points are no spine
    seen[5, 0, KEYPOINTS.index("spine_02")] = np.nan
    return make_tracks(
        seen, covariance=covariances, keypoints=KEYPOINTS, fps=50.0, skeleton="spinetrack37",
        individuals=["ann", "=bob"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(tracks):
    return mvtri.measure_body(tracks)


def test_the_spine_moves_and_what_it_was_stays(tracks, measured):
    validate_tracks(measured.tracks)
    found, before = to_array(measured.tracks), to_array(tracks)
    np.testing.assert_array_equal(to_array(measured.tracks, "free_position"), before)
    moved = [KEYPOINTS[index] for index in np.flatnonzero((found != before)[0, 0].any(axis=-1))]
    assert {"hip", "spine_03", "neck_03", "left_hip", "nose"} <= set(moved)
    assert not {"left_knee", "right_wrist", "left_heel"} & set(moved)
    assert provenance_of(measured.tracks)["spine"]["chain"][0] == "hip"
    assert np.isnan(found[3, 1]).all()
    filled = to_array(measured.tracks, "status") == mvtri.Status.FILLED
    assert np.argwhere(filled).tolist() == [[5, 0, KEYPOINTS.index("spine_02")]]
    assert np.isfinite(found[filled]).all()
    smaller = np.trace(to_array(measured.tracks, "covariance"), axis1=-2, axis2=-1)
    assert np.nanmean(smaller[..., KEYPOINTS.index("spine_03")]) < 0.7 * 3 * 0.008**2


def test_parts_of_the_uncertainty_that_no_longer_hold_are_gone(tracks):
    few = tracks.isel(time=slice(0, 8))
    parts = few["position"] * 0.0 + 0.005
    measured = mvtri.measure_body(few.assign(random_sd=parts, systematic_sd=parts))
    assert not {"random_sd", "systematic_sd"} & set(measured.tracks)
    assert "covariance" in measured.tracks


def test_errors_that_never_change_widen_the_angles_of_the_shape(tracks):
    """What is not known of the shape adds to the other variances."""
    few, part = tracks.isel(individuals=[0]), tracks["position"].isel(individuals=[0]) * 0.0 + 0.008
    names, widths = ("thoracic_kyphosis", "lumbar_lordosis"), []
    for stays in (0.0, 0.9):
        parts = {"systematic_sd": np.sqrt(stays) * part, "random_sd": np.sqrt(1.0 - stays) * part}
        table = angle_table(mvtri.measure_body(few.assign(parts)).angles)
        widths.append([(table[f"{name}_high"] - table[f"{name}_low"]).mean() for name in names])
    added = np.sqrt(np.diff(np.square(widths), axis=0)[0])  # degrees
    assert (added > [10.95, 26.6]).all()  # a constant variance that is a tenth too small shows


def test_angles_are_labelled_and_refusals_have_reasons(measured):
    angles = measured.angles
    assert angles["value"].dims == ("time", "angle", "individuals")
    assert {"trunk_flexion", "left_knee_flexion", "lumbar_lordosis"} <= set(angles["angle"].to_numpy())
    refused = json.loads(angles.attrs["refused"])
    assert "spine_02_rotation" in refused
    for name in refused:
        assert np.isnan(angles["value"].sel(angle=name)).all()
    flexion = np.degrees(angles["value"].sel(angle="trunk_flexion", individuals="ann").to_numpy())
    assert np.ptp(flexion) == pytest.approx(46.5, abs=6)  # 93 % of 50 degrees are below the thorax


def test_the_table_has_degrees_and_intervals(measured, tmp_path):
    table = angle_table(measured.angles)
    assert len(table) == 80
    assert list(table["individual"][:2]) == ["ann", "=bob"]
    value, low, high = (table[f"left_knee_flexion{end}"] for end in ("", "_low", "_high"))
    np.testing.assert_allclose(high - value, value - low)
    stated = measured.angles.sel(angle="left_knee_flexion", individuals="ann")
    np.testing.assert_allclose(value[::2], np.degrees(stated["value"]))
    np.testing.assert_allclose((high - low)[::2], 2 * 1.96 * np.degrees(stated["sd"]))
    curvature = measured.angles["value"].sel(angle="spine_02_curvature", individuals="ann")
    np.testing.assert_allclose(table["spine_02_curvature"][::2], curvature)
    path = mvtri.write_angles(tmp_path / "angles.csv", measured.angles)
    read = pd.read_csv(path)
    assert list(read.columns) == list(table.columns)
    assert set(read["individual"]) == {"ann", "'=bob"}
    np.testing.assert_allclose(read["trunk_lean"], table["trunk_lean"], atol=1e-4)


def test_skeletons_without_a_spine_get_the_angles_of_limbs(tracks):
    names = mvtri.get_skeleton("coco17").keypoints
    plain = tracks.sel(keypoints=list(names))
    measured = mvtri.measure_body(plain)
    np.testing.assert_array_equal(to_array(measured.tracks), to_array(plain))
    assert "free_position" not in measured.tracks
    assert "left_elbow_flexion" in measured.angles["angle"]
    assert "trunk_flexion" not in measured.angles["angle"]


def test_a_spine_without_left_and_right_has_no_curve(tracks):
    chain = ["left_knee", "left_ankle", "left_hip", *CHAIN]
    measured = mvtri.measure_body(tracks.sel(keypoints=chain).isel(time=slice(3)))
    assert list(measured.angles["angle"].to_numpy()) == ["left_knee_flexion"]
    assert curve_of(measured) is None


def test_parts_of_a_recording_give_the_whole_and_are_reported(tracks, measured, monkeypatch):
    monkeypatch.setattr(body_angles, "_PART", 16)
    told = []
    again = mvtri.measure_body(tracks, progress=lambda *step: told.append(step))
    xr.testing.assert_allclose(again.angles, measured.angles, rtol=1e-9, atol=1e-12)
    xr.testing.assert_allclose(again.tracks, measured.tracks, rtol=1e-9, atol=1e-12)
    total = tracks.sizes["time"] * tracks.sizes["individuals"]
    assert {stage for stage, _, _ in told} == {"measure"}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[0][1:] == (0, total)
    assert told[-1][1:] == (total, total)
    assert len(told) == 1 + sum(-(-tracks.sizes["time"] // 16) for _ in range(tracks.sizes["individuals"]))


def test_one_frame_is_measured(tracks, measured):
    one = mvtri.measure_body(tracks.isel(time=slice(1)))
    flexion = one.angles.sel(angle="trunk_flexion", individuals="ann")
    assert np.isfinite([flexion["value"].item(), flexion["sd"].item()]).all()
    assert np.degrees(flexion["value"].item()) == pytest.approx(0, abs=10)
    assert np.isfinite(to_array(curve_of(one))).all()


def test_where_all_is_missing_nothing_is_made_up(tracks):
    gone = tracks.isel(time=slice(4)).copy(deep=True)
    gone["position"][:] = np.nan
    gone["covariance"][:] = np.nan
    measured = mvtri.measure_body(gone)
    assert np.isnan(to_array(measured.tracks)).all()
    assert "trunk_flexion" in measured.angles["angle"]
    assert np.isnan(measured.angles["value"]).all()
    assert np.isnan(to_array(curve_of(measured))).all()


def test_the_curve_has_its_nine_points_and_gaps_where_it_has_no_answer(measured, tmp_path):
    curve = curve_of(measured)
    validate_tracks(curve)
    assert list(curve["keypoints"].to_numpy()) == list(CHAIN)
    points, all_points = to_array(curve), to_array(measured.tracks.sel(keypoints=list(CHAIN)))
    lost = np.isnan(measured.angles["value"].sel(angle="trunk_lean").transpose("time", "individuals"))
    assert np.argwhere(lost.to_numpy()).tolist() == [[3, 1], [7, 1]]
    assert np.isnan(points[[3, 7], 1]).all()
    assert np.isfinite(all_points[7, 1, :2]).all()
    there = ~lost.to_numpy()
    np.testing.assert_array_equal(points[there], all_points[there])
    mvtri.write_tracks(tmp_path / "spine.csv", curve)
    assert list(pd.read_csv(tmp_path / "spine.csv").columns) == [
        "time", "individual", "keypoint", "x", "y", "z", "confidence", "sd_x", "sd_y", "sd_z"
    ]  # fmt: skip


def test_tracks_without_covariances_are_refused(tracks):
    with pytest.raises(InputError, match="these tracks have no covariances"):
        mvtri.measure_body(tracks.drop_vars("covariance"))


@pytest.mark.parametrize("kind", ["usual", "lumbar", "thoracic", "stiff_segment", "scoliosis"])
def test_bends_that_no_prior_has_seen_are_not_flattened(kind):
    """Known points with the covariances of smoothed ones: the prior must not change how far they bend."""
    time = np.arange(50) / 25.0
    flexion = np.radians(25.0) * (1.0 - np.cos(2 * np.pi * 0.5 * time)) + 0.1 * np.sin(2 * np.pi * 2.0 * time)
    points = bend_spine(Body(stature=1.8), kind, flexion).keypoints
    covariances = np.broadcast_to(0.005**2 * np.eye(3), (*points[:, None].shape, 3))
    made = make_tracks(points[:, None], covariance=covariances, keypoints=KEYPOINTS, fps=25.0)
    found = to_array(mvtri.measure_body(made).tracks)[:, 0]
    true, estimate = (bend_of(one) for one in (points, found))
    slope = (true @ estimate) / (true @ true)
    assert slope == pytest.approx(1.0, abs=0.06)
    wave = np.exp(-2j * np.pi * 2.0 * time)
    assert abs(estimate @ wave) / abs(true @ wave) > 0.95


def bend_of(points):
    """Return the flexion from the sacrum to C7 of bodies that face along x, rad, without its mean."""
    low, high = (
        points[:, KEYPOINTS.index(upper)] - points[:, KEYPOINTS.index(lower)]
        for lower, upper in (("hip", "spine_03"), ("spine_03", "neck"))
    )
    angle = np.arctan2(high[:, 0], high[:, 2]) - np.arctan2(low[:, 0], low[:, 2])
    return angle - angle.mean()
