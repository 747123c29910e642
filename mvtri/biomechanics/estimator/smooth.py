"""`smooth_with_body`: smooth tracks whose keypoints are the markers of a body that was fitted to them."""

import logging
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.estimator.estimate import Estimate, estimate_body
from mvtri.biomechanics.fitting.inverse_kinematics import Settings
from mvtri.biomechanics.fitting.marker_data import Markers, information_of
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.biomechanics.person.observations import Observations, observations_of
from mvtri.biomechanics.person.placing import solve
from mvtri.biomechanics.person.size import scale_to_person
from mvtri.errors import InputError
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.kernels.inverse_kinematics.layout import Observed
from mvtri.smoothing import SmoothedTracks
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME
from mvtri.tracks.labels import SPACE, SPACE_OTHER

logger = logging.getLogger("mvtri")
Floats = NDArray[np.float64]
MISFIT = 0.001  # m, an axis: what a body that is rigid does not explain
_HEAVIEST, _LIGHTEST = 4.0, 10.0  # degrees of freedom of Student's t
_START = Settings(marker_sd=0.01)


def smooth_with_body(
    tracks: xr.Dataset, positions: Floats, covariances: Floats, done: SmoothedTracks
) -> tuple[SmoothedTracks, dict[str, Any]]:
    """Return smooth tracks in which keypoints that a body model has are its markers.

    Parameters
    ----------
    tracks : Tracks
        For labels and times.
    positions : ndarray, shape (T, N, K, 3)
        m; NaN where missing.
    covariances : ndarray, shape (T, N, K, 3, 3)
        Of what changes from frame to frame, m^2.
    done : SmoothedTracks
        The same tracks without a body: which points there are, how long errors last, their tail.  Keypoints
        that the body lacks stay as they are there, and so do people that no body fits.

    Returns
    -------
    SmoothedTracks
    record : dict
        For each person, the size of the body, times the model; or why it was not fitted.

    Raises
    ------
    InputError
        If no body fits anybody.
    """
    model = read_osim(MODEL_PATH)
    given = _with_values(tracks, positions, covariances)
    points, spread = done.positions.copy(), done.covariances.copy()
    sizes, reasons = dict[str, float](), dict[str, str]()
    for who, name in enumerate(map(str, tracks[INDIVIDUALS].to_numpy())):
        try:
            seen = observations_of(given, model, who)
            found, sizes[name] = _fitted(model, seen, done)
        except (InputError, np.linalg.LinAlgError) as error:
            reasons[name] = str(error)
            continue
        _take_markers(tracks, seen, found, points[:, who], spread[:, who], done.lasting)
    if not sizes:
        raise InputError(f"no body fits the tracks, so use batch or rts: {'; '.join(reasons.values())}")
    for name, reason in reasons.items():
        logger.warning("no body fits %s, whose tracks are smoothed by batch: %s", name, reason)
    return replace(done, positions=points, covariances=spread), {"bodies": sizes | reasons}


def _with_values(tracks: xr.Dataset, positions: Floats, covariances: Floats) -> xr.Dataset:
    """Return the tracks with other positions, and covariances of which nothing lasts."""
    dims = (TIME, INDIVIDUALS, KEYPOINTS, SPACE)
    place = xr.Variable(dims, positions).transpose(*tracks["position"].dims)
    spread = xr.Variable((*dims, SPACE_OTHER), covariances)
    if "covariance" in tracks:
        spread = spread.transpose(*tracks["covariance"].dims)
    lasting = [name for name in ("systematic_sd", "random_sd") if name in tracks]
    return tracks.drop_vars(lasting).assign({"position": place, "covariance": spread})


def _fitted(model: Model, seen: Observations, done: SmoothedTracks) -> tuple[Estimate, float]:
    """Return a person's body over time, and how large the person is, times the model."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.osim"
        size = scale_to_person(path, Path(MODEL_PATH), model, seen)
        scaled = read_osim(path)
    start = _without_gaps(solve(scaled, seen, _START, False, None).coordinates[:, scaled.free])
    return estimate_body(scaled, _observed(scaled, seen, done), seen.times, start), round(size, 4)


def _observed(model: Model, seen: Observations, done: SmoothedTracks) -> Observed:
    """Return the markers as kernels take them; errors that last count as `batch` takes them."""
    columns = [model.markers.index(name) for name in seen.names]
    places = np.full((len(seen.times), len(model.markers), 3), np.nan)
    spread = np.zeros((*places.shape, 3))
    places[:, columns], spread[:, columns] = seen.places, done.inflation * seen.covariances
    information = information_of(Markers(seen.times, places, spread), MISFIT)
    information[:, model.tree.marker_bodies < 0] = 0.0
    return Observed(places, information, float(np.clip(done.tail, _HEAVIEST, _LIGHTEST)))


def _without_gaps(free: Floats) -> Floats:
    """Return coordinates (T, F) with frames without any interpolated."""
    there = np.flatnonzero(np.isfinite(free).all(axis=1))
    every = np.arange(len(free))
    return np.stack([np.interp(every, there, column[there]) for column in free.T], axis=1)


def _take_markers(
    tracks: xr.Dataset, seen: Observations, found: Estimate, points: Floats, spread: Floats, lasting: float
) -> None:
    """Write the markers that were seen into points (T, K, 3) and covariances (T, K, 3, 3) that are there."""
    turn = axis_matrix(None, None, "opensim")
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    for name in seen.names:
        marker, keypoint = found.model.markers.index(name), keypoints.index(name)
        there = np.isfinite(points[:, keypoint, 0])
        points[there, keypoint] = found.markers[there, marker] @ turn
        whole = turn.T @ found.covariances[there, marker] @ turn
        spread[there, keypoint] = lasting * whole + MISFIT**2 * np.eye(3)
