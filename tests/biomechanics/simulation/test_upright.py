"""Which way is up, by the fitted body: an oracle from SciPy, poses of people, and turned axes."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.simulation.upright import upright_share

MODEL = read_osim(MODEL_PATH)
NAMES = [MODEL.coordinates[i] for i in MODEL.free]


def markers(frames=5, **angles):
    """Return markers (T, M, 3) of the model with coordinates in degrees."""
    free = np.tile(MODEL.defaults[MODEL.free], (frames, 1))
    for name, value in angles.items():
        free[:, NAMES.index(name)] = np.radians(value)
    return MODEL.marker_positions(MODEL.full_coordinates(free))


SITTING = {"hip_flexion_r": 90, "hip_flexion_l": 90, "knee_angle_r": 90, "knee_angle_l": 90}
BENDING = {"pelvis_tilt": -60, "lumbar_flexion": 40, "hip_flexion_r": 60, "hip_flexion_l": 60}


@pytest.mark.parametrize("pose", [{}, SITTING, BENDING, {"pelvis_rotation": 130}], ids=str)
def test_people_who_stand_sit_or_bend_are_upright(pose):
    assert upright_share(MODEL, markers(**pose)) == (1.0, "y")


@pytest.mark.parametrize("pose", [{}, SITTING, BENDING], ids=str)
@pytest.mark.parametrize(
    ("columns", "signs", "axis"),
    [([2, 0, 1], [1, 1, 1], "z"), ([1, 2, 0], [1, 1, 1], "x"), ([2, 0, 1], [1, -1, -1], "-z")],
    ids=["z", "x", "-z"],
)
def test_turned_axes_are_named(pose, columns, signs, axis):
    assert upright_share(MODEL, markers(**pose)[..., columns] * signs) == (0.0, axis)


def test_upside_down_and_halves():
    down = markers() * [1, -1, -1]
    assert upright_share(MODEL, down) == (0.0, "-y")
    assert upright_share(MODEL, np.concatenate([markers(6), down])) == (pytest.approx(6 / 11), "y")
    assert upright_share(MODEL, np.concatenate([markers(4), down])) == (pytest.approx(4 / 9), "-y")


@pytest.mark.parametrize("tilt", [44.0, 46.0])
def test_the_limit_is_45_degrees(tilt):
    turned = markers() @ Rotation.from_euler("z", tilt, degrees=True).as_matrix().T
    assert upright_share(MODEL, turned)[0] == float(tilt < 45.0)


def test_frames_without_markers_do_not_count():
    some = markers(4)
    some[1:3] = np.nan
    assert upright_share(MODEL, some) == (1.0, "y")
    assert upright_share(MODEL, some[1:3]) == (None, "y")


@pytest.mark.parametrize("side", [1.0, -1.0], ids=["people", "mirrored"])
def test_rotations_are_those_of_scipy(side):
    from mvtri.biomechanics.simulation import upright

    rest = MODEL.marker_positions(MODEL.defaults)
    rng = np.random.default_rng(0)
    noisy = rest * [1.0, 1.0, side] @ Rotation.random(6, rng=rng).as_matrix().transpose(0, 2, 1)
    noisy += rng.normal(0.0, 0.05, noisy.shape) + 3.0
    ours = upright._up(rest, noisy)
    centred = rest - rest.mean(axis=0)
    for one, place in zip(ours, noisy):
        turn = Rotation.align_vectors(place - place.mean(axis=0), centred)[0]
        np.testing.assert_allclose(one, turn.as_matrix()[:, 1], atol=1e-9)
