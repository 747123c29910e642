"""COCO's JSON of labelled people and of results, with what scores need: areas, crowds, visibility, ids."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.detection_scores import BODY_OF_BOX, FoundPeople, TruePeople, extent
from mvtri.errors import InputError
from mvtri.formats.detections.naming import name_keypoints
from mvtri.formats.detections.people import parse_json, triples
from mvtri.inputs import read_bytes
from mvtri.skeletons import NameOrFile

_TABLE = "COCO's ground truth (a table with images and annotations)"
_RESULTS = "COCO's results (a list of rows)"


@dataclass(frozen=True)
class LabelledImages:
    """A file of labelled people.

    Attributes
    ----------
    ids : tuple of int or str
        Of the images, in order: their places are what `people.images` and results count.
    names : tuple of str
        Their file names.
    people : TruePeople
    keypoints : tuple of str
    skeleton : str
        ``""`` where it has no name.
    """

    ids: tuple[int | str, ...]
    names: tuple[str, ...]
    people: TruePeople
    keypoints: tuple[str, ...]
    skeleton: str


def read_labelled_images(path: str | os.PathLike[str], skeleton: NameOrFile | None = None) -> LabelledImages:
    """Read labelled people in COCO's form.

    A person without ``area`` has 0.53 times that of the box; as in COCO's own code, ``iscrowd`` and people
    without labelled keypoints are ignored, and a field ``ignore`` counts for nothing.

    Parameters
    ----------
    path : path
        A JSON file with images, annotations and categories.
    skeleton : str or path, optional
        The keypoint set, where the categories do not name the keypoints.

    Raises
    ------
    InputError
        If it is no such JSON, or does not say which keypoints it holds.
    """
    place = Path(path)
    content = parse_json(read_bytes(place), place, _TABLE)
    images = _rows(content, "images", place)
    rows = [row for row in _rows(content, "annotations", place) if "keypoints" in row]
    if not rows:
        raise InputError(f"{place} holds no annotation with keypoints; expected {_TABLE}")
    given = [image.get("id") for image in images]
    ids = sorted(
        (one for one in given if isinstance(one, int | str)), key=lambda one: (isinstance(one, str), one)
    )
    if len(set(ids)) < len(given):
        raise InputError(f"{place} has images without an id of their own; write it again")
    named = {image["id"]: str(image.get("file_name") or image["id"]) for image in images}
    keypoints = _stacked(rows, place)
    names, known = name_keypoints(keypoints.shape[1], _names(content), skeleton, place)
    flags = _flags(keypoints[..., 2])
    boxes = np.array([_box(row, mine, marks, place) for row, mine, marks in zip(rows, keypoints, flags)])
    counts = [row.get("num_keypoints", int((marks > 0).sum())) for row, marks in zip(rows, flags)]
    return LabelledImages(
        tuple(ids),
        tuple(named[one] for one in ids),
        TruePeople(
            images=_places(rows, ids, place),
            keypoints=keypoints[..., :2],
            areas=np.array([_area(row, box, place) for row, box in zip(rows, boxes)]),
            flags=flags,
            boxes=boxes,
            crowd=np.array([bool(row.get("iscrowd", 0)) for row in rows]),
            ignored=np.array([count == 0 for count in counts]),
        ),
        tuple(names),
        known,
    )


def read_results(
    path: str | os.PathLike[str], labelled: LabelledImages, skeleton: NameOrFile | None = None
) -> tuple[FoundPeople, tuple[str, ...]]:
    """Read the results of a detector in COCO's form: a list of rows of image_id, keypoints and score.

    Parameters
    ----------
    path : path
        A JSON file.
    labelled : LabelledImages
        Whose images the results are of; results of as many keypoints have its names.
    skeleton : str or path, optional
        The keypoint set of results with another number of keypoints.

    Returns
    -------
    people : FoundPeople
        A keypoint at 0, 0 with score 0 is missing.
    keypoints : tuple of str

    Raises
    ------
    InputError
        If it is no such JSON, or has an image that `labelled` lacks.
    """
    place = Path(path)
    content = parse_json(read_bytes(place), place, _RESULTS)
    table = isinstance(content, dict)
    rows = _rows(content, "annotations", place) if table else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{place} is JSON of another shape; expected {_RESULTS}")
    rows = [row for row in rows if row.get("keypoints")]
    if not rows:
        raise InputError(f"{place} holds no row with keypoints; expected {_RESULTS}")
    values = _stacked(rows, place)
    names: Sequence[str] = labelled.keypoints
    if skeleton is not None or values.shape[1] != len(names) or _names(content) is not None:
        names, _ = name_keypoints(values.shape[1], _names(content), skeleton, place)
    areas = extent(values[..., :2])  # as COCO's code: with what is missing
    missing = (values == 0).all(axis=-1)
    scores = np.array([_number(row.get("score"), "a score", place) for row in rows])
    own = values[..., 2].mean(axis=1)
    people = FoundPeople(
        images=_places(rows, labelled.ids, place),
        keypoints=np.where(missing[..., None], np.nan, values[..., :2]),
        areas=areas,
        scores=np.where(np.isfinite(scores), scores, own),
        keypoint_scores=values[..., 2],
    )
    return people, tuple(names)


def is_labelled_images(path: Path) -> bool:
    """Return whether a file is JSON with images and annotations, as COCO's ground truth has them."""
    if not path.is_file() or path.suffix.lower() != ".json":
        return False
    try:
        content = parse_json(read_bytes(path), path, _TABLE)
    except InputError:
        return False
    return isinstance(content, dict) and {"images", "annotations"} <= set(content)


def _flags(values: np.ndarray) -> np.ndarray:
    """Return COCO's flags; of a file that has scores in their place, what has any score is visible."""
    if np.isin(values, (0, 1, 2)).all():
        return np.asarray(values.astype(np.int64))
    return np.where(values > 0, 2, 0)


def _rows(content: Any, key: str, path: Path) -> list[dict[str, Any]]:
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} is JSON of another shape; expected {_TABLE}")
    return rows


def _stacked(rows: Sequence[Mapping[str, Any]], path: Path) -> np.ndarray:
    """Return the keypoints of all rows, (N, K, 3)."""
    people = [triples(row.get("keypoints"), f"{path} has a value of keypoints") for row in rows]
    counts = {len(person) for person in people}
    if len(counts) > 1:
        raise InputError(
            f"{path} has people with {' and '.join(map(str, sorted(counts)))} keypoints; expected one set"
        )
    return np.stack(people)


def _places(rows: Sequence[Mapping[str, Any]], ids: Sequence[Any], path: Path) -> np.ndarray:
    order = {one: place for place, one in enumerate(ids)}
    given = [row.get("image_id") for row in rows]
    strange = [one for one in given if not isinstance(one, int | str) or one not in order]
    if strange:
        raise InputError(
            f"{path} has a row of the image_id {strange[0]!r}, which is not among the labelled images"
        )
    return np.array([order[one] for one in given], dtype=np.intp)


def _names(content: Any) -> list[str] | None:
    kinds = content.get("categories") if isinstance(content, dict) else None
    found = [
        kind.get("keypoints") for kind in kinds or [] if isinstance(kind, dict) and kind.get("keypoints")
    ]
    return [str(name) for name in found[0]] if len(found) == 1 and isinstance(found[0], list) else None


def _number(value: object, what: str, path: Path) -> float:
    """Return a number, NaN where there is none; `what`, such as "an area", says what it is."""
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{path} has {what} of {value!r}; expected a number, so write it again")
    return float(value)


def _box(row: Mapping[str, Any], points: np.ndarray, flags: np.ndarray, path: Path) -> list[float]:
    box = row.get("bbox")
    if box is not None:
        sides = [_number(value, "a bbox", path) for value in box] if isinstance(box, list) else []
        if len(sides) != 4 or not np.isfinite(sides).all():
            raise InputError(f"{path} has a bbox of {box!r}; expected left, top, width and height")
        return sides
    seen = points[flags > 0, :2]
    if not len(seen):
        return [0.0, 0.0, 0.0, 0.0]
    return [*seen.min(axis=0).tolist(), *np.ptp(seen, axis=0).tolist()]


def _area(row: Mapping[str, Any], box: np.ndarray, path: Path) -> float:
    area = _number(row.get("area"), "an area", path)
    if area < 0:
        raise InputError(f"{path} has an area of {area:g}; expected 0 or more")
    return area if np.isfinite(area) else float(BODY_OF_BOX * box[2] * box[3])
