"""Whether cameras can be what they are taken for: numbers that no camera has mean that a file is misread."""

import numpy as np

from mvtri.cameras import CameraGroup

_SIDE = (8, 65_535)  # pixels
_FOCAL = (0.02, 500.0)  # focal length, of the longer side
_CENTER = 2.0  # how far the principal point may lie outside the picture, in its sides
_ASPECT = 10.0  # ratio of the two focal lengths
_LENS = 1e6  # a coefficient of distortion
_FAR = 1e5  # metres from the origin
_MIDDLE = 0.5  # of the picture's width and height; there every lens keeps rays apart
_BENT = 5.0  # how many times nearer to the middle, or farther, a lens shows what it shows there


def implausible(cams: CameraGroup) -> list[str]:
    """Return what is wrong with cameras that no real camera can have; an empty list where nothing is."""
    problems = []
    for index, name in enumerate(cams.names):
        size, matrix = cams.image_sizes[index], cams.matrices[index]
        if not name.strip():
            problems.append(f"camera {index + 1} has no name")
            continue
        if size.min() < _SIDE[0] or size.max() > _SIDE[1]:
            problems.append(f"{name} has pictures of {size[0]} x {size[1]} px")
            continue
        focal, center = matrix[[0, 1], [0, 1]], matrix[:2, 2]
        ratio = focal / size.max()
        if ratio.min() < _FOCAL[0] or ratio.max() > _FOCAL[1]:
            problems.append(
                f"{name} has focal lengths of {focal[0]:g} and {focal[1]:g} px at {size.max()} px"
            )
        elif max(focal) > _ASPECT * min(focal) or abs(matrix[0, 1]) > max(focal):
            problems.append(f"{name} has pixels that are far from square ({matrix[:2, :2].tolist()})")
        if np.any(center < -_CENTER * size) or np.any(center > (1 + _CENTER) * size):
            problems.append(
                f"the principal point of {name}, ({center[0]:g}, {center[1]:g}), is far outside its image of "
                f"{size[0]} x {size[1]} px"
            )
        if np.abs(cams.distortions[index]).max(initial=0.0) > _LENS:
            problems.append(f"{name} has a distortion coefficient above {_LENS:g}")
        elif ratio.min() > 0 and (what := _bent(cams, index)):
            problems.append(f"the lens of {name} {what}")
        if np.abs(cams.translations[index]).max() > _FAR:
            far = np.abs(cams.translations[index]).max()
            problems.append(f"{name} is {far / 1000:.0f} km from the origin")
    return problems


def _bent(cams: CameraGroup, index: int) -> str:
    """Return what is wrong with the radial part of a lens in the middle of the picture; "" where nothing is.

    The formulas are those of OpenCV's manual (calib3d, and its fisheye model).
    """
    lens, model = np.zeros(8), cams.models[index]
    given = np.asarray(cams.distortions[index], dtype=np.float64)[:8]
    lens[: len(given)] = given
    if model not in ("opencv", "fisheye"):
        return ""
    edge = 0.5 * _MIDDLE * float((cams.image_sizes[index] / cams.matrices[index][[0, 1], [0, 1]]).min())
    ray = edge * np.geomspace(1e-3, 2 * _BENT, 1000)  # the angle to the axis (fisheye), or its tangent
    if model == "fisheye":
        shown = ray * np.polynomial.polynomial.polyval(ray**2, [1, *lens[:4]])
    else:
        above = np.polynomial.polynomial.polyval(ray**2, [1, lens[0], lens[1], lens[4]])
        below = np.polynomial.polynomial.polyval(ray**2, [1, *lens[5:8]])
        shown = ray * above / np.where(below > 0, below, np.nan)
    reached = int(np.argmax(shown >= edge)) if (shown >= edge).any() else len(ray)
    rising = np.diff(shown, prepend=0.0)[: reached + 1] > 0
    if not rising.all():
        return "folds back within the middle half of its picture"
    if reached == len(ray) or not 1 / _BENT <= edge / ray[reached] <= _BENT:
        return (
            f"shows what is in the middle half of its picture more than {_BENT:g} times too near to the "
            "centre, or too far from it"
        )
    return ""
