"""The balancing person and not the bystander, in real recordings; the truth is the person Pose2Sim chose."""

import numpy as np
import pytest

from mvtri.association import associate
from mvtri.calib import read_cameras
from mvtri.formats import read_detections
from mvtri.tracks import provenance_of, to_array

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module", params=["Calib_qualisys.toml", "Calib.qca.txt"])
def cameras(request, shared_data):
    return read_cameras(shared_data / "pose2sim" / "calibration" / request.param)


def poses(shared_data, cameras, folder, associated=False):
    return read_detections(
        shared_data / "pose2sim" / folder,
        image_sizes=cameras.image_sizes,
        cameras=list(cameras.names),
        skeleton="body25b",
        fps=60,
        associated=associated,
    )


def agreement(result, chosen, person=0):
    """Return whether frames and views (T, C) hold `person` of `chosen`, or nobody where there is nobody."""
    ours, theirs = to_array(result)[:, 0], to_array(chosen)[:, person]
    same = np.isclose(ours, theirs, atol=0.01) | (np.isnan(ours) & np.isnan(theirs))
    return same.all(axis=(1, 3))


def test_the_one_subject_is_the_person_whom_pose2sim_chose(shared_data, cameras):
    candidates = poses(shared_data, cameras, "single_person/pose")
    chosen = poses(shared_data, cameras, "single_person/pose-associated", associated=True)
    same = agreement(associate(candidates, cameras), chosen)
    # cam01 in frame 37: OpenPose split the person in two, and Pose2Sim took the other half;
    # cam03 in frame 52: Pose2Sim found nobody, though the person is there
    assert np.argwhere(~same).tolist() == [[37, 0], [52, 2]]


def test_of_two_people_one_is_kept_throughout(shared_data, cameras):
    candidates = poses(shared_data, cameras, "two_people/pose")
    chosen = poses(shared_data, cameras, "two_people/pose-associated", associated=True)
    result = associate(candidates, cameras)
    assert max(agreement(result, chosen, person).mean() for person in (0, 1)) == 1


def test_neither_shuffled_slots_nor_a_view_of_the_bystander_alone_mislead(shared_data, cameras):
    candidates = poses(shared_data, cameras, "single_person/pose")
    plain = to_array(associate(candidates, cameras))[:, 0]
    position, confidence = candidates["position"].copy(deep=True), candidates["confidence"].copy(deep=True)
    rng = np.random.default_rng(0)
    for t in range(position.sizes["time"]):
        for c in range(position.sizes["cameras"]):
            order = rng.permutation(position.sizes["individuals"])
            position[t, ..., c] = position[t, ..., c].isel(individuals=order).to_numpy()
            confidence[t, ..., c] = confidence[t, ..., c].isel(individuals=order).to_numpy()
    shuffled = candidates.assign(position=position, confidence=confidence)
    assert np.array_equal(to_array(associate(shuffled, cameras))[:, 0], plain, equal_nan=True)

    values = to_array(shuffled)
    same = (values == plain[:, None]) | (np.isnan(values) & np.isnan(plain[:, None]))
    subject = same.all(axis=(2, 4))  # (T, N, C)
    subject[..., [0, 2, 3]] = False
    gone = subject[:, None, None]  # time, space, keypoints, individuals, cameras
    alone = shuffled.assign(
        position=shuffled["position"].where(~gone), confidence=shuffled["confidence"].where(~gone[:, 0], 0.0)
    )
    result = associate(alone, cameras)
    after = to_array(result)[:, 0]
    assert np.isnan(after[:, :, 1]).all()
    assert np.array_equal(after[:, :, [0, 2, 3]], plain[:, :, [0, 2, 3]], equal_nan=True)
    assert provenance_of(result)["associate"]["frames"][cameras.names[1]]["left_out"] == 100
