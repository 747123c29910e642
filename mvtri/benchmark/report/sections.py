"""The sections of a report of a benchmark as HTML."""

import json
from html import escape

from mvtri.benchmark.lookup import PIXELS, Lookup
from mvtri.benchmark.report import plots, tables
from mvtri.benchmark.report.settings import each_setting, interval_note
from mvtri.benchmark.report.tables import GROUP_TITLES, GROUPS
from mvtri.diagnostics.summary import as_text
from mvtri.report.html import colours
from mvtri.report.html.markup import (
    absent,
    badge,
    card,
    cell,
    facts,
    folded,
    navigation,
    plot,
    section,
    table,
    verdict_list,
)

_NAV = (
    *("Overall", "Subjects", "Actions", "Keypoints", "Cameras", "Noise", "Distributions"),
    *("Further metrics", "Left out", "Provenance"),
)
_SHOWN = (
    *("dataset", "synthetic", "settings", "methods", "rigid_spine", "undistort", "sequences", "frames"),
    *("damaged", "left_out", "unseen", "seconds"),
)


def head(lookup: Lookup, headline: str) -> str:
    """Return the headline, the best figure of each setting, and what concerns all of them."""
    about = lookup.about
    parts = [_counted(about.get(f"{what}s"), what) for what in ("sequence", "frame")]
    parts += [_counted(len(lookup.settings), "setting"), _counted(len(lookup.methods), "method")]
    lead = ", ".join(part for part in parts if part)
    cards = []
    for setting in lookup.settings:
        for method in lookup.ranked(setting)[:1]:
            value, spine = (as_text(lookup.value(setting, method, group, "mpjpe")) for group in GROUPS)
            cards.append(card(value, "mm", f"MPJPE, {setting}: {method}; spine {spine}"))
    mark = badge("synthetic") if about.get("synthetic") else ""
    return (
        f'<header id="overview"><h1>{escape(headline)}{mark}</h1>'
        f'<p class="lead">{escape(lead[:1].upper() + lead[1:])}.</p>'
        f'<div class="cards">{"".join(cards)}</div>{verdict_list(_warnings(lookup))}'
        f"{navigation(_NAV)}</header>"
    )


def _warnings(lookup: Lookup) -> list[tuple[str, str]]:
    about, lines = lookup.about, []
    if about.get("synthetic"):
        kind = "" if about["synthetic"] is True else f" ({about['synthetic']})"
        text = f"All of this is synthetic{kind}: it compares methods and says little about real people."
        lines.append(("note", text))
    if about.get("undistort") is False:
        lines.append(
            ("note", "The distortion of the lenses was ignored, as requested; all errors include its effect.")
        )
    for setting, names in (about.get("unseen") or {}).items():
        missing = _counted(len(names), "keypoint")
        text = f"{setting}: the 2D lacks {missing} of the truth, so they are not scored; see “Left out”."
        lines.append(("check", text))
    if about.get("damaged"):
        count = _counted(len(about["damaged"]), "sequence").capitalize()
        lines.append(("check", f"{count} with damaged truth took part; see “Left out”."))
    return lines


def chooser(lookup: Lookup) -> str:
    """Return the bar that says which setting and which methods the plots show."""
    options = "".join(
        f'<option value="{index}"{" selected" if index == lookup.foremost else ""}>{escape(name)}</option>'
        for index, name in enumerate(lookup.settings)
    )
    setting = (
        f'<label>setting <select id="setting">{options}</select></label>' if len(lookup.settings) > 1 else ""
    )
    chips = "".join(
        f'<label class="chip" style="--swatch:{colours.method_colour(index)}"><input type="checkbox" '
        f'value="{index}"{" checked" if name in lookup.chosen else ""}><i></i>{escape(name)}</label>'
        for index, name in sorted(enumerate(lookup.methods), key=lambda pair: pair[1] not in lookup.chosen)
    )
    return f'<div class="chooser">{setting}<div class="chips">{chips}</div></div>' if chips else ""


def overall_section(lookup: Lookup) -> str:
    """Return the main table and plot of each setting, all of them, published rows included."""
    content = ""
    for index, setting in enumerate(lookup.settings):
        content += f"<h3>{escape(setting)}</h3>{_source(lookup, setting)}"
        rows = [*lookup.methods_of(setting), *lookup.published(setting)]
        if lookup.methods_of(setting):
            content += tables.overall_table(lookup, setting)
            content += plot(f"overall-{index}", plots.rows_height(len(rows)))
        else:
            content += absent("No method was scored here.")
    content = content or absent("There are no scores.")
    sources = dict.fromkeys(str(row["source"]) for s in lookup.settings for row in lookup.published(s))
    if sources:
        note = f"{'; '.join(sources)}. These rows were published by others, about their own test data; "
        content += f'<p class="note">{badge("published")}{escape(note)}they were not measured here.</p>'
    methods = dict(lookup.about.get("methods") or {})
    if lookup.about.get("rigid_spine"):
        methods["rigid-spine uses"] = lookup.about["rigid_spine"]
    content += folded("What the methods are", facts(methods)) if methods else ""
    note = (
        "MPJPE: mean distance to the true keypoint, in world coordinates; P-MPJPE: after the best rotation, "
        f"shift and scale of each frame; {interval_note(lookup)}. “Covered” is the fraction of the true "
        "keypoints that have an estimate; a figure about another fraction states it. Bold: the best of the "
        "methods with about the largest coverage."
    )
    return section("overall", "Overall", note, content)


def _source(lookup: Lookup, setting: str) -> str:
    """Return a line about the 2D of a setting: its source and its error."""
    parts = []
    description = (lookup.about.get("settings") or {}).get(setting)
    if description:
        parts.append(str(description))
    error, auc = (lookup.score(setting, PIXELS, "full", metric) for metric in ("error_2d", "auc_2d"))
    if error is not None and error["value"] is not None:
        text = f"2D error {as_text(error['value'])} px"
        text += f", AUC {as_text(auc['value'])} %" if auc is not None and auc["value"] is not None else ""
        parts.append(f"{text}, {tables.share(error['fraction'])} of the views present")
    return f'<p class="note">{escape("; ".join(parts))}</p>' if parts else ""


def further_section(lookup: Lookup) -> str:
    """Return all figures that are not in the main tables."""

    def content(_: int, setting: str) -> str:
        further = ((group, tables.further_table(lookup, setting, group)) for group in GROUPS)
        return "".join(f"<h3>{GROUP_TITLES[group]}</h3>{text}" for group, text in further if text)

    note = "Root-relative figures, PCK and AUC: after the hip is moved onto the true hip; "
    parts = each_setting(lookup, content, "There are no further figures.")
    return section("metrics", "Further metrics", f"{note}{interval_note(lookup)}.", parts)


def left_out_section(lookup: Lookup) -> str:
    """Return what was not scored and why, which sequences are damaged, and the processing time."""
    about = lookup.about
    content = "<h3>Methods left out</h3>"
    left = about.get("left_out") or {}
    rows = [[what, f"it needs {why}"] for what, why in left.items()]
    content += table(["setting: method", "why"], rows) if rows else absent("Nothing was left out.")
    unseen = about.get("unseen") or {}
    if unseen:
        content += "<h3>Keypoints of the truth that the 2D lacks: not scored</h3>"
        content += table(
            ["setting", "keypoints"], [[what, ", ".join(names)] for what, names in unseen.items()]
        )
    damaged = about.get("damaged") or []
    content += "<h3>Damaged sequences among those scored</h3>"
    content += (
        table(["sequence"], [[name] for name in damaged])
        if damaged
        else absent("No sequence is known to have damaged truth.")
    )
    seconds = about.get("seconds") or {}
    content += "<h3>Processing time</h3>"
    took = [[stage, float(some)] for stage, some in seconds.items()]
    content += table(["stage", "seconds"], took) if took else absent("The results contain no times.")
    return section("out", "Left out", "", content)


def provenance_section(lookup: Lookup) -> str:
    """Return the command line and everything else about the origin of the results, folded away."""
    rest = {key: value for key, value in lookup.about.items() if key not in _SHOWN}
    if not rest:
        return section(
            "provenance", "Provenance", "", absent("These results do not say how they were computed.")
        )
    found = rest.get("provenance")
    call = found.get("call") if isinstance(found, dict) else None
    content = f"<pre>{escape(cell(call))}</pre>" if call else ""
    text = json.dumps(rest, indent=2, ensure_ascii=False, sort_keys=True)
    content += folded("How these figures were computed", f"<pre>{escape(text)}</pre>")
    return section("provenance", "Provenance", "", content)


def _counted(count: int | None, noun: str) -> str:
    if count is None:
        return ""
    return f"one {noun}" if count == 1 else f"{count:,} {noun}s"
