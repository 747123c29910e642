"""Filters by the words of ``--smooth``: a name with its settings, such as ``butterworth:6``."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError, one_of
from mvtri.smoothing import filters

Floats = NDArray[np.float64]
_REGULAR = 0.25  # of a frame: clocks that count milliseconds are off by less, a lost frame by more
_TRIAL = 64  # frames
_Work = Callable[..., Floats]  # (positions, times, *settings)


@dataclass(frozen=True)
class _Method:
    """One filter.

    Attributes
    ----------
    settings : tuple of (str, type, float)
        Name, type and default of each setting, in the order in which they are written after the colon.
    work : callable
    least : callable
        ``least(**settings)``: how many frames it needs to do what its name says.
    tried : bool
        Whether it is so quick that a trial on a few frames shows impossible settings.
    is_smoother : bool
        Whether it takes covariances and returns new ones (`mvtri.smoothing.smooth_tracks`); it has no `work`
        and must be the last.
    """

    settings: tuple[tuple[str, type, float], ...]
    work: _Work
    least: Callable[..., float] = lambda **settings: 2
    tried: bool = True
    is_smoother: bool = False


@dataclass(frozen=True)
class Step:
    """One filter with its settings.

    Attributes
    ----------
    name : str
    settings : dict of str to float
    """

    name: str
    settings: dict[str, float]

    @property
    def is_smoother(self) -> bool:
        """Whether it takes covariances and returns new ones."""
        return METHODS[self.name].is_smoother

    def __call__(self, positions: Floats, times: Floats) -> Floats:
        """Return positions (T, ..., D), filtered; `times` in s."""
        return METHODS[self.name].work(positions, times, **self.settings)

    def check(self, times: Floats) -> None:
        """Raise `InputError` if frames at these `times` (T,), in s, cannot be filtered in this way."""
        method = METHODS[self.name]
        if method.tried:
            self(np.zeros((len(times[:_TRIAL]), 1, 3)), times[:_TRIAL])
            self(np.zeros((len(times), 0, 3)), times)
        least = method.least(**self.settings)
        if len(times) < least:
            are = "frame is" if len(times) == 1 else "frames are"
            raise InputError(
                f"{len(times)} {are} too few for {self.name}, which needs {least:g}; choose more frames "
                "(--frames), or another filter"
            )


def parse_method(text: str) -> list[Step]:
    """Return the filters that a text names, one after the other.

    Parameters
    ----------
    text : str
        ``NAME`` or ``NAME:SETTING,SETTING``, several with ``+`` between them, as in
        ``hampel:11+butterworth:6``; ``"none"`` for none.

    Raises
    ------
    InputError
        If there is no such filter, a setting is no number or one too many, or something follows a smoother.
    """
    if text.strip() == "none":
        return []
    steps = [_parse_step(part.strip()) for part in text.split("+")]
    for step in steps[:-1]:
        if step.is_smoother:
            raise InputError(f"{step.name} is followed by another filter in {text!r}; it must be the last")
    return steps


def _parse_step(text: str) -> Step:
    name, _, rest = text.partition(":")
    if name not in METHODS:
        raise InputError(one_of(name, ["none", *METHODS], "filter"))
    known = METHODS[name].settings
    given = [part.strip() for part in rest.split(",")] if rest.strip() else []
    if len(given) > len(known):
        usage = ", ".join(label for label, _, _ in known) or "no settings"
        raise InputError(f"{text!r} has {len(given)} settings; {name} takes {usage}")
    settings: dict[str, float] = {}
    for (label, kind, default), value in zip(known, [*given, *[""] * len(known)]):
        try:
            settings[label] = kind(value) if value else kind(default)
        except ValueError:
            whole = "a whole number" if kind is int else "a number"
            raise InputError(f"{label} of {name} is {value!r}; expected {whole}") from None
    return Step(name, settings)


def _rate_of(times: Floats) -> float:
    """Return the frames per second of regular times.

    Raises
    ------
    InputError
        If there are fewer than two frames, or they are not regular.
    """
    steps = np.diff(times)
    if not len(steps):
        raise InputError("one frame has no frame rate; choose more frames (--frames)")
    step = float(np.median(steps))
    if np.abs(steps - step).max() > _REGULAR * step:
        raise InputError(
            f"the frames are not regular: {steps.min():.4g} to {steps.max():.4g} s apart; use gcv-spline or "
            "one-euro, which know the times, or choose a part without lost frames with --frames"
        )
    return 1.0 / step


def _butterworth(positions: Floats, times: Floats, cutoff: float, order: int) -> Floats:
    return filters.butterworth(positions, _rate_of(times), cutoff, order)


def _savitzky_golay(positions: Floats, times: Floats, window: int, order: int) -> Floats:
    _rate_of(times)
    return filters.savitzky_golay(positions, window, order)


def _median(positions: Floats, times: Floats, window: int) -> Floats:
    return filters.median(positions, window)


def _hampel(positions: Floats, times: Floats, window: int, threshold: float) -> Floats:
    return filters.hampel(positions, window, threshold)


def _only_checked(positions: Floats, times: Floats, **settings: float) -> Floats:
    """Check the settings of a smoother, which works elsewhere; 0 stands for what the data say."""
    for name, value in settings.items():
        free = name == "softness" and value == np.inf  # the smoother does without lengths
        if not (0 <= value < np.inf or free) or (name == "softness" and not value):
            called = "process noise" if name == "process" else name
            expected = "metres above 0" if name == "softness" else "0 (from the data) or more"
            raise InputError(f"the {called} of the smoother is {value:g}; expected {expected}")
    return positions


def _one_window(window: float, **others: float) -> float:
    return window


METHODS = {
    "butterworth": _Method(
        (("cutoff", float, 6.0), ("order", int, 4)),
        _butterworth,
        lambda cutoff, order: 3 * (order // 2 + 1) + 1,
    ),
    "savitzky-golay": _Method((("window", int, 11), ("order", int, 3)), _savitzky_golay, _one_window),
    "median": _Method((("window", int, 5),), _median, _one_window),
    "hampel": _Method((("window", int, 11), ("threshold", float, 3.0)), _hampel, _one_window),
    "gcv-spline": _Method((), filters.gcv_spline, lambda: 5),
    "one-euro": _Method(
        (("min_cutoff", float, 1.0), ("beta", float, 0.0), ("derivative_cutoff", float, 1.0)),
        filters.one_euro,
    ),
    "batch": _Method(
        (("softness", float, 0.004), ("process", float, 0.0), ("inflation", float, 0.0)),
        _only_checked,
        is_smoother=True,
    ),
    "model": _Method((), _only_checked, is_smoother=True),
    "rts": _Method(
        (("process", float, 0.0), ("inflation", float, 0.0), ("softness", float, 0.004)),
        _only_checked,
        is_smoother=True,
    ),
}
