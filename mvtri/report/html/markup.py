"""Pieces of HTML; every name that comes from outside is escaped here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from mvtri.diagnostics.summary import as_text
from mvtri.diagnostics.verdict import LEVEL_WORDS

_LEVELS: dict[str, str] = {"note": "Note."}
_LEVELS.update((level, f"{word}.") for level, word in LEVEL_WORDS.items())


@dataclass(frozen=True)
class Entry:
    """A cell of a table that says more than its text: a badge before it, a small line below it."""

    text: str
    note: str = ""
    badge: str = ""
    best: bool = False
    number: bool = True


def section(place: str, title: str, note: str, content: str) -> str:
    """Return a section of the page; `title` and `note` are text, `content` is HTML."""
    noted = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section id="{place}"><h2>{escape(title)}</h2>{noted}{content}</section>'


def navigation(names: Sequence[str]) -> str:
    """Return links to sections, whose places are the last words of their names."""
    links = "".join(f'<a href="#{name.lower().split()[-1]}">{name}</a>' for name in names)
    return f"<nav>{links}</nav>"


def card(value: str, unit: str, label: str) -> str:
    """Return a figure in large type with a line below it."""
    return (
        f'<div class="card"><div class="value">{escape(value)}<small> {escape(unit)}</small></div>'
        f'<div class="label">{escape(label)}</div></div>'
    )


def verdict_list(lines: Iterable[tuple[str, str]]) -> str:
    """Return lines of a level, ``"note"``, ``"good"``, ``"check"`` or ``"bad"``, and a text."""
    items = (f'<li class="{level}"><b>{_LEVELS[level]}</b>{escape(text)}</li>' for level, text in lines)
    return f'<ul class="verdicts">{"".join(items)}</ul>'


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


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], kinds: Sequence[str] = ()) -> str:
    """Return a table; columns of numbers are aligned to the right; `kinds` are the rows' classes, if any."""
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    style = [' class="number"' if number else "" for number in numeric]
    top = "".join(f"<th{s}>{escape(str(c))}</th>" for c, s in zip(columns, style))
    lines = []
    for index, row in enumerate(rows):
        kind = f' class="{kinds[index]}"' if kinds and kinds[index] else ""
        cells = (f"<td{s}>{_content(v, str(c))}</td>" for v, c, s in zip(row, columns, style))
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    body = "".join(lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def badge(text: str) -> str:
    """Return a word that marks what stands beside it."""
    return f'<span class="badge">{escape(text)}</span>'


def folded(title: str, content: str) -> str:
    """Return HTML that shows when its title is clicked on."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _content(value: Any, column: str) -> str:
    if not isinstance(value, Entry):
        return escape(cell(value, column))
    text = f"<b>{escape(value.text)}</b>" if value.best else escape(value.text)
    note = f"<small>{escape(value.note)}</small>" if value.note else ""
    return (badge(value.badge) if value.badge else "") + text + note


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
    if isinstance(value, Entry):
        return value.number
    return value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))
