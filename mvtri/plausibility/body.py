"""Whether a body can have this size.

A wrong unit or board size scales everything, and no reprojection error shows it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.plausibility.finding import Finding

# Lengths between keypoints as fractions of stature, after Drillis & Contini 1966 and Winter, *Biomechanics
# and Motor Control of Human Movement*, 2009, table 4.1, between the joints that detectors report.
SEGMENTS = {
    "upper arm": ("shoulder", "elbow", 0.172),
    "forearm": ("elbow", "wrist", 0.150),
    "thigh": ("hip", "knee", 0.244),
    "shank": ("knee", "ankle", 0.241),
    "trunk": ("shoulder", "hip", 0.295),
}
USUAL = 1.7  # m, the stature of an adult
ADULT = (1.35, 2.1)  # m
ANYBODY = (0.7, 2.35)  # m: from a child of one year
_ALIGN = (
    "If it is not from a board, the person gives the scale: mvtri calibrate align CALIB --tracks tracks.nc "
    "--height {height}."
)
UNITS = {
    "millimetres": 1e-3,
    "centimetres": 1e-2,
    "inches": 0.0254,
    "metres": 1.0,
}
KNOWN = 1.08  # between the statures that the limbs give and that was measured; proportions differ by 2 to 4 %
HEIGHTS = (0.4, 2.6)  # m, that anybody can state
LEAST_UNIT_FACTOR = 8.0  # smaller factors are those of boards
UNIT_MARGIN = 1.35  # between a stature and that of an adult
ODD_SEGMENT = 1.6  # between the statures that one kind of segment and all of them give
LEAST_FRAMES_SHARE = 0.02
UPRIGHT = 0.9  # of the way from ankles to shoulders along an axis, in the median frame
TURNS_UP = {"x": "zxy", "-x": "y-xz", "y": "xyz", "-y": "x-y-z", "-z": "x-zy"}  # y of a file up, no mirror


def segment_lengths(points: NDArray[np.float64], keypoints: Sequence[str]) -> dict[str, float]:
    """Return the median length, m, of each kind of segment, over frames and sides; those that are there.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        One person, m.
    keypoints : sequence of str
        K names.
    """
    place = {name: index for index, name in enumerate(keypoints)}
    found = {}
    for name, (upper, lower, _) in SEGMENTS.items():
        lengths = []
        for side in ("left", "right"):
            ends = [place.get(f"{side}_{end}") for end in (upper, lower)]
            if ends[0] is not None and ends[1] is not None:
                lengths.append(np.linalg.norm(points[:, ends[0]] - points[:, ends[1]], axis=-1))
        values = np.concatenate(lengths) if lengths else np.zeros(0)
        values = values[np.isfinite(values)]
        if len(values) > LEAST_FRAMES_SHARE * len(points):
            found[name] = float(np.median(values))
    return found


def stature_of(points: NDArray[np.float64], keypoints: Sequence[str]) -> float:
    """Return the stature, m, that the segments (T, K, 3) suggest; NaN with fewer than three kinds of them."""
    lengths = segment_lengths(points, keypoints)
    if len(lengths) < 3:
        return float("nan")
    return float(np.median([length / SEGMENTS[name][2] for name, length in lengths.items()]))


def check_height(height: float | None) -> None:
    """Check that `height` is a person's, in metres.

    Raises
    ------
    InputError
        If nobody is that tall.
    """
    if height is None or HEIGHTS[0] <= height <= HEIGHTS[1]:
        return
    guess = f"; if these are centimetres, pass {height / 100:g}" if 40 <= height <= 260 else ""
    raise InputError(
        f"the person's height is given as {height:g} m, and nobody is that tall; pass it in metres, such as "
        f"1.75{guess}"
    )


def check_body(
    points: NDArray[np.float64], keypoints: Sequence[str], whose: str = "", height: float | None = None
) -> list[Finding]:
    """Return what is wrong with the size of a person.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        m; NaN where missing.
    keypoints : sequence of str
        K names, as in `mvtri.skeletons`.
    whose : str
        The name of the person, where there are several.
    height : float, optional
        How tall the person really is, m.  It shows what a plausible stature hides: a scale that is wrong by
        ten per cent.
    """
    stature = stature_of(points, keypoints)
    if not np.isfinite(stature):
        return []
    if height is not None and not 1 / KNOWN <= stature / height <= KNOWN:
        return [_scale(stature, whose, height)]
    if height is None and not ADULT[0] <= stature <= ADULT[1]:
        return [_scale(stature, whose)]
    odd = _odd_segments(segment_lengths(points, keypoints), stature, whose)
    return odd + _axes(points, keypoints, whose)


def _axes(points: NDArray[np.float64], keypoints: Sequence[str], whose: str) -> list[Finding]:
    """Return a finding if the person stands upright along another axis of the world than z."""
    names = list(keypoints)
    ends = [
        [names.index(f"{side}_{joint}") for side in ("left", "right") if f"{side}_{joint}" in names]
        for joint in ("ankle", "shoulder")
    ]
    if not all(ends):
        return []
    low, high = (points[:, index].mean(axis=1) for index in ends)
    along = (high - low) / np.linalg.norm(high - low, axis=-1, keepdims=True)
    along = along[np.isfinite(along).all(axis=-1)]
    if len(along) < max(1, LEAST_FRAMES_SHARE * len(points)):
        return []
    direction = np.median(along, axis=0)
    axis = int(np.abs(direction).argmax())
    up = ("-" if direction[axis] < 0 else "") + "xyz"[axis]
    if up == "z" or abs(direction[axis]) < UPRIGHT:
        return []
    return [
        Finding(
            "axes",
            "check",
            f"{whose or 'The person'} stands along the axis {up} of the calibration's world, and mvtri takes "
            "z for up in tracks.trc and in the report. If nobody lies here, the world has other axes: write "
            f"OpenSim's file with mvtri convert tracks.nc tracks.trc --axes {TURNS_UP[up]}.",
        )
    ]


def _scale(stature: float, whose: str, height: float | None = None) -> Finding:
    factor = stature / (height or USUAL)
    who = f"person {whose}" if whose else "the person"
    found = f"By the lengths of the limbs, {who} is {_length(stature)} tall"
    unit = _unit_of(factor)
    if unit:
        return Finding("unit", "bad", f"{found}, about {_times(unit[0])}. {unit[1]}", unit[0])
    if height is not None:
        text = (
            f"{found}, but {height:.2f} m by the height that was given: everything is {_times(factor)}. The "
            "size of the calibration board's squares was probably entered wrong. Measure a square, and "
            f"calibrate again. {_ALIGN.format(height=f'{height:.2f}')}"
        )
        return Finding("board_size", "bad", text, factor)
    if not ANYBODY[0] <= stature <= ANYBODY[1]:
        text = (
            f"{found}, about {_times(factor)}, and nobody is. The size of the calibration board's squares "
            f"(or of another known length) was probably entered {_times(factor)}: correct it and calibrate "
            f"again. {_ALIGN.format(height='METRES')}"
        )
        return Finding("board_size", "bad", text, factor)
    text = (
        f"{found}. Some people are; if this one is not, everything is about {_times(factor)}: the size of "
        "the calibration board's squares was probably entered wrong. Measure a square, and calibrate again. "
        f"{_ALIGN.format(height='METRES')}"
    )
    return Finding("board_size", "check", text, factor)


def _unit_of(factor: float) -> tuple[float, str] | None:
    """Return the factor between two units that is near `factor`, and which unit was taken for which."""
    large = max(factor, 1.0 / factor)
    if large < LEAST_UNIT_FACTOR:
        return None
    best: tuple[float, float, str] | None = None
    for given, given_size in UNITS.items():
        for taken, taken_size in UNITS.items():
            ratio = taken_size / given_size  # lengths in `given` that are taken for `taken`
            off = abs(np.log(factor / ratio))
            if ratio != 1.0 and off < np.log(UNIT_MARGIN) and (best is None or off < best[0] - 1e-9):
                best = (off, ratio, f"{given} were probably taken for {taken}")
    if best is None:
        return None
    remedy = "Pass unit= to read_cameras, or --unit on the command line"
    if best[1] < 1.0:  # --unit does not help a file whose numbers are too small
        remedy += (
            f"; if it was read in that unit, multiply the translations in the file by {1 / best[1]:,.4g}"
        )
    if "inches" in best[2]:
        remedy = f"mvtri reads m, cm and mm: divide the translations in the file by {best[1]:.4g}"
    text = (
        f"The unit of the calibration is probably wrong: {best[2]} (a factor of "
        f"{max(best[1], 1 / best[1]):,.4g}). {remedy}. "
        "If the unit is right, the size of the calibration board's squares was entered wrong."
    )
    return best[1], text


def _odd_segments(lengths: dict[str, float], stature: float, whose: str) -> list[Finding]:
    odd = {
        name: length
        for name, length in lengths.items()
        if not 1 / ODD_SEGMENT <= length / SEGMENTS[name][2] / stature <= ODD_SEGMENT
    }
    if not odd:
        return []
    listed = ", ".join(f"{name} {length:.2f} m" for name, length in odd.items())
    of = f" of {whose}" if whose else ""
    return [
        Finding(
            "segments",
            "check",
            f"No person of {stature:.2f} m has such limbs{of}: {listed}. The keypoints may have the names of "
            "another skeleton, or the detector confuses some of them.",
        )
    ]


def _times(factor: float) -> str:
    size = max(factor, 1.0 / factor)
    number = f"{size:,.0f}" if size >= 100 else f"{size:.3g}"
    return f"{number} times too {'large' if factor > 1 else 'small'}"


def _length(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f} m"
    return f"{value:.2f} m" if value >= 0.1 else f"{1000 * value:.3g} mm"
