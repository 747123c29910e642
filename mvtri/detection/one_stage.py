"""One-stage networks (RTMO): the boxes and keypoints of all people, from a whole image at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mvtri.detection.boxes import People
from mvtri.detection.crops import letterbox, shrink
from mvtri.detection.pose import Detector, Heatmaps, Poses
from mvtri.errors import InputError
from mvtri.kernels.images.yuv import shrink_yuv
from mvtri.video import Frame


class OneStageDetector(Detector):
    """A network that finds all people in whole images, each with box and keypoints; made by `load_detector`.

    Its output has one position per keypoint and no likelihood, so there are no further modes, and no
    covariances.
    """

    has_covariance = False
    finds_everybody = True

    @property
    def kernels(self) -> list[Any]:
        """The kernel that shrinks the frames of usual videos."""
        return [shrink_yuv]

    def find_people(
        self, frames: Sequence[Frame], modes: int = 1, threads: int | None = None
    ) -> list[tuple[People, Poses]]:
        """Find the people in each of some frames (height, width, 3) BGR; the best box comes first.

        All modes but the first are NaN with score 0, and so are all covariances.
        """
        found: list[tuple[People, Poses]] = []
        for part in self.network.batches(len(frames)):
            chosen = frames[part]
            inputs = self.batch_memory(len(chosen))
            for index, frame in enumerate(chosen):
                shrink(frame, self.card.input, inputs[index])
            boxes, keypoints = self.network.run(inputs, threads or self.threads)[:2]
            for index, frame in enumerate(chosen):
                size = (frame.shape[1], frame.shape[0])
                found.append(self.decode_people(boxes[index], keypoints[index], size, modes))
        return found

    def decode_people(
        self, boxes: np.ndarray, keypoints: np.ndarray, image_size: tuple[int, int], modes: int = 1
    ) -> tuple[People, Poses]:
        """Turn the boxes (P, 5) and keypoints (P, K, 3) of one input into the people of the image."""
        spec = self.card.boxes
        place = letterbox(image_size, self.card.input)
        rows = boxes.astype(np.float64)
        usable = np.isfinite(rows).all(axis=1) & (rows[:, 2:4] > rows[:, :2]).all(axis=1)
        sure = np.flatnonzero(usable & (rows[:, 4] >= spec.score))
        kept = sure[_suppress(rows[sure, :4], rows[sure, 4], spec.overlap)]
        people = People(place.to_image(rows[kept, :4]), np.clip(rows[kept, 4], 0.0, 1.0))
        values = keypoints[kept].astype(np.float64)
        pixels = values[..., :2] + np.array(self.card.output.offset)  # centres at integers
        count, number = values.shape[:2]
        position = np.full((count, number, modes, 2), np.nan)
        score = np.zeros((count, number, modes))
        position[:, :, 0] = (pixels + 0.5) * place.scale - 0.5
        score[:, :, 0] = np.clip(values[..., 2], 0.0, 1.0)
        unknown = ~np.isfinite(position[:, :, 0]).all(axis=-1) | ~np.isfinite(score[:, :, 0])
        position[unknown], score[unknown] = np.nan, 0.0
        return people, Poses(position, score, np.full((count, number, 2, 2), np.nan))

    def __call__(self, *given: Any, **options: Any) -> list[Poses]:
        """Raise InputError: this network takes no boxes."""
        raise InputError(f"the detector {self.name} finds boxes by itself; call find_people(frames)")

    def heatmaps(self, *given: Any, **options: Any) -> Heatmaps:
        """Raise InputError: this network has no heatmaps."""
        raise InputError(f"the detector {self.name} returns people; expected one that returns heatmaps")

    def check_outputs(self, outputs: Sequence[np.ndarray]) -> None:
        """Raise InputError if `outputs`, those for a blank image, are not people as the card says."""
        shapes = [tuple(output.shape) for output in outputs]
        number = len(self.skeleton)
        good = len(shapes) > 1 and len(shapes[0]) == 3 and len(shapes[1]) == 4
        good = good and shapes[0][2] == 5 and shapes[1][2:] == (number, 3) and shapes[0][1] == shapes[1][1]
        if not good:
            raise self.not_fitting(
                f"its outputs have the shapes {shapes}, expected (1, P, 5) for boxes and (1, P, {number}, 3) "
                f"for keypoints ({self.card.skeleton})"
            )


def _suppress(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> list[int]:
    """Return the indices of the boxes (P, 4) that stay, best first: no two overlap by more than `overlap`."""
    kept: list[int] = []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for index in np.argsort(-scores, kind="stable").tolist():
        corner = np.minimum(boxes[kept, 2:], boxes[index, 2:]) - np.maximum(boxes[kept, :2], boxes[index, :2])
        common = np.maximum(corner, 0.0).prod(axis=1)
        if not np.any(common > overlap * (areas[kept] + areas[index] - common)):
            kept.append(index)
    return kept
