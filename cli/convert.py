"""``mvtri convert``: calibrations, 2D keypoints and 3D tracks from one format to another."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.errors import ExistsError, InputError

if TYPE_CHECKING:
    import numpy as np

    from mvtri.registry import Registry

logger = logging.getLogger("mvtri")
PLACE = click.Path(path_type=Path)
KINDS = ("calibration", "2d", "tracks")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", type=PLACE)
@click.argument("target", type=PLACE)
@click.option("--kind", type=click.Choice(KINDS), help="What SOURCE holds, where its content does not say.")
@click.option("--from-format", metavar="NAME", help="The format of SOURCE.  [default: by its content]")
@click.option("--format", "to_format", metavar="NAME",
              help="The format of TARGET.  [default: by its extension]")  # fmt: skip
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, where SOURCE does not state it.")  # fmt: skip
@click.option("--cams", metavar="NAMES", help="Only these cameras, separated by commas.")
@click.option(
    "--image-size", metavar="WIDTHxHEIGHT", help="The images' size, where SOURCE does not state it."
)
@click.option("--subject", metavar="NAME", help="For Human3.6M's calibrations: whose cameras, such as S9.")
@click.option("--turn", metavar="DEGREES", help="Turn the calibration clockwise by 90, 180 or 270 degrees; "
              "for some cameras: cam1=90,cam3=270.")  # fmt: skip
@click.option("--crop", metavar="LEFT,TOP,WIDTH,HEIGHT", help="Crop the calibration to a part of its images.")
@click.option("--resize", metavar="WIDTHxHEIGHT", help="Resize the calibration to images of another size.")
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of 2D, where several have that "
              "number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--fps", type=float, help="Frames per second of 2D that does not state them.")
@click.option("--axes", metavar="NAME", help="The axes of the tracks in TARGET, such as opensim or unity.")
@click.option("--from-axes", metavar="NAME", help="The axes of the tracks in SOURCE.")
@click.option("--names", type=click.Choice(["mvtri", "opensim"]),
              help="How TARGET names the markers of tracks.")  # fmt: skip
@click.option("--smooth", metavar="METHOD", help="Filter tracks over time, such as butterworth:6 "
              "(docs/smoothing.md lists all).")  # fmt: skip
@click.option("--fill", type=float, metavar="SECONDS", help="Fill gaps in tracks that last no longer.")
@click.option("--overwrite", is_flag=True, help="Replace TARGET if it exists.")
def convert(source: Path, target: Path, **given: Any) -> None:
    """Convert SOURCE to TARGET: a calibration, 2D keypoints, or 3D tracks.

    The content of SOURCE says what it is and in which format; the extension of TARGET says the new format.
    Some formats are a folder: name them with --format.  A lens that the new format cannot hold is refused;
    what it cannot hold of tracks, such as covariances, is named.

    \b
        mvtri convert Calib.qca.txt calibration.toml
        mvtri convert calibration.toml colmap-model --format colmap
        mvtri convert tracks.nc tracks.trc --names opensim
        mvtri convert tracks.trc smoothed.trc --smooth butterworth:6 --fill 0.2
    """
    overwrite = given.pop("overwrite")
    if target.exists() and not overwrite:
        raise ExistsError(f"{target} already exists; choose another name, or pass --overwrite")
    kind = given.pop("kind") or _kind_of(source, given["from_format"])
    _refuse_unused(kind, given)
    written = {"calibration": _calibration, "2d": _detections, "tracks": _tracks}[kind](source, target, given)
    logger.info("wrote %s", ", ".join(map(str, written)))


def _kind_of(source: Path, from_format: str | None) -> str:
    """Return the kind of a file or folder by its content, and by the format that was named."""
    from mvtri.calib.formats.registry import CALIBRATIONS
    from mvtri.errors import MissingFileError
    from mvtri.formats.angles_csv import is_angles
    from mvtri.formats.detections.files import DETECTIONS
    from mvtri.formats.tracks.files import TRACKS

    if not source.exists():
        raise MissingFileError(f"there is no {source}; check the path")
    registries: dict[str, Registry[Any]] = dict(zip(KINDS, (CALIBRATIONS, DETECTIONS, TRACKS)))
    named = [kind for kind, one in registries.items() if from_format in one.formats()]
    if from_format is not None and not named:
        known = sorted({name for one in registries.values() for name in one.formats()})
        raise InputError(
            f"no format is called {from_format!r}; --from-format takes one of {', '.join(known)}"
        )
    if len(named) == 1:
        return named[0]
    fitting = [kind for kind in named or KINDS if registries[kind].fitting(source)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(f"{source} could be of several kinds ({', '.join(fitting)}); choose one with --kind")
    if source.is_file() and not source.stat().st_size:
        raise InputError(f"{source} is empty; check the path, or write the file again")
    if is_angles(source):
        raise InputError(
            f"{source} holds angles of the body, and mvtri converts tracks, not angles: read it as it is "
            "with a spreadsheet or pandas.read_csv, convert tracks.nc of the same run, or measure the angles "
            "of other tracks in Python with mvtri.measure_body and mvtri.write_angles"
        )
    described = "; ".join(f"{kind}: {', '.join(one.formats())}" for kind, one in registries.items())
    raise InputError(f"{source} is in no format that mvtri reads ({described}); export it in one of them")


_USED = {
    "calibration": {"unit", "cams", "image_size", "subject", "turn", "crop", "resize"},
    "2d": {"cams", "image_size", "skeleton", "fps"},
    "tracks": {"unit", "axes", "from_axes", "names", "smooth", "fill"},
}


def _refuse_unused(kind: str, given: dict[str, Any]) -> None:
    used = _USED[kind] | {"from_format", "to_format"}
    names = [name for name, value in given.items() if value is not None and name not in used]
    if names:
        unused = [f"--{name.replace('_', '-')}" for name in names]
        raise InputError(f"{' and '.join(unused)} would have no effect on {kind}; leave it out")


def _calibration(source: Path, target: Path, given: dict[str, Any]) -> list[Path]:
    from mvtri import calib
    from mvtri.sessions.image_sizes import parse_size, turn_cameras

    size = given["image_size"] and parse_size(given["image_size"], "--image-size")
    options = {"subject": given["subject"]} if given["subject"] else {}
    cams = calib.read_cameras(source, given["from_format"], given["unit"], size, given["cams"], **options)
    if given["cams"]:
        cams = cams.subset(calib.choose_names(cams.names, given["cams"], ordered=True))
    cams = turn_cameras(cams, given["turn"])
    if given["crop"]:
        left, top, width, height = _four(given["crop"])
        cams = cams.cropped((left, top), (width, height))
    if given["resize"]:
        cams = cams.resized(parse_size(given["resize"], "--resize"))
    calib.write_cameras(target, cams, given["to_format"])
    return [target]


def _four(text: str) -> list[int]:
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4:
        raise InputError(f"--crop {text} is not LEFT,TOP,WIDTH,HEIGHT, such as 0,240,1920,1080")
    return values


def _detections(source: Path, target: Path, given: dict[str, Any]) -> list[Path]:
    from mvtri.formats import read_detections, write_detections
    from mvtri.sessions.image_sizes import parse_size

    detections = read_detections(
        source,
        given["from_format"],
        cameras=[name.strip() for name in given["cams"].split(",")] if given["cams"] else None,
        image_sizes=parse_size(given["image_size"], "--image-size") if given["image_size"] else None,
        skeleton=given["skeleton"],
        fps=given["fps"],
    )
    return [Path(write_detections(target, detections, given["to_format"]))]


def _tracks(source: Path, target: Path, given: dict[str, Any]) -> list[Path]:
    from mvtri.formats import read_tracks, write_tracks
    from mvtri.pipeline import smooth

    reading = {"unit": given["unit"], "axes": given["from_axes"]}
    tracks = read_tracks(source, given["from_format"], **_stated(reading))
    if given["smooth"] is not None or given["fill"] is not None:
        tracks = smooth(tracks, given["smooth"] or "none", given["fill"])
    writing = {"axes": given["axes"], "names": given["names"]}
    written = write_tracks(target, tracks, given["to_format"], **_stated(writing))
    _name_what_is_lost(tracks, written, given)
    return written


def _stated(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _name_what_is_lost(tracks: Any, written: list[Path], given: dict[str, Any]) -> None:
    """Warn of the variables of tracks that the new file does not hold, found by reading it again."""
    from mvtri.formats import read_tracks
    from mvtri.formats.tracks.files import TRACKS

    chosen = TRACKS.find_writer(written[0], given["to_format"])
    again = read_tracks(written[0], chosen.name, **_stated({"axes": given["axes"]}))
    whole = len(written) == 1  # else one file per person
    lost = [
        str(name)
        for name, values in tracks.data_vars.items()
        if name not in again or (whole and not _is_kept(values.to_numpy(), again[name].to_numpy()))
    ]
    if lost:
        logger.warning("%s files do not hold %s of the tracks", chosen.name, ", ".join(lost))


def _is_kept(values: np.ndarray, again: np.ndarray) -> bool:
    import numpy as np

    if values.dtype.kind == "f":
        return values.shape == again.shape and np.allclose(values, again, atol=1e-6, equal_nan=True)
    return np.array_equal(values, again)
