"""Formats of files: one module declares one `Format`, and its content says which format a file is in.

Every kind of file (calibrations, 2D detections, tracks, motions, labelled datasets) has one package of such
modules.  A `Registry` lists the package, so a new format is one new module and nothing else.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from mvtri.errors import InputError, MissingFileError, MvtriError, one_of
from mvtri.inputs import check_regular, exists, open_input

HEAD = 65536  # bytes; the beginning of a file, in which a format shows


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a module declares under the name ``FORMAT``.

    Attributes
    ----------
    name : str
        The word for ``format=``, such as ``"trc"``.
    description : str
        A few words: who writes such files.
    sniff : callable
        ``sniff(path) -> bool``: whether a file or folder is in this format, judged by its content.  It is
        cheap, never raises, and is true of a damaged file too, so that `read` can say what is wrong.
    read : callable
        ``read(path, **options)``.  What it returns depends on the kind: a file that may hold several
        recordings is only opened, and read part by part.
    write : callable, optional
        ``write(path, content, **options) -> list of Path``, the files that it wrote.
    extensions : tuple of str
        In lower case with the dot, such as ``".qca.txt"``; empty for folders.  The content decides on
        reading; an extension decides on writing, and about a file whose content says nothing.
    """

    name: str
    description: str
    sniff: Callable[[Path], bool]
    read: Callable[..., Any]
    write: Callable[..., list[Path]] | None = None
    extensions: tuple[str, ...] = ()

    @property
    def brief(self) -> str:
        """The description up to what it says in brackets or after a colon."""
        return re.split(r" ?[(:]", self.description)[0]


_SHOWN = 8  # names of files in a message
F = TypeVar("F", bound=Format)


class Registry(Generic[F]):
    """All formats of one kind.

    Parameters
    ----------
    noun : str
        The kind with its article, for messages: ``"a calibration file"``.
    package : str
        The package whose modules declare the formats; packages inside it are listed too.
    kind : type
        `Format`, or the kind's own subclass of it.
    """

    def __init__(self, noun: str, package: str, kind: type[F]):
        self.noun = noun
        self._package = package
        self._kind = kind

    def formats(self) -> dict[str, F]:
        """Return all formats by name, in alphabetical order."""
        package = importlib.import_module(self._package)
        declared = [getattr(module, "FORMAT", None) for module in _modules(package)]
        found = [one for one in declared if isinstance(one, self._kind)]
        return {one.name: one for one in sorted(found, key=lambda one: one.name)}

    def named(self, name: str) -> F:
        """Return the format called `name`.

        Raises
        ------
        InputError
            If there is none; the message lists those that there are.
        """
        formats = self.formats()
        if name not in formats:
            raise InputError(one_of(name, list(formats), f"format of {self._bare_noun()}"))
        return formats[name]

    def fitting(self, path: Path) -> list[F]:
        """Return the formats whose content a file or folder has."""
        return [one for one in self.formats().values() if one.sniff(path)]

    def find(self, path: Path, name: str | None = None) -> F:
        """Return the format to read a file or folder with: the one called `name`, else the one that fits.

        Raises
        ------
        MissingFileError
            If there is nothing at `path`.
        InputError
            If no format is called `name`, none or several fit, or it is a pipe or a device.
        """
        if not exists(path):
            raise MissingFileError(f"there is no {path}; expected {self.noun}, so check the path")
        if not path.is_dir():
            check_regular(path)
        if name is not None:
            chosen = self.named(name)
            if path.is_dir() and not chosen.sniff(path):
                raise InputError(self._not_recognised(path))
            return chosen
        fitting = self.fitting(path)
        if not fitting:
            return self._by_extension(path)
        if len(fitting) > 1:
            raise InputError(
                f"{path} could be in several formats ({', '.join(one.name for one in fitting)}); "
                "choose one with format="
            )
        return fitting[0]

    def find_writer(self, path: Path, name: str | None = None) -> F:
        """Return the format to write a file in: the one called `name`, else the one with its extension.

        Raises
        ------
        InputError
            If no format that can be written is called `name`, or none or several have the extension.
        """
        writable = {key: one for key, one in self.formats().items() if one.write is not None}
        if name is not None:
            if name not in writable:
                what = f"format of {self._bare_noun()} that can be written"
                raise InputError(one_of(name, list(writable), what))
            return writable[name]
        fitting = [one for one in self._with_extension(path) if one.name in writable]
        if len(fitting) != 1:
            which = " or ".join(one.name for one in fitting) or "none"
            known = ", ".join(f"{', '.join(one.extensions)} for {key}" for key, one in writable.items())
            raise InputError(
                f"the extension of {path.name} stands for {which} of the formats that can be written "
                f"({known}); change it, or pass --format (format= in Python)"
            )
        return fitting[0]

    def described(self) -> str:
        """Return who writes each format, in a word or two, for messages."""
        return "; ".join(one.brief for one in self.formats().values())

    def _with_extension(self, path: Path) -> list[F]:
        name = path.name.lower()
        return [one for one in self.formats().values() if _ends(name, one)]

    def _by_extension(self, path: Path) -> F:
        fitting = self._with_extension(path)
        if len(fitting) != 1 or path.is_dir() or not path.stat().st_size:
            raise InputError(self._not_recognised(path))
        return fitting[0]

    def _not_recognised(self, path: Path) -> str:
        if path.is_dir():
            names = sorted(entry.name for entry in path.iterdir() if entry.name[0] != ".")
            inside = ", ".join(names[:_SHOWN] + ["..."] * (len(names) > _SHOWN)) or "nothing"
            return (
                f"{path} is a folder; expected {self.noun} ({self.described()}), but it holds {inside}: "
                "check the path"
            )
        if not path.stat().st_size:
            return f"{path} is empty; expected {self.noun}, so write it again"
        binary = "a binary file " if b"\0" in head_of(path) else ""
        return (
            f"{path} is {binary}in no format that mvtri reads; expected {self.noun} ({self.described()}), so "
            "check the path, or convert the file"
        )

    def _bare_noun(self) -> str:
        return self.noun.removeprefix("a ").removeprefix("an ")


def head_of(path: Path, count: int = HEAD) -> bytes:
    """Return the first bytes of a file; none of what is no regular file or cannot be read."""
    try:
        with open_input(path) as file:
            return file.read(count)
    except (OSError, MvtriError):
        return b""


def check_options(format: Format, function: Callable[..., Any], options: dict[str, Any]) -> None:
    """Raise `InputError` where `options` are not keyword-only arguments of a format's `read` or `write`."""
    taken = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    unknown = [name for name in options if name not in taken]
    if unknown:
        listed = ", ".join(taken) or "none"
        raise InputError(f"the format {format.name} has no option {unknown[0]!r} (its options: {listed})")


def _ends(name: str, format: Format) -> bool:
    return any(name.endswith(extension) for extension in format.extensions)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        if entry.ispkg:
            yield from _modules(module)
        yield module
