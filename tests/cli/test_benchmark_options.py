"""The options of ``mvtri benchmark``: defaults, values, and combinations that are refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mvtri.cli.benchmark import benchmark
from mvtri.cli.benchmark_options import BenchmarkOptions
from mvtri.errors import InputError


def options(**given):
    command = benchmark.make_context("benchmark", [])
    return BenchmarkOptions(**command.params | given)


def test_defaults_depend_on_the_dataset():
    assert options().is_demo
    assert options().wanted == ("oracle", "detector")
    assert options(dataset="simspine").wanted == ("oracle", "iid:5")
    assert options(settings=("stored",)).wanted == ("stored",)
    assert options().parallel_sequences == 1


def test_values_of_dataset_options_are_numbers_where_they_look_like_numbers():
    given = options(dataset="simspine", dataset_options=("spread=0.4", "fps = 25", "name=x y", "flag=true"))
    assert given.for_dataset == {"spread": 0.4, "fps": 25, "name": "x y", "flag": True}
    with pytest.raises(InputError, match="NAME=VALUE"):
        _ = options(dataset="simspine", dataset_options=("spread",)).for_dataset


def test_the_record_has_what_was_given_and_no_more():
    record = options(subjects=("S9",), no_sweep=True).record
    assert record["subjects"] == "('S9',)"
    assert record["no_sweep"] == "True"
    assert not {"root", "model", "overwrite", "actions"} & set(record)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"root": Path()}, "the demo is built-in"),
        ({"settings": ("oracle",), "boxes": "rtmdet-nano"}, "--boxes given .*add --setting detector"),
        ({"detector": "a", "model": Path("b")}, "both --detector and --model"),
        ({"card": Path("b")}, "--card was given without --model"),
        ({"stored": Path("x")}, "add --setting stored"),
        ({"skeleton": "coco17"}, "--skeleton was given without --stored"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given, match):
    with pytest.raises(InputError, match=match):
        options(**given)


def test_the_short_form_counts_sequences():
    assert benchmark.make_context("benchmark", ["-j", "3"]).params["parallel_sequences"] == 3
    assert CliRunner().invoke(benchmark, ["-j", "0"]).exit_code == 2


def test_commas_between_the_settings_of_a_filter_stay():
    given = ["--method", "dlt,savitzky-golay:11,3,rts", "--method", "ransac/hampel:7,2.5+butterworth:6"]
    methods = benchmark.make_context("benchmark", given).params["methods"]
    assert methods == ("dlt", "savitzky-golay:11,3", "rts", "ransac/hampel:7,2.5+butterworth:6")
