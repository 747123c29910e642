"""Which format stored 2D is in, found out from the content."""

import os
from pathlib import Path

from mvtri.datasets.stored2d.arrays import PlainArrays
from mvtri.datasets.stored2d.base import Stored2D
from mvtri.datasets.stored2d.coco import CocoFiles
from mvtri.datasets.stored2d.mmpose import MMPoseFiles
from mvtri.datasets.stored2d.netcdf import DetectionsFiles
from mvtri.datasets.stored2d.openpose import OpenPoseFolders
from mvtri.datasets.stored2d.videopose3d import VideoPose3DFile
from mvtri.errors import InputError, MissingFileError
from mvtri.formats.containers.npz import npz_members

FORMATS: tuple[type[Stored2D], ...] = (
    OpenPoseFolders,
    DetectionsFiles,
    CocoFiles,
    MMPoseFiles,
    VideoPose3DFile,
    PlainArrays,
)


def open_stored2d(path: str | os.PathLike[str], skeleton: str | None = None) -> Stored2D:
    """Open 2D that a detector found earlier in the images of a labelled dataset.

    Parameters
    ----------
    path : path
        The folder or file, in one of these formats, which the content tells:

        - OpenPose JSON, ``<subject>/<sequence>/<camera>/*.json``;
        - Detections files, ``<subject>_<sequence>.nc`` or ``<subject>/<sequence>.nc``;
        - COCO's or MMPose's JSON, ``<subject>/<sequence>/<camera>.json``, or one of COCO's whose images are
          those of the dataset;
        - VideoPose3D's ``data_2d_*.npz``;
        - ``.npz`` files with ``keypoints`` (T, K, C, 2) and ``scores`` (T, K, C), named as Detections files.
    skeleton : str, optional
        The keypoint set, where neither names nor the number of keypoints tell.

    Returns
    -------
    Stored2D
        With ``.load(sequence)``, which returns Detections of one person, and ``.check(sequences)``.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    InputError
        If it is of none of these formats, or of several, or there is no such skeleton.
    """
    place = Path(path)
    if not place.exists():
        raise MissingFileError(f"there is no stored 2D at {place}; check the path")
    fitting = [kind for kind in FORMATS if kind.sniff(place)]
    if not fitting:
        for file in [place] if place.is_file() else sorted([*place.glob("*.npz"), *place.glob("*/*.npz")]):
            if file.suffix == ".npz":
                npz_members(file)  # which says so where it is truncated
        known = ", ".join(kind.description for kind in FORMATS)
        raise InputError(f"{place} holds no 2D in a known format ({known}); check the path")
    if len(fitting) > 1:
        names = ", ".join(kind.description for kind in fitting)
        raise InputError(f"{place} holds 2D in several formats ({names}); name the folder or file of one")
    return fitting[0](place, skeleton)
