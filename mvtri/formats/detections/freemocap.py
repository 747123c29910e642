"""freemocap's 2D: one ``.npy`` of all cameras (C, T, 553, 2 or 3), MediaPipe's points in pixels.

The points are the body's 33, then 21 of each hand and 478 (468 in older models) of the face; body and hands
alone are 75.  A third value is the depth z of MediaPipe, which is no score; where all of them lie between 0
and 1 they are scores.  NaN is missing.  The file has no names of cameras: freemocap processes the videos in
the order of their names.  (Source: freemocap, `Mediapipe2dNumpyArrays` in
core_processes/.../mediapipe_skeleton_detector.py, and skellytracker's `MediapipeModelInfo`.)
"""

import logging
import math
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.containers.pickle import load_npy, read_header
from mvtri.errors import InputError, MvtriError
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.people import split_scores
from mvtri.formats.detections.places import files_in
from mvtri.formats.detections.reader import DetectionsReader, Request, chosen_frames
from mvtri.inputs import open_input
from mvtri.names import listed
from mvtri.registry import Format, head_of
from mvtri.skeletons import get_skeleton

logger = logging.getLogger("mvtri")
_BODY = 33
_COUNTS = (553, 543, 75)  # of points: with 478 or 468 of the face, or without a face
_KNOWN = " or ".join(map(str, _COUNTS))
_NPY = b"\x93NUMPY"


def is_freemocap(path: Path) -> bool:
    """Return whether a file is such an array, by its shape; never raises."""
    shape = _shape(path)
    return len(shape) == 4 and shape[2] in _COUNTS and shape[3] in (2, 3) and math.prod(shape) > 0


def sniff(path: Path) -> bool:
    """Return whether a file is such an array, or exactly one in a folder is."""
    return len(_files(path)) == 1


class FreemocapReader(DetectionsReader):
    """The array of all cameras."""

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many frames the array has."""
        return {self._file.name: _shape(self._file)[1]}

    def read(self, request: Request) -> xr.Dataset:
        """Read the body of all cameras, which are those wanted, in their order."""
        values = load_npy(self._file)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            raise InputError(f"{self._file} is no array of numbers; expected {FORMAT.description}")
        cameras = self._cameras(len(values), request)
        chosen = chosen_frames(values.shape[1], request.frames, self._file)
        body = np.asarray(values[:, chosen.start : chosen.stop : chosen.step, :_BODY], dtype=np.float64)
        scores = np.asarray(np.isfinite(body[..., :2]).all(axis=-1), dtype=np.float64)
        if body.shape[-1] == 3 and _are_scores(values[..., 2]):
            scores = body[..., 2]
        points = np.concatenate([body[..., :2], scores[..., None]], axis=-1)
        logger.info(
            "%s has keypoints of hands%s too, which are left out",
            self._file,
            "" if values.shape[2] == min(_COUNTS) else " and face",
        )
        position, confidence = split_scores(np.moveaxis(points, 0, 2)[:, None])
        return label_people(
            position,
            confidence,
            request,
            cameras=cameras,
            numbers=chosen,
            names=get_skeleton("blazepose33").keypoints,
            where=self._file,
            source=FORMAT.description,
        )

    @property
    def _file(self) -> Path:
        """The file; checked, since the format may have been named."""
        found = _files(self.path)
        if len(found) != 1:
            raise InputError(
                f"{self.path} is no array of freemocap's 2D (cameras, frames, {_KNOWN} "
                "points, 2 or 3 values); expected the .npy file that freemocap calls 2dData_numCams"
            )
        return found[0]

    def _cameras(self, count: int, request: Request) -> list[str]:
        if request.cameras is None:
            return [f"camera_{index}" for index in range(count)]
        if len(request.cameras) != count:
            raise InputError(
                f"{self._file} has {count} cameras without names, but {len(request.cameras)} are wanted "
                f"({listed(list(request.cameras))}); choose {count} cameras, in the order in which freemocap "
                "processed their videos"
            )
        logger.info(
            "%s has no names of cameras; in the order of the calibration, they are taken for %s",
            self._file,
            listed(list(request.cameras)),
        )
        return list(request.cameras)


FORMAT = Format(
    name="freemocap",
    description="freemocap's 2D (.npy)",
    sniff=sniff,
    read=FreemocapReader,
)


def _files(path: Path) -> list[Path]:
    try:
        found = files_in(path, (".npy",)) if path.is_dir() else [path]
    except OSError:
        return []
    return [file for file in found if is_freemocap(file)]


def _shape(path: Path) -> tuple[int, ...]:
    """Return the shape that the header of a ``.npy`` file states; () where it is none."""
    if head_of(path, len(_NPY)) != _NPY:
        return ()
    try:
        with open_input(path) as stream:
            return read_header(stream, path)[0]
    except (OSError, MvtriError):
        return ()


def _are_scores(values: np.ndarray) -> bool:
    """Return whether third values are scores; depths of MediaPipe are pixels before and behind the hip."""
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and bool(((finite >= 0) & (finite <= 1)).all())
