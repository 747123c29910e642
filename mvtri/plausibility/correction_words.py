"""What to say of a correction that makes all views agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mvtri.plausibility.corrections import MIRRORED, PIXELS, Correction
from mvtri.plausibility.finding import Finding, Kind

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

_KINDS: dict[str, Kind] = {
    "exchanged": "exchanged",
    "y_up": "y_up",
    "mirrored": "mirrored",
    "clockwise": "turned",
    "anticlockwise": "turned",
    "upside down": "turned",
}


def correction_finding(clear: list[Correction], cameras: CameraGroup, now: float) -> Finding:
    """Return what is wrong, as a finding.

    Parameters
    ----------
    clear : list of Correction
        One, or several that nothing tells apart: exchanges of cameras, or conventions of R and t.
    cameras : CameraGroup
    now : float
        How much the views disagree as they are, px.
    """
    found = clear[0]
    names = tuple(cameras.names[camera] for camera in found.cameras)
    if found.name == "exchanged_cameras":
        pairs = [tuple(cameras.names[camera] for camera in each.cameras) for each in clear if each.cameras]
        return _exchange(found, pairs, [each.name for each in clear if not each.cameras], now)
    if found.name == "resolution":
        return _resolution(found, cameras, names, now)
    if found.name == "cropped":
        return _crop(found, cameras, now)
    if found.name in PIXELS:
        return _axes(found, names, now)
    return _poses(found, [each.name for each in clear[1:]], names, now)


def _exchange(found: Correction, pairs: list[tuple[str, ...]], mirrored: list[str], now: float) -> Finding:
    listed = ", or ".join(f"{first} and {second}" for first, second in pairs)
    text = (
        f"Cameras {listed} look exchanged: with their 2D exchanged the views agree to "
        f"{found.left:.1f} px, and as they are they disagree by {_px(now)}. Exchange the names "
        "of their videos (or of their files of 2D), or their names in the calibration."
    )
    if mirrored:
        text += (
            f" In this room it looks the same if {mirrored[0]}, as that of a left-handed world is (Unity)."
        )
    cameras = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    other: tuple[Kind, ...] = ("mirrored_axes",) if mirrored else ()
    return Finding("exchanged_cameras", "bad", text, cameras=cameras, alternatives=other)


def _resolution(found: Correction, cameras: CameraGroup, names: tuple[str, ...], now: float) -> Finding:
    width, height = cameras.image_sizes[found.cameras[0] if names else 0]
    whose = f" of camera {names[0]}" if names else ""
    text = (
        f"The 2D{whose} does not belong to images of this size: divided by {found.factor:.3g}, it makes the "
        f"views agree to {found.calibrated:.1f} px instead of {_px(now)}. The videos that it was detected in "
        f"were probably about {found.factor * width:.0f} x {found.factor * height:.0f} px, and the "
        f"calibration is for {width} x {height}. Scale the 2D, or use a calibration of these videos."
    )
    return Finding("resolution", "bad", text, found.factor, names)


def _crop(found: Correction, cameras: CameraGroup, now: float) -> Finding:
    x, y = found.corner
    width, height = cameras.image_sizes[0]
    text = (
        f"The videos look cropped: with {x:.0f} px added to x and {y:.0f} px to y of the 2D the views agree "
        f"to {found.calibrated:.1f} px, and as it is they disagree by {_px(now)}. The calibration is for "
        f"{width} x {height} px. Add these numbers to the 2D, or crop the calibration as the videos were "
        "(CameraGroup.cropped)."
    )
    return Finding("cropped", "bad", text)


def _axes(found: Correction, names: tuple[str, ...], now: float) -> Finding:
    whose = f" of camera {names[0]}" if names else ""
    if found.name == "exchanged":
        cause, remedy = f"x and y of the 2D{whose} are exchanged", "Pass x first, then y"
    elif found.name == "y_up":
        cause = f"y of the 2D{whose} points up"
        remedy = "mvtri expects y = 0 in the uppermost row: pass height - 1 - y"
    elif found.name == "mirrored":
        cause = f"x of the 2D{whose} runs from right to left"
        remedy = (
            "The video was mirrored: pass width - 1 - x; or the calibration is that of a left-handed world "
            "(Unity, Unreal): reverse one axis of the world and of the cameras in it"
        )
    else:
        by = "" if found.name == "upside down" else "by 90 degrees "
        videos = f"the video of camera {names[0]} that is" if names else "videos that are"
        cause = f"the 2D was detected in {videos} turned {by}{found.name}"
        remedy = "Turn the videos back and detect again, or turn the 2D"
    return Finding(_KINDS[found.name], "bad", f"Probably {cause}: {_gain(found, now)} {remedy}.", 1.0, names)


def _poses(found: Correction, others: list[str], names: tuple[str, ...], now: float) -> Finding:
    kind = _kind_of_poses(found.name)
    like = ", as that of a left-handed world is (Unity, Unreal)" if kind == "mirrored_axes" else ""
    whose = f" (camera {names[0]} alone)" if names else ""
    text = (
        f"Probably {found.name}{like}{whose}: {_gain(found, now)} mvtri expects Xc = R X + t, from the world "
        "to the camera, x right, y down and z forward. Export the calibration so, or correct R and t in its "
        "file."
    )
    if others:
        text += f" With these poses it looks the same if {' or if '.join(others)}."
    alternatives = tuple(dict.fromkeys(each for each in map(_kind_of_poses, others) if each != kind))
    return Finding(kind, "bad", text, 1.0, names, alternatives)


def _kind_of_poses(name: str) -> Kind:
    if name.startswith(MIRRORED):
        return "mirrored_axes"
    return "centre" if "centres" in name else "inverted"


def _gain(found: Correction, now: float) -> str:
    left = f"with that corrected the views agree to {found.calibrated:.1f} px"
    return f"{left}, and as it is they disagree by {_px(now)}."


def _px(now: float) -> str:
    return f"{now:.0f} px" if now < 1e4 else "far more than the images' size"
