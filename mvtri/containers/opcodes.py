"""What a pickle would ask for, found in its opcodes before any of it is run.

Python's unpickler believes a pickle's own lengths: it takes 64 GB for one memo entry of a high number.  And a
few opcodes make a tuple of two references to a tuple of two references ..., whose hash takes years.  So here
every length has to lie within the data, every memo number within the count of opcodes, every integer within
64 bits or so; and the sizes of what lies on the unpickler's stack are added up as if nothing were shared.
"""

import pickletools
from typing import NamedTuple

_WIDTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
_GETS = {"GET", "BINGET", "LONG_BINGET"}
_INTEGERS = {"INT", "LONG", "LONG1", "LONG4"}
_TWO_LINES = {"GLOBAL", "INST"}  # a module and a name
_LONGEST_INTEGER = 24  # bytes, or digits: 64 bits have 20
_LONGEST_LINE = 10_000_000
_FILLS = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}  # something lower on the stack
_SHARED = (
    5_000_000  # parts that all structures together may have, counted as often as something refers to them
)
_SHARED_RATIO = 50  # and so many more for each byte of the pickle


class MalformedError(ValueError):
    """What no pickler writes."""


class _Opcode(NamedTuple):
    name: str
    length: int  # of the argument, or one of pickletools' words for where it stands
    takes: int  # from the stack, below the mark where there is one
    to_mark: bool
    gives: int


def _describe(code: pickletools.OpcodeInfo) -> _Opcode:
    before = list(code.stack_before)
    to_mark = pickletools.markobject in before
    takes = before.index(pickletools.markobject) if to_mark else len(before)
    return _Opcode(
        code.name, code.arg.n if code.arg is not None else 0, takes, to_mark, len(code.stack_after)
    )


_OPCODES = {ord(code.code): _describe(code) for code in pickletools.opcodes}


class OpcodeCheck:
    """One pickle at the beginning of `data`.

    Attributes
    ----------
    end : int
        Where it ends.

    Raises
    ------
    MalformedError
        If it is not whole, or asks for more than it holds.
    """

    def __init__(self, data: bytes):
        self._data = data
        self._stack: list[int] = []  # how many parts each entry has
        self._marks: list[int] = []
        self._memo: dict[int, int] = {}
        self._count = 0
        self._work = 0
        self.end = self._walk()

    def _walk(self) -> int:
        position, size = 0, len(self._data)
        while position < size:
            code = _OPCODES.get(self._data[position])
            if code is None:
                raise MalformedError(f"an unknown opcode {self._data[position]:#04x}")
            start = position + 1
            position = self._end(code, start)
            if position > size:
                raise MalformedError(
                    f"{code.name} of {position - start} bytes, of which {size - start} are there"
                )
            self._count += 1
            if code.name == "STOP":
                return position
            self._step(code, start, position)
        raise MalformedError("no end")

    def _end(self, code: _Opcode, start: int) -> int:
        if code.length == pickletools.UP_TO_NEWLINE:
            for _ in range(2 if code.name in _TWO_LINES else 1):
                found = self._data.find(b"\n", start, start + _LONGEST_LINE)
                if found < 0:
                    raise MalformedError(f"{code.name} without the end of its line")
                start = found + 1
            return start
        if code.length >= 0:
            return start + code.length
        width, signed = _WIDTHS[code.length]
        stated = int.from_bytes(self._data[start : start + width], "little", signed=signed)
        if stated < 0:
            raise MalformedError(f"{code.name} of {stated} bytes")
        return start + width + stated

    def _step(self, code: _Opcode, start: int, end: int) -> None:
        if code.name in _INTEGERS and end - start > _LONGEST_INTEGER:
            raise MalformedError(f"an integer of {end - start} bytes")
        if code.name == "FRAME" and int.from_bytes(self._data[start:end], "little") > len(self._data) - end:
            raise MalformedError("a frame longer than the file")
        if code.name in _PUTS or code.name == "MEMOIZE":
            self._put(len(self._memo) if code.name == "MEMOIZE" else self._number(code, start, end))
        elif code.name in _GETS:
            self._stack.append(self._memo.get(self._number(code, start, end), 1))
        elif code.name == "MARK":
            self._marks.append(len(self._stack))
        elif code.name == "DUP":
            self._stack += self._take(1) * 2
        elif code.name == "POP" and self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        elif code.name == "POP_MARK":
            self._take_to_mark()
        else:
            self._apply(code)

    def _apply(self, code: _Opcode) -> None:
        above = sum(self._take_to_mark()) if code.to_mark else 0
        taken = self._take(code.takes)
        filled = taken.pop(0) if code.name in _FILLS else 0
        parts = above + sum(taken)
        self._work += parts
        if self._work > _SHARED + _SHARED_RATIO * len(self._data):
            raise MalformedError("a structure that refers to its own parts again and again")
        self._stack += [1 + parts + filled] * code.gives

    def _take(self, count: int) -> list[int]:
        floor = self._marks[-1] if self._marks else 0
        if len(self._stack) - count < floor:
            raise MalformedError("something taken from an empty stack")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _take_to_mark(self) -> list[int]:
        if not self._marks:
            raise MalformedError("the end of a list that does not begin")
        mark = self._marks.pop()
        taken = self._stack[mark:]
        del self._stack[mark:]
        return taken

    def _put(self, number: int) -> None:
        if number > self._count:
            raise MalformedError(f"a memo entry of the number {number}")
        if not self._stack:
            raise MalformedError("a memo entry of nothing")
        self._memo[number] = self._stack[-1]

    def _number(self, code: _Opcode, start: int, end: int) -> int:
        if code.length != pickletools.UP_TO_NEWLINE:
            return int.from_bytes(self._data[start:end], "little")
        digits = self._data[start:end].strip()
        if not digits.isdigit() or len(digits) > _LONGEST_INTEGER:
            raise MalformedError(f"a memo entry {digits[:40]!r}")
        return int(digits)
