"""The options of ``mvtri reconstruct``: typed, and refused where they contradict each other."""

import dataclasses
from pathlib import Path

import pytest

from mvtri.cli.reconstruct_options import ReconstructOptions
from mvtri.errors import InputError

DEFAULTS = dict.fromkeys(field.name for field in dataclasses.fields(ReconstructOptions))
DEFAULTS |= {"people": "1", "method": "ransac", "device": "auto", "no_undistort": False, "overwrite": False}
SESSION = {"session": Path("trial")}


def options(**given):
    return ReconstructOptions(**DEFAULTS | given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"detector": "a", "model": Path("b")}, "both --detector and --model were given; keep the one"),
        (SESSION | {"pose": Path("p"), "detector": "a"}, "both --detector and --pose were given"),
        (SESSION | {"pose": Path("p"), "model": Path("b")}, "both --model and --pose were given"),
        (SESSION | {"pose": Path("p"), "boxes": "b"}, "both --boxes and --pose were given"),
        (SESSION | {"skeleton": "coco17", "detector": "a"}, "both --detector and --skeleton were given"),
        ({"card": Path("c")}, "--card was given without --model"),
        ({"people": "2"}, "--people 2 was given, but mvtri cannot follow several people yet; use --people 1"),
        ({"people": "auto"}, "--people auto was given"),
        ({"fps": 50.0, "unit": "mm"}, "--fps and --unit given without a SESSION"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(given, sentence):
    with pytest.raises(InputError) as caught:
        options(**given)
    assert str(caught.value).startswith(sentence)


def test_the_record_holds_what_was_given_as_text():
    made = options(session=Path("trial"), cams="4", no_undistort=True)
    assert made.record == {
        "session": "trial",
        "cams": "4",
        "people": "1",
        "method": "ransac",
        "no_undistort": "True",
        "device": "auto",
    }
    assert made.network is None
    assert options(model=Path("net.onnx")).network == Path("net.onnx")


def test_options_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        options().people = "3"
