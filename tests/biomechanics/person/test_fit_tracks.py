"""A body fitted to tracks: known bodies come back through noise, from other sizes, places and names."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

import mvtri
from mvtri import formats
from mvtri.biomechanics import Settings, fit_tracks, inverse_kinematics, read_osim, write_body, write_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.engines import OpenSimEngine
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.biomechanics.person.uncertainty import misfit
from mvtri.biomechanics.simulation import from_motion
from mvtri.errors import InputError
from mvtri.formats import read_motion
from mvtri.tracks import make_tracks

MODEL = read_osim(MODEL_PATH)
UNKNOWNS = unknowns_of(MODEL)
TO_WORLD = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])  # z up from y up
FLEXIONS = (
    "lumbar_flexion",
    "thoracic_flexion",
    "neck_flexion",
    "knee_angle_r",
    "elbow_flex_l",
    "hip_flexion_r",
)
PYTHON = os.environ.get("MVTRI_OPENSIM", "")
with_opensim = pytest.mark.skipif(not PYTHON, reason="MVTRI_OPENSIM names no Python that has opensim")


def motion(frames, seed=0):
    """Return free coordinates (T, F) that move within their ranges, `FLEXIONS` through most of theirs."""
    rng = np.random.default_rng(seed)
    low, high = np.maximum(UNKNOWNS.lower, -1.5), np.minimum(UNKNOWNS.upper, 1.5)
    low, high = np.where(UNKNOWNS.body, -0.6, low), np.where(UNKNOWNS.body, 0.6, high)
    t = np.arange(frames)[:, None] / 50.0
    rate, phase = rng.uniform(0.2, 0.8, len(low)), rng.uniform(0.0, 2.0 * np.pi, len(low))
    bends = np.isin(UNKNOWNS.names, FLEXIONS)
    rate, share = np.where(bends, 0.7, rate), np.where(bends, 0.42, 0.3)
    return 0.5 * (low + high) + share * (high - low) * np.sin(2.0 * np.pi * rate * t + phase)


def person(folder, frames=80, size=1.0, moved=0.0, noise=0.002, seed=0):
    """Return free coordinates and tracks of a person: noise with covariances as triangulation makes it."""
    write_osim(folder / "person.osim", MODEL_PATH, dict.fromkeys(MODEL.bodies, size))
    body, rng = read_osim(folder / "person.osim"), np.random.default_rng([seed, 1])
    free = motion(frames, seed) * np.where(UNKNOWNS.angles, 1.0, size)
    full = body.full_coordinates(free)
    turns = body.body_frames(full)[0][:, body.tree.marker_bodies]
    places = body.marker_positions(full)
    places = places + np.einsum("tmij,mj->tmi", turns, rng.normal(0.0, moved, (len(body.markers), 3)))
    root = rng.normal(0.0, noise, (*places.shape, 3))
    covariance = root @ root.swapaxes(-1, -2) + (0.5 * noise) ** 2 * np.eye(3)
    seen = places + np.einsum("tmij,tmj->tmi", np.linalg.cholesky(covariance), rng.normal(size=places.shape))
    return free, made(seen[:, None], covariance[:, None])


def made(seen, covariance, **given):
    """Return tracks, z up, of markers (T, N, M, 3), y up."""
    return make_tracks(
        seen @ TO_WORLD.T,
        keypoints=list(MODEL.markers),
        fps=50.0,
        covariance=TO_WORLD @ covariance @ TO_WORLD.T,
        **given,
    )


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    return person(tmp_path_factory.mktemp("person"))


@pytest.fixture(scope="module")
def fitted(walk):
    return fit_tracks(walk[1])


def slopes(body, free):
    return [np.polyfit(free[:, UNKNOWNS.names.index(name)], body.kinematics[name], 1)[0] for name in FLEXIONS]


def errors(body, free):
    return body.kinematics.coordinates[:, MODEL.free] - free


def covered(off, body):
    return float((np.abs(off) < 1.96 * body.deviations).mean())


def test_the_angles_of_a_moving_model_come_back(walk, fitted):
    free, _ = walk
    assert np.abs(np.array(slopes(fitted, free)) - 1.0).max() < 0.02
    off = np.degrees(errors(fitted, free))[:, [UNKNOWNS.names.index(name) for name in FLEXIONS]]
    assert np.sqrt((off**2).mean(axis=0)).max() < 1.5
    assert 0.90 < covered(errors(fitted, free), fitted) < 0.97
    assert fitted.size == pytest.approx(1.0, abs=0.005)
    assert fitted.marker_sd < 0.002
    assert max(fitted.moved.values()) < 0.01
    assert fitted.whole_rms == pytest.approx(np.sqrt(np.mean(np.square(list(fitted.rms.values())))), rel=1e-6)


def test_all_frames_together_are_more_exact_than_single_ones(walk, fitted):
    free, tracks = walk
    single = fit_tracks(tracks, over_time=False)
    assert np.abs(np.array(slopes(single, free)) - 1.0).max() < 0.02
    assert 0.90 < covered(errors(single, free), single) < 0.97
    changes = [one - one.mean(axis=0) for one in (errors(fitted, free), errors(single, free))]
    assert np.square(changes[0]).mean() < 0.5 * np.square(changes[1]).mean()


def test_a_smaller_person_with_markers_elsewhere(tmp_path):
    free, tracks = person(tmp_path, 80, 0.9, 0.005, seed=2)
    body = fit_tracks(tracks)
    assert body.size == pytest.approx(0.9, abs=0.015)
    assert 0.003 < np.median(list(body.moved.values())) < 0.02
    assert np.abs(np.array(slopes(body, free)) - 1.0).max() < 0.06
    off = errors(body, free)
    assert covered(off - off.mean(axis=0), body) > 0.8  # what is 0 degrees stays the model's
    unmoved = fit_tracks(tracks, scale=False)
    assert unmoved.size == 1.0
    assert body.whole_rms < unmoved.whole_rms


def test_missing_keypoints_and_frames_without_the_person(walk, fitted, tmp_path):
    free, tracks = walk
    points = tracks.position.to_numpy().copy()
    rng = np.random.default_rng(3)
    points[np.broadcast_to((rng.random(points.shape) < 0.1).any(axis=1, keepdims=True), points.shape)] = (
        np.nan
    )
    points[20:23] = np.nan
    body = fit_tracks(tracks.assign(position=(tracks.position.dims, points)))
    found = body.kinematics.coordinates
    assert np.isnan(found[20:23]).all()
    assert np.isnan(body.deviations[20:23]).all()
    there = np.isfinite(found).all(axis=1)
    assert there.sum() == 77
    off = errors(body, free)[there]
    assert (np.abs(off) < 1.96 * body.deviations[there]).mean() > 0.93
    write_body(tmp_path, body)
    assert len(read_motion(tmp_path / "body.mot").times) == 77
    assert len(pd.read_csv(tmp_path / "body.csv")) == 80


def test_keypoints_without_a_spine_leave_hip_and_neck_out(walk):
    few = [name for name in MODEL.markers if "spine" not in name]
    body = fit_tracks(walk[1].sel(keypoints=few))
    assert set(body.rms) == set(few) - {"hip", "neck"}
    assert set(body.kinematics.model.markers) == set(MODEL.markers) - {
        "hip",
        "neck",
    }  # OpenSim would use them
    knee = UNKNOWNS.names.index("knee_angle_r")
    assert np.polyfit(walk[0][:, knee], body.kinematics["knee_angle_r"], 1)[0] == pytest.approx(1.0, abs=0.03)


def test_what_markers_do_not_determine_is_empty_and_intervals_stay_within_ranges(walk, fitted, tmp_path):
    body = fit_tracks(walk[1].sel(keypoints=list(mvtri.get_skeleton("coco17").keypoints)))
    assert not fitted.refused
    assert {"ankle_angle_r", "subtalar_angle_l", "lumbar_rotation"} <= set(body.refused)
    assert not {"knee_angle_r", "elbow_flex_l", "pelvis_tilt", "pelvis_ty"} & set(body.refused)
    assert "its range alone to 23 degrees" in body.refused["subtalar_angle_l"]
    write_body(tmp_path, body)
    table = pd.read_csv(tmp_path / "body.csv")
    assert table[["ankle_angle_r", "ankle_angle_r_low", "ankle_angle_r_high"]].isna().all(axis=None)
    assert np.isfinite(read_motion(tmp_path / "body.mot").values).all()
    for one in (body, fitted):
        low, high = one.intervals
        known = np.isfinite(low)
        free = one.kinematics.coordinates[:, MODEL.free]
        assert ((low <= free) & (free <= high))[known].all()
        inside = ~UNKNOWNS.body & (high >= low)
        assert (low >= UNKNOWNS.lower - 1e-12)[inside].all()
        assert (high <= UNKNOWNS.upper + 1e-12)[inside].all()
        assert known[:, [name not in one.refused for name in UNKNOWNS.names]].mean() > 0.97


def test_each_of_two_people_is_fitted_alone(walk, fitted):
    tracks = walk[1]
    other = tracks.isel(time=slice(None, None, -1)).assign_coords(time=tracks.time)
    both = make_tracks(
        np.concatenate(
            [one.position.transpose("time", "individuals", "keypoints", "space") for one in (other, tracks)],
            1,
        ),
        keypoints=list(MODEL.markers),
        fps=50.0,
        covariance=np.concatenate(
            [
                one.covariance.transpose("time", "individuals", "keypoints", "space", "space_other")
                for one in (other, tracks)
            ],
            1,
        ),
        individuals=["ann", "bob"],
    )
    bob = fit_tracks(both, individual="bob")
    assert bob.person == "bob"
    np.testing.assert_array_equal(bob.kinematics.coordinates, fitted.kinematics.coordinates)
    assert not np.allclose(fit_tracks(both).kinematics.coordinates, fitted.kinematics.coordinates)
    with pytest.raises(InputError, match="no individual of the tracks is called 'carl'"):
        fit_tracks(both, individual="carl")
    with pytest.raises(InputError, match=r"individual=2 was given, but the tracks have 2 \(ann, bob\)"):
        fit_tracks(both, individual=2)


def test_nobody_and_wrong_names_are_one_sentence(walk):
    tracks = walk[1]
    with pytest.raises(
        InputError, match="person_0 has fewer than 6 of the model's markers in each of 80 frames"
    ):
        fit_tracks(tracks.assign(position=tracks.position * np.nan))
    strange = tracks.assign_coords(keypoints=[f"k{i}" for i in range(37)])
    with pytest.raises(
        InputError, match=r"0 of the 37 markers .* 6 or more .* hip, spine_01.* 31 more, the keypoints k0, k1"
    ):
        fit_tracks(strange)
    with pytest.raises(InputError, match="no marker of the model mvtri_body is called 'knee'"):
        fit_tracks(strange, names={"knee": "k1"})
    with pytest.raises(InputError, match="no keypoint of the tracks is called 'k99'"):
        fit_tracks(strange, names={"left_knee": "k99"})
    with pytest.raises(InputError, match="names= gives the keypoint k1 to several markers"):
        fit_tracks(strange, names={"left_knee": "k1", "right_knee": "k1", "head": "k2"})


def test_too_few_frames_markers_and_joints_are_refused(walk):
    tracks = walk[1]
    with pytest.raises(InputError, match="6 or more of the model's markers in 2 of 2 frames, expected 3"):
        fit_tracks(tracks.isel(time=slice(2)))
    assert len(fit_tracks(tracks.isel(time=slice(3))).kinematics.times) == 3
    legs = [f"{side}_{name}" for side in ("left", "right") for name in ("hip", "knee", "ankle")]
    with pytest.raises(InputError, match=r"5 of the 37 markers .* expected 6 or more for its 39 free coord"):
        fit_tracks(tracks.sel(keypoints=legs[:5]))
    body = fit_tracks(tracks.sel(keypoints=legs))
    assert {"knee_angle_r", "knee_angle_l", "pelvis_ty"}.isdisjoint(body.refused)
    assert {"arm_flex_r", "neck_flexion", "ankle_angle_l"} <= set(body.refused)
    head = ["head", "nose", "left_eye", "right_eye", "left_ear", "right_ear"]
    with pytest.raises(InputError, match=r"the 6 markers head, nose, .* determine no joint of the model"):
        fit_tracks(tracks.isel(time=slice(5)).sel(keypoints=head), over_time=False)


def test_equations_without_a_solution_are_one_sentence(walk, monkeypatch):
    def fail(*given):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(sys.modules["mvtri.biomechanics.person.fit_tracks"], "place_covariance", fail)
    with pytest.raises(InputError, match=r"the body cannot be solved \(Singular matrix\); expected points"):
        fit_tracks(walk[1].isel(time=slice(5)))


def test_a_keypoint_without_covariance_counts_little_and_without_any_all_count_alike(walk):
    """The elbow is 10 cm off, and nobody says how sure it is; one other point is known to be unsure."""
    tracks = walk[1].isel(time=slice(20))
    points, sure = tracks.position.copy(deep=True), tracks.covariance.copy(deep=True)
    points.loc[{"keypoints": "left_elbow"}] += 0.1
    wrong = fit_tracks(tracks.assign(position=points)).rms["left_elbow"]
    sure.loc[{"keypoints": "left_elbow"}] = np.nan
    sure.loc[{"keypoints": "left_small_toe"}] *= 1e4
    assert fit_tracks(tracks.assign(position=points, covariance=sure)).rms["left_elbow"] > 2.0 * wrong
    nothing = tracks.assign(covariance=tracks.covariance * np.nan)
    expected = fit_tracks(tracks.drop_vars("covariance")).kinematics.coordinates
    np.testing.assert_array_equal(fit_tracks(nothing).kinematics.coordinates, expected)


def test_other_names_of_markers_and_bodies(walk, fitted, tmp_path):
    """A model whose bodies mvtri does not know is scaled as a whole."""
    tracks = walk[1].assign_coords(keypoints=[f"k{i}" for i in range(37)])
    names = {name: f"k{i}" for i, name in enumerate(MODEL.markers)}
    same = fit_tracks(tracks, names=names).kinematics.coordinates
    np.testing.assert_array_equal(same, fitted.kinematics.coordinates)
    text = MODEL_PATH.read_text(encoding="utf-8").replace("femur_", "thighbone_")
    (tmp_path / "other.osim").write_text(text, encoding="utf-8")
    body = fit_tracks(tracks, tmp_path / "other.osim", names=names)
    assert body.size == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.array(slopes(body, walk[0])) - 1.0).max() < 0.03


def test_errors_that_last_make_intervals_wider(walk, fitted):
    tracks = walk[1]
    part = 0.5 * np.sqrt(np.einsum("tsskn->tskn", tracks.covariance.to_numpy()))
    lasting = fit_tracks(tracks.assign(systematic_sd=(tracks.position.dims, part)))
    ratio = np.median(lasting.deviations / fitted.deviations, axis=0)
    assert np.median(ratio) > 1.02
    assert lasting.whole_rms == pytest.approx(fitted.whole_rms, rel=0.05)


def test_what_the_model_does_not_explain_is_found():
    rng = np.random.default_rng(0)
    covariances = np.broadcast_to(0.004**2 * np.eye(3), (100, 20, 3, 3))
    errors = rng.normal(0.0, np.hypot(0.004, 0.006), (100, 20, 3))
    errors[::9, 3] = np.nan
    errors[5, :2] = 3.0
    assert misfit(errors, covariances, 1.0) == pytest.approx(0.006, rel=0.1)
    assert misfit(0.7 * errors, covariances, 0.49) == pytest.approx(0.006, rel=0.1)


def test_the_files_hold_what_was_found(fitted, tmp_path):
    paths = write_body(tmp_path, fitted, "ann")
    assert [path.name for path in paths] == ["ann.osim", "ann.mot", "ann.csv"]
    found = fitted.kinematics
    motion = read_motion(paths[1])
    assert motion.unit == "degree"
    angles = np.array(MODEL.units) == "rotational"
    values = from_motion(motion, MODEL.coordinates, angles)
    np.testing.assert_allclose(values, found.coordinates, rtol=1e-8, atol=1e-10)
    model = read_osim(paths[0])
    np.testing.assert_allclose(model.marker_positions(values), found.markers, atol=1e-7)
    table = pd.read_csv(paths[2])
    assert len(table.columns) == 2 + 3 * len(MODEL.free)
    knee = UNKNOWNS.names.index("knee_angle_r")
    half = 1.959964 * fitted.deviations[:, knee]
    low, high = (
        np.clip(found["knee_angle_r"] + side * half, *MODEL.ranges[MODEL.free][knee]) for side in (-1, 1)
    )
    np.testing.assert_allclose(table["knee_angle_r"], np.degrees(found["knee_angle_r"]), atol=1e-4)
    np.testing.assert_allclose(table["knee_angle_r_low"], np.degrees(low), atol=1e-4)
    np.testing.assert_allclose(table["knee_angle_r_high"], np.degrees(high), atol=1e-4)
    np.testing.assert_allclose(table["pelvis_ty"], found["pelvis_ty"], atol=1e-4)


@with_opensim
def test_opensim_finds_the_same_on_our_trc(walk, fitted, tmp_path):
    """Equal weights and an equal prior: within 1 degree on coordinates that a frame determines to 7."""
    formats.write_tracks(tmp_path / "tracks.trc", walk[1].isel(time=slice(6)))
    check_against_opensim(formats.read_tracks(tmp_path / "tracks.trc"), fitted, tmp_path, 0.7)


@with_opensim
@pytest.mark.realdata
@pytest.mark.slow
def test_opensim_finds_the_same_on_a_real_recording(shared_data, tmp_path):
    """`single_person`, 25 keypoints without a spine: what a frame determines to 7 degrees, as above."""
    folder = shared_data / "pose2sim"
    session = mvtri.open_session(
        folder / "single_person",
        calibration=folder / "calibration" / "Calib.qca.txt",
        pose=folder / "single_person" / "pose-associated",
        frames="0:60:5",
    )
    tracks = mvtri.reconstruct(session.read_pose(skeleton="body25b"), session.cameras)
    formats.write_tracks(tmp_path / "tracks.trc", tracks)
    body = fit_tracks(tracks)
    assert body.whole_rms < 0.03
    seen = formats.read_tracks(tmp_path / "tracks.trc").isel(time=slice(3))
    check_against_opensim(seen, body, tmp_path, 0.25)


def check_against_opensim(seen, body, folder, share):
    write_body(folder, body)
    model = body.kinematics.model
    engine = OpenSimEngine(folder / "body.osim", python=PYTHON, accuracy=1e-9)
    places = np.full((seen.sizes["time"], len(model.markers), 3), np.nan)
    columns = [model.markers.index(name) for name in body.rms]
    given = seen.position.sel(keypoints=list(body.rms)).transpose("time", "individuals", "keypoints", "space")
    places[:, columns] = given.to_numpy()[:, 0] @ TO_WORLD
    settings = Settings(freedom=np.inf)
    weights = np.isin(np.arange(len(model.markers)), columns).astype(float)
    priors = np.zeros(len(model.coordinates))
    priors[model.free[~UNKNOWNS.body]] = (settings.marker_sd / settings.prior_angle) ** 2 / len(columns)
    theirs = engine.inverse_kinematics(places, weights, priors).coordinates
    ours = inverse_kinematics(model, places, seen.time.to_numpy(), settings=settings)
    sure = np.sqrt(np.einsum("tff->tf", ours.covariances)).mean(axis=0) < np.radians(7.0)
    sure &= UNKNOWNS.angles
    assert sure.sum() > share * UNKNOWNS.angles.sum()
    off = (theirs - ours.coordinates)[:, model.free][:, sure]
    off = np.degrees((off + np.pi) % (2.0 * np.pi) - np.pi)
    rms = np.sqrt((off**2).mean(axis=0))
    print("largest RMS difference, degrees:", rms.max(), "of", int(sure.sum()))
    assert rms.max() < 1.0
