"""Whether the values of a labelled dataset can be what their names say: times, names, scores, positions."""

import numpy as np
import xarray as xr

from mvtri.tracks.labels import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME


def value_problems(dataset: xr.Dataset) -> list[str]:
    """Return what is wrong with the values of Detections or Tracks whose dimensions are right."""
    problems = _time_problems(dataset)
    for dim in (KEYPOINTS, INDIVIDUALS, CAMERAS):
        if dim in dataset.dims:
            names = [str(name) for name in dataset[dim].to_numpy().tolist()]
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                problems.append(f"two {dim} are called {twice[:80]!r}")
    for name in ("position", "confidence"):
        if dataset[name].dtype.kind not in "fiu":
            problems.append(f"{name} is made of {dataset[name].dtype}, expected numbers")
    if problems:
        return problems
    if np.isinf(dataset["position"].to_numpy()).any():
        problems.append("position holds infinite values")
    score = dataset["confidence"].to_numpy()
    if bool(((score < 0) | (score > 1)).any()):
        problems.append(f"confidence goes from {np.nanmin(score):g} to {np.nanmax(score):g}, expected 0 to 1")
    if "image_size" in dataset.coords:
        sizes = dataset["image_size"]
        if sizes.dims[:1] != (CAMERAS,) or sizes.shape[1:] != (2,) or sizes.dtype.kind not in "fiu":
            problems.append("image_size does not hold the width and height of each camera's images")
        elif not bool(((sizes.to_numpy() > 0) & (sizes.to_numpy() < 1e6)).all()):
            problems.append(f"image_size is {sizes.to_numpy().tolist()}, expected positive numbers of pixels")
    return problems


def _time_problems(dataset: xr.Dataset) -> list[str]:
    times = dataset[TIME].to_numpy()
    if times.dtype.kind not in "fiu":
        return [f"time is made of {times.dtype}, expected seconds or frame numbers"]
    if not np.isfinite(times).all() or (np.diff(times.astype(np.float64)) <= 0).any():
        return ["time does not increase from frame to frame"]
    fps = dataset.attrs.get("fps")
    if fps is not None and not (isinstance(fps, int | float | np.number) and 0 < fps < 1e9):
        return [f"fps is {str(fps)[:40]}, expected frames per second above 0"]
    return []
