"""Files of Detections: PATH/<subject>_<sequence>.nc or PATH/<subject>/<sequence>.nc, or one alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.datasets.sequence import Sequence as Recording
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.stored2d.base import Candidates, Stored2D, check_frames
from mvtri.datasets.stored2d.locate import sequence_file
from mvtri.datasets.stored2d.people import name_keypoints
from mvtri.errors import InputError
from mvtri.formats.detections.netcdf import read_detections
from mvtri.names import match_names
from mvtri.tracks import provenance_of, to_array

_MORE = {
    "covariance": "covariance",
    "box": "boxes",
    "mode_position": "mode_position",
    "mode_confidence": "mode_confidence",
}
_SIZE_TOLERANCE = 0.01  # of an image's width and height, as for videos


class DetectionsFiles(Stored2D):
    """Detections with all that is in them: covariances, boxes and further modes too."""

    format = "detections"
    description = "Detections files"

    @staticmethod
    def sniff(path: Path) -> bool:
        """Return whether there are ``.nc`` files."""
        return path.suffix.lower() == ".nc" if path.is_file() else any(_files(path))

    def locate(self, info: SequenceInfo) -> Path:
        """Return the file of a sequence."""
        if self.path.is_file():
            self.claim(info)
            return self.path
        return sequence_file(self.path, info, ".nc")

    def read(self, sequence: Recording) -> Candidates:
        """Read the file, its cameras in the sequence's order."""
        path = self.locate(sequence.info)
        found = read_detections(path)
        wanted = sequence.cameras.names
        matched = match_names(
            wanted, [str(name) for name in found["cameras"].to_numpy()], "camera", f"cameras of {path}"
        )
        found = found.sel(cameras=[matched[name] for name in wanted])
        check_frames(found.sizes["time"], sequence, str(path))
        _check_sizes(found, sequence.cameras, path)
        names: Sequence[str] = [str(name) for name in found["keypoints"].to_numpy()]
        told = str(found.attrs.get("skeleton", ""))
        if self.skeleton is not None or not told:
            names, told = name_keypoints(len(names), names, self.skeleton, str(path))
        more = {ours: to_array(found, theirs) for theirs, ours in _MORE.items() if theirs in found}
        return Candidates(
            to_array(found),
            to_array(found, "confidence"),
            names,
            told,
            more,
            source=str(found.attrs.get("source_software", "")),
            provenance=provenance_of(found),
        )


def _check_sizes(found: xr.Dataset, cameras: CameraGroup, path: Path) -> None:
    sizes = found["image_size"].to_numpy() if "image_size" in found.coords else cameras.image_sizes
    for name, size, wanted in zip(cameras.names, sizes, cameras.image_sizes):
        if (np.abs(size - wanted) > _SIZE_TOLERANCE * wanted).any():
            raise InputError(
                f"{path} was made from images of {size[0]} x {size[1]} of {name}, which is calibrated "
                f"for {wanted[0]} x {wanted[1]}; detect in the images that were calibrated"
            )


def _files(path: Path) -> list[Path]:
    return [*path.glob("*.nc"), *path.glob("*/*.nc")]
