"""Formats with one file per camera, or one file that holds the views of all cameras by their names."""

from abc import abstractmethod
from functools import cached_property
from pathlib import Path

from mvtri.errors import InputError
from mvtri.formats.detections.places import examples_in
from mvtri.formats.detections.reader import Request, by_camera
from mvtri.formats.detections.views import View, ViewsReader

UNNAMED = ""  # the camera of a file that does not name it


class OneForAllReader(ViewsReader):
    """Files of one camera each; or one file of all cameras.

    Attributes
    ----------
    part : str
        What the views in one file are, such as ``"camera"`` or ``"video"``.
    """

    part: str = "camera"

    @abstractmethod
    def views_in(self, path: Path) -> dict[str, View]:
        """Return the views in a file by their names; under `UNNAMED` where it is of one camera."""

    def may_hold_all(self, path: Path) -> bool:
        """Return whether a file that fits may be of all cameras."""
        return True

    def parse(self, path: Path, request: Request) -> View:
        """Read the file of one camera."""
        views = self._all_views if path == self._whole else self.views_in(path)
        if len(views) != 1:
            raise InputError(
                f"{path} holds {len(views)} {self.part}s ({', '.join(views)}); expected one file per camera, "
                "or one of all cameras"
            )
        return next(iter(views.values()))

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the views from the files of the cameras, or out of the one file."""
        if self._whole is None or not self.is_of_all(self._all_views):
            return super().views(request)
        found = by_camera(self._all_views, request.cameras, f"{self.part}s in {self._whole}")
        return found, {name: f"{self._whole.name}, {self.part} {name}" for name in found}

    def is_of_all(self, views: dict[str, View]) -> bool:
        """Return whether the views in one file are those of all cameras."""
        return UNNAMED not in views

    @cached_property
    def _whole(self) -> Path | None:
        """The one file of all cameras: `path` itself, or the only file of the format in it."""
        found = [path for path in examples_in(self.path, self.suffixes) if self.fits(path)]
        return found[0] if len(found) == 1 and self.may_hold_all(found[0]) else None

    @cached_property
    def _all_views(self) -> dict[str, View]:
        assert self._whole is not None
        return self.views_in(self._whole)
