"""docs/formats.md says what the code does."""

import re

import pytest
from places import ROOT

from mvtri.calib.formats.registry import CALIBRATIONS
from mvtri.formats import read_tracks
from mvtri.formats.detections.files import DETECTIONS
from mvtri.formats.motion.files import MOTIONS
from mvtri.formats.tracks.axes import PRESETS
from mvtri.formats.tracks.files import TRACKS
from mvtri.skeletons import get_skeleton, list_skeletons

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def text():
    return (DOCS / "formats.md").read_text(encoding="utf-8")


KINDS = {"2D keypoints": DETECTIONS, "3D tracks": TRACKS, "motion": MOTIONS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_lists_every_format_with_its_extensions_and_whether_it_is_written(text, kind):
    rows = re.findall(rf"^\| {kind} \| ([^|]+) \| ([^|]+) \| (\w+) \| (\w+) \|", text, flags=re.MULTILINE)
    table = {name: row for row in rows for name in re.findall(r'"(\w+)"', row[0])}
    formats = KINDS[kind].formats()
    assert set(table) == set(formats)
    for name, (_, what, read, written) in table.items():
        assert read == "yes"
        assert written == ("yes" if formats[name].write else "no")
        assert all(f"`{extension}`" in what for extension in formats[name].extensions)


def test_the_page_on_cameras_lists_every_format_of_calibrations_and_whether_it_is_written():
    page = (DOCS / "cameras.md").read_text(encoding="utf-8").split("## Files")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| [^|]+ \| (yes|no) \|", page, flags=re.MULTILINE)
    formats = CALIBRATIONS.formats()
    assert dict(rows) == {name: "yes" if one.write else "no" for name, one in formats.items()}
    assert len(rows) == 16  # "sixteen formats" in formats.md
    assert sum(written == "yes" for _, written in rows) == 9  # "nine of them"


def test_every_format_of_tracks_has_a_section(text):
    for entry in TRACKS.formats().values():
        for extension in entry.extensions:
            assert re.search(rf"^## .*\(`{extension}`\)", text, flags=re.MULTILINE)


def test_every_format_of_2d_is_in_the_table(text):
    section = text.split("## 2D keypoints")[1].split("\n## ")[0]
    assert set(re.findall(r'^\| `"(\w+)"` \|', section, flags=re.MULTILINE)) == set(DETECTIONS.formats())


def test_the_table_of_axes_is_the_codes(text):
    section = text.split("## Axes")[1].split("\n## ")[0]
    rows = re.findall(r'^\| `"(\w+)"`[^|]*\| ([^|]+) \|', section, flags=re.MULTILINE)
    table = {name: columns.replace("−", "-").replace(", ", "") for name, columns in rows}
    assert table == PRESETS


def test_the_csv_sample_is_read(text, tmp_path):
    sample = re.search(r"```csv\n(time,.*?)```", text, flags=re.DOTALL)
    (tmp_path / "sample.csv").write_text(sample[1])
    tracks = read_tracks(tmp_path / "sample.csv")
    assert tracks["position"].sel(keypoints="left_knee", space="z").item() == 0.5126
    assert tracks["confidence"].to_numpy().ravel().tolist() == [0.93, 0.0]


def test_the_ambiguous_skeletons_are_those_of_the_docs(text):
    text = " ".join(text.split())
    counts = {}
    for name in list_skeletons():
        counts.setdefault(len(get_skeleton(name)), []).append(name)
    for count, names in counts.items():
        if len(names) == 1:
            assert f"{count} (`{names[0]}`)" in text
        else:
            assert f"{count} " in text
            assert " or ".join(f"`{name}`" for name in names) in text
