"""The joint angles of a fitted body in the report: a small plot for each, left and right together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.diagnostics.recording import Recording
from mvtri.report.html import colours
from mvtri.report.html.markup import plot, section, table
from mvtri.report.html.plotly_values import compact
from mvtri.report.reconstruction.plots import Figure
from mvtri.report.reconstruction.spine import bands, line_of

if TYPE_CHECKING:
    from mvtri.biomechanics import FittedBody

MAX_FRAMES = 800  # of an angle that are shown
COLUMNS, ROW_HEIGHT, MARGIN = 3, 150, 60  # small plots beside each other; px
_SIDES = {"_l": (" left", colours.SIDES[0]), "_r": (" right", colours.SIDES[2])}
_ALONE = ("", colours.SPINE)
_ABOUT = (
    "Joint angles of the body model in degrees, with bands of 95 %; left is blue, right is orange. Angles "
    "that the markers do not determine are left out. What is 0 degrees is the model's: changes of an angle "
    "are surer than the angle itself."
)


def panels(body: FittedBody) -> dict[str, list[tuple[int, str]]]:
    """Return the joint angles that the markers determine, without those of the whole body.

    By the name without its side, the places of the angles among the free coordinates, and ``"_l"``, ``"_r"``
    or ``""``.
    """
    unknowns = unknowns_of(body.kinematics.model)
    found: dict[str, list[tuple[int, str]]] = {}
    for place, name in enumerate(unknowns.names):
        if unknowns.body[place] or not unknowns.angles[place] or name in body.refused:
            continue
        side = name[-2:] if name[-2:] in _SIDES else ""
        found.setdefault(name.removesuffix(side), []).append((place, side))
    return found


def joint_angles(recording: Recording, body: FittedBody) -> Figure:
    """Return the plot of a person's joint angles over time."""
    count = len(recording.times)
    frames = np.unique(np.linspace(0, count - 1, min(count, MAX_FRAMES)).astype(np.intp))
    values = np.degrees(body.kinematics.coordinates[:, body.kinematics.model.free][frames])
    low, high = (np.degrees(ends[frames]) for ends in body.intervals)
    times, shown = recording.times[frames], panels(body)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "height": plot_height(body),
        "margin": {"l": 46, "r": 12, "t": 24, "b": 36},
        "showlegend": False,
        "annotations": [],
    }
    for number, (name, ones) in enumerate(shown.items()):
        axis = str(number + 1) if number else ""
        axes = {"type": "scatter", "xaxis": f"x{axis}", "yaxis": f"y{axis}", "x": compact(times, 4)}
        for place, side in ones:
            word, colour = _SIDES.get(side, _ALONE)
            middle = np.where(np.isfinite(low[:, place]), values[:, place], np.nan)
            data += [axes | one for one in bands(times, low[:, place], high[:, place], colour)]
            label = escape(name, quote=False) + word
            data.append(axes | line_of(label, middle, {"color": colour, "width": 1.8}))
        layout |= _axes(axis, number, len(shown), recording.time_label)
        layout["annotations"].append(_title(axis, escape(name, quote=False)))
    return {"data": data, "layout": layout}


def plot_height(body: FittedBody) -> int:
    """Return the height of the plot, px."""
    return MARGIN + ROW_HEIGHT * max(1, -(-len(panels(body)) // COLUMNS))


def _axes(axis: str, number: int, count: int, label: str) -> dict[str, Any]:
    """Return the axes of a small plot; the lowest of each column says what time is in."""
    row, column = divmod(number, COLUMNS)
    rows = -(-count // COLUMNS)
    left, top = column / COLUMNS, 1.0 - row / rows
    across: dict[str, Any] = {
        "domain": [left + 0.02, left + 1 / COLUMNS - 0.02],
        "anchor": f"y{axis}",
        "matches": "x",
    }
    if not number:
        del across["matches"]
    up = {"domain": [top - 0.74 / rows, top - 0.06 / rows], "anchor": f"x{axis}", "nticks": 4}
    if number >= count - COLUMNS:
        across["title"] = {"text": label, "font": {"size": 11}}
    return {f"xaxis{axis}": across | {"nticks": 5}, f"yaxis{axis}": up}


def _title(axis: str, name: str) -> dict[str, Any]:
    return {
        "text": name,
        "xref": f"x{axis} domain",
        "yref": f"y{axis} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }


def body_section(recording: Recording, bodies: Mapping[int, FittedBody]) -> str:
    """Return the section of the people's bodies; ``""`` where none was fitted."""
    if not bodies:
        return ""
    content = ""
    for person, body in bodies.items():
        content += f"<h3>{escape(recording.people[person])}</h3>" if len(recording.people) > 1 else ""
        content += f"<p>{_fit(body)}</p>" + plot(f"joints-{person}", plot_height(body))
        rows = sorted(body.rms.items(), key=lambda one: -np.nan_to_num(one[1], nan=-1.0))
        content += "<h3>Keypoints furthest from the model's markers</h3>"
        content += table(
            ["marker", "distance mm", "moved on its body mm"],
            [[name, f"{1e3 * far:.1f}", f"{1e3 * body.moved[name]:.1f}"] for name, far in rows[:8]],
        )
    return section("body", "Body model", _ABOUT, content)


def _fit(body: FittedBody) -> str:
    model = body.kinematics.model
    name, count = escape(model.name), len(model.free)
    return (
        f"{name}, {body.size:.2f} times as large, fits to {1e3 * body.whole_rms:.1f} mm (root mean square "
        f"distance of markers and keypoints); the markers determine {count - len(body.refused)} of {count} "
        "coordinates."
    )


def bodies_of(recording: Recording, bodies: Sequence[FittedBody]) -> dict[int, FittedBody]:
    """Return the fitted bodies by the number of their person; those of other recordings are left out."""
    return {
        recording.people.index(one.person): one
        for one in bodies
        if one.person in recording.people and len(one.kinematics.times) == len(recording.times)
    }
