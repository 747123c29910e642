"""Errors that a user can act on: what was found, what was expected, what to do."""

import re

_BREAKS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+\s*")


class MvtriError(Exception):
    """Base of every error that mvtri raises on purpose; its message is one sentence for the user.

    Whatever a file's names or values bring into it, the message is one line without control characters.
    """

    def __init__(self, *arguments: object):
        super().__init__(*(_BREAKS.sub(" ", one) if isinstance(one, str) else one for one in arguments))


class InputError(MvtriError, ValueError):
    """A value, file or folder that cannot be used as it is."""


class MissingFileError(MvtriError, FileNotFoundError):
    """A file or folder that does not exist."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ExistsError(MvtriError, FileExistsError):
    """An output that already exists and must not be overwritten."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingExtraError(MvtriError, ImportError):
    """An optional package that is not installed.

    Parameters
    ----------
    package : str
        The package that is missing.
    extra : str
        The extra of mvtri that installs it.
    purpose : str
        What needs it, such as "Reading C3D files".
    """

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed; "
            f'run: pip install "mvtri[{extra}]"'
        )


def one_of(found: object, expected: list[str] | tuple[str, ...], what: str) -> str:
    """Return a sentence that says that no `what` is called `found`, suggests a similar name and lists all."""
    import difflib

    bare: dict[str, str] = {}
    for name in map(str, expected):
        bare.setdefault(_bare(name), name)
    near = difflib.get_close_matches(_bare(str(found)), list(bare), n=1)
    hint = f"; did you mean {bare[near[0]]!r}?" if near else ""
    return f"no {what} is called {str(found)!r}{hint} (there are: {', '.join(map(str, expected))})"


def some_names(names: list[str] | tuple[str, ...], most: int = 6) -> str:
    """Return names with commas between them: the first ones, and how many more there are."""
    shown = list(names) if len(names) <= most + 1 else list(names)[:most]
    more = [f"{len(names) - len(shown)} more"] if len(shown) < len(names) else []
    return ", ".join(shown + more)


def _bare(name: str) -> str:
    """Return `name` in lower case without punctuation; `name` itself where that leaves nothing."""
    return "".join(letter for letter in name.lower() if letter.isalnum()) or name
