"""The calibration that Qualisys Track Manager exports (``.qca.txt``): XML, millimetres, 64ths of a pixel."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import NO_POSE, Rows
from mvtri.calib.formats.text import peek, read_text
from mvtri.errors import InputError
from mvtri.inputs.xml import parse_xml

_LARGEST = 1e15  # of any number in such a file
_TURN = np.diag([1.0, -1.0, -1.0])  # its cameras look along -z with y up
_INTRINSICS = ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV", "skew")
_LENS = (
    "radialDistortion1",
    "radialDistortion2",
    "tangentalDistortion1",
    "tangentalDistortion2",
    "radialDistortion3",
)  # so spelt, in OpenCV's order
_POSE = ("x", "y", "z", *(f"r{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)))
_EDGES = ("left", "right", "top", "bottom")
_PADDED = 0.02  # sensors have a few lines more than their name: 1088 for 1080p


def sniff(path: Path) -> bool:
    """Return whether a file is XML with such a calibration's tags, or a ``.qca``, which `read` explains."""
    if _is_binary(path):
        return True
    text = peek(path)
    return bool(re.match(r"\s*<", text)) and "<calibration" in text and "<camera" in text


def read(path: Path) -> Parsed:
    """Read a file."""
    if _is_binary(path):
        raise InputError(
            f"{path} is Qualisys's own binary calibration, which only Qualisys Track Manager reads; open it "
            "there (Calibration) and export it as .qca.txt"
        )
    return read_text(path, parse)


def _is_binary(path: Path) -> bool:
    return path.suffix.lower() == ".qca" and path.is_file() and not re.match(r"\s*<", peek(path))


def parse(text: str) -> Parsed:
    """Return the active cameras of a Qualisys calibration.

    Lengths in pixels are stored times 64; the distortion coefficients are not.  The stored position is the
    camera's in the world, in millimetres; the stored rotation, row by row, turns the world to a camera that
    looks along -z with y up.  The principal point counts from the sensor's corner, our pixels from that of
    the video's field of view.  (Both checked against the same rig as Pose2Sim has it.)

    Intrinsics and fields of view are those of the whole sensor.  Where ``video_resolution`` (``540p``) states
    fewer lines than the sensor has, the video's pixels are larger, and focal length, principal point and
    sizes are divided by the ratio, as Pose2Sim's ``binning_factor`` does.  (Qualisys does not document
    whether pixel centres are at integers; if they are, the principal point is 0.25 px off at half size.)
    Cameras whose model films no video are left out where others of the rig do.
    """
    root = parse_xml(text, "a Qualisys calibration")
    named = [
        (camera.get("serial") or f"camera {index + 1}", camera)
        for index, camera in enumerate(root.findall("cameras/camera"))
        if camera.get("active", "1") != "0"
    ]
    films = [_films(camera) for _, camera in named]
    if not named:
        raise InputError("cannot be read: no active <camera> is in it")
    rows = Rows()
    some_posed = any(camera.find("transform") is not None for _, camera in named)  # else each says so
    for (name, camera), one in zip(named, films):
        if not one and any(films):
            rows.left_out[name] = f"its model, {camera.get('model')}, films no video"
        elif some_posed and camera.find("transform") is None:
            rows.left_out[name] = NO_POSE
        else:
            rows.add(_row, name, camera)
    return rows.parsed("mm")


def _row(name: str, camera: ElementTree.Element, problems: list[str]) -> Row:
    fov = _attributes(camera, "fov_video", _EDGES, name, problems)
    lens = _attributes(camera, "intrinsic", (*_INTRINSICS, *_LENS), name, problems)
    pose = _attributes(camera, "transform", _POSE, name, problems)
    larger = _pixel_size(camera, fov, name, problems)
    k = {key: lens[key] / 64.0 / larger for key in _INTRINSICS}
    rotation = _TURN @ np.array([pose[key] for key in _POSE[3:]]).reshape(3, 3)
    return Row(
        name=name,
        matrix=[
            [k["focalLengthU"], k["skew"], k["centerPointU"] - fov["left"] / larger],
            [0.0, k["focalLengthV"], k["centerPointV"] - fov["top"] / larger],
            [0.0, 0.0, 1.0],
        ],
        distortion=[lens[key] for key in _LENS],
        rotation=rotation,
        translation=-rotation @ np.array([pose["x"], pose["y"], pose["z"]]),
        size=tuple(round(float(length) / larger) for length in _lengths(fov)),
    )


def _films(camera: ElementTree.Element) -> bool:
    """Return whether a camera films video, judged as Pose2Sim does by the name of its model."""
    return bool(re.search("video|none", camera.get("model", "none"), re.I))


def _pixel_size(camera: ElementTree.Element, fov: dict[str, float], name: str, problems: list[str]) -> float:
    """Return how many pixels of the sensor one pixel of the video is wide."""
    stated = camera.get("video_resolution", "")
    if stated.strip().upper() in ("", "N/A", "NONE"):
        return 1.0
    lines = re.fullmatch(r"\s*([0-9]{2,5})\s*p?\s*", stated, re.I)
    if lines is None or not int(lines[1]):
        problems.append(f"video_resolution of camera {name} is {stated!r}, expected lines such as '1080p'")
        return 1.0
    count = int(lines[1])
    if any(abs(length / count - 1.0) <= _PADDED for length in _lengths(fov)):
        return 1.0
    whole = camera.find("fov_video_max")
    sensor = fov if whole is None else _attributes(camera, "fov_video_max", _EDGES, name, problems)
    ratio = min(_lengths(sensor)) / count
    return round(ratio) if abs(ratio / max(round(ratio), 1) - 1.0) <= _PADDED else ratio


def _lengths(edges: dict[str, float]) -> tuple[float, float]:
    return edges["right"] - edges["left"] + 1.0, edges["bottom"] - edges["top"] + 1.0


def _attributes(
    camera: ElementTree.Element, tag: str, keys: tuple[str, ...], name: str, problems: list[str]
) -> dict[str, float]:
    element = camera.find(tag)
    values = dict.fromkeys(keys, 0.0)
    if element is None:
        problems.append(f"camera {name} has no <{tag}>")
        return values
    lacking = [key for key in keys if element.get(key) is None]
    if lacking:
        problems.append(f"<{tag}> of camera {name} lacks {' and '.join(lacking)}")
    for key in keys:
        try:
            values[key] = float(element.get(key, "0"))
            if not abs(values[key]) < _LARGEST:
                problems.append(
                    f"{key} of camera {name} is {element.get(key)!r}: NaN, infinite or far too large"
                )
                values[key] = 1.0
        except ValueError:
            problems.append(f"{key} of camera {name} is no number but {element.get(key)!r}")
    return values


FORMAT = CameraFormat(
    name="qualisys",
    description="Qualisys Track Manager (.qca.txt)",
    sniff=sniff,
    read=read,
    extensions=(".qca.txt",),
    implied_unit=None,
)
