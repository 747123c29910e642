"""Calibrations of DeepFly3D: a pickle of a dictionary with one dictionary per camera.

Source: `Camera` and `CameraNetwork` of DeepFly3D (`deepfly/Camera.py`, `deepfly/CameraNetwork.py`).
The pickle is read without running anything that it names.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of
from mvtri.containers.pickle import load_pickle
from mvtri.errors import InputError
from mvtri.registry import head_of


def sniff(path: Path) -> bool:
    """Return whether a file is a pickle that holds ``tvec`` and ``intr``."""
    head = head_of(path)
    return head[:1] in (b"\x80", b"(", b"}") and b"tvec" in head and b"intr" in head


def read(path: Path) -> Parsed:
    """Read a file.

    By number of the camera: ``R`` and ``tvec`` turn the world to the camera, ``intr`` is the matrix,
    ``distort`` OpenCV's coefficients.  The unit of length is that of the world, which is not stated (mm, for
    flies), nor are the image sizes (960 x 480 in the project's recordings).
    """
    found = load_pickle(path)
    if isinstance(found, dict) and isinstance(found.get("calib"), dict):
        found = found["calib"]
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no dictionary of cameras, as DeepFly3D writes it")
    rows = Rows()
    for key, camera in found.items():
        if isinstance(camera, dict) and "intr" in camera:
            rows.add(_row, str(key), camera)
    try:
        return rows.parsed()
    except InputError as error:
        raise InputError(f"{path} {error}") from None


def _row(name: str, camera: dict[Any, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    turn, move = camera.get("R"), camera.get("tvec")
    return Row(
        name=name,
        matrix=matrix_of(camera["intr"], f"intr {where}", problems),
        distortion=lens_of(camera.get("distort", np.zeros(5)), f"distort {where}", problems),
        rotation=None if turn is None else rotation_of(turn, f"R {where}", problems),
        translation=None if move is None else numbers(move, f"tvec {where}", problems, 3),
    )


FORMAT = CameraFormat(
    name="deepfly3d",
    description="DeepFly3D (.pkl)",
    sniff=sniff,
    read=read,
    extensions=(".pkl",),
    implied_unit=None,
)
