"""``mvtri label``: training labels for 2D detectors, from the 3D of several views."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

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
@click.option("--out", type=FILE, default=Path("labels.json"), show_default=True, help="The JSON file.")
def label(**given: Any) -> None:
    """Write 2D labels for training detectors, where the views of a reconstruction agree.

    TRACKS is the tracks.nc that mvtri reconstruct wrote; with --smooth, labels are better.  OUT gets COCO's
    JSON with the standard deviation of each label, and beside it NAME_metainfo.py for MMPose.  Images are
    called CAMERA/000000000012.jpg; they are not written.

    \b
        mvtri label mvtri-output/session/tracks.nc --calib session/calibration/cameras.toml
    """
    from mvtri.calib import read_cameras
    from mvtri.formats.detections.writing import frame_numbers
    from mvtri.formats.tracks.files import read_tracks
    from mvtri.pseudo_labels import LabelRules, label_tracks, write_labels
    from mvtri.pseudo_labels.label import keypoints_of
    from mvtri.tracks import CAMERAS

    check_apart(given["out"], [given["tracks"], given["calib"]])
    tracks = read_tracks(given["tracks"])
    cameras = read_cameras(given["calib"], unit=given["unit"])
    names = [str(name) for name in tracks[CAMERAS].to_numpy()] if CAMERAS in tracks.dims else []
    cameras = _as_triangulated(tracks, cameras, names)
    rules = LabelRules(given["min_views"], given["min_share"], given["max_sigma"])
    labels = label_tracks(tracks, cameras, rules)
    files = write_labels(
        given["out"],
        labels,
        keypoints=keypoints_of(tracks),
        cameras=names,
        image_sizes=cameras.subset(names).image_sizes,
        frames=frame_numbers(tracks),
        skeleton=str(tracks.attrs.get("skeleton", "")),
    )
    share = float((labels.flags > 0).mean())
    click.echo(f"{share:.1%} of the keypoints are labelled")
    logger.info("wrote %s", " and ".join(map(str, files)))


def _as_triangulated(tracks: xr.Dataset, cameras: CameraGroup, names: list[str]) -> CameraGroup:
    """Return the cameras where they were found to be when the tracks were triangulated."""
    from mvtri.diagnostics.recording import read_recording

    errors = read_recording(tracks).rig_errors
    if errors is None:
        return cameras
    by_name = dict(zip(names, errors))
    return cameras.displaced([by_name.get(str(name), np.zeros(6)) for name in cameras.names])
