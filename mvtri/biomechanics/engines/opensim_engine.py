"""OpenSim as an engine, in a process of its own.

It is never imported here: a file that it does not like can crash it, it holds the GIL, and it writes
``opensim.log`` where it stands, which is a temporary folder.
"""

import signal
import subprocess
import sys
import tempfile
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.biomechanics.engines import opensim_worker
from mvtri.biomechanics.engines.protocol import JointSolution
from mvtri.errors import InputError, MissingExtraError, MissingFileError
from mvtri.inputs import check_regular, exists

_ACCURACY = 1e-5  # OpenSim's own


class OpenSimEngine:
    """A model in OpenSim (`Engine`); each call starts a process, which takes about two seconds.

    Parameters
    ----------
    path : path-like
        The model (.osim).
    python : path-like, optional
        The Python that has the package opensim; this one where none is given (extra ``biomech``).
    accuracy : float
        OpenSim stops to improve a frame where steps are below this.

    Raises
    ------
    MissingFileError
        If there is no such file.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        python: str | PathLike[str] | None = None,
        accuracy: float = _ACCURACY,
    ):
        self._path = Path(path).absolute()
        if not exists(self._path):
            raise MissingFileError(f"there is no {path}; expected a model of OpenSim, so check the path")
        check_regular(self._path)
        self._python = str(python or sys.executable)
        self._accuracy = accuracy

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in OpenSim's order."""
        return tuple(map(str, self._described["coordinates"]))

    @property
    def markers(self) -> tuple[str, ...]:
        """The names of the markers, in OpenSim's order."""
        return tuple(map(str, self._described["markers"]))

    @property
    def bodies(self) -> tuple[str, ...]:
        """The names of the bodies, in OpenSim's order."""
        return tuple(map(str, self._described["bodies"]))

    def body_frames(self, coordinates: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return where the bodies are, (T, B, 3, 3) and (T, B, 3); see `marker_positions`."""
        found = self._positions(coordinates)
        return found["rotations"], found["places"]

    def marker_positions(self, coordinates: Any) -> np.ndarray:
        """Return where the markers are, (T, M, 3), m.

        Parameters
        ----------
        coordinates : array_like, shape (T, Q)
            All of them, rad and m; couplers are not enforced.

        Raises
        ------
        MissingExtraError
            If OpenSim is not installed.
        InputError
            If the array has another shape, or OpenSim fails.
        """
        return self._positions(coordinates)["markers"]

    def inverse_kinematics(
        self, markers: Any, weights: Any = None, priors: Any = 0.0, targets: Any = None
    ) -> JointSolution:
        """Return the coordinates that bring the model's markers closest to measured ones.

        The first frame starts at the model's defaults, each other one at the frame before.  OpenSim divides
        the sum over markers by the sum of their weights, and does not divide that over coordinates: a prior w
        counts as much beside M markers of weight 1 as w M counts beside an undivided sum.

        Parameters
        ----------
        markers : array_like, shape (T, M, 3)
            Metres, in the model's axes; NaN where missing.
        weights : array_like, shape (M,), optional
            1 for each marker where none are given.
        priors : float or array_like, shape (Q,)
            Weights of the coordinates' distances from their targets.
        targets : array_like, shape (Q,), optional
            The model's defaults where none are given.

        Raises
        ------
        MissingExtraError
            If OpenSim is not installed.
        InputError
            If an array has another shape, or OpenSim fails, as it does where no marker of a frame is there.
        """
        count, columns = len(self.markers), len(self.coordinates)
        measured = _shaped(markers, (count, 3), "markers")
        missing = np.isnan(measured).any(axis=-1)
        if missing.all(axis=-1).any():
            frame = int(np.flatnonzero(missing.all(axis=-1))[0])
            raise InputError(
                f"frame {frame} has no marker, which OpenSim cannot solve; leave such frames out"
            )
        found = self._ask(
            "solve",
            markers=np.where(missing[..., None], np.nan, measured),
            weights=_spread(1.0 if weights is None else weights, count, "weights"),
            priors=_spread(priors, columns, "priors"),
            targets=_spread(self._described["defaults"] if targets is None else targets, columns, "targets"),
            accuracy=self._accuracy,
        )
        return JointSolution(found["coordinates"], found["markers"], found["seconds"])

    def _positions(self, coordinates: Any) -> dict[str, np.ndarray]:
        rows = _shaped(coordinates, (len(self.coordinates),), "coordinates")
        return self._ask("positions", coordinates=rows)

    @cached_property
    def _described(self) -> dict[str, np.ndarray]:
        return self._ask("describe")

    def _ask(self, task: str, **request: Any) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory(prefix="mvtri-opensim-") as folder:
            given, wanted = Path(folder) / "request.npz", Path(folder) / "answer.npz"
            np.savez(given, task=task, model=str(self._path), **request)
            command = [self._python, "-P", opensim_worker.__file__, str(given), str(wanted)]
            try:
                done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
            except OSError as error:
                raise InputError(
                    f"the Python {self._python} cannot be started: {error}; check its path"
                ) from None
            if done.returncode == opensim_worker.NO_OPENSIM:
                raise MissingExtraError("opensim", "biomech", "The engine OpenSim")
            if done.returncode or not wanted.is_file():
                raise InputError(
                    f"OpenSim {_end(done)} on {self._path}; open the model in OpenSim to see why"
                )
            with np.load(wanted) as archive:
                found = dict(archive)
        if "error" in found:
            raise InputError(f"OpenSim does not take {self._path}: {str(found['error']).strip()}")
        return found


def _end(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Return how a process ended."""
    if done.returncode < 0:
        return f"crashed ({signal.Signals(-done.returncode).name})"
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"ended with the exit code {done.returncode}" + "".join(f" ({line[:200]})" for line in last)


def _shaped(values: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape[1:] != shape or array.ndim != len(shape) + 1:
        expected = ", ".join(map(str, shape))
        raise InputError(f"{what} have the shape {array.shape}, expected (frames, {expected})")
    return array


def _spread(values: Any, count: int, what: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (count,)) or not np.isfinite(array).all():
        raise InputError(f"{what} have the shape {array.shape}, expected one number or {count}, all finite")
    return np.broadcast_to(array, (count,)).copy()
