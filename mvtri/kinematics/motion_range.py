"""Range of motion: how far each angle of the body goes, without what noise and single frames add to it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.kinematics.body_angles import ANGLE, INTERVAL, shown_factor
from mvtri.tracks import INDIVIDUALS, TIME

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
HELD = 0.1  # s: an angle that is not kept up for half of this time does not count
_WINDOW = 5  # frames, where there is no clock
_FEWEST = 3  # frames that a window, and a recording, must have
_DOUBTFUL = 3.0  # times as uncertain as usual: such frames do not count
_MEDIAN = 0.454936  # of chi square with one degree of freedom
_NO_NOISE = 0.01  # of an angle's standard deviation: less trembling is none
_DRAWN = 20_000  # frames of fresh noise, at least one recording
_ENDS = ("lowest", "highest", "range")


def range_of_motion(angles: xr.Dataset) -> xr.Dataset:
    """Return how far each angle goes in a recording.

    The lowest and the highest value are those of a running median over 0.1 s (three frames at least), so one
    wrong frame does not count; nor do frames that are three times as uncertain as usual.  The extremes of
    noise, too, grow with the length of a recording.  So the noise is found from how the angle trembles from
    frame to frame (third differences), and what it adds to the extremes is found by adding as much again to
    a smooth course of the angle (parametric bootstrap), and subtracted.  Angles of smoothed tracks do not
    tremble, and keep what they have.

    Parameters
    ----------
    angles : xarray.Dataset
        From `mvtri.measure_body`.

    Returns
    -------
    xarray.Dataset
        ``lowest``, ``highest`` and ``range`` with the dimensions angle and individuals, rad (of curvature
        rad/m), and their standard deviations ``lowest_sd``, ``highest_sd`` and ``range_sd``.  These are those
        of the angle at its extremes; that of the range takes both to be independent, which is too much where
        an error is the same in the whole recording.  NaN where fewer than three frames have the angle.

    Raises
    ------
    InputError
        If `angles` is no such dataset.
    """
    if not isinstance(angles, xr.Dataset) or not {"value", "sd"} <= set(angles):
        raise InputError("these are no angles of a body; pass mvtri.measure_body(tracks).angles")
    values, spreads = (
        angles[name].transpose(ANGLE, INDIVIDUALS, TIME).to_numpy().astype(np.float64)
        for name in ("value", "sd")
    )
    window = _window(angles)
    found = {name: np.full(values.shape[:2], np.nan) for end in _ENDS for name in (end, f"{end}_sd")}
    turns = [shown_factor(str(name)) != 1.0 for name in angles[ANGLE].to_numpy()]
    for place in np.ndindex(*values.shape[:2]):
        extremes = _extremes(values[place], spreads[place], window, turns[place[0]])
        for name, value in extremes.items():
            found[name][place] = value
    dims = (ANGLE, INDIVIDUALS)
    coords = {name: angles[name] for name in dims}
    return xr.Dataset({name: (dims, one) for name, one in found.items()}, coords=coords)


def range_table(ranges: xr.Dataset) -> "pd.DataFrame":
    """Return ranges of motion as a table: a row for each individual and angle that is known.

    Parameters
    ----------
    ranges : xarray.Dataset
        From `range_of_motion`.

    Returns
    -------
    pandas.DataFrame
        ``individual``, ``angle``, and ``lowest``, ``highest``, ``range``, each with its 95 % interval
        (``_low`` and ``_high`` at the end of the name), in degrees (curvature in 1/m).
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for person in ranges[INDIVIDUALS].to_numpy():
        for name in ranges[ANGLE].to_numpy():
            one = ranges.sel({ANGLE: name, INDIVIDUALS: person})
            if np.isfinite(one["range"]):
                rows.append({"individual": str(person), "angle": str(name)} | _shown(one, str(name)))
    ends = [f"{end}{side}" for end in _ENDS for side in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["individual", "angle", *ends])


def _shown(one: xr.Dataset, name: str) -> dict[str, float]:
    factor = shown_factor(name)
    row: dict[str, float] = {}
    for end in _ENDS:
        middle, half = factor * float(one[end]), factor * INTERVAL * float(one[f"{end}_sd"])
        low = max(0.0, middle - half) if end == "range" else middle - half
        row |= {end: middle, f"{end}_low": low, f"{end}_high": middle + half}
    return row


def _window(angles: xr.Dataset) -> int:
    """Return the frames of the running median, an odd number."""
    times = angles[TIME].to_numpy().astype(np.float64)
    if angles.attrs.get("time_unit") == "frames" or len(times) < 2:
        return _WINDOW
    frames = HELD / float(np.median(np.diff(times)))
    return max(_FEWEST, 2 * int(frames / 2) + 1)


def _extremes(values: Floats, spreads: Floats, window: int, turns: bool) -> dict[str, float]:
    """Return lowest, highest and range of one angle (T,), and their standard deviations."""
    there = np.isfinite(values) & np.isfinite(spreads)
    if there.any():
        there &= spreads <= _DOUBTFUL * np.median(spreads[there])
    if there.sum() < _FEWEST:
        return {}
    sure = np.full(len(values), np.nan)
    sure[there] = np.unwrap(values[there]) if turns else values[there]
    middle = running_median(sure, window)
    added = _added_by_noise(sure, middle, min(_trembling(sure), float(np.median(spreads[there]))), window)
    found = {}
    for end, sign, too_far in (("lowest", -1.0, added[0]), ("highest", 1.0, added[1])):
        at = int(np.nanargmax(sign * middle))
        around = slice(max(0, at - window // 2), at + window // 2 + 1)
        found[end] = float(middle[at] - too_far)
        found[f"{end}_sd"] = float(np.median(spreads[around][there[around]]))
    if found["highest"] < found["lowest"]:  # all of it is noise
        found["lowest"] = found["highest"] = 0.5 * (found["lowest"] + found["highest"])
    found["range"] = found["highest"] - found["lowest"]
    found["range_sd"] = float(np.hypot(found["lowest_sd"], found["highest_sd"]))
    return found


def _added_by_noise(values: Floats, middle: Floats, noise: float, window: int) -> tuple[float, float]:
    """Return what noise adds to the lowest and to the highest of the running medians `middle` (T,).

    Fresh noise of that standard deviation is added to a smooth course, the mean of the medians over three
    windows, and its extremes are compared with those of the course (the parametric bootstrap).
    """
    if noise < _NO_NOISE * np.nanstd(values):
        return 0.0, 0.0
    smooth = _running_mean(middle, 3 * window)
    rng = np.random.default_rng(0)
    fresh = rng.normal(0.0, noise, (max(1, _DRAWN // len(values)), len(values)))
    noisy = running_median(smooth + fresh, window)
    low = np.nanmin(noisy, axis=-1).mean() - np.nanmin(smooth)
    high = np.nanmax(noisy, axis=-1).mean() - np.nanmax(smooth)
    return float(min(low, 0.0)), float(max(high, 0.0))


def _running_mean(values: Floats, window: int) -> Floats:
    """Return the means of the known ones of `window` values about each, NaN where that one is not known."""
    there = np.isfinite(values)
    kernel = np.ones(window)
    total, count = (
        np.convolve(one, kernel, mode="full")[window // 2 : window // 2 + len(values)]
        for one in (np.where(there, values, 0.0), there.astype(np.float64))
    )
    return np.asarray(np.where(there, total / np.maximum(count, 1.0), np.nan), dtype=np.float64)


def running_median(values: Floats, window: int) -> Floats:
    """Return the medians of `window` values (..., T) about each, NaN where fewer than half are known."""
    beyond = [(0, 0)] * (values.ndim - 1) + [(window // 2, window // 2)]
    padded = np.pad(values, beyond, constant_values=np.nan)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1), axis=-1)  # NaN last
    known = np.isfinite(around).sum(axis=-1)
    last = np.maximum(known - 1, 0)[..., None]
    lower, upper = (np.take_along_axis(around, at, axis=-1)[..., 0] for at in (last // 2, (last + 1) // 2))
    enough = 2 * known > window
    return np.asarray(np.where(enough, 0.5 * (lower + upper), np.nan) if enough.any() else values)


def _trembling(values: Floats) -> float:
    """Return the standard deviation of what changes from frame to frame; 0 where no four are in a row."""
    third = np.diff(values, n=3)
    third = third[np.isfinite(third)]
    return float(np.sqrt(np.median(third**2) / (20.0 * _MEDIAN))) if len(third) else 0.0
