"""Two cameras that each lost another frame: reconstructed as if none had, against a truth that is known."""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")

from nets_detection import blob_net, box_net, card
from writers_video import write_video

import mvtri
from mvtri.calib import write_cameras
from mvtri.cameras import CameraGroup
from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector
from mvtri.models.onnx_session import Network
from mvtri.pipeline import save_run
from mvtri.plausibility import PlausibilityWarning
from mvtri.tracks import Status, to_array

SIZE = (180, 240)
COUNT, RATE = 24, 30
GONE = ((7,), (15,))  # which frames each camera lost
BOTH = [number for number in range(COUNT) if number not in (7, 15)]


def rig():
    """Return two cameras, 3 m from the middle, that look at it from 50 degrees apart; z is up."""
    rotations, translations = [], []
    for angle in np.deg2rad([-25, 25]):
        forward = np.array([np.sin(angle), np.cos(angle), 0.0])
        right = np.array([np.cos(angle), -np.sin(angle), 0.0])
        rotation = np.stack([right, [0.0, 0.0, -1.0], forward])
        rotations.append(rotation)
        translations.append(-rotation @ (-3.0 * forward))
    return CameraGroup(
        names=["cam1", "cam2"],
        image_sizes=[SIZE] * 2,
        matrices=[[[250.0, 0, 89.5], [0, 250.0, 119.5], [0, 0, 1]]] * 2,
        distortions=[np.zeros(5)] * 2,
        rotations=rotations,
        translations=translations,
    )


def truth():
    """Return where the red, green and blue points are, (T, 3, 3) m: they move 2 cm a frame."""
    still = np.array([[-0.3, 0.0, 0.8], [0.1, 0.1, 0.1], [-0.2, -0.1, -0.7]])
    return still + 0.02 * np.arange(COUNT)[:, None, None] * np.array([0.8, 0.4, 0.2])


def draw(places):
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    blobs = [255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 8.0**2)) for cx, cy in places]
    return np.round(np.stack(blobs, axis=-1)).astype(np.uint8)


def record(folder, gone):
    """Write the session of cameras that lost some frames; what is left is bit for bit the same."""
    cameras = rig()
    pixels = cameras.project(truth())
    for camera, name in enumerate(cameras.names):
        kept = [number for number in range(COUNT) if number not in gone[camera]]
        images = [draw(pixels[number, :, camera]) for number in kept]
        lossless = {"g": "1", "qp": "0"}
        path = folder / "videos" / f"{name}.mp4"
        write_video(path, np.array(kept) / RATE, kept, size=SIZE, images=images, options=lossless)
    write_cameras(folder / "calibration" / "c.toml", cameras)
    return mvtri.open_session(folder)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    whole = [[0, 0, SIZE[0] * 64 / SIZE[1], 64, 0.9]]  # of the letterbox
    boxes = box_net(folder / "boxes.onnx", whole, [0])
    pose = Network(blob_net(folder / "pose.onnx"), "cpu")
    return (
        Detector(card(), pose, 1, "abc"),
        BoxDetector(card("boxes"), Network(boxes, "cpu", largest=1), 1, "def"),
    )


def reconstruct(session, networks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)  # three points are no person
        return mvtri.reconstruct(session, detector=networks[0], boxes=networks[1])


def points(tracks):
    return to_array(tracks)[:, 0, :3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, networks):
    return reconstruct(record(tmp_path_factory.mktemp("whole") / "walk", ((), ())), networks)


@pytest.fixture(scope="module")
def lossy(tmp_path_factory, networks):
    session = record(tmp_path_factory.mktemp("lossy") / "walk", GONE)
    return session, reconstruct(session, networks)


def test_what_both_cameras_have_is_as_if_none_had_lost_a_frame(whole, lossy):
    _, tracks = lossy
    found, complete = points(tracks)[BOTH], points(whole)[BOTH]
    assert np.abs(found - complete).max() < 1e-4  # m
    errors = [np.linalg.norm(one - truth()[BOTH], axis=-1).mean() for one in (found, complete)]
    assert abs(errors[0] - errors[1]) < 1e-4
    assert errors[0] < 0.01
    assert tracks["time"].to_numpy() == pytest.approx(np.arange(COUNT) / RATE, abs=1e-9)
    assert tracks.attrs["fps"] == RATE


def test_a_moment_that_one_camera_lost_has_too_few_views(lossy):
    _, tracks = lossy
    alone = tracks.isel(time=[7, 15])
    assert (alone["status"] == Status.TOO_FEW_VIEWS).all()
    assert alone["position"].isnull().all()


def test_pairs_by_number_would_be_far_off(lossy, networks):
    """The test above can fail: frame i of each file is no moment of the recording."""
    session, _ = lossy
    same = SimpleNamespace(
        camera_names=session.camera_names,
        cameras=session.cameras,
        videos=session.videos,
        fps=session.fps,
        image_sizes=session.image_sizes,
        frame_range=(0, COUNT - 1, 1),
        is_demo=False,
        pose_covariance=None,
    )
    shifted = points(reconstruct(same, networks))[8:15]
    assert np.linalg.norm(shifted - truth()[8:15], axis=-1).mean() > 0.01


def test_files_have_the_times_of_the_videos(lossy, tmp_path):
    session, tracks = lossy
    out = save_run(tmp_path / "out", tracks, session)
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["settings"]["time"]["frames_lost"] == {"cam1": 1, "cam2": 1}
    lines = (out / "tracks.trc").read_text(encoding="utf-8").splitlines()
    assert lines[2].split("\t")[:2] == ["30", "30"]
    times = [float(line.split("\t")[1]) for line in lines[5:] if line.strip()]
    assert times == pytest.approx(np.arange(COUNT) / RATE, abs=1e-9)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "frames paired by the times in the videos; lost: cam1 1, cam2 1" in page


def test_a_gap_in_the_times_is_in_all_files(tmp_path, networks):
    cameras = rig()
    pixels = cameras.project(truth())
    times = (np.arange(COUNT) + 10 * (np.arange(COUNT) >= 12)) / RATE  # both lost the same ten frames
    for camera, name in enumerate(cameras.names):
        images = [draw(places) for places in pixels[:, :, camera]]
        write_video(tmp_path / "walk" / "videos" / f"{name}.mp4", times, size=SIZE, images=images)
    write_cameras(tmp_path / "walk" / "calibration" / "c.toml", cameras)
    session = mvtri.open_session(tmp_path / "walk")
    tracks = reconstruct(session, networks)
    assert tracks["time"].to_numpy() == pytest.approx(times, abs=1e-9)
    save_run(tmp_path / "out", tracks, session)
    lines = (tmp_path / "out" / "tracks.trc").read_text(encoding="utf-8").splitlines()
    assert lines[2].split("\t")[0] == "30"
    assert [float(line.split("\t")[1]) for line in lines[5:] if line.strip()] == pytest.approx(
        times, abs=1e-9
    )
    again = mvtri.read_tracks(tmp_path / "out" / "tracks.csv")
    assert again["time"].to_numpy() == pytest.approx(times, abs=1e-9)
