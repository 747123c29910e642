"""Faults of one camera, crops and mirrored worlds: named where undoing them alone makes all views agree."""

import numpy as np
import pytest
from sessions_verdicts import NAMES, changed, detected, person, rig

from mvtri.plausibility import check_points2d
from mvtri.plausibility.corrections import Correction, applied, corrections, disagreement, errors_of
from mvtri.plausibility.handedness import mirrored_share
from mvtri.plausibility.one_correction import _agrees_as_well
from mvtri.plausibility.views import nearest_points, poses_of

CAMS = rig()
PEOPLE = person(20)
SEEN = detected(PEOPLE, CAMS)


def found_in(points2d, cams=CAMS):
    (finding,) = check_points2d(points2d, cams, keypoints=NAMES)
    return finding


def one_pose(camera, rotation, translation):
    rotations, translations = np.array(CAMS.rotations), np.array(CAMS.translations)
    rotations[camera], translations[camera] = rotation, translation
    return changed(CAMS, rotations=rotations, translations=translations)


@pytest.mark.parametrize("camera", [0, 2])
def test_one_camera_of_another_convention(camera):
    R, t, center = CAMS.rotations[camera], CAMS.translations[camera], CAMS.centers[camera]
    name = (CAMS.names[camera],)
    inverse = found_in(SEEN, one_pose(camera, R.T, center))
    assert (inverse.kind, inverse.cameras) == ("inverted", name)
    transposed = found_in(SEEN, one_pose(camera, R.T, t))
    assert (transposed.kind, transposed.cameras) == ("inverted", name)
    centre = found_in(SEEN, one_pose(camera, R, center))
    assert (centre.kind, centre.cameras) == ("centre", name)


def test_conventions_that_look_alike_are_named_both():
    sight = np.asarray(CAMS.rotations)[1, 2]  # half a turn has this line of sight, and is its own transpose
    half = (sight + np.array([0.0, 0.0, 1.0])) / np.linalg.norm(sight + np.array([0.0, 0.0, 1.0]))
    R, center = 2.0 * np.outer(half, half) - np.eye(3), CAMS.centers[1]
    true = one_pose(1, R, -R @ center)
    found = found_in(detected(PEOPLE, true), one_pose(1, R, center))
    assert {found.kind, *found.alternatives} == {"inverted", "centre"}
    assert found.cameras == (CAMS.names[1],)
    assert "With these poses it looks the same if" in found.text


def test_all_translations_are_centres():
    finding = found_in(SEEN, changed(CAMS, translations=np.asarray(CAMS.centers)))
    assert (finding.kind, finding.cameras) == ("centre", ())


def test_the_2d_of_one_camera_is_scaled_or_turned():
    scaled, turned = SEEN.copy(), SEEN.copy()
    scaled[:, :, 1] *= 0.5
    finding = found_in(scaled)
    assert (finding.kind, finding.factor, finding.cameras) == ("resolution", 0.5, (CAMS.names[1],))
    height = CAMS.image_sizes[1, 1]
    turned[:, :, 1] = np.stack([height - 1 - SEEN[:, :, 1, 1], SEEN[:, :, 1, 0]], axis=-1)
    finding = found_in(turned)
    assert (finding.kind, finding.cameras) == ("turned", (CAMS.names[1],))


def test_a_crop_is_found_with_its_corner():
    points2d = SEEN - [90.0, 130.0]
    assert found_in(points2d).kind == "cropped"
    (best, *_) = corrections(points2d.reshape(-1, 4, 2)[::5], CAMS)
    assert best.name == "cropped"
    np.testing.assert_allclose(best.corner, [90.0, 130.0], atol=8.0)
    undone = applied(best._replace(corner=(90.0, 130.0)), points2d, CAMS)[0]
    np.testing.assert_allclose(undone, CAMS.undistort(SEEN))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_left_handed_world(axis):
    mirror = np.diag(np.where(np.arange(3) == axis, -1.0, 1.0))
    cams = changed(CAMS, rotations=mirror @ CAMS.rotations @ mirror, translations=CAMS.translations @ mirror)
    finding = found_in(SEEN, cams)
    assert "mirrored_axes" in (finding.kind, *finding.alternatives)


def test_people_who_are_mirrored_are_told():
    poses = poses_of(CAMS)
    assert mirrored_share(CAMS.undistort(CAMS.project(PEOPLE)), poses, NAMES) == 0.0
    sides = {"left": "right", "right": "left"}
    other = [f"{sides[side]}_{rest}" if side in sides else name for name in NAMES
             for side, _, rest in [name.partition("_")]]  # fmt: skip
    swapped = PEOPLE[:, [NAMES.index(name) for name in other]]
    assert mirrored_share(CAMS.undistort(CAMS.project(swapped)), poses, NAMES) == 1.0
    assert np.isnan(mirrored_share(CAMS.undistort(CAMS.project(PEOPLE[:, :5])), poses, NAMES[:5]))


def test_points_and_errors_of_exact_views():
    seen = CAMS.undistort(CAMS.project(PEOPLE[0]))
    np.testing.assert_allclose(nearest_points(seen, poses_of(CAMS)), PEOPLE[0], atol=1e-6)
    np.testing.assert_allclose(errors_of(seen, poses_of(CAMS)), 0.0, atol=1e-4)
    seen[:, 1:] = np.nan
    assert np.isnan(nearest_points(seen, poses_of(CAMS))).all()


def test_a_corrected_camera_has_to_agree_as_well_as_the_others():
    points = SEEN.reshape(-1, 4, 2)
    three = CAMS.subset([CAMS.names[c] for c in (0, 1, 3)])
    others = disagreement(three.undistort(points[:, [0, 1, 3]]), poses_of(three))
    for times, agrees in ((1.1, True), (2.0, False)):
        found = Correction("resolution", (2,), times * others, 0.9)
        assert _agrees_as_well(found, points, CAMS) == agrees
        assert _agrees_as_well(found, points[:, :3], CAMS.subset(CAMS.names[:3]))  # two say too little
        assert _agrees_as_well(found._replace(cameras=()), points, CAMS)
