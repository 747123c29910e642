"""SLEAP's files: labels (``.slp``), and what its analysis exports (``.h5``).

Both have pixel centres at integers; labels of a format before 1.1 are half a pixel off, which is undone.
(Source: sleap-io, sleap_io/io/slp.py and analysis_h5.py.)
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.containers.hdf5 import attribute_of, open_hdf5, peek_hdf5, read_array
from mvtri.containers.netcdf import is_hdf5
from mvtri.errors import InputError
from mvtri.formats.detections.one_for_all import UNNAMED, OneForAllReader
from mvtri.formats.detections.sleap_labels import names_in, read_labels
from mvtri.formats.detections.views import View, people_of
from mvtri.registry import Format

if TYPE_CHECKING:
    import h5py

_DIMS = ("track", "xy", "node", "frame")  # of tracks, where the file does not name them
_CANONICAL = ("frame", "track", "node", "xy")


class SleapReader(OneForAllReader):
    """One file per camera; or one file of labels with the videos of all cameras."""

    description = "SLEAP's labels and analysis files (.slp, .h5)"
    suffixes = (".slp", ".h5", ".hdf5")
    part = "video"

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file is HDF5 with SLEAP's datasets."""
        return _kind(path) != ""

    def camera_name(self, path: Path) -> str:
        """Return the name of the file without SLEAP's endings."""
        if path.is_dir():
            return path.name
        return path.stem.removesuffix(".analysis").removesuffix(".predictions")

    def same_content(self, first: Path, second: Path) -> bool:
        """Return whether one file is the analysis export of the other."""
        return {_kind(first), _kind(second)} == {"analysis", "labels"}

    def views_in(self, path: Path) -> dict[str, View]:
        """Return the videos of a file of labels; the one view of an analysis file."""
        return read_labels(path) if _kind(path) == "labels" else {UNNAMED: _read_analysis(path)}

    def may_hold_all(self, path: Path) -> bool:
        """Return whether a file is one of labels."""
        return _kind(path) == "labels"

    def is_of_all(self, views: dict[str, View]) -> bool:
        """Return whether there are several videos; a single one is called after its file."""
        return len(views) > 1


FORMAT = Format(
    name="sleap",
    description=SleapReader.description,
    sniff=SleapReader.sniff,
    read=SleapReader,
    extensions=(".slp",),
)


def _kind(path: Path) -> str:
    """Return ``"labels"``, ``"analysis"``, or nothing where a file is neither; never raises."""
    if not is_hdf5(path):
        return ""
    try:
        with peek_hdf5(path) as file:
            if {"tracks", "node_names"} <= set(file):
                return "analysis"
            return "labels" if {"metadata", "frames", "instances"} <= set(file) else ""
    except (OSError, ValueError, KeyError, RuntimeError, TypeError):
        return "labels" if path.suffix.lower() == ".slp" else ""


def _read_analysis(path: Path) -> View:
    with open_hdf5(path) as file:
        tracks = read_array(file, "tracks", path)
        dims = _dims_of(file, path)
        if tracks.ndim != 4 or tracks.dtype.kind not in "fiu" or tracks.shape[dims.index("xy")] != 2:
            raise InputError(
                f"tracks of {path} have the shape {tracks.shape} for {', '.join(dims)}; expected (x, y) of "
                "each node; export them again"
            )
        position = tracks.transpose([dims.index(dim) for dim in _CANONICAL]).astype(np.float64)
        names = names_in(read_array(file, "node_names", path), f"the node_names of {path}")
        scores = np.ones(position.shape[:3])
        if "point_scores" in file:
            stored = read_array(file, "point_scores", path)
            flat = [dim for dim in dims if dim != "xy"]
            if stored.ndim == 3 and stored.dtype.kind in "fiu":
                scores = stored.transpose([flat.index(dim) for dim in _CANONICAL[:3]])
        size = _size(attribute_of(file, "video_backend_metadata", path))
    if scores.shape != position.shape[:3] or len(names) != position.shape[2]:
        raise InputError(
            f"{path} has tracks of {position.shape[:3]}, point_scores of {scores.shape} (frames, tracks, "
            f"nodes) and {len(names)} names of nodes; expected as many; export them again"
        )
    present = np.isfinite(position).all(axis=-1)
    scores = np.where(present & ~np.isfinite(scores), 1.0, scores)  # labelled by hand: no score
    people = people_of(np.concatenate([position, scores[..., None]], axis=-1))
    return View(people, names, size, range(len(position)))


def _dims_of(file: "h5py.File", path: Path) -> tuple[str, ...]:
    stated = attribute_of(file["tracks"], "dims", path)
    if stated is None:
        return _DIMS
    try:
        dims = tuple(json.loads(stated))
    except (ValueError, TypeError):
        dims = ()
    if sorted(dims) != sorted(_DIMS):
        raise InputError(f"tracks of {path} have the dims {stated!r:.60}; expected {', '.join(_DIMS)}")
    return dims


def _size(metadata: Any) -> tuple[int, int] | None:
    """Return width and height of the images from the metadata of a video, None where they are not there."""
    try:
        shape = json.loads(metadata)["shape"]
        height, width = int(shape[1]), int(shape[2])
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return (width, height) if min(width, height) > 0 else None
