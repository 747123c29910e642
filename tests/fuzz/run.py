"""Feed changed files to every reader and count what happens.

    python tests/fuzz/run.py --inputs 10000                       # every reader
    python tests/fuzz/run.py --inputs 500 --readers trc,2d/coco   # those whose name contains one of these
    python tests/fuzz/run.py --list

An input is read in a child process.  It is *read*, or *refused* with one sentence (`MvtriError`).  Everything
else is a finding: another exception (*other*), more than 2 s of processor time (*hang*), more memory than
1 GB above the file's own size (*memory*), a *crash* of the process, or something *implausible* accepted.
Findings are kept under ``--out``, each with how to repeat it.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import fuzz_judge
import fuzz_process
import fuzz_seeds

ROOT = Path(__file__).parents[2]


def choose(wanted: str) -> list[str]:
    """Return the readers whose name contains one of the words, which commas separate."""
    words = [word for word in wanted.split(",") if word] or [""]
    return [name for name in fuzz_seeds.readers() if any(word in name for word in words)]


def main() -> int:
    """Run the command; exit with 1 where there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=1000, help="per reader")
    parser.add_argument("--readers", default="", help="only readers whose name contains one of these")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other inputs")
    parser.add_argument("--out", type=Path, default=ROOT / "fuzz-findings", help="git ignores the default")
    parser.add_argument("--list", action="store_true", help="list the readers")
    given = parser.parse_args()
    chosen = choose(given.readers)
    if given.list or not chosen:
        print("\n".join(chosen or fuzz_seeds.readers()))
        return 0 if chosen else 1
    lacking = [name for name in fuzz_seeds.missing_seeds() if name in chosen]
    if lacking:
        print(f"no seed for {', '.join(lacking)}; add one to tests/fuzz/fuzz_seeds.py")
        return 1
    found = sum(_row(reader, given) for reader in chosen)
    print(f"{found} findings" + (f", kept in {given.out}" if found else ""))
    return 1 if found else 0


def _row(reader: str, given: argparse.Namespace) -> int:
    """Print a reader's row of the table, with the head above the first; return its number of findings."""
    if reader == choose(given.readers)[0]:
        names = ("reader", "inputs", *fuzz_judge.OUTCOMES, "ms each")
        print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    began = time.monotonic()
    counts, findings = fuzz_process.run_reader(reader, given.inputs, given.seed, given.out, given.first)
    each = 1000 * (time.monotonic() - began) / max(given.inputs, 1)
    cells = (reader, given.inputs, *(counts[name] for name in fuzz_judge.OUTCOMES), f"{each:.1f}")
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)
    return len(findings)


if __name__ == "__main__":
    sys.exit(main())
