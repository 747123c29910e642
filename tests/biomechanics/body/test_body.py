"""The body model in the package: what OpenSim makes of it, its proportions, its symmetry, its spine."""

import numpy as np
import pytest
from body_model import coordinates, couplers, golden, pose
from places import ROOT

from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH, anatomy
from mvtri.biomechanics.body.__main__ import main
from mvtri.biomechanics.body.column import disc_places, level_places
from mvtri.biomechanics.body.definition import KINDS, body_model, shares, spine_deviations
from mvtri.biomechanics.body.osim_text import osim_text
from mvtri.biomechanics.osim import read_osim
from mvtri.kinematics.spine_anatomy import CHAIN, rest_shape
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body

MOVES = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
SIDES = {"left": "right", "right": "left"}


def mirrored(name):
    side, _, rest = name.partition("_")
    return f"{SIDES[side]}_{rest}" if side in SIDES else name


def bone(markers, first, second):
    return float(np.linalg.norm(markers[first] - markers[second]))


def test_the_file_is_what_the_definition_makes():
    assert MODEL_PATH.read_text(encoding="utf-8") == osim_text(body_model())


def test_the_command_writes_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["body", str(tmp_path)])
    main()
    for path in (MODEL_PATH, FREE_MODEL_PATH):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_markers_are_where_opensim_puts_them():
    for one in golden()["poses"]:
        _, markers = pose(one["coordinates"])
        assert set(markers) == set(one["markers"])
        for name, place in one["markers"].items():
            np.testing.assert_allclose(markers[name], place, atol=1e-9, err_msg=name)


def test_our_reader_reads_it():
    model = read_osim(MODEL_PATH)
    found = golden()
    assert [name for name, unit in zip(model.coordinates, model.units) if unit == "rotational"] == found[
        "angles"
    ]
    assert [model.coordinates[index] for index in model.free] == found["free"]
    for one in found["poses"]:
        free = [one["coordinates"].get(name, coordinates()[name][0]) for name in found["free"]]
        places = model.marker_positions(model.full_coordinates(free))
        expected = [one["markers"][name] for name in model.markers]
        np.testing.assert_allclose(places, expected, atol=1e-9)


def test_opensim_finds_39_free_coordinates_and_the_whole_mass():
    found = golden()
    assert len(found["free"]) == 39
    assert set(found["dependent"]) == set(couplers())
    assert found["mass"] == pytest.approx(anatomy.MASS)
    assert set(found["angles"]) == {name for name in coordinates() if name not in MOVES}
    assert found["bodies"] == [segment.name for segment in body_model().segments]
    assert all(segment.mass > 0 and segment.gyration > 0 for segment in body_model().segments)


@pytest.mark.parametrize("skeleton", ["spinetrack37", "halpe26", "coco17"])
def test_there_is_a_marker_for_each_keypoint(skeleton):
    assert set(get_skeleton(skeleton).keypoints) <= set(body_model().markers)


@pytest.mark.parametrize(
    "angle", ["nothing", "arm_add", "hip_rotation", "subtalar_angle", "clavicle_protraction"]
)
def test_left_and_right_mirror_each_other(angle):
    chosen = {f"{angle}_{side}": 0.4 for side in "lr" if angle != "nothing"}
    _, markers = pose(chosen)
    for name, place in markers.items():
        np.testing.assert_allclose(markers[mirrored(name)], place * (1, 1, -1), atol=1e-8)


def test_bones_have_the_lengths_of_the_table():
    markers = pose({})[1]
    parts = {"upper_arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist")}
    parts |= {"thigh": ("hip", "knee"), "shank": ("knee", "ankle")}
    for part, (first, second) in parts.items():
        length = bone(markers, f"left_{first}", f"left_{second}")
        assert length == pytest.approx(anatomy.LENGTHS[part], abs=1e-8)
    levels = [level.name for level in anatomy.COLUMN]
    below, above = levels.index("T8"), levels.index("T3")
    between = sum(level.height + level.disc for level in anatomy.COLUMN[below + 1 : above + 1])
    between += 0.5 * (anatomy.COLUMN[below].height - anatomy.COLUMN[above].height)
    along = bone(markers, "spine_04", "spine_05")
    assert 0.98 < along / (1e-3 * anatomy.COLUMN_SCALE * between) < 1.0  # a chord of the curve


def test_it_stands_on_the_floor_with_its_stature():
    markers = pose({})[1]
    assert markers["head"][1] == pytest.approx(anatomy.STATURE, rel=0.01)
    assert min(place[1] for place in markers.values()) == pytest.approx(0.0, abs=0.02)


def test_it_agrees_with_the_bodies_of_synthetic_people():
    names = get_skeleton("spinetrack37").keypoints
    places = Body(stature=anatomy.STATURE).rest_keypoints[1][:, [0, 2, 1]] * (1, 1, -1)
    frames, markers = pose({})
    for name, place in zip(names, places):
        assert np.linalg.norm(markers[name] - frames["pelvis"][1] - place) < 0.04, name


def test_the_spine_at_rest_is_usual():
    tilt = {level.name: level.tilt for level in anatomy.COLUMN}
    plate = np.degrees(np.arctan2(*anatomy.SACRAL_PLATE)) + 20.0  # the sacrum curves: its plate leans further
    assert 35 <= plate - 0.5 * (tilt["T12"] + tilt["L1"]) <= 65
    assert 20 <= 0.5 * (tilt["T4"] + tilt["T3"]) - 0.5 * (tilt["T12"] + tilt["T11"]) <= 50
    markers = pose({})[1]
    chain = np.diff([markers[name] for name in CHAIN], axis=0)
    usual = rest_shape(CHAIN).parts[1:9]
    lean = np.degrees(np.arctan2(chain[:, 0], chain[:, 1]))
    assert np.abs(lean - np.degrees(np.arctan2(usual[:, 0], usual[:, 2]))).max() < 5
    lengths, expected = np.linalg.norm(chain, axis=1), np.linalg.norm(usual, axis=1) * anatomy.COLUMN_SCALE
    assert lengths[:-1] == pytest.approx(expected[:-1], rel=0.25)
    assert abs(markers["neck"][0] - markers["hip"][0]) < 0.03


def test_mvtri_measures_a_usual_lordosis_and_kyphosis():
    from mvtri.kinematics.spine_angles import spine_angles
    from mvtri.kinematics.spine_curve import fit_spine

    names = get_skeleton("spinetrack37").keypoints
    markers = pose({})[1]
    points = np.array([markers[name][[0, 2, 1]] * (1, -1, 1) for name in names])
    frames = np.tile(points, (5, 1, 1))
    spreads = np.tile(np.eye(3) * 1e-6, (5, len(names), 1, 1))
    angles, _ = spine_angles(fit_spine(frames, spreads, names))
    lordosis, kyphosis = (np.degrees(angles[name][0]) for name in ("lumbar_lordosis", "thoracic_kyphosis"))
    assert (np.abs(lordosis - 28) < 6).all()  # of chords between keypoints: 28.5 of the anatomical shape
    assert (np.abs(kyphosis - 23) < 6).all()  # 22.5


@pytest.mark.parametrize("region", ["lumbar", "thoracic", "neck"])
def test_shares_of_a_region_are_one_whole(region):
    assert np.sum(list(shares(region).values()), axis=0) == pytest.approx([1.0, 1.0, 1.0])
    top = {"lumbar": "lumbar1", "thoracic": "upper_thorax", "neck": "head"}[region]
    for number, kind in enumerate(KINDS):
        turned = pose({f"{region}_{kind}": 0.5})[0][top][0]
        axis = np.array([(0, 0, -1), (-1, 0, 0), (0, 1, 0)][number])
        np.testing.assert_allclose(turned @ axis, axis, atol=1e-8)
        assert np.arccos(0.5 * (np.trace(turned) - 1)) == pytest.approx(0.5, abs=1e-6)


def test_signs_are_those_of_their_names():
    rest = pose({})[1]
    bent = pose({"lumbar_flexion": 0.5})[1]
    assert bent["neck"][0] > rest["neck"][0] + 0.1
    assert pose({"thoracic_bending": 0.5})[1]["neck"][2] < -0.05
    assert pose({"neck_rotation": 0.5})[1]["nose"][2] < -0.05
    assert pose({"arm_flex_l": 0.5})[1]["left_wrist"][0] > rest["left_wrist"][0] + 0.1
    assert pose({"elbow_flex_r": 0.5})[1]["right_wrist"][0] > rest["right_wrist"][0] + 0.1
    assert pose({"knee_angle_r": 0.5})[1]["right_ankle"][0] < rest["right_ankle"][0] - 0.1
    assert pose({"ankle_angle_r": 0.5})[1]["right_big_toe"][1] > rest["right_big_toe"][1] + 0.05
    assert pose({"clavicle_elevation_l": 0.3})[1]["left_shoulder"][1] > rest["left_shoulder"][1] + 0.03
    assert pose({"clavicle_protraction_l": 0.3})[1]["left_shoulder"][0] > rest["left_shoulder"][0] + 0.03
    turned_in = pose({"subtalar_angle_r": 0.3})[1]
    assert turned_in["right_small_toe"][1] < turned_in["right_big_toe"][1]


def test_ranges_hold_the_rest_pose_and_are_bounds_of_free_coordinates():
    for name, (default, low, high, clamped) in coordinates().items():
        assert low <= default <= high
        assert clamped == (name not in couplers() and not name.startswith("pelvis"))


def test_discs_lie_between_their_vertebrae():
    levels, discs = level_places(), disc_places()
    for lower, upper in zip(anatomy.COLUMN, anatomy.COLUMN[1:]):
        assert levels[lower.name][1] < discs[upper.name][1] < levels[upper.name][1]


def test_the_free_model_has_the_same_parts_without_couplers():
    free, coupled = read_osim(FREE_MODEL_PATH), read_osim(MODEL_PATH)
    assert len(free.free) == len(coupled.free) - 9 + 33 == len(free.coordinates)
    assert free.markers == coupled.markers
    assert set(free.units) == {"rotational", "translational"}
    rest = free.marker_positions(free.defaults)
    np.testing.assert_allclose(rest, coupled.marker_positions(coupled.defaults), atol=1e-12)
    for name, (whole, share) in couplers().items():
        chosen = {each: part * 0.4 for each, (other, part) in couplers().items() if other == whole}
        assert spine_deviations(0.5)[name] == pytest.approx(0.5 * np.sqrt(share), rel=1e-8)
        values = free.defaults + [chosen.get(each, 0.0) for each in free.coordinates]
        places = pose({whole: 0.4})[1]
        expected = [places[each] for each in free.markers]
        np.testing.assert_allclose(free.marker_positions(values), expected, atol=1e-8)


def test_deviations_share_a_bend_as_the_couplers_do():
    deviations = spine_deviations(1.0)
    for region in ("lumbar", "thoracic", "neck"):
        parts = {name: part for name, (whole, part) in couplers().items() if whole == f"{region}_flexion"}
        variances = np.array([deviations[name] ** 2 for name in parts])
        likely = 0.3 * variances / variances.sum()  # of normal angles whose sum is 0.3
        assert likely == pytest.approx(0.3 * np.array(list(parts.values())))


def rows_of_the_page():
    """Return the cells of each row of docs/body-model.md, without marks of code."""
    text = (ROOT / "docs" / "body-model.md").read_text(encoding="utf-8").replace("`", "")
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]


def test_the_page_says_the_ranges_and_shares():
    cells = {row[0]: row for row in rows_of_the_page()}
    for name, (low, high) in anatomy.RANGES.items():
        spine = name.rpartition("_")[0] in ("lumbar", "thoracic", "neck")
        assert cells[name if spine else f"{name}_r, {name}_l"][2] == f"{low} to {high}"
    for joint in anatomy.SPINE_JOINTS:
        parts = [f"{100 * part:.1f} %" for part in shares(joint.region)[joint.name]]
        assert cells[joint.name][1] == joint.body
        assert cells[joint.name][3:] == parts
