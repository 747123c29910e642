"""What is known about the time of cameras."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SURE, NOTICED = 6e-5, 0.1  # chance of a larger offset if it is 0; frames: beyond both an offset is said
SURE_OF_WHOLE = 1e-3  # the same of an offset of a frame or more, which is not found by chance so easily
USEFUL = 0.5  # frames: what is known less well is not known


@dataclass(frozen=True)
class TimeOffsets:
    """How much later cameras show a moment than the first one that sees somebody.

    Attributes
    ----------
    cameras : tuple of str
        C names.
    frames : ndarray, shape (C,)
        Offsets at the middle of the recording, in frames: what the first one shows in frame t, camera c shows
        in frame ``t + frames[c]``.  NaN where the keypoints do not tell.
    sd : ndarray, shape (C,)
        Standard deviations of the offsets, frames; 0 for the first one.
    drift, drift_sd : ndarray, shape (C,)
        How many frames the offset grows per frame, and its standard deviation; NaN in a short recording.
    freedom : int
        Degrees of freedom of the standard deviations, since these are estimates, too.
    period : float
        Seconds per frame; NaN without a clock.
    middle : float
        Time of the middle of the recording, s (or its frame number).
    """

    cameras: tuple[str, ...]
    frames: NDArray[np.float64]
    sd: NDArray[np.float64]
    drift: NDArray[np.float64]
    drift_sd: NDArray[np.float64]
    freedom: int
    period: float
    middle: float

    @property
    def reference(self) -> str:
        """The camera that the offsets are relative to; empty where none is known."""
        first = np.flatnonzero((self.frames == 0.0) & (self.sd == 0.0))
        return self.cameras[first[0]] if len(first) else ""

    @property
    def interval(self) -> NDArray[np.float64]:
        """Half the width of the 95 % interval of each offset, frames, (C,)."""
        interval: NDArray[np.float64] = self._times_sd(0.05) * self.sd
        return interval

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which offsets the keypoints tell, (C,)."""
        return np.isfinite(self.frames) & (self.sd <= USEFUL)

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Which offsets are larger than chance and rounding explain, (C,)."""
        with np.errstate(invalid="ignore"):
            size = np.abs(self.frames)
            far = size > np.maximum(self._times_sd(SURE) * self.sd, NOTICED)
            far |= size > np.maximum(self._times_sd(SURE_OF_WHOLE) * self.sd, 1.0)
        significant: NDArray[np.bool_] = self.known & far
        return significant

    @property
    def drifting(self) -> NDArray[np.bool_]:
        """Which cameras run at another rate than the first one, beyond chance, (C,)."""
        with np.errstate(invalid="ignore"):
            drifting: NDArray[np.bool_] = self.known & (
                np.abs(self.drift) > self._times_sd(SURE) * self.drift_sd
            )
        return drifting

    def _times_sd(self, chance: float) -> float:
        """Return how many standard deviations are exceeded by this chance (Student's t)."""
        from scipy.special import stdtrit  # scipy.stats has it too, and takes half a second to import

        return -float(stdtrit(max(self.freedom, 1), 0.5 * chance))

    def at(self, frames: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
        """Return offsets (T, C) at frame numbers (T,), of which `middle` is the middle; unknown ones are 0.

        Drift counts where it is beyond chance.
        """
        drift = np.where(self.drifting, self.drift, 0.0)
        offsets = np.where(self.known, self.frames, 0.0)
        return offsets + (np.asarray(frames, dtype=np.float64)[:, None] - middle) * drift

    def record(self) -> dict[str, Any]:
        """Return the offsets in the form that provenance stores."""
        values = {"frames": self.frames, "sd": self.sd, "drift": np.where(self.drifting, self.drift, 0.0)}
        return {"cameras": list(self.cameras)} | {
            name: [float(f"{value:.4g}") for value in array] for name, array in values.items()
        }

    def sentences(self) -> list[str]:
        """Return what is worth saying: which cameras are late or early, and which run at another rate."""
        said = []
        for c in np.flatnonzero(self.significant | self.drifting):
            how = "later" if self.frames[c] > 0 else "earlier"
            size = abs(self.frames[c])
            also = f" ({1000 * size * self.period:.0f} ms)" if np.isfinite(self.period) else ""
            text = (
                f"{self.cameras[c]} shows each moment {size:.2f} frames{also} {how} than {self.reference} "
                f"(95 % interval: plus or minus {self.interval[c]:.2f})"
            )
            if self.drifting[c]:
                text += f", and that grows by {1e6 * self.drift[c]:.0f} frames in a million"
            said.append(text)
        return said
