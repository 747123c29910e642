"""Our own motions by name, for where no captured ones are at hand."""

from collections.abc import Callable

import numpy as np

from mvtri.errors import InputError, one_of
from mvtri.synthetic.motion import Motion, chain, forward_bend, mirrored, side_bend, turned, twist, walk
from mvtri.synthetic.poses import random_motion

_WALKS = {  # strides per second, vigour, turn about the vertical in rad per second: a circle within the room
    "walk": (0.95, 1.0, 1.0),
    "slow_walk": (0.7, 0.7, -0.6),
    "brisk_walk": (1.1, 1.2, 1.4),
}
_BENDS: dict[str, Callable[[int], Motion]] = {
    "forward_bend": lambda count: forward_bend(count, 70.0),
    "backward_bend": lambda count: forward_bend(count, -25.0),
    "side_bend": lambda count: _both(side_bend, count),
    "twist": lambda count: _both(twist, count),
}
_WANDERINGS = {f"moving_{index}": index for index in range(1, 6)}
_POSE = 0.8  # s from one pose of a wandering to the next
REPERTOIRE: tuple[str, ...] = (*_BENDS, *_WALKS, *_WANDERINGS)


def make_motion(name: str, count: int, fps: float) -> Motion:
    """Return one of our own motions.

    Parameters
    ----------
    name : str
        One of `REPERTOIRE`.
    count : int
        How many frames.
    fps : float
        Frames per second.

    Raises
    ------
    InputError
        If there is no such motion.
    """
    if name not in REPERTOIRE:
        raise InputError(one_of(name, REPERTOIRE, "motion"))
    if name in _BENDS:
        return _BENDS[name](count)
    if name in _WALKS:
        cadence, vigour, rate = _WALKS[name]
        return turned(walk(count, fps, cadence, vigour), rate * np.arange(count) / fps)
    return random_motion(count, _WANDERINGS[name], hold=max(1, round(_POSE * fps)))


def _both(make: Callable[[int], Motion], count: int) -> Motion:
    """Return a motion to the left and then to the right."""
    overlap = max(1, count // 50)
    first = (count + overlap) // 2
    return chain([make(first), mirrored(make(count + overlap - first))], overlap)
