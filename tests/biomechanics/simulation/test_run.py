"""The six steps for a folder: results, what they change, going on after a stop, and bad input."""

import json
import re
import shutil

import numpy as np
import pytest

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.fitting import Settings
from mvtri.biomechanics.simulation import SimulationFolder, run
from mvtri.biomechanics.simulation.folder import Recording
from mvtri.biomechanics.simulation.recording import PRESETS, Preset, simulate_recording
from mvtri.biomechanics.simulation.run import Simulation, read_merged, run_simulation
from mvtri.cli.command import _run
from mvtri.errors import InputError, MissingFileError
from mvtri.formats import read_tracks, write_tracks
from mvtri.formats.motion.mot import read_mot

MODEL = read_osim(MODEL_PATH)
FRAMES, RATE = 40, 50.0
TIMES = np.arange(FRAMES) / RATE
SPINE = ["spine_01", "spine_02", "spine_03", "spine_04", "spine_05", "neck_02", "neck_03"]
ONE, TWO = Recording("S1", "Walking"), Recording("S1", "Bending-1")


def motion(bend):
    """Return coordinates (T, Q) of a person who bends and lifts an arm."""
    full = np.tile(MODEL.defaults, (FRAMES, 1))
    free = full[:, MODEL.free]
    names = [MODEL.coordinates[i] for i in MODEL.free]
    free[:, names.index("lumbar_flexion")] += bend * np.sin(np.pi * TIMES / TIMES[-1])
    free[:, names.index("arm_flex_r")] += 0.4 * TIMES
    return MODEL.full_coordinates(free)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return folders of motion capture and of predicted markers: two recordings of a person."""
    root = tmp_path_factory.mktemp("simulate")
    mocap, predicted = SimulationFolder(root / "mocap"), SimulationFolder(root / "predicted")
    rng = np.random.default_rng(0)
    spine = [MODEL.markers.index(name) for name in SPINE]
    others = [m for m in range(len(MODEL.markers)) if m not in spine]
    for recording, bend in ((ONE, -0.2), (TWO, -0.5)):
        markers = MODEL.marker_positions(motion(bend))
        noisy = markers[:, spine] + rng.normal(0.0, 0.01, (FRAMES, len(spine), 3))
        noisy[rng.random(noisy.shape[:2]) < 0.05] = np.nan
        mocap.write_positions(recording, markers[:, others], [MODEL.markers[m] for m in others], TIMES)
        predicted.write_positions(recording, noisy, SPINE, TIMES)
    return root


@pytest.fixture(scope="module")
def done(folders):
    job = Simulation(folders / "mocap", folders / "out", folders / "predicted")
    return job, run_simulation(job, workers=2)


def spine_error(job, recording, bend):
    found, names, _ = SimulationFolder(job.out).read_positions(recording)
    truth = MODEL.marker_positions(motion(bend))
    columns = [names.index(name) for name in SPINE]
    return float(
        np.sqrt(np.nanmean((found[:, columns] - truth[:, [MODEL.markers.index(n) for n in SPINE]]) ** 2))
    )


def test_the_spine_becomes_better_than_the_predicted_markers(done):
    job, found = done
    assert set(found) == {"S1/Walking", "S1/Bending-1"}
    merged = read_merged(job, TWO)[0]
    assert merged.names[-1] == "neck_03"
    assert spine_error(job, ONE, -0.2) < 0.005
    assert spine_error(job, TWO, -0.5) < 0.005
    for one in found.values():
        assert one["frames"] == FRAMES
        assert 0.0 < one["missing_share"] < 0.03
        assert one["model_to_markers_mm"] < 15.0
        assert 0.1 < one["simulated_share"] < 0.3


def test_bends_are_not_flattened_but_by_the_published_preset(done):
    job, _ = done
    true = motion(-0.5)[:, MODEL.coordinates.index("lumbar_flexion")]
    kept = read_mot(SimulationFolder(job.out).kinematics_path(TWO))
    assert kept.unit == "degree"
    lumbar = [i for i, name in enumerate(kept.axes) if re.fullmatch(r"L\d_[LS]\d_flexion", name)]
    assert len(lumbar) == 5
    assert 0.9 < np.polyfit(true, np.radians(kept.values[:, lumbar]).sum(axis=1), 1)[0] < 1.1
    model = read_osim(SimulationFolder(job.out).model_path("S1"))
    markers, times = read_merged(job, TWO)
    flat = simulate_recording(model, markers, times, PRESETS["published"]).kinematics
    bent = sum(flat[kept.axes[i]] for i in lumbar)
    assert np.polyfit(true, bent, 1)[0] < 0.2


def test_what_is_done_stays_and_what_changed_is_done_again(done, monkeypatch):
    job, found = done
    calls = []
    real = run.simulate_recording
    monkeypatch.setattr(
        run, "simulate_recording", lambda *given, **more: calls.append(1) or real(*given, **more)
    )
    assert run_simulation(job) == found
    assert not calls
    SimulationFolder(job.out).kinematics_path(ONE).unlink()
    (job.out / "records" / "S1" / "Bending-1.json").write_text("{half")
    run_simulation(job)
    assert len(calls) == 2
    run_simulation(Simulation(job.mocap, job.out, job.predicted, preset=Preset(filter="none")))
    assert len(calls) == 4


def test_results_do_not_depend_on_how_many_are_done_side_by_side(done, tmp_path):
    job, _ = done
    run_simulation(Simulation(job.mocap, tmp_path / "one", job.predicted), workers=1)
    run_simulation(Simulation(job.mocap, tmp_path / "two", job.predicted), workers=2)
    for recording in (ONE, TWO):
        one, two = (SimulationFolder(tmp_path / name).positions_path(recording) for name in ("one", "two"))
        np.testing.assert_array_equal(
            SimulationFolder(tmp_path / "one").read_positions(recording)[0],
            SimulationFolder(tmp_path / "two").read_positions(recording)[0],
        )
        assert one.name == two.name


def test_the_record_says_what_was_scaled(done):
    job, _ = done
    record = json.loads((job.out / "records" / "S1.json").read_text())
    assert {"name", "factor", "spread", "frames"} == set(record["scaling"][0])
    thigh = next(one for one in record["scaling"] if one["name"] == "thigh")
    assert thigh["factor"] == pytest.approx(1.0, abs=0.02)
    assert max(record["marker_moved_m"].values()) < 0.02


def test_a_recording_that_cannot_be_simulated_does_not_stop_the_others(folders, tmp_path):
    mocap = SimulationFolder(tmp_path / "mocap")
    shutil.copytree(folders / "mocap", mocap.root)
    positions, names, _ = mocap.read_positions(ONE)
    mocap.write_positions(Recording("S2", "Walking"), positions, names, TIMES)
    mocap.write_positions(TWO, 1000.0 * positions, names, TIMES)  # millimetres, called metres
    job = Simulation(mocap.root, tmp_path / "out")
    found = run_simulation(job)  # the model of S1 is made of both
    assert re.search(r"S1_Bending-1\.trc: .* no person", found["S1/Walking"]["error"])
    assert found["S2/Walking"]["frames"] == FRAMES
    mocap.write_positions(TWO, positions[:, :2], names[:2], TIMES)
    assert "different markers" in run_simulation(job)["S1/Walking"]["error"]


def test_results_that_were_changed_and_people_with_more_recordings_are_done_again(folders, tmp_path):
    mocap = SimulationFolder(tmp_path / "mocap")
    shutil.copytree(folders / "mocap", mocap.root)
    job = Simulation(mocap.root, tmp_path / "out", preset=Preset(over_time=False))
    run_simulation(job)
    path = SimulationFolder(job.out).kinematics_path(ONE)
    before = path.read_bytes()
    path.write_text("rubbish")
    run_simulation(job)
    assert path.read_bytes() == before
    positions, names, _ = mocap.read_positions(TWO)
    mocap.write_positions(Recording("S1", "Third"), 1.03 * positions, names, TIMES)
    run_simulation(job)
    assert path.read_bytes() != before  # the person's model is another one


def test_the_coupled_model_is_taken_too(folders, tmp_path):
    found = run_simulation(Simulation(folders / "mocap", tmp_path / "out", model=MODEL_PATH))
    assert all("error" not in one for one in found.values())
    assert json.loads((tmp_path / "out" / "records" / "S1.json").read_text())["scaling"]


def with_markers(folder, positions, names):
    """Write both recordings of S1 with these markers; return what the command says where it fails."""
    for recording in (ONE, TWO):
        SimulationFolder(folder / "mocap").write_positions(
            recording, positions, names, TIMES[: len(positions)]
        )
    return ["simulate", str(folder / "mocap"), str(folder / "out")]


def test_markers_that_no_model_has_are_named_beside_its_own(folders, tmp_path, capsys):
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    given = with_markers(tmp_path, positions, [f"M{i}" for i in range(len(names))])
    assert _run(given, False) == 1
    said = capsys.readouterr().err
    assert said.count("no marker was recognised: the recordings have M0, M1, M2, M3, M4, M5 and 24 more") == 1
    assert f"the model {', '.join(MODEL.markers[:6])} and 31 more; rename" in said
    assert "2 of 2 recordings were not simulated: S1/Bending-1, S1/Walking: no marker" in said
    known = ["right_hip", "left_hip"]
    assert _run(with_markers(tmp_path, positions[:, :3], [*known, "M0"]), False) == 1
    assert "only right_hip, left_hip of the markers were recognised" in capsys.readouterr().err


def test_a_person_seen_in_too_few_frames_is_refused_for_that(folders, tmp_path):
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    with_markers(tmp_path, positions[:1], names)
    job = Simulation(tmp_path / "mocap", tmp_path / "out", preset=Preset(filter="none"))
    error = run_simulation(job)["S1/Walking"]["error"]
    assert "together have 2 frames with markers; expected 3 or more to scale the model by" in error
    scaled = Simulation(tmp_path / "mocap", tmp_path / "own", model=tmp_path / "my.osim", preset=job.preset)
    shutil.copy(MODEL_PATH, scaled.model)
    assert run_simulation(scaled)["S1/Walking"]["frames"] == 1  # is not scaled


def test_records_are_json_without_what_was_not_measured(folders, tmp_path):
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    some = [m for m, name in enumerate(names) if name not in ("left_ankle", "right_ankle")]
    with_markers(tmp_path, positions[:, some], [names[m] for m in some])
    job = Simulation(tmp_path / "mocap", tmp_path / "out", preset=Preset(filter="none"))
    run_simulation(job)
    text = (job.out / "records" / "S1.json").read_text()
    record = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    shank = next(one for one in record["scaling"] if one["name"] == "shank")
    assert (shank["factor"], shank["spread"], shank["frames"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (None, "there is no folder .*mocap; expected one with files such as positions/S1/S1_Walking.trc"),
        ([], "mocap has no recordings but nothing; expected files such as"),
        (["b.trc", "a.trc"], "has no recordings but a.trc, b.trc; expected"),
        (["positions/S1_Walking.trc", "a.trc"], "has no recordings but positions/S1_Walking.trc; expected"),
        (["positions/S1/Walking.trc"], "has no recordings but positions/S1/Walking.trc; expected"),
        ([f"{i}.trc" for i in range(7)], "but 0.trc, 1.trc, 2.trc, 3.trc, 4.trc and 2 more; expected"),
    ],
)
def test_folders_without_recordings_say_what_was_found(tmp_path, there, sentence):
    for name in there or ():
        (tmp_path / "mocap" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mocap" / name).write_text("")
    if there == []:
        (tmp_path / "mocap").mkdir()
    with pytest.raises(MissingFileError, match=sentence):
        run_simulation(Simulation(tmp_path / "mocap", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_predicted_markers_that_does_not_exist_is_named(folders, tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no folder .*pseudo;"):
        run_simulation(Simulation(folders / "mocap", tmp_path / "out", tmp_path / "pseudo"))


@pytest.mark.parametrize("what", ["inside", "frames"])
def test_bad_folders_are_refused(folders, tmp_path, what):
    if what == "inside":
        predicted, model = folders / "predicted", folders / "out" / "models" / "S1.osim"
        for given in (
            {"out": folders / "mocap"},
            {"out": predicted, "predicted": predicted},
            {"out": folders / "out", "model": model},
        ):
            with pytest.raises(InputError):
                run_simulation(Simulation(folders / "mocap", **given))
    else:
        short = SimulationFolder(tmp_path / "short")
        short.write_positions(ONE, np.zeros((3, 1, 3)), ["spine_01"], TIMES[:3])
        short.write_positions(TWO, np.zeros((3, 1, 3)), ["spine_01"], TIMES[:3])
        found = run_simulation(Simulation(folders / "mocap", tmp_path / "out", short.root))
        assert "40 frames of motion capture and 3 of predicted" in found["S1/Walking"]["error"]


def test_an_unknown_filter_is_refused():
    with pytest.raises(InputError, match="filter"):
        Preset(Settings(), filter="wavelet")


def test_the_command(done, capsys):
    job, _ = done
    given = [str(job.mocap), str(job.out), "--predicted", str(job.predicted)]
    assert _run(["-q", "simulate", *given], False) == 0
    assert "S1/Walking" in capsys.readouterr().out
    assert _run(["-q", "simulate", *given, "--preset", "best"], False) == 1
    assert "preset of simulate" in capsys.readouterr().err
    assert _run(["-q", "simulate", *given, "--keep", "tail"], False) == 1
    assert "2 of 2 recordings were not simulated" in capsys.readouterr().err


def test_the_unit_is_what_the_command_says_whatever_the_header_says(folders, tmp_path, capsys):
    mocap = SimulationFolder(tmp_path / "mocap")
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    mocap.write_positions(ONE, positions, names, TIMES)
    tracks = read_tracks(mocap.positions_path(ONE))
    write_tracks(mocap.positions_path(ONE), tracks, unit="mm")
    given = ["simulate", str(mocap.root), str(tmp_path / "out"), "--filter", "none"]
    assert _run(given, False) == 1
    said = capsys.readouterr().err
    assert "with unit='m' the markers of a frame span" in said
    assert "pass unit='cm' or unit='mm' (--unit on the command line)" in said
    assert "the unit in the header does not count" in said
    assert _run([*given, "--unit", "mm"], False) == 0
    found, _, _ = SimulationFolder(tmp_path / "out").read_positions(ONE)
    np.testing.assert_allclose(found[:, : len(names)], positions, atol=1e-6)
    assert _run([*given, "--unit", "cm"], False) == 1  # another unit: not what is done
    assert re.search(r"the person is 10\S* times as large as the model", capsys.readouterr().err)
    with pytest.raises(InputError, match="unit of length"):
        Simulation(mocap.root, tmp_path / "out", unit="inch")


def test_a_recording_whose_z_is_up_is_named_and_its_remedy_works(folders, tmp_path, capsys):
    mocap, turned = SimulationFolder(tmp_path / "mocap"), SimulationFolder(tmp_path / "turned")
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    mocap.write_positions(ONE, positions[..., [2, 0, 1]], names, TIMES)  # z up, as in mvtri and Vicon
    quick = ["--filter", "none"]
    assert _run(["simulate", str(mocap.root), str(tmp_path / "out"), *quick], False) == 0
    said = capsys.readouterr().err
    assert "S1/Walking: the body stands along z in most frames, not along y" in said
    assert "mvtri convert FILE.trc TURNED.trc --from-axes mvtri" in said
    turned.positions_path(ONE).parent.mkdir(parents=True)
    files = [str(folder.positions_path(ONE)) for folder in (mocap, turned)]
    assert _run(["convert", *files, "--from-axes", "mvtri"], False) == 0
    np.testing.assert_allclose(turned.read_positions(ONE)[0], positions, atol=1e-6)
    assert _run(["simulate", str(turned.root), str(tmp_path / "good"), *quick], False) == 0
    assert "stands along" not in capsys.readouterr().err


def test_markers_that_do_not_match_and_files_that_are_left_out_are_named(folders, tmp_path, capsys):
    mocap = SimulationFolder(tmp_path / "mocap")
    positions, names, _ = SimulationFolder(folders / "mocap").read_positions(ONE)
    mocap.write_positions(ONE, positions, ["righ_knee" if n == "right_knee" else n for n in names], TIMES)
    (tmp_path / "mocap" / "positions" / "S1" / "Other.trc").write_text("")
    assert _run(["simulate", str(mocap.root), str(tmp_path / "out")], False) == 0
    said = capsys.readouterr().err
    assert "Other.trc is left out" in said
    assert re.search(r"the model has no markers of these names, which stay as they are: (?i:righ)", said)
    assert re.search("nothing shows these markers .*right_knee", said)
