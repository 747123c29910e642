import numpy as np
import pytest
from boards_calib import CHARUCO, poses, ring, seen_corners, views_of

from mvtri.calib.boards.lenses import (
    LENSES,
    choose_lens,
    choose_together,
    held_out_errors,
    named_lens,
    start_of_lens,
)
from mvtri.calib.boards.uncertainty import grid_of, lens_difference, projection_deviations
from mvtri.errors import InputError

POINTS = CHARUCO.points


def views(coefficients, model="opencv", noise=0.1, count=11):
    wide = model == "fisheye"
    cams = ring(1, coefficients=coefficients, model=model, focal=0.35 if wide else 0.9)
    turns, places = poses(count, seed=2, distance=0.25 if wide else 0.75, spread=0.12)
    return cams, views_of(cams, seen_corners(cams, CHARUCO, turns, places, noise))


@pytest.mark.parametrize(
    ("coefficients", "model", "lens"),
    [
        ((-0.3, 0.25, 0, 0, 0), "opencv", "k1 k2"),
        ((0.05, -0.02, 0.01, 0.002), "fisheye", "fisheye k1 k2 k3 k4"),
    ],
)
def test_the_error_on_views_left_out_chooses_the_lens(coefficients, model, lens):
    _, seen = views(coefficients, model)
    assert choose_lens(held_out_errors(seen, POINTS)).name == lens


def test_a_start_is_near_the_truth():
    cams, seen = views((-0.3, 0.25, 0, 0, 0))
    start = start_of_lens(seen, POINTS, LENSES[1])
    np.testing.assert_allclose(start.camera.matrices, cams.matrices, atol=3.0)
    apart = lens_difference(start.camera, cams)
    assert np.nanmedian(np.abs(apart)) < 0.3


def test_a_turn_is_no_difference_of_lenses():
    cams = ring(1, coefficients=(0, 0, 0, 0))
    moved = cams.matrices[0] + np.array([[0, 0, 4.0], [0, 0, 0], [0, 0, 0]])
    other = type(cams)(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=[moved],
        distortions=cams.distortions,
        rotations=cams.rotations,
        translations=cams.translations,
    )
    apart = lens_difference(cams, other)
    assert 0.05 < np.abs(apart).max() < 1.5  # 4 px, less a turn; what is left is perspective
    assert np.abs(lens_difference(cams, cams)).max() < 1e-6


def test_deviations_are_those_of_drawn_lenses():
    cams = ring(1, coefficients=(-0.1, 0.05, 0, 0, 0))
    names = ("fx", "fy", "cx", "cy", "k1", "k2")
    root = np.diag([2.0, 2.0, 1.0, 1.0, 0.01, 0.01])
    stated = projection_deviations(cams, names, root @ root.T)
    assert stated.shape == grid_of(cams).shape[:2]
    rng, squares = np.random.default_rng(0), []
    for _ in range(300):
        step = root @ rng.normal(size=6)
        matrix = cams.matrices[0].copy()
        matrix[[0, 1, 0, 1], [0, 1, 2, 2]] += step[:4]
        other = ring(1, coefficients=(-0.1 + step[4], 0.05 + step[5], 0, 0, 0))
        other = type(cams)(
            names=cams.names,
            image_sizes=cams.image_sizes,
            matrices=[matrix],
            distortions=other.distortions,
            rotations=cams.rotations,
            translations=cams.translations,
        )
        squares.append((lens_difference(cams, other) ** 2).mean(axis=-1))
    np.testing.assert_allclose(np.sqrt(np.mean(squares, axis=0)), stated, rtol=0.25)


def stated(k1, k2):
    """Return errors of four views by lens, where only two lenses are good."""
    base = np.array([1.0, 1.1, 0.9, 1.0])
    found = {lens.name: 9.0 * base for lens in LENSES}
    return found | {"k1": k1 * base, "k1 k2": k2 * base + np.array([0.0, 0.01, 0.0, -0.01])}


def test_cameras_of_one_size_choose_a_lens_unless_it_is_certainly_worse_for_one():
    unsure, sure, other = stated(1.0, 1.0), stated(2.0, 1.0), stated(1.0, 2.0)
    assert choose_together(unsure, [unsure]).name == "k1"  # the simplest of equals
    assert choose_together(unsure, [unsure, sure, sure]).name == "k1 k2"
    assert choose_together(other, [other, sure, sure, sure]).name == "k1"


def test_lenses_have_names():
    assert named_lens("k1,k2").coefficients == 2
    assert named_lens("fisheye").model == "fisheye"
    with pytest.raises(InputError, match="no lens model is called 'k9'"):
        named_lens("k9")
