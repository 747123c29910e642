"""COCO's JSON of keypoints: one file per camera, or one file with the images of all cameras."""

import re
from functools import cached_property
from pathlib import Path

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.alphapose import is_alphapose
from mvtri.formats.detections.coco_table import Images, read_images, read_listing
from mvtri.formats.detections.coco_writer import write
from mvtri.formats.detections.image_names import ImageNames, frame_numbers, group_by_camera
from mvtri.formats.detections.places import begins_with_key, files_in, json_head
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.names import natural
from mvtri.registry import Format

_KEYS = ("image_id", "images", "image_path", "file_name", "annotations")


class CocoReader(ViewsReader):
    """Files of one camera each; or one file, whose rows belong to cameras by the names of their images.

    Where results (a list of rows) name no images, a file beside them that lists the images does.
    """

    description = "COCO's keypoint results"

    @property
    def holds_sequences(self) -> bool:  # type: ignore[override]
        """Whether one file holds everything."""
        return self._whole is not None

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file begins as COCO's do."""
        return begins_with_key(path, _KEYS) and not is_alphapose(path)

    def parse(self, path: Path, request: Request) -> View:
        """Read the file of one camera; its frames are the images, whose numbers are the last in their names.

        Without such numbers, images follow each other in the order of their names.
        """
        found = read_images(path, of_one_camera=True)
        names = sorted(found.people, key=natural)
        people = [found.people[name] for name in names]
        return View(people, found.names, found.one_size(found.people), frame_numbers(names))

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the views from the files of the cameras, or out of the one file."""
        if self._whole is None:
            return super().views(request)
        if request.images is None and self._is_of_one_camera(request):
            views = {name: self.parse(self._whole, request) for name in request.cameras or [self._whole.stem]}
            return views, dict.fromkeys(views, self._whole.name)
        if request.images is not None:
            views = self._listed(request, request.images)
        else:
            views = self._grouped(request)
        return views, {name: f"{self._whole.name}, camera {name}" for name in views}

    @cached_property
    def _whole(self) -> Path | None:
        """The one file of all cameras: `path` itself, or the only file in it but for a list of images."""
        if self.path.is_file():
            return self.path
        found = sorted(self.path.glob("*.json"))
        if len(found) == 2:
            found = [file for file in found if _listing_of(file) in found] or found
        return found[0] if len(found) == 1 else None

    @cached_property
    def _images(self) -> Images:
        assert self._whole is not None
        return read_images(self._whole, listing=_listing_of(self._whole))

    def _is_of_one_camera(self, request: Request) -> bool:
        """Return whether one camera is wanted at most, and the images do not say which they are of."""
        assert self._whole is not None
        if request.cameras is not None and len(request.cameras) > 1:
            return False
        if _has_numbers_alone(self._whole):
            return request.cameras is not None and _listing_of(self._whole) is None
        return set(group_by_camera(self._images.people, None, f"images in {self._whole}")) == {""}

    @cached_property
    def _index(self) -> ImageNames:
        return ImageNames(list(self._images.people))

    def _listed(self, request: Request, images: np.ndarray) -> dict[str, View]:
        """Return the images that the caller lists by frame and camera (T, C)."""
        assert request.cameras is not None
        what = " ".join(request.sequence) if request.sequence else "the recording"
        views = {}
        for name, column in zip(request.cameras, images.T.tolist()):
            views[name] = View(self._pick(column, f"{what}, camera {name}"), self._images.names)
        return views

    def _grouped(self, request: Request) -> dict[str, View]:
        """Return the images whose names say the camera, by a folder or by what precedes the frame number."""
        where = f"images in {self._whole}"
        groups = group_by_camera(list(self._images.people), request.cameras, where)
        return {name: self._view(list(frames.values())) for name, frames in groups.items()}

    def _view(self, images: list[str]) -> View:
        people = [self._images.people[name] for name in images]
        return View(people, self._images.names, self._images.one_size(images), frame_numbers(images))

    def _pick(self, images: list[str], what: str) -> list[list[np.ndarray]]:
        found = [self._index.find(image, str(self._whole)) if image else None for image in images]
        wanted = [image for image in images if image]
        there = sum(name is not None for name in found)
        if wanted and (there == 0 or (self._images.complete and there < len(wanted))):
            lost = next(image for image, name in zip(images, found) if image and name is None)
            raise InputError(
                f"{self._whole} has {there} of the {len(wanted)} images of {what}; {lost}, for example, is "
                "not in it"
            )
        return [[] if name is None else self._images.people[name] for name in found]


def _has_numbers_alone(path: Path) -> bool:
    """Return whether a file is a list of rows whose images have numbers, and no names."""
    head = json_head(path)
    return (
        head.startswith(b"[")
        and re.search(rb'"image_id"\s*:\s*\d', head) is not None
        and not begins_with_key(path, ("image_path", "file_name"))
    )


def _listing_of(path: Path) -> Path | None:
    """Return the file beside results without names of images that lists those of several cameras, or None."""
    if not _has_numbers_alone(path):
        return None
    others = [file for file in files_in(path.parent, (".json",)) if file != path]
    found = [file for file in others if begins_with_key(file, ("images",)) and json_head(file)[:1] == b"{"]
    if len(found) != 1:
        return None
    cameras = group_by_camera(read_listing(found[0]).values(), None, f"images in {found[0]}")
    return found[0] if len(cameras) > 1 else None


FORMAT = Format(
    name="coco",
    description=CocoReader.description,
    sniff=CocoReader.sniff,
    read=CocoReader,
    write=write,
    extensions=(".json",),
)
