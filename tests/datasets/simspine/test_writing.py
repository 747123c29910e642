"""What is written in SIMSPINE's forms: by our readers, and by h5py, NumPy, OpenCV and plain text."""

import tomllib
import zipfile

import cv2
import h5py
import numpy as np
import pytest
import writers_simspine as independent

from mvtri import human36m_cameras
from mvtri.datasets import (
    Sequence,
    open_dataset,
    oracle_detections,
    synthetic_human36m,
    write_simspine,
)
from mvtri.datasets.dataset import Dataset
from mvtri.datasets.simspine.conventions import MARKERS, label_kinematics, label_truth
from mvtri.errors import ExistsError, InputError
from mvtri.formats.motion.mot import read_mot, write_mot
from mvtri.formats.tracks.markers import to_opensim
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array

LAYOUTS = ("simspine-h5", "simspine-folder", "simspine-npz")
NAMES = get_skeleton("spinetrack37").keypoints


@pytest.fixture(scope="module")
def dataset():
    return synthetic_human36m(subjects=["S9", "S11", "S7"], fps=50.0)


@pytest.fixture(scope="module")
def chosen(dataset):
    return dataset.select(actions=["twist", "walk"])


@pytest.fixture(scope="module")
def roots(dataset, chosen, tmp_path_factory):
    home = tmp_path_factory.mktemp("written")
    return {layout: write_simspine(dataset, home / layout, layout, chosen) for layout in LAYOUTS}


def by_marker(dataset, info):
    """World coordinates (T, 37, 3) in the order of SIMSPINE's markers."""
    points = to_array(dataset.load(info).truth)[:, 0]
    ours = [to_opensim(name) for name in NAMES]
    return points[:, [ours.index(marker) for marker in independent.MARKERS]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_our_readers_give_it_back(roots, dataset, chosen, layout):
    written = open_dataset("simspine", roots[layout])
    assert written.layout == layout
    assert written.sequences == chosen
    for info in chosen:
        first, second = dataset.load(info), written.load(info)
        np.testing.assert_allclose(to_array(second.truth), to_array(first.truth), rtol=0, atol=2.5e-7)
        np.testing.assert_array_equal(second.truth["time"], first.truth["time"])
        np.testing.assert_allclose(second.cameras.rotations, first.cameras.rotations, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(second.cameras.translations, first.cameras.translations)
        np.testing.assert_array_equal(second.cameras.matrices, first.cameras.matrices)
        off = to_array(oracle_detections(second)) - to_array(oracle_detections(first))
        assert np.abs(off).max() < 1e-3
        assert second.truth.attrs["source_software"] == "synthetic (mvtri)"


def test_the_markers_stand_in_simspine_s_order():
    assert list(MARKERS) == independent.MARKERS


def test_the_h5_is_laid_out_as_simspine_s(roots, dataset, chosen, tmp_path):
    independent.write_h5(tmp_path / "a.h5", {("S9", "walk-1"): np.zeros((500, 37, 3))}, independent.MARKERS)
    with h5py.File(roots["simspine-h5"] / "simspine.h5") as file, h5py.File(tmp_path / "a.h5") as due:
        assert set(file) == {"metadata", "S7", "S9", "S11"}
        assert set(file["metadata"]) == set(due["metadata"])
        assert [name.decode() for name in file["metadata/markers_names"][()]] == independent.MARKERS
        for name, value in due["S9/calibration"].items():
            found = file["S9/calibration"][name]
            assert found.shape == value.shape
            if name != "names":
                np.testing.assert_allclose(found[()], value[()], rtol=0, atol=1e-3 if name == "K" else 1e-6)
        assert file["S9/calibration/names"][()].tolist() == due["S9/calibration/names"][()].tolist()
        for name, value in due["S9/walk-1"].items():
            assert file["S9/walk-1"][name].shape == value.shape
        for info in chosen:
            stored = file[info.subject][info.name]["markers"][()]
            assert stored.dtype == np.float32
            np.testing.assert_allclose(
                stored, independent.stored_axes(by_marker(dataset, info)), rtol=0, atol=2.5e-7
            )
        assert file.attrs["source"] == "synthetic (mvtri)"
        assert np.isnan(file["S9/walk-1/kinematics"][()]).all()


def test_the_folder_holds_text_that_opensim_reads(roots, dataset, chosen):
    root = roots["simspine-folder"]
    assert (root / "source.txt").read_text().startswith("synthetic (mvtri)\n")
    assert not (root / "kinematics").exists()
    for info in chosen:
        path = root / "positions" / info.subject / f"{info.subject}_{info.name}.trc"
        lines = path.read_text().splitlines()
        assert lines[2].split("\t")[:5] == ["50", "50", "500", "37", "m"]
        assert lines[3].split("\t")[2::3][:37] == independent.MARKERS
        rows = np.array([line.split("\t")[:113] for line in lines[6:]], dtype=float)
        np.testing.assert_array_equal(rows[:, 0], np.arange(1, 501))
        np.testing.assert_allclose(rows[:, 1], np.arange(500) / 50, rtol=0, atol=1e-12)
        stored = independent.stored_axes(by_marker(dataset, info)).reshape(500, -1)
        np.testing.assert_allclose(rows[:, 2:], stored, rtol=0, atol=1e-8)
    for subject in ("S7", "S9", "S11"):
        table = tomllib.loads((root / "cameras" / f"Calib_{subject}.toml").read_text())
        due = independent.calibration(subject, np.float64)
        for index, name in enumerate(due["names"]):
            assert table[name]["translation"] == pytest.approx(due["t"][index].tolist())
            turn = cv2.Rodrigues(np.array(table[name]["rotation"]))[0]
            np.testing.assert_allclose(turn, due["R"][index], rtol=0, atol=1e-9)


def test_the_annotations_are_those_of_an_independent_writer(roots, dataset, chosen):
    """Row by row, 2D by OpenCV, but for the camera-space 3D, whose published slip is not repeated."""
    home = roots["simspine-npz"] / "annotations"
    assert sorted(path.name for path in home.iterdir()) == ["simspine_test.npz", "simspine_train.npz"]
    for split, subjects in (("train", ["S7"]), ("test", ["S9", "S11"])):
        poses = {
            (info.subject, info.name): by_marker(dataset, info) for info in chosen if info.subject in subjects
        }
        rigs = {subject: independent.calibration(subject, np.float64) for subject in subjects}
        due = independent.annotation_rows(poses, independent.MARKERS, rigs)
        with np.load(home / f"simspine_{split}.npz") as found:
            np.testing.assert_array_equal(found["imgname"], due["imgname"])
            for name, most in (("center", 2e-4), ("scale", 2e-6), ("S_world", 2.5e-7)):
                np.testing.assert_allclose(found[name], due[name], rtol=0, atol=most)
            np.testing.assert_allclose(found["part"][..., :2], due["part"][..., :2], rtol=0, atol=2e-4)
            edge = np.abs(due["part"][..., :2] - 500).max(axis=-1)
            clear = np.abs(edge - 500) > 1e-3
            np.testing.assert_array_equal(found["part"][clear, 2], due["part"][clear, 2])
            rig, world = rigs[subjects[0]], next(iter(poses.values()))
            before = world @ rig["R"][0].T + rig["t"][0]
            np.testing.assert_allclose(found["S"][:500, :, :3], before, rtol=0, atol=5e-7)
            assert np.isnan(found["angles"]).all()
            assert found["angles"].shape == (len(due["imgname"]), 62)


def test_the_metadata_of_the_annotations_hold_what_simspine_s_do(roots):
    path = roots["simspine-npz"] / "annotations" / "simspine_test.npz"
    with zipfile.ZipFile(path) as archive, archive.open("metadata.npy") as stream:
        about = np.lib.format.read_array(stream, allow_pickle=True).item()
    due = independent.annotation_rows({("S9", "a"): np.ones((1, 37, 3))}, independent.MARKERS)["metadata"]
    assert set(due) <= set(about)
    assert about["joint_names"].tolist() == due["joint_names"].tolist()
    assert about["root_index"] == due["root_index"]
    assert about["source"] == "synthetic (mvtri)"
    parents = about["parent_ids"]
    assert parents[0] == -1
    names = independent.MARKERS
    assert names[parents[names.index("Spine_02")]] == "Spine_01"
    assert names[parents[names.index("LWrist")]] == "LElbow"
    for start in range(37):  # every way leads to the hip
        joint = start
        for _ in range(37):
            joint = joint if joint == 0 else parents[joint]
        assert joint == 0


class Given(Dataset):
    """Sequences that a test gives."""

    layout, family = "given", "given"

    def __init__(self, root, given=()):
        super().__init__(root)
        self.given = {sequence.info: sequence for sequence in given}

    def list_sequences(self):
        return list(self.given)

    def read(self, info):
        return self.given[info]


def remade(dataset, info, **changes):
    """A sequence of `dataset` with something changed; `info` too where the change is to it."""
    loaded = dataset.load(info)
    parts = {"info": loaded.info, "truth": loaded.truth, "cameras": loaded.cameras} | changes
    return Sequence(**parts)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("unit", ["degree", "unknown"])
def test_joint_coordinates_that_a_sequence_has_are_written(tmp_path, dataset, chosen, layout, unit):
    loaded = dataset.load(chosen[0])
    values = independent.angles(500)
    kinematics = label_kinematics(values, independent.AXES, loaded.truth["time"].to_numpy(), unit)
    given = Given(tmp_path, [remade(dataset, chosen[0], kinematics=kinematics)])
    written = open_dataset("simspine", write_simspine(given, tmp_path / "out", layout))
    found = written.load(written.sequences[0]).kinematics
    np.testing.assert_allclose(found.to_numpy(), values, rtol=0, atol=1e-4)
    assert list(found["axis"].to_numpy()) == independent.AXES
    assert found.attrs["rotation_unit"] == (unit if layout == "simspine-folder" else "unknown")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_fifteen_of_the_spine_and_missing_points_are_kept(tmp_path, dataset, chosen, layout):
    spine = get_skeleton("spinetrack37").groups["spine"]
    truth = dataset.load(chosen[0]).truth
    points = to_array(truth)[:, 0, [NAMES.index(name) for name in spine]]
    points[7, 3] = np.nan
    points[9] = np.nan
    some = label_truth(points, spine, truth["time"].to_numpy())
    given = Given(tmp_path, [remade(dataset, chosen[0], truth=some)])
    written = open_dataset("simspine", write_simspine(given, tmp_path / "out", layout))
    loaded = written.load(written.sequences[0])
    assert tuple(loaded.truth["keypoints"].to_numpy()) == tuple(spine)
    np.testing.assert_allclose(to_array(loaded.truth)[:, 0], points, rtol=0, atol=2.5e-7)
    assert loaded.truth.attrs["source_software"] == "SIMSPINE"


def test_what_simspine_has_no_form_for_is_refused(tmp_path, dataset, chosen):
    first, second = chosen[0], chosen[1]
    truth, cameras = dataset.load(second).truth, dataset.load(first).cameras
    spine = get_skeleton("spinetrack37").groups["spine"]
    fewer = label_truth(
        to_array(truth)[:, 0, [NAMES.index(name) for name in spine]], spine, truth["time"].to_numpy()
    )
    times = truth["time"].to_numpy()
    axes = [f"other_{index}" for index in range(62)]
    wrong = {
        "other keypoints than the first": {"truth": fewer},
        "cameras of other names than the first": {"cameras": cameras.subset(list(cameras.names[:3]))},
        "other cameras than the first of": {"cameras": human36m_cameras("S5")},
        "of another lens formula": {"cameras": human36m_cameras(second.subject, distortion="human36m")},
        "499 frames instead of 500": {"truth": truth.isel(time=slice(0, 499))},
        "other joint coordinates": {
            "kinematics": label_kinematics(np.zeros((500, 62)), axes, times, "degree")
        },
    }
    for match, changes in wrong.items():
        given = Given(tmp_path, [remade(dataset, first), remade(dataset, second, **changes)])
        with pytest.raises(InputError, match=match) as caught:
            write_simspine(given, tmp_path / "out")
        assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []
    few = label_kinematics(np.zeros((500, 3)), axes[:3], times, "degree")
    with pytest.raises(InputError, match="has 3 joint coordinates, expected the 62 of SIMSPINE"):
        write_simspine(Given(tmp_path, [remade(dataset, first, kinematics=few)]), tmp_path / "out")


def test_nothing_is_left_where_writing_fails(tmp_path, dataset, chosen, monkeypatch):
    for layout in LAYOUTS:
        given = Given(tmp_path, [remade(dataset, info) for info in chosen[:2]])
        given.given[chosen[1]] = remade(dataset, chosen[1], cameras=human36m_cameras("S1"))
        with pytest.raises(InputError):
            write_simspine(given, tmp_path / "deep" / "out", layout)
        assert list(tmp_path.iterdir()) == []


def test_requests_that_cannot_be_are_refused(tmp_path, dataset):
    with pytest.raises(InputError, match="no layout that can be written is called 'simspine'"):
        write_simspine(dataset, tmp_path / "out", "simspine")
    with pytest.raises(InputError, match="no sequence was given"):
        write_simspine(dataset, tmp_path / "out", sequences=[])
    (tmp_path / "out").mkdir()
    with pytest.raises(ExistsError, match="already exists"):
        write_simspine(dataset, tmp_path / "out", sequences=dataset.sequences[:1])


def test_people_of_another_skeleton_are_refused(tmp_path, dataset, chosen):
    truth = dataset.load(chosen[0]).truth.isel(keypoints=slice(0, 17))
    given = Given(tmp_path, [remade(dataset, chosen[0], truth=truth)])
    with pytest.raises(InputError, match=r"17 markers .* expected the 37 of SIMSPINE"):
        write_simspine(given, tmp_path / "out")


def test_frames_between_those_that_the_annotations_count_are_refused(tmp_path):
    odd = synthetic_human36m(subjects=["S9"], fps=30.0)
    with pytest.raises(InputError, match=r"not multiples of 0\.02 s"):
        write_simspine(odd, tmp_path / "out", "simspine-npz", odd.sequences[:1])
    half = synthetic_human36m(subjects=["S9"], fps=25.0)
    written = open_dataset(
        "simspine", write_simspine(half, tmp_path / "out", "simspine-npz", half.sequences[:1])
    )
    loaded = written.load(written.sequences[0])
    assert loaded.truth.attrs["fps"] == 25.0
    assert loaded.images[1, 0].endswith("_000002.jpg")


def test_motions_are_read_back_with_their_unit(tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 3))
    for unit in ("degree", "radian", "unknown"):
        write_mot(tmp_path / "a" / "b.mot", np.arange(4) / 50, ["a", "b", "c"], values, unit)
        times, axes, found, said = read_mot(tmp_path / "a" / "b.mot")
        assert (axes, said) == (["a", "b", "c"], unit)
        np.testing.assert_allclose(found, values, rtol=1e-8)
        np.testing.assert_allclose(times, np.arange(4) / 50)
