"""The calibration of aniposelib, which Anipose, freemocap and sleap-anipose use too: TOML without a unit."""

from mvtri.calib.formats import toml_cameras
from mvtri.calib.formats.registry import CameraFormat
from mvtri.cameras import CameraGroup


def sniff(text: str) -> bool:
    """Return whether the text has cameras that do not all say whether they are fisheyes."""
    return toml_cameras.looks_like_cameras(text) and not toml_cameras.says_fisheye_of_each(text)


def dump(cams: CameraGroup) -> str:
    """Return the text that aniposelib loads, the unit noted among its metadata.

    aniposelib sorts the tables by name, so their numbers are padded to keep the order.
    """
    width = len(str(len(cams) - 1))
    keys = [f"cam_{index:0{width}d}" for index in range(len(cams))]
    return toml_cameras.dump(cams, keys, int, False, 'adjusted = false\nerror = 0.0\nunit = "m"')


FORMAT = CameraFormat(
    name="aniposelib",
    description="aniposelib, Anipose and freemocap, TOML",
    sniff=sniff,
    parse=toml_cameras.parse,
    implied_unit=None,
    suffix=".toml",
    dump=dump,
)
