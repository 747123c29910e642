"""`mvtri benchmark --task 2d` as a person runs it: files, noise models, a session, mistakes."""

import json

import cv2
import numpy as np
import pytest
from people_sets import coco_set

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cli.command import _run
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array
from mvtri.video import read_frames


def command(*arguments):
    return _run(["benchmark", "--task", "2d", *map(str, arguments)], debug=False)


@pytest.fixture
def files(tmp_path):
    """Write labels, the results of two detectors, and the pictures."""
    table, results = coco_set(1, images=12)
    table["categories"][0]["keypoints"] = list(get_skeleton("coco17").keypoints)
    rng = np.random.default_rng(0)
    worse = [
        row | {"keypoints": (np.array(row["keypoints"]) + rng.normal(0, 4, 51)).tolist()} for row in results
    ]
    for name, content in (("truth", table), ("good/found", results), ("worse/found", worse)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "pictures").mkdir()
    for image in table["images"]:
        cv2.imwrite(str(tmp_path / "pictures" / image["file_name"]), np.full((480, 640, 3), 90, np.uint8))
    return tmp_path


def test_files_of_two_detectors_are_compared_with_pictures_of_the_worst_cases(files, capsys):
    given = ["--truth", files / "truth.json"]
    for name in ("good", "worse"):
        given += ["--results", files / name / "found.json"]
    assert command(*given, "--images", files / "pictures", "--out", files / "out") == 0
    printed = capsys.readouterr().out
    assert "against the truth: 12 images" in printed
    assert "good/found" in printed
    stored = json.loads((files / "out" / "results.json").read_text())
    good, worse = (one["groups"]["all"]["AP"] for one in stored["comparisons"][0]["detectors"])
    assert good > worse + 0.05
    assert {path.name for path in (files / "out").iterdir()} == {"report.html", "results.json", "tables.md"}
    page = (files / "out" / "report.html").read_text()
    assert page.count("<figure>") >= 8
    assert "this is our reading" in page
    assert f"| all | good/found | {good:.3f} [" in (files / "out" / "tables.md").read_text()


def test_noise_models_are_detectors_of_a_dataset(tmp_path, capsys):
    small = ["--dataset", "synthetic-human36m", "--subjects", "S9", "--actions", "walk,twist"]
    cameras = human36m_cameras("S9")
    rig = tmp_path / "rig.toml"
    write_cameras(rig, cameras.subset(cameras.names[:3]))
    given = [*small, "--frames", "0:8", "--setting", "iid:3,iid:6", "--cost", "dlt", "--rig", rig]
    assert command(*given, "--out", tmp_path / "out") == 0
    stored = json.loads((tmp_path / "out" / "results.json").read_text())
    assert stored["synthetic"] is True
    one, two = stored["comparisons"][0]["detectors"]
    assert (one["name"], two["name"]) == ("iid:3", "iid:6")
    for found, sigma in ((one, 3.0), (two, 6.0)):
        assert found["groups"]["all"]["EPE px"] == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.05)
        assert [part["name"] for part in found["occlusion"]] == ["hidden", "visible"]
    assert one["groups"]["spine"]["AP"] > two["groups"]["spine"]["AP"]
    printed = capsys.readouterr().out
    assert "spine" in printed
    costs = (tmp_path / "out" / "tables.md").read_text().split("## cost in 3D")[1]
    errors = [float(row.split(" | ")[2]) for row in costs.splitlines() if row.startswith("| dlt |")]
    assert 1.7 < errors[1] / errors[0] < 2.3
    assert errors[0] > 20  # mm; all four cameras of the dataset have 17.7


def test_the_demo_is_scored_with_its_own_detector(tmp_path):
    assert command("--frames", "0:2", "--out", tmp_path / "out") == 0
    one = json.loads((tmp_path / "out" / "results.json").read_text())["comparisons"][0]["detectors"][0]
    assert one["name"] == "mvtri-demo"
    assert one["groups"]["all"]["AP"] > 0.9
    assert one["ellipses"]["count"] == 8 * 37
    assert "<figure>" in (tmp_path / "out" / "report.html").read_text()


def test_a_detector_runs_over_labelled_pictures(tmp_path):
    session, truth = mvtri.sessions.demo_session(), mvtri.sessions.demo_truth()
    pixels = session.cameras.project(to_array(truth)[0, 0])  # of the first frame, (K, C, 2)
    images, rows = [], []
    for c, video in enumerate(session.videos):
        cv2.imwrite(str(tmp_path / f"{c}.png"), next(iter(read_frames(video, range(1)))))
        images.append({"id": 9 - c, "file_name": f"{c}.png"})
        marked = np.column_stack([pixels[:, c], np.full(37, 2)])
        rows.append({"image_id": 9 - c, "keypoints": marked.ravel().tolist()})
    (tmp_path / "truth.json").write_text(json.dumps({"images": images, "annotations": rows}))
    given = ["--truth", tmp_path / "truth.json", "--images", tmp_path, "--detector", "mvtri-demo"]
    assert command(*given, "--out", tmp_path.parent / f"{tmp_path.name}-out") == 0
    stored = json.loads((tmp_path.parent / f"{tmp_path.name}-out" / "results.json").read_text())
    one = stored["comparisons"][0]["detectors"][0]
    assert one["groups"]["all"]["AP"] > 0.9
    assert one["ellipses"]["count"] == 4 * 37


@pytest.mark.realdata
def test_two_networks_agree_on_a_real_session(shared_data, tmp_path, capsys):
    models, session = shared_data / "models", shared_data / "pose2sim"
    given = [
        "--session",
        session / "single_person",
        "--boxes",
        models / "rtmdet_nano.onnx",
        "--frames",
        "2:4",
    ]
    given += ["--calib", session / "calibration" / "Calib_qualisys.toml"]
    for size in ("thunder", "lightning"):
        given += ["--model", models / f"movenet_{size}_heatmap.onnx"]
    assert command(*given, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "agreement with the reconstruction from movenet-thunder: 8 images" in printed
    assert "agreement with movenet-thunder" in printed
    stored = json.loads((tmp_path / "out" / "results.json").read_text())
    assert all(one["agreement"] for one in stored["comparisons"])
    assert [len(one["detectors"]) for one in stored["comparisons"]] == [2, 2, 1]
    assert "figures are agreement" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--truth", "none.json", "--results", "a.json"], "none.json"),
        (["--dataset", "simspine"], "there is nothing to score"),
        (["--setting", "iid:x"], "has no valid standard deviation"),
        (["--frames", "0:9999"], "reaches to 9999"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, tmp_path, capsys):
    assert command(*arguments, "--out", tmp_path / "out") == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("mvtri: ")
    assert sentence in error[-1]
    assert not (tmp_path / "out").exists()
