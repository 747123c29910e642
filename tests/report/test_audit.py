"""The 3D picture of an audited rig."""

import numpy as np
import pytest
from sessions_verdicts import changed, person, rig

from mvtri.diagnostics import Audit
from mvtri.report.audit import HEIGHT, rig_plot

LENS = np.tan(np.radians(45.0) / 2)  # plotly's, up; aside it is as much wider as the picture
WIDTH = 900


def in_view(plot, points):
    """Return where points (P, 3), m, are in the first view: -1 to 1 aside and up; NaN behind the eye."""
    scene = plot["layout"]["scene"]
    ranges = np.array([scene[f"{name}axis"]["range"] for name in "xyz"])
    ratio = np.array([scene["aspectratio"][name] for name in "xyz"])
    eye, centre = (np.array([scene["camera"][what][name] for name in "xyz"]) for what in ("eye", "center"))
    placed = (points - ranges.mean(axis=1)) / np.ptp(ranges, axis=1) * ratio - eye
    ahead = (centre - eye) / np.linalg.norm(centre - eye)
    aside = np.cross(ahead, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside)
    depth = placed @ ahead
    depth[depth <= 0] = np.nan
    up = placed @ np.cross(aside, ahead)
    return np.stack([placed @ aside / depth * HEIGHT / WIDTH, up / depth], axis=1) / LENS


def drawn(plot, name):
    """Return all points (P, 3), m, of the traces of that name."""
    traces = [one for one in plot["data"] if one["name"] == name]
    points = np.concatenate([np.stack([np.array(one[a], float) for a in "xyz"], axis=1) for one in traces])
    return points[np.isfinite(points).all(axis=1)]


CAMS = rig()


@pytest.mark.parametrize("with_person", [False, True])
@pytest.mark.parametrize(
    "cameras",
    [
        CAMS,
        rig("S1").subset(rig("S1").names[::-1]),
        changed(CAMS, translations=10.0 * CAMS.translations),
        CAMS.subset(CAMS.names[2:3]),
        changed(CAMS, translations=np.zeros((4, 3))),
    ],
    ids=["room", "another camera first", "large", "one camera", "one place"],
)
def test_all_cameras_are_in_the_first_view(cameras, with_person):
    points = person(6) if with_person else None
    plot = rig_plot(Audit(cameras, (), None, points))
    shown = in_view(plot, drawn(plot, "cameras"))
    assert np.abs(shown).max() < 0.95
    assert np.abs(shown).max() > (0.5 if len(cameras) > 1 else 0.0)  # and they do not get lost in it
    is_drawn = any(one["name"] == "person" for one in plot["data"])
    assert is_drawn == (
        with_person and bool(np.ptp(cameras.centers, axis=0).any())
    )  # one place shows no depth
    if is_drawn:
        assert np.abs(in_view(plot, drawn(plot, "person"))).max() < 0.95
