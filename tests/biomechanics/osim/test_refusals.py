"""What cannot be read: each is refused with one sentence that names it."""

import contextlib

import models_osim as write
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_osim import small_model

from mvtri.biomechanics import Model, read_osim
from mvtri.errors import InputError, MissingFileError

TEXT = small_model()
FRAMES = [write.offset(f"f{i}", f"/jointset/root/f{i - 1}" if i else "/ground") for i in range(101)]
BY_TIME = "<prescribed_function><Constant><value>1</value></Constant></prescribed_function>"
PIN = '<PinJoint name="toe">'


def refuse(tmp_path, text, match):
    path = tmp_path / "model.osim"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as caught:
        read_osim(path)
    assert str(caught.value).startswith(f"{path} ")
    assert "\n" not in str(caught.value)


def edited(old, new, count=1):
    assert old in TEXT
    return TEXT.replace(old, new, count)


CASES = {
    "kind of joint": (
        edited("UniversalJoint", "EllipsoidJoint", 9),
        "joint ankle of the kind EllipsoidJoint",
    ),
    "scapula": (edited("BallJoint", "ScapulothoracicJoint", 9), "joint hip of the kind ScapulothoracicJoint"),
    "kind of function": (
        edited("SimmSpline", "GCVSpline", 99),
        "function GCVSpline as the axis rotation2 of the joint knee_joint",
    ),
    "two coordinates": (
        edited("<coordinates>knee</coordinates>", "<coordinates>knee toe</coordinates>"),
        "2 coordinates in the axis rotation1",
    ),
    "two slopes": (
        edited("<coefficients>1 0<", "<coefficients>1 2 0<"),
        "3 coefficients in the LinearFunction of the axis rotation1",
    ),
    "no coordinate": (
        edited("<coordinates>knee</coordinates>", "<coordinates></coordinates>"),
        "function without a coordinate in the axis rotation1",
    ),
    "weld constraint": (
        edited("CoordinateCouplerConstraint", "WeldConstraint", 2),
        "constraint follow of the kind WeldConstraint",
    ),
    "several independent": (
        edited("names>knee<", "names>knee hip_0<"),
        "2 independent coordinates in the coupler follow",
    ),
    "unknown independent": (
        edited("names>knee<", "names>kneee<"),
        "coupler follow, but no coordinate is called 'kneee'",
    ),
    "coupled and locked": (
        edited("name>cap_angle<", "name>toe_angle<"),
        "toe_angle coupled by follow and locked; remove one",
    ),
    "follows itself": (
        edited("names>knee<", "names>cap_angle<"),
        "couplers by which cap_angle follows itself",
    ),
    "unknown body": (
        edited("parent>/bodyset/shank<", "parent>/bodyset/shin<"),
        "'/bodyset/shin', but no body or frame of that name",
    ),
    "frame of itself": (
        edited("<socket_parent>/bodyset/shank<", "<socket_parent>/jointset/knee_joint/in_child<"),
        "whose parents go round in a circle",
    ),
    "two bodies": (
        edited("</objects></BodySet>", '<Body name="cap"/></objects></BodySet>'),
        "two bodies called 'cap'",
    ),
    "two coordinates of a name": (
        edited('Coordinate name="cap_angle"', 'Coordinate name="knee"'),
        "two coordinates called 'knee'",
    ),
    "two markers": (edited('Marker name="on_cap"', 'Marker name="on_foot"'), "two markers called 'on_foot'"),
    "no joint": (
        edited("</objects></BodySet>", '<Body name="ball"/></objects></BodySet>'),
        "body ball, which is the child of no joint",
    ),
    "loop": (
        edited(
            "</objects></JointSet>",
            write.joint("WeldJoint", "again", "pelvis", "foot") + "</objects></JointSet>",
        ),
        r"body foot as the child of two joints \(ankle, again\), a loop",
    ),
    "ground moves": (
        edited(
            "</objects></JointSet>",
            write.joint("WeldJoint", "again", "foot", "ground") + "</objects></JointSet>",
        ),
        "joint again with the ground as its child",
    ),
    "circle": (
        edited(
            "<socket_parent>/ground</socket_parent>",
            "<socket_parent>/bodyset/foot</socket_parent>",
        ),
        "circle of joints that does not reach the ground",
    ),
    "frames in frames": (
        edited(
            "<socket_parent>/ground</socket_parent>", "<socket_parent>/jointset/root/f100</socket_parent>"
        ).replace("<frames>", "<frames>" + "".join(FRAMES), 1),
        "the joint root in more than 100 frames one in the other",
    ),
    "NaN": (
        edited("<location>0.05 -0.1 0.2<", "<location>nan -0.1 0.2<"),
        "number nan in location of the marker on_",
    ),
    "huge": (
        edited("<range>-1.5 1.5<", "<range>-1.5 1e300<"),
        r"number 1e\+300 in range of the coordinate pelvis_0",
    ),
    "one end": (edited("<range>-1.5 1.5<", "<range>1.5<"), "1 numbers as range of the coordinate pelvis_0"),
    "words": (
        edited("<range>-1.5 1.5<", "<range>low high<"),
        "range of the coordinate pelvis_0 that is not made of",
    ),
    "too few": (edited("<axis>0 0 1<", "<axis>0 0<"), "2 numbers as axis of the axis rotation1"),
    "no direction": (
        edited("<axis>0 0 1<", "<axis>0 0 0<"),
        "axis rotation1 of the joint knee_joint without a direction",
    ),
    "millimetres": (
        edited("<location>0.05 -0.1 0.2<", "<location>50 -100 200<"),
        "200 m away from its body.*millimetres",
    ),
    "empty range": (
        edited("<range>-1.5 1.5<", "<range>1.5 -1.5<"),
        "range 1.5 to -1.5 of the coordinate pelvis_0",
    ),
    "no truth": (
        edited("<locked>true<", "<locked>perhaps<"),
        "locked of the coordinate toe_angle that is neither",
    ),
    "prescribed": (
        edited("<locked>true</locked>", "<prescribed>true</prescribed>" + BY_TIME),
        "toe_angle prescribed",
    ),
    "knots": (edited("-0.4 0.3", "0.3 -0.4"), "values of x in the SimmSpline .* that do not increase"),
    "lengths": (edited("-0.4 0.3", "-0.4"), "4 values of x and 5 of y in the SimmSpline"),
    "polynomial": (edited("0.1 0.2 0<", " 1" * 30 + "<"), "30 coefficients in the PolynomialFunction"),
    "no transform": (
        edited("SpatialTransform", "Transform", 2),
        "CustomJoint knee_joint without a SpatialTransform",
    ),
    "axis twice": (edited('"translation2"', '"translation1"'), "axis 'translation1' in the joint knee_joint"),
    "too few coordinates": (
        edited(write.coordinate("hip_2"), ""),
        "2 coordinates in the BallJoint hip, expected 3",
    ),
    "idle coordinate": (
        edited(write.coordinate("knee"), write.coordinate("knee") + write.coordinate("idle")),
        "'idle' in the joint knee_joint, which moves none",
    ),
    "without name": (edited(PIN, "<PinJoint>"), "a <PinJoint> without a name"),
    "no parent": (
        edited("socket_parent_frame>in_parent</socket_parent_frame>", "x/>"),
        "joint root without socket_parent_frame",
    ),
    "other file": (
        edited('<MarkerSet name="markerset">', '<MarkerSet file="other.xml">'),
        "keeps its MarkerSet in another file",
    ),
    "version": (edited('Version="40000"', 'Version="30517"'), "version '30517', expected"),
    "no version": (edited('Version="40000"', 'Version="new"'), "version 'new', expected"),
    "feet": (
        edited("</Model>", "<length_units>feet</length_units></Model>"),
        "says that its lengths are 'feet', expected meters",
    ),
    "no model": (
        edited("Model name", "Tool name").replace("</Model>", "</Tool>"),
        r"without a <Model> \(it has Tool\)",
    ),
    "other XML": ("<svg></svg>", "begins with <svg>"),
    "no XML": ("time\t1\n", "is not whole XML"),
    "entities": (
        '<!DOCTYPE a [<!ENTITY b "c">]>' + TEXT.split("\n", 1)[1],
        "declares a document type or entities",
    ),
    "no joints": (write.document([], []), "has no joints"),
    "deep": ("<a>" * 100 + "</a>" * 100, "nested more than 50 levels deep"),
    "many bodies": (
        write.document([f"b{i}" for i in range(1001)], [write.joint("WeldJoint", "j", "ground", "b0")]),
        "1001 bodies",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused(tmp_path, name):
    refuse(tmp_path, *CASES[name])


def test_a_constraint_that_is_not_enforced_does_not_matter(tmp_path):
    path = tmp_path / "model.osim"
    path.write_text(
        edited("CoordinateCouplerConstraint", "WeldConstraint", 2).replace("Enforced>true", "Enforced>false")
    )
    assert read_osim(path).couplers == {}


def test_prescribed_without_a_function_means_nothing(tmp_path):
    path = tmp_path / "model.osim"
    for text in ("<prescribed>true</prescribed>", BY_TIME):
        path.write_text(edited("<locked>true</locked>", text))
        assert "toe_angle" in {read_osim(path).coordinates[q] for q in read_osim(path).free}


def test_an_infinite_range_is_a_very_wide_one(tmp_path):
    path = tmp_path / "model.osim"
    path.write_text(edited("<range>-1.5 1.5<", "<range>-Inf infinity<"))
    assert read_osim(path).ranges[0].tolist() == [-99999.9, 99999.9]


def test_no_such_file(tmp_path):
    with pytest.raises(MissingFileError, match="nothing"):
        read_osim(tmp_path / "nothing.osim")


def test_markers_of_another_file(tmp_path):
    path, markers = tmp_path / "model.osim", tmp_path / "markers.xml"
    path.write_text(TEXT)
    added = write.marker("on_foot", "foot", "1 0 0")
    added += '<Marker name="new"><body>toes</body><location>0 2 0</location></Marker>'
    listed = f"<MarkerSet><objects>{added}</objects></MarkerSet>"
    whole = f'<OpenSimDocument Version="40000">{listed}</OpenSimDocument>'
    markers.write_text(whole)
    model = read_osim(path, markers)
    bare = read_osim(path)
    assert model.markers == (*(name for name in bare.markers if name != "on_foot"), "on_foot", "new")
    assert model.tree.marker_places[-2:].tolist() == [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    assert [model.bodies[b] for b in model.tree.marker_bodies[-2:]] == ["foot", "toes"]
    for text, match in (
        (whole.replace("toes", "toe"), "marker new on 'toe', but no body"),
        (whole.replace("new", "on_foot"), "two markers called 'on_foot'"),
        (TEXT, "has no markers"),
    ):
        markers.write_text(text)
        with pytest.raises(InputError, match=match) as caught:
            read_osim(path, markers)
        assert str(caught.value).startswith(str(markers))


@given(st.integers(0, len(TEXT) - 30))
def test_a_truncated_file_is_refused(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("osim") / "model.osim"
    path.write_text(TEXT[:length])
    with pytest.raises(InputError):
        read_osim(path)


@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT) - 1), st.sampled_from("019<>/ae.- \"'x")), min_size=1, max_size=3
    )
)
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, changes):
    letters = list(TEXT)
    for place, letter in changes:
        letters[place] = letter
    path = tmp_path_factory.mktemp("osim") / "model.osim"
    path.write_text("".join(letters))
    with contextlib.suppress(InputError):
        assert isinstance(read_osim(path), Model)
