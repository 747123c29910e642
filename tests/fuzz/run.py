"""Feed changed files to every reader and count what happens.

    python tests/fuzz/run.py --inputs 10000              # every reader
    python tests/fuzz/run.py --inputs 500 --reader trc   # those whose name contains "trc"
    python tests/fuzz/run.py --list

An input is read in a child process.  It is *read*, or *refused* with one sentence (`MvtriError`).  Everything
else is a finding: another exception (*other*), more than 2 s of processor time (*hang*), more memory than
1 GB above the file's own size (*memory*), a *crash* of the process, or something *implausible* accepted.
Findings are saved under ``--out``, each with how to repeat it.
"""

import argparse
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import fuzz_mutate
import fuzz_read
import fuzz_seeds

CPU_LIMIT = 2.0  # s of processor time
WALL_LIMIT = 60.0  # s after which a child that does not even answer is ended
MEMORY_LIMIT = 2**30  # bytes above the input's size
ADDRESS_SPACE = 6 * 2**30  # bytes above what the process has, so that a finding does not stop the machine
OUTCOMES = ("read", "refused", "other", "hang", "memory", "crash", "implausible")


class Hang(BaseException):
    """The processor time of one input is used up."""


def build(reader: str, index: int, base: Path, folder: Path, seed: int) -> tuple[Path, dict[str, Any], bool]:
    """Copy a seed of the reader to `folder` and change it; return what to read, the options, and forced."""
    rng = Random(f"{reader} {seed} {index}")
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


def prepare(reader: str, base: Path) -> None:
    """Make the seeds of a reader, once."""
    for number, seed in enumerate(fuzz_seeds.seeds_of(reader) or []):
        folder = base / str(number)
        folder.mkdir(parents=True)
        made = seed.make(folder)
        fuzz_read.read(reader, made, seed.options, forced=True)  # or what is changed would say nothing
        (folder / "WHAT").write_text(str(made.relative_to(folder)))


def judge(reader: str, path: Path, options: dict[str, Any], forced: bool) -> tuple[str, str]:
    """Read an input; return the outcome and a few words."""
    from mvtri.errors import MvtriError
    from mvtri.inputs import DamagedFileError

    def stop(*_: object) -> None:
        raise Hang

    size = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file())
    before = _peak(reset=True)
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fuzz_read.read(reader, path, options, forced)
        outcome, detail = "read", ""
    except MvtriError as error:
        outcome, detail = "refused", str(error)
        if "\n" in detail or not detail:
            outcome = "other"
        if isinstance(error, DamagedFileError):  # caught by the last net alone
            outcome, detail = "other", traceback.format_exc()
    except fuzz_read.ImplausibleError as error:
        outcome, detail = "implausible", str(error)
    except Hang:
        outcome, detail = "hang", traceback.format_exc()
    except Exception:
        outcome, detail = "other", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    grown = _peak() - before
    if outcome in ("read", "refused") and grown > MEMORY_LIMIT + size:
        outcome, detail = "memory", f"{grown / 1e6:.0f} MB; {detail}"
    return outcome, detail


def _peak(reset: bool = False) -> int:
    """Return the peak of this process's resident memory, bytes, since the last reset."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(reader: str, indices: range, base: Path, scratch: Path, seed: int, pipe: int) -> None:
    used = (
        int(Path("/proc/self/statm").read_text().split()[0]) * 4096
        if Path("/proc/self/statm").exists()
        else 2**32
    )
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESS_SPACE,) * 2)
    import logging

    logging.disable(logging.CRITICAL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for index in indices:
        folder = scratch / f"{index}"
        path, options, forced = build(reader, index, base, folder, seed)
        os.write(pipe, f"start {index}\n".encode())
        outcome, detail = judge(reader, path, options, forced)
        shutil.rmtree(folder, ignore_errors=True)
        short = json.dumps(detail[-1500:])
        os.write(
            pipe, f"end {index} {outcome} {short if outcome not in ('read', 'refused') else '0'}\n".encode()
        )
    os._exit(0)


def run_reader(
    reader: str, inputs: int, seed: int, out: Path | None, first: int = 0
) -> tuple[Counter[str], list[str]]:
    """Feed `inputs` changed files to a reader; return the counts, and a line about each finding."""
    counts: Counter[str] = Counter()
    findings: list[str] = []
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # in memory, where there is such a place
    with tempfile.TemporaryDirectory(prefix="mvtri-fuzz-", dir=fast) as place:
        base, scratch = Path(place, "seeds"), Path(place, "cases")
        prepare(reader, base)
        scratch.mkdir()
        at = first
        while at < first + inputs:
            at = _feed(reader, range(at, first + inputs), base, scratch, seed, counts, findings)
        for line in findings if out else []:
            _save(reader, int(line.split()[1]), base, Path(str(out)), seed, line)
    return counts, findings


def _feed(
    reader: str,
    indices: range,
    base: Path,
    scratch: Path,
    seed: int,
    counts: Counter[str],
    findings: list[str],
) -> int:
    """Run one child until it ends; return the index to go on with."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            _child(reader, indices, base, scratch, seed, theirs)
        finally:
            os._exit(3)
    os.close(theirs)
    current, text = indices.start, ""
    done = indices.start
    while True:
        ready, _, _ = select.select([ours], [], [], WALL_LIMIT)
        chunk = os.read(ours, 65536).decode() if ready else ""
        text += chunk
        *lines, text = text.split("\n")
        for line in lines:
            word, number, *rest = line.split(" ", 3)
            current = int(number)
            if word == "end":
                counts[rest[0]] += 1
                done = current + 1
                if rest[0] not in ("read", "refused"):
                    findings.append(f"{reader} {number} {rest[0]} {rest[1]}")
        if not chunk:
            break
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(ours)
    if done == indices.stop:
        return done
    outcome = "hang" if not ready else "crash"
    counts[outcome] += 1
    findings.append(f'{reader} {current} {outcome} "status {status}"')
    return current + 1


def _save(reader: str, index: int, base: Path, out: Path, seed: int, line: str) -> None:
    folder = out / reader.replace("/", "-") / str(index)
    shutil.rmtree(folder, ignore_errors=True)
    path, _, forced = build(reader, index, base, folder, seed)
    (folder.parent / f"{index}.txt").write_text(
        f"{path.relative_to(folder)} forced={forced}\n"
        f"python tests/fuzz/run.py --reader {reader} --first {index} --inputs 1 --seed {seed}\n"
        f"{line}\n"
    )


def main() -> int:
    """Run the command; exit with 1 where there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=1000, help="per reader")
    parser.add_argument("--reader", default="", help="only readers whose name contains this")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--minutes", type=float, default=0.0, help="begin no further reader after this time")
    parser.add_argument("--list", action="store_true", help="list the readers")
    given = parser.parse_args()
    chosen = [name for name in fuzz_seeds.readers() if given.reader in name]
    lacking = [name for name in fuzz_seeds.missing_seeds() if name in chosen]
    if given.list or not chosen:
        print("\n".join(chosen or fuzz_seeds.readers()))
        return 0 if chosen else 1
    if lacking:
        print(f"no seed for {', '.join(lacking)}; add one to tests/fuzz/fuzz_seeds.py")
        return 1
    began, found = time.monotonic(), 0
    print(f"| reader | inputs | {' | '.join(OUTCOMES)} |\n|---|{'---|' * (len(OUTCOMES) + 1)}", flush=True)
    for reader in chosen:
        if given.minutes and time.monotonic() - began > 60 * given.minutes:
            print(f"stopped after {given.minutes:g} minutes, before {reader}")
            break
        counts, findings = run_reader(reader, given.inputs, given.seed, given.out, given.first)
        found += len(findings)
        print(
            f"| {reader} | {given.inputs} | {' | '.join(str(counts[name]) for name in OUTCOMES)} |",
            flush=True,
        )
    print(f"{found} findings" + (f", saved under {given.out}" if found else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
