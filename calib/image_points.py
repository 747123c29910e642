"""Points of the world that are given by where cameras see them."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.names import match_names

Floats = NDArray[np.float64]
Views = Mapping[str, ArrayLike]
FARTHEST = 0.05  # of the image diagonal, between an image point and where its camera sees the point
_NARROW = np.radians(1.0)  # rays that meet at less say little
_ONE = re.compile(r"\s*(?P<name>[^;:]+?)\s*:\s*(?P<x>[-+.\d]+)\s*,\s*(?P<y>[-+.\d]+)(?=\s|$)")


def parse_views(text: str, option: str) -> dict[str, tuple[float, float]]:
    """Return the image points of one point of the world, px, by camera, of ``"cam1:512,733 cam2:201,660"``.

    Raises
    ------
    InputError
        If it is not of that form, or names a camera twice.
    """
    found: dict[str, tuple[float, float]] = {}
    place, names = 0, []
    while place < len(text.rstrip()):
        match = _ONE.match(text, place)
        try:
            if match is None:
                raise ValueError
            found[match["name"]] = float(match["x"]), float(match["y"])
        except ValueError:
            raise InputError(
                f"{option} has {text.strip()!r}; expected cameras with where they see the point, px, such as "
                "cam1:512,733 cam2:201,660"
            ) from None
        names.append(match["name"])
        place = match.end()
    if not found or len(found) < len(names):
        raise InputError(f"{option} has {text.strip()!r}; expected one image point for each of its cameras")
    return found


def located(cams: CameraGroup, views: Views, floor: tuple[Floats, float] | None = None) -> Floats:
    """Return the point (3,), m, that cameras see there.

    Two cameras or more show where it is.  One shows it where its ray meets the floor.

    Parameters
    ----------
    cams : CameraGroup
    views : mapping of str to array_like, shape (2,)
        Where cameras see it, px as the lens gives them.
    floor : (ndarray, float), optional
        The normal (3,) of the floor, upwards, and its height along it.

    Raises
    ------
    InputError
        If there are no such cameras, or what they see tells no point.
    """
    matched = match_names(list(views), list(cams.names), "camera", "calibration's cameras", longer=False)
    part = cams.subset(list(matched.values()))
    pixels = np.array([np.asarray(views[name], dtype=np.float64) for name in matched])
    order = [list(matched.values()).index(name) for name in part.names]
    pixels = pixels[order]
    if pixels.shape != (len(part), 2) or not np.isfinite(pixels).all():
        raise InputError("an image point is no pair of finite numbers; expected x and y, px")
    normalised = part.undistort(pixels)
    if not np.isfinite(normalised).all():
        raise InputError(
            f"the image points of {_named(views)} are outside what the lens can show; check them"
        )
    rays = np.einsum("cji,cj->ci", part.rotations, np.c_[normalised, np.ones(len(part))])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    if len(part) == 1:
        return _on_floor(part, rays[0], floor)
    return _met(part, rays, pixels, views)


def _met(cams: CameraGroup, rays: Floats, pixels: Floats, views: Views) -> Floats:
    """Return the point nearest to all rays, checked against the image points."""
    from mvtri.triangulation import triangulate

    cosines = np.abs(rays @ rays.T)
    if np.arccos(np.clip(cosines.min(), 0.0, 1.0)) < _NARROW:
        raise InputError(
            f"{_named(views)} look at the point from the same side, and do not show how far it is; add a "
            "camera that sees it from another side"
        )
    point = np.asarray(triangulate(pixels, cams, method="dlt").points, dtype=np.float64)
    off = np.linalg.norm(cams.project(point) - pixels, axis=-1)
    diagonal = np.hypot(*np.asarray(cams.image_sizes, dtype=np.float64).T)
    if not (off <= FARTHEST * diagonal).all():
        raise InputError(
            f"the image points of {_named(views)} do not fit together: they are up to "
            f"{np.nan_to_num(off, nan=np.inf).max():.0f} px from where one point would be seen; check them, "
            "and the calibration with mvtri audit"
        )
    return point


def _on_floor(cams: CameraGroup, ray: Floats, floor: tuple[Floats, float] | None) -> Floats:
    """Return where the ray of a camera meets the floor."""
    name = cams.names[0]
    if floor is None:
        raise InputError(
            f"only {name} sees the point, and the floor is not known, which would tell how far it is; add "
            "another camera, or give the floor (--floor-points, --floor or --tracks)"
        )
    normal, level = floor
    center = np.asarray(cams.centers[0], dtype=np.float64)
    slope = float(ray @ normal)
    way = (level - float(center @ normal)) / slope if abs(slope) > np.sin(_NARROW) else -1.0
    if way <= 0.0:
        raise InputError(
            f"what {name} sees there is not on the floor: the ray goes above the horizon, or nearly; check "
            "the image point, and which way is up (--up)"
        )
    return np.asarray(center + way * ray)


def _named(views: Views) -> str:
    return ", ".join(views)
