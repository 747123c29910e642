"""`run_benchmark`: sequence after sequence, some at a time, each kept as soon as it is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from mvtri.benchmark.checkpoints import Parts
from mvtri.benchmark.methods.rigid_spine import SpineTemplate, mean_spine, needed_for
from mvtri.benchmark.observations import merge_people
from mvtri.benchmark.plan import Plan
from mvtri.benchmark.score_sequence import Scored, score_sequence
from mvtri.datasets import Dataset, SequenceInfo
from mvtri.errors import InputError
from mvtri.kinematics import spine_chain
from mvtri.progress import Progress, no_progress
from mvtri.skeletons import get_skeleton
from mvtri.tracks import KEYPOINTS, to_array

TEMPLATE_SEQUENCES = 20  # from which a template is made,
TEMPLATE_STEP = 10  # and of these every tenth frame


def run_benchmark(
    dataset: Dataset,
    plan: Plan,
    sequences: Sequence[SequenceInfo] | None = None,
    *,
    out: Path | None = None,
    more: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Scored]:
    """Score sequences of a dataset.

    Parameters
    ----------
    dataset : Dataset
        From `mvtri.open_dataset`.
    plan : Plan
        What to do with each.
    sequences : sequence of SequenceInfo, optional
        Some of `dataset.sequences`; all by default.
    out : Path, optional
        A folder that keeps the scores of each sequence as soon as it is done; a run that was stopped goes
        on from there.
    more : mapping, optional
        What else tells this run from others in that folder, such as the hash of a detector.
    overwrite : bool
        Whether scores of another run in `out` may be thrown away.
    workers : int
        Sequences at a time, each in a thread.  With 1 each triangulation uses all cores.
    progress : callable, optional
        Called as ``progress("benchmark", done, total)``, in frames.

    Returns
    -------
    list of Scored
        In the order of `sequences`, whatever the order in which they were done.

    Raises
    ------
    InputError
        If there is nothing to do, something is to be done twice, or the first sequence that cannot be scored.
    ExistsError
        If `out` holds something else than a part of this run.
    """
    sequences = list(dataset.sequences if sequences is None else sequences)
    if not sequences:
        raise InputError("no sequence is left to score; choose other subjects or actions")
    if not plan.settings or not plan.methods:
        raise InputError("there is nothing to score; expected at least one setting and one method")
    for what, things in (("setting", plan.settings), ("method", plan.methods)):
        name, count = Counter(thing.name for thing in things).most_common(1)[0]
        if count > 1:
            raise InputError(f"the {what} {name} is named {count} times; name it once")
    if workers < 1:
        raise InputError(f"workers is {workers}, expected 1 or more")
    parts = Parts(out, plan.fingerprint(dataset, sequences, more or {}), overwrite) if out else None
    todo = parts.missing(sequences) if parts else sequences
    total = sum(info.frames for info in sequences)
    done = total - sum(info.frames for info in todo)
    fresh: dict[SequenceInfo, Scored] = {}
    report = progress or no_progress
    report("benchmark", done, total)

    def score(info: SequenceInfo) -> Scored:
        scored = score_sequence(lambda: dataset.load(info), info, plan, 1 if workers > 1 else None)
        if parts:
            parts.save(scored)
        return scored

    for scored in _in_threads(score, todo, workers):
        fresh[scored.info] = scored
        done += scored.info.frames
        report("benchmark", done, total)
    found = [fresh.get(info) or (parts.load(info) if parts else None) for info in sequences]
    return [scored for scored in found if scored is not None]


def spine_template(dataset: Dataset, sequences: Sequence[SequenceInfo]) -> SpineTemplate | None:
    """Return the mean spine of the subjects of `dataset` that are not scored.

    Where all are scored it is that of mvtri's synthetic body at rest; None where the keypoints have no spine
    chain, or no hips and shoulders to hang it by.  `SpineTemplate.source` says which.
    """
    first = dataset.load(sequences[0]).truth
    chain = spine_chain(first.attrs.get("skeleton", ""))
    keypoints = [str(name) for name in first[KEYPOINTS].to_numpy()]
    if not chain or not set(needed_for(chain)) <= set(keypoints):
        return None
    scored = {info.subject for info in sequences}
    others = [info for info in dataset.sequences if info.subject not in scored]
    if not others:
        from mvtri.synthetic import Body

        rest = Body().rest_keypoints[1]
        names = get_skeleton("spinetrack37").keypoints
        return mean_spine([rest[None]], names, chain, "mvtri's synthetic body at rest")
    step = max(1, len(others) // TEMPLATE_SEQUENCES)
    some = others[::step][:TEMPLATE_SEQUENCES]
    poses = (merge_people(to_array(dataset.load(info).truth)[::TEMPLATE_STEP]) for info in some)
    subjects = ", ".join(dict.fromkeys(info.subject for info in some))
    return mean_spine(poses, keypoints, chain, f"the truth of {subjects}, who are not scored")


def _in_threads(work: Callable[[SequenceInfo], Scored], infos: Sequence[SequenceInfo], workers: int) -> Any:
    """Yield results as they are done; after an error no further one is begun."""
    if workers == 1:
        yield from map(work, infos)
        return
    stop = threading.Event()

    def begin(info: SequenceInfo) -> Scored | None:
        return None if stop.is_set() else work(info)

    with ThreadPoolExecutor(workers, thread_name_prefix="mvtri-benchmark") as pool:
        waiting: set[Future[Scored | None]] = {pool.submit(begin, info) for info in infos}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:  # also on Ctrl-C
            stop.set()
