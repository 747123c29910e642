"""What `mvtri calibrate people` and `mvtri calibrate rig` found, as JSON beside the calibration."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri._version import __version__
from mvtri.calib.beside import write_beside
from mvtri.calib.made_from import chosen_views
from mvtri.calib.people.found_rig import FoundRig
from mvtri.calib.people.result import PeopleCalibration
from mvtri.calib.pose_covariance import AXES


def record(found: PeopleCalibration) -> dict[str, Any]:
    """Return the result as values for JSON; lengths in m, angles in rad and degrees as named."""
    return {
        "mvtri": __version__,
        "chosen": found.chosen,
        "cameras": {
            name: {
                "turned_degrees": float(found.turns[i]),
                "turn_standard_deviation_degrees": _number(found.turn_deviations[i]),
                "moved_m": float(found.moves[i]),
                "move_standard_deviation_m": _number(found.move_deviations[i]),
                "held_out_error_before_px": _number(found.errors_before[i]),
                "held_out_error_px": _number(found.errors[i]),
            }
            for i, name in enumerate(found.cameras.names)
        },
        "choices": {choice.name: [_number(error) for error in choice.errors] for choice in found.choices},
        "residual_before_px": _number(found.residual_before),
        "residual_px": _number(found.residual),
        "noise_px": float(found.adjustment.sigma),
        "doubts": [doubt.text for doubt in found.doubts],
        **_covariance(list(found.adjustment.parameter_names), found.adjustment.covariance),
    }


def rig_record(found: FoundRig) -> dict[str, Any]:
    """Return a rig that was found from nothing as values for JSON; lengths in m, angles in rad."""
    names, focal = found.cameras.names, found.cameras.matrices[:, 0, 0]
    return {
        "mvtri": __version__,
        "cameras": {
            name: {
                "focal_length_px": float(focal[i]),
                "focal_length_standard_deviation_px": _number(found.focal_deviations[i] * focal[i]),
                "late_frames": float(found.shifts[i]),
            }
            for i, name in enumerate(names)
        },
        "height_m": _number(found.height),
        "residual_px": _number(found.residual),
        "noise_px": float(found.adjustment.sigma),
        "doubts": [doubt.text for doubt in found.doubts],
        **_covariance([f"{name} {axis}" for name in names for axis in AXES], found.pose_covariance),
    }


def _covariance(unknowns: list[str], values: NDArray[np.float64]) -> dict[str, Any]:
    """Return the part of a record that `read_pose_covariance` reads; nothing where it is not known."""
    return {"unknowns": unknowns, "covariance": values.tolist()} if np.isfinite(values).all() else {}


def write_record(
    calibration: str | os.PathLike[str],
    found: PeopleCalibration | FoundRig,
    recordings: Sequence[ArrayLike] = (),
) -> None:
    """Write the record beside a calibration, whole or not at all; a record that is there is replaced.

    Parameters
    ----------
    calibration : path
        Already written: the record names its content (`mvtri.calib.read_pose_covariance`).
    found : PeopleCalibration or FoundRig
    recordings : sequence of array_like, shape (T, K, C, 2)
        The 2D that it was made from: an audit with one of them says so.
    """
    tree = rig_record(found) if isinstance(found, FoundRig) else record(found)
    tree["made_from_views"] = chosen_views(recordings)
    write_beside(calibration, tree)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
