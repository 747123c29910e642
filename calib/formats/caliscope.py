"""The ``camera_array.toml`` of Caliscope: TOML with one table ``[cameras.N]`` per camera, in metres.

Source: `CameraArray.from_toml` and `to_toml` of Caliscope 0.11 (`cameras/camera_array.py`).
"""

from pathlib import Path
from typing import Any

from mvtri.calib.formats import toml_cameras
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of, size_of
from mvtri.calib.formats.text import peek, read_text, write_text
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.inputs import parse_toml
from mvtri.kernels.algebra.rotations import rotation_vector


def sniff(path: Path) -> bool:
    """Return whether a file has tables ``[cameras.N]``."""
    return toml_cameras.is_caliscope(peek(path))


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_text(path, parse)


def parse(text: str) -> Parsed:
    """Return the cameras that Caliscope does not ignore and has posed; their names are their numbers.

    Rotations (a vector; in older files a matrix) and translations are world to camera, in metres (the board's
    squares are given in cm, but stored in metres).  Distortion in OpenCV's order; ``fisheye`` marks the
    fisheye model.  ``rotation_count`` only turns pictures on the screen: intrinsics and 2D are of the
    pictures as they were filmed.  The world's axes are kept: those of the board, or as Caliscope turned them.
    """
    tables = parse_toml(text, "").get("cameras")
    if not isinstance(tables, dict):
        raise InputError("cannot be read: there is no table [cameras.0]")
    rows = Rows()
    for key, table in tables.items():
        if not isinstance(table, dict):
            rows.add_fault(key, f"cameras.{key} is no table")
        elif table.get("ignore") is True or table.get("ignored") is True:
            rows.left_out[key] = "Caliscope ignores it"
        else:
            rows.add(_row, key, table)
    return rows.parsed("m")


def _row(key: str, table: dict[str, Any], problems: list[str]) -> Row:
    where = f"of [cameras.{key}]"
    lacking = [one for one in ("size", "matrix", "distortions") if table.get(one) in (None, "null")]
    posed = toml_cameras.has_pose(table)
    if lacking:
        if posed:
            problems.append(f"[cameras.{key}] lacks {' and '.join(lacking)}")
        return Row(key, rotation=[], translation=[]) if posed else Row(key)
    return Row(
        name=key,
        matrix=matrix_of(table["matrix"], f"matrix {where}", problems),
        distortion=lens_of(table["distortions"], f"distortions {where}", problems),
        rotation=rotation_of(table.get("rotation", []), f"rotation {where}", problems) if posed else None,
        translation=numbers(table.get("translation", []), f"translation {where}", problems, 3)
        if posed
        else None,
        size=size_of(table["size"], f"size {where}", problems),
        model="fisheye" if table.get("fisheye") is True else "opencv",
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write a file that Caliscope reads; its cameras are numbers, so names must be numbers.

    Raises
    ------
    InputError
        If a name is no number, or a lens is one of Human3.6M.
    """
    lines = []
    for index, name in enumerate(cams.names):
        if not (name.isascii() and name.isdecimal() and str(int(name)) == name):
            raise InputError(
                f"Caliscope's cameras are numbers, but one is called {name!r}; rename them to 0, 1, ... or "
                "choose another format"
            )
        if cams.models[index] == "human36m":
            raise InputError(
                f"{name} has the lens formula of Human3.6M, which this format cannot express; write cameras "
                "with the opencv or fisheye model"
            )
        lines += [
            f"[cameras.{name}]",
            f"cam_id = {name}",
            f"size = {cams.image_sizes[index].tolist()}",
            "rotation_count = 0",
            f"matrix = {cams.matrices[index].tolist()}",
            f"distortions = {cams.distortions[index].tolist()}",
            f"translation = {cams.translations[index].tolist()}",
            f"rotation = {rotation_vector(cams.rotations[index]).tolist()}",
            f"fisheye = {str(cams.models[index] == 'fisheye').lower()}",
            "",
        ]
    return write_text(path, "\n".join(lines))


FORMAT = CameraFormat(
    name="caliscope",
    description="Caliscope (camera_array.toml)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".toml",),
    implied_unit="m",
)
