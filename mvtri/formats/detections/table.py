"""Tables of 2D as text (``.csv``, ``.tsv``): one row per keypoint, or one row per frame.

Which column holds what, its name says (`table_columns`): ``frame,keypoint,x,y,score`` with one row per
keypoint, optionally with camera and individual, or ``frame,nose_x,nose_y,nose_score,...`` with one row per
frame.  Caliscope's ``xy.csv`` is of the first kind: ``sync_index`` numbers the frames of all cameras, which
are called ``port`` or ``cam_id``; corners of a board are called ``point_id`` or ``keypoint_id``.
"""

from pathlib import Path

from mvtri.formats.csv_table import header_of
from mvtri.formats.detections.one_for_all import OneForAllReader
from mvtri.formats.detections.table_columns import find_columns
from mvtri.formats.detections.table_rows import read_rows
from mvtri.formats.detections.table_writer import write
from mvtri.formats.detections.views import View
from mvtri.registry import Format


class TableReader(OneForAllReader):
    """One table per camera, or one table with a column that says the camera."""

    description = "tables of 2D keypoints (.csv), Caliscope's xy.csv among them"
    suffixes = (".csv", ".tsv")

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether the first line of a file names columns of 2D keypoints."""
        return _is_table(path)

    def views_in(self, path: Path) -> dict[str, View]:
        """Return the views of a table by the camera that a column says."""
        return read_rows(path)


FORMAT = Format(
    name="csv",
    description=TableReader.description,
    sniff=TableReader.sniff,
    read=TableReader,
    write=write,
    extensions=(".csv", ".tsv"),
)


def _is_table(path: Path) -> bool:
    """Return whether the first line of a file names columns of 2D keypoints; never raises."""
    return path.suffix.lower() in TableReader.suffixes and find_columns(header_of(path)) is not None
