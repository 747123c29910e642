"""OpenPose JSON: a folder of folders, one a camera, with one file a frame; what other detectors write too."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError, MissingFileError
from mvtri.formats.detections.common import (
    choose_skeleton,
    one_size,
    parse_json,
    stack_people,
    triples,
    warn_of_size,
)
from mvtri.names import match_names
from mvtri.tracks import make_detections

Folders = Mapping[str, str | os.PathLike[str]]


def read_openpose(
    folder: str | os.PathLike[str] | Folders,
    image_sizes: np.ndarray | Sequence[Sequence[int]],
    *,
    cameras: Sequence[str] | None = None,
    skeleton: str | None = None,
    fps: float | None = None,
    frames: tuple[int, int, int] | None = None,
    associated: bool = False,
) -> xr.Dataset:
    """Read 2D keypoints that OpenPose, or a detector that writes as it does, has found.

    Parameters
    ----------
    folder : path, or mapping of str to path
        A folder with one folder a camera (``cam01_json/cam01.0052.json``), or the cameras' folders by name.
    image_sizes : array_like, shape (C, 2)
        Width and height of the images, px, which the files do not tell.
    cameras : sequence of str, optional
        The C names, in the order wanted; they match the folders' names ignoring case, punctuation and a
        ``_json`` ending.  By default all folders, in alphabetical order.
    skeleton : str, optional
        The keypoint set; needed where several have as many keypoints as the files (25: ``body25``,
        ``body25b``).
    fps : float, optional
        Frames a second; without it frame numbers stand for time.
    frames : (int, int, int), optional
        Start, stop and step among the files of a camera, as in a Python slice.
    associated : bool
        True where slot i is the same person in every view; by default the slots of a view are candidates
        that have nothing to do with those of another view.

    Returns
    -------
    xarray.Dataset
        Detections (`mvtri.tracks.make_detections`), as many individuals as the fullest view has people;
        ``attrs["associated"]`` is 0, or 1 where `associated` says so.

    Raises
    ------
    MissingFileError
        If there is no such folder.
    InputError
        If the cameras have different frames, a file is empty, broken or of another shape, nobody is in any
        of them, or the skeleton is not certain.

    Notes
    -----
    ``{}`` is nobody, as a file and as a person.  A keypoint is missing if its score is 0, or if both its
    coordinates are.  The frame number is the last number in a file's name, and becomes the time.
    """
    folders = _folders(folder, cameras)
    files = {name: frame_files(path) for name, path in folders.items()}
    numbers = _common_frames(files)
    chosen = numbers[slice(*frames)] if frames is not None else numbers
    if not chosen:
        raise InputError(
            f"the frames {frames} select none of the {len(numbers)} files a camera; choose others"
        )
    digest = hashlib.sha256()
    people = {name: [_people(files[name][number], digest) for number in chosen] for name in files}
    count, where = one_size(people, lambda camera, index: files[camera][chosen[index]])
    keypoints = choose_skeleton(count, skeleton, where)
    position, confidence = stack_people(people, len(chosen), len(keypoints))
    warn_of_size(position, list(folders), np.asarray(image_sizes))
    dataset = make_detections(
        position,
        confidence,
        keypoints=keypoints.keypoints,
        cameras=list(folders),
        image_sizes=np.asarray(image_sizes),
        fps=fps,
        times=np.array(chosen) / fps if fps else np.array(chosen),
        skeleton=keypoints.name,
        source="OpenPose JSON",
        provenance={"openpose": {"files": len(chosen) * len(files), "sha256": digest.hexdigest()}},
    )
    dataset.attrs["associated"] = int(associated)
    return dataset


def frame_files(folder: Path) -> dict[int, Path]:
    """Return the JSON files of one camera by frame number, in order of it.

    Raises
    ------
    InputError
        If there are none, a name has no number, or two have the same.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*.json")):
        digits = re.findall(r"\d+", path.stem)
        if not digits:
            raise InputError(
                f"{path} has no frame number in its name; expected names such as cam01.0052.json"
            )
        number = int(digits[-1])
        if number in found:
            raise InputError(f"{found[number]} and {path.name} are both frame {number}; remove one of them")
        found[number] = path
    if not found:
        raise InputError(f"{folder} holds no .json files; expected one a frame, as OpenPose writes them")
    return dict(sorted(found.items()))


def camera_folders(folder: Path) -> dict[str, Path]:
    """Return the folders with JSON files inside `folder`, by name, in alphabetical order.

    Raises
    ------
    MissingFileError, InputError
        If there is no such folder, or nothing of the kind in it.
    """
    if not folder.is_dir():
        raise MissingFileError(f"there is no folder {folder} with 2D poses; check the path")
    found = {
        path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and any(path.glob("*.json"))
    }
    if not found:
        raise InputError(
            f"{folder} holds no folder with .json files; expected one a camera, such as cam01_json"
        )
    return found


def _folders(folder: str | os.PathLike[str] | Folders, cameras: Sequence[str] | None) -> dict[str, Path]:
    if isinstance(folder, Mapping):
        found = {name: Path(path) for name, path in folder.items()}
        place = "pose folders"
    else:
        found = camera_folders(Path(folder))
        place = f"pose folders of {folder}"
    if cameras is not None:
        matched = match_names(cameras, list(found), "camera", place)
        return {name: found[matched[name]] for name in cameras}
    if isinstance(folder, Mapping):
        return found
    return {re.sub(r"_json$", "", name, flags=re.IGNORECASE) or name: path for name, path in found.items()}


def _common_frames(files: Mapping[str, Mapping[int, Path]]) -> list[int]:
    everything = sorted(set().union(*files.values()))
    for name, found in files.items():
        missing = [number for number in everything if number not in found]
        if missing:
            spans = ", ".join(
                f"{camera} {len(own)} ({min(own)} to {max(own)})" for camera, own in files.items()
            )
            raise InputError(
                f"the cameras have different frames: {name} has no file for frame {missing[0]} "
                f"(files found: {spans}); expected the same frame numbers in every camera"
            )
    return everything


def _people(path: Path, digest: Any) -> list[np.ndarray]:
    text = path.read_bytes()
    digest.update(text)
    content = parse_json(text, path, "JSON with a list called people")
    people = content.get("people", []) if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{path} is JSON of another shape; expected an object with a list called people")
    what = f"{path} has a pose_keypoints_2d"
    return [triples(person.get("pose_keypoints_2d", []), what) for person in people]
