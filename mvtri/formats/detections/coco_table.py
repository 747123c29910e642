"""The rows of COCO's JSON, by the image that they belong to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.people import parse_json, triples
from mvtri.inputs import read_bytes

_WHOLE_BODY = ("foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")  # in COCO-WholeBody's order
_EXPECTED = "COCO's results (a list of rows, or a table with images and annotations)"


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a file, and the people in each.

    Attributes
    ----------
    people : dict
        By the image's name the people in it, each (K, 3).
    complete : bool
        Whether images with nobody in them are listed too.
    names : sequence of str or None
        K names of keypoints, where the file has them.
    sizes : dict
        By the image's name its width and height, px, where the file has them.
    """

    people: dict[str, list[np.ndarray]]
    complete: bool
    names: Sequence[str] | None
    sizes: dict[str, tuple[int, int]]

    def one_size(self, images: Iterable[str | None]) -> tuple[int, int] | None:
        """Return the width and height of some images, None where they differ or are not known."""
        found = {self.sizes.get(name) for name in images if name is not None}
        return next(iter(found)) if len(found) == 1 else None


def read_images(path: Path, of_one_camera: bool = False, listing: Path | None = None) -> Images:
    """Read a file; in one of one camera, the number of an image is its name where it has no other.

    Parameters
    ----------
    path : Path
    of_one_camera : bool
    listing : Path, optional
        Another file whose ``images`` say which image has which ``image_id``.

    Raises
    ------
    InputError
        If it is no such JSON, or does not say which image a row belongs to.
    """
    content = parse_json(read_bytes(path), path, _EXPECTED)
    listed = content.get("images") if isinstance(content, dict) else None
    rows = content.get("annotations") if isinstance(content, dict) else content
    if not _is_table(rows) or not (listed is None or _is_table(listed)):
        raise InputError(f"{path} is JSON of another shape; expected {_EXPECTED}")
    images = _listed(listed, path) if listed is not None else None
    if listing is not None:
        images = read_listing(listing)
    people: dict[str, list[np.ndarray]] = {name: [] for name in (images or {}).values()}
    things = _without_keypoints(content)
    for row in rows:
        if "keypoints" not in row and row.get("category_id") in things:
            continue
        name = _image_of(row, images, path, of_one_camera)
        person = triples(row.get("keypoints"), f"{name} of {path} has a value of keypoints")
        people.setdefault(name, []).append(_whole_body(person, row, f"{name} of {path}"))
    if isinstance(content, dict):
        _flags_to_scores(people.values())
    bodies = any(key in row for row in rows[:1] for key in _WHOLE_BODY)
    return Images(people, images is not None, None if bodies else _names(content), _sizes(listed or []))


def read_listing(path: Path) -> dict[Any, str]:
    """Return the names of the images that a file lists, by their ``id``.

    Raises
    ------
    InputError
        If it is no such JSON.
    """
    content = parse_json(read_bytes(path), path, _EXPECTED)
    listed = content.get("images") if isinstance(content, dict) else None
    if not _is_table(listed):
        raise InputError(f"{path} is JSON of another shape; expected {_EXPECTED}")
    return _listed(listed, path)


def _whole_body(person: np.ndarray, row: Mapping[str, Any], where: str) -> np.ndarray:
    """Return the keypoints of COCO-WholeBody, which stores feet, face and hands apart, else `person`."""
    if not any(key in row for key in _WHOLE_BODY):
        return person
    more = [triples(row.get(key, []), f"{where} has a value of {key}") for key in _WHOLE_BODY]
    return np.concatenate([person, *more])


def _image_of(
    row: Mapping[str, Any], images: Mapping[Any, str] | None, path: Path, of_one_camera: bool
) -> str:
    number = row.get("image_id")
    if images is not None:
        if not isinstance(number, int | str) or number not in images:
            raise InputError(f"{path} has a row of the image_id {number!r}, which is not among its images")
        return images[number]
    named = row.get("image_path") or row.get("file_name") or number
    if of_one_camera and isinstance(named, int) and not isinstance(named, bool):
        return str(named)
    if not isinstance(named, str):
        raise InputError(
            f"{path} has rows without image_path or file_name, and no list of images that says of which "
            f"camera the image_id {number!r} is; store one file per camera, such as {path.parent.name}/"
            "cam1.json, or put the JSON with that list (images, each with id and file_name) beside it"
        )
    return named


def _listed(images: list[dict[str, Any]], path: Path) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for image in images:
        number = image.get("id")
        if not isinstance(number, int | str) or number in found:
            raise InputError(
                f"{path} has an image whose id {number!r} is no number of its own; write it again"
            )
        found[number] = _name_of(image)
    if len(set(found.values())) < len(found):
        raise InputError(f"{path} lists images with the same file_name; write it again")
    return found


def _name_of(image: Mapping[str, Any]) -> str:
    return str(image.get("file_name") or image.get("id"))


def _sizes(images: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    stated = [(_name_of(image), image.get("width"), image.get("height")) for image in images]
    return {
        name: (width, height)
        for name, width, height in stated
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0
    }


def _categories(content: object) -> list[dict[str, Any]]:
    kinds: object = content.get("categories") if isinstance(content, dict) else None
    return kinds if _is_table(kinds) else []


def _names(content: object) -> Sequence[str] | None:
    """Return the names of keypoints, where exactly one category has any."""
    every: list[object] = [kind.get("keypoints") for kind in _categories(content)]
    found = [names for names in every if isinstance(names, list) and names]
    return [str(name) for name in found[0]] if len(found) == 1 else None


def _without_keypoints(content: object) -> list[Any]:
    """Return the ids of categories that have no keypoints where others do, such as balls beside players."""
    kinds = _categories(content)
    without = [kind.get("id") for kind in kinds if not kind.get("keypoints")]
    return without if len(without) < len(kinds) else []


def _flags_to_scores(images: Iterable[list[np.ndarray]]) -> None:
    """Make scores of COCO's flags of labelled keypoints: 0 is missing, 1 is hidden, 2 is visible."""
    people = [person for found in images for person in found]
    if people and all(np.isin(person[:, 2], (0, 1, 2)).all() for person in people):
        for person in people:
            np.minimum(person[:, 2], 1.0, out=person[:, 2])


def _is_table(rows: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
