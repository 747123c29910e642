"""The labels of SLEAP's ``.slp``: frames, the instances of each, and the points of each instance."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.containers.hdf5 import group_of, open_hdf5, read_array
from mvtri.errors import InputError
from mvtri.formats.detections.views import View
from mvtri.inputs import whole_number

if TYPE_CHECKING:
    import h5py

_FIELDS = {
    "frames": ("video", "frame_idx", "instance_id_start", "instance_id_end"),
    "instances": (
        "instance_type", "skeleton", "track", "from_predicted", "point_id_start", "point_id_end",
    ),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible", "score"),
}  # fmt: skip
_PREDICTED = 1  # the instance_type of what a model found; 0 is what somebody labelled
_MOST_PLACES = 16  # tracks that keep their place among the people of a frame; more are fragments


def read_labels(path: Path) -> dict[str, View]:
    """Return what a file holds of each video, by the video's name.

    Raises
    ------
    InputError
        If the file is damaged, or is of several skeletons.
    """
    with open_hdf5(path) as file:
        tables = {name: _table(file, name, path) for name in _FIELDS}
        attributes = group_of(file, "metadata", path).attrs
        keypoints = _keypoints(attributes.get("json"), path)
        version = _version(attributes.get("format_id", 1.0), path)
        videos = _videos(read_array(file, "videos_json", path), path)
    instances = _instances(tables, len(keypoints), 0.5 if version < 1.1 else 0.0, path)
    frames = tables["frames"]
    found: dict[str, View] = {}
    for number, (name, size) in videos.items():
        own = frames[frames["video"] == number]
        if len(np.unique(own["frame_idx"])) < len(own):
            raise InputError(f"{path} has a frame of the video {name} twice; save the labels again")
        people = [_people(tables["instances"], row, instances, path) for row in own]
        found[name] = View(people, keypoints, size, own["frame_idx"].astype(int).tolist())
    return found


def _version(stated: Any, path: Path) -> float:
    if not isinstance(stated, int | float | np.number):
        raise InputError(f"{path} has the format_id {str(stated)[:40]!r}, expected a number; save it again")
    return float(stated)


def names_in(values: np.ndarray, where: str) -> list[str]:
    """Return texts, in which HDF5 keeps bytes; raise `InputError` where they are no row of texts."""
    if values.ndim != 1 or values.dtype.kind not in "OSU":
        raise InputError(
            f"{where} are {values.dtype} of the shape {values.shape}, expected a row of texts; save them "
            "again"
        )
    return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values.tolist()]


def _table(file: "h5py.File", name: str, path: Path) -> np.ndarray:
    found = read_array(file, name, path)
    lacking = [field for field in _FIELDS[name] if field not in (found.dtype.names or ())]
    if lacking or found.ndim != 1:
        raise InputError(f"{name} of {path} lacks {', '.join(lacking) or 'rows'}; save the labels again")
    return found


def _keypoints(text: Any, path: Path) -> list[str]:
    """Return the names of the nodes of the one skeleton, in its order."""
    try:
        content = json.loads(text)
        names = [str(node["name"]) for node in content["nodes"]]
        orders = [[names[node["id"]] for node in one["nodes"]] for one in content["skeletons"]]
    except (ValueError, TypeError, KeyError, IndexError):
        raise InputError(f"the metadata of {path} list no skeleton; save the labels again") from None
    if len({tuple(order) for order in orders}) != 1:
        raise InputError(f"{path} is of {len(orders)} skeletons; expected one")
    return orders[0]


def _videos(texts: np.ndarray, path: Path) -> dict[int, tuple[str, tuple[int, int] | None]]:
    """Return by number the names of the videos, and the size of their images where it is known."""
    found: dict[int, tuple[str, tuple[int, int] | None]] = {}
    names: set[str] = set()
    for number, text in enumerate(names_in(texts, f"the videos of {path}")):
        try:
            backend = json.loads(text).get("backend", {})
            named = json.loads(text).get("filename") or backend.get("filename") or f"video_{number}"
            named = named[0] if isinstance(named, list) else str(named)
            shape = backend.get("shape") or (0, 0, 0)
            size = (int(shape[2]), int(shape[1]))
            dataset = str(backend.get("dataset") or "")
        except (ValueError, TypeError, AttributeError, IndexError):
            raise InputError(f"{path} describes its video {number} wrongly; save the labels again") from None
        name = PurePosixPath(named.replace("\\", "/")).stem
        embedded = dataset.partition("/")[0].removeprefix("video")  # images inside: video15/video
        place = whole_number(embedded, f"the video {number} of {path}") if embedded.isdecimal() else number
        unique = name if name not in names else f"{name}_{number}"
        names.add(unique)
        found[place] = (unique, size if min(size) > 0 else None)
    return found


def _instances(tables: dict[str, np.ndarray], count: int, offset: float, path: Path) -> Sequence[np.ndarray]:
    """Return the keypoints (K, 3) of each instance."""
    points = {
        False: _points(tables["points"], np.ones(len(tables["points"]))),
        True: _points(tables["pred_points"], tables["pred_points"]["score"]),
    }
    found = []
    for row in tables["instances"]:
        stored = points[int(row["instance_type"]) == _PREDICTED]
        first, last = int(row["point_id_start"]), int(row["point_id_end"])
        if last - first != count or not 0 <= first <= last <= len(stored):
            raise InputError(
                f"{path} has an instance with the points {first} to {last}, of {len(stored)} and for {count} "
                "nodes; save the labels again"
            )
        found.append(stored[first:last] - [offset, offset, 0.0])
    return found


def _points(table: np.ndarray, scores: np.ndarray) -> np.ndarray:
    values = np.column_stack([table["x"], table["y"], scores]).astype(np.float64)
    values[~table["visible"].astype(bool)] = np.nan
    return values


def _people(
    table: np.ndarray, frame: np.ndarray, instances: Sequence[np.ndarray], path: Path
) -> list[np.ndarray]:
    """Return the people of a frame; what somebody corrected replaces what a model had found."""
    first, last = int(frame["instance_id_start"]), int(frame["instance_id_end"])
    if not 0 <= first <= last <= len(table):
        raise InputError(f"{path} has a frame with the instances {first} to {last}, of {len(table)}")
    own = range(first, last)
    labelled = [row for row in own if int(table["instance_type"][row]) != _PREDICTED]
    replaced = {int(table["from_predicted"][row]) for row in labelled}
    tracks = {int(table["track"][row]) for row in labelled} - {-1}
    kept = [
        row
        for row in own
        if row in labelled or (row not in replaced and int(table["track"][row]) not in tracks)
    ]
    kept = [row for row in kept if np.isfinite(instances[row]).all(axis=-1).any()]
    places = [int(table["track"][row]) for row in kept]
    if len(set(places)) < len(places) or min(places, default=0) < 0 or max(places, default=0) >= _MOST_PLACES:
        return [instances[row] for row in kept]
    people = [np.empty((0, 3))] * (max(places, default=-1) + 1)
    for place, row in zip(places, kept):
        people[place] = instances[row]
    return people
