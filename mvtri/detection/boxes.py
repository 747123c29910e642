"""Person boxes from networks with non-maximum suppression inside, from undecoded YOLOX and from RF-DETR."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvtri.detection.crops import letterbox, shrink
from mvtri.detection.model import ImageModel
from mvtri.kernels.images.boxes import select_boxes
from mvtri.kernels.images.yuv import shrink_yuv
from mvtri.video import Frame

YOLOX_STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class People:
    """The people in one view, the highest score first.

    Attributes
    ----------
    boxes : ndarray, shape (P, 4)
        x1, y1, x2, y2 of the edges, px, pixel centres at integers.
    scores : ndarray, shape (P,)
        0..1.
    """

    boxes: np.ndarray
    scores: np.ndarray


class BoxDetector(ImageModel):
    """A network that finds people in whole images; made by `load_boxes`."""

    @property
    def kernels(self) -> list[Any]:
        """The kernel that shrinks the frames of usual videos."""
        return [shrink_yuv]

    def prepare(self, frames: Sequence[Frame]) -> np.ndarray:
        """Return frames (height, width, 3) BGR as the network's input (B, ...).

        The next call from the same thread writes over it.
        """
        spec = self.card.input
        out = self.batch_memory(len(frames))
        for index, frame in enumerate(frames):
            shrink(frame, spec, out[index])
        return out

    def decode(self, outputs: Sequence[np.ndarray], image_sizes: Sequence[tuple[int, int]]) -> list[People]:
        """Turn the outputs for B inputs into the people in B images of the given (width, height)."""
        found = []
        for index, size in enumerate(image_sizes):
            boxes, scores = self._candidates([output[index] for output in outputs])
            found.append(self._people(boxes, scores, size))
        return found

    def __call__(self, frames: Sequence[Frame], threads: int | None = None) -> list[People]:
        """Find the people in each of some frames (height, width, 3) BGR."""
        sizes = [(frame.shape[1], frame.shape[0]) for frame in frames]
        found: list[People] = []
        for part in self.network.batches(len(frames)):
            outputs = self.network.run(self.prepare(frames[part]), threads or self.threads)
            found += self.decode(outputs, sizes[part])
        return found

    def _candidates(self, outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (P, 4) in input pixels (edges at 0 and w) and scores (P,) of what may be a person."""
        label = self.card.output.label
        if self.card.output.kind == "yolox":
            scores = outputs[0][:, 4].astype(np.float64) * outputs[0][:, 5 + label]
            sure = np.flatnonzero(scores >= self.card.boxes.score)  # few, so the others are not decoded
            values = decode_yolox(outputs[0], self.card.input.size, sure)
            half = 0.5 * values[:, 2:4]
            boxes = np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)
            return boxes, scores[sure]
        if self.card.output.kind == "detr":
            return decode_detr(outputs[0], outputs[1], label, self.card.input.size, self.card.boxes.score)
        rows = outputs[0]
        person = outputs[1] == label if len(outputs) > 1 else np.ones(len(rows), dtype=bool)
        return rows[person, :4].astype(np.float64), rows[person, 4].astype(np.float64)

    def _people(self, boxes: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> People:
        spec = self.card.boxes
        scale = letterbox(size, self.card.input).scale
        return People(*select_boxes(boxes, scores, spec.score, spec.overlap, scale, size))

    def check_outputs(self, outputs: Sequence[np.ndarray]) -> None:
        """Raise InputError if `outputs`, those for a blank image, are not boxes as the card says."""
        card = self.card
        shapes = [tuple(output.shape) for output in outputs]
        width, height = card.input.size
        cells = sum((width // s) * (height // s) for s in YOLOX_STRIDES)
        if card.output.kind == "detr":
            good = len(shapes) > 1 and all(len(shape) == 3 for shape in shapes[:2])
            good = good and shapes[0][1] == shapes[1][1] and shapes[0][2] == 4
            good = good and shapes[1][2] > card.output.label
            expected = "(1, Q, 4) for boxes and (1, Q, classes) for logits"
        elif card.output.kind == "yolox":
            good = len(shapes[0]) == 3 and shapes[0][1] == cells and shapes[0][2] > 5 + card.output.label
            expected = f"(1, {cells}, 5 + classes)"
        else:
            good = len(shapes[0]) == 3 and shapes[0][2] == 5 and all(len(shape) == 2 for shape in shapes[1:2])
            expected = "(1, P, 5) and labels (1, P)"
        if not good:
            raise self.not_fitting(f"its outputs have the shapes {shapes}, expected {expected}")


def decode_detr(
    boxes: np.ndarray, logits: np.ndarray, label: int, size: tuple[int, int], least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Decode the queries of a DETR network that are sure of a person.

    Parameters
    ----------
    boxes, logits : ndarray, shapes (Q, 4) and (Q, C)
        Centre x and y, width and height in 0..1 of the input; a logit per class, for sigmoids.
    label : int
        The column of persons.
    size : (int, int)
        Width and height of the input, px.
    least : float
        The least score.

    Returns
    -------
    boxes, scores : ndarray, shapes (P, 4) and (P,)
        x1, y1, x2, y2 in input pixels, edges at 0 and the width.
    """
    scores = 0.5 * (1.0 + np.tanh(0.5 * logits[:, label].astype(np.float64)))  # sigmoid, never too large
    sure = np.flatnonzero(scores >= least)
    values = boxes[sure].astype(np.float64)
    half = 0.5 * np.maximum(values[:, 2:], 0.0)
    edges = np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)
    return edges * (*size, *size), scores[sure]


def decode_yolox(values: np.ndarray, size: tuple[int, int], rows: np.ndarray) -> np.ndarray:
    """Decode some of YOLOX's raw rows (x, y, w, h, ...) to input pixels, all columns as float64.

    Ge et al., YOLOX, 2021: centre = (value + cell) * stride, extent = exp(value) * stride.
    """
    cells, strides = _yolox_grid(size)
    decoded: np.ndarray = values[rows].astype(np.float64)
    decoded[:, :2] = (decoded[:, :2] + cells[rows]) * strides[rows]
    decoded[:, 2:4] = np.exp(np.minimum(decoded[:, 2:4], 20.0)) * strides[rows]
    return decoded


@functools.cache
def _yolox_grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row (P, 2) and stride (P, 1) of the cells of the grids of strides 8, 16 and 32."""
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        y, x = np.mgrid[:rows, :columns]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((rows * columns, 1), float(stride)))
    return np.concatenate(cells), np.concatenate(strides)
