"""The embedded Human3.6M rig."""

import json

import numpy as np
import pytest

import mvtri
from mvtri.calib import human36m_subjects
from mvtri.errors import InputError

NAMES = ("54138969", "55011271", "58860488", "60457274")


def test_eleven_subjects():
    assert human36m_subjects() == [f"S{number}" for number in range(1, 12)]


def test_what_the_dataset_is_known_for():
    cams = mvtri.human36m_cameras("S9")
    assert cams.names == NAMES
    assert cams.image_sizes.tolist() == [[1000, 1002], [1000, 1000], [1000, 1000], [1000, 1002]]
    assert cams.models == ("opencv",) * 4
    assert mvtri.human36m_cameras("S9", "human36m").models == ("human36m",) * 4
    assert (cams.centers[:, 2] > 1).all()  # metres above a floor, z up
    assert (cams.centers[:, 2] < 2).all()


@pytest.mark.realdata
@pytest.mark.parametrize("subject", [f"S{number}" for number in range(1, 12)])
def test_every_digit_of_the_source(shared_data, subject):
    source = json.loads((shared_data / "human36m" / "camera-parameters.json").read_text())
    cams = mvtri.human36m_cameras(subject)
    for index, name in enumerate(NAMES):
        inner, outer = source["intrinsics"][name], source["extrinsics"][subject][name]
        np.testing.assert_array_equal(cams.matrices[index], inner["calibration_matrix"])
        np.testing.assert_array_equal(cams.distortions[index], inner["distortion"])
        np.testing.assert_array_equal(cams.rotations[index], outer["R"])
        np.testing.assert_array_equal(cams.translations[index], np.array(outer["t"])[:, 0] / 1000)


def test_no_such_subject_or_formula():
    with pytest.raises(InputError, match=r"no subject of Human3\.6M is called 'S12'"):
        mvtri.human36m_cameras("S12")
    with pytest.raises(InputError, match="'brown'"):
        mvtri.human36m_cameras("S1", "brown")
