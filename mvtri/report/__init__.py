"""Reports about a reconstruction: one self-contained HTML file, and its parts for notebooks."""

from mvtri.report.reconstruction.figure3d import skeleton_figure
from mvtri.report.reconstruction.overlay import draw_overlay
from mvtri.report.reconstruction.write import write_report

__all__ = ["draw_overlay", "skeleton_figure", "write_report"]
