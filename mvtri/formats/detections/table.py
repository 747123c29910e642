"""Tables of 2D as text (``.csv``, ``.tsv``): one row per keypoint, or one row per frame.

Which column holds what, its name says (`table_columns`): ``frame,keypoint,x,y,score`` with one row per
keypoint, optionally with camera and individual, or ``frame,nose_x,nose_y,nose_score,...`` with one row per
frame.  Caliscope's ``xy.csv`` is of the first kind: ``sync_index`` numbers the frames of all cameras, which
are called ``port`` or ``cam_id``; corners of a board are called ``point_id`` or ``keypoint_id``.
"""

from functools import cached_property
from pathlib import Path

from mvtri.errors import InputError
from mvtri.formats.csv_table import header_of
from mvtri.formats.detections.places import examples_in
from mvtri.formats.detections.reader import Request, by_camera
from mvtri.formats.detections.table_columns import find_columns
from mvtri.formats.detections.table_rows import ANY, read_rows
from mvtri.formats.detections.table_writer import write
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.registry import Format


class TableReader(ViewsReader):
    """One table per camera, or one table with a column that says the camera."""

    suffixes = (".csv", ".tsv")

    @staticmethod
    def describe() -> str:
        """Return the format's description."""
        return FORMAT.description

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether the first line of a file names columns of 2D keypoints."""
        return _is_table(path)

    def parse(self, path: Path, request: Request) -> View:
        """Read the table of one camera."""
        views = self._whole_views if path == self._whole else read_rows(path)
        if len(views) != 1:
            raise InputError(
                f"{path} is of the cameras {', '.join(views)}; expected one table per camera, or one for all"
            )
        return next(iter(views.values()))

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the views from the tables of the cameras, or out of the one table."""
        if self._whole is None or ANY in self._whole_views:
            return super().views(request)
        found = by_camera(self._whole_views, request.cameras, f"cameras of {self._whole}")
        return found, {name: f"{self._whole.name}, camera {name}" for name in found}

    @cached_property
    def _whole(self) -> Path | None:
        """The one table of all cameras: `path` itself, or the only table in it."""
        found = [path for path in examples_in(self.path, self.suffixes) if self.fits(path)]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _whole_views(self) -> dict[str, View]:
        assert self._whole is not None
        return read_rows(self._whole)


FORMAT = Format(
    name="csv",
    description="tables of 2D keypoints (.csv), Caliscope's xy.csv among them",
    sniff=TableReader.sniff,
    read=TableReader,
    write=write,
    extensions=(".csv", ".tsv"),
)


def _is_table(path: Path) -> bool:
    """Return whether the first line of a file names columns of 2D keypoints; never raises."""
    return path.suffix.lower() in TableReader.suffixes and find_columns(header_of(path)) is not None
