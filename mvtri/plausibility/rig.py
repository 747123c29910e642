"""What a calibration alone shows: numbers and poses that no rig of real cameras has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.finding import Finding

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

FOCALS = (0.3, 10.0)  # of the longer side: lenses from 118 to 6 degrees
FISHEYE_FOCAL = 0.15  # of the longer side
SQUARE = 1.1  # ratio of the two focal lengths
OFF_CENTRE = 0.25  # of the image's sides: how far from the middle a principal point may be
SAME_TURN, SAME_PLACE = np.radians(0.01), 1e-4  # rad and m
NEAR = 0.02  # of the rig's size: cameras that stand in one place
RIG = (0.2, 100.0)  # m, the largest distance between two cameras of a usual rig
ANY_RIG = (0.02, 1000.0)  # m, of any rig
FACTORS = (10.0, 1.0 / 0.0254, 100.0, 1000.0)  # between units of length, inches and metres among them
USUAL = 5.0  # m, between the cameras of a rig that are farthest apart
AWAY = np.radians(100.0)  # from the place that most cameras look at
EDGE = 9  # points along each side of an image


def check_rig(cameras: CameraGroup) -> list[Finding]:
    """Return what is wrong with a calibration, as far as it shows without any 2D.

    Parameters
    ----------
    cameras : CameraGroup
        C cameras.

    Returns
    -------
    list of Finding
        Empty where nothing is.  Kinds: ``focal``, ``principal_point``, ``folding_lens``, ``same_pose``,
        ``same_place``, ``rig_size``, ``looking_away``.
    """
    return [*_lenses(cameras), *_same(cameras), *_size(cameras), *_directions(cameras)]


def _lenses(cameras: CameraGroup) -> list[Finding]:
    found = []
    for index, name in enumerate(cameras.names):
        size = np.asarray(cameras.image_sizes[index], dtype=np.float64)
        matrix = np.asarray(cameras.matrices[index])
        focal, center = matrix[[0, 1], [0, 1]], matrix[:2, 2]
        share = focal / size.max()
        least = FISHEYE_FOCAL if cameras.models[index] == "fisheye" else FOCALS[0]
        if share.min() < least or share.max() > FOCALS[1] or max(focal) > SQUARE * min(focal):
            text = (
                f"Camera {name} has focal lengths of {focal[0]:.0f} and {focal[1]:.0f} px in images of "
                f"{size[0]:.0f} x {size[1]:.0f} px, and usual ones are alike, and {least:g} to "
                f"{FOCALS[1]:g} times the longer side. Check that size and focal lengths belong to the same "
                "resolution, and calibrate the lens again if they do."
            )
            found.append(Finding("focal", "check", text, cameras=(name,)))
        off = np.abs(center - (size - 1) / 2) / size
        if off.max() > OFF_CENTRE:
            text = (
                f"The principal point of camera {name}, ({center[0]:.0f}, {center[1]:.0f}), is far from the "
                f"middle of its image of {size[0]:.0f} x {size[1]:.0f} px. The size is probably that of "
                "other videos (scaled, cropped or turned): give the size that the calibration was made with."
            )
            found.append(
                Finding("principal_point", "bad" if off.max() > 0.5 else "check", text, 1.0, (name,))
            )
        if _folds(cameras, index):
            text = (
                f"The lens of camera {name} folds inside its image: some pixels are the image of no ray. Its "
                "distortion coefficients are in another order or of another model than the file says, or "
                "were fitted to the middle of the image alone. Calibrate the lens again."
            )
            found.append(Finding("folding_lens", "check", text, 1.0, (name,)))
    return found


def _folds(cameras: CameraGroup, index: int) -> bool:
    """Return whether pixels along the edge of an image have no ray."""
    own = cameras.subset([cameras.names[index]])
    width, height = (float(side) for side in own.image_sizes[0])
    x, y = np.linspace(0, width - 1, EDGE), np.linspace(0, height - 1, EDGE)
    edge = [(a, b) for a in x for b in (0.0, height - 1)] + [(a, b) for a in (0.0, width - 1) for b in y]
    return not np.isfinite(own.undistort(np.array(edge)[:, None])).all()


def _same(cameras: CameraGroup) -> list[Finding]:
    """Return cameras with one pose, or in one place."""
    centers, found = np.asarray(cameras.centers), []
    extent = _extent(centers)
    for a, b in itertools.combinations(range(len(cameras)), 2):
        turn = np.asarray(cameras.rotations[a]) @ np.asarray(cameras.rotations[b]).T
        angle = np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))
        apart = float(np.linalg.norm(centers[a] - centers[b]))
        names = (cameras.names[a], cameras.names[b])
        both = f"Cameras {names[0]} and {names[1]}"
        if angle < SAME_TURN and apart < SAME_PLACE:
            text = f"{both} have the same pose. One was probably copied: calibrate the other one."
            found.append(Finding("same_pose", "bad", text, cameras=names))
        elif apart < max(NEAR * extent, SAME_PLACE):
            text = (
                f"{both} stand in one place ({1e3 * apart:.3g} mm apart), so their views together show no "
                "depth. Check their translations."
            )
            found.append(Finding("same_place", "bad" if apart < SAME_PLACE else "check", text, 1.0, names))
    return found


def _extent(centers: Floats) -> float:
    return float(np.linalg.norm(centers[:, None] - centers, axis=-1).max())


def _size(cameras: CameraGroup) -> list[Finding]:
    extent = _extent(np.asarray(cameras.centers))
    if len(cameras) < 2 or extent == 0 or RIG[0] <= extent <= RIG[1]:
        return []
    large = extent > RIG[1]
    sizes = {factor: extent / factor if large else extent * factor for factor in FACTORS}
    possible = [factor for factor, size in sizes.items() if 1.0 < size < 30.0]
    factor, likely = 1.0, ""
    if possible:
        best = min(possible, key=lambda one: abs(np.log(sizes[one] / USUAL)))
        factor = best if large else 1.0 / best
        words = " or ".join(f"{one:,.4g}" for one in possible)
        sure = "probably" if len(possible) == 1 else "perhaps"
        likely = f" It is {sure} {words} times too {'large' if large else 'small'}."
    text = (
        f"The cameras stand up to {extent:.3g} m from each other, and in usual rigs that is {RIG[0]:g} to "
        f"{RIG[1]:g} m.{likely} State the unit of the calibration file with --unit m, cm or mm (unit= in "
        "Python; multiply lengths in inches by 0.0254), or correct the size of the board's squares."
    )
    level = "check" if ANY_RIG[0] <= extent <= ANY_RIG[1] else "bad"
    return [Finding("rig_size", level, text, factor)]  # type: ignore[arg-type]


def _directions(cameras: CameraGroup) -> list[Finding]:
    """Return cameras that look away from the place that the lines of sight of most come near to."""
    C = len(cameras)
    if C < 2:
        return []
    centers, axes = np.asarray(cameras.centers), np.asarray(cameras.rotations)[:, 2]
    middle = _meeting_point(centers, axes)
    if middle is None:
        return []
    to = middle - centers
    cosines = (to * axes).sum(axis=1) / np.maximum(np.linalg.norm(to, axis=1), 1e-12)
    away = np.flatnonzero(cosines < np.cos(AWAY))
    if not len(away):
        return []
    names = tuple(cameras.names[c] for c in away)
    if len(away) > C / 2:
        text = (
            f"{len(away)} of {C} cameras look away from the place that their lines of sight come near to. "
            "The rotations are probably inverted, the translations are the cameras' centres, or the cameras' "
            "z points backwards (OpenGL, Blender). mvtri expects Xc = R X + t, from the world to the camera, "
            "x right, y down and z forward."
        )
        return [Finding("looking_away", "bad", text, cameras=names)]
    listed = ", ".join(names)
    text = (
        f"Of {C} cameras, {listed} alone look{'s' if len(names) == 1 else ''} away from the place that the "
        "others look at. Check rotation and translation: mvtri expects Xc = R X + t, from the world to the "
        "camera."
    )
    return [Finding("looking_away", "check", text, 1.0, names)]


def _meeting_point(centers: Floats, axes: Floats) -> Floats | None:
    """Return the point that is nearest to the lines of sight; None where they are nearly parallel."""
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    system = across.sum(axis=0)
    if np.linalg.eigvalsh(system)[0] < 0.05 * len(axes):
        return None
    point: Floats = np.linalg.solve(system, (across @ centers[:, :, None])[..., 0].sum(axis=0))
    return point
