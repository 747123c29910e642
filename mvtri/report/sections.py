"""The sections of a report as HTML; every name that comes from outside is escaped here."""

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri._version import __version__
from mvtri.report import colours, overlay
from mvtri.report.motion import MAX_POINTS
from mvtri.report.plots import MAX_COLUMNS
from mvtri.report.recording import Recording
from mvtri.report.summary import STATUS_WORDS, CameraSummary, coverage, median, status_counts, verdicts
from mvtri.report.viewer import MAX_FRAMES
from mvtri.tracks import Status, provenance_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

PICTURE_HEIGHT = 560
_LEVELS = {"good": "Good.", "check": "Worth a look.", "bad": "Trouble."}
_NAV = (
    ("viewer", "3D"),
    ("overlays", "Pictures"),
    ("reprojection", "Reprojection"),
    ("coverage", "Coverage"),
    ("trajectories", "Trajectories"),
    ("spine", "Spine"),
    ("provenance", "Provenance"),
)


def head(
    recording: Recording,
    tracks: xr.Dataset,
    headline: str,
    rows: list[CameraSummary],
    summary: Mapping[str, Any] | None,
) -> str:
    """Return the headline, the facts, the cards and the verdicts."""
    T, N, K = recording.status.shape
    fps = tracks.attrs.get("fps")
    rate = f" at {fps:g} frames a second" if fps else ""
    people = "one person" if N == 1 else f"{N} people"
    skeleton = f" ({escape(recording.skeleton)})" if recording.skeleton else ""
    views = f", {len(recording.cameras)} cameras" if recording.cameras else ""
    lead = f"{people}, {K} keypoints{skeleton}, {T:,} frames{rate}{views}; mvtri {escape(__version__)}"
    facts = "".join(
        f"<dt>{escape(str(k))}</dt><dd>{escape(cell(v, str(k)))}</dd>" for k, v in (summary or {}).items()
    )
    facts = f'<dl class="facts">{facts}</dl>' if facts else ""
    lines = "".join(
        f'<li class="{line.level}"><b>{_LEVELS[line.level]}</b>{escape(line.text)}</li>'
        for line in verdicts(recording, rows)
    )
    nav = "".join(f'<a href="#{place}">{text}</a>' for place, text in _NAV)
    return (
        f'<header id="overview"><h1>{escape(headline)}</h1><p class="lead">{lead[0].upper()}{lead[1:]}</p>'
        f'<div class="cards">{_cards(recording, fps)}</div><ul class="verdicts">{lines}</ul>{facts}<nav>{nav}</nav></header>'
    )


def _cards(recording: Recording, fps: float | None) -> str:
    share = coverage(recording)
    cards = [(f"{100 * share:.1f}<small> %</small>", "of keypoints have a 3D point")]
    counted = recording.counted
    if counted is not None and recording.residual is not None:
        both = (("all views of score ≥ 0.3", counted),)
        if recording.inlier is not None:
            both += (("views used", counted & recording.inlier),)
        for label, mask in both:
            cards.append(
                (
                    f"{cell(median(recording.residual[mask]))}<small> px</small>",
                    f"median reprojection, {label}",
                )
            )
    if recording.sigma is not None:
        total = np.sqrt((recording.sigma**2).sum(axis=-1))
        cards.append((f"{cell(1000 * median(total))}<small> mm</small>", "median uncertainty (1 σ, in 3D)"))
    seconds = len(recording.times) / fps if fps else None
    cards.append((f"{len(recording.times):,}", f"frames, {seconds:.1f} s" if seconds else "frames"))
    missing = [(s, n) for s, n in status_counts(recording) if s != Status.OK][:1]
    cards += [(f"{n:,}", f"points {STATUS_WORDS[s]}") for s, n in missing]
    return "".join(f'<div class="card"><div class="value">{v}</div><div class="label">{escape(t)}</div></div>'
                   for v, t in cards)  # fmt: skip


def scores_section(scores: Any) -> str:
    """Return the table of scores against truth; nothing where there are none."""
    if scores is None:
        return ""
    rows = getattr(scores, "rows", scores)
    columns = list(getattr(scores, "columns", None) or (rows[0] if rows else ()))
    table = html_table(
        columns, [[row[c] for c in columns] if isinstance(row, Mapping) else list(row) for row in rows]
    )
    return _section("scores", "Scores against truth", "", table)


def html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table; columns of numbers are aligned to the right."""
    numeric = [all(_is_number(row[i]) for row in rows) and bool(rows) for i in range(len(columns))]
    style = [' class="number"' if number else "" for number in numeric]
    top = "".join(f"<th{s}>{escape(str(c))}</th>" for c, s in zip(columns, style))
    body = "".join(
        "<tr>"
        + "".join(f"<td{s}>{escape(cell(v, str(c)))}</td>" for v, c, s in zip(row, columns, style))
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(value: Any, column: str = "") -> str:
    """Return a value as text: shares as percent where the column speaks of coverage, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return "–"
        if "coverage" in column.lower() and "%" not in column and 0 <= value <= 1:
            return f"{100 * value:.1f} %"
        return (
            f"{value:,.0f}"
            if abs(value) >= 1000
            else f"{value:.4f}"
            if 0 < abs(value) < 0.01
            else f"{value:.2f}"
        )
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return str(value)


def viewer_section(recording: Recording, truth: bool, cameras: bool) -> str:
    """Return the place of the 3D viewer."""
    if not recording.position.size:
        return _section("viewer", "In 3D", "", _absent("There are no frames to show."))
    step = -(-len(recording.times) // MAX_FRAMES)
    thinned = f" Every {_ordinal(step)} frame of {len(recording.times):,} is shown." if step > 1 else ""
    note = f"Drag to turn, scroll to zoom, hover over a keypoint for its name and place; z is up.{thinned}"
    legend = _people_legend(recording)
    if truth:
        legend.append((colours.TRUTH, "truth"))
    if not cameras:
        note += " The cameras are not drawn, because none were given."
    return _section("viewer", "In 3D", note, _legend(legend) + _plot("viewer", 620))


def _people_legend(recording: Recording) -> list[tuple[str, str]]:
    if len(recording.people) > 1:
        return [(colours.person_colour(i), name) for i, name in enumerate(recording.people)]
    items = [(colours.SIDES[0], "left"), (colours.SIDES[2], "right"), (colours.SIDES[1], "middle")]
    return ([(colours.SPINE, "spine")] if len(recording.spine) else []) + items


def overlay_section(
    recording: Recording,
    cameras: "CameraGroup | None",
    videos: Sequence[Any] | None,
    frame_indices: Sequence[int] | None,
) -> str:
    """Return one picture a camera, with the reprojected skeletons and the detections drawn over it."""
    title = "What the cameras saw"
    if cameras is None:
        return _section(
            "overlays", title, "", _absent("No cameras were given, so nothing can be drawn over pictures.")
        )
    if not len(recording.times):
        return _section("overlays", title, "", _absent("There are no frames to show."))
    t = best_frame(recording)
    frame = t if frame_indices is None else int(frame_indices[t])
    figures = [_picture(recording, cameras, index, t, frame, videos) for index in range(len(cameras))]
    when = f"{recording.times[t]:.2f} s (frame {frame})" if recording.clocked else f"frame {frame}"
    note = f"The 3D skeleton projected back into each picture at {when}, the one with most keypoints."
    if videos is None:
        note += " No videos were given, so the pictures are blank."
    if recording.position_2d is None:
        note += " These tracks do not hold the 2D detections, so those are not drawn."
    legend = _people_legend(recording)
    if recording.position_2d is not None:
        legend += [("#ffffff", "2D detection"), (colours.REJECTED, "2D detection, rejected")]
    return _section(
        "overlays", title, note, f'{_legend(legend)}<div class="pictures">{"".join(figures)}</div>'
    )


def best_frame(recording: Recording) -> int:
    """Return the frame with most 3D points; of several the one nearest to the middle."""
    count = recording.present.sum(axis=(1, 2))
    candidates = np.flatnonzero(count == count.max())
    return int(candidates[np.abs(candidates - len(count) / 2).argmin()])


def _picture(
    recording: Recording, cameras: "CameraGroup", index: int, t: int, frame: int, videos: Sequence[Any] | None
) -> str:
    name = str(cameras.names[index])
    points = np.asarray(cameras.project(recording.position[t]))[:, :, index]
    view = recording.cameras.index(name) if name in recording.cameras else None
    detected = None if recording.position_2d is None or view is None else recording.position_2d[t, :, :, view]
    made = None if recording.inlier is None or view is None else recording.inlier[t, :, :, view]
    score = None if recording.score is None or view is None else recording.score[t, :, :, view]
    image = None if videos is None else overlay.read_frame(videos[index], frame)
    unread = videos is not None and image is None
    image = overlay.blank(cameras.image_sizes[index]) if image is None else image
    box = overlay.window(points, (image.shape[1], image.shape[0]))
    part, (points, seen) = overlay.cut(image, box, PICTURE_HEIGHT, points, detected)
    links = overlay.links_of(recording.keypoints, recording.links, recording.spine)
    drawn = overlay.draw_overlay(part, points, links, detected=seen, inliers=made, scores=score)
    encoded = base64.b64encode(overlay.jpeg(drawn)).decode("ascii")
    caption = f"<b>{escape(name)}</b>" + _error_here(recording, t, view)
    if unread:
        caption += f"; frame {frame} of its video could not be read"
    return (
        f'<figure><img alt="{escape(name)}, frame {frame}" width="{drawn.shape[1]}" height="{drawn.shape[0]}" '
        f'src="data:image/jpeg;base64,{encoded}"><figcaption>{caption}</figcaption></figure>'
    )


def _error_here(recording: Recording, t: int, view: int | None) -> str:
    counted = recording.counted
    if view is None or counted is None or recording.residual is None:
        return ""
    here = median(recording.residual[t, :, :, view][counted[t, :, :, view]])
    text = f", median {here:.1f} px" if np.isfinite(here) else ""
    if recording.inlier is not None:
        lost = counted[t, ..., view] & recording.present[t] & ~recording.inlier[t, ..., view]
        text += f", {int(lost.sum())} of {int(counted[t, ..., view].sum())} rejected"
    return text


def reprojection_section(recording: Recording, rows: list[CameraSummary]) -> str:
    """Return the table and plots of reprojection errors."""
    if not rows or not recording.position.size:
        return _section("reprojection", "Reprojection error", "", _absent(
            "These tracks hold no reprojection errors."))  # fmt: skip
    note = "Distance between each 2D detection and the 3D point projected back with lens distortion."
    if recording.score is None:
        note += " These tracks hold no 2D scores, so every view that has an error counts."
    else:
        note += " Views of score 0.3 or more count, rejected ones included."
    columns = [
        "camera",
        "views",
        "median px",
        "95 % below px",
        "median px, views used",
        "rejected %",
        "no 3D point %",
    ]
    body = [
        [
            row.name,
            row.views,
            row.median,
            row.p95,
            row.median_inliers if recording.inlier is not None else None,
            100 * row.rejected_share if recording.inlier is not None else None,
            100 * row.no_point / row.views if row.views else None,
        ]
        for row in rows
    ]
    height = 90 + 15 * len(recording.keypoints)
    content = html_table(columns, body)
    if recording.inlier is None:
        content += _absent("These tracks do not say which views were used, so none count as rejected.")
    content += f'<div class="pair"><div><h3>By camera</h3>{_plot("residuals-camera", 340)}</div>'
    content += (
        f"<div><h3>What became of the views</h3>{_plot('views-camera', 110 + 34 * len(rows))}</div></div>"
    )
    content += f'<div class="pair"><div><h3>By keypoint</h3>{_plot("residuals-keypoint", height)}</div>'
    content += f"<div><h3>Median by keypoint and camera (px)</h3>{_plot('residual-grid', height)}</div></div>"
    content += '<p class="note">Boxes: the middle half and the median; whiskers from 5 to 95 %.</p>'
    return _section("reprojection", "Reprojection error", note, content)


def coverage_section(recording: Recording) -> str:
    """Return what was reconstructed and what was not, and why."""
    if not recording.position.size:
        return _section("coverage", "Coverage", "", _absent("There are no frames to show."))
    counts = status_counts(recording)
    total = recording.status.size
    body = [[STATUS_WORDS[status], count, 100 * count / total] for status, count in counts]
    content = html_table(["status", "points", "%"], body)
    content += f"<h3>Over time</h3>{_plot('coverage-time', 170)}"
    legend = _legend([(colours.STATUS[status], STATUS_WORDS[status]) for status, _ in counts])
    height = 90 + 15 * len(recording.keypoints)
    for person, name in enumerate(recording.people):
        of = f": {escape(name)}" if len(recording.people) > 1 else ""
        content += f"<h3>Each keypoint over time{of}</h3>{legend}{_plot(f'status-{person}', height)}"
    if len(recording.times) > MAX_COLUMNS:
        content += (
            f'<p class="note">Of {len(recording.times):,} frames, each column shows the commonest status.</p>'
        )
    content += f"<h3>By keypoint</h3>{_plot('coverage-keypoint', height)}"
    return _section("coverage", "Coverage", "Where there is a 3D point, and why not elsewhere.", content)


def trajectory_section(recording: Recording, truth: bool) -> str:
    """Return the place of the trajectories and the choice of person and keypoint."""
    if not recording.position.size:
        return _section("trajectories", "Trajectories", "", _absent("There are no frames to show."))
    note = "World coordinates over time"
    note += ", with a band of ± 2 standard deviations" if recording.sigma is not None else ""
    note += ", truth dotted in grey." if truth else "."
    if recording.sigma is None:
        note += " These tracks hold no covariances, so no uncertainty is drawn."
    if len(recording.times) > MAX_POINTS:
        note += " Long recordings are drawn by the lowest and highest value of each short stretch."
    people = "".join(
        f'<option value="{i}">{escape(name)}</option>' for i, name in enumerate(recording.people)
    )
    first = recording.keypoints.index("left_wrist") if "left_wrist" in recording.keypoints else 0
    points = "".join(
        f'<option value="{i}"{" selected" if i == first else ""}>{escape(name)}</option>'
        for i, name in enumerate(recording.keypoints)
    )
    hidden = " hidden" if len(recording.people) == 1 else ""
    content = (
        f'<div class="controls"><label>keypoint <select id="keypoint">{points}</select></label>'
        f'<label{hidden}>person <select id="person">{people}</select></label></div>{_plot("trajectories", 620)}'
    )
    return _section("trajectories", "Trajectories", note, content)


def spine_section(recording: Recording, people: list[int]) -> str:
    """Return the spine curves and angles of those people whose whole spine is there in some frame."""
    if len(recording.spine) < 3:
        return _section("spine", "Spine", "", _absent("This keypoint set has no spine."))
    if not people:
        return _section("spine", "Spine", "", _absent("No frame has the whole spine."))
    content = ""
    for person in people:
        of = f"<h3>{escape(recording.people[person])}</h3>" if len(recording.people) > 1 else ""
        content += f"{of}{_plot(f'spine-{person}', 430)}{_plot(f'bend-{person}', 270)}"
    note = "The spine at moments from the first (dark) to the last (light), its lowest point held fast, z up."
    return _section("spine", "Spine", note, content)


def provenance_section(tracks: xr.Dataset) -> str:
    """Return where the tracks came from, folded away."""
    found = provenance_of(tracks)
    if not found:
        return _section(
            "provenance", "Provenance", "", _absent("These tracks do not say how they were made.")
        )
    text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)
    content = f"<details><summary>How these tracks were made</summary><pre>{escape(text)}</pre></details>"
    return _section("provenance", "Provenance", "", content)


def _section(place: str, title: str, note: str, content: str) -> str:
    noted = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section id="{place}"><h2>{escape(title)}</h2>{noted}{content}</section>'


def _absent(text: str) -> str:
    return f'<p class="absent">{escape(text)}</p>'


def _plot(name: str, height: int) -> str:
    return f'<div class="plot" id="plot-{name}" style="min-height:{height}px"></div>'


def _legend(items: list[tuple[str, str]]) -> str:
    spans = "".join(
        f'<span><i style="background:{colour}"></i>{escape(text)}</span>' for colour, text in items
    )
    return f'<div class="legend">{spans}</div>'


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
