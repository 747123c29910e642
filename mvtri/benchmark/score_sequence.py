"""The work on one sequence: every setting, every method, and the cameras in subsets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mvtri.benchmark.lookup import PIXELS
from mvtri.benchmark.methods.method import Method
from mvtri.benchmark.noise_sweep import Sweep, sweep_sequence
from mvtri.benchmark.pairing import Pair, pair_with_truth, true_pixels
from mvtri.benchmark.plan import Plan, camera_subsets
from mvtri.benchmark.settings import ORACLE, Setting
from mvtri.benchmark.tally import Tally, tally_pixels, tally_points
from mvtri.datasets import Sequence, SequenceInfo
from mvtri.errors import InputError
from mvtri.tracks import KEYPOINTS

Result = TypeVar("Result")


@dataclass(frozen=True)
class Entry:
    """The tally of a sequence in one setting, by one method (`PIXELS`: of its 2D), with some cameras.

    It is the sum over all individuals.
    """

    setting: str
    method: str
    cameras: tuple[str, ...]
    tally: Tally


@dataclass
class Scored:
    """All scores of a sequence.

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
        By setting: keypoints of the truth that its 2D does not have, where there are any.
    """

    info: SequenceInfo
    rig: tuple[str, ...]
    entries: list[Entry] = field(default_factory=list)
    sweep: Sweep | None = None
    left_out: dict[tuple[str, str], str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)

    def add(self, setting: str, method: str, cameras: tuple[str, ...], tallies: list[Tally]) -> None:
        """Add an entry: the sum of the tallies of all individuals."""
        self.entries.append(Entry(setting, method, cameras, Tally.total(tallies)))

    def timed(self, what: str, work: Callable[..., Result], *arguments: Any) -> Result:
        """Return the result of `work`, and add the seconds that it took to `seconds[what]`."""
        started = time.perf_counter()
        result = work(*arguments)
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started
        return result


def score_sequence(
    read: Callable[[], Sequence], info: SequenceInfo, plan: Plan, workers: int | None
) -> Scored:
    """Read a sequence and score it in all settings.

    Parameters
    ----------
    read : callable
        Returns the sequence.
    info : SequenceInfo
    plan : Plan
    workers : int or None
        Threads of one triangulation; all cores where None.

    Raises
    ------
    InputError
        If fewer than two cameras are left, or the sequence and its 2D do not match.
    """
    started = time.perf_counter()
    sequence = read()
    scored = Scored(info, plan.cameras_of(sequence.cameras).names)
    if len(scored.rig) < 2:
        raise InputError(
            f"only the camera {', '.join(scored.rig)} of {info} was chosen; expected two cameras "
            "or more, so choose more with --cams"
        )
    scored.seconds["reading"] = time.perf_counter() - started
    for setting in plan.settings:
        _score_setting(scored, sequence, setting, plan, workers)
    if all(entry.method == PIXELS for entry in scored.entries):
        raise InputError(nothing_scored([scored]))
    if plan.sweep:
        scored.sweep = scored.timed("sweep", sweep_sequence, sequence, scored.rig, plan, workers)
    return scored


def nothing_scored(scored: Iterable[Scored]) -> str:
    """Return a sentence that says why no method could be scored."""
    pairs = {f"{method} needs {why}": None for one in scored for (_, method), why in one.left_out.items()}
    return f"no method can be scored in any setting: {'; '.join(pairs)}; choose others"


def _score_setting(
    scored: Scored, sequence: Sequence, setting: Setting, plan: Plan, workers: int | None
) -> None:
    people = scored.timed("2D", setting.observe, sequence, scored.rig, plan.seed)
    pairs = pair_with_truth(sequence, people)
    known = pairs[0].observations.keypoints
    unseen = [name for name in map(str, sequence.truth[KEYPOINTS].to_numpy()) if name not in known]
    if unseen:
        scored.unseen[setting.name] = unseen
    if setting.name != ORACLE:
        scored.add(setting.name, PIXELS, scored.rig, [_tally_2d(scored, sequence, pair) for pair in pairs])
    if not plan.undistort:
        pairs = [pair.without_lenses() for pair in pairs]

    def add(method: Method, cameras: tuple[str, ...]) -> None:
        tallies = [_tally_3d(scored, method, pair, cameras, workers) for pair in pairs]
        scored.add(setting.name, method.name, cameras, tallies)

    for method in plan.methods:
        lacking = _needs(method, pairs)
        if lacking:
            scored.left_out[setting.name, method.name] = lacking
        else:
            add(method, scored.rig)
    if plan.subsets and not _needs(plan.probe, pairs):
        for names in camera_subsets(scored.rig):
            add(plan.probe, names)


def _needs(method: Method, pairs: Iterable[Pair]) -> str:
    """Return what a method needs that the 2D of an individual lacks; ``""`` where nothing."""
    return next(filter(None, (method.needs(pair.observations) for pair in pairs)), "")


def _tally_2d(scored: Scored, sequence: Sequence, pair: Pair) -> Tally:
    real = true_pixels(sequence, pair)
    return scored.timed(
        "scoring", tally_pixels, pair.observations.points[:, pair.places], real, pair.keypoints
    )


def _tally_3d(
    scored: Scored, method: Method, pair: Pair, cameras: tuple[str, ...], workers: int | None
) -> Tally:
    observations = pair.observations
    if cameras != observations.cameras.names:
        observations = observations.subset(cameras)
    found = scored.timed("triangulation", method.estimate, observations, workers)
    points, covariances = (None if part is None else part[:, pair.places] for part in found)
    return scored.timed("scoring", tally_points, points, pair.truth, pair.keypoints, covariances)
