"""``metadata.xml`` of Human3.6M: the numbers of its cameras."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.datasets.human36m.conventions import CAMERAS, make_cameras
from mvtri.errors import InputError
from mvtri.inputs import read_bytes

_SUBJECTS = 11
_LARGEST = 32_000_000  # bytes
_INTRINSICS = 6 * _SUBJECTS * len(CAMERAS)  # where they begin among the 300 numbers


def read_cameras(path: Path, subject: str) -> CameraGroup:
    """Return the four cameras as they were for `subject`, in metres.

    ``w0`` holds, camera by camera and subject by subject, three angles and the centre (mm), then nine
    numbers per camera: f, c, k1 k2 k3, p1 p2.  R is R1 R2 R3, turns about x, y and z.

    Raises
    ------
    InputError
        If the file is not complete XML, declares a document type, or lacks ``w0`` or the names of cameras.
    """
    root = _parse(path)
    names = [(element.text or "").strip() for element in root.findall("dbcameras/index2id/*")]
    if sorted(names) != sorted(CAMERAS):
        found = ", ".join(names) or "none"
        raise InputError(
            f"{path} names the cameras {found} in dbcameras/index2id, expected {', '.join(CAMERAS)}"
        )
    numbers = _numbers(path, root.findtext("w0"))
    index = int(subject.removeprefix("S")) - 1
    if not 0 <= index < _SUBJECTS:
        raise InputError(f"{path} holds the cameras of S1 to S{_SUBJECTS}, not of {subject}")
    rows: dict[str, dict[str, Any]] = {}
    for order, name in enumerate(names):
        outer = numbers[6 * (order * _SUBJECTS + index) :][:6]
        inner = numbers[_INTRINSICS + 9 * order :][:9]
        rows[name] = {
            "R": _rotation(*outer[:3]),
            "T": outer[3:] / 1000.0,
            "f": inner[:2],
            "c": inner[2:4],
            "k": inner[4:7],
            "p": inner[7:9],
        }
    return make_cameras({name: rows[name] for name in CAMERAS})


def _numbers(path: Path, text: str | None) -> np.ndarray:
    if text is None:
        raise InputError(f"{path} lacks the element w0, which holds the cameras; is it Human3.6M's?")
    try:
        numbers = np.array([float(part) for part in text.strip().strip("[]").replace(",", " ").split()])
    except ValueError as error:
        raise InputError(f"w0 of {path} holds something other than numbers: {error}") from None
    expected = _INTRINSICS + 9 * len(CAMERAS)
    if len(numbers) != expected:
        raise InputError(f"w0 of {path} has {len(numbers)} numbers, expected {expected}")
    return numbers


def _rotation(x: float, y: float, z: float) -> np.ndarray:
    sx, cx, sy, cy, sz, cz = np.sin(x), np.cos(x), np.sin(y), np.cos(y), np.sin(z), np.cos(z)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rotation: np.ndarray = about_x @ about_y @ about_z
    return rotation


def _parse(path: Path) -> ET.Element:
    if path.stat().st_size > _LARGEST:
        raise InputError(
            f"{path} has {path.stat().st_size / 1e6:.0f} MB, but metadata.xml has less than one; check the "
            "file"
        )
    data = read_bytes(path)

    def refuse(*_: object) -> None:
        raise InputError(f"{path} declares a document type, which metadata.xml does not; check the file")

    scout = expat.ParserCreate()
    scout.StartDoctypeDeclHandler = refuse
    try:
        scout.Parse(data, True)
        return ET.fromstring(data)
    except (expat.ExpatError, ET.ParseError) as error:
        raise InputError(f"{path} is not complete XML ({error}); is it truncated?") from None
