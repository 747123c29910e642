"""`reconstruct`: detect, associate, triangulate; labelled tracks come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import (
    CAMERAS,
    INDIVIDUALS,
    KEYPOINTS,
    make_tracks,
    provenance_of,
    to_array,
    validate_detections,
)

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress
    from mvtri.sessions import Session
    from mvtri.triangulation import Noise, TriangulationOptions, TriangulationResult


def reconstruct(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None = None,
    detector: Detector | None = None,
    *,
    boxes: BoxDetector | None = None,
    people: int = 1,
    method: str = "ransac",
    undistort: bool = True,
    options: TriangulationOptions | None = None,
    frames: tuple[int, int, int] | None = None,
    height: float | None = None,
    sync: str = "none",
    smooth: str = "none",
    fill: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Reconstruct 3D tracks from several calibrated views.

    Parameters
    ----------
    source : Session or Detections
        A session folder opened by `mvtri.open_session`, in whose videos `detector` finds people, or 2D that
        is already detected (`mvtri.detect`, `mvtri.read_detections`).
    cameras : CameraGroup, optional
        The calibration; a session has its own.  It may hold more cameras than the detections do.
    detector : Detector, optional
        From `mvtri.load_detector`; needed where `source` is a session.
    boxes : BoxDetector, optional
        From `mvtri.detection.load_boxes`; needed where the detector wants person boxes.
    people : int
        How many people to find in detections that are not associated yet; must be 1 for now: the person
        with the greatest support (`mvtri.association.associate`).  Detections that are associated already
        may hold any number of people; all of them are triangulated.
    method : {"ransac", "dlt"}
        See `mvtri.triangulate`.
    undistort : bool
        False ignores lens distortion, as some other tools do; for comparison only.
    options : TriangulationOptions, optional
        Fine control of the triangulation.
    frames : (int, int, int), optional
        Start, stop and step; a session's own range by default.
    height : float, optional
        How tall the person is, m; only to notice a calibration of the wrong scale.
    sync : {"none", "keypoints"}
        Whether time offsets between the cameras are found from the keypoints, and taken out, before anything
        else is done with the 2D (`mvtri.synchronisation`).
    smooth : str
        A filter over time, such as ``"butterworth:6"``; see `mvtri.smooth`.
    fill : float, optional
        Seconds: gaps that last no longer are filled; see `mvtri.smooth`.
    workers : int, optional
        Threads of the triangulation; all cores by default.  Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    xarray.Dataset
        Tracks (`mvtri.tracks.make_tracks`): positions in m with covariance, inliers, residuals in px and
        status, the raw 2D, and the provenance.  Where they were smoothed, ``measured_position`` holds what
        was triangulated.

    Raises
    ------
    InputError
        If the parts do not fit each other, `people` is not 1, or the frames cannot be smoothed in this way;
        the sentence says what to do.

    Warns
    -----
    mvtri.plausibility.PlausibilityWarning
        If the 2D, the noise or the size of a person cannot be right.
    """
    from mvtri.pipeline.likely_causes import notes_on_lost_cameras, warn_of_bodies
    from mvtri.pipeline.synchronise import check_sync, synchronise
    from mvtri.plausibility import check_height, check_noise

    check_cameras(source)
    check_height(height)
    check_sync(sync)
    check_smoothing_of(source, smooth, fill, frames)
    _compile_ahead(source, cameras, detector, boxes, smooth)
    notes = _notes(source, detector)
    detections = _detections(source, detector, boxes, frames, progress)
    cameras = _cameras(source, cameras, detections)
    offsets = None
    if sync == "keypoints":
        detections, offsets = synchronise(detections, cameras)
    associated = _associated(detections, cameras, people, progress)
    if associated is not detections:
        notes += notes_on_lost_cameras(detections, associated, cameras)
    result = _triangulated(associated, cameras, method, undistort, options, workers, progress)
    record: dict[str, Any] = {"method": method, "undistort": undistort, "people": people, "frames": frames}
    if notes:
        record["notes"] = notes
    if height is not None:
        record["height"] = height
    if offsets is not None:
        record["time_offsets"] = offsets.record()
    record["noise"] = noise_record(result.noise)
    tracks = _labelled(associated, result, record)
    in_pixels = "covariance" not in associated
    if not (in_pixels and check_noise(result.noise.sigma, cameras)):  # else the size of bodies means nothing
        warn_of_bodies(tracks, height)
    return _smoothed(tracks, smooth, fill)


def check_cameras(source: Session | xr.Dataset) -> None:
    """Check, before any work is done, that there are enough cameras to triangulate.

    Raises
    ------
    InputError
        If there are fewer than two, or `source` is no Detections.
    """
    if isinstance(source, xr.Dataset):
        validate_detections(source)
    names = source[CAMERAS].to_numpy() if isinstance(source, xr.Dataset) else source.camera_names
    if len(names) < 2:
        listed = f" ({', '.join(map(str, names))})" if len(names) else ""
        raise InputError(
            f"found {len(names)} camera{listed}, but triangulation needs two or more; choose more cameras "
            "with --cams (cameras= in Python), or leave it out to use all cameras of the calibration"
        )


def check_smoothing_of(
    source: Session | xr.Dataset, smooth: str, fill: float | None, frames: tuple[int, int, int] | None = None
) -> None:
    """Check, before any work is done, that the frames of `source` can be smoothed; see `reconstruct`.

    Raises
    ------
    InputError
        What `mvtri.smoothing.check_smoothing` finds.
    """
    if _is_no_smoothing(smooth, fill):
        return
    from mvtri.smoothing import check_smoothing

    fps: float | None
    if isinstance(source, xr.Dataset):
        fps, times = source.attrs.get("fps"), source["time"].to_numpy()
        times = times if frames is None else times[slice(*frames)]
    else:
        chosen = source.timeline.chosen(frames or source.frame_range)
        fps = source.fps
        times = (source.numbers if source.times is None else source.times)[chosen]
    check_smoothing(smooth, fill, times.astype(np.float64), fps)


def _is_no_smoothing(smooth: str, fill: float | None) -> bool:
    return smooth.strip() == "none" and not fill


def _smoothed(tracks: xr.Dataset, smooth: str, fill: float | None) -> xr.Dataset:
    if _is_no_smoothing(smooth, fill):
        return tracks
    from mvtri import smoothing

    return smoothing.smooth(tracks, smooth, fill)


def _compile_ahead(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None,
    detector: Detector | None,
    boxes: BoxDetector | None,
    smooth: str,
) -> None:
    """Compile what all steps need before the first one, so that it is done side by side and counted once."""
    from mvtri import association, smoothing, triangulation
    from mvtri.cameras.packing import undistortion_kernels
    from mvtri.compilation import compile_ahead

    kernels: list[Any] = []
    if not isinstance(source, xr.Dataset):
        kernels += [kernel for network in (detector, boxes) if network for kernel in network.kernels]
        cameras = cameras or source.cameras
    kernels = [*triangulation.kernels_of(cameras), *kernels]
    if cameras is not None:
        kernels += undistortion_kernels(cameras)
    kernels += smoothing.kernels_of(smooth)
    compile_ahead(dict.fromkeys([*kernels, *association.KERNELS]))


def noise_record(noise: Noise) -> dict[str, Any]:
    """Return the noise that all covariances are based on, in the form that provenance stores."""
    return {
        "sigma": np.round(noise.sigma, 4).tolist(),  # px, or a factor of the detections' covariances
        "estimated": noise.estimated,
        "outlier_rate": round(noise.outlier_rate, 4),
        "outlier_spread": round(noise.outlier_spread, 2),
        "tail": noise.tail if np.isfinite(noise.tail) else None,
        "freedom": round(noise.freedom, 2) if np.isfinite(noise.freedom) else None,
        "systematic_share": round(noise.systematic_share, 4),
        "inflation": round(noise.inflation, 4),
        "shape": noise.shape,
    }


def _notes(source: Session | xr.Dataset, detector: Detector | None) -> list[str]:
    """Return what a reader of the tracks has to know and no number in them says."""
    if isinstance(source, xr.Dataset) or detector is None or source.is_demo:
        return []
    from mvtri.detection import DEMO_DETECTOR, DEMO_NOTE

    return [DEMO_NOTE] if detector.name == DEMO_DETECTOR else []


def _detections(
    source: Session | xr.Dataset,
    detector: Detector | None,
    boxes: BoxDetector | None,
    frames: tuple[int, int, int] | None,
    progress: Progress | None,
) -> xr.Dataset:
    if isinstance(source, xr.Dataset):
        return source if frames is None else source.isel(time=slice(*frames))
    if detector is None:
        raise InputError(
            "a session was given without a detector; pass detector=mvtri.load_detector(...), or Detections"
        )
    from mvtri.detection import detect

    return detect(source, detector, boxes=boxes, frames=frames or source.frame_range, progress=progress)


def _cameras(
    source: Session | xr.Dataset, cameras: CameraGroup | None, detections: xr.Dataset
) -> CameraGroup:
    if cameras is None:
        if isinstance(source, xr.Dataset):
            raise InputError("detections were given without cameras; pass cameras=mvtri.read_cameras(...)")
        cameras = source.cameras
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    return cameras if list(cameras.names) == names else cameras.subset(names)


def _associated(
    detections: xr.Dataset, cameras: CameraGroup, people: int, progress: Progress | None
) -> xr.Dataset:
    if detections.attrs.get("associated", 0):
        return detections
    from mvtri.association import associate
    from mvtri.pipeline.likely_causes import likely_cause

    try:
        return associate(detections, cameras, people=people, progress=progress)
    except InputError as error:
        cause = likely_cause(detections, cameras)
        if not cause:
            raise
        raise InputError(f"{error}. {cause}") from error


def _triangulated(
    detections: xr.Dataset,
    cameras: CameraGroup,
    method: str,
    undistort: bool,
    options: TriangulationOptions | None,
    workers: int | None,
    progress: Progress | None,
) -> TriangulationResult:
    """Triangulate all keypoints of all people at once: arrays (T, N, K, C)."""
    from mvtri.triangulation import triangulate

    points2d = _numbers(detections, "position")
    total = points2d.shape[0]
    if progress:
        progress("triangulate", 0, total)
    result = triangulate(
        points2d,
        cameras,
        scores=_numbers(detections, "confidence"),
        covariances=to_array(detections, "covariance") if "covariance" in detections else None,
        method=method,
        undistort=undistort,
        keypoint_axis=2,
        workers=workers,
        options=options,
    )
    if progress:
        progress("triangulate", total, total)
    return result


def _labelled(detections: xr.Dataset, result: TriangulationResult, record: dict[str, Any]) -> xr.Dataset:
    """Return Tracks of the people of `detections`; `record` goes into their provenance."""
    scores = _numbers(detections, "confidence")
    return make_tracks(
        result.points,
        keypoints=[str(name) for name in detections[KEYPOINTS].to_numpy()],
        fps=detections.attrs.get("fps"),
        times=detections["time"].to_numpy(),
        confidence=_mean_score(scores, result.inliers),
        covariance=result.covariances,
        random_sd=result.random_sd,
        systematic_sd=result.systematic_sd,
        status=result.status,
        inliers=result.inliers,
        residuals=result.residuals,
        position_2d=_numbers(detections, "position"),
        confidence_2d=scores,
        cameras=[str(name) for name in detections[CAMERAS].to_numpy()],
        individuals=[str(name) for name in detections[INDIVIDUALS].to_numpy()],
        skeleton=detections.attrs.get("skeleton", ""),
        provenance=provenance_of(detections) | {"reconstruct": record},
    )


def _numbers(detections: xr.Dataset, name: str) -> np.ndarray:
    """Return a variable in single precision if it has that, else in double precision."""
    values = to_array(detections, name)
    return values if values.dtype == np.float32 else values.astype(np.float64, copy=False)


def _mean_score(scores: np.ndarray, inliers: np.ndarray) -> np.ndarray:
    """Return the mean score (...) of the views (..., C) that a point was made from, 0 without any."""
    count = inliers.sum(axis=-1)
    total = np.sum(scores, axis=-1, dtype=np.float64, where=inliers & np.isfinite(scores))
    mean: np.ndarray = (total / np.maximum(count, 1)).astype(scores.dtype)
    return mean
