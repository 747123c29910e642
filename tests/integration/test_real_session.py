"""The main job on the real four-camera session: agreement with another detector and another tool.

The session has no motion capture, and its rig is a little off (leave-one-out medians of 14 to 34 px), so
these tests hold agreement, not accuracy.  Pose2Sim's TRC stores the axes as Y, Z, X.
"""

import numpy as np
import pytest

import mvtri
from mvtri import formats
from mvtri.tracks import to_array

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
LIMBS = mvtri.get_skeleton("coco17").groups["limbs"]
CALIBRATIONS = ["Calib.qca.txt", "Calib_qualisys.toml"]
MODELS = ["movenet_thunder_heatmap", "movenet_thunder_as_simcc"]
# Detecting takes nearly all the time.  Every third frame leaves 34 frames of 12 joints, 400 a view, for
# medians far from their bounds; a view that looks at another person does so for many frames in a row.
FRAMES = (0, 100, 3)


@pytest.fixture(scope="module")
def recording(shared_data):
    return shared_data / "pose2sim" / "single_person"


def session(recording, calibration):
    return mvtri.open_session(recording, calibration=recording.parent / "calibration" / calibration)


@pytest.fixture(scope="module", params=MODELS)
def detected(request, recording, shared_data):
    models = shared_data / "models"
    detector = mvtri.load_detector(models / f"{request.param}.onnx", device="cpu")
    boxes = mvtri.detection.load_boxes(models / "rtmdet_nano.onnx", device="cpu")
    return mvtri.detect(session(recording, CALIBRATIONS[0]), detector, boxes=boxes, frames=FRAMES)


@pytest.fixture(scope="module")
def published(recording):
    trc = next((recording / "pose-3d").glob("*.trc"))
    return formats.read_tracks(trc, names="mvtri")


def limbs(tracks):
    return to_array(tracks.sel(keypoints=list(LIMBS)))[:, 0]


def check(tracks, published, coverage=0.98):
    found, other = limbs(tracks), limbs(published)
    answered = np.isfinite(found).all(axis=-1)
    assert answered.mean() >= coverage
    distance = np.linalg.norm(found - other, axis=-1)[answered]
    assert np.median(distance) <= 0.050
    # the subject is in every view: nearly every limb joint of every view lies near its reprojection, and no
    # view looks at another person, who is metres away
    residual = to_array(tracks.sel(keypoints=list(LIMBS)), "residual")[:, 0]
    score = to_array(tracks.sel(keypoints=list(LIMBS)), "confidence_2d")[:, 0]
    for camera in range(residual.shape[-1]):
        confident = (score[..., camera] >= 0.3) & np.isfinite(residual[..., camera])
        assert np.median(residual[..., camera][confident]) <= 30.0
        per_frame = np.nanmedian(np.where(score[..., camera] > 0, residual[..., camera], np.nan), axis=1)
        assert np.nanmax(per_frame) <= 120.0


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_from_video(detected, recording, calibration, published):
    tracks = mvtri.reconstruct(detected, session(recording, calibration).cameras)
    assert tracks.sizes["time"] == 34
    check(tracks, published.isel(time=slice(*FRAMES)))


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_from_openpose_json(recording, calibration, published):
    opened = session(recording, calibration)
    tracks = mvtri.reconstruct(opened.read_pose(skeleton="body25b"), opened.cameras)
    check(tracks, published)


def test_the_ambiguous_count_of_25_asks_for_the_skeleton(recording):
    with pytest.raises(mvtri.errors.InputError, match="--skeleton"):
        session(recording, CALIBRATIONS[0]).read_pose()
