"""netCDF 4 (HDF5) files of a whole `xarray.Dataset`: values, names, attributes and provenance, exactly."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.containers.hdf5 import open_hdf5, peek_hdf5
from mvtri.containers.hdf5_contents import array_bytes
from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.inputs import check_memory
from mvtri.registry import head_of

_TEXTS = ("ds_type", "time_unit", "skeleton", "events")  # attributes
_MAGIC = b"\x89HDF\r\n\x1a\n"  # how every HDF5 file begins


def is_hdf5(path: Path) -> bool:
    """Return whether a file begins as HDF5 does, whole or damaged; never raises."""
    return head_of(path, len(_MAGIC)) == _MAGIC


def kind_of(path: Path) -> str:
    """Return what a file of ours or of movement's holds, ``"poses"`` or ``"detections"``; never raises.

    It is empty where the file is of something else, or damaged.
    """
    if not is_hdf5(path):
        return ""
    try:
        with peek_hdf5(path) as file:
            kind = file.attrs.get("ds_type", "")
    except Exception:  # as the docstring says; `load_netcdf` says what is wrong
        return ""
    return kind.decode() if isinstance(kind, bytes) else str(kind)


def load_netcdf(path: Path) -> xr.Dataset:
    """Read a file whole.

    Raises
    ------
    InputError
        If it is not netCDF 4, is truncated, refers to other files, or needs too much memory.
    """
    import h5py

    with open_hdf5(path) as file:
        datasets = [item for item in file.values() if isinstance(item, h5py.Dataset)]
        check_memory(path, 2 * sum(array_bytes(item, path) for item in datasets))
    try:
        with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as opened:
            dataset = opened.load()
    except Exception as error:  # xarray and HDF5 raise errors of every kind
        raise InputError(
            f"{path} cannot be read as netCDF 4 ({_first_line(error)}); it is truncated or no such file"
        ) from None
    for name in _TEXTS:
        if not isinstance(dataset.attrs.get(name, ""), str):
            raise InputError(f"{path} has an attribute {name} that is no text; is it damaged?")
    dataset.attrs = {
        key: value.item() if isinstance(value, np.generic) else value for key, value in dataset.attrs.items()
    }
    return dataset


def save_netcdf(path: Path, dataset: xr.Dataset) -> list[Path]:
    """Write a file, whole or not at all, numbers compressed; return it in a list."""
    encoding = {
        str(name): {"zlib": True, "complevel": 4, "shuffle": True}
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind in "fiub" and variable.ndim
    }
    clean = dataset.copy()
    for variable in clean.variables.values():
        variable.encoding = {}
    with atomic_file(path) as temporary:
        _write(temporary, clean, encoding)
    return [path]


def _write(path: Path, dataset: xr.Dataset, encoding: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a file that is made in memory first: on a full disk, HDF5 ends the process (segmentation fault).

    Releases of xarray before 2025.8 write HDF5 to paths only.
    """
    content = io.BytesIO()
    try:
        dataset.to_netcdf(content, engine="h5netcdf", encoding=encoding)
    except (TypeError, ValueError):
        dataset.to_netcdf(path, engine="h5netcdf", encoding=encoding)
        return
    with open(path, "wb") as file:
        file.write(content.getbuffer())


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:120]
