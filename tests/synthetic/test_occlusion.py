"""The body hides its own keypoints: rays through capsules, one by one, and what everybody knows of bodies."""

import naive_occlusion as naive
import numpy as np
import pytest

from mvtri import CameraGroup, human36m_cameras
from mvtri.errors import InputError
from mvtri.kernels.images.occlusion import hidden_points
from mvtri.kernels.images.render import cover
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, Look, Renderer, Scene, View, animate, random_motion, self_occlusion, still
from mvtri.synthetic.surface import surface

SKELETON = get_skeleton("spinetrack37")
NAMES = SKELETON.keypoints
CAMS = human36m_cameras("S9")
LOOK, ROOM = Look.sample(0), Scene.sample(0, CAMS.centers)


def ring(degrees, height=1.2, distance=4.0, centre=(0, 0, 0)):
    """Cameras around the z axis that look at (0, 0, 1), at azimuths from the x axis; moved by `centre`."""
    rotations, translations = [], []
    for azimuth in np.radians(degrees):
        eye = np.array([distance * np.cos(azimuth), distance * np.sin(azimuth), height])
        forward = np.array([0, 0, 1.0]) - eye
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        rotations.append([right, np.cross(forward, right), forward])
        translations.append(-np.array(rotations[-1]) @ (eye + centre))
    count = len(rotations)
    return CameraGroup(
        names=[f"at {angle}" for angle in degrees],
        image_sizes=[[1000, 1000]] * count,
        matrices=[[[1000, 0, 500], [0, 1000, 500], [0, 0, 1]]] * count,
        distortions=[[0.0] * 4] * count,
        rotations=rotations,
        translations=translations,
    )


def hidden_from(azimuth, points=None):
    """The keypoints hidden from a camera at `azimuth` of a person who stands and faces x."""
    points = animate(Body(), still(1)).keypoints[0] if points is None else points
    return {name for name, gone in zip(NAMES, self_occlusion(points, ring([azimuth]), NAMES)[:, 0]) if gone}


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_agrees_with_rays_through_capsules(seed):
    rng = np.random.default_rng(seed)
    frames, count, capsules, views = 3, 12, 9, 4
    starts = rng.normal(0, 0.5, (frames, capsules, 3))
    ends = starts + rng.normal(0, 0.3, starts.shape)
    ends[:, 0] = starts[:, 0]  # a ball
    points = rng.normal(0, 0.5, (frames, count, 3))
    points[:, :capsules] = starts + rng.normal(0, 0.05, starts.shape)  # many inside
    points[:, -1] = starts[:, 3] + rng.random((frames, 1)) * (ends - starts)[:, 3]  # on an axis
    starts[1, 4], points[2, 5] = np.nan, np.nan
    eyes = rng.normal(0, 1, (views, 3))
    eyes *= 3 / np.linalg.norm(eyes, axis=1, keepdims=True)
    eyes[3] = starts[0, 3] - 2.0 * (ends - starts)[0, 3]  # looks along an axis
    radii, depths = rng.uniform(0.03, 0.15, capsules), rng.uniform(0.0, 0.2, capsules)
    owned = rng.random((capsules, count)) < 0.1
    out = np.empty((frames, count, views), dtype=bool)
    hidden_points(points, starts, ends, radii, depths, owned, eyes, out)
    for t, k, c in np.ndindex(out.shape):
        expected = any(
            not owned[p, k]
            and naive.hides(eyes[c], points[t, k], starts[t, p], ends[t, p], radii[p], depths[p])
            for p in range(capsules)
        )
        assert out[t, k, c] == expected, (t, k, c)
    assert 0.1 < out.mean() < 0.9


def test_one_side_hides_the_other_from_its_own_side():
    from_left, from_right = hidden_from(90), hidden_from(270)
    limbs = ("ear", "shoulder", "elbow", "wrist", "knee", "ankle")
    assert {f"right_{limb}" for limb in limbs} <= from_left
    assert not {f"left_{limb}" for limb in limbs} & from_left
    assert {f"left_{limb}" for limb in limbs} <= from_right


def test_the_spine_is_seen_from_behind_and_not_from_in_front():
    spine = {"hip", *(f"spine_0{level}" for level in range(1, 6))}
    assert spine <= hidden_from(0)
    assert not spine & hidden_from(180)
    face = {"nose", "left_eye", "right_eye"}
    assert face <= hidden_from(180)
    assert not face & hidden_from(0)


def depth_in_skin(renderer, animation, frame):
    """How much of the rendered body, m, is between the camera and each keypoint, by the renderer's rays."""
    camera = renderer.view.camera
    maps, offsets, _, _, _ = renderer._placed(animation, frame)
    seen = animation.keypoints[frame] @ camera.rotations[0].T + camera.translations[0]
    rays = np.ascontiguousarray((seen[:, :2] / seen[:, 2:])[None])
    depth, owner = np.full((1, 37), np.inf), np.full((1, 37), -1)
    boxes = np.tile([0, 0, 37, 1], (len(maps), 1))
    cover(rays, boxes, maps, offsets, surface(animation.body, LOOK).shapes, depth, owner)
    return (seen[:, 2] - depth[0]) * np.sqrt(1 + (rays[0] ** 2).sum(axis=-1))


def test_it_agrees_with_the_skin_that_is_rendered():
    animation = animate(Body(), random_motion(600, 4))
    frames = np.arange(0, 600, 20)
    views = [View(CAMS.subset([name]), 1, np.zeros((1, 1, 2))) for name in CAMS.names]
    renderers = [Renderer(view, ROOM, LOOK) for view in views]
    skin = np.array([[depth_in_skin(one, animation, frame) for one in renderers] for frame in frames])
    agree = np.swapaxes(skin > 0.1, 1, 2) == self_occlusion(animation.keypoints[frames], CAMS, NAMES)
    for part in ("ear", "shoulder", "elbow", "wrist", "knee", "ankle"):
        assert agree[:, SKELETON.indices([f"left_{part}", f"right_{part}"])].mean() > 0.85, part
    spine = SKELETON.indices([f"spine_0{level}" for level in range(1, 6)])
    assert agree[:, spine].mean() > 0.8
    assert agree.mean() > 0.85


def test_crossed_legs_hide_each_other():
    points = animate(Body(), still(1)).keypoints[0]
    assert "right_knee" not in hidden_from(0, points)
    crossed = points.copy()
    knee, ankle = NAMES.index("left_knee"), NAMES.index("left_ankle")
    shift = points[NAMES.index("right_knee")] - points[knee] + [0.15, 0, 0]
    crossed[[knee, ankle]] += shift
    assert "right_knee" in hidden_from(0, crossed)


def test_left_and_right_are_treated_alike():
    points = animate(Body(), random_motion(40, 3)).keypoints
    mirrored = (points * [1, -1, 1])[:, SKELETON.mirror]
    seen = self_occlusion(points, ring([0, 90, 180]), NAMES)
    other = self_occlusion(mirrored, ring([0, 270, 180]), NAMES)
    np.testing.assert_array_equal(seen, other[:, SKELETON.mirror])


def test_wherever_the_person_stands():
    points = animate(Body(), random_motion(40, 5)).keypoints
    away = np.array([30.0, -20.0, 10.0])
    seen, moved = (self_occlusion(points + by, ring([10, 130], centre=by), NAMES) for by in (0 * away, away))
    np.testing.assert_array_equal(seen, moved)


def behind(ends, offset, names):
    """Whether a nose 0.6 m behind the middle of the keypoints `ends` and `offset` beside it is hidden."""
    middle = np.mean(ends, axis=0)
    points = np.array([*ends, middle + [-0.6, offset, 0]])
    far = ring([0], height=float(middle[2]), distance=1000.0)
    return bool(self_occlusion(points, far, [*names, "nose"])[-1, 0])


@pytest.mark.parametrize(
    ("names", "radius"),
    [
        (("left_shoulder", "left_elbow"), 0.050),
        (("right_elbow", "right_wrist"), 0.040),
        (("right_hip", "right_knee"), 0.075),
        (("left_knee", "left_ankle"), 0.050),
        (("left_heel", "left_big_toe"), 0.030),
        (("right_heel", "right_small_toe"), 0.025),
    ],
)
def test_limbs_are_as_thick_as_documented_and_do_not_hide_their_own_joints(names, radius):
    ends = np.array([[0, 0, 1.2], [0, 0, 0.8]])
    assert behind(ends, 0.97 * radius, names)
    assert behind(ends, -0.97 * radius, names)
    assert not behind(ends, 1.03 * radius, names)
    lying = np.array([[0.0, 0, 1.0], [-0.4, 0, 1.0]])  # seen from in front, one end behind the other
    assert not self_occlusion(lying, ring([0], height=1.0), names).any()


def test_the_trunk_is_as_wide_as_documented():
    names = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    trunk = np.array([[0, 0.09, 0.95], [0, -0.09, 0.95], [0, 0.18, 1.45], [0, -0.18, 1.45]])
    assert behind(trunk, 0.12, names)
    assert behind(trunk, -0.12, names)
    assert not behind(trunk, 0.14, names)


def test_the_place_and_the_leading_axes_do_not_matter():
    points = animate(Body(), random_motion(6, 1)).keypoints
    hidden = self_occlusion(points, CAMS, NAMES)
    assert hidden.shape == (6, 37, 4)
    np.testing.assert_array_equal(
        self_occlusion(points.reshape(2, 3, 37, 3), CAMS, NAMES), hidden.reshape(2, 3, 37, 4)
    )
    np.testing.assert_array_equal(self_occlusion(points[0], CAMS, NAMES), hidden[0])


def test_what_is_missing_is_not_hidden_and_hides_nothing():
    points = animate(Body(), still(1)).keypoints[0]
    points[NAMES.index("right_knee")] = np.nan
    assert "right_knee" not in hidden_from(90, points)
    points[[NAMES.index("left_knee"), NAMES.index("left_ankle")]] = np.nan
    assert not {"right_ankle", "right_heel"} & hidden_from(90, points)


@pytest.mark.parametrize("name", ["coco17", "human36m17", "halpe26", "body25"])
def test_other_skeletons_hide_too(name):
    skeleton = get_skeleton(name)
    common = [key for key in skeleton.keypoints if key in NAMES]
    points = np.full((20, len(skeleton), 3), np.nan)
    full = animate(Body(), random_motion(20, 2)).keypoints
    points[:, skeleton.indices(common)] = full[:, SKELETON.indices(common)]
    hidden = self_occlusion(points, CAMS, skeleton.keypoints)
    assert 0.05 < hidden[:, skeleton.indices(common)].mean() < 0.6


def test_names_and_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"shape \(5, 4, 3\); expected \(\.\.\., 2 keypoints, 3\)"):
        self_occlusion(np.zeros((5, 4, 3)), CAMS, ["nose", "neck"])
    with pytest.raises(InputError, match="the keypoints nose, neck span no part of a body"):
        self_occlusion(np.zeros((5, 2, 3)), CAMS, ["nose", "neck"])
