"""Cameras as arrays of NumPy (``.npz``): the arguments of `CameraGroup` by name, in metres."""

from pathlib import Path

import numpy as np

from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows
from mvtri.cameras import CameraGroup
from mvtri.containers.npz import is_npz_with, load_member, npz_members
from mvtri.errors import InputError
from mvtri.files import atomic_file

_NEEDED: dict[str, tuple[int, ...] | None] = {
    "matrices": (3, 3),
    "distortions": None,
    "rotations": (3, 3),
    "translations": (3,),
    "image_sizes": (2,),
}  # and the shapes of each camera's
_LARGEST = 10_000_000  # bytes of one array


def sniff(path: Path) -> bool:
    """Return whether a file is an npz with the arrays of cameras."""
    return is_npz_with(path, ("matrices", "rotations", "translations"))


def read(path: Path) -> Parsed:
    """Read a file.

    ``matrices`` (C, 3, 3), ``distortions`` (C, up to 14, in OpenCV's order, NaN after the last coefficient),
    ``rotations`` (C, 3, 3) and ``translations`` (C, 3) in metres from the world to the camera,
    ``image_sizes`` (C, 2) and, optionally, ``names`` and ``models`` (C texts).
    """
    members = npz_members(path)
    lacking = [name for name in _NEEDED if name not in members]
    if lacking:
        stored = ", ".join(sorted(members)) or "nothing"
        raise InputError(
            f"{path} holds {stored:.200}, but lacks {', '.join(lacking)}; expected the arguments of "
            "mvtri.CameraGroup by these names: store them so, or make a CameraGroup and write it with "
            "mvtri.write_cameras"
        )
    arrays = {name: _array(path, name) for name in _NEEDED}
    count = len(arrays["matrices"]) if arrays["matrices"].ndim else 0
    for name, each in _NEEDED.items():
        found = arrays[name].shape
        expected = (count, *(found[1:2] or (0,) if each is None else each))
        if found != expected:
            raise InputError(f"{name} in {path} have the shape {found}, expected {expected}; write it again")
    names = _texts(path, "names", count) or [f"camera_{index}" for index in range(count)]
    models = _texts(path, "models", count) or ["opencv"] * count
    rows = Rows()
    for index, name in enumerate(names):
        matrix, lens, rotation, translation, size = (arrays[key][index] for key in _NEEDED)
        rows.rows.append(Row(name, matrix, lens[: _used(lens)], rotation, translation, size, models[index]))
    return rows.parsed("m")


def _used(row: np.ndarray) -> int:
    used = np.nonzero(~np.isnan(row))[0]
    return int(used[-1]) + 1 if len(used) else 0


def _array(path: Path, name: str) -> np.ndarray:
    array = load_member(path, name)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu" or array.nbytes > _LARGEST:
        raise InputError(f"{name} in {path} is no array of a calibration's numbers; write it again")
    return array.astype(np.float64)


def _texts(path: Path, name: str, count: int) -> list[str] | None:
    if name not in npz_members(path):
        return None
    array = load_member(path, name)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "U" or array.shape != (count,):
        raise InputError(f"{name} in {path} are not {count} texts, one per camera; write it again")
    return [str(text) for text in array]


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write a file that reads back bit for bit."""
    longest = max(len(lens) for lens in cams.distortions)
    distortions = np.full((len(cams), longest), np.nan)
    for row, lens in zip(distortions, cams.distortions):
        row[: len(lens)] = lens
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(
            file,
            names=np.array(cams.names, dtype=str),
            models=np.array(cams.models, dtype=str),
            image_sizes=cams.image_sizes,
            matrices=cams.matrices,
            distortions=distortions,
            rotations=cams.rotations,
            translations=cams.translations,
        )
    return [path]


FORMAT = CameraFormat(
    name="npz",
    description="NumPy (.npz with matrices, distortions, rotations, translations, image_sizes)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".npz",),
    implied_unit="m",
)
