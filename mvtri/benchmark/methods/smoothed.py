"""Methods that go on after a triangulation: a filter over time, the curve, a body, or a rigid spine."""

from __future__ import annotations

from mvtri.benchmark.methods.after_ik import IK, after_ik
from mvtri.benchmark.methods.all_faults import tracks_of
from mvtri.benchmark.methods.method import Estimate, Method, Triangulation
from mvtri.benchmark.methods.rigid_spine import SpineTemplate
from mvtri.benchmark.observations import Observations
from mvtri.errors import InputError
from mvtri.kinematics.body_angles import has_spine, measure_body
from mvtri.pipeline import smooth
from mvtri.smoothing import check_smoothing, parse_method
from mvtri.tracks import to_array

SEPARATOR = "/"  # between a method and the filter that follows it
CURVE = "curve"
AFTER = (CURVE, IK)  # what follows the filter, or the method itself
_WORDS = {CURVE: ", then the spine's curve", IK: ", then inverse kinematics of a body model"}


def smoothed(base: Triangulation, text: str, name: str, after: str = "") -> Method:
    """Return `base`, followed by the filter `text` (see `mvtri.smooth`), if any, and one of `AFTER`, if any.

    Raises
    ------
    InputError
        If there is no such filter.
    """
    if text:
        parse_method(text)

    def estimate(observations: Observations, workers: int | None) -> Estimate:
        assert observations.times is not None
        done = tracks_of(observations, base.work(observations, workers), observations.times)
        done = smooth(done, text) if text else done
        if after == IK:
            return after_ik(done)
        done = measure_body(done).tracks if after else done
        return Estimate(to_array(done)[:, 0], to_array(done, "covariance")[:, 0])

    def needs(observations: Observations) -> str:
        if after == CURVE and not has_spine(observations.keypoints):
            return "a skeleton with a spine"
        return base.needs(observations) or _no_clock(observations, text)

    what = f", then {text} over time" if text else ""
    what += _WORDS.get(after, "")
    return Method(name, f"{base.name}{what}", estimate, needs)


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
        check_smoothing(text or "none", None, times, 1.0)
    except InputError as error:
        return f"other frames ({error})"
    return ""
