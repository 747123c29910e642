"""What every model card says, whatever its model finds."""

import re
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
    url: str = ""
    member: str = ""
    sha256: str = ""
    file: str = ""
    skeleton: str = ""
    path: Path | None = None

    @classmethod
    def complete(cls, sections: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `sections` with the defaults that depend on other fields; `given` is the TOML as read."""
        return sections

    def problems(self) -> list[str]:
        """Return what is wrong with the card, a phrase per problem."""
        wrong = []
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            wrong.append(f"name is {self.name!r}, expected letters, digits, '.', '_' and '-'")
        if self.url and not self.url.startswith("https://"):
            wrong.append(f"url is {self.url!r}, expected an https address, or nothing")
        if self.sha256 and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            wrong.append("sha256 is not 64 hexadecimal digits; leave it empty when it is not known")
        if Path(self.file).name != self.file or (self.url and not self.file):
            wrong.append(f"file is {self.file!r}, expected a bare file name")
        return wrong

    def input_text(self) -> str:
        """Return the size of the input in a few words, for lists."""
        raise NotImplementedError

    def details(self) -> list[tuple[str, str]]:
        """Return a label and a text for each thing that is worth saying about this kind of model."""
        raise NotImplementedError
