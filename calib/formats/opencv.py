"""Cameras in files of OpenCV's FileStorage (YAML, XML, JSON): one per camera, or several in one file.

Source: OpenCV's own samples (`samples/cpp/calibration.cpp`, `stereo_calib.cpp`), whose names of values, and
the usual variants of them, are read.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.easymocap import matrix_lines
from mvtri.calib.formats.per_camera import files_of, names_of
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of, size_of
from mvtri.calib.formats.storage import parse_storage
from mvtri.calib.formats.text import peek, read_text, write_text
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.units import METRES

_MATRIX = ("cameramatrix", "k", "m", "intrinsicmatrix", "intrinsic", "intrinsics", "mtx", "matrix")
_LENS = (
    "distortioncoefficients",
    "distcoeffs",
    "distcoeff",
    "distcoef",
    "distortions",
    "distortion",
    "dist",
    "d",
)
_TURN = ("rotationmatrix", "rmat", "rot", "r", "rotationvector", "rvec", "rotation")
_MOVE = ("translationvector", "tvec", "t", "trans", "translation")
_SIZE = ("imagesize", "size", "resolution", "imgsize")
_WIDTH, _HEIGHT = ("imagewidth", "width", "w"), ("imageheight", "height", "h")
_MARK = re.compile(
    r"(camera_?matrix\d?|\bK\d?|\bM1|intrinsic_?matrix|mtx)[\"']?\s*[:>]|<(camera_?matrix|K|M1)\b", re.I
)


def sniff(path: Path) -> bool:
    """Return whether a file, or those in a folder, are FileStorage with the matrix of a camera."""
    return bool(files_of(path, _fits))


def _fits(file: Path) -> bool:
    if file.suffix.lower() not in (".yml", ".yaml", ".xml", ".json"):
        return False
    text = peek(file)
    others = ['"RT"', '"distCoef"', "calibration_matrix", "intrinsicMat", "{}"]
    others += ["<calibration ", "<calibration>", "<Camera "]
    if any(mark in text for mark in others) or re.search(r"^[ \t]*K_\S+\s*:", text, re.M):
        return False
    return bool(_MARK.search(text))


def read(path: Path) -> Parsed:
    """Read a file with one camera or several, or a folder with one file per camera.

    A camera is a map with its matrix (``camera_matrix``, ``K``, ...), its lens (``distortion_coefficients``,
    ``dist``, ...), and its pose from the world to the camera: ``R`` or ``rvec``, and ``T`` or ``tvec``.
    Its size is ``image_width`` and ``image_height``, or ``image_size``.  It is called by its ``name``, by the
    map's key, or by its file.  Where a file holds ``M1 D1 M2 D2 R T``, it is a stereo pair: camera 1 is the
    world, and R and T take its axes to those of camera 2.  No unit of length is stated, but in what
    mvtri wrote (``unit``).
    """
    files = files_of(path, _fits)
    rows, unit = Rows(), None
    for name, file in zip(names_of(files, path), files):
        try:
            tree = read_text(file, parse_storage)
        except InputError as error:
            rows.add_fault(name, str(error))
            continue
        unit = tree["unit"] if str(tree.get("unit")) in METRES else unit
        for camera, values in _cameras(name, tree):
            rows.add(_row, camera, values)
    try:
        return rows.parsed(unit)
    except InputError as error:
        raise InputError(f"{path} {error}") from None


def _cameras(name: str, tree: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the maps of cameras in a file, with their names."""
    flat = {_bare(key): value for key, value in tree.items()}
    for matrix, lens in (("m", "d"), ("k", "d"), ("k", "dist"), ("cameramatrix", "distcoeffs")):
        if f"{matrix}1" in flat and f"{matrix}2" in flat:
            return _stereo(flat, matrix, lens)
    if _find(flat, _MATRIX) is not None:
        return [(str(flat.get("name") or flat.get("cameraname") or name), flat)]
    found: list[tuple[str, dict[str, Any]]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            inner = _cameras(str(key), value)
            found.extend(inner)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    found.extend(_cameras(f"camera_{index}", item))
    return found


def _stereo(flat: dict[str, Any], matrix: str, lens: str) -> list[tuple[str, dict[str, Any]]]:
    size = {key: flat[key] for key in (*_SIZE, *_WIDTH, *_HEIGHT) if key in flat}
    first = {
        "k": flat[f"{matrix}1"],
        "d": flat.get(f"{lens}1", np.zeros(5)),
        "r": np.eye(3),
        "t": np.zeros(3),
    }
    second = {
        "k": flat[f"{matrix}2"],
        "d": flat.get(f"{lens}2", np.zeros(5)),
        "r": flat.get("r"),
        "t": flat.get("t"),
    }
    return [("1", first | size), ("2", second | size)]


def _bare(key: str) -> str:
    return re.sub(r"[^0-9a-z]", "", key.lower())


def _find(values: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _row(name: str, values: dict[str, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    values = {_bare(key): value for key, value in values.items()}
    turn, move, size = (_find(values, names) for names in (_TURN, _MOVE, _SIZE))
    sides = [_find(values, names) for names in (_WIDTH, _HEIGHT)]
    if size is None and all(side is not None for side in sides):
        size = sides
    if turn is None and move is None:
        return Row(name, None, None, None, None)
    lens = _find(values, _LENS)
    model = str(values.get("model", "opencv")).lower()
    if model not in ("opencv", "fisheye"):
        model = "fisheye" if values.get("fisheye") in (1, True, "true") else "opencv"
    return Row(
        name=name,
        matrix=matrix_of(_find(values, _MATRIX), f"the matrix {where}", problems),
        distortion=lens_of(np.zeros(4) if lens is None else lens, f"the distortion {where}", problems),
        rotation=None if turn is None else rotation_of(turn, f"the rotation {where}", problems),
        translation=None if move is None else numbers(move, f"the translation {where}", problems, 3),
        size=size_of(size, f"the image size {where}", problems),
        model=model,
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write one YAML file with a sequence of cameras, in metres.

    Raises
    ------
    InputError
        If a lens is one of Human3.6M.
    """
    lines = ["%YAML:1.0", "---", 'unit: "m"', "cameras:"]
    for index, name in enumerate(cams.names):
        if cams.models[index] == "human36m":
            raise InputError(
                f"{name} has the lens formula of Human3.6M, which OpenCV does not know; write cameras with "
                "the opencv or fisheye model"
            )
        if re.search(r"[\x00-\x1f\x7f\"\\]", name):
            raise InputError(f"OpenCV's texts hold no quotes and control characters, but a name is {name!r}")
        width, height = cams.image_sizes[index].tolist()
        lines += [
            f'  - name: "{name}"',
            f'    model: "{cams.models[index]}"',
            f"    image_width: {width}",
            f"    image_height: {height}",
            *matrix_lines("camera_matrix", cams.matrices[index], 4),
            *matrix_lines("distortion_coefficients", cams.distortions[index][None], 4),
            *matrix_lines("R", cams.rotations[index], 4),
            *matrix_lines("T", cams.translations[index][:, None], 4),
        ]
    return write_text(path, "\n".join([*lines, ""]))


FORMAT = CameraFormat(
    name="opencv",
    description="OpenCV (YAML, XML or JSON)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".yml", ".yaml"),
    implied_unit=None,
)
