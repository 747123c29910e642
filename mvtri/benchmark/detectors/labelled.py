"""What detectors are compared with, and what they found, in the images of one or several recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.detection_scores import BODY_OF_BOX, FoundPeople, TruePeople, extent
from mvtri.errors import InputError
from mvtri.tracks import CAMERAS, KEYPOINTS, to_array

STRETCHES = 10  # parts of one recording that the bootstrap draws


@dataclass(frozen=True)
class Labelled:
    """Labelled people in I images.

    Attributes
    ----------
    name : str
        Such as ``"the truth"``.
    images : tuple of str
        Names of the images, for the report.
    people : TruePeople
    keypoints : tuple of str
    skeleton : str
        ``""`` where it has no name.
    views : ndarray of str, shape (I,)
        The camera of each image; ``""`` where it is not known.
    blocks : ndarray of int, shape (I,)
        What the bootstrap draws: the sequence of each image, a stretch of the only one, or the image itself.
    distances : ndarray, shape (G,), or None
        How far the people are from their camera, m.
    pictures : sequence of (source, int), or None
        For each image its video or `mvtri.video.Stills`, and which frame it is.
    agreement : bool
        Whether the labels are what some detector says, so that figures are agreement and not accuracy.
    """

    name: str
    images: tuple[str, ...]
    people: TruePeople
    keypoints: tuple[str, ...]
    skeleton: str
    views: np.ndarray
    blocks: np.ndarray
    distances: np.ndarray | None = None
    pictures: Sequence[tuple[Any, int]] | None = None
    agreement: bool = False


@dataclass(frozen=True)
class Candidate:
    """What a detector found.

    Attributes
    ----------
    name : str
    people : FoundPeople
        Their ``images`` are those of a `Labelled`.
    keypoints : tuple of str
    description : str
    """

    name: str
    people: FoundPeople
    keypoints: tuple[str, ...]
    description: str = ""


def label_views(
    pixels: np.ndarray,
    *,
    name: str,
    keypoints: Sequence[str],
    cameras: Sequence[str],
    image_sizes: np.ndarray,
    skeleton: str = "",
    hidden: np.ndarray | None = None,
    distances: np.ndarray | None = None,
    videos: Sequence[Any] | None = None,
    numbers: np.ndarray | None = None,
    agreement: bool = False,
) -> Labelled:
    """Return the labels of a recording from the places of its keypoints in all views.

    A keypoint outside of its image has no label.  The area of a person is 0.53 times that of the box around
    the labelled keypoints, as COCO's segmented areas are on average.

    Parameters
    ----------
    pixels : ndarray, shape (T, N, K, C, 2)
        px, NaN where missing.
    name, skeleton, agreement
        See `Labelled`.
    keypoints, cameras : sequence of str
    image_sizes : ndarray, shape (C, 2)
    hidden : ndarray of bool, shape (T, N, K, C), optional
        Which keypoints cannot be seen.
    distances : ndarray, shape (T, N, C), optional
        m.
    videos : sequence of C sources, optional
    numbers : ndarray of int, shape (T, C), optional
        Which frames of the videos these are, -1 for none; from 0 on by default.
    """
    frames, _, _, views = pixels.shape[:4]
    inside = np.isfinite(pixels).all(axis=-1)
    limits = np.asarray(image_sizes, dtype=np.float64) - 0.5
    with np.errstate(invalid="ignore"):
        inside &= (pixels >= -0.5).all(axis=-1) & (pixels < limits).all(axis=-1)
    flags = np.where(inside, 2 if hidden is None else np.where(hidden, 1, 2), 0)
    places, columns = _by_image(np.where(inside[..., None], pixels, np.nan), flags)
    points, marks = columns
    kept = (marks > 0).any(axis=1)
    points, marks, places = points[kept], marks[kept], places[kept]
    boxes = _boxes(points)
    shown = np.tile(np.arange(frames)[:, None], (1, views)) if numbers is None else numbers
    far = None if distances is None else _by_image(distances[:, :, None])[1][0][kept][:, 0]
    return Labelled(
        name=name,
        images=tuple(f"{camera}, frame {t}" for t in range(frames) for camera in cameras),
        people=TruePeople(
            images=places,
            keypoints=np.where(marks[..., None] > 0, points, 0.0),
            areas=BODY_OF_BOX * extent(points),
            flags=marks,
            boxes=boxes,
            crowd=np.zeros(len(marks), dtype=bool),
            ignored=np.zeros(len(marks), dtype=bool),
        ),
        keypoints=tuple(keypoints),
        skeleton=skeleton,
        views=np.tile(np.array([str(camera) for camera in cameras]), frames),
        blocks=np.repeat(np.arange(frames) * min(STRETCHES, frames) // frames, views),
        distances=far,
        pictures=None
        if videos is None
        else [(videos[c], int(t)) for row in shown for c, t in enumerate(row)],
        agreement=agreement,
    )


def found_in(detections: xr.Dataset, name: str, description: str = "") -> Candidate:
    """Return the people in Detections as a `Candidate`; see `found_at`."""
    covariances = to_array(detections, "covariance") if "covariance" in detections else None
    return found_at(
        to_array(detections),
        to_array(detections, "confidence"),
        [str(one) for one in detections[KEYPOINTS].to_numpy()],
        name,
        description,
        covariances,
    )


def found_at(
    pixels: np.ndarray,
    scores: np.ndarray,
    keypoints: Sequence[str],
    name: str,
    description: str = "",
    covariances: np.ndarray | None = None,
) -> Candidate:
    """Return what was found as a `Candidate`, image by image as `label_views` counts them.

    The score of a person is the mean score of the keypoints that were found.

    Parameters
    ----------
    pixels : ndarray, shape (T, N, K, C, 2)
        px.
    scores : ndarray, shape (T, N, K, C)
        0 where missing.
    keypoints : sequence of str
    name, description : str
    covariances : ndarray, shape (T, N, K, C, 2, 2), optional
        px².
    """
    pixels = np.asarray(pixels, dtype=np.float64)
    marks = np.where(np.isfinite(pixels).all(axis=-1), np.nan_to_num(np.asarray(scores, np.float64)), 0.0)
    arrays = [np.where(marks[..., None] > 0, pixels, np.nan), marks]
    if covariances is not None:
        arrays.append(np.asarray(covariances, dtype=np.float64))
    places, columns = _by_image(*arrays)
    kept = (columns[1] > 0).any(axis=1)
    points, marks, spreads = columns[0][kept], columns[1][kept], columns[2:]
    people = FoundPeople(
        images=places[kept],
        keypoints=points,
        areas=extent(points),
        scores=marks.sum(axis=1) / np.maximum((marks > 0).sum(axis=1), 1),
        keypoint_scores=marks,
        covariances=spreads[0][kept] if spreads else None,
    )
    return Candidate(name, people, tuple(keypoints), description)


def label_detections(
    detections: xr.Dataset,
    name: str,
    videos: Sequence[Any] | None = None,
    numbers: np.ndarray | None = None,
    agreement: bool = True,
) -> Labelled:
    """Return Detections as labels, all of them visible; see `label_views`."""
    pixels, scores = to_array(detections), to_array(detections, "confidence")
    return label_views(
        np.where(scores[..., None] > 0, pixels, np.nan).astype(np.float64),
        name=name,
        keypoints=[str(one) for one in detections[KEYPOINTS].to_numpy()],
        cameras=[str(one) for one in detections[CAMERAS].to_numpy()],
        image_sizes=detections["image_size"].to_numpy(),
        skeleton=str(detections.attrs.get("skeleton", "")),
        videos=videos,
        numbers=numbers,
        agreement=agreement,
    )


def distances_to(points: np.ndarray, cameras: CameraGroup) -> np.ndarray:
    """Return how far the middle of each person (T, N, K, 3) is from each camera, (T, N, C), m."""
    known = np.isfinite(points)
    middle = np.where(known, points, 0.0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
    centres = -np.einsum("cji,cj->ci", cameras.rotations, cameras.translations)
    return np.asarray(np.linalg.norm(middle[:, :, None] - centres, axis=-1))


def join(parts: Sequence[Labelled]) -> Labelled:
    """Return the labels of several recordings as one; each recording is a block.

    Raises
    ------
    InputError
        If their keypoints differ.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts:
        if part.keypoints != first.keypoints:
            raise InputError("the recordings have different keypoints; score them one by one")
    starts = np.cumsum([0, *(len(part.images) for part in parts)])[:-1]
    pictures = [picture for part in parts for picture in part.pictures or ()]
    return replace(
        first,
        images=tuple(image for part in parts for image in part.images),
        people=join_people([part.people for part in parts], starts),
        views=np.concatenate([part.views for part in parts]),
        blocks=np.repeat(np.arange(len(parts)), [len(part.images) for part in parts]),
        distances=_joined([part.distances for part in parts]),
        pictures=pictures if len(pictures) == sum(len(part.images) for part in parts) else None,
    )


def join_candidates(parts: Sequence[Candidate], labels: Sequence[Labelled]) -> Candidate:
    """Return what a detector found in several recordings, whose labels are `labels`, as one."""
    starts = np.cumsum([0, *(len(one.images) for one in labels)])[:-1]
    return replace(parts[0], people=join_people([part.people for part in parts], starts))


def join_people(parts: Sequence[Any], starts: Sequence[int] | np.ndarray) -> Any:
    """Return people of several recordings, whose images begin at `starts`, as one."""
    names = parts[0].__dataclass_fields__
    columns = {name: _joined([getattr(part, name) for part in parts]) for name in names}
    counts = [len(part) for part in parts]
    return replace(parts[0], **columns | {"images": columns["images"] + np.repeat(starts, counts)})


def _joined(values: Sequence[np.ndarray | None]) -> np.ndarray | None:
    known = [value for value in values if value is not None]
    return np.concatenate(known) if len(known) == len(values) else None


def _by_image(*arrays: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return arrays (T, N, K, C, ...) as (T * C * N, K, ...), and the image t * C + c of each row."""
    frames, people, _, views = arrays[0].shape[:4]
    moved = [np.moveaxis(array, 3, 1) for array in arrays]
    rows = [array.reshape(frames * views * people, *array.shape[3:]) for array in moved]
    return np.repeat(np.arange(frames * views), people), rows


def _boxes(points: np.ndarray) -> np.ndarray:
    """Return left, top, width and height (G, 4) of the boxes around points (G, K, 2) that are there."""
    if not len(points):
        return np.zeros((0, 4))
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    return np.concatenate([low, high - low], axis=1)
