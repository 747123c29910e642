"""Writing 2D as OpenPose does: one folder per camera, one JSON file per frame."""

import json
import re
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.files import atomic_folder
from mvtri.formats.detections.writing import frame_numbers, names_of, triples_of, warn_of_loss
from mvtri.tracks import CAMERAS

_DIGITS = 12  # of a frame number in a file's name, as OpenPose has


def write(path: Path, detections: xr.Dataset) -> list[Path]:
    """Write ``<camera>/<camera>_000000000012_keypoints.json``; numbers come back exactly.

    People keep their places; somebody who is missing in a view is ``{}``.  The size of the images, the rate
    and the names of keypoints and individuals are not held.

    Raises
    ------
    InputError
        If a camera's name cannot be that of a folder.
    """
    warn_of_loss(detections, path)
    values = triples_of(detections, path)
    cameras, numbers = names_of(detections, CAMERAS), frame_numbers(detections)
    for name in cameras:
        if not name.strip(". ") or re.search(r'[/\\\0:*?"<>|]', name) or len(name) > 100:
            raise InputError(
                f"the camera {name!r:.60} cannot be the name of a folder; rename it, or write a .nc file"
            )
    with atomic_folder(path) as temporary:
        for c, name in enumerate(cameras):
            (temporary / name).mkdir()
            for t, number in enumerate(numbers.tolist()):
                file = temporary / name / f"{name}_{number:0{_DIGITS}d}_keypoints.json"
                file.write_text(_frame(values[t, :, :, c]), encoding="utf-8")
    return [path]


def _frame(values: np.ndarray) -> str:
    """Return the JSON of one frame of one view from values (N, K, 3)."""
    people: list[dict[str, object]] = []
    for person in values:
        if (person[:, 2] > 0).any():
            people.append({"person_id": [-1], "pose_keypoints_2d": person.ravel().tolist()})
        else:
            people.append({})
    while people and not people[-1]:
        people.pop()
    return json.dumps({"version": 1.3, "people": people})
