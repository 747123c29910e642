"""Batches for the demo detector: rendered pictures, cropped, turned, recoloured and worn."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mvtri.skeletons import get_skeleton

SIZE = np.array([192, 256])
MEAN, STD = 127.5, 64.0
PADDING = 1.25
_MIRROR = get_skeleton("spinetrack37").mirror
_WEAR = np.random.default_rng(0).normal(0.0, 1.0, (400, 400, 3)).astype(np.float32)


class Pool:
    """The pictures of a folder of shards: JPEG bytes, keypoints (N, 37, 2) px and whether they are wide."""

    def __init__(self, folder: Path):
        self.images: list[np.ndarray] = []
        points, wides = [], []
        for labels in sorted(folder.glob("*/labels.npz")):
            with np.load(labels) as file:
                points.append(file["points"])
                wides.append(file["wide"])
            for index in range(len(points[-1])):
                self.images.append(np.fromfile(labels.parent / f"{index:03d}.jpg", dtype=np.uint8))
        self.points, self.wides = np.concatenate(points), np.concatenate(wides)

    def __len__(self) -> int:
        return len(self.images)

    def crop(self, index: int, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        """Return input (256, 192, 3) uint8 RGB and its keypoints (37, 2) px; varied if `rng` is given."""
        image = cv2.cvtColor(cv2.imdecode(self.images[index], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        points = self.points[index].astype(np.float64)
        wide = bool(self.wides[index])
        fill = 0.0
        if rng is not None:
            fill = float(rng.choice([0.0, 0.0, 114.0, 127.0]))
            if rng.random() < (0.6 if wide else 0.25):
                _frame(image, points, fill, rng)
        matrix, mirror = _matrix(points, wide, image.shape, rng)
        crop = cv2.warpAffine(
            image, matrix, tuple(int(v) for v in SIZE), flags=cv2.INTER_LINEAR, borderValue=(fill,) * 3
        )
        points = points @ matrix[:, :2].T + matrix[:, 2]
        if mirror:
            points = points[_MIRROR]
        if rng is not None:
            crop = _worn(crop, rng)
        return crop, points


def _frame(image: np.ndarray, points: np.ndarray, fill: float, rng: np.random.Generator) -> None:
    """Blank what would lie outside a smaller picture that still holds the person."""
    height, width = image.shape[:2]
    x0, y0 = np.clip(points.min(axis=0) - 4, 0, None)
    x1, y1 = np.minimum(points.max(axis=0) + 4, (width, height))
    for _ in range(int(rng.integers(1, 4))):
        side, share = rng.integers(0, 4), rng.uniform(0, 1)
        if side == 0:
            image[: int(share * y0)] = fill
        elif side == 1:
            image[int(y1 + share * (height - y1)) :] = fill
        elif side == 2:
            image[:, : int(share * x0)] = fill
        else:
            image[:, int(x1 + share * (width - x1)) :] = fill


def _matrix(
    points: np.ndarray, wide: bool, shape: tuple[int, ...], rng: np.random.Generator | None
) -> tuple[np.ndarray, bool]:
    """Return the affine map (2, 3) from picture to input (centres at integers), and whether it mirrors."""
    if wide:
        centre = 0.5 * np.array([shape[1] - 1, shape[0] - 1])
        height = float(shape[0])
    else:
        low, high = points.min(axis=0), points.max(axis=0)
        centre = 0.5 * (low + high)
        height = PADDING * max(high[1] - low[1], (high[0] - low[0]) * SIZE[1] / SIZE[0])
    angle, mirror = 0.0, False
    if rng is not None:
        spread = 0.08 if wide else 0.13
        height *= float(np.exp(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread)))
        centre = centre + rng.normal(0, 0.03, 2) * height
        angle = np.radians(rng.normal(0, 7.0)) if rng.random() < 0.6 else 0.0
        mirror = bool(rng.random() < 0.5)
    scale = SIZE[1] / height
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    if mirror:
        linear[0] *= -1
    return np.column_stack([linear, 0.5 * (SIZE - 1) - linear @ centre]), mirror


def _worn(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the crop with other colours, blur, noise, and now and then something in front."""
    level = np.arange(256) / 255.0
    gamma = np.exp(rng.normal(0, 0.22, 1) + rng.normal(0, 0.05, 3))
    contrast, light = rng.uniform(0.7, 1.25) * (1 + rng.normal(0, 0.07, 3)), rng.normal(0, 0.06, 3)
    table = 255 * np.clip((level[:, None] ** gamma - 0.5) * contrast + 0.5 + light, 0, 1)
    crop = cv2.LUT(crop, table.astype(np.uint8)[None])
    if rng.random() < 0.1:
        crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.35:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.3, 1.1))
    if rng.random() < 0.12:
        w, h = rng.integers(12, 50, 2)
        x, y = rng.integers(0, SIZE[0] - w), rng.integers(0, SIZE[1] - h)
        crop[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    if rng.random() < 0.5:
        y, x = rng.integers(0, 400 - 256), rng.integers(0, 400 - 192)
        wear = _WEAR[y : y + 256, x : x + 192] * rng.uniform(0, 9)
        crop = np.clip(crop + wear, 0, 255).astype(np.uint8)
    return crop


def batches(
    pool: Pool, size: int, seed: int, threads: int = 1, ahead: int = 6
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Return varied batches without end, which threads may share.

    Each is inputs (size, 256, 192, 3), uint8, and keypoints (size, 37, 2), px of the input.
    """
    ready: queue.Queue[tuple[np.ndarray, np.ndarray]] = queue.Queue(ahead)

    def work(number: int) -> None:
        rng = np.random.default_rng((seed, number))
        while True:
            for start in np.split(rng.permutation(len(pool)), range(size, len(pool), size)):
                if len(start) == size:
                    crops, points = zip(*(pool.crop(int(index), rng) for index in start))
                    ready.put((np.stack(crops), np.stack(points).astype(np.float32)))

    cv2.setNumThreads(1)
    for number in range(threads):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    return iter(ready.get, None)  # without end: None never comes
