"""``mvtri simulate``: markers of the spine from motion capture and a body model, as SIMSPINE makes them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from mvtri.errors import InputError
from mvtri.names import listed

logger = logging.getLogger("mvtri")
FOLDER = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("mocap", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--predicted", type=FOLDER, help="A folder of the same form with predicted markers of the spine."
)
@click.option("--model", type=FOLDER, help="A model of OpenSim 4, scaled to the person.  "
              "[default: the one that comes with mvtri, which is scaled]")  # fmt: skip
@click.option("--preset", default="default", show_default=True, metavar="NAME",
              help="default, or published: SIMSPINE's setup, which flattens the lumbar spine.")  # fmt: skip
@click.option("--filter", "filter_name", metavar="NAME",
              help="corrected, published or none.  [default: the preset's]")  # fmt: skip
@click.option("--keep", metavar="NAMES", help="Markers whose observed positions stay, separated by commas.  "
              "[default: those that motion capture saw]")  # fmt: skip
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]), default="m", show_default=True,
              help="Of MOCAP and --predicted.  "
              "Headers do not count, since SIMSPINE's say mm over metres.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), help="Recordings side by side.  [default: all cores]")
@click.pass_context
def simulate(ctx: click.Context, /, **given: Any) -> None:
    """Move a body model as recorded markers moved, and write the markers that it has.

    MOCAP holds positions/SUBJECT/SUBJECT_NAME.trc, y up, with markers called as mvtri or SIMSPINE calls them
    (right_hip or RHip); OUT gets the same with SIMSPINE's names, joint coordinates in kinematics/ and a model
    of each person in models/.  Recordings that are done stay: call it again to go on.

    The table shows the share of positions that are missing in MOCAP and --predicted, how far the model's
    markers are from those given (RMS), the share of the written positions that come from the model, how far
    the filter moved them (RMS), and seconds without those for the person's model.

    \b
        mvtri simulate mocap simulated
        mvtri simulate mocap simulated --predicted pseudo-markers
    """
    from dataclasses import replace

    from mvtri.biomechanics.simulation.recording import PRESETS
    from mvtri.biomechanics.simulation.run import Simulation, run_simulation
    from mvtri.cli.terminal import print_table, progress
    from mvtri.errors import one_of

    if given["preset"] not in PRESETS:
        raise InputError(one_of(given["preset"], list(PRESETS), "preset of simulate"))
    preset = PRESETS[given["preset"]]
    if given["filter_name"] is not None:
        preset = replace(preset, filter=given["filter_name"])
    keep = None if given["keep"] is None else [name.strip() for name in given["keep"].split(",")]
    job = Simulation(
        given["mocap"], given["out"], given["predicted"], given["model"], preset, keep, given["unit"]
    )
    with progress(ctx.obj.get("quiet", False)) as report:
        found = run_simulation(job, given["workers"], report)
    good = {name: one for name, one in found.items() if "error" not in one}
    if good:
        print_table("recordings", ["recording", *HEADS], [[name, *_cells(one)] for name, one in good.items()])
    for name, one in good.items():
        for key, words in UNMATCHED.items():
            if one.get(key):
                logger.warning("%s: %s: %s", name, words, ", ".join(one[key]))
    _warn_of_axes(good)
    if preset.flattening:
        click.echo("The published preset pulls lumbar flexion to 0: the spine of this output is flattened.")
    _refuse_failed({name: one["error"] for name, one in found.items() if "error" in one}, len(found))


def _refuse_failed(errors: dict[str, str], count: int) -> None:
    """Raise where recordings could not be simulated; those of one cause are named together."""
    causes: dict[str, list[str]] = {}
    for name, error in errors.items():
        causes.setdefault(error, []).append(name)
    if causes:
        sentences = "; ".join(f"{listed(names, most=3)}: {error}" for error, names in causes.items())
        raise InputError(f"{len(errors)} of {count} recordings were not simulated: {sentences}")


def _warn_of_axes(good: dict[str, dict[str, Any]]) -> None:
    """Warn of recordings whose people do not stand along y, once for each axis that they stand along."""
    along: dict[str, list[str]] = {}
    for name, one in good.items():
        along.setdefault(one.get("up_axis", "y"), []).append(name)
    for axis, names in along.items():
        if axis != "y":
            cause = "z is up in these files" if axis == "z" else "y is not up in these files"
            axes = "mvtri" if axis == "z" else "AXES (docs/formats.md lists them)"
            logger.warning(
                "%s: the body stands along %s in most frames, not along y; if nobody lies there, %s, so turn "
                "each with mvtri convert FILE.trc TURNED.trc --from-axes %s",
                listed(names, most=3), axis, cause, axes,
            )  # fmt: skip


UNMATCHED = {
    "unknown_markers": "the model has no markers of these names, which stay as they are",
    "unseen_markers": "nothing shows these markers of the model, so where they are is a guess",
}
HEADS = ("frames", "missing", "model to markers", "simulated", "filter", "s")


def _cells(one: dict[str, Any]) -> list[str]:
    seconds = sum(one[key] for key in one if key.endswith("_s"))
    return [
        f"{one['frames']:.0f}",
        f"{100.0 * one['missing_share']:.1f} %",
        _millimetres(one["model_to_markers_mm"]),
        f"{100.0 * one['simulated_share']:.0f} %",
        _millimetres(one["filter_changed_mm"]),
        f"{seconds:.1f}",
    ]


def _millimetres(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} mm"
