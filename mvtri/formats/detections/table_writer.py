"""Writing 2D as a table with one row per frame, camera, individual and keypoint."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mvtri.csv_cells import escape_cell
from mvtri.files import atomic_file
from mvtri.formats.detections.writing import frame_numbers, names_of, triples_of, warn_of_loss
from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME


def write(path: Path, detections: xr.Dataset) -> list[Path]:
    """Write all keypoints, missing ones with empty cells; numbers come back exactly.

    The size of the images and the names of individuals are not held.
    """
    warn_of_loss(detections, path)
    values = triples_of(detections, path).transpose(0, 3, 1, 2, 4)  # time, camera, individual, keypoint
    index = [grid.ravel() for grid in np.indices(values.shape[:-1])]
    columns: dict[str, np.ndarray] = {"frame": frame_numbers(detections)[index[0]]}
    if detections.attrs.get("time_unit") == "seconds":
        columns["time"] = detections[TIME].to_numpy()[index[0]]
    for column, dimension, place in (
        ("camera", CAMERAS, 1),
        ("individual", INDIVIDUALS, 2),
        ("keypoint", KEYPOINTS, 3),
    ):
        names = [escape_cell(name) for name in names_of(detections, dimension)]
        columns[column] = np.array(names, dtype=object)[index[place]]
    there = values[..., 2].ravel() > 0
    for place, axis in enumerate("xy"):
        columns[axis] = np.where(there, values[..., place].ravel(), np.nan)
    columns["score"] = values[..., 2].ravel()
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with atomic_file(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, index=False, sep=separator, lineterminator="\n")
    return [path]
