"""Person boxes: non-maximum suppression, YOLOX's grid, and the way back from the letterbox."""

import json

import numpy as np
import pytest

from mvtri.detection.boxes import BoxDetector, decode_yolox
from mvtri.kernels.images.boxes import suppress

IMAGE = np.zeros((480, 640, 3), np.uint8)


def detector(tmp_path, boxes, labels, **changes):
    pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")
    from nets_detection import box_net, card

    from mvtri.models.onnx_session import Network

    return BoxDetector(
        card("boxes", **changes), Network(box_net(tmp_path / "b.onnx", boxes, labels), "cpu"), 1, ""
    )


def test_boxes_go_back_from_the_letterbox_to_the_image(tmp_path):
    found = detector(tmp_path, [[6.4, 3.2, 32.0, 44.8, 0.9]], [0])([IMAGE])[0]
    # 640 x 480 into 64 x 64: ten image pixels an input pixel, edges at 0 to pixel centres at integers
    np.testing.assert_allclose(found.boxes, [[63.5, 31.5, 319.5, 447.5]], atol=1e-4)
    np.testing.assert_allclose(found.scores, [0.9], rtol=1e-6)


def test_people_come_best_first_and_others_not_at_all(tmp_path):
    rows = [
        [0, 0, 10, 20, 0.5],
        [30, 0, 40, 20, 0.8],
        [30.5, 0, 40, 20, 0.7],  # the same person
        [50, 0, 60, 20, 0.9],  # no person
        [50, 0, 60, 20, 0.2],  # not sure enough
        [62, 47, 90, 90, 0.6],  # reaches beyond the image
    ]
    found = detector(tmp_path, rows, [0, 0, 0, 1, 0, 0])([IMAGE])[0]
    np.testing.assert_allclose(found.scores, [0.8, 0.6, 0.5], rtol=1e-6)
    np.testing.assert_allclose(found.boxes[1], [619.5, 469.5, 639.5, 479.5], atol=1e-4)


def test_nobody_is_an_empty_answer(tmp_path):
    found = detector(tmp_path, [[0, 0, 10, 20, 0.1]], [0])([IMAGE, IMAGE])
    assert [people.boxes.shape for people in found] == [(0, 4), (0, 4)]


@pytest.mark.parametrize("seed", range(3))
def test_suppression_equals_the_obvious_way(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 50, (40, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 40, (40, 2))], axis=1)
    scores = rng.random(40)

    def overlap(a, b):
        w = min(a[2], b[2]) - max(a[0], b[0])
        h = min(a[3], b[3]) - max(a[1], b[1])
        common = max(w, 0) * max(h, 0)
        return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)

    kept = []
    for index in sorted(range(40), key=lambda i: -scores[i]):
        if all(overlap(boxes[index], boxes[other]) <= 0.4 for other in kept):
            kept.append(index)
    assert suppress(boxes, scores, 0.4).tolist() == kept


def test_yolox_is_decoded_cell_by_cell():
    size = (64, 32)
    expected, rows = [], []
    rng = np.random.default_rng(0)
    for stride in (8, 16, 32):
        for y in range(size[1] // stride):
            for x in range(size[0] // stride):
                a, b, c, d = rng.normal(size=4)
                rows.append([a, b, c, d, 0.7, 0.8])
                expected.append(
                    [(a + x) * stride, (b + y) * stride, np.exp(c) * stride, np.exp(d) * stride, 0.7, 0.8]
                )
    some = np.arange(0, len(rows), 3)
    decoded = decode_yolox(np.array(rows, np.float32), size, some)
    np.testing.assert_allclose(decoded, np.array(expected)[some], rtol=1e-5, atol=1e-5)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["rtmdet_nano", "yolox_nano"])
def test_the_balancing_person_is_found_in_every_view(shared_data, name):
    from mvtri.detection import load_boxes
    from mvtri.video import read_frames

    folder = shared_data / "pose2sim" / "single_person"
    found = load_boxes(shared_data / "models" / f"{name}.onnx", device="cpu")
    videos = sorted((folder / "videos").glob("*.mp4"))
    frames = [next(iter(read_frames(path, range(50, 51)))) for path in videos]
    for path, people in zip(videos, found(frames)):
        pose = sorted((folder / "pose-associated" / f"{path.stem}_json").glob("*.json"))[50]
        keypoints = np.reshape(json.loads(pose.read_text())["people"][0]["pose_keypoints_2d"], (-1, 3))
        x, y, _ = keypoints[keypoints[:, 2] > 0.5].T
        low, high = people.boxes[:, :2], people.boxes[:, 2:]
        spare = 0.15 * (high - low)  # the crop is padded by a quarter
        x1, y1 = (low - spare).T[..., None]
        x2, y2 = (high + spare).T[..., None]
        inside = ((x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)).mean(axis=1)
        assert people.scores[inside.argmax()] > 0.4
        assert inside.max() > 0.9
