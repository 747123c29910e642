"""The report of a benchmark of detectors: tables, calibration, and pictures of the worst cases."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mvtri.benchmark.detectors import tables
from mvtri.benchmark.detectors.score import Comparison, DetectorScores
from mvtri.benchmark.tables import Table
from mvtri.diagnostics.recording import skeleton_links
from mvtri.errors import MvtriError
from mvtri.report.html import colours
from mvtri.report.html.markup import absent, folded, navigation, plot, section, table, verdict_list
from mvtri.report.html.page import write_page
from mvtri.report.reconstruction import overlay
from mvtri.skeletons import find_skeleton, get_skeleton
from mvtri.video import read_frames

HEIGHT = 420  # px
PLOT = 340  # px
_NAV = ("Overall", "Breakdowns", "Calibration", "Worst", "Cost", "Provenance")


def write_detector_report(
    path: Path, comparisons: Sequence[Comparison], about: Mapping[str, Any], costs: Sequence[Table] = ()
) -> Path:
    """Write a self-contained HTML report.

    Parameters
    ----------
    path : Path
        The HTML file.
    comparisons : sequence of Comparison
        One for each thing that the detectors are compared with.
    about : mapping
        ``"title"``, ``"synthetic"`` and whatever says where the figures come from.
    costs : sequence of Table
        What the detectors cost in 3D.
    """
    title = str(about["title"])
    notes = verdict_list(_notes(comparisons, about))
    body = [
        f'<header id="overview"><h1>{escape(title)}</h1>{notes}{navigation(_NAV)}</header>',
        section("overall", "Overall", _OVERALL, "".join(map(_overall, comparisons))),
        section("breakdowns", "Breakdowns", _PARTS, "".join(map(_breakdowns, comparisons))),
        section("calibration", "Calibration", _CALIBRATION, _calibration(comparisons[0])),
        section("worst", "Worst", _WORST, _all_worst(comparisons[0])),
        section("cost", "Cost in 3D", _COST, "".join(map(_of, costs)) or absent("No rig was given.")),
        section(
            "provenance",
            "Provenance",
            "",
            folded("How these figures were computed", f"<pre>{escape(json.dumps(about, indent=2))}</pre>"),
        ),
    ]
    return write_page(path, title, body, {"reliability": _reliability_plot(comparisons[0].detectors)})


_OVERALL = (
    "AP and AR as COCO computes them, with the OKS sigmas of COCO and SpineTrack. AUC: mean PCK below 30 px; "
    "PCK: 0.05 of the box; PCKh: half of the distance from head to neck; NME: mean error over the box's "
    "longer side; all as MMPose defines them. SIMSPINE does not publish how its AUC is defined: this is our "
    "reading. In brackets: 95 % intervals by the bootstrap over recordings, stretches of the only recording, "
    "or images."
)
_PARTS = (
    "relative: mean error over the square root of the person's area. constant and random: root mean square "
    "of the mean error of each keypoint in each view, and of what is left. right: the keypoint's part of OKS "
    "is 0.5 or more."
)
_CALIBRATION = (
    "Of the keypoints with some score, how many are right; and how often 95 % ellipses hold the label."
)
_WORST = "The images with the lowest OKS, of each detector. Coloured: the labels; white: what was found."
_COST = (
    "The measured errors, split into a constant part of each keypoint in each view and a random rest, drawn "
    "again and put through the triangulation of the rig."
)


def _notes(comparisons: Sequence[Comparison], about: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = []
    if about.get("synthetic"):
        lines.append(("note", "The people are synthetic: this says little about real people."))
    if any(one.labelled.agreement for one in comparisons):
        text = (
            "There is no truth here: figures are agreement of detectors with each other, and with their 3D."
        )
        lines.append(("check", text))
    left = comparisons[0].left_out
    if left:
        names = ", ".join(left)
        lines.append(("check", f"Not scored, because a detector lacks them or they have no sigma: {names}."))
    return lines


def _of(one: Table) -> str:
    return f"<h3>{escape(one.title)}</h3>{table(one.columns, one.rows)}"


def _overall(comparison: Comparison) -> str:
    return _of(tables.overall_table(comparison))


def _all_worst(comparison: Comparison) -> str:
    images = sorted({int(one.pairs.images[row]) for one in comparison.detectors for row in one.worst})
    pictures = read_pictures(comparison.labelled.pictures or (), images)
    return "".join(_worst(comparison, one, pictures) for one in comparison.detectors)


def _breakdowns(comparison: Comparison) -> str:
    every = tables.all_tables(comparison)[1:]
    shown = [one for one in every if "scores (" not in one.title]
    return "".join(folded(one.title, table(one.columns, one.rows)) for one in shown)


def _calibration(comparison: Comparison) -> str:
    content = plot("reliability", PLOT) if any(one.scores is not None for one in comparison.detectors) else ""
    rows = [
        [
            one.name,
            str(one.ellipses.count),
            *map(tables.number, (one.ellipses.inside, one.ellipses.too_small)),
        ]
        for one in comparison.detectors
        if one.ellipses is not None and one.ellipses.count
    ]
    if rows:
        content += table(
            ("detector", "ellipses", "95 % ellipses that hold the label", "times too small"), rows
        )
    found = [tables.reliability_table(one) for one in comparison.detectors]
    content += "".join(folded(one.title, table(one.columns, one.rows)) for one in found if one is not None)
    return content or absent("These detectors give neither scores nor covariances.")


def _reliability_plot(detectors: Sequence[DetectorScores]) -> dict[str, Any]:
    data: list[dict[str, Any]] = [
        {"x": [0, 1], "y": [0, 1], "mode": "lines", "name": "right as often as the score says",
         "line": {"color": colours.TRUTH, "dash": "dot"}}
    ]  # fmt: skip
    for index, one in enumerate(detectors):
        if one.scores is None:
            continue
        there = one.scores.counts > 0
        data.append(
            {
                "x": np.round(one.scores.scores[there], 4).tolist(),
                "y": np.round(one.scores.right[there], 4).tolist(),
                "mode": "lines+markers",
                "name": escape(one.name),
                "line": {"color": colours.method_colour(index)},
            }
        )
    axes = {
        f"{axis}axis": {"title": {"text": title}, "range": [0, 1.02]}
        for axis, title in (("x", "score"), ("y", "right"))
    }
    return {"data": data, "layout": axes}


def _worst(comparison: Comparison, one: DetectorScores, pictures: Mapping[int, np.ndarray]) -> str:
    figures = [_figure(comparison, one, row, pictures) for row in one.worst]
    shown = "".join(figure for figure in figures if figure)
    title = f"<h3>{escape(one.name)}</h3>"
    return title + (f'<div class="pictures">{shown}</div>' if shown else absent("There are no pictures."))


def _figure(comparison: Comparison, one: DetectorScores, row: int, pictures: Mapping[int, np.ndarray]) -> str:
    """Return the picture of a pair with both skeletons, or nothing where it cannot be read."""
    labelled, pairs = comparison.labelled, one.pairs
    image = int(pairs.images[row])
    frame = pictures.get(image)
    if frame is None:
        return ""
    both = np.concatenate([pairs.truth[row], pairs.found[row]])
    size = (frame.shape[1], frame.shape[0])
    box = overlay.window(overlay.people_box(both, size), size, 0.8)
    part, (truth, found) = overlay.cut(frame, box, HEIGHT, pairs.truth[row], pairs.found[row])
    skeleton = find_skeleton(labelled.skeleton) or get_skeleton("spinetrack37")
    links = overlay.links_of(labelled.keypoints, *skeleton_links(skeleton, labelled.keypoints))
    drawn = overlay.draw_overlay(part, truth, links, detected=found)
    encoded = base64.b64encode(overlay.jpeg(drawn)).decode("ascii")
    name = escape(labelled.images[image])
    return (
        f'<figure><img alt="{name}" width="{drawn.shape[1]}" height="{drawn.shape[0]}" '
        f'src="data:image/jpeg;base64,{encoded}"><figcaption><b>{name}</b></figcaption></figure>'
    )


def read_pictures(pictures: Sequence[tuple[Any, int]], images: Sequence[int]) -> dict[int, np.ndarray]:
    """Return the pictures of some images, each video read once; without those that cannot be read.

    Parameters
    ----------
    pictures : sequence of (source, int)
        For each image its video and which frame it is, as `Labelled` has them; or nothing at all.
    images : sequence of int
    """
    wanted: dict[Any, list[tuple[int, int]]] = {}
    for image in images if pictures else ():
        source, number = pictures[image]
        wanted.setdefault(source, []).append((number, image))
    found: dict[int, np.ndarray] = {}
    for source, places in wanted.items():
        places.sort()
        try:
            for (_, image), frame in zip(places, read_frames(source, [number for number, _ in places])):
                if frame is not None:
                    found[image] = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR) if frame.ndim == 2 else frame
        except MvtriError:  # a lost picture must not cost the report
            continue
    return found
