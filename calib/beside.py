"""The record (``.json``) that mvtri writes beside a calibration; it names the content of the calibration."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvtri.files import atomic_file, sha256
from mvtri.inputs.opening import exists, read_bytes
from mvtri.inputs.trees import parse_json

Calibration = str | os.PathLike[str]
_CONTENT = "calibration_sha256"
_EXPECTED = "the record that mvtri calibrate writes beside a calibration"


def place_beside(calibration: Calibration) -> Path:
    """Return where the record of a calibration is."""
    return Path(calibration).with_suffix(".json")


def write_beside(calibration: Calibration, record: Mapping[str, Any]) -> None:
    """Write the record of a calibration that is already written; a record that is there is replaced.

    Parameters
    ----------
    calibration : path
    record : mapping
        Values for JSON, without NaN.
    """
    tree = {_CONTENT: sha256(calibration), **record}
    with atomic_file(place_beside(calibration)) as unfinished:
        unfinished.write_text(json.dumps(tree, indent=1, allow_nan=False), encoding="utf-8")


def read_beside(calibration: Calibration) -> Any:
    """Return what the file beside a calibration holds, whatever it is; None where there is none.

    Raises
    ------
    InputError
        If it is no JSON.
    """
    path = place_beside(calibration)
    if path == Path(calibration) or not exists(path):
        return None
    return parse_json(read_bytes(path), path, _EXPECTED)


def belongs_to(tree: Any, calibration: Calibration) -> bool:
    """Return whether a record is of this calibration, and of its present content."""
    return isinstance(tree, dict) and exists(Path(calibration)) and tree.get(_CONTENT) == sha256(calibration)
