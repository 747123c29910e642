"""The tasks of ``mvtri benchmark``: each is a command of its own, with its own options and help."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

DEFAULT = "3d"
TASKS = {  # by name: the module in mvtri.cli, its command, and what it measures
    DEFAULT: ("benchmark", "benchmark", "3D from several views"),
    "2d": ("benchmark_2d", "benchmark_2d", "detectors of keypoints"),
}


class TaskCommand(click.Command):
    """The command of the default task, which hands over to the command of the task that ``--task`` names."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the command of the task that is wanted."""
        name = _wanted(args)
        if name == DEFAULT or name not in TASKS:  # the option itself refuses what is unknown
            return super().make_context(info_name, args, parent, **extra)
        module, command, _ = TASKS[name]
        chosen: click.Command = getattr(importlib.import_module(f"mvtri.cli.{module}"), command)
        return chosen.make_context(info_name, args, parent, **extra)


def task_option(default: str = DEFAULT) -> Callable[[Any], Any]:
    """Return the option ``--task``, which every task's command has; `TaskCommand` has read it already."""
    listed = "; ".join(f"{name}: {what}" for name, (_, _, what) in TASKS.items())
    return click.option("--task", type=click.Choice(list(TASKS)), default=default, show_default=DEFAULT,
                        expose_value=False, help=f"What to measure: {listed}.  Each task has its own options "
                        "(`mvtri benchmark --task NAME --help`).")  # fmt: skip


def _wanted(args: list[str]) -> str:
    """Return the value of ``--task`` among the arguments, ``""`` without any."""
    found = ""
    for place, argument in enumerate(args):
        if argument == "--":
            break
        if argument == "--task" and place + 1 < len(args):
            found = args[place + 1]
        elif argument.startswith("--task="):
            found = argument.partition("=")[2]
    return found
