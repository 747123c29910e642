"""Other tools' triangulation: the truth from clean points, and views that are missing."""

import sys

import naive_triangulation as naive
import numpy as np
import pytest
from rigs_triangulation import rig, ring, scene

from mvtri.benchmark.methods import peers
from mvtri.errors import MissingExtraError

INSTALLED = peers.available()
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(name not in INSTALLED, reason="extra peers not installed"))
    for name in peers.PEERS
]
PINHOLE = [0.0] * 5


@pytest.fixture
def straight():
    """Cameras without distortion, points, and their exact pixels."""
    angles = np.array([0.3, 1.9, 3.4, 5.1])
    cams = rig(np.c_[5 * np.cos(angles), 5 * np.sin(angles), [1.5, 1.8, 1.2, 2.0]], lens=PINHOLE)
    return scene(20, cams, noise=0.0, hit=0.0)[:3]


@pytest.mark.parametrize("name", NAMES)
def test_clean_points_come_back_whichever_views_see_them(name, straight):
    cams, points, pixels = straight
    pixels[::4, 0] = np.nan
    pixels[1::4, :2, 1] = np.nan
    pixels[2, :3] = pixels[6] = np.nan
    found = peers.PEERS[name](cams)(pixels)
    enough = np.isfinite(pixels).all(axis=2).sum(axis=1) >= 2
    assert enough.sum() == 18
    assert np.abs(found - points)[enough].max() < 1e-6
    assert np.isnan(found[~enough]).all()
    assert np.isnan(pixels[1, 0]).tolist() == [False, True]  # the caller's array is left alone


@pytest.mark.parametrize("name", NAMES)
def test_views_without_a_score_are_missing(name, straight):
    cams, points, pixels = straight
    scores = np.full(pixels.shape[:2], 0.8)
    scores[:, 2], scores[3] = 0.0, np.nan
    pixels[:, 2] += 300.0
    found = peers.PEERS[name](cams)(pixels, scores)
    assert np.isnan(found[3]).all()
    assert np.abs(np.delete(found - points, 3, axis=0)).max() < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_no_points_and_one(name, straight):
    cams, points, pixels = straight
    solve = peers.PEERS[name](cams)
    assert solve(pixels[:0]).shape == (0, 3)
    assert solve(np.full((2, 4, 2), np.nan)).shape == (2, 3)
    assert np.abs(solve(pixels[:1]) - points[:1]).max() < 1e-6


@pytest.mark.parametrize("model", ["opencv", "fisheye"])
@pytest.mark.parametrize("name", [name for name in NAMES if name.values != ("pose2sim",)])
def test_lenses_are_heeded(name, model):
    cams, points, pixels, _ = scene(20, ring(4, model=model), noise=0.0, hit=0.0)
    assert np.abs(peers.PEERS[name](cams)(pixels) - points).max() < 1e-4


def test_pose2sim_ignores_lenses_unless_told():
    cams, points, pixels, _ = scene(20, noise=0.0, hit=0.0)
    assert np.abs(peers.pose2sim(cams, limit=50.0)(pixels) - points).max() > 1e-3
    assert np.abs(peers.pose2sim(cams, undistort=True)(pixels) - points).max() < 1e-9


def test_pose2sim_leaves_out_the_view_that_is_off_and_gives_up_where_none_agree(straight):
    cams, points, pixels = straight
    pixels[0, 1] += [70.0, -90.0]
    pixels[1, :2] += [[0.0, 90.0], [0.0, -90.0]]
    pixels[1, 2:] = np.nan
    found = peers.pose2sim(cams)(pixels)
    assert np.abs(found[0] - points[0]).max() < 1e-6
    assert np.isnan(found[1]).all()
    matrices = naive.pinhole(cams)
    assert peers.exclude_by_mean_error(pixels[0], np.ones(4), matrices, range(4))[1] == [0, 2, 3]
    assert peers.exclude_by_mean_error(pixels[1], np.ones(4), matrices, range(2))[1] == []


def test_pose2sim_weighs_rows_with_the_score_and_drops_low_ones(straight):
    cams, _, pixels = straight
    pixels = pixels + np.random.default_rng(0).normal(0, 2, pixels.shape)
    scores = np.random.default_rng(1).uniform(0.31, 1.0, pixels.shape[:2])
    scores[:, 3] = 0.29
    found = peers.pose2sim(cams)(pixels, scores)
    matrices = naive.pinhole(cams)
    for point, seen, score in zip(found, pixels, scores):
        assert np.abs(naive.pixel_dlt(seen[:3], matrices[:3], score[:3]) - point).max() < 1e-9


@pytest.mark.parametrize(("name", "package"), [("aniposelib-fast", "aniposelib"), ("pycolmap", "pycolmap")])
def test_a_missing_package_is_named_with_its_install_line(name, package, straight, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'{package}.*pip install "mvtri\[peers\]"'):
        peers.PEERS[name](straight[0])


def test_only_installed_peers_are_offered(monkeypatch):
    assert "pose2sim" in INSTALLED
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert peers.available() == ["pose2sim"]


@pytest.mark.skipif("aniposelib" not in INSTALLED, reason="extra peers not installed")
@pytest.mark.parametrize("name", peers.SEQUENCE_PEERS)
def test_the_peer_that_works_over_time_finds_clean_tracks(name):
    angles = np.array([0.3, 1.9, 3.4, 5.1])
    cams = rig(np.c_[5 * np.cos(angles), 5 * np.sin(angles), [1.5, 1.8, 1.2, 2.0]], lens=PINHOLE)
    times = np.linspace(0, 0.5, 15)[:, None]
    points = np.stack([0.3 * np.sin(times + k) for k in range(6)], axis=-1).reshape(15, 2, 3)
    pixels = cams.project(points)
    pixels[:, 1, 1:] = np.nan
    found = peers.SEQUENCE_PEERS[name](cams, [])(pixels)
    assert np.abs(found[:, 0] - points[:, 0]).max() < 0.01
    assert np.isnan(found[:, 1]).all()
