"""netCDF 4: our own format of Detections, which keeps everything."""

import os
from pathlib import Path

import xarray as xr

from mvtri.errors import InputError, MissingFileError
from mvtri.formats.containers.netcdf import load_netcdf, save_netcdf
from mvtri.tracks import validate_detections


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
    dataset = load_netcdf(path)
    if dataset.attrs.get("ds_type") == "poses":
        raise InputError(
            f"{path} holds 3D tracks, where 2D detections were expected; read it with read_tracks"
        )
    try:
        validate_detections(dataset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
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
    save_netcdf(path, detections)
    return path
