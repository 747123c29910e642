"""``mvtri calibrate rig`` as a person types it."""

import numpy as np
import pytest
from walkers_calib import CAMS, NAMES, distances, seen

import mvtri
from mvtri.cli.command import _run
from mvtri.synthetic import walk_about
from mvtri.tracks import make_detections


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rig") / "walk"
    pixels = seen(walk_about(150, 3))
    found = make_detections(
        pixels[:, None], np.full((150, 1, 37, 4), 0.9), keypoints=NAMES, cameras=CAMS.names, fps=50.0,
        image_sizes=CAMS.image_sizes, skeleton="spinetrack37",
    )  # fmt: skip
    (folder / "pose").mkdir(parents=True)
    mvtri.write_detections(folder / "pose" / "detections.nc", found)
    mvtri.write_cameras(folder / "lenses.toml", CAMS)
    return folder


def run(*arguments):
    return _run(["-q", "calibrate", "rig", *map(str, arguments)], debug=False)


def test_all_cameras_are_found_and_written(session, tmp_path, capsys):
    out = tmp_path / "rig.toml"
    assert run(session, "--lenses", session / "lenses.toml", "--out", out, "--height", "1.75") == 0
    text = capsys.readouterr().out
    assert "focal length px" in text
    assert "late" not in text
    found = mvtri.read_cameras(out)
    assert distances(found)[1].max() < 0.25
    assert found.centers[:, 2].min() > 1.0  # above the floor, in metres
    reconstructed = mvtri.open_session(session, calibration=out)
    assert reconstructed.cameras.names == CAMS.names


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "has 0 videos in videos/"),
        (["--lenses", "lenses.toml", "--out", "rig.txt"], "name that ends in .toml"),
        (["--lenses", "lenses.toml", "--height", "175"], "175.0 is not in the range"),
        (["--lenses", "no.toml"], "no.toml"),
    ],
)
def test_mistakes_are_one_sentence(session, monkeypatch, capsys, options, sentence):
    monkeypatch.chdir(session)
    assert run(session, *options) == 1
    assert sentence in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (session / "mvtri-output").exists()
