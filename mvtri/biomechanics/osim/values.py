"""Values in the XML of OpenSim: texts, numbers, vectors and flags; errors begin after the file's name."""

import math
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from mvtri.errors import InputError

_LARGEST = 1e12  # of any number: the products of several still are numbers
_FARTHEST = 100.0  # metres, of a frame or a marker in its body
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def text_of(element: Element, tag: str, default: str = "") -> str:
    """Return the text of a child; `default` where there is no such child, or it is empty."""
    return (element.findtext(tag) or "").strip() or default


def name_of(element: Element) -> str:
    """Return the name of an element.

    Raises
    ------
    InputError
        If it has none.
    """
    name = (element.get("name") or "").strip()
    if not name:
        raise InputError(f"has a <{element.tag}> without a name; name it in the model")
    return name


def members(element: Element, tag: str) -> list[Element]:
    """Return what a set or list called `tag` holds: the elements of its <objects>, or its own."""
    found = element.find(tag)
    if found is None:
        return []
    if found.get("file"):
        raise InputError(
            f"keeps its {tag} in another file ({found.get('file')}); save the model as one file with OpenSim"
        )
    objects = found.find("objects")
    return list(found if objects is None else objects)


def numbers_of(text: str, what: str) -> np.ndarray:
    """Return the numbers that spaces separate.

    Raises
    ------
    InputError
        If a part is no finite number, or beyond 1e12.
    """
    try:
        values = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"has {what} that is not made of numbers but {text[:40]!r}; correct it") from None
    bad = next((value for value in values if not math.isfinite(value) or abs(value) > _LARGEST), None)
    if bad is not None:
        raise InputError(f"has the number {bad:g} in {what}; correct it")
    return np.array(values, dtype=np.float64)


def number_of(element: Element, tag: str, what: str, default: float) -> float:
    """Return the one number of a child, `default` where there is no such child."""
    text = text_of(element, tag)
    if not text:
        return default
    values = numbers_of(text, f"{tag} of {what}")
    if len(values) != 1:
        raise InputError(f"has {len(values)} numbers as {tag} of {what}, expected one; correct it")
    return float(values[0])


def vector_of(
    element: Element, tag: str, what: str, default: tuple[float, ...] = (0.0, 0.0, 0.0)
) -> np.ndarray:
    """Return the numbers of a child, as many as `default` has, which stands where there is no such child."""
    text = text_of(element, tag)
    if not text:
        return np.array(default, dtype=np.float64)
    values = numbers_of(text, f"{tag} of {what}")
    if len(values) != len(default):
        raise InputError(f"has {len(values)} numbers as {tag} of {what}, expected {len(default)}; correct it")
    return values


def place_of(element: Element, tag: str, what: str) -> np.ndarray:
    """Return a place in metres.

    Raises
    ------
    InputError
        If it is more than 100 m away, as it is where it is in millimetres.
    """
    place = vector_of(element, tag, what)
    if np.abs(place).max() > _FARTHEST:
        raise InputError(
            f"has {what} {np.abs(place).max():g} m away from its body; OpenSim's lengths are metres: "
            "is it in millimetres?"
        )
    return place


def flag_of(element: Element, tag: str, what: str, default: bool) -> bool:
    """Return whether a child says true or false; `default` where there is no such child."""
    text = text_of(element, tag).lower()
    if not text:
        return default
    if text not in _FLAGS:
        raise InputError(f"has {tag} of {what} that is neither true nor false but {text[:40]!r}; correct it")
    return _FLAGS[text]


def set_numbers(element: Element, tag: str, values: Iterable[float]) -> None:
    """Write numbers into a child, which is made where it is missing."""
    child = element.find(tag)
    if child is None:
        child = SubElement(element, tag)
    child.text = " ".join(f"{float(value):.17g}" for value in values)
