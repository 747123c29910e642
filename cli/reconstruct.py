"""``mvtri reconstruct``: from a session folder, or the built-in demo, to tracks and a report."""

from __future__ import annotations

import logging
import shlex
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.load_networks import load_networks
from mvtri.cli.reconstruct_options import ReconstructOptions
from mvtri.cli.terminal import print_table, printable, progress
from mvtri.errors import InputError, some_names
from mvtri.files import check_apart, file_name, output_folder

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mvtri.biomechanics import FittedBody
    from mvtri.detection import BoxDetector, Detector
    from mvtri.diagnostics import Diagnosis
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", required=False, type=FILE)
@click.option("--cams", metavar="N|NAMES", help="Use the first N cameras of the calibration, or the cameras "
              "with these names, separated by commas.  [default: all]")  # fmt: skip
@click.option("--calib", type=FILE, help="The calibration file.  [default: the one in SESSION/calibration/, "
              "else in calibration/ beside SESSION]")  # fmt: skip
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, for a calibration file that does not state it.")  # fmt: skip
@click.option("--image-size", metavar="WIDTHxHEIGHT", help="The images' size, for a calibration that does "
              "not state it.  [default: that of the videos]")  # fmt: skip
@click.option("--turn", metavar="DEGREES", help="The images are turned clockwise by 90, 180 or 270 degrees "
              "against the calibration; for some cameras: cam1=90,cam3=270.")  # fmt: skip
@click.option("--resize-calib", is_flag=True, help="The videos were resized after the calibration: resize "
              "the calibration to them.")  # fmt: skip
@click.option("--pose", type=FILE, help="A file or folder of 2D keypoints that are already detected: "
              "OpenPose's, DeepLabCut's, SLEAP's, tables and others (docs/formats.md lists them).  "
              "[default: SESSION/pose/, if there is one]")  # fmt: skip
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of --pose, where several have "
              "that number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="The pose model (`mvtri models list` shows all); "
              "by default spinepose-l-simspine (CC-BY-NC-4.0).")  # fmt: skip
@click.option("--model", type=FILE, help="An ONNX pose model of your own, instead of --detector.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model; a model that mvtri knows "
              "needs none.")  # fmt: skip
@click.option("--boxes", metavar="NAME|FILE", help="The person detector, for pose models that need boxes.")
@click.option("--people", default="1", show_default=True, metavar="1",
              help="How many people to reconstruct; only 1 for now.")  # fmt: skip
@click.option("--height", type=float, metavar="METRES", help="How tall the person is; only to check the "
              "scale, since no error shows a board size that is a little wrong.")  # fmt: skip
@click.option("--method", type=click.Choice(["ransac", "dlt"]), default="ransac", show_default=True,
              help="ransac rejects views that do not agree; dlt uses all views.")  # fmt: skip
@click.option("--no-undistort", is_flag=True, help="Ignore lens distortion; only for comparison with tools "
              "that do so.")  # fmt: skip
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as in a Python slice: 0:100 are the "
              "first hundred, ::2 is every second one.  Without videos, it chooses by the "
              "numbers in the names of the files with 2D.  [default: all]")  # fmt: skip
@click.option("--fps", type=float, help="Frames per second, where no video says it, or all say it wrongly.")
@click.option("--sync", type=click.Choice(["auto", "first", "clock", "keypoints"]), default="auto",
              show_default=True, help="How the times of several videos go together: from the first frame of "
              "each, or by the clocks in the files.  auto takes the first frames where all are equally long; "
              "keypoints does so too, and then finds by how much cameras are late.")  # fmt: skip
@click.option("--left-right", type=click.Choice(["correct", "keep"]), default="correct", show_default=True,
              help="Exchange left and right back in views in which the detector took one for the other, or "
              "keep them.")  # fmt: skip
@click.option("--candidates", type=click.Choice(["all", "best"]), default="all", show_default=True,
              help="Where a detector gives several places for a keypoint in a view, choose those that the "
              "cameras agree on, or the one with the best score.")  # fmt: skip
@click.option("--rig", type=click.Choice(["correct", "keep"]), default="correct", show_default=True,
              help="Triangulate with cameras that are turned and moved a little where the 2D shows that the "
              "calibration is off, or with the cameras as they are calibrated.")  # fmt: skip
@click.option("--smooth", default="none", show_default=True, metavar="METHOD", help="Smooth the tracks over "
              "time: rts, batch (segments keep their lengths), model (a body model), butterworth:6 (Hz), ... "
              "(docs/smoothing.md lists all); "
              "several with + between them.")  # fmt: skip
@click.option("--fill", type=float, metavar="SECONDS", help="Fill gaps in the tracks that last "
              "no longer; their status is `filled`.  [default: 0.5 with rts, batch and model; else "
              "none]")  # fmt: skip
@click.option("--body", metavar="own|MODEL.osim", help="Fit a body model of OpenSim to the tracks, mvtri's "
              "own, or yours if its markers have the names of keypoints (right_knee): writes joint angles "
              "over time (body.mot, body.csv) and the model scaled to the person (body.osim).")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="Where the networks run.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the networks use.")
@click.option("--out", type=FILE, help="The output folder.  [default: mvtri-output/NAME-OF-SESSION]")
@click.option("--overwrite", is_flag=True, help="Replace the files of an earlier run in the output folder.")
@click.pass_obj
def reconstruct(state: dict[str, Any], /, **given: Any) -> None:
    """Reconstruct a person in 3D from the videos of several calibrated cameras.

    SESSION is a folder that holds videos/ and calibration/, and pose/ if you have 2D keypoints already: the
    layout of Pose2Sim.  Without SESSION, mvtri reconstructs its built-in demo and compares it with the truth.

    The output folder holds tracks.nc, tracks.trc, tracks.csv, angles.csv, report.html and run.json, and the
    spine's curve where there is a spine; with --body also body.osim, body.mot and body.csv.  Look at
    report.html first: it says whether something looks wrong.
    """
    from mvtri import pipeline
    from mvtri.diagnostics import diagnose
    from mvtri.plausibility import check_height

    started, quiet = time.perf_counter(), state.get("quiet", False)
    options = ReconstructOptions(**given)
    session = _open_session(options)
    pipeline.check_cameras(session)
    check_height(options.height)
    pipeline.check_smoothing_of(session, options.smooth, options.fill)
    body = _body_model(options)
    out = options.out or Path("mvtri-output") / file_name(session.name)
    check_apart(out, session.input_places)
    logger.info("%s: cameras %s", session.name, ", ".join(session.camera_names))
    with output_folder(out, options.overwrite):  # before the work, which would be lost
        tracks = _tracks(session, options, quiet, body)
        truth, scores = _score(session, tracks)
        diagnosis = diagnose(tracks, session.cameras)
        bodies = None if body is None else pipeline.fit_bodies(tracks, body)
        with progress(quiet) as report:
            pipeline.save_run(
                out,
                tracks,
                session,
                truth=truth,
                scores=scores,
                call=shlex.join(["mvtri", *sys.argv[1:]]),
                parameters=options.record,
                seconds=time.perf_counter() - started,
                diagnosis=diagnosis,
                bodies=bodies,
                progress=report,
                overwrite=options.overwrite,
            )
    _print_summary(session.name, diagnosis, scores)
    _print_bodies([] if bodies is None else bodies.fitted)
    logger.info("%s: wrote %s in %.1f s", session.name, out, time.perf_counter() - started)


def _tracks(
    session: Session, options: ReconstructOptions, quiet: bool, body: Path | None = None
) -> xr.Dataset:
    from mvtri import pipeline
    from mvtri.plausibility import PlausibilityWarning
    from mvtri.triangulation import TriangulationOptions

    with progress(quiet) as report:
        source, detector, boxes = _choose_source(session, options)
        if body is not None:
            pipeline.check_body(body, source, detector)
        with warnings.catch_warnings():  # the verdicts say the same
            warnings.simplefilter("ignore", PlausibilityWarning)
            return pipeline.reconstruct(
                source,
                session.cameras,
                detector,
                boxes=boxes,
                method=options.method,
                undistort=not options.no_undistort,
                height=options.height,
                sync="keypoints" if options.sync == "keypoints" else "none",
                left_right=options.left_right,
                candidates=options.candidates,
                options=TriangulationOptions(correct_rig=options.rig == "correct"),
                smooth=options.smooth,
                fill=options.fill,
                pose_covariance=session.pose_covariance,
                progress=report,
            )


def _open_session(options: ReconstructOptions) -> Session:
    from mvtri import sessions

    if options.session is None:
        logger.info("no SESSION was given: reconstructing the built-in demo (a rendered person)")
        return sessions.demo_session(cameras=options.cams, frames=options.frames)
    return sessions.open_session(
        options.session,
        calibration=options.calib,
        cameras=options.cams,
        pose=False if options.network else options.pose,
        frames=options.frames,
        fps=options.fps,
        unit=options.unit,
        sync="auto" if options.sync == "keypoints" else options.sync,
        turn=options.turn,
        image_size=options.image_size,
        resize_calibration=options.resize_calib,
    )


def _choose_source(
    session: Session, options: ReconstructOptions
) -> tuple[Session | xr.Dataset, Detector | None, BoxDetector | None]:
    """Choose where the 2D comes from: --pose, else a named model, else SESSION's pose/, else the default."""
    if session.pose is None or options.network:
        from mvtri import detection

        default = detection.DEMO_DETECTOR if session.is_demo else detection.DEFAULT_DETECTOR
        name = options.network or default
        return session, *load_networks(name, options.boxes, options.device, options.card, options.threads)
    if options.boxes:
        raise InputError(
            f"--boxes was given, but the 2D comes from {session.pose_path}; name a pose model with "
            "--detector or --model, or leave --boxes out"
        )
    logger.info("2D from %s", session.pose_path)
    return session.read_pose(skeleton=options.skeleton), None, None


def _body_model(options: ReconstructOptions) -> Path | None:
    """Return the file of the body model, once it was read; None where none is wanted."""
    if options.body is None:
        return None
    from mvtri.biomechanics import read_osim
    from mvtri.biomechanics.body import MODEL_PATH

    path = MODEL_PATH if options.body == "own" else Path(options.body)
    read_osim(path)  # before the work, which would be lost
    return path


def _print_bodies(bodies: list[FittedBody]) -> None:
    for one in bodies:
        model, refused = one.kinematics.model, list(one.refused)
        fits = f"{1e3 * one.whole_rms:.1f} mm (root mean square distance of {len(one.rms)} markers)"
        tell = f"they determine {len(model.free) - len(refused)} of {len(model.free)} coordinates"
        empty = f", and body.csv leaves {some_names(refused)} empty" if refused else ""
        click.echo(printable(f"the body model {model.name} fits {one.person} to {fits}; {tell}{empty}"))


def _score(session: Session, tracks: xr.Dataset) -> tuple[xr.Dataset | None, pd.DataFrame | None]:
    """Return the demo's truth and the scores against it; nothing for other sessions, which have no truth."""
    if not session.is_demo:
        return None, None
    from mvtri.benchmark import score_with_oracle
    from mvtri.sessions import demo_truth

    truth = demo_truth()
    return truth, score_with_oracle(tracks, truth, session.cameras)


def _print_summary(name: str, diagnosis: Diagnosis, scores: pd.DataFrame | None) -> None:
    from mvtri.diagnostics import LEVEL_WORDS

    columns = ["camera", "median px, all views", "px, views used", "views used", "rejected"]
    rows = [
        [row.name, f"{row.median:.2f}", f"{row.median_inliers:.2f}", row.used, row.rejected]
        for row in diagnosis.cameras
    ]
    print_table(f"{name}: reprojection (2D of score 0.3 or more)", columns, rows)
    if scores is not None:
        columns = ["setting", "keypoints", "MPJPE mm", "P-MPJPE mm", "coverage"]
        table = [
            [setting, group, f"{row['MPJPE mm']:.3g}", f"{row['P-MPJPE mm']:.3g}", f"{row['coverage']:.1%}"]
            for (setting, group), row in scores.iterrows()
        ]
        print_table(f"{name}: against the truth", columns, table)
    frames, count = len(diagnosis.recording.times), diagnosis.recording.present.size
    click.echo(f"{frames} frames, {diagnosis.coverage:.1%} of {count} keypoints reconstructed")
    for verdict in diagnosis.verdicts:
        click.echo(printable(f"{LEVEL_WORDS[verdict.level]}: {verdict.text}"))
