import math

import naive_synthetic
import numpy as np
import pytest

from mvtri import CameraGroup, human36m_cameras
from mvtri.errors import InputError
from mvtri.kernels.images import render as kernels
from mvtri.synthetic import Body, Look, Renderer, Scene, View, animate, still, turned, walk


def camera(size=(200, 160), focal=220.0, lens=(0.0, 0.0, 0.0, 0.0), distance=4.0):
    """One that looks along the world's y axis, `distance` m in front of the origin, 1 m above the floor."""
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    matrix = [[focal, 0, size[0] / 2 - 3.2], [0, focal, size[1] / 2 + 1.7], [0, 0, 1]]
    return CameraGroup(
        names=["one"],
        image_sizes=[size],
        matrices=[matrix],
        distortions=[lens],
        rotations=[rotation],
        translations=[-rotation @ np.array([0.0, -distance, 1.0])],
    )


def plain_scene():
    scene = Scene.sample(0, np.array([[-5, -5, 0], [5, 5, 3]]))
    scene.materials[:, 6] = 0  # no patterns
    scene.materials[:, 12] = 0  # no grain
    return scene


@pytest.mark.parametrize(
    "shape", [(1.0, 0.5, 0.3), (1.0, 0.3, 0.5), (0.7, 0.4, 0.4), (0.0, 0.6, 0.6), (0.2, 0.5, 0.35)]
)
def test_ray_enters_a_round_cone_where_marching_finds_it(shape):
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(12):
        origin = rng.normal(size=3)
        origin *= 4 / np.linalg.norm(origin)
        direction = rng.normal(scale=0.35, size=3) + (0, 0, shape[0] / 2) - origin
        direction /= 4
        found = kernels.hit_round_cone(*origin, *direction, *shape)
        wanted = naive_synthetic.hit_round_cone(origin, direction, *shape, reach=8.0, steps=800)
        if math.isinf(wanted):
            assert math.isinf(found)
        else:
            hits += 1
            assert found == pytest.approx(wanted, abs=2e-6)
    assert hits >= 3


def test_ray_that_looks_away_hits_nothing():
    assert math.isinf(kernels.hit_round_cone(0, 0, 5, 0, 0, 1, 1.0, 0.5, 0.3))


def test_noise_is_smooth_and_spreads_over_its_range():
    values = np.array([kernels.noise(0.13 * i, 0.7, -3.2) for i in range(400)])
    assert np.abs(np.diff(values)).max() < 0.3
    assert values.min() < 0.3
    assert values.max() > 0.7
    assert kernels.noise(1.5, 2.5, 3.5) == kernels.noise(1.5, 2.5, 3.5)


@pytest.mark.parametrize("place", [(0.0, 0.0, 1.0), (0.9, 0.5, 0.4), (-1.1, -0.3, 1.7)])
@pytest.mark.parametrize("name", human36m_cameras("S9").names[:2])
def test_a_small_sphere_is_drawn_where_its_centre_projects(name, place):
    whole = human36m_cameras("S9").subset([name])
    corner = np.floor(whole.project(np.array(place))[0]) - 32
    one = CameraGroup(
        names=whole.names,
        image_sizes=[[64, 64]],
        matrices=whole.matrices - [[[0, 0, corner[0]], [0, 0, corner[1]], [0, 0, 0]]],
        distortions=whole.distortions,
        rotations=whole.rotations,
        translations=whole.translations,
    )
    view = View.of(one, samples=8)
    pixel = one.project(np.array(place))[0]
    offset = one.rotations[0] @ place + one.translations[0]
    radius = 0.02
    depth = np.full(view.rays.shape[:2], np.inf)
    owner = np.full(view.rays.shape[:2], -1)
    cube = np.array([(i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    box = view.box(np.array(place) + radius * cube)
    shapes = np.array([[0.0, radius, radius]])
    kernels.cover(view.rays, box[None], np.eye(3)[None], -offset[None], shapes, depth, owner)
    covered = (owner == 0).reshape(64, 8, 64, 8).mean(axis=(1, 3))
    rows, columns = np.indices(covered.shape)
    centroid = np.array([(columns * covered).sum(), (rows * covered).sum()]) / covered.sum()
    np.testing.assert_allclose(centroid, pixel, atol=0.02)
    assert depth[owner == 0].min() == pytest.approx(
        np.linalg.norm(offset) * offset[2] / np.linalg.norm(offset) - radius, abs=0.01
    )


def test_the_nearer_shape_is_in_front():
    rays = np.zeros((1, 1, 2))
    depth, owner = np.full((1, 1), np.inf), np.full((1, 1), -1)
    boxes = np.array([[0, 0, 1, 1]] * 3)
    offsets = np.array([[0, 0, -3.0], [0, 0, -2.0], [0, 0, -4.0]])
    kernels.cover(
        rays, boxes, np.tile(np.eye(3), (3, 1, 1)), offsets, np.tile([0.0, 0.5, 0.5], (3, 1)), depth, owner
    )
    assert owner[0, 0] == 1
    assert depth[0, 0] == pytest.approx(1.5)


def test_every_keypoint_of_a_standing_person_is_drawn_on_the_person():
    one = camera(size=(300, 400), focal=500.0)
    scene, look = plain_scene(), Look.sample(2)
    animation = animate(Body.sample(3), turned(still(1), -np.pi / 2))
    renderer = Renderer(View.of(one), scene, look)
    image = renderer.frame(animation, 0).astype(float)
    empty = renderer._background.astype(float)
    drawn = np.abs(image - empty).sum(axis=2) > 6
    for x, y in one.project(animation.keypoints[0])[:, 0]:
        column, row = round(x), round(y)
        around = drawn[row - 2 : row + 3, column - 2 : column + 3]
        assert around.any()
    assert 0.03 < drawn.mean() < 0.5


def test_front_and_back_look_different():
    one = camera(size=(300, 400), focal=500.0)
    renderer = Renderer(View.of(one), plain_scene(), Look.sample(2))
    front, back = (
        renderer.frame(animate(Body(), turned(still(1), angle)), 0) for angle in (-np.pi / 2, np.pi / 2)
    )
    face = one.project(animate(Body(), turned(still(1), -np.pi / 2)).keypoints[0, 0])[0].round().astype(int)
    part = np.s_[face[1] - 6 : face[1] + 4, face[0] - 6 : face[0] + 6]
    assert np.abs(front[part].astype(int) - back[part]).mean() > 8


def test_coarse_lens_inversion_differs_by_less_than_a_hundredth_of_a_pixel():
    one = camera(lens=(-0.25, 0.1, 0.002, -0.001))
    exact, coarse = View.of(one).rays, View.of(one, every=8).rays
    assert np.abs(exact - coarse).max() * 220.0 < 0.02


def test_frames_repeat_bit_for_bit():
    animation = animate(Body.sample(1), walk(3))
    images = [
        Renderer(View.of(camera()), plain_scene(), Look.sample(1)).frame(animation, 2) for _ in range(2)
    ]
    np.testing.assert_array_equal(*images)
    assert images[0].shape == (160, 200, 3)
    assert images[0].dtype == np.uint8


def test_a_person_out_of_sight_leaves_the_room_empty():
    renderer = Renderer(View.of(camera()), plain_scene(), Look.sample(1))
    animation = animate(Body(), turned(still(1), 0.0, start=(0.0, -9.0)))
    np.testing.assert_array_equal(renderer.frame(animation, 0), renderer._background)


def test_bad_input_is_named():
    cams = human36m_cameras("S9")
    with pytest.raises(InputError, match="a view has one camera, but 4 were given"):
        View.of(cams)
    tiny = Scene.sample(0, np.zeros((1, 3)))
    with pytest.raises(InputError, match="outside the room"):
        Renderer(View.of(camera(distance=20.0)), tiny, Look.sample(0))
    with pytest.raises(InputError, match="cannot be inverted"):
        View.of(camera(size=(20, 16), focal=6.0, lens=(-0.9, 0.0, 0.0, 0.0)))
