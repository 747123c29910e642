"""`--task` of `mvtri benchmark`: which command it hands over to."""

import importlib
import types

import click
import pytest
from click.testing import CliRunner

from mvtri.cli import benchmark_tasks
from mvtri.cli.benchmark import benchmark


@click.command()
@benchmark_tasks.task_option("other")
@click.option("--only-here")
def other(only_here):
    click.echo(f"other {only_here}")


@pytest.fixture
def with_other(monkeypatch):
    """Add a task called other."""
    monkeypatch.setitem(benchmark_tasks.TASKS, "other", ("made_up", "other", "nothing"))
    load = importlib.import_module
    monkeypatch.setattr(
        benchmark_tasks.importlib,
        "import_module",
        lambda name: types.SimpleNamespace(other=other) if name == "mvtri.cli.made_up" else load(name),
    )
    accept = click.Choice(list(benchmark_tasks.TASKS))
    for command in (benchmark, other):
        option = next(option for option in command.params if option.name == "task")
        monkeypatch.setattr(option, "type", accept)


def run(*arguments):
    group = click.Group(commands={"benchmark": benchmark})
    return CliRunner().invoke(group, ["benchmark", *arguments])


@pytest.mark.usefixtures("with_other")
@pytest.mark.parametrize(
    "arguments", [("--task", "other", "--only-here", "a"), ("--only-here", "a", "--task=other")]
)
def test_a_task_runs_its_own_command_with_its_own_options(arguments):
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert done.output == "other a\n"


@pytest.mark.usefixtures("with_other")
def test_the_last_task_counts_as_with_any_option():
    assert run("--task", "3d", "--task", "other").output == "other None\n"
    assert "--only-here" in run("--task", "other", "--help").output
    assert "--only-here" not in run("--task", "other", "--task", "3d", "--help").output


@pytest.mark.parametrize("arguments", [("--task", "4d"), ("--task=",), ("--task",)])
def test_an_unknown_task_is_refused_by_the_default_command(arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert "--task" in done.output


def test_the_default_task_has_its_options_and_help():
    shown = run("--help").output
    assert "--task" in shown
    assert "--setting" in shown
    assert run("--task", "3d", "--help").output == shown
