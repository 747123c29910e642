"""The output folder of a run, from Python: whole or not there, and complete for several people too."""

import json
from html import unescape

import numpy as np
import pandas as pd
import pytest

import mvtri
from mvtri.diagnostics import diagnose
from mvtri.errors import ExistsError, InputError
from mvtri.kinematics.body_angles import curve_of, measure_body
from mvtri.pipeline import fit_bodies, save_run
from mvtri.tracks import make_tracks, to_array

WRITTEN = {"tracks.nc", "tracks.trc", "tracks.csv", "report.html", "run.json"}
CURVE = {"spine.trc", "spine.csv"}


@pytest.fixture(scope="module")
def session():
    return mvtri.sessions.demo_session(frames=":3")


def tracks_of(session, people=1):
    truth = mvtri.sessions.demo_truth().isel(time=slice(3))
    points = np.concatenate([to_array(truth) + [1.0 * person, 0, 0] for person in range(people)], axis=1)
    return make_tracks(
        points,
        keypoints=list(truth["keypoints"].to_numpy()),
        times=truth["time"].to_numpy(),
        fps=50,
        skeleton="spinetrack37",
        provenance={"reconstruct": {"method": "dlt"}},
    )


def test_the_folder_holds_all_files_and_run_json_says_what_was_run(session, tmp_path):
    scores = pd.DataFrame({"MPJPE mm": [1.5]}, index=pd.Index(["full"], name="group"))
    folder = save_run(
        tmp_path / "out",
        tracks_of(session),
        session,
        truth=mvtri.sessions.demo_truth(),
        scores=scores,
        call="a call",
        parameters={"cams": "4"},
        seconds=1.234,
    )
    assert {path.name for path in folder.iterdir()} == WRITTEN
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert run["call"] == "a call"
    assert run["parameters"] == {"cams": "4"}
    assert run["seconds"] == 1.23
    assert run["settings"] == {"reconstruct": {"method": "dlt"}}
    assert run["scores"] == [{"group": "full", "MPJPE mm": 1.5}]
    assert set(run["inputs"]) == {path.name for path in session.files}
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "MPJPE mm" in report
    assert "dlt" in report


def test_what_was_judged_already_is_not_judged_again(session, tmp_path, monkeypatch):
    tracks = tracks_of(session)
    known = diagnose(tracks, session.cameras)
    monkeypatch.setattr("mvtri.report.reconstruction.write.diagnose", None)  # would raise
    folder = save_run(tmp_path / "out", tracks, session, diagnosis=known)
    assert known.verdicts[0].text in unescape((folder / "report.html").read_text(encoding="utf-8"))


def test_several_people_are_saved(session, tmp_path):
    folder = save_run(tmp_path / "out", tracks_of(session, people=2), session)
    trc = {f"tracks_person_{person}.trc" for person in range(2)}  # a TRC file holds one person
    assert {path.name for path in folder.iterdir()} == WRITTEN - {"tracks.trc"} | trc
    assert mvtri.read_tracks(folder / "tracks.nc").sizes["individuals"] == 2
    assert "2 people" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_folder_that_exists_is_replaced_only_on_demand(session, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExistsError, match="already exists"):
        save_run(out, tracks_of(session), session)
    assert [path.name for path in out.iterdir()] == ["notes.txt"]
    save_run(out, tracks_of(session), session, overwrite=True)
    assert {path.name for path in out.iterdir()} == WRITTEN | {"notes.txt"}


def test_nothing_is_left_where_a_part_fails(session, tmp_path):
    broken = tracks_of(session).isel(keypoints=slice(3)).drop_vars("confidence")
    with pytest.raises(InputError):
        save_run(tmp_path / "out", broken, session)
    assert list(tmp_path.iterdir()) == []


def with_covariances(tracks):
    shape = (*to_array(tracks).shape, 3)
    covariance = np.broadcast_to(0.004**2 * np.eye(3), shape)
    dims = ("time", "individuals", "keypoints", "space", "space_other")
    return tracks.assign(covariance=(dims, covariance))


def test_angles_and_the_spine_are_measured_once_and_written(session, tmp_path, monkeypatch):
    measured = []

    def measure(tracks, progress=None):
        measured.append(measure_body(tracks, progress))
        return measured[-1]

    monkeypatch.setattr("mvtri.kinematics.body_angles.measure_body", measure)
    monkeypatch.setattr("mvtri.report.reconstruction.spine.measure_body", measure)
    folder = save_run(tmp_path / "out", with_covariances(tracks_of(session, people=2)), session)
    curve = {"spine_person_0.trc", "spine_person_1.trc", "spine.csv"}
    trc = {"tracks_person_0.trc", "tracks_person_1.trc"}
    files = WRITTEN - {"tracks.trc"} | {"angles.csv"} | curve | trc
    assert {path.name for path in folder.iterdir()} == files
    assert len(measured) == 1
    table = pd.read_csv(folder / "angles.csv")
    assert list(table["individual"]) == ["person_0", "person_1"] * 3
    expected = np.degrees(measured[0].angles["value"].sel(angle="trunk_flexion").to_numpy()).ravel()
    np.testing.assert_allclose(table["trunk_flexion"], expected, atol=1e-4)
    spine = mvtri.read_tracks(folder / "spine.csv")
    np.testing.assert_allclose(to_array(spine), to_array(curve_of(measured[0])), atol=1e-6)
    refused = json.loads((folder / "run.json").read_text(encoding="utf-8"))["angles"]["refused"]
    assert "spine_02_rotation" in refused
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "plot-angles-1" in page
    assert "Range of motion" in page


def test_angles_of_an_earlier_run_do_not_stay_beside_other_tracks(session, tmp_path):
    out = tmp_path / "out"
    save_run(out, with_covariances(tracks_of(session)), session)
    assert {path.name for path in out.iterdir()} >= CURVE
    save_run(out, tracks_of(session), session, overwrite=True)
    assert {path.name for path in out.iterdir()} == WRITTEN


def test_what_has_no_spine_or_no_points_is_saved_too(session, tmp_path):
    tracks = with_covariances(tracks_of(session))
    body = tracks.sel(keypoints=list(mvtri.get_skeleton("coco17").keypoints))
    folder = save_run(tmp_path / "limbs", body, session)
    assert {path.name for path in folder.iterdir()} == WRITTEN | {"angles.csv"}
    folder = save_run(tmp_path / "eyes", tracks.sel(keypoints=["left_eye", "right_eye"]), session)
    assert {path.name for path in folder.iterdir()} == WRITTEN
    gone = tracks.where(False).assign(confidence=0.0 * tracks["confidence"], status=tracks["status"])
    folder = save_run(tmp_path / "gone", gone, session)
    assert {path.name for path in folder.iterdir()} == WRITTEN | CURVE | {"angles.csv"}
    assert pd.read_csv(folder / "angles.csv")["trunk_flexion"].isna().all()
    folder = save_run(tmp_path / "one", tracks.isel(time=slice(1)), session_of_one())
    assert pd.read_csv(folder / "angles.csv")["trunk_flexion"].notna().all()


def session_of_one():
    return mvtri.sessions.demo_session(frames=":1")


def test_a_body_is_fitted_to_each_person_and_its_files_are_written(session, tmp_path, caplog):
    tracks = tracks_of(session, people=2)
    lost = tracks["position"].where(tracks["individuals"] != "person_1")
    bodies = fit_bodies(tracks.assign(position=lost))
    assert [one.person for one in bodies.fitted] == ["person_0"]
    assert "no body was fitted to person_1: person_1 has fewer than 6" in caplog.text
    folder = save_run(tmp_path / "out", tracks, session, bodies=bodies)
    assert {path.name for path in folder.glob("body*")} == {
        f"body_person_0.{kind}" for kind in ("osim", "mot", "csv")
    }
    both = json.loads((folder / "run.json").read_text(encoding="utf-8"))["bodies"]
    assert both["person_1"] == {"not_fitted": bodies.reasons["person_1"]}
    facts = both["person_0"]
    assert facts["rms"] < 0.01
    assert facts["refused"] == bodies.fitted[0].refused
    assert facts["coordinates"] == 39
    assert set(facts["rms_of_markers"]) == set(tracks["keypoints"].to_numpy())
    one = tracks_of(session)
    save_run(tmp_path / "one", one, session, bodies=fit_bodies(one))
    assert {path.name for path in (tmp_path / "one").glob("body*")} == {"body.osim", "body.mot", "body.csv"}
    save_run(tmp_path / "one", one, session, overwrite=True)  # without a body: those of before go
    assert not list((tmp_path / "one").glob("body*"))
