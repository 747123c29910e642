"""Which single correction makes all views agree, if one does and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.correction_words import correction_finding
from mvtri.plausibility.corrections import MIRRORED, PIXELS, Correction, applied, corrections, disagreement
from mvtri.plausibility.finding import Finding
from mvtri.plausibility.handedness import CLEAR, mirrored_share
from mvtri.plausibility.views import Poses, other_poses, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

WRONG, RIGHT = 0.0025, 0.012  # of the image diagonal: views that may disagree, and agree after a correction
GAIN, LEAD = 0.5, 0.75  # of the disagreement, by the best correction; of the next one's
LEAD_FITTED = 0.95  # of what a correction with fitted numbers leaves, by one without
GAIN_CROP = 0.4  # of it, by a crop, of which two numbers are fitted
GAIN_MIRRORED = 0.85  # of the disagreement, where people are mirrored as it is, and are not afterwards
GAIN_POSES, NOISE = 0.75, 0.0055  # of it, by other poses that leave so little (share of the image diagonal)
LEAST_SCALE, LEAST_CROP = 0.05, 0.01  # of the logarithm; of the image diagonal
COMMON, COMMON_WITHIN = np.log([1 / 3, 0.5, 2 / 3, 0.75, 4 / 3, 1.5, 2.0, 3.0]), 0.015  # ratios of sizes
AS_WELL = 1.5  # times what the others leave without the camera, by a correction of one
EVEN = 0.97  # of what a crop leaves, by a resolution: less than that tells them apart
MOST = 0.8  # share of views in which people are upside down
_UPSIDE_DOWN = ("y_up", "upside down")  # what would turn people who stand upright on their heads
_MIRRORING = {"exchanged_cameras", *(f"{MIRRORED}{axis}" for axis in "xyz")}


class Bodies(NamedTuple):
    """The 2D (T, K, C, 2) px of the keypoints that tell whether a body is mirrored, and their names."""

    points: Floats
    keypoints: list[str]


def find_correction(
    points: Floats, cameras: CameraGroup, share_upside_down: float, bodies: Bodies | None
) -> list[Finding]:
    """Return what one correction shows that makes all views agree, and no other does.

    Parameters
    ----------
    points : ndarray, shape (P, C, 2)
        px, NaN where missing.
    cameras : CameraGroup
    share_upside_down : float
        In which share of views people stand on their heads; NaN where that is not known.
    bodies : Bodies or None
    """
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    now = disagreement(cameras.undistort(points), poses_of(cameras))
    upside_down = share_upside_down > MOST
    if now <= WRONG * diagonal and not upside_down:
        return []
    # people who stand upright in the images do not stand on their heads
    left_out = _UPSIDE_DOWN if share_upside_down < 1 - MOST else ()
    tried = corrections(points, cameras, left_out)
    if upside_down:
        flipped = next(each for each in tried if each.name == "y_up" and not each.cameras)
        if flipped.left <= RIGHT * diagonal:
            return [correction_finding([flipped], cameras, now)]
    best = _clear_ones(tried, cameras, now, diagonal, bodies)
    if not best or not _agrees_as_well(best[0], points, cameras):
        return []
    return [correction_finding(best, cameras, now)]


def _agrees_as_well(found: Correction, points: Floats, cameras: CameraGroup) -> bool:
    """Return whether a correction of one camera makes it agree as well as the others do without it.

    Else it is another fault that it undoes in part: a camera that was turned looks scaled, too.
    """
    if len(found.cameras) != 1 or len(cameras) < 4:
        return True
    rest = [camera for camera in range(len(cameras)) if camera not in found.cameras]
    poses = poses_of(cameras)
    others = Poses(poses.rotations[rest], poses.centers[rest], poses.focals[rest])
    return found.left < AS_WELL * disagreement(cameras.undistort(points)[:, rest], others)


def _clear_ones(
    tried: list[Correction], cameras: CameraGroup, now: float, diagonal: float, bodies: Bodies | None
) -> list[Correction]:
    """Return the correction that makes the views agree, if no other one is nearly as good.

    Several where they are of one kind and nothing tells them apart.
    """
    gain = GAIN
    near = [each for each in tried if each.left < tried[0].left / LEAD]
    if bodies is not None and np.isfinite(now):
        share = mirrored_share(cameras.undistort(bodies.points), poses_of(cameras), bodies.keypoints)
        near = [each for each in near if not _mirrors(each, cameras, bodies)] or near
        if share > CLEAR and not _mirrors(near[0], cameras, bodies):
            gain = GAIN_MIRRORED
    near = [each for each in near if not _too_small(each, diagonal)]
    if near and near[0].name in other_poses(cameras) and near[0].left < NOISE * diagonal:
        gain = max(gain, GAIN_POSES)
    if near and near[0].name == "cropped":
        gain = min(gain, GAIN_CROP)
    if not near or not (near[0].left < gain * now and near[0].calibrated < RIGHT * diagonal):
        return []
    near = _by_usual_ratio(near)
    best = near[0]
    kin = [each for each in near if _is_kin(each, best)]
    if any(not _is_kin(each, best) and each.left * _lead(best, each) <= best.left for each in near):
        return []
    if _is_convention(best):
        return kin
    if best.name not in _MIRRORING:
        return kin[:1]
    return sorted(kin, key=lambda each: each.name != "exchanged_cameras")


def _is_kin(one: Correction, other: Correction) -> bool:
    """Return whether the two need not differ much: equal ones, and those of which what is left decides."""
    if (one.effect, one.cameras) == (other.effect, other.cameras):
        return True
    if _is_convention(one) and _is_convention(other):
        return one.cameras == other.cameras
    if {one.name, other.name} == {"resolution", "cropped"}:
        return not one.cameras and not other.cameras
    # in a symmetric room, cameras that changed places are a mirrored room
    return {one.name, other.name} <= _MIRRORING


def _is_convention(found: Correction) -> bool:
    """Return whether it takes R and t for those of another convention; some rigs look alike in two."""
    others = {*PIXELS, "resolution", "cropped", "exchanged_cameras"}
    return found.name not in others and not found.name.startswith(MIRRORED)


def _lead(best: Correction, other: Correction) -> float:
    """Return how many times what `other` leaves `best` may leave: more where only `other` was fitted."""
    fitted = ("resolution", "cropped")
    return LEAD_FITTED if other.name in fitted and best.name not in fitted else LEAD


def _by_usual_ratio(near: list[Correction]) -> list[Correction]:
    """Return them with a resolution before a crop that fits equally well if its ratio is a usual one.

    And after it, if it is not.
    """
    pair = [each for each in near if each.name in ("resolution", "cropped") and not each.cameras]
    if len(pair) < 2 or near[0] is not pair[0] or pair[0].left < EVEN * pair[1].left:
        return near
    scaled = next(each for each in pair if each.name == "resolution")
    usual = np.abs(COMMON - np.log(scaled.factor)).min() < COMMON_WITHIN
    first = scaled if usual else next(each for each in pair if each is not scaled)
    return [first, *(each for each in near if each is not first)]


def _mirrors(found: Correction, cameras: CameraGroup, bodies: Bodies) -> bool:
    """Return whether people are mirrored with that correction made."""
    return mirrored_share(*applied(found, bodies.points, cameras), bodies.keypoints) > CLEAR


def _too_small(found: Correction, diagonal: float) -> bool:
    """Return whether a correction changes nearly nothing, or is a crop that begins outside the image."""
    if found.name == "resolution":
        return bool(abs(np.log(found.factor)) < LEAST_SCALE)
    corner = np.array(found.corner)
    least = LEAST_CROP * diagonal
    return found.name == "cropped" and bool(np.hypot(*corner) < least or corner.min() < -least)
