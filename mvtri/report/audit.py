"""`write_audit`: what an audit of a calibration found, with a picture of the rig, as an HTML page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.diagnostics.audit import Audit
from mvtri.report.html import colours
from mvtri.report.html.markup import legend, plot, section, table, verdict_list
from mvtri.report.html.page import write_page
from mvtri.report.reconstruction.evidence import evidence_part
from mvtri.report.reconstruction.scene3d import (
    CAMERA,
    cameras_traces,
    columns,
    drawn_depth,
    floor_traces,
    people_bounds,
    scene,
)
from mvtri.report.rig_uncertainty import COLOUR as ELLIPSOID
from mvtri.report.rig_uncertainty import ellipsoid_traces, ellipsoid_words, places_of

HEIGHT = 560
MOST_POINTS = 2000


def write_audit(
    path: str | os.PathLike[str], audit: Audit, title: str, pose_covariance: np.ndarray | None = None
) -> Path:
    """Write the findings, the tables and a 3D picture of the rig as one HTML file; return its path.

    Parameters
    ----------
    path : path
        A file that is there is replaced.
    audit : Audit
    title : str
    pose_covariance : ndarray, shape (6C, 6C), optional
        How sure the calibration's poses are (`mvtri.calib.read_pose_covariance`); without it, how well the
        recording of the audit would find them is drawn.
    """
    lines: list[tuple[str, str]] = [(finding.level, finding.text) for finding in audit.findings]
    good = f"Nothing is wrong with this calibration, as far as it shows here. {audit.remark}".rstrip()
    lines = lines or [("good", good)]
    body = [
        section("findings", title, "", verdict_list(lines)),
        section("rig", "The rig", "", _legend(audit, pose_covariance) + plot("rig", HEIGHT)),
        section("cameras", "Cameras", "", _cameras(audit)),
    ]
    if audit.points is not None:
        about = "" if not audit.unjudged else (
            f"Not judged, since they see too little of the person: {', '.join(audit.unjudged)}."
        )  # fmt: skip
        body.append(section("evidence", "Evidence", about, evidence_part(audit.evidence) + _lenses(audit)))
    return write_page(path, title, body, {"rig": rig_plot(audit, pose_covariance)})


def rig_plot(audit: Audit, pose_covariance: np.ndarray | None = None) -> dict[str, Any]:
    """Return the picture of the rig as plain data of plotly: cameras, their uncertainty, floor, people."""
    cameras = audit.cameras
    points = _some(audit)
    low, high = people_bounds(points if len(points) else _floor(np.asarray(cameras.centers)))
    data = [*floor_traces(low, high, cameras), *cameras_traces(cameras)]
    centers, places, _ = _places(audit, pose_covariance)
    if len(centers):
        data += ellipsoid_traces(centers, places, drawn_depth(cameras))
    if len(points):
        marker = {"size": 1.5, "color": colours.USED}
        cloud = {"type": "scatter3d", "mode": "markers", "name": "person", "hoverinfo": "skip"}
        data.append(cloud | {"marker": marker} | columns(points))
    layout: dict[str, Any] = {"showlegend": False, "height": HEIGHT}
    layout["margin"] = dict.fromkeys("lrtb", 0)
    layout["scene"] = scene(low, high, cameras, whole_rig=True)
    return {"data": data, "layout": layout, "frames": []}


def _places(audit: Audit, pose_covariance: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Return centres (C', 3), m, and their covariances (C', 3, 3), m^2, and where these are from."""
    centers = np.asarray(audit.cameras.centers)
    if pose_covariance is not None:
        return centers, places_of(pose_covariance), "how sure the calibration is, by the file beside it"
    evidence = audit.evidence
    if evidence is None or evidence.places is None or len(evidence.cameras) < 3:
        return np.empty((0, 3)), np.empty((0, 3, 3)), ""
    seen = [audit.cameras.names.index(name) for name in evidence.cameras]
    return centers[seen], evidence.places, "how well this recording alone finds the cameras"


def _legend(audit: Audit, pose_covariance: np.ndarray | None) -> str:
    items = [(CAMERA, "cameras, as pyramids that open where they look")]
    centers, places, known = _places(audit, pose_covariance)
    if len(centers):
        words = ellipsoid_words(places, drawn_depth(audit.cameras))
        items.append((ELLIPSOID, f"{known}: {words}"))
    if audit.points is not None:
        items.append((colours.USED, "where the keypoints of the person are"))
    return legend(items)


def _some(audit: Audit) -> np.ndarray:
    """Return points of the person (P, 3), m, without those that are far outside the rig."""
    if audit.points is None:
        return np.empty((0, 3))
    flat = audit.points.reshape(-1, 3)
    centers = np.asarray(audit.cameras.centers)
    reach = 3.0 * np.linalg.norm(centers - centers.mean(axis=0), axis=1).max()
    with np.errstate(invalid="ignore"):
        near = np.linalg.norm(flat - centers.mean(axis=0), axis=1) < reach
    flat = flat[near]
    return np.asarray(flat[:: max(1, len(flat) // MOST_POINTS)])


def _floor(centers: np.ndarray) -> np.ndarray:
    """Return the corners of a box among the cameras, where nothing shows where people are."""
    middle, extent = centers.mean(axis=0), np.ptp(centers, axis=0).max() / 4
    return np.array([middle - extent, middle + extent])


def _lenses(audit: Audit) -> str:
    """Return which error of the lenses this recording would show."""
    if not np.isfinite(audit.lens_noticed):
        return ""
    return (
        '<h3>Which lenses would be noticed</h3><p class="note">'
        f"An error of the radial distortion that moves the 2D by {audit.lens_noticed:.1f} px or more "
        "where the person is would be noticed. A smaller one may not be: the 3D points and the errors of the "
        "detector take it up. A person who walks up to the edges of the images shows more.</p>"
    )


def _cameras(audit: Audit) -> str:
    """Return the table of cameras."""
    cams = audit.cameras
    rows = [
        [
            name,
            f"{cams.image_sizes[c][0]} x {cams.image_sizes[c][1]}",
            float(cams.matrices[c][0, 0]),
            cams.models[c],
            *(float(value) for value in np.round(cams.centers[c], 3)),
        ]
        for c, name in enumerate(cams.names)
    ]
    return table(["camera", "image, px", "focal length, px", "lens", "x, m", "y, m", "z, m"], rows)
