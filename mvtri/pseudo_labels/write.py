"""Writing labels as COCO's JSON, and what MMPose wants to know about the keypoints."""

from __future__ import annotations

import json
import os
import pprint
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.detection_scores import BODY_OF_BOX
from mvtri.errors import InputError
from mvtri.files import atomic_file, file_name
from mvtri.pseudo_labels.label import PseudoLabels
from mvtri.skeletons import Skeleton, find_skeleton, left_right_pairs

_DIGITS = 12


def write_labels(
    path: str | os.PathLike[str],
    labels: PseudoLabels,
    *,
    keypoints: Sequence[str],
    cameras: Sequence[str],
    image_sizes: np.ndarray,
    frames: Sequence[int] | np.ndarray,
    skeleton: str = "",
    min_keypoints: int = 1,
) -> list[Path]:
    """Write ``NAME.json`` in COCO's form and ``NAME_metainfo.py`` in MMPose's, whole or not at all.

    Images are called ``CAMERA/000000000012.jpg``.  Beside COCO's own fields, each person has
    ``keypoint_sigmas``: the standard deviation of each label, px, 0 without a label.  ``CocoDataset`` of
    MMPose reads the JSON, with ``metainfo=dict(from_file="NAME_metainfo.py")``.

    Parameters
    ----------
    path : path
        The JSON file.
    labels : PseudoLabels
    keypoints, cameras : sequence of str
        K and C names.
    image_sizes : ndarray, shape (C, 2)
        Width and height, px.
    frames : sequence of int
        T frame numbers.
    skeleton : str
        The keypoint set, for its links and OKS sigmas.
    min_keypoints : int
        People with fewer labels in an image are left out, and images without people.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    InputError
        If `path` is not a .json file, or there is no label.
    """
    place = Path(path)
    if place.suffix.lower() != ".json":
        raise InputError(f"{place} does not end in .json; expected a name such as labels.json")
    images, rows = _content(labels, cameras, image_sizes, frames, min_keypoints)
    if not rows:
        raise InputError("there is no label to write: the views agree nowhere; try weaker rules")
    known = find_skeleton(skeleton)
    names = list(keypoints)
    links = [] if known is None else [(a, b) for a, b in known.links if a in names and b in names]
    category = {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": names,
        "skeleton": [[names.index(a) + 1, names.index(b) + 1] for a, b in links],
    }
    content = {"info": {"description": "pseudo-labels made by mvtri"}, "licenses": [], "images": images}
    content |= {"annotations": rows, "categories": [category]}
    other = place.with_name(f"{place.stem}_metainfo.py")
    with atomic_file(place) as temporary, atomic_file(other) as beside:
        temporary.write_text(json.dumps(content), encoding="utf-8")
        described = pprint.pformat(metainfo(names, links, known), sort_dicts=False, width=100)
        beside.write_text(f"dataset_info = {described}\n", encoding="utf-8")
    return [place, other]


def image_name(camera: str, frame: int) -> str:
    """Return what the picture of a camera and a frame number is called."""
    return f"{file_name(camera)}/{int(frame):0{_DIGITS}d}.jpg"


def metainfo(
    keypoints: Sequence[str], links: Sequence[tuple[str, str]], skeleton: Skeleton | None
) -> dict[str, Any]:
    """Return ``dataset_info`` of MMPose 1.x: names, sides, links, weights and OKS sigmas of the keypoints."""
    pairs = left_right_pairs(keypoints, "" if skeleton is None else skeleton.name)
    partner = {keypoints[one]: keypoints[other] for pair in pairs for one, other in (pair, pair[::-1])}
    own = (
        {} if skeleton is None or skeleton.sigmas is None else dict(zip(skeleton.keypoints, skeleton.sigmas))
    )
    colours = {"left_": [0, 255, 0], "right_": [255, 128, 0]}

    def colour(name: str) -> list[int]:
        return next((value for side, value in colours.items() if name.startswith(side)), [51, 153, 255])

    return {
        "dataset_name": "mvtri_pseudo_labels",
        "paper_info": {},
        "keypoint_info": {
            place: {
                "name": name,
                "id": place,
                "color": colour(name),
                "type": "",
                "swap": partner.get(name, ""),
            }
            for place, name in enumerate(keypoints)
        },
        "skeleton_info": {
            place: {"link": link, "id": place, "color": colour(link[1])} for place, link in enumerate(links)
        },
        "joint_weights": [1.0] * len(keypoints),
        "sigmas": [float(own.get(name, 0.07)) for name in keypoints],
    }


def _content(
    labels: PseudoLabels,
    cameras: Sequence[str],
    image_sizes: np.ndarray,
    frames: Sequence[int] | np.ndarray,
    min_keypoints: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return COCO's images and annotations."""
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for c, camera in enumerate(cameras):
        width, height = (int(side) for side in image_sizes[c])
        for t, frame in enumerate(frames):
            counts = (labels.flags[t, :, :, c] > 0).sum(axis=-1)
            people = np.flatnonzero(counts >= max(min_keypoints, 1))
            if not len(people):
                continue
            name = image_name(camera, frame)
            images.append({"id": len(images) + 1, "file_name": name, "width": width, "height": height})
            for n in people:
                at = (t, n, slice(None), c)
                row = _row(labels.pixels[at], labels.flags[at], labels.sigmas[at], labels.boxes[t, n, c])
                rows.append({"id": len(rows) + 1, "image_id": len(images), "category_id": 1} | row)
    return images, rows


def _row(points: np.ndarray, flags: np.ndarray, sigmas: np.ndarray, box: np.ndarray) -> dict[str, Any]:
    """Return what COCO says of a person from places (K, 2), flags and standard deviations (K,), and a box."""
    there = flags > 0
    left, top, width, height = box.tolist()
    values = np.where(there[:, None], np.column_stack([points, flags]), 0.0).round(3)
    return {
        "keypoints": values.ravel().tolist(),
        "num_keypoints": int(there.sum()),
        "bbox": [left, top, width, height],
        "area": BODY_OF_BOX * width * height,
        "iscrowd": 0,
        "keypoint_sigmas": np.where(there, sigmas, 0.0).round(3).tolist(),
    }
