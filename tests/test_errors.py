"""Names that are nearly right are recognised whatever their case and punctuation."""

import pytest

from mvtri.errors import one_of, some_names


@pytest.mark.parametrize(
    ("found", "nearest"),
    [
        ("BODY_25B", "body25b"),
        ("body-25", "body25"),
        ("Halpe 26", "halpe26"),
        ("coco", "coco17"),
        ("octopus", None),
        ("--", None),
    ],
)
def test_the_nearest_name_is_offered(found, nearest):
    sentence = one_of(found, ["body25", "body25b", "coco17", "halpe26"], "skeleton")
    assert sentence.startswith(f"no skeleton is called {found!r}")
    assert ("did you mean" in sentence) == (nearest is not None)
    if nearest:
        assert f"did you mean {nearest!r}?" in sentence
    assert sentence.endswith("(there are: body25, body25b, coco17, halpe26)")


def test_names_of_punctuation_alone_are_told_apart():
    assert "did you mean '++'" in one_of("+++", ["--", "++"], "sign")


def test_long_lists_of_names_are_cut():
    assert some_names(["a", "b", "c"], most=2) == "a, b, c"
    assert some_names(["a", "b", "c", "d"], most=2) == "a, b, 2 more"
    assert some_names([]) == ""
