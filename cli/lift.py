"""``mvtri lift``: 3D tracks from one view."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.load_networks import load_networks
from mvtri.cli.source_2d import open_source, read_or_load, source_options
from mvtri.cli.terminal import print_table, progress
from mvtri.errors import InputError
from mvtri.files import check_apart, file_name, output_folder

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", required=False, type=FILE)
@click.option("--camera", "--cams", "camera", metavar="NAME", help="The view to lift.  [default: the first "
              "camera of the calibration]")  # fmt: skip
@click.option("--calib", type=FILE, help="The calibration file.  [default: the one in SESSION/calibration/, "
              "else in calibration/ beside SESSION]")  # fmt: skip
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, for a calibration file that does not state it.")  # fmt: skip
@click.option("--height", type=float, metavar="METRES", help="How tall the person is (1.75, not "
              "175); without it 1.70 m is assumed, with a standard deviation of 6 %.")  # fmt: skip
@click.option("--lifter", default="mvtri-lift-27", show_default=True, metavar="NAME|FILE",
              help="The network (`mvtri models list` shows all), or an ONNX file of your own.")  # fmt: skip
@click.option("--lifter-card", type=FILE, help="The card (TOML) that describes --lifter FILE.")
@source_options
@click.option("--out", type=FILE, help="The output folder.  [default: "
              "mvtri-output/NAME-OF-SESSION-lifted]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the files of an earlier run in the output folder.")
@click.pass_obj
def lift(state: dict[str, Any], /, **given: Any) -> None:
    """Lift the 2D of one camera to 3D.

    SESSION is a folder as `mvtri reconstruct` takes it.  Without SESSION, the first view of mvtri's built-in
    demo is lifted and compared with the truth.

    A network that has learned from generated people says where 37 keypoints of body and spine are; the 2D has
    to have the same keypoints (SpinePose's).  One view does not show how far a person is: that comes from
    --height.  The output folder holds the same files as that of `mvtri reconstruct`.
    """
    from mvtri import lifting, pipeline
    from mvtri.plausibility import check_height

    started, quiet = time.perf_counter(), state.get("quiet", False)
    check_height(given["height"])
    network = lifting.load_lifter(
        given["lifter"], device=given["device"], card=given["lifter_card"], threads=given["threads"]
    )
    session = _open(given)
    if len(session.camera_names) > 1:
        raise InputError(
            f"--camera names {len(session.camera_names)} cameras ({', '.join(session.camera_names)}); name "
            "the one to lift, or use all of them with `mvtri reconstruct`"
        )
    out = given["out"] or Path("mvtri-output") / f"{file_name(session.name)}-lifted"
    check_apart(out, session.input_places)
    logger.info("%s: camera %s", session.name, session.camera_names[0])
    with output_folder(out, given["overwrite"]):  # before the work, which would be lost
        with progress(quiet) as report:
            detections = _detections(session, given, report)
        tracks = lifting.lift(
            detections, session.cameras, session.camera_names[0], lifter=network, height=given["height"]
        )
        truth, scores = _score(session, tracks)
        seconds = time.perf_counter() - started
        call = shlex.join(["mvtri", *sys.argv[1:]])
        parameters = {name: _plain(value) for name, value in given.items() if value is not None}
        pipeline.save_run(
            out, tracks, session, truth=truth, scores=scores, call=call,
            parameters=parameters, seconds=seconds, overwrite=given["overwrite"],
        )  # fmt: skip
    _print(tracks, session, truth)
    click.echo(f"written to {out}")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _open(given: dict[str, Any]) -> Session:
    """Return the session with the one camera that is lifted."""
    if given["session"] is None:
        from mvtri import sessions

        logger.info("no SESSION was given: lifting one view of the built-in demo (a rendered person)")
        return sessions.demo_session(cameras=given["camera"] or "1", frames=given["frames"])
    return open_source(given["session"], given["calib"], {**given, "cams": given["camera"] or "1"})


def _detections(session: Session, given: dict[str, Any], report: Any) -> xr.Dataset:
    """Return the 2D of the view: read, or found in its video."""
    from mvtri import detection

    if session.is_demo and not (given["detector"] or given["model"]):
        name, device = detection.DEMO_DETECTOR, given["device"]
        detector, boxes = load_networks(name, given["boxes"], device, None, given["threads"])
    else:
        source, chosen, boxes = read_or_load(session, given)
        if chosen is None or not isinstance(source, type(session)):
            return source  # type: ignore[return-value]
        detector = chosen
    return detection.detect(session, detector, boxes=boxes, frames=session.frame_range, progress=report)


def _score(session: Session, tracks: xr.Dataset) -> tuple[xr.Dataset | None, pd.DataFrame | None]:
    """Return the demo's truth at the times of the tracks, and the scores against it; nothing elsewhere."""
    if not session.is_demo:
        return None, None
    from mvtri.benchmark import evaluate
    from mvtri.sessions import demo_truth

    truth = demo_truth().sel(time=tracks["time"], method="nearest")
    return truth, evaluate(tracks.assign_coords(individuals=truth["individuals"]), truth)


def _print(tracks: xr.Dataset, session: Session, truth: xr.Dataset | None) -> None:
    """Print how many frames were lifted, how sure they are, and the demo's errors."""
    import numpy as np

    from mvtri.tracks import to_array

    position = to_array(tracks)
    lifted = np.isfinite(position).all(axis=-1).any(axis=-1)
    rows = [["frames lifted", f"{int(lifted.sum())} of {lifted.size}"]]
    if "covariance" in tracks:
        spread = np.sqrt(np.trace(to_array(tracks, "covariance"), axis1=-2, axis2=-1))
        rows.append(
            ["standard deviation of a keypoint", f"{1e3 * float(np.nanmedian(spread)):.0f} mm (median)"]
        )
    if truth is not None:
        names = [str(name) for name in tracks["keypoints"].to_numpy()]
        true = to_array(truth.sel(keypoints=names))[:, :1]
        root = names.index("hip")
        off = [position - true, (position - position[..., root, None, :]) - (true - true[..., root, None, :])]
        words = ("error in the world", "error relative to the hip")
        for word, each in zip(words, off):
            rows.append([word, f"{1e3 * float(np.nanmean(np.linalg.norm(each, axis=-1))):.0f} mm (mean)"])
    print_table(f"lifted from {session.camera_names[0]}", ["", ""], rows)
