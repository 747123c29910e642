"""The forms of SIMSPINE: each read back against what an independent writer put in, its 2D by OpenCV."""

import numpy as np
import pytest
import writers_simspine as write

import mvtri
from mvtri.containers.npz import Member
from mvtri.datasets.dataset import oracle_detections
from mvtri.datasets.registry import DATASETS, open_dataset
from mvtri.formats.motion.mot import read_mot
from mvtri.formats.tracks.markers import to_opensim
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array, validate_detections, validate_tracks

POSES = {
    ("S9", "SittingDown_1"): write.people(31, 37, seed=1),
    ("S9", "Walking"): write.people(22, 37, seed=2),
    ("S11", "Walking"): write.people(18, 37, seed=3),
}
SPINES = {key: pose[:, :15] for key, pose in POSES.items()}
FORMS = {
    "simspine-h5": (POSES, write.MARKERS),
    "simspine-h5/15": (SPINES, write.SPINE),
    "simspine-folder": (POSES, write.MARKERS),
    "simspine-npz": (POSES, write.MARKERS),
    "simspine-npz/15": (SPINES, write.SPINE),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    home = tmp_path_factory.mktemp("simspine")
    for form, (poses, markers) in FORMS.items():
        root = home / form.replace("/", "_")
        if form.startswith("simspine-h5"):
            write.write_h5(root / "simspine.h5", poses, markers)
        elif form == "simspine-folder":
            write.write_folder(root, poses)
        else:
            write.write_annotations(root, write.annotation_rows(poses, markers))
    return {form: home / form.replace("/", "_") for form in FORMS}


def expected(form, info):
    """The world coordinates by our names."""
    poses, markers = FORMS[form]
    return dict(zip(markers, poses[info.subject, info.name].swapaxes(0, 1)))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_truth_in_the_world_by_name(roots, form):
    dataset = open_dataset("simspine", roots[form])
    assert dataset.layout == form.split("/")[0]
    assert not dataset.synthetic
    found = [(info.subject, info.name, info.action, info.frames, info.damaged) for info in dataset.sequences]
    assert found == [
        ("S9", "SittingDown_1", "SittingDown", 31, True),
        ("S9", "Walking", "Walking", 22, False),
        ("S11", "Walking", "Walking", 18, False),
    ]
    for info in dataset.sequences:
        truth = dataset.load(info).truth
        validate_tracks(truth)
        points = expected(form, info)
        assert len(points) == truth.sizes["keypoints"]
        for index, name in enumerate(truth["keypoints"].to_numpy()):
            np.testing.assert_allclose(
                to_array(truth)[:, 0, index], points[to_opensim(str(name))], rtol=0, atol=1e-6
            )
        np.testing.assert_allclose(truth["time"].to_numpy(), np.arange(info.frames) / 50, rtol=0, atol=1e-9)
        assert truth.attrs["fps"] == 50


@pytest.mark.parametrize("form", FORMS)
def test_keypoints_stand_in_the_order_of_the_skeleton(roots, form):
    dataset = open_dataset(None, roots[form])
    truth = dataset.load(dataset.sequences[0]).truth
    skeleton = get_skeleton("spinetrack37")
    due = skeleton.groups["spine"] if form.endswith("15") else skeleton.keypoints
    assert list(truth["keypoints"].to_numpy()) == list(due)
    assert truth.attrs["skeleton"] == ("" if form.endswith("15") else "spinetrack37")


@pytest.mark.parametrize("form", FORMS)
def test_the_cameras_are_the_subject_s_with_opencv_s_formula(roots, form):
    dataset = open_dataset(None, roots[form])
    for info in dataset.sequences:
        loaded = dataset.load(info)
        points = to_array(loaded.truth)[:, 0]
        rig = write.calibration(info.subject)
        pixels = np.stack([write.project(rig, index, points) for index in range(4)], axis=2)
        np.testing.assert_allclose(loaded.cameras.project(points), pixels, rtol=0, atol=2e-3)
        np.testing.assert_allclose(to_array(oracle_detections(loaded))[:, 0], pixels, rtol=0, atol=2e-3)
        own = mvtri.human36m_cameras(info.subject, distortion="human36m").project(points)
        other = mvtri.human36m_cameras("S5").project(points)
        assert np.abs(own - pixels).max() > 0.05
        assert np.abs(other - pixels).max() > 1


@pytest.mark.parametrize("form", FORMS)
def test_kinematics_are_given_as_stored(roots, form):
    dataset = open_dataset(None, roots[form])
    loaded = dataset.load(dataset.sequences[0])
    np.testing.assert_allclose(loaded.kinematics.to_numpy(), write.angles(31), rtol=0, atol=1e-8)
    assert list(loaded.kinematics["axis"].to_numpy()) == write.AXES
    unit = "degree" if form == "simspine-folder" else "unknown"
    assert loaded.kinematics.attrs["rotation_unit"] == unit


@pytest.mark.parametrize("form", ["simspine-npz", "simspine-npz/15"])
def test_stored_2d_images_and_boxes_of_the_annotations(roots, form):
    dataset = open_dataset(None, roots[form])
    poses, markers = FORMS[form]
    for info in dataset.sequences:
        loaded = dataset.load(info)
        validate_detections(loaded.detections)
        assert loaded.is_oracle
        rig = write.calibration(info.subject)
        for index, name in enumerate(loaded.detections["keypoints"].to_numpy()):
            world = poses[info.subject, info.name][:, markers.index(to_opensim(str(name)))]
            for camera in range(4):
                stored = to_array(loaded.detections)[:, 0, index, camera]
                pixels = write.project(rig, camera, world)
                np.testing.assert_allclose(stored, pixels, rtol=0, atol=1e-4)
        stem = f"{info.subject}_{info.name}.55011271"
        assert loaded.images[0, 1] == f"{info.subject}/{stem}/{stem}_000000.jpg"
        assert loaded.boxes.shape == (info.frames, 4, 4)


def test_cameras_beside_the_annotations_are_taken_before_those_in_the_box(tmp_path):
    """Here they stand 5 cm further off and have a longer focal length: only they explain the 2D."""
    rig = write.calibration("S11", np.float64)
    rig["t"] = rig["t"] + np.array([0.0, 0.0, 0.05])
    rig["K"][:, 0, 0] += 3
    poses = {("S11", "Walking"): POSES["S11", "Walking"]}
    write.write_annotations(tmp_path, write.annotation_rows(poses, write.MARKERS, {"S11": rig}))
    dataset = open_dataset(None, tmp_path)
    with pytest.raises(mvtri.errors.InputError, match="the stored 2D is up to"):
        dataset.load(dataset.sequences[0])
    write.write_calibration(tmp_path / "cameras" / "Calib_S11.toml", rig)
    loaded = dataset.load(dataset.sequences[0])
    np.testing.assert_allclose(loaded.cameras.translations, rig["t"], rtol=0, atol=1e-9)


def test_a_zero_marker_in_a_trc_is_missing(tmp_path):
    world = POSES["S11", "Walking"].copy()
    world[3, 4] = 0
    write.write_folder(tmp_path, {("S11", "Walking"): world})
    dataset = open_dataset(None, tmp_path)
    truth = dataset.load(dataset.sequences[0]).truth
    lost = np.isnan(to_array(truth)[:, 0]).all(axis=-1)
    assert lost.sum() == 1
    assert lost[3, list(truth["keypoints"].to_numpy()).index("spine_04")]


def test_the_folder_reads_the_name_that_its_script_gives(tmp_path):
    write.write_folder(tmp_path, {("S11", "Walking"): POSES["S11", "Walking"]})
    (tmp_path / "positions").rename(tmp_path / "markers")
    for path in sorted((tmp_path / "kinematics").rglob("*.mot")):
        path.unlink()
    loaded = open_dataset("simspine", tmp_path).load(open_dataset("simspine", tmp_path).sequences[0])
    assert loaded.kinematics is None
    assert loaded.info.name == "Walking"


def test_annotations_are_mapped_and_not_read(roots):
    dataset = open_dataset(None, roots["simspine-npz"])
    for info in dataset.sequences:
        dataset.load(info)
    file = next(iter(dataset.files.values()))
    assert all(isinstance(array, Member) for array in (file.names, *file.members.values()))


def test_other_cameras_need_a_word(tmp_path):
    rig = write.calibration("S11", np.float64)
    rig["t"] = rig["t"] + np.array([0.0, 0.0, 0.5])
    write.write_h5(
        tmp_path / "simspine.h5", {("S11", "Walking"): POSES["S11", "Walking"]}, write.MARKERS, {"S11": rig}
    )
    dataset = open_dataset("simspine", tmp_path)
    with pytest.raises(
        mvtri.errors.InputError,
        match=r"is 0\.5 m away from its "
        "position.*camera_check='none'",
    ):
        dataset.load(dataset.sequences[0])
    dataset = open_dataset("simspine", tmp_path, camera_check="none")
    assert dataset.load(dataset.sequences[0]).cameras.names == tuple(rig["names"])
    with pytest.raises(mvtri.errors.InputError, match="no choice for camera_check= is called 'near-ish'"):
        open_dataset("simspine", tmp_path, camera_check="near-ish")


def test_motions_say_their_unit(tmp_path):
    write.write_mot(tmp_path / "a.mot", write.angles(4))
    times, axes, values, unit = read_mot(tmp_path / "a.mot")
    assert (len(times), axes, values.shape, unit) == (4, write.AXES, (4, 62), "degree")
    text = (tmp_path / "a.mot").read_text()
    (tmp_path / "b.mot").write_text(text.replace("inDegrees=yes", "inDegrees=no"))
    assert read_mot(tmp_path / "b.mot")[3] == "radian"
    (tmp_path / "c.mot").write_text(text.replace("inDegrees=yes\n", ""))
    assert read_mot(tmp_path / "c.mot")[3] == "unknown"


def test_the_registry_has_the_three_forms():
    assert [name for name in DATASETS.formats() if name.startswith("simspine")] == [
        "simspine-folder",
        "simspine-h5",
        "simspine-npz",
    ]
