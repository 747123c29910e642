"""Where a command gets 2D from: its options, and reading it or detecting it in videos."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mvtri.cli.load_networks import load_networks
from mvtri.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from mvtri.detection import BoxDetector, Detector
    from mvtri.sessions import Session

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--pose", type=FILE, help="A file or folder of 2D keypoints that are already detected.  "
                 "[default: SESSION/pose/, if there is one]"),
    click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of the 2D, where several have "
                 "that number of keypoints; or a TOML file with your own."),
    click.option("--detector", metavar="NAME", help="Detect people with this pose model in the videos."),
    click.option("--model", type=FILE, help="An ONNX pose model of your own, instead of --detector."),
    click.option("--card", type=FILE, help="The card (TOML) that describes --model."),
    click.option("--boxes", metavar="NAME|FILE",
                 help="The person detector, for pose models that need boxes."),
    click.option("--frames", metavar="START:STOP:STEP", help="Which frames, as in a Python slice."),
    click.option("--fps", type=float, help="Frames per second, where no video says it."),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                 help="Where the networks run."),
    click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the networks use."),
)  # fmt: skip
_CAMERAS = (
    click.option("--unit", type=click.Choice(["m", "cm", "mm"]),
                 help="The unit of length, for a calibration file that does not state it."),
    click.option("--cams", metavar="N|NAMES", help="Use the first N cameras of the calibration, or the "
                 "cameras with these names, separated by commas.  [default: all]"),
)  # fmt: skip
min_score = click.option(
    "--min-score",
    type=click.FloatRange(0.0, 1.0),
    default=0.3,
    show_default=True,
    help="Leave out keypoints with a lower score.",
)


def source_options(command: Command) -> Command:
    """Give a command the options that say where its 2D comes from."""
    return _with(_OPTIONS, command)


def camera_options(command: Command) -> Command:
    """Give a command the options that choose cameras of a calibration."""
    return _with(_CAMERAS, command)


def _with(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):  # as decorators are applied: the last one first
        command = option(command)
    return command


def open_source(place: Path, calibration: Any, given: dict[str, Any]) -> Session:
    """Open a session as `source_options` and, where they are there, `camera_options` say.

    Raises
    ------
    InputError
        If options contradict each other, or the session cannot be opened.
    """
    from mvtri import sessions

    named = [f"--{name}" for name in ("pose", "detector", "model") if given[name] is not None]
    if len(named) > 1:
        raise InputError(
            f"both {' and '.join(named[:2])} were given; keep the one that the 2D shall come from"
        )
    return sessions.open_session(
        place,
        calibration=calibration,
        cameras=given.get("cams"),
        pose=False if given["detector"] or given["model"] else given["pose"],
        frames=given["frames"],
        fps=given["fps"],
        unit=given.get("unit"),
    )


def read_or_load(
    session: Session, given: dict[str, Any]
) -> tuple[Session | xr.Dataset, Detector | None, BoxDetector | None]:
    """Return the 2D of a session, or the session with the networks that shall detect it."""
    if session.pose is not None:
        logger.info("2D from %s", session.pose_path)
        return session.read_pose(skeleton=given["skeleton"]), None, None
    from mvtri import detection

    name = given["detector"] or given["model"] or detection.DEFAULT_DETECTOR
    networks = load_networks(name, given["boxes"], given["device"], given["card"], given["threads"])
    return session, *networks
