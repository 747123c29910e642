"""Lifting generated people, with mvtri's own networks and with one that has the interface of SpinePose's."""

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.stats import chi2

import mvtri
from mvtri.errors import InputError
from mvtri.lifting import lift, load_lifter, turns_onto_axis
from mvtri.lifting.lift import STANDING, TALL, UPRIGHT
from mvtri.lifting.place import place_root
from mvtri.metrics import p_mpjpe
from mvtri.models.library import find_card
from mvtri.synthetic import Body, animate, random_motion, walk
from mvtri.tracks import make_detections, to_array

CAMS = mvtri.human36m_cameras("S9")
NAMES = mvtri.get_skeleton("spinetrack37").keypoints
ROOT = NAMES.index("hip")
BODY = Body(stature=1.80)


def person(frames=60, seed=5):
    points = animate(BODY, random_motion(frames, seed)).keypoints
    points[..., :2] -= points[..., :2].mean(axis=(0, 1))
    return points


def detections(pixels, cams=CAMS, scores=None, names=NAMES):
    pixels = np.asarray(pixels)[:, None]
    scores = np.ones(pixels.shape[:-1]) if scores is None else scores[:, None]
    return make_detections(
        pixels, scores, keypoints=names, cameras=cams.names, image_sizes=cams.image_sizes, fps=50.0,
        skeleton="spinetrack37" if len(names) == 37 else "",
    )  # fmt: skip


POINTS = person()
SEEN = detections(CAMS.project(POINTS) + np.random.default_rng(0).normal(0, 2.0, (60, 37, 4, 2)))


@pytest.mark.parametrize("name", ["mvtri-lift-frame", "mvtri-lift-27"])
@pytest.mark.parametrize("camera", [0, 2])
def test_people_are_lifted_into_the_world(name, camera):
    tracks = lift(SEEN, CAMS, CAMS.names[camera], lifter=name, height=1.80)
    found, covariance = to_array(tracks)[:, 0], to_array(tracks, "covariance")[:, 0]
    relative = (found - found[:, ROOT, None]) - (POINTS - POINTS[:, ROOT, None])
    assert np.linalg.norm(relative, axis=-1).mean() < 0.08
    assert float(p_mpjpe(found, POINTS)) < 0.05
    away = np.linalg.norm(POINTS[:, ROOT] - CAMS.centers[camera], axis=-1)
    assert np.median(np.linalg.norm(found - POINTS, axis=-1)[:, ROOT] / away) < 0.06
    error = found - POINTS
    square = (error * np.linalg.solve(covariance, error[..., None])[..., 0]).sum(axis=-1)
    assert (square < chi2.ppf(0.95, 3)).mean() > 0.8
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert mvtri.tracks.provenance_of(tracks)["lift"]["camera"] == CAMS.names[camera]


def test_the_world_does_not_matter():
    """The same view of a world that is turned and moved gives the same people there."""
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    kept = ("names", "image_sizes", "matrices", "distortions", "models")
    moved = mvtri.CameraGroup(
        rotations=CAMS.rotations @ turn.T,
        translations=CAMS.translations - CAMS.rotations @ turn.T @ [1.0, 2.0, 3.0],
        **{name: getattr(CAMS, name) for name in kept},
    )
    one, two = (lift(SEEN, cams, CAMS.names[1], lifter="mvtri-lift-frame") for cams in (CAMS, moved))
    expected = to_array(one) @ turn.T + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(to_array(two), expected, atol=1e-9)
    rotated = turn @ to_array(one, "covariance") @ turn.T
    np.testing.assert_allclose(to_array(two, "covariance"), rotated, atol=1e-9)


def test_positions_and_covariances_are_turned_back_to_the_cameras_axes():
    """A camera that is turned onto the root sees the same inputs; its answers differ by that turn alone."""
    network = load_lifter("mvtri-lift-frame")
    local = POINTS[:1] @ CAMS.rotations[0].T + CAMS.translations[0] + [0.8, -0.4, 0.0]
    (turn,) = turns_onto_axis(local[:, ROOT])
    seen = np.ones((1, 37), bool)
    one, two = (network.lift(each[..., :2] / each[..., 2:], seen) for each in (local, local @ turn.T))
    np.testing.assert_allclose(two.position, one.position @ turn.T, atol=1e-5)
    np.testing.assert_allclose(two.covariance, turn @ one.covariance @ turn.T, atol=1e-6)
    assert np.abs(two.covariance - one.covariance).max() > 1e-5


def test_networks_see_about_50_frames_a_second():
    several, one = load_lifter("mvtri-lift-27"), load_lifter("mvtri-lift-frame")
    assert [several.stride(fps) for fps in (None, 25.0, 30.0, 60.0, 100.0, 240.0)] == [1, 1, 1, 1, 2, 5]
    assert one.stride(240.0) == 1


def test_a_taller_person_is_larger_and_farther_away():
    small, large = (lift(SEEN, CAMS, CAMS.names[0], height=height) for height in (1.5, 1.8))
    centre = CAMS.centers[0]
    np.testing.assert_allclose(
        to_array(large) - centre, 1.2 * (to_array(small) - centre), rtol=2e-3, atol=2e-3
    )
    unknown = lift(SEEN, CAMS, CAMS.names[0])
    known = lift(SEEN, CAMS, CAMS.names[0], height=1.70)
    np.testing.assert_allclose(to_array(unknown), to_array(known))
    traces = [np.trace(to_array(each, "covariance"), axis1=-2, axis2=-1).mean() for each in (unknown, known)]
    assert traces[0] > traces[1] + (0.05 * 5.0) ** 2  # 6 % of about 5 m, along the ray


def test_frames_in_which_too_little_is_seen_are_missing():
    scores = np.ones((60, 37, 4))
    scores[10, 7:] = 0.1
    scores[20, 8:] = 0.1
    tracks = lift(SEEN.assign(confidence=(SEEN["confidence"].dims, _like(SEEN, scores))), CAMS, CAMS.names[0])
    found = np.isfinite(to_array(tracks)).all(axis=(-1, -2))[:, 0]
    assert not found[10]
    assert found[20]
    assert found.sum() == 59


def _like(dataset, scores):
    order = [{"time": 0, "keypoints": 1, "cameras": 2}.get(d, 3) for d in dataset["confidence"].dims]
    return np.transpose(scores[..., None], order)


def test_the_place_of_an_exact_pose_is_exact_though_some_rays_are_wrong():
    local = POINTS @ CAMS.rotations[0].T + CAMS.translations[0]
    rays = local[..., :2] / local[..., 2:]
    rays[:, ::9] += 0.05
    found = place_root(local - local[:, ROOT, None], None, rays, np.ones(rays.shape[:2], bool))
    assert np.abs(found.root - local[:, ROOT]).max() < 0.05
    assert np.median(np.abs(found.root - local[:, ROOT])) < 0.005


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"height": 175.0}, "if these are centimetres, pass 1.75"),
        ({"camera": None}, "there are 4 views"),
        ({"camera": "nobody"}, "nobody"),
        ({"detections": detections(np.ones((5, 17, 4, 2)), names=NAMES[:17])}, "spinetrack37"),
        ({"lifter": "mvtri-demo"}, "mvtri-demo"),
    ],
)
def test_what_cannot_be_lifted_is_refused(change, sentence):
    given = {"detections": SEEN, "cameras": CAMS, "camera": CAMS.names[0], **change}
    with pytest.raises(InputError, match=sentence):
        lift(**given)


@pytest.fixture
def spinepose(tmp_path):
    """Return a network with the interface of SpinePose's lifter, which gives x, y and x + 1, and its card."""
    weights = numpy_helper.from_array(np.array([[1, 0, 1], [0, 1, 0]], np.float32), "weights")
    bias = numpy_helper.from_array(np.array([0, 0, 1], np.float32), "bias")
    nodes = [
        helper.make_node("MatMul", ["input", "weights"], ["linear"]),
        helper.make_node("Add", ["linear", "bias"], ["output"]),
    ]
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 37, size])
        for name, size in (("input", 2), ("output", 3))
    ]
    graph = helper.make_graph(nodes, "lifter", shapes[:1], shapes[1:], [weights, bias])
    path = tmp_path / "lifter.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    known = find_card("spinepose-lifter-simspine").path
    return path, known


def test_a_lifter_with_spineposes_interface_gets_rays_zeros_and_its_root(spinepose):
    path, card = spinepose
    network = load_lifter(path, card=card)
    rays = np.random.default_rng(0).normal(0, 0.2, (4, 37, 2))
    seen = np.ones((4, 37), bool)
    seen[1, 3] = False
    found = network.lift(rays, seen)
    zeroed = np.where(seen[..., None], rays, 0.0)
    expected = np.concatenate([zeroed, zeroed[..., :1]], axis=-1)
    expected -= expected[:, ROOT, None]
    np.testing.assert_allclose(found.position, expected, atol=1e-6)
    assert found.covariance is None
    assert network.card.lift.score == 0.5
    with pytest.raises(InputError, match="say how tall the person is"):
        lift(SEEN, CAMS, CAMS.names[0], lifter=network)
    tracks = lift(SEEN, CAMS, CAMS.names[0], lifter=network, height=1.8)
    assert "covariance" not in tracks
    places = to_array(tracks)[:, 0]
    head, left, right = (NAMES.index(name) for name in ("head", "left_heel", "right_heel"))
    far = np.linalg.norm(places[:, head] - 0.5 * (places[:, left] + places[:, right]), axis=-1)
    assert np.quantile(far, 0.9) == pytest.approx(0.97 * 1.8)


def test_the_head_is_0_97_heights_from_the_heels_of_people_who_stand():
    shares = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        body = Body.sample(rng)
        places = animate(body, walk(100, 50.0, 1.2, 1.0, 0.0)).keypoints
        head, left, right = (places[:, NAMES.index(name)] for name in STANDING)
        far = np.linalg.norm(head - 0.5 * (left + right), axis=-1)
        shares.append(np.quantile(far, UPRIGHT) / body.stature)
    assert np.mean(shares) == pytest.approx(TALL, abs=0.01)


def test_a_network_that_does_not_fit_its_card_is_refused(spinepose):
    path, _ = spinepose
    text = find_card("mvtri-lift-27").path.read_text(encoding="utf-8")
    card = path.with_suffix(".toml")
    card.write_text(re.sub('sha256 = ".*"', 'sha256 = ""', text), encoding="utf-8")
    with pytest.raises(InputError, match=r"lifter.onnx does not fit the card mvtri-lift-27: it has 1 input"):
        load_lifter(path, card=card)
