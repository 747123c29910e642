"""The calibration of aniposelib, which Anipose, freemocap and sleap-anipose use too: TOML without a unit."""

from pathlib import Path

from mvtri.calib.formats import toml_cameras
from mvtri.calib.formats.registry import CameraFormat, Parsed
from mvtri.calib.formats.text import peek, read_text, write_text
from mvtri.cameras import CameraGroup


def sniff(path: Path) -> bool:
    """Return whether a file has cameras that do not all say whether they are fisheyes."""
    text = peek(path)
    return toml_cameras.looks_like_cameras(text) and not toml_cameras.says_fisheye_of_each(text)


def read(path: Path) -> Parsed:
    """Read a file."""
    return read_text(path, toml_cameras.parse)


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write a file that aniposelib loads, with the unit among its metadata.

    aniposelib sorts the tables by name, so their numbers are padded to keep the order.
    """
    width = len(str(len(cams) - 1))
    keys = [f"cam_{index:0{width}d}" for index in range(len(cams))]
    metadata = 'adjusted = false\nerror = 0.0\nunit = "m"'
    return write_text(path, toml_cameras.dump(cams, keys, int, False, metadata))


FORMAT = CameraFormat(
    name="aniposelib",
    description="aniposelib, Anipose and freemocap (TOML)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".toml",),
    implied_unit=None,
)
