"""`fit_bodies`: a body model for each person of tracks."""

from __future__ import annotations

import logging
from os import PathLike
from typing import TYPE_CHECKING

import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS

if TYPE_CHECKING:
    from mvtri.biomechanics import FittedBody

logger = logging.getLogger("mvtri")


def fit_bodies(tracks: xr.Dataset, model: str | PathLike[str] | None = None) -> list[FittedBody]:
    """Fit a body model to each person; a person that it does not fit is named in a warning and left out.

    Parameters
    ----------
    tracks : Tracks
    model : path-like, optional
        See `mvtri.biomechanics.fit_tracks`.

    Raises
    ------
    MissingFileError
        If there is no such model.
    """
    from mvtri.biomechanics import fit_tracks

    found = []
    for name in map(str, tracks[INDIVIDUALS].to_numpy()):
        try:
            found.append(fit_tracks(tracks, model, individual=name))
        except InputError as error:
            logger.warning("no body was fitted to %s: %s", name, error)
    return found
