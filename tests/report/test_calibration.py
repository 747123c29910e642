"""The page of a calibration: one picture a camera, tables that say what was found, names that stay text."""

import dataclasses
import re

import numpy as np
import pytest
from boards_calib import CHARUCO, poses, ring, seen_corners

from mvtri.calib.boards import BoardViews, Rejected, as_record, calibrate_boards
from mvtri.report.calibration.judgement import judgements
from mvtri.report.calibration.pictures import arrow_magnification, coverage_picture
from mvtri.report.calibration.tables import LENS_COLUMNS, RIG_COLUMNS, lens_rows, rejected_rows, rig_rows
from mvtri.report.calibration.write import write_calibration_report

NAMES = ("left<b>", "right")


@pytest.fixture(scope="module")
def found():
    cams = ring(2)
    corners = seen_corners(cams, CHARUCO, *poses(14, seed=3, distance=0.9, spread=0.15))
    rejected = (
        Rejected("right", "20", "too few corners (5 of 24; 6 are needed)"),
        Rejected("right", "21", "no board"),
    )
    views = BoardViews(NAMES, cams.image_sizes, corners, tuple(map(str, range(14))), rejected, 30)
    return calibrate_boards(CHARUCO, views, lens="k1 k2")


def test_tables_hold_what_was_found(found):
    lenses, rig = lens_rows(found), rig_rows(found)
    assert {len(row) for row in lenses} == {len(LENS_COLUMNS)}
    assert {len(row) for row in rig} == {len(RIG_COLUMNS)}
    focal = float(lenses[1][LENS_COLUMNS.index("fx px")].split(" ± ")[0])
    assert focal == pytest.approx(found.cameras.matrices[1, 0, 0], abs=0.06)
    assert float(rig[1][RIG_COLUMNS.index("x m")]) == pytest.approx(found.cameras.centers[1, 0], abs=1e-4)
    assert rig[0][RIG_COLUMNS.index("sure to mm")] == "fixed"
    assert rejected_rows(found) == [["right", "no board", "1", "21"], ["right", "too few corners", "1", "20"]]


def test_the_page_has_a_picture_a_camera_and_no_foreign_markup(found, tmp_path):
    page = write_calibration_report(tmp_path / "page.html", found, "Trial <i>").read_text(encoding="utf-8")
    assert page.count("<svg") == 4  # each camera's lens, and its common views
    assert "<b>" not in re.sub(r"<b>(Note|Good|Check|Bad)", "", page.split("<script")[0])
    assert "Trial &lt;i&gt;" in page
    circles = np.isfinite(found.rig.views.corners[..., 0]).sum() + sum(
        np.isfinite(one.views.corners[..., 0]).sum() for one in found.lenses.values()
    )
    assert page.count("<circle") == circles


def test_arrows_and_colours_show_the_values():
    corners, residuals = np.array([[10.0, 20.0], [30.0, 5.0]]), np.array([[1.0, -0.5], [np.nan, np.nan]])
    deviations = np.array([[0.0, 5.0], [np.nan, 0.5]])
    picture = coverage_picture("cam", np.array([40, 30]), corners, residuals, deviations, 1.0, 4.0)
    assert re.findall(r'<line x1="10" y1="20" x2="14" y2="18"/>', picture)
    assert picture.count("<line") == 1
    colours = re.findall(r'<rect [^>]*fill="(#\w+)"', picture)
    assert colours == ["#2a9d8f", "#b3263b", "#e6d37a"]


def test_arrows_are_magnified_by_a_round_number():
    sizes = np.array([[1000, 600]])
    assert arrow_magnification([np.full((50, 2), 0.1)], sizes) == 200.0
    assert arrow_magnification([np.full((50, 2), 300.0)], sizes) == 1.0


def test_the_record_holds_covariances_and_reasons(found):
    record = as_record(found)
    assert record["rejected"][0] == {
        "camera": "right",
        "frame": "20",
        "reason": "too few corners (5 of 24; 6 are needed)",
    }
    lens = record["lenses"]["right"]
    assert np.shape(lens["covariance"]) == (len(lens["parameters"]),) * 2
    assert lens["parameters"] == ["fx", "fy", "cx", "cy", "k1", "k2"]
    assert len(record["rig"]["moments"]) == len(found.rig.views.frames)


def test_the_halves_are_judged(found, tmp_path):
    (lenses, poses) = judgements(found)
    assert lenses[0] == poses[0] == "good"
    assert "at most" in lenses[1]
    assert "differ by at most" in write_calibration_report(tmp_path / "good.html", found, "x").read_text(
        "utf-8"
    )
    rig = dataclasses.replace(found.rig, half_distances=np.array([0.0, 1.0]))
    one = found.lenses["right"]
    worse = {"right": dataclasses.replace(one, difference=10.0 * one.predicted * np.ones((2, 2, 2)))}
    doubted = dataclasses.replace(found, lenses=found.lenses | worse, rig=rig)
    (lenses, poses) = judgements(doubted)
    assert lenses[0] == poses[0] == "check"
    assert lenses[1].startswith(
        "The lenses of right found from the two halves of the views differ by up to 10.0 times"
    )
    assert poses[1].startswith("The poses of right found from the two halves")
    page = write_calibration_report(tmp_path / "bad.html", doubted, "x").read_text(encoding="utf-8")
    assert "these deviations are too small by that factor" in page
    assert judgements(dataclasses.replace(found, lenses={}, rig=None)) == []
