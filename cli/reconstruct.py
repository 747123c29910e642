"""``mvtri reconstruct``: from a session folder, or the demo in the box, to tracks and a report."""

from __future__ import annotations

import json
import logging
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.screen import print_table, progress
from mvtri.errors import ExistsError, InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mvtri.datasets import Session
    from mvtri.detection import BoxDetector, Detector

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", required=False, type=FILE)
@click.option("--cams", metavar="N|NAMES", help="The first N cameras of the calibration, or names with commas.")
@click.option("--calib", type=FILE, help="Calibration file; else SESSION's calibration/, else the one beside it.")
@click.option("--pose", type=FILE, help="Folder of 2D already detected (OpenPose JSON, a folder a camera).")
@click.option("--skeleton", metavar="NAME", help="Keypoint set of --pose, where its count is ambiguous.")
@click.option("--detector", metavar="NAME", help="A model of `mvtri models list`.")
@click.option("--model", type=FILE, help="An ONNX pose model of your own.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model, where it is not a known file.")
@click.option("--boxes", metavar="NAME|FILE", help="Person detector, for pose models that need boxes.")
@click.option("--people", default="1", show_default=True, metavar="1", help="How many people to follow.")
@click.option("--method", type=click.Choice(["ransac", "dlt"]), default="ransac", show_default=True)
@click.option("--no-undistort", is_flag=True, help="Ignore lens distortion, as some tools do; for comparison.")
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as Python slices count.")
@click.option("--fps", type=float, help="Frames a second, where there is no video to tell.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the networks.")
@click.option("--out", type=FILE, help="Output folder.  [default: mvtri-output/NAME-OF-SESSION]")
@click.option("--overwrite", is_flag=True, help="Replace the files of an output folder that exists.")
@click.pass_obj
def reconstruct(state: dict[str, Any], **options: Any) -> None:
    """Turn the videos of SESSION into 3D tracks.

    SESSION is a folder with videos/, calibration/ and, where 2D is already detected, pose/: the layout
    that Pose2Sim users have.  Without SESSION the demo in the box is reconstructed and scored.

    Writes tracks.nc, tracks.trc, tracks.csv, report.html and run.json, all or none of them.
    """
    started = time.perf_counter()
    session = _session(options)
    out = options["out"] or Path("mvtri-output") / session.name
    if out.exists() and not options["overwrite"]:
        raise ExistsError(
            f"the output folder {out} exists already; choose another with --out, or pass --overwrite"
        )
    logger.info("%s: cameras %s", session.name, ", ".join(session.camera_names))
    with progress(state.get("quiet", False)) as report:
        source, detector, boxes = _source(session, options)
        tracks = _tracks(session, source, detector, boxes, options, report)
        scores = _demo_scores(session, tracks) if session.is_demo else None
        _save(out, session, tracks, scores, options, started)
    _print(session, tracks, scores)
    logger.info("%s: wrote %s in %.1f s", session.name, out, time.perf_counter() - started)


def _session(options: dict[str, Any]) -> Session:
    from mvtri import datasets

    if options["people"] != "1":
        raise InputError(
            f"--people {options['people']} was given, but following several people is not supported yet; use --people 1"
        )
    folder = options["session"]
    if folder is None:
        logger.info("no SESSION given: reconstructing the demo in the box (a rendered person, mvtri's own)")
        return datasets.demo_session(cams=options["cams"], frames=options["frames"])
    return datasets.open_session(
        folder,
        cameras=options["calib"],
        cams=options["cams"],
        pose=options["pose"],
        frames=options["frames"],
        fps=options["fps"],
    )


def _source(
    session: Session, options: dict[str, Any]
) -> tuple[Session | xr.Dataset, Detector | None, BoxDetector | None]:
    """Choose where the 2D comes from: --pose, else a named model, else SESSION's pose/, else the default."""
    named = options["detector"] or options["model"]
    if options["detector"] and options["model"]:
        raise InputError("both --detector and --model were given; one of them says which network to run")
    if options["pose"] and named:
        raise InputError("both --pose and a network were given; the 2D comes from one or the other")
    if options["pose"] or (session.pose is not None and not named):
        logger.info("2D from %s", session.pose_folder)
        return session.read_pose(skeleton=options["skeleton"]), None, None
    from mvtri import detection

    name = named or (detection.DEMO_DETECTOR if session.is_demo else detection.DEFAULT_DETECTOR)
    detector = detection.load_detector(
        name, device=options["device"], card=options["card"], threads=options["threads"]
    )
    boxes = None
    if detector.needs_boxes:
        boxes = detection.load_boxes(
            options["boxes"] or detection.DEFAULT_BOXES, device=options["device"], threads=options["threads"]
        )
    elif options["boxes"]:
        raise InputError(f"--boxes was given, but the detector {detector.name} finds people by itself; leave it out")
    return session, detector, boxes


def _tracks(session: Session, source: Any, detector: Any, boxes: Any, options: dict[str, Any], report: Any) -> xr.Dataset:
    from mvtri.pipeline import reconstruct as run

    return run(
        source,
        session.cameras,
        detector,
        boxes=boxes,
        method=options["method"],
        undistort=not options["no_undistort"],
        progress=report,
    )


def _demo_scores(session: Session, tracks: xr.Dataset) -> pd.DataFrame:
    """Score the demo's tracks, and those from perfect 2D through the same triangulation."""
    import pandas as pd

    from mvtri.benchmark import evaluate, oracle_detections
    from mvtri.datasets import demo_truth
    from mvtri.pipeline import reconstruct as run

    truth = demo_truth()
    method = {key: value for key, value in tracks_settings(tracks).items() if key in ("method", "undistort")}
    oracle = run(oracle_detections(truth.sel(time=tracks["time"]), session.cameras), session.cameras, **method)
    tables = {"oracle": evaluate(oracle, truth), "detected": evaluate(tracks, truth)}
    return pd.concat(tables, names=["setting"])


def tracks_settings(tracks: xr.Dataset) -> dict[str, Any]:
    """Return the settings that `mvtri.reconstruct` noted in the provenance of its tracks."""
    from mvtri.tracks import provenance_of

    return dict(provenance_of(tracks).get("reconstruct", {}))


def _save(
    out: Path,
    session: Session,
    tracks: xr.Dataset,
    scores: pd.DataFrame | None,
    options: dict[str, Any],
    started: float,
) -> None:
    from mvtri import formats, report
    from mvtri.datasets import demo_truth
    from mvtri.files import atomic_folder, provenance

    with atomic_folder(out, overwrite=options["overwrite"]) as folder:
        for name in ("tracks.nc", "tracks.trc", "tracks.csv"):
            formats.write_tracks(folder / name, tracks)
        truth = demo_truth() if session.is_demo else None
        report.write_report(
            folder / "report.html",
            tracks,
            session.cameras,
            videos=session.videos,
            title=session.name,
            truth=truth,
            scores=scores,
        )
        given = {key: str(value) for key, value in options.items() if value not in (None, False)}
        run = provenance(shlex.join(["mvtri", *sys.argv[1:]]), given, session.files)
        run["seconds"] = round(time.perf_counter() - started, 2)
        if scores is not None:
            run["scores"] = scores.reset_index().to_dict(orient="records")
        (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _print(session: Session, tracks: xr.Dataset, scores: pd.DataFrame | None) -> None:
    from mvtri.report import summarise

    summary = summarise(tracks)
    rows = [[name, *cells] for name, cells in summary.camera_rows]
    print_table(f"{session.name}: agreement of the views", ["camera", *summary.camera_columns], rows)
    if scores is None:
        return
    table = [
        [setting, group, f"{row['MPJPE mm']:.4g}", f"{row['P-MPJPE mm']:.4g}", f"{row['coverage']:.1%}"]
        for (setting, group), row in scores.iterrows()
    ]
    print_table(f"{session.name}: against the truth", ["setting", "keypoints", "MPJPE mm", "P-MPJPE mm", "coverage"], table)
