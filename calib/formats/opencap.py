"""``cameraIntrinsicsExtrinsics.pickle`` of OpenCap: one pickle per camera, millimetres.

Source: `saveCameraParameters` and `calcExtrinsics` of opencap-core (`utilsCameraPy3.py`, `utilsChecker.py`).
The pickle is read without running anything that it names.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.per_camera import files_of, names_of
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of
from mvtri.containers.pickle import load_pickle
from mvtri.errors import InputError
from mvtri.registry import head_of


def sniff(path: Path) -> bool:
    """Return whether a pickle, or those in a folder, hold ``intrinsicMat``."""
    return bool(files_of(path, _fits))


def _fits(file: Path) -> bool:
    if file.suffix.lower() not in (".pickle", ".pkl"):
        return False
    head = head_of(file)
    return b"intrinsicMat" in head and head[:1] in (b"\x80", b"(", b"c", b"}")


def read(path: Path) -> Parsed:
    """Read the pickle of one camera, or all of a folder (also one folder per camera, as OpenCap has them).

    ``intrinsicMat``; ``distortion`` in OpenCV's order; ``imageSize`` is height and width; ``rotation`` and
    ``translation`` (mm) turn the checkerboard's axes to the camera (``solvePnP``).  Those axes are kept: the
    origin at the board's first corner, x and y in its plane; where the board stood upright, as OpenCap has
    it, the world's z is horizontal.
    """
    files = files_of(path, _fits)
    rows = Rows()
    for name, file in zip(names_of(files, path), files):
        try:
            rows.add(_row, name, _load(file))
        except InputError as error:
            rows.add_fault(name, str(error))
    try:
        return rows.parsed("mm")
    except InputError as error:
        raise InputError(f"{path} {error}") from None


def _load(file: Path) -> dict[Any, Any]:
    found = load_pickle(file)
    if not isinstance(found, dict) or "intrinsicMat" not in found:
        raise InputError(f"{file} holds no camera of OpenCap (a dictionary with intrinsicMat)")
    return found


def _row(name: str, found: dict[Any, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    turn, move = found.get("rotation"), found.get("translation")
    sides = found.get("imageSize")
    size = None if sides is None else numbers(sides, f"imageSize {where}", problems, 2)[::-1]
    return Row(
        name=name,
        matrix=matrix_of(found["intrinsicMat"], f"intrinsicMat {where}", problems),
        distortion=lens_of(found.get("distortion", np.zeros(5)), f"distortion {where}", problems),
        rotation=None if turn is None else rotation_of(turn, f"rotation {where}", problems),
        translation=None if move is None else numbers(move, f"translation {where}", problems, 3),
        size=size,
    )


FORMAT = CameraFormat(
    name="opencap",
    description="OpenCap (one .pickle per camera)",
    sniff=sniff,
    read=read,
    extensions=(".pickle", ".pkl"),
    implied_unit="mm",
)
