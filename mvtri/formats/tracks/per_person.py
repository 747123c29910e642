"""The files of formats that hold one person each."""

import re
from collections.abc import Sequence
from pathlib import Path

_LONGEST = 80  # characters of a person's name in a file's name


def paths_per_person(path: Path, people: Sequence[str]) -> list[Path]:
    """Return `path` for one person; for several, a path for each, which ends in the person's name."""
    if len(people) == 1:
        return [path]
    plain = [re.sub(r"[^\w.-]", "_", person)[:_LONGEST] for person in people]
    if len({name.lower() for name in plain}) < len(plain):  # only what was replaced tells them apart
        plain = [f"{name}_{index}" for index, name in enumerate(plain)]
    return [path.with_stem(f"{path.stem}_{name}") for name in plain]
