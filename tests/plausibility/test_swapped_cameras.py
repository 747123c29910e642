"""Two cameras whose 2D is exchanged are named; nothing else is taken for that."""

import itertools

import numpy as np
import pytest
from sessions_verdicts import NAMES, detected, person, rig, turned

from mvtri import CameraGroup
from mvtri.plausibility import check_points2d

PEOPLE = person(12)


def swapped(points2d, first, second):
    order = list(range(points2d.shape[-2]))
    order[first], order[second] = second, first
    return points2d[..., order, :]


def ring(count):
    """Cameras all around, 5 m from the middle, that look at it."""
    rotations, centers = [], []
    for i, angle in enumerate(np.radians(17 + 360 / count * np.arange(count))):
        center = np.array([5 * np.cos(angle), 5 * np.sin(angle), 1.5 + 0.15 * (-1) ** i])
        forward = (np.array([0, 0, 1.0]) - center) / np.linalg.norm(np.array([0, 0, 1.0]) - center)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        rotations.append(np.stack([right, np.cross(forward, right), forward]))
        centers.append(center)
    return CameraGroup(
        names=[f"cam{i}" for i in range(count)],
        image_sizes=[[1000, 1000]] * count,
        matrices=[[[1150.0, 0.0, 500.0], [0.0, 1150.0, 500.0], [0.0, 0.0, 1.0]]] * count,
        distortions=[[0.0] * 4] * count,
        rotations=rotations,
        translations=[-R @ center for R, center in zip(rotations, centers)],
    )


def kinds(points2d, cams):
    return [finding.kind for finding in check_points2d(points2d, cams, keypoints=NAMES)]


@pytest.mark.parametrize("pair", list(itertools.combinations(range(4), 2)))
def test_each_pair_of_four_cameras_is_named(pair):
    cams = rig()
    points2d = swapped(detected(PEOPLE, cams, seed=sum(pair)), *pair)
    (finding,) = check_points2d(points2d, cams, keypoints=NAMES)
    assert finding.kind == "exchanged_cameras"
    first, second = (cams.names[c] for c in pair)
    assert finding.text.startswith(f"Cameras {first} and {second} look exchanged: with their 2D exchanged ")


@pytest.mark.parametrize("cameras", [2, 3])
def test_of_few_cameras(cameras):
    cams = rig("S11", cameras)
    assert kinds(swapped(detected(PEOPLE, cams), 0, 1), cams) == ["exchanged_cameras"]


def test_two_of_many_cameras_change_the_median_of_all_views_little():
    cams = ring(8)
    (found,) = check_points2d(swapped(detected(PEOPLE, cams), 2, 5), cams, keypoints=NAMES)
    assert (found.kind, found.cameras) == ("exchanged_cameras", ("cam2", "cam5"))


def test_sound_sessions_and_displaced_cameras_are_not_taken_for_that():
    for seed, name in enumerate(("S1", "S5", "S9", "S11")):
        cams = rig(name)
        points2d = detected(person(12, seed), cams, seed, bias=10.0)
        assert kinds(points2d, cams) == []
        assert "exchanged_cameras" not in kinds(points2d, turned(cams, seed, 6.0))
        assert "exchanged_cameras" not in kinds(points2d[..., ::-1], cams)


def test_y_up_stays_y_up():
    cams = rig()
    points2d = detected(PEOPLE, cams)
    points2d[..., 1] = cams.image_sizes[:, 1] - 1 - points2d[..., 1]
    assert kinds(points2d, cams) == ["y_up"]


def test_two_exchanges_at_once_are_not_explained_by_one():
    cams = rig()
    points2d = swapped(swapped(detected(PEOPLE, cams), 0, 1), 2, 3)
    assert "exchanged_cameras" not in kinds(points2d, cams)


def test_a_camera_that_sees_nothing():
    cams = rig()
    points2d = detected(PEOPLE, cams)
    points2d[:, :, 3] = np.nan
    (found,) = check_points2d(swapped(points2d, 0, 1), cams, keypoints=NAMES)
    assert (found.kind, found.cameras) == ("exchanged_cameras", tuple(cams.names[:2]))
