"""Calibrations of DANNCE and Label3D: MATLAB's ``.mat``, one per camera or one ``*dannce.mat`` for all.

Source: `load_camera_params` and `load_cameras` of dannce (`dannce/engine/io.py`), `project_to2d`
(`dannce/engine/ops.py`), `convert_calibration.m`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.per_camera import files_of, names_of
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row
from mvtri.calib.formats.rows import Rows, matrix_of, numbers
from mvtri.cameras import CameraGroup
from mvtri.containers.hdf5 import open_hdf5, read_array
from mvtri.containers.matlab import is_matlab5, load_matlab, matlab_names
from mvtri.errors import InputError
from mvtri.registry import head_of

_KEYS = ("K", "RDistort", "TDistort", "r", "t")
_HDF5 = b"MATLAB 7.3"


def sniff(path: Path) -> bool:
    """Return whether a file, or those in a folder, are MATLAB's with the parameters of cameras."""
    return bool(files_of(path, _fits))


def _fits(file: Path) -> bool:
    if file.suffix.lower() != ".mat":
        return False
    if is_matlab5(file):
        names = matlab_names(file)
        return "params" in names or {"K", "RDistort"} <= names
    return head_of(file, len(_HDF5)) == _HDF5


def read(path: Path) -> Parsed:
    """Read the file of one camera, of all cameras, or a folder of the former.

    MATLAB multiplies rows from the left, ``x = [X 1] [r; t] K``, so that K and r are the transposes of ours;
    ``r`` and ``t`` (usually mm, which the file does not say) turn the world to the camera.  ``RDistort`` are
    k1 k2 (k3), ``TDistort`` p1 p2 of OpenCV's formula.  Pixels count as in DANNCE, which takes the numbers
    for those of pictures whose first pixel is (0, 0); a calibration by MATLAB's own tools counts from (1, 1).
    Image sizes are not stored.
    """
    files = files_of(path, _fits)
    rows = Rows()
    for name, file in zip(names_of(files, path), files):
        try:
            found = _cameras(name, _load(file), file)
        except InputError as error:
            rows.add_fault(_short(name), str(error))
            continue
        for camera, values in found:
            rows.add(_row, camera, values)
    try:
        return rows.parsed()
    except InputError as error:
        raise InputError(f"{path} {error}") from None


def _load(file: Path) -> dict[str, Any]:
    return load_matlab(file) if is_matlab5(file) else _load_hdf5(file)


def _load_hdf5(file: Path) -> dict[str, Any]:
    """Return the arrays of one camera from MATLAB's version 7.3, which is HDF5 with axes reversed."""
    with open_hdf5(file) as opened:
        if "K" not in opened:
            raise InputError(
                f"{file} is MATLAB's version 7.3 without K in it, and its structures are not read; save it "
                "in MATLAB with save(..., '-v7')"
            )
        return {key: read_array(opened, key, file).T for key in _KEYS if key in opened}


def _cameras(name: str, found: dict[str, Any], file: Path) -> list[tuple[str, dict[str, Any]]]:
    if "K" in found:
        return [(_short(name), found)]
    params = found.get("params")
    each = (
        [params]
        if isinstance(params, dict)
        else list(params)
        if isinstance(params, list | np.ndarray)
        else []
    )
    if not each or not all(isinstance(one, dict) for one in each):
        raise InputError(f"{file} holds neither K nor params, as the files of DANNCE and Label3D do")
    names = _names(found.get("camnames"), len(each), file)
    if len(names) != len(each):
        raise InputError(f"{file} has {len(each)} params but {len(names)} camnames")
    return list(zip(names, each))


def _names(stated: Any, count: int, file: Path) -> list[str]:
    """Return the names of the cameras; ``Camera1`` and so on where the file has none."""
    if stated is None:
        return [f"Camera{index + 1}" for index in range(count)]
    each = list(stated.ravel()) if isinstance(stated, np.ndarray) else stated
    each = each if isinstance(each, list) else [each]
    if not all(isinstance(one, str | float | np.number) for one in each):
        raise InputError(f"{file} has camnames that are no list of texts; save it again")
    return [str(one) for one in each]


def _short(name: str) -> str:
    """Return ``cam1`` of ``hires_cam1_params``."""
    return name.removeprefix("hires_").removesuffix("_params") or name


def _row(name: str, values: dict[str, Any], problems: list[str]) -> Row:
    where = f"of camera {name}"
    lacking = [key for key in ("K", "RDistort", "TDistort") if key not in values]
    if lacking:
        problems.append(f"camera {name} lacks {' and '.join(lacking)}")
        return Row(name, None, None, np.eye(3), np.zeros(3))
    radial = numbers(values["RDistort"], f"RDistort {where}", problems, 1, 2, 3)
    tangential = numbers(values["TDistort"], f"TDistort {where}", problems, 2)
    k1, k2, k3 = np.pad(radial, (0, 3 - len(radial)))
    turn, move = values.get("r"), values.get("t")
    return Row(
        name=name,
        matrix=matrix_of(values["K"], f"K {where}", problems).T,
        distortion=[k1, k2, *tangential, k3],
        rotation=None if turn is None else matrix_of(turn, f"r {where}", problems).T,
        translation=None if move is None else numbers(move, f"t {where}", problems, 3),
    )


def write(path: Path, cams: CameraGroup) -> list[Path]:
    """Write one file per camera, ``hires_NAME_params.mat``, into the folder `path`, in mm.

    Raises
    ------
    InputError
        If a lens is not OpenCV's with up to five coefficients.
    """
    from scipy.io import savemat

    from mvtri.files import atomic_file

    written = []
    for name, model, lens in zip(cams.names, cams.models, cams.distortions):
        if model != "opencv" or lens[5:].any():
            raise InputError(
                f"{name} has a lens ({model}, {len(lens)} coefficients) that DANNCE cannot express; it has "
                "k1 k2 k3 p1 p2 alone"
            )
        if "/" in name or "\\" in name:
            raise InputError(f"a file cannot be called {name!r}; rename the camera")
    for index, (name, lens) in enumerate(zip(cams.names, cams.distortions)):
        k1, k2, p1, p2, k3 = np.pad(lens[:5], (0, max(5 - len(lens), 0)))
        file = path / f"hires_{name}_params.mat"
        content = {
            "K": cams.matrices[index].T,
            "RDistort": [[k1, k2, k3]],
            "TDistort": [[p1, p2]],
            "r": cams.rotations[index].T,
            "t": cams.translations[index][None] * 1000.0,
        }
        with atomic_file(file) as temporary, open(temporary, "wb") as stream:
            savemat(stream, content)
        written.append(file)
    return written


FORMAT = CameraFormat(
    name="dannce",
    description="DANNCE and Label3D (MATLAB's .mat)",
    sniff=sniff,
    read=read,
    write=write,
    implied_unit=None,
)
