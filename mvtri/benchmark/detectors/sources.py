"""Labels and results of recordings: labelled ones, and sessions whose only reference are detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.benchmark.detectors.labelled import (
    Candidate,
    Labelled,
    distances_to,
    found_at,
    label_detections,
    label_views,
)
from mvtri.datasets import Sequence as Recording
from mvtri.datasets import oracle_detections
from mvtri.errors import InputError
from mvtri.synthetic import self_occlusion
from mvtri.tracks import KEYPOINTS, TIME, to_array
from mvtri.video import Stills

if TYPE_CHECKING:
    from mvtri.benchmark.observations import Observations
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress
    from mvtri.sessions import Session

TRUTH = "the truth"


def clip(recording: Recording, frames: tuple[int, int, int]) -> Recording:
    """Return a recording with some frames of its truth (start, stop, step); its videos stay whole."""
    start, stop, step = frames
    chosen = slice(start, stop, step)
    truth = recording.truth.isel({TIME: chosen})
    if truth.attrs.get("fps"):
        truth.attrs["fps"] = truth.attrs["fps"] / step
    return replace(
        recording,
        truth=truth,
        detections=None if recording.detections is None else recording.detections.isel({TIME: chosen}),
        boxes=None if recording.boxes is None else recording.boxes[chosen],
        images=None if recording.images is None else recording.images[chosen],
    )


def label_recording(recording: Recording, synthetic: bool, frames: tuple[int, int, int]) -> Labelled:
    """Return the truth of a labelled recording, of which these are the `frames` of its videos, in all views.

    Of synthetic people, what the own body hides (`mvtri.synthetic.self_occlusion`) is labelled as hidden.
    """
    truth, cameras = recording.truth, recording.cameras
    keypoints = [str(name) for name in truth[KEYPOINTS].to_numpy()]
    points = np.asarray(to_array(truth), dtype=np.float64)
    return label_views(
        np.asarray(to_array(oracle_detections(recording)), dtype=np.float64),
        name=TRUTH,
        keypoints=keypoints,
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        skeleton=str(truth.attrs.get("skeleton", "")),
        hidden=self_occlusion(points, cameras, keypoints) if synthetic else None,
        distances=distances_to(points, cameras),
        videos=recording.videos,
        numbers=np.tile(np.arange(*frames)[:, None], (1, len(cameras))),
    )


def found_by(observed: Sequence[Observations], name: str, description: str) -> Candidate:
    """Return what a setting of the benchmark observes as what a detector found."""
    first = observed[0]
    spreads = [one.covariances for one in observed]
    known = [one for one in spreads if one is not None]
    return found_at(
        np.stack([one.points for one in observed], axis=1),
        np.stack([one.scores for one in observed], axis=1),
        first.keypoints,
        name,
        description,
        np.stack(known, axis=1) if len(known) == len(spreads) else None,
    )


def detect_in(
    recording: Recording,
    frames: tuple[int, int, int],
    detector: Detector,
    boxes: BoxDetector | None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return what a detector finds in the `frames` of the videos that the truth of a recording is of.

    Raises
    ------
    InputError
        If there are no videos, or they have another number of frames than the truth.
    """
    from mvtri.detection import detect

    if recording.videos is None:
        raise InputError(
            f"{recording.info} has no videos for a detector; give its results with --truth and --results, or "
            "choose a noise model with --setting"
        )
    cameras, truth = recording.cameras, recording.truth
    session = SimpleNamespace(
        camera_names=list(cameras.names),
        videos=recording.videos,
        fps=truth.attrs.get("fps"),
        image_sizes=cameras.image_sizes,
    )
    found = detect(session, detector, boxes, frames=frames, progress=progress)
    if found.sizes["time"] != truth.sizes["time"]:
        raise InputError(
            f"the videos of {recording.info} have {found.sizes['time']} frames and its truth "
            f"{truth.sizes['time']}; expected as many"
        )
    return found


def detect_in_pictures(
    labelled: Labelled, detector: Detector, boxes: BoxDetector | None, progress: Progress | None = None
) -> Candidate:
    """Return what a detector finds in labelled pictures, one by one.

    Raises
    ------
    InputError
        If the labels have no pictures, or one cannot be read.
    """
    from mvtri.detection import detect

    if labelled.pictures is None:
        raise InputError("a detector needs the labelled pictures; name their folder with --images")
    pixels, scores, spreads = [], [], []
    for place, (source, number) in enumerate(labelled.pictures):
        frame = next(iter(source.read([number])), None)
        if frame is None:
            raise InputError(f"{labelled.images[place]} cannot be read; a detector needs every picture")
        session = SimpleNamespace(
            camera_names=["image"],
            videos=(source,),
            fps=None,
            image_sizes=np.array([[frame.shape[1], frame.shape[0]]]),
        )
        found = detect(session, detector, boxes, frames=(number, number + 1, 1))
        pixels.append(to_array(found)[0])
        scores.append(to_array(found, "confidence")[0])
        spreads.append(to_array(found, "covariance")[0] if "covariance" in found else None)
        if progress:
            progress(f"detect ({detector.name})", place + 1, len(labelled.pictures))
    known = [one for one in spreads if one is not None]
    names = [str(one) for one in found[KEYPOINTS].to_numpy()]
    return found_at(
        _stacked(pixels, np.nan),
        _stacked(scores, 0.0),
        names,
        detector.name,
        "",
        _stacked(known, np.nan) if len(known) == len(spreads) else None,
    )


def references(session: Session, found: Mapping[str, xr.Dataset]) -> list[Labelled]:
    """Return what detectors can be compared with where there is no truth: each other, and their 3D.

    First the reconstruction from each detector, projected back into all views; then, where there are several,
    the first detector itself.

    Parameters
    ----------
    session : Session
    found : mapping of str to Detections
        What each detector found in its videos.
    """
    from mvtri.pipeline import reconstruct

    chosen, paired = session.chosen, session.paired_frames
    shape = (len(chosen), len(session.camera_names))
    numbers = np.broadcast_to(session.numbers[chosen][:, None], shape) if paired is None else paired[chosen]
    labels = []
    for name, detections in found.items():
        tracks = reconstruct(detections, session.cameras)
        labels.append(
            label_views(
                session.cameras.project(np.asarray(to_array(tracks), dtype=np.float64)),
                name=f"the reconstruction from {name}",
                keypoints=[str(one) for one in tracks[KEYPOINTS].to_numpy()],
                cameras=session.camera_names,
                image_sizes=session.image_sizes,
                skeleton=str(tracks.attrs.get("skeleton", "")),
                videos=session.videos,
                numbers=numbers,
                agreement=True,
            )
        )
    if len(found) > 1:
        name, detections = next(iter(found.items()))
        labels.append(label_detections(detections, name, session.videos, numbers))
    return labels


def pictures_of(folder: Path, names: Sequence[str]) -> list[tuple[Any, int]]:
    """Return the picture of each name in a folder.

    Raises
    ------
    InputError
        If a name leads out of the folder, or there is no such file.
    """
    root = folder.resolve()
    for name in names:
        if not (root / name).resolve().is_relative_to(root) or not (root / name).is_file():
            raise InputError(
                f"{folder} holds no picture {name}; expected the labelled pictures in that folder"
            )
    return [(Stills((folder / name,)), 0) for name in names]


def _stacked(values: Sequence[np.ndarray], missing: float) -> np.ndarray:
    """Return people of images (N, K, 1, ...) with as many places each, (images, N, K, 1, ...)."""
    most = max(len(one) for one in values)
    filled = [
        np.pad(one, [(0, most - len(one))] + [(0, 0)] * (one.ndim - 1), constant_values=missing)
        for one in values
    ]
    return np.stack(filled)
