"""The layouts of Human3.6M: each read back against what an independent writer put in."""

import pickle
import re

import numpy as np
import pytest
import writers_human36m as write
from places import ROOT

import mvtri
from mvtri.containers.npz import Member
from mvtri.datasets.dataset import oracle_detections
from mvtri.datasets.human36m.conventions import KEYPOINTS, action_of, is_damaged
from mvtri.datasets.registry import DATASETS, open_dataset
from mvtri.datasets.sequence import SequenceInfo
from mvtri.tracks import to_array, validate_detections, validate_tracks

LAYOUTS = ("raw", "videopose3d", "martinez", "learnable", "mmpose")
WITH_2D = {"raw": "human36m", "videopose3d": "videopose3d", "mmpose": "human36m"}
POSES = {
    ("S9", "Greeting"): write.people(40, 32, seed=1),
    ("S9", "Greeting 1"): write.people(23, 32, seed=2),
    ("S11", "WalkDog 1"): write.people(17, 32, seed=3),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    home = tmp_path_factory.mktemp("human36m")
    write.write_raw(home / "raw", POSES)
    write.write_videopose3d(home / "videopose3d", POSES)
    write.write_martinez(home / "martinez", POSES)
    write.write_learnable(home / "learnable", write.learnable_labels(POSES))
    write.write_mmpose(home / "mmpose", write.mmpose_rows(POSES), write.mmpose_cameras(["S9", "S11"]))
    return home


def poses_of(info):
    return POSES[info.subject, info.name.replace("_", " ")][:, write.SEVENTEEN] / 1000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_the_truth_in_metres_and_in_our_order(roots, layout):
    dataset = open_dataset(None, roots / layout)
    assert dataset.layout == f"human36m-{layout}"
    assert dataset.family == "human36m"
    assert dataset.subjects == ("S9", "S11")
    assert [(info.subject, info.frames) for info in dataset.sequences] == [
        ("S9", 40),
        ("S9", 23),
        ("S11", 17),
    ]
    for info in dataset.sequences:
        truth = dataset.load(info).truth
        validate_tracks(truth)
        assert tuple(truth["keypoints"].to_numpy()) == KEYPOINTS
        np.testing.assert_allclose(to_array(truth)[:, 0], poses_of(info), rtol=0, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_its_subject_s_cameras(roots, layout):
    dataset = open_dataset(None, roots / layout)
    for info in dataset.sequences:
        cameras = dataset.load(info).cameras
        own, other = (mvtri.human36m_cameras(name) for name in (info.subject, "S5"))
        assert cameras.names == write.CAMERAS
        np.testing.assert_allclose(cameras.centers, own.centers, rtol=0, atol=2e-6)
        np.testing.assert_allclose(cameras.rotations, own.rotations, rtol=0, atol=1e-6)
        assert np.abs(cameras.centers - other.centers).max() > 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_cameras_project_by_the_formula_of_the_layout_s_2d(roots, layout):
    """Against the formulas written out in the writer: VideoPose3D's own, and Human3.6M's for the others."""
    dataset = open_dataset(None, roots / layout)
    for info in dataset.sequences:
        loaded = dataset.load(info)
        points = poses_of(info) * 1000
        formula = WITH_2D.get(layout, "human36m")
        expected = [write.project(camera, points, formula) for camera in write.rig(info.subject)]
        pixels = loaded.cameras.project(points / 1000)
        np.testing.assert_allclose(pixels, np.stack(expected, axis=2), rtol=0, atol=2e-3)
        others = {"human36m", "videopose3d", "opencv"} - {formula}
        for other in others:
            wrong = [write.project(camera, points, other) for camera in write.rig(info.subject)]
            assert np.abs(pixels - np.stack(wrong, axis=2)).max() > 0.05


@pytest.mark.parametrize("layout", LAYOUTS)
def test_2d_is_given_where_it_is_stored(roots, layout):
    dataset = open_dataset(None, roots / layout)
    for info in dataset.sequences:
        loaded = dataset.load(info)
        assert loaded.is_oracle == (layout in WITH_2D)
        if layout not in WITH_2D:
            assert loaded.detections is None
            continue
        validate_detections(loaded.detections)
        points = poses_of(info) * 1000
        expected = [write.project(camera, points, WITH_2D[layout]) for camera in write.rig(info.subject)]
        stored = to_array(loaded.detections)[:, 0]
        np.testing.assert_allclose(stored, np.stack(expected, axis=2), rtol=0, atol=1e-4)
        assert (to_array(loaded.detections, "confidence") == 1).all()
        assert loaded.detections.attrs["associated"] == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_oracle_is_the_truth_seen_through_the_cameras(roots, layout):
    dataset = open_dataset(None, roots / layout)
    loaded = dataset.load(dataset.sequences[1])
    pixels = to_array(oracle_detections(loaded))[:, 0]
    np.testing.assert_allclose(pixels, loaded.cameras.project(poses_of(loaded.info)), rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("layout", "formula"),
    [
        ("raw", "opencv"),
        ("raw", "videopose3d"),
        ("videopose3d", "human36m"),
        ("videopose3d", "opencv"),
        ("mmpose", "opencv"),
        ("mmpose", "videopose3d"),
    ],
)
def test_2d_made_with_another_formula_is_refused(tmp_path, layout, formula):
    poses = {("S11", "Eating"): POSES["S11", "WalkDog 1"]}
    if layout == "raw":
        write.write_raw(tmp_path, poses, formula=formula)
    elif layout == "videopose3d":
        write.write_videopose3d(tmp_path, poses, formula=formula)
    else:
        rows = write.mmpose_rows(poses, formula=formula)
        write.write_mmpose(tmp_path, rows, write.mmpose_cameras(["S11"]))
    dataset = open_dataset(None, tmp_path)
    with pytest.raises(mvtri.errors.InputError, match="another lens formula"):
        dataset.load(dataset.sequences[0])
    relaxed = open_dataset(None, tmp_path, tolerance=10.0)
    assert relaxed.load(relaxed.sequences[0]).is_oracle


@pytest.mark.parametrize("layout", LAYOUTS)
def test_times_are_those_of_the_frames(roots, layout):
    dataset = open_dataset(None, roots / layout)
    truth = dataset.load(dataset.sequences[0]).truth
    step = 5 if layout in ("learnable", "mmpose") else 1
    np.testing.assert_allclose(truth["time"].to_numpy(), np.arange(40) * step / 50, rtol=0, atol=1e-12)
    assert truth.attrs["fps"] == 50 / step


def test_boxes_and_images_of_the_layouts_that_have_them(roots):
    dataset = open_dataset(None, roots / "learnable")
    loaded = dataset.load(dataset.sequences[0])
    assert loaded.boxes.shape == (40, 4, 4)
    np.testing.assert_array_equal(loaded.boxes[0, 0], [20, 10, 320, 310])  # stored top, left, bottom, right
    assert np.isnan(loaded.boxes[:, 1]).all()
    assert loaded.images[1, 0] == "S9/Greeting/imageSequence/54138969/img_000006.jpg"
    assert (loaded.images[:, 1] == "").all()
    dataset = open_dataset(None, roots / "mmpose")
    loaded = dataset.load(dataset.sequences[0])
    stored = to_array(loaded.detections)[:, 0]
    size = (stored.max(axis=1) - stored.min(axis=1)).max(axis=-1)
    np.testing.assert_allclose(loaded.boxes[..., 2] - loaded.boxes[..., 0], size, rtol=1e-9)
    assert loaded.images[2, 3] == "S9/S9_Greeting.60457274/S9_Greeting.60457274_000011.jpg"


def test_damaged_recordings_in_both_ways_of_naming():
    counted = [("S9", name) for name in ("Greeting-2", "SittingDown-2", "Waiting-1")]
    named = [
        ("S9", name) for name in ("Greeting", "SittingDown 1", "SittingDown_1", "Waiting 1", "Waiting_1")
    ]
    for subject, name in counted + named:
        assert is_damaged(subject, name), name
    whole = ("Greeting-1", "SittingDown-1", "Waiting-2", "Greeting 1", "SittingDown", "Waiting", "Greeting_2")
    for name in whole:
        assert not is_damaged("S9", name), name
    assert not any(is_damaged("S11", name) for _, name in counted + named)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damaged_recordings_are_flagged_and_can_be_left_out(roots, layout):
    dataset = open_dataset(None, roots / layout)
    assert [info.damaged for info in dataset.sequences] == [True, False, False]
    assert len(dataset.select(exclude_damaged=True)) == 2
    assert [info.name for info in dataset.select(subjects=["S11"])] == [dataset.sequences[2].name]
    assert dataset.select(actions=["Greeting"]) == dataset.sequences[:2]
    with pytest.raises(mvtri.errors.InputError, match="no subject is called 'S7'"):
        dataset.select(subjects=["S7"])


def test_a_damaged_recording_whose_2d_is_off_is_read_with_a_warning(tmp_path, caplog):
    write.write_raw(tmp_path, {("S9", "Waiting 1"): POSES["S9", "Greeting"]}, formula="opencv")
    dataset = open_dataset(None, tmp_path)
    assert dataset.load(dataset.sequences[0]).is_oracle
    assert "known to be damaged" in caplog.text


def test_names_of_actions():
    names = {
        "Photo 1": "Photo",
        "TakingPhoto-2": "Photo",
        "WalkingDog-1": "WalkDog",
        "SittingDown_2": "SittingDown",
    }
    assert {name: action_of(name) for name in names} == names
    assert action_of("WalkingTogether-1") == action_of("WalkTogether 2") == "WalkTogether"


def test_one_sequence_is_in_memory_at_a_time(roots):
    """What a dataset of mapped rows holds after loading everything is no array of frames."""
    dataset = open_dataset("human36m-mmpose", roots / "mmpose")
    for info in dataset.sequences:
        dataset.load(info)
    file = next(iter(dataset.files.values()))
    assert all(isinstance(array, Member) for array in (file.names, *file.members.values()))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_dataset_goes_to_another_process(roots, layout):
    dataset = open_dataset(None, roots / layout, tolerance=0.5)
    again = pickle.loads(pickle.dumps(dataset))
    assert again.sequences == dataset.sequences
    assert again.tolerance == 0.5
    assert again.load(again.sequences[0]).truth.identical(dataset.load(dataset.sequences[0]).truth)


def test_detected_2d_of_videopose3d(tmp_path):
    """Its detections may go on after the motion capture has ended; a truth may not."""
    write.write_videopose3d(tmp_path, POSES)
    stored = np.load(tmp_path / "data_2d_h36m_gt.npz", allow_pickle=True)
    pixels, about = stored["positions_2d"].item(), stored["metadata"].item()
    for actions in pixels.values():
        for views in actions.values():
            views[:] = [np.concatenate([view + 3, view[:2]]) for view in views]
    np.savez_compressed(
        tmp_path / "data_2d_h36m_cpn.npz", positions_2d=pixels, metadata=about | {"layout_name": "coco"}
    )
    dataset = open_dataset("human36m", tmp_path, keypoints="cpn")
    loaded = dataset.load(dataset.sequences[0])
    assert not loaded.is_oracle
    assert loaded.detections.attrs["skeleton"] == "coco17"
    assert loaded.detections.sizes["time"] == 40
    np.testing.assert_allclose(
        to_array(loaded.detections)[:, 0] - 3,
        loaded.cameras.project(poses_of(loaded.info)),
        rtol=0,
        atol=2e-3,
    )
    (tmp_path / "data_2d_h36m_cpn.npz").rename(tmp_path / "data_2d_h36m_gt.npz")
    dataset = open_dataset("human36m", tmp_path)
    with pytest.raises(mvtri.errors.InputError, match="42 frames of 2D, but 40 of 3D"):
        dataset.load(dataset.sequences[0])
    with pytest.raises(mvtri.errors.MissingFileError, match="one of: gt"):
        open_dataset("human36m", tmp_path, keypoints="sh")


def test_a_view_that_lacks_frames_has_none_there(tmp_path):
    rows = write.mmpose_rows({("S11", "Directions"): POSES["S11", "WalkDog 1"]})
    keep = np.ones(len(rows["imgname"]), dtype=bool)
    keep[5:9] = False  # of the first camera
    write.write_mmpose(
        tmp_path, {key: value[keep] for key, value in rows.items()}, write.mmpose_cameras(["S11"])
    )
    dataset = open_dataset(None, tmp_path)
    loaded = dataset.load(dataset.sequences[0])
    assert loaded.info.frames == loaded.truth.sizes["time"] == 17
    stored = to_array(loaded.detections)[:, 0]
    assert np.isnan(stored[5:9, :, 0]).all()
    assert np.isfinite(stored[:, :, 1:]).all()
    assert (to_array(loaded.detections, "confidence")[5:9, 0, :, 0] == 0).all()
    assert np.isfinite(to_array(loaded.truth)).all()
    assert (loaded.images[5:9, 0] == "").all()


def test_a_point_that_is_not_annotated_is_missing(tmp_path):
    rows = write.mmpose_rows({("S11", "Eating"): POSES["S11", "WalkDog 1"]})
    rows["part"][3, 5] = 0  # fourth frame of the first camera, left knee: x, y and visibility
    write.write_mmpose(tmp_path, rows, write.mmpose_cameras(["S11"]))
    dataset = open_dataset(None, tmp_path)
    detections = dataset.load(dataset.sequences[0]).detections
    lost = np.isnan(to_array(detections)).any(axis=-1)
    assert np.argwhere(lost).tolist() == [[3, 0, 5, 0]]
    np.testing.assert_array_equal(to_array(detections, "confidence") == 0, lost)


def test_only_3d_and_no_metadata_will_do(tmp_path, caplog):
    write.write_raw(tmp_path, POSES)
    (tmp_path / "metadata.xml").unlink()
    for subject in ("S9", "S11"):
        for path in sorted((tmp_path / subject / "MyPoseFeatures" / "D2_Positions").iterdir()):
            path.unlink()
        (tmp_path / subject / "MyPoseFeatures" / "D2_Positions").rmdir()
    dataset = open_dataset(None, tmp_path)
    loaded = dataset.load(dataset.sequences[2])
    assert loaded.detections is None
    assert "metadata.xml" in caplog.text
    assert set(loaded.cameras.models) == {"human36m"}


def test_the_registry_finds_every_layout_and_refuses_what_is_none(roots, tmp_path):
    assert [name for name in DATASETS.formats() if name.startswith("human36m")] == sorted(
        f"human36m-{layout}" for layout in LAYOUTS
    )
    with pytest.raises(mvtri.errors.InputError, match="did you mean 'human36m-mmpose'"):
        open_dataset("human36m-mmpos", roots / "mmpose")
    with pytest.raises(mvtri.errors.InputError, match="no layout that mvtri knows"):
        open_dataset(None, tmp_path)
    with pytest.raises(mvtri.errors.MissingFileError, match="no dataset at"):
        open_dataset("human36m", tmp_path / "absent")
    with pytest.raises(mvtri.errors.InputError, match="no layout that mvtri knows"):
        open_dataset("simspine", roots / "mmpose")
    with pytest.raises(mvtri.errors.InputError, match="has no option called 'keypoints'"):
        open_dataset("human36m-raw", roots / "raw", keypoints="gt")
    dataset = open_dataset("human36m-raw", roots / "raw")
    with pytest.raises(mvtri.errors.InputError, match="there is no sequence S1 Eating"):
        dataset.load(SequenceInfo("S1", "Eating", "Eating", 3))


def test_a_folder_with_two_layouts_needs_a_name(tmp_path):
    write.write_raw(tmp_path, {("S9", "Eating"): POSES["S9", "Greeting"]})
    write.write_martinez(tmp_path, {("S9", "Eating"): POSES["S9", "Greeting"]})
    with pytest.raises(mvtri.errors.InputError, match=r"several layouts \(human36m-martinez, human36m-raw\)"):
        open_dataset("human36m", tmp_path)
    assert open_dataset("human36m-raw", tmp_path).sequences


def test_the_example_of_the_docs_runs_where_the_data_are(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python dataset\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    write.write_raw(tmp_path / "data" / "h36m", POSES)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(blocks[0], "docs/datasets.md", "exec"), names)
    assert str(names["info"]) == "S11 WalkDog 1"
    assert names["sequence"].is_oracle
