"""What is wrong with a lifter's card is said, a phrase per problem."""

import tomllib

import pytest

from mvtri.errors import InputError
from mvtri.models.card_files import parse_card
from mvtri.models.library import find_card

RAYS = find_card("spinepose-lifter-simspine").path.read_text(encoding="utf-8")
TURNED = find_card("mvtri-lift-27").path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "old", "new", "phrase"),
    [
        (TURNED, "frames = 27", "frames = 26", "lift.frames is 26, expected an odd number"),
        (TURNED, "frames = 27", "frames = 2001", "lift.frames is 2001"),
        (TURNED, "score = 0.3", "score = 1.5", "lift.score is 1.5, expected 0 to 1"),
        (TURNED, "rate = 50.0", "rate = -1.0", "lift.rate is -1"),
        (TURNED, 'unit = "heights"', 'unit = "feet"', "lift.unit is 'feet', expected one of heights"),
        (TURNED, 'normalisation = "turned"', 'normalisation = "none"', "lift.normalisation is 'none'"),
        (TURNED, 'inputs = ["points", "size"]', 'inputs = ["points"]', "lift.inputs names 1 input"),
        (TURNED, 'outputs = ["position", "spread"]', "outputs = []", "lift.outputs names 0 outputs"),
        (TURNED, 'skeleton = "spinetrack37"', "", "skeleton is missing"),
        (RAYS, "frames = 1", "frames = 3", "lift.frames is more than 1"),
    ],
)
def test_problems_of_cards(text, old, new, phrase):
    assert old in text
    parse_card(tomllib.loads(text))
    with pytest.raises(InputError, match=phrase):
        parse_card(tomllib.loads(text.replace(old, new)))
