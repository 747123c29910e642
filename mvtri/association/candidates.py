"""The candidates of every view: who could be somebody, how big, how well visible, and along which rays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.kernels.association.distances import image_distances
from mvtri.tracks import to_array

MIN_KEYPOINTS = 4  # fewer are a hand at the edge, not a person (or all there are in smaller keypoint sets)
DUPLICATE_DISTANCE = 0.1  # body sizes between two detections of the same person in one image
MIN_SIZE = 10.0  # px; below it a body's size is not measured but assumed
CHUNK_BYTES = 64e6  # of working memory


@dataclass(frozen=True)
class Candidates:
    """All candidates of a recording.

    Attributes
    ----------
    position : ndarray, shape (T, N, K, C, 2)
        px, as detected; never copied as a whole.
    score : ndarray, shape (T, N, K, C)
    strength : ndarray, shape (T, C, N)
        Summed scores of the keypoints; 0 for an empty slot and for a duplicate of a stronger candidate.
    size : ndarray, shape (T, C, N)
        Score-weighted standard deviation of the keypoints about their mean, px; 0 where `strength` is.
    """

    position: np.ndarray
    score: np.ndarray
    strength: np.ndarray
    size: np.ndarray

    def chunks(self, frames: int, overlap: int = 0) -> Iterator[tuple[int, int]]:
        """Cut `frames` into ranges that fit into the working memory; neighbours share `overlap` frames."""
        yield from _chunks((frames, *self.position.shape[1:]), overlap)

    def read(self, frames: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions (F, C, N, K, 2) and weights (F, C, N, K) of `frames`, 0 for what is not used."""
        position, weight = _read(self.position[frames], self.score[frames])
        weight[self.strength[frames] == 0.0] = 0.0
        return position, weight

    def rays(
        self, frames: slice | np.ndarray, cameras: CameraGroup
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return unit rays (F, C, N, K, 3) in the world, weights (F, C, N, K), and sizes (F, C, N) in rad."""
        position, weight = self.read(frames)
        normal = cameras.undistort(np.moveaxis(position, 1, 3))  # (F, N, K, C, 2)
        rays = np.empty((*weight.shape, 3))
        for c, rotation in enumerate(cameras.rotations):
            rays[:, c] = normal[:, :, :, c] @ rotation[:2] + rotation[2]
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        weight[~np.isfinite(rays).all(axis=-1)] = 0.0
        focal = np.sqrt(cameras.matrices[:, 0, 0] * cameras.matrices[:, 1, 1])
        return rays, weight, self.size[frames] / focal[:, None]


def find_candidates(detections: xr.Dataset) -> Candidates:
    """Return the candidates of `detections`, duplicates within a view removed."""
    position, score = to_array(detections, "position"), to_array(detections, "confidence")
    frames, slots, keypoints, cameras = score.shape
    strength, size = np.zeros((frames, cameras, slots)), np.zeros((frames, cameras, slots))
    for start, stop in _chunks(position.shape):
        points, weight = _read(position[start:stop], score[start:stop])
        strong = (weight > 0).sum(axis=-1) >= min(MIN_KEYPOINTS, keypoints)
        total = np.where(strong, weight.sum(axis=-1), 0.0)
        strength[start:stop], size[start:stop] = total, np.where(strong, _sizes(points, weight), 0.0)
        _remove_duplicates(points, weight, strength[start:stop], size[start:stop])
    return Candidates(position, score, strength, size)


def _remove_duplicates(
    points: np.ndarray, weight: np.ndarray, strength: np.ndarray, size: np.ndarray
) -> None:
    slots = strength.shape[-1]
    if slots < 2:
        return
    distance = np.empty((*strength.shape, slots))
    image_distances(points, weight, size, 0, distance)
    order = np.arange(slots)
    weaker = strength[..., :, None] < strength[..., None, :]
    later = (strength[..., :, None] == strength[..., None, :]) & (order[:, None] > order)
    duplicate = ((distance < DUPLICATE_DISTANCE) & (weaker | later)).any(axis=-1)
    strength[duplicate] = size[duplicate] = 0.0


def _sizes(points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = np.maximum(weight.sum(axis=-1), 1e-12)
    mean = (points * weight[..., None]).sum(axis=-2) / total[..., None]
    variance = (((points - mean[..., None, :]) ** 2).sum(axis=-1) * weight).sum(axis=-1) / total
    sizes: np.ndarray = np.maximum(np.sqrt(variance), MIN_SIZE)
    return sizes


def _read(position: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.ascontiguousarray(np.moveaxis(position, 3, 1), dtype=np.float64)
    weight = np.array(np.moveaxis(score, 3, 1), dtype=np.float64, order="C")
    missing = ~(np.isfinite(points).all(axis=-1) & (weight > 0.0))
    weight[missing] = 0.0
    return np.where(missing[..., None], 0.0, points), weight


def _chunks(shape: tuple[int, ...], overlap: int = 0) -> Iterator[tuple[int, int]]:
    frames, slots, keypoints, cameras = shape[:4]
    people = slots * cameras
    count = max(int(CHUNK_BYTES / (8.0 * people * (8 * keypoints + 2 * people) + 1.0)), 1) + overlap
    for start in range(0, max(frames - overlap, 1), count - overlap):
        yield start, min(start + count, frames)
