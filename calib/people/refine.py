"""Cameras refined on the people that they see."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle import Adjustment, Freedom, adjust_points
from mvtri.calib.bundle.align import align, aligned
from mvtri.calib.people.agreement import left_out_errors, residual
from mvtri.calib.people.doubts import find_doubts, poses_are_sure
from mvtri.calib.people.near import adjust_near
from mvtri.calib.people.one_camera import displaced_alone, others_than
from mvtri.calib.people.recording import People
from mvtri.calib.people.result import ONE, Choice, PeopleCalibration
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.plausibility import PlausibilityWarning
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
POSES = Freedom()
CHOICES = {
    ONE: POSES,
    "poses": POSES,
    "focal": Freedom(focal="one"),
    "lens": Freedom(focal="one", distortion=2),
}
_GAIN = 0.98  # of the error on held-out frames, that more freedom has to reach
_FEWEST = 50  # frames-keypoints that two cameras see, in each half
_FAR_ROUNDS, _NEAR_ROUNDS = 2, 2


def refine_cameras(
    recordings: ArrayLike | Sequence[ArrayLike],
    cams: CameraGroup,
    free: str = "auto",
    workers: int | None = None,
) -> PeopleCalibration:
    """Refine cameras on the people that they see.

    The poses (and, where `free` says so, focal lengths and lenses) are fitted together with the points of the
    body.  How many of them change is decided by frames that were not fitted: each half of the recordings
    predicts the other.  Where nothing predicts them better, the cameras stay; and where one camera is far
    from its place and the others are not, these stay unless the frames say otherwise.

    People do not show where the rig is, nor how large: as a whole it is turned, moved and scaled until most
    cameras are where they were given.  So a camera that was displaced is put back, and the others hardly
    move.

    Parameters
    ----------
    recordings : array_like, shape (T, K, C, 2), or sequence of such
        Pixels of one person, NaN where missing or uncertain (leave out what has a score below 0.3).  Several
        recordings are used together; they must have been made with the cameras in the same places.
    cams : CameraGroup
        C cameras, two or more, within a few degrees and decimetres of where they are.
    free : {"auto", "poses", "focal", "lens"}
        What may change: poses, of one camera or of all; a focal length of each camera, too; k1 and k2, too.
        "auto" tries all.
    workers : int, optional
        Threads; all cores by default.

    Returns
    -------
    PeopleCalibration

    Raises
    ------
    InputError
        If shapes do not fit, there are too few points, or fewer than two cameras.
    """
    offered = ("auto", *(name for name in CHOICES if name != ONE))
    if free not in offered:
        raise InputError(f"free is {free!r}; expected {', '.join(map(repr, offered))}")
    if len(cams) < 2:
        raise InputError(f"there are {len(cams)} cameras; people show poses only where two or more see them")
    people = People.read(recordings, len(cams))
    halves = people.halves()
    for half in halves:
        _check_enough(half)
    names = _names(free, cams)
    choices = _tried(names, halves, cams, workers)
    before = _errors(halves, (cams, cams))
    name = _choose(choices, before)
    shown = name or next(each for each in names if each != ONE)  # where nothing changes, how sure that is
    adjustment = aligned(fit(people, cams, CHOICES[shown], workers), cams)
    moved = displaced_alone(adjustment.cameras, cams) if name == ONE else None
    if moved is not None:
        adjustment = fit(people, cams, POSES, workers, others_than(moved, cams))
    elif name == ONE:
        name = "poses"  # all frames together say that several are off
    cameras = adjustment.cameras if name else cams
    result = PeopleCalibration(
        cameras=cameras,
        given=cams,
        adjustment=adjustment,
        chosen=name or "none",
        choices=tuple(choices.values()),
        errors_before=before,
        errors=choices[name].errors if name else before,
        residual_before=residual(people.pixels, cams),
        residual=residual(people.pixels, cameras),
    )
    return result.with_doubts(find_doubts(people, cams, result, workers))


def _names(free: str, cams: CameraGroup) -> list[str]:
    """Return the choices to try; the lens of a tilted sensor (14 coefficients) cannot change."""
    tilted = [name for name, lens in zip(cams.names, cams.distortions) if np.any(lens[12:])]
    if free == "lens" and tilted:
        raise InputError(
            f"the sensor of {', '.join(tilted)} is tilted, and the lens of a tilted sensor cannot change; "
            "let the poses or focal lengths change instead"
        )
    if free not in ("auto", "poses"):
        return [free]
    names = [name for name in CHOICES if not (tilted and CHOICES[name].distortion)]
    return names if free == "auto" else [name for name in names if CHOICES[name] == POSES]


def fit(
    people: People,
    cams: CameraGroup,
    freedom: Freedom,
    workers: int | None = None,
    fixed: Sequence[int] = (),
) -> Adjustment:
    """Return cameras fitted to people, in rounds, since the first points come from cameras that are off.

    First all views count, and large residuals little.  When the cameras are near, the triangulation decides
    which views are wrong and how much noise each keypoint has in each view.

    Parameters
    ----------
    people : People
    cams : CameraGroup
    freedom : Freedom
    workers : int, optional
    fixed : sequence of int
        Cameras whose pose stays.
    """
    start, pixels = with_coefficients(cams, freedom.distortion), people.pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)
        for _ in range(_FAR_ROUNDS):
            points = triangulate(pixels, start, method="dlt", workers=workers).points
            start = adjust_points(
                start, pixels, points, freedom, fixed=fixed, uncertainty=False, workers=workers
            ).cameras
        return adjust_near(people, start, freedom, _NEAR_ROUNDS, fixed=fixed, workers=workers)


def with_coefficients(cams: CameraGroup, count: int) -> CameraGroup:
    """Return cameras whose lenses have at least `count` coefficients, zeros where they had none."""
    lenses = [
        np.pad(lens, (0, max(0, count - len(lens), 4 - len(lens) if count else 0)))
        for lens in cams.distortions
    ]
    kept = ("names", "image_sizes", "matrices", "rotations", "translations", "models")
    return CameraGroup(distortions=lenses, **{name: getattr(cams, name) for name in kept})


def _tried(
    names: list[str], halves: tuple[People, People], cams: CameraGroup, workers: int | None
) -> dict[str, Choice]:
    """Return, for each choice, the errors on each half of what was fitted to the other."""
    found: dict[str, tuple[CameraGroup, ...]] = {}
    for name in (name for name in names if name != ONE):
        fitted = [fit(half, cams, CHOICES[name], workers) for half in halves]
        found[name] = tuple(each.cameras for each in fitted)
        if ONE in names and name == "poses" and not all(map(poses_are_sure, fitted)):
            break  # what does not hold the poses does not hold lenses
    if ONE in names:
        camera, other = (displaced_alone(align(each, cams).cameras(each), cams) for each in found["poses"])
        if camera is not None and camera == other:
            fixed = others_than(camera, cams)
            found[ONE] = tuple(fit(half, cams, POSES, workers, fixed).cameras for half in halves)
    return {name: Choice(name, _errors(halves, found[name][::-1])) for name in names if name in found}


def _errors(halves: tuple[People, People], cameras: Sequence[CameraGroup]) -> Floats:
    each = np.array([left_out_errors(half.pixels, cams) for half, cams in zip(halves, cameras)])
    if np.isnan(each).all(axis=0).any():
        unseen = [name for name, bad in zip(cameras[0].names, np.isnan(each).all(axis=0)) if bad]
        raise InputError(
            f"{', '.join(unseen)} sees nothing that two other cameras see; leave that camera out, or give a "
            "recording that all cameras see"
        )
    return np.asarray(np.nanmean(each, axis=0))


def _choose(choices: dict[str, Choice], before: Floats) -> str | None:
    """Return the freest choice of which each step of freedom pays, None where not even the first does."""
    best, level = None, float(np.nanmean(before))
    for name, choice in choices.items():
        error = float(np.nanmean(choice.errors))
        if error < _GAIN * level:
            best, level = name, error
    return best


def _check_enough(half: People) -> None:
    seen = int((np.isfinite(half.pixels[..., 0]).sum(axis=2) >= 2).sum())
    if seen < _FEWEST:
        raise InputError(
            f"two cameras or more see {seen} keypoints in half of the frames, and {_FEWEST} are needed; give "
            "a longer recording, in which a person walks through the room"
        )
