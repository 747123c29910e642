"""The sections of a report as HTML: text, tables, and the places of the plots."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri._version import __version__
from mvtri.diagnostics.agreement import Evidence
from mvtri.diagnostics.recording import Recording
from mvtri.diagnostics.summary import (
    CAMERA_COLUMNS,
    STATUS_WORDS,
    CameraSummary,
    coverage,
    median,
    status_counts,
)
from mvtri.diagnostics.verdict import Verdict
from mvtri.report.html import colours
from mvtri.report.html.markup import (
    absent,
    card,
    cell,
    facts,
    folded,
    legend,
    navigation,
    plot,
    section,
    table,
    verdict_list,
)
from mvtri.report.reconstruction import curves, figure3d, plots, scene3d, spine
from mvtri.report.reconstruction.evidence import evidence_part
from mvtri.report.reconstruction.pictures import people_legend
from mvtri.report.reconstruction.ranges import ranges_part
from mvtri.tracks import Status, provenance_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

_NAV = ("3D viewer", "Pictures", "Reprojection", "Coverage", "Trajectories", "Spine", "Body", "Provenance")
_NOTHING = "There are no frames to show."
_ABOUT_CURVE = (
    "A smooth curve through the points of the spine, at the moments when it is most upright, flexed, "
    "extended or bent sideways, with a band of 95 %; circles are the points. z is up."
)
_ABOUT_ANGLES = (
    "Angles over time, with bands of 95 %. Above: the thorax (T8 to T3) against the pelvis, 0 at rest; "
    "flexion is forward, bending and rotation are to the left. Below: the lean of the trunk, and how far the "
    "lumbar spine turns backward and the thoracic spine forward."
)


def head(
    recording: Recording,
    tracks: xr.Dataset,
    headline: str,
    verdicts: Sequence[Verdict],
    summary: Mapping[str, Any] | None,
    body: bool = False,
) -> str:
    """Return the headline, the facts, the cards and the verdicts; `body` says whether a body was fitted."""
    T, N, K = recording.status.shape
    fps = tracks.attrs.get("fps")
    parts = ["One person" if N == 1 else f"{N} people"]
    parts.append(f"{K} keypoints" + (f" ({recording.skeleton})" if recording.skeleton else ""))
    parts.append(f"{T:,} frames" + (f" at {fps:g} frames per second" if fps else ""))
    if recording.cameras:
        parts.append("one camera" if len(recording.cameras) == 1 else f"{len(recording.cameras)} cameras")
    lead = f"{', '.join(parts)}. Made by mvtri {__version__}."
    there = {"Spine": has_spine(recording), "Body": body}
    judged = verdict_list((verdict.level, verdict.text) for verdict in verdicts)
    return (
        f'<header id="overview"><h1>{escape(headline)}</h1><p class="lead">{escape(lead)}</p>'
        f'<div class="cards">{_cards(recording, fps)}</div>{judged}{facts(summary or {})}'
        f"{navigation([name for name in _NAV if there.get(name, True)])}</header>"
    )


def _cards(recording: Recording, fps: float | None) -> str:
    cards = [(f"{100 * coverage(recording):.1f}", "%", "of the keypoints have a 3D point")]
    if recording.residual is not None:
        residual, counted = recording.reprojection
        cards.append((cell(median(residual[counted])), "px", "median reprojection, views of score ≥ 0.3"))
        if recording.inlier is not None:
            value = median(residual[counted & recording.inlier])
            cards.append((cell(value), "px", "median reprojection, views used"))
    if recording.sigma is not None:
        total = np.sqrt((recording.sigma**2).sum(axis=-1))
        label = "estimated error in 3D, median (random and systematic)"
        cards.append((cell(1000 * median(total)), "mm", label))
    count = len(recording.times)
    cards.append((f"{count:,}", "", f"frames, {count / fps:.1f} s" if fps else "frames"))
    missing = [pair for pair in status_counts(recording) if pair[0] not in (Status.OK, Status.FILLED)]
    if missing:
        total_missing = sum(n for _, n in missing)
        cards.append(
            (f"{total_missing:,}", "", f"points missing, most of them: {STATUS_WORDS[missing[0][0]]}")
        )
    return "".join(card(*each) for each in cards)


def scores_section(scores: Any) -> str:
    """Return the table of scores against truth; ``""`` where there are none.

    `scores` is a sequence of mappings, a pandas DataFrame (its named index becomes columns), or an object
    with ``columns`` and ``rows``.
    """
    if scores is None:
        return ""
    if hasattr(scores, "reset_index"):
        frame = scores if list(scores.index.names) == [None] else scores.reset_index()
        columns, rows = [str(name) for name in frame.columns], frame.to_numpy(dtype=object).tolist()
    else:
        rows = list(getattr(scores, "rows", scores))
        columns = list(getattr(scores, "columns", None) or (rows[0] if rows else ()))
        rows = [
            [row.get(name) for name in columns] if isinstance(row, Mapping) else list(row) for row in rows
        ]
    content = table(columns, rows) if rows else absent("The table of scores is empty.")
    return section("scores", "Scores against the truth", "", content)


def viewer_section(recording: Recording, truth: str, cameras: "CameraGroup | None") -> str:
    """Return the place of the 3D viewer; `truth` is ``"none"``, ``"drawn"`` or ``"unmatched"``."""
    if not recording.position.size:
        return section("viewer", "In 3D", "", absent(_NOTHING))
    size = scene3d.cell_size(*scene3d.people_bounds(recording.position), cameras)
    note = f"Drag to turn, scroll to zoom, hover over a keypoint for its name; squares of {size:g} m, z up."
    step = -(-len(recording.times) // figure3d.MAX_FRAMES)
    if step > 1:
        note += f" Of {len(recording.times):,} frames one in {step} is shown."
    items = people_legend(recording)
    if cameras is not None:
        items.append((scene3d.CAMERA, "cameras"))
    if truth == "drawn":
        items.append((colours.TRUTH, "truth"))
    if truth == "unmatched":
        note += " The given truth has no frame and keypoint in common with these tracks, so it is not drawn."
    if cameras is None:
        note += " No cameras were given, so none are drawn."
    still = '<img class="still" id="still" alt="the 3D view, for printing">'
    return section("viewer", "In 3D", note, legend(items) + plot("viewer", figure3d.HEIGHT) + still)


def reprojection_section(recording: Recording, rows: list[CameraSummary], evidence: Evidence | None) -> str:
    """Return the table and the plots of reprojection errors."""
    title = "Reprojection error"
    if not rows or not recording.position.size:
        return section("reprojection", title, "", absent("These tracks have no reprojection errors."))
    note = "The distance of each 2D detection from its 3D point, projected through the lens. "
    if recording.score is None:
        note += "These tracks have no 2D scores, so every view with an error counts."
    else:
        note += "Views of score 0.3 or more count, rejected ones included."
    if recording.rig_errors is not None:
        note += (
            " The projection is that of cameras which mvtri turned and moved a little, because the 2D shows "
            "that the calibration is off."
        )
    height = plots.rows_height(recording)
    content = table(["camera", *CAMERA_COLUMNS], [[row.name, *row.cells] for row in rows])
    if recording.inlier is None:
        content += absent("These tracks do not record which views were used, so none counts as rejected.")
    content += f'<div class="pair"><div><h3>By camera</h3>{plot("residuals-camera", 330)}</div>'
    content += (
        f"<div><h3>Views used and rejected</h3>{plot('views-camera', plots.views_height(rows))}</div></div>"
    )
    content += f'<div class="pair"><div><h3>By keypoint</h3>{plot("residuals-keypoint", height)}</div>'
    content += f"<div><h3>Median by keypoint and camera (px)</h3>{plot('residual-grid', height)}</div></div>"
    content += '<p class="note">Boxes: the middle half and the median; whiskers from 5 to 95 %.</p>'
    content += evidence_part(evidence)
    return section("reprojection", title, note, content)


def coverage_section(recording: Recording) -> str:
    """Return what was reconstructed, what was not, and why."""
    if not recording.position.size:
        return section("coverage", "Coverage", "", absent(_NOTHING))
    counts = status_counts(recording)
    rows = [[STATUS_WORDS[status], count, 100 * count / recording.status.size] for status, count in counts]
    content = table(["status", "points", "%"], rows)
    content += legend([(colours.STATUS[status], STATUS_WORDS[status]) for status, _ in counts])
    for person, name in enumerate(recording.people):
        content += f"<h3>{escape(name)}</h3>" if len(recording.people) > 1 else ""
        content += plot(f"coverage-{person}", plots.coverage_height(recording))
    note = "Where there is a 3D point, and elsewhere the reason why there is none."
    if len(recording.times) > plots.MAX_COLUMNS:
        note += f" Of {len(recording.times):,} frames, each column shows the commonest status."
    return section("coverage", "Coverage", note, content)


def trajectory_section(recording: Recording, truth: bool) -> str:
    """Return the place of the trajectories and the choice of person and keypoint."""
    if not recording.position.size:
        return section("trajectories", "Trajectories", "", absent(_NOTHING))
    note = "World coordinates over time"
    note += ", with a band of 95 %" if recording.sigma is not None else ""
    note += ", the truth dotted in grey" if truth else ""
    note += "; thin and pale is what was measured, before smoothing" if recording.measured is not None else ""
    note += "; circles are points that were filled in." if (recording.status == Status.FILLED).any() else "."
    if recording.sigma is None:
        note += " These tracks have no covariances, so no uncertainty is drawn."
    kinds = curves.kinds_of_curves(recording, truth)
    if len(curves.curve_edges(recording, kinds)) - 1 < len(recording.times):
        note += " This recording is long, so each short interval is drawn by its lowest and highest value."
    hidden = " hidden" if len(recording.people) == 1 else ""
    content = (
        f'<div class="controls"><label>keypoint <select id="keypoint">{_options(recording.keypoints)}'
        "</select></label>"
        f'<label{hidden}>person <select id="person">{_options(recording.people)}</select></label></div>'
        f"{plot('trajectories', 620)}"
    )
    return section("trajectories", "Trajectories", note, content)


def _options(names: Sequence[str]) -> str:
    first = "left_wrist" if "left_wrist" in names else names[0]
    return "".join(
        f'<option value="{index}"{" selected" if name == first else ""}>{escape(name)}</option>'
        for index, name in enumerate(names)
    )


def has_spine(recording: Recording) -> bool:
    """Return whether the keypoint set has a spine that could bend."""
    return len(recording.spine) >= 3


def spine_section(
    recording: Recording,
    people: list[int],
    truth: bool = False,
    fitted: Mapping[int, spine.FittedSpine] | None = None,
) -> str:
    """Return the spine curves and angles of the people whose whole spine is known in some frame.

    `fitted` are the spines through which a curve was laid.  ``""`` where the keypoint set has no spine.
    """
    fitted = fitted or {}
    if not has_spine(recording):
        return ""
    if not people:
        return section("spine", "Spine", "", absent("No frame has the whole spine."))
    content = ""
    for person in people:
        content += f"<h3>{escape(recording.people[person])}</h3>" if len(recording.people) > 1 else ""
        if person in fitted:
            content += plot(f"moments-{person}", spine.CURVES_HEIGHT)
            content += f"<p>{_ABOUT_ANGLES}</p>{plot(f'angles-{person}', spine.ANGLES_HEIGHT)}"
            content += ranges_part(fitted[person])
            content += "<h3>The points themselves, without a curve</h3>"
        content += f"<p>{_about_points(recording, truth)}</p>"
        content += plot(f"spine-{person}", 430) + plot(f"bend-{person}", 270)
    note = _ABOUT_CURVE + (" Truth is dotted." if truth else "") if fitted else ""
    return section("spine", "Spine", note, content)


def _about_points(recording: Recording, truth: bool) -> str:
    text = (
        "The spine at several times, from first (dark) to last (light), aligned at its lowest point; z is up."
    )
    more = ["the truth is dotted in grey"] if truth else []
    more += ["the angles before smoothing are pale"] if recording.measured is not None else []
    return text + (f" Below, {' and '.join(more)}." if more else "")


def provenance_section(tracks: xr.Dataset) -> str:
    """Return the provenance of the tracks, folded."""
    found = provenance_of(tracks)
    if not found:
        return section(
            "provenance", "Provenance", "", absent("These tracks do not record how they were made.")
        )
    text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)
    content = folded("How these tracks were made", f"<pre>{escape(text)}</pre>")
    return section("provenance", "Provenance", "", content)
