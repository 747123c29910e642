"""``mvtri audit`` as a person types it."""

import numpy as np
import pytest
from sessions_verdicts import NAMES, changed, detected, person, rig

import mvtri
from mvtri.calib.made_from import chosen_views
from mvtri.calib.pose_covariance import write_pose_covariance
from mvtri.cli.command import _run
from mvtri.tracks import make_detections

CAMS = rig()


def run(*arguments):
    return _run(["-q", "audit", *map(str, arguments)], debug=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("audit")
    mvtri.write_cameras(place / "good.toml", CAMS)
    transposed = changed(CAMS, rotations=CAMS.rotations.transpose(0, 2, 1))
    mvtri.write_cameras(place / "transposed.toml", transposed)
    mvtri.write_cameras(place / "far.toml", changed(CAMS, translations=1000.0 * CAMS.translations))
    pixels = detected(person(20), CAMS)
    found = make_detections(
        pixels[:, None], np.full(pixels[:, None].shape[:-1], 0.9), keypoints=NAMES, cameras=CAMS.names,
        fps=50.0, image_sizes=CAMS.image_sizes, skeleton="spinetrack37",
    )  # fmt: skip
    (place / "walk" / "pose").mkdir(parents=True)
    mvtri.write_detections(place / "walk" / "pose" / "detections.nc", found)
    return place


def test_a_calibration_alone(folder, capsys):
    assert run(folder / "good.toml") == 0
    assert "good.toml: sound, as far as it shows without a recording" in capsys.readouterr().out
    assert run(folder / "far.toml", "--unit", "m") == 2
    assert "wrong (size of the rig): The cameras stand up to" in capsys.readouterr().out
    assert run(folder / "nothing.toml") == 1


def test_with_a_session(folder, capsys):
    assert run(folder / "good.toml", folder / "walk") == 0
    text = capsys.readouterr().out
    assert "how each camera fits the others" in text
    assert "good.toml: sound, it fits this recording" in text
    assert "two cameras show little" not in text
    assert run(folder / "good.toml", folder / "walk", "--cams", "2") == 0
    text = capsys.readouterr().out
    assert "two cameras show little" in text
    assert "nan" not in text
    out = folder / "audit.html"
    assert run(folder / "transposed.toml", folder / "walk", "--out", out) == 2
    assert (
        "wrong (inverted): Probably the rotations of the calibration are transposed"
        in capsys.readouterr().out
    )
    page = out.read_text(encoding="utf-8")
    assert 'id="plot-rig"' in page
    assert "<title>Audit of transposed.toml, with walk</title>" in page
    assert "are transposed" in page
    assert run(folder / "good.toml", "--out", out) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_calibration_that_was_made_from_the_recording_is_said_to_be(folder, tmp_path, capsys):
    pixels = detected(person(20), CAMS)
    mvtri.write_cameras(tmp_path / "own.toml", CAMS)
    out, sentence = tmp_path / "own.html", "so a good fit proves little: audit it with another one"
    assert run(tmp_path / "own.toml", folder / "walk", "--out", out) == 0
    assert "If it was made from this recording, that proves little" in capsys.readouterr().out
    assert "If it was made from this recording, that proves little" in out.read_text(encoding="utf-8")
    write_pose_covariance(tmp_path / "own.toml", CAMS.names, np.eye(24), chosen_views([pixels]))
    assert run(tmp_path / "own.toml", folder / "walk", "--frames", "5:", "--out", out, "--overwrite") == 0
    assert f"It was made from this recording, {sentence}" in capsys.readouterr().out
    assert sentence in out.read_text(encoding="utf-8")
    turned = tmp_path / "turned.toml"
    align = ["-q", "calibrate", "align", str(tmp_path / "own.toml"), "--heading", "90", "--out", str(turned)]
    assert _run(align, debug=False) == 0
    assert run(turned, folder / "walk") == 0
    assert f"It was made from this recording, {sentence}" in capsys.readouterr().out
    assert run(tmp_path / "own.toml", "--out", out, "--overwrite") == 0
    assert "made from" not in out.read_text(encoding="utf-8")


def test_names_are_escaped_in_the_page(folder, tmp_path):
    from mvtri.diagnostics import audit_cameras
    from mvtri.report.audit import write_audit

    cams = changed(CAMS, names=["<script>alert(1)</script>", "b", "c", "d"])
    page = write_audit(tmp_path / "x.html", audit_cameras(cams), "<b>title</b>").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "<b>title</b>" not in page


def test_a_camera_that_sees_nobody_is_said_not_to_be_judged(folder, tmp_path, capsys):
    pixels = detected(person(20), CAMS)
    pixels[:, :, 0] = np.nan
    scores = np.where(np.isfinite(pixels).all(axis=-1), 0.9, 0.0)[:, None]
    detections = make_detections(
        pixels[:, None], scores, keypoints=NAMES, cameras=CAMS.names, fps=30.0, image_sizes=CAMS.image_sizes
    )
    (tmp_path / "walk" / "pose").mkdir(parents=True)
    mvtri.write_detections(tmp_path / "walk" / "pose" / "detections.nc", detections)
    assert run(folder / "good.toml", tmp_path / "walk") == 0
    assert f"see too little of the person: {CAMS.names[0]}" in " ".join(capsys.readouterr().out.split())
    assert run(folder / "good.toml", folder / "walk") == 0
    assert "not judged" not in capsys.readouterr().out
