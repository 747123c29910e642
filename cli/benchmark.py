"""``mvtri benchmark``: 3D from true, noisy, stored or detected 2D, against the truth, by many methods."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.benchmark_options import DEMO, BenchmarkOptions
from mvtri.cli.benchmark_tasks import TaskCommand, task_option
from mvtri.cli.load_networks import load_networks
from mvtri.cli.terminal import print_table, progress
from mvtri.errors import InputError, one_of
from mvtri.files import check_apart, output_folder

if TYPE_CHECKING:
    from mvtri.benchmark import BenchmarkResults, Setting
    from mvtri.datasets import Dataset, SequenceInfo

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split values at commas."""
    return tuple(name.strip() for part in value for name in part.split(",") if name.strip())


def _methods(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split values at commas, but for those between the settings of a filter, which are numbers."""
    names: list[str] = []
    for name in _names(ctx, param, value):
        if names and ":" in names[-1] and name[0].isdigit():
            names[-1] += f",{name}"
        else:
            names.append(name)
    return tuple(names)


@click.command(cls=TaskCommand, context_settings={"help_option_names": ["-h", "--help"]})
@task_option()
@click.option("--dataset", default=DEMO, show_default=True, metavar="NAME",
              help="demo, synthetic-human36m, human36m or simspine, or one of their layouts.")  # fmt: skip
@click.option(
    "--root", type=FILE, help="The folder of the dataset; for synthetic-human36m, of .asf and .amc files."
)
@click.option("--dataset-option", "dataset_options", multiple=True, metavar="NAME=VALUE",
              help="An option of the dataset's reader, such as spread=0.4; may be repeated.")  # fmt: skip
@click.option("--setting", "settings", multiple=True, callback=_names, metavar="NAMES",
              help="Sources of the 2D: oracle, stored, detector, or a noise model and its size in pixels, "
              "such as iid:5.  [default: oracle, and detector for the demo, else iid:5]")  # fmt: skip
@click.option("--method", "methods", multiple=True, callback=_methods, metavar="NAMES",
              help="Methods, or: ours, peers, all.  A filter over time (rts, butterworth:6, ...) follows "
              "ransac; with NAME/FILTER, as in swaps-and-modes/rts, it follows another one.  "
              "[default: ours]")  # fmt: skip
@click.option("--stored", type=FILE, help="2D that is already detected, for the setting stored.")
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of --stored, where several have "
              "that number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="The pose model (`mvtri models list` shows all), for the "
              "setting detector.")  # fmt: skip
@click.option("--model", type=FILE, help="An ONNX pose model of your own, instead of --detector.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model.")
@click.option("--boxes", metavar="NAME|FILE", help="The person detector, for pose models that need boxes.")
@click.option("--images", type=FILE, help="The folder of the dataset's pictures, for the setting detector.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--cams", metavar="N|NAMES", help="Use the first N cameras, or the cameras with these names, "
              "separated by commas.  [default: all]")  # fmt: skip
@click.option("--subjects", multiple=True, callback=_names, metavar="NAMES", help="Such as S9,S11.")
@click.option("--actions", multiple=True, callback=_names, metavar="NAMES", help="Such as Walking,Sitting.")
@click.option("--no-undistort", is_flag=True, help="Ignore lens distortion in every method.")
@click.option("--no-subsets", is_flag=True, help="Leave out the table by number of cameras.")
@click.option("--no-sweep", is_flag=True, help="Leave out the curve of error against noise.")
@click.option("--exclude-damaged", is_flag=True, help="Leave out sequences whose truth is known to be wrong.")
@click.option("-j", "--parallel-sequences", type=click.IntRange(min=1), default=1, show_default=True,
              help="How many sequences are scored side by side.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise.")
@click.option("--out", type=FILE, help="The output folder; a run that was stopped continues there.  "
              "[default: mvtri-benchmark/NAME-OF-DATASET]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Delete the scores of a different run in the output folder.")
@click.pass_obj
def benchmark(state: dict[str, Any], /, **given: Any) -> None:
    """Score 3D tracks against the truth: oracle against detected, method by method.

    Prints a table per setting, and writes report.html, tables.md, results.csv and results.json.  The scores
    of each sequence are saved when it is done: the same command continues a run that was stopped.
    """
    from mvtri import benchmark as bench

    started = time.perf_counter()
    options = BenchmarkOptions(**given)
    dataset = _open_dataset(options)
    sequences = dataset.select(options.subjects or None, options.actions or None, options.exclude_damaged)
    settings, inputs = _make_settings(options, sequences)
    methods, template = bench.choose_methods(options.methods, dataset, sequences)
    plan = bench.Plan(
        settings,
        methods,
        cameras=options.cams,
        undistort=not options.no_undistort,
        subsets=not options.no_subsets,
        sweep=not options.no_sweep,
        seed=options.seed,
    )
    out = options.out or Path("mvtri-benchmark") / dataset.layout
    check_apart(out, [place for place in (options.root, options.stored, options.images) if place])
    frames = sum(info.frames for info in sequences)
    logger.info("%s: %d sequence(s), %d frames", dataset.layout, len(sequences), frames)
    with output_folder(out):
        with progress(state.get("quiet", False)) as report:
            scored = bench.run_benchmark(
                dataset,
                plan,
                sequences,
                out=out,
                inputs=inputs | {"template": template},
                overwrite=options.overwrite,
                parallel_sequences=options.parallel_sequences,
                progress=report,
            )
        call = shlex.join(["mvtri", *sys.argv[1:]])
        about = bench.describe_run(dataset, plan, template, call, options.record | inputs)
        results = bench.collect(scored, about)
        bench.save_results(out, results)
    _print_results(results)
    logger.info("wrote %s in %.1f s", out, time.perf_counter() - started)


def _open_dataset(options: BenchmarkOptions) -> Dataset:
    from mvtri import datasets

    if options.is_demo:
        return datasets.demo_dataset()
    name, layouts = options.dataset, datasets.DATASETS.formats()
    known = [DEMO, *sorted({layout.family for layout in layouts.values()}), *layouts]
    if name not in known:
        raise InputError(one_of(name, known, "dataset"))
    if options.root is None and name != "synthetic-human36m":
        raise InputError(f"--dataset {name} was given without --root; name the folder or file of the dataset")
    return datasets.open_dataset(name, options.root, **options.for_dataset)


def _make_settings(
    options: BenchmarkOptions, sequences: tuple[SequenceInfo, ...]
) -> tuple[tuple[Setting, ...], dict[str, Any]]:
    """Return the settings, and what identifies their inputs."""
    from mvtri.benchmark import identify_files, make_setting

    sources: dict[str, Any] = {}
    inputs: dict[str, Any] = {"stored": identify_files(options.stored), "skeleton": options.skeleton}
    if "detector" in options.wanted:
        sources, identity = _load_detector(options)
        inputs |= identity
    if options.stored:
        from mvtri.datasets import open_stored2d

        sources["stored"] = open_stored2d(options.stored, skeleton=options.skeleton)
        sources["stored"].check(sequences)
    made = [make_setting(name, **sources) for name in options.wanted]
    return tuple({setting.name: setting for setting in made}.values()), inputs  # iid is iid:5


def _load_detector(options: BenchmarkOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the setting detector needs, and what identifies it."""
    from mvtri import detection
    from mvtri.files import sha256

    default = detection.DEMO_DETECTOR if options.is_demo else detection.DEFAULT_DETECTOR
    name = options.network or default
    detector, boxes = load_networks(name, options.boxes, options.device, options.card)
    identity = {
        "detector": [network.sha256 for network in (detector, boxes) if network is not None],
        "card": sha256(options.card) if options.card else None,
        "images": str(options.images.resolve()) if options.images else None,
    }
    return {"detector": detector, "boxes": boxes, "images": options.images}, identity


def _print_results(results: BenchmarkResults) -> None:
    from mvtri.benchmark import overall_tables, summary_line

    for table in overall_tables(results):
        heads = [head.replace(" ", "\n", 1) for head in table.columns]
        print_table(f"{results.about['dataset']}: {table.title}", heads, table.rows)
    for what, why in results.about["left_out"].items():
        logger.info("%s was left out: it needs %s", what, why)
    for setting, names in results.about["unseen"].items():
        logger.warning(
            "%s: the 2D lacks these keypoints, so they are not scored: %s", setting, ", ".join(names)
        )
    click.echo(summary_line(results.about))
