"""A reconstructed skeleton drawn over the picture it came from."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mvtri.diagnostics.recording import SCORE_FLOOR, link_sides, skeleton_links
from mvtri.errors import InputError
from mvtri.report.html import colours
from mvtri.skeletons import Skeleton, get_skeleton

_SHIFT = 4  # OpenCV draws at 1/16 px
_BLANK = 58  # grey of the page that stands in for a picture that is not there


@dataclass(frozen=True)
class Links:
    """What `draw_overlay` joins: pairs of keypoints (L, 2), the side of each (L,), the spine chain (S,)."""

    pairs: np.ndarray
    sides: np.ndarray
    spine: np.ndarray


def draw_overlay(
    image: np.ndarray,
    points2d: np.ndarray,
    skeleton: Skeleton | str | Links,
    *,
    detected: np.ndarray | None = None,
    inliers: np.ndarray | None = None,
    scores: np.ndarray | None = None,
    thickness: float | None = None,
) -> np.ndarray:
    """Draw reprojected skeletons, and the 2D detections they came from, over a copy of a picture.

    Left limbs are blue, right limbs orange, the spine magenta; several people have one colour each.
    Detections are white dots; those of rejected views are red crosses, tied to the reprojected point.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
        The picture, BGR or grey.
    points2d : ndarray, shape (N, K, 2) or (K, 2)
        Reprojected 3D points, px, centres at integers; NaN where missing.
    skeleton : Skeleton, str or Links
        The keypoint set or its name, whose links are drawn.
    detected : ndarray, shape (N, K, 2) or (K, 2), optional
        The 2D detections, px.
    inliers : ndarray of bool, shape (N, K) or (K,), optional
        Which detections the 3D points were made from; all of them by default.
    scores : ndarray, shape (N, K) or (K,), optional
        Scores of the detections; those below 0.3 are not drawn.
    thickness : float, optional
        Width of the limbs, px; by default a 200th of the picture's longer side, at least 1.5.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        A new BGR picture.

    Raises
    ------
    InputError
        If the shapes do not fit the skeleton or each other.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    points = _people_first(points2d)
    links = skeleton if isinstance(skeleton, Links) else _links(skeleton, points.shape[1])
    width = max(1.5, max(canvas.shape[:2]) / 200) if thickness is None else thickness
    for person, own in enumerate(points):
        _draw_skeleton(canvas, own, links, width, person, len(points))
    if detected is not None:
        _draw_detections(canvas, points, _people_first(detected), inliers, scores, width)
    return canvas


def links_of(keypoints: Sequence[str], pairs: np.ndarray, spine: np.ndarray) -> Links:
    """Return the `Links` of pairs (L, 2) and a spine chain (S,), given as indices into `keypoints`."""
    return Links(pairs, link_sides(tuple(keypoints), pairs), spine)


def people_box(points: np.ndarray, size: Sequence[float], margin: float = 0.16) -> np.ndarray:
    """Return a box x0, y0, x1, y1 with a margin about `points` (..., 2), px, in an image of `size` (w, h).

    Points far beyond the picture do not count; without any other the box is the whole picture.
    """
    whole = np.array([size[0], size[1]], dtype=np.float64)
    flat = points.reshape(-1, 2)
    with np.errstate(invalid="ignore"):
        inside = (np.abs(flat - whole / 2) < 0.75 * whole).all(axis=1)
    if not inside.any():
        return np.array([0.0, 0.0, *whole])
    low, high = flat[inside].min(axis=0), flat[inside].max(axis=0)
    pad = margin * max(float((high - low).max()), 0.1 * float(whole[1]))
    low, high = np.clip(low - pad, 0, whole), np.clip(high + pad, 0, whole)
    return np.concatenate([low, high]) if (high - low > 1).all() else np.array([0.0, 0.0, *whole])


def window(box: np.ndarray, size: Sequence[float], aspect: float) -> tuple[int, int, int, int]:
    """Return `box` (4,) widened or heightened to `aspect` = width / height, as far as the image allows."""
    whole = np.array([size[0], size[1]], dtype=np.float64)
    extent = np.maximum(box[2:] - box[:2], 16)
    extent = np.minimum(np.maximum(extent, [aspect * extent[1], extent[0] / aspect]), whole)
    start = np.clip((box[:2] + box[2:]) / 2 - extent / 2, 0, whole - extent)
    x0, y0 = np.floor(start).astype(int)
    x1, y1 = np.minimum(np.ceil(start + extent), whole).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def cut(image: np.ndarray, box: tuple[int, ...], high: int, *points: Any) -> tuple[np.ndarray, list[Any]]:
    """Return the part `box` of a picture, `high` px high, and points (..., 2) moved along with it."""
    x0, y0, x1, y1 = box
    scale = high / (y1 - y0)
    size = max(1, round((x1 - x0) * scale)), high
    part = cv2.resize(
        image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    factors = np.array([size[0] / (x1 - x0), scale])
    moved = [None if p is None else (np.asarray(p) - (x0, y0) + 0.5) * factors - 0.5 for p in points]
    return part, moved


def blank(size: Sequence[float]) -> np.ndarray:
    """Return a dark grey picture of `size` (w, h)."""
    return np.full((int(size[1]), int(size[0]), 3), _BLANK, dtype=np.uint8)


def jpeg(image: np.ndarray, quality: int = 84) -> bytes:
    """Return a BGR picture as JPEG."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _people_first(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim not in (2, 3) or points.shape[-1] != 2:
        raise InputError(
            f"2D points have the shape {points.shape}; expected (keypoints, 2) or (people, keypoints, 2)"
        )
    return points[None] if points.ndim == 2 else points


def _links(skeleton: Skeleton | str, count: int) -> Links:
    skeleton = get_skeleton(skeleton) if isinstance(skeleton, str) else skeleton
    if len(skeleton) != count:
        raise InputError(f"{count} points were given for the {len(skeleton)} keypoints of {skeleton.name}")
    return links_of(skeleton.keypoints, *skeleton_links(skeleton, skeleton.keypoints))


def _draw_skeleton(
    canvas: np.ndarray, points: np.ndarray, links: Links, width: float, person: int, people: int
) -> None:
    limbs = colours.limb_colours(person, people)
    strokes = [(a, b, limbs[side], width) for (a, b), side in zip(links.pairs, links.sides)]
    spine = colours.spine_colour(person, people)
    strokes += [(a, b, spine, 1.7 * width) for a, b in itertools.pairwise(links.spine)]
    for rim in (True, False):  # a dark rim below all strokes keeps them legible on any background
        for a, b, colour, wide in strokes:
            stroke(canvas, points[a], points[b], "#14161a" if rim else colour, wide + 2 if rim else wide)
    for point in points[links.spine]:
        dot(canvas, point, 1.25 * width, "#ffffff")
        dot(canvas, point, 0.85 * width, spine)


def _draw_detections(
    canvas: np.ndarray,
    points: np.ndarray,
    detected: np.ndarray,
    inliers: np.ndarray | None,
    scores: np.ndarray | None,
    width: float,
) -> None:
    if detected.shape != points.shape:
        raise InputError(
            f"the detections have the shape {detected.shape}, the reprojected points {points.shape}"
        )
    shape = points.shape[:2]
    made = np.ones(shape, bool) if inliers is None else np.broadcast_to(np.asarray(inliers, bool), shape)
    seen = (
        np.ones(shape, bool)
        if scores is None
        else np.nan_to_num(np.broadcast_to(scores, shape)) >= SCORE_FLOOR
    )
    for index in np.argwhere(seen):
        place = tuple(index)
        if made[place]:
            dot(canvas, detected[place], 0.75 * width + 1, "#14161a")
            dot(canvas, detected[place], 0.75 * width, "#ffffff")
        else:
            stroke(canvas, detected[place], points[place], colours.REJECTED, max(1.0, 0.4 * width))
            _cross(canvas, detected[place], max(5.0, 2.2 * width))


def stroke(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, colour: str, width: float) -> None:
    """Draw a line between two points, px, onto a BGR picture; nothing where one is missing or far outside."""
    if _drawable(canvas, start) and _drawable(canvas, end):
        cv2.line(canvas, _fixed(start), _fixed(end), _bgr(colour), max(1, round(width)), cv2.LINE_AA, _SHIFT)


def dot(canvas: np.ndarray, centre: np.ndarray, radius: float, colour: str) -> None:
    """Draw a disc, px, onto a BGR picture; nothing where its centre is missing or far outside."""
    if _drawable(canvas, centre):
        cv2.circle(canvas, _fixed(centre), round(radius * 2**_SHIFT), _bgr(colour), -1, cv2.LINE_AA, _SHIFT)


def _cross(canvas: np.ndarray, centre: np.ndarray, arm: float) -> None:
    for rim in (True, False):
        for direction in ((1, 1), (1, -1)):
            offset = arm * np.array(direction) / np.sqrt(2)
            colour, width = ("#14161a", 4) if rim else (colours.REJECTED, 2)
            stroke(canvas, centre - offset, centre + offset, colour, width)


def _drawable(canvas: np.ndarray, point: np.ndarray) -> bool:
    reach = 4 * max(canvas.shape[:2])
    return bool(np.isfinite(point).all() and (np.abs(point) < reach).all())


def _fixed(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0]) * 2**_SHIFT), round(float(point[1]) * 2**_SHIFT)


def _bgr(colour: str) -> tuple[int, int, int]:
    red, green, blue = colours.rgb(colour)
    return blue, green, red
