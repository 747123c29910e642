"""OpenSim's ``.mot`` and ``.sto``, against files that OpenSim wrote itself (make_opensim_tables.py)."""

import numpy as np
import pytest
from places import GOLDEN

from mvtri.errors import InputError
from mvtri.formats import read_motion, write_motion
from mvtri.formats.motion.mot import JointMotion, OrientationMotion

GOLDEN = GOLDEN / "formats"


def test_coordinates_that_opensim_wrote(tmp_path):
    motion = read_motion(GOLDEN / "opensim.mot")
    assert motion.axes == ["pelvis_tilt", "pelvis_tx"]
    assert motion.unit == "degree"
    np.testing.assert_allclose(motion.times, [0, 0.01, 0.02])
    np.testing.assert_allclose(motion.values, [[0, -0.25], [1.5, -0.25], [3, -0.25]])
    for name in ("a.mot", "a.sto"):
        write_motion(tmp_path / name, motion)
        again = read_motion(tmp_path / name)
        assert isinstance(again, JointMotion)
        np.testing.assert_array_equal(again.values, motion.values)
        assert again.unit == "degree"


def test_orientations_that_opensim_wrote(tmp_path):
    motion = read_motion(GOLDEN / "opensim_orientations.sto")
    assert motion.names == ["pelvis_imu"]
    np.testing.assert_allclose(motion.quaternions[:, 0], [[1, 0, 0, 0], [0.5] * 4, [0.5] * 4])
    write_motion(tmp_path / "a.sto", motion)
    again = read_motion(tmp_path / "a.sto")
    assert isinstance(again, OrientationMotion)
    np.testing.assert_array_equal(again.quaternions, motion.quaternions)


HEAD = "name\ninDegrees=no\nendheader\n"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEAD + "time\ta\n0\t1\n0\t2\n", "times .* do not increase"),
        (HEAD + "time\ta\n0\tinf\n", "infinite"),
        (HEAD + "time\ta\ta\n0\t1\t2\n", "two columns called 'a'"),
        (HEAD + "time\ta\n0\tx\n", "something other than numbers"),
        (HEAD + "time\ta\n", "0 rows of 1 columns"),
        ("nRows=2\n" + HEAD + "time\ta\n0\t1\n", "says that it has 2 rows"),
        (
            "DataType=Quaternion\n" + HEAD + "time\ta\n0\t2,0,0,0\n",
            "length is not 1 but 2",
        ),
        ("DataType=Quaternion\n" + HEAD + "time\ta\n0\t1,0,0\n", "numbers"),
        ("DataType=Rotation\n" + HEAD + "time\ta\n0\t1\n", "DataType 'rotation'"),
    ],
)
def test_damaged_tables_are_one_sentence(tmp_path, text, match):
    path = tmp_path / "a.mot"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as caught:
        read_motion(path)
    assert "\n" not in str(caught.value)


def test_spaces_and_tabs_at_line_ends(tmp_path):
    path = tmp_path / "a.mot"
    for text in ("time a b\n 0   1  2\n 0.5 3  4\n", "time\ta\tb\t\n0\t1\t2\t\n0.5\t3\t4\t\n"):
        path.write_text(HEAD.replace("inDegrees=no", "inDegrees = No") + text)
        motion = read_motion(path)
        np.testing.assert_allclose(motion.values, [[1, 2], [3, 4]])
        assert motion.unit == "radian"
