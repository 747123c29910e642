"""The world that cameras are in: which way is up, where the floor and the origin are, and how large it is."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle.align import Similarity
from mvtri.calib.image_points import Views, located
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.plausibility.body import stature_of

Floats = NDArray[np.float64]
Place = ArrayLike | Views  # of the given world, m, or where cameras see it, px
DIRECTIONS = {
    f"{sign}{axis}": (-1.0 if sign else 1.0) * np.eye(3)[i]
    for i, axis in enumerate("xyz")
    for sign in ("", "-")
}
# from a world with z up and x forward to that of each preset
_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
PRESETS = {
    "z-up": np.eye(3),
    "blender": np.eye(3),
    "vicon": np.eye(3),
    "y-up": _Y_UP,
    "opensim": _Y_UP,
}
_FEET = ("ankle", "heel", "big_toe", "small_toe")
_LOWEST = 0.02  # quantile of the heights of feet that is the floor
_FLAT = 0.2  # of the extent of points in the second direction, in the third: points of a plane have less


def align_world(
    cams: CameraGroup,
    *,
    up: str | None = None,
    floor: ArrayLike | Sequence[Views] | None = None,
    person: ArrayLike | None = None,
    keypoints: Sequence[str] | None = None,
    origin: Place | None = None,
    toward: Place | None = None,
    heading: float = 0.0,
    distance: tuple[str, str, float] | None = None,
    height: float | None = None,
    to: str = "z-up",
) -> tuple[CameraGroup, Similarity]:
    """Return cameras in another world, and what brings points there.

    Parameters
    ----------
    cams : CameraGroup
    up : {"x", "-x", "y", "-y", "z", "-z"}
        The axis of the given world that points up; "z" by default.
    floor : array_like, shape (N, 3), or sequence of N mappings, optional
        Three or more points of the floor, m, not in a line: their plane becomes the floor, and its normal on
        the side of `up` points up; without `up`, on the side of the cameras.  A mapping says where two or
        more cameras see a point: ``{"cam1": (512, 733), "cam2": (201, 660)}``, px.
    person : array_like, shape (T, K, 3), optional
        Tracks of a person, m: the floor is where the feet are at their lowest.
    keypoints : sequence of str, optional
        K names of `person`.
    origin : array_like, shape (3,), or mapping, optional
        The point of the given world that becomes the origin; on the floor, where there is one.  A mapping
        says where cameras see it: one camera is enough if it is on a floor that is known.
    toward : array_like, shape (3,), or mapping, optional
        The x axis points from the origin to this point.
    heading : float
        Degrees by which the world is turned about its vertical then, counter-clockwise seen from above.
    distance : (str, str, float), optional
        Two cameras and how far apart they are, m: it gives the scale.
    height : float, optional
        How tall the person is, m: it gives the scale.
    to : {"z-up", "y-up", "opensim", "blender", "vicon"}
        Which axes the new world has.

    Raises
    ------
    InputError
        If something that is asked for cannot be told from what is given.
    """
    if up is not None and up not in DIRECTIONS:
        raise InputError(one_of(up, list(DIRECTIONS), "axis"))
    if to == "unity":
        raise InputError(
            "the axes of Unity are left-handed, and cameras of a left-handed world would be mirrored; use "
            "--to y-up, and negate x of the points where they are read into Unity"
        )
    if to not in PRESETS:
        raise InputError(one_of(to, list(PRESETS), "preset"))
    points = None if person is None else _points(person, (-1, len(keypoints or ()), 3), "person")
    way, level = DIRECTIONS[up or "z"], None
    if floor is not None:
        way, level = _plane(_floor_points(cams, floor), None if up is None else way, cams.centers)
    elif points is not None:
        level = _lowest(points, keypoints or (), way)
    scale = _scale(cams, points, keypoints or (), distance, height)
    turn = _to_z(way)
    ground = None if level is None else (way, level)
    middle = np.zeros(3) if origin is None else _place(cams, origin, ground, "origin")
    if level is not None:
        middle = middle + (level - middle @ way) * way
    about = np.radians(heading)
    if toward is not None:
        about -= _direction(turn @ (_place(cams, toward, ground, "toward") - middle))
    spin = np.array([[np.cos(about), -np.sin(about), 0], [np.sin(about), np.cos(about), 0], [0, 0, 1]])
    rotation = PRESETS[to] @ spin @ turn
    found = Similarity(scale, rotation, -scale * rotation @ middle)
    return found.cameras(cams), found


def _floor_points(cams: CameraGroup, floor: ArrayLike | Sequence[Views]) -> Floats:
    """Return points of the floor (N, 3), m."""
    if isinstance(floor, Sequence) and any(isinstance(point, Mapping) for point in floor):
        return np.array([_place(cams, point, None, "floor") for point in floor])
    return _points(floor, (-1, 3), "floor")  # type: ignore[arg-type]


def _place(cams: CameraGroup, place: Place, floor: tuple[Floats, float] | None, what: str) -> Floats:
    """Return a point (3,), m, of the given world."""
    return located(cams, place, floor) if isinstance(place, Mapping) else _points(place, (3,), what)


def _direction(way: Floats) -> float:
    """Return the angle, rad, of a way seen from above, counter-clockwise from x."""
    if not np.hypot(way[0], way[1]) > 1e-6:
        raise InputError(
            "the origin and the point that the x axis shall point to are one above the other, or the same; "
            "choose another point"
        )
    return float(np.arctan2(way[1], way[0]))


def _to_z(way: Floats) -> Floats:
    """Return the shortest rotation that turns a direction to z; axes that point along axes stay axes."""
    z = np.array([0.0, 0.0, 1.0])
    axis, cosine = np.cross(way, z), float(way @ z)
    if np.linalg.norm(axis) < 1e-9:
        return np.eye(3) if cosine > 0.0 else np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1.0 + cosine))


def _plane(points: Floats, up: Floats | None, centers: Floats) -> tuple[Floats, float]:
    """Return the normal of the plane through points, and its height along it.

    The normal is on the side of `up`; of the cameras' `centers` (C, 3) where that is None.
    """
    if not np.isfinite(points).all():
        raise InputError("points of the floor are NaN or infinite; leave those out")
    if len(points) < 3:
        raise InputError(f"the floor has {len(points)} points; give three or more, not in a line")
    middle = points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(points - middle, full_matrices=False)
    if sizes[1] < 1e-6 * max(sizes[0], 1e-12):
        raise InputError(
            f"{len(points)} points of the floor lie in a line or are the same; give three or more that do not"
        )
    if len(points) > 3 and sizes[2] > _FLAT * sizes[1]:
        raise InputError("the points of the floor do not lie in a plane; check their coordinates")
    side = float(axes[2] @ (np.mean(centers - middle, axis=0) if up is None else up))
    normal = axes[2] if side >= 0.0 else -axes[2]
    return normal, float(middle @ normal)


def _lowest(points: Floats, keypoints: Sequence[str], up: Floats) -> float:
    feet = [points[:, i] for i, name in enumerate(keypoints) if name.endswith(_FEET)]
    heights = np.concatenate(feet) @ up if feet else np.zeros(0)
    if not np.isfinite(heights).any():
        raise InputError(
            "the tracks have no feet (ankles, heels or toes), which would show the floor; name points of it"
        )
    return float(np.nanquantile(heights, _LOWEST))


def _scale(
    cams: CameraGroup,
    points: Floats | None,
    keypoints: Sequence[str],
    distance: tuple[str, str, float] | None,
    height: float | None,
) -> float:
    if distance is not None and height is not None:
        raise InputError("both a distance and a height were given for the scale; keep one")
    if distance is not None:
        first, second, metres = distance
        for name in (first, second):
            if name not in cams.names:
                raise InputError(one_of(name, cams.names, "camera"))
        now = np.linalg.norm(cams.centers[cams.names.index(first)] - cams.centers[cams.names.index(second)])
        if first == second or not metres > 0.0 or not now > 0.0:
            raise InputError("the distance must be between two cameras, and more than 0 m")
        return float(metres / now)
    if height is None:
        return 1.0
    stature = float("nan") if points is None else stature_of(points, keypoints)
    if not np.isfinite(stature) or not height > 0.0:
        raise InputError(
            "a height gives the scale only with tracks of a person whose limbs are seen; name such tracks"
        )
    return height / stature


def _points(given: ArrayLike, shape: tuple[int, ...], what: str) -> Floats:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} is no array of numbers; expected the shape {shape}") from error
    if array.ndim != len(shape) or any(n not in (-1, m) for n, m in zip(shape, array.shape)):
        raise InputError(
            f"{what} has the shape {array.shape}, expected {shape}, where -1 stands for any number"
        )
    return array
