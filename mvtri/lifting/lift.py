"""`lift`: 3D tracks from the 2D of one calibrated view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError, one_of, some_names
from mvtri.lifting.model import Lifted, Lifter, load_lifter
from mvtri.lifting.place import Place, place_root
from mvtri.plausibility import check_height
from mvtri.tracks import (
    CAMERAS,
    KEYPOINTS,
    TIME,
    Status,
    make_tracks,
    provenance_of,
    to_array,
    validate_detections,
)

if TYPE_CHECKING:
    import xarray as xr

    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
ASSUMED_HEIGHT, HEIGHT_SD = 1.70, 0.06  # m, where no height is given; its standard deviation, a share
LEAST_SEEN = 8  # keypoints of a frame
# Without a unit: how far the head is from the heels when people are most upright, in their heights.
STANDING, TALL, UPRIGHT = ("head", "left_heel", "right_heel"), 0.97, 0.9


def lift(
    detections: xr.Dataset,
    cameras: CameraGroup,
    camera: str | None = None,
    *,
    lifter: Lifter | str | None = None,
    height: float | None = None,
) -> xr.Dataset:
    """Lift the 2D of one view to 3D tracks in the world of the calibration.

    The network says where keypoints are relative to the root, in heights of the person; the height makes that
    metres, and the 2D says where the root is.  From one view, the depth of a person is only as sure as the
    height, and the covariances hold that.

    Parameters
    ----------
    detections : Detections
        2D of one or several people; each person is lifted alone.
    cameras : CameraGroup
        The calibration.
    camera : str, optional
        The view to lift; may be left out where there is only one.
    lifter : Lifter or str, optional
        A loaded lifter, or the name of one (``mvtri models list``); by default ``mvtri-lift-27``.
    height : float, optional
        How tall the person is, m.  Without it 1.70 m is assumed, with a standard deviation of 6 %.

    Returns
    -------
    Tracks
        With covariances, m^2, where the lifter gives them; NaN in frames in which fewer than 8 keypoints have
        the score that the lifter's card asks for.

    Raises
    ------
    InputError
        If the view is not named or not there, keypoints of the lifter are missing, or the height cannot be
        one.
    """
    validate_detections(detections)
    check_height(height)
    name = _view(detections, cameras, camera)
    network = lifter if isinstance(lifter, Lifter) else load_lifter(*(() if lifter is None else (lifter,)))
    if network.card.lift.unit != "heights" and height is None:
        raise InputError(f"the scale of {network.name} is not known; say how tall the person is (height)")
    one, view = cameras.subset([name]), detections.sel({CAMERAS: [name]})
    columns = _columns(detections, network)
    pixels = to_array(view).astype(np.float64)[:, :, columns, 0]
    scores = np.nan_to_num(to_array(view, "confidence").astype(np.float64)[:, :, columns, 0])
    seconds = detections[TIME].to_numpy().astype(np.float64)
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.0
    fps = 1.0 / step if step > 0 and detections.attrs.get("fps") else None
    found = [_person(pixels[:, n], scores[:, n], one, network, fps, height) for n in range(pixels.shape[1])]
    position = np.stack([each[0] for each in found], axis=1)
    covariance = np.stack([each[1] for each in found], axis=1)
    present = np.isfinite(position).all(axis=-1)
    return make_tracks(
        position,
        keypoints=network.keypoints,
        times=seconds,
        fps=detections.attrs.get("fps") or None,
        covariance=covariance if np.isfinite(covariance).any() else None,
        status=np.where(present, Status.OK, Status.LOW_SCORE),
        position_2d=pixels[:, :, :, None],
        confidence_2d=scores[..., None],
        cameras=[name],
        individuals=[str(each) for each in detections["individuals"].to_numpy()],
        skeleton=network.card.skeleton,
        provenance=provenance_of(detections) | {"lift": _record(network, name, height)},
    )


def _record(network: Lifter, camera: str, height: float | None) -> dict[str, object]:
    return {
        "lifter": network.name,
        "sha256": network.sha256,
        "camera": camera,
        "height_m": ASSUMED_HEIGHT if height is None else float(height),
        "height_given": height is not None,
    }


def _view(detections: xr.Dataset, cameras: CameraGroup, camera: str | None) -> str:
    """Return the name of the view."""
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    if camera is None:
        if len(names) != 1:
            raise InputError(f"there are {len(names)} views ({', '.join(names)}); say which one to lift")
        camera = names[0]
    for known in (names, list(cameras.names)):
        if camera not in known:
            raise InputError(one_of(camera, known, "camera"))
    return camera


def _columns(detections: xr.Dataset, network: Lifter) -> list[int]:
    """Return the places of the lifter's keypoints in the 2D."""
    names = [str(name) for name in detections[KEYPOINTS].to_numpy()]
    missing = [name for name in network.keypoints if name not in names]
    if missing:
        wanted = f"{len(missing)} of the {len(network.keypoints)} keypoints that {network.name} takes"
        raise InputError(
            f"the 2D lacks {wanted} ({some_names(missing)}); give 2D with the keypoints of "
            f"{network.card.skeleton}, as detectors of SpinePose find them (spinepose-l-simspine)"
        )
    return [names.index(name) for name in network.keypoints]


def _person(
    pixels: Floats,
    scores: Floats,
    camera: CameraGroup,
    network: Lifter,
    fps: float | None,
    height: float | None,
) -> tuple[Floats, Floats]:
    """Return places (T, K, 3), m, in the world, and their covariances, of 2D (T, K, 2), px."""
    rays = camera.undistort(pixels[:, :, None])[:, :, 0]
    seen = np.isfinite(rays).all(axis=-1) & (scores >= network.card.lift.score)
    T, K = seen.shape
    position, covariance = np.full((T, K, 3), np.nan), np.full((T, K, 3, 3), np.nan)
    enough = seen.sum(axis=1) >= LEAST_SEEN
    if not enough.any():
        return position, covariance
    lifted = network.lift(np.where(seen[..., None], rays, 0.0), seen, network.stride(fps))
    metres = _metres(lifted, network, height)
    place = place_root(metres.position, metres.covariance, rays, seen)
    local = metres.position + place.root[:, None]
    R, t = camera.rotations[0], camera.translations[0]
    position[enough] = ((local - t) @ R)[enough]
    if metres.covariance is not None:
        share = 0.0 if height is not None else HEIGHT_SD
        whole = _whole_covariance(metres.covariance, place, local, share)
        covariance[enough] = (R.T @ whole @ R)[enough]
    return position, covariance


def _metres(lifted: Lifted, network: Lifter, height: float | None) -> Lifted:
    """Return positions in metres."""
    scale = ASSUMED_HEIGHT if height is None else height
    if network.card.lift.unit != "heights":
        head, left, right = (network.keypoints.index(name) for name in STANDING)
        heels = 0.5 * (lifted.position[:, left] + lifted.position[:, right])
        tall = np.quantile(np.linalg.norm(lifted.position[:, head] - heels, axis=-1), UPRIGHT)
        scale *= TALL / float(tall)
    covariance = None if lifted.covariance is None else scale**2 * lifted.covariance
    return Lifted(scale * lifted.position, covariance)


def _whole_covariance(relative: Floats, place: Place, local: Floats, share: float) -> Floats:
    """Return covariances (T, K, 3, 3) in the camera: of the pose, the root's place, and the height."""
    scaled = local[..., :, None] * local[..., None, :]  # a taller person is farther away, all of her
    return np.asarray(relative + place.covariance[:, None] + share**2 * scaled)
