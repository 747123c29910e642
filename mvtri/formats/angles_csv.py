"""Angles of the body in a CSV file."""

import os
from pathlib import Path

import xarray as xr

from mvtri.csv_cells import escape_cell
from mvtri.files import atomic_file
from mvtri.kinematics.body_angles import angle_table


def write_angles(path: str | os.PathLike[str], angles: xr.Dataset) -> Path:
    """Write angles with their 95 % intervals, a row for each time and individual.

    Parameters
    ----------
    path : path
    angles : xarray.Dataset
        From `mvtri.kinematics.measure_body`.

    Returns
    -------
    Path
        The file.
    """
    table = angle_table(angles)
    table["individual"] = [escape_cell(name) for name in table["individual"]]
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.4f")
    return Path(path)
