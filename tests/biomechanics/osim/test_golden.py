"""Small models of every joint and function: what OpenSim says of them (tests/golden/biomechanics)."""

from pathlib import Path

import numpy as np
import pytest
from naive_kinematics import frames_of_bodies

from mvtri.biomechanics import read_osim

GOLDEN = Path(__file__).parents[2] / "golden" / "biomechanics"
NAMES = ("joints", "functions", "old")


@pytest.fixture(scope="module", params=NAMES)
def case(request):
    found = dict(np.load(GOLDEN / f"{request.param}.npz"))
    return read_osim(GOLDEN / f"{request.param}.osim"), found


@pytest.mark.parametrize("key", ["coordinates", "units", "ranges", "defaults", "locked", "clamped"])
def test_what_coordinates_are_equals_opensim(case, key):
    model, found = case
    np.testing.assert_array_equal(np.array(getattr(model, key)), found[key])


def test_frames_and_markers_equal_opensim(case):
    model, found = case
    rotations, places = model.body_frames(found["given"])
    bodies = [list(found["bodies"]).index(name) for name in model.bodies]
    markers = [list(found["markers"]).index(name) for name in model.markers]
    assert sorted(model.bodies) == sorted(found["bodies"])
    assert tuple(found["markers"]) == model.markers
    np.testing.assert_allclose(rotations, found["rotations"][:, bodies], atol=1e-13, rtol=0)
    np.testing.assert_allclose(places, found["places"][:, bodies], atol=1e-13, rtol=0)
    positions = model.marker_positions(found["given"])
    np.testing.assert_allclose(positions, found["positions"][:, markers], atol=1e-13, rtol=0)


def test_couplers_equal_those_of_opensim():
    model, found = read_osim(GOLDEN / "joints.osim"), np.load(GOLDEN / "joints.npz")
    given = found["given"][found["coupling"] < 1e-12]
    assert len(given) == 4
    given[:, model.locked] = model.defaults[model.locked]
    np.testing.assert_allclose(model.full_coordinates(given[:, model.free]), given, atol=1e-14)
    assert model.couplers == {"body4_0": "body3_1", "branch_0": "body4_0"}


def test_a_locked_coordinate_is_no_unknown():
    model = read_osim(GOLDEN / "joints.osim")
    assert {model.coordinates[q] for q in set(range(20)) - set(model.free)} == {
        "body2_1",
        "body4_0",
        "branch_0",
    }
    full = model.full_coordinates(np.ones(len(model.free)))
    assert full[model.coordinates.index("body2_1")] == pytest.approx(0.1)


def test_each_column_of_the_jacobian_equals_central_differences(case):
    model, found = case
    free = found["given"][:, model.free]
    jacobians = model.marker_jacobians(free)[1]
    assert len(model.free) == jacobians.shape[-1] > 1
    for c in range(len(model.free)):
        move = 1e-5 * np.eye(len(model.free))[c]
        ahead, behind = (model.marker_positions(model.full_coordinates(free + s * move)) for s in (1, -1))
        np.testing.assert_allclose(jacobians[..., c], (ahead - behind) / 2e-5, atol=1e-7)
        assert np.abs(jacobians[..., c]).max() > 1e-3


def test_the_plain_twin_agrees(case):
    model, found = case
    places = model.body_frames(found["given"])[1]
    for t, row in enumerate(found["given"]):
        frames = frames_of_bodies(model, row)
        expected = [frames[name][:3, 3] for name in model.bodies]
        np.testing.assert_allclose(places[t], expected, atol=1e-13)
