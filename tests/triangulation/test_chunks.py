"""Ordinary calls run a kernel without the rarer parts: which ones are ordinary, and that nothing changes."""

import importlib

import numpy as np
import pytest
from rigs_triangulation import ring, scene

from mvtri.triangulation import TriangulationOptions, triangulate
from mvtri.triangulation.chunks import is_ordinary

engine = importlib.import_module("mvtri.triangulation.triangulate")
OPTIONS = TriangulationOptions()


@pytest.mark.parametrize(
    ("cams", "options", "linear"),
    [
        (ring(4, model="fisheye"), OPTIONS, False),
        (ring(4, model="human36m"), OPTIONS, False),
        (ring(7), OPTIONS, False),
        (ring(3), TriangulationOptions(enumerate_up_to=2), False),
        (ring(4), TriangulationOptions(keep_doubtful=True), False),
        (ring(4), OPTIONS, True),
    ],
    ids=["fisheye", "human36m", "seven cameras", "pairs of three", "doubtful points", "linear"],
)
def test_calls_that_need_rarer_parts_are_not_ordinary(cams, options, linear):
    assert not is_ordinary(cams, True, options, linear)


def test_what_an_ordinary_call_is():
    assert is_ordinary(ring(4), True, OPTIONS)
    assert is_ordinary(ring(6), True, OPTIONS)
    assert is_ordinary(ring(2), True, TriangulationOptions(enumerate_up_to=2))
    assert is_ordinary(ring(4, model="fisheye"), False, OPTIONS)  # its lenses are left aside


@pytest.mark.parametrize("count", [2, 4])
def test_the_kernel_for_ordinary_calls_finds_what_the_one_for_any_call_finds(count, monkeypatch):
    cams, _, pixels, _ = scene(400, ring(count), hit=0.4, seed=count)
    pixels[::11, 0] = np.nan
    ordinary = triangulate(pixels, cams)
    monkeypatch.setattr(engine, "is_ordinary", lambda *_: False)
    other = triangulate(pixels, cams)
    for name in ("points", "covariances", "inliers", "residuals", "status"):
        np.testing.assert_array_equal(getattr(ordinary, name), getattr(other, name))
    np.testing.assert_array_equal(ordinary.noise.sigma, other.noise.sigma)
