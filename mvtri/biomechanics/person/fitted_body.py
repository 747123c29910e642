"""`FittedBody`: a body model that fits a person, its coordinates and how sure they are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting import Kinematics
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.biomechanics.person.determined import Ranges, deviations_beside, ranges_of

Floats = NDArray[np.float64]
INTERVAL = 1.959964  # times the standard deviation is half of a 95 % interval


@dataclass(frozen=True)
class FittedBody:
    """A body model that fits a person.

    Attributes
    ----------
    person : str
        The individual of the tracks.
    osim : str
        The text of the model's file: scaled, markers moved.
    kinematics : Kinematics
        Of that model; its `covariances` are those of what changes from frame to frame.
    lasting : ndarray, shape (T, F, F)
        Covariances of what stays much the same in the recording: errors of keypoints that last, what the
        model does not explain, and where exactly the markers sit, which decides what counts as 0 degrees.
    size : float
        How large the person is, times the model; 1 where it was not scaled.
    marker_sd : float
        By how much markers differ from the model beyond their noise, an axis, m.
    moved : dict of str to float
        How far each marker was moved on its body, m.
    rms : dict of str to float
        Root mean square distance of each marker from its keypoint, m.
    clock : str
        ``"s"``, or ``"frames"`` where no frame rate is known and `kinematics.times` count frames.
    """

    person: str
    osim: str
    kinematics: Kinematics
    lasting: Floats
    size: float
    marker_sd: float
    moved: dict[str, float]
    rms: dict[str, float]
    clock: str = "s"

    @property
    def whole_rms(self) -> float:
        """Root mean square distance of all markers from their keypoints, m."""
        return float(np.sqrt(np.nanmean(self.kinematics.errors**2)))

    @cached_property
    def deviations(self) -> Floats:
        """Standard deviations of the free coordinates, (T, F), rad and m, of both parts together.

        They count that the others stay within their ranges; infinite where the markers tell nothing.
        """
        whole = self.kinematics.covariances + self.lasting
        return deviations_beside(whole, self._free, self._ranges)

    @cached_property
    def intervals(self) -> tuple[Floats, Floats]:
        """Ends of the 95 % intervals of the free coordinates, each (T, F), within the model's ranges.

        NaN where the markers do not determine a coordinate: where they tell it no better than its range
        does, whose uniform distribution has a standard deviation of the width divided by the root of 12.
        """
        half = INTERVAL * self.deviations
        known = (self.deviations < self._ranges.spread) & ~self._undetermined
        low = np.maximum(self._free - half, np.minimum(self._ranges.lower, self._free))
        high = np.minimum(self._free + half, np.maximum(self._ranges.upper, self._free))
        return np.where(known, low, np.nan), np.where(known, high, np.nan)

    @property
    def refused(self) -> dict[str, str]:
        """Free coordinates that the markers do not determine in the middle frame by sureness, and why."""
        unknowns = unknowns_of(self.kinematics.model)
        middle = _middle(self.deviations)
        return {
            unknowns.names[i]: _reason(middle[i], self._ranges.spread[i], bool(unknowns.angles[i]))
            for i in np.flatnonzero(self._undetermined)
        }

    @property
    def _undetermined(self) -> NDArray[np.bool_]:
        return np.asarray(~(_middle(self.deviations) < self._ranges.spread))

    @property
    def _free(self) -> Floats:
        return self.kinematics.coordinates[:, self.kinematics.model.free]

    @cached_property
    def _ranges(self) -> Ranges:
        return ranges_of(unknowns_of(self.kinematics.model), self._free)


def _middle(deviations: Floats) -> Floats:
    """Return the median over the frames that have any."""
    there = np.isfinite(deviations).any(axis=1)
    return np.asarray(np.median(deviations[there], axis=0) if there.any() else deviations[:1].ravel())


def _reason(found: float, spread: float, angle: bool) -> str:
    factor, unit = (180.0 / np.pi, "degrees") if angle else (1.0, "m")
    told = f"tell it to {factor * found:.2g} {unit}" if np.isfinite(found) else "do not tell it"
    return f"the markers {told}, its range alone to {factor * spread:.2g} {unit} (standard deviations)"
