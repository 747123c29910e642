"""`Stream`: a person in 3D while the cameras run."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.smoothing import MEASURED, FixedLagSmoother, Moment, rts
from mvtri.tracks import make_tracks
from mvtri.triangulation import (
    FrameTriangulator,
    Noise,
    TriangulationOptions,
    TriangulationResult,
    triangulate,
)

Floats = NDArray[np.float64]
LEARN_AFTER = (3, 10, 30, 100)  # frames
LEAST_PROCESS = 1e-3  # m^2/s^3: who stands still while the stream learns may walk later
FIRST_NOISE, FIRST_PROCESS = 5.0, 10.0  # px, m^2/s^3, until there are frames to learn from


@dataclass(frozen=True)
class StreamFrame:
    """What is known when a frame has come.

    Attributes
    ----------
    time : float
        s.
    measured : TriangulationResult
        The K points of this frame alone.
    now : Moment
        Position and velocity now, from all frames up to this one.
    delayed : Moment or None
        The same for the frame `lag` frames ago, from the same frames; None until there is one.
    """

    time: float
    measured: TriangulationResult
    now: Moment
    delayed: Moment | None


class Stream:
    """Triangulates and smooths the keypoints of one person frame by frame.

    Time and memory per frame do not grow.  With the noise, the process noise and the inflation given, the
    points are bit for bit those of `triangulate` for all frames at once, and each moment is that of
    `mvtri.smoothing.rts` for the frames that have come (normal errors).  Not for several threads at once.

    Parameters
    ----------
    cameras : CameraGroup
        C cameras.
    keypoints : sequence of str or int
        K names, or how many there are.
    lag : int
        How many frames later a position is final.
    noise : float, array_like of shape (C,) or (K, C), or Noise, optional
        As for `triangulate`.  By default it is learned from the frames so far after 3, 10, 30 and 100 frames,
        and stays then; until the third frame it is 5 px.  Learning takes some ten milliseconds each time.
    process : float or array_like, shape (K,), optional
        As for `mvtri.smoothing.rts`, m^2/s^3.  Learned in the same way by default; 10 until then.
    inflation : float, optional
        As for `mvtri.smoothing.rts`.  Learned in the same way by default.
    lasting : float, optional
        By how much covariances grow because slow errors remain, such as `lasting` of an earlier stream or of
        `mvtri.smoothing.SmoothedTracks`; at least 1.  Learned together with the inflation by default; 1 where
        the inflation is given.
    history : int
        How many frames `tracks` holds.
    min_cameras, threshold, undistort, options, seed
        As for `triangulate` (`seed` is its `rng`).

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    def __init__(
        self,
        cameras: CameraGroup,
        keypoints: Sequence[str] | int,
        *,
        lag: int = 5,
        noise: Noise | ArrayLike | None = None,
        process: ArrayLike | None = None,
        inflation: float | None = None,
        lasting: float | None = None,
        history: int = 500,
        min_cameras: int = 2,
        threshold: float | None = None,
        undistort: bool = True,
        options: TriangulationOptions | None = None,
        seed: int = 0,
    ):
        self.keypoints = _names(keypoints)
        if not self.keypoints or history < 1 or int(history) != history:
            raise InputError(
                f"a stream of {len(self.keypoints)} keypoints with a history of {history} frames was asked "
                "for; expected 1 or more of both"
            )
        if lasting is not None and not 1.0 <= lasting < np.inf:
            raise InputError(
                f"lasting is {lasting}; expected a number from 1 (no slow errors) on, such as the one that "
                "an earlier stream learned"
            )
        self.cameras, self.lag, self._seed = cameras, lag, seed
        self._options: dict[str, Any] = {
            "min_cameras": min_cameras,
            "threshold": threshold,
            "undistort": undistort,
            "options": options,
        }
        self._given, self._given_lasting = (noise, process, inflation), lasting
        self._early: list[_Frame2D] | None = [] if any(one is None for one in self._given) else None
        self._frames: deque[StreamFrame] = deque(maxlen=int(history))
        self._count = 0
        self._growth = 1.0 if lasting is None else float(lasting)
        self._start(
            FIRST_NOISE if noise is None else noise,
            FIRST_PROCESS if process is None else process,
            1.0 if inflation is None else inflation,
        )

    @property
    def noise(self) -> Noise:
        """The noise of the 2D that is used now."""
        return self._triangulator.noise

    @property
    def process(self) -> Floats:
        """The process noise that is used now, m^2/s^3, (K,)."""
        return self._smoother.process

    @property
    def inflation(self) -> float:
        """What the covariances of the measurements are multiplied with now."""
        return self._smoother.inflation

    @property
    def lasting(self) -> float:
        """By how much covariances grow now because slow errors remain."""
        return self._growth

    def push(
        self,
        points2d: ArrayLike,
        time: float,
        scores: ArrayLike | None = None,
        covariances: ArrayLike | None = None,
    ) -> StreamFrame:
        """Take in the 2D of a frame.

        Parameters
        ----------
        points2d : array_like, shape (K, C, 2)
            px; NaN where missing.
        time : float
            s, later than that of the frame before.
        scores : array_like, shape (K, C), optional
            0..1.
        covariances : array_like, shape (K, C, 2, 2), optional
            px^2, up to the factor `noise`.

        Returns
        -------
        StreamFrame

        Raises
        ------
        InputError
            If shapes or values are wrong, or the time is not later.  The stream goes on as if that frame had
            not come.
        """
        measured = self._triangulator(points2d, scores, covariances, self._count)
        frame = self._smoothed(measured, time)
        self._frames.append(frame)
        self._count += 1
        if self._early is not None:
            self._early.append(_Frame2D(np.array(points2d), frame.time, _copy(scores), _copy(covariances)))
            if self._count in LEARN_AFTER:
                self._learn(self._early)
            if self._count == LEARN_AFTER[-1]:
                self._early = None
        return frame

    def tracks(self) -> xr.Dataset:
        """Return the last frames as Tracks.

        Positions are the delayed ones where there are any, those of the moment in the last frames;
        ``measured_position`` holds what each frame alone gave.
        """
        if not self._frames:
            raise InputError("no frame has come yet; push one first")
        frames = list(self._frames)
        moments = [frame.now for frame in frames]
        for place, frame in enumerate(frames):
            if frame.delayed is not None and place >= self.lag:
                moments[place - self.lag] = frame.delayed
        measured = np.stack([frame.measured.points for frame in frames])[:, None]
        tracks = make_tracks(
            np.stack([moment.positions for moment in moments])[:, None],
            keypoints=self.keypoints,
            times=np.array([frame.time for frame in frames]),
            fps=self._rate(),
            covariance=np.stack([moment.covariances for moment in moments])[:, None],
            status=np.stack([frame.measured.status for frame in frames])[:, None],
            inliers=np.stack([frame.measured.inliers for frame in frames])[:, None],
            residuals=np.stack([frame.measured.residuals for frame in frames])[:, None],
            cameras=self.cameras.names,
            provenance={
                "stream": {
                    "lag": self.lag,
                    "first_frame": self._count - len(frames),
                    "noise": self.noise.record(),
                }
            },
        )
        dims = ("time", "individuals", "keypoints", "space")
        tracks[MEASURED] = xr.DataArray(measured, dims=dims).transpose(*tracks["position"].dims)
        return tracks

    def _rate(self) -> float | None:
        times = np.array([frame.time for frame in self._frames])
        return float(1.0 / np.median(np.diff(times))) if len(times) > 1 else None

    def _start(self, noise: Noise | ArrayLike, process: ArrayLike, inflation: float) -> None:
        K = len(self.keypoints)
        self._triangulator = FrameTriangulator(self.cameras, K, noise, seed=self._seed, **self._options)
        self._smoother = FixedLagSmoother(K, process, self.lag, inflation)

    def _smoothed(self, measured: TriangulationResult, time: float) -> StreamFrame:
        now, delayed = self._smoother.push(measured.points, measured.random_covariances, time)
        return StreamFrame(
            now.time, measured, self._lasting(now), None if delayed is None else self._lasting(delayed)
        )

    def _lasting(self, moment: Moment) -> Moment:
        """Return a moment with what slow errors add to its covariances, as `rts` does."""
        if self._growth == 1.0:
            return moment
        return moment._replace(
            covariances=self._growth * moment.covariances,
            velocity_covariances=self._growth * moment.velocity_covariances,
        )

    def _learn(self, early: list[_Frame2D]) -> None:
        """Learn what was not given from the frames so far, and filter these anew with it."""
        points, times = (
            np.stack([frame.points2d for frame in early]),
            np.array([frame.time for frame in early]),
        )
        scores, shapes = _stacked([frame.scores for frame in early]), _stacked([f.covariances for f in early])
        noise, process, inflation = self._given
        found = triangulate(
            points,
            self.cameras,
            scores,
            shapes,
            noise=noise,
            keypoint_axis=1,
            rng=self._seed,
            **self._options,
        )
        smooth = rts(
            found.points[:, None],
            times,
            found.random_covariances[:, None],
            process=None if process is None else np.broadcast_to(process, (1, len(self.keypoints))),
            inflation=inflation,
            tail=np.inf,
        )
        self._growth = smooth.lasting if self._given_lasting is None else float(self._given_lasting)
        self._start(found.noise, np.maximum(smooth.process[0], LEAST_PROCESS), smooth.inflation)
        for number, frame in enumerate(early):
            measured = self._triangulator(frame.points2d, frame.scores, frame.covariances, number)
            self._smoothed(measured, frame.time)


class _Frame2D(NamedTuple):
    """The 2D of a frame."""

    points2d: NDArray[Any]
    time: float
    scores: NDArray[Any] | None
    covariances: NDArray[Any] | None


def _names(keypoints: Sequence[str] | int) -> list[str]:
    if isinstance(keypoints, str):
        raise InputError(
            f"keypoints is the text {keypoints!r}; expected a list of names or their number, such as ['hip']"
        )
    names = range(keypoints) if isinstance(keypoints, int) else keypoints
    found = [f"keypoint_{k}" if isinstance(k, int) else str(k) for k in names]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise InputError(f"keypoints has {', '.join(twice)} more than once; give each keypoint its own name")
    return found


def _stacked(arrays: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    """Return the arrays of all frames, None where one has none."""
    there = [array for array in arrays if array is not None]
    return np.stack(there) if len(there) == len(arrays) else None


def _copy(value: ArrayLike | None) -> NDArray[Any] | None:
    return None if value is None else np.array(value)
