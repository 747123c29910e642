"""Pieces of HTML; every name that comes from outside is escaped here."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from mvtri.report.summary import as_text


def section(place: str, title: str, note: str, content: str) -> str:
    """Return a section of the page; `title` and `note` are text, `content` is HTML."""
    noted = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section id="{place}"><h2>{escape(title)}</h2>{noted}{content}</section>'


def absent(text: str) -> str:
    """Return a line about what is not there."""
    return f'<p class="absent">{escape(text)}</p>'


def plot(name: str, height: int) -> str:
    """Return the place that the page draws the figure called `name` in, `height` px high."""
    return f'<div class="plot" id="plot-{name}" style="min-height:{height}px"></div>'


def legend(items: Sequence[tuple[str, str]]) -> str:
    """Return a legend of colours and words."""
    spans = "".join(
        f'<span><i style="background:{colour}"></i>{escape(text)}</span>' for colour, text in items
    )
    return f'<div class="legend">{spans}</div>'


def facts(values: Mapping[str, Any]) -> str:
    """Return a list of named values, empty ones left out; nothing where there are none."""
    items = "".join(
        f"<dt>{escape(str(k))}</dt><dd>{escape(cell(v, str(k)))}</dd>"
        for k, v in values.items()
        if v not in (None, "")
    )
    return f'<dl class="facts">{items}</dl>' if items else ""


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table; columns of numbers are aligned to the right."""
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    style = [' class="number"' if number else "" for number in numeric]
    top = "".join(f"<th{s}>{escape(str(c))}</th>" for c, s in zip(columns, style))
    lines = []
    for row in rows:
        cells = zip(row, columns, style)
        lines.append(
            "<tr>" + "".join(f"<td{s}>{escape(cell(v, str(c)))}</td>" for v, c, s in cells) + "</tr>"
        )
    body = "".join(lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(value: Any, column: str = "") -> str:
    """Return a value as text: shares as percent where the column speaks of coverage, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        if "coverage" in column.lower() and "%" not in column and 0 <= value <= 1:
            return f"{100 * value:.1f} %"
        return as_text(float(value))
    if isinstance(value, int | np.integer):
        return as_text(int(value))
    return str(value)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))
