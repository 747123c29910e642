"""AlphaPose's JSON: a list of rows with the names of images, or, with ``--format open`` or ``cmu``, by image.

The row of a person is ``{"image_id": "12.jpg", "keypoints": [x, y, score, ...], ...}``.  The other forms are
``{"12.jpg": {"people": [{"pose_keypoints_2d": ...}]}}`` and ``{"12.jpg": {"bodies": [{"joints": ...}]}}``,
in the order of OpenPose's COCO model.  (Source: AlphaPose, alphapose/utils/pPose_nms.py, `write_json`.)  Its
files of one frame each are read as OpenPose's.  An image with nobody in it is not mentioned.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.image_names import group_by_camera
from mvtri.formats.detections.people import parse_json, triples
from mvtri.formats.detections.places import examples_in, json_head
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.inputs import read_bytes, whole_number
from mvtri.names import natural
from mvtri.registry import Format

_EXPECTED = "AlphaPose's results (rows with image_id and keypoints)"
_ROWS = re.compile(rb'^\[\s*\{[^{}]*"image_id"\s*:\s*"[^"/\\]*"')  # no folder
_IMAGES = re.compile(rb'^\{\s*"[^"]+"\s*:\s*\{\s*"version"\s*:\s*"AlphaPose')
_OTHERS = re.compile(rb'^\[\s*\{[^{}]*"(image_path|file_name)"\s*:')  # COCO's rows with longer paths

People = dict[str, list[np.ndarray]]  # by image


def is_alphapose(path: Path) -> bool:
    """Return whether a file begins as AlphaPose's do; never raises."""
    head = json_head(path)
    return bool(_IMAGES.match(head) or (_ROWS.match(head) and not _OTHERS.match(head)))


class AlphaPoseReader(ViewsReader):
    """One file, or one folder with AlphaPose's output, per camera; or one file for all cameras.

    In a file for all cameras, the images' names say the camera: ``cam1_000012.jpg``.
    """

    description = "AlphaPose's results"
    suffixes = (".json",)

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file begins as AlphaPose's do."""
        return is_alphapose(path)

    def parse(self, path: Path, request: Request) -> View:
        """Read the file of one camera."""
        return _view(_read_images(path), path)

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the views from the files of the cameras, or out of the one file."""
        files = [path for path in examples_in(self.path, self.suffixes) if is_alphapose(path)]
        if len(files) != 1 or not request.cameras or len(request.cameras) < 2:
            return super().views(request)
        images = _read_images(files[0])
        groups = group_by_camera(list(images), request.cameras, f"images in {files[0]}")
        views = {
            name: _view({image: images[image] for image in frames.values()}, files[0])
            for name, frames in groups.items()
        }
        return views, {name: f"{files[0].name}, camera {name}" for name in views}


FORMAT = Format(
    name="alphapose",
    description=AlphaPoseReader.description,
    sniff=AlphaPoseReader.sniff,
    read=AlphaPoseReader,
)


def _view(images: Mapping[str, list[np.ndarray]], path: Path) -> View:
    """Return the people of each image, whose number is the last one in its name."""
    names = sorted(images, key=natural)
    numbers = []
    for name in names:
        digits = re.findall(r"\d+", name.rpartition(".")[0] or name)
        if not digits:
            raise InputError(f"{path}: the image {name!r:.60} has no number in its name; expected 12.jpg")
        numbers.append(whole_number(digits[-1], f"{path}: the image {name!r:.60}"))
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise InputError(
            f"{path} has several images of the number {twice}; store one file per camera, each with its own "
            "images"
        )
    return View([images[name] for name in names], numbers=numbers)


def _read_images(path: Path) -> People:
    content = parse_json(read_bytes(path), path, _EXPECTED)
    found: People = {}
    if isinstance(content, list):
        for row in content:
            image = row.get("image_id") if isinstance(row, dict) else None
            if not isinstance(image, str):
                raise InputError(f"{path} has a row without the name of an image; expected {_EXPECTED}")
            person = triples(row.get("keypoints"), f"{image} of {path} has keypoints")
            found.setdefault(image, []).append(person)
        return found
    if not isinstance(content, dict) or not all(isinstance(one, dict) for one in content.values()):
        raise InputError(f"{path} is JSON of another shape; expected {_EXPECTED}")
    for image, entry in content.items():
        found[image] = [
            triples(_joints(person), f"{image} of {path} has keypoints") for person in _people(entry, path)
        ]
    return found


def _people(entry: Mapping[str, Any], path: Path) -> list[dict[str, Any]]:
    people = entry.get("people", entry.get("bodies"))
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{path} has an image without a list called people or bodies; write it again")
    return people


def _joints(person: Mapping[str, Any]) -> Any:
    return person.get("pose_keypoints_2d", person.get("joints", []))
