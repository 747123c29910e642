"""Angles of the body in a CSV file."""

import csv
import os
from pathlib import Path

import xarray as xr

from mvtri.csv_cells import escape_cell
from mvtri.files import atomic_file
from mvtri.kinematics.body_angles import angle_table
from mvtri.registry import head_of


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


def is_angles(path: Path) -> bool:
    """Return whether a file is a table that `write_angles` made, by its first line."""
    first = head_of(path).decode("utf-8", "replace").splitlines()[:1]
    columns = next(csv.reader(first), [])
    clock, names = columns[:2], columns[2:]
    triples = [names[start : start + 3] for start in range(0, len(names), 3)]
    return (
        clock in (["time", "individual"], ["frame", "individual"])
        and bool(triples)
        and all(triple == [triple[0], f"{triple[0]}_low", f"{triple[0]}_high"] for triple in triples)
    )
