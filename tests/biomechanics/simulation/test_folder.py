"""SIMSPINE's folder form and joint coordinates in files: round trips, units, and what reads them."""

import numpy as np
import pytest

from mvtri.biomechanics.simulation import SimulationFolder, from_motion, to_motion
from mvtri.biomechanics.simulation.folder import Recording
from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_motion, read_tracks
from mvtri.formats.motion.mot import JointMotion
from mvtri.tracks import to_array

WALK = Recording("S9", "Walking-1")
NAMES = ["lumbar_flexion", "pelvis_tx"]
ANGLES = [True, False]
TIMES = np.arange(4) / 50.0
VALUES = np.array([[0.5, 0.1], [0.6, 0.2], [0.7, 0.3], [0.8, 0.4]])


def test_files_are_where_simspine_has_them(tmp_path):
    folder = SimulationFolder(tmp_path)
    paths = [folder.cameras_path("S9"), folder.model_path("S9"), folder.positions_path(WALK)]
    paths += [folder.kinematics_path(WALK)]
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "cameras/Calib_S9.toml",
        "models/S9.osim",
        "positions/S9/S9_Walking-1.trc",
        "kinematics/S9/S9_Walking-1/S9_Walking-1.mot",
    ]


def test_positions_come_back_and_say_metres(tmp_path):
    folder = SimulationFolder(tmp_path)
    positions = np.random.default_rng(0).uniform(-1, 1, (4, 2, 3))
    positions[2, 1] = np.nan
    path = folder.write_positions(WALK, positions, ["right_hip", "spine_01"], TIMES)
    text = path.read_text(encoding="utf-8")
    assert "\tm\t" in text.splitlines()[2]
    assert "RHip\t\t\tSpine_01" in text
    row = next(line for line in text.splitlines() if line.startswith("1\t"))
    first = [float(cell) for cell in row.split("\t")[2:5]]
    np.testing.assert_allclose(first, positions[0, 0], atol=1e-8)
    found, names, times = folder.read_positions(WALK)
    np.testing.assert_allclose(found, positions, atol=1e-8)
    assert names == ["right_hip", "spine_01"]
    np.testing.assert_allclose(times, TIMES)
    assert folder.list_recordings() == [WALK]
    world = to_array(read_tracks(path))[:, 0]
    np.testing.assert_allclose(world[..., 2], positions[..., 1], atol=1e-6)


def test_our_names_become_those_of_simspine_and_others_stay(tmp_path):
    folder = SimulationFolder(tmp_path)
    names = ["right_hip", "nose", "LASI", "right_LASI", "C7_marker", "RKnee"]
    path = folder.write_positions(WALK, np.random.default_rng(0).random((2, 6, 3)), names, TIMES[:2])
    stored = [name for name in path.read_text().splitlines()[3].split("\t")[2:] if name]
    assert stored == ["RHip", "Nose", "LASI", "right_LASI", "C7_marker", "RKnee"]
    assert folder.read_positions(WALK)[1] == [*names[:-1], "right_knee"]


def test_metres_under_a_header_that_says_mm_are_metres(tmp_path):
    folder = SimulationFolder(tmp_path)
    path = folder.write_positions(WALK, np.full((4, 1, 3), 0.7), ["hip"], TIMES)
    path.write_text(path.read_text(encoding="utf-8").replace("\tm\t", "\tmm\t"), encoding="utf-8")
    assert folder.read_positions(WALK)[0][0, 0, 0] == pytest.approx(0.7)


@pytest.mark.parametrize("degrees", [True, False])
def test_joint_coordinates_come_back_in_radians(tmp_path, degrees):
    folder = SimulationFolder(tmp_path)
    path = folder.write_kinematics(WALK, to_motion(VALUES, NAMES, TIMES, ANGLES, degrees))
    assert f"inDegrees={'yes' if degrees else 'no'}" in path.read_text(encoding="utf-8")
    stored = read_motion(path)
    assert stored.values[0, 1] == pytest.approx(0.1)
    assert stored.values[0, 0] == pytest.approx(np.degrees(0.5) if degrees else 0.5)
    back = from_motion(folder.read_kinematics(WALK), ["other", *NAMES], [True, *ANGLES])
    assert np.isnan(back[:, 0]).all()
    np.testing.assert_allclose(back[:, 1:], VALUES, atol=1e-8)


def test_units_must_be_known_and_agree():
    unknown = JointMotion(TIMES, NAMES, VALUES, "unknown")
    with pytest.raises(InputError, match="does not say whether its angles are degrees"):
        from_motion(unknown, NAMES, ANGLES)
    assert from_motion(unknown, NAMES, ANGLES, "radian")[0, 0] == 0.5
    with pytest.raises(InputError, match="in degrees"):
        from_motion(JointMotion(TIMES, NAMES, VALUES, "degree"), NAMES, ANGLES, "radian")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: to_motion(VALUES, NAMES[:1], TIMES, ANGLES[:1]), "expected \\(4, 1\\)"),
        (lambda: to_motion(VALUES, NAMES, TIMES, [True]), "one for each of the 2 names"),
        (
            lambda: from_motion(to_motion(VALUES, NAMES, TIMES, ANGLES), ["knee"], [True]),
            "none of the model's",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_missing_files_and_wrong_shapes_are_refused(tmp_path):
    folder = SimulationFolder(tmp_path)
    assert folder.list_recordings() == []
    with pytest.raises(MissingFileError, match="check the subject"):
        folder.read_positions(WALK)
    with pytest.raises(MissingFileError, match="check the subject"):
        folder.read_kinematics(WALK)
    with pytest.raises(InputError, match="expected \\(4, 2, 3\\)"):
        folder.write_positions(WALK, np.zeros((4, 1, 3)), ["hip", "neck"], TIMES)
