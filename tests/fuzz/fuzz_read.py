"""Reading an input as users do, and what must be true of whatever was read."""

import math
from pathlib import Path
from typing import Any

import numpy as np


class ImplausibleError(Exception):
    """Something was accepted that no camera, person or clock can be."""


def read(reader: str, path: Path, options: dict[str, Any], forced: bool) -> None:
    """Read all of `path`; with `forced`, its format is named, else its content decides."""
    kind, _, name = reader.partition("/")
    format = name if forced else None
    _READ[kind](path, format, options)


def _calibration(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri import read_cameras

    cams = read_cameras(path, format, **options)
    check_cameras(cams)
    cams.project(np.array([[0.1, 0.2, 1.0], [3.0, -2.0, 0.5]]))


def check_cameras(cams: Any) -> None:
    """Raise where cameras cannot be; written without looking at how the readers check."""
    count = len(cams.names)
    _require(count > 0 and len(set(cams.names)) == count, "names")
    _require(all(isinstance(name, str) and name.strip() for name in cams.names), "names")
    sizes = np.asarray(cams.image_sizes, dtype=float)
    _require(sizes.shape == (count, 2) and np.isfinite(sizes).all(), "sizes")
    _require(bool((sizes >= 8).all() and (sizes <= 100_000).all()), f"sizes {sizes.tolist()}")
    for index in range(count):
        matrix, lens = np.asarray(cams.matrices[index]), np.asarray(cams.distortions[index])
        rotation, shift = np.asarray(cams.rotations[index]), np.asarray(cams.translations[index])
        for values in (matrix, lens, rotation, shift):
            _require(bool(np.isfinite(values).all()), "a number that is not finite")
        longer = sizes[index].max()
        focal = np.array([matrix[0, 0], matrix[1, 1]])
        _require(
            bool((focal > 0.01 * longer).all() and (focal < 1000 * longer).all()), f"focal lengths {focal}"
        )
        center = matrix[:2, 2] / sizes[index]
        _require(bool((np.abs(center - 0.5) < 5).all()), f"principal point {matrix[:2, 2]}")
        _require(bool(np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-3), "no rotation")
        _require(float(np.linalg.det(rotation)) > 0, "a mirrored camera")
        _require(bool(np.abs(shift).max() < 1e6), f"position {shift}")
        _require(float(np.abs(lens).max(initial=0.0)) < 1e7, f"distortion {lens}")


def _detections(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri import read_detections
    from mvtri.tracks import to_array

    found = read_detections(path, format, **options)
    score = to_array(found, "confidence")
    _require(bool(((score >= 0) & (score <= 1)).all()), "a score outside 0..1")
    _require(not np.isinf(to_array(found)).any(), "an infinite pixel")
    _require(bool((np.asarray(found["image_size"]) > 0).all()), "an image size")
    _check_labels(found)


def _tracks(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri import read_tracks
    from mvtri.tracks import to_array

    found = read_tracks(path, format, **options)
    position, score = to_array(found), to_array(found, "confidence")
    _require(not np.isinf(position).any(), "an infinite position")
    _require(bool((np.isnan(score) | ((score >= 0) & (score <= 1))).all()), "a confidence outside 0..1")
    _check_labels(found)


def _check_labels(found: Any) -> None:
    times = np.asarray(found["time"].to_numpy(), dtype=float)
    _require(bool(np.isfinite(times).all() and (np.diff(times) > 0).all()), "times that do not increase")
    fps = found.attrs.get("fps")
    _require(fps is None or (math.isfinite(fps) and fps > 0), f"a frame rate of {fps}")
    for dim in ("keypoints", "individuals"):
        names = [str(name) for name in found[dim].to_numpy()]
        _require(len(set(names)) == len(names), f"two {dim} of one name")


def _motion(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.formats import read_motion

    motion = read_motion(path, format, **options)
    times = getattr(motion, "times", None)
    if times is not None:
        _require(bool(np.isfinite(times).all() and (np.diff(times) > 0).all()), "times that do not increase")


def _dataset(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.datasets.registry import open_dataset

    if format == "synthetic-human36m" or (path.is_dir() and any(path.glob("*.amc"))):
        dataset = open_dataset("synthetic-human36m", path, **options)
    else:
        dataset = open_dataset(format, path, **options)
    for info in list(dataset.sequences)[:2]:
        loaded = dataset.load(info)
        check_cameras(loaded.cameras)
        _check_labels(loaded.truth)


def _card(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.models import read_card

    read_card(path)


def _skeleton(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.skeletons.definition import read_definition

    read_definition(path)


def _video(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.video.info import probe

    info = probe(path)
    times = np.asarray(info.times, dtype=float)
    _require(bool(np.isfinite(times).all() and (np.diff(times) > 0).all()), "times that do not increase")
    _require(all(0 < side < 100_000 for side in (info.width, info.height)), "a picture of no size")


def _model(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.models.onnx_check import external_locations

    external_locations(path)


def _require(true: bool, what: str) -> None:
    if not true:
        raise ImplausibleError(what)


def _body(path: Path, format: str | None, options: dict[str, Any]) -> None:
    from mvtri.biomechanics import read_osim

    model = read_osim(path, **options)
    for names in (model.bodies, model.coordinates, model.markers):
        _require(len(set(names)) == len(names), "two of one name")
    _require(bool((model.ranges[:, 0] <= model.ranges[:, 1]).all()), "an empty range")
    rotations, places = model.body_frames(model.full_coordinates(model.defaults[model.free]))
    _require(bool(np.isfinite(places).all()), "a body that is nowhere")
    squares = np.einsum("bij,bik->bjk", rotations, rotations)
    _require(bool(np.abs(squares - np.eye(3)).max() < 1e-6), "no rotation")
    _require(bool(np.abs(model.tree.marker_places).max(initial=0.0) < 1e4), "a marker far from its body")
    _require(bool(np.isfinite(model.marker_jacobians(model.defaults[model.free])[1]).all()), "a Jacobian")


_READ = {
    "calibration": _calibration,
    "2d": _detections,
    "tracks": _tracks,
    "motion": _motion,
    "dataset": _dataset,
    "card": _card,
    "skeleton": _skeleton,
    "video": _video,
    "model": _model,
    "body": _body,
}
