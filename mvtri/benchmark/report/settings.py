"""Parts that several sections of the report share: content by setting, the note about intervals."""

from collections.abc import Callable

from mvtri.benchmark.lookup import Lookup
from mvtri.report.html.markup import absent, badge


def each_setting(lookup: Lookup, content: Callable[[int, str], str], nothing: str) -> str:
    """Return the content of every setting; the page shows one at a time.  `nothing` where there is none."""
    parts = [content(index, setting) for index, setting in enumerate(lookup.settings)]
    if not any(parts):
        return absent(nothing)
    named = len(parts) > 1
    return "".join(
        f'<div data-setting="{index}">'
        + (f'<p class="setting">{badge(setting)}</p>' if named else "")
        + f"{part or absent(nothing)}</div>"
        for index, (part, setting) in enumerate(zip(parts, lookup.settings))
    )


def interval_note(lookup: Lookup) -> str:
    """Return a note on the ranges in tables and the whiskers in plots."""
    if lookup.has_intervals:
        return "ranges and whiskers are 95 % intervals by bootstrap over sequences"
    return "intervals need at least two sequences, so none are given"
