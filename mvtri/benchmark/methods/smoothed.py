"""Methods that go on over time: a filter after a triangulation, and a rigid spine after that."""

from __future__ import annotations

from mvtri.benchmark.methods.all_faults import tracks_of
from mvtri.benchmark.methods.method import Estimate, Method, Triangulation
from mvtri.benchmark.methods.rigid_spine import SpineTemplate
from mvtri.benchmark.observations import Observations
from mvtri.errors import InputError
from mvtri.smoothing import check_smoothing, parse_method, smooth
from mvtri.tracks import to_array

SEPARATOR = "/"  # between a method and the filter that follows it


def smoothed(base: Triangulation, text: str, name: str) -> Method:
    """Return `base`, followed by the filter `text` (see `mvtri.smooth`).

    Raises
    ------
    InputError
        If there is no such filter.
    """
    parse_method(text)

    def estimate(observations: Observations, workers: int | None) -> Estimate:
        assert observations.times is not None
        found = tracks_of(observations, base.work(observations, workers), observations.times)
        done = smooth(found, text)
        return Estimate(to_array(done)[:, 0], to_array(done, "covariance")[:, 0])

    def needs(observations: Observations) -> str:
        return base.needs(observations) or _no_clock(observations, text)

    return Method(name, f"{base.name}, then {text} over time", estimate, needs)


def rigid(base: Method, template: SpineTemplate | None, name: str) -> Method:
    """Return `base`, with a mean spine placed between hip and neck."""

    def estimate(observations: Observations, workers: int | None) -> Estimate:
        assert template is not None
        return Estimate(template.place(base.solve(observations, workers), observations.keypoints))

    def needs(observations: Observations) -> str:
        if template is None:
            return "a skeleton with a spine chain"
        lacking = [name for name in template.needed if name not in observations.keypoints]
        return f"the keypoints {', '.join(lacking)}" if lacking else base.needs(observations)

    what = f"control: {base.name}, with a mean spine placed between hip and neck"
    return Method(name, what, estimate, needs)


def _no_clock(observations: Observations, text: str) -> str:
    """Return what the frames lack for a filter, in words."""
    times = observations.times
    if times is None or len(times) < 2:
        return "the times of several frames"
    try:
        check_smoothing(text, None, times, 1.0)
    except InputError as error:
        return f"other frames ({error})"
    return ""
