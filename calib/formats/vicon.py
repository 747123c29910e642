"""The ``.xcp`` of Vicon Nexus and Shogun: XML, millimetres, quaternions.

Source: Vicon's documentation of XCP files (CaraPost Reference, "About calibration data (XCP) files"); the
direction of the quaternion was checked against two other readers, Pose2Sim's and OpenCap's, which agree.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mvtri.calib.formats.radial import fit_radial
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, from_quaternion, numbers
from mvtri.calib.formats.text import peek, read_text
from mvtri.inputs.xml import float_of, floats_of, parse_xml


def sniff(path: Path) -> bool:
    """Return whether a file is XML with cameras as Vicon describes them."""
    text = peek(path)
    return (
        bool(re.match(r"\s*<", text)) and "<Camera" in text and ("<KeyFrame" in text or "SENSOR_SIZE" in text)
    )


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_text(path, parse)


def parse(text: str) -> Parsed:
    """Return the cameras of an XCP file, called by their DEVICEID; only video cameras where there are some.

    ``ORIENTATION`` is a quaternion x y z w that turns the world to the camera (x right, y down, z forward),
    ``POSITION`` the camera's in the world in mm (z up): R = R(q), t = -R C.  ``FOCAL_LENGTH`` is fx;
    fy = fx / ``PIXEL_ASPECT_RATIO``.

    Vicon corrects a pixel at the distance r (in px) of the principal point by the factor
    1 + k1 r^2 + k2 r^4 + k3 r^6 (``VICON_RADIAL`` with k1 and k2, ``VICON_RADIAL2`` with three), which is the
    inverse of what OpenCV's model says, in other units; OpenCV's coefficients are fitted to it.
    """
    root = parse_xml(text, "an XCP file of Vicon")
    found = root.findall(".//Camera")
    films = ["video" in (camera.get("TYPE", "") + camera.get("DISPLAY_TYPE", "")).lower() for camera in found]
    rows = Rows()
    for index, (camera, film) in enumerate(zip(found, films)):
        name = camera.get("DEVICEID") or camera.get("USERID") or f"camera {index + 1}"
        frame = camera.find("KeyFrames/KeyFrame")
        if any(films) and not film:
            rows.left_out[name] = "it films no video"
        elif frame is None:
            rows.left_out[name] = "it has no pose (KeyFrame)"
        else:
            rows.add(_row, name, camera, frame)
    return rows.parsed("mm")


def _row(name: str, camera: ElementTree.Element, frame: ElementTree.Element, problems: list[str]) -> Row:
    where = f"of camera {name}"
    before = len(problems)

    def given(element: ElementTree.Element, key: str, count: int) -> np.ndarray:
        return numbers(floats_of(element, key, where, problems), f"{key} {where}", problems, count)

    size = given(camera, "SENSOR_SIZE", 2)
    focal = float_of(frame, "FOCAL_LENGTH", where, problems)
    aspect = float_of(camera, "PIXEL_ASPECT_RATIO", where, problems, default=1.0)
    skew = float_of(camera, "SKEW", where, problems, default=0.0)
    center = given(frame, "PRINCIPAL_POINT", 2)
    quaternion, position = given(frame, "ORIENTATION", 4), given(frame, "POSITION", 3)
    radial = _radial(frame, where, problems)
    if not (focal > 0 and aspect > 0 and np.isfinite([focal, aspect, skew]).all()):
        problems.append(f"FOCAL_LENGTH and PIXEL_ASPECT_RATIO {where} are {focal:g} and {aspect:g}")
    if len(problems) > before:
        return Row(name, None, None, np.eye(3), np.zeros(3))
    rotation = from_quaternion(quaternion[[3, 0, 1, 2]], f"ORIENTATION {where}", problems)
    matrix = np.array([[focal, skew, center[0]], [0.0, focal / aspect, center[1]], [0.0, 0.0, 1.0]])
    corners = np.array([[0, 0, *size], [0, size[1], size[0], 0]]).reshape(-1, 2) - center
    corners[:, 1] *= aspect
    reach = float(np.hypot(*corners.T).max())
    lens = fit_radial(radial, focal, reach, f"camera {name}", problems)
    return Row(name, matrix, lens, rotation, -rotation @ position, tuple(size.tolist()))


def _radial(frame: ElementTree.Element, where: str, problems: list[str]) -> np.ndarray:
    """Return k1, k2 and k3 of Vicon's correction, in 1/px^2, 1/px^4 and 1/px^6."""
    words = frame.get("VICON_RADIAL2", "").split()
    if words:
        values = words[3:6]  # after "ViconRadial2" and the centre, which is the principal point
    else:
        values = frame.get("VICON_RADIAL", "").split()
    try:
        given = np.array([float(value) for value in values])
    except ValueError:
        problems.append(f"VICON_RADIAL {where} is not made of numbers")
        return np.zeros(3)
    given = numbers(given, f"VICON_RADIAL {where}", problems, 0, 1, 2, 3)
    return np.pad(given, (0, 3 - len(given)))


FORMAT = CameraFormat(
    name="vicon",
    description="Vicon (.xcp)",
    sniff=sniff,
    read=read,
    extensions=(".xcp",),
    implied_unit="mm",
)
