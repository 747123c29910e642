"""``calibration_*.json`` of the CMU Panoptic Studio: JSON, centimetres.

Source: the data set's own `panoptic-toolbox` (`python/panutils.py`, `README`).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.json_text import mentions, read_tree
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of, size_of
from mvtri.calib.formats.text import write_text
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError


def sniff(path: Path) -> bool:
    """Return whether a file is JSON with a list of cameras that have K, distCoef, R and t."""
    return mentions(path, "cameras", "K", "distCoef", "R", "t")


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_tree(path, parse)


def parse(tree: dict[str, Any]) -> Parsed:
    """Return all cameras (VGA, HD and Kinect): ``Xc = R X + t`` in cm, y down; OpenCV's k1 k2 p1 p2 k3."""
    cameras = tree.get("cameras")
    if not isinstance(cameras, list):
        raise InputError("cannot be read: 'cameras' is no list")
    rows = Rows()
    for index, camera in enumerate(cameras):
        if not isinstance(camera, dict):
            rows.add_fault(str(index), f"camera {index} is no object")
            continue
        rows.add(_row, str(camera.get("name", index)), camera)
    return rows.parsed("cm")


def _row(name: str, camera: dict[str, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    turn, move = camera.get("R"), camera.get("t")
    return Row(
        name=name,
        matrix=matrix_of(camera.get("K"), f"K {where}", problems),
        distortion=lens_of(camera.get("distCoef"), f"distCoef {where}", problems),
        rotation=None if turn is None else rotation_of(turn, f"R {where}", problems),
        translation=None if move is None else numbers(move, f"t {where}", problems, 3),
        size=size_of(camera.get("resolution"), f"resolution {where}", problems),
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write a file in cm.

    Raises
    ------
    InputError
        If a lens is not OpenCV's with up to five coefficients.
    """
    cameras = []
    for index, (name, lens) in enumerate(zip(cams.names, cams.distortions)):
        if cams.models[index] != "opencv" or lens[5:].any():
            raise InputError(
                f"{name} has a lens ({cams.models[index]}, {len(lens)} coefficients) that this format cannot "
                "express; it has k1 k2 p1 p2 k3 alone"
            )
        cameras.append(
            {
                "name": name,
                "type": "hd",
                "resolution": cams.image_sizes[index].tolist(),
                "K": cams.matrices[index].tolist(),
                "distCoef": np.pad(lens[:5], (0, max(5 - len(lens), 0))).tolist(),
                "R": cams.rotations[index].tolist(),
                "t": (cams.translations[index][:, None] * 100.0).tolist(),
            }
        )
    return write_text(path, json.dumps({"calibDataSource": "mvtri", "cameras": cameras}, indent=1))


FORMAT = CameraFormat(
    name="panoptic",
    description="CMU Panoptic (JSON)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".json",),
    implied_unit="cm",
)
