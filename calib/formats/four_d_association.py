"""``calibration.json`` of 4D-association: JSON with one object per camera.

Source: `ParseCameras` of 4d_association (`mocap/src/camera.cpp`), and the calibrations of its data.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.json_text import mentions, read_tree
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, size_of


def sniff(path: Path) -> bool:
    """Return whether a file is JSON with K, RT and imgSize."""
    return mentions(path, "K", "RT", "imgSize")


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_tree(path, parse)


def parse(tree: dict[str, Any]) -> Parsed:
    """Return the cameras, called by their keys.

    ``K`` (9 numbers) and ``RT`` (12, world to camera) row by row; ``distCoeff`` in OpenCV's order (k1 k2 p1
    p2 k3); ``imgSize`` is width and height.  The data of the project are in metres, which the file does not
    say.  Some files hold ``rectifyAlpha``, the scale of pictures that the project rectifies; it is ignored,
    since the lens belongs to the pictures as they were filmed.
    """
    rows = Rows()
    for name, camera in tree.items():
        if not isinstance(camera, dict) or "K" not in camera:
            continue
        rows.add(_row, name, camera)
    return rows.parsed()


def _row(name: str, camera: dict[str, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    pose = camera.get("RT")
    both = None if pose is None else numbers(pose, f"RT {where}", problems, 12).reshape(3, 4)
    return Row(
        name=name,
        matrix=matrix_of(camera["K"], f"K {where}", problems),
        distortion=lens_of(camera.get("distCoeff", np.zeros(5)), f"distCoeff {where}", problems),
        rotation=None if both is None else both[:, :3],
        translation=None if both is None else both[:, 3],
        size=size_of(camera.get("imgSize"), f"imgSize {where}", problems),
    )


FORMAT = CameraFormat(
    name="4d-association",
    description="4D-association (JSON)",
    sniff=sniff,
    read=read,
    extensions=(".json",),
    implied_unit="m",
)
