"""Lifters: an ONNX network with its card, and what it answers to the 2D of one view."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.lifting.normalise import Floats, normalise
from mvtri.models.lifter_card import LifterCard
from mvtri.models.load import check_threads, find_model
from mvtri.models.onnx_check import check_external_data
from mvtri.models.onnx_errors import last_cause
from mvtri.models.onnx_session import choose_device, load_session
from mvtri.skeletons import get_skeleton

DEFAULT_LIFTER = "mvtri-lift-27"
BATCH = 256  # frames that go through a network at once
_LOWER = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))  # order of the spread's six numbers


@dataclass(frozen=True)
class Lifted:
    """What a lifter says of T frames, relative to the root, in the camera's axes.

    Attributes
    ----------
    position : ndarray, shape (T, K, 3)
        In the unit of the lifter's card.
    covariance : ndarray, shape (T, K, 3, 3), or None
        Of `position`; None where the network says none.
    """

    position: Floats
    covariance: Floats | None


class Lifter:
    """A network that lifts the 2D of one view, with its card.

    Attributes
    ----------
    card : LifterCard
    keypoints : tuple of str
        K names, in the network's order.
    root : int
        The root's index.
    sha256 : str
        Of the network's file.

    Raises
    ------
    InputError
        If the network does not load, or does not fit its card.
    """

    def __init__(self, card: LifterCard, path: Path, sha256: str, device: str, threads: int):
        self.card, self.sha256, self._path = card, sha256, path
        self.keypoints = get_skeleton(card.skeleton).keypoints
        if card.lift.root not in self.keypoints:
            raise self._not_fitting(f"{card.skeleton} has no keypoint {card.lift.root!r} for a root")
        self.root = self.keypoints.index(card.lift.root)
        check_external_data(path)
        self._session = load_session(path, device, threads)
        self._lock = threading.Lock()
        self._inputs = self._names(card.lift.inputs, self._session.get_inputs(), "input")
        self._outputs = self._names(card.lift.outputs, self._session.get_outputs(), "output")
        self._check()

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    def stride(self, fps: float | None) -> int:
        """Return how many frames of a recording make one of those that the network was trained on."""
        rate = self.card.lift.rate
        return max(1, round(fps / rate)) if fps and rate else 1

    def lift(self, rays: Floats, seen: NDArray[np.bool_], stride: int = 1) -> Lifted:
        """Return what the network says of `rays` (T, K, 2), of which those `seen` (T, K) are used."""
        given = self.card.lift
        if given.normalisation == "rays":
            inputs: list[Floats] = [np.where(seen[..., None], rays, 0.0)]
            turns = np.broadcast_to(np.eye(3), (len(rays), 3, 3))
        else:
            made = normalise(rays, seen, self.root, given.frames, stride)
            inputs, turns = [made.points, made.size], made.turns
        position, spread = self._run(inputs)
        position = (position - position[:, self.root, None]) @ turns  # each row p becomes turns' p
        if spread is None:
            return Lifted(position, None)
        lower = np.zeros((*spread.shape[:2], 3, 3))
        for place, (row, column) in enumerate(_LOWER):
            lower[..., row, column] = spread[..., place]
        lower = turns[:, None].swapaxes(-1, -2) @ lower
        return Lifted(position, lower @ lower.swapaxes(-1, -2))

    def _run(self, inputs: list[Floats]) -> tuple[Floats, Floats | None]:
        """Return positions (T, K, 3) and spreads (T, K, 6), batch by batch."""
        found: list[list[np.ndarray]] = []
        for start in range(0, len(inputs[0]), BATCH):
            part = [one[start : start + BATCH].astype(np.float32) for one in inputs]
            with self._lock:
                found.append(self._session.run(self._outputs, dict(zip(self._inputs, part))))
        sizes = (3, 6)[: len(self._outputs)]
        blank = [[np.zeros((0, len(self.keypoints), size)) for size in sizes]]
        joined = [np.concatenate(parts).astype(np.float64) for parts in zip(*(found or blank))]
        return joined[0], joined[1] if len(joined) == 2 else None

    def _names(self, wanted: tuple[str, ...], there: list[Any], what: str) -> list[str]:
        """Return the names in the file; an empty name in the card is the file's own at that place."""
        known = [item.name for item in there]
        if len(known) < len(wanted):
            raise self._not_fitting(f"it has {len(known)} {what}(s), the card names {len(wanted)}")
        names = [name or known[place] for place, name in enumerate(wanted)]
        missing = [name for name in names if name not in known]
        if missing or (what == "input" and len(known) != len(wanted)):
            raise self._not_fitting(f"it has the {what}s {', '.join(known)}; expected {', '.join(names)}")
        return names

    def _check(self) -> None:
        """Run blank frames through the network, so that problems show now."""
        count, given = len(self.keypoints), self.card.lift
        shape = (2, count, 2) if given.normalisation == "rays" else (2, given.frames, count, 3)
        blank = [np.zeros(shape), np.ones((2, 1))][: len(self._inputs)]
        try:
            part = {name: one.astype(np.float32) for name, one in zip(self._inputs, blank)}
            found = self._session.run(self._outputs, part)
        except Exception as error:  # ONNX Runtime's own, without a common base
            raise self._not_fitting(f"it fails on blank frames ({last_cause(error)})") from error
        for name, one, size in zip(self._outputs, found, (3, 6)):
            if one.shape != (2, count, size):
                raise self._not_fitting(
                    f"its output {name} for 2 frames has the shape {list(one.shape)}; "
                    f"expected {[2, count, size]}"
                )

    def _not_fitting(self, reason: str) -> InputError:
        return InputError(f"{self._path} does not fit the card {self.card.name}: {reason}")


def load_lifter(
    name: str | os.PathLike[str] = DEFAULT_LIFTER,
    device: str = "auto",
    card: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Lifter:
    """Load a network that lifts the 2D of one view to 3D.

    Parameters
    ----------
    name : str or path
        A card's name (``mvtri models list``), or an ONNX file.
    device, card, threads
        As for `mvtri.load_detector`.

    Raises
    ------
    InputError, MissingFileError
        If there is no such card or file, it cannot be downloaded, it does not fit its card, or the device
        does not work.
    """
    found, path, digest = find_model(name, card, LifterCard)
    return Lifter(found, path, digest, choose_device(device), check_threads(threads))
