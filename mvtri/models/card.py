"""What every model card says, whatever its model finds."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Card:
    """What has to be known about an ONNX file to use it; ``docs/detectors.md`` explains every field.

    Each kind of model has a subclass, which adds the sections of the TOML file that only this kind has.

    Attributes
    ----------
    FINDS : str
        What such a model finds, in words.
    OPTIONS : str
        The command line's options that take such a model.
    FILE_OPTION : str
        The one that takes its file.
    CARD_OPTION : str
        The one that takes the card of a file, empty where there is none.
    SECTIONS : dict of str to dataclass
        Sections of the TOML file, which are fields of the card; a field without a default is required.
    urls : tuple of str
        Addresses of the file, https, tried in this order; empty where users bring the file themselves.
    member : str
        Where an address ends with ``.zip``: the path of the file in the archive, or its last parts.
    family : str
        Cards that belong together, for ``mvtri models get --all-of``.
    """

    FINDS: ClassVar[str]
    OPTIONS: ClassVar[str]
    FILE_OPTION: ClassVar[str]
    CARD_OPTION: ClassVar[str] = ""
    SECTIONS: ClassVar[dict[str, type]]

    name: str
    description: str = ""
    kind: str
    licence: str
    source: str
    urls: tuple[str, ...] = ()
    member: str = ""
    sha256: str = ""
    file: str = ""
    family: str = ""
    skeleton: str = ""
    path: Path | None = None

    @classmethod
    def complete(cls, sections: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `sections` with the defaults that depend on other fields; `given` is the TOML as read."""
        return sections

    def problems(self) -> list[str]:
        """Return what is wrong with the card, a phrase per problem."""
        wrong = []
        for field in ("name", "family"):
            value = getattr(self, field)
            if (value or field == "name") and not is_plain_name(value):
                wrong.append(f"{field} is {value!r}, expected up to 80 letters, digits, '.', '_' and '-'")
        wrong += [
            f"urls has {url!r}, expected https addresses" for url in self.urls if not _is_https_address(url)
        ]
        if any(is_archive(url) for url in self.urls) and not self.member:
            wrong.append("member is missing, expected the path of the ONNX file in the zip archive")
        if self.sha256 and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            wrong.append("sha256 is not 64 hexadecimal digits; leave it empty when it is not known")
        if (self.file or self.urls) and not is_plain_name(self.file, longest=200):
            wrong.append(f"file is {self.file!r}, expected a bare file name")
        return wrong

    def input_text(self) -> str:
        """Return the size of the input in a few words, for lists."""
        raise NotImplementedError

    def details(self) -> list[tuple[str, str]]:
        """Return a label and a text for each thing that is worth saying about this kind of model."""
        raise NotImplementedError


def is_plain_name(name: str, longest: int = 80) -> bool:
    """Return whether a name can be a file's on every system: letters, digits, ``.``, ``_`` and ``-``."""
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    return bool(plain) and not reserved and len(name) <= longest and not name.endswith(".")


def is_archive(url: str) -> bool:
    """Return whether an address is that of a zip archive, from which one member is taken."""
    return urllib.parse.urlsplit(url).path.lower().endswith(".zip")


def _is_https_address(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        return False
