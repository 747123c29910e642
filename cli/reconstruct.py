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
import numpy as np

from mvtri.cli.screen import print_table, progress
from mvtri.errors import InputError
from mvtri.files import atomic_folder

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mvtri.detection import BoxDetector, Detector
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", required=False, type=FILE)
@click.option(
    "--cams", metavar="N|NAMES", help="The first N cameras of the calibration, or names with commas."
)
@click.option(
    "--calib", type=FILE, help="Calibration file; else SESSION's calibration/, else the one beside it."
)
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]), help="Of a calibration that states none.")
@click.option("--pose", type=FILE, help="Folder of 2D already detected (OpenPose JSON, a folder a camera).")
@click.option("--skeleton", metavar="NAME", help="Keypoint set of --pose, where its count is ambiguous.")
@click.option(
    "--detector",
    metavar="NAME",
    help="A model of `mvtri models list`; by default spinepose-l (CC-BY-NC-4.0).",
)
@click.option("--model", type=FILE, help="An ONNX pose model of your own.")
@click.option(
    "--card", type=FILE, help="The card (TOML) that describes --model, where it is not a known file."
)
@click.option("--boxes", metavar="NAME|FILE", help="Person detector, for pose models that need boxes.")
@click.option("--people", default="1", show_default=True, metavar="1", help="How many people to follow.")
@click.option("--method", type=click.Choice(["ransac", "dlt"]), default="ransac", show_default=True)
@click.option(
    "--no-undistort", is_flag=True, help="Ignore lens distortion, as some tools do; for comparison."
)
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as Python slices count.")
@click.option("--fps", type=float, help="Frames a second, where there is no video to tell.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the networks.")
@click.option("--out", type=FILE, help="Output folder.  [default: mvtri-output/NAME-OF-SESSION]")
@click.option("--overwrite", is_flag=True, help="Replace the files of an output folder that exists.")
@click.pass_obj
def reconstruct(state: dict[str, Any], /, **options: Any) -> None:
    """Turn the videos of SESSION into 3D tracks.

    SESSION is a folder with videos/, calibration/ and, where 2D is already detected, pose/: the layout
    that Pose2Sim users have.  Without SESSION the demo in the box is reconstructed and scored.

    Writes tracks.nc, tracks.trc, tracks.csv, report.html and run.json, all or none of them.
    """
    from mvtri.pipeline import check_cameras

    started = time.perf_counter()
    session = _session(options)
    check_cameras(session)
    out = options["out"] or Path("mvtri-output") / session.name
    logger.info("%s: cameras %s", session.name, ", ".join(session.camera_names))
    # the folder comes first: where nothing can be written, no work is done
    with atomic_folder(out, options["overwrite"]) as folder, progress(state.get("quiet", False)) as report:
        source, detector, boxes = _source(session, options)
        tracks = _tracks(session, source, detector, boxes, options, report)
        scores = _demo_scores(session, tracks) if session.is_demo else None
        _save(folder, session, tracks, scores, options, started)
    _print(session, tracks, scores)
    logger.info("%s: wrote %s in %.1f s", session.name, out, time.perf_counter() - started)


def _check(options: dict[str, Any]) -> None:
    """Refuse options that contradict each other, or that nothing would heed."""
    given = {f"--{name}" for name, value in options.items() if value not in (None, False)}
    network = sorted(given & {"--detector", "--model"})
    clashes = [
        ({"--detector", "--model"}, "keep the one that says which network to run"),
        ({"--pose", "--detector"}, "keep the one that the 2D is to come from"),
        ({"--pose", "--model"}, "keep the one that the 2D is to come from"),
        ({"--pose", "--boxes"}, "2D that is already detected needs no person boxes"),
        ({"--skeleton", *network[:1]}, "the network says itself which keypoints it finds"),
    ]
    for pair, remedy in clashes:
        if len(pair) == 2 and pair <= given:
            raise InputError(f"both {' and '.join(sorted(pair))} were given; {remedy}")
    if options["people"] != "1":
        raise InputError(
            f"--people {options['people']} was given, but following several people is not supported yet; "
            "use --people 1"
        )
    if "--card" in given and "--model" not in given:
        raise InputError("--card was given without --model; name the ONNX file that the card describes")
    idle = sorted(given & {"--calib", "--unit", "--pose", "--skeleton", "--fps"})
    if options["session"] is None and idle:
        raise InputError(
            f"{' and '.join(idle)} given without a SESSION, and the demo in the box has its own; "
            "name the folder of your recording"
        )


def _session(options: dict[str, Any]) -> Session:
    from mvtri import sessions

    _check(options)
    folder = options["session"]
    if folder is None:
        logger.info("no SESSION given: reconstructing the demo in the box (a rendered person, mvtri's own)")
        return sessions.demo_session(cameras=options["cams"], frames=options["frames"])
    return sessions.open_session(
        folder,
        calibration=options["calib"],
        cameras=options["cams"],
        pose=False if options["detector"] or options["model"] else options["pose"],
        frames=options["frames"],
        fps=options["fps"],
        unit=options["unit"],
    )


def _source(
    session: Session, options: dict[str, Any]
) -> tuple[Session | xr.Dataset, Detector | None, BoxDetector | None]:
    """Choose where the 2D comes from: --pose, else a named model, else SESSION's pose/, else the default."""
    named = options["detector"] or options["model"]
    if options["pose"] or (session.pose is not None and not named):
        if options["boxes"]:
            raise InputError(
                f"--boxes was given, but the 2D comes from {session.pose_folder}; name the network with "
                "--detector or --model, or leave --boxes out"
            )
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
        raise InputError(
            f"--boxes was given, but the detector {detector.name} finds people by itself; leave it out"
        )
    return session, detector, boxes


def _tracks(
    session: Session, source: Any, detector: Any, boxes: Any, options: dict[str, Any], report: Any
) -> xr.Dataset:
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

    from mvtri.benchmark import evaluate
    from mvtri.datasets import project_truth
    from mvtri.pipeline import reconstruct as run
    from mvtri.sessions import demo_truth
    from mvtri.tracks import provenance_of

    truth = demo_truth()
    settings = provenance_of(tracks)["reconstruct"]
    seen = project_truth(truth.sel(time=tracks["time"]), session.cameras)
    oracle = run(seen, session.cameras, method=settings["method"], undistort=settings["undistort"])
    tables = {"oracle": evaluate(oracle, truth), "detected": evaluate(tracks, truth)}
    return pd.concat(tables, names=["setting"])


def _save(
    folder: Path,
    session: Session,
    tracks: xr.Dataset,
    scores: pd.DataFrame | None,
    options: dict[str, Any],
    started: float,
) -> None:
    from mvtri import formats, sessions
    from mvtri.files import provenance
    from mvtri.report import write_report
    from mvtri.tracks import provenance_of

    records = None if scores is None else scores.reset_index().to_dict(orient="records")
    for name in ("tracks.nc", "tracks.trc", "tracks.csv"):
        formats.write_tracks(folder / name, tracks)
    write_report(
        folder / "report.html",
        tracks,
        session.cameras,
        videos=session.videos,
        title=f"{session.name}: reconstruction in 3D",
        truth=sessions.demo_truth().sel(time=tracks["time"]) if session.is_demo else None,
        scores=records,
        summary=_facts(session, tracks),
        frame_indices=list(range(*session.frame_range)),
    )
    given = {key: str(value) for key, value in options.items() if value not in (None, False)}
    run = provenance(shlex.join(["mvtri", *sys.argv[1:]]), given, list(session.files))
    run |= {"seconds": round(time.perf_counter() - started, 2), "settings": provenance_of(tracks)}
    if records is not None:
        run["scores"] = records
    (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _facts(session: Session, tracks: xr.Dataset) -> dict[str, str]:
    """Return what the head of the report says beside the numbers."""
    from mvtri.tracks import provenance_of

    known = provenance_of(tracks)
    networks = known.get("detect", {}).get("parameters", {})
    names = [networks[part]["name"] for part in ("detector", "boxes") if part in networks]
    return {
        "session": session.name,
        "2D from": " with boxes of ".join(names) if names else f"{session.pose_folder}",
        "method": known["reconstruct"]["method"],
    }


def _print(session: Session, tracks: xr.Dataset, scores: pd.DataFrame | None) -> None:
    from mvtri import diagnostics

    recording = diagnostics.read_recording(tracks)
    sizes = dict(zip(session.camera_names, session.image_sizes))
    diagonals = {name: float(np.hypot(*size)) for name, size in sizes.items()}
    cameras = diagnostics.camera_summaries(recording, diagonals)
    rows = [
        [row.name, f"{row.median:.2f}", f"{row.median_inliers:.2f}", row.used, row.rejected]
        for row in cameras
    ]
    columns = ["camera", "median px, all views", "px, views used", "views used", "rejected"]
    print_table(f"{session.name}: reprojection (2D of score 0.3 or more)", columns, rows)
    if scores is not None:
        table = [
            [setting, group, f"{row['MPJPE mm']:.3g}", f"{row['P-MPJPE mm']:.3g}", f"{row['coverage']:.1%}"]
            for (setting, group), row in scores.iterrows()
        ]
        columns = ["setting", "keypoints", "MPJPE mm", "P-MPJPE mm", "coverage"]
        print_table(f"{session.name}: against the truth", columns, table)
    share, count = diagnostics.coverage(recording), recording.present.size
    click.echo(f"{recording.present.shape[0]} frames, {share:.1%} of {count} keypoints reconstructed")
    for verdict in diagnostics.verdicts(recording, cameras):
        click.echo(verdict.text)
