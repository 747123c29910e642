"""Left and right, and candidates, as steps of `reconstruct`."""

import numpy as np
import pytest
from click.testing import CliRunner
from sessions_verdicts import NAMES, detected, detections_of, person, rig

import mvtri
from mvtri.cli.command import mvtri as command
from mvtri.diagnostics import diagnose
from mvtri.errors import InputError
from mvtri.pipeline.choose_views import correct_left_right, sides_of
from mvtri.tracks import make_detections, provenance_of, to_array

FRAMES = 40
PAIRS = [
    (i, NAMES.index("right_" + name.removeprefix("left_")))
    for i, name in enumerate(NAMES)
    if name.startswith("left_")
]


@pytest.fixture(scope="module")
def cams():
    return rig()


@pytest.fixture(scope="module")
def truth():
    return person(FRAMES)


@pytest.fixture(scope="module")
def seen(truth, cams):
    return detected(truth, cams, bias=2.0, noise=1.0)


def exchanged(points2d, views):
    """Return 2D (T, K, C, 2) with left and right exchanged in some views (T, C): a naive loop."""
    result = points2d.copy()
    for t, c in zip(*np.nonzero(views)):
        for left, right in PAIRS:
            result[t, left, c], result[t, right, c] = points2d[t, right, c], points2d[t, left, c]
    return result


@pytest.fixture(scope="module")
def views():
    return np.random.default_rng(4).random((FRAMES, 4)) < 0.08


def test_pairs_are_those_of_the_names(seen, cams):
    found = {frozenset(pair) for pair in sides_of(detections_of(seen, cams))}
    assert {frozenset(pair) for pair in PAIRS} <= found


def test_exchanged_views_are_put_right_and_counted(seen, cams, views):
    right, counts = correct_left_right(detections_of(exchanged(seen, views), cams, associated=True), cams)
    np.testing.assert_array_equal(to_array(right)[:, 0], seen)
    assert counts == {name: int(views[:, c].sum()) for c, name in enumerate(cams.names) if views[:, c].any()}


def test_a_right_recording_stays_the_same_object(seen, cams):
    detections = detections_of(seen, cams, associated=True)
    right, counts = correct_left_right(detections, cams)
    assert right is detections
    assert counts == {}


def test_all_that_belongs_to_a_view_is_exchanged(seen, cams, views):
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.5, 1.0, seen.shape[:3])
    modes = np.stack([seen, seen + 50.0], axis=3)
    mode_scores = np.stack([scores, 0.5 * scores], axis=3)
    covariance = rng.uniform(1.0, 2.0, (*seen.shape[:3], 1, 1)) * np.eye(2)

    def made(change):
        return make_detections(
            change(seen)[:, None],
            change(scores)[:, None],
            keypoints=NAMES,
            cameras=cams.names,
            image_sizes=cams.image_sizes,
            covariance=change(covariance)[:, None],
            mode_position=change(modes)[:, None],
            mode_confidence=change(mode_scores)[:, None],
            skeleton="spinetrack37",
        )

    right, _ = correct_left_right(made(lambda array: exchanged(array, views)), cams)
    for name, array in made(np.copy).data_vars.items():
        np.testing.assert_array_equal(right[name], array, err_msg=name)
        assert right[name].dims == array.dims


def test_reconstruct_corrects_left_and_right_and_says_so(seen, cams, views, truth):
    wrong = detections_of(exchanged(seen, views), cams, associated=True)
    whole = mvtri.reconstruct(detections_of(seen, cams, associated=True), cams)
    tracks = mvtri.reconstruct(wrong, cams)
    np.testing.assert_array_equal(to_array(tracks), to_array(whole))
    np.testing.assert_array_equal(to_array(tracks, "position_2d")[:, 0], seen)
    record = provenance_of(tracks)["reconstruct"]["left_right"]
    assert sum(record.values()) == views.sum()
    (verdict,) = [v for v in diagnose(tracks, cams).verdicts if "took left for right" in v.text]
    assert verdict.level == "good"
    assert f"{views.sum()} of {views.size} views" in verdict.text
    assert not [v for v in diagnose(whole, cams).verdicts if "took left for right" in v.text]

    kept = mvtri.reconstruct(wrong, cams, left_right="keep")
    assert "left_right" not in provenance_of(kept)["reconstruct"]
    off, off_kept = (np.linalg.norm(to_array(one)[:, 0] - truth, axis=-1) for one in (tracks, kept))
    assert np.nanmean(off) < 0.9 * np.nanmean(off_kept)


def test_many_exchanged_views_are_a_reason_to_look(seen, cams):
    views = np.zeros((FRAMES, 4), dtype=bool)
    views[:20, 1] = True
    tracks = mvtri.reconstruct(detections_of(exchanged(seen, views), cams, associated=True), cams)
    (verdict,) = [v for v in diagnose(tracks, cams).verdicts if "took left for right" in v.text]
    assert verdict.level == "check"
    assert "look at the pictures" in verdict.text


def test_doubtful_exchanges_are_left_alone(cams):
    """A person whose left and right are at one place in the images: no view can be told to be exchanged."""
    points = person(10)
    for left, right in PAIRS:
        points[:, left] = points[:, right]
    detections = detections_of(detected(points, cams, bias=0.0, noise=3.0), cams, associated=True)
    assert correct_left_right(detections, cams) == (detections, {})


def with_candidates(seen, cams, wrong):
    """Return Detections whose best candidate is 80 px off in the views `wrong` (T, K, C)."""
    best = seen + 80.0 * wrong[..., None]
    other = np.where(wrong[..., None], seen, np.nan)
    scores = np.where(wrong, 0.6, 0.9)
    return make_detections(
        best[:, None],
        scores[:, None],
        keypoints=NAMES,
        cameras=cams.names,
        image_sizes=cams.image_sizes,
        fps=50.0,
        mode_position=np.stack([best, other], axis=3)[:, None],
        mode_confidence=np.stack([scores, np.where(wrong, 0.5, 0.0)], axis=3)[:, None],
        skeleton="spinetrack37",
    )


def test_candidates_that_the_cameras_agree_on_are_chosen(seen, cams):
    wrong = np.random.default_rng(7).random(seen.shape[:3]) < 0.15
    detections = with_candidates(seen, cams, wrong)
    detections.attrs["associated"] = 1
    chosen = mvtri.reconstruct(detections, cams)
    back = np.linalg.norm(to_array(chosen, "position_2d")[:, 0] - seen, axis=-1) < 1e-3
    assert back[wrong].mean() > 0.98
    assert back[~wrong].all()
    assert set(np.unique(to_array(chosen, "confidence_2d")[:, 0][back & wrong]).round(3)) == {0.5}
    best = mvtri.reconstruct(detections, cams, candidates="best")
    np.testing.assert_allclose(to_array(best, "position_2d"), to_array(detections))


def test_one_candidate_is_no_choice(seen, cams):
    plain = detections_of(seen, cams, associated=True)
    alone = with_candidates(seen, cams, np.zeros(seen.shape[:3], dtype=bool))
    alone["confidence"][:] = 1.0
    alone["mode_confidence"][:] = np.where(alone["mode_confidence"] > 0.0, 1.0, 0.0)
    alone.attrs["associated"] = 1
    found, expected = (mvtri.reconstruct(each, cams) for each in (alone, plain))
    np.testing.assert_array_equal(to_array(found), to_array(expected))


@pytest.mark.parametrize("option", ["left_right", "candidates"])
def test_another_way_is_refused(seen, cams, option):
    with pytest.raises(InputError, match="'never'"):
        mvtri.reconstruct(detections_of(seen, cams), cams, **{option: "never"})


def test_a_skeleton_without_sides_is_left_alone(cams, seen):
    names = [f"marker_{i}" for i in range(len(NAMES))]
    detections = detections_of(seen, cams, associated=True).assign_coords(keypoints=names)
    detections.attrs["skeleton"] = ""
    assert correct_left_right(detections, cams) == (detections, {})


def test_the_command_has_both_options(seen, cams, views, tmp_path, monkeypatch):
    session = tmp_path / "trial"
    (session / "calibration").mkdir(parents=True)
    mvtri.write_cameras(session / "calibration" / "rig.toml", cams)
    mvtri.write_detections(session / "views.nc", detections_of(exchanged(seen, views), cams))
    monkeypatch.chdir(tmp_path)
    for name, given in (("a", []), ("b", ["--left-right", "keep", "--candidates", "best"])):
        if name == "b":  # its report is like any other
            monkeypatch.setattr("mvtri.report.write_report", lambda path, *_, **__: path.touch())
        call = ["reconstruct", str(session), "--pose", str(session / "views.nc"), "--out", name, *given]
        result = CliRunner().invoke(command, call, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert ("took left for right" in result.output) == (name == "a")
    a, b = (provenance_of(mvtri.read_tracks(tmp_path / name / "tracks.nc"))["reconstruct"] for name in "ab")
    assert sum(a["left_right"].values()) == views.sum()
    assert "left_right" not in b


@pytest.mark.parametrize(("given", "corrected"), [([], True), (["--rig", "keep"], False)])
def test_the_command_corrects_the_rig_or_keeps_it(cams, seen, tmp_path, monkeypatch, given, corrected):
    session = tmp_path / "trial"
    (session / "calibration").mkdir(parents=True)
    errors = np.c_[np.radians(0.5) * np.eye(len(cams), 3), 0.01 * np.eye(len(cams), 3)]
    mvtri.write_cameras(session / "calibration" / "rig.toml", cams.displaced(errors))
    mvtri.write_detections(session / "views.nc", detections_of(seen, cams))
    monkeypatch.setattr("mvtri.report.write_report", lambda path, *_, **__: path.touch())
    call = ["reconstruct", str(session), "--pose", str(session / "views.nc"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(command, [*call, *given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    record = provenance_of(mvtri.read_tracks(tmp_path / "out" / "tracks.nc"))["reconstruct"]
    assert (record["noise"]["rig_errors"] is not None) is corrected
    assert ("with cameras that mvtri turned by up to 0." in result.output) is corrected
