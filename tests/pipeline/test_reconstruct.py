"""The way through the rooms: labels, raw 2D and provenance come through, and mistakes are named."""

import dataclasses

import numpy as np
import pytest
from sessions_verdicts import changed, detected, detections_of, person

import mvtri
from mvtri.association import associate
from mvtri.benchmark import evaluate
from mvtri.datasets import project_truth
from mvtri.diagnostics import diagnose
from mvtri.errors import InputError
from mvtri.pipeline import label
from mvtri.plausibility import PlausibilityWarning
from mvtri.tracks import Status, make_tracks, provenance_of, to_array, validate_tracks

# points at random are no bodies, which reconstruct says
pytestmark = pytest.mark.filterwarnings("ignore::mvtri.plausibility.PlausibilityWarning")
SKELETON = mvtri.get_skeleton("spinetrack37")


@pytest.fixture(scope="module")
def cams():
    return mvtri.human36m_cameras("S9")


@pytest.fixture
def truth():
    points = np.random.default_rng(5).normal([0, 0, 1], [0.3, 0.3, 0.4], (7, 1, 37, 3))
    return make_tracks(
        points, keypoints=SKELETON.keypoints, fps=50, skeleton="spinetrack37", individuals=["ada"]
    )


@pytest.mark.parametrize("method", ["ransac", "dlt"])
def test_perfect_2d_gives_back_the_truth(truth, cams, method):
    tracks = mvtri.reconstruct(project_truth(truth, cams), cams, method=method)
    validate_tracks(tracks)
    assert evaluate(tracks, truth)["MPJPE mm"].max() < 1e-6
    assert (tracks["status"] == Status.OK).all()
    assert list(tracks["individuals"].to_numpy()) == ["ada"]
    np.testing.assert_array_equal(tracks["time"], truth["time"])
    assert tracks.attrs["fps"] == 50
    assert tracks.attrs["skeleton"] == "spinetrack37"


def test_ignoring_distortion_costs_millimetres(truth, cams):
    tracks = mvtri.reconstruct(project_truth(truth, cams), cams, method="dlt", undistort=False)
    assert 1.0 < evaluate(tracks, truth).loc["full", "MPJPE mm"] < 50.0
    assert provenance_of(tracks)["reconstruct"]["undistort"] is False


def test_the_raw_2d_stays_as_it_was(truth, cams):
    detections = project_truth(truth, cams)
    before = detections.copy(deep=True)
    tracks = mvtri.reconstruct(detections, cams)
    np.testing.assert_array_equal(to_array(tracks, "position_2d"), to_array(before))
    np.testing.assert_array_equal(to_array(detections), to_array(before))


def test_2d_of_single_precision_makes_tracks_of_single_precision(cams):
    """Half the memory of long recordings; what is lost is less than a micrometre."""
    truth = mvtri.sessions.demo_truth().isel(time=slice(30))
    noisy = project_truth(truth, cams)
    noise = np.random.default_rng(0).normal(0, 2.0, noisy["position"].shape)
    noisy = noisy.assign(position=noisy["position"] + noise).astype(np.float32)
    for smooth in ("none", "rts"):
        single = mvtri.reconstruct(noisy, cams, smooth=smooth)
        double = mvtri.reconstruct(noisy.astype(np.float64), cams, smooth=smooth)
        for name in ("position", "covariance", "random_sd", "systematic_sd", "residual", "position_2d"):
            assert single[name].dtype == np.float32
            assert double[name].dtype == np.float64
        np.testing.assert_allclose(to_array(single), to_array(double), atol=1e-6)
        for name, share in (("random_sd", 1e-3), ("systematic_sd", 1e-3), ("covariance", 1e-2)):
            found, expected = (to_array(tracks, name) for tracks in (single, double))
            np.testing.assert_allclose(found, expected, rtol=share, atol=1e-6 * share)


def test_who_is_alone_is_chosen_without_a_copy(truth, cams):
    detections = project_truth(truth, cams).assign_attrs(associated=0)
    chosen = associate(detections, cams)
    assert chosen.attrs["associated"] == 1
    assert list(chosen["individuals"].to_numpy()) == ["person_0"]
    assert np.shares_memory(to_array(chosen), to_array(detections))
    assert list(detections["individuals"].to_numpy()) == ["ada"]


def test_a_view_that_is_wrong_is_left_out_and_its_residual_reported(truth, cams):
    detections = project_truth(truth, cams)
    position = detections["position"].copy()
    position[2, :, 11, 0, 1] += 60.0
    tracks = mvtri.reconstruct(detections.assign(position=position), cams)
    inlier, residual = (to_array(tracks, name)[2, 0, 11] for name in ("inlier", "residual"))
    assert list(inlier) == [True, False, True, True]
    assert residual[1] == pytest.approx(60 * np.sqrt(2), abs=0.5)
    assert evaluate(tracks, truth).loc["full", "MPJPE mm"] < 0.01


@pytest.mark.parametrize(
    ("variable", "value", "status"),
    [("confidence", 0.0, Status.LOW_SCORE), ("position", np.nan, Status.TOO_FEW_VIEWS)],
)
def test_a_point_seen_by_one_view_is_missing_with_its_reason(truth, cams, variable, value, status):
    detections = project_truth(truth, cams)
    changed = detections[variable].copy()
    changed.loc[{"time": truth["time"][3], "keypoints": "right_ear", "cameras": list(cams.names[1:])}] = value
    tracks = mvtri.reconstruct(detections.assign({variable: changed}), cams)
    assert np.isnan(to_array(tracks)[3, 0, 4]).all()
    assert to_array(tracks, "status")[3, 0, 4] == status
    assert to_array(tracks, "confidence")[3, 0, 4] == 0
    assert np.isfinite(to_array(tracks)).all(axis=-1).sum() == 7 * 37 - 1


def test_cameras_are_matched_by_name(truth, cams):
    part = cams.subset([cams.names[2], cams.names[0]])
    detections = project_truth(truth, part)
    tracks = mvtri.reconstruct(detections, cams)
    assert evaluate(tracks, truth)["MPJPE mm"].max() < 1e-6
    assert list(tracks["cameras"].to_numpy()) == list(part.names)


def test_frames_are_chosen_from_detections(truth, cams):
    tracks = mvtri.reconstruct(project_truth(truth, cams), cams, frames=(1, 6, 2))
    np.testing.assert_array_equal(tracks["time"], truth["time"][1:6:2])


def test_what_is_missing_is_named(truth, cams):
    with pytest.raises(InputError, match="cameras="):
        mvtri.reconstruct(project_truth(truth, cams))
    with pytest.raises(InputError, match=r"tracks|detections"):
        mvtri.reconstruct(truth, cams)
    with pytest.raises(InputError, match="54138969"):
        mvtri.reconstruct(project_truth(truth, cams), cams.subset(cams.names[1:]))


def test_one_camera_is_refused(truth, cams):
    seen = project_truth(truth, cams).isel(cameras=slice(1))
    with pytest.raises(InputError, match=r"found 1 camera \(.*\), but triangulation needs two or more"):
        mvtri.reconstruct(seen, cams)


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_detector_of_the_demo_is_warned_of_elsewhere(is_demo, caplog):
    from mvtri.sessions import demo_session

    session = dataclasses.replace(demo_session(cameras=2, frames=":2"), is_demo=is_demo)
    detector = mvtri.load_detector("mvtri-demo", device="cpu")
    tracks = mvtri.reconstruct(session, detector=detector)
    notes = provenance_of(tracks)["reconstruct"].get("notes", [])
    assert [note in caplog.text for note in notes] == ([] if is_demo else [True])
    assert ("knows only the rendered people" in caplog.text) != is_demo


def test_the_tracks_keep_the_noise_that_their_covariances_stand_on(truth, cams):
    record = provenance_of(mvtri.reconstruct(project_truth(truth, cams), cams))["reconstruct"]["noise"]
    assert np.shape(record["sigma"])[-1] == len(cams)
    assert np.min(record["sigma"]) > 0.0
    about_outliers = {"outlier_rate", "outlier_spread", "tail"}
    others = {"sigma", "estimated", "freedom", "systematic_share", "inflation", "shape"}
    about_the_rig = {"rig_errors", "rig_covariance"}
    assert set(record) == others | about_outliers | about_the_rig
    assert {record[name] for name in about_the_rig} == {None}


def test_views_without_a_score_do_not_count_in_the_mean_score():
    scores = np.array([[0.8, np.nan, 0.4, 0.9], [np.nan] * 4])
    inliers = np.array([[True, True, True, False], [True] * 4])
    np.testing.assert_allclose(label._mean_score(scores, inliers), [0.6, 0.0])


def test_the_tracks_keep_how_far_the_cameras_are_off(truth, cams):
    errors = np.c_[np.radians(0.4) * np.eye(4, 3), 0.01 * np.eye(4, 3)]
    noisy = project_truth(truth, cams.displaced(errors))
    noise = np.random.default_rng(1).normal(0, 0.5, noisy["position"].shape)
    tracks = mvtri.reconstruct(noisy.assign(position=noisy["position"] + noise), cams)
    recorded = np.asarray(provenance_of(tracks)["reconstruct"]["noise"]["rig_errors"])
    seen = cams.displaced(recorded).project(to_array(tracks))
    pixels = to_array(noisy.assign(position=noisy["position"] + noise), "position")
    residual = np.linalg.norm(seen - pixels, axis=-1)
    np.testing.assert_allclose(to_array(tracks, "residual"), residual, atol=0.01)
    assert np.median(residual) < 1.0


def test_associated_people_are_all_triangulated(truth, cams):
    moved = to_array(truth) + [1.0, -0.5, 0.0]
    both = make_tracks(
        np.concatenate([to_array(truth), moved], axis=1),
        keypoints=SKELETON.keypoints,
        fps=50,
        skeleton="spinetrack37",
        individuals=["ada", "grace"],
    )
    tracks = mvtri.reconstruct(project_truth(both, cams), cams)
    assert list(tracks["individuals"].to_numpy()) == ["ada", "grace"]
    np.testing.assert_allclose(to_array(tracks), to_array(both), atol=1e-8)


def test_a_wrong_unit_is_a_warning(cams):
    seen = detected(person(10), cams)
    in_millimetres = changed(cams, translations=1000 * cams.translations)
    with pytest.warns(PlausibilityWarning, match="millimetres were probably taken for metres"):
        mvtri.reconstruct(detections_of(seen, cams), in_millimetres)


def test_a_scale_that_only_the_height_shows_is_a_warning_and_a_verdict(cams):
    larger = changed(cams, translations=1.15 * cams.translations)
    detections = detections_of(cams.project(person(stature=1.7)), cams)
    assert "board_size" not in [v.kind for v in diagnose(mvtri.reconstruct(detections, larger)).verdicts]
    with pytest.warns(PlausibilityWarning, match="1.70 m by the height that was given"):
        tracks = mvtri.reconstruct(detections, larger, height=1.7)
    assert "board_size" in [verdict.kind for verdict in diagnose(tracks, larger).verdicts]
    assert diagnose(tracks, larger).status == "bad"
    assert "board_size" not in [
        v.kind for v in diagnose(mvtri.reconstruct(detections, cams, height=1.7)).verdicts
    ]


def test_a_height_in_centimetres_is_refused_before_any_work(cams):
    with pytest.raises(InputError, match="if these are centimetres, pass"):
        mvtri.reconstruct(detections_of(cams.project(person()), cams), cams, height=175)


def test_why_cameras_see_somebody_else_is_said(cams):
    seen = detected(person(10), cams)[..., ::-1]
    with pytest.warns(PlausibilityWarning, match="x and y of the 2D are exchanged"):
        tracks = mvtri.reconstruct(detections_of(seen, cams), cams)
    (note,) = provenance_of(tracks)["reconstruct"]["notes"]
    assert note.startswith("Probably x and y of the 2D are exchanged")


def test_why_nobody_was_found_is_said(cams):
    seen = detected(person(10), cams) / cams.image_sizes
    with pytest.raises(InputError, match=r"no two cameras agree.*normalised to the size of the image"):
        mvtri.reconstruct(detections_of(seen, cams), cams)
