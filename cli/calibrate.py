"""``mvtri calibrate``: the ways to obtain cameras, each a module that loads when it is called."""

from __future__ import annotations

import importlib

import click

WAYS = {
    "boards": "Find lenses and poses of cameras from recordings of a calibration board.",
    "people": "Refine a rig on a person whom its cameras see.",
    "rig": "Find all cameras of a rig from nothing but a person whom they see.",
    "align": "Bring a calibration into another world: up, floor, origin, scale, axes.",
}


class Ways(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the ways in the order in which a newcomer needs them."""
        return list(WAYS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of the way `name`; None if there is no such way."""
        if name not in WAYS:
            return None
        module = importlib.import_module(f"mvtri.cli.calibrate_{name}")
        command: click.Command = getattr(module, f"calibrate_{name}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the ways without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(WAYS.items()))


@click.group(cls=Ways, context_settings={"help_option_names": ["-h", "--help"]})
def calibrate() -> None:
    """Find or refine the cameras of a rig.

    \b
    `mvtri calibrate boards SESSION --board BOARD`  lenses and poses, from a board
    `mvtri calibrate people SESSION`                cameras that are a little off, from a person
    `mvtri calibrate people SESSION --locate CAM`   one camera that was set up anew, from a person
    `mvtri calibrate rig SESSION`                   all cameras from nothing but a person
    `mvtri calibrate align CALIB`                   another floor, origin, scale or axes

    docs/calibrating.md says which way is for you; `mvtri audit` checks a calibration.
    """
