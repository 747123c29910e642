"""netCDF 4: our own format of Tracks, which keeps everything, and which ``movement`` 0.15 reads as poses."""

from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.containers.netcdf import is_hdf5, load_netcdf, save_netcdf
from mvtri.errors import InputError
from mvtri.formats.tracks.axes import check_extent
from mvtri.formats.tracks.markers import skeleton_of
from mvtri.registry import Format
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks, to_array, validate_tracks
from mvtri.units import metres_per


def read(path: Path, *, unit: str | None = None) -> xr.Dataset:
    """Read Tracks, also those that ``movement`` wrote; these do not state their unit, so `unit` has to."""
    dataset = load_netcdf(path)
    if dataset.attrs.get("ds_type") == "detections":
        raise InputError(f"{path} holds 2D detections; expected 3D tracks, so read it with read_detections")
    try:
        validate_tracks(dataset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    stated = dataset["position"].attrs.get("units")
    if not isinstance(stated, str | None):
        raise InputError(f"{path} states the unit of length {str(stated)[:40]}, expected 'm' or 'mm'")
    used = stated if unit is None else unit
    if used is None:
        raise InputError(f"{path} does not state its unit of length; pass unit='m' or unit='mm'")
    return dataset if used == stated == "m" else _converted(path, dataset, used)


def write(path: Path, tracks: xr.Dataset) -> list[Path]:
    """Write Tracks."""
    return save_netcdf(path, tracks)


FORMAT = Format(
    name="nc",
    description="netCDF 4: all that tracks hold, exactly",
    sniff=is_hdf5,
    read=read,
    write=write,
    extensions=(".nc",),
)


def _converted(path: Path, dataset: xr.Dataset, unit: str) -> xr.Dataset:
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
