"""Pose networks: from crops to keypoints with score, covariance and further modes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mvtri.detection.crops import Crop, crop_of_box, cut
from mvtri.detection.model import ImageModel
from mvtri.errors import InputError
from mvtri.kernels.heatmaps import decode as heatmaps
from mvtri.kernels.heatmaps import simcc
from mvtri.kernels.images.boxes import keypoint_boxes
from mvtri.kernels.images.yuv import sample_yuv
from mvtri.models.image_card import ImageCard
from mvtri.models.onnx_session import Network
from mvtri.skeletons import Skeleton, get_skeleton
from mvtri.video import Frame

RULES = {
    "argmax": heatmaps.ARGMAX,
    "quadratic": heatmaps.QUADRATIC,
    "dark": heatmaps.DARK,
    "udp": heatmaps.UDP,
}
MODE_FLOOR = 0.1  # further modes are at least this fraction of the highest
MODE_DISTANCE = 3.0  # and this many heatmap cells (SimCC: twice as many input pixels) apart
# Input pixels: the smallest standard deviation, half a heatmap cell.  In the demo the most certain positions
# are off by half of it; but views do not agree about the exact place of a keypoint any better than this, and
# smaller values made 3D worse (MPJPE 11.5 mm with 1 px, 10.9 with 2, 11.0 with 4, 11.3 with equal weights).
MIN_SIGMA = 2.0
SIMCC_PART = 0.5  # a Gaussian is fitted to the bins down to this part of a peak


@dataclass(frozen=True)
class Poses:
    """Keypoints of B people, in image pixels.

    Attributes
    ----------
    position : ndarray, shape (B, K, M, 2)
        px, centres at integers, the best mode first; NaN where there are fewer than M.
    score : ndarray, shape (B, K, M)
        0..1; 0 where there are fewer.
    covariance : ndarray, shape (B, K, 2, 2)
        Of the first mode, px^2.
    """

    position: np.ndarray
    score: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class Heatmaps:
    """The heatmaps of B people; image pixel = origin + scale * (column, row), pixel centres at integers.

    Attributes
    ----------
    values : ndarray, shape (B, K, H, W)
        As the network returned them.
    origins : ndarray, shape (B, 2)
        px.
    scales : ndarray, shape (B, 2)
        Image pixels per cell, along x and y.
    """

    values: np.ndarray
    origins: np.ndarray
    scales: np.ndarray


class Detector(ImageModel):
    """A network that finds the keypoints of a person in a crop; made by `load_detector`."""

    has_covariance = True
    finds_everybody = False  # without person boxes

    def __init__(self, card: ImageCard, network: Network, threads: int, sha256: str):
        self.skeleton: Skeleton = get_skeleton(card.skeleton)
        self._taps = gaussian_taps(card.output.blur)
        super().__init__(card, network, threads, sha256)

    @property
    def keypoints(self) -> tuple[str, ...]:
        """The K names, in the order of the arrays."""
        return self.skeleton.keypoints

    @property
    def kernels(self) -> list[Any]:
        """The kernels that cut crops out of the frames of usual videos and decode, to be compiled ahead."""
        decode = simcc.decode_simcc if self.card.output.kind == "simcc" else heatmaps.decode_heatmaps
        return [decode, sample_yuv, heatmaps.to_image, *([] if self.needs_boxes else [keypoint_boxes])]

    @property
    def needs_boxes(self) -> bool:
        """Whether people have to be found by a box detector first."""
        return self.card.boxes.mode == "detector"

    def prepare(self, frames: Sequence[Frame], crops: Sequence[Crop]) -> np.ndarray:
        """Cut one crop from each frame (height, width, 3) BGR; return the network's input (B, ...).

        The next call from the same thread writes over it.
        """
        spec = self.card.input
        out = self.batch_memory(len(frames))
        for index, (frame, crop) in enumerate(zip(frames, crops)):
            cut(frame, crop, spec, out[index])
        return out

    def find(self, frames: Sequence[Frame], crops: Sequence[Crop], modes: int = 1, threads: int = 1) -> Poses:
        """Find the keypoints in one crop of each frame, in as few batches as the network allows."""
        inputs = self.prepare(frames, crops)
        parts = []
        for part in self.network.batches(len(inputs)):
            outputs = self.network.run(inputs[part], threads)
            parts.append(self.decode(outputs, crops[part], modes))
        return parts[0] if len(parts) == 1 else _joined(parts)

    def decode(self, outputs: Sequence[np.ndarray], crops: Sequence[Crop], modes: int = 1) -> Poses:
        """Turn the outputs for B crops into positions in the image."""
        count, keypoints = outputs[0].shape[:2]
        poses = Poses(
            np.empty((count, keypoints, modes, 2)),
            np.empty((count, keypoints, modes)),
            np.empty((count, keypoints, 2, 2)),
        )
        is_simcc = self.card.output.kind == "simcc"
        step = self._decode_simcc(outputs, poses) if is_simcc else self._decode_heatmaps(outputs[0], poses)
        scale = np.array([crop.scale for crop in crops])
        origin = np.array([(crop.x0, crop.y0) for crop in crops])
        offset = np.array(self.card.output.offset, dtype=np.float64)
        heatmaps.to_image(poses.position, poses.score, poses.covariance, step, offset, origin, scale)
        return poses

    def _decode_simcc(self, outputs: Sequence[np.ndarray], poses: Poses) -> np.ndarray:
        """Write positions in steps of the two axes, and return how large a step is, (2,)."""
        output = self.card.output
        step = np.full(2, 1.0 / output.split)
        along_x, along_y = (np.ascontiguousarray(axis, dtype=np.float32) for axis in outputs)
        simcc.decode_simcc(
            along_x,
            along_y,
            SIMCC_PART,
            output.decoding != "argmax",
            MODE_FLOOR,
            2.0 * MODE_DISTANCE * output.split,
            output.beta,
            output.sigma**2,
            (MIN_SIGMA / step[0]) ** 2,
            poses.position,
            poses.score,
            poses.covariance,
        )
        return step

    def _decode_heatmaps(self, maps: np.ndarray, poses: Poses) -> np.ndarray:
        """Write positions in cells of the maps, and return how large a cell is, (2,)."""
        output = self.card.output
        step = np.array(output.stride, dtype=np.float64)
        heatmaps.decode_heatmaps(
            np.ascontiguousarray(maps, dtype=np.float32),
            RULES[output.decoding],
            self._taps,
            MODE_FLOOR,
            MODE_DISTANCE,
            output.sigma**2,
            (MIN_SIGMA / step[0]) ** 2,
            poses.position,
            poses.score,
            poses.covariance,
        )
        return step

    def __call__(
        self,
        frames: Sequence[Frame],
        boxes: Sequence[np.ndarray],
        modes: int = 1,
        threads: int | None = None,
    ) -> list[Poses]:
        """Find the keypoints of the people in each of some frames.

        Parameters
        ----------
        frames : sequence of ndarray
            (height, width, 3) BGR, 8 bits.
        boxes : sequence of ndarray, shape (P, 4)
            For each frame its people: x1, y1, x2, y2, px.
        modes : int
            How many candidates to return per keypoint.
        threads : int, optional
            Of one network call; `self.threads` by default.

        Returns
        -------
        list of Poses
            One per frame, of its P people.
        """
        counts = [len(found) for found in boxes]
        crops = [crop_of_box(box, self.card.input) for found in boxes for box in found]
        if not crops:
            return [self._nobody(modes) for _ in frames]
        repeated = [frame for frame, count in zip(frames, counts) for _ in range(count)]
        all_poses = self.find(repeated, crops, modes, threads or self.threads)
        ends = np.cumsum(counts)
        parts = [slice(end - count, end) for end, count in zip(ends, counts)]
        return [
            Poses(all_poses.position[part], all_poses.score[part], all_poses.covariance[part])
            for part in parts
        ]

    def heatmaps(self, frames: Sequence[Frame], boxes: np.ndarray, threads: int | None = None) -> Heatmaps:
        """Return the heatmaps of one person in each frame.

        Parameters
        ----------
        frames : sequence of B ndarray
            (height, width, 3) BGR, 8 bits.
        boxes : ndarray, shape (B, 4)
            x1, y1, x2, y2, px, such as Detections have; NaN for nobody, whose heatmaps are NaN.
        threads : int, optional
            Of one network call; `self.threads` by default.

        Raises
        ------
        InputError
            If the network does not return heatmaps, or boxes do not fit frames.
        """
        output, boxes = self.card.output, np.asarray(boxes, dtype=np.float64)
        if output.kind != "heatmap":
            raise InputError(
                f"the detector {self.name} returns {output.kind}; expected one that returns heatmaps"
            )
        if boxes.shape != (len(frames), 4):
            raise InputError(
                f"boxes has the shape {boxes.shape}, expected ({len(frames)}, 4): one box per frame"
            )
        present = np.flatnonzero(np.isfinite(boxes).all(axis=1)).tolist()
        shape = [int(cells) for cells in self._shapes[0]]
        values = np.full((len(frames), *shape), np.nan, np.float32)
        origins, scales = np.full((len(frames), 2), np.nan), np.full((len(frames), 2), np.nan)
        crops = [crop_of_box(boxes[i], self.card.input) for i in present]
        inputs = self.prepare([frames[i] for i in present], crops)
        for part in self.network.batches(len(present)):
            values[np.array(present)[part]] = self.network.run(inputs[part], threads or self.threads)[0]
        for i, crop in zip(present, crops):
            origins[i] = crop.to_image(np.array(output.offset))
            scales[i] = crop.scale * np.array(output.stride)
        return Heatmaps(values, origins, scales)

    def _nobody(self, modes: int) -> Poses:
        K = len(self.skeleton)
        return Poses(np.empty((0, K, modes, 2)), np.empty((0, K, modes)), np.empty((0, K, 2, 2)))

    def check_outputs(self, outputs: Sequence[np.ndarray]) -> None:
        """Raise InputError if `outputs`, those for a blank image, are not what the card says."""
        self._shapes = [tuple(output.shape[1:]) for output in outputs]
        fits, expected = (self._simcc_fits if self.card.output.kind == "simcc" else self._heatmaps_fit)()
        if not fits:
            found = " and ".join(str(list(shape)) for shape in self._shapes)
            raise self.not_fitting(
                f"its outputs for one crop have the shapes {found}, expected {expected} "
                f"({self.card.skeleton}, {self.card.output.kind})"
            )

    def _simcc_fits(self) -> tuple[bool, str]:
        """Return whether the outputs are SimCC vectors as the card says, and the shapes that it says."""
        expected = [(len(self.skeleton), round(s * self.card.output.split)) for s in self.card.input.size]
        return self._shapes[:2] == expected, " and ".join(str(list(shape)) for shape in expected)

    def _heatmaps_fit(self) -> tuple[bool, str]:
        """Return whether the output is heatmaps as the card says, and the shape that it says."""
        strides, sizes = self.card.output.stride[::-1], self.card.input.size[::-1]
        expected = [len(self.skeleton), *(round(size / stride) for size, stride in zip(sizes, strides))]
        shape = self._shapes[0]
        fits = len(shape) == 3 and shape[0] == expected[0]
        fits = fits and all(
            abs(cells * stride - size) <= stride for cells, stride, size in zip(shape[1:], strides, sizes)
        )
        return fits, f"about {expected}"


def _joined(parts: Sequence[Poses]) -> Poses:
    names = [field.name for field in fields(Poses)]
    return Poses(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def gaussian_taps(count: int) -> np.ndarray:
    """Return a Gaussian of `count` taps with the sum 1, as wide as OpenCV makes it for that count.

    sigma = 0.3 ((count - 1) / 2 - 1) + 0.8, as in the reference decoders (OpenCV, getGaussianKernel).
    """
    if count <= 1:
        return np.ones(1)
    sigma = 0.3 * (0.5 * (count - 1) - 1.0) + 0.8
    at = np.arange(count) - 0.5 * (count - 1)
    weights = np.exp(-0.5 * (at / sigma) ** 2)
    taps: np.ndarray = weights / weights.sum()
    return taps
