"""The calibration of Pose2Sim, which SIMSPINE uses too: TOML in metres."""

from mvtri.calib.formats import toml_cameras
from mvtri.calib.formats.registry import CameraFormat
from mvtri.cameras import CameraGroup


def sniff(text: str) -> bool:
    """Return whether each camera says whether it is a fisheye, which aniposelib does of fisheyes alone."""
    return toml_cameras.looks_like_cameras(text) and toml_cameras.says_fisheye_of_each(text)


def dump(cams: CameraGroup) -> str:
    """Return the text that Pose2Sim reads: tables named like the cameras."""
    return toml_cameras.dump(cams, cams.names, float, True, "adjusted = false\nerror = 0.0")


FORMAT = CameraFormat(
    name="pose2sim",
    description="Pose2Sim and SIMSPINE, TOML",
    sniff=sniff,
    parse=toml_cameras.parse,
    implied_unit="m",
    suffix=".toml",
    dump=dump,
)
