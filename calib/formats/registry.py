"""The formats of calibration files: each is one module of this folder that declares a `FORMAT`."""

from dataclasses import dataclass, field
from typing import Any

from mvtri.registry import Format, Registry


@dataclass(frozen=True)
class Parsed:
    """What a reader found in a file.

    Attributes
    ----------
    fields : dict
        The arguments of `CameraGroup`, translations in the file's unit of length.
    unit : str or None
        That unit where the file itself states it, None where it does not.
    left_out : dict
        The cameras in the file that are not among `fields`, and why: ``"it has no pose"``.
    """

    fields: dict[str, Any]
    unit: str | None = None
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CameraFormat(Format):
    """A format of calibration files: ``read(path) -> Parsed``, ``write(path, cams) -> [path]``.

    Attributes
    ----------
    implied_unit : str or None
        The unit of length by convention, where files in this format do not state it; None where the caller
        has to state it.
    """

    implied_unit: str | None = None


CALIBRATIONS = Registry("a calibration file", "mvtri.calib.formats", CameraFormat)


def camera_formats() -> dict[str, CameraFormat]:
    """Return the formats of calibration files by name, in alphabetical order."""
    return CALIBRATIONS.formats()
