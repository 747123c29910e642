"""``mvtri benchmark``: 3D from true, disturbed, stored or detected 2D, against the truth, by many methods."""

from __future__ import annotations

import logging
import shlex
import sys
import time
import tomllib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.screen import print_table, progress
from mvtri.errors import InputError, one_of

if TYPE_CHECKING:
    from mvtri.benchmark import Method, Setting
    from mvtri.datasets import Dataset, SequenceInfo

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)
DEMO = "demo"


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split values at commas."""
    return tuple(name.strip() for part in value for name in part.split(",") if name.strip())


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dataset", default=DEMO, show_default=True, metavar="NAME",
              help="demo, synthetic-human36m, human36m, simspine, or a layout of these.")  # fmt: skip
@click.option(
    "--root", type=FILE, help="Where the dataset lies; synthetic-human36m: a folder of .asf and .amc."
)
@click.option("--dataset-option", "dataset_options", multiple=True, metavar="NAME=VALUE",
              help="What its reader takes besides, such as spread=0.4; may be repeated.")  # fmt: skip
@click.option("--setting", "settings", multiple=True, callback=_names, metavar="NAMES",
              help="oracle, stored, detector, or a noise model with its px: iid:5.  [default: oracle and, in "
              "the demo, detector, else iid:5]")  # fmt: skip
@click.option("--method", "methods", multiple=True, callback=_names, metavar="NAMES",
              help="Methods, or: ours, peers, all.  [default: ours]")  # fmt: skip
@click.option("--stored", type=FILE, help="2D already detected, for the setting stored.")
@click.option("--skeleton", metavar="NAME", help="Keypoint set of --stored, where its count is ambiguous.")
@click.option("--detector", metavar="NAME", help="A model of `mvtri models list`, for the setting detector.")
@click.option("--model", type=FILE, help="An ONNX pose model of your own, for the setting detector.")
@click.option("--card", type=FILE, help="The card (TOML) that describes --model.")
@click.option("--boxes", metavar="NAME|FILE", help="Person detector, for pose models that need boxes.")
@click.option(
    "--images", type=FILE, help="Folder of the pictures that the dataset names, for the setting detector."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--cams", metavar="N|NAMES", help="The first N cameras, or names with commas.")
@click.option("--subjects", multiple=True, callback=_names, metavar="NAMES", help="Such as S9,S11.")
@click.option("--actions", multiple=True, callback=_names, metavar="NAMES", help="Such as Walking,Sitting.")
@click.option("--no-undistort", is_flag=True, help="Ignore lens distortion in every method.")
@click.option("--no-subsets", is_flag=True, help="Leave out the table by number of cameras.")
@click.option("--no-sweep", is_flag=True, help="Leave out the curve of error against noise.")
@click.option("--exclude-damaged", is_flag=True, help="Leave out sequences whose truth is known to be off.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Sequences at a time."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise.")
@click.option("--out", type=FILE, help="Output folder; a run that was stopped goes on there.  "
              "[default: mvtri-benchmark/NAME-OF-DATASET]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Throw away the scores of another run in the output folder.")
@click.pass_obj
def benchmark(state: dict[str, Any], /, **options: Any) -> None:
    """Score 3D tracks against the truth: oracle against detected, method by method.

    Prints a table a setting, and writes report.html, tables.md, results.csv and results.json.  Scores are
    kept as soon as a sequence is done: the same command again goes on from there.
    """
    from mvtri.benchmark import Plan, collect, overall_tables, run_benchmark, save_tables
    from mvtri.benchmark.report import write_benchmark_report

    started = time.perf_counter()
    dataset = _dataset(options)
    sequences = dataset.select(
        options["subjects"] or None, options["actions"] or None, options["exclude_damaged"]
    )
    settings, inputs = _settings(options, sequences)
    methods, template = _methods(options, dataset, sequences)
    plan = Plan(
        settings,
        methods,
        cams=options["cams"],
        undistort=not options["no_undistort"],
        subsets=not options["no_subsets"],
        sweep=not options["no_sweep"],
        seed=options["seed"],
    )
    out = options["out"] or Path("mvtri-benchmark") / dataset.layout
    logger.info(
        "%s: %d sequence(s), %d frames", dataset.layout, len(sequences), sum(s.frames for s in sequences)
    )
    with progress(state.get("quiet", False)) as report:
        scored = run_benchmark(
            dataset,
            plan,
            sequences,
            out=out,
            more=inputs | {"template": template},
            overwrite=options["overwrite"],
            workers=options["workers"],
            progress=report,
        )
    results = collect(scored, _about(options, dataset, plan, inputs, template))
    results.save(out)
    save_tables(out / "tables.md", results)
    write_benchmark_report(out / "report.html", results.to_json())
    for table in overall_tables(results):
        heads = [head.replace(" ", "\n", 1) for head in table.columns]
        print_table(f"{dataset.layout}: {table.title}", heads, table.rows)
    for what, why in results.about["left_out"].items():
        logger.info("%s was left out: it needs %s", what, why)
    for setting, names in results.about["unseen"].items():
        logger.warning("%s: not scored, for its 2D knows nothing of them: %s", setting, ", ".join(names))
    click.echo(_conclusion(results.about))
    logger.info("wrote %s in %.1f s", out, time.perf_counter() - started)


def _dataset(options: dict[str, Any]) -> Dataset:
    from mvtri import datasets

    name, root = options["dataset"], options["root"]
    more = dict(_option(text) for text in options["dataset_options"])
    if name == DEMO:
        if root or more:
            raise InputError(
                "the demo is in the box; leave --root and --dataset-option out, or name a dataset"
            )
        return datasets.demo_dataset()
    layouts = datasets.dataset_layouts()
    known = [DEMO, *sorted({layout.family for layout in layouts.values()}), *layouts]
    if name not in known:
        raise InputError(one_of(name, known, "dataset"))
    if root is None and name != "synthetic-human36m":
        raise InputError(
            f"--dataset {name} was given without --root; name the folder or file that it lies in"
        )
    return datasets.open_dataset(name, root, **more)


def _option(text: str) -> tuple[str, Any]:
    """Return name and value; what is no TOML value is a word."""
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise InputError(f"--dataset-option {text} has no value; write it as NAME=VALUE")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def _settings(
    options: dict[str, Any], sequences: tuple[SequenceInfo, ...]
) -> tuple[tuple[Setting, ...], dict[str, Any]]:
    """Return the settings, and what tells their inputs from others."""
    from mvtri.benchmark import make_setting
    from mvtri.files import sha256

    wanted = options["settings"] or ("oracle", "detector" if options["dataset"] == DEMO else "iid:5")
    _check(options, wanted)
    given: dict[str, Any] = {}
    inputs: dict[str, Any] = {"stored": _state(options["stored"]), "skeleton": options["skeleton"]}
    if "detector" in wanted:
        given = _networks(options)
        inputs["detector"] = [given[kind].sha256 for kind in ("detector", "boxes") if given[kind] is not None]
        inputs["card"] = sha256(options["card"]) if options["card"] else None
        inputs["images"] = str(options["images"].resolve()) if options["images"] else None
    if options["stored"]:
        from mvtri.datasets import open_stored2d

        given["stored"] = open_stored2d(options["stored"], skeleton=options["skeleton"])
        given["stored"].check(sequences)
    made = [make_setting(name, **given) for name in wanted]
    return tuple({setting.name: setting for setting in made}.values()), inputs  # iid is iid:5


def _state(path: Path | None) -> str | None:
    """Return where files lie and a checksum of their names, sizes and times, which new contents change."""
    if path is None or not path.exists():
        return None
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    stats = [(file.relative_to(path).as_posix(), file.stat()) for file in files]
    found = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return f"{path.resolve()}, {zlib.crc32(repr(found).encode()):08x}"


def _check(options: dict[str, Any], wanted: tuple[str, ...]) -> None:
    """Refuse options that contradict each other, or that nothing would heed."""
    networks = [f"--{name}" for name in ("detector", "model", "card", "boxes", "images") if options[name]]
    if networks and "detector" not in wanted:
        raise InputError(
            f"{' and '.join(networks)} given without the setting detector; add --setting detector"
        )
    if options["detector"] and options["model"]:
        raise InputError(
            "both --detector and --model were given; keep the one that says which network to run"
        )
    if options["card"] and not options["model"]:
        raise InputError("--card was given without --model; name the ONNX file that the card describes")
    if options["stored"] and "stored" not in wanted:
        raise InputError("--stored was given without the setting stored; add --setting stored")
    if options["skeleton"] and not options["stored"]:
        raise InputError("--skeleton was given without --stored; name the files whose keypoints it describes")


def _networks(options: dict[str, Any]) -> dict[str, Any]:
    from mvtri import detection

    default = detection.DEMO_DETECTOR if options["dataset"] == DEMO else detection.DEFAULT_DETECTOR
    name = options["detector"] or options["model"] or default
    detector = detection.load_detector(name, device=options["device"], card=options["card"])
    boxes = None
    if detector.needs_boxes:
        boxes = detection.load_boxes(options["boxes"] or detection.DEFAULT_BOXES, device=options["device"])
    elif options["boxes"]:
        raise InputError(
            f"--boxes was given, but the detector {detector.name} finds people by itself; leave it out"
        )
    return {"detector": detector, "boxes": boxes, "images": options["images"]}


def _methods(
    options: dict[str, Any], dataset: Dataset, sequences: tuple[SequenceInfo, ...]
) -> tuple[tuple[Method, ...], str | None]:
    """Return the methods, and where the rigid spine is from."""
    from mvtri.benchmark import get_method, list_methods, spine_template
    from mvtri.benchmark.methods.peers import PEERS, SLOW, available

    there = [name for name in available() if name not in SLOW]
    groups = {
        "ours": [name for name in list_methods() if name not in PEERS],
        "peers": there,
        "all": [name for name in list_methods() if name not in PEERS or name in there],
    }
    wanted = [name for given in options["methods"] or ("ours",) for name in groups.get(given, [given])]
    wanted = list(dict.fromkeys(wanted))
    template = spine_template(dataset, sequences) if "rigid-spine" in wanted and sequences else None
    if "rigid-spine" in wanted and template is None and not options["methods"]:
        wanted.remove("rigid-spine")
    return tuple(get_method(name, template) for name in wanted), template.source if template else None


def _about(
    options: dict[str, Any], dataset: Dataset, plan: Any, inputs: dict[str, Any], template: str | None
) -> dict[str, Any]:
    from mvtri.files import provenance

    people = "a rendered person" if dataset.layout == DEMO else "synthetic people"
    return {
        "dataset": dataset.layout,
        "synthetic": people if dataset.synthetic else None,
        "settings": {setting.name: setting.description for setting in plan.settings},
        "methods": {method.name: method.description for method in plan.methods},
        "rigid_spine": template,
        "controls": ["rigid-spine"],
        "undistort": plan.undistort,
        "provenance": provenance(
            shlex.join(["mvtri", *sys.argv[1:]]),
            {key: str(value) for key, value in options.items() if value not in (None, False, ())} | inputs,
        ),
    }


def _conclusion(about: dict[str, Any]) -> str:
    count = about["sequences"]
    text = f"{count} sequence{'' if count == 1 else 's'}, {about['frames']} frames"
    if about["synthetic"]:
        text += f"; all of it is synthetic ({about['synthetic']})"
    if about["damaged"]:
        text += f"; {len(about['damaged'])} of them known as damaged (--exclude-damaged leaves them out)"
    return text
