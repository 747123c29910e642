"""``mvtri calibrate align``: a calibration in another world."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mvtri.cli.calibrate_people import check_out
from mvtri.cli.terminal import print_table
from mvtri.errors import InputError

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


@click.command("align", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("calib", type=FILE)
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
              help="The unit of length, for a calibration file that does not state it.")  # fmt: skip
@click.option("--up", type=click.Choice(["x", "-x", "y", "-y", "z", "-z"]),
              help="The axis of the given world that points up.  [default: z; with points of the floor, the "
              "side of it on which the cameras are]")  # fmt: skip
@click.option("--floor", metavar="X,Y,Z;...", help="Three or more points of the floor, m, in the given "
              "world.")  # fmt: skip
@click.option("--floor-points", metavar="VIEWS;...", help="Three or more points of the floor, each by where "
              "two or more cameras see it, px: cam1:512,733 cam2:201,660; cam1:900,702 cam2:...")  # fmt: skip
@click.option("--tracks", type=FILE, help="Tracks of a person, reconstructed with CALIB: the feet show the "
              "floor.")  # fmt: skip
@click.option("--origin", metavar="X,Y,Z", help="The point of the given world, m, that becomes the origin.")
@click.option("--origin-point", metavar="VIEWS", help="The origin, by where cameras see it, px: "
              "cam1:512,733 is enough if the floor is known.")  # fmt: skip
@click.option("--x-point", metavar="VIEWS", help="The x axis points from the origin to this point, given as "
              "for --origin-point.")  # fmt: skip
@click.option("--heading", type=float, default=0.0, show_default=True, metavar="DEGREES",
              help="Turn the world about its vertical, counter-clockwise seen from above.")  # fmt: skip
@click.option("--distance", metavar="CAM,CAM=METRES", help="How far apart two cameras are: gives the scale.")
@click.option("--height", type=click.FloatRange(0.4, 2.6), metavar="METRES",
              help="How tall the person of --tracks is: gives the scale.")  # fmt: skip
@click.option("--to", default="z-up", show_default=True, metavar="PRESET",
              help="The axes of the new world: z-up, blender, vicon; y-up, opensim.")  # fmt: skip
@click.option("--out", type=FILE, required=True, help="The calibration file to write (TOML).")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def calibrate_align(**given: Any) -> None:
    """Bring a calibration into another world: up, floor, origin, heading, scale, axes.

    What cameras see of each other does not change.
    """
    from mvtri.calib import read_cameras, write_cameras
    from mvtri.calib.image_points import parse_views
    from mvtri.calib.made_from import read_made_from
    from mvtri.calib.pose_covariance import in_world, read_pose_covariance, write_pose_covariance
    from mvtri.calib.world import PRESETS, align_world
    from mvtri.files import atomic_file

    _check(given)
    cams = read_cameras(given["calib"], unit=given["unit"])
    person, keypoints = _person(given["tracks"])
    found, change = align_world(
        cams,
        up=given["up"],
        floor=_floor(given),
        person=person,
        keypoints=keypoints,
        origin=_origin(given),
        toward=None if given["x_point"] is None else parse_views(given["x_point"], "--x-point"),
        heading=given["heading"],
        distance=_distance(given["distance"]),
        height=given["height"],
        to=given["to"],
    )
    covariance = read_pose_covariance(given["calib"], cams.names)
    with atomic_file(given["out"], overwrite=given["overwrite"]) as unfinished:
        write_cameras(unfinished, found, "pose2sim")
    if covariance is not None:
        there = in_world(covariance, change.scale, change.rotation)
        write_pose_covariance(given["out"], found.names, there, read_made_from(given["calib"]))
    rows = [[name, *(f"{value:.3f}" for value in place)] for name, place in zip(found.names, found.centers)]
    print_table("cameras", ["camera", "x m", "y m", "z m"], rows)
    up = "y" if np.allclose(PRESETS[given["to"]][1], [0.0, 0.0, 1.0]) else "z"
    lengths = f"lengths are {change.scale:.4g} times those of the given world"
    click.echo(f"{up} is up; {'lengths stay' if np.isclose(change.scale, 1.0, atol=5e-5) else lengths}")
    logger.info("wrote %s", given["out"])


def _check(given: dict[str, Any]) -> None:
    """Refuse options that contradict each other, and a call that would change nothing."""
    check_out(given["out"], given["overwrite"])
    for first, second in (("floor", "floor_points"), ("origin", "origin_point")):
        if given[first] is not None and given[second] is not None:
            raise InputError(f"both --{first} and --{second.replace('_', '-')} were given; keep one of them")
    asked = (
        "up",
        "floor",
        "floor_points",
        "tracks",
        "origin",
        "origin_point",
        "x_point",
        "distance",
        "height",
    )
    if all(given[name] is None for name in asked) and not given["heading"] and given["to"] == "z-up":
        raise InputError(
            "nothing was asked for, and the calibration would stay as it is; say what shall change, such as "
            "the floor (--floor-points, --floor, --tracks), --origin, --heading, the scale (--distance, "
            "--height) or the axes (--up, --to)"
        )


def _floor(given: dict[str, Any]) -> list[list[float]] | list[dict[str, tuple[float, float]]] | None:
    from mvtri.calib.image_points import parse_views

    if given["floor_points"] is not None:
        parts = [part for part in given["floor_points"].split(";") if part.strip()]
        if len(parts) < 3:
            raise InputError(
                f"--floor-points has {len(parts)} points; expected three or more points of the floor, with ; "
                "between them"
            )
        return [parse_views(part, "--floor-points") for part in parts]
    if given["floor"] is not None:
        return [_numbers(point, "--floor") for point in given["floor"].split(";")]
    return None


def _origin(given: dict[str, Any]) -> list[float] | dict[str, tuple[float, float]] | None:
    from mvtri.calib.image_points import parse_views

    if given["origin_point"] is not None:
        return parse_views(given["origin_point"], "--origin-point")
    return None if given["origin"] is None else _numbers(given["origin"], "--origin")


def _person(path: Path | None) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Return the first person's track (T, K, 3) and the names of its keypoints."""
    if path is None:
        return None, []
    from mvtri.formats import read_tracks
    from mvtri.tracks import KEYPOINTS, to_array

    tracks = read_tracks(path)
    return to_array(tracks)[:, 0].astype(np.float64), [str(name) for name in tracks[KEYPOINTS].to_numpy()]


def _numbers(text: str, option: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 or not np.isfinite(values).all():
        raise InputError(
            f"{option} has {text!r}; expected three numbers with commas between them, such as 0,1.5,0"
        )
    return values


def _distance(text: str | None) -> tuple[str, str, float] | None:
    if text is None:
        return None
    names, _, metres = text.rpartition("=")
    first, _, second = names.partition(",")
    try:
        return first.strip(), second.strip(), float(metres)
    except ValueError:
        raise InputError(
            f"--distance is {text!r}; expected two cameras and metres, such as cam1,cam2=3.42"
        ) from None
