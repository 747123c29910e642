"""What a calibration alone shows: each fault is named, and real rigs are left alone."""

import numpy as np
import pytest
from sessions_verdicts import changed, rig

import mvtri
from mvtri.plausibility import check_rig


def kinds(cams):
    return [finding.kind for finding in check_rig(cams)]


@pytest.mark.parametrize("subject", ["S1", "S5", "S9", "S11"])
def test_real_rigs_are_left_alone(subject):
    assert check_rig(mvtri.human36m_cameras(subject)) == []


def one_changed(name, change):
    cams = rig()
    values = np.array(getattr(cams, name), dtype=np.float64)
    change(values)
    return changed(cams, **{name: values})


def test_a_focal_length_of_another_resolution():
    def change(matrices):
        matrices[1, 0, 0] *= 1.5

    (found,) = check_rig(one_changed("matrices", change))
    assert (found.kind, found.cameras) == ("focal", (rig().names[1],))
    assert "focal lengths of 17" in found.text


def test_the_usual_focal_lengths_are_those_of_the_lens():
    cams = rig()
    matrices = np.array(cams.matrices)
    matrices[:, [0, 1], [0, 1]] = 200.0  # in images of 1000 px
    fisheye = changed(cams, matrices=matrices, distortions=[np.zeros(4)] * 4, models=["fisheye"] * 4)
    assert "focal" not in [each.kind for each in check_rig(fisheye)]
    matrices[1, [0, 1], [0, 1]] = 100.0
    (found,) = [each for each in check_rig(changed(fisheye, matrices=matrices)) if each.kind == "focal"]
    assert found.cameras == (cams.names[1],)
    assert "0.15 to 10 times" in found.text


def test_a_principal_point_of_another_size():
    def change(matrices):
        matrices[2, 0, 2] += 300.0

    (found,) = check_rig(one_changed("matrices", change))
    assert (found.kind, found.level, found.cameras) == ("principal_point", "check", (rig().names[2],))


def test_a_lens_that_folds():
    """x (1 + k1 r^2) is largest at r = sqrt(-1 / (3 k1)): 0.33 for k1 = -3, and the edge is at 0.44."""
    cams = rig()
    lenses = [np.asarray(each) for each in cams.distortions]
    lenses[0] = np.array([-3.0, 0.0, 0.0, 0.0, 0.0])
    (found,) = check_rig(changed(cams, distortions=lenses))
    assert (found.kind, found.cameras) == ("folding_lens", (cams.names[0],))


def test_a_pose_that_was_copied():
    cams = rig()
    rotations, translations = np.array(cams.rotations), np.array(cams.translations)
    rotations[1], translations[1] = rotations[0], translations[0]
    found = check_rig(changed(cams, rotations=rotations, translations=translations))
    assert [each.kind for each in found] == ["same_pose"]
    assert found[0].cameras == tuple(cams.names[:2])


def test_two_cameras_in_one_place():
    cams = rig()
    translations = np.array(cams.translations)
    translations[1] = -cams.rotations[1] @ cams.centers[0]
    found = check_rig(changed(cams, translations=translations))
    assert ("same_place", tuple(cams.names[:2])) in [(each.kind, each.cameras) for each in found]


@pytest.mark.parametrize(
    ("factor", "level", "words"),
    [
        (1000.0, "bad", "It is probably 1,000 times too large"),
        (30.0, "check", "It is perhaps 39.37 or 100 times too large"),
        (0.001, "bad", "It is perhaps 100 or 1,000 times too small"),
    ],
)
def test_a_wrong_unit(factor, level, words):
    cams = rig()
    (found,) = check_rig(changed(cams, translations=factor * np.asarray(cams.translations)))
    assert (found.kind, found.level) == ("rig_size", level)
    assert words in found.text
    assert found.factor == {30.0: 100.0}.get(factor, factor)


def test_cameras_that_look_away():
    cams = rig()
    found = check_rig(changed(cams, translations=np.asarray(cams.centers)))
    assert "looking_away" in [each.kind for each in found]
    half_turn = np.diag([-1.0, 1.0, -1.0])
    rotations = np.array(cams.rotations)
    rotations[3] = half_turn @ rotations[3]
    translations = -np.einsum("cij,cj->ci", rotations, cams.centers)
    (one,) = check_rig(changed(cams, rotations=rotations, translations=translations))
    assert (one.kind, one.level, one.cameras) == ("looking_away", "check", (cams.names[3],))


def test_one_camera_alone_and_parallel_ones():
    cams = rig()
    assert check_rig(cams.subset(cams.names[:1])) == []
    same = np.tile(np.asarray(cams.rotations)[:1], (4, 1, 1))
    translations = -np.einsum("cij,cj->ci", same, cams.centers)
    assert kinds(changed(cams, rotations=same, translations=translations)) == []
