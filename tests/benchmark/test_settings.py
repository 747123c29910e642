"""Where the 2D of a benchmark comes from: settings, chosen cameras, pictures, keypoints that are missing."""

from dataclasses import replace

import numpy as np
import pytest
from benchmark_recordings import SKELETON, Recordings, plan, scores

import mvtri
from mvtri.benchmark import (
    Setting,
    collect,
    make_setting,
    overall_tables,
    run_benchmark,
    spine_template,
)
from mvtri.benchmark.observations import observations_of
from mvtri.datasets import Sequence, SequenceInfo, oracle_detections
from mvtri.errors import InputError, MissingFileError
from mvtri.tracks import to_array
from mvtri.video import read_frames


def observed(setting, dataset, count=4):
    sequence = dataset.load(dataset.sequences[0])
    (one,) = setting.observe(sequence, sequence.cameras.names[:count], 0)
    return one


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("magic", "no setting .*magic"),
        ("iid:five", "no valid standard deviation"),
        ("iid:-1", "no valid standard deviation"),
        ("oracle:3", "only noise models"),
        ("detector", "--detector"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(text, match):
    with pytest.raises(InputError, match=match):
        make_setting(text)


def test_stored_2d_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="stores no detector's 2D"):
        scores(plan(["stored"]))


def test_a_detector_without_videos_is_refused():
    setting = make_setting("detector", detector=mvtri.load_detector("mvtri-demo"))
    dataset = Recordings()
    with pytest.raises(InputError, match="has no videos"):
        observed(setting, dataset)


def test_lenses_can_be_ignored_without_touching_the_pixels():
    dataset = Recordings()
    sequence = dataset.load(dataset.sequences[0])
    (observations,) = observations_of(oracle_detections(sequence), sequence.cameras)
    blind = observations.without_lenses()
    np.testing.assert_array_equal(blind.points, observations.points)
    truth = to_array(sequence.truth)[0, 0, 0]
    expected = mvtri.triangulate(observations.points[0, 0], sequence.cameras, undistort=False, noise=3.0)
    found = mvtri.triangulate(blind.points[0, 0], blind.cameras, noise=3.0)
    np.testing.assert_allclose(found.points, expected.points, atol=1e-9)
    assert np.linalg.norm(found.points - truth) > 1e-4


class Pictured(Recordings):
    """The demo's first frames as pictures."""

    def __init__(self, folder):
        super().__init__(folder, frames=3)

    def list_sequences(self):
        yield SequenceInfo("S9", "demo", "demo", self.frames)

    def read(self, info):
        demo = mvtri.datasets.demo_dataset()
        whole = demo.load(demo.sequences[0])
        names = np.array([[f"{name}/{t}.png" for name in whole.cameras.names] for t in range(self.frames)])
        return Sequence(info, whole.truth.isel(time=slice(0, self.frames)), whole.cameras, images=names)


def test_a_detector_looks_at_pictures(tmp_path):
    import cv2

    demo = mvtri.sessions.demo_session()
    for name, video in zip(demo.camera_names, demo.videos):
        (tmp_path / name).mkdir()
        for t, frame in enumerate(read_frames(video, range(3))):
            cv2.imwrite(str(tmp_path / name / f"{t}.png"), frame)
    detector = mvtri.load_detector("mvtri-demo")
    dataset = Pictured(tmp_path)
    setting = make_setting("detector", detector=detector, images=tmp_path)
    observations = observed(setting, dataset)
    from_video = mvtri.detect(demo, detector, frames=(0, 3, 1))
    np.testing.assert_allclose(observations.points, to_array(from_video)[:, 0], atol=1e-3)
    with pytest.raises(InputError, match="--images"):
        observed(make_setting("detector", detector=detector), dataset)
    (tmp_path / demo.camera_names[0] / "1.png").unlink()
    with pytest.raises(MissingFileError, match=r"1\.png"):
        observed(setting, dataset)


def test_a_detector_sees_the_chosen_cameras_alone(monkeypatch):
    import mvtri.association
    import mvtri.detection

    looked = []

    def detect(session, detector, boxes):
        looked.append((session.camera_names, len(session.videos)))
        return mvtri.datasets.project_truth(sequence.truth, sequence.cameras.subset(session.camera_names))

    demo = mvtri.datasets.demo_dataset()
    sequence = demo.load(demo.sequences[0])
    monkeypatch.setattr(mvtri.detection, "detect", detect)
    monkeypatch.setattr(mvtri.association, "associate", lambda found, cameras, people: found)
    setting = make_setting("detector", detector=mvtri.load_detector("mvtri-demo"))
    names = sequence.cameras.names[2::-2]
    (observations,) = setting.observe(sequence, names, 0)
    assert looked == [(list(names), 2)]
    assert observations.cameras.names == names
    assert observations.points.shape[2] == 2


def test_every_setting_gives_the_chosen_cameras_in_their_order():
    dataset = Recordings()
    whole, part = (observed(make_setting("iid:3"), dataset, count) for count in (4, 2))
    np.testing.assert_array_equal(part.points, whole.points[:, :, :2])
    assert part.cameras.names == whole.cameras.names[:2]


def test_a_recording_is_cut_to_some_cameras_whole():
    dataset = Pictured("made-up")
    sequence = dataset.load(dataset.sequences[0])
    boxes = np.arange(3 * 4 * 4.0).reshape(3, 4, 4)
    sequence = replace(sequence, boxes=boxes, detections=oracle_detections(sequence), videos=tuple("abcd"))
    names = [sequence.cameras.names[3], sequence.cameras.names[1]]
    cut = sequence.subset(names)
    assert list(cut.cameras.names) == list(cut.detections["cameras"].to_numpy()) == names
    np.testing.assert_array_equal(cut.boxes, boxes[:, [3, 1]])
    np.testing.assert_array_equal(cut.images, sequence.images[:, [3, 1]])
    assert cut.videos == ("d", "b")
    np.testing.assert_array_equal(to_array(cut.detections), to_array(sequence.detections)[:, :, :, [3, 1]])


def test_pictures_outside_their_folder_are_refused(tmp_path):
    class Escaping(Pictured):
        def read(self, info):
            sequence = super().read(info)
            sequence.images[1, 2] = "../secret.png"
            return sequence

    (tmp_path / "in").mkdir()
    setting = make_setting("detector", detector=mvtri.load_detector("mvtri-demo"), images=tmp_path / "in")
    with pytest.raises(InputError, match=r"\.\./secret\.png, which is not within"):
        observed(setting, Escaping(tmp_path))


class Cut(Recordings):
    """Recordings of the 15 keypoints of the spine, without hips and shoulders."""

    def read(self, info):
        sequence = super().read(info)
        names = list(SKELETON.groups["spine"])
        return replace(sequence, truth=sequence.truth.sel(keypoints=names))


def test_fifteen_keypoints_can_be_scored_and_have_no_template():
    dataset = Cut()
    assert spine_template(dataset, dataset.sequences) is None
    results = scores(plan(["oracle"]), dataset)
    assert results.value("oracle", "ransac", "mpjpe", "spine") < 1e-9
    assert len(overall_tables(results)[0].rows) == 2  # nothing published is of 15 keypoints


def _cut(observations, at):
    """Return 2D of some of the keypoints."""
    points, scores = observations.points[:, at], observations.scores[:, at]
    names = tuple(observations.keypoints[index] for index in at)
    return replace(observations, points=points, scores=scores, modes=None, mode_scores=None, keypoints=names)


def test_keypoints_that_the_2d_knows_nothing_of_are_said(tmp_path):
    dataset = Recordings()
    few = ["nose", "left_hip", "right_hip"]

    def observe(sequence, rig, seed):
        (observations,) = make_setting("iid:2").observe(sequence, rig, seed)
        at = SKELETON.indices(few)
        return [_cut(observations, at)]

    the_plan = replace(plan(["oracle"], ["dlt"]), settings=(Setting("three", "three keypoints", observe),))
    run_benchmark(dataset, the_plan, out=tmp_path)
    results = collect(run_benchmark(dataset, the_plan, out=tmp_path), {})  # from disk
    assert len(results.about["unseen"]["three"]) == 34
    assert "three, 3 of 37 keypoints" in overall_tables(results)[0].title
    from mvtri.benchmark.report import write_benchmark_report

    page = write_benchmark_report(tmp_path / "report.html", results.to_json()).read_text()
    assert "the 2D lacks 34 keypoints" in page


def test_recordings_with_other_keypoints_in_the_2d_are_refused():
    def observe(sequence, rig, seed):
        (observations,) = make_setting("iid:2").observe(sequence, rig, seed)
        cut = slice(None, -1) if sequence.info.subject == "S9" else slice(None)
        at = np.arange(len(observations.keypoints))[cut]
        return [_cut(observations, at)]

    the_plan = replace(plan(["oracle"], ["dlt"]), settings=(Setting("uneven", "", observe),))
    with pytest.raises(InputError, match="other keypoints in common"):
        scores(the_plan)
