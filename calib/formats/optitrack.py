"""The ``.mcal`` of OptiTrack Motive 3.2 and later: XML in UTF-16, metres.

Source: OptiTrack's documentation, ".mcal XML Calibration Files"; the direction of the matrix and of the axes
was checked against two independent converters that agree.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows
from mvtri.calib.formats.text import peek, read_text
from mvtri.inputs.xml import float_of, parse_xml

_AXES = np.diag([1.0, -1.0, -1.0])  # its cameras look along -z with y up


def sniff(path: Path) -> bool:
    """Return whether a file is XML with cameras as Motive describes them."""
    text = peek(path)
    return (
        bool(re.match(r"\s*<", text))
        and "<Camera " in text
        and "<Extrinsic" in text
        and "LensCenterX" in text
    )


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_text(path, parse)


def parse(text: str) -> Parsed:
    """Return the cameras of a calibration of Motive, called by their serial numbers.

    ``Extrinsic`` holds the position in the world (metres, y up) and, row by row in ``OrientMatrix0`` to 8,
    the rotation of a camera that looks along -z with y up to the world.  The lens is that of
    ``IntrinsicStandardCameraModel``, which is OpenCV's model (k1, k2, k3, TangentialX = p1,
    TangentialY = p2); Motive's own model in ``Intrinsic`` is not read.  The world's axes are kept (y up).
    """
    rows = Rows()
    for index, camera in enumerate(parse_xml(text, "a calibration of Motive").iter("Camera")):
        name = camera.get("Serial") or f"camera {index + 1}"
        rows.add(_row, name, camera)
    return rows.parsed("m")


def _row(name: str, camera: ElementTree.Element, problems: list[str]) -> Row:
    where = f"of camera {name}"
    pose = camera.find("Extrinsic")
    if pose is None:
        return Row(name, None, None, None, None)
    lens, sensor = camera.find("IntrinsicStandardCameraModel"), camera.find("Attributes")
    if lens is None or sensor is None:
        lacking = "IntrinsicStandardCameraModel" if lens is None else "Attributes"
        problems.append(f"camera {name} has no <{lacking}>; calibrate and save with Motive 3.2 or later")
        return Row(name, None, None, np.eye(3), np.zeros(3))

    def given(element: ElementTree.Element, *keys: str) -> list[float]:
        return [float_of(element, key, where, problems) for key in keys]

    fx, fy, cx, cy = given(lens, "HorizontalFocalLength", "VerticalFocalLength", "LensCenterX", "LensCenterY")
    turn = np.array(given(pose, *(f"OrientMatrix{index}" for index in range(9)))).reshape(3, 3)
    rotation = _AXES @ turn.T
    return Row(
        name=name,
        matrix=[[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]],
        distortion=given(lens, "k1", "k2", "TangentialX", "TangentialY", "k3"),
        rotation=rotation,
        translation=-rotation @ np.array(given(pose, "X", "Y", "Z")),
        size=given(sensor, "ImagerPixelWidth", "ImagerPixelHeight"),
    )


FORMAT = CameraFormat(
    name="optitrack",
    description="OptiTrack Motive (.mcal)",
    sniff=sniff,
    read=read,
    extensions=(".mcal",),
    implied_unit="m",
)
