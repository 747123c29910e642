"""People made up for the tests of file formats, with everything that tracks can hold."""

import numpy as np

from mvtri.skeletons import get_skeleton
from mvtri.tracks import Status, make_tracks

RNG = np.random.default_rng(3)


def person(frames=6, people=1, skeleton="coco17", missing=0.2, **changes):
    """Make up people of 1.8 m in a room, with everything that tracks can hold."""
    names = get_skeleton(skeleton).keypoints
    shape = (frames, people, len(names))
    position = RNG.uniform([-0.5, -0.5, 0.0], [0.5, 0.5, 1.8], (*shape, 3))
    gone = RNG.random(shape) < missing
    position[gone] = np.nan
    root = RNG.normal(0, 0.01, (*shape, 3, 3))
    given = {
        "keypoints": names,
        "fps": 50.0,
        "confidence": np.where(gone, 0.0, RNG.uniform(0.1, 1.0, shape)),
        "status": np.where(gone, Status.LOW_SCORE, Status.OK),
        "covariance": root @ root.swapaxes(-1, -2),
        "inliers": RNG.random((*shape, 4)) < 0.7,
        "residuals": np.where(RNG.random((*shape, 4)) < 0.2, np.nan, RNG.random((*shape, 4))),
        "position_2d": RNG.uniform(0, 1000, (*shape, 4, 2)),
        "confidence_2d": RNG.random((*shape, 4)).astype(np.float32),
        "cameras": ["a", "b", "c", "d"],
        "skeleton": skeleton,
        "provenance": {"call": "test", "parameters": {"threshold": 3.5}},
    }
    return make_tracks(position, **(given | changes))


def same_names(found, expected):
    for dim in ("keypoints", "individuals"):
        assert found[dim].to_numpy().tolist() == expected[dim].to_numpy().tolist()
