"""Tracks that are filtered: what changes, what stays, and what is refused."""

import numpy as np
import pytest

import mvtri
from mvtri.errors import InputError
from mvtri.smoothing import MEASURED, Step, butterworth, fill_gaps, hampel, one_euro, parse_method, rts
from mvtri.tracks import Status, make_tracks, provenance_of, to_array

RATE = 50.0
RNG = np.random.default_rng(0)


def _tracks(frames=60, people=2, fps=RATE, times=None):
    position = np.cumsum(RNG.normal(0, 0.01, (frames, people, 3, 3)), axis=0)
    position[10:13, 0, 1] = np.nan
    position[20:40, 1, 2] = np.nan
    covariance = np.tile(1e-4 * np.eye(3), (frames, people, 3, 1, 1))
    covariance[~np.isfinite(position).all(axis=-1)] = np.nan
    return make_tracks(
        position, keypoints=["a", "b", "c"], fps=fps, times=times, covariance=covariance, skeleton="own"
    )


def test_positions_are_filtered_after_the_gaps_were_filled_and_what_was_measured_is_kept():
    tracks = _tracks()
    smoothed = mvtri.smooth(tracks, "butterworth:5", fill=0.1)
    times = tracks["time"].to_numpy()
    filled, invented = fill_gaps(to_array(tracks), times, 0.1)
    np.testing.assert_allclose(to_array(smoothed), butterworth(filled, RATE, 5.0), atol=1e-15)
    np.testing.assert_array_equal(to_array(smoothed, MEASURED), to_array(tracks))
    status = to_array(smoothed, "status")
    assert (status[invented] == Status.FILLED).all()
    assert invented.sum() == 3
    assert np.array_equal(status[~invented], to_array(tracks, "status")[~invented])
    assert (to_array(smoothed, "confidence")[invented] == 0).all()
    assert np.isnan(to_array(smoothed, "covariance")[invented]).all()
    assert smoothed["position"].attrs == tracks["position"].attrs
    assert smoothed["position"].dims == tracks["position"].dims
    assert smoothed["status"].attrs.keys() == tracks["status"].attrs.keys()


def test_the_tracks_that_were_given_do_not_change():
    tracks = _tracks()
    before = tracks.copy(deep=True)
    mvtri.smooth(tracks, "hampel+butterworth", fill=1.0)
    assert tracks.identical(before)


def test_filters_run_one_after_the_other():
    tracks = _tracks()
    smoothed = mvtri.smooth(tracks, "hampel:7,2 + butterworth:4")
    expected = butterworth(hampel(to_array(tracks), 7, 2.0), RATE, 4.0)
    np.testing.assert_allclose(to_array(smoothed), expected, atol=1e-15)


def test_none_fills_gaps_and_filters_nothing():
    tracks = _tracks()
    smoothed = mvtri.smooth(tracks, "none", fill=9.0)
    there = np.isfinite(to_array(tracks)).all(axis=-1)
    assert np.array_equal(to_array(smoothed)[there], to_array(tracks)[there])
    assert np.isfinite(to_array(smoothed)).all()


def test_provenance_says_what_was_done():
    record = provenance_of(mvtri.smooth(_tracks(), "butterworth", fill=0.1))["smooth"]
    assert record == {
        "method": "butterworth",
        "fill": 0.1,
        "steps": [{"name": "butterworth", "cutoff": 6.0, "order": 4}],
    }


def test_smoothed_tracks_come_back_from_a_file_exactly(tmp_path):
    smoothed = mvtri.smooth(_tracks(), "savitzky-golay", fill=0.1)
    mvtri.write_tracks(tmp_path / "smoothed.nc", smoothed)
    assert mvtri.read_tracks(tmp_path / "smoothed.nc").identical(smoothed)
    mvtri.write_tracks(tmp_path / "smoothed.csv", smoothed)
    assert "filled" in (tmp_path / "smoothed.csv").read_text()


def test_times_that_count_milliseconds_are_regular_and_lost_frames_are_not():
    times = np.round(np.arange(60) / 30, 3)
    mvtri.smooth(_tracks(fps=30.0, times=times))
    lost = np.delete(np.arange(61) / 30, 20)
    with pytest.raises(InputError, match=r"not regular: 0\.03333 to 0\.06667 s apart"):
        mvtri.smooth(_tracks(fps=30.0, times=lost))
    tracks = _tracks(fps=30.0, times=lost)
    smoothed = mvtri.smooth(tracks, "one-euro:2,0.1,1")
    np.testing.assert_allclose(
        to_array(smoothed), one_euro(to_array(tracks), lost, 2.0, 0.1, 1.0), atol=1e-15
    )


def test_tracks_without_a_clock_are_refused():
    with pytest.raises(InputError, match="--fps"):
        mvtri.smooth(_tracks(fps=None))


def test_detections_are_refused():
    with pytest.raises(InputError, match="cannot be used as tracks"):
        mvtri.smooth(_tracks().drop_vars("confidence"))


def test_methods_are_parsed_with_their_defaults():
    assert parse_method("none") == []
    assert parse_method("one-euro:2") == [
        Step("one-euro", {"min_cutoff": 2.0, "beta": 0.0, "derivative_cutoff": 1.0})
    ]
    assert parse_method("savitzky-golay:,2+gcv-spline") == [
        Step("savitzky-golay", {"window": 11, "order": 2}),
        Step("gcv-spline", {}),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("butterwort:6", "butterworth"),
        ("", "filter"),
        ("butterworth:6,4,1", "takes cutoff, order"),
        ("gcv-spline:1", "no settings"),
        ("median:5.5", "whole number"),
        ("butterworth:fast", "expected a number"),
        ("none+median", "filter"),
    ],
)
def test_methods_that_cannot_be_meant_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_method(text)


def test_one_frame_has_no_rate():
    with pytest.raises(InputError, match="one frame"):
        mvtri.smooth(_tracks(60).isel(time=[0]))


def test_smoothed_tracks_are_not_smoothed_again():
    smoothed = mvtri.smooth(_tracks(), "butterworth:8")
    with pytest.raises(InputError, match=r"smoothed already \(butterworth:8\)"):
        mvtri.smooth(smoothed, "median")


def test_rts_smooths_what_changes_and_keeps_what_stays():
    rng = np.random.default_rng(1)
    times = np.arange(200) / RATE
    position = 0.3 * np.sin(times)[:, None, None, None] + rng.normal(0, 0.02, (200, 1, 2, 3))
    position[50:55, 0, 1] = np.nan
    position[100:160, 0, 0] = np.nan
    there = np.isfinite(position)
    covariance = np.where(there[..., None], (0.02**2 + 0.01**2) * np.eye(3), np.nan)
    tracks = make_tracks(
        position,
        keypoints=["a", "b"],
        fps=RATE,
        covariance=covariance,
        random_sd=np.where(there, 0.02, np.nan),
        systematic_sd=np.where(there, 0.01, np.nan),
    )
    smoothed = mvtri.smooth(tracks, "rts")
    alone = rts(position, times, covariance * 0.8)
    np.testing.assert_allclose(to_array(smoothed), alone.positions, atol=1e-12)
    np.testing.assert_allclose(
        to_array(smoothed, "covariance"), alone.covariances + 1e-4 * np.eye(3), rtol=1e-9, atol=1e-15
    )
    known = np.isfinite(alone.positions)
    np.testing.assert_allclose(to_array(smoothed, "systematic_sd")[known], 0.01, rtol=1e-9)
    assert (to_array(smoothed, "random_sd")[known] < 0.02).all()
    status = to_array(smoothed, "status")
    assert (status == Status.FILLED).sum() == 5
    assert (status[50:55, 0, 1] == Status.FILLED).all()
    assert np.isnan(to_array(smoothed)[100:160, 0, 0]).all()
    record = provenance_of(smoothed)["smooth"]
    assert record["method"] == "rts"
    assert record["fill"] == 0.5
    assert record["inflation"] == pytest.approx(alone.inflation, abs=1e-3)
    np.testing.assert_allclose(record["process"], alone.process, rtol=0.01)
    by_hand = provenance_of(mvtri.smooth(tracks, "rts:2,3", fill=0.0))["smooth"]
    assert by_hand["process"] == [[2.0, 2.0]]
    assert by_hand["inflation"] == 3.0
    assert by_hand["fill"] == 0.0


def test_rts_takes_tracks_without_covariances_and_after_other_filters():
    rng = np.random.default_rng(2)
    truth = 0.3 * np.sin(np.arange(300) / RATE)[:, None, None, None] * np.ones(3)
    position = truth + rng.normal(0, 0.02, truth.shape)
    position[100] += 1.0
    tracks = make_tracks(position, keypoints=["a"], fps=RATE)
    smoothed = mvtri.smooth(tracks, "hampel+rts")
    error = to_array(smoothed) - truth
    sd = np.sqrt(np.diagonal(to_array(smoothed, "covariance"), axis1=-2, axis2=-1))
    assert np.abs(error).mean() < 0.008
    assert (np.abs(error) < 2 * sd).mean() > 0.9
    with pytest.raises(
        InputError, match="rts is followed by another filter in 'rts\\+hampel'; it must be the last"
    ):
        mvtri.smooth(tracks, "rts+hampel")
