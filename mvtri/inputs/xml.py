"""XML of other programs, parsed without document types and entities."""

import re
from xml.etree import ElementTree

from mvtri.errors import InputError

_DEEPEST = 50


def parse_xml(text: str, what: str) -> ElementTree.Element:
    """Return the root of a document.

    Parameters
    ----------
    text : str
    what : str
        What it should be, for messages, such as ``"a Qualisys calibration"``.

    Raises
    ------
    InputError
        If it is no whole XML, declares a document type or entities, or is nested too deeply.
    """
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.I):
        raise InputError(f"declares a document type or entities, which {what} does not; export it again")
    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1)  # its encoding: the text is decoded already
    try:
        root = ElementTree.fromstring(bare)
    except ElementTree.ParseError as error:
        raise InputError(f"is not whole XML: {error}; is it truncated?") from None
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
        if depth > _DEEPEST:
            raise InputError(f"is nested more than {_DEEPEST} levels deep, which {what} is not")
    return root


def float_of(
    element: ElementTree.Element, key: str, where: str, problems: list[str], default: float | None = None
) -> float:
    """Return an attribute as a number; add to `problems` where it is none, or absent without a default."""
    text = element.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        problems.append(f"<{element.tag}> {where} lacks {key}")
        return 0.0
    try:
        return float(text)
    except ValueError:
        problems.append(f"{key} {where} is no number but {text[:40]!r}")
        return 0.0


def floats_of(element: ElementTree.Element, key: str, where: str, problems: list[str]) -> list[float]:
    """Return the numbers in an attribute, which spaces separate."""
    text = element.get(key)
    if text is None:
        problems.append(f"<{element.tag}> {where} lacks {key}")
        return []
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        problems.append(f"{key} {where} is not made of numbers but {text[:40]!r}")
        return []
