"""MMPose's predictions: a file per video that lists for each frame the people in it, or a file per image.

The file of a video is ``{"meta_info": ..., "instance_info": [{"frame_id": 1, "instances": [...]}, ...]}``, or
that list alone.  The file of an image, ``NAME.json``, is the list of instances.  (Source: MMPose 1.x,
mmpose/apis/inferencers/base_mmpose_inferencer.py, `postprocess` and `_finalize_video_processing`, and
mmpose/structures/utils.py, `split_instances`.)
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.frame_folders import any_frame, number_frames
from mvtri.formats.detections.people import parse_json
from mvtri.formats.detections.places import begins_with_key, json_head
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.inputs import read_bytes
from mvtri.registry import Format

_INNER = "predictions"  # the folder in that of a run
_OF_IMAGE = "MMPose's predictions of an image (a list of people with keypoints and keypoint_scores)"
_EXPECTED = "MMPose's predictions (meta_info and instance_info)"


class MMPoseReader(ViewsReader):
    """One file per camera, as MMPose's demo saves a video; or one file per image, in folders or in one."""

    description = "MMPose's predictions"

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file begins as MMPose's do."""
        return begins_with_key(path, ("meta_info", "instance_info", "frame_id", "instances"))

    @classmethod
    def sniff(cls, path: Path) -> bool:
        """Return whether a file, or one in a folder or in its folders, is of a video or of an image."""
        return super().sniff(path) or any_frame(path, ".json", _INNER, is_of_image)

    @cached_property
    def _by_image(self) -> bool:
        return any_frame(self.path, ".json", _INNER, is_of_image)

    def views(self, request: Request) -> tuple[dict[str, View], dict[str, str]]:
        """Return the views from the files of the cameras, or from those of their images."""
        return self.views_of_frames(request, _INNER) if self._by_image else super().views(request)

    def parse_frames(self, files: Sequence[Path], request: Request) -> View:
        """Read the images of one camera, whose numbers are in their names."""
        people = []
        for path in files:
            found = parse_json(read_bytes(path), path, _OF_IMAGE)
            if not _are_people(found):
                raise InputError(f"{path} is JSON of another shape; expected {_OF_IMAGE}")
            people.append([_person(one, str(path)) for one in found])
        return View(people, numbers=number_frames(files, self.path))

    def parse(self, path: Path, request: Request) -> View:
        """Read the frames in the order of their numbers; a frame that is not listed shows nobody."""
        content = parse_json(read_bytes(path), path, _EXPECTED)
        entries = content.get("instance_info") if isinstance(content, dict) else content
        if not isinstance(entries, list) or not all(map(_is_frame, entries)):
            raise InputError(
                f"{path} is JSON of another shape; expected {_EXPECTED} with frame_id and instances"
            )
        frames: dict[int, Any] = {}
        for entry in entries:
            if entry["frame_id"] in frames:
                raise InputError(f"{path} has the frame {entry['frame_id']} twice; remove one of them")
            frames[entry["frame_id"]] = entry["instances"]
        numbers = sorted(frames)
        people = [[_person(one, f"frame {number} of {path}") for one in frames[number]] for number in numbers]
        first = 1 if numbers and numbers[0] >= 1 else 0  # MMPose's own demo counts from 1
        return View(people, _names(content, path), numbers=[number - first for number in numbers])


FORMAT = Format(
    name="mmpose",
    description=MMPoseReader.description,
    sniff=MMPoseReader.sniff,
    read=MMPoseReader,
    extensions=(".json",),
)


def _is_frame(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("frame_id"), int):
        return False
    return _are_people(entry.get("instances"))


def _are_people(found: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(found, list) and all(isinstance(person, dict) for person in found)


def is_of_image(path: Path) -> bool:
    """Return whether a file begins as a list of instances; an empty list says nothing."""
    return re.match(rb'\[\s*\{[^{}]*"keypoint_scores"\s*:', json_head(path)) is not None and not (
        begins_with_key(path, ("image_id", "frame_id"))
    )


def _person(person: Mapping[str, Any], where: str) -> np.ndarray:
    try:
        pixels = np.array(person["keypoints"], dtype=np.float64)
        scores = np.array(person["keypoint_scores"], dtype=np.float64)
        if pixels.shape != (len(scores), 2) or scores.ndim != 1:
            raise ValueError
    except (KeyError, OverflowError, TypeError, ValueError):
        raise InputError(
            f"{where} has a person without keypoints [[x, y], ...] and as many keypoint_scores; write it "
            "again"
        ) from None
    return np.column_stack([pixels, scores])


def _names(content: object, path: Path) -> Sequence[str] | None:
    about = content.get("meta_info") if isinstance(content, dict) else None
    names = about.get("keypoint_id2name") if isinstance(about, dict) else None
    if not names:
        return None
    try:
        return [str(names[str(index)]) for index in range(len(names))]
    except (KeyError, TypeError):
        raise InputError(
            f"{path} has a keypoint_id2name that does not count from 0; write it again"
        ) from None
