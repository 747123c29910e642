"""Frames of bodies, markers and their derivatives, against a plain twin, differences and OpenSim itself."""

import numpy as np
import pytest
from models_osim import small_model
from naive_kinematics import frames_of_bodies
from opensim_process import opensim_says, shared

from mvtri.biomechanics import read_osim
from mvtri.errors import InputError
from mvtri.formats.motion.mot import read_mot

SHARED = ("Model_Pose2Sim_LSTM_scaled.osim", "Model_Pose2Sim_muscles_flex.osim")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("osim") / "small.osim"
    path.write_text(small_model())
    return read_osim(path)


def poses(model, count, seed=0):
    """Return free coordinates within their ranges, those without a range within 5."""
    low, high = np.clip(model.ranges[model.free], -5.0, 5.0).T
    return np.random.default_rng(seed).uniform(low, high, (count, len(model.free)))


def test_what_the_small_model_has(model):
    assert model.bodies == ("pelvis", "thigh", "shank", "foot", "toes", "cap")
    assert [model.coordinates[q] for q in model.free] == [
        *(f"pelvis_{i}" for i in range(6)),
        *(f"hip_{i}" for i in range(3)),
        *("knee", "ankle_0", "ankle_1"),
    ]
    assert model.couplers == {"cap_angle": "knee"}
    assert model.units == (*["rotational"] * 3, *["translational"] * 3, *["rotational"] * 8)
    assert list(np.flatnonzero(model.locked)) == [model.coordinates.index("toe_angle")]


def test_frames_equal_those_of_the_plain_twin(model):
    coordinates = model.full_coordinates(poses(model, 20))
    rotations, places = model.body_frames(coordinates)
    markers = model.marker_positions(coordinates)
    for t, row in enumerate(coordinates):
        frames = frames_of_bodies(model, row)
        for b, name in enumerate(model.bodies):
            np.testing.assert_allclose(rotations[t, b], frames[name][:3, :3], atol=1e-13)
            np.testing.assert_allclose(places[t, b], frames[name][:3, 3], atol=1e-13)
        for m, name in enumerate(model.markers):
            at = np.append(model.tree.marker_places[m], 1.0)
            np.testing.assert_allclose(markers[t, m], (frames[name.removeprefix("on_")] @ at)[:3], atol=1e-13)


def differences(model, free, step=1e-5):
    """Return the derivatives of the markers by central differences, (T, M, 3, F)."""
    columns = []
    for c in range(free.shape[1]):
        move = np.zeros(free.shape[1])
        move[c] = step
        ahead, behind = (model.marker_positions(model.full_coordinates(free + s * move)) for s in (1, -1))
        columns.append((ahead - behind) / (2.0 * step))
    return np.stack(columns, axis=-1)


def test_each_column_of_the_jacobian_equals_central_differences(model):
    free = poses(model, 20)
    markers, jacobians = model.marker_jacobians(free)
    np.testing.assert_allclose(markers, model.marker_positions(model.full_coordinates(free)), atol=1e-14)
    expected = differences(model, free)
    for c in range(len(model.free)):
        assert np.abs(expected[..., c]).max() > 0.01
        np.testing.assert_allclose(jacobians[..., c], expected[..., c], atol=1e-7)


def test_coordinates_follow_couplers_and_locks(model):
    free = poses(model, 5)
    coordinates = model.full_coordinates(free)
    named = dict(zip(model.coordinates, coordinates.T, strict=True))
    np.testing.assert_array_equal(coordinates[:, model.free], free)
    np.testing.assert_array_equal(named["toe_angle"], 0.2)
    at = model.full_coordinates(np.where(np.array(model.coordinates)[model.free] == "knee", 0.3, 0.0))
    assert at[model.coordinates.index("cap_angle")] == pytest.approx(0.7 * 0.05, abs=1e-15)


def test_a_missing_coordinate_makes_what_hangs_on_it_missing(model):
    coordinates = model.full_coordinates(np.zeros(len(model.free)))
    coordinates[model.coordinates.index("knee")] = np.nan
    missing = np.isnan(model.marker_positions(coordinates)).all(axis=-1)
    gone = {name for name, one in zip(model.markers, missing, strict=True) if one}
    assert gone == {"on_shank", "on_foot", "on_toes"}


def test_shapes(model):
    coordinates = np.zeros((2, 3, len(model.coordinates)))
    assert model.marker_positions(coordinates).shape == (2, 3, 7, 3)
    assert model.body_frames(coordinates[0, 0])[0].shape == (6, 3, 3)
    assert model.marker_jacobians(np.zeros((4, 12)))[1].shape == (4, 7, 3, 12)
    assert model.marker_positions(np.zeros((0, len(model.coordinates)))).shape == (0, 7, 3)
    with pytest.raises(InputError, match=r"has 14 coordinates, but an array of the shape \(12,\) was given"):
        model.marker_positions(np.zeros(12))
    with pytest.raises(InputError, match=r"has 12 free coordinates, but .*\(\) was given"):
        model.full_coordinates(0.0)


def check_against_opensim(model, coordinates, found):
    """Compare everything that OpenSim said, metres and radians to 1e-9."""
    for key in ("coordinates", "units", "ranges", "defaults", "locked", "clamped"):
        np.testing.assert_array_equal(found[key], np.array(getattr(model, key)))
    rotations, places = model.body_frames(coordinates)
    bodies = [list(found["bodies"]).index(name) for name in model.bodies]
    markers = [list(found["markers"]).index(name) for name in model.markers]
    np.testing.assert_allclose(rotations, found["rotations"][:, bodies], atol=1e-9, rtol=0)
    np.testing.assert_allclose(places, found["places"][:, bodies], atol=1e-9, rtol=0)
    positions = model.marker_positions(coordinates)
    np.testing.assert_allclose(positions, found["positions"][:, markers], atol=1e-9, rtol=0)


@pytest.mark.realdata
@pytest.mark.parametrize("name", SHARED)
def test_a_thousand_poses_of_real_models_equal_those_of_opensim(name, tmp_path):
    model = read_osim(shared(name))
    coordinates = model.full_coordinates(poses(model, 1000))
    found = opensim_says(shared(name), tmp_path, coordinates=coordinates)
    check_against_opensim(model, coordinates, found)
    assert found["coupling"].max() < 1e-12


@pytest.mark.realdata
def test_a_real_motion_equals_that_of_opensim(tmp_path):
    model = read_osim(shared(SHARED[0]))
    motion = read_mot(shared("S00_P00_T01_BalancingTrial_filt_butterworth_0-100_LSTM.mot"))
    assert tuple(motion.axes) == model.coordinates
    degrees = np.array(model.units) == "rotational"
    coordinates = np.where(degrees, np.radians(motion.values), motion.values)
    check_against_opensim(
        model, coordinates, opensim_says(shared(SHARED[0]), tmp_path, coordinates=coordinates)
    )


@pytest.mark.realdata
def test_the_jacobian_of_a_real_model_equals_central_differences():
    model = read_osim(shared(SHARED[0]))
    free = poses(model, 5)
    np.testing.assert_allclose(model.marker_jacobians(free)[1], differences(model, free), atol=1e-7)
