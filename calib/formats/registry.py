"""The formats of calibration files: each is one module of this folder that holds a `FORMAT`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from mvtri.cameras import CameraGroup

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}  # metres in each


@dataclass(frozen=True)
class Parsed:
    """What a reader found in a file.

    Attributes
    ----------
    fields : dict
        The arguments of `CameraGroup`, translations in the file's unit of length.
    unit : str or None
        That unit where the file itself states it, None where it does not.
    """

    fields: dict[str, Any]
    unit: str | None = None


@dataclass(frozen=True)
class CameraFormat:
    """A kind of calibration file.

    Attributes
    ----------
    name : str
        What `read_cameras` knows it by.
    description : str
        Who writes such files.
    sniff : callable
        Whether a text is of this kind; it must not raise, and be true of a damaged file of the kind as well.
    parse : callable
        Turns a text into a `Parsed`, or raises `InputError` with a sentence that goes after the file's name.
    implied_unit : str or None
        The unit of length by convention, where files of the kind do not state it; None: the caller states it.
    suffix : str
        The ending of files that are written.
    dump : callable, optional
        Turns cameras into a text.
    """

    name: str
    description: str
    sniff: Callable[[str], bool]
    parse: Callable[[str], Parsed]
    implied_unit: str | None
    suffix: str
    dump: Callable[[CameraGroup], str] | None = None


@cache
def camera_formats() -> dict[str, CameraFormat]:
    """Return the formats by name, in alphabetical order."""
    package = importlib.import_module("mvtri.calib.formats")
    modules = [
        importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
    ]
    formats = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {one.name: one for one in sorted(formats, key=lambda one: one.name)}
