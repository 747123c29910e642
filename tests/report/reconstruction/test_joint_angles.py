"""The joint angles of a fitted body in the report: what is drawn, where, and what is left out."""

import numpy as np
import pytest
from report_page import Page

import mvtri
from mvtri.biomechanics import fit_tracks
from mvtri.diagnostics import read_recording
from mvtri.report import write_report
from mvtri.report.reconstruction import joint_angles


@pytest.fixture(scope="module")
def fitted():
    tracks = mvtri.sessions.demo_truth().isel(time=slice(12))
    return tracks, fit_tracks(tracks), read_recording(tracks)


def test_each_angle_has_a_panel_with_both_sides(fitted):
    _, body, _ = fitted
    shown = joint_angles.panels(body)
    free = [body.kinematics.model.coordinates[i] for i in body.kinematics.model.free]
    assert [free[place] for place, _ in shown["knee_angle"]] == ["knee_angle_r", "knee_angle_l"]
    assert [side for _, side in shown["lumbar_flexion"]] == [""]
    assert not any(name.startswith("pelvis") for name in shown)
    expected = {name for name in free if not name.startswith("pelvis")} - set(body.refused)
    assert {free[place] for ones in shown.values() for place, _ in ones} == expected


def test_angles_that_no_keypoint_shows_have_no_panel(fitted):
    tracks, _, _ = fitted
    body = fit_tracks(tracks.sel(keypoints=list(mvtri.get_skeleton("coco17").keypoints)))
    assert {"lumbar_flexion", "ankle_angle_r", "ankle_angle_l"} <= set(body.refused)
    shown = joint_angles.panels(body)
    assert "knee_angle" in shown
    assert not {"lumbar_flexion", "ankle_angle"} & set(shown)


def test_the_lowest_panel_of_each_column_says_what_time_is_in(fitted):
    tracks, body, recording = fitted
    for given, label in (
        (recording, "time (s)"),
        (read_recording(tracks.assign_attrs(time_unit="frames")), "frame"),
    ):
        layout = joint_angles.joint_angles(given, body)["layout"]
        axes = [layout[f"xaxis{axis}"] for axis in ("", *map(str, range(2, len(layout["annotations"]) + 1)))]
        titles = [one.get("title", {}).get("text") for one in axes]
        assert titles == [None] * (len(axes) - 3) + [label] * 3


def test_curves_and_bands_are_the_coordinates_and_their_intervals(fitted):
    _, body, recording = fitted
    figure = joint_angles.joint_angles(recording, body)
    (knee,) = [one for one in figure["data"] if one.get("name") == "knee_angle left"]
    np.testing.assert_allclose(knee["y"], np.degrees(body.kinematics["knee_angle_l"]), atol=0.006)
    low, high = (np.degrees(ends) for ends in body.intervals)
    (place,) = [place for place, side in joint_angles.panels(body)["knee_angle"] if side == "_l"]
    (band,) = [
        one
        for one in figure["data"]
        if one["yaxis"] == knee["yaxis"] and one.get("fill") and one["line"]["color"] == knee["line"]["color"]
    ]
    both = np.concatenate([low[:, place], high[::-1, place]])
    np.testing.assert_allclose(band["y"], both, atol=0.006)
    titles = [one["text"] for one in figure["layout"]["annotations"]]
    assert titles == list(joint_angles.panels(body))
    assert len({one["yaxis"] for one in figure["data"]}) == len(titles)


def test_panels_do_not_overlap(fitted):
    _, body, recording = fitted
    layout = joint_angles.joint_angles(recording, body)["layout"]
    boxes = [
        (*layout[f"xaxis{axis}"]["domain"], *layout[f"yaxis{axis}"]["domain"])
        for axis in ("", *map(str, range(2, len(layout["annotations"]) + 1)))
    ]
    for i, (left, right, low, high) in enumerate(boxes):
        assert 0.0 <= left < right <= 1.0
        assert -1e-9 <= low < high <= 1.0
        for other in boxes[:i]:
            assert right <= other[0] or other[1] <= left or high <= other[2] or other[3] <= low


def test_the_page_has_a_section_only_where_a_body_was_fitted(fitted, tmp_path):
    tracks, body, _ = fitted
    pages = {}
    for name, bodies in (("with", [body]), ("without", [])):
        path = write_report(tmp_path / f"{name}.html", tracks, bodies=bodies)
        pages[name] = Page(path.read_text(encoding="utf-8"))
    assert {"body", "plot-joints-0"} <= set(pages["with"].ids)
    assert not {"body", "plot-joints-0"} & set(pages["without"].ids)
    text = (tmp_path / "with.html").read_text(encoding="utf-8")
    assert 'href="#body"' in text
    assert f"the markers determine {len(body.kinematics.model.free)} of" in text
    assert 'href="#body"' not in (tmp_path / "without.html").read_text(encoding="utf-8")
