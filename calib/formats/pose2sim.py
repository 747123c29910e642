"""The calibration of Pose2Sim, which SIMSPINE uses too: TOML in metres."""

from pathlib import Path

from mvtri.calib.formats import toml_cameras
from mvtri.calib.formats.registry import CameraFormat, Parsed
from mvtri.calib.formats.text import peek, read_text, write_text
from mvtri.cameras import CameraGroup


def sniff(path: Path) -> bool:
    """Return whether each camera says whether it is a fisheye, which aniposelib does of fisheyes alone."""
    text = peek(path)
    return toml_cameras.looks_like_cameras(text) and toml_cameras.says_fisheye_of_each(text)


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_text(path, toml_cameras.parse)


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write a file that Pose2Sim reads: its tables are named like the cameras."""
    return write_text(path, toml_cameras.dump(cams, cams.names, float, True, "adjusted = false\nerror = 0.0"))


FORMAT = CameraFormat(
    name="pose2sim",
    description="Pose2Sim and SIMSPINE (TOML)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".toml",),
    implied_unit="m",
)
