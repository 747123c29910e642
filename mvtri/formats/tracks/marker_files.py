"""What files of markers of one person (TRC, STO) share: from arrays to Tracks, and one file per person."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.tracks.axes import check_extent
from mvtri.formats.tracks.clock import frame_rate
from mvtri.formats.tracks.markers import check_names, skeleton_of, translate
from mvtri.formats.tracks.per_person import paths_per_person
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks, to_array
from mvtri.units import metres_per


def person_tracks(
    path: Path,
    values: np.ndarray,
    times: np.ndarray,
    markers: list[str],
    *,
    unit: str,
    given: bool,
    matrix: np.ndarray,
    names: str | None,
    fps: float | None,
    source: str,
) -> xr.Dataset:
    """Return the Tracks of one person's markers.

    Parameters
    ----------
    path : Path
        The file, for messages and the provenance.
    values : ndarray, shape (T, K, 3)
        In the file's unit and axes; a marker with a coordinate that is not finite is missing.
    times : ndarray, shape (T,)
        s.
    markers : list of str
        K names in the file.
    unit : str
        The file's unit of length.
    given : bool
        Whether the caller said so, and not the file.
    matrix : ndarray, shape (3, 3)
        From world to file coordinates (`axis_matrix`).
    names : str, optional
        See `translate`.
    fps : float, optional
    source : str
        What wrote such files.

    Raises
    ------
    InputError
        If these are no person's size.
    """
    points = values * metres_per(unit)
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    check_extent(path, points, unit, given)
    check_names(path, markers)
    keypoints = translate(markers, names)
    return make_tracks(
        (points @ matrix)[:, None],
        keypoints=keypoints,
        fps=fps,
        times=times,
        skeleton=skeleton_of(keypoints),
        source=source,
        provenance={"file": path.name, "unit": unit},
    )


def write_per_person(
    path: Path,
    tracks: xr.Dataset,
    matrix: np.ndarray,
    names: str | None,
    kind: str,
    text_of: Callable[[str, np.ndarray, np.ndarray, float, list[str]], str],
) -> list[Path]:
    """Write one text file per person; with several people, each file's name ends in the person's name.

    Parameters
    ----------
    path : Path
    tracks : Tracks
    matrix : ndarray, shape (3, 3)
        From metres in the world to the file's coordinates.
    names : str, optional
        See `translate`.
    kind : str
        What such a file is called, with its article: ``"a TRC file"``.
    text_of : callable
        ``text_of(file name, points (T, K, 3), times (T,), rate, markers)``, the content of a file; NaN where
        a marker is missing.

    Raises
    ------
    InputError
        If a name cannot stand in such a file.
    """
    markers = translate([str(name) for name in tracks[KEYPOINTS].to_numpy()], names)
    odd = [name for name in markers if not name.strip() or set(name) & set("\t\r\n")]
    if odd:
        raise InputError(f"the keypoint name {odd[0]!r} cannot be written to {kind}; rename the keypoint")
    times = tracks[TIME].to_numpy().astype(np.float64)
    rate = frame_rate(times, tracks.attrs.get("fps"))
    points = to_array(tracks).astype(np.float64) @ matrix.T
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    targets = paths_per_person(path, [str(name) for name in tracks[INDIVIDUALS].to_numpy()])
    for person, target in enumerate(targets):
        text = text_of(target.name, points[:, person], times, rate, markers)
        with atomic_file(target) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return targets
