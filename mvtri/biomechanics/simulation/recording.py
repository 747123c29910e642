"""The steps of the framework for one recording, with what each of them changed."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.body.definition import spine_deviations
from mvtri.biomechanics.fitting import Kinematics, Settings, inverse_kinematics
from mvtri.biomechanics.osim import Model
from mvtri.biomechanics.simulation.filtering import FILTERS, filter_markers
from mvtri.biomechanics.simulation.merging import Markers, Source, merge_simulated
from mvtri.biomechanics.simulation.upright import upright_share
from mvtri.errors import InputError, one_of

Floats = NDArray[np.float64]
FLATTENED = re.compile(
    r"lumbar_flexion|L\d_[LS]\d_flexion|L5_S1_Flex_Ext"
)  # what the published setup pulls to 0
SPINE_SD = np.radians(40.0)  # of each angle of a region, as in benchmarks/accuracy/body_model_fit.py


@dataclass(frozen=True)
class Preset:
    """How recordings are simulated.

    Attributes
    ----------
    settings : Settings
        Of inverse kinematics.
    over_time : bool
        Whether all frames are fitted together.
    filter : {"corrected", "published", "none"}
        Of the merged markers.
    flattening : float
        The weight, in m^2 / rad^2 beside the mean square distance of markers, that pulls lumbar flexion to 0;
        0 for none.
    """

    settings: Settings = field(default_factory=Settings)
    over_time: bool = True
    filter: str = "corrected"
    flattening: float = 0.0

    def __post_init__(self) -> None:
        if self.filter not in FILTERS:
            raise InputError(one_of(self.filter, list(FILTERS), "filter of simulated markers"))


PRESETS = {
    "default": Preset(),
    "published": Preset(Settings(freedom=np.inf), over_time=False, filter="published", flattening=1.0),
}


class Simulated(NamedTuple):
    """A recording after the six steps.

    Attributes
    ----------
    kinematics : Kinematics
    markers : Markers
        Filtered.
    summary : dict
        What each step changed, None where it had nothing to compare, the seconds that it took, and whether
        the body is upright (`upright_share`).
    """

    kinematics: Kinematics
    markers: Markers
    summary: dict[str, float | str | None]


def simulate_recording(
    model: Model,
    observed: Markers,
    times: Floats,
    preset: Preset,
    keep: Sequence[str] | None = None,
    workers: int | None = None,
) -> Simulated:
    """Do steps three to six: inverse kinematics, simulated markers, merging, and the filter.

    Parameters
    ----------
    model : Model
        Fitted to the person (`prepare_model`).
    observed : Markers
        From `merge_markers`.
    times : ndarray, shape (T,)
        s.
    preset : Preset
    keep : sequence of str, optional
        As `merge_simulated` takes it.
    workers : int, optional
        Threads.
    """
    clock = [time.perf_counter()]
    solved = inverse_kinematics(
        model, observed.positions, times, observed.names, settings=_settings(model, preset, observed),
        over_time=preset.over_time, workers=workers,
    )  # fmt: skip
    clock.append(time.perf_counter())
    merged = merge_simulated(observed, solved.markers, model.markers, keep)
    clock.append(time.perf_counter())
    rate = 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    smooth = filter_markers(merged.positions, rate, preset.filter) if len(times) > 1 else merged.positions
    clock.append(time.perf_counter())
    seconds = np.diff(clock)
    upright, axis = upright_share(model, solved.markers)
    summary: dict[str, float | str | None] = {
        "frames": float(len(times)),
        "predicted_share": _share(observed, Source.PREDICTED),
        "missing_share": _share(observed, Source.MISSING),
        "sources_apart_mm": _rms_mm(observed.distances),
        "model_to_markers_mm": _rms_mm(solved.errors),
        "at_bound_share": float(solved.at_bound.mean()),
        "simulated_share": _share(merged, Source.SIMULATED),
        "filter_changed_mm": _rms_mm(np.linalg.norm(smooth - merged.positions, axis=-1)),
        "upright_share": upright,
        "up_axis": axis,
        "inverse_kinematics_s": float(seconds[0]),
        "merging_s": float(seconds[1]),
        "filter_s": float(seconds[2]),
    }
    return Simulated(solved, merged._replace(positions=smooth), summary)


def with_priors(model: Model, settings: Settings) -> Settings:
    """Return the settings with the priors that share a bend among the joints of our own model's spine."""
    defaults = {model.coordinates[q]: float(model.defaults[q]) for q in model.free}
    shared = {
        name: (defaults[name], sd) for name, sd in spine_deviations(SPINE_SD).items() if name in defaults
    }
    return replace(settings, priors={**shared, **settings.priors})


def _settings(model: Model, preset: Preset, observed: Markers) -> Settings:
    """Return the settings, with the published pull of lumbar flexion to 0 where the preset has one.

    A mean square distance of M markers + weight q^2 is, times M / sd^2, a sum of squares and a prior of
    standard deviation sd / sqrt(M weight).
    """
    settings = with_priors(model, preset.settings)
    if preset.flattening <= 0.0:
        return settings
    free = [model.coordinates[q] for q in model.free]
    count = sum(name in observed.names for name in model.markers)
    sd = float(preset.settings.marker_sd / np.sqrt(preset.flattening * max(count, 1)))
    pulled = {name: (0.0, sd) for name in free if FLATTENED.fullmatch(name)}
    return replace(settings, priors={**settings.priors, **pulled})


def _share(markers: Markers, source: Source) -> float:
    return float((markers.sources == source).mean())


def _rms_mm(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return 1e3 * float(np.sqrt(np.mean(known**2))) if len(known) else None
