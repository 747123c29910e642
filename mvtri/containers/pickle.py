"""Pickles of arrays and plain containers, read without running anything that they name.

A pickle is a program.  Here it finds, under NumPy's names, only stand-ins that keep what they are given; the
arrays are made afterwards, out of checked parts, so that not even NumPy's own unpickling sees the file.
"""

import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from mvtri.errors import InputError

_CODE = re.compile(r"b1|[iufc]\d{1,2}|[SUV]\d{1,9}|O[48]?")
_LARGEST = 2**32  # bytes of one array


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
    with open(path, "rb") as file:
        return read_pickle(file, path)


def load_object(stream: BinaryIO, path: Path) -> Any:
    """Read what a ``.npy`` stream holds: an array, or the one Python object that was saved as an array.

    Raises
    ------
    InputError
        As for `load_pickle`, and if the stream is no ``.npy``.
    """
    shape, fortran, dtype = read_header(stream, path)
    if dtype.hasobject:
        value = read_pickle(stream, path)
        return value.item() if isinstance(value, np.ndarray) and value.shape == () else value
    count = math.prod(shape)
    data = stream.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise InputError(f"{path} is truncated: {len(data)} bytes of an array of {count * dtype.itemsize}")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def read_header(stream: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and dtype of a ``.npy`` stream, which then stands at its data."""
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(stream)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(stream)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path} does not begin as an array of NumPy does: {error}") from None
    raise InputError(f"{path} has the version {version} of NumPy's format; versions 1.0 and 2.0 are read")


def read_pickle(stream: BinaryIO, path: Path) -> Any:
    """Read one pickle from a stream; see `load_pickle`."""
    try:
        return _finish(_Unpickler(stream).load(), set())
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
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return f"{path} is no whole pickle ({reason}); is it truncated or damaged?"


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


def _finish(value: Any, seen: set[int]) -> Any:
    if isinstance(value, _Array):
        return _make(value, seen)
    if isinstance(value, _Dtype):
        return value.dtype
    if isinstance(value, _Name):
        raise _Refused("a name that stands alone")
    if isinstance(value, tuple):
        return tuple(_finish(item, seen) for item in value)
    if isinstance(value, (list, dict)) and id(value) not in seen:
        seen.add(id(value))
        for key in range(len(value)) if isinstance(value, list) else list(value):
            value[key] = _finish(value[key], seen)
    return value


def _make(array: _Array, seen: set[int]) -> np.ndarray:
    count = math.prod(array.shape)
    if min(array.shape, default=0) < 0 or count * array.dtype.itemsize > _LARGEST:
        raise _Refused(f"an array of the shape {array.shape}")
    if not array.dtype.hasobject:
        flat = np.frombuffer(array.data, dtype=array.dtype)
        plain: np.ndarray = flat.reshape(array.shape + flat.shape[1:], order=array.order)
        return plain
    if not isinstance(array.data, list) or len(array.data) != count:
        raise _Refused("an array of objects without its objects")
    objects = np.empty(count, dtype=object)
    for index, item in enumerate(array.data):
        objects[index] = _finish(item, seen)
    return objects.reshape(array.shape, order=array.order)
