"""The work on one sequence: every setting, every method, and the cameras in subsets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mvtri.benchmark.methods.ours import Method
from mvtri.benchmark.noise_sweep import Sweep, sweep_sequence
from mvtri.benchmark.observations import Seen
from mvtri.benchmark.plan import Plan, camera_subsets
from mvtri.benchmark.settings import ORACLE, Setting
from mvtri.benchmark.tally import Tally, layout_of, tally_pixels, tally_points
from mvtri.datasets import Sequence, SequenceInfo, oracle_detections
from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, to_array

PIXELS = ""  # the method of a tally of the 2D itself


@dataclass(frozen=True)
class Entry:
    """The tally of a sequence in one setting, by one method (`PIXELS`: of its 2D), with some cameras."""

    setting: str
    method: str
    cameras: tuple[str, ...]
    tally: Tally


@dataclass
class Scored:
    """All that is kept of a sequence.

    Attributes
    ----------
    info : SequenceInfo
    rig : tuple of str
        The cameras that were used.
    entries : list of Entry
    sweep : Sweep or None
    left_out : dict of (str, str) to str
        Setting and method: what the method needs that the setting does not have.
    seconds : dict of str to float
        Reading, 2D, triangulation, scoring.
    unseen : dict of str to list of str
        By setting: keypoints of the truth that its 2D knows nothing of, where there are any.
    """

    info: SequenceInfo
    rig: tuple[str, ...]
    entries: list[Entry] = field(default_factory=list)
    sweep: Sweep | None = None
    left_out: dict[tuple[str, str], str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)

    def timed(self, what: str, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `work` gives, and add the seconds that it took."""
        started = time.perf_counter()
        result = work(*arguments)
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started
        return result


def score_sequence(
    read: Callable[[], Sequence], info: SequenceInfo, plan: Plan, threads: int | None
) -> Scored:
    """Read a sequence and score it in all settings.

    Parameters
    ----------
    read : callable
        Gives the sequence.
    info : SequenceInfo
    plan : Plan
    threads : int or None
        Of one triangulation; all cores where None.

    Raises
    ------
    InputError
        If fewer than two cameras are left, or the sequence and its 2D do not fit each other.
    """
    started = time.perf_counter()
    sequence = read()
    scored = Scored(info, plan.cameras(sequence.cameras).names)
    if len(scored.rig) < 2:
        raise InputError(
            f"{info} would be seen by {', '.join(scored.rig)} alone; triangulation takes two cameras or more"
        )
    scored.seconds["reading"] = time.perf_counter() - started
    for setting in plan.settings:
        _score_setting(scored, sequence, setting, plan, threads)
    if all(entry.method == PIXELS for entry in scored.entries):
        raise InputError(nothing_scored([scored]))
    if plan.sweep:
        scored.sweep = scored.timed("sweep", sweep_sequence, sequence, scored.rig, plan, threads)
    return scored


def nothing_scored(scored: Iterable[Scored]) -> str:
    """Return a sentence that says why no method could be scored."""
    pairs = {f"{method} needs {why}": None for one in scored for (_, method), why in one.left_out.items()}
    return f"no method can be scored in any setting: {'; '.join(pairs)}; choose others"


def _score_setting(
    scored: Scored, sequence: Sequence, setting: Setting, plan: Plan, threads: int | None
) -> None:
    seen: Seen = scored.timed("2D", setting.observe, sequence, scored.rig, plan.seed)
    truth, places = _matched_truth(sequence, seen)
    unseen = [name for name in map(str, sequence.truth[KEYPOINTS].to_numpy()) if name not in seen.keypoints]
    if unseen:
        scored.unseen[setting.name] = unseen
    layout = layout_of(tuple(seen.keypoints[place] for place in places), seen.skeleton)
    if setting.name != ORACLE:
        real = seen_pixels(sequence, seen, places)
        tally = scored.timed("scoring", tally_pixels, seen.points[:, places], real, layout)
        scored.entries.append(Entry(setting.name, PIXELS, scored.rig, tally))
    if not plan.undistort:
        seen = seen.without_lenses()

    def add(method: Method, part: Seen) -> None:
        points = scored.timed("triangulation", method.solve, part, threads)
        tally = scored.timed("scoring", tally_points, points[:, places], truth, layout)
        scored.entries.append(Entry(setting.name, method.name, part.cameras.names, tally))

    for method in plan.methods:
        lacking = method.needs(seen)
        if lacking:
            scored.left_out[setting.name, method.name] = lacking
        else:
            add(method, seen)
    if plan.subsets and not plan.probe.needs(seen):
        for names in camera_subsets(scored.rig):
            add(plan.probe, seen.subset(names))


def seen_pixels(sequence: Sequence, seen: Seen, places: list[int]) -> np.ndarray:
    """Return the true pixels (T, K, C, 2) of the keypoints `places` of `seen`."""
    oracle = oracle_detections(sequence)
    names = [str(name) for name in oracle[KEYPOINTS].to_numpy()]
    at = [names.index(seen.keypoints[place]) for place in places]
    cameras = [sequence.cameras.names.index(name) for name in seen.cameras.names]
    return to_array(oracle)[:, 0][:, at][:, :, cameras]


def _matched_truth(sequence: Sequence, seen: Seen) -> tuple[np.ndarray, list[int]]:
    """Return the truth (T, K, 3) of the keypoints that `seen` has too, and where it has them."""
    truth = sequence.truth
    if truth.sizes[INDIVIDUALS] != 1:
        raise InputError(f"{sequence.info} holds {truth.sizes[INDIVIDUALS]} people, expected 1")
    if len(seen.points) != truth.sizes["time"]:
        raise InputError(
            f"{sequence.info} has {truth.sizes['time']} frames, its 2D {len(seen.points)}; expected as many"
        )
    names = [str(name) for name in truth[KEYPOINTS].to_numpy()]
    places = [place for place, name in enumerate(seen.keypoints) if name in names]
    if not places:
        raise InputError(
            f"the 2D of {sequence.info} has the keypoints {', '.join(seen.keypoints[:3])} ... and its truth "
            f"{', '.join(names[:3])} ..., none in common; check the skeleton"
        )
    at = [names.index(seen.keypoints[place]) for place in places]
    return np.asarray(to_array(truth)[:, 0], dtype=np.float64)[:, at], places
