"""Which stored image is which of a sequence's: paths that end alike."""

import re
from collections.abc import Sequence

from mvtri.errors import InputError


class ImageNames:
    """Names of stored images, absolute paths or only the ends of them.

    Parameters
    ----------
    names : sequence of str
    """

    def __init__(self, names: Sequence[str]):
        self._names = {name: _parts(name) for name in names}
        self._depth = min(map(len, self._names.values()), default=1)
        self._by_depth: dict[int, dict[tuple[str, ...], list[str]]] = {}

    def find(self, wanted: str, where: str) -> str | None:
        """Return the stored name that ends as `wanted` does, or None.

        As many folders count as both `wanted` and the shortest stored name have.

        Raises
        ------
        InputError
            If several do; `where` begins the sentence.
        """
        parts = _parts(wanted)
        depth = min(len(parts), self._depth)
        found = self._of(depth).get(parts[-depth:], [])
        if len(found) > 1:
            raise InputError(
                f"{where} has several images that could be {wanted} ({found[0]}, {found[1]}); store longer "
                "paths, or a file a camera"
            )
        return found[0] if found else None

    def _of(self, depth: int) -> dict[tuple[str, ...], list[str]]:
        if depth not in self._by_depth:
            table: dict[tuple[str, ...], list[str]] = {}
            for name, parts in self._names.items():
                table.setdefault(parts[-depth:], []).append(name)
            self._by_depth[depth] = table
        return self._by_depth[depth]


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
