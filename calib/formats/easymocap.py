"""EasyMocap's pair ``intri.yml`` and ``extri.yml``: YAML of OpenCV, metres.

Source: `read_camera` and `write_camera` of EasyMocap (`easymocap/mytools/camera_utils.py`).
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, lens_of, matrix_of, numbers, rotation_of
from mvtri.calib.formats.storage import parse_storage
from mvtri.calib.formats.text import peek, read_text
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.files import atomic_file
from mvtri.kernels.algebra.rotations import rotation_vector

_INNER, _OUTER = "intri.yml", "extri.yml"


def sniff(path: Path) -> bool:
    """Return whether `path` is the folder of such a pair, or one of the two files."""
    if path.is_dir():
        return sniff(path / _INNER)
    text = peek(path)
    if not re.search(r"^[ \t]*names\s*:", text, re.M):
        return False
    if re.search(r"^[ \t]*K_\S+\s*:", text, re.M):
        return True
    return bool(re.search(r"^[ \t]*(R|Rot|T)_\S+\s*:", text, re.M)) and path.name.lower() == _OUTER


def read(path: Path) -> Parsed:
    """Read a pair; `path` is the folder, or either file with the other beside it.

    ``K_name`` and ``dist_name`` (k1 k2 p1 p2 k3) are OpenCV's; ``Rot_name`` (else the rotation vector
    ``R_name``) and ``T_name`` turn the world to the camera.  EasyMocap's people are in metres, and so is its
    world by convention; its axes are kept.  ``H_name`` and ``W_name`` are the image size, which older files
    lack.
    """
    inner, outer = _both(path)
    lenses = _mapping(inner)
    poses = _mapping(outer) if outer.exists() else {}
    rows = Rows()
    names = lenses.get("names")
    if isinstance(names, str | int | float) and names != "":
        names = [names]
    if not isinstance(names, list) or not names:
        raise InputError(f"{inner} cannot be read: it has no list 'names' of its cameras")
    for name in dict.fromkeys(str(name) for name in names):
        rows.add(_row, name, lenses, poses)
    if not poses:
        raise InputError(
            f"{inner} holds lenses alone; expected {_OUTER} beside it, with where the cameras stand"
        )
    try:
        return rows.parsed()
    except InputError as error:
        raise InputError(f"{inner} {error}") from None


def _both(path: Path) -> tuple[Path, Path]:
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.name.lower() not in (_INNER, _OUTER):
        return path, folder / _OUTER
    inner, outer = folder / _INNER, folder / _OUTER
    if not inner.exists():
        raise MissingFileError(f"{outer} has no {_INNER} beside it, which holds the lenses; add it")
    return inner, outer


def _mapping(path: Path) -> dict[str, Any]:
    return read_text(path, parse_storage)


def _row(name: str, lenses: dict[str, Any], poses: dict[str, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    turn = poses.get(f"Rot_{name}", poses.get(f"R_{name}"))
    move = poses.get(f"T_{name}")
    if turn is None and move is None:
        return Row(name, None, None, None, None)
    if f"K_{name}" not in lenses:
        problems.append(f"K_{name} is absent")
        return Row(name, None, None, np.eye(3), np.zeros(3))
    lens = lenses.get(f"dist_{name}", lenses.get(f"D_{name}", [0.0] * 5))
    sides = [lenses.get(f"{side}_{name}") for side in "WH"]
    return Row(
        name=name,
        matrix=matrix_of(lenses[f"K_{name}"], f"K_{name}", problems),
        distortion=lens_of(lens, f"dist_{name}", problems),
        rotation=None if turn is None else rotation_of(turn, f"the rotation {where}", problems),
        translation=None if move is None else numbers(move, f"T_{name}", problems, 3),
        size=None if any(side is None for side in sides) else numbers(sides, f"W and H {where}", problems, 2),
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write the pair into the folder `path`; where `path` is called ``intri.yml``, into its folder.

    Raises
    ------
    InputError
        If a name cannot be part of a name in YAML, or a lens is not OpenCV's.
    """
    folder = path.parent if path.suffix.lower() in (".yml", ".yaml") else path
    for name, model in zip(cams.names, cams.models):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise InputError(
                f"EasyMocap's names have ASCII letters, digits, _ and - alone, but one is {name!r}; rename it"
            )
        if model != "opencv":
            raise InputError(
                f"{name} has the lens model {model}, which EasyMocap does not know; choose another format"
            )
    inner, outer = ["names:"], ["names:"]
    for lines in (inner, outer):
        lines.extend(f'  - "{name}"' for name in cams.names)
    for index, name in enumerate(cams.names):
        width, height = cams.image_sizes[index].tolist()
        inner += matrix_lines(f"K_{name}", cams.matrices[index])
        inner += matrix_lines(f"dist_{name}", cams.distortions[index][None])
        inner += [f"H_{name}: {height}", f"W_{name}: {width}"]
        outer += matrix_lines(f"R_{name}", rotation_vector(cams.rotations[index])[:, None])
        outer += matrix_lines(f"Rot_{name}", cams.rotations[index])
        outer += matrix_lines(f"T_{name}", cams.translations[index][:, None])
    written = []
    for name, lines in ((_INNER, inner), (_OUTER, outer)):
        with atomic_file(folder / name) as temporary:
            temporary.write_text("\n".join(["%YAML:1.0", "---", *lines, ""]), encoding="utf-8")
        written.append(folder / name)
    return written


def matrix_lines(key: str, matrix: np.ndarray, indent: int = 0) -> list[str]:
    """Return a matrix as OpenCV writes it in YAML; every float reads back exactly."""
    data = ", ".join(repr(float(value)) for value in matrix.ravel())
    lines = [
        f"{key}: !!opencv-matrix",
        f"  rows: {matrix.shape[0]}",
        f"  cols: {matrix.shape[1]}",
        "  dt: d",
        f"  data: [ {data} ]",
    ]
    return [" " * indent + line for line in lines]


FORMAT = CameraFormat(
    name="easymocap",
    description="EasyMocap (a folder with intri.yml and extri.yml)",
    sniff=sniff,
    read=read,
    write=write,
    implied_unit="m",
)
