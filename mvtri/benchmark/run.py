"""`run_benchmark`: scores sequences, several side by side, and saves each as soon as it is done."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from mvtri.benchmark.checkpoints import Checkpoints
from mvtri.benchmark.plan import Plan
from mvtri.benchmark.score_sequence import Scored, score_sequence
from mvtri.datasets import Dataset, SequenceInfo
from mvtri.errors import InputError
from mvtri.files import output_folder
from mvtri.progress import Progress, no_progress


def run_benchmark(
    dataset: Dataset,
    plan: Plan,
    sequences: Sequence[SequenceInfo] | None = None,
    *,
    out: Path | None = None,
    inputs: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    parallel_sequences: int = 1,
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
        The scores of each sequence are saved in this folder as soon as it is done; a run that was stopped
        continues from there.
    inputs : mapping, optional
        What else distinguishes this run from others, such as the hash of a detector.
    overwrite : bool
        Whether scores of a different run in `out` may be deleted.
    parallel_sequences : int
        How many sequences are scored side by side, each in one thread.  With 1, each triangulation uses all
        cores.
    progress : Progress, optional
        Called with the stage ``"benchmark"``, in frames.

    Returns
    -------
    list of Scored
        In the order of `sequences`.

    Raises
    ------
    InputError
        If there is nothing to do, a setting or method is named twice, or a sequence cannot be scored.
    ExistsError
        If `out` holds anything but a part of this run, or another run is writing to it.
    """
    sequences = list(dataset.sequences if sequences is None else sequences)
    if not sequences:
        raise InputError("no sequence matches the choice; choose other subjects or actions")
    if not plan.settings or not plan.methods:
        raise InputError("there is nothing to score; expected at least one setting and one method")
    for what, things in (("setting", plan.settings), ("method", plan.methods)):
        name, count = Counter(thing.name for thing in things).most_common(1)[0]
        if count > 1:
            raise InputError(f"the {what} {name} is named {count} times; name it once")
    if parallel_sequences < 1:
        raise InputError(f"parallel_sequences is {parallel_sequences}, expected 1 or more")
    fingerprint = plan.fingerprint(dataset, sequences, inputs or {})
    with output_folder(out) if out else contextlib.nullcontext():
        saved = Checkpoints(out, fingerprint, overwrite) if out else None
        return _scores(dataset, plan, sequences, saved, parallel_sequences, progress or no_progress)


def _scores(
    dataset: Dataset,
    plan: Plan,
    sequences: Sequence[SequenceInfo],
    saved: Checkpoints | None,
    parallel_sequences: int,
    report: Progress,
) -> list[Scored]:
    """Return the scores of all sequences, those that are saved already and the others."""
    todo = saved.missing(sequences) if saved else sequences
    total = sum(info.frames for info in sequences)
    done = total - sum(info.frames for info in todo)
    fresh: dict[SequenceInfo, Scored] = {}
    report("benchmark", done, total)

    def score(info: SequenceInfo) -> Scored:
        scored = score_sequence(lambda: dataset.load(info), info, plan, 1 if parallel_sequences > 1 else None)
        if saved:
            saved.save(scored)
        return scored

    for scored in _in_threads(score, todo, parallel_sequences):
        fresh[scored.info] = scored
        done += scored.info.frames
        report("benchmark", done, total)
    found = [fresh.get(info) or (saved.load(info) if saved else None) for info in sequences]
    return [scored for scored in found if scored is not None]


def _in_threads(work: Callable[[SequenceInfo], Scored], infos: Sequence[SequenceInfo], threads: int) -> Any:
    """Yield each result when it is done; after an error no other sequence is started."""
    if threads == 1:
        yield from map(work, infos)
        return
    stop = threading.Event()

    def begin(info: SequenceInfo) -> Scored | None:
        return None if stop.is_set() else work(info)

    with ThreadPoolExecutor(threads, thread_name_prefix="mvtri-benchmark") as pool:
        queued: set[Future[Scored | None]] = {pool.submit(begin, info) for info in infos}
        try:
            while queued:
                finished, queued = wait(queued, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:  # also on Ctrl-C
            stop.set()
