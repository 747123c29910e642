"""Lenses and their inverses in loops without branches: as right as the safe ways, hardly ever handed on."""

import math

import columns_triangulation as columns
import numpy as np
import pytest
from rigs_cameras import LENSES

from mvtri.cameras.validation import MODELS
from mvtri.kernels.cameras.fast_undistortion import _tangent_over_angle as tangent_over_angle
from mvtri.kernels.cameras.fast_undistortion import newton, starting
from mvtri.kernels.cameras.lenses import (
    FISHEYE,
    HUMAN36M,
    OPENCV,
    RATIONAL,
    TILTED,
    bend,
    coefficients,
    kind_of,
)
from mvtri.kernels.cameras.lenses import _angle_over_radius as angle_over_radius
from mvtri.kernels.cameras.projection import approximate_inverse, distort_jacobian, undistort
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation.block import undistort_block
from mvtri.kernels.triangulation.layout import WIDTH

KINDS = {
    "none": OPENCV,
    "brown": OPENCV,
    "tangential": OPENCV,
    "rational": RATIONAL,
    "strongly rational": RATIONAL,
    "thin prism": RATIONAL,
    "tilted": TILTED,
    "fisheye": FISHEYE,
    "human36m": HUMAN36M,
}
CASES = [(name, 0.62) for name in KINDS] + [("fisheye", 1.35)]  # lens, distance of the image's corner


def lens(name):
    model, values = LENSES[name]
    return KINDS[name], MODELS[model], np.pad(values, (0, 14 - len(values)))


def places(reach, count=400):
    rng = np.random.default_rng(3)
    angle, distance = rng.uniform(0, 2 * np.pi, count), reach * np.sqrt(rng.uniform(0, 1, count))
    return np.c_[distance * np.cos(angle), distance * np.sin(angle)]


@pytest.mark.parametrize("name", KINDS)
def test_each_lens_has_its_kind_and_bends_as_it_does(name):
    kind, model, d = lens(name)
    assert kind_of(model, d) == kind
    for x, y in places(1.0, 50):
        bent = np.array(bend(kind, *coefficients(d), x, y))
        np.testing.assert_allclose(bent, distort_jacobian(model, d, x, y), rtol=1e-14, atol=1e-15)
        h = 1e-6
        for axis, (dx, dy) in enumerate([(h, 0.0), (0.0, h)]):
            after, before = (bend(kind, *coefficients(d), x + s * dx, y + s * dy)[:2] for s in (1, -1))
            slope = (np.array(after) - before) / (2 * h)
            np.testing.assert_allclose(slope, bent[[2 + axis, 4 + axis]], atol=1e-8)


@pytest.mark.parametrize(("name", "reach"), CASES)
def test_two_steps_are_enough_all_over_the_image(name, reach):
    kind, model, d = lens(name)
    start = starting(approximate_inverse(model, d, reach))
    found = np.array([newton(kind, *coefficients(d), start, *place) for place in places(reach)])
    safe = np.array([undistort(model, d, *place) for place in places(reach)])
    good = found[:, 2] == 1.0
    np.testing.assert_allclose(found[good, :2], safe[good], rtol=1e-11, atol=1e-12)
    assert good.mean() >= (0.8 if name == "tangential" else 1.0)  # that one is much bent
    assert newton(kind, *coefficients(d), start, 0.0, 0.0) == (0.0, 0.0, True) or name == "tilted"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (OPENCV, [-0.5, 0.1]),
        (HUMAN36M, [-0.5, 0.1, 0.01]),
        (FISHEYE, [-0.2, 0.01]),
        (FISHEYE, [0.1]),
        (RATIONAL, [-0.4, 0.0, 0.0, 0.0, 0.0, 0.2]),
        (TILTED, [-0.5, *[0.0] * 11, 0.05, 0.05]),
    ],
)
def test_what_is_called_good_is_right_beyond_folds_and_horizons_too(kind, values):
    model = min(kind, HUMAN36M) if kind < RATIONAL else OPENCV
    d = np.pad(np.array(values, dtype=float), (0, 14 - len(values)))
    assert kind_of(model, d) == kind
    for reach in (0.5, 2.0):
        start = starting(approximate_inverse(model, d, reach))
        for xd, yd in places(4.0):
            x, y, good = newton(kind, *coefficients(d), start, xd, yd)
            if good:
                np.testing.assert_allclose((x, y), undistort(model, d, xd, yd), rtol=1e-10, atol=1e-12)


def test_angles_and_tangents_are_those_of_the_library():
    for radius in [1e-9, 1e-3, 0.1, 0.5, 1.0, 3.0, 30.0, 1e4]:
        assert angle_over_radius(radius**2) == pytest.approx(math.atan(radius) / radius, rel=2e-15, abs=0.0)
    assert angle_over_radius(0.0) == 1.0
    for angle in [1e-9, 1e-3, 0.1, 0.5, 1.0, 1.3, 1.5]:
        assert tangent_over_angle(angle**2) == pytest.approx(math.tan(angle) / angle, rel=2e-15, abs=0.0)
    assert tangent_over_angle(0.0) == 1.0


@pytest.mark.parametrize(("name", "reach"), CASES)
def test_a_block_has_rays_and_information_in_the_image_beyond_it_and_without_observation(name, reach):
    kind, model, d = lens(name)
    K = np.array([[900.0, 2.0, 500.0], [0.0, 950.0, 480.0], [0.0, 0.0, 1.0]])
    inverse = approximate_inverse(model, d, 0.8 * reach)  # less than the pixels reach
    xd = places(reach, WIDTH)
    xd[8] = 1e6, 0.0  # hardly a lens shows anything there
    view = np.zeros(layout.VIEW_SIZE).reshape(-1, WIDTH)
    view[layout.PIXEL_U], view[layout.PIXEL_V] = (
        K[0, 0] * xd[:, 0] + K[0, 1] * xd[:, 1] + 500.0,
        950.0 * xd[:, 1] + 480.0,
    )
    known = np.array([[0.3, 0.1], [0.1, 0.4]])
    view[columns.INFORMATION] = known[[0, 0, 1], [0, 1, 1]][:, None]
    view[:, 7] = 0.0
    flat = view.ravel()
    nothing = np.zeros(0)
    one = layout.Rig(
        np.array([model]), d[None], K[None], nothing, nothing, nothing, inverse[None], nothing, nothing,
        np.array([kind]),
    )  # fmt: skip
    undistort_block(flat[None], one)
    for i in range(WIDTH):
        x, y = undistort(model, d, *xd[i])
        if i == 7 or not np.isfinite(x):
            assert not view[columns.INFORMATION, i].any()
            assert not view[columns.RAY_INFORMATION, i].any()
            assert np.isfinite(view[:, i]).all()
        else:
            np.testing.assert_allclose(view[columns.RAY, i], (x, y), rtol=1e-12, atol=1e-13)
            J = K[:2, :2] @ np.reshape(distort_jacobian(model, d, x, y)[2:], (2, 2))
            expected = (J.T @ known @ J)[[0, 0, 1], [0, 1, 1]]
            np.testing.assert_allclose(view[columns.RAY_INFORMATION, i], expected, rtol=1e-10)
