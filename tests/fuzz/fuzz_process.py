"""Feeding inputs to a reader in child processes, which may hang, crash or run out of memory."""

import contextlib
import faulthandler
import json
import logging
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import fuzz_judge
import fuzz_mutate
import fuzz_read
import fuzz_seeds

WALL_LIMIT = 60.0  # s after which a child that does not even answer is ended
SILENT_CPU_LIMIT = 3 * fuzz_judge.CPU_LIMIT  # s after which one is ended that never comes back to Python
ADDRESS_SPACE = 6 * 2**30  # bytes above what the process has, so that a finding does not stop the machine
PER_CHILD = 500  # inputs, so that what libraries leak does not add up
TRIES = 5
_ROOT = Path(__file__).parents[2]


@dataclass
class Run:
    """What one call of `run_reader` works with and has found.

    Attributes
    ----------
    reader : str
    seed : int
        Another seed gives other inputs.
    base, scratch : Path
        Folders: the valid seeds, and the changed ones.
    out : Path or None
        Where findings are kept.
    counts : Counter
        Inputs by outcome.
    findings : list of str
        One line each.
    """

    reader: str
    seed: int
    base: Path
    scratch: Path
    out: Path | None
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def run_reader(
    reader: str, inputs: int, seed: int, out: Path | None, first: int = 0
) -> tuple[Counter[str], list[str]]:
    """Feed `inputs` changed files to a reader; return the counts, and a line about each finding."""
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # in memory, where there is such a place
    with tempfile.TemporaryDirectory(prefix="mvtri-fuzz-", dir=fast) as place:
        run = Run(reader, seed, Path(place, "seeds"), Path(place, "cases"), out)
        prepare(reader, run.base)
        run.scratch.mkdir()
        at, stop = first, first + inputs
        while at < stop:
            at = _feed(run, range(at, min(at + PER_CHILD, stop)))
    return run.counts, run.findings


def prepare(reader: str, base: Path) -> None:
    """Make the seeds of a reader, once."""
    for number, seed in enumerate(fuzz_seeds.seeds_of(reader) or []):
        folder = base / str(number)
        folder.mkdir(parents=True)
        made = seed.make(folder)
        fuzz_read.read(reader, made, seed.options, forced=True)  # or what is changed would say nothing
        (folder / "WHAT").write_text(str(made.relative_to(folder)))


def build(reader: str, index: int, base: Path, folder: Path, seed: int) -> tuple[Path, dict[str, Any], bool]:
    """Copy a seed of the reader to `folder` and change it; return what to read, the options, and forced.

    A change that cannot be written is drawn again.
    """
    for attempt in range(TRIES):
        try:
            return _build(reader, index, base, folder, seed, attempt)
        except (Exception, RecursionError):
            if attempt == TRIES - 1:
                raise
            shutil.rmtree(folder, ignore_errors=True)
    raise AssertionError


def _build(
    reader: str, index: int, base: Path, folder: Path, seed: int, attempt: int
) -> tuple[Path, dict[str, Any], bool]:
    rng = Random(f"{reader} {seed} {index}" + (f" {attempt}" if attempt else ""))
    seeds = fuzz_seeds.seeds_of(reader) or []
    number = index % len(seeds)
    source = base / str(number)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    relative = (source / "WHAT").read_text()
    (folder / "WHAT").unlink()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in rng.sample(files, min(len(files), rng.choice((1, 1, 1, 2)))):
        fuzz_mutate.mutate_file(path, rng)
    return folder / relative, seeds[number].options, rng.random() < 0.5


def _feed(run: Run, indices: range) -> int:
    """Run one child until it ends; return the index to go on with."""
    ours, theirs = os.pipe()
    said = run.scratch / "stderr"
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            _child(run, indices, theirs, said)
        finally:
            os._exit(3)
    os.close(theirs)
    current, begun = indices.start, False
    for word, index, rest in _answers(ours, child):
        current, begun = index, word == "start"
        if word == "end":
            outcome, detail = json.loads(rest)
            _count(run, current, outcome, detail)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    if not begun and current == indices[-1]:
        return indices.stop
    slow = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGVTALRM)
    text = said.read_text(errors="replace") if said.exists() else ""
    _count(run, current, "hang" if slow else "crash", f"status {status}\n{text}")
    return current + 1


def _answers(pipe: int, child: int) -> Any:
    """Yield the lines of a child (word, number of an input, rest); end a child that is silent."""
    text = ""
    while True:
        ready, _, _ = select.select([pipe], [], [], WALL_LIMIT)
        if not ready:
            os.kill(child, signal.SIGKILL)
            return
        chunk = os.read(pipe, 65536).decode()
        if not chunk:
            return
        *lines, text = (text + chunk).split("\n")
        for line in lines:
            word, number, *rest = line.split(" ", 2)
            yield word, int(number), "".join(rest)


def _count(run: Run, index: int, outcome: str, detail: str) -> None:
    """Count an outcome; keep the input of a finding, with how to repeat it."""
    run.counts[outcome] += 1
    folder = run.scratch / str(index)
    if outcome not in fuzz_judge.FINE:
        for place, name in ((run.scratch, ""), (_ROOT, ""), (Path(sys.prefix), "")):
            detail = detail.replace(f"{place}{os.sep}", name)
        repeat = (
            f"python tests/fuzz/run.py --readers {run.reader} --first {index} --inputs 1 --seed {run.seed}"
        )
        run.findings.append(f"{run.reader} {index} {outcome}: {detail.strip()[-1500:]}\n{repeat}")
        if run.out is not None:
            kept = run.out / run.reader.replace("/", "-") / f"{run.seed}-{index}"
            with contextlib.suppress(OSError, shutil.Error):  # what cannot be kept can still be repeated
                kept.mkdir(parents=True, exist_ok=True)
                (kept / "finding.txt").write_text(f"{repeat}\n{outcome}\n{detail}\n")
                shutil.copytree(folder, kept, dirs_exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _child(run: Run, indices: range, pipe: int, said: Path) -> None:
    """Read the inputs one by one and write how each went into the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + ADDRESS_SPACE,) * 2)
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), 2)
    faulthandler.enable(2)
    faulthandler.register(signal.SIGVTALRM, 2, chain=True)
    for index in indices:
        os.ftruncate(2, 0)
        os.write(pipe, f"start {index}\n".encode())
        try:
            path, options, forced = build(run.reader, index, run.base, run.scratch / str(index), run.seed)
        except (Exception, RecursionError):  # the fuzzer's own fault, which must not end the run
            outcome, detail = "crash", traceback.format_exc()
        else:
            signal.setitimer(signal.ITIMER_VIRTUAL, SILENT_CPU_LIMIT)
            outcome, detail = fuzz_judge.judge(run.reader, path, options, forced)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            detail = f"{path.name}, forced={forced}\n{detail}"
        if outcome in fuzz_judge.FINE:
            shutil.rmtree(run.scratch / str(index), ignore_errors=True)
            detail = ""
        os.write(pipe, f"end {index} {json.dumps([outcome, detail[-8000:]])}\n".encode())
    os._exit(0)


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 2**32
