"""RF-DETR and RTMO: networks with their exact interfaces, made here, so that the answers are known."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")

from nets_detection import blob_net, box_net, card, detr_net, rtmo_net

from mvtri.detection import OneStageDetector, boxes_for, detect, load_detector
from mvtri.detection.boxes import BoxDetector, decode_detr
from mvtri.errors import InputError
from mvtri.models.card_files import built_in_cards, card_text
from mvtri.models.onnx_session import Network
from mvtri.tracks import to_array, validate_detections

CLASSES = 91
PERSON = 1  # the column after the background
SIZE = (640, 360)  # of the images
RFDETR = ("rfdetr-n", "rfdetr-s", "rfdetr-m", "rfdetr-l")
RTMO = ("rtmo-s", "rtmo-m", "rtmo-l")


def logits_of(rows):
    """Return logits (Q, CLASSES) far below zero but for the given (column, score) of each query."""
    logits = np.full((len(rows), CLASSES), -8.0)
    for query, (column, score) in enumerate(rows):
        logits[query, column] = np.log(score / (1 - score))
    return logits


def red_disc(at, radius=40, colour=(0, 0, 255)):
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    cv2.circle(image, at, radius, colour, -1)
    return image


def rfdetr(tmp_path, name, extents, logits, **options):
    """Return a BoxDetector of the built-in card `name` and a network with the interface of its file."""
    given = built_in_cards()[name]
    path = detr_net(tmp_path / "net.onnx", given.input.size, extents, logits, **options)
    network = Network(path, "cpu", given.output.names, given.input.batch)
    return BoxDetector(given, network, 1, "")


@pytest.mark.parametrize("name", RFDETR)
@pytest.mark.parametrize("half", [False, True])
def test_rfdetr_boxes_come_back_to_the_image(tmp_path, name, half):
    """The image is stretched, not letterboxed: 640 x 360 into a square, each axis by its own factor."""
    extents = [[0, 0, 0.25, 0.5], [0.1, 0, 0.2, 0.4], [0, 0, 0.25, 0.5]]
    found = rfdetr(
        tmp_path, name, extents, logits_of([(PERSON, 0.9), (PERSON, 0.5), (PERSON, 0.2)]), half=half
    )
    people = found([red_disc((200, 150)), red_disc((400, 150))])
    tolerance = 0.5 if half else 0.15  # px
    for centre, one in zip((200, 400), people):
        expected = [
            [centre - 80, 150 - 90, centre + 80, 150 + 90],
            [centre + 64 - 64, 150 - 72, centre + 64 + 64, 150 + 72],
        ]
        np.testing.assert_allclose(one.boxes, expected, atol=tolerance)
        np.testing.assert_allclose(one.scores, [0.9, 0.5], atol=1e-3)


def test_rfdetr_sees_rgb(tmp_path):
    """A blue disc is dark in the red channel, where this network looks: its centre falls into the corner."""
    found = rfdetr(tmp_path, "rfdetr-n", [[0, 0, 0.2, 0.2]], logits_of([(PERSON, 0.9)]))
    blue, red = found([red_disc((200, 150), colour=(255, 0, 0)), red_disc((200, 150))])
    np.testing.assert_allclose(blue.boxes, [[-0.5, -0.5, 63.5, 35.5]], atol=0.05)
    np.testing.assert_allclose(red.boxes, [[136, 114, 264, 186]], atol=0.15)


def test_rfdetr_column_zero_is_the_background_and_others_are_no_people(tmp_path):
    rows = [(0, 0.99), (2, 0.95), (PERSON, 0.6), (90, 0.9)]
    extents = [[0, 0, 0.25, 0.5]] * 4
    (people,) = rfdetr(tmp_path, "rfdetr-n", extents, logits_of(rows))([red_disc((200, 150))])
    np.testing.assert_allclose(people.scores, [0.6], atol=1e-6)


def test_rfdetr_needs_no_suppression(tmp_path):
    """Two people who stand one in front of the other are two queries, and both stay."""
    extents = [[0, 0, 0.25, 0.5], [0.005, 0, 0.25, 0.5]]
    (people,) = rfdetr(tmp_path, "rfdetr-n", extents, logits_of([(PERSON, 0.9), (PERSON, 0.8)]))(
        [red_disc((200, 150))]
    )
    assert len(people.boxes) == 2


@pytest.mark.parametrize("seed", range(3))
def test_detr_is_decoded_as_its_authors_do(seed):
    """Their way, written down again: sigmoid, all pairs of query and class, best 300, threshold, class."""
    rng = np.random.default_rng(seed)
    boxes = rng.random((300, 4)).astype(np.float32)
    boxes[:5, 2:] *= -1  # they cut off negative extents
    logits = rng.normal(-5, 2, (300, CLASSES)).astype(np.float32)
    logits[:, PERSON] += 4
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    probability[:, 0] = -1
    pairs = sorted(np.ndindex(probability.shape), key=lambda pair: -probability[pair])[:300]
    chosen = [query for query, column in pairs if column == PERSON and probability[query, column] > 0.7]
    expected = []
    for query in chosen:
        cx, cy, w, h = boxes[query].astype(np.float64) * (640, 480, 640, 480)
        w, h = max(w, 0), max(h, 0)
        expected.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
    found, scores = decode_detr(boxes, logits, PERSON, (640, 480), 0.7)
    order = np.argsort(-scores)
    assert len(chosen) > 3
    np.testing.assert_allclose(found[order], expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scores[order], [probability[query, PERSON] for query in chosen])


@pytest.mark.parametrize("logit", [1e4, -1e4, np.inf])
def test_detr_takes_logits_of_any_size(logit):
    with np.errstate(all="raise"):
        _, scores = decode_detr(np.full((1, 4), 0.5), np.full((1, 2), logit), PERSON, (64, 64), 0.3)
    assert scores.tolist() == ([] if logit < 0 else [1.0])


@pytest.mark.parametrize(
    ("extents", "logits"),
    [
        (np.zeros((3, 5)), np.zeros((3, CLASSES))),
        (np.zeros((3, 4)), np.zeros((2, CLASSES))),
        (np.zeros((3, 4)), np.zeros((3, 1))),
    ],
)
def test_what_is_no_detr_is_refused(tmp_path, extents, logits):
    boxes = np.concatenate([np.zeros((len(extents), 2)), extents], axis=1)[:, : extents.shape[1]]
    path = tmp_path / "net.onnx"
    if extents.shape[1] == 4:
        detr_net(path, (64, 64), boxes, logits)
    else:
        box_net(path, extents, np.zeros(len(extents)))
    wanted = card("boxes", output_kind="detr", output_label=1, input_resize="stretch")
    with pytest.raises(InputError, match=r"does not fit the card tiny-boxes.*expected \(1, Q, 4\) for boxes"):
        BoxDetector(wanted, Network(path, "cpu"), 1, "")


# ------------------------------------------------------------------------------------------------------- RTMO

VIDEO = (180, 240)
COUNT = 6


def places(frame, camera):
    """Return where the red, green and blue discs are, px."""
    shift = 2.0 * frame + 5.0 * camera
    return np.array([[45.0 + shift, 60.0], [70.0 + shift, 120.5], [60.0, 180.0 - shift]])


def draw(frame, camera):
    y, x = np.mgrid[: VIDEO[1], : VIDEO[0]]
    image = np.zeros((VIDEO[1], VIDEO[0], 3))
    for channel, (cx, cy) in enumerate(places(frame, camera)):
        image[..., 2 - channel] = 255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 12.0**2))
    return np.round(image).astype(np.uint8)


def rtmo(folder, boxes, shifts, size=(96, 96), **options):
    """Return a detector with the built-in card of RTMO but a smaller input, and a network to fit."""
    given = built_in_cards()["rtmo-s"]
    given = replace(given, input=replace(given.input, size=size, batch=0))
    path = rtmo_net(folder / "net.onnx", size, boxes, shifts, **options)
    return OneStageDetector(given, Network(path, "cpu", given.output.names), 2, "abc")


ROWS = [[10, 10, 60, 90, 0.8], [55, 4, 95, 95, 0.9], [11, 10, 60, 90, 0.5], [2, 2, 9, 9, 0.1]]
SHIFTS = [[0.0, 0.0], [1.0, 2.0], [5.0, 5.0], [0.0, 0.0]]


def test_rtmo_finds_all_people_of_an_image(tmp_path):
    """The first two are two people; the third is the first one again; the fourth is not sure enough."""
    detector = rtmo(tmp_path, ROWS, SHIFTS)
    people, poses = detector.find_people([draw(2, 1)], modes=2)[0]
    np.testing.assert_allclose(people.scores, [0.9, 0.8], rtol=1e-6)
    scale = 240 / 96
    np.testing.assert_allclose(people.boxes[1], np.array(ROWS[0][:4]) * scale - 0.5, atol=1e-4)
    truth = places(2, 1)[np.arange(17) % 3]
    np.testing.assert_allclose(poses.position[1, :, 0], truth, atol=0.1)
    np.testing.assert_allclose(poses.position[0, :, 0], truth + (scale, 2 * scale), atol=0.1)
    np.testing.assert_allclose(poses.score[:, :, 0], 0.9, rtol=1e-6)
    assert np.isnan(poses.position[:, :, 1]).all()
    assert (poses.score[:, :, 1] == 0).all()
    assert np.isnan(poses.covariance).all()


def test_rtmo_positions_keep_their_half_pixel(tmp_path):
    """A letterbox that shrinks 2.5 times: half an input pixel is 1.25 image pixels, and would show."""
    detector = rtmo(tmp_path, ROWS[:1], SHIFTS[:1])
    edges = replace(detector.card, output=replace(detector.card.output, offset=(-0.5, -0.5)))
    moved = OneStageDetector(edges, detector.network, 1, "")
    good, bad = (one.find_people([draw(0, 0)])[0][1].position[0, 0, 0] for one in (detector, moved))
    np.testing.assert_allclose(good, places(0, 0)[0], atol=0.1)
    np.testing.assert_allclose(good - bad, 1.25, atol=1e-6)


@pytest.mark.parametrize("batch", ["batch", 1, 4])
def test_rtmo_takes_any_batch(tmp_path, batch):
    detector = rtmo(tmp_path, ROWS[:1], SHIFTS[:1], batch=batch)
    found = detector.find_people([draw(frame, 0) for frame in range(5)])
    assert len(found) == 5
    for frame, (_, poses) in enumerate(found):
        np.testing.assert_allclose(poses.position[0, :3, 0], places(frame, 0), atol=0.1)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    videos = []
    for camera in range(2):
        path = folder / f"cam{camera}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50.0, VIDEO)
        for frame in range(COUNT):
            writer.write(draw(frame, camera))
        writer.release()
        videos.append(path)
    return SimpleNamespace(
        camera_names=["cam0", "cam1"], videos=videos, fps=50.0, image_sizes=np.array([VIDEO] * 2)
    )


def test_rtmo_goes_the_whole_way_without_person_boxes(session, tmp_path):
    found = detect(session, rtmo(tmp_path, ROWS, SHIFTS))
    validate_detections(found)
    assert "covariance" not in found
    position = to_array(found)
    assert position.shape == (COUNT, 4, 17, 2, 2)  # four slots for people
    truth = np.array([[places(frame, camera) for camera in range(2)] for frame in range(COUNT)])
    scale = 240 / 96
    # the person with the better box comes first: the one that is shifted
    seen = position[:, 0, :3].transpose(0, 2, 1, 3) - (scale, 2 * scale)
    np.testing.assert_allclose(seen, truth, atol=0.6)  # the videos are compressed
    assert np.isfinite(position[:, 1]).all()
    assert np.isnan(position[:, 2:]).all()


def test_rtmo_shares_its_results_out_alike_whatever_the_threads(session, tmp_path):
    detector = rtmo(tmp_path, ROWS, SHIFTS)
    one = to_array(detect(session, detector))
    detector.threads = 1
    np.testing.assert_array_equal(one, to_array(detect(session, detector)))


def test_rtmo_is_refused_where_boxes_or_heatmaps_are_asked_for(session, tmp_path):
    detector = rtmo(tmp_path, ROWS, SHIFTS)
    with pytest.raises(InputError, match="finds boxes by itself"):
        detector([draw(0, 0)], [np.zeros((1, 4))])
    with pytest.raises(InputError, match="expected one that returns heatmaps"):
        detector.heatmaps([draw(0, 0)], np.zeros((1, 4)))
    with pytest.raises(InputError, match="does not fit the card rtmo-s: its outputs have the shapes"):
        rtmo(tmp_path, ROWS, SHIFTS, keypoints=16)


def test_values_that_are_no_numbers_are_nobody(tmp_path):
    rows = [[np.nan, 0, 60, 90, 0.9], [10, 10, 60, 90, np.nan], [60, 10, 10, 90, 0.9], ROWS[0]]
    shifts = [[0, 0], [0, 0], [0, 0], [np.nan, 0]]
    people, poses = rtmo(tmp_path, rows, shifts).find_people([draw(0, 0)])[0]
    assert people.scores.tolist() == pytest.approx([0.8])
    assert np.isnan(poses.position).all()
    assert (poses.score == 0).all()


def test_a_file_is_loaded_as_its_card_says(tmp_path):
    given = built_in_cards()["rtmo-s"]
    small = replace(given, name="small", input=replace(given.input, size=(96, 96)), urls=(), sha256="")
    (tmp_path / "small.toml").write_text(card_text(small), encoding="utf-8")
    path = rtmo_net(tmp_path / "net.onnx", (96, 96), ROWS, SHIFTS)
    detector = load_detector(path, device="cpu", card=tmp_path / "small.toml")
    assert isinstance(detector, OneStageDetector)
    assert not detector.needs_boxes


def test_the_cards_of_both_have_their_interfaces():
    cards = built_in_cards()
    for name, side in zip(RFDETR, (384, 512, 576, 704)):
        found = cards[name]
        assert found.input.size == (side, side)
        assert (found.input.resize, found.input.colour) == ("stretch", "rgb")
        np.testing.assert_allclose(np.array(found.input.mean) / 255, [0.485, 0.456, 0.406], atol=1e-6)
        np.testing.assert_allclose(np.array(found.input.std) / 255, [0.229, 0.224, 0.225], atol=1e-6)
        assert (found.output.kind, found.output.label) == ("detr", PERSON)
        assert f"_{side}x{side}.onnx" in found.urls[0]
    for name in RTMO:
        assert (cards[name].input.size, cards[name].output.kind) == ((640, 640), "people")


def test_a_pose_model_brings_its_boxes(tmp_path):
    from mvtri.detection import DEFAULT_BOXES
    from mvtri.detection.pose import Detector

    network = Network(blob_net(tmp_path / "net.onnx"), "cpu")
    assert boxes_for(Detector(card(), network, 1, "")) == DEFAULT_BOXES
    assert boxes_for(Detector(card(boxes_model="rfdetr-s"), network, 1, "")) == "rfdetr-s"
