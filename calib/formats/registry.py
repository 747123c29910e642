"""The formats of calibration files: each is one module of this folder that declares a `FORMAT`."""

from dataclasses import dataclass, field
from typing import Any

from mvtri.registry import Format, Registry


@dataclass
class Row:
    """One camera of a file, as it is stored.

    Attributes
    ----------
    name : str
    matrix : (3, 3)
    distortion : sequence of float
        In the order of `CameraGroup`.
    rotation, translation : (3, 3) and (3,), or None
        World to camera, in the file's unit of length; None where the file holds no pose.
    size : (int, int) or None
        Width and height; None where the file does not state them.
    model : str
        The lens model.
    fault : str
        What is wrong with the camera, so that it cannot be used; empty where nothing is.
    """

    name: str
    matrix: Any = None
    distortion: Any = None
    rotation: Any = None
    translation: Any = None
    size: Any = None
    model: str = "opencv"
    fault: str = ""


@dataclass(frozen=True)
class Parsed:
    """What a reader found in a file.

    Attributes
    ----------
    rows : list of Row
        The cameras in the file's order, also those with a fault.
    unit : str or None
        The unit of length of the translations where the file itself states it, None where it does not.
    left_out : dict
        The cameras in the file that are not among `rows`, and why: ``"it has no pose"``.
    """

    rows: list[Row]
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
