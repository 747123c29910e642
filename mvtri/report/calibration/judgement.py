"""Whether a calibration from a board can be trusted: what the halves of the recording say of each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mvtri.calib.boards.session import BoardCalibration

ALIKE = 2.0  # times what is predicted, up to which the halves' difference says nothing against it
_LENSES = "the board is bent, pictures are blurred, or the lens is of another model"
_POSES = "a camera moved, the recordings are not of the same moments, or a lens is wrong"


def judgements(found: BoardCalibration) -> list[tuple[str, str]]:
    """Return levels, ``"good"`` or ``"check"``, and sentences; none where there are too few views.

    Standard deviations are a promise that holds if the lens model and the board are right.  Calibrations on
    halves of the views check it: each has twice the variance, and so their difference has four times that.
    """
    lenses = {name: one.trust for name, one in found.lenses.items()}
    return [*_judged(lenses, "lenses", _LENSES), *_judged(_rig_ratios(found), "poses", _POSES)]


def _rig_ratios(found: BoardCalibration) -> dict[str, float]:
    """Return for each camera by how much its places by halves differ, in what their covariance predicts."""
    rig = found.rig
    if rig is None or rig.half_distances is None:
        return {}
    spread = dict(zip(rig.adjustment.parameter_names, rig.adjustment.standard_deviations))
    ratios = {}
    for distance, name in zip(rig.half_distances, rig.cameras.names):
        sure = float(np.linalg.norm([spread.get(f"{name} move {axis}", 0.0) for axis in "xyz"]))
        ratios[name] = float(distance) / (2.0 * sure) if sure > 0.0 else float("nan")
    return ratios


def _judged(ratios: Mapping[str, float], what: str, causes: str) -> list[tuple[str, str]]:
    known = {name: ratio for name, ratio in ratios.items() if np.isfinite(ratio)}
    if not known:
        return []
    large = [name for name, ratio in known.items() if ratio > ALIKE]
    most = max(known.values())
    if not large:
        text = (
            f"The {what} found from the two halves of the views agree: they differ by at most {most:.1f} "
            "times what their standard deviations predict."
        )
        return [("good", text)]
    text = (
        f"The {what} of {', '.join(large)} found from the two halves of the views differ by up to "
        f"{most:.1f} times what their standard deviations predict, so these deviations are too small by "
        f"that factor. Likely: {causes}."
    )
    return [("check", text)]
