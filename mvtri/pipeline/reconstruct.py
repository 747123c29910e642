"""`reconstruct`: detect, associate, triangulate; labelled tracks come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from mvtri.errors import InputError
from mvtri.pipeline.check_source import check_cameras, check_smoothing_of, is_no_smoothing
from mvtri.tracks import CAMERAS, INDIVIDUALS, to_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mvtri.cameras import CameraGroup
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress
    from mvtri.sessions import Session
    from mvtri.triangulation import TriangulationOptions, TriangulationResult


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
    left_right: str = "correct",
    candidates: str = "all",
    smooth: str = "none",
    fill: float | None = None,
    pose_covariance: ArrayLike | None = None,
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
    left_right : {"correct", "keep"}
        Whether left and right are exchanged back in views in which the detector took one for the other
        (`mvtri.triangulation.resolve_swaps`), where that is certain.
    candidates : {"all", "best"}
        Whether ``method="ransac"`` chooses among all candidates that the detector gives for a keypoint in a
        view (`mvtri.triangulation.triangulate_modes`), or takes the one with the best score.
    smooth : str
        A filter over time, such as ``"butterworth:6"``; see `mvtri.smooth`.
    fill : float, optional
        Seconds: gaps that last no longer are filled; see `mvtri.smooth`.
    pose_covariance : array_like, shape (6C, 6C), optional
        How uncertain the poses of the cameras are (`mvtri.calib.read_pose_covariance`): it goes into the
        covariances of the tracks.  A session has its own, where a file beside its calibration says it.
    workers : int, optional
        Threads of the triangulation; all cores by default.  Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    xarray.Dataset
        Tracks (`mvtri.tracks.make_tracks`): positions in m with covariance, inliers, residuals in px and
        status, the 2D that they were made from, and the provenance.  Where they were smoothed,
        ``measured_position`` holds what was triangulated.

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
    from mvtri.pipeline.choose_views import check_choices, correct_left_right
    from mvtri.pipeline.label import labelled
    from mvtri.pipeline.likely_causes import notes_on_lost_cameras, warn_of_bodies
    from mvtri.pipeline.synchronise import check_sync, synchronise
    from mvtri.plausibility import check_height, check_noise
    from mvtri.triangulation import with_calibration_uncertainty

    check_cameras(source)
    check_height(height)
    check_sync(sync)
    check_choices(left_right, candidates)
    check_smoothing_of(source, smooth, fill, frames)
    _compile_ahead(source, cameras, detector, boxes, smooth, left_right == "correct", candidates == "all")
    notes = _notes(source, detector)
    detections = _detections(source, detector, boxes, frames, progress)
    cameras = _cameras(source, cameras, detections)
    offsets, exchanged = None, dict[str, int]()
    if sync == "keypoints":
        detections, offsets = synchronise(detections, cameras)
    associated = _associated(detections, cameras, people, progress)
    if associated is not detections:
        notes += notes_on_lost_cameras(detections, associated, cameras)
    if left_right == "correct":
        associated, exchanged = correct_left_right(associated, cameras, workers)
    chosen, result = _triangulated(
        associated, cameras, method, candidates, progress, undistort=undistort, options=options,
        workers=workers,
    )  # fmt: skip
    if pose_covariance is None and not isinstance(source, xr.Dataset):
        pose_covariance = source.pose_covariance
    if pose_covariance is not None:
        result = with_calibration_uncertainty(result, cameras, pose_covariance)
    record: dict[str, Any] = {"method": method, "undistort": undistort, "people": people, "frames": frames}
    found: dict[str, Any] = {"left_right": exchanged, "notes": notes, "height": height}
    found["time_offsets"] = None if offsets is None else offsets.record()
    found["calibration_uncertainty"] = pose_covariance is not None
    record |= {name: value for name, value in found.items() if value}
    record["noise"] = result.noise.record()
    tracks = labelled(chosen, result, record)
    in_pixels = "covariance" not in associated
    if not (in_pixels and check_noise(result.noise.sigma, cameras)):  # else the size of bodies means nothing
        warn_of_bodies(tracks, height)
    return _smoothed(tracks, smooth, fill)


def associated_person(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None,
    detector: Detector | None,
    boxes: BoxDetector | None,
    frames: tuple[int, int, int] | None = None,
    progress: Progress | None = None,
) -> tuple[xr.Dataset, CameraGroup]:
    """Return the 2D of one person, associated over the views, and the cameras.

    Where no view shows more than one person, they are taken as they are: association would leave out the
    views of a camera that was moved.
    """
    detections = _detections(source, detector, boxes, frames, progress)
    cameras = _cameras(source, cameras, detections)
    if detections.sizes[INDIVIDUALS] == 1:
        return detections, cameras
    return _associated(detections, cameras, 1, progress), cameras


def _smoothed(tracks: xr.Dataset, smooth: str, fill: float | None) -> xr.Dataset:
    if is_no_smoothing(smooth, fill):
        return tracks
    from mvtri.pipeline.smooth import smooth as smoothed

    return smoothed(tracks, smooth, fill)


def _compile_ahead(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None,
    detector: Detector | None,
    boxes: BoxDetector | None,
    smooth: str,
    left_right: bool,
    candidates: bool,
) -> None:
    """Compile what all steps need before the first one, so that it is done side by side and counted once."""
    from mvtri import association, smoothing, triangulation
    from mvtri.cameras.packing import undistortion_kernels
    from mvtri.compilation import compile_ahead
    from mvtri.pipeline.choose_views import has_candidates, sides_of

    kernels: list[Any] = []
    if isinstance(source, xr.Dataset):
        candidates = candidates and has_candidates(source)
        left_right = left_right and bool(sides_of(source))
    else:
        kernels += [kernel for network in (detector, boxes) if network for kernel in network.kernels]
        cameras = cameras or source.cameras
    kernels = [*triangulation.kernels_of(cameras, left_right, candidates), *kernels]
    if cameras is not None:
        kernels += undistortion_kernels(cameras)
    kernels += smoothing.kernels_of(smooth)
    compile_ahead(dict.fromkeys([*kernels, *association.KERNELS]))


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
    candidates: str,
    progress: Progress | None,
    **more: Any,
) -> tuple[xr.Dataset, TriangulationResult]:
    """Triangulate all keypoints of all people at once; return the 2D that was chosen, too."""
    from mvtri.pipeline.choose_views import has_candidates, triangulate_candidates
    from mvtri.pipeline.label import numbers_of
    from mvtri.triangulation import triangulate

    total = detections.sizes["time"]
    if progress:
        progress("triangulate", 0, total)
    if method == "ransac" and candidates == "all" and has_candidates(detections):
        chosen, result = triangulate_candidates(detections, cameras, **more)
    else:
        chosen = detections
        result = triangulate(
            numbers_of(detections, "position"),
            cameras,
            scores=numbers_of(detections, "confidence"),
            covariances=to_array(detections, "covariance") if "covariance" in detections else None,
            method=method,
            keypoint_axis=2,
            **more,
        )
    if progress:
        progress("triangulate", total, total)
    return chosen, result
