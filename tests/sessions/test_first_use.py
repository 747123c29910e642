"""What somebody brings who has not read the pages: it works, or one sentence says what to do next."""

import json
import logging

import numpy as np
import pytest

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

NAMES = ("cam1", "cam2", "cam3", "cam4")


def rig(names=NAMES):
    real = human36m_cameras("S9").subset(human36m_cameras("S9").names[: len(names)])
    arrays = ("image_sizes", "matrices", "distortions", "rotations", "translations")
    return CameraGroup(names=names, **{key: getattr(real, key) for key in arrays})


def poses(folder, cameras, frames=3):
    for camera in cameras:
        (folder / camera).mkdir(parents=True)
        for frame in range(frames):
            person = {"pose_keypoints_2d": [400.0 + frame, 300.0, 0.5] * 26}
            (folder / camera / f"{camera}_{frame:06d}.json").write_text(json.dumps({"people": [person]}))


@pytest.fixture
def session(tmp_path):
    """Return a session with 2D of four cameras."""
    folder = tmp_path / "session"
    (folder / "calibration").mkdir(parents=True)
    write_cameras(folder / "calibration" / "Calib.toml", rig())
    poses(folder / "pose", NAMES)
    return folder


def test_a_broken_camera_of_the_calibration_matters_only_where_it_is_wanted(session, caplog):
    path = session / "calibration" / "Calib.toml"
    text = path.read_text()
    place = text.index("matrix = ", text.index("[cam3]"))
    path.write_text(text[:place] + "matrix = [[nan]]" + text[text.index("\n", place) :])
    with pytest.raises(InputError, match=r"\[cam3\].*use the other cameras alone: --cams cam1,cam2,cam4$"):
        mvtri.open_session(session)
    with caplog.at_level(logging.WARNING, "mvtri"):
        opened = mvtri.open_session(session, cameras="cam1,cam2,cam4")
    assert opened.camera_names == ("cam1", "cam2", "cam4")
    assert "camera cam3 is left out: matrix of [cam3]" in caplog.text
    assert np.isfinite(opened.cameras.matrices).all()
