"""Ellipsoids of cameras' places in the picture of a rig."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import chi2
from sessions_verdicts import detected, person, rig

from mvtri.diagnostics import Audit, audit_cameras
from mvtri.report.audit import rig_plot, write_audit
from mvtri.report.rig_uncertainty import (
    WITHIN,
    ellipsoid_traces,
    ellipsoid_words,
    enlargement,
    half_lengths,
    places_of,
)

CAMS = rig()
ROOTS = 1e-3 * np.random.default_rng(0).standard_normal((4, 3, 3))
PLACES = ROOTS @ ROOTS.transpose(0, 2, 1)


def circles(trace):
    points = np.stack([np.array(trace[axis], float) for axis in "xyz"], axis=1)
    return points[np.isfinite(points).all(axis=1)]


def test_the_region_holds_95_percent():
    assert pytest.approx(chi2.ppf(0.95, 3), rel=1e-4) == WITHIN**2


def test_all_points_are_on_the_enlarged_ellipsoids():
    times = enlargement(PLACES, 0.3)
    assert 0.3 / 2.5 < times * half_lengths(PLACES).max() <= 0.3
    (trace,) = ellipsoid_traces(CAMS.centers, PLACES, 0.3)
    points = circles(trace).reshape(4, -1, 3)
    away = (points - CAMS.centers[:, None]) / times
    distance = np.einsum("cpi,cij,cpj->cp", away, np.linalg.inv(PLACES), away)
    np.testing.assert_allclose(distance, WITHIN**2, rtol=0.02)  # figures are rounded to 0.1 mm


def test_places_are_the_moves_of_poses():
    covariance = np.diag(np.arange(24.0))
    covariance[3, 9] = covariance[9, 3] = 0.5  # two cameras together
    found = places_of(covariance)
    np.testing.assert_array_equal(found[1], np.diag([9.0, 10.0, 11.0]))


def test_words_say_how_large():
    places = np.array([np.eye(3), 4 * np.eye(3)]) * 1e-6 / WITHIN**2
    words = "each camera is inside with 95 % probability; 1 to 2 mm from the middle to the far end, drawn 50 "
    assert ellipsoid_words(places, 0.1) == f"{words}times as large"
    assert ellipsoid_words(places[:1] * 1e6, 0.1).endswith("; 1e+03 mm from the middle to the far end")
    assert ellipsoid_words(places, 0.004).endswith("far end, drawn twice as large")
    assert ellipsoid_words(places, 0.002).endswith("far end")
    assert enlargement(0 * places, 0.1) == 10_000


def test_the_page_of_an_audit_shows_them(tmp_path):
    people = person(10)
    audit = audit_cameras(CAMS, detected(people, CAMS))
    names = [one["name"] for one in rig_plot(audit)["data"]]
    assert names.count("uncertainty") == 1
    text = write_audit(tmp_path / "a.html", audit, "rig").read_text(encoding="utf-8")
    assert "how well this recording alone finds the cameras: each camera" in text
    covariance = 1e-6 * np.eye(24)
    known = rig_plot(audit, covariance)["data"]
    assert [one for one in known if one["name"] == "uncertainty"] != [
        one for one in rig_plot(audit)["data"] if one["name"] == "uncertainty"
    ]
    text = write_audit(tmp_path / "b.html", audit, "rig", covariance).read_text(encoding="utf-8")
    assert "by the file beside it: each camera is inside with 95 % probability; 2.8 mm" in text
    assert "Not judged" not in text
    nothing = Audit(CAMS, ())
    assert nothing.unjudged == ()
    assert all(one["name"] != "uncertainty" for one in rig_plot(nothing)["data"])
    text = write_audit(tmp_path / "c.html", nothing, "rig").read_text(encoding="utf-8")
    assert "pyramids" in text
    assert "95 %" not in text


def test_cameras_without_views_have_no_ellipsoid_and_are_named(tmp_path):
    points2d = detected(person(10), CAMS)
    points2d[:, :, 1] = np.nan
    audit = audit_cameras(CAMS, points2d)
    assert audit.unjudged == (CAMS.names[1],)
    page = write_audit(tmp_path / "a.html", audit, "rig").read_text(encoding="utf-8")
    assert f"Not judged, since they see too little of the person: {CAMS.names[1]}." in page
    (trace,) = [one for one in rig_plot(audit)["data"] if one["name"] == "uncertainty"]
    middles = circles(trace).reshape(3, -1, 3).mean(axis=1)
    np.testing.assert_allclose(middles, np.delete(CAMS.centers, 1, axis=0), atol=0.02)
    two = dataclasses.replace(audit.evidence, cameras=audit.evidence.cameras[:2])
    assert all(one["name"] != "uncertainty" for one in rig_plot(Audit(CAMS, (), two))["data"])
