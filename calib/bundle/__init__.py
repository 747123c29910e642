"""Bundle adjustment of rigs: cameras and what they see, found together."""

from mvtri.calib.bundle.adjust import adjust_boards, adjust_points
from mvtri.calib.bundle.freedom import Freedom, Unknowns, name_unknowns
from mvtri.calib.bundle.result import Adjustment

__all__ = ["Adjustment", "Freedom", "Unknowns", "adjust_boards", "adjust_points", "name_unknowns"]
