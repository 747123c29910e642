"""The built-in demo opens as any session does, and its truth fits it."""

import numpy as np
import pytest

from mvtri.calib import human36m_cameras
from mvtri.errors import InputError
from mvtri.sessions import demo_folder, demo_session, demo_truth
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array


def test_the_demo_is_a_session_of_four_views(caplog):
    session = demo_session()
    assert session.is_demo
    assert session.name == "demo"
    assert len(session.videos) == len(session.cameras) == 4
    assert session.pose is None
    assert not caplog.text


def test_its_cameras_are_the_real_ones_of_s9():
    found, real = demo_session().cameras, human36m_cameras("S9")
    assert found.names == real.names
    for field in ("image_sizes", "matrices", "rotations", "translations"):
        assert np.allclose(getattr(found, field), getattr(real, field), rtol=0, atol=1e-9)


def test_its_truth_is_a_person_in_every_frame_and_every_view():
    session, truth = demo_session(), demo_truth()
    assert truth["keypoints"].to_numpy().tolist() == list(get_skeleton("spinetrack37").keypoints)
    assert np.array_equal(truth["time"], np.arange(session.frames) / session.fps)
    points = to_array(truth)
    assert np.isfinite(points).all()
    height = np.ptp(points[:, 0, :, 2], axis=1)
    assert 0.8 < height.min() < height.max() < 2.2
    pixels = session.cameras.project(points)
    inside = (pixels > 0) & (pixels < session.image_sizes)
    assert inside.all(axis=-1).mean() > 0.95


def test_a_part_of_it_may_be_opened():
    session = demo_session(cameras="3", frames="10:20")
    assert len(session.cameras) == 3
    assert session.frame_range == (10, 20, 1)
    with pytest.raises(InputError, match="--cams is 9, but the calibration has 4 cameras"):
        demo_session(cameras="9")


def test_it_is_small():
    files = [path for path in demo_folder().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 4e6
