"""``mvtri audit``: whether a calibration is sound, alone or with a recording."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.load_networks import load_networks
from mvtri.cli.terminal import print_table, printable, progress
from mvtri.errors import ExistsError

if TYPE_CHECKING:
    from mvtri.diagnostics.audit import Audit

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)
UNSOUND = 2


@click.command("audit", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("calib", type=FILE)
@click.argument("session", type=FILE, required=False)
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, for a calibration file that does not state it.")  # fmt: skip
@click.option("--cams", metavar="N|NAMES", help="Use the first N cameras of the calibration, or the cameras "
              "with these names, separated by commas.  [default: all]")  # fmt: skip
@click.option("--pose", type=FILE, help="A file or folder of 2D keypoints that are already detected.  "
              "[default: SESSION/pose/, if there is one]")  # fmt: skip
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of the 2D, where several have that "
              "number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="Detect people with this pose model in the videos.")
@click.option("--model", type=FILE, help="An ONNX pose model of your own, instead of --detector.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model.")
@click.option("--boxes", metavar="NAME|FILE", help="The person detector, for pose models that need boxes.")
@click.option("--min-score", type=click.FloatRange(0.0, 1.0), default=0.3, show_default=True,
              help="Leave out keypoints with a lower score.")  # fmt: skip
@click.option("--height", type=float, metavar="M", help="How tall the person is, in metres: checks the size.")
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as in a Python slice.")
@click.option("--fps", type=float, help="Frames per second, where no video says it.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="Where the networks run.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the networks use.")
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
        click.echo(printable(f"{word} ({finding.kind}): {finding.text}"))
    if not found.findings:
        shown = "it fits this recording" if given["session"] else "as far as it shows without a recording"
        click.echo(printable(f"{given['calib'].name}: sound, {shown}"))
    if out is not None:
        from mvtri.report.audit import write_audit

        write_audit(out, found, f"{given['calib'].name}: audit")
        logger.info("wrote %s", out)
    if not found.sound:
        ctx.exit(UNSOUND)


def _audit(given: dict[str, Any], quiet: bool) -> Audit:
    from mvtri.diagnostics.audit import audit_cameras

    if given["session"] is None:
        from mvtri.calib import choose_names, read_cameras

        cams = read_cameras(given["calib"], unit=given["unit"])
        return audit_cameras(cams.subset(choose_names(cams.names, given["cams"])))
    from mvtri import sessions
    from mvtri.pipeline import audit_session

    session = sessions.open_session(
        given["session"],
        calibration=given["calib"],
        cameras=given["cams"],
        pose=False if given["detector"] or given["model"] else given["pose"],
        frames=given["frames"],
        fps=given["fps"],
        unit=given["unit"],
    )
    more = {"height": given["height"], "min_score": given["min_score"]}
    with progress(quiet) as report:
        if session.pose is not None:
            logger.info("2D from %s", session.pose_path)
            source = session.read_pose(skeleton=given["skeleton"])
            return audit_session(source, session.cameras, progress=report, **more)
        from mvtri import detection

        name = given["detector"] or given["model"] or detection.DEFAULT_DETECTOR
        networks = load_networks(name, given["boxes"], given["device"], given["card"], given["threads"])
        return audit_session(
            session, session.cameras, networks[0], boxes=networks[1], progress=report, **more
        )


def _print(found: Audit) -> None:
    evidence = found.evidence
    if evidence is None:
        return
    rows = [
        [
            name,
            f"{np.nanmedian(evidence.pairs[c]):.1f}",
            f"{evidence.left_out[c]:.1f}",
            f"{evidence.rest[c]:.1f}" if np.isfinite(evidence.rest[c]) else "-",
        ]
        for c, name in enumerate(evidence.cameras)
    ]
    columns = ["camera", "epipolar px", "left out px", "others px"]
    print_table("how each camera fits the others", columns, rows)
    left = f"{evidence.refined:.1f} px would be left with refined poses: noise and errors of the detector"
    click.echo(printable(f"all views disagree by {evidence.all_views:.1f} px; {left}"))
