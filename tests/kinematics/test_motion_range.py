"""Ranges of motion: known motions with and without noise, wrong frames, turns over 180 degrees."""

import numpy as np
import pytest
import xarray as xr

import mvtri
from mvtri.errors import InputError
from mvtri.kinematics.motion_range import range_table, running_median

FPS = 50.0


def angles(values, sd=1.0, name="trunk_flexion", **attrs):
    """Return one angle of one person, degrees, as `measure_body` gives it."""
    value = np.radians(np.asarray(values, dtype=float))
    spread = np.broadcast_to(np.radians(sd), value.shape)
    dims = ("time", "angle", "individuals")
    return xr.Dataset(
        {"value": (dims, value[:, None, None]), "sd": (dims, np.array(spread)[:, None, None])},
        coords={"time": np.arange(len(value)) / FPS, "angle": [name], "individuals": ["person_0"]},
        attrs=attrs,
    )


def found(values, sd=1.0, **options):
    """Return lowest, highest, range and their standard deviations, degrees."""
    result = mvtri.range_of_motion(angles(values, sd, **options))
    return {str(name): float(np.degrees(one.item())) for name, one in result.items()}


def swing(frames=500, amplitude=30.0, hertz=0.5):
    return 10.0 + amplitude * np.sin(2 * np.pi * hertz * np.arange(frames) / FPS)


def test_a_motion_without_noise_keeps_its_range():
    ranges = found(swing())
    assert ranges["lowest"] == pytest.approx(-20, abs=0.3)
    assert ranges["highest"] == pytest.approx(40, abs=0.3)
    assert ranges["range"] == pytest.approx(60, abs=0.5)
    assert ranges["range_sd"] == pytest.approx(np.sqrt(2))
    assert found(swing(hertz=2.0))["range"] > 0.95 * 60  # fast ones lose little


@pytest.mark.parametrize("frames", [50, 500, 20_000])
def test_a_person_who_stands_still_has_hardly_any_range_whatever_the_length(frames):
    rng = np.random.default_rng(0)
    ranges = []
    for _ in range(3):
        noise = rng.normal(0, 3.0, frames)
        ranges.append(found(noise, 3.0))
        assert ranges[-1]["range"] < 1.96 * ranges[-1]["range_sd"]  # none is possible
        assert ranges[-1]["range"] < 0.5 * np.ptp(noise)
    assert np.mean([one["range"] for one in ranges]) < 6.0


def test_noise_does_not_widen_a_range_and_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    errors, held = [], []
    for _ in range(15):
        ranges = found(swing() + rng.normal(0, 3.0, 500), 3.0)
        errors.append(ranges["range"] - 60)
        held.append(abs(errors[-1]) < 1.96 * ranges["range_sd"])
    assert abs(np.mean(errors)) < 2.5  # of the plain range: 11
    assert np.mean(held) >= 0.9


def test_one_wrong_frame_and_doubtful_frames_do_not_count():
    values = swing()
    values[100] = 170.0
    assert found(values)["highest"] == pytest.approx(40, abs=0.3)
    values[200:240] = 90.0
    spread = np.ones(500)
    assert found(values, spread)["highest"] == pytest.approx(90, abs=0.1)
    spread[198:242] = 5.0
    ranges = found(values, spread)
    assert ranges["highest"] == pytest.approx(40, abs=0.3)
    assert ranges["highest_sd"] == pytest.approx(1.0)


def test_an_arm_that_turns_over_180_degrees_has_no_jump():
    over = (170 + 30 * np.sin(np.linspace(0, 6, 300)) + 180) % 360 - 180
    assert np.ptp(over) > 350
    assert found(over)["range"] == pytest.approx(60, abs=0.5)


def test_curvatures_are_no_angles():
    data = angles(np.degrees(np.linspace(-4, 4, 200)), np.degrees(0.1), name="spine_02_curvature")
    table = range_table(mvtri.range_of_motion(data))
    assert table["range"].item() == pytest.approx(8.0, abs=0.2)  # 1/m
    assert table["highest_high"].item() - table["highest"].item() == pytest.approx(1.96 * 0.1)


def test_gaps_and_frames_without_an_answer_are_left_out():
    values = swing()
    values[50:120] = np.nan
    values[::7] = np.nan
    assert found(values)["range"] == pytest.approx(60, abs=1.0)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 4.0], [np.nan] * 20, [1.0, 2.0, *[np.nan] * 20]])
def test_what_is_too_short_has_no_range(values):
    data = angles(values)
    result = mvtri.range_of_motion(data)
    assert np.isnan(result["range"]).all()
    assert len(range_table(result)) == 0


def test_three_frames_and_frame_numbers_are_enough():
    assert found([1.0, 2.0, 3.0])["range"] == pytest.approx(1.0, abs=1.0)
    data = angles(swing(), time_unit="frames").assign_coords(time=np.arange(500))
    assert np.degrees(mvtri.range_of_motion(data)["range"].item()) == pytest.approx(60, abs=0.5)


def test_the_table_has_intervals_and_no_range_below_zero():
    noise = np.random.default_rng(3).normal(0, 2.0, 300)
    table = range_table(mvtri.range_of_motion(angles(noise, 2.0)))
    row = table.iloc[0]
    assert (row["individual"], row["angle"], row["range_low"]) == ("person_0", "trunk_flexion", 0.0)
    assert row["lowest_low"] < row["lowest"] < row["lowest_high"]
    assert row["highest_high"] - row["highest_low"] == pytest.approx(2 * 1.96 * 2.0)


def test_other_things_are_refused():
    with pytest.raises(InputError, match=r"pass mvtri\.measure_body\(tracks\)\.angles"):
        mvtri.range_of_motion(xr.Dataset())


def test_running_medians_are_those_of_a_plain_loop():
    rng = np.random.default_rng(2)
    values = np.where(rng.random(60) < 0.3, np.nan, rng.normal(size=60))
    expected = []
    for t in range(60):
        near = values[max(0, t - 2) : t + 3]
        near = near[np.isfinite(near)]
        expected.append(np.median(near) if len(near) > 2.5 else np.nan)
    np.testing.assert_allclose(running_median(values, 5), expected)
