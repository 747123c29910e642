"""``mvtri calibrate people``: a rig refined on a person whom its cameras see."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.source_2d import camera_options, min_score, open_source, read_or_load, source_options
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
TWINS = 0.5  # share of the views that two recordings have in common, above which they are the same


@click.command("people", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("sessions", nargs=-1, required=True, type=FILE, metavar="SESSION...")
@click.option("--calib", type=FILE, help="The calibration file to start from.  [default: the one in "
              "SESSION/calibration/, else in calibration/ beside SESSION]")  # fmt: skip
@camera_options
@source_options
@min_score
@click.option("--free", type=click.Choice(["auto", "poses", "focal", "lens"]), default="auto",
              show_default=True, help="What may change: the poses, of one camera or of all; focal lengths, "
              "too; k1 and k2, too.  auto takes what predicts other frames best.")  # fmt: skip
@click.option("--locate", metavar="NAMES", help="Find the poses of these cameras, separated by commas, from "
              "nothing but their lenses; the others have to be right, and stay as they are.")  # fmt: skip
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

    With --locate all other cameras stay exactly as they are.
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
    _refuse_twins(recordings, [source.name for source in sources])
    located = _located(given, cams)
    if located:
        found = locate_cameras(recordings, cams, located)
    else:
        found = refine_cameras(recordings, cams, free=given["free"])
    with atomic_file(out, overwrite=given["overwrite"]) as unfinished:
        write_cameras(unfinished, found.cameras, "pose2sim")
    write_record(out, found, recordings)
    _print(found, located)
    for doubt in found.doubts:
        logger.warning("%s", doubt.text)
    logger.info("wrote %s, and how sure it is to %s", out, out.with_suffix(".json"))


def _open(place: Path, given: dict[str, Any]) -> Session:
    if given["pose"] is not None and len(given["sessions"]) > 1:
        raise InputError(
            "--pose was given with several sessions; put the 2D of each into its folder pose/, and leave "
            "--pose out"
        )
    return open_source(place, given["calib"], given)


def _refuse_twins(recordings: list[NDArray[np.float64]], names: list[str]) -> None:
    """Raise InputError where one recording is given twice: it would count as two, and look too sure."""
    from mvtri.calib.made_from import share_of, views_of

    for later in range(len(recordings)):
        views = views_of(recordings[later])
        for earlier in range(later):
            if share_of(views, recordings[earlier]) > TWINS:
                raise InputError(
                    f"{names[earlier]} and {names[later]} hold the same 2D; give each recording once: twice "
                    "the same proves no more"
                )


def _located(given: dict[str, Any], cams: CameraGroup) -> list[str]:
    """Return which cameras shall be located; their names as the calibration spells them."""
    from mvtri.names import match_names

    if given["locate"] is None:
        return []
    if given["free"] != "auto":
        raise InputError(
            "--free says what may change in all cameras, and --locate finds the poses of some and keeps the "
            "others; leave one of them out"
        )
    wanted = [name.strip() for name in given["locate"].split(",") if name.strip()]
    if not wanted:
        raise InputError(f"--locate is empty; expected some of {', '.join(cams.names)}")
    remedy = "name cameras of the calibration with --locate"
    matched = match_names(wanted, cams.names, "camera", "calibration's cameras", longer=False, remedy=remedy)
    return list(matched.values())


def _pixels(session: Session, given: dict[str, Any], report: Any) -> tuple[NDArray[np.float64], CameraGroup]:
    from mvtri import pipeline

    source, detector, boxes = read_or_load(session, given)
    return pipeline.person_pixels(
        source, session.cameras, detector, boxes=boxes, min_score=given["min_score"], progress=report
    )


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


def _print(found: PeopleCalibration, located: list[str]) -> None:
    columns = ["camera", "turned deg", "moved mm", "px before", "px after"]
    rows = [
        [
            name,
            f"{turn:.2f} ± {1.96 * spread:.2f}" if name in found.changed else "-",
            f"{1e3 * move:.0f} ± {1.96e3 * range_:.0f}" if name in found.changed else "-",
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
    frames = "all frames" if located else "held-out frames"
    print_table(f"error about the others, {frames}", columns, rows)
    if found.changed:
        click.echo("± is half of the 95 % interval")
    for sentence in _sentences(found, located):
        click.echo(printable(sentence))


def _sentences(found: PeopleCalibration, located: list[str]) -> list[str]:
    """Return what changed."""
    if found.chosen == "none":
        return ["the cameras stay: nothing that was tried predicts held-out frames better"]
    residuals = f"median residual over all views {found.residual_before:.1f} -> {found.residual:.1f} px"
    if located:
        cams = found.cameras
        return [
            *(
                f"{name} was found at x {x:.3f}, y {y:.3f}, z {z:.3f} m, {found.moves[c]:.3f} m and "
                f"{found.turns[c]:.1f} degrees from where the calibration has it"
                for c, (name, (x, y, z)) in enumerate(zip(cams.names, cams.centers))
                if name in located
            ),
            f"the other cameras stay exactly as they are; {residuals}",
        ]
    words = {
        "one camera": f"the pose of {', '.join(found.changed)} alone",
        "poses": "poses",
        "focal": "poses and focal lengths",
        "lens": "poses, focal lengths, k1 and k2",
    }
    return [f"{words[found.chosen]} changed; {residuals}"]
