"""Cameras in another world: values worked out by hand, and what cannot be told is refused."""

import numpy as np
import pytest
from walkers_calib import CAMS, NAMES

import mvtri
from mvtri.calib.bundle.align import Similarity
from mvtri.calib.pose_covariance import read_pose_covariance, write_pose_covariance
from mvtri.calib.world import DIRECTIONS, PRESETS, align_world
from mvtri.cli.command import _run
from mvtri.errors import InputError
from mvtri.plausibility.body import stature_of
from mvtri.synthetic import walk_about

POINTS = np.random.default_rng(0).uniform([-1, -1, 0], [1, 1, 2], (10, 3))


@pytest.mark.parametrize("up", DIRECTIONS)
@pytest.mark.parametrize("to", PRESETS)
def test_up_points_up_and_pictures_stay(up, to):
    cams, change = align_world(CAMS, up=up, to=to)
    expected = [0.0, 0.0, 1.0] if to in ("z-up", "blender", "vicon") else [0.0, 1.0, 0.0]
    np.testing.assert_allclose(change.rotation @ DIRECTIONS[up], expected, atol=1e-12)
    assert np.linalg.det(change.rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(cams.project(change.points(POINTS)), CAMS.project(POINTS), atol=1e-8)


def test_opensim_has_x_forward_and_z_to_the_right():
    _, change = align_world(CAMS, to="opensim")
    np.testing.assert_allclose(change.points(np.array([[1.0, 2.0, 3.0]])), [[1.0, 3.0, -2.0]])


def test_the_plane_of_the_floor_is_at_0_and_its_normal_up():
    tilted = Similarity(1.0, mvtri_rotation(0.2), np.array([0.3, -0.4, 0.7]))
    floor = tilted.points(np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0], [2, 3, 0.001]], dtype=float))
    cams, change = align_world(tilted.cameras(CAMS), floor=floor)
    np.testing.assert_allclose(change.points(floor)[:, 2], 0.0, atol=1e-3)
    np.testing.assert_allclose(cams.centers[:, 2], CAMS.centers[:, 2], atol=0.01)


def mvtri_rotation(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def test_feet_show_the_floor_and_the_height_gives_the_scale():
    person = walk_about(60, 0)
    low = Similarity(0.5, np.eye(3), np.array([0.0, 0.0, 4.0]))
    cams, _ = align_world(
        low.cameras(CAMS), person=low.points(person), keypoints=NAMES, height=stature_of(person, NAMES)
    )
    np.testing.assert_allclose(cams.centers, CAMS.centers, atol=0.08)  # feet are a little above the floor


def test_origin_and_heading():
    cams, change = align_world(CAMS, origin=[1.0, 2.0, 0.5], heading=90.0)
    np.testing.assert_allclose(change.points(np.array([[2.0, 2.0, 0.5]])), [[0.0, 1.0, 0.0]], atol=1e-12)
    _, on_floor = align_world(CAMS, origin=[1.0, 2.0, 0.5], floor=[[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(on_floor.points(np.array([[1.0, 2.0, 0.0]])), [[0.0, 0.0, 0.0]], atol=1e-12)
    assert len(cams) == 4


def test_a_distance_of_two_cameras_gives_the_scale():
    a, b = CAMS.names[:2]
    cams, change = align_world(CAMS, distance=(a, b, 1.0))
    assert np.linalg.norm(cams.centers[0] - cams.centers[1]) == pytest.approx(1.0)
    assert change.scale == pytest.approx(1.0 / np.linalg.norm(CAMS.centers[0] - CAMS.centers[1]))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"up": "w"}, "w"),
        ({"to": "unity"}, "left-handed"),
        ({"to": "maya"}, "maya"),
        ({"floor": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]}, "lie in a line"),
        ({"floor": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]}, "do not lie in a plane"),
        ({"floor": [[0, 0]]}, "expected (-1, 3)"),
        ({"floor": [[0, 0, 0], [1, 0, 0]]}, "the floor has 2 points"),
        ({"floor": [[0, 0, 0], [1, 0, 0], [0, np.nan, 0]]}, "NaN or infinite"),
        ({"floor": [[0, 0, 0], [1, 0]]}, "floor is no array of numbers"),
        ({"person": np.zeros((3, 2, 3)), "keypoints": ["nose", "neck"]}, "no feet"),
        ({"height": 1.8}, "only with tracks"),
        ({"height": 1.8, "distance": ("a", "b", 1.0)}, "keep one"),
        ({"distance": ("a", "b", 1.0)}, "camera"),
        ({"distance": (CAMS.names[0], CAMS.names[0], 1.0)}, "between two cameras"),
    ],
)
def test_what_cannot_be_told_is_refused(options, sentence):
    with pytest.raises(InputError) as refused:
        align_world(CAMS, **options)
    assert sentence in str(refused.value)


def test_the_command_writes_the_cameras(tmp_path, capsys):
    mvtri.write_cameras(tmp_path / "old.toml", CAMS)
    new = tmp_path / "new.toml"
    names = ",".join(CAMS.names[:2])
    arguments = ["--to", "opensim", "--origin", "0,0,1", "--distance", f"{names}=2", "--out", new]
    assert _run(["-q", "calibrate", "align", str(tmp_path / "old.toml"), *map(str, arguments)], False) == 0
    found = mvtri.read_cameras(new)
    assert np.linalg.norm(found.centers[0] - found.centers[1]) == pytest.approx(2.0)
    text = capsys.readouterr().out
    assert "x m" in text
    assert "y is up; lengths are" in text
    turn = ["--heading", "90", "--out", str(tmp_path / "turned.toml")]
    assert _run(["-q", "calibrate", "align", str(tmp_path / "old.toml"), *turn], False) == 0
    assert "z is up; lengths stay" in capsys.readouterr().out
    for wrong, sentence in (
        (["--origin", "0,0"], "three numbers"),
        (["--distance", "a=b"], "two cameras and metres"),
        (["--floor", "1,2,3;a"], "--floor has 'a'"),
    ):
        other = ["--out", str(tmp_path / "x.toml")]
        assert _run(["-q", "calibrate", "align", str(tmp_path / "old.toml"), *wrong, *other], False) == 1
        assert sentence in capsys.readouterr().err


def test_how_sure_the_cameras_are_goes_along(tmp_path):
    mvtri.write_cameras(tmp_path / "old.toml", CAMS)
    deviations = np.tile([0.01, 0.02, 0.03, 0.1, 0.2, 0.3], 4)
    write_pose_covariance(tmp_path / "old.toml", CAMS.names, np.diag(deviations**2))
    new = tmp_path / "new.toml"
    first, second = CAMS.names[:2]
    metres = 2.0 * np.linalg.norm(CAMS.centers[0] - CAMS.centers[1])
    arguments = ["--to", "opensim", "--distance", f"{first},{second}={metres}", "--out", new]
    assert _run(["-q", "calibrate", "align", str(tmp_path / "old.toml"), *map(str, arguments)], False) == 0
    found = np.sqrt(read_pose_covariance(new, CAMS.names).diagonal())
    np.testing.assert_allclose(found, np.tile([0.01, 0.02, 0.03, 0.2, 0.6, 0.4], 4))  # x, z and -y of the old


def views_of(point, names, cams=CAMS):
    """Return where cameras see a point, as numbers that a person may have clicked."""
    pixels = cams.project(np.asarray(point, dtype=float))
    return {name: tuple(pixels[cams.names.index(name)]) for name in names}


def as_text(views):
    return " ".join(f"{name}:{x:.2f},{y:.2f}" for name, (x, y) in views.items())


FLOOR = [[-1.0, -0.8, 0.0], [1.0, -1.0, 0.0], [0.2, 1.1, 0.0], [0.9, 0.7, 0.0]]


def test_points_that_cameras_see_make_the_world(tmp_path, capsys):
    """The cameras lie anywhere; clicked points bring them back to the world that they are known in."""
    anyhow = mvtri_rotation(2.5) @ mvtri_rotation(0.7)[:, [2, 0, 1]] @ mvtri_rotation(0.4)
    turned = Similarity(1.0, anyhow, np.array([0.3, -0.4, 0.7])).cameras(CAMS)
    mvtri.write_cameras(tmp_path / "any.toml", turned)
    one, two = list(CAMS.names[:2]), list(CAMS.names[1:3])
    floor = "; ".join(as_text(views_of(point, one if i % 2 else two)) for i, point in enumerate(FLOOR))
    options = ["--floor-points", floor, "--origin-point", as_text(views_of([0.0, 0.0, 0.0], CAMS.names[3:]))]
    options += ["--x-point", as_text(views_of([1.0, 0.0, 0.0], CAMS.names[:1]))]
    files = [str(tmp_path / name) for name in ("any.toml", "out.toml")]
    assert _run(["-q", "calibrate", "align", files[0], *options, "--out", files[1]], debug=False) == 0
    found = mvtri.read_cameras(files[1])
    np.testing.assert_allclose(found.centers, CAMS.centers, atol=0.002)
    np.testing.assert_allclose(found.rotations, CAMS.rotations, atol=0.001)


def test_a_point_in_one_camera_needs_a_floor_below_the_horizon():
    views = views_of([0.5, 0.5, 0.0], CAMS.names[:1])
    with pytest.raises(InputError, match="the floor is not known"):
        align_world(CAMS, origin=views)
    (x, _), name = views[CAMS.names[0]], CAMS.names[0]
    with pytest.raises(InputError, match="is not on the floor"):
        align_world(CAMS, floor=FLOOR, origin={name: (x, -900.0)})
    _, change = align_world(CAMS, floor=FLOOR, origin=views, toward=[0.5, 2.0, 0.0])
    np.testing.assert_allclose(change.points(np.array([0.5, 2.0, 0.0])), [1.5, 0.0, 0.0], atol=1e-6)
    with pytest.raises(InputError, match="one above the other"):
        align_world(CAMS, floor=FLOOR, origin=[0.5, 0.5, 0.0], toward=[0.5, 0.5, 1.0])


def test_image_points_that_do_not_fit_are_refused():
    wrong = views_of([0.5, 0.5, 0.0], CAMS.names[:3])
    wrong[CAMS.names[1]] = (10.0, 10.0)
    with pytest.raises(InputError, match="do not fit together: they are up to"):
        align_world(CAMS, origin=wrong)
    with pytest.raises(InputError, match="there"):
        align_world(CAMS, origin={"there": (1.0, 2.0)})
    twice = ("image_sizes", "matrices", "distortions", "rotations", "translations")
    twin = mvtri.CameraGroup(names=["a", "b"], **{what: [getattr(CAMS, what)[0]] * 2 for what in twice})
    with pytest.raises(InputError, match="from the same side"):
        align_world(twin, origin=views_of([0.5, 0.5, 0.0], ["a", "b"], twin))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "nothing was asked for, and the calibration would stay as it is"),
        (["--floor", "0,0,0;1,0,0;0,1,0", "--floor-points", "a:1,2"], "both --floor and --floor-points"),
        (["--origin", "0,0,0", "--origin-point", "a:1,2"], "both --origin and --origin-point"),
        (["--origin-point", "a 1,2"], "expected cameras with where they see the point"),
        (["--origin-point", "a:1,2 a:3,4"], "expected one image point for each of its cameras"),
        (["--origin-point", "a:1,.-2"], "expected cameras with where they see the point"),
        (["--floor-points", ";"], "expected three or more points"),
    ],
)
def test_mistakes_with_image_points_are_one_sentence(tmp_path, capsys, options, sentence):
    mvtri.write_cameras(tmp_path / "rig.toml", CAMS)
    given = ["calibrate", "align", str(tmp_path / "rig.toml"), *options, "--out", str(tmp_path / "out.toml")]
    assert _run(given, debug=False) == 1
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out.toml").exists()
