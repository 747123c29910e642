"""The report of a benchmark: every figure in its place, published rows marked, whatever is missing said."""

import copy
import json
import re
from dataclasses import replace

import pytest
from report_page import Page
from report_results import METHODS, results, rows

from mvtri.benchmark import BenchmarkResults
from mvtri.benchmark.report import plots as score_plots
from mvtri.benchmark.report import tables as score_tables
from mvtri.benchmark.report import write_benchmark_report
from mvtri.errors import InputError
from mvtri.report.html.markup import Entry, table

SECTIONS = [
    "overall",
    "subjects",
    "actions",
    "keypoints",
    "cameras",
    "noise",
    "distributions",
    "metrics",
    "out",
]
EVIL = '<script>alert("x")</script>&amp;<img src=x onerror=y>'


class Tables(Page):
    """A report, and the rows of its tables: the class of each, then its cells, whose pieces end in a bar."""

    def __init__(self, text):
        self.rows = []
        super().__init__(text)

    def handle_starttag(self, tag, attributes):
        super().handle_starttag(tag, attributes)
        if tag == "tr":
            self.rows.append([dict(attributes).get("class", "")])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        super().handle_data(data)
        if any(tag in ("td", "th") for tag, _ in self.open):
            self.rows[-1][-1] += data + "|"

    def row(self, method, number=0):
        """Return the cells of the row of a method in the first table that has one, or a later one."""
        found = [row for row in self.rows if len(row) > 1 and method in row[1].split("|")]
        return [cell.rstrip("|") for cell in found[number][1:]]


def lookup(given):
    return BenchmarkResults.from_json(given).lookup


def report(folder, given):
    path = write_benchmark_report(folder / "report.html", given)
    return Tables(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return report(tmp_path_factory.mktemp("whole"), results())


def test_every_section_is_there_once(whole):
    for place in ["overview", *SECTIONS, "provenance"]:
        assert whole.ids.count(place) == 1
    assert len(whole.ids) == len(set(whole.ids))
    links = re.findall(r'<a href="#(\w+)"', whole.text)
    assert set(links) <= set(whole.ids)


def test_every_figure_has_its_place_and_every_place_its_figure(whole):
    places = {place.removeprefix("plot-") for place in whole.ids if place.startswith("plot-")}
    assert places == set(whole.payload["figures"])
    assert {
        "overall-1",
        "subject-full-1",
        "action-spine-1",
        "keypoint-spine-1",
        "cameras-1-1",
        "noise",
    } <= places


def test_it_says_what_was_scored_and_that_it_is_synthetic(whole, tmp_path):
    assert "8 sequences, 12,345 frames, 2 settings, 5 methods." in whole.words
    assert "All of this is synthetic (synthetic people)" in whole.words
    assert ">synthetic</span>" in whole.text
    assert "One sequence with damaged truth" in whole.words
    given = results()
    given["about"] |= {"synthetic": None, "damaged": [], "undistort": False}
    page = report(tmp_path, given)
    assert "is synthetic" not in page.words
    assert ">synthetic</span>" not in page.text
    assert "damaged truth took part" not in page.words
    assert "distortion of the lenses was ignored" in page.words


def test_a_figure_brings_its_interval_and_its_coverage(whole):
    cells = whole.row("ransac", 1)  # of the second setting
    assert cells[:3] == ["ransac", "27.90|25.95 – 30.13", "25.11|23.35 – 27.12"]
    assert cells[6:] == ["99.96 %", "−17.0 %"]
    assert whole.row("dlt", 1)[6:] == ["100 %", "–"]


def test_published_rows_are_marked_and_have_their_source(whole):
    found = [row for row in whole.rows if row[0] == "published"]
    assert [row[1] for row in found] == ["published|Their oracle|", "published|Theirs|"]
    assert [cell.rstrip("|") for cell in found[1][2:]] == ["49.30", "–", "–", "–", "–", "–", "–"]
    assert "published" not in "".join(cell for row in whole.rows if row[0] != "published" for cell in row)
    assert "A paper. These rows were published by others" in whole.words
    grey = whole.payload["figures"]["overall-1"]["data"][1]
    assert (grey["x"], grey["y"], grey["showlegend"]) == ([49.3], ["published: Theirs"], False)


def test_best_is_bold_and_leaving_out_what_is_hard_does_not_win(tmp_path):
    given = results()
    page = report(tmp_path, given)
    assert "<b>23.40</b>" in page.text
    for row in given["rows"]:
        if row["method"] == "smoothed":
            row["fraction"] = 0.9
    page = report(tmp_path, given)
    assert "<b>23.40</b>" not in page.text
    assert "<b>27.00</b>" in page.text
    assert "MPJPE, iid:5: ransac-covariance" in page.words


def test_a_fraction_of_its_own_stands_beside_its_figure():
    score = {"value": 5.0, "low": None, "high": None, "fraction": 0.5}
    assert score_tables.entry(score).note == "of 50.00 %"
    assert score_tables.entry(score, covered=0.5).note == ""
    assert score_tables.share(0.99999) == "99.99 %"
    assert score_tables.share(1.0) == "100 %"


def test_names_are_escaped_everywhere(tmp_path):
    given = results(
        settings=((EVIL, 30.0), ("iid:5", 30.0)), methods=(EVIL, "ransac"), subjects=(EVIL, "S11")
    )
    about = dict.fromkeys(("dataset", "synthetic", "rigid_spine", EVIL), EVIL)
    about |= {"settings": {EVIL: EVIL}, "methods": {EVIL: EVIL}, "damaged": [EVIL], "left_out": {EVIL: EVIL}}
    about |= {"seconds": {EVIL: 1.0}, "provenance": {"call": EVIL}}
    given["about"] |= about
    for row in given["rows"]:
        if row["by"] in ("keypoint", "action", "cameras"):
            row["key"] = row["key"] + EVIL.replace(" ", "")
    given["sweep"][EVIL] = given["sweep"].pop("dlt")
    given["metrics"]["n_mpjpe"] = {"label": EVIL, "unit": EVIL}
    given["published"][1] |= {"method": EVIL, "source": EVIL}
    page = report(tmp_path, given)
    assert "<script>alert" not in page.text
    assert page.tags.count("script") == 3
    assert "img" not in page.tags
    labels = json.dumps(page.payload)
    assert "<script" not in labels
    assert "<img" not in labels
    assert labels.count("&lt;script&gt;") > 10


def test_the_pieces_of_a_cell_are_escaped():
    cell = Entry(EVIL, note=EVIL, badge=EVIL)
    for best in (False, True):
        text = table(["a"], [[replace(cell, best=best)]])
        assert "<script" not in text
        assert text.count("&lt;script&gt;") == 3


def test_gains_are_against_the_plain_linear_transform():
    given = results(methods=("dlt", "ransac", "alike"))
    assert "0.0 %" not in score_tables.overall_table(lookup(given), "oracle")
    text = score_tables.overall_table(lookup(given), "iid:5")
    assert "−17.0 %" in text
    for row in given["rows"]:
        if row["method"] == "alike" and row["value"] is not None:
            row["value"] *= 1.12 * 0.99999
    assert ">0.0 %<" in score_tables.overall_table(lookup(given), "iid:5")


def test_missing_figures_are_dashes(tmp_path):
    given = results()
    for row in given["rows"]:
        if row["method"] == "dlt":
            row |= {"value": None, "low": None, "high": None, "fraction": 0.0}
    page = report(tmp_path, given)
    assert page.row("dlt", 1)[1:] == ["–"] * 5 + ["0.00 %"]
    subjects = {trace["name"]: trace["x"] for trace in page.payload["figures"]["subject-full-1"]["data"]}
    assert subjects["dlt"] == [None, None]


def test_sections_without_data_say_so(tmp_path):
    given = results()
    given["rows"] = [row for row in given["rows"] if row["by"] == "all"]
    given |= {"sweep": {}, "published": []}
    given["histograms"]["of"] = []
    given["about"] = {"dataset": "d"}
    page = report(tmp_path, given)
    for words in (
        "have no figures by subject",
        "have no figures by action",
        "have no figures by keypoint",
        "have no subsets of the cameras",
        "have no curve of error against noise",
        "have no distributions",
        "Nothing was left out",
        "No sequence is known to have damaged truth",
        "do not say how they were computed",
    ):
        assert page.words.count(words) == 1
    assert set(page.payload["figures"]) == {"overall-0", "overall-1"}


def test_nothing_scored_is_a_page_that_says_so(tmp_path):
    page = report(tmp_path, results() | {"rows": [], "sweep": {}, "histograms": {"bin_mm": 2.0, "of": []}})
    assert "There are no scores." in page.words
    assert page.payload["figures"] == {}


def test_one_subject_is_no_comparison(tmp_path):
    page = report(tmp_path, results(subjects=("S9",)))
    assert page.words.count("There is only one subject, S9") == 2
    assert "subject-full-1" not in page.payload["figures"]


def test_errors_of_rounding_are_not_drawn(whole):
    assert "cameras-1-0" not in whole.payload["figures"]
    assert "Every error is below 0.001 mm, which is rounding" in whole.words


def test_nothing_estimated_is_not_called_rounding(tmp_path):
    given = results(settings=(("iid:5", 30.0),), methods=("ransac",))
    for row in given["rows"]:
        row |= {"value": None, "low": None, "high": None, "fraction": 0.0, "count": 0}
    for one in given["histograms"]["of"]:
        one["counts"] = [0] * 151
    page = report(tmp_path, given)
    assert "rounding" not in page.words
    assert "No subset gave any estimate." in page.words
    assert "There are no estimates." in page.words


def test_subsets_stand_at_their_count_and_the_line_joins_the_means(whole):
    dots, line, *_ = whole.payload["figures"]["cameras-1-1"]["data"]
    assert [round(x) for x in dots["x"]] == [2] * 6 + [3] * 4 + [4]
    assert line["y"] == pytest.approx([66 / count**0.5 for count in (2, 3, 4)], abs=1e-3)


def test_the_spine_is_ordered_along_itself():
    book = lookup(results())
    spine, others = book.spine_and_others("iid:5")
    assert spine[0] == "neck_03"
    assert spine[6:9] == ["spine_02", "spine_01", "hip"]
    assert len(spine) == 15
    assert len(spine) + len(others) == 37
    bars = score_plots.by_keypoint(book, "iid:5", spine)["data"]
    assert [trace["type"] for trace in bars] == ["bar"] + ["scatter"] * 4
    assert bars[0]["name"] == "smoothed"


def test_a_distribution_counts_what_is_missing(tmp_path):
    given = results(settings=(("iid:5", 30.0),), methods=("dlt",))
    given["rows"][4 if given["rows"][0]["method"] == "" else 0]["fraction"] = 0.5
    given["histograms"]["of"][0]["counts"] = [3, 1] + [0] * 148 + [0]
    line = score_plots.cumulative(lookup(given), "iid:5", "full")["data"][0]
    assert line["x"] == [0, 2, 4, 300]
    assert line["y"] == [0, 37.5, 50, 50]


def test_noise_is_drawn_beside_its_floor(whole):
    floor, dlt, ransac = whole.payload["figures"]["noise"]["data"]
    assert floor["name"] == "Cramér–Rao floor"
    assert floor["y"] == pytest.approx([6.5 * sigma for sigma in floor["x"]])
    assert (dlt["name"], ransac["name"]) == ("dlt", "ransac")
    floor, dlt, ransac = whole.payload["figures"]["noise-ratio"]["data"]
    assert floor["y"] == [1.0] * 6
    assert ransac["y"] == pytest.approx([(6.54 + 0.01 * sigma) / 6.5 for sigma in floor["x"]], abs=1e-4)
    layout = whole.payload["figures"]["noise"]["layout"]
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == "log"


def test_the_page_first_shows_the_setting_with_errors_and_the_best_methods(whole):
    assert '<option value="1" selected>iid:5</option>' in whole.text
    shown = re.findall(r'value="(\d)" checked', whole.text)
    assert [list(METHODS)[int(index)] for index in shown] == [
        "dlt",
        "ransac",
        "ransac-covariance",
        "smoothed",
    ]


def test_long_names_are_broken_and_cut():
    assert score_plots.label("a" * 100) == f"{'a' * 24}<br>{'a' * 19}…"
    assert score_plots.label("<b>") == "&lt;b&gt;"


def test_the_same_results_give_the_same_bytes_and_stay_as_they_are(tmp_path):
    given = results()
    before = copy.deepcopy(given)
    one = write_benchmark_report(tmp_path / "one.html", given).read_bytes()
    again = write_benchmark_report(tmp_path / "again.html", json.loads(json.dumps(given))).read_bytes()
    assert one == again
    assert given == before


def test_other_things_are_refused(tmp_path):
    with pytest.raises(
        InputError, match="the results lack about, histograms, sweep, metrics, published; pass"
    ):
        write_benchmark_report(tmp_path / "report.html", {"rows": rows()})
    assert list(tmp_path.iterdir()) == []
