"""`fit_bodies`: a body model for each person of tracks."""

from __future__ import annotations

import logging
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple

import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, KEYPOINTS

if TYPE_CHECKING:
    from mvtri.biomechanics import FittedBody
    from mvtri.detection import Detector
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")


class Bodies(NamedTuple):
    """What became of the people of tracks.

    Attributes
    ----------
    fitted : list of FittedBody
    reasons : dict of str to str
        For each person without a body, why.
    """

    fitted: list[FittedBody]
    reasons: dict[str, str]


def check_body(
    model: str | PathLike[str], source: Session | xr.Dataset, detector: Detector | None = None
) -> None:
    """Check that the markers of a body model have the names of keypoints.

    Parameters
    ----------
    model : path-like
    source, detector
        As `mvtri.reconstruct` takes them: Detections, or a session and the network that will see it.

    Raises
    ------
    MissingFileError
        If there is no such model.
    InputError
        If it cannot be read, or too few of its markers are keypoints.
    """
    from mvtri.biomechanics import pair_markers, read_osim

    if isinstance(source, xr.Dataset):
        pair_markers([str(name) for name in source[KEYPOINTS].to_numpy()], read_osim(model))
    elif detector is not None:
        pair_markers(detector.keypoints, read_osim(model))


def fit_bodies(tracks: xr.Dataset, model: str | PathLike[str] | None = None) -> Bodies:
    """Fit a body model to each person; a person that it does not fit is named in a warning.

    Parameters
    ----------
    tracks : Tracks
    model : path-like, optional
        See `mvtri.biomechanics.fit_tracks`.

    Returns
    -------
    Bodies

    Raises
    ------
    MissingFileError
        If there is no such model.
    """
    from mvtri.biomechanics import fit_tracks

    found = Bodies([], {})
    for name in map(str, tracks[INDIVIDUALS].to_numpy()):
        try:
            found.fitted.append(fit_tracks(tracks, model, individual=name))
        except InputError as error:
            found.reasons[name] = str(error)
            logger.warning("no body was fitted to %s: %s", name, error)
    return found
