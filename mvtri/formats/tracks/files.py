"""Reading and writing files of 3D tracks, whatever their format."""

import os
from pathlib import Path
from typing import Any

import xarray as xr

from mvtri.errors import InputError
from mvtri.inputs import as_damage
from mvtri.registry import Format, Registry, check_options
from mvtri.tracks import validate_tracks

TRACKS = Registry("a file of 3D tracks", "mvtri.formats.tracks", Format)


def read_tracks(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> xr.Dataset:
    """Read 3D tracks from a file.

    Parameters
    ----------
    path : path
        A file that `write_tracks` or another program wrote.
    format : str, optional
        ``"nc"``, ``"trc"``, ``"csv"``, ``"c3d"``, ``"sto"`` or ``"anipose"``; by default the content decides.
    **options
        Options of the format.  ``unit``: the file's unit of length, ``"m"``, ``"cm"`` or ``"mm"``, where the
        file does not state it or states it wrongly.  ``up`` or ``axes`` (all but nc): which way the file's
        axes point (see `write_tracks`).  ``fps`` (anipose).  ``names`` (all but nc): ``"mvtri"`` turns the
        marker names of OpenSim (``RHip``) into ours (``right_hip``).

    Returns
    -------
    xarray.Dataset
        Tracks (`mvtri.tracks.make_tracks`): metres, z up.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the format is not known, does not take an option, or the file is not of it.
    """
    path = Path(path)
    chosen = TRACKS.find(path, format)
    check_options(chosen, chosen.read, options)
    with as_damage(path):
        tracks: xr.Dataset = chosen.read(path, **options)
    try:
        validate_tracks(tracks)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return tracks


def write_tracks(
    path: str | os.PathLike[str], tracks: xr.Dataset, format: str | None = None, **options: Any
) -> list[Path]:
    """Write 3D tracks to a file, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; an existing one is replaced.
    tracks : xarray.Dataset
        Tracks: metres, z up.
    format : str, optional
        ``"nc"``, ``"trc"``, ``"csv"``, ``"c3d"`` or ``"sto"``; by default the extension decides.
    **options
        Options of the format.  ``up`` (all but nc): ``"y"`` or ``"z"``, the axis that points up in the
        file.  ``axes`` (all but nc): the same by the name of a preset (``"mvtri"``, ``"opensim"``,
        ``"gltf"``, ``"unity"``) or axis by axis, as in ``"yzx"`` or ``"xz-y"``.  ``names`` (all but nc):
        ``"opensim"`` writes ``RHip`` for ``right_hip``.  ``unit`` (trc, c3d): ``"m"`` or ``"mm"``.

    Returns
    -------
    list of Path
        The files that were written; several where a format holds one person per file (trc, sto).

    Raises
    ------
    InputError
        If the format is not known, does not take an option, or `tracks` is not Tracks.
    """
    path = Path(path)
    chosen = TRACKS.find_writer(path, format)
    assert chosen.write is not None
    check_options(chosen, chosen.write, options)
    validate_tracks(tracks)
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected the name of a {chosen.name} file, so add a file name")
    return chosen.write(path, tracks, **options)
