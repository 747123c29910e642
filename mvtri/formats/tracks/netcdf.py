"""netCDF 4 (HDF5): our own format, which keeps everything, of Tracks and of Detections.

A file of Tracks opens in ``movement`` 0.15 as a poses dataset.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError, MissingFileError
from mvtri.files import atomic_file
from mvtri.formats.registry import TrackFormat
from mvtri.formats.tracks.axes import check_extent, metres_per
from mvtri.formats.tracks.markers import skeleton_of
from mvtri.tracks import (
    INDIVIDUALS,
    KEYPOINTS,
    TIME,
    make_tracks,
    to_array,
    validate_detections,
    validate_tracks,
)


def read(path: Path, *, unit: str | None = None) -> xr.Dataset:
    """Read Tracks, also those that ``movement`` wrote; these do not state their unit, so `unit` has to."""
    dataset = _load(path)
    if dataset.attrs.get("ds_type") == "detections":
        raise InputError(
            f"{path} holds 2D detections, where 3D tracks were expected; read it with read_detections"
        )
    _validated(path, dataset, validate_tracks)
    told = dataset["position"].attrs.get("units")
    said = told if unit is None else unit
    if said is None:
        raise InputError(f"{path} does not state its unit of length; pass unit='m' or unit='mm'")
    return dataset if said == told == "m" else _foreign(path, dataset, said)


def write(path: Path, tracks: xr.Dataset) -> list[Path]:
    """Write Tracks."""
    _save(path, tracks)
    return [path]


FORMAT = TrackFormat("nc", (".nc",), "netCDF 4: all that tracks hold, exactly", read, write)


def read_detections(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read the Detections that `write_detections` wrote.

    Parameters
    ----------
    path : path
        A ``.nc`` file.

    Returns
    -------
    xarray.Dataset
        As `mvtri.tracks.make_detections` made it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is not netCDF, is truncated, or holds something else.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(
            f"{path} is a folder, where a .nc file of detections was expected; for OpenPose use read_openpose"
        )
    if not path.is_file():
        raise MissingFileError(f"the detections {path} do not exist; check the path")
    dataset = _load(path)
    if dataset.attrs.get("ds_type") == "poses":
        raise InputError(
            f"{path} holds 3D tracks, where 2D detections were expected; read it with read_tracks"
        )
    _validated(path, dataset, validate_detections)
    return dataset


def write_detections(path: str | os.PathLike[str], detections: xr.Dataset) -> Path:
    """Write Detections to a ``.nc`` file, whole or not at all; an existing file is replaced.

    Raises
    ------
    InputError
        If `detections` is not Detections, or the name does not end in ``.nc``.
    """
    path = Path(path)
    if path.suffix.lower() != ".nc":
        raise InputError(
            f"{path.name} does not end in .nc, the one format that detections are written in; rename it"
        )
    validate_detections(detections)
    _save(path, detections)
    return path


def _foreign(path: Path, dataset: xr.Dataset, unit: str) -> xr.Dataset:
    position = to_array(dataset) * metres_per(unit)
    present = np.isfinite(position).all(axis=-1)
    confidence = to_array(dataset, "confidence")
    keypoints = [str(name) for name in dataset[KEYPOINTS].to_numpy()]
    for person in range(position.shape[1]):
        check_extent(path, position[:, person], unit, given=True)
    return make_tracks(
        position,
        keypoints=keypoints,
        fps=dataset.attrs.get("fps"),
        times=dataset[TIME].to_numpy(),
        confidence=np.where(np.isnan(confidence), present, confidence),
        individuals=[str(name) for name in dataset[INDIVIDUALS].to_numpy()],
        skeleton=skeleton_of(keypoints),
        source=str(dataset.attrs.get("source_software", "")),
        provenance={"file": path.name, "unit": unit},
    )


def _validated(path: Path, dataset: xr.Dataset, validate: Callable[[xr.Dataset], None]) -> None:
    try:
        validate(dataset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _save(path: Path, dataset: xr.Dataset) -> None:
    encoding = {
        str(name): {"zlib": True, "complevel": 4, "shuffle": True}
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind in "fiub" and variable.ndim
    }
    clean = dataset.copy()
    for variable in clean.variables.values():
        variable.encoding = {}
    with atomic_file(path) as temporary:
        clean.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def _load(path: Path) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as file:
            dataset = file.load()
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as netCDF 4 ({_first_line(error)}); it is truncated or no such file"
        ) from None
    dataset.attrs = {
        key: value.item() if isinstance(value, np.generic) else value for key, value in dataset.attrs.items()
    }
    return dataset


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:120]
