"""The cameras of Human3.6M: its own ``metadata.xml``, and the JSON that others made of it.

Source: Human3.6M's own MATLAB code (`H36MCamera`), as FACTS of the data; ``camera-parameters.json`` of
human36m-camera-parameters (karfly, MIT) and its README.
"""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from mvtri.calib.formats.json_text import mentions, read_tree
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, matrix_of, numbers, rotation_of
from mvtri.calib.formats.text import peek
from mvtri.calib.human36m import CAMERAS, image_size, make_cameras
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.inputs import read_bytes

_SUBJECTS = 11
_LARGEST = 32_000_000  # bytes
_INTRINSICS = 6 * _SUBJECTS * len(CAMERAS)  # where they begin among the 300 numbers


def read_metadata(path: Path, subject: str) -> CameraGroup:
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
    number = subject.removeprefix("S")
    index = int(number) - 1 if number.isascii() and number.isdecimal() else -1
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


def sniff(path: Path) -> bool:
    """Return whether a file is Human3.6M's XML or the JSON with the cameras of all subjects."""
    if mentions(path, "intrinsics", "extrinsics", "calibration_matrix"):
        return True
    head = peek(path)
    return head.lstrip()[:1] == "<" and "<dbcameras>" in head and "<w0>" in head


def read(path: Path, *, subject: str | None = None, distortion: str = "human36m") -> Parsed:
    """Read the cameras as they were for `subject` (``"S1"`` to ``"S11"``), in mm, z up.

    ``Xc = R X + t``; in the XML, R is made of three angles and the centre stands for t.  `distortion` is the
    lens formula: ``"human36m"``, of the data set's own 2D, or ``"opencv"``, with which others made theirs.
    """
    if subject is None:
        raise InputError(
            f"{path} holds the cameras of every subject of Human3.6M; say which, with subject='S9' "
            "(mvtri convert FILE cameras.npz --subject S9 on the command line)"
        )
    if distortion not in ("opencv", "human36m"):
        raise InputError(one_of(distortion, ("opencv", "human36m"), "distortion formula of Human3.6M"))
    if peek(path).lstrip()[:1] == "{":
        return read_tree(path, lambda tree: _subject_of(tree, subject, distortion))
    cams = read_metadata(path, subject)
    values = (cams.matrices, cams.distortions, cams.rotations, cams.translations, cams.image_sizes)
    rows = [
        Row(name, matrix, lens, rotation, translation, size, distortion)
        for name, matrix, lens, rotation, translation, size in zip(cams.names, *values)
    ]
    return Parsed(rows, "m")


def _subject_of(tree: dict[str, Any], subject: str, distortion: str) -> Parsed:
    lenses, poses = tree.get("intrinsics"), tree.get("extrinsics")
    if not isinstance(lenses, dict) or not isinstance(poses, dict):
        raise InputError("cannot be read: intrinsics and extrinsics are no objects")
    if not isinstance(poses.get(subject), dict):
        raise InputError(one_of(subject, list(poses), "subject in it"))
    rows = Rows()
    for name, pose in poses[subject].items():
        lens = lenses.get(name)
        if isinstance(pose, dict) and isinstance(lens, dict):
            rows.add(_row, name, lens, pose, distortion)
        else:
            rows.add_fault(name, f"camera {name} has no intrinsics or no pose")
    return rows.parsed("mm")


def _row(name: str, lens: dict[str, Any], pose: dict[str, Any], distortion: str, problems: list[str]) -> Row:
    where = f"of camera {name}"
    return Row(
        name=name,
        matrix=matrix_of(lens.get("calibration_matrix"), f"calibration_matrix {where}", problems),
        distortion=numbers(lens.get("distortion"), f"distortion {where}", problems, 5),
        rotation=rotation_of(pose.get("R"), f"R {where}", problems),
        translation=numbers(pose.get("t"), f"t {where}", problems, 3),
        size=image_size(name),
        model=distortion,
    )


FORMAT = CameraFormat(
    name="human36m",
    description="Human3.6M (metadata.xml, camera-parameters.json)",
    sniff=sniff,
    read=read,
    implied_unit="mm",
)
