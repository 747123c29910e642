"""Pickles of arrays and plain containers, read without running anything that they name.

A pickle is a program.  Here it finds, under NumPy's names, only stand-ins that keep what they are given; the
arrays are made afterwards, out of checked parts, so that not even NumPy's own unpickling sees the file.
"""

import io
import math
import os
import pickle
import re
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from mvtri.containers.letters import check_letters
from mvtri.containers.opcodes import OpcodeCheck
from mvtri.errors import InputError
from mvtri.inputs import check_memory, memory_limit, open_input, read_bytes

_BAD_HEADER = (
    ValueError, EOFError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError, OverflowError,
    tokenize.TokenError,
)  # fmt: skip
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_CODE = re.compile(r"b1|[iufc]\d{1,2}|[SUV]\d{1,9}|O[48]?")
_EACH = 64  # bytes of memory of a number, a text or a container, roughly


class _Refused(pickle.UnpicklingError):
    """Something that has no place among numbers and names."""


class _Dtype:
    """What a pickle says about a dtype, and the dtype made of it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, code: object, align: object = False, copy: object = True):
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise _Refused(f"an array of the type {str(code)[:40]!r}")
        self.dtype = np.dtype("O" if code.startswith("O") else code)

    def __setstate__(self, state: Any) -> None:
        _, order, subarray, names, fields, size = state[:6]
        if subarray is not None:
            base, shape = subarray
            self.dtype = np.dtype((_plain(base), tuple(map(int, _tuple(shape)))))
        elif names is not None:
            kept = [fields[name] for name in names]
            self.dtype = np.dtype(
                {
                    "names": list(names),
                    "formats": [_plain(field[0]) for field in kept],
                    "offsets": [int(field[1]) for field in kept],
                    "itemsize": int(size),
                }
            )
            if self.dtype.hasobject:
                raise _Refused("a table with Python objects in it")
        elif order in ("<", ">", "=", "|"):
            self.dtype = self.dtype.newbyteorder(order)
        else:
            raise _Refused(f"an array with the byte order {str(order)[:40]!r}")


class _Array:
    """What a pickle says about an array."""

    __hash__ = None  # type: ignore[assignment]

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.shape = tuple(map(int, _tuple(shape)))
        self.dtype = _plain(dtype)
        self.order: Literal["C", "F"] = "F" if fortran else "C"
        self.data = data.encode("latin1") if isinstance(data, str) else data


class _Name:
    """A stand-in that a pickle may call, and do nothing else with."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[..., Any]):
        self.call = call

    def __call__(self, *arguments: Any) -> Any:
        return self.call(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("an attempt to change what a name stands for")


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: BinaryIO):
        super().__init__(stream, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        call = _NAMES.get(
            (module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins"), name)
        )
        if call is None:
            raise _Refused(f"{module}.{name}")
        return _Name(call)


def load_pickle(path: Path) -> Any:
    """Read a pickle file of arrays, numbers, texts and plain containers.

    Raises
    ------
    InputError
        If it names anything else (nothing of which is run), or is no whole pickle.
    """
    return read_pickle(read_bytes(path, factor=2), path)


def load_npy(path: Path) -> Any:
    """Read what a ``.npy`` file holds, as `load_object` does."""
    with open_input(path) as stream:
        return load_object(stream, path, os.fstat(stream.fileno()).st_size)


def load_object(stream: BinaryIO, path: Path, length: int) -> Any:
    """Read what a ``.npy`` stream holds: an array, or the one Python object that was saved as an array.

    Parameters
    ----------
    stream : binary file
    path : Path
        The file, for messages and for the memory that it may take.
    length : int
        Bytes of the stream; an array whose shape says more is refused before any memory is taken.

    Raises
    ------
    InputError
        As for `load_pickle`, and if the stream is no ``.npy``.
    """
    shape, fortran, dtype = read_header(stream, path)
    if dtype.hasobject:
        check_memory(path, 2 * length)
        value = read_pickle(stream.read(length), path)
        return value.item() if isinstance(value, np.ndarray) and value.shape == () else value
    size = math.prod(shape) * dtype.itemsize
    if size > length or math.prod(shape) > max(length, size):  # the second: of texts without letters
        raise InputError(f"{path} is truncated: it has {length} bytes, its array of the shape {shape} {size}")
    check_memory(path, size)
    data = stream.read(size)
    if len(data) != size:
        raise InputError(f"{path} is truncated: {len(data)} bytes of an array of {size}")
    if not size:
        return np.zeros(shape, dtype=dtype, order="F" if fortran else "C")
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    check_letters(array, path)
    return array


def read_header(stream: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and dtype of a ``.npy`` stream, which then stands at its data."""
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise InputError(f"{path} has the version {version} of NumPy's format; 1.0 and 2.0 are read")
        shape, fortran, dtype = _HEADERS[version](stream)
    except InputError:
        raise
    except _BAD_HEADER as error:
        raise InputError(f"{path} does not begin as an array of NumPy does: {_reason(error)}") from None
    if any(type(length) is not int or length < 0 for length in shape):
        raise InputError(f"{path} has an array of the shape {shape}; is it damaged?")
    return shape, fortran, dtype


def read_pickle(data: bytes, path: Path) -> Any:
    """Read the pickle at the beginning of some bytes of `path`; see `load_pickle`."""
    try:
        end = OpcodeCheck(data).end
        loaded = _Unpickler(io.BytesIO(data[:end])).load()
        return _Finisher(path, len(data)).finish(loaded)[0]
    except InputError:
        raise
    except _Refused as error:
        raise InputError(
            f"{path} is a pickle with {error} in it, where arrays and plain containers were expected; "
            "nothing of it was run: get the file from where you trust it"
        ) from None
    except MemoryError:
        raise InputError(
            f"{path} is a pickle that asks for more memory than there is; is it damaged?"
        ) from None
    except (ArithmeticError, AttributeError, EOFError, ImportError, LookupError, RecursionError) as error:
        raise InputError(_damaged(path, error)) from None
    except (TypeError, ValueError, pickle.UnpicklingError) as error:
        raise InputError(_damaged(path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} is no whole pickle ({_reason(error)}); is it truncated or damaged?"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plain(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, _Dtype):
        raise _Refused("an array of no type")
    return dtype.dtype


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    if not isinstance(kind, _Name) or kind.call is not _no_call:
        raise _Refused("an array of another class than NumPy's own")
    return _Array()


def _no_call(*arguments: Any) -> Any:
    raise _Refused("a call of numpy.ndarray")


def _scalar(dtype: Any, data: Any) -> Any:
    kind = _plain(dtype)
    if kind.hasobject or kind.shape:
        raise _Refused("a NumPy scalar that is none")
    raw = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(raw, dtype=kind, count=1)[0]


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    kind = _plain(dtype)
    if kind.hasobject:
        raise _Refused("a buffer of Python objects")
    return np.frombuffer(data, dtype=kind).reshape(
        tuple(map(int, _tuple(shape))), order="F" if order == "F" else "C"
    )


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Refused("a text in an unexpected encoding")
    return text.encode("latin1")


def _no_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise _Refused("a call of bytes")
    return b""  # as the protocols of Python 2 say it


_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _no_call,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("collections", "OrderedDict"): dict,
}


class _Finisher:
    """Makes the arrays, and adds up what all would take if nothing in it were shared.

    Whoever makes an array of lists copies what is shared as often as something refers to it, and never comes
    to the end of a list that holds itself.
    """

    def __init__(self, path: Path, size: int):
        self._path = path
        self._size = size
        self._limit = memory_limit(size)
        self._done: dict[int, tuple[Any, Any, int]] = {}  # by id: what was read, what became of it, bytes
        self._within: set[int] = set()

    def finish(self, value: Any) -> tuple[Any, int]:
        """Return what `value` becomes, and its bytes."""
        if isinstance(value, _Dtype):
            return value.dtype, _EACH
        if isinstance(value, _Name):
            raise _Refused("a name that stands alone")
        if isinstance(value, (np.ndarray, np.generic)):  # made while it was read
            check_letters(value, self._path)
            return value, _EACH + value.nbytes
        if not isinstance(value, (_Array, tuple, list, dict, set, frozenset)):
            return value, _EACH + (len(value) if isinstance(value, (str, bytes, bytearray)) else 0)
        if id(value) in self._within:
            raise _Refused("a container that holds itself")
        if id(value) not in self._done:
            self._within.add(id(value))
            finished, size = self._container(value)
            self._within.remove(id(value))
            self._check(size)
            self._done[id(value)] = value, finished, size
        return self._done[id(value)][1:]

    def _check(self, needed: int) -> None:
        if needed > self._limit:
            check_memory(self._path, needed, size=self._size)

    def _container(self, value: Any) -> tuple[Any, int]:
        if isinstance(value, _Array):
            return self._array(value)
        keys = list(value) if isinstance(value, (dict, set, frozenset)) else []
        size = _EACH + sum(self.finish(key)[1] for key in keys)
        if isinstance(value, (set, frozenset)):
            return value, size
        if isinstance(value, tuple):
            parts = [self.finish(item) for item in value]
            return tuple(part for part, _ in parts), size + sum(taken for _, taken in parts)
        for key in keys if isinstance(value, dict) else range(len(value)):
            value[key], taken = self.finish(value[key])
            size += taken
        return value, size

    def _array(self, array: _Array) -> tuple[np.ndarray, int]:
        count = math.prod(array.shape)
        size = count * array.dtype.itemsize
        if min(array.shape, default=0) < 0:
            raise _Refused(f"an array of the shape {array.shape}")
        self._check(size)
        if not array.dtype.hasobject:
            flat = np.frombuffer(array.data, dtype=array.dtype)
            plain: np.ndarray = flat.reshape(array.shape + flat.shape[1:], order=array.order)
            check_letters(plain, self._path)
            return plain, _EACH + size
        if not isinstance(array.data, list) or len(array.data) != count:
            raise _Refused("an array of objects without its objects")
        objects = np.empty(count, dtype=object)
        for index, item in enumerate(array.data):
            objects[index], taken = self.finish(item)
            size += taken
        return objects.reshape(array.shape, order=array.order), _EACH + size
