"""Which coordinates move the whole body: those next to the ground, and those behind a weld to it."""

import pytest
from models_osim import coordinate, document, joint, marker

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.fitting.unknowns import unknowns_of


@pytest.mark.parametrize("welded", [False, True])
def test_a_joint_behind_a_weld_to_the_ground_moves_the_whole_body(tmp_path, welded):
    six = [coordinate(f"pelvis_{i}") for i in range(6)]
    root = "platform" if welded else "ground"
    joints = [
        joint("WeldJoint", "fixed", "ground", "platform"),
        joint("FreeJoint", "root", root, "pelvis", six),
        joint("PinJoint", "hip", "pelvis", "thigh", [coordinate("hip_angle")]),
        joint("PinJoint", "knee", "thigh", "shank", [coordinate("knee_angle")]),
    ]
    bodies = ["platform", "pelvis", "thigh", "shank"]
    path = tmp_path / "model.osim"
    path.write_text(document(bodies, joints, [marker(f"on_{name}", name) for name in bodies]))
    unknowns = unknowns_of(read_osim(path))
    whole = {name for name, body in zip(unknowns.names, unknowns.body) if body}
    assert whole == {f"pelvis_{i}" for i in range(6)}
