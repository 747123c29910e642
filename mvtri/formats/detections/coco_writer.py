"""Writing 2D as COCO's JSON: one file with the images of all cameras."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.files import atomic_file
from mvtri.formats.detections.writing import frame_numbers, names_of, triples_of, warn_of_loss
from mvtri.skeletons import find_skeleton
from mvtri.tracks import CAMERAS, KEYPOINTS

_DIGITS = 12


def write(path: Path, detections: xr.Dataset) -> list[Path]:
    """Write images ``<camera>/000000000012.jpg``, with size, and a row for each person in them.

    Numbers come back exactly.  The rate and the names of individuals are not held.
    """
    warn_of_loss(detections, path)
    values = triples_of(detections, path)
    sizes = detections["image_size"].to_numpy().tolist()
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for c, camera in enumerate(names_of(detections, CAMERAS)):
        for t, number in enumerate(frame_numbers(detections).tolist()):
            name = f"{camera}/{number:0{_DIGITS}d}.jpg"
            image = {"id": len(images) + 1, "file_name": name, "width": sizes[c][0], "height": sizes[c][1]}
            images.append(image)
            present = (values[t, :, :, c, 2] > 0).any(axis=-1)
            last = int(np.flatnonzero(present)[-1]) + 1 if present.any() else 0
            for person in values[t, :last, :, c]:  # one who is missing keeps the places of those after
                rows.append({"id": len(rows) + 1, "image_id": image["id"], "category_id": 1} | _row(person))
    names = names_of(detections, KEYPOINTS)
    skeleton = find_skeleton(str(detections.attrs.get("skeleton", "")))
    links = [] if skeleton is None else skeleton.links
    places = {name: number for number, name in enumerate(names, start=1)}  # COCO counts keypoints from 1
    category = {
        "id": 1,
        "name": "person",
        "keypoints": names,
        "skeleton": [[places[a], places[b]] for a, b in links if a in places and b in places],
    }
    content = {"images": images, "annotations": rows, "categories": [category]}
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")
    return [path]


def _row(person: np.ndarray) -> dict[str, Any]:
    """Return what COCO says of a person from x, y and score (K, 3)."""
    seen = person[person[:, 2] > 0]
    box = [0.0, 0.0, 0.0, 0.0]
    if len(seen):
        (left, top), (right, bottom) = seen[:, :2].min(axis=0).tolist(), seen[:, :2].max(axis=0).tolist()
        box = [left, top, right - left, bottom - top]
    return {
        "keypoints": person.ravel().tolist(),
        "num_keypoints": len(seen),
        "bbox": box,
        "score": float(seen[:, 2].mean()) if len(seen) else 0.0,
    }
