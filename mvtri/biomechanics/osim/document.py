"""The XML document that holds a model of OpenSim, and the beginning of every sentence about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mvtri.errors import InputError, MissingFileError
from mvtri.files import atomic_file
from mvtri.inputs import read_text
from mvtri.inputs.xml import parse_xml

SOCKETS = 40000  # from this version of the file on, frames name their parents by paths
_OLDEST, _NEWEST = 20000, 50000
_BETWEEN = 30500  # from here on to 4.0 the form of the file changed several times


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Begin sentences with the name of the file."""
    try:
        yield
    except MissingFileError:
        raise
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(str(path)) else f"{path} {message}") from None


def opensim_document(path: Path, expected: str) -> Element:
    """Return the root of a file of OpenSim; `expected` is what it should hold.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no XML, or not of OpenSim.
    """
    root = parse_xml(read_text(path, expected, lines=False), expected)
    if root.tag != "OpenSimDocument":
        raise InputError(f"is XML, but begins with <{root.tag}>; expected {expected}, so check the path")
    return root


def model_document(path: Path) -> tuple[Element, Element, int]:
    """Return the root of a model's file, its <Model> and the version of the file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If there is no model in it, or of a version that is not read.
    """
    root = opensim_document(path, "a model of OpenSim (.osim)")
    model = root.find("Model")
    if model is None:
        shown = ", ".join(child.tag for child in root) or "nothing"
        raise InputError(f"is a file of OpenSim without a <Model> (it has {shown}); check the path")
    try:
        version = int(root.get("Version", ""))
    except ValueError:
        version = 0
    if not _OLDEST <= version < _NEWEST or _BETWEEN <= version < SOCKETS:
        raise InputError(
            f"has the version {root.get('Version')!r}, expected one of OpenSim 2, 3 or 4 (20000 to 30499, "
            "40000 to 49999); open it in OpenSim 4 and save it again"
        )
    units = (model.findtext("length_units") or "").strip().lower()
    if units not in ("", "meters", "metres", "meter", "metre", "m"):
        raise InputError(f"says that its lengths are {units[:40]!r}, expected meters; convert it in OpenSim")
    return root, model, version


@contextmanager
def changed_copy(path: str | PathLike[str], source: str | PathLike[str], how: str) -> Iterator[Element]:
    """Yield the <Model> of a file of OpenSim 4 for changes; write the changed document when the block ends.

    Nothing is written after an error.  Sentences begin with the name of the source.

    Parameters
    ----------
    path : path-like
        The file to write; it may be the source.
    source : path-like
    how : str
        What is done to the model, such as ``"scaled"``, for the sentence.

    Raises
    ------
    MissingFileError
        If there is no such model.
    InputError
        If it is damaged or of an older version.
    """
    source = Path(source)
    with named(source):
        root, model, version = model_document(source)
        if version < SOCKETS:
            raise InputError(f"is of OpenSim 3 or older, which cannot be {how}; save it with OpenSim 4 first")
        yield model
    text = ElementTree.tostring(root, encoding="unicode")
    with atomic_file(path) as temporary:
        temporary.write_text(f'<?xml version="1.0" encoding="UTF-8" ?>\n{text}\n', encoding="utf-8")
