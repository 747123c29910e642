"""JSON and TOML of other programs, parsed within bounds: depth, memory, keys that are there twice."""

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs.limits import check_memory
from mvtri.inputs.texts import decode_text

_DEEPEST = 64  # levels; a calibration has 5, and NumPy's arrays have at most 64 axes
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONGEST_NUMBER = re.compile(rb"[0-9.]{1000}")
_COSTS = ((b"{", 240), (b"[", 64), (b",", 40))  # bytes of memory for what each of them begins


def parse_json(data: bytes, path: Path, expected: str, nan: bool = False) -> Any:
    """Return what a JSON file says.

    Parameters
    ----------
    data : bytes
        The file's content, in UTF-8, UTF-16 or UTF-32.
    path : Path
        The file, for messages and for the memory that it may take.
    expected : str
        What it should hold, for the message.
    nan : bool
        Whether NaN and Infinity may stand for numbers, as Python writes them, and a number may be too large
        for a float.

    Raises
    ------
    InputError
        If it is empty, not JSON, nested more than 64 levels deep, needs too much memory, or has a key twice
        in one object.
    """
    if not data.strip():
        raise InputError(f"{path} is empty; expected {expected}, so write it again")
    text = decode_text(data, latin=False)
    if text is None:
        raise InputError(
            f"{path} is not valid JSON (it is no text in UTF-8); expected {expected}, so check the path"
        )
    _check_shape(data if text.isascii() else text.encode("utf-8", "replace"), path, expected)

    def refuse_constant(name: str) -> NoReturn:
        raise InputError(f"{path} holds {name} where a number was expected; write it again")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(found)
        if len(tree) < len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{path} has the key {twice[:80]!r} twice in one object; write it again")
        return tree

    def finite(number: str) -> float:
        value = float(number)
        if not math.isfinite(value):
            raise InputError(f"{path} holds {number[:40]}, which is too large a number; write it again")
        return value

    strict: dict[str, Any] = {} if nan else {"parse_constant": refuse_constant, "parse_float": finite}
    try:
        tree = json.loads(text, object_pairs_hook=pairs, **strict)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}); it is probably truncated, so write it again"
        ) from None
    if _SURROGATE.search(text):
        _check_letters(tree, path)
    return tree


def parse_toml(text: str, path: object) -> dict[str, Any]:
    """Return what a TOML text says; `path` begins the message.

    Raises
    ------
    InputError
        If it is no whole TOML, or nested too deeply.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{path} is nested too deeply; write it again") from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        raise InputError(f"{path} {toml_fault(error)}") from None


def toml_fault(error: ValueError) -> str:
    """Return what is wrong with a TOML text, and the remedy."""
    if "twice" in str(error) or "overwrite" in str(error):
        return f"says something twice: {error}; give one of the two another name, or remove it"
    if "(at end of document)" in str(error):
        return f"is not whole TOML: {error}; is it truncated?"
    return (
        f"is not valid TOML: {error}; correct that line (names with spaces, or with letters beyond A to Z, "
        'have quotes in TOML: ["cam 1"])'
    )


def _check_shape(data: bytes, path: Path, expected: str) -> None:
    bare = _STRING.sub(b"", data)
    check_memory(path, len(data) + sum(cost * bare.count(sign) for sign, cost in _COSTS))
    if _LONGEST_NUMBER.search(bare):
        raise InputError(f"{path} has a number of more than 1000 digits; expected {expected}, so check it")
    letters = np.frombuffer(bare, dtype=np.uint8)
    opened = np.isin(letters, np.frombuffer(b"[{", dtype=np.uint8))
    closed = np.isin(letters, np.frombuffer(b"]}", dtype=np.uint8))
    steps = (opened.astype(np.int8) - closed.astype(np.int8))[opened | closed]
    depth = int(np.cumsum(steps, dtype=np.int64).max(initial=0))
    if depth > _DEEPEST:
        raise InputError(
            f"{path} is not valid JSON for mvtri (it is nested {depth} levels deep); expected {expected}, so "
            "check the file"
        )


def _check_letters(tree: Any, path: Path) -> None:
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{path} holds half a character (a lone surrogate); write it again") from None
