"""Which module reads and writes which file of tracks: by the file's extension, or by the format's name."""

import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import mvtri.formats.tracks
from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.tracks import validate_tracks


@dataclass(frozen=True)
class TrackFormat:
    """What a format's module tells about itself, under the name ``FORMAT``.

    Attributes
    ----------
    name : str
        Such as ``"trc"``.
    extensions : tuple of str
        In lower case, with the dot.
    description : str
        One line.
    read : callable
        ``read(path, **options) -> Dataset``, Tracks in metres with z up.
    write : callable
        ``write(path, tracks, **options) -> list of Path``, the files that it made.
    """

    name: str
    extensions: tuple[str, ...]
    description: str
    read: Callable[..., xr.Dataset]
    write: Callable[..., list[Path]]


@cache
def list_formats() -> tuple[TrackFormat, ...]:
    """Return the formats of tracks that there are, in alphabetical order."""
    found = []
    for module in pkgutil.iter_modules(mvtri.formats.tracks.__path__):
        declared = getattr(importlib.import_module(f"mvtri.formats.tracks.{module.name}"), "FORMAT", None)
        if isinstance(declared, TrackFormat):
            found.append(declared)
    return tuple(sorted(found, key=lambda entry: entry.name))


def read_tracks(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> xr.Dataset:
    """Read 3D tracks from a file.

    Parameters
    ----------
    path : path
        A file that `write_tracks` or another program wrote.
    format : str, optional
        ``"nc"``, ``"trc"`` or ``"csv"``; by default what the file's extension says.
    **options
        What only some formats take.  ``unit``: the length unit of the file, ``"m"``, ``"cm"`` or
        ``"mm"``, where its header is silent or wrong.  ``up`` or ``axes`` (trc, csv): which way the file's
        axes point (see `write_tracks`).  ``names`` (trc, csv): ``"mvtri"`` turns the marker names of OpenSim
        (``RHip``) into ours (``right_hip``).

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
    chosen = _choose(path, format)
    _check_options(chosen, chosen.read, options)
    if not path.is_file():
        what = "is a folder, where a file was expected" if path.is_dir() else "does not exist"
        raise MissingFileError(f"the tracks {path} cannot be read: it {what}; check the path")
    tracks = chosen.read(path, **options)
    validate_tracks(tracks)
    return tracks


def write_tracks(
    path: str | os.PathLike[str], tracks: xr.Dataset, format: str | None = None, **options: Any
) -> list[Path]:
    """Write 3D tracks to a file, whole or not at all.

    Parameters
    ----------
    path : path
        Where to; an existing file is replaced.
    tracks : xarray.Dataset
        Tracks: metres, z up.
    format : str, optional
        ``"nc"``, ``"trc"`` or ``"csv"``; by default what the file's extension says.
    **options
        What only some formats take.  ``up`` (trc, csv): ``"y"`` or ``"z"``, the axis that points up in the
        file.  ``axes`` (trc, csv): the same by the name of a preset (``"mvtri"``, ``"opensim"``, ``"gltf"``,
        ``"unity"``) or axis by axis, as in ``"yzx"`` or ``"xz-y"``.  ``names`` (trc, csv): ``"opensim"``
        writes ``RHip`` for ``right_hip``.  ``unit`` (trc): ``"m"`` or ``"mm"``.

    Returns
    -------
    list of Path
        The files that were written; several where a format holds one person a file (trc).

    Raises
    ------
    InputError
        If the format is not known, does not take an option, or `tracks` is not Tracks.
    """
    path = Path(path)
    chosen = _choose(path, format)
    _check_options(chosen, chosen.write, options)
    validate_tracks(tracks)
    if path.is_dir():
        raise InputError(
            f"{path} is a folder, where the name of a {chosen.name} file was expected; add a file name"
        )
    return chosen.write(path, tracks, **options)


def clock_rate(times: np.ndarray) -> float | None:
    """Return the frames a second that `times` (T,) in seconds amount to, None for fewer than two."""
    if len(times) < 2:
        return None
    return float(f"{(len(times) - 1) / (times[-1] - times[0]):.9g}")


def _choose(path: Path, format: str | None) -> TrackFormat:
    known = list_formats()
    if format is not None:
        for entry in known:
            if format == entry.name:
                return entry
        raise InputError(one_of(format, [entry.name for entry in known], "format of tracks"))
    for entry in known:
        if path.suffix.lower() in entry.extensions:
            return entry
    listed = ", ".join(extension for entry in known for extension in entry.extensions)
    ending = f"the extension {path.suffix!r}" if path.suffix else "no extension"
    raise InputError(
        f"{path.name} has {ending}, which no format of tracks has; use one of {listed}, or pass format="
    )


def _check_options(chosen: TrackFormat, function: Callable[..., Any], options: dict[str, Any]) -> None:
    taken = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    unknown = [name for name in options if name not in taken]
    if unknown:
        listed = ", ".join(taken) or "none"
        raise InputError(f"the format {chosen.name} has no option {unknown[0]!r} (its options: {listed})")
