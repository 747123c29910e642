"""``mvtri calibrate boards``: cameras from recordings of a calibration board."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.terminal import print_table, printable, progress
from mvtri.errors import ExistsError, InputError

if TYPE_CHECKING:
    from mvtri.calib.boards import Board, BoardCalibration, BoardViews
    from mvtri.cameras import CameraGroup
    from mvtri.progress import Progress

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)
_USUAL = ("calibration", "intrinsics", "extrinsics")


@click.command("boards", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("session", required=False, type=FILE)
@click.option("--board", "text", required=True, metavar="BOARD", help="The board: charuco:5x7:54mm (5 x 7 "
              "squares of 54 mm), checkerboard:4x7:30mm (4 x 7 inner corners), aruco:4x6:40mm:10mm or "
              "apriltag:4x6:88mm:26mm (4 x 6 markers, gap).  docs/calibrating.md explains all "
              "parts.")  # fmt: skip
@click.option("--intrinsics", type=FILE, metavar="FOLDER", help="Recordings of the board by each camera "
              "alone, for its lens.  [default: SESSION/intrinsics or SESSION/calibration/intrinsics, else "
              "those of SESSION]")  # fmt: skip
@click.option("--calib", type=FILE, help="A calibration whose lenses are kept; only poses are found.")
@click.option("--corners", type=FILE, metavar="CSV", help="Corners that are already detected, such as "
              "Caliscope's xy.csv, in place of SESSION; with --calib.")  # fmt: skip
@click.option("--lens", metavar="NAME", help='The lens model of all cameras, such as "k1 k2" or fisheye.  '
              "[default: chosen by the error on views left out]")  # fmt: skip
@click.option("--intrinsics-only", is_flag=True, help="Find only lenses; all cameras are put at the origin.")
@click.option("--refine-intrinsics", is_flag=True, help="Let lenses change again while poses are found.")
@click.option("--out", type=FILE, default=Path("calibration.toml"), show_default=True, metavar="FILE",
              help="The calibration to write; a report (.html) and covariances (.json) go beside "
              "it.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace these files if they exist.")
@click.pass_obj
def calibrate_boards(state: dict[str, Any] | None, /, session: Path | None, text: str, **given: Any) -> None:
    """Calibrate cameras from recordings of a board: lenses, and where the cameras are.

    SESSION holds one video, or one folder of images, a camera; all cameras saw the board together.
    Recordings for lenses alone may lie in SESSION/intrinsics, those of the rig in SESSION/extrinsics, as in
    Pose2Sim.

    \b
        mvtri calibrate boards SESSION --board charuco:5x7:54mm
        mvtri calibrate boards SESSION --board checkerboard:4x7:30mm --intrinsics-only
        mvtri calibrate boards --corners xy.csv --calib camera_array.toml --board charuco:4x5:54mm
    """
    from mvtri.calib import boards

    quiet = (state or {}).get("quiet", False)
    outputs = _outputs(given["out"], given["overwrite"])
    _check_options(session, given)
    board = boards.parse_board(text)
    logger.info("the board is %s", board)
    known = _known(given["calib"])
    with progress(quiet) as report:
        together, alone = _views(session, board, known, given, report)
        found = boards.calibrate_boards(
            board, together, alone, known, lens=given["lens"], refine_intrinsics=given["refine_intrinsics"],
            progress=report,
        )  # fmt: skip
    _write(outputs, found, session or given["corners"])
    _print(found)
    logger.info("wrote %s", ", ".join(map(str, outputs)))


def _views(
    session: Path | None, board: Board, known: CameraGroup | None, given: dict[str, Any], report: Progress
) -> tuple[BoardViews | None, dict[str, BoardViews] | None]:
    from mvtri.calib.boards import search_session

    if session is None:
        assert known is not None
        return _corners(given["corners"], board, known), None
    return search_session(
        session,
        board,
        given["intrinsics"],
        lenses_only=given["intrinsics_only"],
        lenses_known=known is not None,
        progress=report,
    )


def _outputs(out: Path, overwrite: bool) -> list[Path]:
    """Return the files to write: the calibration, the report and the record."""
    if out.suffix.lower() in (".html", ".json"):
        raise InputError(f"--out is {out}; expected a calibration file such as calibration.toml")
    files = [out, out.with_suffix(".html"), out.with_suffix(".json")]
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise ExistsError(f"{there[0]} already exists; choose another name with --out, or pass --overwrite")
    return files


def _check_options(session: Path | None, given: dict[str, Any]) -> None:
    if (session is None) == (given["corners"] is None):
        raise click.UsageError("name a SESSION, or corners that are already detected with --corners")
    if given["corners"] and not given["calib"]:
        raise InputError(
            "--corners says nothing of lenses and sizes; expected a calibration with --calib too"
        )
    if given["calib"] and (given["lens"] or given["intrinsics"] or given["intrinsics_only"]):
        raise InputError(
            "--calib keeps the lenses of a calibration; leave it out, or leave out --lens, --intrinsics and "
            "--intrinsics-only"
        )
    if given["intrinsics_only"] and given["refine_intrinsics"]:
        raise InputError("--refine-intrinsics needs the rig, and --intrinsics-only leaves it out; choose one")
    if session is not None and not session.is_dir():
        raise InputError(f"there is no folder {session}; expected one with recordings of a board")


def _known(path: Path | None) -> CameraGroup | None:
    from mvtri.calib import read_cameras

    return None if path is None else read_cameras(path)


def _corners(path: Path, board: Board, known: CameraGroup) -> BoardViews:
    from mvtri.calib.boards import views_of_corners
    from mvtri.formats import read_detections
    from mvtri.tracks import to_array

    found = read_detections(path, cameras=known.names, image_sizes=known.image_sizes)
    return views_of_corners(
        board,
        known.names,
        known.image_sizes,
        to_array(found)[:, 0],
        [str(name) for name in found["keypoints"].values],
    )


def _write(outputs: list[Path], found: BoardCalibration, source: Any) -> None:
    """Write all files, each whole or not at all; the record names the content of the calibration."""
    from mvtri.calib import write_cameras
    from mvtri.calib.beside import write_beside
    from mvtri.calib.boards import as_record
    from mvtri.report.calibration.write import write_calibration_report

    calibration, page, _ = outputs
    write_calibration_report(page, found, f"Cameras from a board: {_title(Path(source))}")
    write_cameras(calibration, found.cameras)
    write_beside(calibration, as_record(found))


def _title(source: Path) -> str:
    """Return what the recordings are called: the name of the innermost folder that has one of its own."""
    folder = source.resolve() if source.is_dir() else source.resolve().parent
    names = [part for part in folder.parts[1:] if part.lower() not in _USUAL]
    return names[-1] if names else source.name


def _print(found: BoardCalibration) -> None:
    from mvtri.report.calibration import tables
    from mvtri.report.calibration.judgement import judgements

    if found.lenses:
        print_table("Lenses", tables.LENS_COLUMNS, tables.lens_rows(found))
    if found.rig:
        print_table("Rig, relative to its first camera", tables.RIG_COLUMNS, tables.rig_rows(found))
    if found.rejected:
        columns = ("camera", "reason", "pictures", "which")
        print_table("Pictures that were not used", columns, tables.rejected_rows(found))
    for level, text in judgements(found):
        if level == "check":
            logger.warning("%s", text)
        else:
            click.echo(printable(text))
