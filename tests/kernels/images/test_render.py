"""The ray caster's parts against slow twins: normals, shapes, textures, the room, shadows."""

import math

import naive_cameras
import naive_synthetic as naive
import numpy as np
import pytest

from mvtri.kernels.images import render as kernels

PLAIN = np.array([0.5, 0.4, 0.3, 0.1, 0.2, 0.9, kernels.PLAIN, 2.0, 0.6, 0.8, 0.0, 0.1, 0.0, 5.0, 0.0])


@pytest.mark.parametrize("shape", [(1.0, 0.5, 0.3), (1.0, 0.3, 0.5), (0.7, 0.4, 0.4), (0.0, 0.6, 0.6)])
def test_normals_point_where_the_distance_grows(shape):
    rng = np.random.default_rng(0)
    for _ in range(15):
        origin = rng.normal(size=3)
        origin *= 4.0 / np.linalg.norm(origin)
        direction = np.array([0.0, 0.0, shape[0] * rng.random()]) - origin
        t = kernels.hit_round_cone(*origin, *direction, *shape)
        point = origin + t * direction
        gradient = naive_cameras.differences(lambda at: [naive.round_cone_distance(at, *shape)], point, 1e-4)[
            0
        ]
        normal = np.array(kernels._normal(*point, *shape))
        np.testing.assert_allclose(normal / np.linalg.norm(normal), gradient, atol=2e-3)


def test_an_affine_map_makes_shapes_elliptic():
    rng = np.random.default_rng(1)
    rays = rng.uniform(-0.1, 0.1, (6, 7, 2))
    A = np.array([[2.0, 0.3, 0.0], [0.0, 1.0, 0.2], [0.1, 0.0, 1.5]])
    a = A @ [0.05, -0.1, -3.0]
    shape = (0.8, 0.5, 0.3)
    depth, owner = np.full((6, 7), np.inf), np.full((6, 7), -1)
    box = np.array([[1, 2, 6, 5]])
    kernels.cover(rays, box, A[None], a[None], np.array([shape]), depth, owner)
    hits = 0
    for row, column in np.ndindex(6, 7):
        inside = 2 <= row < 5 and 1 <= column < 6
        direction = A @ [*rays[row, column], 1.0]
        expected = naive.hit_round_cone(a, direction, *shape, reach=8.0, steps=800) if inside else math.inf
        assert depth[row, column] == pytest.approx(expected, abs=2e-6)
        assert owner[row, column] == (0 if math.isfinite(expected) else -1)
        hits += math.isfinite(expected)
    assert 3 <= hits < 15


def test_noise_lies_smoothly_between_the_corners_of_its_cell():
    rng = np.random.default_rng(2)
    for point in rng.uniform(-20.0, 20.0, (50, 3)):
        cell = np.floor(point)
        corners = np.array([kernels.noise(*(cell + corner)) for corner in np.ndindex(2, 2, 2)])
        s = (point - cell) ** 2 * (3.0 - 2.0 * (point - cell))
        weights = [np.prod(np.where(corner, s, 1.0 - s)) for corner in np.ndindex(2, 2, 2)]
        assert kernels.noise(*point) == pytest.approx(corners @ weights, abs=1e-12)
    values = [kernels.noise(*corner) for corner in np.ndindex(12, 12, 12)]
    assert np.mean(values) == pytest.approx(0.5, abs=0.03)
    assert np.std(values) == pytest.approx(math.sqrt(1.0 / 12.0), abs=0.02)  # uniform


def colour(material, point):
    out = np.full(3, np.nan)
    kernels.albedo(material, *point, out)
    return out


def test_plain_and_patterned_materials():
    rng = np.random.default_rng(3)
    along = np.array([0.6, 0.8, 0.0])
    across = np.array([0.8, 0.0, 0.6])  # the direction's parts, one axis on
    shares = {}
    for pattern in (kernels.PLAIN, kernels.STRIPES, kernels.CHECKS, kernels.PATCHES):
        material = PLAIN.copy()
        material[6] = pattern
        points = rng.uniform(-3.0, 3.0, (400, 3))
        colours = np.array([colour(material, point) for point in points])
        share = (colours - PLAIN[:3]) / (PLAIN[3:6] - PLAIN[:3])
        np.testing.assert_allclose(share, share[:, :1].repeat(3, axis=1), atol=1e-12)
        assert share.min() >= 0.0
        assert share.max() <= 1.0
        shares[pattern] = share[:, 0].mean()
        if pattern == kernels.STRIPES:  # two waves a metre
            same = [colour(material, p + 0.5 * along) for p in points]
            np.testing.assert_allclose(colours, same, atol=1e-9)
            same = [colour(material, p + [-0.8, 0.6, 1.0]) for p in points]
            np.testing.assert_allclose(colours, same, atol=1e-9)
        if pattern == kernels.CHECKS:
            turn = np.linalg.solve([along, across, np.cross(along, across)], [0.25, 0.25, 0.0])
            np.testing.assert_allclose(colours, [colour(material, p + turn) for p in points], atol=1e-9)
    assert shares.pop(kernels.PLAIN) == 0.0
    assert all(0.2 < share < 0.6 for share in shares.values())


def test_grain_darkens_and_lightens_about_the_colour():
    material = PLAIN.copy()
    material[12] = 0.5
    points = np.random.default_rng(4).uniform(-9.0, 9.0, (2000, 3))
    light = np.array([colour(material, point) for point in points]) / PLAIN[:3]
    np.testing.assert_allclose(light, light[:, :1].repeat(3, axis=1))
    assert light.mean() == pytest.approx(1.0, abs=0.02)
    assert 0.7 < light.min() < 0.9
    assert 1.1 < light.max() < 1.3


def test_the_room_is_where_a_ray_leaves_the_box():
    rng = np.random.default_rng(5)
    low, high, centre = np.array([-3.0, -2.0, 0.0]), np.array([2.0, 4.0, 3.0]), np.array([0.5, 1.0, 1.2])
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rays = rng.uniform(-2.0, 2.0, (8, 9, 2))
    materials = np.tile(PLAIN, (6, 1))
    materials[:, :3] = rng.uniform(0.2, 0.9, (6, 3))
    lights = rng.uniform(0.5, 1.0, (6, 3))
    image, ground = np.full((8, 9, 3), np.nan), np.full((8, 9, 2), 7.0)
    kernels.room(rays, rotation, centre, low, high, materials, lights, image, ground)
    faces = set()
    for row, column in np.ndindex(8, 9):
        direction = rotation.T @ [*rays[row, column], 1.0]
        leaves = []
        for axis in range(3):
            for side, wall in enumerate((low[axis], high[axis])):
                t = (wall - centre[axis]) / direction[axis]
                place = centre + t * direction
                others = np.arange(3) != axis
                if t > 0.0 and ((place >= low) & (place <= high))[others].all():
                    leaves.append((2 * axis + side, place, others))
        [(face, place, others)] = leaves
        faces.add(face)
        edges = np.minimum(place - low, high - place)[others]
        expected = materials[face, :3] * lights[face] * np.prod(1.0 - 0.35 * np.exp(-edges / 0.25))
        np.testing.assert_allclose(image[row, column], expected, rtol=1e-9)
        np.testing.assert_allclose(ground[row, column], place[:2] if face == 4 else [np.nan, np.nan])
    assert 4 in faces
    assert len(faces) >= 4


def test_shadows_lie_about_their_places_on_the_floor():
    rng = np.random.default_rng(6)
    ground = rng.uniform(-1.0, 1.0, (10, 12, 2))
    ground[3, 4] = np.nan
    blobs = np.array([[0.0, 0.2, 0.3], [0.5, -0.5, 0.5]])
    image = before = rng.uniform(0.2, 1.0, (10, 12, 3))
    image = image.copy()
    kernels.shadow(ground, np.array([1, 2, 11, 9]), blobs, 0.7, image)
    for row, column in np.ndindex(10, 12):
        far = ((ground[row, column] - blobs[:, :2]) ** 2).sum(axis=1) / blobs[:, 2] ** 2
        clear = np.prod(1.0 - 0.6 * np.exp(-far))
        inside = 2 <= row < 9 and 1 <= column < 11 and (row, column) != (3, 4)
        share = 1.0 - 0.7 * (1.0 - clear) if inside else 1.0
        np.testing.assert_allclose(image[row, column], before[row, column] * share, rtol=2e-4)
