"""OpenSim in a process of its own: what it answers, and what becomes of its failures."""

import importlib.util
import os
import sys

import numpy as np
import pytest
from models_osim import coordinate, document, joint, marker, offset, small_model

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.engines import OpenSimEngine, opensim_worker
from mvtri.errors import InputError, MissingExtraError, MissingFileError

PYTHON = os.environ.get("MVTRI_OPENSIM", "")
with_opensim = pytest.mark.skipif(not PYTHON, reason="MVTRI_OPENSIM names no Python that has opensim")
FLAT = offset("in_parent", "/ground") + offset("in_child", "/bodyset/a")
posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.osim"
    path.write_text(small_model())
    return path


def pretend(tmp_path, script):
    """Return an executable that stands in for Python."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_a_missing_file_never_reaches_opensim(tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no .*nothing\.osim"):
        OpenSimEngine(tmp_path / "nothing.osim", tmp_path / "no_python")


@pytest.mark.skipif(importlib.util.find_spec("opensim") is not None, reason="opensim is installed")
def test_without_the_package_the_extra_is_named(path):
    with pytest.raises(MissingExtraError, match=r'pip install "mvtri\[biomech\]"'):
        OpenSimEngine(path).marker_positions(np.zeros((1, 14)))


def test_importing_the_worker_does_not_import_opensim():
    assert opensim_worker.__name__ in sys.modules
    assert "opensim" not in sys.modules


def test_a_python_that_is_not_there(path, tmp_path):
    with pytest.raises(InputError, match="no_python cannot be started"):
        OpenSimEngine(path, tmp_path / "no_python").markers  # noqa: B018


@posix
@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("kill -SEGV $$", r"OpenSim crashed \(SIGSEGV\) on .*small\.osim; open the model in OpenSim"),
        ("echo out of luck >&2; exit 5", r"ended with the exit code 5 \(out of luck\)"),
        ("exit 0", "ended with the exit code 0"),
    ],
)
def test_a_crash_is_a_sentence(path, tmp_path, script, match):
    with pytest.raises(InputError, match=match):
        OpenSimEngine(path, pretend(tmp_path, script)).coordinates  # noqa: B018


@posix
def test_what_it_writes_beside_it_goes_to_a_temporary_folder(path, tmp_path, monkeypatch):
    python = pretend(tmp_path, "touch opensim.log; exit 5")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="exit code 5"):
        OpenSimEngine("small.osim", python).coordinates  # noqa: B018
    assert not (tmp_path / "opensim.log").exists()


@pytest.fixture
def answering(path, tmp_path, monkeypatch):
    """An engine with 2 coordinates and 3 markers that notes what it is asked."""
    engine, asked = OpenSimEngine(path, tmp_path / "no_python"), []

    def ask(task, **request):
        asked.append((task, request))
        if task == "describe":
            return {
                "coordinates": np.array(["a", "b"]),
                "markers": np.array(list("xyz")),
                "defaults": np.array([0.1, 0.2]),
            }
        return {"coordinates": np.zeros((1, 2)), "markers": np.zeros((1, 3, 3)), "seconds": np.zeros(1)}

    monkeypatch.setattr(engine, "_ask", ask)
    return engine, asked


def test_what_is_asked_by_default(answering):
    engine, asked = answering
    measured = np.zeros((1, 3, 3))
    measured[0, 1, 2] = np.nan
    engine.inverse_kinematics(measured, priors=1e-4)
    request = asked[-1][1]
    assert request["weights"].tolist() == [1.0] * 3
    assert request["priors"].tolist() == [1e-4] * 2
    assert request["targets"].tolist() == [0.1, 0.2]
    assert np.isnan(request["markers"][0, 1]).all()
    assert [task for task, _ in asked].count("describe") == 1


def test_shapes_are_checked(answering):
    engine, _ = answering
    with pytest.raises(InputError, match=r"coordinates have the shape \(2,\), expected \(frames, 2\)"):
        engine.marker_positions(np.zeros(2))
    with pytest.raises(InputError, match=r"markers have the shape \(1, 4, 3\), expected \(frames, 3, 3\)"):
        engine.inverse_kinematics(np.zeros((1, 4, 3)))
    with pytest.raises(InputError, match=r"weights have the shape \(2,\), expected one number or 3"):
        engine.inverse_kinematics(np.zeros((1, 3, 3)), weights=[1, 1])
    with pytest.raises(InputError, match=r"priors have the shape .* all finite"):
        engine.inverse_kinematics(np.zeros((1, 3, 3)), priors=np.nan)
    with pytest.raises(InputError, match="frame 1 has no marker"):
        engine.inverse_kinematics(np.concatenate([np.zeros((1, 3, 3)), np.full((1, 3, 3), np.nan)]))


@with_opensim
def test_opensim_agrees_and_leaves_no_log(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, engine = read_osim(path), OpenSimEngine(path, PYTHON)
    assert engine.coordinates == model.coordinates
    assert engine.markers == model.markers
    low, high = model.ranges[model.free].T
    free = 0.3 * np.random.default_rng(0).uniform(low, high, (6, len(model.free)))
    truth = model.full_coordinates(free)
    truth[0, model.coordinates.index("toe_angle")] = 0.5  # it is locked at 0.2
    markers = engine.marker_positions(truth)
    np.testing.assert_allclose(markers, model.marker_positions(truth), atol=1e-12)
    order = [engine.bodies.index(name) for name in model.bodies]
    for ours, theirs in zip(model.body_frames(truth), engine.body_frames(truth), strict=True):
        np.testing.assert_allclose(ours, theirs[:, order], atol=1e-12)
    markers = model.marker_positions(model.full_coordinates(free))
    markers[2, 3] = np.nan  # the knee cap
    found = engine.inverse_kinematics(markers)
    np.testing.assert_allclose(found.markers[~np.isnan(markers)], markers[~np.isnan(markers)], atol=1e-3)
    np.testing.assert_allclose(found.markers, model.marker_positions(found.coordinates), atol=1e-12)
    assert (found.seconds > 0.0).all()
    knee = model.coordinates.index("knee")
    pulled = engine.inverse_kinematics(markers, priors=1e4 * np.eye(14)[knee], targets=np.full(14, 0.1))
    assert np.abs(pulled.coordinates[:, knee] - 0.1).max() < 1e-3 < np.abs(truth[:, knee] - 0.1).max()
    assert [one.name for one in tmp_path.iterdir()] == ["small.osim"]


@with_opensim
def test_opensim_divides_markers_by_their_weights_and_priors_by_nothing(tmp_path):
    """On a slide along x, markers measured 0.3 m away and a prior p at 0 lead to 0.3 / (1 + p)."""
    path = tmp_path / "slide.osim"
    slide = joint("SliderJoint", "slide", "ground", "a", [coordinate("way")], frames=FLAT)
    path.write_text(document(["a"], [slide], [marker("one", "a", "0 0 0"), marker("two", "a", "0 0 0")]))
    engine = OpenSimEngine(path, PYTHON, accuracy=1e-8)
    measured = np.tile([0.3, 0.0, 0.0], (1, 2, 1))
    for weights in (1.0, 10.0):
        found = engine.inverse_kinematics(measured, weights, priors=0.5)
        assert found.coordinates[0, 0] == pytest.approx(0.3 / 1.5, abs=1e-4)


@with_opensim
def test_what_opensim_objects_to_is_a_sentence(tmp_path):
    path = tmp_path / "bad.osim"
    path.write_text(small_model().replace("/bodyset/shank", "/bodyset/shin"))
    with pytest.raises(InputError, match=r"OpenSim does not take .*bad\.osim: "):
        OpenSimEngine(path, PYTHON).markers  # noqa: B018
