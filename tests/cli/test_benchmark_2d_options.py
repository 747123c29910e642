"""The options of `mvtri benchmark --task 2d`: what fits and what contradicts."""

from pathlib import Path

import pytest

from mvtri.cli.benchmark_2d_options import Options2d
from mvtri.errors import InputError

NOTHING = {
    "truth": None,
    "results": (),
    "skeleton": None,
    "images": None,
    "dataset": None,
    "root": None,
    "subjects": (),
    "actions": (),
    "settings": (),
    "session": None,
    "calib": None,
    "frames": None,
    "detectors": (),
    "models": (),
    "boxes": None,
    "device": "auto",
    "methods": (),
    "rig": None,
    "seed": 0,
    "out": None,
}


def options(**given):
    return Options2d(**NOTHING | given)


def test_without_anything_the_demo_is_scored():
    assert options().is_demo
    assert options().name == "demo"
    assert options(dataset="demo", settings=("iid:5",)).is_demo
    assert not options(dataset="human36m", root=Path("x"), detectors=("a",)).is_demo


def test_what_was_given_and_is_read_is_recorded():
    made = options(truth=Path("a/truth.json"), results=(Path("b.json"), Path("c.json")))
    assert made.name == "truth"
    assert made.inputs == [Path("a/truth.json"), Path("b.json"), Path("c.json")]
    assert set(made.record) == {"truth", "results", "device", "seed"}


def test_results_of_one_name_are_told_apart_by_their_folders():
    files = (Path("a/results.json"), Path("b/results.json"), Path("c/other.json"))
    assert options(truth=Path("t.json"), results=files).result_names == ["a/results", "b/results", "other"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"truth": Path("a"), "session": Path("b")}, "both --truth and --session were given; keep the one"),
        ({"results": (Path("a"),)}, "--results was given without --truth, which it belongs to; add --truth"),
        ({"calib": Path("a")}, "--calib was given without --session, which it belongs to; add --session"),
        ({"truth": Path("a"), "settings": ("iid",)}, "--setting was given, which is for --dataset; leave it"),
        ({"session": Path("a"), "root": Path("b")}, "--root was given, which is for --dataset; leave it out"),
        (
            {"truth": Path("a"), "methods": ("rts",)},
            "--cost was given, which needs true 3D; name a --dataset",
        ),
        ({"boxes": "yolox"}, "--boxes was given without --detector or --model, which it finds people for"),
        ({"rig": Path("a")}, "--rig was given without --cost; add --cost ransac,rts, for example"),
        (
            {"truth": Path("a"), "frames": ":9"},
            "--frames was given, which chooses frames of videos; leave it",
        ),
        ({"root": Path("b")}, "the demo is built-in; leave --root out, or name another --dataset"),
        ({"truth": Path("a")}, "there is nothing to score; name what shall be scored with --results FILE or"),
        ({"session": Path("a")}, "there is nothing to score; name what shall be scored with --detector NAME"),
        (
            {"dataset": "simspine"},
            "there is nothing to score; name what shall be scored with --setting iid:5",
        ),
        (
            {"truth": Path("a"), "detectors": ("b",)},
            "a detector needs the labelled pictures; name their fold",
        ),
    ],
)
def test_what_contradicts_is_refused(given, sentence):
    with pytest.raises(InputError) as error:
        options(**given)
    assert str(error.value).startswith(sentence)
