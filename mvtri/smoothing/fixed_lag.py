"""`FixedLagSmoother`: the smoother of `rts` for frames that come one by one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kernels.smoothing.layout import LANES, RECORD_ROWS, STATE_ROWS
from mvtri.kernels.smoothing.measurements import pulls_of, read_information
from mvtri.kernels.smoothing.velocity_stream import push_velocity_model
from mvtri.smoothing.given import positive
from mvtri.smoothing.rts import LONGEST_GAP
from mvtri.smoothing.track_work import APART, WHOLE

Floats = NDArray[np.float64]
KERNELS = (read_information, pulls_of, push_velocity_model)


class Moment(NamedTuple):
    """P tracks at one time; NaN where a track is not known."""

    time: float  # s
    positions: Floats  # (P, 3) m
    covariances: Floats  # (P, 3, 3) m^2
    velocities: Floats  # (P, 3) m/s
    velocity_covariances: Floats  # (P, 3, 3) m^2/s^2


class FixedLagSmoother:
    """Smooths P tracks frame by frame, with what came up to now and, some frames later, up to then.

    Each result is that which `rts` gives for the frames that have come, with the same process noise and
    inflation, and normal errors (``tail=inf``).  Memory and time per frame do not grow.

    Parameters
    ----------
    tracks : int
        P.
    process : array_like, shape (P,) or ()
        Spectral density of the acceleration, m^2/s^3.
    lag : int
        How many frames later a position is final; 0 gives only what is known at once.
    inflation : float
        By how much covariances are multiplied because errors last.
    longest_gap : float
        s: for so long a track goes on without being measured.

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    def __init__(
        self,
        tracks: int,
        process: ArrayLike,
        lag: int = 0,
        inflation: float = 1.0,
        longest_gap: float = LONGEST_GAP,
    ):
        if int(lag) != lag or lag < 0:
            raise InputError(f"the lag is {lag}; expected a whole number of frames, 0 or more")
        if not 0 < inflation < np.inf:
            raise InputError(
                f"the inflation is {inflation}; expected a number above 0, 1 for independent errors"
            )
        self.process = positive(process, (tracks,))
        self.lag, self.inflation, self.longest_gap = int(lag), float(inflation), float(longest_gap)
        blocks, kept = -(-tracks // LANES), self.lag + 1
        self._states = np.zeros((blocks, STATE_ROWS))
        self._records = np.zeros((kept, blocks, RECORD_ROWS))
        self._keeps = np.zeros((kept, blocks, LANES))
        self._steps = np.zeros(kept)
        self._times = np.zeros(kept)
        self._waited = np.full((kept, tracks), np.inf)  # s since the track was measured
        self._origins = np.zeros((tracks, 3))
        self._seen = np.full(tracks, -np.inf)  # when each track was last measured, s
        self._count = 0
        self._information, self._pulls = np.empty((1, tracks, 6)), np.empty((1, tracks, 3))
        self._weighed, self._there = np.empty((1, tracks, 6)), np.empty((1, tracks), dtype=bool)
        self._weights = np.full((1, tracks), 1.0 / self.inflation)
        self._vectors, self._covariances = np.empty((4, tracks, 3)), np.empty((4, tracks, 6))

    def push(self, positions: ArrayLike, covariances: ArrayLike, time: float) -> tuple[Moment, Moment | None]:
        """Take in a frame.

        Parameters
        ----------
        positions, covariances : array_like, shapes (P, 3) and (P, 3, 3)
            m and m^2; NaN where missing.
        time : float
            s, later than that of the frame before.

        Returns
        -------
        (Moment, Moment or None)
            Now, from all frames up to this one; and `lag` frames ago, from the same frames: None as long as
            there is no such frame.

        Raises
        ------
        InputError
            If shapes are wrong, or the time is not later.
        """
        tracks = len(self.process)
        points = np.ascontiguousarray(positions, dtype=np.float64)
        matrices = np.ascontiguousarray(covariances, dtype=np.float64)
        if points.shape != (tracks, 3) or matrices.shape != (tracks, 3, 3):
            raise InputError(
                f"positions and covariances of a frame have the shapes {points.shape} and {matrices.shape}; "
                f"expected {(tracks, 3)} and {(tracks, 3, 3)}"
            )
        place, kept = self._count % (self.lag + 1), self.lag + 1
        before = self._times[place - 1 if self.lag else 0]
        if np.ndim(time) or np.asarray(time).dtype.kind not in "fiu" or not np.isfinite(time):
            raise InputError(f"the time of a frame is {str(time)[:40]}; expected seconds")
        if self._count and time <= before:
            raise InputError(
                f"a frame at {time:.10g} s came after one at {before:.10g} s; push frames in the order of "
                "their times"
            )
        self._measure(points, matrices, float(time), place)
        self._steps[place] = time - before if self._count else 0.0
        self._times[place] = time
        lag = min(self.lag, self._count)
        push_velocity_model(
            self._pulls[0],
            self._weighed[0],
            self._starts,
            self.process,
            self._states,
            self._records,
            self._keeps,
            self._steps,
            place,
            lag,
            self._vectors,
            self._covariances,
        )
        self._count += 1
        now = self._moment(0, place)
        return now, self._moment(2, (place + 1) % kept) if self._count > self.lag else None

    def _measure(self, points: Floats, matrices: Floats, time: float, place: int) -> None:
        """Set what was measured, relative to where each track was seen first."""
        read_information(points[None], matrices[None], self._information, self._there)
        there = self._there[0]
        self._starts = there & (time - self._seen > max(APART, self.longest_gap))
        new = there & np.isneginf(self._seen)
        self._origins[new] = points[new]
        values = np.where(there[:, None], points - self._origins, 0.0)
        pulls_of(values[None], self._information, self._weights, self._weighed, self._pulls)
        self._seen[there] = time
        self._waited[place] = time - self._seen

    def _moment(self, which: int, place: int) -> Moment:
        """Return one of the two moments that the kernel wrote; `place` says of which frame it is."""
        unknown = ~(self._waited[place] <= self.longest_gap)
        vectors, covariances = self._vectors[which : which + 2].copy(), self._covariances[which : which + 2]
        vectors[0] += self._origins
        vectors[:, unknown] = np.nan
        square = covariances[..., WHOLE].reshape(2, -1, 3, 3)
        square[:, unknown] = np.nan
        return Moment(float(self._times[place]), vectors[0], square[0], vectors[1], square[1])
