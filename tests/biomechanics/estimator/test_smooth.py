"""`--smooth model`: tracks of people, with gaps, others beside them and keypoints that no body has."""

import json
import logging

import numpy as np
import pytest

import mvtri
from mvtri import smoothing
from mvtri.errors import InputError
from mvtri.tracks import Status, make_tracks, to_array

NOISE = 0.012  # m


def tracks_of(truth, seed=0, extra=0, noise=NOISE, **given):
    """Return tracks of true points (T, N, K, 3), with noise."""
    rng = np.random.default_rng(seed)
    seen = truth + rng.normal(0.0, noise, truth.shape)
    names = [*mvtri.get_skeleton("spinetrack37").keypoints, *(f"extra_{i}" for i in range(extra))]
    covariance = np.broadcast_to(noise**2 * np.eye(3), (*truth.shape, 3)).copy()
    return make_tracks(
        seen, keypoints=names, fps=50.0, covariance=covariance, skeleton="spinetrack37", **given
    )


@pytest.fixture(scope="module")
def truth():
    return to_array(mvtri.sessions.demo_truth())[:50].astype(float)


def error(tracks, truth):
    return float(np.nanmean(np.linalg.norm(to_array(tracks)[:, : truth.shape[1]] - truth, axis=-1)))


def test_it_is_better_than_batch_and_says_how_sure_it_is(truth):
    tracks = tracks_of(truth)
    model, batch = mvtri.smooth(tracks, "model"), mvtri.smooth(tracks, "batch")
    assert error(model, truth) < 0.9 * error(batch, truth)
    off = (to_array(model) - truth).astype(float)
    squares = np.einsum("tnki,tnkij,tnkj->tnk", off, np.linalg.inv(to_array(model, "covariance")), off)
    assert 0.88 < (squares < 7.814728).mean() <= 1.0
    record = json.loads(model.attrs["provenance"])["smooth"]
    assert record["method"] == "model"
    assert 0.8 < record["bodies"][str(tracks["individuals"].to_numpy()[0])] < 1.2
    np.testing.assert_array_equal(to_array(model, "measured_position"), to_array(tracks))


def test_gaps_are_filled_up_to_their_limit_and_ends_stay_empty(truth):
    tracks = tracks_of(truth)
    seen = to_array(tracks)
    wrist = mvtri.get_skeleton("spinetrack37").keypoints.index("left_wrist")
    seen[10:16, 0, wrist] = seen[25:45, 0, wrist] = seen[:3, 0, wrist] = np.nan
    gone = tracks.assign(position=tracks["position"].copy(data=_like(tracks, seen)))
    found = mvtri.smooth(gone, "model", 0.2)
    there = np.isfinite(to_array(found)[:, 0, wrist, 0])
    assert there[10:16].all()
    assert not there[25:45].any()
    assert not there[:3].any()
    assert np.linalg.norm(to_array(found)[10:16, 0, wrist] - truth[10:16, 0, wrist], axis=-1).max() < 0.06
    assert (to_array(found, "status")[10:16, 0, wrist] == Status.FILLED).all()


def _like(tracks, values):
    """Return values (T, N, K, 3) in the order of the dimensions of the tracks' positions."""
    order = ("time", "individuals", "keypoints", "space")
    return values.transpose([order.index(name) for name in tracks["position"].dims])


def test_keypoints_that_the_body_lacks_are_smoothed_by_batch(truth):
    beside = truth[:, :, :1] + [0.0, 0.0, 0.3]
    tracks = tracks_of(np.concatenate([truth, beside], axis=2), extra=1)
    model, batch = (to_array(mvtri.smooth(tracks, name)) for name in ("model", "batch"))
    np.testing.assert_array_equal(model[:, :, 37], batch[:, :, 37])
    assert np.abs(model[:, :, :37] - batch[:, :, :37]).max() > 1e-3


def test_people_without_a_body_are_named_and_smoothed_by_batch(truth, caplog):
    two = np.concatenate([truth, truth + [1.0, 0.0, 0.0]], axis=1)
    tracks = tracks_of(two, individuals=["anna", "bert"])
    seen = to_array(tracks)
    seen[:, 1, 5:] = np.nan
    tracks = tracks.assign(position=tracks["position"].copy(data=_like(tracks, seen)))
    with caplog.at_level(logging.WARNING, "mvtri"):
        model = mvtri.smooth(tracks, "model")
    assert "no body fits bert, whose tracks are smoothed by batch" in caplog.text
    batch = to_array(mvtri.smooth(tracks, "batch"))
    np.testing.assert_array_equal(to_array(model)[:, 1], batch[:, 1])
    assert not np.array_equal(to_array(model)[:, 0], batch[:, 0])
    with pytest.raises(InputError, match="no body fits the tracks, so use batch or rts"):
        mvtri.smooth(tracks.isel(individuals=[1]), "model")


def test_filters_that_know_no_body_say_who_does(truth):
    with pytest.raises(InputError, match=r"model needs a body, which mvtri\.smooth fits"):
        smoothing.smooth(tracks_of(truth), "model")
    with pytest.raises(InputError, match="must be the last"):
        mvtri.smooth(tracks_of(truth), "model+butterworth:6")
    with pytest.raises(InputError, match="model takes no settings"):
        mvtri.smooth(tracks_of(truth), "model:3")
