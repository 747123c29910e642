"""Inputs that once went wrong, kept small: of each, only the files that differ from its reader's seed.

    python tests/fuzz/fuzz_corpus.py FINDING NAME FILE ... --says TEXT

keeps the finding in the folder FINDING under NAME.  FILE are its changed files, TEXT is a part of the
sentence by which it is refused now; without TEXT, it is read.
"""

import argparse
import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import fuzz_seeds

CORPUS = Path(__file__).parent / "corpus"
INDEX = CORPUS / "index.json"


def entries() -> dict[str, dict[str, Any]]:
    """Return by name: the reader, its seed's number, forced, the changed files, and what is said of it."""
    found: dict[str, dict[str, Any]] = json.loads(INDEX.read_text(encoding="utf-8"))
    return found


def rebuild(entry: dict[str, Any], folder: Path) -> tuple[Path, dict[str, Any]]:
    """Make an input in a folder: the reader's seed with the changed files; return it and the options."""
    seed = (fuzz_seeds.seeds_of(entry["reader"]) or [])[entry["seed"]]
    made = seed.make(folder)
    for place, stored in entry["files"].items():
        assert (folder / place).exists(), f"the seed of {entry['reader']} has no file {place}"
        (folder / place).write_bytes(gzip.decompress((CORPUS / stored).read_bytes()))
    return made, seed.options


def keep(finding: Path, name: str, files: list[str], says: str) -> None:
    """Add a finding to the corpus."""
    about = (finding / "finding.txt").read_text(encoding="utf-8")
    reader, first = re.search(r"--readers (\S+) --first (\d+)", about).groups()  # type: ignore[union-attr]
    stored = {}
    for number, file in enumerate(files):
        stored[file] = f"{name}{number or ''}.gz"
        (CORPUS / stored[file]).write_bytes(gzip.compress((finding / file).read_bytes(), mtime=0))
    seeds = fuzz_seeds.seeds_of(reader) or []
    entry = {
        "reader": reader,
        "seed": int(first) % len(seeds),
        "forced": "forced=True" in about,
        "files": stored,
        "outcome": "refused" if says else "read",
        "says": says,
    }
    INDEX.write_text(json.dumps(entries() | {name: entry}, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("finding", type=Path)
    parser.add_argument("name")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--says", default="", help="nothing where it is read now")
    given = parser.parse_args()
    CORPUS.mkdir(exist_ok=True)
    if not INDEX.exists():
        INDEX.write_text("{}\n", encoding="utf-8")
    keep(given.finding, given.name, given.files, given.says)


if __name__ == "__main__":
    main()
