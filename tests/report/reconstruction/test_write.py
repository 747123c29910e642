"""The report as a whole: one file, every section, names escaped, whatever is missing said."""

import base64
import gzip
import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest
from report_page import Page
from report_scene import scene

from mvtri.diagnostics import read_recording
from mvtri.errors import InputError
from mvtri.report import write_report
from mvtri.report.reconstruction import pictures
from mvtri.tracks import make_tracks

SECTIONS = ["viewer", "pictures", "reprojection", "coverage", "trajectories", "spine", "provenance"]
EVIL = '<script>alert("x")</script>&amp;'


def report(folder, tracks, cameras=None, **options):
    text = write_report(folder / "report.html", tracks, cameras, **options).read_text(encoding="utf-8")
    return Page(text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    tracks, cameras, truth = scene(people=2)
    rows = [
        {"setting": "oracle", "MPJPE mm": 0.0, "coverage": 1.0},
        {"setting": "detected", "MPJPE mm": 8.25},
    ]
    summary = {"session": "a session", "detector": "", "frames": 40}
    return report(
        tmp_path_factory.mktemp("whole"), tracks, cameras, truth=truth, scores=rows, summary=summary
    )


def test_has_every_section_once(whole):
    for place in ["overview", "scores", *SECTIONS]:
        assert whole.ids.count(place) == 1
    assert len(whole.ids) == len(set(whole.ids))


def test_every_figure_has_its_place_and_every_place_its_figure(whole):
    places = {place.removeprefix("plot-") for place in whole.ids if place.startswith("plot-")}
    assert places == {*whole.payload["figures"], "trajectories"}
    assert whole.payload["trajectories"] is not None


def test_loads_nothing_from_anywhere(whole):
    assert whole.resources
    assert all(resource.startswith("data:image/jpeg;base64,") for resource in whole.resources)
    style = re.search(r"<style>(.*?)</style>", whole.text, re.DOTALL).group(1)
    assert "url(" not in style
    assert "@import" not in style
    own = whole.scripts[""]
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(", own)


def test_the_plotting_library_travels_with_the_page(whole):
    library = gzip.decompress(base64.b64decode(whole.scripts["library"])).decode()
    assert "plotly.js" in library[:200]
    assert "scatter3d" in library


def test_the_same_input_gives_the_same_bytes(tmp_path, monkeypatch):
    for name, clock in (("a", 1e9), ("b", 2e9)):
        monkeypatch.setattr("time.time", lambda clock=clock: clock)
        tracks, cameras, truth = scene(people=2)
        write_report(tmp_path / name, tracks, cameras, truth=truth)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_old_report_stays_whole_when_the_new_one_fails(tmp_path, monkeypatch):
    tracks, cameras, _ = scene(3)
    path = write_report(tmp_path / "report.html", tracks, cameras)
    before = path.read_bytes()

    def fail(self, text, **_):
        self.write_bytes(text[:100].encode())
        raise OSError("the disk is full")

    monkeypatch.setattr("pathlib.Path.write_text", fail)
    with pytest.raises(OSError, match="full"):
        write_report(path, tracks, cameras, title="another")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_writes_nothing_when_the_parts_do_not_fit(tmp_path):
    tracks, cameras, _ = scene(3)
    with pytest.raises(InputError, match="2 videos were given for 4 cameras"):
        write_report(tmp_path / "report.html", tracks, cameras, videos=["a", "b"])
    assert list(tmp_path.iterdir()) == []


def test_names_are_escaped_everywhere(tmp_path):
    tracks, cameras, _ = scene(6)
    names = [EVIL, *list(cameras.names)[1:]]
    cameras = type(cameras)(
        names=names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=cameras.distortions,
        rotations=cameras.rotations,
        translations=cameras.translations,
    )
    keypoints = [EVIL, *tracks["keypoints"].to_numpy()[1:]]
    provenance = json.dumps({"call": EVIL})
    tracks = tracks.assign_coords(cameras=names, keypoints=keypoints, individuals=[EVIL])
    tracks = tracks.assign_attrs(provenance=provenance)
    page = report(
        tmp_path,
        tracks,
        cameras,
        title=EVIL,
        summary={EVIL: EVIL},
        scores=[{EVIL: EVIL}],
        videos=[tmp_path / EVIL.replace("/", "")] * 4,
    )
    assert page.tags.count("script") == 3
    assert EVIL not in page.text
    assert page.words.count('<script>alert("x")</script>') >= 8  # parsed back, it is text
    labels = json.dumps(page.payload)
    assert "<script" not in labels
    assert "&lt;script&gt;" in labels


def test_scores_are_a_table_with_shares_as_percent(whole):
    cells = re.findall(
        r"<td[^>]*>(.*?)</td>", re.search(r'id="scores".*?</section>', whole.text, re.DOTALL).group()
    )
    assert cells == ["oracle", "0.00", "100.0 %", "detected", "8.25", "–"]


def test_scores_of_a_data_frame_show_its_index(tmp_path):
    index = pd.MultiIndex.from_tuples([("oracle", "spine")], names=["setting", "group"])
    page = report(tmp_path, *scene(3)[:2], scores=pd.DataFrame({"MPJPE mm": [1.5]}, index=index))
    assert re.findall(r"<th[^>]*>([^<]*)</th>", page.text)[:3] == ["setting", "group", "MPJPE mm"]


def test_empty_facts_are_left_out(whole):
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", whole.text) == [
        ("session", "a session"),
        ("frames", "40"),
    ]


def test_bare_tracks_say_what_they_lack(tmp_path):
    tracks, _, _ = scene(5)
    bare = make_tracks(tracks["position"].transpose("time", "individuals", "keypoints", "space").to_numpy(),
                       keypoints=[f"point {i}" for i in range(37)])  # fmt: skip
    page = report(tmp_path, bare)
    for place in SECTIONS:
        assert (place in page.ids) == (place != "spine")
    assert "Spine" not in page.words
    for words in (
        "have no reprojection errors",
        "No cameras were given, so there are no pictures",
        "have no covariances",
        "do not record how they were made",
    ):
        assert words in page.words


def test_without_2d_the_pictures_say_so(tmp_path):
    tracks, cameras, _ = scene(5)
    page = report(tmp_path, tracks.drop_vars(["position_2d", "confidence_2d", "inlier"]), cameras)
    assert "do not hold the 2D detections" in page.words
    assert "have no 2D scores" in page.words
    assert "do not record which views were used" in page.words
    assert page.pictures == 4


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_few_frames(tmp_path, frames):
    tracks, cameras, truth = scene(max(frames, 1))
    page = report(tmp_path, tracks.isel(time=slice(frames)), cameras, truth=truth[:frames])
    for place in SECTIONS:
        assert place in page.ids
    assert bool(page.payload["figures"]) == bool(frames)
    if frames:
        assert len(page.payload["figures"]["viewer"]["frames"]) == (frames if frames > 1 else 0)


def test_nothing_reconstructed(tmp_path):
    tracks, cameras, _ = scene(4)
    tracks["position"][:] = np.nan
    tracks["residual"][:] = np.nan
    tracks["covariance"][:] = np.nan
    tracks["status"][:] = 3
    page = report(tmp_path, tracks, cameras)
    assert "because no keypoint was reconstructed" in page.words
    assert "No frame has the whole spine" in page.words
    assert "Only 0.0 % of all keypoints" in page.words


def test_one_camera(tmp_path):
    tracks, cameras, _ = scene(4)
    name = cameras.names[0]
    page = report(tmp_path, tracks.sel(cameras=[name]), cameras.subset([name]))
    assert page.pictures == 1
    assert "one camera" in page.words


def test_one_camera_of_one_person_without_coordinates_in_tracks(tmp_path):
    tracks, cameras, _ = scene(4)
    bare = tracks.drop_dims("cameras")
    page = report(tmp_path, bare, cameras)
    assert page.pictures == 4


def test_truth_of_other_frames_is_said_not_drawn(tmp_path):
    tracks, cameras, truth = scene(6)
    known = make_tracks(truth, keypoints=tracks["keypoints"].to_numpy(), fps=50.0)
    page = report(tmp_path, tracks, cameras, truth=known.assign_coords(time=known["time"] + 100))
    assert "has no frame and keypoint in common" in page.words
    assert page.payload["trajectories"]["truth"] is None


def test_unknown_cameras_are_refused(tmp_path):
    tracks, cameras, _ = scene(3)
    with pytest.raises(InputError, match="54138969 are not among"):
        write_report(tmp_path / "r.html", tracks, cameras.subset(list(cameras.names[1:])))


@pytest.fixture
def videos(tmp_path):
    """Four videos of 12 frames whose grey says which frame it is, 20 a frame."""
    _, cameras, _ = scene(1)
    paths = []
    for name, (width, height) in zip(cameras.names, cameras.image_sizes):
        path = tmp_path / f"{name}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50, (int(width), int(height)))
        for frame in range(12):
            writer.write(np.full((int(height), int(width), 3), 20 * frame, dtype=np.uint8))
        writer.release()
        paths.append(path)
    return paths


def greys(page):
    """Return the commonest grey of each picture, in frames."""
    images = [base64.b64decode(src.split(",")[1]) for src in page.resources]
    decoded = [cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE) for image in images]
    return [round(float(np.median(image)) / 20) for image in decoded]


def test_pictures_show_the_frame_that_the_tracks_came_from(tmp_path, videos):
    tracks, cameras, _ = scene(12)
    tracks["position"][:] = scene(12)[2].transpose(0, 3, 2, 1)
    page = report(tmp_path, tracks, cameras, videos=videos)
    assert greys(page) == [6, 6, 6, 6]
    some = tracks.isel(time=[2, 5, 8])
    assert greys(report(tmp_path, some, cameras, videos=videos)) == [5, 5, 5, 5]
    numbers = [0, 3, 9]
    assert greys(report(tmp_path, some, cameras, videos=videos, frame_indices=numbers)) == [3, 3, 3, 3]
    with pytest.raises(InputError, match="2 frame_indices were given for 3 frames"):
        write_report(tmp_path / "r.html", some, cameras, videos=videos, frame_indices=[1, 2])


def test_a_lost_video_costs_its_picture_alone(tmp_path, videos):
    tracks, cameras, _ = scene(12)
    videos[1].unlink()
    page = report(tmp_path, tracks, cameras, videos=videos)
    assert page.pictures == 4
    assert page.words.count("no picture") == 1


def test_pictures_show_the_points_as_the_cameras_saw_them_that_were_corrected(tmp_path, monkeypatch):
    tracks, cameras, _ = scene(6)
    errors = np.zeros((3, 6))
    errors[:, 1], errors[:, 5] = np.radians([0.5, -1.0, 2.0]), 0.02
    record = {"reconstruct": {"noise": {"rig_errors": errors.tolist()}}}
    names = [str(name) for name in cameras.names]
    seen = [names[3], names[0], names[2]]  # in another order, and one camera is not in the tracks
    part = tracks.sel(cameras=seen).assign_attrs(provenance=json.dumps(record))
    drawn = []
    draw = pictures._drawn

    def watch(recording, image, box, points, t, view):
        drawn.append((points, t))
        return draw(recording, image, box, points, t, view)

    monkeypatch.setattr(pictures, "_drawn", watch)
    page = report(tmp_path, part, cameras)
    position = read_recording(part).position
    moved = cameras.subset(seen).displaced(errors)
    for name, (points, t) in zip(names, drawn, strict=True):
        rig = moved if name in seen else cameras
        expected = rig.subset([name]).project(position[t])[..., 0, :]
        np.testing.assert_allclose(points, expected, atol=1e-6)
    assert "cameras which mvtri turned and moved a little" in page.text
