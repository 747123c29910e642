"""Texts in CSV files, written so that a spreadsheet does not run them.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, also where it is the
name of a keypoint that came from a file.  Such a cell gets an apostrophe in front.
"""

_RUN = ("=", "+", "-", "@", "\t", "\r", "'")


def escape_cell(text: str) -> str:
    """Return the text to write to a cell; `unescape_cell` returns the text itself."""
    return "'" + text if text.startswith(_RUN) else text


def unescape_cell(cell: str) -> str:
    """Return the text that `escape_cell` wrote."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RUN) else cell
