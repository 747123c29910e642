"""netCDF 4: our own format of Detections, which keeps everything, covariances, boxes and modes too."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.containers.netcdf import is_hdf5, kind_of, load_netcdf, save_netcdf
from mvtri.errors import InputError
from mvtri.files import check_one_file
from mvtri.formats.detections.label import sizes_of_images, skeleton_record
from mvtri.formats.detections.naming import name_keypoints
from mvtri.formats.detections.reader import DetectionsReader, Request, chosen_frames
from mvtri.names import match_names
from mvtri.registry import Format
from mvtri.skeletons import remember_skeleton
from mvtri.tracks import CAMERAS, KEYPOINTS, TIME, provenance_of, validate_detections

_SIZE_TOLERANCE = 0.01  # of an image's width and height, as for videos
_RATE_TOLERANCE = 0.0005


def sniff(path: Path) -> bool:
    """Return whether a file is HDF5 and holds no 3D tracks, or such files are in a folder."""
    return bool(_files(path))


def write(path: Path, detections: xr.Dataset) -> list[Path]:
    """Write Detections."""
    return save_netcdf(path, detections)


class NetcdfReader(DetectionsReader):
    """A ``.nc`` file of all cameras, or a folder that holds one."""

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames the file has."""
        return {self._file.name: self._dataset.sizes[TIME]}

    def read(self, request: Request) -> xr.Dataset:
        """Return what is stored: the cameras and frames wanted; names of keypoints and times are checked."""
        found = self._sizes(self._keypoints(self._cameras(self._dataset, request), request), request)
        if request.frames is not None or request.fps is not None:
            chosen = chosen_frames(found.sizes[TIME], request.frames, self._file)
            some = slice(chosen.start, chosen.stop, chosen.step) if chosen.step > 0 else list(chosen)
            found = self._times(found.isel({TIME: some}), chosen, request.fps)  # a slice copies nothing
        return found.assign_attrs(found.attrs | {"associated": 1}) if request.associated else found

    @property
    def fps(self) -> float | None:
        """The frames per second that the file states."""
        stated = self._dataset.attrs.get("fps")
        return None if stated is None else float(stated)

    @cached_property
    def _file(self) -> Path:
        found = _files(self.path) or [self.path]
        check_one_file(found, self.path, ".nc files")
        return found[0]

    @cached_property
    def _dataset(self) -> xr.Dataset:
        dataset = load_netcdf(self._file)
        if dataset.attrs.get("ds_type") == "poses":
            raise InputError(
                f"{self._file} holds 3D tracks; expected 2D detections, so read it with read_tracks"
            )
        try:
            validate_detections(dataset)
        except InputError as error:
            raise InputError(f"{self._file}: {error}") from None
        if isinstance(own := provenance_of(dataset).get("skeleton"), dict):
            remember_skeleton(own, f"the skeleton in {self._file}")
        return dataset

    def _cameras(self, found: xr.Dataset, request: Request) -> xr.Dataset:
        if request.cameras is None:
            return found
        stored = [str(name) for name in found[CAMERAS].to_numpy()]
        matched = match_names(request.cameras, stored, "camera", f"cameras of {self._file}")
        wanted = [matched[name] for name in request.cameras]
        chosen = found if wanted == stored else found.sel({CAMERAS: wanted})
        return chosen.assign_coords({CAMERAS: list(request.cameras)})

    def _keypoints(self, found: xr.Dataset, request: Request) -> xr.Dataset:
        if request.skeleton is None:
            return found
        stored = [str(name) for name in found[KEYPOINTS].to_numpy()]
        names, skeleton = name_keypoints(len(stored), stored, request.skeleton, self._file)
        record = json.dumps(provenance_of(found) | skeleton_record(skeleton))
        return found.assign_coords({KEYPOINTS: list(names)}).assign_attrs(
            found.attrs | {"skeleton": skeleton, "provenance": record}
        )

    def _sizes(self, found: xr.Dataset, request: Request) -> xr.Dataset:
        cameras = [str(name) for name in found[CAMERAS].to_numpy()]
        stored = found["image_size"].to_numpy() if "image_size" in found.coords else None
        sizes = sizes_of_images(request, cameras, stored, self._file)
        for name, size, wanted in zip(cameras, sizes if stored is None else stored, sizes):
            if (np.abs(size - wanted) > _SIZE_TOLERANCE * wanted).any():
                raise InputError(
                    f"{self._file} was made from images of {size[0]} x {size[1]} of {name}, which is "
                    f"calibrated for {wanted[0]} x {wanted[1]}; detect in the images that were calibrated"
                )
        return found if stored is not None else found.assign_coords(image_size=((CAMERAS, "extent"), sizes))

    def _times(self, found: xr.Dataset, chosen: range, fps: float | None) -> xr.Dataset:
        stated = found.attrs.get("fps")
        if fps is None or (stated and abs(stated / fps - 1) <= _RATE_TOLERANCE):
            return found.assign_attrs(found.attrs | ({"fps": stated / chosen.step} if stated else {}))
        attributes = found.attrs | {"fps": fps / chosen.step, "time_unit": "seconds"}
        return found.assign_coords({TIME: np.array(chosen) / fps}).assign_attrs(attributes)


FORMAT = Format(
    name="nc",
    description="Detections files (netCDF 4)",
    sniff=sniff,
    read=NetcdfReader,
    write=write,
    extensions=(".nc",),
)


def _files(path: Path) -> list[Path]:
    found = sorted(path.glob("*.nc")) if path.is_dir() else [path]
    return [file for file in found if is_hdf5(file) and _may_hold(file)]


def _may_hold(file: Path) -> bool:
    """Return whether an HDF5 file can hold Detections: it says so, or only its name says what it is."""
    kind = kind_of(file)
    return kind != "poses" if kind else file.suffix.lower() == ".nc"
