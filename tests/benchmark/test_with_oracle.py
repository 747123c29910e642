"""Scores of tracks beside those of an oracle, before and after smoothing."""

import pytest
from sessions_verdicts import NAMES, detected, detections_of, person, rig

import mvtri
from mvtri.benchmark import score_with_oracle
from mvtri.tracks import make_tracks


@pytest.fixture(scope="module")
def scene():
    cams, points = rig(), person(30)
    seen = detections_of(detected(points, cams, bias=0.0, noise=4.0), cams, associated=True)
    truth = make_tracks(points[:, None], keypoints=NAMES, fps=50.0, skeleton="spinetrack37")
    return mvtri.reconstruct(seen, cams), truth, cams


def test_smoothed_tracks_are_scored_before_and_after(scene):
    tracks, truth, cams = scene
    plain = score_with_oracle(tracks, truth, cams)
    both = score_with_oracle(mvtri.smooth(tracks, "butterworth:6"), truth, cams)
    assert list(plain.index.unique("setting")) == ["oracle", "detected"]
    assert list(both.index.unique("setting")) == ["oracle", "detected", "smoothed"]
    assert both.loc["detected"].equals(plain.loc["detected"])
    assert (plain.loc["oracle", "MPJPE mm"] < 1e-6).all()
    assert (both.loc["smoothed", "MPJPE mm"] < 0.8 * both.loc["detected", "MPJPE mm"]).all()
