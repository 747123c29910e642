"""OpenPose JSON: a folder of folders, one a camera, with one file a frame; what other detectors write too."""

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError, MissingFileError
from mvtri.formats.matching import match_names
from mvtri.skeletons import Skeleton, get_skeleton, list_skeletons
from mvtri.tracks import make_detections

logger = logging.getLogger("mvtri")
_OUTSIDE = 0.05  # of the image's size: how far out, and for which part of the points, before it is said

Folders = Mapping[str, str | os.PathLike[str]]
People = dict[str, list[list[np.ndarray]]]  # by camera: for each frame the people, each (K, 3)


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
    keypoints = _skeleton(people, files, chosen, skeleton)
    position, confidence = _arrays(people, len(chosen), len(keypoints))
    _warn_of_size(position, list(folders), np.asarray(image_sizes))
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
    if not text.strip():
        raise InputError(f"{path} is empty; expected JSON with a list called people, so write it again")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}); it is probably truncated, so write it again"
        ) from None
    people = content.get("people", []) if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{path} is JSON of another shape; expected an object with a list called people")
    return [_keypoints(path, person) for person in people]


def _keypoints(path: Path, person: Mapping[str, Any]) -> np.ndarray:
    try:
        numbers = np.array(person.get("pose_keypoints_2d", []), dtype=np.float64)
        if numbers.ndim != 1 or len(numbers) % 3:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(
            f"{path} has a pose_keypoints_2d that is no flat list of x, y and score; write it again"
        ) from None
    return numbers.reshape(-1, 3)


def _skeleton(
    people: People, files: Mapping[str, Mapping[int, Path]], chosen: Sequence[int], name: str | None
) -> Skeleton:
    counts: dict[int, Path] = {}
    for camera, frames in people.items():
        for number, found in zip(chosen, frames):
            for person in found:
                counts.setdefault(len(person), files[camera][number])
    counts.pop(0, None)
    if not counts:
        raise InputError("nobody is in any of the pose files, in any view; expected at least one person")
    if len(counts) > 1:
        listed = "; ".join(f"{count} in {path}" for count, path in counts.items())
        raise InputError(f"people have different numbers of keypoints ({listed}); expected one keypoint set")
    count, path = next(iter(counts.items()))
    fitting = [entry for entry in list_skeletons() if len(get_skeleton(entry)) == count]
    if name is not None:
        chosen_one = get_skeleton(name)
        if len(chosen_one) != count:
            others = f"; there are {count} in {', '.join(fitting)}" if fitting else ""
            raise InputError(
                f"the skeleton {name} has {len(chosen_one)} keypoints, but {path} has {count}{others}"
            )
        return chosen_one
    if len(fitting) != 1:
        which = f"can be {' or '.join(fitting)}" if fitting else f"fit none of {', '.join(list_skeletons())}"
        raise InputError(f"the {count} keypoints of {path} {which}; say which they are with --skeleton NAME")
    return get_skeleton(fitting[0])


def _arrays(people: People, count: int, keypoints: int) -> tuple[np.ndarray, np.ndarray]:
    slots = max(len(found) for frames in people.values() for found in frames)
    values = np.zeros((count, slots, keypoints, len(people), 3))
    for c, frames in enumerate(people.values()):
        for t, found in enumerate(frames):
            for n, person in enumerate(found):
                if len(person):
                    values[t, n, :, c] = person
    present = np.isfinite(values).all(axis=-1) & (values[..., 2] > 0) & (values[..., :2] != 0).any(axis=-1)
    largest = float(values[..., 2][present].max(initial=0.0))
    if largest > 1.0:
        logger.warning("the poses have scores of up to %.3g; those above 1 count as 1", largest)
    position = np.where(present[..., None], values[..., :2], np.nan)
    return position, np.where(present, np.minimum(values[..., 2], 1.0), 0.0)


def _warn_of_size(position: np.ndarray, cameras: list[str], sizes: np.ndarray) -> None:
    for index, name in enumerate(cameras):
        points = position[..., index, :]
        points = points[np.isfinite(points).all(axis=-1)]
        margin = _OUTSIDE * sizes[index]
        outside = ((points < -margin) | (points > sizes[index] + margin)).any(axis=-1)
        if len(points) and outside.mean() > _OUTSIDE:
            logger.warning(
                "%.0f %% of the keypoints of %s lie outside its image of %d x %d, up to (%.0f, %.0f): "
                "were they found in images of another size?",
                100 * outside.mean(), name, *sizes[index], *points.max(axis=0),
            )  # fmt: skip
