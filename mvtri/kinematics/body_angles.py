"""Tracks in, out: tracks whose spine lies on a smooth curve, and the body's angles with intervals."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.kinematics.limb_angles import limb_angles
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.kinematics.spine_angles import Angles, spine_angles
from mvtri.kinematics.spine_curve import SMOOTHED, SpineFit, fit_spine, has_sides, learn_person
from mvtri.progress import Progress, no_progress
from mvtri.tracks import (
    INDIVIDUALS,
    KEYPOINTS,
    TIME,
    Status,
    make_tracks,
    provenance_of,
    to_array,
    validate_tracks,
)

if TYPE_CHECKING:
    import pandas as pd

ANGLE = "angle"  # the dimension that names angles
FREE = "free_position"
_PART = 1024  # frames of a spine at a time; a multiple of what is fitted together
INTERVAL = 1.96  # standard deviations on either side: 95 % of a normal distribution
_OF_FREE_POINTS = ["random_sd", "systematic_sd"]  # which the curve's covariances do not tell apart
PER_METRE = "_curvature"  # angles with this ending are curvatures
_ALWAYS = "trunk_lean"  # known wherever the curve is


class Spine(NamedTuple):
    """What `measure_body` gives.

    Attributes
    ----------
    tracks : xarray.Dataset
        Tracks whose spine lies on a curve.
    angles : xarray.Dataset
        Angles of spine and limbs.
    """

    tracks: xr.Dataset
    angles: xr.Dataset


def measure_body(tracks: xr.Dataset, progress: Progress | None = None) -> Spine:
    """Lay a smooth curve through the spine of tracks, and measure the angles of the body.

    Parameters
    ----------
    tracks : xarray.Dataset
        Tracks with covariances; smoothed over time, if they are to be (`mvtri.smooth`).
    progress : callable, optional
        Called as ``progress("measure", done, total)``, in frames of all people.

    Returns
    -------
    Spine
        ``tracks``: a copy in which the points of the spine, and those that it carries (hips, shoulders,
        clavicles, latissimi, head), lie where the curve says, with its covariances; ``free_position`` holds
        what they were.  Random and systematic parts are no longer told apart.  Points that were missing get
        the status `Status.FILLED`.  Frames without an answer stay as they were, and so do tracks without a
        spine's keypoints or without a left and a right of the trunk.  ``angles``: the variables ``value`` and
        ``sd`` (standard deviation) in rad, of curvature in rad/m, with the dimensions time, angle,
        individuals; the attribute ``refused`` says in JSON which angles are not given, and why.

    Raises
    ------
    InputError
        If the tracks have no covariances.
    """
    validate_tracks(tracks)
    if "covariance" not in tracks:
        raise InputError(
            "these tracks have no covariances, which the spine's curve is fitted with; pass tracks that "
            "mvtri triangulated, such as result/tracks.nc"
        )
    names = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    bends = has_spine(names)
    points = to_array(tracks).astype(np.float64)
    covariances = to_array(tracks, "covariance").astype(np.float64)
    shared = SMOOTHED if "smooth" in provenance_of(tracks) else 0.0
    constant = _constant_share(tracks)
    report, total = progress or no_progress, points.shape[0] * points.shape[1]
    if total:
        report("measure", 0, total)  # time is counted from here
    found: list[Angles] = []
    refused: dict[str, str] = {}
    curved, spreads = points.copy(), covariances.copy()
    for person in range(points.shape[1]):
        begun = person * len(points)
        angles = limb_angles(points[:, person], covariances[:, person], names)
        if bends:
            step = _counted_from(begun, total, report)
            of_spine, refused = _lay_curve(
                curved[:, person], spreads[:, person], names, shared, constant[:, person], step
            )
            angles = of_spine | angles
        found.append(angles)
    if total and not bends:
        report("measure", total, total)
    new = _with_points(tracks, curved, spreads) if bends else tracks.copy()
    return Spine(new, _label(tracks, found, refused))


def _constant_share(tracks: xr.Dataset) -> np.ndarray:
    """Return the share (T, N, K) of the variance of points that is the same in all frames."""
    if not set(_OF_FREE_POINTS) <= set(tracks):
        return np.zeros(to_array(tracks).shape[:-1])
    changes, stays = ((to_array(tracks, name).astype(np.float64) ** 2).sum(-1) for name in _OF_FREE_POINTS)
    whole = changes + stays
    share = np.divide(stays, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.asarray(np.nan_to_num(share), dtype=np.float64)


def _counted_from(begun: int, total: int, report: Progress) -> Callable[[int], None]:
    """Return what reports how many frames of a person are done, after those of the people before."""
    return lambda done: report("measure", begun + done, total)


def _lay_curve(
    points: np.ndarray,
    covariances: np.ndarray,
    names: list[str],
    shared: float,
    constant: np.ndarray,
    report: Callable[[int], None],
) -> tuple[Angles, dict[str, str]]:
    """Move the points of a person's spine (T, K, 3) onto a curve, with its covariances; return the angles.

    What is the same in all frames is learned first.  Then parts of the recording follow one another, for
    which `report` is called with the number of frames that are done.
    """
    person = learn_person(points, covariances, names, shared=shared, constant=constant)
    parts: list[Angles] = []
    refused: dict[str, str] = {}
    for first in range(0, max(len(points), 1), _PART):
        frames = slice(first, first + _PART)
        spine = fit_spine(points[frames], covariances[frames], names, person=person)
        _take_over(spine, names, points[frames], covariances[frames])
        angles, refused = spine_angles(spine)
        parts.append(angles)
        report(min(first + _PART, len(points)))
    whole = {
        name: (
            np.concatenate([part[name][0] for part in parts]),
            np.concatenate([part[name][1] for part in parts]),
        )
        for name in parts[0]
    }
    return whole, refused


def _take_over(spine: SpineFit, names: list[str], points: np.ndarray, covariances: np.ndarray) -> None:
    """Write the points of a spine over those of a person (T, K, 3), and the covariances, where known."""
    at = [names.index(name) for name in spine.keypoints]
    answered = np.isfinite(spine.points)
    points[:, at] = np.where(answered, spine.points, points[:, at])
    covariances[:, at] = np.where(answered[..., None], spine.covariances, covariances[:, at])


def has_spine(keypoints: Sequence[str]) -> bool:
    """Return whether a curve can be laid through the spine of people with these keypoints."""
    return set(CHAIN) <= set(keypoints) and has_sides(keypoints)


def curve_of(measured: Spine) -> xr.Dataset | None:
    """Return Tracks of the nine points of the spine on its curve, NaN in frames without an answer.

    Parameters
    ----------
    measured : Spine
        From `measure_body`.

    Returns
    -------
    xarray.Dataset or None
        With covariances; None where the skeleton has no spine.
    """
    tracks, angles = measured
    if FREE not in tracks:
        return None
    chain = tracks.sel({KEYPOINTS: list(CHAIN)})
    answered = np.isfinite(angles["value"].sel({ANGLE: _ALWAYS}).transpose(TIME, INDIVIDUALS).to_numpy())
    points = np.where(answered[:, :, None, None], to_array(chain), np.nan)
    covariances = np.where(answered[:, :, None, None, None], to_array(chain, "covariance"), np.nan)
    return make_tracks(
        points,
        keypoints=CHAIN,
        fps=tracks.attrs.get("fps"),
        times=tracks[TIME].to_numpy(),
        covariance=covariances,
        individuals=[str(name) for name in tracks[INDIVIDUALS].to_numpy()],
        skeleton=str(tracks.attrs.get("skeleton", "")),
        provenance=provenance_of(tracks),
    ).drop_vars("status")  # whose reasons are those of triangulation


def angle_table(angles: xr.Dataset) -> "pd.DataFrame":
    """Return angles as a table: a row for each time and individual.

    Parameters
    ----------
    angles : xarray.Dataset
        From `measure_body`.

    Returns
    -------
    pandas.DataFrame
        ``time`` (``frame`` where there is no clock), ``individual``, and for each angle its value and, with
        ``_low`` and ``_high`` at the end of the name, its 95 % interval, in degrees (curvature in 1/m).
    """
    import pandas as pd

    people = [str(name) for name in angles[INDIVIDUALS].to_numpy()]
    value = angles["value"].transpose(TIME, INDIVIDUALS, ANGLE).to_numpy()
    spread = INTERVAL * angles["sd"].transpose(TIME, INDIVIDUALS, ANGLE).to_numpy()
    clock = "frame" if angles.attrs.get("time_unit") == "frames" else "time"
    columns: dict[str, Any] = {
        clock: np.repeat(angles[TIME].to_numpy(), len(people)),
        "individual": people * len(value),
    }
    for index, name in enumerate(angles[ANGLE].to_numpy()):
        factor = shown_factor(str(name))
        middle, half = (factor * values[..., index].ravel() for values in (value, spread))
        columns |= {str(name): middle, f"{name}_low": middle - half, f"{name}_high": middle + half}
    return pd.DataFrame(columns)


def shown_factor(angle: str) -> float:
    """Return what an angle of that name is multiplied by to be shown: to degrees, but not curvatures."""
    return 1.0 if angle.endswith(PER_METRE) else 180.0 / np.pi


def _with_points(tracks: xr.Dataset, points: np.ndarray, covariances: np.ndarray) -> xr.Dataset:
    curved = tracks.drop_vars(_OF_FREE_POINTS, errors="ignore")
    curved[FREE] = tracks["position"]
    for name, values in (("position", points), ("covariance", covariances)):
        old = tracks[name]
        order = [TIME, INDIVIDUALS, KEYPOINTS, *(dim for dim in old.dims if str(dim).startswith("space"))]
        array = xr.DataArray(values.astype(old.dtype), dims=order, attrs=old.attrs)
        curved[name] = array.transpose(*old.dims)
    if "status" in tracks:
        fresh = np.isfinite(points).all(axis=-1) & ~np.isfinite(to_array(tracks)).all(axis=-1)
        filled = xr.DataArray(fresh, dims=[TIME, INDIVIDUALS, KEYPOINTS])
        status = tracks["status"].where(~filled, int(Status.FILLED)).transpose(*tracks["status"].dims)
        curved["status"] = status.astype(tracks["status"].dtype).assign_attrs(tracks["status"].attrs)
    record = provenance_of(tracks) | {"spine": {"curve": "smooth field of rotations", "chain": list(CHAIN)}}
    curved.attrs["provenance"] = json.dumps(record)
    return curved


def _label(tracks: xr.Dataset, found: list[Angles], refused: dict[str, str]) -> xr.Dataset:
    names = list(dict.fromkeys(name for angles in found for name in angles))
    shape = (tracks.sizes[TIME], len(names), len(found))
    values, spreads = np.full(shape, np.nan), np.full(shape, np.nan)
    for person, angles in enumerate(found):
        for name, (value, spread) in angles.items():
            values[:, names.index(name), person], spreads[:, names.index(name), person] = value, spread
    dims = (TIME, ANGLE, INDIVIDUALS)
    attrs = {key: tracks.attrs[key] for key in ("time_unit", "fps", "skeleton") if key in tracks.attrs}
    return xr.Dataset(
        {"value": (dims, values), "sd": (dims, spreads)},
        coords={TIME: tracks[TIME], ANGLE: names, INDIVIDUALS: tracks[INDIVIDUALS]},
        attrs=attrs | {"ds_type": "angles", "refused": json.dumps(refused)},
    )
