"""The benchmark on small recordings: what is scored, what is kept, and what a stopped run goes on from."""

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmark_recordings import SKELETON, Recordings, plan, scores

from mvtri.benchmark import (
    BenchmarkResults,
    Plan,
    Setting,
    collect,
    get_method,
    make_setting,
    overall_tables,
    run_benchmark,
    spine_template,
)
from mvtri.benchmark.methods.ours import OURS, RIGID
from mvtri.benchmark.methods.rigid_spine import mean_spine
from mvtri.benchmark.observations import Observations, observations_of
from mvtri.benchmark.plan import camera_subsets
from mvtri.datasets import Sequence, SequenceInfo, oracle_detections
from mvtri.errors import ExistsError, InputError


def test_the_oracle_has_no_error_on_any_rig_and_noise_has():
    results = scores(plan())
    assert results.value("oracle", "ransac", "mpjpe") < 1e-9
    assert results.value("oracle", "dlt", "mpjpe") < 1e-3
    assert 15 < results.value("iid:5", "ransac", "mpjpe") < 45
    assert results.value("iid:5", "", "error_2d") == pytest.approx(5 * np.sqrt(np.pi / 2), rel=0.1)
    assert results.about["sequences"] == 4
    assert results.about["frames"] == 48
    assert results.about["damaged"] == ["S9 Sitting 1"]


def test_without_undistortion_the_oracle_errs_by_millimetres():
    results = scores(plan(["oracle"], undistort=False))
    error, aligned = (results.value("oracle", "dlt", name) for name in ("mpjpe", "p_mpjpe"))
    assert error > 2.0
    assert error > 1.5 * aligned


def test_rows_are_cut_by_subject_action_and_keypoint_and_add_up():
    rows = scores(plan(["iid:5"], ["ransac"])).rows
    mine = rows[(rows["method"] == "ransac") & (rows["metric"] == "mpjpe") & (rows["group"] == "full")]
    whole = mine[mine["by"] == "all"].iloc[0]
    for by, keys in (("subject", {"S9", "S11"}), ("action", {"Walking", "Sitting"})):
        part = mine[mine["by"] == by]
        assert set(part["key"]) == keys
        assert (part["value"] * part["count"]).sum() / part["count"].sum() == pytest.approx(whole["value"])
        assert part["count"].sum() == whole["count"] == 4 * 12 * 37
    by_keypoint = mine[mine["by"] == "keypoint"]
    assert tuple(by_keypoint["key"]) == SKELETON.keypoints
    assert by_keypoint["value"].mean() == pytest.approx(whole["value"])
    assert whole["low"] < whole["value"] < whole["high"]


def test_one_sequence_has_no_interval():
    dataset = Recordings()
    rows = scores(plan(["iid:5"], ["dlt"]), dataset, dataset.sequences[:1]).rows
    assert rows[rows["by"] == "all"][["low", "high"]].isna().all(axis=None)


def test_every_subset_of_the_cameras_is_scored_and_more_cameras_err_less():
    results = scores(plan(["iid:5"], subsets=True))
    rows = results.rows[(results.rows["metric"] == "mpjpe") & (results.rows["group"] == "full")]
    counts = rows[rows["by"] == "camera count"].set_index("key")["value"]
    assert set(counts.index) == {"2", "3", "4"}
    assert counts["4"] < counts["3"] < counts["2"]
    assert len(rows[rows["by"] == "cameras"]) == 6 + 4 + 1
    assert set(rows[rows["by"] == "cameras"]["method"]) == {"ransac"}
    pairs = rows[(rows["by"] == "cameras") & (rows["key"].str.count(r"\+") == 1)]
    assert np.average(pairs["value"], weights=pairs["count"]) == pytest.approx(counts["2"])


def test_subsets_are_left_out_where_the_method_lacks_what_it_needs():
    results = scores(plan(["oracle", "modes:5"], ["heatmap-fusion"], subsets=True))
    assert set(results.about["left_out"]) == {"oracle: heatmap-fusion"}
    assert set(results.rows[results.rows["by"] == "cameras"]["setting"]) == {"modes:5"}


def test_a_single_camera_is_refused():
    with pytest.raises(InputError, match="two cameras or more"):
        scores(plan(["oracle"], cameras=1, sweep=True))


def test_camera_subsets_are_all_of_them():
    assert camera_subsets("abc") == [("a", "b"), ("a", "c"), ("b", "c")]
    assert len(camera_subsets("abcd")) == 6 + 4


def test_only_the_chosen_cameras_are_used():
    rows = scores(plan(["iid:5"], ["ransac"], cameras=3, subsets=True)).rows
    assert set(rows[rows["by"] == "camera count"]["key"]) == {"2", "3"}


def test_the_curve_of_error_against_noise_lies_on_the_bound():
    sweep = scores(plan(["oracle"], ["dlt"], sweep=True)).sweep
    assert sweep["points"] == 4 * 12 * 37
    floor, ransac, dlt = (np.array(sweep[name]) for name in ("floor", "ransac", "dlt"))
    np.testing.assert_allclose(floor / sweep["sigma"], floor[0] / sweep["sigma"][0], rtol=1e-4)
    np.testing.assert_allclose(ransac, floor, rtol=0.1)
    assert (dlt > 0.95 * floor).all()


def test_the_order_and_number_of_threads_change_nothing(tmp_path):
    one = scores(plan(), parallel_sequences=1)
    several = scores(plan(), parallel_sequences=3)
    assert one.to_json()["rows"] == several.to_json()["rows"]


def test_another_seed_is_other_noise_and_the_same_seed_the_same():
    first, again, other = (scores(plan(["iid:5"], ["dlt"], seed=seed)) for seed in (0, 0, 1))
    values = [results.value("iid:5", "dlt", "mpjpe") for results in (first, again, other)]
    assert values[0] == values[1] != values[2]


class Stops(KeyboardInterrupt):
    """The power is gone."""


class Failing(Recordings):
    """Recordings whose third sequence cannot be read."""

    def read(self, info):
        if len(self.loaded) == 2:
            raise Stops
        return super().read(info)


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path):
    stopped, resumed = Failing(tmp_path), Recordings(tmp_path)
    with pytest.raises(Stops):
        run_benchmark(stopped, plan(), out=tmp_path / "out")
    assert len(stopped.loaded) == 2
    results = scores(plan(), resumed, out=tmp_path / "out")
    assert len(resumed.loaded) == 2
    assert not set(resumed.loaded) & set(stopped.loaded)
    assert results.to_json()["rows"] == scores(plan()).to_json()["rows"]
    untouched = Recordings(tmp_path)
    run_benchmark(untouched, plan(), out=tmp_path / "out")
    assert not untouched.loaded


def test_a_file_cut_short_is_scored_again(tmp_path):
    out = tmp_path / "out"
    run_benchmark(Recordings(tmp_path), plan(), out=out)
    damaged = sorted((out / "sequences").iterdir())[0]
    damaged.write_text(damaged.read_text()[:100])
    dataset = Recordings(tmp_path)
    assert len(run_benchmark(dataset, plan(), out=out)) == 4
    assert len(dataset.loaded) == 1


def test_another_run_in_the_same_folder_is_refused_until_it_may_be_overwritten(tmp_path):
    out = tmp_path / "out"
    run_benchmark(Recordings(tmp_path), plan(), out=out)
    with pytest.raises(ExistsError, match=r"other settings, seed; .*--overwrite"):
        run_benchmark(Recordings(tmp_path), plan(["oracle"], seed=3), out=out)
    dataset = Recordings(tmp_path)
    run_benchmark(dataset, plan(["oracle"]), out=out, overwrite=True)
    assert len(dataset.loaded) == 4
    assert len(list((out / "sequences").iterdir())) == 4


class AlikeNames(Recordings):
    """Recordings of one subject whose names differ in a character that file names don't keep."""

    def list_sequences(self):
        for name in ("Walking 1", "Walking_1"):
            yield SequenceInfo("S9", name, "Walking", self.frames)

    def read(self, info):
        read = super().read(info)
        shift = 0.1 if info.name == "Walking_1" else 0.0
        return Sequence(info, read.truth.assign(position=read.truth["position"] + shift), read.cameras)


def test_sequences_whose_names_are_alike_keep_scores_of_their_own(tmp_path):
    first = scores(plan(["iid:5"]), AlikeNames(tmp_path), out=tmp_path / "out")
    again = AlikeNames(tmp_path)
    second = scores(plan(["iid:5"]), again, out=tmp_path / "out")
    assert not again.loaded
    assert second.to_json()["rows"] == first.to_json()["rows"]


def test_a_folder_that_is_no_benchmarks_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExistsError, match="holds no benchmark"):
        run_benchmark(Recordings(), plan(), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_nothing_to_do_is_refused():
    with pytest.raises(InputError, match="no sequence matches"):
        run_benchmark(Recordings(), plan(), [])
    with pytest.raises(InputError, match="at least one setting"):
        run_benchmark(Recordings(), plan(settings=[]))
    with pytest.raises(InputError, match="parallel_sequences is 0"):
        run_benchmark(Recordings(), plan(), parallel_sequences=0)
    with pytest.raises(InputError, match="setting iid:5 is named 2 times"):
        run_benchmark(Recordings(), plan(["iid:5", "oracle", "iid"]))
    with pytest.raises(InputError, match="method dlt is named 2 times"):
        run_benchmark(Recordings(), plan(methods=["dlt", "dlt"]))
    with pytest.raises(InputError, match="method"):
        get_method("magic")


def test_methods_that_lack_something_are_left_out_and_named():
    results = scores(plan(["oracle"], ["dlt", "weighted-dlt", "ransac-covariance", "heatmap-fusion"]))
    assert set(results.about["left_out"]) == {
        "oracle: weighted-dlt",
        "oracle: ransac-covariance",
        "oracle: heatmap-fusion",
    }


class HalfScored(Recordings):
    """Recordings that bring 2D, whose scores differ in the sequences of S9 alone."""

    def read(self, info):
        read = super().read(info)
        found = oracle_detections(read)
        if info.subject == "S9":
            found["confidence"][0] *= 0.5
        return Sequence(info, read.truth, read.cameras, detections=found)


def test_a_method_that_some_sequences_lack_something_for_is_not_scored_on_the_others_alone():
    results = scores(plan(["stored"], ["dlt", "weighted-dlt"]), HalfScored())
    assert set(results.rows["method"]) == {"", "dlt"}
    assert results.about["left_out"] == {
        "stored: weighted-dlt": "scores that differ, which 2 of 4 sequences do not have"
    }


def test_all_of_our_methods_find_people_under_noise():
    dataset = Recordings()
    methods = [*OURS, RIGID]
    template = spine_template(dataset, dataset.sequences)
    the_plan = Plan(
        (make_setting("all:3"),),
        tuple(get_method(name, template) for name in methods),
        subsets=False,
        sweep=False,
    )
    results = scores(the_plan)
    assert not results.about["left_out"]
    errors = {name: results.value("all:3", name, "mpjpe", "spine") for name in methods}
    assert errors["ransac"] < errors["dlt"]
    assert max(errors.values()) < 500
    assert results.value("all:3", RIGID, "spine_angle") != results.value("all:3", "ransac", "spine_angle")


def test_a_template_is_made_of_those_who_are_not_scored():
    dataset = Recordings()
    only = dataset.select(subjects=["S9"])
    template = spine_template(dataset, only)
    assert "S11" in template.source
    assert "S9" not in template.source
    assert "at rest" in spine_template(dataset, dataset.sequences).source


def test_a_rigid_spine_is_exact_for_a_rigid_person_wherever_they_stand():
    from scipy.spatial.transform import Rotation

    from mvtri.synthetic import Body

    rest = Body().rest_keypoints[1]
    turns = Rotation.random(5, random_state=1).as_matrix()
    people = 1.3 * np.einsum("tij,kj->tki", turns, rest) + [1.0, -2.0, 0.5]
    chain = SKELETON.groups["spine_chain"]
    template = mean_spine([rest[None]], SKELETON.keypoints, chain, "a test")
    assert template.keypoints == tuple(f"spine_0{level}" for level in range(1, 6))
    np.testing.assert_allclose(template.place(people, SKELETON.keypoints), people, atol=1e-12)
    observations = Observations(
        np.zeros((1, 36, 4, 2)), np.ones((1, 36, 4)), None, SKELETON.keypoints, "spinetrack37"
    )
    assert get_method(RIGID, template).needs(observations) == ""
    armless = tuple(name for name in SKELETON.keypoints if name != "left_shoulder")
    assert "left_shoulder" in get_method(RIGID, template).needs(replace(observations, keypoints=armless))
    people[2, SKELETON.keypoints.index("hip")] = np.nan
    assert np.isnan(template.place(people, SKELETON.keypoints)[2, SKELETON.indices("spine_03")]).all()
    with pytest.raises(InputError, match="no frame of a test"):
        mean_spine([np.full((2, 37, 3), np.nan)], SKELETON.keypoints, chain, "a test")


def test_tables_show_published_rows_as_published_and_missing_figures_as_a_dash():
    tables = overall_tables(scores(plan()))
    assert [table.title.split(" ")[0] for table in tables] == ["oracle", "iid:5"]
    assert tables[0].rows[-1][:3] == ["published: SIMSPINE", "7.85", "1.79"]
    assert tables[0].rows[-1][-1] == "-"
    assert "2D error 6." in tables[1].title
    assert tables[1].markdown().splitlines()[1].startswith("|---|")
    assert "[" in tables[1].rows[0][1]


def test_files_hold_every_row_and_no_nan(tmp_path):
    import pandas as pd

    dataset = Recordings()
    results = scores(plan(), dataset, dataset.sequences[:1])
    results.save(tmp_path)
    text = (tmp_path / "results.json").read_text()
    assert "NaN" not in text
    stored = json.loads(text)
    assert len(stored["rows"]) == len(results.rows) == len(pd.read_csv(tmp_path / "results.csv"))
    assert {row["method"] for row in stored["published"]} >= {"published: SIMSPINE"}


def test_what_scores_0_is_missing_for_methods_without_scores_too():
    dataset = Recordings()
    sequence = dataset.load(dataset.sequences[0])
    found = oracle_detections(sequence)
    found["confidence"][:] = np.where(np.arange(12) < 3, 0.0, 1.0).reshape(
        [-1 if dim == "time" else 1 for dim in found["confidence"].dims]
    )
    points = get_method("dlt").solve(observations_of(found, sequence.cameras)[0], 1)
    assert np.isnan(points[:3]).all()
    assert np.isfinite(points[3:]).all()


def test_published_rows_stand_beside_results_of_as_many_keypoints_only():
    from mvtri.benchmark.published import PUBLISHED, published_for

    rows = scores(plan(["oracle"], ["dlt"])).rows
    assert published_for(rows) == PUBLISHED
    assert published_for(rows[rows["key"] != "nose"]) == ()


def test_ignored_distortion_is_said_in_the_title():
    tables = overall_tables(
        collect(run_benchmark(Recordings(), plan(["oracle"], undistort=False)), {"undistort": False})
    )
    assert tables[0].title == "oracle, lens distortion ignored"


def test_scores_of_another_sequence_are_not_taken_for_its_own(tmp_path):
    out = tmp_path / "out"
    run_benchmark(Recordings(tmp_path), plan(), out=out)
    first, second = sorted((out / "sequences").iterdir())[:2]
    second.write_bytes(first.read_bytes())
    dataset = Recordings(tmp_path)
    run_benchmark(dataset, plan(), out=out)
    assert len(dataset.loaded) == 1


def test_coverage_is_never_rounded_up_to_all():
    results = scores(plan(["oracle"], ["dlt"]))
    rows = results.rows.copy()
    rows.loc[rows["by"] == "all", "fraction"] = 0.99999
    assert overall_tables(replace(results, rows=rows))[0].rows[0][-1] == "99.99%"
    assert overall_tables(results)[0].rows[0][-1] == "100.00%"


def test_results_read_from_json_are_those_that_were_written(tmp_path):
    results = scores(plan(), sequences=Recordings().sequences[:2])
    results.save(tmp_path)
    read = BenchmarkResults.from_json(json.loads((tmp_path / "results.json").read_text()))
    assert read.to_json() == results.to_json()
    assert read.value("iid:5", "dlt", "mpjpe", "spine") == results.value("iid:5", "dlt", "mpjpe", "spine")
    assert np.isnan(read.value("iid:5", "dlt", "error_2d"))
    assert overall_tables(read) == overall_tables(results)


def test_printed_tables_have_the_methods_in_the_order_of_the_plan():
    def half_scored(sequence, rig, seed):
        """The oracle has equal scores, so weighted-dlt is left out of it and comes last in its order."""
        people = make_setting("oracle").observe(sequence, rig, seed)
        return [replace(one, scores=one.scores * np.linspace(0.5, 1, len(rig))) for one in people]

    methods = tuple(get_method(name) for name in ("weighted-dlt", "dlt"))
    settings = (make_setting("oracle"), Setting("weighted", "", half_scored))
    tables = overall_tables(scores(Plan(settings, methods, subsets=False, sweep=False)))
    assert [row[0] for row in tables[1].rows[:2]] == ["weighted-dlt", "dlt"]
