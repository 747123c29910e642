"""Cameras that are late, in the verdicts: named, and set right before anything else is judged."""

import numpy as np
import pytest
from late_cameras import late_views
from sessions_verdicts import rig

from mvtri.diagnostics.offsets import without_offsets

pytestmark = pytest.mark.filterwarnings("ignore::mvtri.plausibility.PlausibilityWarning")


def test_the_2d_comes_back_as_if_no_camera_were_late():
    cams, offsets = rig(), np.array([0.0, 3.0, 0.0, 0.0])
    views = late_views(cams, offsets, 250, noise=1.0)
    points, (finding,) = without_offsets(views, np.arange(len(views)) / 50.0, True, cams)
    assert (finding.kind, finding.level) == ("late", "bad")
    assert finding.cameras == (cams.names[1],)
    same = late_views(cams, 0 * offsets, 250, noise=1.0)
    apart = [np.nanmedian(np.abs(each[5:-5, :, 1] - same[5:-5, :, 1])) for each in (views, points)]
    assert apart[1] < 0.4 * apart[0]
    np.testing.assert_array_equal(points[:, :, 0], views[:, :, 0])


def test_cameras_on_time_are_left_alone():
    cams = rig()
    views = late_views(cams, np.zeros(4), 250, noise=1.0)
    points, findings = without_offsets(views, np.arange(len(views)) / 50.0, True, cams)
    assert findings == []
    assert points is views
