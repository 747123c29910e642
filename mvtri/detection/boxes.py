"""Person boxes: RTMDet and its kin (NMS inside) and undecoded YOLOX."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.detection.card import Card
from mvtri.detection.crops import letterbox, scratch, shrink
from mvtri.detection.runtime import Network
from mvtri.errors import InputError

YOLOX_STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class People:
    """The people that one view shows, best first.

    Attributes
    ----------
    boxes : ndarray, shape (P, 4)
        x1, y1, x2, y2 of the edges, px, pixel centres at integers.
    scores : ndarray, shape (P,)
        0..1.
    """

    boxes: np.ndarray
    scores: np.ndarray


class BoxDetector:
    """A network that finds people in whole images; made by `load_boxes`."""

    def __init__(self, card: Card, network: Network, threads: int, sha256: str):
        self.card = card
        self.network = network
        self.threads = threads
        self.sha256 = sha256
        _check_fit(card, network)

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``."""
        return self.network.device

    def prepare(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Return frames (height, width, 3) BGR as the network's input (B, ...).

        It is written over by the next call from the same thread.
        """
        spec = self.card.input
        out = scratch("boxes", (len(frames), *image_shape(self.card)), self.network.dtype)
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

    def __call__(self, frames: Sequence[np.ndarray], threads: int | None = None) -> list[People]:
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
            values = decode_yolox(outputs[0], self.card.input.size)
            half = 0.5 * values[:, 2:4]
            boxes = np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)
            return boxes, values[:, 4] * values[:, 5 + label]
        rows = outputs[0]
        person = outputs[1] == label if len(outputs) > 1 else np.ones(len(rows), dtype=bool)
        return rows[person, :4].astype(np.float64), rows[person, 4].astype(np.float64)

    def _people(self, boxes: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> People:
        spec = self.card.boxes
        good = scores >= spec.score
        boxes, scores = boxes[good], scores[good]
        kept = suppress(boxes, scores, spec.overlap)
        boxes = letterbox(size, self.card.input).to_image(boxes[kept])
        limit = np.array([size[0] - 0.5, size[1] - 0.5] * 2)
        boxes = np.clip(boxes, -0.5, limit)
        large = ((boxes[:, 2] - boxes[:, 0]) >= 2) & ((boxes[:, 3] - boxes[:, 1]) >= 2)
        return People(boxes[large], np.clip(scores[kept][large], 0.0, 1.0))


def suppress(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Return the indices of the boxes that stay, best first: no two overlap by more than `overlap`.

    Parameters
    ----------
    boxes : ndarray, shape (P, 4)
    scores : ndarray, shape (P,)
    overlap : float
        Intersection over union.
    """
    order = np.argsort(-scores, kind="stable")
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1)
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.prod(np.maximum(high - low, 0.0), axis=1)
        union = areas[best] + areas[rest] - common
        order = rest[common <= overlap * np.maximum(union, 1e-9)]
    return np.array(kept, dtype=np.intp)


def decode_yolox(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Decode YOLOX's raw rows (x, y, w, h, ...) of the grids of strides 8, 16 and 32 to input pixels.

    Ge et al., YOLOX, 2021: centre = (value + cell) * stride, extent = exp(value) * stride.
    """
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        y, x = np.mgrid[:rows, :columns]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((rows * columns, 1), stride))
    stride_of = np.concatenate(strides).astype(np.float64)
    decoded = values.astype(np.float64)
    decoded[:, :2] = (decoded[:, :2] + np.concatenate(cells)) * stride_of
    decoded[:, 2:4] = np.exp(np.minimum(decoded[:, 2:4], 20.0)) * stride_of
    return decoded


def image_shape(card: Card) -> tuple[int, int, int]:
    """Return the shape of one input without the batch axis."""
    width, height = card.input.size
    return (3, height, width) if card.input.layout == "nchw" else (height, width, 3)


def _check_fit(card: Card, network: Network) -> None:
    found = check_input(card, network)
    shapes = [tuple(output.shape) for output in found]
    width, height = card.input.size
    cells = sum((width // s) * (height // s) for s in YOLOX_STRIDES)
    if card.output.kind == "yolox":
        good = len(shapes[0]) == 3 and shapes[0][1] == cells and shapes[0][2] > 5 + card.output.label
        expected = f"(1, {cells}, 5 + classes)"
    else:
        good = len(shapes[0]) == 3 and shapes[0][2] == 5 and all(len(shape) == 2 for shape in shapes[1:2])
        expected = "(1, P, 5) and labels (1, P)"
    if not good:
        raise InputError(
            f"{network.path} does not fit the card {card.name}: outputs {shapes}, expected {expected}"
        )


def check_input(card: Card, network: Network) -> list[np.ndarray]:
    """Run a blank image through the network and return the outputs, so that what does not fit shows now.

    Raises
    ------
    InputError
        If the input's shape is not the card's, or the network fails.
    """
    shape = image_shape(card)
    if any(have not in (None, want) for have, want in zip(network.shape[1:], shape)):
        raise InputError(
            f"{network.path} does not fit the card {card.name}: its input is {list(network.shape)}, and the "
            f"card says {card.input.size[0]} x {card.input.size[1]} pixels in {card.input.layout} layout"
        )
    try:
        return network.run(np.zeros((network.shape[0] or 1, *shape), network.dtype))
    except Exception as error:  # ONNX Runtime's own, without a common base
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{network.path} does not fit the card {card.name}: it fails on a blank image ({reason})"
        ) from error
