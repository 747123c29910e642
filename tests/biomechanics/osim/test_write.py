"""Scaled models: what a factor stretches, and that OpenSim opens them and agrees."""

from pathlib import Path

import numpy as np
import pytest
from models_osim import axis, coupler, document, function, joint, small_model
from naive_kinematics import value_of
from opensim_process import opensim_says, shared

from mvtri.biomechanics import read_osim, write_osim
from mvtri.errors import InputError, MissingFileError

GOLDEN = Path(__file__).parents[2] / "golden" / "biomechanics"
REAL = "Model_Pose2Sim_LSTM_scaled.osim"


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.osim"
    path.write_text(small_model())
    return path


def scaled(source, folder, scales, **options):
    write_osim(folder / "scaled.osim", source, scales, **options)
    return read_osim(folder / "scaled.osim")


def poses(model, count=6):
    low, high = np.clip(model.ranges[model.free], -2.0, 2.0).T
    return model.full_coordinates(np.random.default_rng(0).uniform(low, high, (count, len(model.free))))


def test_one_factor_for_all_bodies_scales_everything(tmp_path):
    """The ground has no factor: all is seen from the first body; a coordinate that is a way grows, too."""
    before = read_osim(GOLDEN / "joints.osim")
    after = scaled(GOLDEN / "joints.osim", tmp_path, dict.fromkeys(before.bodies, 1.25))
    coordinates = poses(before)
    ways = [q for q, unit in enumerate(before.units) if unit == "translational" and q > 5]
    assert len(ways) == 3
    larger = coordinates.copy()
    larger[:, ways] *= 1.25
    (turns, places), (same, wider) = before.body_frames(coordinates), after.body_frames(larger)
    np.testing.assert_allclose(same, turns, atol=1e-12)
    np.testing.assert_allclose(wider - wider[:, :1], 1.25 * (places - places[:, :1]), atol=1e-12)


def test_a_body_is_stretched_along_its_own_axes(small, tmp_path):
    before = read_osim(small)
    factors = np.array([1.1, 0.9, 1.3])
    after = scaled(small, tmp_path, {"thigh": factors}, name="person")
    assert (after.name, before.name) == ("person", "small")
    assert after.coordinates == before.coordinates
    coordinates = poses(before)
    for thing in ("knee", "cap"):  # the joints that the thigh carries; the knee's ways are stretched with it
        child = before.bodies.index("shank" if thing == "knee" else "cap")
        np.testing.assert_allclose(after.tree.frame_places[child], factors * before.tree.frame_places[child])
        np.testing.assert_array_equal(after.tree.frame_rotations[child], before.tree.frame_rotations[child])
    for m, name in enumerate(before.markers):
        by = factors if name == "on_thigh" else 1.0
        np.testing.assert_allclose(after.tree.marker_places[m], by * before.tree.marker_places[m], atol=1e-15)
    hip = before.bodies.index("thigh")
    offset = -np.linalg.inv(before.tree.child_rotations[hip]) @ before.tree.child_places[hip]
    wider = -np.linalg.inv(after.tree.child_rotations[hip]) @ after.tree.child_places[hip]
    np.testing.assert_allclose(wider, factors * offset, atol=1e-15)
    np.testing.assert_array_equal(after.body_frames(coordinates)[0], before.body_frames(coordinates)[0])


def test_frames_in_frames_are_stretched_along_the_axes_of_their_body(tmp_path):
    before, factors = read_osim(GOLDEN / "joints.osim"), np.array([1.2, 0.8, 1.05])
    after = scaled(GOLDEN / "joints.osim", tmp_path, {"body3": factors})
    branch = before.bodies.index("branch")
    assert before.bodies[before.tree.parents[branch]] == "body3"
    np.testing.assert_allclose(after.tree.frame_places[branch], factors * before.tree.frame_places[branch])
    for name in ("on_side", "on_inner"):
        m = before.markers.index(name)
        np.testing.assert_allclose(after.tree.marker_places[m], factors * before.tree.marker_places[m])


def test_ways_are_stretched_along_their_axis_in_the_parent(small, tmp_path):
    before, after = read_osim(small), scaled(small, tmp_path, {"thigh": [1.1, 0.9, 1.3]})
    coordinates = poses(before, 3)
    b = before.bodies.index("shank")
    for k in range(3, 6):
        direction = before.tree.frame_rotations[b] @ before.tree.axes[b, k]
        by = float(direction**2 @ [1.1, 0.9, 1.3])
        for row in coordinates:
            one, two = (
                value_of(m.tree, m.tree.axis_functions[b, k], row[before.coordinates.index("knee")])
                for m in (before, after)
            )
            assert two == pytest.approx(by * one, rel=1e-12, abs=1e-15)


def test_a_coupled_way_is_scaled_by_its_coupler(tmp_path):
    text = document(
        ["a", "b"],
        [joint("PinJoint", "root", "ground", "a", ['<Coordinate name="turn"/>']), custom_slide()],
        constraints=[
            coupler(
                "pull", "way", "turn", "<LinearFunction><coefficients>2 0.1</coefficients></LinearFunction>"
            )
        ],
    )
    (tmp_path / "a.osim").write_text(text)
    before, after = (
        read_osim(tmp_path / "a.osim"),
        scaled(tmp_path / "a.osim", tmp_path, {"a": 1.5, "b": 1.5}),
    )
    assert after.full_coordinates([0.3]).tolist() == pytest.approx([0.3, 1.5 * 0.7])
    (small, large) = (one.body_frames(one.full_coordinates([0.3]))[1] for one in (before, after))
    np.testing.assert_allclose(large[1] - large[0], 1.5 * (small[1] - small[0]), atol=1e-15)


def custom_slide():
    """Return a CustomJoint whose coordinate is the way along x, from 0.2 m on."""
    still = function("Constant", "<value>0</value>")
    axes = "".join(
        axis(f"rotation{i + 1}", way, "", still) for i, way in enumerate(("1 0 0", "0 1 0", "0 0 1"))
    )
    axes += axis(
        "translation1", "1 0 0", "way", function("LinearFunction", "<coefficients>1 0.2</coefficients>")
    )
    axes += axis("translation2", "0 1 0", "", still) + axis("translation3", "0 0 1", "", still)
    inside = f"<SpatialTransform>{axes}</SpatialTransform>"
    return joint("CustomJoint", "slide", "a", "b", ['<Coordinate name="way"/>'], inside)


def test_no_factors_change_nothing(small, tmp_path):
    before, after = read_osim(small), scaled(small, tmp_path, {})
    for one, two in zip(before.tree, after.tree, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-16)


@pytest.mark.parametrize(
    ("scales", "match"),
    [
        ({"thihg": 1.0}, "cannot be scaled so: no body is called 'thihg'; did you mean 'thigh'"),
        ({"ground": 1.1}, "no body is called 'ground'"),
        (
            {"thigh": 0.0},
            "cannot be scaled by 0.0 in the body thigh; expected one factor or three, from 0.1 to 10",
        ),
        ({"thigh": [1.0, np.nan, 1.0]}, "expected one factor or three"),
        ({"thigh": [1.0, 1.0]}, "expected one factor or three"),
    ],
)
def test_impossible_factors(small, tmp_path, scales, match):
    with pytest.raises(InputError, match=match):
        write_osim(tmp_path / "scaled.osim", small, scales)
    assert not (tmp_path / "scaled.osim").exists()


def test_what_cannot_be_scaled(tmp_path):
    with pytest.raises(
        InputError, match=r"old\.osim is of OpenSim 3 or older, which cannot be scaled; save it"
    ):
        write_osim(tmp_path / "scaled.osim", GOLDEN / "old.osim", {})
    with pytest.raises(MissingFileError):
        write_osim(tmp_path / "scaled.osim", tmp_path / "nothing.osim", {})


def test_opensim_opens_scaled_models_and_agrees(tmp_path):
    for name in ("joints", "functions"):
        bodies = read_osim(GOLDEN / f"{name}.osim").bodies
        random = np.random.default_rng(1)
        model = scaled(
            GOLDEN / f"{name}.osim", tmp_path, {body: random.uniform(0.7, 1.4, 3) for body in bodies}
        )
        coordinates = poses(model, 20)
        found = opensim_says(tmp_path / "scaled.osim", tmp_path, coordinates=coordinates)
        order = [list(found["markers"]).index(one) for one in model.markers]
        positions = model.marker_positions(coordinates)
        np.testing.assert_allclose(positions, found["positions"][:, order], atol=1e-9, rtol=0)


@pytest.mark.realdata
def test_a_real_model_is_scaled_as_opensim_scales_it(tmp_path):
    """One factor a body: with three, OpenSim looks at axes as if the joint were not turned in its body."""
    source = shared(REAL)
    bodies = read_osim(source).bodies
    factors = np.repeat(np.random.default_rng(2).uniform(0.8, 1.2, len(bodies)), 3).reshape(-1, 3)
    model = scaled(source, tmp_path, dict(zip(bodies, factors, strict=True)))
    coordinates = poses(model, 50)
    opened = opensim_says(tmp_path / "scaled.osim", tmp_path, coordinates=coordinates)
    theirs = opensim_says(source, tmp_path, coordinates=coordinates, scaled=np.array(bodies), factors=factors)
    positions = model.marker_positions(coordinates)
    np.testing.assert_allclose(positions, opened["positions"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(positions, theirs["positions"], atol=1e-9, rtol=0)
