"""The sections of the report that break the errors down: by subject, action, keypoint, cameras and noise."""

from html import escape

from mvtri.benchmark.lookup import Lookup
from mvtri.benchmark.report import plots, tables
from mvtri.benchmark.report.settings import each_setting, interval_note
from mvtri.benchmark.report.tables import GROUP_TITLES, GROUPS
from mvtri.report.html.markup import absent, folded, plot, section


def key_section(lookup: Lookup, by: str) -> str:
    """Return MPJPE by subject or by action."""

    def content(index: int, setting: str) -> str:
        keys = lookup.keys(setting, by)
        if len(keys) < 2:
            text = f"There is only one {by}, {keys[0]}: its figures are those above." if keys else ""
            return absent(text) if text else ""
        groups = _groups(lookup, setting)
        height = plots.rows_height(len(keys))
        drawn = "".join(
            f"<div><h3>{GROUP_TITLES[group]}</h3>{plot(f'{by}-{group}-{index}', height)}</div>"
            for group in groups
        )
        listed = "".join(
            f"<h3>{GROUP_TITLES[group]}, MPJPE (mm)</h3>{tables.key_table(lookup, setting, by, keys, group)}"
            for group in groups
        )
        return f'<div class="pair">{drawn}</div>' + folded(f"Table by {by}", listed)

    nothing = f"These results have no figures by {by}."
    parts = each_setting(lookup, content, nothing)
    return section(f"{by}s", f"By {by}", f"MPJPE; {interval_note(lookup)}.", parts)


def keypoint_section(lookup: Lookup) -> str:
    """Return MPJPE by keypoint, those of the spine in its order."""

    def content(index: int, setting: str) -> str:
        spine, others = lookup.spine_and_others(setting)
        if not spine and not others:
            return ""
        parts = [
            ("The spine from top to bottom, and keypoints near it", "keypoint-spine", spine),
            ("Other keypoints", "keypoint-others", others),
        ]
        drawn = "".join(
            f"<div><h3>{title}</h3>{plot(f'{name}-{index}', plots.keypoints_height(names))}</div>"
            for title, name, names in parts
            if names
        )
        listed = tables.key_table(lookup, setting, "keypoint", [*spine, *others], "full")
        best = lookup.ranked(setting)[:1]
        note = (
            f'<p class="note">Bars: {escape(best[0])}, the best method; dots: the other methods.</p>'
            if best
            else ""
        )
        return f'{note}<div class="pair">{drawn}</div>' + folded("Table by keypoint", listed)

    nothing = "These results have no figures by keypoint."
    return section("keypoints", "By keypoint", "", each_setting(lookup, content, nothing))


def camera_section(lookup: Lookup) -> str:
    """Return the errors of all subsets of the cameras."""

    def content(index: int, setting: str) -> str:
        text = ""
        for method in lookup.methods_of(setting, "camera count"):
            text += f"<h3>{escape(method)}</h3>"
            values = [
                lookup.value(setting, method, "full", "mpjpe", "cameras", key)
                for key in lookup.keys(setting, "cameras")
            ]
            if not plots.matters(values):
                text += absent(
                    "No subset gave any estimate."
                    if set(values) <= {None}
                    else "Every error is below 0.001 mm, which is rounding; there is nothing to plot."
                )
                continue
            at = lookup.methods.index(method)
            text += plot(f"cameras-{at}-{index}", plots.CAMERAS_HEIGHT)
            text += folded("Table of all subsets", tables.subset_table(lookup, setting, method))
        return text

    note = "One point per subset of the cameras; the line joins the means over all subsets of the same size."
    nothing = "These results have no subsets of the cameras."
    return section("cameras", "By number of cameras", note, each_setting(lookup, content, nothing))


def noise_section(lookup: Lookup) -> str:
    """Return the error against iid noise beside its lower bound."""
    title, sweep = "Error against noise", lookup.sweep
    if not sweep:
        return section("noise", title, "", absent("These results have no curve of error against noise."))
    note = (
        f"Root mean square error of {sweep['points']:,} points, with iid normal noise added to their 2D. The "
        "floor is the Cramér–Rao bound, the smallest error that an unbiased estimate of a single point can "
        "have; with a finite number of points the measured error can be slightly below it."
    )
    height = plots.NOISE_HEIGHT
    content = f'<div class="pair"><div><h3>Error</h3>{plot("noise", height)}</div>'
    content += f"<div><h3>Error as a multiple of the floor</h3>{plot('noise-ratio', height)}</div></div>"
    content += folded("Table by noise", tables.noise_table(sweep))
    return section("noise", title, note, content)


def distribution_section(lookup: Lookup) -> str:
    """Return the cumulative distributions of errors."""

    def content(index: int, setting: str) -> str:
        groups = [g for g in GROUPS if any(key[::2] == (setting, g) for key in lookup.histograms)]
        if not groups:
            return ""
        first = [counts for key, counts in lookup.histograms.items() if key[0] == setting]
        if all(sum(counts[1:]) == 0 for counts in first):
            some = any(sum(counts) for counts in first)
            return absent(f"Every error is below {lookup.bin:g} mm." if some else "There are no estimates.")
        height = plots.SHARES_HEIGHT
        drawn = "".join(
            f"<div><h3>{GROUP_TITLES[g]}</h3>{plot(f'distribution-{g}-{index}', height)}</div>"
            for g in groups
        )
        return f'<div class="pair">{drawn}</div>'

    note = "The share of all true keypoints that have an estimate within this error; "
    note += "missing estimates keep a line below 100 %."
    nothing = "These results have no distributions."
    return section("distributions", "Distributions", note, each_setting(lookup, content, nothing))


def _groups(lookup: Lookup, setting: str) -> list[str]:
    return [group for group in GROUPS if lookup.known(setting, group, "mpjpe")]
