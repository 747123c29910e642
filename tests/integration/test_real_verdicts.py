"""What the verdicts say of real 2D whose rig is off, and of 2D that another rig made."""

import numpy as np
import pytest

import mvtri
from mvtri.diagnostics import diagnose
from mvtri.tracks import to_array

pytestmark = [pytest.mark.realdata]


def opened(shared_data, session, pose):
    folder = shared_data / "pose2sim"
    return mvtri.open_session(
        folder / session, calibration=folder / "calibration" / "Calib.qca.txt", pose=pose
    )


@pytest.fixture(scope="module")
def single_person(shared_data):
    session = opened(shared_data, "single_person", "pose")
    tracks = mvtri.reconstruct(session.read_pose(skeleton="body25b"), session.cameras)
    return tracks, session.cameras


@pytest.fixture(scope="module")
def projected_person(shared_data):
    """Person 0 of two_people: no detections, but 2D that was projected through some other rig."""
    session = opened(shared_data, "two_people", "pose-associated")
    person = session.read_pose(skeleton="body25b").isel(individuals=[0])
    person.attrs["associated"] = 1
    return mvtri.reconstruct(person, session.cameras), session.cameras


def about_the_rig(diagnosis):
    return [verdict for verdict in diagnosis.verdicts if verdict.evidence is not None]


def names_no_camera(diagnosis, cameras):
    return not any(name in verdict.text for name in cameras.names for verdict in diagnosis.verdicts)


def test_the_rig_is_off_and_no_camera_is_named(single_person):
    diagnosis = diagnose(*single_person)
    (verdict,) = about_the_rig(diagnosis)
    assert verdict.kind in ("rig", "undecidable")
    assert "Calibrate again" in verdict.text
    assert diagnosis.evidence.accused is None
    assert names_no_camera(diagnosis, single_person[1])
    assert diagnosis.status == "bad"
    assert diagnosis.verdicts[0].level != "good"
    # an independent measurement gave leave-one-out medians of 29, 14, 34 and 18 px
    np.testing.assert_allclose(diagnosis.evidence.left_out, [29, 14, 34, 18], rtol=0.1)


@pytest.mark.parametrize("left_out", range(4))
def test_no_camera_is_named_among_three(single_person, left_out):
    tracks, cameras = single_person
    three = [name for index, name in enumerate(cameras.names) if index != left_out]
    diagnosis = diagnose(tracks.sel(cameras=three), cameras.subset(three))
    assert diagnosis.evidence.accused is None


def test_the_person_has_the_size_of_an_adult(single_person):
    assert not {"unit", "board_size"} & {verdict.kind for verdict in diagnose(*single_person).verdicts}


def test_2d_of_another_rig_does_not_belong_to_this_one(projected_person):
    diagnosis = diagnose(*projected_person)
    (verdict,) = about_the_rig(diagnosis)
    assert verdict.kind == "foreign"
    assert "do not belong together" in verdict.text
    assert diagnosis.evidence.refined < 0.2 < 5 < diagnosis.evidence.all_views
    assert names_no_camera(diagnosis, projected_person[1])
    assert diagnosis.status == "bad"


def test_2d_in_half_the_resolution_is_noticed(single_person):
    tracks, cameras = single_person
    detections = mvtri.tracks.make_detections(
        0.5 * to_array(tracks, "position_2d"),
        to_array(tracks, "confidence_2d"),
        keypoints=tracks["keypoints"].to_numpy(),
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        skeleton="body25b",
    )
    detections.attrs["associated"] = 1
    with pytest.warns(mvtri.plausibility.PlausibilityWarning, match=r"divided by 0\.5"):
        found = mvtri.reconstruct(detections, cameras)
    assert "resolution" in [verdict.kind for verdict in diagnose(found, cameras).verdicts]
