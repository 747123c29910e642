"""Pose networks that find their person by themselves: first in the whole image, then in crops."""

import math
from collections.abc import Sequence

import numpy as np

from mvtri.detection.crops import Crop, crop_of_box, whole_image
from mvtri.detection.pose import Detector, Poses
from mvtri.kernels.images.boxes import keypoint_boxes
from mvtri.video import Frame

WHOLE, CLOSER, FOLLOW = "whole", "closer", "follow"
ENOUGH = 0.25  # fraction of the keypoints that must be found for a person to be there
SMALLEST = 8.0  # px, the larger side of the box around them


class SelfBoxes:
    """Finds one person in each of several views, frame after frame.

    As long as a view has no known person, the network gets the whole image, then a crop around the keypoints
    found there.  In the next frame it gets the crop around these keypoints first, and the whole image again
    when the person is lost.

    Parameters
    ----------
    detector : Detector
        One whose card says ``boxes.mode = "self"``.
    views : int
    """

    def __init__(self, detector: Detector, views: int):
        self.detector = detector
        self.boxes: list[np.ndarray | None] = [None] * views

    def find(
        self, views: Sequence[Frame | None], modes: int, threads: int
    ) -> list[tuple[np.ndarray, Poses] | None]:
        """Find the person in one frame of each view; return the crop's box and the pose (B = 1), or None.

        A view may have no frame (None) of this moment; its person is followed from the one before.
        """
        found: list[tuple[np.ndarray, Poses] | None] = [None] * len(views)
        frames = {view: frame for view, frame in enumerate(views) if frame is not None}
        queued = [(view, WHOLE if self.boxes[view] is None else FOLLOW, self.boxes[view]) for view in frames]
        while queued:
            crops = [self._crop(frames[view], box) for view, _, box in queued]
            poses = self.detector.find([frames[view] for view, _, _ in queued], crops, modes, threads)
            again = []
            for index, ((view, stage, box), seen) in enumerate(zip(queued, self._boxes(poses))):
                following = self._next(stage, seen, crops[index])
                if following is not None:
                    again.append((view, following, seen if following == CLOSER else None))
                    continue
                self.boxes[view] = seen
                if seen is not None and box is not None:
                    found[view] = (box, _single(poses, index))
            queued = again
        return found

    def _next(self, stage: str, seen: np.ndarray | None, crop: Crop) -> str | None:
        """Return the next image that a view needs: the whole one, a closer crop, or None when it is done."""
        if stage == WHOLE:
            return None if seen is None else CLOSER
        if stage == FOLLOW:
            if seen is None:
                return WHOLE
            return None if self._contains(crop, seen) else CLOSER
        return None

    def _contains(self, crop: Crop, box: np.ndarray) -> bool:
        """Return whether the box lies in the crop with a margin."""
        x1, y1, x2, y2 = box.tolist()
        width, height = self.detector.card.input.size
        margin = 0.02 * max(width, height)
        inside = (
            (x1 - crop.x0) / crop.scale >= margin
            and (y1 - crop.y0) / crop.scale >= margin
            and (x2 - crop.x0) / crop.scale <= width - 1 - margin
            and (y2 - crop.y0) / crop.scale <= height - 1 - margin
        )
        return bool(inside)

    def _crop(self, frame: Frame, box: np.ndarray | None) -> Crop:
        spec = self.detector.card.input
        return whole_image((frame.shape[1], frame.shape[0]), spec) if box is None else crop_of_box(box, spec)

    def _boxes(self, poses: Poses) -> list[np.ndarray | None]:
        """Return the box around the keypoints found in each crop, None where they are too few."""
        count, keypoints = poses.score.shape[:2]
        boxes = np.empty((count, 4))
        needed = max(3.0, ENOUGH * keypoints)
        keypoint_boxes(poses.position, poses.score, self.detector.card.boxes.score, needed, SMALLEST, boxes)
        return [None if math.isnan(box[0]) else box for box in boxes]


def _single(poses: Poses, index: int) -> Poses:
    part = slice(index, index + 1)
    return Poses(poses.position[part], poses.score[part], poses.covariance[part])
