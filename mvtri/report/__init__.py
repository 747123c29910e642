"""Reports: one self-contained HTML file about a reconstruction, or a benchmark, and parts for notebooks."""

from mvtri.report.benchmark import write_benchmark_report
from mvtri.report.html import write_report
from mvtri.report.overlay import draw_overlay
from mvtri.report.recording import Recording, read_recording
from mvtri.report.summary import CameraSummary, camera_summaries, coverage
from mvtri.report.verdict import Verdict, verdicts
from mvtri.report.viewer import skeleton_figure

__all__ = [
    "CameraSummary",
    "Recording",
    "Verdict",
    "camera_summaries",
    "coverage",
    "draw_overlay",
    "read_recording",
    "skeleton_figure",
    "verdicts",
    "write_benchmark_report",
    "write_report",
]
