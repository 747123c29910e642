"""`CameraGroup`: what it accepts, what it refuses in one sentence, and what it computes."""

import copy
import pickle
import re
import sys

import cv2
import naive_cameras as naive
import numpy as np
import pytest
from rigs_cameras import LENSES

import mvtri
from mvtri import CameraGroup
from mvtri.errors import InputError, MissingExtraError
from mvtri.kernels.algebra.rotations import rotation_matrix, rotation_vector

MIXED = [[-0.2, 0.2, 1e-3, 1e-3], [-0.02, 0.01, -0.005, 0.001], [-0.2, 0.24, -1.4e-3, -9.8e-4, -3e-3]]
MODELS = ["opencv", "fisheye", "human36m"]


@pytest.fixture
def cams():
    return naive.rig(MIXED, MODELS)


def fields(cams, **changes):
    keys = ("names", "image_sizes", "matrices", "distortions", "rotations", "translations", "models")
    return {key: copy.deepcopy(getattr(cams, key)) for key in keys} | changes


def changed(array, index, value):
    array = np.array(array, dtype=float)
    array[index] = value
    return array


@pytest.mark.parametrize("count", [4, 5, 8, 12, 14])
def test_project_is_that_of_opencv(count):
    rng = np.random.default_rng(count)
    cams = naive.rig([rng.normal(0, 0.02, count) for _ in range(4)], "opencv")
    points = rng.normal(0, 0.7, (50, 3)) + [0, 0, 1]
    found = cams.project(points)
    for c in range(4):
        vector = cv2.Rodrigues(cams.rotations[c])[0]
        expected, _ = cv2.projectPoints(
            points, vector, cams.translations[c], cams.matrices[c], cams.distortions[c]
        )
        np.testing.assert_allclose(found[:, c], expected[:, 0], rtol=0, atol=1e-9)


def test_project_is_that_of_opencv_on_the_human36m_rig():
    cams = mvtri.human36m_cameras("S9")
    points = np.random.default_rng(0).normal(0, 0.8, (200, 3)) + [0, 0, 1]
    found = cams.project(points)
    for c in range(4):
        vector = cv2.Rodrigues(cams.rotations[c])[0]
        expected, _ = cv2.projectPoints(
            points, vector, cams.translations[c], cams.matrices[c], cams.distortions[c]
        )
        np.testing.assert_allclose(found[:, c], expected[:, 0], rtol=0, atol=1e-9)


def test_project_is_the_naive_formula_for_each_model(cams):
    points = np.random.default_rng(1).normal(0, 0.5, (10, 3))
    found = cams.project(points)
    packed = [np.array(part) for part in cams.packed()]
    for c, (model, d, k, r, t) in enumerate(zip(*packed)):
        expected = [naive.project(model, d, k, r, t, point) for point in points]
        np.testing.assert_allclose(found[:, c], expected, rtol=0, atol=1e-9)


def test_skew_shears_the_pixels(cams):
    skewed = CameraGroup(**fields(cams, matrices=changed(cams.matrices, (slice(None), 0, 1), 30.0)))
    points = np.random.default_rng(2).normal(0, 0.4, (5, 3))
    plain, sheared = cams.project(points), skewed.project(points)
    yd = (plain[..., 1] - cams.matrices[:, 1, 2]) / cams.matrices[:, 1, 1]
    np.testing.assert_allclose(sheared[..., 0], plain[..., 0] + 30.0 * yd, rtol=0, atol=1e-10)
    np.testing.assert_allclose(skewed.undistort(sheared), cams.undistort(plain), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LENSES)
def test_a_projected_point_undistorts_to_its_ray(name):
    model, values = LENSES[name]
    cams = naive.rig([values] * 3, model)
    points = np.random.default_rng(3).normal(0, 0.3, (40, 3))
    seen = np.einsum("cij,nj->nci", cams.rotations, points) + cams.translations
    rays = cams.undistort(cams.project(points))
    np.testing.assert_allclose(rays, seen[..., :2] / seen[..., 2:], rtol=0, atol=1e-12)


def test_a_point_behind_a_camera_or_missing_is_nan(cams):
    behind = 2 * cams.centers[0]
    found = cams.project([behind, [np.nan, 0, 0], [0, 0, 0]])
    assert np.isnan(found[0, 0]).all()
    assert np.isfinite(found[0, 1:]).all()
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[2]).all()
    assert np.isnan(cams.project(cams.centers[0])[0]).all()  # in the lens itself


@pytest.mark.parametrize("lead", [(), (0,), (5,), (2, 3), (2, 0, 4)])
def test_any_leading_shape(cams, lead):
    points = np.random.default_rng(4).normal(0, 0.4, (*lead, 3))
    pixels = cams.project(points)
    assert pixels.shape == (*lead, 3, 2)
    assert cams.undistort(pixels).shape == pixels.shape
    assert cams.distort(pixels).shape == pixels.shape
    flat = points.reshape(-1, 3)
    for index, point in enumerate(flat):
        np.testing.assert_array_equal(pixels.reshape(-1, 3, 2)[index], cams.project(point))


def test_float32_lists_and_strided_input(cams):
    points = np.random.default_rng(5).normal(0, 0.4, (8, 3)).astype(np.float32)
    expected = cams.project(points.astype(np.float64))
    assert expected.dtype == np.float64
    np.testing.assert_array_equal(cams.project(points), expected)
    np.testing.assert_array_equal(cams.project(points.tolist()), expected)
    np.testing.assert_array_equal(cams.project(np.asfortranarray(points)), expected)
    np.testing.assert_array_equal(cams.undistort(expected[::-1]), cams.undistort(expected)[::-1])


@pytest.mark.parametrize("method", ["project", "undistort", "distort"])
def test_wrong_shapes_and_kinds_of_points(cams, method):
    for wrong in (np.zeros((3, 4)), np.zeros((2, 2, 2)), 1.0, np.zeros(0)):
        with pytest.raises(InputError, match=r"have the shape .* expected \(\.\.\., "):
            getattr(cams, method)(wrong)
    for wrong in ("text", [[1, 2, 3], [1, 2]], None, {"a": 1}):
        with pytest.raises(InputError, match=r"numbers|shape"):
            getattr(cams, method)(wrong)


def test_one_camera():
    cams = naive.rig([[0.0] * 4], "opencv")
    assert len(cams) == 1
    assert cams.project([0, 0, 0.5]).shape == (1, 2)
    assert repr(cams).startswith("CameraGroup of 1 camera\n  cam0: 1000 x 800 px, opencv (4), f = ")


def test_centers(cams):
    for r, t, centre in zip(cams.rotations, cams.translations, cams.centers):
        np.testing.assert_allclose(r @ centre + t, 0, atol=1e-14)


def test_packed(cams):
    codes, lenses, matrices, rotations, translations = cams.packed()
    assert codes.dtype == np.int64
    assert codes.tolist() == [0, 1, 2]
    assert lenses.shape == (3, 14)
    np.testing.assert_array_equal(lenses[2, :5], MIXED[2])
    assert not lenses[0, 4:].any()
    for array in (lenses, matrices, rotations, translations):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous


def test_subset(cams):
    two = cams.subset(["cam2", "cam0"])
    assert two.names == ("cam2", "cam0")
    assert two.models == ("human36m", "opencv")
    np.testing.assert_array_equal(two.project([0.1, 0.2, 0.3]), cams.project([0.1, 0.2, 0.3])[[2, 0]])
    assert cams.subset("cam1").names == ("cam1",)
    with pytest.raises(InputError, match=r"no camera is called 'cam9'.*there are: cam0, cam1, cam2"):
        cams.subset(["cam0", "cam9"])
    with pytest.raises(InputError, match="two cameras are called 'cam0'"):
        cams.subset(["cam0", "cam0"])
    with pytest.raises(InputError, match="there are no cameras"):
        cams.subset([])


def test_nothing_in_it_can_change(cams):
    for array in (cams.image_sizes, cams.matrices, cams.rotations, cams.translations, *cams.distortions):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError, match="immutable"):
        cams.names = ("a",)
    with pytest.raises(AttributeError, match="immutable"):
        del cams.matrices
    with pytest.raises(TypeError, match="unhashable"):
        hash(cams)


def test_it_keeps_copies_of_what_it_is_given(cams):
    given = fields(
        cams, matrices=np.array(cams.matrices), distortions=[np.array(d) for d in cams.distortions]
    )
    made = CameraGroup(**given)
    given["matrices"][:] = 1
    given["distortions"][0][:] = 1
    assert made == cams
    given["matrices"][:] = 2  # and what was given stays writable


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda cams: pickle.loads(pickle.dumps(cams))])
def test_copies_are_equal_and_read_only(cams, clone):
    other = clone(cams)
    assert other == cams
    assert not other.matrices.flags.writeable
    assert not other.distortions[0].flags.writeable


def test_equality(cams):
    assert cams == CameraGroup(**fields(cams))
    assert cams != cams.subset(["cam0"])
    assert cams != "cams"
    for key in ("matrices", "translations"):
        array = changed(getattr(cams, key), (0, 0), getattr(cams, key)[0, 0] * (1 + 1e-15) + 1e-15)
        if key == "matrices":
            array[0, 0] = cams.matrices[0, 0] * [1 + 1e-15, 1, 1]
        assert cams != CameraGroup(**fields(cams, **{key: array}))
    assert cams != CameraGroup(**fields(cams, names=["a", "b", "c"]))
    assert cams != CameraGroup(**fields(cams, image_sizes=cams.image_sizes + 1))
    longer = [[*MIXED[0], 0.0], *MIXED[1:]]
    assert cams != CameraGroup(**fields(cams, distortions=longer))
    assert naive.rig([MIXED[2]], "opencv") != naive.rig([MIXED[2]], "human36m")


def test_models_none_and_one_name_for_all():
    cams = naive.rig([[0.0] * 5] * 2, "human36m")
    assert CameraGroup(**fields(cams, models=None)).models == ("opencv", "opencv")
    assert CameraGroup(**fields(cams, models="human36m")) == cams


def test_a_rounded_rotation_is_replaced_by_the_nearest_one(cams):
    rounded = cams.rotations.astype(np.float32)
    made = CameraGroup(**fields(cams, rotations=rounded))
    off = np.abs(made.rotations @ made.rotations.transpose(0, 2, 1) - np.eye(3)).max()
    assert off < 1e-14
    np.testing.assert_allclose(made.rotations, cams.rotations, rtol=0, atol=2e-7)
    assert CameraGroup(**fields(made)) == made


@pytest.mark.parametrize(
    ("key", "make", "sentence"),
    [
        ("names", lambda c: ["a", "a", "b"], "two cameras are called 'a'"),
        ("names", lambda c: ["a", "", "b"], "names must be non-empty strings, found ''"),
        ("names", lambda c: ["a", 1, "b"], "names must be non-empty strings, found 1"),
        ("names", lambda c: ["a", "b"], r"matrices have the shape \(3, 3, 3\), expected \(2, 3, 3\)"),
        ("image_sizes", lambda c: [[10, 10]] * 2, r"image_sizes have the shape \(2, 2\), expected \(3, 2\)"),
        ("image_sizes", lambda c: [[10, 0]] * 3, "whole positive pixels"),
        ("image_sizes", lambda c: [[10, 10.5]] * 3, "whole positive pixels"),
        ("image_sizes", lambda c: None, "image_sizes"),
        ("matrices", lambda c: changed(c.matrices, (1, 0, 0), -5), "focal lengths of cam1 .* found -5 and"),
        ("matrices", lambda c: changed(c.matrices, (1, 1, 1), 0), "focal lengths of cam1 must be positive"),
        (
            "matrices",
            lambda c: changed(c.matrices, (2, 1, 0), 1),
            r"matrix of cam2 must be \[\[fx, skew, cx\]",
        ),
        ("matrices", lambda c: changed(c.matrices, (2, 2, 2), 2), "matrix of cam2"),
        ("matrices", lambda c: changed(c.matrices, (0, 0, 2), np.nan), "matrices contain NaN or infinity"),
        ("matrices", lambda c: "K", "matrices must be numbers"),
        ("distortions", lambda c: [[0] * 4] * 2, "distortions must be 3 sequences"),
        ("distortions", lambda c: 0.1, "distortions must be 3 sequences"),
        ("distortions", lambda c: "abc", "distortions must be 3 sequences"),
        (
            "distortions",
            lambda c: [[0] * 6, *MIXED[1:]],
            "cam0 has 6 .* opencv takes 4 or 5 or 8 or 12 or 14",
        ),
        ("distortions", lambda c: [MIXED[0], [0] * 5, MIXED[2]], "cam1 has 5 .* model fisheye takes 4"),
        ("distortions", lambda c: [*MIXED[:2], [0] * 4], "cam2 has 4 .* model human36m takes 5"),
        (
            "distortions",
            lambda c: [["a"] * 4, *MIXED[1:]],
            "distortion of cam0 must be a sequence of numbers",
        ),
        ("distortions", lambda c: [[np.inf] * 4, *MIXED[1:]], "distortion of cam0 contains NaN or infinity"),
        ("rotations", lambda c: 1.001 * c.rotations, "rotation of cam0 is not orthogonal: .* by 0.002"),
        ("rotations", lambda c: -c.rotations, "rotation of cam0 has the determinant -1, so it mirrors"),
        ("rotations", lambda c: changed(c.rotations, (0, 0, 0), np.nan), "rotations contain NaN"),
        ("translations", lambda c: c.translations[..., None], r"translations have the shape \(3, 3, 1\)"),
        (
            "translations",
            lambda c: changed(c.translations, (0, 0), np.inf),
            "translations contain NaN or infinity",
        ),
        ("models", lambda c: "pinhole", "no distortion model is called 'pinhole'"),
        ("models", lambda c: ["opencv"], "models has 1 entries, expected one per camera .3."),
    ],
)
def test_each_problem_has_its_sentence(cams, key, make, sentence):
    with pytest.raises(InputError, match=sentence):
        CameraGroup(**fields(cams, **{key: make(cams)}))


def test_all_problems_are_named_at_once(cams):
    wrong = fields(
        cams,
        names=["a", "a", "c"],
        matrices=-cams.matrices,
        rotations=2 * cams.rotations,
        translations=cams.translations[:2],
    )
    with pytest.raises(InputError) as caught:
        CameraGroup(**wrong)
    for part in (
        "two cameras are called",
        "focal lengths",
        "is not orthogonal",
        "translations have the shape",
    ):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_to_and_from_aniposelib():
    aniposelib = pytest.importorskip("aniposelib.cameras")
    cams = naive.rig([MIXED[0], MIXED[1], [*MIXED[2]]], ["opencv", "fisheye", "opencv"])
    group = cams.to_aniposelib()
    assert isinstance(group, aniposelib.CameraGroup)
    points = np.random.default_rng(6).normal(0, 0.4, (20, 3))
    np.testing.assert_allclose(
        np.moveaxis(group.project(points), 0, 1), cams.project(points), rtol=0, atol=1e-9
    )
    back = CameraGroup.from_aniposelib(group)
    np.testing.assert_allclose(back.rotations, cams.rotations, rtol=0, atol=2e-15)
    assert CameraGroup(**fields(back, rotations=cams.rotations)) == cams


def test_what_aniposelib_cannot_say_is_refused(cams):
    with pytest.raises(InputError, match=r"cam2 has the lens formula of Human3\.6M"):
        cams.to_aniposelib()
    skewed = CameraGroup(**fields(cams, matrices=changed(cams.matrices, (0, 0, 1), 2.0)))
    with pytest.raises(InputError, match="cam0 has skew"):
        skewed.subset("cam0").to_aniposelib()


def test_without_aniposelib_the_extra_is_named(cams, monkeypatch):
    monkeypatch.setitem(sys.modules, "aniposelib", None)
    with pytest.raises(MissingExtraError, match=re.escape('pip install "mvtri[boards]"')):
        cams.subset("cam0").to_aniposelib()


def test_from_something_else_than_aniposelib():
    with pytest.raises(InputError, match="expected a CameraGroup of aniposelib, found int"):
        CameraGroup.from_aniposelib(3)

    class Camera:
        def get_size(self):
            return None

        def get_name(self):
            return "left"

    class Group:
        cameras = [Camera()]

    with pytest.raises(InputError, match="left has no image size"):
        CameraGroup.from_aniposelib(Group())


def test_rotation_vectors_at_every_angle():
    rng = np.random.default_rng(7)
    near_pi = np.pi - 10.0 ** -np.arange(1, 16)
    for angle in [0.0, 1e-12, 1e-8, 1e-4, *rng.uniform(0, np.pi, 100), *near_pi, np.pi]:
        axis = rng.normal(size=3)
        vector = angle * axis / np.linalg.norm(axis)
        matrix = rotation_matrix(vector)
        np.testing.assert_allclose(matrix, cv2.Rodrigues(vector)[0], rtol=0, atol=4e-15)
        np.testing.assert_allclose(rotation_matrix(rotation_vector(matrix)), matrix, rtol=0, atol=4e-15)
        assert np.linalg.norm(rotation_vector(matrix)) <= np.pi + 1e-15
    for axis in (*np.eye(3), -np.eye(3)[0]):
        matrix = rotation_matrix(np.pi * axis)
        np.testing.assert_allclose(rotation_matrix(rotation_vector(matrix)), matrix, rtol=0, atol=4e-15)


def test_importing_cameras_does_not_load_numba():
    import subprocess

    code = "import sys, mvtri.cameras; assert 'numba' not in sys.modules; assert 'cv2' not in sys.modules"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
