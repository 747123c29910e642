"""Texts of other programs: their encodings, and what shows that a file is no text."""

from pathlib import Path

from mvtri.errors import InputError
from mvtri.inputs.opening import read_bytes

_BYTES_PER_BYTE = 8  # of memory: the text, its lines and its cells
_LONGEST_LINE = 4_000_000  # characters; a row of a thousand markers has 45,000
_MOST_DIGITS = 18
_BOMS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decode_text(data: bytes, latin: bool = True) -> str | None:
    """Return the text that some bytes are, None where they are no text.

    The encoding is that of the byte order mark, else UTF-16 where every other byte of the beginning is zero,
    else UTF-8, else, with `latin`, Latin-1, in which old programs write names.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _without_nul(_decode(data, encoding))
    if b"\0" in data:
        head = data[:200]
        for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if len(head) > 3 and not any(head[start::2]) and all(head[1 - start :: 2]):
                return _without_nul(_decode(data, encoding))
        return None
    text = _decode(data, "utf-8-sig")
    return data.decode("latin-1") if text is None and latin else text


def read_text(path: Path, expected: str, lines: bool = True) -> str:
    """Return the text of a regular file.

    Parameters
    ----------
    path : Path
    expected : str
        What it should hold, for the message: ``"a TRC file"``.
    lines : bool
        Whether it is a text of lines: one of millions of characters is refused.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no regular file, is too large, or is no text.
    """
    data = read_bytes(path, _BYTES_PER_BYTE)
    text = decode_text(data)
    if text is None:
        raise InputError(f"{path} is not a text file; expected {expected}, so check the path")
    if lines and len(text) > _LONGEST_LINE:
        longest = max(map(len, split_lines(text)), default=0)
        if longest > _LONGEST_LINE:
            raise InputError(
                f"{path} has a line of {longest} characters; expected {expected}, so check the path"
            )
    return text


def whole_number(digits: str, where: object) -> int:
    """Return the number that digits say.

    Raises
    ------
    InputError
        If there are more than 18, which no 64-bit integer holds; `where` begins the sentence.
    """
    if len(digits) > _MOST_DIGITS:
        raise InputError(
            f"{where} has a whole number of {len(digits)} digits, expected at most {_MOST_DIGITS}; write it "
            "again"
        )
    return int(digits)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text; `str.splitlines` also splits at characters that Latin-1 names may hold."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _without_nul(text: str | None) -> str | None:
    return None if text is None or "\0" in text else text
