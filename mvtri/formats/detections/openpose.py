"""OpenPose JSON: one folder per camera, one file per frame; SpinePose and Pose2Sim write it too.

``{}`` is nobody, as a file and as a person.  A keypoint is missing if its score is 0, or if both its
coordinates are.  The frame number is the last number in a file's name that differs between the files, and
becomes the time.  A frame for which a camera has no file shows nobody in it: some detectors write none then.
"""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.detections.alphapose import is_alphapose
from mvtri.formats.detections.frame_names import numbers_in_names
from mvtri.formats.detections.label import label_people
from mvtri.formats.detections.mmpose import is_of_image
from mvtri.formats.detections.openpose_writer import write
from mvtri.formats.detections.people import one_size, parse_json, stack_people, triples
from mvtri.formats.detections.places import begins_with_key, files_in, folders_in, json_head
from mvtri.formats.detections.reader import DetectionsReader, Request, by_camera, chosen_numbers
from mvtri.inputs import read_bytes
from mvtri.names import canonical
from mvtri.registry import Format

logger = logging.getLogger("mvtri")
_LOOKED_AT = 8  # folders, and files of each, by which the format is recognised
_LEFT_OUT = {  # what a person has beside the body
    "face_keypoints_2d": "face",
    "face_keypoints": "face",
    "hand_left_keypoints_2d": "hands",
    "hand_right_keypoints_2d": "hands",
    "hand_left_keypoints": "hands",
    "hand_right_keypoints": "hands",
    "pose_keypoints_3d": "body in 3D",
}
_KEYPOINTS = ("pose_keypoints_2d", "pose_keypoints", "joints")
_OTHERS = ("meta_info", "instance_info", "instances", "images", "annotations", "landmarks", "pose_landmarks")


def sniff(path: Path) -> bool:
    """Return whether there are folders with JSON files in a folder, and some are not of another format.

    A stray file beside the folders (``info.json``, ``run.json``) does not matter.
    """
    try:
        if not path.is_dir() or not all(map(_fits, files_in(path, (".json",)))):
            return False
        folders = islice(folders_in(path), _LOOKED_AT)
        examples = [file for one in folders for file in files_in(one, (".json",))[:_LOOKED_AT]]
        return any(map(_fits, examples)) and not any(map(is_of_image, examples))
    except OSError:
        return False


class OpenPoseReader(DetectionsReader):
    """A folder of folders, ``cam01_json/cam01.0052.json``; only the files of the frames wanted are opened."""

    def count_frames(self, request: Request) -> dict[str, int]:
        """Return how many files the folder of each camera has."""
        folders = self._folders(request.cameras)
        return {f"{path.name}/": len(frame_files(path)) for path in folders.values()}

    def frame_numbers(self, request: Request) -> np.ndarray | None:
        """Return the frame numbers in the names of the files."""
        folders = self._folders(request.cameras)
        return np.array(_every_frame({name: frame_files(path) for name, path in folders.items()}, self.path))

    def read(self, request: Request) -> xr.Dataset:
        """Read the files of the frames wanted; the provenance keeps their number and their hash."""
        folders = self._folders(request.cameras)
        files = {name: frame_files(path) for name, path in folders.items()}
        chosen = chosen_numbers(_every_frame(files, self.path), request.frames, self.path)
        digest = hashlib.sha256()
        left_out: set[str] = set()
        people = {
            name: [_people(own[number], digest, left_out) if number in own else [] for number in chosen]
            for name, own in files.items()
        }
        if left_out:
            logger.info(
                "%s has keypoints of the %s too, which are left out",
                self.path,
                " and ".join(sorted(left_out)),
            )
        count, where = one_size(people, lambda camera, index: files[camera][chosen[index]])
        position, confidence = stack_people(people, len(chosen), count)
        read = sum(number in own for own in files.values() for number in chosen)
        return label_people(
            position,
            confidence,
            request,
            cameras=list(folders),
            numbers=chosen,
            names=None,
            where=where,
            source=FORMAT.description,
            provenance={"openpose": {"files": read, "sha256": digest.hexdigest()}},
            margin=1.0,  # OpenPose's keypoint_scale 3 divides by width - 1
        )

    def _folders(self, cameras: Sequence[str] | None) -> dict[str, Path]:
        found = _camera_folders(self.path)
        if cameras is None:
            return {re.sub(r"_json$", "", name, flags=re.I) or name: path for name, path in found.items()}
        empty = {canonical(path.name): path for path in folders_in(self.path) if path.name not in found}
        for name in set(map(canonical, cameras)) & empty.keys() - set(map(canonical, found)):
            others = ",".join(camera for camera in cameras if canonical(camera) != name)
            raise InputError(
                f"{empty[name]} holds no .json files; detect in the video of this camera again, or leave it "
                f"out with --cams {others}"
            )
        return by_camera(found, cameras, f"folders in {self.path}")


FORMAT = Format(
    name="openpose",
    description="OpenPose JSON",
    sniff=sniff,
    read=OpenPoseReader,
    write=write,
)


def frame_files(folder: Path) -> dict[int, Path]:
    """Return the JSON files of one camera by frame number, in order of it.

    Raises
    ------
    InputError
        If there are none, a name has no number, or two have the same.
    """
    found: dict[int, Path] = {}
    files = files_in(folder, (".json",))
    for path, number in zip(files, numbers_in_names([file.stem for file in files])):
        if number is None:
            raise InputError(
                f"{path} has no frame number in its name; expected names such as cam01.0052.json: if it is "
                "no frame, move it out of this folder"
            )
        if number in found:
            raise InputError(
                f"{found[number]} and {path.name} are both frame {number} by their names; expected one file "
                "per frame: move the one that is no frame, or is left from another run, out of this folder"
            )
        found[number] = path
    if not found:
        raise InputError(f"{folder} holds no .json files; expected one per frame, as OpenPose writes them")
    return dict(sorted(found.items()))


def _camera_folders(folder: Path) -> dict[str, Path]:
    """Return the folders with JSON files inside `folder`, by name, in alphabetical order."""
    found = {path.name: path for path in folders_in(folder) if files_in(path, (".json",))}
    if not found:
        raise InputError(
            f"{folder} holds no folder with .json files; expected one per camera, such as cam01_json"
        )
    return found


def _every_frame(files: Mapping[str, Mapping[int, Path]], where: Path) -> list[int]:
    """Return the frame numbers that any camera has; one that a camera lacks shows nobody in it.

    Raises
    ------
    InputError
        If a camera shares no frame number with another one.
    """
    for name, own in files.items():
        others = [found for other, found in files.items() if other != name]
        if others and not any(own.keys() & found.keys() for found in others):
            spans = ", ".join(f"{camera} {min(found)} to {max(found)}" for camera, found in files.items())
            raise InputError(
                f"{where}: {name} has no frame number in common with another camera ({spans}); expected the "
                "same number for the same moment in every camera: number the files again"
            )
    _warn_of_shift(files, where)
    return sorted(set().union(*files.values()))


def _warn_of_shift(files: Mapping[str, Mapping[int, Path]], where: Path) -> None:
    """Warn where cameras have as many frames in a row, but count them from different numbers."""
    spans = {name: (min(own), max(own), len(own)) for name, own in files.items()}
    counts = {count for _, _, count in spans.values()}
    without_gaps = all(last - first + 1 == count for first, last, count in spans.values())
    if len(counts) == 1 and without_gaps and len({first for first, _, _ in spans.values()}) > 1:
        listed = ", ".join(f"{name} {first} to {last}" for name, (first, last, _) in spans.items())
        logger.warning(
            "%s: the cameras have equally many frames, but with different numbers (%s); frames of equal "
            "number count as one moment: if the first files of all cameras show one moment, rename the files "
            "so that all count from the same number",
            where, listed,
        )  # fmt: skip


def _people(path: Path, digest: Any, left_out: set[str]) -> list[np.ndarray]:
    """Return the people in a file; what it has beside the body goes into `left_out`."""
    text = read_bytes(path)
    digest.update(text)
    if not text.strip():
        raise InputError(
            f"{path} is empty; detect in this frame again, or delete the file: a frame without one shows "
            "nobody"
        )
    content = parse_json(text, path, "JSON with a list called people")
    people = content.get("people", content.get("bodies")) or [] if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(
            f"{path} is JSON of another shape; expected an object with a list called people: if it is no "
            "frame of OpenPose's, move it out of this folder"
        )
    left_out |= {part for person in people for key, part in _LEFT_OUT.items() if person.get(key)}
    what = f"{path} has a pose_keypoints_2d"
    return [triples(_joints(person), what) for person in people]


def _joints(person: Mapping[str, Any]) -> Any:
    """Return the keypoints of the body, as OpenPose 1.0 and AlphaPose (``--format cmu``) call them, too."""
    return next((person[key] for key in _KEYPOINTS if key in person), [])


def _fits(path: Path) -> bool:
    """Return whether a file of JSON is not in one of the formats with one file per camera; never raises."""
    of_another = is_alphapose(path) or begins_with_key(path, _OTHERS)
    empty = path.stat().st_size == 0  # which may be of any format
    return not of_another and not empty and not json_head(path).startswith(b"[")
