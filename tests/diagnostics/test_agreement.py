"""Which camera is accused, and when none is."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sessions_verdicts import changed, detected, person, rig, turned

from mvtri.diagnostics import gather_evidence
from mvtri.diagnostics.camera_verdicts import camera_verdicts


def judged(points2d, cams):
    evidence = gather_evidence(points2d, cams)
    return evidence, camera_verdicts(evidence)


def shifted(cams, shifts, turns=None):
    R = np.array(cams.rotations)
    if turns is not None:
        R = R @ Rotation.from_rotvec(turns).as_matrix()
    centers = cams.centers + shifts
    return changed(cams, rotations=R, translations=-np.einsum("cij,cj->ci", R, centers))


@pytest.mark.parametrize("subject", ["S1", "S9", "S11"])
def test_sound_cameras_agree(subject):
    cams = rig(subject)
    evidence, verdicts = judged(detected(person(), cams), cams)
    assert evidence.conclusion == "agree"
    assert verdicts == []
    assert evidence.all_views == pytest.approx(np.hypot(5, 2), rel=0.3)


def test_a_detector_that_errs_much_more_in_one_view_does_not_make_its_camera_wrong():
    cams = rig()
    points2d = detected(person(), cams, bias=3.0)
    points2d[:, :, 1] += 15.0 * np.random.default_rng(4).standard_normal((37, 2))
    evidence, verdicts = judged(points2d, cams)
    assert evidence.left_out[1] > 2 * np.delete(evidence.left_out, 1).max() / 1.5
    assert evidence.rest.argmin() == 1  # what a test of sizes alone would accuse
    assert evidence.accused is None
    assert verdicts == []


@pytest.mark.parametrize("camera", range(4))
def test_a_turned_camera_is_accused_and_how_far_it_turned_is_said(camera):
    cams = rig()
    evidence, (verdict,) = judged(detected(person(), cams), turned(cams, camera, 5.0, (0.0, 1.0, 0.0)))
    assert evidence.conclusion == verdict.kind == "camera"
    assert evidence.accused == camera
    assert evidence.rest.argmin() == camera
    assert evidence.support.argmax() == camera
    assert evidence.shifts[camera, 0] == pytest.approx(5.0, abs=1.0)
    assert verdict.level == "bad"
    assert verdict.evidence is evidence
    assert f"Camera {cams.names[camera]} does not fit the others" in verdict.text
    others = ",".join(name for c, name in enumerate(cams.names) if c != camera)
    assert f"--cams {others}" in verdict.text


def test_a_shifted_camera_of_five_is_accused():
    cams = rig()
    fifth = changed(
        cams,
        names=[*cams.names, "fifth"], models=[*cams.models, "opencv"],
        distortions=[*cams.distortions, [0.0] * 4],
        image_sizes=[*cams.image_sizes, [1000, 1000]], matrices=[*cams.matrices, cams.matrices[0]],
        rotations=[*cams.rotations, np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)],
        translations=[*cams.translations, [0.0, 1.0, 4.0]],
    )  # fmt: skip
    moves = np.zeros((5, 3))
    moves[4] = [0.25, 0.0, 0.0]
    evidence, _ = judged(detected(person(), fifth), shifted(fifth, moves))
    assert evidence.accused == 4


@pytest.mark.parametrize("camera", range(4))
def test_a_shift_of_eight_centimetres_does_not_go_unnoticed(camera):
    """It moves the 2D by 15 px, and the errors of this detector are 7 px, but each keypoint has its own."""
    cams = rig()
    moves = np.zeros((4, 3))
    moves[camera] = 0.08 * cams.rotations[camera][0]  # across the view
    evidence, (verdict,) = judged(detected(person(), cams), shifted(cams, moves))
    assert evidence.conclusion in ("camera", "undecidable")
    assert evidence.accused in (camera, None)
    assert evidence.support.argmax() == camera
    assert verdict.level == "bad"


@pytest.mark.parametrize("seed", range(3))
def test_calibrations_that_are_off_by_a_hair_are_sound(seed):
    """Each camera 0.05 degrees and 1 mm off, and views that are wrong for a moment: nothing to accuse."""
    cams, rng = rig(), np.random.default_rng(seed)
    points2d = detected(person(), cams, seed=seed)
    wrong = rng.random(points2d.shape[:-1]) < 0.02
    points2d += 60.0 * wrong[..., None] * rng.standard_normal(points2d.shape)
    turns = np.radians(0.05) * rng.standard_normal((4, 3)) / np.sqrt(3)
    evidence, verdicts = judged(points2d, shifted(cams, 1e-3 * rng.standard_normal((4, 3)), turns))
    assert (evidence.conclusion, evidence.hint, verdicts) == ("agree", False, [])


def test_a_camera_whose_2d_shows_somebody_else_is_accused():
    cams = rig()
    points2d = detected(person(), cams)
    points2d[:, :, 3] = detected(person(seed=9) + [1.2, 0.8, 0.0], cams)[:, :, 3]
    assert judged(points2d, cams)[0].accused == 3


def test_two_against_two_is_undecidable():
    cams = rig()
    vector = np.radians(6.0) * np.array([0.0, 0.0, 1.0])
    turns, moves, middle = np.zeros((4, 3)), np.zeros((4, 3)), cams.centers[[0, 2]].mean(axis=0)
    turns[[0, 2]] = -vector
    G = Rotation.from_rotvec(vector).as_matrix()
    moves[[0, 2]] = (cams.centers[[0, 2]] - middle) @ (G - np.eye(3)).T
    evidence, (verdict,) = judged(detected(person(), cams), shifted(cams, moves, turns))
    assert evidence.conclusion == "undecidable"
    assert evidence.accused is None
    assert evidence.groups == ((0, 2), (1, 3))
    assert "Two against two cannot be decided" in verdict.text
    assert evidence.pairs[0, 2] < 10 < evidence.pairs[0, 1]
    assert evidence.pairs[1, 3] < 10


@pytest.mark.parametrize("count", [2, 3])
def test_with_two_or_three_cameras_none_is_accused(count):
    cams = rig(cameras=count)
    evidence, (verdict,) = judged(detected(person(), cams), turned(cams, 0, 6.0, (1.0, 0.0, 0.0)))
    assert evidence.accused is None
    assert "decided" in verdict.text
    assert not any(f"Camera {name}" in verdict.text for name in cams.names)


def test_a_rig_that_is_off_as_a_whole():
    cams = rig()
    rng = np.random.default_rng(3)
    off = shifted(cams, 0.05 * rng.standard_normal((4, 3)), np.radians(1.5) * rng.standard_normal((4, 3)))
    evidence, (verdict,) = judged(detected(person(), cams, bias=3.0), off)
    assert evidence.conclusion == "rig"
    assert evidence.refined < 0.5 * evidence.all_views
    assert "The calibration as a whole" in verdict.text
    assert not any(name in verdict.text for name in cams.names)


def test_2d_that_another_rig_explains_perfectly():
    cams = rig()
    rng = np.random.default_rng(5)
    other = shifted(cams, 0.05 * rng.standard_normal((4, 3)), np.radians(1.0) * rng.standard_normal((4, 3)))
    evidence, (verdict,) = judged(cams.project(person()), other)
    assert evidence.conclusion == "foreign"
    assert evidence.refined < 0.2
    assert "do not belong together" in verdict.text


def test_views_that_nothing_explains():
    cams = rig()
    points2d = np.random.default_rng(2).uniform(200, 800, (30, 37, 4, 2))
    evidence, (verdict,) = judged(points2d, cams)
    assert evidence.accused is None
    assert evidence.conclusion in ("contradiction", "undecidable", "rig")
    assert verdict.level == "bad"


def test_exact_2d_of_a_sound_rig_is_fine():
    cams = rig()
    evidence, verdicts = judged(cams.project(person()), cams)
    assert (evidence.conclusion, verdicts) == ("agree", [])
    assert evidence.all_views < 1e-3


def test_a_camera_without_views_is_not_judged():
    cams = rig()
    points2d = detected(person(), cams)
    points2d[:, :, 2] = np.nan
    evidence, _ = judged(points2d, turned(cams, 0, 6.0, (1.0, 0.0, 0.0)))
    assert evidence.cameras == tuple(np.delete(cams.names, 2))
    assert evidence.accused is None  # three are left


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_few_frames(frames):
    cams = rig()
    evidence = gather_evidence(detected(person(4), cams)[:frames], cams)
    assert (evidence is None) == (frames == 0)
    assert evidence is None or evidence.conclusion == "agree"


def test_too_little_to_judge():
    cams = rig()
    points2d = np.full((9, 37, 4, 2), np.nan)
    assert gather_evidence(points2d, cams) is None
    points2d[0, :3] = detected(person(1), cams)[0, :3]
    assert gather_evidence(points2d, cams) is None


def fits_with(evidences):
    """Fits of four cameras with the evidence that is given by hypothesis; -50 for the others."""
    from mvtri.diagnostics.hypotheses import Fit, hypotheses_for

    return [
        Fit(each, evidences.get(each.cameras, -50.0), np.zeros((4, 6)), np.ones(4))
        for each in hypotheses_for(4)
    ]


@pytest.mark.parametrize(
    ("evidences", "conclusion", "accused"),
    [
        ({(): 0, (2,): 30}, "camera", 2),
        ({(): 0, (2,): 7.9}, "agree", None),
        ({(): 0, (2,): 30, (1,): 25}, "undecidable", None),  # another camera explains it nearly as well
        ({(): 0, (2,): 30, (0, 3): 23}, "undecidable", None),  # or two together
        ({(): 0, (2,): 30, (0, 1, 2, 3): 28}, "undecidable", None),  # or a little of all
        ({(): 0, (2,): 30, (0, 1, 2, 3): 40}, "rig", None),
        ({(): 0, (2,): 30, (0, 1, 2, 3): 31}, "undecidable", None),
        ({(): 0, (2,): 30, (0, 3): 40}, "undecidable", None),
    ],
)
def test_a_camera_is_accused_only_where_nothing_else_comes_near(evidences, conclusion, accused):
    from mvtri.diagnostics.agreement import Evidence, _concluded

    evidence = Evidence(
        cameras=tuple("abcd"),
        pairs=np.full((4, 4), 20.0),
        left_out=np.full(4, 20.0),
        rest=np.array([15.0, 15.0, 5.0, 15.0]),
        all_views=14.0,
        refined=4.0,
        support=np.zeros(4),
        support_all=0.0,
        shifts=np.zeros((4, 2)),
        shifts_all=np.zeros((4, 2)),
        noticed=np.zeros((4, 2)),
        conclusion="agree",
    )
    found = _concluded(evidence, fits_with(evidences), 1414.0)
    assert (found.conclusion, found.accused) == (conclusion, accused)
    alike = np.array([15.0, 15.0, 14.0, 15.0])  # leaving it out does not make the others agree

    found = _concluded(dataclasses.replace(evidence, rest=alike), fits_with(evidences), 1414.0)
    assert found.accused is None
