"""From videos to Detections with networks whose answers are known, and everything that can go wrong."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")

from nets_detection import blob_net, box_net, card, simcc_net

from mvtri.detection import detect, load_boxes, load_detector, workers
from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector
from mvtri.errors import InputError, MissingFileError
from mvtri.models.card_files import card_text
from mvtri.models.onnx_session import Network
from mvtri.tracks import provenance_of, to_array, validate_detections

SIZE = (180, 240)  # width and height of the videos
COUNT = 12
BOX = (30.0, 40.0, 120.0, 200.0)  # of the person in the image


def places(frame, camera):
    """Return where the red, green and blue blobs are, px."""
    shift = 2.0 * frame + 5.0 * camera
    return np.array([[45.0 + shift, 60.0], [70.0 + shift, 120.3], [60.0, 180.0 - shift]])


def draw(frame, camera, present=True):
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    image = np.zeros((SIZE[1], SIZE[0], 3))
    if present:
        for channel, (cx, cy) in enumerate(places(frame, camera)):
            image[..., 2 - channel] = 255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 8.0**2))
    return np.round(image).astype(np.uint8)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    import cv2

    folder = tmp_path_factory.mktemp("videos")
    videos = []
    for camera in range(3):
        path = folder / f"cam{camera}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50.0, SIZE)
        for frame in range(COUNT):
            writer.write(draw(frame, camera, present=not (camera == 2 and frame in (4, 5))))
        writer.release()
        videos.append(path)
    return SimpleNamespace(
        camera_names=["cam0", "cam1", "cam2"], videos=videos, fps=50.0, image_sizes=np.array([SIZE] * 3)
    )


def pose(folder, threads=1, net=blob_net, **changes):
    return Detector(card(**changes), Network(net(folder / "pose.onnx"), "cpu"), threads, "abc")


def boxes(folder, rows=None, labels=None):
    scale = 64 / 240  # of the letterbox
    rows = rows or [[*np.add(BOX, 0.5) * scale, 0.9]]
    made = box_net(folder / "boxes.onnx", rows, labels or [0] * len(rows))
    return BoxDetector(card("boxes"), Network(made, "cpu", largest=1), 1, "def")


def truth(frames=range(COUNT)):
    return np.array([[places(frame, camera) for camera in range(3)] for frame in frames])  # T, C, 3, 2


def errors(found, frames=range(COUNT)):
    """Return distances (T, C, 3) of the first three keypoints of the first candidate to the truth, px."""
    position = to_array(found)[:, 0, :3].transpose(0, 2, 1, 3)
    return np.linalg.norm(position - truth(frames), axis=-1)


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_blobs_are_found_where_they_are_whatever_the_threads(session, tmp_path, threads):
    found = detect(session, pose(tmp_path, threads), boxes(tmp_path))
    validate_detections(found)
    assert dict(found.sizes) | {"time": COUNT, "individuals": 4, "cameras": 3, "modes": 3} == dict(
        found.sizes
    )
    seen = to_array(found, "confidence")[:, 0, :3] > 0.5
    assert seen.sum() == 3 * (3 * COUNT - 2)  # the two frames without anybody
    assert errors(found)[seen.transpose(0, 2, 1)].max() < 1.0  # px; JPEG and 2.6 image px an input px
    assert np.isnan(to_array(found)[:, 1:]).all()
    np.testing.assert_allclose(to_array(found, "box")[0, 0, 0], BOX, atol=1e-3)
    assert found.attrs["associated"] == 0
    assert found.attrs["skeleton"] == "coco17"
    np.testing.assert_allclose(found.time, np.arange(COUNT) / 50)


def test_results_are_the_same_bit_for_bit_whatever_the_threads(session, tmp_path):
    box = boxes(tmp_path)
    one, many = (detect(session, pose(tmp_path, threads), box) for threads in (1, 4))
    one.attrs = many.attrs = {}
    assert one.identical(many)


def test_simcc_agrees_with_heatmaps(session, tmp_path):
    box = boxes(tmp_path)
    heat = detect(session, pose(tmp_path), box, frames=(0, 3, 1))
    simcc = detect(session, pose(tmp_path, net=simcc_net, output_kind="simcc"), box, frames=(0, 3, 1))
    assert np.nanmax(np.abs(to_array(simcc)[:, 0] - to_array(heat)[:, 0])) < 1.0


def test_several_people_fill_the_slots_best_first(session, tmp_path):
    rows = [[0, 0, 30, 60, 0.5], [2, 2, 8, 30, 0.9], [30, 5, 42, 60, 0.7]]
    box = boxes(tmp_path, rows)
    found = detect(session, pose(tmp_path), box, frames=(0, 2, 1), people=2)
    np.testing.assert_allclose(
        to_array(found, "box")[1, :, 1, 0], np.array([2, 30]) * 240 / 64 - 0.5, rtol=1e-5
    )
    assert found.sizes["individuals"] == 2


def test_a_view_without_people_is_nan_with_score_zero(session, tmp_path):
    found = detect(session, pose(tmp_path), boxes(tmp_path, [[0, 0, 9, 9, 0.1]]), frames=(0, 2, 1))
    assert np.isnan(to_array(found)).all()
    assert (to_array(found, "confidence") == 0).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_network_that_finds_its_person_itself_follows_it(session, tmp_path, threads):
    detector = pose(tmp_path, threads, boxes_mode="self", boxes_score=0.4)
    assert not detector.needs_boxes
    found = detect(session, detector)
    assert found.sizes["individuals"] == 1
    error = errors(found)
    assert np.isnan(error[4:6, 2]).all()  # nobody there, and nothing made up
    error[4:6, 2] = 0
    assert error.max() < 1.0


def test_following_costs_one_look_a_frame(session, tmp_path):
    detector = pose(tmp_path, boxes_mode="self", boxes_score=0.4)
    looks = []
    run = detector.network.run
    detector.network.run = lambda images, threads=1: looks.append(len(images)) or run(images, threads)
    detect(session, detector, frames=(6, 12, 1))
    # whole views and closer looks at first; later one each, and a closer one when a person nears the edge
    assert looks[:2] == [3, 3]
    assert sum(looks) <= 3 * 7 + 4


def test_frames_keep_their_times(session, tmp_path):
    found = detect(session, pose(tmp_path), boxes(tmp_path), frames=(1, 10, 4))
    np.testing.assert_allclose(found.time, np.array([1, 5, 9]) / 50)
    assert found.attrs["fps"] == pytest.approx(12.5)
    seen = np.isfinite(errors(found, (1, 5, 9)))
    assert errors(found, (1, 5, 9))[seen].max() < 1.0
    clockless = SimpleNamespace(**{**vars(session), "fps": None})
    found = detect(clockless, pose(tmp_path), boxes(tmp_path), frames=(1, 10, 4))
    np.testing.assert_array_equal(found.time, [1, 5, 9])
    assert found.attrs["time_unit"] == "frames"


def test_where_it_comes_from_is_kept(session, tmp_path):
    found = detect(session, pose(tmp_path), boxes(tmp_path), frames=(0, 2, 1))
    kept = provenance_of(found)["detect"]
    assert kept["parameters"]["detector"] == {"name": "tiny-pose", "sha256": "abc", "device": "cpu"}
    assert kept["parameters"]["boxes"]["sha256"] == "def"
    assert set(kept["inputs"]) == {"cam0.avi", "cam1.avi", "cam2.avi"}
    json.dumps(kept)


def test_modes_begin_with_the_position_itself(session, tmp_path):
    found = detect(session, pose(tmp_path), boxes(tmp_path), frames=(0, 2, 1), modes=2)
    np.testing.assert_array_equal(to_array(found, "mode_position")[..., 0, :], to_array(found))
    np.testing.assert_array_equal(to_array(found, "mode_confidence")[..., 0], to_array(found, "confidence"))


def test_progress_counts_views_in_the_callers_thread(session, tmp_path):
    reports = []
    detect(
        session,
        pose(tmp_path, 3),
        boxes(tmp_path),
        progress=lambda *args: reports.append((*args, threading.current_thread())),
    )
    assert [done for _, done, _, _ in reports] == list(range(3, 3 * COUNT + 1, 3))
    assert {(stage, total, thread) for stage, _, total, thread in reports} == {
        ("detect", 3 * COUNT, threading.main_thread())
    }


def test_ctrl_c_stops_all_threads(session, tmp_path):
    def interrupt(*args):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        detect(session, pose(tmp_path, 3), boxes(tmp_path), progress=interrupt)
    assert threading.active_count() == before


def test_an_error_in_a_worker_is_raised_and_stops_all_threads(session, tmp_path):
    detector = pose(tmp_path, 3)
    detector.network.run = lambda *args: 1 / 0
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        detect(session, detector, boxes(tmp_path))
    assert threading.active_count() == before


def test_a_truncated_video_stops_with_its_sentence(session, tmp_path):
    cut = tmp_path / "cut.avi"
    whole = session.videos[1].read_bytes()
    cut.write_bytes(whole[: int(0.6 * len(whole))])
    broken = SimpleNamespace(**{**vars(session), "videos": [session.videos[0], cut, session.videos[2]]})
    with pytest.raises(InputError, match=r"cut\.avi is truncated or damaged"):
        detect(broken, pose(tmp_path, 3), boxes(tmp_path))
    with pytest.raises(InputError, match=r"cut\.avi is truncated or damaged"):
        detect(broken, pose(tmp_path, 3, boxes_mode="self"))


@pytest.mark.parametrize("own_boxes", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_each_camera_gives_the_frame_of_the_moment_or_nothing(session, tmp_path, own_boxes, threads):
    """The first camera's frames are two late, the second lacks two moments."""
    moments = np.arange(6, 12)
    paired = np.column_stack([moments - 2, moments, moments])
    paired[[1, 4], 1] = -1
    own = SimpleNamespace(**vars(session), paired_frames=paired, times=moments / 50 + 0.1)
    if own_boxes:
        found = detect(own, pose(tmp_path, threads, boxes_mode="self", boxes_score=0.4))
    else:
        found = detect(own, pose(tmp_path, threads), boxes(tmp_path))
    np.testing.assert_array_equal(found["time"], own.times)
    position = to_array(found)[:, 0, :3].transpose(0, 2, 1, 3)
    known = np.stack([truth(column)[:, c] for c, column in enumerate(np.maximum(paired, 0).T)], axis=1)
    error = np.linalg.norm(position - known, axis=-1)
    lost = paired < 0
    assert np.isnan(error[lost]).all()
    assert error[~lost].max() < 1.0
    some = detect(own, pose(tmp_path, threads), boxes(tmp_path), frames=(1, 6, 2))
    np.testing.assert_array_equal(some["time"], own.times[1:6:2])
    assert np.isnan(to_array(some)[[0], 0, :, 1]).all()


def test_what_does_not_fit_together_is_a_sentence(session, tmp_path):
    detector, box = pose(tmp_path), boxes(tmp_path)
    with pytest.raises(InputError, match="needs person boxes"):
        detect(session, detector)
    with pytest.raises(InputError, match="finds people by itself"):
        detect(session, pose(tmp_path, boxes_mode="self"), box)
    with pytest.raises(InputError, match="has no videos"):
        detect(SimpleNamespace(**{**vars(session), "videos": None}), detector, box)
    with pytest.raises(InputError, match="expected 1 or more"):
        detect(session, detector, box, people=0)
    with pytest.raises(InputError, match="select none"):
        detect(session, detector, box, frames=(50, 60, 1))


def test_a_gpus_batches_span_frames(session, tmp_path, monkeypatch):
    detector, box = pose(tmp_path), boxes(tmp_path)
    expected = detect(session, detector, box)
    looks = []
    run = detector.network.run
    detector.network.run = lambda images, threads=1: looks.append(len(images)) or run(images, threads)
    detector.network.device = "cuda"
    monkeypatch.setattr(workers, "CUDA_BATCH", 9)
    found = detect(session, detector, box)
    assert sorted(looks) == [9, 9, 9, 9]  # three frames of three cameras with one person each
    np.testing.assert_allclose(to_array(found), to_array(expected), atol=1e-3)


@pytest.mark.parametrize(
    ("cameras", "threads", "expected"),
    [(4, 2, ([2, 2], 1)), (4, 16, ([1] * 4, 4)), (3, 2, ([3], 2)), (1, 8, ([1], 8)), (6, 4, ([2, 2, 2], 1))],
)
def test_cameras_are_shared_out_evenly(cameras, threads, expected):
    groups, each = workers.share_cameras(cameras, threads)
    assert ([len(group) for group in groups], each) == expected
    assert [camera for group in groups for camera in group] == list(range(cameras))


@pytest.mark.parametrize(
    ("cores", "threads", "device", "ahead"),
    [
        (3, 3, "cpu", False),
        (1, 1, "cpu", False),
        (4, 3, "cpu", True),
        (2, 2, "cpu", True),
        (3, 3, "cuda", True),
    ],
)
def test_workers_decode_their_own_frames_where_they_keep_all_cores_busy(
    session, tmp_path, monkeypatch, cores, threads, device, ahead
):
    alone = pose(tmp_path, threads, boxes_mode="self", boxes_score=0.4)
    expected = detect(session, alone)
    monkeypatch.setattr(workers, "available_cores", lambda: cores)
    used = []
    for kind in ("Prefetch", "Bursts"):
        real = getattr(workers, kind)
        monkeypatch.setattr(workers, kind, lambda *args, real=real: used.append(real) or real(*args))
    alone.network.device = device
    found = detect(session, alone)
    assert {kind.__name__ for kind in used} == {"Prefetch" if ahead else "Bursts"}
    np.testing.assert_array_equal(to_array(found), to_array(expected))


def test_models_are_loaded_from_files_with_cards(tmp_path, monkeypatch):
    monkeypatch.setenv("MVTRI_HOME", str(tmp_path / "home"))
    path = blob_net(tmp_path / "net.onnx")
    (tmp_path / "card.toml").write_text(card_text(card()), encoding="utf-8")
    detector = load_detector(path, device="cpu", card=tmp_path / "card.toml", threads=2)
    assert (detector.name, detector.threads, detector.device) == ("tiny-pose", 2, "cpu")
    with pytest.raises(InputError, match=r"is no model that mvtri knows .*pass --card"):
        load_detector(path, device="cpu")
    with pytest.raises(MissingFileError, match="there is no model file"):
        load_detector(tmp_path / "none.onnx")
    with pytest.raises(InputError, match=r"finds keypoints .*expected a model that finds person boxes"):
        load_boxes(path, device="cpu", card=tmp_path / "card.toml")
    with pytest.raises(
        InputError, match=r"is no model that mvtri knows .*mvtri models add FILE --card CARD.*--boxes"
    ):
        load_boxes(path, device="cpu")
    with pytest.raises(InputError, match=r"rtmdet-nano finds person boxes .*is an argument of --boxes"):
        load_detector("rtmdet-nano", device="cpu")  # and does not try to fetch it
    with pytest.raises(
        InputError, match=r"spinepose-l finds keypoints .*is an argument of --detector or --model"
    ):
        load_boxes("spinepose-l", device="cpu")
    with pytest.raises(InputError, match="did you mean 'spinepose-l'"):
        load_detector("spinepose_l", device="cpu")
    with pytest.raises(InputError, match="threads is 0"):
        load_detector(path, device="cpu", card=tmp_path / "card.toml", threads=0)
    other = (tmp_path / "card.toml").read_text().replace('sha256 = ""', f'sha256 = "{"0" * 64}"')
    (tmp_path / "card.toml").write_text(other)
    with pytest.raises(InputError, match="use the card of this file"):
        load_detector(path, device="cpu", card=tmp_path / "card.toml")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("model", "expected"),
    [("movenet_thunder_heatmap", "movenet-thunder"), ("movenet_thunder_as_simcc", "movenet-thunder-simcc")],
)
def test_a_known_file_needs_no_card_and_mirrors_to_width_minus_one(shared_data, model, expected):
    """The flip test on real crops: positions of a crop and its mirror image add up to width - 1."""
    from mvtri.detection.crops import Crop, crop_of_box
    from mvtri.video import read_frames

    detector = load_detector(shared_data / "models" / f"{model}.onnx", device="cpu")
    assert detector.name == expected
    find = load_boxes(shared_data / "models" / "rtmdet_nano.onnx", device="cpu")
    same, mirror, sums = Crop(0.0, 0.0, 1.0), detector.skeleton.mirror, []
    for path in sorted((shared_data / "pose2sim" / "single_person" / "videos").glob("*.mp4")):
        frames = list(read_frames(path, range(0, 60, 30)))
        crops = [crop_of_box(people.boxes[0], detector.card.input) for people in find(frames)]
        pixels = detector.prepare(frames, crops)
        there = detector.decode(detector.network.run(pixels), [same] * 2)
        back = detector.decode(detector.network.run(np.ascontiguousarray(pixels[..., ::-1])), [same] * 2)
        sure = (there.score[..., 0] > 0.5) & (back.score[:, mirror, 0] > 0.5)
        sums.append((there.position[..., 0, 0] + back.position[:, mirror, 0, 0])[sure])
    # half a cell would be 2; the network itself is 0.6 off
    assert abs(np.median(np.concatenate(sums)) - (detector.card.input.size[0] - 1)) < 1.0


def test_heatmaps_lie_in_the_image_where_positions_are(tmp_path):
    detector = pose(tmp_path, output_stride=4.0)
    frames = [draw(0, 0), draw(3, 1), draw(5, 2)]
    boxes = np.array([BOX, [np.nan] * 4, [20.0, 30.0, 110.0, 190.0]])
    maps = detector.heatmaps(frames, boxes)
    assert maps.values.shape == (3, 17, 24, 16)
    assert maps.values.dtype == np.float32
    for array in (maps.values, maps.origins, maps.scales):
        assert (np.isnan(array).reshape(3, -1).all(axis=1) == [False, True, False]).all()
    for index in (0, 2):
        found = detector([frames[index]], [boxes[index : index + 1]])[0]
        top = maps.values[index].reshape(17, -1).argmax(axis=1)
        cells = np.stack([top % 16, top // 16], axis=-1)
        pixels = maps.origins[index] + maps.scales[index] * cells
        assert (np.abs(pixels - found.position[0, :, 0]) <= 0.75 * maps.scales[index]).all()
    nobody = detector.heatmaps(frames[:1], np.full((1, 4), np.nan))
    assert np.isnan(nobody.values).all()


def test_heatmaps_are_refused_where_there_are_none(tmp_path):
    with pytest.raises(InputError, match=r"boxes has the shape \(2, 4\), expected \(1, 4\): one box per"):
        pose(tmp_path).heatmaps([draw(0, 0)], np.zeros((2, 4)))
    simcc = pose(tmp_path, net=simcc_net, output_kind="simcc")
    with pytest.raises(InputError, match="returns simcc; expected one that returns heatmaps"):
        simcc.heatmaps([draw(0, 0)], np.zeros((1, 4)))


def test_an_interruption_while_workers_begin_stops_those_that_run(monkeypatch):
    begin = time.monotonic()

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *args):
            if self._threads:
                raise KeyboardInterrupt
            return super().submit(*args)

    class Endless:
        def take(self):
            return [(0, [])] if time.monotonic() - begin < 20.0 else []

        def recycle(self, taken):
            time.sleep(0.01)

    monkeypatch.setattr(workers, "ThreadPoolExecutor", Interrupted)
    results = workers.DetectionArrays(1, 1, 1, 1, 1)
    with pytest.raises(KeyboardInterrupt):
        workers._run_all([(Endless(), lambda taken: None, range(1))] * 2, results, lambda views: None)
    assert time.monotonic() - begin < 10.0
