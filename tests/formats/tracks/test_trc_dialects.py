"""TRC files as other programs write them, all of the same two markers over four frames at 50 Hz.

The numbers are made up by hand: RHip moves along x by 1 cm a frame, LHip stands; y is up.
"""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.formats import read_tracks, write_tracks
from mvtri.tracks import TIME, make_tracks, to_array

TIMES = [0.0, 0.02, 0.04, 0.06]
# world x, y, z are the file's z, x, y
WORLD = np.array([[[0.3, 0.10 + 0.01 * f, 0.9], [-0.2, 0.1, 0.8]] for f in range(4)])
HEAD = (
    "PathFileType\t4\t(X/Y/Z)\ta.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
    "50\t50\t4\t2\tm\t50\t1\t4\n"
    "Frame#\tTime\tRHip\t\t\tLHip\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n"
)
ROWS = [f"{f + 1}\t{TIMES[f]:.2f}\t{0.10 + 0.01 * f:.2f}\t0.9\t0.3\t0.1\t0.8\t-0.2" for f in range(4)]
PLAIN = HEAD + "\n" + "\n".join(ROWS) + "\n"


def scaled(text):
    """The same in mm."""
    head, rows = text.split("Z2\n")
    lines = []
    for line in rows.strip().split("\n"):
        cells = line.split("\t")
        lines.append("\t".join(cells[:2] + [f"{float(cell) * 1000:.3f}" for cell in cells[2:]]))
    return head.replace("\tm\t", "\tmm\t") + "Z2\n" + "\n".join(lines) + "\n"


DIALECTS = {
    "OpenSim, tabs at line ends": PLAIN.replace("\n", "\t\n"),
    "Pose2Sim, no empty line": HEAD + "\n".join(ROWS) + "\n",
    "OpenCap, mm": scaled(PLAIN),
    "Qualisys, carriage returns": PLAIN.replace("\n", "\r\n"),
    "old Macintosh": PLAIN.replace("\n", "\r"),
    "no line end at the end": PLAIN.rstrip("\n"),
    "spaces for tabs": PLAIN.replace("\t\t\t", "\t").expandtabs(12),
    "spaces, Frame #": PLAIN.expandtabs(12).replace("Frame#  ", "Frame # "),
    "decimal commas": HEAD + "\n" + "\n".join(ROWS).replace(".", ",") + "\n",
    "Vicon, names thrice": PLAIN.replace("RHip\t\t\tLHip\t\t", "RHip\tRHip\tRHip\tLHip\tLHip\tLHip"),
    "names side by side": PLAIN.replace("RHip\t\t\tLHip\t\t", "RHip\tLHip"),
    "Frame for Frame#": PLAIN.replace("Frame#", "Frame"),
    "numbers with decimals": HEAD + "\n" + "\n".join(row.replace("\t", ".000\t", 1) for row in ROWS) + "\n",
    "an empty line before": "\n" + PLAIN,
    "a byte order mark": "\ufeff" + PLAIN,
    "millimeters in words": scaled(PLAIN).replace("\tmm\t", "\tMillimeters\t"),
    "a unit with a space": PLAIN.replace("\tm\t", "\tm \t"),
}


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "a.trc"
    path.write_bytes(text.encode(encoding))
    return path


def same(found, world=WORLD, names=("RHip", "LHip")):
    np.testing.assert_allclose(to_array(found)[:, 0], world, atol=1e-9)
    np.testing.assert_allclose(found[TIME], TIMES)
    assert found.attrs["fps"] == 50
    assert found["keypoints"].to_numpy().tolist() == list(names)


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects_are_the_same_markers(tmp_path, name, caplog):
    same(read_tracks(written(tmp_path, DIALECTS[name])))
    assert not caplog.text


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16", "utf-8-sig"])
def test_names_in_other_encodings(tmp_path, encoding):
    found = read_tracks(written(tmp_path, PLAIN.replace("RHip", "Hüfte_ré"), encoding))
    same(found, names=("Hüfte_ré", "LHip"))


@pytest.mark.parametrize(
    "missing", ["\t\t", "nan\tnan\tnan", "NaN\tNaN\tNaN", "0\t0\t0", "-nan(ind)\t-nan(ind)\t-nan(ind)"]
)
def test_missing_markers(tmp_path, missing):
    text = PLAIN.replace("0.11\t0.9\t0.3", missing)
    world = WORLD.copy()
    world[1, 0] = np.nan
    same(read_tracks(written(tmp_path, text)), world)


def test_a_row_that_ends_early(tmp_path):
    world = WORLD.copy()
    world[1, 1] = np.nan
    same(
        read_tracks(
            written(
                tmp_path,
                PLAIN.replace("\n2\t0.02\t0.11\t0.9\t0.3\t0.1\t0.8\t-0.2", "\n2\t0.02\t0.11\t0.9\t0.3"),
            )
        ),
        world,
    )


def test_rows_that_are_missing_are_said_and_the_rate_stays(tmp_path, caplog):
    rows = [f"{f + 1}\t{f / 50:.2f}" + ROWS[0][6:] for f in (0, 1, 5, 6, 7, 11)]
    found = read_tracks(written(tmp_path, HEAD + "\n" + "\n".join(rows) + "\n"))
    assert found.attrs["fps"] == 50
    np.testing.assert_allclose(found[TIME], [0, 0.02, 0.1, 0.12, 0.14, 0.22])
    assert "lacks 6 of the frames" in caplog.text
    write_tracks(tmp_path / "b.trc", found)
    assert (tmp_path / "b.trc").read_text().split("\n")[2].startswith("50\t50\t6\t2\tm\t50")
    assert read_tracks(tmp_path / "b.trc").attrs["fps"] == 50


def test_no_times(tmp_path, caplog):
    rows = [f"{row.split(chr(9))[0]}\t0\t" + row.split("\t", 2)[2] for row in ROWS]
    same(read_tracks(written(tmp_path, HEAD + "\n" + "\n".join(rows) + "\n")))
    assert "has no times" in caplog.text


@pytest.mark.parametrize(
    "text", [PLAIN.replace("\tm\t", "\t\t"), PLAIN.replace("\tm\t", "\t\t").expandtabs(12)]
)
def test_a_missing_unit_is_asked_for(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="does not state the unit of length; pass unit="):
        read_tracks(path)
    same(read_tracks(path, unit="m"))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (PLAIN.replace("0.11\t0.9\t0.3", "\t\t").expandtabs(12), "between spaces it is not certain which"),
        (PLAIN.replace("0.11", "1,000.11"), "a point and a comma"),
        (PLAIN.replace("0.11", "1_1"), "something other than numbers"),
        (PLAIN.replace("0.04", "0.01"), "times .* do not increase"),
        (PLAIN.replace("0.11", "0.1\x001"), "is not a text file"),
        (PLAIN.replace("LHip", "RHip"), r"a\.trc has several markers called 'RHip'; rename all but one"),
    ],
)
def test_what_is_not_certain_is_refused(tmp_path, text, match):
    with pytest.raises(InputError, match=match) as caught:
        read_tracks(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_the_rate_is_that_of_the_tracks(tmp_path):
    for times in (np.array([0, 1, 2, 10]) / 60, np.array([5, 6, 7, 8]) / 60):
        tracks = make_tracks(np.ones((4, 1, 1, 3)), keypoints=["a"], fps=60, times=times)
        write_tracks(tmp_path / "a.trc", tracks)
        assert (tmp_path / "a.trc").read_text().split("\n")[2].startswith("60\t60\t4")
    every_other = make_tracks(np.ones((4, 1, 1, 3)), keypoints=["a"], fps=60).isel(time=slice(None, None, 2))
    write_tracks(tmp_path / "a.trc", every_other)
    assert (tmp_path / "a.trc").read_text().split("\n")[2].startswith("30\t30\t2")


def test_people_whose_names_become_the_same_file_name(tmp_path):
    tracks = make_tracks(np.ones((1, 3, 1, 3)), keypoints=["a"], fps=1, individuals=["a/b", "a:b", "x" * 300])
    files = write_tracks(tmp_path / "t.trc", tracks)
    assert len({file.name for file in files}) == 3
    assert all(file.is_file() and file.parent == tmp_path for file in files)
