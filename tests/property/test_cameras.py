"""What holds for any camera: projection, distortion and undistortion undo each other."""

import naive_cameras as naive
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs_cameras import LENSES

import mvtri
from mvtri.kernels.algebra.rotations import rotation_matrix, rotation_vector
from mvtri.kernels.cameras import projection as kernels

small = st.floats(-0.5, 0.5)
options = settings(max_examples=40)


def lens(draw):
    model = draw(st.sampled_from([0, 1, 2]))
    count = draw(st.sampled_from([4, 5, 8, 12, 14])) if model == 0 else 4 + model // 2
    d = np.zeros(14)
    d[:count] = draw(st.lists(st.floats(-0.3, 0.3), min_size=count, max_size=count))
    return model, d


lenses = st.composite(lens)()


@options
@given(lenses, small, small)
def test_what_undistort_finds_lands_on_the_place_without_a_fold_between(lens, xd, yd):
    model, d = lens
    x, y = kernels.undistort(model, d, xd, yd)
    if np.isfinite(x):
        np.testing.assert_allclose(kernels.distort(model, d, x, y), (xd, yd), rtol=0, atol=1e-9)
        assert naive.in_domain(model, d, x, y, count=500)


@options
@given(lenses, st.floats(0, 0.4), st.floats(0, 2 * np.pi))
def test_a_ray_before_the_fold_is_found_again(lens, radius, angle):
    model, d = lens
    ray = radius * np.cos(angle), radius * np.sin(angle)
    _, _, a, b, c, e = kernels.distort_jacobian(model, d, *ray)
    if a * e - b * c > 1e-3 and naive.in_domain(model, d, *ray, count=500):
        found = kernels.undistort(model, d, *kernels.distort(model, d, *ray))
        np.testing.assert_allclose(found, ray, rtol=0, atol=1e-9)


@options
@given(st.sampled_from(sorted(LENSES)), st.lists(st.floats(-0.4, 0.4), min_size=3, max_size=3))
def test_the_ray_of_a_projected_point_passes_through_it(name, point):
    model, values = LENSES[name]
    cams = naive.rig([values] * 2, model)
    rays = cams.undistort(cams.project(point))
    for r, t, ray in zip(cams.rotations, cams.translations, rays):
        seen = r @ point + t
        np.testing.assert_allclose(ray, seen[:2] / seen[2], rtol=0, atol=1e-11)


@options
@given(st.lists(st.floats(-np.pi, np.pi), min_size=3, max_size=3))
def test_rotation_vectors(vector):
    matrix = rotation_matrix(vector)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), rtol=0, atol=4e-15)
    np.testing.assert_allclose(rotation_matrix(rotation_vector(matrix)), matrix, rtol=0, atol=1e-14)


numbers = st.floats(-0.3, 0.3, width=64)  # reading refuses lenses that bend beyond measure


@options
@given(
    st.lists(numbers, min_size=4, max_size=4),
    st.lists(st.floats(-100, 100), min_size=3, max_size=3),
    st.text(),
)
def test_any_number_and_any_name_survive_a_file(tmp_path_factory, distortion, translation, name):
    folder = tmp_path_factory.mktemp("rig")
    name = "cam " + name.encode("utf-8", "ignore").decode()
    cams = mvtri.CameraGroup(
        names=[name],
        image_sizes=[[80, 60]],
        matrices=[[[30.0, 0.1, 40], [0, 100 / 3, 30], [0, 0, 1]]],
        distortions=[distortion],
        rotations=[np.eye(3)],
        translations=[translation],
    )
    for format in ("pose2sim", "aniposelib"):
        mvtri.write_cameras(folder / "rig.toml", cams, format)
        assert mvtri.read_cameras(folder / "rig.toml") == cams
