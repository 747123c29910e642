"""Labelled sequences of people that do not exist: who, where, how many, and that they are told as such."""

import pickle
import re

import numpy as np
import pytest
import writers_acclaim as acclaim
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from refusals import refused
from scipy import stats

import mvtri
from mvtri.datasets import open_dataset, oracle_detections, synthetic_human36m, write_simspine
from mvtri.datasets.synthetic_human36m.placing import draw_place, room_middle
from mvtri.errors import InputError, MissingFileError
from mvtri.synthetic import REPERTOIRE
from mvtri.tracks import provenance_of, to_array, validate_tracks

SEVEN = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of two subjects' captures in folders of their own, as CMU's are."""
    home = tmp_path_factory.mktemp("captures")
    steps = [acclaim.at_rest((0, 17, 0.3 * i, 0, 0.5 * i, 0), lowerback=(0.5 * i, 0, 0)) for i in range(61)]
    acclaim.write(home / "77", {"77_01": steps, "77_10": steps[:40], "77_02": steps[:25]}, "77")
    acclaim.write(home / "78", {"78_01": steps[20:]}, "78")
    return home


def positions(dataset, info):
    return to_array(dataset.load(info).truth)[:, 0]


def test_every_subject_does_every_motion_once_a_placement(root):
    dataset = synthetic_human36m(root, placements=2)
    motions = [("77_01", 26), ("77_02", 11), ("77_10", 17), ("78_01", 17)]
    found = [(info.subject, info.name, info.action, info.frames) for info in dataset.sequences]
    assert found == [
        (subject, f"{name}-{placement}", name, frames)
        for subject in SEVEN
        for name, frames in motions
        for placement in (1, 2)
    ]
    assert not any(info.damaged for info in dataset.sequences)


def test_each_form_of_asking_gives_the_same(root):
    asked = [
        open_dataset("synthetic-human36m", root, subjects=["S9"]),
        open_dataset("synthetic", root, subjects=["S9"]),
        open_dataset(None, root, subjects=["S9"]),
        synthetic_human36m(str(root), subjects=["S9"]),
    ]
    asked.append(pickle.loads(pickle.dumps(asked[0])))
    for dataset in asked:
        assert dataset.layout == "synthetic-human36m"
        assert dataset.sequences == asked[0].sequences
        info = dataset.sequences[1]
        np.testing.assert_array_equal(positions(dataset, info), positions(asked[0], info))


@pytest.mark.parametrize("name", REPERTOIRE)
def test_our_own_motions_need_no_folder(name):
    dataset = open_dataset("synthetic-human36m", None, subjects=["S11"])
    (info,) = dataset.select(actions=[name])
    assert info.frames == 500
    loaded = dataset.load(info)
    validate_tracks(loaded.truth)
    points = to_array(loaded.truth)[:, 0]
    assert np.isfinite(points).all()
    assert -0.05 < points[..., 2].min() < 0.05
    assert np.linalg.norm(np.diff(points, axis=0), axis=-1).max() < 0.25
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(positions(again, info), points)


def test_it_is_always_told_that_they_are_synthetic(root):
    dataset = synthetic_human36m(root, subjects=["S9"], seed=4)
    assert dataset.synthetic
    truth = dataset.load(dataset.sequences[0]).truth
    assert truth.attrs["source_software"] == "synthetic (mvtri)"
    about = provenance_of(truth)
    assert about["call"] == "synthetic_human36m"
    assert set(about["inputs"]) == {"77.asf", "77_01.amc"}
    assert about["parameters"]["seed"] == 4
    assert about["parameters"]["body"]["stature"] == dataset.body("S9").stature
    detections = oracle_detections(dataset.load(dataset.sequences[0]))
    assert detections.attrs["source_software"] == "synthetic (mvtri)"


def test_the_cameras_are_the_subject_s_own_by_opencv_s_formula(root):
    dataset = synthetic_human36m(root, subjects=["S5", "S9"])
    for info in dataset.sequences:
        loaded = dataset.load(info)
        assert loaded.cameras == mvtri.human36m_cameras(info.subject, distortion="opencv")
        assert loaded.detections is None


def test_a_sequence_depends_on_its_name_and_options_alone(root):
    whole = synthetic_human36m(root, placements=3)
    part = synthetic_human36m(root, subjects=["S9", "S5"], placements=2)
    for info in reversed(part.sequences):
        np.testing.assert_array_equal(positions(part, info), positions(whole, info))
    other = synthetic_human36m(root, seed=1)
    info = other.sequences[0]
    assert np.abs(positions(other, info) - positions(whole, info)).max() > 0.01


def test_placements_differ_by_place_and_heading_alone(root):
    dataset = synthetic_human36m(root, subjects=["S9"], placements=4)
    placed = [positions(dataset, info) for info in dataset.select(actions=["77_01"])]
    shape = [np.linalg.norm(points[:, :, None] - points[:1, None], axis=-1) for points in placed]
    for points, other in zip(placed[1:], shape[1:]):
        np.testing.assert_allclose(other, shape[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(points[..., 2], placed[0][..., 2], rtol=0, atol=1e-12)
        assert np.linalg.norm(points - placed[0], axis=-1).min() > 1e-3


def test_each_subject_has_a_body_of_its_own_that_stays(root):
    dataset = synthetic_human36m(root)
    statures = [dataset.body(subject).stature for subject in SEVEN]
    assert len(set(statures)) == 7
    assert 1.5 <= min(statures) < max(statures) <= 1.98
    assert statures == [synthetic_human36m(root, placements=5).body(subject).stature for subject in SEVEN]


@pytest.mark.parametrize("spread", [0.5, 0.2])
def test_people_stand_normally_about_the_room_s_middle_and_face_anywhere(root, spread):
    """Kolmogorov-Smirnov on 150 placements; the middle of a path is the mean of its hips."""
    dataset = synthetic_human36m(root, subjects=["S11"], placements=150, spread=spread)
    chosen = dataset.select(actions=["77_02"])
    assert len(chosen) == 150
    middles, headings = [], []
    for info in chosen:
        points = positions(dataset, info)
        middles.append(points[:, 19, :2].mean(axis=0))
        across = points[0, 11] - points[0, 12]  # left hip, right hip
        headings.append(np.arctan2(across[1], across[0]))
    off = np.array(middles) - room_middle(mvtri.human36m_cameras("S11"))
    for axis in range(2):
        assert stats.kstest(off[:, axis], stats.norm(0, spread).cdf).pvalue > 0.01
    assert abs(stats.pearsonr(*off.T).statistic) < 0.15
    assert stats.kstest(headings, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.01


def test_nobody_is_put_where_a_camera_does_not_see_them(root):
    """With a spread of 1.5 m one in some would be, and the check of all labelled data would refuse it."""
    dataset = synthetic_human36m(root, subjects=["S9"], placements=60, spread=1.5)
    for info in dataset.select(actions=["77_02"]):
        loaded = dataset.load(info)
        pixels = to_array(oracle_detections(loaded))[:, 0]
        inside = ((pixels >= 0) & (pixels < loaded.cameras.image_sizes)).all(axis=-1)
        assert inside.mean(axis=(0, 1)).min() > 0.25
    far = np.zeros((30, 37, 3)) + np.linspace(-40, 40, 30)[:, None, None]
    with pytest.raises(InputError, match=r"spread of 0\.5 m, some camera sees almost nothing of the motion"):
        draw_place(far, mvtri.human36m_cameras("S9"), 0.5, np.random.default_rng(0))


def test_the_room_s_middle_is_where_the_cameras_look():
    """Human3.6M's origin is near it, and every camera sees it near the middle of its image."""
    for subject in SEVEN:
        cameras = mvtri.human36m_cameras(subject)
        middle = room_middle(cameras)
        assert np.abs(middle).max() < 0.6
        pixels = cameras.project(np.array([*middle, 0.4]))
        assert np.abs(pixels - cameras.image_sizes / 2).max() < 130


@settings(max_examples=25)
@given(frames=st.integers(1, 3000), placements=st.integers(1, 4))
def test_as_many_frames_as_are_asked_for_and_hardly_more(root, frames, placements):
    dataset = synthetic_human36m(root, subjects=["S9", "S11"], frames=frames, placements=placements)
    total = sum(info.frames for info in dataset.sequences)
    least = 2 * (26 + 11 + 17 + 17) * placements
    assert max(frames, least) <= total < max(frames + 26, least + 1)
    assert len(set(map(str, dataset.sequences))) == len(dataset.sequences)


def test_the_size_of_simspine_s_test_set_is_there_for_the_asking():
    dataset = synthetic_human36m(subjects=("S9", "S11"), frames=145_000)
    assert sum(info.frames for info in dataset.sequences) == 145_000
    last = dataset.sequences[-1]
    assert len(positions(dataset, last)) == last.frames


def test_another_rate_of_frames_or_capture(root):
    (first, *_) = synthetic_human36m(root, subjects=["S9"], fps=25.0).sequences
    assert first.frames == 13
    slow = synthetic_human36m(root, subjects=["S9"], rate=60.0)
    assert slow.sequences[0].frames == 51
    truth = slow.load(slow.sequences[0]).truth
    assert truth.attrs["fps"] == 50.0
    assert truth["time"].to_numpy()[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"subjects": ["S2"]}, "no subject of Human3.6M is called 'S2'"),
        ({"placements": 0}, "placements is 0, expected 1 or more"),
        ({"frames": 0, "spread": -1}, "frames is 0, expected 1 or more; spread is -1, expected 0 or more"),
        ({"spread": float("nan")}, "spread is nan"),
        ({"fps": 0}, "fps is 0, expected more than 0"),
        ({"rate": float("inf")}, "rate is inf, expected more than 0"),
    ],
)
def test_options_that_cannot_be_are_refused(root, options, match):
    with pytest.raises(InputError, match=match):
        synthetic_human36m(root, **options)


def test_a_dataset_that_needs_files_is_not_opened_without():
    with pytest.raises(InputError, match=r"'simspine' needs a folder or file.* synthetic-human36m"):
        open_dataset("simspine", None)
    with pytest.raises(MissingFileError, match="there is no dataset at"):
        open_dataset("synthetic-human36m", "nowhere")
    with pytest.raises(InputError, match="has no option called 'keypoints'"):
        open_dataset("synthetic-human36m", None, keypoints="gt")


def test_folders_that_cannot_be_used_are_refused_with_a_sentence(tmp_path):
    name = "synthetic-human36m"
    refused(tmp_path, r"there is no motion \(.amc, with its .asf\) in", name)
    frames = [acclaim.at_rest()] * 13
    folder = acclaim.write(tmp_path / "a", {"77_01": frames})
    acclaim.write(tmp_path / "b", {"77_01": frames})
    refused(tmp_path, "have the same name", name)
    (tmp_path / "b" / "77_01.amc").unlink()
    (folder / "77.asf").rename(folder / "other.asf")
    assert len(open_dataset(name, tmp_path).sequences) == 7  # the only one there
    (folder / "third.asf").write_bytes((folder / "other.asf").read_bytes())
    refused(tmp_path, "beside it are: other.asf, third.asf; expected 77.asf or a single", name)
    (folder / "other.asf").unlink()
    (folder / "third.asf").unlink()
    refused(tmp_path, "beside it are: none", name)


def test_a_motion_that_breaks_off_is_refused_when_it_is_loaded(tmp_path):
    folder = acclaim.write(tmp_path, {"77_01": [acclaim.at_rest()] * 13})
    text = (folder / "77_01.amc").read_text()
    (folder / "77_01.amc").write_text(text[: text.rindex("head")])
    refused(tmp_path, "frame 13 of .*77_01.amc lacks head; is it truncated")


def test_it_is_written_in_simspine_s_forms_and_still_told_as_synthetic(root, tmp_path):
    dataset = synthetic_human36m(root, subjects=["S9", "S5"])
    for layout in ("simspine-h5", "simspine-folder", "simspine-npz"):
        written = open_dataset("simspine", write_simspine(dataset, tmp_path / layout, layout))
        assert written.layout == layout
        assert written.sequences == dataset.sequences
        assert written.synthetic
        info = dataset.sequences[-1]
        loaded = written.load(info)
        assert loaded.truth.attrs["source_software"] == "synthetic (mvtri)"
        np.testing.assert_allclose(to_array(loaded.truth)[:, 0], positions(dataset, info), rtol=0, atol=3e-7)
        assert np.isnan(loaded.kinematics.to_numpy()).all() if layout != "simspine-folder" else True


def test_the_example_of_the_docs_runs_where_motions_are(root, tmp_path, monkeypatch):
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python motions\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "cmu").symlink_to(root)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "docs/datasets.md", "exec"), names)
    assert 145_000 <= sum(info.frames for info in names["captured"].sequences) < 145_026
    assert names["captured"].subjects == ("S9", "S11")


@pytest.mark.realdata
def test_real_motion_placed_so_gives_the_published_pattern_when_lenses_are_ignored(shared_data):
    """The oracle is exact; with distortion ignored, 5-16 mm MPJPE, 1.5-5.5 mm P-MPJPE, ratio over 2."""
    dataset = synthetic_human36m(shared_data / "cmu_mocap", subjects=["S9", "S11"], fps=5.0)
    plain: list[np.ndarray] = []
    aligned: list[np.ndarray] = []
    for info in dataset.sequences:
        loaded = dataset.load(info)
        truth = to_array(loaded.truth)[:, 0]
        pixels = loaded.cameras.project(truth)
        exact = mvtri.triangulate(pixels, loaded.cameras, method="dlt").points
        assert np.linalg.norm(exact - truth, axis=-1).max() < 1e-6
        blind = mvtri.triangulate(pixels, loaded.cameras, method="dlt", undistort=False).points
        plain.append(np.linalg.norm(blind - truth, axis=-1).ravel())
        aligned.append(1000 * np.atleast_1d(mvtri.metrics.p_mpjpe(blind, truth)))
    mpjpe = 1000 * np.concatenate(plain).mean()
    p_mpjpe = np.concatenate(aligned).mean()
    assert 5 < mpjpe < 16
    assert 1.5 < p_mpjpe < 5.5
    assert mpjpe / p_mpjpe > 2
