"""The report as a whole: one file, every section, names escaped, whatever is missing said."""

from report_scene import scene

from mvtri.report import write_report


def test_writes_one_file_with_every_section(tmp_path):
    tracks, cameras, truth = scene()
    text = write_report(tmp_path / "report.html", tracks, cameras, truth=truth).read_text(encoding="utf-8")
    for place in (
        "overview",
        "viewer",
        "pictures",
        "reprojection",
        "coverage",
        "trajectories",
        "spine",
        "provenance",
    ):
        assert f'id="{place}"' in text
