"""Labels and results in files: COCO's JSON with ids, or any 2D that mvtri reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.benchmark.detectors.labelled import Candidate, Labelled, found_in, label_detections
from mvtri.benchmark.detectors.sources import TRUTH, pictures_of
from mvtri.errors import InputError
from mvtri.formats.detections.files import read_detections
from mvtri.formats.detections.labelled_people import (
    LabelledImages,
    is_labelled_images,
    read_labelled_images,
    read_results,
)
from mvtri.skeletons import NameOrFile
from mvtri.tracks import CAMERAS, TIME

TOLERANCE = 1e-6  # s, or frames


class LabelFile:
    """A file of labels, and the results that belong to it.

    Parameters
    ----------
    path : Path
        COCO's JSON of labelled people; or any 2D that `mvtri.read_detections` reads, all of it visible.
    skeleton : str or path, optional
        The keypoint set, where files do not say it.
    images : Path, optional
        The folder of the pictures.

    Raises
    ------
    InputError
        If it cannot be read, or there is a picture missing.
    """

    def __init__(self, path: Path, skeleton: NameOrFile | None = None, images: Path | None = None):
        self.path = path
        self.skeleton = skeleton
        self._coco: LabelledImages | None = None
        self._detections: xr.Dataset | None = None
        if is_labelled_images(path):
            self._coco = read_labelled_images(path, skeleton)
            self.labelled = _of_images(self._coco, images)
        else:
            if images is not None:
                raise InputError(f"--images was given, but {path} names no pictures; leave --images out")
            self._detections = read_detections(path, skeleton=skeleton, associated=True)
            self.labelled = label_detections(self._detections, TRUTH, agreement=False)

    def read(self, path: Path, name: str = "") -> Candidate:
        """Return the results in a file, called `name` or else as the file.

        Raises
        ------
        InputError
            If they are of other images, cameras or times.
        """
        if self._coco is not None:
            people, names = read_results(path, self._coco)
            return Candidate(name or path.stem, people, names, str(path))
        truth = self._detections
        assert truth is not None
        cameras = [str(name) for name in truth[CAMERAS].to_numpy()]
        sizes = truth["image_size"].to_numpy()
        found = read_detections(path, cameras=cameras, image_sizes=sizes, skeleton=self.skeleton)
        times = truth[TIME].to_numpy()
        if (found.indexes[TIME].get_indexer(times, method="nearest", tolerance=TOLERANCE) < 0).all():
            raise InputError(
                f"{path} has no frame of {self.path}: their times begin at {found[TIME].to_numpy()[0]:g} and "
                f"{times[0]:g}; expected 2D of the same recording at the same frame rate"
            )
        near = found.reindex({TIME: times}, method="nearest", tolerance=TOLERANCE)
        return found_in(near, name or path.stem, str(path))


def _of_images(found: LabelledImages, images: Path | None) -> Labelled:
    folders = [Path(name).parent.as_posix() for name in found.names]
    several = len(set(folders)) > 1
    return Labelled(
        name=TRUTH,
        images=found.names,
        people=found.people,
        keypoints=found.keypoints,
        skeleton=found.skeleton,
        views=np.array(folders if several else [""] * len(folders)),
        blocks=np.arange(len(found.names)),
        pictures=None if images is None else pictures_of(images, found.names),
    )
