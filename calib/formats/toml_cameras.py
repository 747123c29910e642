"""The TOML that aniposelib introduced and Pose2Sim took over: one table per camera."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mvtri.calib.formats.registry import Parsed, Row
from mvtri.calib.formats.rows import NO_POSE, Rows, turn_of
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.inputs import toml_fault
from mvtri.kernels.algebra.rotations import rotation_vector
from mvtri.units import METRES

_SHAPES: dict[str, tuple[int, ...]] = {"size": (2,), "matrix": (3, 3), "rotation": (3,), "translation": (3,)}
_KEYS = (*_SHAPES, "distortions")


def is_caliscope(text: str) -> bool:
    """Return whether the tables of a text are called ``[cameras.0]``, as Caliscope's are."""
    return bool(re.search(r"^[ \t]*\[\s*cameras\s*\.\s*\"?\d+\"?\s*\]", text, re.M))


def looks_like_cameras(text: str) -> bool:
    """Return whether a text has tables with a camera's keys, whole or damaged; not those of Caliscope."""
    return (
        not is_caliscope(text)
        and bool(re.search(r"^[ \t]*\[", text, re.M))
        and all(re.search(rf"^[ \t]*{key}\s*=", text, re.M) for key in ("matrix", "distortions"))
    )


def says_fisheye_of_each(text: str) -> bool:
    """Return whether as many lines say ``fisheye = `` as ``matrix = ``."""
    counts = [len(re.findall(rf"^[ \t]*{key}\s*=", text, re.M)) for key in ("fisheye", "matrix")]
    return counts[0] == counts[1]


def parse(text: str) -> Parsed:
    """Return the cameras of a TOML text, in its order; a table with none of a camera's keys is left out."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise InputError("is nested too deeply; write it again") from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        raise InputError(toml_fault(error)) from None
    tables = {
        key: table
        for key, table in document.items()
        if isinstance(table, dict) and any(one in table for one in _KEYS)
    }
    if not tables:
        raise InputError(
            "cannot be read: no table holds a camera (size, matrix, distortions, rotation, translation)"
        )
    rows = Rows()
    some_posed = any(map(has_pose, tables.values()))  # else each says what it lacks
    for key, table in tables.items():
        if some_posed and not has_pose(table):
            rows.left_out[str(table.get("name", key))] = NO_POSE
        else:
            rows.add(_row, key, table)
    metadata = document.get("metadata")
    unit = metadata.get("unit") if isinstance(metadata, dict) else None
    return rows.parsed(unit if unit in METRES else None)


def has_pose(table: dict[str, Any]) -> bool:
    """Return whether a camera's table holds a pose, which is neither empty nor all NaN."""
    given = [table[key] for key in ("rotation", "translation") if key in table]
    return bool(given) and all(map(_says_something, given))


def _says_something(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_says_something, value))
    return not (value is None or value == "null" or (isinstance(value, float) and np.isnan(value)))


def _row(key: str, table: dict[str, Any], problems: list[str]) -> Row:
    name, fisheye = table.get("name", key), table.get("fisheye", False)
    if not isinstance(name, str):
        problems.append(f"name of [{key}] is no text")
        name = key
    lacking = [one for one in _KEYS if one not in table]
    if lacking:
        problems.append(f"[{key}] lacks {' and '.join(lacking)}")
        return Row(name, rotation=[], translation=[])
    if not isinstance(fisheye, bool):
        problems.append(f"fisheye of [{key}] is neither true nor false")
    row = _arrays(key, table, problems)
    turn = row["rotation"]
    if turn is not None and turn.shape == (3,):
        turn = turn_of(turn)
    return Row(
        name=name,
        matrix=row["matrix"],
        distortion=row["distortions"],
        rotation=[] if turn is None else turn,
        translation=[] if row["translation"] is None else row["translation"],
        size=row["size"],
        model="fisheye" if fisheye is True else "opencv",
    )


def _arrays(key: str, table: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return the arrays of a camera's table; None for one that is not made of numbers."""
    row: dict[str, Any] = {}
    for one in _KEYS:
        try:
            row[one] = np.array(table[one], dtype=np.float64) if _numbers(table[one]) else None
        except (ValueError, OverflowError):  # rows of unequal length, integers of hundreds of digits
            row[one] = None
        if row[one] is None:
            problems.append(f"{one} of [{key}] is not made of numbers")
            continue
        shape = _SHAPES.get(one)
        if one in ("rotation", "translation") and row[one].shape in ((3, 1), (1, 3)):
            row[one] = row[one].ravel()
        if one == "rotation" and row[one].shape == (3, 3):
            shape = (3, 3)  # the matrix in place of its vector
        if shape is not None and row[one].shape != shape:
            problems.append(f"{one} of [{key}] has the shape {row[one].shape}, expected {shape}")
        elif not np.isfinite(row[one]).all():
            problems.append(f"{one} of [{key}] holds NaN or infinity")
    return row


def _numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def dump(cams: CameraGroup, keys: Sequence[str], size_type: type, fisheye_always: bool, metadata: str) -> str:
    """Return the text of `cams`, one table per key; every float is written so that it reads back exactly."""
    if "metadata" in keys:
        raise InputError("a camera in this format cannot be called 'metadata'; rename it")
    lines = ["# Xc = R X + t, R given as rotation vector; translations in metres.", ""]
    for index, key in enumerate(keys):
        if cams.models[index] == "human36m":
            raise InputError(
                f"{cams.names[index]} has the lens formula of Human3.6M, which this format cannot express; "
                "write cameras with the opencv or fisheye model"
            )
        fisheye = cams.models[index] == "fisheye"
        matrix = ", ".join(_floats(row) for row in cams.matrices[index])
        lines += [
            f"[{_quoted(key, bare=True)}]",
            f"name = {_quoted(cams.names[index])}",
            f"size = [{', '.join(repr(size_type(pixels)) for pixels in cams.image_sizes[index])}]",
            f"matrix = [{matrix}]",
            f"distortions = {_floats(cams.distortions[index])}",
            f"rotation = {_floats(rotation_vector(cams.rotations[index]))}",
            f"translation = {_floats(cams.translations[index])}",
            *([f"fisheye = {str(fisheye).lower()}"] if fisheye or fisheye_always else []),
            "",
        ]
    return "\n".join([*lines, "[metadata]", metadata, ""])


def _floats(values: np.ndarray) -> str:
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"


def _quoted(text: str, bare: bool = False) -> str:
    if bare and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'
