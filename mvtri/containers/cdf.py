"""The structure of a CDF file, checked before cdflib follows what it says.

A CDF is a web of records, each of which begins with its size and type and says where others are.  cdflib
follows them wherever they lead: into circles, beyond the end, and through counts of billions.  Source: NASA,
"CDF Internal Format Description", versions 2 and 3.
"""

import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

from mvtri.errors import InputError
from mvtri.inputs import check_memory, memory_limit, read_bytes

_MAGIC = {0xCDF30001: 3, 0xCDF26002: 2, 0x0000FFFF: 2}
_PLAIN = 0x0000FFFF  # the second word of a file that is not compressed as a whole
_DESCRIPTOR, _GLOBAL, _R_VARIABLE, _INDEX, _VALUES, _Z_VARIABLE = 1, 2, 3, 6, 7, 8
_WHOLE, _PARAMETERS, _COMPRESSED = 10, 11, 13
_BYTES = {1: 1, 2: 2, 4: 4, 8: 8, 11: 1, 12: 2, 14: 4, 21: 4, 22: 8, 31: 8, 32: 16, 33: 8}
_BYTES |= {41: 1, 44: 4, 45: 8, 51: 1, 52: 1}  # 51 and 52 are characters
_GZIP = 5
_MOST_AXES = 10
_EXPANDS = 1032  # gzip, at most
_FREE = 2**26  # bytes that a block may expand to without a closer look


class _Layout(NamedTuple):
    """Where the fields of the records are, in bytes from the record's beginning."""

    word: int  # bytes of a size and of a place in the file
    global_lists: tuple[int, int]  # first variable of the kinds r and z
    global_counts: tuple[int, int, int]  # variables of the kinds r and z, axes of the kind r
    global_axes: int
    variable: tuple[int, ...]  # next, type, last record, index, flags, sparse, elements, compression, axes
    values: tuple[int, int, int, int]  # next, entries, entries used, the first entry
    compressed: tuple[int, int]  # size, data


_LAYOUTS = {
    3: _Layout(
        word=8,
        global_lists=(12, 20),
        global_counts=(44, 60, 56),
        global_axes=84,
        variable=(12, 20, 24, 28, 44, 48, 64, 72, 340),
        values=(12, 20, 24, 28),
        compressed=(16, 24),
    ),
    2: _Layout(
        word=4,
        global_lists=(8, 12),
        global_counts=(24, 40, 36),
        global_axes=60,
        variable=(8, 12, 16, 20, 28, 32, 48, 56, 128),
        values=(8, 12, 16, 20),
        compressed=(12, 16),
    ),
}


class _Damaged(Exception):
    """Something that does not fit together."""


def check_cdf(path: Path) -> None:
    """Raise where the records of a file lead nowhere, in circles or beyond what its size excuses.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no CDF, is damaged, or takes more memory than `memory_limit` allows.
    """
    data = read_bytes(path)
    try:
        first, second = struct.unpack_from(">II", data)
        if first not in _MAGIC:
            raise _Damaged("it does not begin as a CDF")
        layout = _LAYOUTS[_MAGIC[first]]
        if second != _PLAIN:
            data = _inflated(data, layout, path)
        _Check(data, layout, path).run()
    except _Damaged as error:
        raise InputError(f"{path} is not a complete CDF file ({error}); copy it again") from None
    except (struct.error, zlib.error, RecursionError):
        raise InputError(
            f"{path} is not a complete CDF file (it ends within a record); copy it again"
        ) from None


def _inflated(data: bytes, layout: _Layout, path: Path) -> bytes:
    """Return a file that was compressed as a whole, as cdflib makes it."""
    check = _Check(data, layout, path)
    size = check.record(8, _WHOLE)
    parameters = check.place(8 + layout.word + 4)
    check.record(parameters, _PARAMETERS)
    start = 8 + 3 * layout.word + 8
    limit = memory_limit(len(data))
    if check.number(parameters + layout.word + 4) != _GZIP:
        raise _Damaged("its compression is none that is read")
    content = zlib.decompressobj(47).decompress(data[start : 8 + size], limit + 1)
    check_memory(path, len(content))
    return data[:4] + struct.pack(">I", _PLAIN) + content


class _Check:
    """A walk through the records of a file."""

    def __init__(self, data: bytes, layout: _Layout, path: Path):
        self._data = data
        self._layout = layout
        self._path = path
        self._seen: set[int] = set()

    def run(self) -> None:
        """Look at the two first records, and at all variables."""
        word = self._layout.word
        descriptor = self.record(8, _DESCRIPTOR)
        version, release = self.number(8 + 2 * word + 4), self.number(8 + 2 * word + 8)
        early = 128 if version == 2 and release < 5 else 0
        at = 8 + descriptor
        size = self.record(at, _GLOBAL)
        counts = [self.number(at + field) for field in self._layout.global_counts]
        axes = self._axes(at + self._layout.global_axes, counts[2], at + size)
        for head, count in zip(self._layout.global_lists, counts):
            place = self.place(at + head)
            for _ in range(count):
                place = self._variable(place, axes, early)

    def number(self, at: int) -> int:
        """Return the 32-bit number at a place."""
        if at < 0:
            raise _Damaged("a record lies before its beginning")
        found: int = struct.unpack_from(">i", self._data, at)[0]
        return found

    def place(self, at: int) -> int:
        """Return the place in the file that is stored at a place."""
        if at < 0:
            raise _Damaged("a record lies before its beginning")
        found: int = struct.unpack_from(">q" if self._layout.word == 8 else ">i", self._data, at)[0]
        return found

    def record(self, at: int, *kinds: int) -> int:
        """Return the size of a record, which must be of one of these types, and seen for the first time."""
        size, kind = self.place(at), self.number(at + self._layout.word)
        if kind not in kinds:
            raise _Damaged(f"a record is of the type {kind}, expected {kinds[0]}")
        if size < self._layout.word + 4 or at + size > len(self._data):
            raise _Damaged(f"a record of {size} bytes does not fit into it")
        if at in self._seen:
            raise _Damaged("a record leads back to itself")
        self._seen.add(at)
        return size

    def _axes(self, at: int, count: int, end: int) -> list[int]:
        if not 0 <= count <= _MOST_AXES or at + 4 * count > end:
            raise _Damaged(f"it has {count} axes")
        found = [self.number(at + 4 * index) for index in range(count)]
        if any(length < 1 for length in found):
            raise _Damaged(f"it has axes of the lengths {found}")
        return found

    def _variable(self, at: int, common: list[int], early: int) -> int:
        """Look at a variable and its values; return where the next one is."""
        following, kind, last, index, flags, sparse = self._layout.variable[:6]
        elements, compression, axes = (early + field for field in self._layout.variable[6:])
        size = self.record(at, _R_VARIABLE, _Z_VARIABLE)
        lengths, start = common, at + axes
        if self.number(at + self._layout.word) == _Z_VARIABLE:
            lengths = self._axes(at + axes + 4, self.number(at + axes), at + size)
            start = at + axes + 4 + 4 * len(lengths)
        if start + 4 * len(lengths) > at + size:
            raise _Damaged("a variable does not fit into its record")
        varying = [length for axis, length in enumerate(lengths) if self.number(start + 4 * axis)]
        each = _BYTES.get(self.number(at + kind), 0) * self.number(at + elements) * math.prod(varying)
        records = self.number(at + last) + 1
        if each < 1 or records < 0 or self.number(at + sparse):
            raise _Damaged("a variable has values of no size, or sparse records, which mvtri does not read")
        check_memory(self._path, each * records, size=len(self._data))
        if self.number(at + flags) & 4:
            self.record(self.place(at + compression), _PARAMETERS)
            self._seen.discard(self.place(at + compression))  # which variables may share
        stored = self._index(self.place(at + index), each) if records else 0
        if stored < records:
            raise _Damaged(f"a variable has {records} records, of which {stored} are stored")
        return self.place(at + following)

    def _index(self, at: int, each: int) -> int:
        """Look at an index of values, those in it and those after it; return the number of their records."""
        following, entries, used, first = self._layout.values
        total = 0
        while at:
            size = self.record(at, _INDEX)
            count, filled = self.number(at + entries), self.number(at + used)
            if not 0 <= filled <= count or first + count * (8 + self._layout.word) > size:
                raise _Damaged(f"an index has {filled} of {count} entries in {size} bytes")
            for entry in range(filled):
                start = self.number(at + first + 4 * entry)
                stop = self.number(at + first + 4 * (count + entry))
                place = self.place(at + first + 8 * count + self._layout.word * entry)
                if not 0 <= start <= stop:
                    raise _Damaged(f"an index speaks of the records {start} to {stop}")
                if self.number(place + self._layout.word) == _INDEX:
                    total += self._index(place, each)
                    continue
                self._block(place, (stop - start + 1) * each)
                total += stop - start + 1
            at = self.place(at + following)
        return total

    def _block(self, at: int, needed: int) -> None:
        """Look at a block of values, which has to hold `needed` bytes."""
        size = self.record(at, _VALUES, _COMPRESSED)
        found = size - self._layout.word - 4
        if self.number(at + self._layout.word) == _COMPRESSED:
            length, start = (at + field for field in self._layout.compressed)
            packed = self.place(length)
            if not 0 < packed <= at + size - start:
                raise _Damaged("compressed values do not fit into their record")
            found = needed
            if packed * _EXPANDS > _FREE:
                content = self._data[start : start + packed]
                found = len(zlib.decompressobj(47).decompress(content, needed + 1))
                found = found if found == needed else 0
        if found < needed:
            raise _Damaged(f"a block of values has other than the {needed} bytes that it should have")
