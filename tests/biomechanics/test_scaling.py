"""Scale factors: known bodies come back, in any pose, through noise and outliers."""

import numpy as np
import pytest
from body_model import pose

from mvtri.biomechanics.body.definition import body_model
from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.scaling import Measurement, scale_factors, scale_table
from mvtri.errors import InputError

NAMES = list(body_model().markers)
REST = np.array([pose({})[1][name] for name in NAMES])
THIGH = Measurement("thigh", ("femur_r",), "y", (("left_hip", "left_knee"), ("right_hip", "right_knee")))


def moving(frames=60, seed=0):
    """Return the markers of the body model (T, M, 3) in drawn poses."""
    rng = np.random.default_rng(seed)
    angles = ("lumbar_flexion", "lumbar_bending", "thoracic_flexion", "neck_flexion", "hip_flexion_r")
    angles += ("knee_angle_l", "arm_flex_l", "elbow_flex_r", "pelvis_rotation")
    drawn = [{name: rng.uniform(0.0, 0.6) for name in angles} for _ in range(frames)]
    return np.array([[places[name] for name in NAMES] for places in (pose(one)[1] for one in drawn)])


def test_the_model_itself_has_the_factor_one():
    scaling = scale_factors(MEASUREMENTS, REST, NAMES, REST, NAMES, fewest=1)
    assert all(one.factor == pytest.approx(1.0) and one.reason == "" for one in scaling.found)
    assert scaling.overall == pytest.approx(1.0)
    carriers = {name for name in (one.name for one in body_model().segments) if name.endswith("_angles")}
    assert set(scaling.factors) == {one.name for one in body_model().segments} - carriers
    for factors in scaling.factors.values():
        assert factors == pytest.approx(np.ones(3))


def test_factors_come_back_from_moving_people_of_another_size():
    scaling = scale_factors(MEASUREMENTS, 0.9 * moving(), NAMES, REST, NAMES)
    for one in scaling.found:
        assert one.factor == pytest.approx(0.9, rel=0.03), one.measurement.name
        assert one.frames == 60
    assert scaling.overall == pytest.approx(0.9, rel=0.002)
    exact = scale_factors(MEASUREMENTS, 0.9 * moving(), NAMES, moving(), NAMES)
    for one in exact.found:
        assert one.factor == pytest.approx(0.9, rel=1e-3), one.measurement.name
        assert one.spread < 1e-9


def test_single_bodies_and_axes_are_told_apart():
    longer = REST.copy()
    for side in ("left", "right"):
        wrist = NAMES.index(f"{side}_wrist")
        longer[wrist] += 0.2 * (REST[wrist] - REST[NAMES.index(f"{side}_elbow")])
    wider = NAMES.index("left_ear")
    longer[wider] += 0.3 * (REST[wider] - REST[NAMES.index("right_ear")])
    factors = scale_factors(MEASUREMENTS, longer, NAMES, REST, NAMES, fewest=1).factors
    assert factors["forearm_l"] == pytest.approx([1.2] * 3)
    assert factors["humerus_l"] == pytest.approx([1.0] * 3)
    assert factors["head"][1:] == pytest.approx([1.0, 1.3])


def test_noise_does_not_lengthen_short_distances():
    rng = np.random.default_rng(1)
    still = np.tile(REST, (400, 1, 1)) + rng.normal(0, 0.010, (400, len(NAMES), 3))
    told, untold = (
        {one.measurement.name: one.factor for one in scale_factors(*case).found}
        for case in (
            (MEASUREMENTS, still, NAMES, REST, NAMES, 0.010),
            (MEASUREMENTS, still, NAMES, REST, NAMES),
        )
    )
    assert max(abs(factor - 1.0) for factor in told.values()) < 0.03
    assert untold["neck"] > 1.03


def test_outliers_and_missing_frames_do_not_matter():
    seen = moving(100, seed=2)
    seen[::20] += np.random.default_rng(2).normal(0, 0.5, seen[::20].shape)
    seen[5:40, NAMES.index("left_knee")] = np.nan
    found = scale_factors([THIGH], seen, NAMES, REST, NAMES).found[0]
    assert found.factor == pytest.approx(1.0, abs=0.01)
    assert found.frames == 100  # the right side was seen
    assert found.spread < 0.01


def test_what_is_measured_is_told():
    longer = REST.copy()
    knee = NAMES.index("left_knee")
    longer[knee] += 0.1 * (REST[knee] - REST[NAMES.index("left_hip")])
    scaling = scale_factors([THIGH], np.tile(longer, (5, 1, 1)), NAMES, REST, NAMES)
    row = scale_table(scaling)[0]
    assert row["factor"] == pytest.approx(1.05)
    assert row["between"] == pytest.approx(0.1)
    assert row["measured_m"] == pytest.approx(1.05 * row["model_m"])
    assert row["frames"] == 5


def test_bodies_that_cannot_be_measured_get_the_overall_factor_and_a_reason():
    unseen = Measurement("hand", ("forearm_r",), "y", (("right_wrist", "right_finger"),))
    scaling = scale_factors([THIGH, unseen], 1.1 * REST, NAMES, REST, NAMES, fewest=1)
    assert scaling.factors["forearm_r"] == pytest.approx([1.1] * 3)
    assert "right_finger" in scaling.found[1].reason
    rare = scale_factors([THIGH], np.tile(REST, (3, 1, 1)), NAMES, REST, NAMES, fewest=3)
    assert rare.found[0].reason == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"positions": np.tile(1000 * REST, (3, 1, 1))}, "are in metres"),
        ({"positions": np.full_like(REST, np.nan)}, "0 frames"),
        ({"positions": REST[:3]}, "expected \\(time, 37, 3\\)"),
        ({"names": ["nose", *NAMES[1:]]}, "called 'nose'"),
        ({"model_positions": np.tile(REST, (2, 1, 1))}, "2 poses"),
        ({"noise": -0.01}, "standard deviations"),
        ({"noise": np.inf}, "standard deviations"),
    ],
)
def test_what_does_not_fit_is_refused(change, sentence):
    given = {"positions": REST, "names": NAMES, "model_positions": REST, "model_names": NAMES} | change
    with pytest.raises(InputError, match=sentence):
        scale_factors([THIGH], **given)


def test_too_few_frames_are_named_before_markers_that_nobody_has():
    seen = [name for name in NAMES if "spine" not in name]
    places = moving(2)[:, [NAMES.index(name) for name in seen]]
    with pytest.raises(InputError, match=r"on the markers: [^;]*seen in 2 frames, expected 3 or more"):
        scale_factors(MEASUREMENTS, places, seen, REST, NAMES)
