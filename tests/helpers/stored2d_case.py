"""A sequence of four views, and people detected in it, for the tests of stored 2D."""

import numpy as np
import writers_human36m as h36m
from writers_stored2d import COCO

from mvtri.calib import human36m_cameras
from mvtri.datasets.human36m.conventions import describe, label_truth
from mvtri.datasets.sequence import Sequence

CAMERAS = h36m.CAMERAS
FRAMES = 9


def make_sequence(name="WalkDog 1", subject="S9", frames=FRAMES, images=False, boxes=None):
    pose = h36m.people(frames, 32, seed=3)[:, h36m.SEVENTEEN] / 1000
    names = None
    if images:
        stem = f"{subject}_{name.replace(' ', '_')}"
        names = np.array(
            [
                [f"{subject}/{stem}.{camera}/{stem}.{camera}_{t + 1:06d}.jpg" for camera in CAMERAS]
                for t in range(frames)
            ]
        )
    return Sequence(
        describe(subject, name, frames),
        label_truth(pose, "a test"),
        human36m_cameras(subject),
        images=names,
        boxes=boxes,
    )


def make_people(count=17, frames=FRAMES, seed=1):
    """By camera, for each frame one person (K, 3); a keypoint missing here, a view with nobody there.

    All views show the same person, to a pixel or so, as S9's cameras do.
    """
    rng = np.random.default_rng(seed)
    points = h36m.people(frames, 32, seed=3)[:, :count] / 1000
    pixels = human36m_cameras("S9").project(points) + rng.normal(0, 1, (frames, count, len(CAMERAS), 2))
    people = {}
    for index, camera in enumerate(CAMERAS):
        scores = rng.uniform(0.2, 1.0, (frames, count, 1))
        people[camera] = [[person] for person in np.concatenate([pixels[:, :, index], scores], axis=-1)]
    people[CAMERAS[1]][2][0][5] = 0
    people[CAMERAS[3]][4] = []
    return people


def as_arrays(people, count=17):
    """Positions (T, K, C, 2) and scores (T, K, C) of the first person of each view."""
    values = np.stack(
        [
            np.stack([seen[0] if seen else np.zeros((count, 3)) for seen in frames])
            for frames in people.values()
        ],
        axis=2,
    )
    gone = values[..., 2] == 0
    return np.where(gone[..., None], np.nan, values[..., :2]), np.where(gone, 0.0, values[..., 2])


def add_passerby(people, score=0.1, at=(820.0, 120.0), first=True):
    """Return people with somebody small beside everybody, before or after them in the list."""
    beside = {}
    for camera, frames in people.items():
        rng = np.random.default_rng(8)
        count = len(next(seen for seen in frames if seen)[0])
        small = np.column_stack([np.array(at) + rng.uniform(0, 30, (count, 2)), np.full(count, score)])
        beside[camera] = [[small, *seen] if first else [*seen, small] for seen in frames]
    return beside


def labels(skeleton="coco17", keypoints=COCO):
    return {
        "keypoints": keypoints,
        "cameras": list(CAMERAS),
        "sizes": human36m_cameras("S9").image_sizes,
        "skeleton": skeleton,
    }
