"""The part of the reprojection section that shows which cameras fit each other."""

from __future__ import annotations

from html import escape

import numpy as np

from mvtri.diagnostics.agreement import Evidence
from mvtri.report.html.markup import absent, table

_CONCLUSIONS = {
    "agree": "No camera is accused: the errors of a detector explain what is left.",
    "camera": "One camera does not fit the others: without it, and only without it, they agree.",
    "undecidable": "No camera is accused, because several explanations are equally good.",
    "rig": "No camera is accused: the calibration as a whole is off.",
    "foreign": "No camera is accused: the 2D fits another calibration.",
    "contradiction": "No camera is accused: no displacement of cameras explains the disagreement.",
}


def evidence_part(evidence: Evidence | None) -> str:
    """Return the tables of pairs and of cameras left out, and what follows from them."""
    title = "<h3>Which cameras fit each other</h3>"
    if evidence is None:
        return title + absent(
            "This needs the cameras, and tracks with 2D that mvtri can read; without them no camera is "
            "accused."
        )
    return title + _pairs(evidence) + _left_out(evidence) + _note(_conclusion(evidence) + _refined(evidence))


def _pairs(evidence: Evidence) -> str:
    """Return the table of distances in pairs of cameras."""
    names = list(evidence.cameras)
    rows = [
        [name, *(None if not np.isfinite(value) else float(value) for value in row)]
        for name, row in zip(names, evidence.pairs)
    ]
    explained = _note(
        "Pairs: the median distance (px) between the 2D of one camera and the line on which the other "
        "camera says "
        "that it must lie (its epipolar line). This needs no 3D point, so no camera pulls it towards itself."
    )
    return explained + table(["pair, px", *names], rows)


def _left_out(evidence: Evidence) -> str:
    """Return the table of what the other cameras say of each one."""
    explained = _note(
        "Left out: the reprojection error of points that only the other cameras made; and by how much these "
        "others disagree (standard deviation of a coordinate). A camera is accused only if the others agree "
        "without it, and do not without any other. Support: how much better its displacement explains the "
        "residuals than sound cameras do, as a logarithm of likelihoods; the systematic errors of detectors, "
        "which are alike in all frames, are allowed for."
    )
    head = ["camera left out", "its error, px", "the others disagree, px", "support"]
    return explained + table(head, _rows(evidence))


def _conclusion(evidence: Evidence) -> str:
    """Return what follows, and how large a displacement would be noticed where nothing was found."""
    names = evidence.cameras
    found = _CONCLUSIONS[evidence.conclusion]
    if evidence.accused is not None:
        found = f"{found} It is {names[evidence.accused]}."
    if evidence.groups:
        groups = " against ".join(" and ".join(names[c] for c in group) for group in evidence.groups)
        found = f"{found} It is {groups}, and two against two cannot be decided."
    if evidence.conclusion == "agree" and len(names) > 2:
        turn, shift = np.median(evidence.noticed, axis=0)
        found += (
            f" With 2D as noisy as this, a camera that is turned by {turn:.1f} degrees or moved by "
            f"{100 * shift:.0f} cm would be noticed in nine of ten directions, and one that is displaced "
            "less may not be."
        )
    return found


def _refined(evidence: Evidence) -> str:
    """Return what refining all poses would leave, and what that does not prove."""
    return (
        f" All views disagree by {evidence.all_views:.2f} px; with the poses of all cameras refined on "
        "this 2D, "
        f"{evidence.refined:.2f} px would be left. A small value proves nothing: poses that were refined "
        "on wrong 2D fit it well."
    )


def _rows(evidence: Evidence) -> list[list[str | float | None]]:
    values = (evidence.left_out, evidence.rest, evidence.support)
    return [
        [name, *(float(value[c]) if np.isfinite(value[c]) else None for value in values)]
        for c, name in enumerate(evidence.cameras)
    ]


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'
