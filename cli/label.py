"""``mvtri label``: training labels for 2D detectors, from the 3D of several views."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from mvtri.cli.terminal import progress
from mvtri.errors import InputError
from mvtri.files import check_apart

if TYPE_CHECKING:
    import xarray as xr

    from mvtri.cameras import CameraGroup

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("tracks", type=FILE)
@click.option("--calib", type=FILE, required=True, help="The calibration of the cameras.")
@click.option(
    "--unit", type=click.Choice(["m", "cm", "mm"]), help="The unit of a calibration that states none."
)
@click.option("--min-views", type=click.IntRange(min=2), default=3, show_default=True,
              help="How many views a point must be made from.")  # fmt: skip
@click.option("--min-share", type=click.FloatRange(0.0, 1.0), default=0.6, show_default=True,
              help="Which part of the views that saw a keypoint must agree.")  # fmt: skip
@click.option("--max-sigma", type=click.FloatRange(0.0, min_open=True), default=8.0, show_default=True,
              help="The greatest standard deviation of a label, px.")  # fmt: skip
@click.option("--session", type=FILE, help="The session folder that the tracks were made from: the labelled "
              "pictures are cut from its videos, into the folder images beside OUT.")  # fmt: skip
@click.option("--sync", type=click.Choice(["auto", "first", "clock"]), default="auto", show_default=True,
              help="Which frames of the videos belong together, as it was given to mvtri "
              "reconstruct.")  # fmt: skip
@click.option("--out", type=FILE, default=Path("labels.json"), show_default=True, help="The JSON file.")
@click.pass_obj
def label(state: dict[str, Any], /, **given: Any) -> None:
    """Write 2D labels for training detectors, where the views of a reconstruction agree.

    TRACKS is the tracks.nc that mvtri reconstruct wrote; with --smooth, labels are better.  OUT gets COCO's
    JSON with the standard deviation of each label, and beside it NAME_metainfo.py for MMPose.  Images are
    called CAMERA/000000000012.jpg; --session writes them.

    \b
        mvtri label mvtri-output/session/tracks.nc --calib session/calibration/cameras.toml
    """
    from mvtri.calib import read_cameras
    from mvtri.formats.tracks.files import read_tracks
    from mvtri.pseudo_labels import LabelRules, label_tracks, write_labels, write_pictures
    from mvtri.pseudo_labels.label import keypoints_of
    from mvtri.pseudo_labels.numbers import moment_numbers
    from mvtri.tracks import CAMERAS

    check_apart(given["out"], [place for key in ("tracks", "calib", "session") if (place := given[key])])
    tracks = read_tracks(given["tracks"])
    cameras = read_cameras(given["calib"], unit=given["unit"])
    names = [str(name) for name in tracks[CAMERAS].to_numpy()] if CAMERAS in tracks.dims else []
    cameras = _as_triangulated(tracks, cameras, names)
    rules = LabelRules(given["min_views"], given["min_share"], given["max_sigma"])
    labels = label_tracks(tracks, cameras, rules)
    frames = moment_numbers(tracks)
    source = _videos(given, tracks, names, frames)
    files = write_labels(
        given["out"],
        labels,
        keypoints=keypoints_of(tracks),
        cameras=names,
        image_sizes=cameras.subset(names).image_sizes,
        frames=frames,
        skeleton=str(tracks.attrs.get("skeleton", "")),
    )
    share = float((labels.flags > 0).mean())
    click.echo(f"{share:.1%} of the keypoints are labelled")
    logger.info("wrote %s", " and ".join(map(str, files)))
    if source is None:
        return
    folder, labelled = given["out"].with_name("images"), np.asarray((labels.flags > 0).any(axis=(1, 2)))
    with progress(state.get("quiet", False)) as report:
        lost = write_pictures(
            folder, *source, cameras=names, frames=frames, labelled=labelled, progress=report
        )
    if lost:
        logger.warning("labelled pictures that the videos have lost, or whose frames are damaged: %d", lost)
    logger.info("wrote %d pictures into %s", int(labelled.sum()) - lost, folder)


def _videos(
    given: dict[str, Any], tracks: xr.Dataset, names: list[str], frames: np.ndarray
) -> tuple[list[Any], np.ndarray] | None:
    """Return the videos of --session, and which frame of each shows each of `frames`; None without it."""
    from mvtri.pseudo_labels import video_frames
    from mvtri.sessions import open_session
    from mvtri.tracks import provenance_of

    if not given["session"]:
        return None
    clock = provenance_of(tracks).get("time", {})
    session = open_session(
        given["session"],
        calibration=given["calib"],
        cameras=names,
        pose=False,
        frames=f"{frames.min()}:{frames.max() + 1}",
        unit=given["unit"],
        fps=clock["fps"] if clock.get("from") == "--fps" else None,
        sync=given["sync"],
    )
    if session.videos is None:
        raise InputError(f"{given['session']} has no videos to cut pictures from; leave --session out")
    order = [session.camera_names.index(name) for name in names]
    shown = video_frames(frames, session.numbers, session.paired_frames, len(order))
    return [session.videos[c] for c in order], shown[:, order]


def _as_triangulated(tracks: xr.Dataset, cameras: CameraGroup, names: list[str]) -> CameraGroup:
    """Return the cameras where they were found to be when the tracks were triangulated."""
    from mvtri.diagnostics.recording import read_recording

    errors = read_recording(tracks).rig_errors
    if errors is None:
        return cameras
    by_name = dict(zip(names, errors))
    return cameras.displaced([by_name.get(str(name), np.zeros(6)) for name in cameras.names])
