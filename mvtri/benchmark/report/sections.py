"""The sections of a report of a benchmark as HTML."""

import json
from collections.abc import Callable
from html import escape

from mvtri.benchmark.report import plots as score_plots
from mvtri.benchmark.report import tables as score_tables
from mvtri.benchmark.report.lookup import PIXELS, Scorebook
from mvtri.benchmark.report.tables import GROUPS
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
_TOLD = (
    *("dataset", "synthetic", "settings", "methods", "rigid_spine", "undistort", "sequences", "frames"),
    *("damaged", "left_out", "unseen", "seconds"),
)
_GROUPS = {"full": "Full skeleton", "spine": "Spine"}


def head(book: Scorebook, headline: str) -> str:
    """Return the headline, the best figure of each setting, and what a reader has to know about all."""
    about = book.about
    parts = [_counted(about.get(f"{what}s"), what) for what in ("sequence", "frame")]
    parts += [_counted(len(book.settings), "setting"), _counted(len(book.methods), "method")]
    lead = ", ".join(part for part in parts if part)
    cards = []
    for setting in book.settings:
        for method in book.ranked(setting)[:1]:
            value, spine = (as_text(book.value(setting, method, group, "mpjpe")) for group in GROUPS)
            cards.append(card(value, "mm", f"MPJPE, {setting}: {method}; spine {spine}"))
    mark = badge("synthetic") if about.get("synthetic") else ""
    return (
        f'<header id="overview"><h1>{escape(headline)}{mark}</h1>'
        f'<p class="lead">{escape(lead[:1].upper() + lead[1:])}.</p>'
        f'<div class="cards">{"".join(cards)}</div>{verdict_list(_warnings(book))}{navigation(_NAV)}</header>'
    )


def _warnings(book: Scorebook) -> list[tuple[str, str]]:
    about, lines = book.about, []
    if about.get("synthetic"):
        kind = "" if about["synthetic"] is True else f" ({about['synthetic']})"
        text = f"All of this is synthetic{kind}: it compares methods, and says little about real people."
        lines.append(("note", text))
    if about.get("undistort") is False:
        lines.append(
            ("note", "The distortion of the lenses was ignored, as asked for: every figure includes it.")
        )
    for setting, names in (about.get("unseen") or {}).items():
        missing = _counted(len(names), "keypoint")
        text = f"{setting}: the 2D knows nothing of {missing} of the truth, not scored, see “Left out”."
        lines.append(("check", text))
    if about.get("damaged"):
        count = _counted(len(about["damaged"]), "sequence").capitalize()
        lines.append(("check", f"{count} known as damaged took part, see “Left out”."))
    return lines


def chooser(book: Scorebook) -> str:
    """Return the bar that says which setting and which methods the plots show."""
    options = "".join(
        f'<option value="{index}"{" selected" if index == book.foremost else ""}>{escape(name)}</option>'
        for index, name in enumerate(book.settings)
    )
    setting = (
        f'<label>setting <select id="setting">{options}</select></label>' if len(book.settings) > 1 else ""
    )
    chips = "".join(
        f'<label class="chip" style="--swatch:{colours.method_colour(index)}"><input type="checkbox" '
        f'value="{index}"{" checked" if name in book.chosen else ""}><i></i>{escape(name)}</label>'
        for index, name in sorted(enumerate(book.methods), key=lambda pair: pair[1] not in book.chosen)
    )
    return f'<div class="chooser">{setting}<div class="chips">{chips}</div></div>' if chips else ""


def overall_section(book: Scorebook) -> str:
    """Return the main table and plot of each setting, all of them, published rows included."""
    content = ""
    for index, setting in enumerate(book.settings):
        content += f"<h3>{escape(setting)}</h3>{_source(book, setting)}"
        rows = [*book.methods_of(setting), *book.published(setting)]
        if book.methods_of(setting):
            content += score_tables.overall_table(book, setting)
            content += plot(f"overall-{index}", score_plots.rows_height(len(rows)))
        else:
            content += absent("No method was scored here.")
    content = content or absent("There are no scores.")
    sources = dict.fromkeys(str(row["source"]) for s in book.settings for row in book.published(s))
    if sources:
        told = f"{'; '.join(sources)}. These rows are others’ figures on their own test data, for a look; "
        content += f'<p class="note">{badge("published")}{escape(told)}they were not measured here.</p>'
    methods = dict(book.about.get("methods") or {})
    if book.about.get("rigid_spine"):
        methods["the rigid spine is"] = book.about["rigid_spine"]
    content += folded("What the methods are", facts(methods)) if methods else ""
    note = (
        "MPJPE: mean distance to the true keypoint, in world coordinates; P-MPJPE: after the best rotation, "
        f"shift and scale of each frame; {_intervals(book)}. “Covered” is the fraction of the true "
        "keypoints that have an estimate; a figure that stands for another fraction says so. Bold: the best "
        "of the methods that cover about as much as any."
    )
    return section("overall", "Overall", note, content)


def _source(book: Scorebook, setting: str) -> str:
    """Return a line about the 2D of a setting: where it is from, and how good it is."""
    parts = []
    told = (book.about.get("settings") or {}).get(setting)
    if told:
        parts.append(str(told))
    error, auc = (book.score(setting, PIXELS, "full", metric) for metric in ("error_2d", "auc_2d"))
    if error is not None and error["value"] is not None:
        text = f"2D error {as_text(error['value'])} px"
        text += f", AUC {as_text(auc['value'])} %" if auc is not None and auc["value"] is not None else ""
        parts.append(f"{text}, {score_tables.share(error['fraction'])} of the views there")
    return f'<p class="note">{escape("; ".join(parts))}</p>' if parts else ""


def further_section(book: Scorebook) -> str:
    """Return all figures that the main tables do not hold."""

    def content(_: int, setting: str) -> str:
        tables = ((group, score_tables.further_table(book, setting, group)) for group in GROUPS)
        return "".join(f"<h3>{_GROUPS[group]}</h3>{text}" for group, text in tables if text)

    note = f"Root-relative figures, PCK and AUC: with the hips laid upon each other; {_intervals(book)}."
    return section("metrics", "Further metrics", note, _each(book, content, "There are no further figures."))


def key_section(book: Scorebook, by: str) -> str:
    """Return MPJPE by subject or by action."""

    def content(index: int, setting: str) -> str:
        keys = book.keys(setting, by)
        if len(keys) < 2:
            text = f"All is of one {by}, {keys[0]}: the figures are those above." if keys else ""
            return absent(text) if text else ""
        groups = _groups(book, setting)
        height = score_plots.rows_height(len(keys))
        plots = "".join(
            f"<div><h3>{_GROUPS[group]}</h3>{plot(f'{by}-{group}-{index}', height)}</div>" for group in groups
        )
        tables = "".join(
            f"<h3>{_GROUPS[group]}, MPJPE (mm)</h3>{score_tables.key_table(book, setting, by, keys, group)}"
            for group in groups
        )
        return f'<div class="pair">{plots}</div>' + folded(f"Table by {by}", tables)

    nothing = f"These results hold no figures by {by}."
    return section(f"{by}s", f"By {by}", f"MPJPE; {_intervals(book)}.", _each(book, content, nothing))


def keypoint_section(book: Scorebook) -> str:
    """Return MPJPE by keypoint, those of the spine along it."""

    def content(index: int, setting: str) -> str:
        spine, others = book.spine_and_others(setting)
        if not spine and not others:
            return ""
        parts = [
            ("The spine, from its top down, and around it", "keypoint-spine", spine),
            ("The others", "keypoint-others", others),
        ]
        plots = "".join(
            f"<div><h3>{title}</h3>{plot(f'{name}-{index}', score_plots.keypoints_height(names))}</div>"
            for title, name, names in parts
            if names
        )
        tables = score_tables.key_table(book, setting, "keypoint", [*spine, *others], "full")
        best = book.ranked(setting)[:1]
        note = f'<p class="note">Bars: {escape(best[0])}, the best; dots: the others.</p>' if best else ""
        return f'{note}<div class="pair">{plots}</div>' + folded("Table by keypoint", tables)

    nothing = "These results hold no figures by keypoint."
    return section("keypoints", "By keypoint", "", _each(book, content, nothing))


def camera_section(book: Scorebook) -> str:
    """Return the errors of all subsets of the cameras."""

    def content(index: int, setting: str) -> str:
        text = ""
        for method in book.methods_of(setting, "camera count"):
            text += f"<h3>{escape(method)}</h3>"
            values = [
                book.value(setting, method, "full", "mpjpe", "cameras", key)
                for key in book.keys(setting, "cameras")
            ]
            if not score_plots.matters(values):
                text += absent(
                    "No subset gave any estimate."
                    if set(values) <= {None}
                    else "Every error is below 0.001 mm, which is rounding: there is nothing to draw."
                )
                continue
            at = book.methods.index(method)
            text += plot(f"cameras-{at}-{index}", score_plots.CAMERAS_HEIGHT)
            text += folded("Table of all subsets", score_tables.subset_table(book, setting, method))
        return text

    note = "A point for each subset of the cameras; the line joins the means, over all subsets of that many."
    nothing = "These results hold no subsets of the cameras."
    return section("cameras", "By number of cameras", note, _each(book, content, nothing))


def noise_section(book: Scorebook) -> str:
    """Return the error against iid noise beside its lower bound."""
    title, sweep = "Error against noise", book.sweep
    if not sweep:
        return section("noise", title, "", absent("No noise was added: these results hold no such curve."))
    note = (
        f"Root mean square error of {sweep['points']:,} points whose 2D got iid normal noise. The floor is "
        "the Cramér–Rao bound, the least that any unbiased estimate of a single point can have; of finitely "
        "many points the error may come out a little below it."
    )
    height = score_plots.NOISE_HEIGHT
    content = f'<div class="pair"><div><h3>Error</h3>{plot("noise", height)}</div>'
    content += f"<div><h3>Error as a multiple of the floor</h3>{plot('noise-ratio', height)}</div></div>"
    content += folded("Table by noise", score_tables.noise_table(sweep))
    return section("noise", title, note, content)


def distribution_section(book: Scorebook) -> str:
    """Return the cumulative distributions of errors."""

    def content(index: int, setting: str) -> str:
        groups = [g for g in GROUPS if any(key[::2] == (setting, g) for key in book.histograms)]
        if not groups:
            return ""
        first = [counts for key, counts in book.histograms.items() if key[0] == setting]
        if all(sum(counts[1:]) == 0 for counts in first):
            some = any(sum(counts) for counts in first)
            return absent(f"Every error is below {book.bin:g} mm." if some else "There are no estimates.")
        height = score_plots.SHARES_HEIGHT
        plots = "".join(
            f"<div><h3>{_GROUPS[g]}</h3>{plot(f'distribution-{g}-{index}', height)}</div>" for g in groups
        )
        return f'<div class="pair">{plots}</div>'

    note = "Which share of all true keypoints has an estimate no further off; "
    note += "what is missing keeps a line below 100 %."
    nothing = "These results hold no distributions."
    return section("distributions", "Distributions", note, _each(book, content, nothing))


def left_out_section(book: Scorebook) -> str:
    """Return what was not scored and why, which sequences are damaged, and how long it all took."""
    about = book.about
    content = "<h3>Methods left out</h3>"
    left = about.get("left_out") or {}
    rows = [[what, f"it needs {why}"] for what, why in left.items()]
    content += table(["setting: method", "why"], rows) if rows else absent("Nothing was left out.")
    unseen = about.get("unseen") or {}
    if unseen:
        content += "<h3>Keypoints of the truth that the 2D knows nothing of: not scored</h3>"
        content += table(
            ["setting", "keypoints"], [[what, ", ".join(names)] for what, names in unseen.items()]
        )
    damaged = about.get("damaged") or []
    content += "<h3>Damaged sequences among those scored</h3>"
    content += (
        table(["sequence"], [[name] for name in damaged]) if damaged else absent("None is known as damaged.")
    )
    seconds = about.get("seconds") or {}
    content += "<h3>Where the time went</h3>"
    took = [[stage, float(some)] for stage, some in seconds.items()]
    content += table(["stage", "seconds"], took) if took else absent("The results do not say.")
    return section("out", "Left out", "", content)


def provenance_section(book: Scorebook) -> str:
    """Return the command line, and all else that the results say about their origin, folded away."""
    rest = {key: value for key, value in book.about.items() if key not in _TOLD}
    if not rest:
        return section("provenance", "Provenance", "", absent("These results do not say how they were made."))
    found = rest.get("provenance")
    call = found.get("call") if isinstance(found, dict) else None
    content = f"<pre>{escape(cell(call))}</pre>" if call else ""
    text = json.dumps(rest, indent=2, ensure_ascii=False, sort_keys=True)
    content += folded("How these figures were made", f"<pre>{escape(text)}</pre>")
    return section("provenance", "Provenance", "", content)


def _each(book: Scorebook, content: Callable[[int, str], str], nothing: str) -> str:
    """Return the content for each setting, of which the page shows one; a line where none has any."""
    parts = [content(index, setting) for index, setting in enumerate(book.settings)]
    if not any(parts):
        return absent(nothing)
    named = len(parts) > 1
    return "".join(
        f'<div data-setting="{index}">'
        + (f'<p class="setting">{badge(setting)}</p>' if named else "")
        + f"{part or absent(nothing)}</div>"
        for index, (part, setting) in enumerate(zip(parts, book.settings))
    )


def _intervals(book: Scorebook) -> str:
    """Return what the ranges in tables and the whiskers in plots are."""
    if book.has_intervals:
        return "ranges and whiskers are 95 % intervals by bootstrap over sequences"
    return "no intervals are given, for they need at least two sequences"


def _groups(book: Scorebook, setting: str) -> list[str]:
    return [group for group in GROUPS if book.known(setting, group, "mpjpe")]


def _counted(count: int | None, noun: str) -> str:
    if count is None:
        return ""
    return f"one {noun}" if count == 1 else f"{count:,} {noun}s"
