"""``mvtri benchmark --task 2d``: detectors of keypoints against labels, or against each other."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.cli.benchmark_2d_options import DEMO, Options2d
from mvtri.cli.benchmark_tasks import task_option
from mvtri.cli.load_networks import load_networks
from mvtri.cli.terminal import print_table, progress
from mvtri.files import check_apart, output_folder

if TYPE_CHECKING:
    from mvtri.benchmark import Table
    from mvtri.benchmark.detectors import Candidate, Comparison
    from mvtri.datasets import Dataset
    from mvtri.datasets import Sequence as Recording
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress

logger = logging.getLogger("mvtri")
FILE = click.Path(path_type=Path)


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split values at commas."""
    return tuple(name.strip() for part in value for name in part.split(",") if name.strip())


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@task_option("2d")
@click.option("--truth", type=FILE, help="A file of labelled people: COCO's ground truth, or any 2D that "
              "mvtri reads.")  # fmt: skip
@click.option("--results", type=FILE, multiple=True, help="What a detector found in the images of --truth; "
              "may be repeated, for several detectors side by side.")  # fmt: skip
@click.option("--skeleton", metavar="NAME|FILE", help="The keypoint set of --truth, where several have that "
              "number of keypoints; or a TOML file with your own.")  # fmt: skip
@click.option("--images", type=FILE, help="The folder of the pictures that --truth names: for detectors, and "
              "for the worst cases in the report.")  # fmt: skip
@click.option("--dataset", metavar="NAME", help="Labelled recordings instead of --truth: demo, "
              "synthetic-human36m, human36m, simspine, or a layout of theirs.  [default: demo]")  # fmt: skip
@click.option("--root", type=FILE, help="The folder of the dataset.")
@click.option("--subjects", multiple=True, callback=_names, metavar="NAMES", help="Such as S9,S11.")
@click.option("--actions", multiple=True, callback=_names, metavar="NAMES", help="Such as Walking,Sitting.")
@click.option("--setting", "settings", multiple=True, callback=_names, metavar="NAMES",
              help="Detectors that do not exist, of a noise model and its size in pixels, such as iid:5; "
              "for --dataset.")  # fmt: skip
@click.option("--session", type=FILE, help="A session folder without labels: detectors are compared "
              "with each other and with the 3D from each, which is agreement, not accuracy.")  # fmt: skip
@click.option("--calib", type=FILE, help="The calibration of --session.  [default: the one in the session]")
@click.option("--frames", metavar="START:STOP:STEP", help="Which frames of each recording, as in a "
              "Python slice.")  # fmt: skip
@click.option("--detector", "detectors", multiple=True, callback=_names, metavar="NAMES",
              help="Pose models (`mvtri models list` shows all) that run over the pictures or videos.  "
              "[default: the demo's own, for the demo]")  # fmt: skip
@click.option("--model", "models", type=FILE, multiple=True, help="An ONNX pose model of your own.")
@click.option("--boxes", metavar="NAME|FILE", help="The person detector, for pose models that need boxes.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--cost", "methods", multiple=True, callback=_names, metavar="METHODS",
              help="Put the measured errors through these methods of the 3D benchmark, such as rts, in "
              "the rig of the dataset: what detectors cost in 3D.")  # fmt: skip
@click.option("--rig", type=FILE, help="Another calibration for --cost, in the world of the dataset.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of noise and intervals."
)
@click.option("--out", type=FILE, help="The output folder.  [default: mvtri-benchmark-2d/NAME]")
@click.pass_obj
def benchmark_2d(state: dict[str, Any], /, **given: Any) -> None:
    """Score detectors of keypoints in 2D: AP and AR, PCK and AUC, calibration, by keypoint and by view.

    Prints a table, and writes report.html with pictures of the worst cases, tables.md and results.json.
    Without --truth, --dataset or --session it scores the demo's detector on the demo's own frames.
    """
    from mvtri.benchmark.detectors.save import save_comparisons

    started, quiet = time.perf_counter(), state.get("quiet", False)
    options = Options2d(**given)
    out = options.out or Path("mvtri-benchmark-2d") / options.name
    check_apart(out, options.inputs)
    with output_folder(out), progress(quiet) as report:
        comparisons, about, costs = _compare(options, report)
        call = shlex.join(["mvtri", *sys.argv[1:]])
        save_comparisons(out, comparisons, about, call, options.record, costs)
    _print(comparisons, costs)
    logger.info("wrote %s in %.1f s", out, time.perf_counter() - started)


def _compare(options: Options2d, report: Progress) -> tuple[list[Comparison], dict[str, Any], list[Table]]:
    if options.truth:
        return _with_files(options, report), {"title": f"Detectors on {options.truth.name}"}, []
    if options.session:
        title = f"Agreement of detectors on {options.session.name}"
        return _with_session(options, report), {"title": title}, []
    return _with_dataset(options, report)


def _with_files(options: Options2d, report: Progress) -> list[Comparison]:
    from mvtri.benchmark.detectors import score_detectors
    from mvtri.benchmark.detectors.files import LabelFile
    from mvtri.benchmark.detectors.sources import detect_in_pictures

    assert options.truth is not None
    labels = LabelFile(options.truth, options.skeleton, options.images)
    found = [labels.read(path, name) for path, name in zip(options.results, options.result_names)]
    found += [detect_in_pictures(labels.labelled, *network, report) for network in _networks(options)]
    return [score_detectors(labels.labelled, found, options.seed)]


def _with_session(options: Options2d, report: Progress) -> list[Comparison]:
    from mvtri import detection, sessions
    from mvtri.benchmark.detectors import score_detectors
    from mvtri.benchmark.detectors.labelled import found_in
    from mvtri.benchmark.detectors.sources import references

    assert options.session is not None
    session = sessions.open_session(
        options.session, calibration=options.calib, pose=False, frames=options.frames
    )
    networks = {network[0].name: network for network in _networks(options)}
    found = {
        name: detection.detect(session, *network, frames=session.frame_range, progress=_named(report, name))
        for name, network in networks.items()
    }
    candidates = [found_in(detections, name) for name, detections in found.items()]
    labels = references(session, found)
    return [
        score_detectors(labelled, [one for one in candidates if one.name != labelled.name], options.seed)
        for labelled in labels
    ]


def _with_dataset(
    options: Options2d, report: Progress
) -> tuple[list[Comparison], dict[str, Any], list[Table]]:
    from mvtri.benchmark.detectors import score_detectors
    from mvtri.benchmark.detectors.labelled import join, join_candidates
    from mvtri.benchmark.detectors.sources import clip, label_recording
    from mvtri.sessions import parse_frames

    dataset = _open_dataset(options)
    infos = dataset.select(options.subjects or None, options.actions or None)
    networks = _networks(options)
    labels, found, recordings = [], [], []
    for info in infos:
        frames = parse_frames(options.frames, info.frames)
        recording = clip(dataset.load(info), frames)
        recordings.append(recording)
        labels.append(label_recording(recording, dataset.synthetic, frames))
        found.append(_find(recording, frames, options, networks, report))
    candidates = [join_candidates(parts, labels) for parts in zip(*found)]
    about = {"title": f"Detectors on {dataset.layout}", "synthetic": dataset.synthetic}
    comparison = score_detectors(join(labels), candidates, options.seed)
    return [comparison], about, _costs(comparison, recordings[0], options)


def _costs(comparison: Comparison, recording: Recording, options: Options2d) -> list[Table]:
    """Return the cost of each detector in 3D, with the motion of one recording."""
    if not options.methods:
        return []
    from mvtri.benchmark import get_method
    from mvtri.benchmark.detectors.cost import cost_table, costs_of_recording
    from mvtri.calib import read_cameras

    rig = read_cameras(options.rig) if options.rig else recording.cameras
    costs = [
        cost
        for method in map(get_method, options.methods)
        for cost in costs_of_recording(comparison, recording, rig, method, options.seed)
    ]
    return [cost_table(costs, {one.name: one.groups["all"]["AP"] for one in comparison.detectors})]


def _find(
    recording: Recording,
    frames: tuple[int, int, int],
    options: Options2d,
    networks: list[tuple[Detector, BoxDetector | None]],
    report: Progress,
) -> list[Candidate]:
    """Return what each noise model and each network finds in a recording."""
    from mvtri.benchmark import make_setting
    from mvtri.benchmark.detectors.labelled import found_in
    from mvtri.benchmark.detectors.sources import detect_in, found_by

    found = []
    for setting in map(make_setting, options.settings):
        observed = setting.observe(recording, recording.cameras.names, options.seed)
        found.append(found_by(observed, setting.name, setting.description))
    for network in networks:
        name = network[0].name
        found.append(found_in(detect_in(recording, frames, *network, _named(report, name)), name))
    return found


def _named(report: Progress, name: str) -> Progress:
    """Return a progress that says which detector is at work."""
    return lambda stage, done, total: report(f"{stage} ({name})", done, total)


def _open_dataset(options: Options2d) -> Dataset:
    from mvtri import datasets

    if options.is_demo:
        return datasets.demo_dataset()
    return datasets.open_dataset(options.dataset or DEMO, options.root)


def _networks(options: Options2d) -> list[tuple[Detector, BoxDetector | None]]:
    from mvtri import detection
    from mvtri.benchmark.detectors.score import check_names

    names: list[str | Path] = [*options.detectors, *options.models]
    if not names and options.is_demo and not options.settings:
        names = [detection.DEMO_DETECTOR]
    networks = [load_networks(name, options.boxes, options.device) for name in names]
    check_names([network.name for network, _ in networks])
    return networks


def _print(comparisons: list[Comparison], costs: list[Table]) -> None:
    from mvtri.benchmark.detectors.tables import BRIEF, overall_table

    for comparison in comparisons:
        table = overall_table(comparison, BRIEF)
        print_table(table.title, table.columns, table.rows)
        if comparison.left_out:
            logger.warning(
                "not scored, because a detector lacks them or they have no sigma: %s",
                ", ".join(comparison.left_out),
            )
    for table in costs:
        print_table(table.title, table.columns, table.rows)
