"""The files of a fitted body: the scaled model, its motion for OpenSim, and a table with intervals."""

import os
from pathlib import Path

import numpy as np

from mvtri.biomechanics.person.fitted_body import FittedBody
from mvtri.biomechanics.simulation import to_motion
from mvtri.csv_cells import escape_cell
from mvtri.files import atomic_file
from mvtri.formats import write_motion
from mvtri.formats.motion.mot import JointMotion

SUFFIXES = (".osim", ".mot", ".csv")


def motion_of(body: FittedBody) -> JointMotion:
    """Return the joint coordinates as a ``.mot`` file has them: degrees and metres, frames without any left
    out."""
    found = body.kinematics
    there = np.isfinite(found.coordinates).all(axis=1)
    angles = np.array(found.model.units) == "rotational"
    return to_motion(found.coordinates[there], found.model.coordinates, found.times[there], angles)


def write_body(place: str | os.PathLike[str], body: FittedBody, name: str = "body") -> list[Path]:
    """Write a fitted body into a folder that exists: ``body.osim``, ``body.mot`` and ``body.csv``.

    Parameters
    ----------
    place : path
        The folder.
    body : FittedBody
        From `fit_tracks`.
    name : str
        Of the files.

    Returns
    -------
    list of Path
        The three files.  The table has a row for each time, and for each free coordinate its value and the
        ends of its 95 % interval (``_low``, ``_high``), in degrees; in m for those that are ways.  Cells are
        empty where the markers do not determine a coordinate (`FittedBody.refused`).
    """
    model, motion, table = (Path(place) / f"{name}{suffix}" for suffix in SUFFIXES)
    with atomic_file(model) as temporary:
        temporary.write_text(body.osim, encoding="utf-8")
    write_motion(motion, motion_of(body))
    _write_table(table, body)
    return [model, motion, table]


def _write_table(path: Path, body: FittedBody) -> None:
    import pandas as pd

    found = body.kinematics
    model, free = found.model, found.model.free
    columns: dict[str, object] = {
        "frame" if body.clock == "frames" else "time": found.times,
        "individual": [escape_cell(body.person)] * len(found.times),
    }
    low, high = body.intervals
    for index, column in enumerate(free):
        factor = 1.0 if model.units[column] == "translational" else 180.0 / np.pi
        ends = factor * low[:, index], factor * high[:, index]
        middle = np.where(np.isnan(ends[0]), np.nan, factor * found.coordinates[:, column])
        name = escape_cell(model.coordinates[column])
        columns |= {name: middle, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    with atomic_file(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, index=False, lineterminator="\n", float_format="%.4f")
