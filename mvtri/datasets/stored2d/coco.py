"""COCO's JSON of keypoints: a file a camera, or one for all whose images are those of the sequences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from mvtri.datasets.dataset import natural
from mvtri.datasets.sequence import Sequence as Recording
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.stored2d.base import Candidates
from mvtri.datasets.stored2d.camera_json import CameraJson, View, head_of
from mvtri.datasets.stored2d.images import ImageNames
from mvtri.errors import InputError
from mvtri.formats.detections.common import parse_json, triples

_KEYS = ("image_id", "images", "image_path", "file_name", "annotations")
_EXPECTED = "COCO's results (a list of rows, or a table with images and annotations)"


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a file, and the people in each.

    Attributes
    ----------
    people : dict
        By the image's name the people in it, each (K, 3).
    complete : bool
        Whether images with nobody in them are listed too.
    names : sequence of str or None
        K names of keypoints, where the file tells them.
    """

    people: dict[str, list[np.ndarray]]
    complete: bool
    names: Sequence[str] | None


class CocoFiles(CameraJson):
    """Files of a camera each; or one file, whose rows are found by the names of the sequence's images."""

    format = "coco"
    description = "COCO's keypoint results"

    @staticmethod
    def sniff(path: Path) -> bool:
        """Return whether the file, or the first camera's, begins as these do."""
        return bool(_files(path)) or head_of(path, _KEYS)

    @staticmethod
    def parse(path: Path) -> View:
        """Read the file of a camera; its frames are the images in order of name, numbers in it as numbers."""
        found = read_coco(path)
        return View([found.people[name] for name in sorted(found.people, key=natural)], found.names)

    def locate(self, info: SequenceInfo) -> Any:
        """Return the files of a sequence by camera; of the one file only its path."""
        return self._file or super().locate(info)

    def read(self, sequence: Recording) -> Candidates:
        """Read the files of the cameras, or pick the sequence's images out of the one file."""
        if self._file is None:
            return super().read(sequence)
        if sequence.images is None:
            raise InputError(
                f"{self._file} goes by the names of images, which the dataset does not tell of "
                f"{sequence.info}; store a file a camera, such as S9/Eating/54138969.json"
            )
        cameras = sequence.cameras.names
        people = {
            name: self._pick(column, f"{sequence.info}, camera {name}")
            for name, column in zip(cameras, sequence.images.T.tolist())
        }
        return self.label(people, sequence, self._images.names, dict.fromkeys(cameras, self._file))

    @cached_property
    def _file(self) -> Path | None:
        found = _files(self.path)
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"{self.path} holds several JSON files ({names}); name one")
        return found[0] if found else None

    @cached_property
    def _images(self) -> Images:
        assert self._file is not None
        return read_coco(self._file)

    @cached_property
    def _index(self) -> ImageNames:
        return ImageNames(list(self._images.people))

    def _pick(self, images: list[str], what: str) -> list[list[np.ndarray]]:
        found = [self._index.find(image, str(self._file)) if image else None for image in images]
        wanted = [image for image in images if image]
        there = sum(name is not None for name in found)
        if wanted and (there == 0 or (self._images.complete and there < len(wanted))):
            lost = next(image for image, name in zip(images, found) if image and name is None)
            raise InputError(
                f"{self._file} has {there} of the {len(wanted)} images of {what}; such as {lost} is not in it"
            )
        return [[] if name is None else self._images.people[name] for name in found]


def read_coco(path: Path) -> Images:
    """Read a file.

    Raises
    ------
    InputError
        If it is no such JSON, or does not tell which image a row belongs to.
    """
    content = parse_json(path.read_bytes(), path, _EXPECTED)
    listed = content.get("images") if isinstance(content, dict) else None
    rows = content.get("annotations") if isinstance(content, dict) else content
    if not _is_table(rows) or not (listed is None or _is_table(listed)):
        raise InputError(f"{path} is JSON of another shape; expected {_EXPECTED}")
    images = _listed(listed, path) if listed is not None else None
    people: dict[str, list[np.ndarray]] = {name: [] for name in (images or {}).values()}
    for row in rows:
        name = _image_of(row, images, path)
        people.setdefault(name, []).append(
            triples(row.get("keypoints"), f"{name} of {path} has a value of keypoints")
        )
    return Images(people, images is not None, _names(content))


def _image_of(row: Mapping[str, Any], images: Mapping[Any, str] | None, path: Path) -> str:
    number = row.get("image_id")
    if images is not None:
        if not isinstance(number, int | str) or number not in images:
            raise InputError(f"{path} has a row of the image_id {number!r}, which is not among its images")
        return images[number]
    named = row.get("image_path") or row.get("file_name") or number
    if not isinstance(named, str):
        raise InputError(
            f"{path} has rows without image_path or file_name, and no list of images that tells whose "
            f"image_id {number!r} is; store rows and images in one file"
        )
    return named


def _listed(images: list[dict[str, Any]], path: Path) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for image in images:
        number = image.get("id")
        if not isinstance(number, int | str) or number in found:
            raise InputError(
                f"{path} has an image whose id {number!r} is no number of its own; write it again"
            )
        found[number] = str(image.get("file_name") or number)
    if len(set(found.values())) < len(found):
        raise InputError(f"{path} lists images with the same file_name; write it again")
    return found


def _names(content: object) -> Sequence[str] | None:
    kinds = content.get("categories") if isinstance(content, dict) else None
    told = [kind.get("keypoints") for kind in kinds] if _is_table(kinds) else []
    return [str(name) for name in told[0]] if len(told) == 1 and isinstance(told[0], list) else None


def _is_table(rows: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.glob("*.json"))
    return [file for file in files if head_of(file, _KEYS)]
