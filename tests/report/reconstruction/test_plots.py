"""The plots and the 3D viewer: right numbers in the right places, light for long recordings."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
from report_scene import scene, walking

import mvtri
from mvtri.cameras import CameraGroup
from mvtri.diagnostics import read_recording
from mvtri.errors import InputError
from mvtri.kinematics import facing_directions
from mvtri.report import skeleton_figure
from mvtri.report.html.plotly_values import compact
from mvtri.report.reconstruction import curves as motion
from mvtri.report.reconstruction import plots, truth
from mvtri.report.reconstruction import scene3d as stage
from mvtri.report.reconstruction.figure3d import skeleton_plot
from mvtri.tracks import Status, make_tracks


def test_compact_rounds_and_leaves_gaps():
    assert compact(np.array([[1.23456, np.nan], [np.inf, 2.0]]), 2) == [[1.23, None], [None, 2.0]]
    assert json.dumps(compact(np.full(3, np.nan), 1)) == "[null, null, null]"


def test_names_are_not_markup_in_plots():
    tracks, cameras, _ = scene(2)
    tracks = tracks.assign_coords(individuals=["<b>&"])
    labels = json.dumps(skeleton_figure(tracks, cameras).to_plotly_json(), default=str)
    assert "<b>" not in labels
    assert "&lt;b&gt;&amp;" in labels


def test_the_commonest_status_of_each_stretch():
    codes = np.array([[0, 0, 3, 3, 3, 0, 1, 1]])
    assert plots.commonest(codes, np.array([0, 3, 6, 8])).tolist() == [[0, 3, 1]]
    assert plots.commonest(np.array([[0, 3]]), np.array([0, 2])).tolist() == [[3]]  # a tie hides no trouble


def test_coverage_shows_each_status_in_its_colour():
    tracks, _, _ = scene(5)
    tracks["status"][:] = Status.OK
    tracks["status"][2] = Status.FILLED
    picture, line, bar = plots.coverage_over_time(read_recording(tracks), 0)["data"]
    assert np.shape(picture["z"]) == (37, 5)
    assert picture["text"][0] == ["reconstructed"] * 2 + ["filled in a gap"] + ["reconstructed"] * 2
    assert len(line["x"]) == 5
    present = read_recording(tracks).present[:, 0]
    np.testing.assert_allclose(bar["x"], 100 * present.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(line["y"], 100 * present.mean(axis=1), atol=0.01)


def test_boxes_hold_the_percentiles_of_the_views_that_count():
    tracks, _, _ = scene(60)
    recording = read_recording(tracks)
    everything, used = plots.residuals_by_camera(recording)["data"]
    counts = recording.score[..., 1] >= 0.3
    expected = np.percentile(recording.residual[..., 1][counts & recording.present], [5, 25, 50, 75, 95])
    found = [everything[part][1] for part in ("lowerfence", "q1", "median", "q3", "upperfence")]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert used["upperfence"][1] < everything["upperfence"][1]


def test_long_recordings_stay_light():
    count = 20_000
    position = np.tile(walking(50), (count // 50, 1, 1, 1))
    tracks = make_tracks(
        position, keypoints=scene(1)[0]["keypoints"].to_numpy(), fps=50.0, skeleton="spinetrack37"
    )
    recording = read_recording(tracks)
    assert len(skeleton_plot(recording, None, None)["frames"]) <= 300
    assert len(motion.trajectories(recording, None)["times"]) <= motion.MAX_POINTS
    assert np.shape(plots.coverage_over_time(recording, 0)["data"][0]["z"])[1] <= plots.MAX_COLUMNS


def test_a_jump_of_one_frame_survives_thinning():
    values = np.zeros(10_000)
    values[4321], values[8765] = 5.0, np.nan
    edges = plots.bins(10_000, 800)
    thin = motion.extremes(values, edges)
    assert np.max(thin) == 5.0
    times = motion.extreme_times(np.arange(10_000.0), edges)
    assert len(times) == len(thin) == 1600
    assert abs(times[thin.argmax()] - 4321) <= 13
    assert (np.diff(times) > 0).all()


def test_a_stretch_without_a_point_is_a_gap():
    values = np.zeros(1000)
    values[:500] = np.nan
    thin = motion.extremes(values, plots.bins(1000, 10))
    assert np.isnan(thin[:10]).all()
    assert np.isfinite(thin[10:]).all()


def test_trajectories_of_short_recordings_are_the_tracks():
    tracks, _, real = scene(7, people=2)
    found = motion.trajectories(read_recording(tracks), real)
    assert np.shape(found["position"]) == (2, 37, 3, 7)
    np.testing.assert_allclose(np.array(found["truth"])[1, 9, 2], real[:, 1, 9, 2], atol=1e-4)


def test_lean_and_bend_of_a_known_spine():
    keypoints = ["hip", "spine_03", "neck", "neck_03"]
    angle = np.radians(30)
    up, tilted = np.array([0, 0, 1.0]), np.array([np.sin(angle), 0, np.cos(angle)])
    chain = np.array([0 * up, up, 2 * up, 2 * up + tilted])
    chain = np.stack([chain, chain @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]])])  # then lying down
    tracks = make_tracks(chain[:, None], keypoints=keypoints, fps=1.0, skeleton="spinetrack37")
    lean, bend = motion.spine_angles(read_recording(tracks), 0)["data"]
    assert lean["y"] == [0.0, 90.0]
    assert bend["y"] == [30.0, 30.0]


def test_smoothed_tracks_show_what_was_measured_and_what_was_filled():
    tracks, _, real = scene(30)
    gap = tracks["position"].copy()
    gap[11:14, :, 9] = np.nan
    smoothed = mvtri.smooth(tracks.assign(position=gap), "median:5", fill=1.0)
    recording = read_recording(smoothed)
    found = motion.trajectories(recording, real)
    assert found["measured"][0][3][1] == compact(gap.to_numpy()[:, 1, 3, 0], 4)
    assert found["measured"][0][9][0][12] is None
    for point in (3, 9):
        status = smoothed["status"].to_numpy()[:, point, 0]
        assert found["filled"][0][point] == np.flatnonzero(status == Status.FILLED).tolist()
    assert {11, 12, 13} <= set(found["filled"][0][9])
    labels = {curve["name"]: curve for curve in motion.spine_angles(recording, 0, real)["data"]}
    assert len(labels) == 6
    plain = motion.spine_angles(read_recording(tracks), 0)["data"]
    raw = [curve["y"] for name, curve in labels.items() if name.endswith("not smoothed")]
    assert raw == [curve["y"] for curve in plain]
    true = motion.spine_angles(read_recording(tracks), 0, real)["data"][2:]
    assert [c["y"] for c in true] == [c["y"] for n, c in labels.items() if n.endswith("truth")]
    assert motion.trajectories(read_recording(tracks), None)["measured"] is None


def test_filled_points_are_marked_in_long_recordings_too():
    tracks, _, _ = scene(7)
    long = tracks.isel(time=np.arange(3000) % 7).assign_coords(time=np.arange(3000) / 50.0)
    status = long["status"].copy()
    status[1500, 9] = int(mvtri.Status.FILLED)
    places = motion.trajectories(read_recording(long.assign(status=status)), None)
    (first, second) = places["filled"][0][9]
    assert places["times"][first] <= 30.0 <= places["times"][second] + 0.1


def test_forward_is_where_the_person_faces():
    tracks, _, _ = scene(4)
    recording = read_recording(tracks)
    index = recording.keypoints.index
    forward, left = facing_directions(recording.position[:, 0], recording.keypoints)
    nose = recording.position[0, 0, index("nose")] - recording.position[0, 0, index("head")]
    assert nose @ forward[0] > 0.05
    np.testing.assert_allclose((forward * left).sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.cross(forward, left), np.tile([0, 0, 1.0], (4, 1)), atol=1e-12)


def test_a_frustum_ends_at_the_corners_of_the_picture():
    _, cameras, _ = scene(1)
    pinhole = CameraGroup(
        names=cameras.names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=[np.zeros(5)] * 4,
        rotations=cameras.rotations,
        translations=cameras.translations,
    )
    corners = stage.frustum_corners(pinhole, 1, 2.5)
    width, height = pinhole.image_sizes[1]
    expected = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    np.testing.assert_allclose(pinhole.project(corners)[:, 1], expected, atol=1e-6)
    depth = (corners @ pinhole.rotations[1].T + pinhole.translations[1])[:, 2]
    np.testing.assert_allclose(depth, 2.5)


def test_one_stands_back_until_the_cameras_are_in_the_picture():
    middle, offset = np.array([0, 0, 1.0]), np.array([0, -2.5, 0.5])
    low, high = np.array([[1.0, 5, 1.2]]), np.array([[1.0, 3, 2.4]])
    assert stage.stand_back(middle, offset, low) == 1
    factor = stage.stand_back(middle, offset, high)
    assert 1 < factor < 1.8
    assert stage.stand_back(middle, offset, np.concatenate([low, high, [[0, -9.0, 3]]])) == factor
    assert stage.stand_back(middle, offset, np.array([[0, 1, 30.0]])) == 1  # nothing would help
    assert stage.stand_back(middle, np.array([0, 0, 1.0]), low) == 1


def test_axes_of_the_scene_are_equal():
    tracks, cameras, _ = scene(5)
    low, high = stage.people_bounds(read_recording(tracks).position)
    found = stage.scene(low, high, cameras)
    scale = [np.ptp(found[f"{name}axis"]["range"]) / found["aspectratio"][name] for name in "xyz"]
    np.testing.assert_allclose(scale, scale[0])


def test_a_stray_point_does_not_shrink_the_people():
    position = walking(100)
    position[3, 0, 5] = 1e4
    assert (np.abs(stage.people_bounds(position)) < 5).all()


def test_the_figure_is_a_plotly_figure_with_truth_and_cameras():
    tracks, cameras, real = scene(6, people=2)
    figure = skeleton_figure(tracks, cameras, truth=real)
    assert isinstance(figure, go.Figure)
    assert len(figure.frames) == 6
    names = [trace.name for trace in figure.data]
    assert names.count("truth") == 2
    assert names.count("cameras") == 2
    assert len(skeleton_figure(tracks, max_frames=2).frames) == 2


def test_frames_move_the_points_of_their_moment():
    tracks, _, _ = scene(6)
    tracks["position"][:] = walking(6).transpose(0, 3, 2, 1)
    figure = skeleton_figure(tracks)
    dots = figure.frames[4].data[2]
    np.testing.assert_allclose(dots.x, tracks["position"].to_numpy()[4, 0, :, 0], atol=1e-4)


def test_truth_is_matched_by_name_and_time():
    tracks, _, real = scene(6)
    recording = read_recording(tracks.isel(time=[1, 4]))
    known = make_tracks(real, keypoints=tracks["keypoints"].to_numpy(), fps=50.0).isel(
        keypoints=slice(None, None, -1)
    )
    found = truth.match_truth(known, recording)
    np.testing.assert_allclose(found, real[[1, 4]])
    fewer = truth.match_truth(known.drop_sel(keypoints="nose"), recording)
    assert np.isnan(fewer[:, :, 0]).all()
    assert np.isfinite(fewer[:, :, 1:]).all()


def test_two_people_are_matched_by_name_and_others_of_the_truth_follow():
    tracks, _, real = scene(6, people=2)
    keypoints = tracks["keypoints"].to_numpy()
    first, second = (str(name) for name in tracks["individuals"].to_numpy())
    order = [real[:, 0] + 1.0, real[:, 1], real[:, 0]]
    known = make_tracks(
        np.stack(order, axis=1), keypoints=keypoints, fps=50.0, individuals=["other", second, first]
    )
    found = truth.match_truth(known, read_recording(tracks))
    np.testing.assert_allclose(found[:, :2], real)
    np.testing.assert_allclose(found[:, 2], real[:, 0] + 1.0)
    unnamed = make_tracks(real, keypoints=keypoints, fps=50.0, individuals=["a", "b"])
    np.testing.assert_allclose(truth.match_truth(unnamed, read_recording(tracks)), real)


def test_frames_beyond_the_truth_have_none():
    tracks, _, real = scene(6)
    known = make_tracks(real[:4], keypoints=tracks["keypoints"].to_numpy(), fps=50.0)
    found = truth.match_truth(known, read_recording(tracks))
    assert np.isfinite(found[:4]).all()
    assert np.isnan(found[4:]).all()


def test_truth_of_another_shape_is_refused():
    tracks, _, real = scene(6)
    with pytest.raises(InputError, match=r"the truth has the shape \(5, 1, 37, 3\)"):
        truth.match_truth(real[:5], read_recording(tracks))
    assert truth.match_truth(real[:, 0], read_recording(tracks)).shape == (6, 1, 37, 3)
