"""Labels from tracks: where they are, how sure, and where there are none."""

import json
import runpy

import cv2
import numpy as np
import pytest
from writers_video import number_of, write_video

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cli.command import _run
from mvtri.errors import InputError
from mvtri.pseudo_labels import LabelRules, label_tracks, video_frames, write_labels
from mvtri.pseudo_labels.numbers import moment_numbers
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import walk_about
from mvtri.tracks import Status, make_tracks

CAMERAS = human36m_cameras("S9")
NAMES = get_skeleton("spinetrack37").keypoints
POINTS = walk_about(6, 0, radius=0.5)
SIGMA = 0.004  # m


def tracks_of(**changes):
    shape = (6, 1, 37)
    given = {
        "keypoints": NAMES,
        "cameras": CAMERAS.names,
        "fps": 50.0,
        "skeleton": "spinetrack37",
        "covariance": np.broadcast_to(SIGMA**2 * np.eye(3), (*shape, 3, 3)),
        "inliers": np.ones((*shape, 4), dtype=bool),
        "confidence_2d": np.ones((*shape, 4)),
        "position_2d": CAMERAS.project(POINTS)[:, None],
        "status": np.zeros(shape, dtype=int) + Status.OK,
    }
    return make_tracks(POINTS[:, None], **given | changes)


def test_labels_are_projections_with_the_standard_deviation_of_the_point():
    labels = label_tracks(tracks_of(), CAMERAS)
    assert (labels.flags == 2).all()
    assert labels.pixels[:, 0] == pytest.approx(CAMERAS.project(POINTS))
    rng = np.random.default_rng(0)
    drawn = CAMERAS.project(POINTS[0, 3] + rng.normal(0, SIGMA, (4000, 3)))
    assert labels.sigmas[0, 0, 3] == pytest.approx(np.sqrt(drawn.var(axis=0).mean(axis=-1)), rel=0.05)


def test_there_is_no_label_where_views_disagree_or_nothing_is_sure():
    inliers = np.ones((6, 1, 37, 4), dtype=bool)
    inliers[0, 0, 0, :2] = False  # two views left
    inliers[0, 0, 1, 0] = False  # three views left: the one that differs is hidden
    status = np.zeros((6, 1, 37), dtype=int) + Status.OK
    status[1, 0, 2] = Status.FILLED
    spread = np.broadcast_to(SIGMA**2 * np.eye(3), (6, 1, 37, 3, 3)).copy()
    spread[2, 0, 3] *= 400
    labels = label_tracks(tracks_of(inliers=inliers, status=status, covariance=spread), CAMERAS)
    assert (labels.flags[0, 0, 0] == 0).all()
    assert labels.flags[0, 0, 1].tolist() == [1, 2, 2, 2]
    assert (labels.flags[1, 0, 2] == 0).all()
    assert (labels.flags[2, 0, 3] == 0).all()
    assert np.isnan(labels.pixels[2, 0, 3]).all()
    assert (labels.flags[3:] == 2).all()
    few = label_tracks(tracks_of(inliers=inliers), CAMERAS, LabelRules(min_views=2, min_share=0.75))
    assert (few.flags[0, 0, 0] == 0).all()
    assert (label_tracks(tracks_of(inliers=inliers), CAMERAS, LabelRules(2, 0.5)).flags[0, 0, 0] > 0).all()


def test_the_box_is_that_of_the_whole_person_however_few_keypoints_are_labelled():
    status = np.zeros((6, 1, 37), dtype=int) + Status.FILLED
    status[0, 0, 4] = Status.OK
    labels = label_tracks(tracks_of(status=status), CAMERAS)
    assert (labels.flags > 0).sum() == 4
    pixels = CAMERAS.project(POINTS)
    low, high = pixels.min(axis=1), pixels.max(axis=1)  # (T, C, 2)
    assert (low > 0).all()
    assert labels.boxes[:, 0, :, :2] == pytest.approx(low - 0.1 * (high - low))
    assert labels.boxes[:, 0, :, 2:] == pytest.approx(1.2 * (high - low))


def test_a_point_outside_of_an_image_has_no_label_there():
    matrices = CAMERAS.matrices.copy()
    matrices[1, 0, 2] -= 5000  # all points are left of the second image
    small = mvtri.CameraGroup(
        names=CAMERAS.names,
        image_sizes=[[10, 10], *CAMERAS.image_sizes[1:]],
        matrices=matrices,
        distortions=CAMERAS.distortions,
        rotations=CAMERAS.rotations,
        translations=CAMERAS.translations,
        models=CAMERAS.models,
    )
    labels = label_tracks(tracks_of(), small)
    assert (labels.flags[..., :2] == 0).all()
    assert (labels.flags[..., 2:] == 2).all()
    left, top, width, height = np.moveaxis(labels.boxes[:, 0, 0], -1, 0)
    assert (left + width <= 10).all()
    assert (top + height <= 10).all()


def test_files_load_in_pycocotools_and_follow_mmpose(tmp_path, capsys):
    tracks = tracks_of()
    mvtri.write_tracks(tmp_path / "tracks.nc", tracks)
    write_cameras(tmp_path / "rig.toml", human36m_cameras("S9", distortion="opencv"))
    given = [
        "label",
        tmp_path / "tracks.nc",
        "--calib",
        tmp_path / "rig.toml",
        "--out",
        tmp_path / "out.json",
    ]
    assert _run(list(map(str, given)), False) == 0
    assert "100.0% of the keypoints are labelled" in capsys.readouterr().out
    content = json.loads((tmp_path / "out.json").read_text())
    assert len(content["images"]) == 24
    row = content["annotations"][7]
    image = next(one for one in content["images"] if one["id"] == row["image_id"])
    assert image["file_name"] == f"{CAMERAS.names[1]}/000000000001.jpg"
    true = human36m_cameras("S9", distortion="opencv").project(POINTS[1])[:, 1]
    found = np.array(row["keypoints"]).reshape(-1, 3)
    assert found[:, :2] == pytest.approx(true, abs=0.01)
    assert (found[:, 2] == 2).all()
    assert len(row["keypoint_sigmas"]) == 37
    left, top, width, height = row["bbox"]
    low, high = true.min(axis=0), true.max(axis=0)
    assert [left, top] == pytest.approx(low - 0.1 * (high - low), abs=0.01)
    assert [width, height] == pytest.approx(1.2 * (high - low), abs=0.01)
    assert row["area"] == pytest.approx(0.53 * width * height)
    described = runpy.run_path(str(tmp_path / "out_metainfo.py"))["dataset_info"]
    assert [one["name"] for one in described["keypoint_info"].values()] == list(NAMES)
    assert described["keypoint_info"][5]["swap"] == "right_shoulder"
    assert described["keypoint_info"][0]["swap"] == ""
    assert described["sigmas"] == list(get_skeleton("spinetrack37").sigmas)
    assert set(described["skeleton_info"][0]["link"]) <= set(NAMES)
    links = [(NAMES[a - 1], NAMES[b - 1]) for a, b in content["categories"][0]["skeleton"]]  # from 1 on
    assert links == list(get_skeleton("spinetrack37").links)
    coco = pytest.importorskip("pycocotools.coco")
    loaded = coco.COCO(str(tmp_path / "out.json"))
    assert len(loaded.getAnnIds(iscrowd=False)) == 24
    assert loaded.loadCats([1])[0]["keypoints"] == list(NAMES)


def test_labels_are_seen_by_the_cameras_where_the_reconstruction_found_them(tmp_path):
    errors = np.zeros((4, 6))
    errors[1, 3:] = [0.02, -0.01, 0.03]
    tracks = tracks_of()
    tracks.attrs["provenance"] = json.dumps({"reconstruct": {"noise": {"rig_errors": errors.tolist()}}})
    mvtri.write_tracks(tmp_path / "tracks.nc", tracks)
    write_cameras(tmp_path / "rig.toml", CAMERAS)
    given = ["label", tmp_path / "tracks.nc", "--calib", tmp_path / "rig.toml", "--out", tmp_path / "a.json"]
    assert _run(list(map(str, given)), False) == 0
    row = json.loads((tmp_path / "a.json").read_text())["annotations"][7]  # frame 1 of the second camera
    found = np.array(row["keypoints"]).reshape(-1, 3)[:, :2]
    true = CAMERAS.displaced(errors).project(POINTS[1])[:, 1]
    assert found == pytest.approx(true, abs=0.01)
    assert np.abs(true - CAMERAS.project(POINTS[1])[:, 1]).min() > 0.1


def test_pictures_are_the_frames_of_the_videos_that_show_each_moment(tmp_path, capsys):
    """The third camera begins four frames late, by the clock of its file, so the moment 3 is lost."""
    rig = tmp_path / "session" / "calibration" / "rig.toml"
    rig.parent.mkdir(parents=True)
    write_cameras(rig, CAMERAS)
    mvtri.write_tracks(tmp_path / "tracks.nc", tracks_of(times=np.arange(3, 9) / 50))
    (tmp_path / "session" / "videos").mkdir()
    for c, (name, size) in enumerate(zip(CAMERAS.names, CAMERAS.image_sizes)):
        late = 4 if c == 2 else 0
        times = np.arange(late, 9) / 50
        numbers = 100 * c + np.arange(9 - late)
        path = tmp_path / "session" / "videos" / f"{name}.mp4"
        write_video(path, times, numbers, rate=50, size=tuple(map(int, size)))
    given = ["label", tmp_path / "tracks.nc", "--calib", rig, "--session", tmp_path / "session"]
    given += ["--sync", "clock"]
    assert _run([*map(str, given), "--out", str(tmp_path / "out" / "labels.json")], False) == 0
    content = json.loads((tmp_path / "out" / "labels.json").read_text())
    late = CAMERAS.names[2]
    found = {
        str(path.relative_to(tmp_path / "out" / "images")): number_of(cv2.imread(str(path)))
        for path in (tmp_path / "out" / "images").rglob("*.jpg")
    }
    named = {image["file_name"] for image in content["images"]}
    assert named - set(found) == {f"{late}/{3:012d}.jpg"}
    assert found == {
        f"{name}/{t:012d}.jpg": 100 * c + t - (4 if c == 2 else 0)
        for c, name in enumerate(CAMERAS.names)
        for t in range(4 if c == 2 else 3, 9)
    }
    assert (
        "labelled pictures that the videos have lost, or whose frames are damaged: 1"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("numbers", "recorded"),
    [
        (np.arange(10, 28, 3), {"detect": {"parameters": {"frames": [10, 28, 3]}}}),
        (np.arange(10, 28, 3), {"time": {"fps": 50.0}}),  # 2D that was there already
        (np.arange(0, 60, 10), {"time": {"fps": 50.0}}),  # times fit the tracks' own rate, too
        (np.arange(6), {}),
    ],
)
def test_images_are_numbered_as_the_frames_of_the_videos(tmp_path, caplog, numbers, recorded):
    step = numbers[1] - numbers[0]
    tracks = tracks_of(times=numbers / 50, fps=50.0 / step)
    tracks.attrs["provenance"] = json.dumps(recorded)
    assert moment_numbers(tracks).tolist() == numbers.tolist()
    assert ("the tracks do not record the rate of the videos" in caplog.text) == (not recorded)


def test_numbers_that_cannot_be_known_are_refused():
    tracks = tracks_of(times=np.arange(10, 28, 3) / 50, fps=50.0 / 3)
    with pytest.raises(InputError, match=r"^which frames of the videos .* 0.2 to 0.5, between frames at 16"):
        moment_numbers(tracks)


def test_the_command_cuts_the_frames_that_were_chosen_with_a_step(tmp_path):
    rig = tmp_path / "session" / "calibration" / "rig.toml"
    rig.parent.mkdir(parents=True)
    write_cameras(rig, CAMERAS)
    tracks = tracks_of(times=np.arange(2, 14, 2) / 50, fps=25.0)
    tracks.attrs["provenance"] = json.dumps({"time": {"fps": 50.0}})
    mvtri.write_tracks(tmp_path / "tracks.nc", tracks)
    (tmp_path / "session" / "videos").mkdir()
    for name, size in zip(CAMERAS.names, CAMERAS.image_sizes):
        path = tmp_path / "session" / "videos" / f"{name}.mp4"
        write_video(path, np.arange(14) / 50, np.arange(14), rate=50, size=tuple(map(int, size)))
    given = ["label", tmp_path / "tracks.nc", "--calib", rig, "--session", tmp_path / "session"]
    assert _run([*map(str, given), "--out", str(tmp_path / "labels.json")], False) == 0
    pictures = {int(path.stem): number_of(cv2.imread(str(path))) for path in tmp_path.rglob("*.jpg")}
    assert pictures == {number: number for number in range(2, 14, 2)}


def test_frames_of_another_session_are_refused():
    assert video_frames([4, 6], np.arange(9), None, 2).tolist() == [[4, 4], [6, 6]]
    with pytest.raises(InputError, match=r"^the tracks have a frame 9, and the session has 0 to 8"):
        video_frames([4, 9], np.arange(9), None, 2)


def test_what_cannot_be_labelled_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"^these tracks do not hold inlier and covariance and confidence_2d"
    ):
        label_tracks(make_tracks(POINTS[:, None], keypoints=NAMES, fps=50.0), CAMERAS)
    with pytest.raises(InputError, match=r"^the cameras lack 60457274, which the tracks were made from"):
        label_tracks(tracks_of(), CAMERAS.subset(CAMERAS.names[:3]))
    with pytest.raises(InputError, match=r"min_views is 1, expected 2 or more; min_share is 2"):
        LabelRules(1, 2.0)
    nothing = label_tracks(tracks_of(inliers=np.zeros((6, 1, 37, 4), dtype=bool)), CAMERAS)
    given = {
        "keypoints": NAMES,
        "cameras": CAMERAS.names,
        "image_sizes": CAMERAS.image_sizes,
        "frames": range(6),
    }
    with pytest.raises(InputError, match=r"^there is no label to write"):
        write_labels(tmp_path / "a.json", nothing, **given)
    with pytest.raises(InputError, match=r"does not end in .json"):
        write_labels(tmp_path / "a.txt", nothing, **given)
    assert not list(tmp_path.iterdir())
