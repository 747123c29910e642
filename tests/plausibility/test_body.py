"""A body of an impossible size, and what it is blamed on."""

import re

import numpy as np
import pytest
from sessions_verdicts import NAMES, person

from mvtri.errors import InputError
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.plausibility import check_body, check_height, stature_of


@pytest.mark.parametrize("stature", [1.5, 1.75, 1.98])
def test_adults_are_plausible_and_their_stature_is_found(stature):
    points = person(stature=stature)
    assert check_body(points, NAMES) == []
    assert stature_of(points, NAMES) == pytest.approx(stature, rel=0.06)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1000, "millimetres were probably taken for metres"),
        (1e-3, "metres were probably taken for millimetres"),
        (100, "centimetres were probably taken for metres"),
        (1 / 0.0254, "inches were probably taken for metres (a factor of 39.37)"),
        (0.0254, "metres were probably taken for inches"),
        (25.4, "millimetres were probably taken for inches (a factor of 25.4)"),
        (1 / 25.4, "inches were probably taken for millimetres (a factor of 25.4)"),
    ],
)
def test_a_wrong_unit_is_named(factor, words):
    (found,) = check_body(factor * person(), NAMES)
    assert (found.kind, found.level) == ("unit", "bad")
    assert found.factor == pytest.approx(factor)
    assert words in found.text
    assert ("--unit" in found.text) == ("inches" not in words)
    assert ("divide the translations" in found.text) == ("inches" in words)
    assert ("multiply the translations in the file by 1,000" in found.text) == (factor == 1e-3)


@pytest.mark.parametrize(
    ("factor", "level", "words"),
    [(1.6, "bad", "times too large"), (3.0, "bad", "times too large"), (0.6, "check", "times too small"),
     (0.3, "bad", "times too small")],
)  # fmt: skip
def test_a_wrong_board_size_is_named_with_its_factor(factor, level, words):
    (found,) = check_body(factor * person(), NAMES)
    assert (found.kind, found.level) == ("board_size", level)
    assert found.factor == pytest.approx(factor, rel=0.1)
    assert words in found.text


@pytest.mark.parametrize("factor", [0.7, 0.88, 1.12, 1.4])
def test_with_the_height_a_small_error_of_the_scale_is_named(factor):
    points = factor * person(stature=1.75)
    (found,) = check_body(points, NAMES, height=1.75)
    assert (found.kind, found.level) == ("board_size", "bad")
    assert found.factor == pytest.approx(factor, rel=0.06)
    assert "by the height that was given" in found.text
    if 0.8 < factor < 1.2:
        assert check_body(points, NAMES) == []  # without it, this is a person of another size


@pytest.mark.parametrize("stature", [1.0, 1.5, 1.98])
def test_a_body_that_fits_the_height_is_not_questioned(stature):
    assert check_body(person(stature=stature), NAMES, height=stature) == []


def test_with_the_height_a_wrong_unit_is_still_named_as_one():
    (found,) = check_body(1000 * person(stature=1.0), NAMES, height=1.0)
    assert (found.kind, found.factor) == ("unit", pytest.approx(1000))


@pytest.mark.parametrize("height", [175.0, 0.0, -1.7, 17.5, float("nan"), float("inf")])
def test_a_height_that_nobody_has_is_refused(height):
    with pytest.raises(InputError, match="nobody is that tall; pass it in metres, such as") as refused:
        check_height(height)
    assert ("pass 1.75" in str(refused.value)) == (height == 175.0)


def test_limbs_that_do_not_fit_the_stature_are_named():
    points = person()
    for side in ("left", "right"):
        elbow, wrist = NAMES.index(f"{side}_elbow"), NAMES.index(f"{side}_wrist")
        points[:, wrist] += 1.2 * (points[:, wrist] - points[:, elbow])
    (found,) = check_body(points, NAMES, "person_1")
    assert found.kind == "segments"
    assert "limbs of person_1: forearm 0." in found.text


def test_without_the_names_of_limbs_nothing_is_said():
    points = 1000 * person()
    assert check_body(points, [f"marker_{k}" for k in range(37)]) == []
    assert check_body(np.full_like(points, np.nan), NAMES) == []
    assert np.isnan(stature_of(points[:0], NAMES))


@pytest.mark.parametrize(
    "world",
    ["yzx", "x-zy", "xz-y", "zxy", "-zyx", "x-y-z", "xyz"],
)
def test_a_world_with_other_axes_is_named_with_the_ones_that_opensim_needs(world):
    """The file's axes turn the person upright, along y, and do not mirror: axis_matrix tells."""
    upright = person()
    points = upright @ axis_matrix(None, world, "mvtri").T
    height = points[:, NAMES.index("left_shoulder")] - points[:, NAMES.index("left_ankle")]
    axis = int(np.abs(height.mean(axis=0)).argmax())
    found = check_body(points, NAMES)
    if axis == 2 and height[:, 2].mean() > 0:
        assert found == []
        return
    (finding,) = found
    assert (finding.kind, finding.level) == ("axes", "check")
    name = ("-" if height[:, axis].mean() < 0 else "") + "xyz"[axis]
    assert f"the axis {name} of the calibration's world" in finding.text
    turn = axis_matrix(None, re.search(r"--axes (\S+)\.$", finding.text)[1], "opensim")
    assert (height @ turn.T)[:, 1].mean() == pytest.approx(np.abs(height[:, axis]).mean())
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_somebody_who_bends_down_has_no_axis():
    """At 45 degrees between z and y: neither is up."""
    turned = person() @ np.array([[1, 0, 0], [0, 1, 1], [0, -1, 1]]).T / np.sqrt([1, 2, 2])
    assert check_body(turned, NAMES) == []
