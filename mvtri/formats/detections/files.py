"""Reading and writing files of 2D detections, whatever their format."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.containers.hdf5 import open_hdf5
from mvtri.containers.netcdf import is_hdf5
from mvtri.containers.npz import npz_members
from mvtri.errors import InputError
from mvtri.formats.detections.places import begins_with_key, files_in, folders_in
from mvtri.formats.detections.reader import DetectionsReader, Request
from mvtri.registry import Format, Registry
from mvtri.skeletons import NameOrFile
from mvtri.tracks import validate_detections

DETECTIONS = Registry("2D detections", "mvtri.formats.detections", Format)


def read_detections(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    cameras: Sequence[str] | CameraGroup | None = None,
    image_sizes: np.ndarray | Sequence[Sequence[int]] | Sequence[int] | None = None,
    skeleton: NameOrFile | None = None,
    fps: float | None = None,
    frames: tuple[int, int, int] | None = None,
    sequence: tuple[str, str] | None = None,
    associated: bool = False,
) -> xr.Dataset:
    """Read the 2D of one recording that a detector has found, in all its cameras.

    Parameters
    ----------
    path : path
        A folder with one folder (OpenPose) or one file per camera, or one file with all cameras.
    format : str, optional
        ``"alphapose"``, ``"arrays"``, ``"coco"``, ``"csv"``, ``"deeplabcut"``, ``"freemocap"``,
        ``"mediapipe"``, ``"mmpose"``, ``"nc"`` (what `write_detections` wrote), ``"openpose"``, ``"sleap"``,
        ``"ultralytics"`` or ``"videopose3d"``; by default the content decides.
    cameras : sequence of str, or CameraGroup, optional
        The C names, in the order wanted, or cameras that have names and image sizes.  Names match stored ones
        ignoring case, punctuation, zeros before numbers and a ``_json`` ending, or where only one stored name
        contains the camera's.  By default all cameras, in alphabetical order or in that of the file.
    image_sizes : array_like, shape (C, 2) or (2,), optional
        Width and height of the images, px; needed where the files do not state them.
    skeleton : str or path, optional
        The keypoint set, or a TOML file that defines one (`mvtri.get_skeleton`); needed where several have as
        many keypoints as the files (25: ``body25``, ``body25b``) and no names are stored.
    fps : float, optional
        Frames per second; without it, and without times in the file, frame numbers stand for time.
    frames : (int, int, int), optional
        Start, stop and step among the stored frames, as in a Python slice.
    sequence : (str, str), optional
        Subject and action, for a file of several recordings (``"videopose3d"``).
    associated : bool
        True where individual i is the same person in every view; by default the individuals of one view have
        nothing to do with those of another view.

    Returns
    -------
    xarray.Dataset
        Detections (`mvtri.tracks.make_detections`) of all people; NaN with score 0 where a keypoint or a
        person is missing.  ``attrs["associated"]`` is 1 or 0 as `associated` says.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    InputError
        If the format is not known, a file is damaged, a camera is missing, cameras have different frames,
        nobody is in any of them, or it is not certain which keypoints they are or how large the images.
    """
    if isinstance(cameras, CameraGroup):
        image_sizes = cameras.image_sizes if image_sizes is None else image_sizes
        cameras = cameras.names
    elif isinstance(cameras, str):
        cameras = [cameras]
    request = Request(cameras, image_sizes, skeleton, fps, frames, associated, sequence=sequence)
    return open_detections(path, format).read(request)


def open_detections(path: str | os.PathLike[str], format: str | None = None) -> DetectionsReader:
    """Return the reader of a file or folder of 2D detections; see `read_detections`."""
    place = Path(path)
    try:
        chosen = DETECTIONS.find(place, format)
    except InputError:
        raise_if_damaged(place)
        _raise_if_misplaced(place)
        raise
    reader: DetectionsReader = chosen.read(place)
    return reader


def _raise_if_misplaced(place: Path) -> None:
    """Raise InputError where the files of a detector are there, but one folder too high or too low."""
    loose = [path for path in files_in(place, (".json",)) if begins_with_key(path, ("people",))]
    if loose:
        raise InputError(
            f"{place} holds OpenPose's files themselves, such as {loose[0].name}; expected one folder per "
            f"camera, so move them into folders such as {place.name}/cam01_json"
        )
    for folder in folders_in(place):
        if any(files_in(inside, (".json",)) for inside in folders_in(folder)):
            raise InputError(
                f"{place} holds no 2D itself, but {folder} holds folders of it; name that one: "
                f"--pose {folder}"
            )


def write_detections(path: str | os.PathLike[str], detections: xr.Dataset, format: str | None = None) -> Path:
    """Write Detections, whole or not at all; an existing file is replaced, an existing folder is not.

    Parameters
    ----------
    path : path
        A ``.nc`` file, which holds everything; a ``.csv`` or ``.tsv`` table; a ``.json`` file of COCO's; or a
        name without extension, which becomes a folder of OpenPose's with one folder per camera.
    detections : xarray.Dataset
    format : str, optional
        ``"nc"``, ``"csv"``, ``"coco"`` or ``"openpose"``; by default the extension decides.

    Raises
    ------
    InputError
        If `detections` is not Detections, or the extension is not that of a format that can be written.
    """
    place = Path(path)
    chosen = DETECTIONS.find_writer(place, format or (None if place.suffix else "openpose"))
    assert chosen.write is not None
    validate_detections(detections)
    return chosen.write(place, detections)[0]


def raise_if_damaged(path: Path) -> None:
    """Raise `InputError` where an ``.npz`` or HDF5 file, which several formats share, is no whole one."""
    if not path.is_file() or not path.stat().st_size:
        return
    if path.suffix.lower() == ".npz":
        npz_members(path)
    elif is_hdf5(path):
        open_hdf5(path).close()
