"""``mvtri calibrate rig``: all cameras of a rig, from nothing but a person whom they see."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.calibrate_people import check_out
from mvtri.cli.source_2d import camera_options, min_score, open_source, read_or_load, source_options
from mvtri.cli.terminal import print_table, progress
from mvtri.errors import InputError
from mvtri.files import file_name

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from mvtri.calib.people import FoundRig
    from mvtri.cameras import CameraGroup
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command("rig", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", type=FILE)
@click.option("--lenses", type=FILE, metavar="CALIB", help="A calibration file whose image sizes and focal "
              "lengths (within 20 %) are those of the cameras: a start, which the recording corrects; its "
              "poses do not matter.  [default: the sizes of the videos, and a field of view of about 53 "
              "degrees]")  # fmt: skip
@click.option("--keep-lenses", is_flag=True, help="The lenses of --lenses are right, with principal points "
              "and distortion: they stay, and only poses are found.")  # fmt: skip
@camera_options
@source_options
@min_score
@click.option("--height", type=click.FloatRange(0.4, 2.6), default=1.7, show_default=True, metavar="METRES",
              help="How tall the person is: it gives the scale.")  # fmt: skip
@click.option("--late", type=click.FloatRange(0.0, 5.0), default=0.0, show_default=True, metavar="SECONDS",
              help="Cameras may be late to each other by as much; 0: they are synchronous.")  # fmt: skip
@click.option("--out", type=FILE, help="The calibration file to write (TOML).  "
              "[default: mvtri-output/NAME-OF-SESSION-rig.toml]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.pass_context
def calibrate_rig(ctx: click.Context, /, **given: Any) -> None:
    """Find all cameras of a rig from nothing but a person whom they see.

    SESSION is a folder with videos/ or pose/, as `mvtri reconstruct` takes it, but without a calibration.
    One person walks through all of the room, for 20 seconds or more, upright for most of the time.

    Poses, a focal length and one coefficient of each lens are found.  The person's height gives the scale,
    and shows what is up.  A board gives more exact cameras (`mvtri calibrate boards`).
    """
    from mvtri.calib import write_cameras
    from mvtri.calib.people import write_record
    from mvtri.files import atomic_file
    from mvtri.synchronisation.find import one_person

    if given["keep_lenses"] and given["lenses"] is None:
        raise InputError("--keep-lenses keeps the lenses of a calibration file; name it with --lenses")
    guess = _guess(given["session"], given)
    session = open_source(given["session"], guess, given)
    out = given["out"] or Path("mvtri-output") / f"{file_name(session.name)}-rig.toml"
    check_out(out, given["overwrite"])
    with progress((ctx.obj or {}).get("quiet", False)) as report:
        detections = _detections(session, given, report)
    pixels = one_person(detections, given["min_score"])
    found = _found(pixels, detections, guess.subset(session.camera_names), given)
    with atomic_file(out, overwrite=given["overwrite"]) as unfinished:
        write_cameras(unfinished, found.cameras, "pose2sim")
    write_record(out, found, [pixels])
    is_default = ctx.get_parameter_source("height") is click.core.ParameterSource.DEFAULT
    _print(found, detections.attrs.get("fps"), is_default)
    for doubt in found.doubts:
        logger.warning("%s", doubt.text)
    logger.info("wrote %s, and how sure it is to %s", out, out.with_suffix(".json"))


def _guess(place: Path, given: dict[str, Any]) -> CameraGroup:
    """Return cameras with the right lenses, or roughly so, and no poses that matter."""
    from mvtri.calib import read_cameras
    from mvtri.calib.people.nothing import guessed_cameras
    from mvtri.sessions.find_files import find_videos
    from mvtri.video import probe

    if not place.is_dir():
        raise InputError(f"there is no session folder {place}; check the path")
    if given["lenses"] is not None:
        known = read_cameras(given["lenses"], unit=given["unit"])
        if given["keep_lenses"]:
            return known
        return guessed_cameras(len(known), known.image_sizes, known.names, known.matrices[:, 0, 0])
    videos = find_videos(place)
    if len(videos) < 2:
        raise InputError(
            f"{place} has {len(videos)} videos in videos/, and two or more say what the cameras are called "
            "and how large their images are, which 2D alone does not say; add them, or name a calibration "
            "file with names, image sizes and rough focal lengths with --lenses"
        )
    infos = [probe(path) for path in videos.values()]
    sizes = [(info.width, info.height) for info in infos]
    return guessed_cameras(len(sizes), np.array(sizes), list(videos), None)


def _detections(session: Session, given: dict[str, Any], report: Any) -> xr.Dataset:
    from mvtri.detection import detect
    from mvtri.sessions import Session

    source, detector, boxes = read_or_load(session, given)
    if not isinstance(source, Session):
        return source
    assert detector is not None
    return detect(session, detector, boxes=boxes, frames=session.frame_range, progress=report)


def _found(
    pixels: NDArray[np.float64], detections: xr.Dataset, guess: CameraGroup, given: dict[str, Any]
) -> FoundRig:
    """Return the rig that the person shows."""
    from mvtri.calib.people import rig_from_people
    from mvtri.tracks import KEYPOINTS

    fps = detections.attrs.get("fps")
    if given["late"] and not fps:
        raise InputError(
            "--late was given, but no video says how many frames there are in a second; use --fps"
        )
    return rig_from_people(
        pixels,
        guess.image_sizes,
        guess.names,
        focal=guess.matrices[:, 0, 0] if given["lenses"] and not given["keep_lenses"] else None,
        lenses=guess if given["keep_lenses"] else None,
        keypoints=[str(name) for name in detections[KEYPOINTS].to_numpy()],
        height=given["height"],
        reach=int(np.ceil(given["late"] * (fps or 0.0))),
    )


def _print(found: FoundRig, fps: float | None, is_default_height: bool) -> None:
    late = bool(found.shifts.any())
    columns = ["camera", "focal length px", "x m", "y m", "z m", *(["late, frames"] if late else [])]
    focal = found.cameras.matrices[:, 0, 0]
    rows = [
        [
            name,
            f"{focal[i]:.0f}"
            + (f" ± {1.96 * share * focal[i]:.0f}" if (share := found.focal_deviations[i]) else ""),
            *(f"{value:.2f}" for value in found.cameras.centers[i]),
            *([f"{found.shifts[i]:.1f}"] if late else []),
        ]
        for i, name in enumerate(found.cameras.names)
    ]
    print_table("cameras, with 95 % intervals of the focal lengths", columns, rows)
    click.echo(f"median residual over all views {found.residual:.1f} px")
    if np.isnan(found.height):
        logger.warning(
            "no keypoints tell the person's height and what is up; the unit of length is not the metre"
        )
    else:
        how = (
            "if that is wrong, give the right one with --height" if is_default_height else "as --height says"
        )
        click.echo(f"the scale is that of a person who is {found.height:.2f} m tall; {how}")
    if late and fps:
        click.echo("mvtri reconstruct --sync keypoints takes cameras as late as that")
