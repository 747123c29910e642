"""Reports: one self-contained HTML file about a reconstruction, and its parts for notebooks."""

from mvtri.report.html import write_report
from mvtri.report.overlay import draw_overlay
from mvtri.report.summary import Summary, summarise
from mvtri.report.viewer import skeleton_figure

__all__ = ["Summary", "draw_overlay", "skeleton_figure", "summarise", "write_report"]
