"""Whether a calibration was made from this recording."""

import json

import numpy as np
import pytest

from mvtri.calib.made_from import KEPT, chosen_views, read_made_from, share_of, views_of
from mvtri.errors import InputError
from mvtri.files import sha256


def walk(seed, frames=50):
    return np.random.default_rng(seed).uniform(0, 1000, (frames, 5, 3, 2))


def test_a_recording_is_recognised_by_any_part_of_it():
    views = chosen_views([walk(0), walk(1)])
    assert len(views) == KEPT
    first, second = share_of(views, walk(0)), share_of(views, walk(1))
    assert first + second == 1.0
    assert min(first, second) > 0.3
    parts = share_of(views, walk(0)[:20]), share_of(views, walk(0)[20:])
    assert sum(parts) == pytest.approx(first)
    assert share_of(views, walk(0)[:, :, 1:]) == pytest.approx(first * 2 / 3, abs=0.15)
    assert share_of(views, walk(0) + 0.001) > 0.8 * first
    assert share_of(views, walk(2)) == 0.0
    assert np.isnan(share_of([], walk(0)))


def test_views_of_nobody_are_no_views():
    pixels = np.full((4, 5, 3, 2), np.nan)
    assert views_of(pixels) == []
    pixels[0, 2, 1] = 7.0
    assert len(views_of(pixels)) == 1
    assert share_of(chosen_views([pixels]), walk(0)) == 0.0


@pytest.mark.parametrize(
    ("tree", "views"),
    [
        ({"made_from_views": ["a", "b", 3]}, ("a", "b")),
        ({"made_from_views": ["a"], "calibration_sha256": "of another file"}, ()),
        ({"made_from_views": "a"}, ()),
        ({}, ()),
        (["a"], ()),
    ],
)
def test_the_record_beside_the_calibration_is_read(tmp_path, tree, views):
    calibration = tmp_path / "rig.toml"
    calibration.write_text("x = 1", encoding="utf-8")
    assert read_made_from(calibration) == ()
    if isinstance(tree, dict):
        tree = {"calibration_sha256": sha256(calibration)} | tree
    calibration.with_suffix(".json").write_text(json.dumps(tree), encoding="utf-8")
    assert read_made_from(calibration) == views
    assert read_made_from(calibration.with_suffix(".json")) == ()


def test_a_record_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "rig.toml").write_text("x = 1", encoding="utf-8")
    (tmp_path / "rig.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not valid JSON"):
        read_made_from(tmp_path / "rig.toml")
