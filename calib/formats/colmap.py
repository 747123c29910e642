"""COLMAP's text model: a folder with ``cameras.txt`` and ``images.txt``.

Source: COLMAP's documentation ("Output Format", "Camera Models") and `src/colmap/sensor/models.h`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, from_quaternion, numbers
from mvtri.calib.formats.text import peek, read_text
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.files import atomic_file

_CAMERAS, _IMAGES, _POINTS = "cameras.txt", "images.txt", "points3D.txt"
# where fx, fy, cx, cy and OpenCV's coefficients are among the parameters
_MODELS: dict[str, tuple[tuple[int, int, int, int], tuple[int | None, ...], str]] = {
    "SIMPLE_PINHOLE": ((0, 0, 1, 2), (None,) * 4, "opencv"),
    "PINHOLE": ((0, 1, 2, 3), (None,) * 4, "opencv"),
    "SIMPLE_RADIAL": ((0, 0, 1, 2), (3, None, None, None), "opencv"),
    "RADIAL": ((0, 0, 1, 2), (3, 4, None, None), "opencv"),
    "OPENCV": ((0, 1, 2, 3), (4, 5, 6, 7), "opencv"),
    "FULL_OPENCV": ((0, 1, 2, 3), (4, 5, 6, 7, 8, 9, 10, 11), "opencv"),
    "OPENCV_FISHEYE": ((0, 1, 2, 3), (4, 5, 6, 7), "fisheye"),
    "SIMPLE_RADIAL_FISHEYE": ((0, 0, 1, 2), (3, None, None, None), "fisheye"),
    "RADIAL_FISHEYE": ((0, 0, 1, 2), (3, 4, None, None), "fisheye"),
}
_COUNTS = {
    "SIMPLE_PINHOLE": 3, "PINHOLE": 4, "SIMPLE_RADIAL": 4, "RADIAL": 5, "OPENCV": 8, "FULL_OPENCV": 12,
    "OPENCV_FISHEYE": 8, "SIMPLE_RADIAL_FISHEYE": 4, "RADIAL_FISHEYE": 5,
}  # fmt: skip
_LINE = re.compile(r"^[ \t]*\d+[ \t]+[A-Z][A-Z_]+[ \t]+\d+[ \t]+\d+(?:[ \t]+[-+.\deE]+)+[ \t]*$", re.M)


class _Lens(NamedTuple):
    """A line of ``cameras.txt``: its model, size and parameters; or what is wrong with it."""

    model: str = ""
    values: Sequence[float] = ()
    fault: str = ""


_HALF = 0.5  # COLMAP's first pixel has its centre at (0.5, 0.5)


def sniff(path: Path) -> bool:
    """Return whether `path` is such a folder, or its ``cameras.txt``."""
    if path.is_dir():
        return sniff(path / _CAMERAS)
    return path.name.lower() == _CAMERAS and bool(_LINE.search(peek(path)))


def read(path: Path) -> Parsed:
    """Read a model; `path` is the folder, or ``cameras.txt`` with ``images.txt`` beside it.

    An image is a camera of ours: it has the quaternion (w x y z) and the translation from the world to the
    camera, and the number of its lens.  Its name is the image's without the extension, or that of its folder
    where each folder holds one image.  Principal points count from the corner of the first pixel, so half a
    pixel is taken off.  The model's unit of length and its axes are arbitrary: state the unit.
    """
    folder = path if path.is_dir() else path.parent
    if not (folder / _IMAGES).exists():
        raise MissingFileError(f"{folder} has no {_IMAGES}, which says where the cameras are; add it")
    lenses = read_text(folder / _CAMERAS, _lenses)
    rows = read_text(folder / _IMAGES, lambda text: _images(text, lenses))
    try:
        return rows.parsed()
    except InputError as error:
        raise InputError(f"{folder} {error}") from None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]


def _lenses(text: str) -> dict[str, _Lens]:
    """Return the lenses by their numbers, also those with a fault."""
    return {line.split()[0]: _lens(line) for line in filter(None, _lines(text))}


def _lens(line: str) -> _Lens:
    words = line.split()
    number, model = words[0], words[1] if len(words) > 1 else ""
    try:
        values = [float(word) for word in words[2:]]
    except ValueError:
        values = []
    if len(words) < 5 or not values:
        return _Lens(fault=f"{line[:40]!r} in {_CAMERAS} is no camera")
    if model not in _MODELS:
        known = ", ".join(_MODELS)
        return _Lens(fault=f"camera {number} has the model {model[:40]}; only {known} are read")
    if len(values) != 2 + _COUNTS[model]:
        return _Lens(
            fault=f"camera {number} has {len(values) - 2} parameters, but {model} takes {_COUNTS[model]}"
        )
    return _Lens(model, values)


def _images(text: str, lenses: dict[str, _Lens]) -> Rows:
    rows = Rows()
    lines = _lines(text)
    while lines and not lines[0]:
        lines.pop(0)
    found = []
    for line in lines[::2]:  # each second line holds 2D points, and may be empty
        words = line.split(maxsplit=9)
        if not words:
            continue
        if len(words) < 10:
            raise InputError(f"cannot be read: {line[:40]!r} in {_IMAGES} is no image (10 words)")
        found.append(words)
    names = _names([words[9] for words in found])
    for name, words in zip(names, found):
        lens = lenses.get(words[8], _Lens(fault=f"{_CAMERAS} lacks camera {words[8][:20]}"))
        if lens.fault:
            rows.add_fault(name, f"image {name} cannot be used: {lens.fault}")
        else:
            rows.add(_row, name, lens, words[1:8])
    return rows


def _names(images: list[str]) -> list[str]:
    parts = [image.replace("\\", "/").split("/") for image in images]
    folders = [part[-2] if len(part) > 1 else "" for part in parts]
    if all(folders) and len(set(folders)) == len(folders):
        return folders
    return [re.sub(r"\.[A-Za-z0-9]{1,5}$", "", "/".join(part)) for part in parts]


def _row(name: str, given: _Lens, words: list[str], problems: list[str]) -> Row:
    try:
        pose = numbers([float(word) for word in words], f"the pose of {name}", problems, 7)
    except ValueError:
        problems.append(f"the pose of {name} is not made of numbers")
        return Row(name, rotation=[], translation=[])
    width, height, *parameters = given.values
    inner, lens, kind = _MODELS[given.model]
    fx, fy, cx, cy = (parameters[index] for index in inner)
    return Row(
        name=name,
        matrix=[[fx, 0.0, cx - _HALF], [0.0, fy, cy - _HALF], [0.0, 0.0, 1.0]],
        distortion=[0.0 if index is None else parameters[index] for index in lens],
        rotation=from_quaternion(pose[:4], f"the rotation of {name}", problems),
        translation=pose[4:],
        size=(width, height),
        model=kind,
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write the folder `path`: each camera is a lens and an image of its own.

    Raises
    ------
    InputError
        If a camera has skew, or a lens that COLMAP's models cannot express.
    """
    cameras, images = (
        ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"],
        ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME"],
    )
    for index, name in enumerate(cams.names):
        if re.search(r"\s", name) or name.startswith("#"):
            raise InputError(f"COLMAP's names have no spaces, but one is {name!r}; rename it")
        matrix = cams.matrices[index]
        model, lens = _lens_model(name, cams.models[index], cams.distortions[index], float(matrix[0, 1]))
        values = [matrix[0, 0], matrix[1, 1], matrix[0, 2] + _HALF, matrix[1, 2] + _HALF, *lens]
        width, height = cams.image_sizes[index].tolist()
        cameras.append(f"{index + 1} {model} {width} {height} {_words(values)}")
        pose = [*_quaternion(cams.rotations[index]), *cams.translations[index]]
        images += [f"{index + 1} {_words(pose)} {index + 1} {name}.png", ""]
    written = []
    for file, lines in ((_CAMERAS, cameras), (_IMAGES, images), (_POINTS, ["# POINT3D_ID, X, Y, Z"])):
        with atomic_file(path / file) as temporary:
            temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")
        written.append(path / file)
    return written


def _lens_model(name: str, model: str, lens: np.ndarray, skew: float) -> tuple[str, list[float]]:
    if skew or model == "human36m" or lens[8:].any():
        what = f"skew ({skew:g} px)" if skew else f"a lens ({model}, {len(lens)} coefficients)"
        raise InputError(f"{name} has {what} that COLMAP's models cannot express; choose another format")
    if model == "fisheye":
        return "OPENCV_FISHEYE", lens.tolist()
    if not lens.any():
        return "PINHOLE", []
    if not lens[4:].any():
        return "OPENCV", lens[:4].tolist()
    return "FULL_OPENCV", np.pad(lens[:8], (0, max(8 - len(lens), 0))).tolist()


def _words(values: list[float]) -> str:
    return " ".join(repr(float(value)) for value in values)


def _quaternion(rotation: np.ndarray) -> list[float]:
    from scipy.spatial.transform import Rotation

    x, y, z, w = Rotation.from_matrix(rotation).as_quat().tolist()
    return [w, x, y, z]


FORMAT = CameraFormat(
    name="colmap",
    description="COLMAP (a folder with cameras.txt and images.txt)",
    sniff=sniff,
    read=read,
    write=write,
    implied_unit=None,
)
