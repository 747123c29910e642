"""Scaled models and moved markers in files: measured again, read again, and refusals."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.osim import read_osim
from mvtri.biomechanics.scaling import scale_factors
from mvtri.biomechanics.simulation import mocap_markers, move_markers, scale_model
from mvtri.datasets import synthetic_human36m
from mvtri.errors import InputError, MissingFileError


@pytest.fixture(scope="module")
def person():
    dataset = synthetic_human36m(subjects=["S9"])
    return mocap_markers(dataset.load(dataset.sequences[0]).truth)


def test_a_scaled_model_has_the_measured_distances(person, tmp_path):
    path = tmp_path / "scaled.osim"
    scaled = scale_model(path, MODEL_PATH, MEASUREMENTS, person.truth, person.names)
    before, after = ([one.factor for one in part.found] for part in (scaled.before, scaled.after))
    assert np.abs(np.array(before) - 1.0).max() > 0.1
    assert np.abs(np.array(after) - 1.0).max() < 0.01
    model = read_osim(path)
    rest = model.marker_positions(model.defaults)
    again = scale_factors(MEASUREMENTS, person.truth, person.names, rest, model.markers)
    assert [one.factor for one in again.found] == pytest.approx(after, abs=1e-12)
    for first, second in (("left_hip", "left_knee"), ("left_elbow", "left_wrist"), ("left_ear", "right_ear")):
        ours = np.linalg.norm(rest[model.markers.index(first)] - rest[model.markers.index(second)])
        true = person.truth[:, person.names.index(first)] - person.truth[:, person.names.index(second)]
        assert ours == pytest.approx(np.linalg.norm(true, axis=-1).mean(), rel=0.01)


def test_moved_markers_are_where_they_were_put(tmp_path):
    places = {"nose": [0.1, 0.02, 0.01], "left_knee": [0.0, 0.01, -0.02]}
    move_markers(tmp_path / "moved.osim", MODEL_PATH, places)
    before, after = read_osim(MODEL_PATH), read_osim(tmp_path / "moved.osim")
    expected = before.tree.marker_places.copy()
    for name, place in places.items():
        expected[before.markers.index(name)] = place
    np.testing.assert_allclose(after.tree.marker_places, expected, atol=1e-15)


def test_markers_are_left_out_and_the_others_stay(tmp_path):
    move_markers(tmp_path / "fewer.osim", MODEL_PATH, {"nose": [0.1, 0.0, 0.0]}, without=["hip", "neck"])
    before, after = read_osim(MODEL_PATH), read_osim(tmp_path / "fewer.osim")
    assert after.markers == tuple(name for name in before.markers if name not in {"hip", "neck"})
    np.testing.assert_array_equal(after.tree.marker_places[after.markers.index("nose")], [0.1, 0.0, 0.0])
    assert after.coordinates == before.coordinates


def test_a_marker_on_a_turned_frame_is_put_in_the_axes_of_the_body(tmp_path):
    document = ElementTree.parse(MODEL_PATH)
    pelvis = next(one for one in document.iter("Body") if one.get("name") == "pelvis")
    frame = ElementTree.SubElement(
        ElementTree.SubElement(pelvis, "components"), "PhysicalOffsetFrame", {"name": "turned"}
    )
    for tag, text in (("socket_parent", ".."), ("translation", "0.1 0 0"), ("orientation", "0 0 1.5")):
        ElementTree.SubElement(frame, tag).text = text
    hip = next(one for one in document.iter("Marker") if one.get("name") == "hip")
    hip.find("socket_parent_frame").text = "/bodyset/pelvis/turned"
    document.write(tmp_path / "framed.osim")
    move_markers(tmp_path / "moved.osim", tmp_path / "framed.osim", {"hip": [0.01, 0.02, 0.03]})
    model = read_osim(tmp_path / "moved.osim")
    place = model.tree.marker_places[model.markers.index("hip")]
    np.testing.assert_allclose(place, [0.01, 0.02, 0.03], atol=1e-12)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="tail"):
        move_markers(tmp_path / "moved.osim", MODEL_PATH, {"tail": [0, 0, 0]})
    with pytest.raises(InputError, match="three numbers"):
        move_markers(tmp_path / "moved.osim", MODEL_PATH, {"nose": [0, np.nan, 0]})
    with pytest.raises(MissingFileError):
        move_markers(tmp_path / "moved.osim", tmp_path / "none.osim", {})
    assert list(tmp_path.iterdir()) == []


def test_the_markers_of_an_old_model_do_not_move(tmp_path):
    old = MODEL_PATH.read_text().replace('Version="40000"', 'Version="30000"')
    (tmp_path / "old.osim").write_text(old)
    with pytest.raises(InputError, match=r"old\.osim is of OpenSim 3 or older, which cannot be changed"):
        move_markers(tmp_path / "moved.osim", tmp_path / "old.osim", {})
    assert not (tmp_path / "moved.osim").exists()
