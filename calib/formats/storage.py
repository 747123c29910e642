"""OpenCV's FileStorage in YAML, XML and JSON, parsed without OpenCV, which crafted files can crash.

The result is a dictionary of numbers, texts, lists, dictionaries and, for ``opencv-matrix``, arrays.
Source: OpenCV's documentation of ``cv::FileStorage``, and files that it wrote.
"""

import json
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs.xml import parse_xml

_DEEPEST = 20
_TAG = re.compile(r"!!?[\w.:-]+\s*")
_LARGEST = 100_000  # numbers of a matrix


def parse_storage(text: str) -> dict[str, Any]:
    """Return what a FileStorage holds.

    Raises
    ------
    InputError
        If the text is none of the three, or is damaged.
    """
    start = text.lstrip()[:1]
    if start == "<":
        root = parse_xml(text, "a file of OpenCV")
        value = _xml_value(root)
    elif start == "{":
        try:
            value = _matrices(json.loads(text), 0)
        except RecursionError:
            raise InputError("is nested too deeply; write it again") from None
        except ValueError as error:
            raise InputError(f"is not whole JSON: {error}; is it truncated?") from None
    else:
        value = _Yaml(text).document()
    if not isinstance(value, dict):
        raise InputError("holds no named values, as a file of OpenCV does")
    return value


def _matrices(value: Any, depth: int) -> Any:
    """Return a tree with arrays in place of what is marked as a matrix."""
    if depth > _DEEPEST:
        raise InputError(f"is nested more than {_DEEPEST} levels deep; write it again")
    if isinstance(value, list):
        return [_matrices(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if {"rows", "cols", "data"} <= value.keys():
        return _matrix(value["rows"], value["cols"], value["data"])
    if {"sizes", "dt", "data"} <= value.keys() and isinstance(value["data"], list):
        return _matrix(1, len(value["data"]), value["data"])  # only calibrations' vectors are written so
    return {key: _matrices(item, depth + 1) for key, item in value.items()}


def _matrix(rows: Any, columns: Any, data: Any) -> np.ndarray:
    whole = all(isinstance(count, int) and 0 <= count <= _LARGEST for count in (rows, columns))
    if not whole or not isinstance(data, list) or rows * columns != len(data):
        count = len(data) if isinstance(data, list) else "no"
        raise InputError(f"holds a matrix of {str(rows)[:20]} x {str(columns)[:20]} with {count} values")
    try:
        return np.array([float(item) for item in data]).reshape(rows, columns)
    except (TypeError, ValueError, OverflowError):
        raise InputError("holds a matrix that is not made of numbers") from None


def _scalar(text: str) -> Any:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    special = {".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf")}
    return special.get(text.lower(), text)


def _xml_value(element: ElementTree.Element) -> Any:
    children = list(element)
    data = [_scalar(word) for word in (element.findtext("data") or "").split()]
    if element.get("type_id") == "opencv-nd-matrix":
        return _matrix(1, len(data), data)
    if element.get("type_id") == "opencv-matrix":
        rows, columns = (_scalar(element.findtext(key) or "") for key in ("rows", "cols"))
        return _matrix(rows, columns, data)
    if not children:
        words = re.findall(r'"[^"]*"|\S+', element.text or "")
        values = [_scalar(word) for word in words]
        return values[0] if len(values) == 1 else values
    if all(child.tag == "_" for child in children):
        return [_xml_value(child) for child in children]
    return {child.tag: _xml_value(child) for child in children}


class _Yaml:
    """The part of YAML that OpenCV writes: maps and sequences by indentation, and lists in brackets."""

    def __init__(self, text: str):
        self.lines: list[tuple[int, str]] = []
        parts: list[str] = []  # of a list in brackets that goes over several lines
        indent = brackets = 0
        for line in text.splitlines():
            bare = line.strip()
            if not bare or bare.startswith(("#", "%", "---", "...")):
                continue
            if not parts:
                indent, brackets = len(line) - len(line.lstrip(" ")), 0
            parts.append(bare)
            brackets += bare.count("[") - bare.count("]")
            if brackets <= 0:
                self.lines.append((indent, " ".join(parts)))
                parts = []
        if parts:
            raise InputError("is not whole YAML: a list does not end; is it truncated?")
        self.at = 0

    def document(self) -> Any:
        value = self._block(self.lines[0][0] if self.lines else 0, 0)
        if self.at < len(self.lines):
            raise InputError(f"is not the YAML that OpenCV writes, at {self.lines[self.at][1][:40]!r}")
        return value

    def _block(self, indent: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise InputError(f"is nested more than {_DEEPEST} levels deep; write it again")
        if self.at >= len(self.lines):
            return ""
        listed = self.lines[self.at][1].startswith("-") and not re.match(r"-[\d.]", self.lines[self.at][1])
        return self._sequence(indent, depth) if listed else self._map(indent, depth)

    def _sequence(self, indent: int, depth: int) -> list[Any]:
        items: list[Any] = []
        while self.at < len(self.lines):
            own, text = self.lines[self.at]
            if own != indent or not text.startswith("-"):
                break
            rest = text[1:].strip()
            inner = indent + len(text) - len(text[1:].lstrip())
            if re.match(r"[^\"'\[{][^:]*:(\s|$)", rest):  # a map that begins on this line
                self.lines[self.at] = (inner, rest)
                items.append(self._finish(self._map(inner, depth + 1)))
                continue
            self.at += 1
            items.append(self._value(rest, indent, depth))
        return items

    def _map(self, indent: int, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while self.at < len(self.lines):
            own, text = self.lines[self.at]
            if own != indent or text.startswith("- "):
                break
            match = re.match(r"(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^:\"']+?)\s*:(?:\s+(.*)|)$", text)
            if match is None:
                raise InputError(f"is not the YAML that OpenCV writes: {text[:40]!r} is no 'name: value'")
            key = str(_scalar(match[1]) if match[1][0] in "\"'" else match[1])
            if key in values:
                raise InputError(f"is not the YAML that OpenCV writes: {key!r} is there twice")
            self.at += 1
            values[key] = self._value(match[2] or "", indent, depth)
        return values

    def _value(self, text: str, indent: int, depth: int) -> Any:
        text = _TAG.sub("", text, count=1) if text.startswith("!") else text
        if text:
            return self._flow(text, depth)
        if self.at < len(self.lines):
            inner, following = self.lines[self.at]
            if inner > indent or (inner == indent and following.startswith("- ")):
                return self._finish(self._block(inner, depth + 1))
        return ""

    @staticmethod
    def _finish(value: Any) -> Any:
        return _matrices(value, 0) if isinstance(value, dict) else value

    def _flow(self, text: str, depth: int) -> Any:
        if text.startswith("{"):
            return self._flow_map(text)
        if not text.startswith("["):
            return _scalar(re.sub(r"\s#.*$", "", text) if text[0] not in "\"'" else text)
        if not text.endswith("]"):
            raise InputError(f"is not the YAML that OpenCV writes: {text[:40]!r} is no list")
        if "[" in text[1:]:
            return _nested(text)
        words = re.findall(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^,\s][^,]*', text[1:-1])
        return [_scalar(word) for word in words]

    @staticmethod
    def _flow_map(text: str) -> dict[str, Any]:
        raise InputError(f"holds {text[:40]!r}, a map in one line, which is not read; write it line by line")


def _nested(text: str) -> Any:
    """Return nested lists of numbers."""
    if not re.fullmatch(r"[\[\]\d\s,.eE+-]*", text) or text.count("[") > _LARGEST:
        raise InputError(f"holds a list that is not made of numbers: {text[:40]!r}")
    try:
        value = json.loads(re.sub(r"(?<=\d)\.(?=[\s,\]eE])", ".0", re.sub(r",\s*\]", "]", text)))
    except (ValueError, RecursionError):
        raise InputError(f"holds a list that does not fit together: {text[:40]!r}") from None
    return value
