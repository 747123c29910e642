"""``mvtri audit``: whether a calibration is sound, alone or with a recording."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.source_2d import camera_options, min_score, open_source, read_or_load, source_options
from mvtri.cli.terminal import print_table, printable, progress
from mvtri.errors import ExistsError

if TYPE_CHECKING:
    from mvtri.diagnostics.audit import Audit

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)
UNSOUND = 2
_KINDS = {  # in words, where the name of a kind of finding alone does not say what it is
    "undecidable": "cause cannot be told",
    "rig_size": "size of the rig",
    "board_size": "size of the board",
    "rig": "all cameras",
    "camera": "one camera",
    "foreign": "2D of another calibration",
    "stale": "file of another session",
    "agree": "perhaps a camera",
}


@click.command("audit", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("calib", type=FILE)
@click.argument("session", type=FILE, required=False)
@camera_options
@source_options
@min_score
@click.option("--height", type=float, metavar="M", help="How tall the person is, in metres: checks the size.")
@click.option("--out", type=FILE, help="Write an HTML page with the findings and a 3D picture of the rig.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.pass_context
def audit(ctx: click.Context, /, **given: Any) -> None:
    """Check whether a calibration is sound, and say what is wrong with it.

    CALIB is a calibration file.  Alone, it shows numbers that no camera has and poses that no rig has.  With
    SESSION, a folder as `mvtri reconstruct` takes it, the person in it shows whether the cameras fit each
    other; the calibration in SESSION is not used.

    The exit code is 0 if nothing is wrong, 2 if something is, and 1 after an error.
    """
    out = given["out"]
    if out is not None and out.exists() and not given["overwrite"]:
        raise ExistsError(f"{out} is there already; choose another name with --out, or give --overwrite")
    found = _audit(given, ctx.obj.get("quiet", False))
    if found.evidence is not None:
        _print(found)
    for finding in found.findings:
        word = "wrong" if finding.level == "bad" else "look"
        kind = _KINDS.get(finding.kind, finding.kind.replace("_", " "))
        click.echo(printable(f"{word} ({kind}): {finding.text}"))
    if not found.findings:
        shown = "it fits this recording" if given["session"] else "as far as it shows without a recording"
        click.echo(printable(f"{given['calib'].name}: sound, {shown}"))
        if found.remark:
            click.echo(found.remark)
    if out is not None:
        from mvtri.calib import read_pose_covariance
        from mvtri.report.audit import write_audit

        known = read_pose_covariance(given["calib"], found.cameras.names)
        recording = f", with {given['session'].resolve().name}" if given["session"] else ""
        write_audit(out, found, f"Audit of {given['calib'].name}{recording}", known)
        logger.info("wrote %s", out)
    if not found.sound:
        ctx.exit(UNSOUND)


def _audit(given: dict[str, Any], quiet: bool) -> Audit:
    from mvtri.diagnostics.audit import audit_cameras

    if given["session"] is None:
        from mvtri.calib import choose_names, read_cameras

        cams = read_cameras(given["calib"], unit=given["unit"])
        return audit_cameras(cams.subset(choose_names(cams.names, given["cams"])))
    from mvtri.calib.made_from import read_made_from
    from mvtri.pipeline import audit_session

    session = open_source(given["session"], given["calib"], given)
    with progress(quiet) as report:
        source, detector, boxes = read_or_load(session, given)
        return audit_session(
            source,
            session.cameras,
            detector,
            boxes=boxes,
            height=given["height"],
            min_score=given["min_score"],
            made_from=read_made_from(given["calib"]),
            progress=report,
        )


def _print(found: Audit) -> None:
    evidence = found.evidence
    if evidence is None:
        return
    values = [np.nanmedian(evidence.pairs, axis=1), evidence.left_out, evidence.rest]
    rows = [
        [name, *(f"{px[c]:.1f}" if np.isfinite(px[c]) else "-" for px in values)]
        for c, name in enumerate(evidence.cameras)
    ]
    columns = ["camera", "epipolar px", "left out px", "others px"]
    print_table("how each camera fits the others", columns, rows)
    left = f"{evidence.refined:.1f} px would be left with refined poses: noise and errors of the detector"
    click.echo(printable(f"all views disagree by {evidence.all_views:.1f} px; {left}"))
    if len(evidence.cameras) == 2:
        click.echo(
            "two cameras show little: what moves a camera's picture along the epipolar lines stays unseen, "
            "so a calibration that is off may look sound; audit it with three or more"
        )
    if found.unjudged:
        click.echo(
            printable(f"not judged, since they see too little of the person: {', '.join(found.unjudged)}")
        )
