"""``mvtri calibrate people``: a rig refined on a person whom its cameras see."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.load_networks import load_networks
from mvtri.cli.terminal import print_table, printable, progress
from mvtri.errors import InputError
from mvtri.files import file_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mvtri.calib.people import PeopleCalibration
    from mvtri.cameras import CameraGroup
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command("people", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("sessions", nargs=-1, required=True, type=FILE, metavar="SESSION...")
@click.option("--calib", type=FILE, help="The calibration file to start from.  [default: the one in "
              "SESSION/calibration/, else in calibration/ beside SESSION]")  # fmt: skip
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, for a calibration file that does not state it.")  # fmt: skip
@click.option("--cams", metavar="N|NAMES", help="Use the first N cameras of the calibration, or the cameras "
              "with these names, separated by commas.  [default: all]")  # fmt: skip
@click.option("--pose", type=FILE, help="A file or folder of 2D keypoints that are already detected; for one "
              "SESSION.  [default: SESSION/pose/, if there is one]")  # fmt: skip
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of the 2D, where several have that "
              "number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="Detect people with this pose model in the videos.")
@click.option("--model", type=FILE, help="An ONNX pose model of your own, instead of --detector.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model.")
@click.option("--boxes", metavar="NAME|FILE", help="The person detector, for pose models that need boxes.")
@click.option("--min-score", type=click.FloatRange(0.0, 1.0), default=0.3, show_default=True,
              help="Leave out keypoints with a lower score.")  # fmt: skip
@click.option("--free", type=click.Choice(["auto", "poses", "focal", "lens"]), default="auto",
              show_default=True, help="What may change: the poses; focal lengths, too; k1 and k2, too.  auto "
              "takes what predicts other frames best.")  # fmt: skip
@click.option("--locate", metavar="NAMES", help="Find the poses of these cameras, separated by commas, from "
              "nothing but their lenses; the others have to be right.")  # fmt: skip
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as in a Python slice.")
@click.option("--fps", type=float, help="Frames per second, where no video says it.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="Where the networks run.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the networks use.")
@click.option("--out", type=FILE, help="The calibration file to write (TOML).  "
              "[default: mvtri-output/NAME-OF-SESSION-cameras.toml]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def calibrate_people(state: dict[str, Any], /, **given: Any) -> None:
    """Refine a rig on a person whom its cameras see.

    Each SESSION is a folder as `mvtri reconstruct` takes it, recorded with the cameras in the same places.
    The more of the room a person walks through, the better; several recordings are better than one.

    People do not show where a rig is nor how large.  So the rig as a whole stays, and only single cameras
    turn and move.  Half of the frames are held out, and the cameras change only where that predicts the other
    half better.
    """
    from mvtri.calib import write_cameras
    from mvtri.calib.people import locate_cameras, refine_cameras, write_record
    from mvtri.files import atomic_file

    sources = [_open(place, given) for place in given["sessions"]]
    out = given["out"] or Path("mvtri-output") / f"{file_name(sources[0].name)}-cameras.toml"
    check_out(out, given["overwrite"])
    quiet = state.get("quiet", False)
    with progress(quiet) as report:
        people = [_pixels(source, given, report) for source in sources]
    cams = people[0][1]
    for source, (_, others) in zip(sources, people):
        if others.names != cams.names or len(others) != len(cams):
            raise InputError(
                f"{source.name} has the cameras {', '.join(others.names)}, but {sources[0].name} has "
                f"{', '.join(cams.names)}; name the ones that both have with --cams"
            )
    recordings = [pixels for pixels, _ in people]
    if given["locate"]:
        names = [name.strip() for name in given["locate"].split(",")]
        cams = locate_cameras(np.concatenate(recordings), cams, names)
    found = refine_cameras(recordings, cams, free=given["free"])
    with atomic_file(out, overwrite=given["overwrite"]) as unfinished:
        write_cameras(unfinished, found.cameras, "pose2sim")
    write_record(out.with_suffix(".json"), found)
    _print(found)
    for doubt in found.doubts:
        logger.warning("%s", doubt.text)
    logger.info("wrote %s, and how sure it is to %s", out, out.with_suffix(".json"))


def _open(place: Path, given: dict[str, Any]) -> Session:
    from mvtri import sessions

    if given["pose"] is not None and len(given["sessions"]) > 1:
        raise InputError(
            "--pose was given with several sessions; put the 2D of each into its folder pose/, and leave "
            "--pose out"
        )
    return sessions.open_session(
        place,
        calibration=given["calib"],
        cameras=given["cams"],
        pose=False if given["detector"] or given["model"] else given["pose"],
        frames=given["frames"],
        fps=given["fps"],
        unit=given["unit"],
    )


def _pixels(source: Session, given: dict[str, Any], report: Any) -> tuple[NDArray[np.float64], CameraGroup]:
    from mvtri import pipeline

    more = {"min_score": given["min_score"], "progress": report}
    if source.pose is not None:
        logger.info("2D from %s", source.pose_path)
        return pipeline.person_pixels(source.read_pose(skeleton=given["skeleton"]), source.cameras, **more)
    from mvtri import detection

    name = given["detector"] or given["model"] or detection.DEFAULT_DETECTOR
    networks = load_networks(name, given["boxes"], given["device"], given["card"], given["threads"])
    return pipeline.person_pixels(source, source.cameras, networks[0], boxes=networks[1], **more)


def check_out(out: Path, overwrite: bool) -> None:
    """Check that a calibration file can be written there.

    Raises
    ------
    InputError
        If it is no TOML file, or it or its record is there already.
    """
    if out.suffix.lower() != ".toml":
        raise InputError(
            f"--out is {out}; calibrations are written as TOML, so give it a name that ends in .toml"
        )
    for file in (out, out.with_suffix(".json")):
        if file.exists() and not overwrite:
            raise InputError(
                f"{file} is there already; choose another name with --out, or replace it with --overwrite"
            )


def _print(found: PeopleCalibration) -> None:
    columns = ["camera", "turned deg", "moved mm", "px before", "px after"]
    stays = found.chosen == "none"
    rows = [
        [
            name,
            "-" if stays else f"{turn:.2f} ± {1.96 * spread:.2f}",
            "-" if stays else f"{1e3 * move:.0f} ± {1.96e3 * range_:.0f}",
            f"{before:.1f}",
            f"{after:.1f}",
        ]
        for name, turn, spread, move, range_, before, after in zip(
            found.cameras.names,
            found.turns,
            found.turn_deviations,
            found.moves,
            found.move_deviations,
            found.errors_before,
            found.errors,
        )
    ]
    print_table("error about the others, held-out frames", columns, rows)
    words = {"poses": "poses", "focal": "poses and focal lengths", "lens": "poses, focal lengths, k1 and k2"}
    if stays:
        click.echo("the cameras stay: nothing that was tried predicts held-out frames better")
        return
    click.echo(printable(f"{words[found.chosen]} changed; median residual over all views "
                         f"{found.residual_before:.1f} -> {found.residual:.1f} px"))  # fmt: skip
