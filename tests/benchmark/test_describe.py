"""What a benchmark says about itself, which methods a choice means, and the files it writes."""

import pytest
from benchmark_recordings import Recordings, plan, scores

from mvtri.benchmark import choose_methods, describe_run, identify_files, save_results, summary_line
from mvtri.benchmark.methods.ours import OURS, OVER_TIME, RIGID
from mvtri.errors import InputError


def test_the_identity_of_files_changes_with_their_names_and_contents(tmp_path):
    folder = tmp_path / "2d"
    folder.mkdir()
    file = folder / "walk.nc"
    file.write_bytes(b"one")
    before = identify_files(folder)
    assert identify_files(folder) == before
    assert str(folder.resolve()) in before
    file.write_bytes(b"another")
    changed = identify_files(folder)
    file.rename(folder / "run.nc")
    assert len({before, changed, identify_files(folder)}) == 3
    assert identify_files(None) is None
    assert identify_files(tmp_path / "nowhere") is None


def test_a_summary_says_what_is_synthetic_or_damaged():
    about = {"sequences": 1, "frames": 12, "synthetic": None, "damaged": []}
    assert summary_line(about) == "1 sequence, 12 frames"
    about |= {"sequences": 2, "synthetic": "synthetic people", "damaged": ["S9 Walking"]}
    assert summary_line(about).startswith("2 sequences, 12 frames; all of it is synthetic (synthetic people)")
    assert "the truth of 1 is damaged" in summary_line(about)


def test_groups_of_methods_are_spelled_out_and_each_is_there_once():
    dataset = Recordings()
    ours, template = choose_methods([], dataset, dataset.sequences)
    assert [method.name for method in ours] == [*OURS, RIGID, *OVER_TIME]
    assert "at rest" in template
    some, template = choose_methods(["dlt", "ours", "dlt"], dataset, dataset.sequences)
    assert [method.name for method in some] == [*OURS, RIGID, *OVER_TIME]
    one, template = choose_methods(["ransac"], dataset, dataset.sequences)
    assert ([method.name for method in one], template) == (["ransac"], None)
    with pytest.raises(InputError, match="magic"):
        choose_methods(["magic"], dataset, dataset.sequences)


def test_a_run_is_described_by_its_plan_and_its_call():
    the_plan = plan(["oracle"], ["dlt"], undistort=False)
    about = describe_run(Recordings(), the_plan, None, "mvtri benchmark", {"seed": "0"})
    assert about["dataset"] == "made-up"
    assert about["synthetic"] is None
    assert list(about["methods"]) == ["dlt"]
    assert about["undistort"] is False
    assert about["provenance"]["call"] == "mvtri benchmark"
    assert about["provenance"]["parameters"] == {"seed": "0"}


def test_all_files_of_a_run_are_written(tmp_path):
    save_results(tmp_path / "out", scores(plan(["oracle"], ["dlt"])))
    names = {"report.html", "results.csv", "results.json", "tables.md"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
