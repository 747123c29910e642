"""OpenPose JSON: a folder of folders, one a camera, with one file a frame; what other detectors write too."""

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


def read_openpose(
    folder: str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]],
    image_sizes: np.ndarray,
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
        A folder with one folder a camera (``cam01_json/cam01.0052.json``), or the camera's folders by name.
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
        If cameras have different frames, a file is empty, broken or of another shape, or the skeleton is
        not certain.

    Notes
    -----
    ``{}`` is nobody, as a file and as a person.  A keypoint with score 0 is missing, whatever its
    position.  Frame numbers are the last digits of the file names.
    """
    folders = _folders(folder, cameras)
    files = {name: frame_files(path) for name, path in folders.items()}
    numbers = _common_frames(files)
    chosen = numbers[slice(*frames)] if frames is not None else numbers
    people = {name: [_people(files[name][number]) for number in chosen] for name in files}
    shape = _skeleton(people, files, chosen, skeleton)
    position, confidence = _arrays(people, len(chosen), len(shape))
    dataset = make_detections(
        position,
        confidence,
        keypoints=shape.keypoints,
        cameras=list(folders),
        image_sizes=image_sizes,
        fps=fps,
        times=np.array(chosen) / fps if fps else np.array(chosen),
        skeleton=shape.name,
        source="OpenPose JSON",
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
    """Return the folders with JSON files inside `folder`, by name, in alphabetical order."""
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


def _folders(
    folder: str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]], cameras: Sequence[str] | None
) -> dict[str, Path]:
    if isinstance(folder, Mapping):
        found = {name: Path(path) for name, path in folder.items()}
    else:
        found = camera_folders(Path(folder))
    if cameras is None:
        return found if isinstance(folder, Mapping) else {_bare(name): path for name, path in found.items()}
    matched = match_names(cameras, list(found), "camera", f"pose folders of {folder}")
    return {name: found[matched[name]] for name in cameras}


def _bare(name: str) -> str:
    return name[: -len("_json")] if name.lower().endswith("_json") else name


def _common_frames(files: Mapping[str, Mapping[int, Path]]) -> list[int]:
    everything = sorted(set().union(*files.values()))
    for name, found in files.items():
        missing = [number for number in everything if number not in found]
        if missing:
            spans = ", ".join(
                f"{camera} {len(own)} ({min(own)} to {max(own)})" for camera, own in files.items()
            )
            raise InputError(
                f"the cameras have different frames: {name} has no file for frame {missing[0]}; "
                f"found {spans}; expected the same frame numbers in every camera"
            )
    return everything


def _people(path: Path) -> list[np.ndarray]:
    text = path.read_bytes()
    if not text.strip():
        raise InputError(f"{path} is empty; expected JSON with a list called people")
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}); it is probably truncated, so write it again"
        ) from None
    people = content.get("people", []) if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{path} is JSON of another shape; expected an object with a list called people")
    return [_keypoints(path, person) for person in people]


def _keypoints(path: Path, person: Mapping[str, Any]) -> np.ndarray:
    values = person.get("pose_keypoints_2d", [])
    try:
        numbers = np.array(values, dtype=np.float64)
        if numbers.ndim != 1 or len(numbers) % 3:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(
            f"{path} has a pose_keypoints_2d that is not a flat list of x, y and score; write it again"
        ) from None
    return numbers.reshape(-1, 3)


def _skeleton(
    people: Mapping[str, list[list[np.ndarray]]],
    files: Mapping[str, Mapping[int, Path]],
    chosen: Sequence[int],
    name: str | None,
) -> Skeleton:
    counts: dict[int, Path] = {}
    for camera, frames in people.items():
        for number, found in zip(chosen, frames):
            for person in found:
                counts.setdefault(len(person), files[camera][number])
    counts.pop(0, None)
    if len(counts) > 1:
        listed = "; ".join(f"{count} in {path}" for count, path in counts.items())
        raise InputError(f"people have different numbers of keypoints: {listed}; expected one keypoint set")
    if name is not None:
        skeleton = get_skeleton(name)
        if counts and len(skeleton) not in counts:
            count, path = next(iter(counts.items()))
            raise InputError(
                f"the skeleton {name} has {len(skeleton)} keypoints, but {path} has {count}; pass another"
            )
        return skeleton
    if not counts:
        raise InputError("nobody is in any of the files, in any view; expected at least one person")
    count, path = next(iter(counts.items()))
    fitting = [entry for entry in list_skeletons() if len(get_skeleton(entry)) == count]
    if len(fitting) != 1:
        which = f"can be {' or '.join(fitting)}" if fitting else "belong to no skeleton that is known"
        raise InputError(f"the {count} keypoints of {path} {which}; say which with --skeleton NAME")
    return get_skeleton(fitting[0])


def _arrays(
    people: Mapping[str, list[list[np.ndarray]]], count: int, keypoints: int
) -> tuple[np.ndarray, np.ndarray]:
    slots = max((len(found) for frames in people.values() for found in frames), default=1) or 1
    values = np.zeros((count, slots, keypoints, len(people), 3))
    for c, frames in enumerate(people.values()):
        for t, found in enumerate(frames):
            for n, person in enumerate(found):
                if len(person):
                    values[t, n, :, c] = person
    present = np.isfinite(values).all(axis=-1) & (values[..., 2] > 0)
    largest = float(values[..., 2][present].max(initial=0.0))
    if largest > 1.0:
        logger.warning("scores up to %.3g were found in the poses; those above 1 count as 1", largest)
    position = np.where(present[..., None], values[..., :2], np.nan)
    return position, np.where(present, np.minimum(values[..., 2], 1.0), 0.0)
