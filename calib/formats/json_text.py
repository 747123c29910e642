"""Calibrations in JSON: the tree of a file, and whether a file may be one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mvtri.calib.formats.registry import Parsed
from mvtri.calib.formats.text import peek
from mvtri.errors import InputError
from mvtri.inputs import check_regular, parse_json, read_bytes


def mentions(path: Path, *keys: str) -> bool:
    """Return whether a file begins as a JSON object and has all of these keys somewhere."""
    text = peek(path)
    return text.lstrip()[:1] == "{" and all(f'"{key}"' in text for key in keys)


def read_tree(path: Path, parse: Callable[[dict[str, Any]], Parsed]) -> Parsed:
    """Return what `parse` finds in the object of a JSON file; messages begin with the file's name.

    NaN is let in: it is a fault of one camera, which its reader finds.
    """
    check_regular(path)
    tree = parse_json(read_bytes(path), path, "a calibration in JSON", nan=True)
    if not isinstance(tree, dict):
        raise InputError(f"{path} holds no object of cameras; expected a calibration in JSON")
    try:
        return parse(tree)
    except InputError as error:
        raise InputError(f"{path} {error}") from None
