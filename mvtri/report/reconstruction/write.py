"""The report of a reconstruction: what it is made of, and in what order."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.diagnostics.diagnosis import Diagnosis, diagnose
from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, image_diagonals
from mvtri.errors import InputError
from mvtri.report.html.page import write_page
from mvtri.report.reconstruction import curves, figure3d, joint_angles, plots, sections
from mvtri.report.reconstruction.pictures import pictures_section
from mvtri.report.reconstruction.spine import (
    FittedSpine,
    angles_over_time,
    curves_at_moments,
    fit_spines,
)
from mvtri.report.reconstruction.truth import match_truth

if TYPE_CHECKING:
    from mvtri.biomechanics import FittedBody
    from mvtri.cameras import CameraGroup
    from mvtri.kinematics.body_angles import Spine


def write_report(
    path: str | os.PathLike[str],
    tracks: xr.Dataset,
    cameras: "CameraGroup | None" = None,
    *,
    videos: Sequence[str | os.PathLike[str]] | None = None,
    title: str | None = None,
    truth: xr.Dataset | np.ndarray | None = None,
    scores: Any = None,
    summary: Mapping[str, Any] | None = None,
    frame_indices: Sequence[int] | np.ndarray | None = None,
    body: "Spine | None" = None,
    diagnosis: Diagnosis | None = None,
    bodies: "Sequence[FittedBody]" = (),
) -> Path:
    """Write a self-contained HTML report about tracks, with `mvtri.report.html.page.write_page`.

    Parameters
    ----------
    path : path
        The HTML file.
    tracks : xarray.Dataset
        Tracks; where a variable other than position and confidence is missing, its section says so.
    cameras : CameraGroup, optional
        Those the tracks were made with, matched by name; without them there are no pictures and no verdict.
    videos : sequence of path, optional
        One per camera, in the order of `cameras`, for the pictures, which are blank without videos.
    title : str, optional
        The headline.
    truth : xarray.Dataset or ndarray, shape (T, N, K, 3), optional
        True positions, m; a dataset is matched by time and by the names of its keypoints and individuals.
    scores : sequence of mappings, or pandas.DataFrame, optional
        A table of scores: the mappings' keys are its columns.
    summary : mapping of str to value, optional
        Further facts for the head of the page, such as ``{"session": ..., "detector": ...}``.
    frame_indices : array_like of int, shape (T,) or (T, C), optional
        The frame of the videos that each frame of the tracks came from, the same in all videos or each one's
        own, -1 where it has none; by default ``time * fps``, or the
        time itself where the tracks count frames.
    body : Spine, optional
        What `mvtri.measure_body` found in the tracks: the spine's curve and angles are drawn.  By default it
        measures some frames of smoothed tracks, and none of others.
    diagnosis : Diagnosis, optional
        What `mvtri.diagnostics.diagnose` says of `tracks` and `cameras`, where that is known already.
    bodies : sequence of FittedBody, optional
        Body models that were fitted to people of the tracks: their joint angles are drawn.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        If `tracks` is not Tracks, or the numbers of videos, cameras and frames do not match.
    """
    recording = read_recording(tracks)
    _check(recording, cameras, videos, frame_indices)
    real = match_truth(truth, recording)
    diagonals = {} if cameras is None else image_diagonals(cameras)
    diagnosis = diagnosis or diagnose(tracks, cameras)
    rows = diagnosis.cameras
    spine = _people_with_spine(recording)
    fitted = fit_spines(tracks, recording, real, body)
    models = joint_angles.bodies_of(recording, bodies)
    headline = title or "Reconstruction in 3D"
    page = [
        sections.head(recording, tracks, headline, diagnosis.verdicts, summary, bool(models)),
        sections.scores_section(scores),
        sections.viewer_section(recording, _known(truth, real), cameras),
        pictures_section(recording, cameras, videos, _frame_numbers(recording, tracks, frame_indices)),
        sections.reprojection_section(recording, rows, diagnosis.evidence),
        sections.coverage_section(recording),
        sections.trajectory_section(recording, real is not None),
        sections.spine_section(recording, spine, real is not None, fitted),
        joint_angles.body_section(recording, models),
        sections.provenance_section(tracks),
    ]
    if not recording.position.size:
        return write_page(path, headline, page, {})
    figures = _figures(recording, cameras, real, rows, diagonals, spine, fitted)
    figures |= {f"joints-{who}": joint_angles.joint_angles(recording, one) for who, one in models.items()}
    return write_page(path, headline, page, figures, curves.trajectories(recording, real))


def _figures(
    recording: Recording,
    cameras: "CameraGroup | None",
    real: np.ndarray | None,
    rows: list[CameraSummary],
    diagonals: dict[str, float],
    spine: list[int],
    fitted: dict[int, FittedSpine],
) -> dict[str, Any]:
    """Return all plots, by the name of their place in the page."""
    figures = {"viewer": figure3d.skeleton_plot(recording, cameras, real)}
    if rows:
        figures["residuals-camera"] = plots.residuals_by_camera(recording)
        figures["views-camera"] = plots.views_by_camera(rows)
        figures["residuals-keypoint"] = plots.residuals_by_keypoint(recording)
        figures["residual-grid"] = plots.residual_grid(recording, diagonals)
    for person in range(len(recording.people)):
        figures[f"coverage-{person}"] = plots.coverage_over_time(recording, person)
    for person in spine:
        figures[f"spine-{person}"] = curves.spine_curves(recording, person)
        figures[f"bend-{person}"] = curves.spine_angles(recording, person, real)
        if person in fitted:
            figures[f"moments-{person}"] = curves_at_moments(recording, fitted[person])
            figures[f"angles-{person}"] = angles_over_time(recording, fitted[person])
    return figures


def _people_with_spine(recording: Recording) -> list[int]:
    if not sections.has_spine(recording):
        return []
    whole = np.isfinite(recording.position[:, :, recording.spine]).all(axis=(2, 3))
    return np.flatnonzero(whole.any(axis=0)).tolist()


def _known(truth: object, real: np.ndarray | None) -> str:
    return "none" if truth is None else "unmatched" if real is None else "drawn"


def _frame_numbers(
    recording: Recording, tracks: xr.Dataset, given: Sequence[int] | np.ndarray | None
) -> np.ndarray | None:
    if given is not None:
        return np.asarray(given)
    fps = tracks.attrs.get("fps")
    if recording.clocked and not fps:
        return None
    return np.round(recording.times * (fps if recording.clocked else 1)).astype(np.intp)


def _check(
    recording: Recording,
    cameras: "CameraGroup | None",
    videos: Sequence[Any] | None,
    frame_indices: Sequence[int] | np.ndarray | None,
) -> None:
    wrong = []
    if videos is not None and cameras is not None and len(videos) != len(cameras):
        wrong.append(f"{len(videos)} videos were given for {len(cameras)} cameras")
    if frame_indices is not None and len(frame_indices) != len(recording.times):
        wrong.append(
            f"{len(frame_indices)} frame_indices were given for {len(recording.times)} frames of tracks"
        )
    if cameras is not None:
        unknown = [name for name in recording.cameras if name not in cameras.names]
        if unknown:
            wrong.append(f"the tracks' cameras {', '.join(unknown)} are not among {', '.join(cameras.names)}")
    if wrong:
        raise InputError(f"no report can be made: {'; '.join(wrong)}")
