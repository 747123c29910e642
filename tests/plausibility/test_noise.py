"""Noise that no detector has."""

import numpy as np
import pytest
from sessions_verdicts import rig

from mvtri.plausibility import PlausibilityWarning, check_noise, warn_of


@pytest.mark.parametrize(("noise", "wrong"), [(8.0, False), (27.0, False), (30.0, True)])
def test_noise_beyond_any_detector(noise, wrong):
    found = check_noise(np.full((1, 4), noise), rig())
    assert [each.level for each in found] == (["bad"] if wrong else [])
    if wrong:
        assert "30 px, 2.1 % of the image diagonal" in found[0].text


def test_one_noisy_camera_of_four_is_possible():
    assert check_noise(np.array([[5.0, 5.0, 5.0, 60.0]]), rig()) == []


def test_findings_become_warnings():
    with pytest.warns(PlausibilityWarning, match="no detector has more"):
        warn_of(check_noise(np.full((3, 4), 100.0), rig()))
