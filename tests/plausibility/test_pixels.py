"""2D that is no pixels of these cameras: each mistake is named, and right 2D never is."""

import numpy as np
import pytest
from sessions_verdicts import NAMES, detected, person, rig, turned

from mvtri.cameras import CameraGroup
from mvtri.plausibility import check_points2d, check_values2d


def kinds(points2d, cams, **options):
    return [finding.kind for finding in check_points2d(points2d, cams, keypoints=NAMES, **options)]


def flipped(points2d, cams):
    result = points2d.copy()
    result[..., 1] = cams.image_sizes[:, 1] - 1 - result[..., 1]
    return result


def quarter_turn(points2d, cams):
    """What a detector finds in videos that were turned by 90 degrees clockwise."""
    return np.stack([cams.image_sizes[:, 1] - 1 - points2d[..., 1], points2d[..., 0]], axis=-1)


@pytest.mark.parametrize("subject", ["S1", "S9", "S11"])
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("bias", [0.0, 5.0, 12.0])
def test_right_2d_is_plausible(subject, count, bias):
    cams = rig(subject, count)
    assert kinds(detected(person(), cams, bias=bias), cams) == []


FLIP = np.diag([1.0, -1.0, -1.0])


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda r, t: (r.T, -r.T @ t), "go from the camera to the world: "),
        (lambda r, t: (r.T, t), "are transposed"),
        (lambda r, t: (FLIP @ r, FLIP @ t), "y points up and z backwards"),
        (
            lambda r, t: (r.T @ FLIP, -r.T @ t),
            "to the world, and the cameras' y points up",
        ),
    ],
)
def test_poses_of_another_convention_are_named(given, words, count):
    """X = R^T (Xc - t): what a file holds that stores the inverse, or the axes of OpenGL's cameras."""
    cams = rig(cameras=count)
    poses = [given(r, t) for r, t in zip(cams.rotations, cams.translations)]
    wrong = CameraGroup(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=cams.matrices,
        distortions=cams.distortions,
        rotations=[r for r, _ in poses],
        translations=[t for _, t in poses],
        models=cams.models,
    )
    (found,) = check_points2d(detected(person(), cams, bias=3.0), wrong, keypoints=NAMES)
    assert (found.kind, found.level) == ("inverted", "bad")
    assert words in found.text


def test_a_displaced_camera_is_no_matter_of_pixels():
    cams = rig()
    assert kinds(detected(person(), cams), turned(cams, 1, 8.0)) == []


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("factor", [0.5, 2 / 3, 1.5, 2.0])
def test_another_resolution_is_named_with_its_factor(factor, count):
    cams = rig(cameras=count)
    (found,) = check_points2d(factor * detected(person(), cams, bias=3.0), cams)
    assert (found.kind, found.level) == ("resolution", "bad")
    assert found.factor == pytest.approx(factor, rel=0.05)
    assert f"about {found.factor * 1000:.0f} x" in found.text


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda p, c: p[..., ::-1], "exchanged", "x and y of the 2D are exchanged"),
        (flipped, "y_up", "pass height - 1 - y"),
        (
            lambda p, c: np.stack([c.image_sizes[:, 0] - 1 - p[..., 0], p[..., 1]], -1),
            "mirrored",
            "width - 1 - x",
        ),
        (lambda p, c: c.image_sizes - 1 - p, "turned", "upside down"),
        (quarter_turn, "turned", "turned by 90 degrees clockwise"),
        (lambda p, c: p / c.image_sizes, "normalised", "Multiply x by the width"),
    ],
)
def test_wrong_coordinates_are_named(spoil, kind, words):
    cams = rig()
    (found,) = check_points2d(spoil(detected(person(), cams), cams), cams, keypoints=NAMES)
    assert (found.kind, found.level) == (kind, "bad")
    assert words in found.text


def test_y_up_is_seen_by_the_head_where_the_rig_is_symmetric():
    """Level cameras at one height see an upside-down person without any contradiction."""
    from sessions_verdicts import changed

    cams = rig()
    angles = np.radians([0, 80, 170, 260])
    R = np.array([[[-np.sin(a), np.cos(a), 0], [0, 0, -1], [-np.cos(a), -np.sin(a), 0]] for a in angles])
    centers = np.array([[4 * np.cos(a), 4 * np.sin(a), 1.0] for a in angles])
    K = np.tile([[1145.0, 0, 499.5], [0, 1145.0, 499.5], [0, 0, 1]], (4, 1, 1))
    level = changed(
        cams, rotations=R, translations=-np.einsum("cij,cj->ci", R, centers), matrices=K,
        distortions=[np.zeros(5)] * 4, image_sizes=[[1000, 1000]] * 4,
    )  # fmt: skip
    points2d = detected(person(), level)
    assert kinds(points2d, level) == []
    assert kinds(flipped(points2d, level), level) == ["y_up"]
    assert check_points2d(flipped(points2d, level), level) == []  # without names nothing shows it


def test_zeros_stand_for_missing():
    cams = rig()
    points2d = detected(person(), cams)
    points2d[:3, :, 0] = 0.0
    assert kinds(points2d, cams) == ["zeros"]
    (found,) = check_values2d(points2d)
    assert "2.5 % of the 2D points are exactly (0, 0)" in found.text
    scores = (points2d != 0).all(axis=-1).astype(float)
    assert kinds(points2d, cams, scores=scores) == []  # a score of 0 says that it is missing
    points2d[:25, :, 0] = 0.0
    points2d[:, :, 1] = 0.0
    assert check_values2d(points2d)[0].level == "check"
    assert check_values2d(np.zeros((9, 2)))[0].level == "bad"


def test_2d_outside_the_images_of_one_camera():
    cams = rig()
    points2d = detected(person(), cams)
    points2d[:, :, 2] += 700.0
    (found,) = check_points2d(points2d, cams)
    assert (found.kind, found.level) == ("outside", "check")
    assert f"camera {cams.names[2]} lies outside its image of 1000 x 1000 px" in found.text


def test_2d_in_a_corner_where_no_scale_makes_it_agree():
    cams = rig()
    rng = np.random.default_rng(0)
    (found,) = check_points2d(rng.uniform(20, 500, (30, 37, 4, 2)), cams)
    assert (found.kind, found.level) == ("confined", "check")


def test_nothing_is_said_of_nothing():
    cams = rig()
    assert check_points2d(np.full((5, 37, 4, 2), np.nan), cams, keypoints=NAMES) == []
    assert check_values2d(np.full((5, 2), np.nan)) == []
