"""The fitted spine in the report: moments that matter, intervals, and tracks without it."""

import dataclasses

import numpy as np
import pytest

import mvtri
from mvtri.diagnostics import read_recording
from mvtri.kinematics.motion_range import running_median
from mvtri.report import write_report
from mvtri.report.reconstruction.ranges import ranges_part
from mvtri.report.reconstruction.spine import (
    angles_over_time,
    curves_at_moments,
    fit_spines,
    moments_that_matter,
)
from mvtri.skeletons import get_skeleton
from mvtri.smoothing import MEASURED
from mvtri.synthetic import Body, animate, forward_bend
from mvtri.tracks import make_tracks

NAMES = ("trunk_flexion", "trunk_bend", "trunk_lean")
SPREAD = 0.004  # m


def angles(flexion, bend, lean, sd=1.0):
    return {
        name: (np.radians(values), np.full(len(values), np.radians(sd)))
        for name, values in zip(NAMES, (flexion, bend, lean))
    }


def test_moments_are_the_extremes_that_are_more_than_noise():
    values = [0, 40, -20, 1, 2], [0, 1, 2, 15, -3], [1, 50, 20, 15, 3]
    expected = {0: "most upright", 1: "most flexed", 2: "most extended", 3: "most bent to the left"}
    assert moments_that_matter(angles(*values)) == expected
    assert list(moments_that_matter(angles(*values, sd=9.0))) == [0, 1]
    assert moments_that_matter(angles([np.nan] * 2, [np.nan] * 2, [np.nan] * 2)) == {}


@pytest.fixture(scope="module")
def bending():
    """Tracks of a person who bends forward, with noise and a gap; the same as arrays; and the truth."""
    truth = animate(Body(), forward_bend(40)).keypoints[:, None]
    noisy = truth + np.random.default_rng(0).normal(0, SPREAD, truth.shape)
    covariance = np.tile(SPREAD**2 * np.eye(3), (*truth.shape[:3], 1, 1))
    noisy[30, 0], covariance[30, 0] = np.nan, np.nan
    keypoints = get_skeleton("spinetrack37").keypoints
    tracks = make_tracks(noisy, keypoints=keypoints, fps=50.0, covariance=covariance, skeleton="spinetrack37")
    tracks[MEASURED] = tracks["position"]  # as if they were smoothed
    return tracks, read_recording(tracks), truth


@pytest.fixture(scope="module")
def body(bending):
    return mvtri.measure_body(bending[0])


@pytest.fixture(scope="module")
def spine(bending, body):
    return fit_spines(*bending, body)[0]


def test_angles_have_bands_that_hold_the_truth_and_end_at_gaps(bending, spine):
    curves = angles_over_time(bending[1], spine)["data"]
    flexion = [curve for curve in curves if curve["legendgroup"] == "trunk_flexion"]
    bands = [curve for curve in flexion if curve.get("fill") == "toself"]
    assert [len(band["x"]) for band in bands] == [60, 18]  # there and back, before and after the gap
    true, found = flexion[-2], flexion[-1]
    assert found["y"][30] is None
    low, high = np.array(bands[0]["y"][:30]), np.array(bands[0]["y"][30:][::-1])
    value, spread = np.degrees(spine.angles["trunk_flexion"])[:, :30]
    np.testing.assert_allclose(found["y"][:30], value, atol=0.01)
    np.testing.assert_allclose([low, high], [value - 1.96 * spread, value + 1.96 * spread], atol=1e-3)
    np.testing.assert_allclose(true["y"], np.degrees(spine.true[1]["trunk_flexion"][0]), atol=0.01)
    assert np.ptp(true["y"]) > 20


def test_curves_are_drawn_at_moments_with_band_points_and_truth(bending, spine):
    recording = bending[1]
    moments = moments_that_matter(spine.angles)
    assert "most flexed" in moments.values()
    data = curves_at_moments(recording, spine)["data"]
    assert len(data) == 2 * 4 * len(moments)  # two views
    named = [curve["name"].partition(": ")[2] for curve in data if curve.get("showlegend")]
    assert named == [moments[frame] for frame in sorted(moments)]
    band, points, true, curve = data[:4]
    assert len(points["x"]) == 9
    assert len(band["x"]) == 2 * len(curve["x"])
    assert np.abs(np.array(true["x"]) - curve["x"]).max() < 0.03


def test_tracks_without_covariances_or_spine_have_no_curve(bending, body, tmp_path):
    tracks = bending[0]
    legs, gone = tracks.isel(keypoints=slice(11, 17)), tracks.copy(deep=True)
    gone["position"][:] = np.nan
    for poor in (tracks.drop_vars("covariance"), tracks.drop_vars(MEASURED), legs, gone):
        assert fit_spines(poor, read_recording(poor), None) == {}
    plain = tracks.drop_vars("covariance")
    page = write_report(tmp_path / "a.html", plain).read_text(encoding="utf-8")
    assert "plot-angles-0" not in page
    page = write_report(tmp_path / "b.html", tracks, body=body).read_text(encoding="utf-8")
    for what in ("plot-angles-0", "plot-moments-0", "<td>trunk flexion</td>", "left knee flexion"):
        assert what in page


def test_a_long_recording_is_thinned_but_its_ranges_are_those_of_all_frames(
    bending, body, spine, monkeypatch
):
    monkeypatch.setattr("mvtri.report.reconstruction.spine.MAX_FRAMES", 15)
    tracks, recording, _ = bending
    thin = fit_spines(tracks, recording, None, body)[0]
    assert np.array_equal(thin.frames, np.arange(0, 40, 3))
    assert thin.ranges.identical(spine.ranges)
    for name in NAMES:
        np.testing.assert_array_equal(thin.angles[name], np.array(spine.angles[name])[:, ::3])
    np.testing.assert_array_equal(thin.chain, spine.chain[::3])


def test_the_table_of_ranges_has_the_true_ones_beside_them(spine):
    true = np.degrees(spine.true_ranges["range"].sel(angle="trunk_flexion").item())
    held = running_median(spine.true[1]["trunk_flexion"][0], 5)
    assert true == pytest.approx(np.degrees(np.ptp(held)), abs=0.1)
    part = ranges_part(spine)
    assert "<th" in part.partition("true range")[0]
    row = part.partition("<td>trunk flexion</td>")[2].partition("</tr>")[0]
    assert f">{true:.1f}</td>" in row
    assert "true" not in ranges_part(dataclasses.replace(spine, true_ranges=None))
    limb = part.partition("<td>left knee flexion</td>")[2].partition("</tr>")[0]
    assert limb.count("–") == 3


def test_without_a_measured_body_the_report_measures_some_frames(bending, body, monkeypatch):
    monkeypatch.setattr("mvtri.report.reconstruction.spine.MAX_FRAMES", 8)
    monkeypatch.setattr(
        "mvtri.report.reconstruction.spine.measure_body", lambda some: asked.append(some) or few
    )
    asked, few = [], body._replace(tracks=body.tracks[{"time": slice(None, None, 5)}])
    few = few._replace(angles=body.angles[{"time": slice(None, None, 5)}])
    tracks, recording, _ = bending
    found = fit_spines(tracks, recording, None)[0]
    assert asked[0].sizes["time"] == len(found.frames) == len(found.chain) == 8
