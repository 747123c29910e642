"""MediaPipe's landmarks as JSON: a list of frames, each with the 33 landmarks of a person, or of several.

MediaPipe itself writes no files; this reads what its results look like once they are saved.  A frame is a
list of landmarks, or an object with ``landmarks``, ``pose_landmarks`` or ``landmark``, and optionally with
its number (``frame``).  A landmark is ``{"x": ..., "y": ..., "z": ..., "visibility": ...}`` or a list of
these numbers; x and y are parts of the image's width and height (pixels are recognised).  World landmarks are
left out.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.people import parse_json
from mvtri.formats.detections.places import json_head
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.scaling import looks_normalised
from mvtri.formats.detections.views import View, ViewsReader
from mvtri.inputs import read_bytes, whole_number
from mvtri.registry import Format
from mvtri.skeletons import get_skeleton

_LANDMARKS = ("pose_landmarks", "poseLandmarks", "landmarks", "landmark", "keypoints")
_NUMBERS = ("frame", "frame_index", "frame_id", "frame_number", "frameNumber", "index")
_LISTS = ("frames", "data", "results")
_SCORES = ("visibility", "score", "confidence", "presence")
_COUNT = 33
_POINT = rb'\{[^{}\[\]]*"x"\s*:[^{}\[\]]*"y"\s*:'  # an object with x and y
_NESTED = re.compile(rb"\[\s*\[\s*\[\s*-?\d")  # lists of lists of lists of numbers
_EXPECTED = "MediaPipe's landmarks (a list of frames, each with 33 landmarks of x, y and visibility)"


class MediaPipeReader(ViewsReader):
    """One file per camera."""

    description = "MediaPipe's landmarks"

    @staticmethod
    def fits(path: Path) -> bool:
        """Return whether a file begins with landmarks, each an object with x and y."""
        head = json_head(path)
        begins = re.search(_POINT, head[:8192]) or _NESTED.match(head)
        return begins is not None or _names_landmarks(head)

    def parse(self, path: Path, request: Request) -> View:
        """Read the frames in their order, or by their numbers where all have one."""
        content = parse_json(read_bytes(path), path, _EXPECTED)
        frames = _frames(content, path)
        people = [_people(frame, f"frame {place} of {path}") for place, (_, frame) in enumerate(frames)]
        numbers = [number for number, _ in frames if number is not None]
        if len(set(numbers)) < len(frames):
            numbers = list(range(len(frames)))
        points = [person[:, :2] for found in people for person in found]
        normalised = bool(points) and looks_normalised(np.concatenate(points)) is True
        return View(people, get_skeleton("blazepose33").keypoints, numbers=numbers, normalised=normalised)


FORMAT = Format(
    name="mediapipe",
    description=MediaPipeReader.description,
    sniff=MediaPipeReader.sniff,
    read=MediaPipeReader,
)


def _names_landmarks(head: bytes) -> bool:
    return re.search(rb'"(pose_landmarks|poseLandmarks|landmarks|landmark)"\s*:', head) is not None


def _frames(content: Any, path: Path) -> list[tuple[int | None, Any]]:
    """Return the number and the landmarks of each frame."""
    if isinstance(content, dict):
        inner = next((content[key] for key in _LISTS if isinstance(content.get(key), list)), None)
        if inner is not None:
            return _frames(inner, path)
        if content and all(re.fullmatch(r"\D*\d+", key) for key in content):  # by number
            where = f"a key of {path}"
            numbered = {whole_number(re.sub(r"\D", "", key), where): content[key] for key in content}
            return [(number, numbered[number]) for number in sorted(numbered)]
    if not isinstance(content, list):
        raise InputError(f"{path} is JSON of another shape; expected {_EXPECTED}")
    return [(_number(frame), frame) for frame in content]


def _number(frame: Any) -> int | None:
    if not isinstance(frame, dict):
        return None
    found = next((frame[key] for key in _NUMBERS if key in frame), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _people(frame: Any, where: str) -> list[np.ndarray]:
    """Return the people of a frame, each (K, 3); nobody where it is empty or null."""
    if isinstance(frame, dict):
        frame = next((frame[key] for key in _LANDMARKS if frame.get(key)), None)
        if isinstance(frame, dict):
            return _people(frame, where)
    if not frame:
        return []
    if not isinstance(frame, list):
        raise InputError(f"{where} has no list of landmarks; write it again")
    if _is_point(frame[0]):
        return [_person(frame, where)]
    return [person for one in frame for person in _people(one, where)]


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return "x" in value and "y" in value
    return isinstance(value, list) and len(value) in (2, 3, 4, 5) and not isinstance(value[0], list | dict)


def _person(landmarks: Sequence[Any], where: str) -> np.ndarray:
    if len(landmarks) != _COUNT:
        raise InputError(
            f"{where} has {len(landmarks)} landmarks; expected the {_COUNT} of a pose (those of hands and "
            "faces are not read)"
        )
    try:
        return np.array([_point(one) for one in landmarks], dtype=np.float64)
    except (TypeError, ValueError, LookupError, OverflowError):
        raise InputError(f"{where} has a landmark without x and y; write it again") from None


def _point(landmark: Any) -> Iterable[float]:
    if isinstance(landmark, dict):
        score = next((landmark[key] for key in _SCORES if landmark.get(key) is not None), 1.0)
        return landmark["x"], landmark["y"], score
    if not isinstance(landmark, list):
        raise TypeError(landmark)
    return landmark[0], landmark[1], landmark[3] if len(landmark) > 3 else 1.0
