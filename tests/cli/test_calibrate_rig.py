"""``mvtri calibrate rig`` as a person types it."""

import json

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


def test_how_sure_it_is_lies_beside_the_calibration(session, tmp_path, capsys):
    out = tmp_path / "rig.toml"
    assert run(session, "--lenses", session / "lenses.toml", "--out", out) == 0
    printed = capsys.readouterr()
    assert "±" in printed.out
    assert "the scale is that of a person who is 1.70 m tall; if that is wrong" in printed.out
    record = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["height_m"] == 1.7
    assert _run(["-q", "audit", str(out), str(session)], debug=False) == 0
    assert "It was made from this recording" in capsys.readouterr().out
    opened = mvtri.open_session(session, calibration=out)
    covariance = opened.pose_covariance
    assert covariance.shape == (24, 24)
    found = mvtri.read_cameras(out)
    size = np.linalg.norm(found.centers[0] - found.centers[3])
    spread = np.sqrt(covariance.diagonal()).reshape(4, 6)
    assert 1e-4 * size < spread[:, 3:].max() < 0.1 * size
    assert run(session, "--lenses", session / "lenses.toml", "--out", out) == 1
    assert "is there already" in capsys.readouterr().err


def test_lenses_that_are_right_stay(session, tmp_path, capsys):
    out = tmp_path / "rig.toml"
    options = ["--lenses", session / "lenses.toml", "--keep-lenses", "--cams", "1,3,2", "--min-score", "0.5"]
    names = [CAMS.names[i] for i in (0, 1, 2)]
    options[4] = ",".join(names)
    assert run(session, *options, "--out", out) == 0
    assert "±" not in capsys.readouterr().out
    found = mvtri.read_cameras(out)
    assert list(found.names) == names
    np.testing.assert_allclose(found.matrices, CAMS.matrices[:3], rtol=1e-6)
    for lens, true in zip(found.distortions, CAMS.distortions):
        np.testing.assert_allclose(lens[: len(true)], true[: len(lens)], atol=1e-6)
    turns, moves = distances(found, CAMS.subset(names))
    assert turns.max() < 0.3
    assert moves.max() < 0.03


def test_scores_below_the_least_one_do_not_count(session, tmp_path, capsys):
    options = ["--lenses", session / "lenses.toml", "--min-score", "0.95", "--out", tmp_path / "rig.toml"]
    assert run(session, *options) == 1
    assert "no two cameras see enough" in capsys.readouterr().err


def test_a_folder_that_does_not_exist(tmp_path, capsys):
    assert run(tmp_path / "nowhere") == 1
    assert f"there is no session folder {tmp_path / 'nowhere'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--lenses", "lenses.toml", "--cams", "7"], "expected a number from 2 to 4"),
        (["--keep-lenses"], "name it with --lenses"),
        ([], "which 2D alone does not say; add them, or name a calibration file"),
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
