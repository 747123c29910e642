"""Captured motion: a tree of bones, how each bone turns over time, and where its end is."""

from dataclasses import dataclass

import numpy as np

from mvtri.errors import InputError


@dataclass(frozen=True)
class Bones:
    """A skeleton at rest, upright: x forward, y left, z up.

    Attributes
    ----------
    names : tuple of str
        B bones, parents before children; the first is the root, which is a point.
    parents : tuple of int
        For each bone the row of its parent, at whose end it begins; -1 for the root.
    vectors : ndarray, shape (B, 3)
        From the beginning of each bone to its end, m.
    axes : ndarray, shape (B, 3, 3)
        The frame in which the angles of each bone are measured; a hinge turns about its x axis.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    vectors: np.ndarray
    axes: np.ndarray

    def index(self, name: str) -> int:
        """Return the row of the bone called `name`.

        Raises
        ------
        InputError
            If there is no such bone.
        """
        if name not in self.names:
            raise InputError(
                f"the skeleton has no bone called {name!r} (it has {', '.join(self.names)}); "
                "a body needs those of CMU's motion capture"
            )
        return self.names.index(name)


@dataclass(frozen=True)
class BoneMotion:
    """How a skeleton moves.

    Attributes
    ----------
    bones : Bones
    rotations : ndarray, shape (T, B, 3, 3)
        Rotation of each bone relative to its parent, from the rest pose; of the root relative to the world.
    positions : ndarray, shape (T, 3)
        Of the root, m, z up.
    fps : float
        Frames per second.
    """

    bones: Bones
    rotations: np.ndarray
    positions: np.ndarray
    fps: float

    def __len__(self) -> int:
        return len(self.positions)

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where each bone is (forward kinematics).

        Returns
        -------
        rotations : ndarray, shape (T, B, 3, 3)
            From the rest pose to the world.
        ends : ndarray, shape (T, B, 3)
            The end of each bone, m.
        """
        turned = np.empty_like(self.rotations)
        ends = np.empty((len(self), len(self.bones.names), 3))
        for bone, (parent, vector) in enumerate(zip(self.bones.parents, self.bones.vectors)):
            own = self.rotations[:, bone]
            turned[:, bone] = own if parent < 0 else turned[:, parent] @ own
            begin = self.positions if parent < 0 else ends[:, parent]
            ends[:, bone] = begin + turned[:, bone] @ vector
        return turned, ends

    def resampled(self, fps: float) -> "BoneMotion":
        """Return the motion at another frame rate, from the same first frame.

        Positions are interpolated linearly, rotations along the shortest arc.

        Parameters
        ----------
        fps : float
            Frames per second.

        Returns
        -------
        BoneMotion
            With `resampled_length` frames.

        Raises
        ------
        InputError
            If `fps` is not positive.
        """
        from scipy.spatial.transform import Rotation

        if not fps > 0:
            raise InputError(f"a motion cannot be resampled to {fps} frames per second; expected more than 0")
        if fps == self.fps:
            return self
        place = np.arange(resampled_length(len(self), self.fps, fps)) * (self.fps / fps)
        first = np.minimum(place.astype(int), max(len(self) - 2, 0))
        second = np.minimum(first + 1, len(self) - 1)
        share = place - first
        low, high = (Rotation.from_matrix(self.rotations[rows].reshape(-1, 3, 3)) for rows in (first, second))
        step = (low.inv() * high).as_rotvec() * np.repeat(share, len(self.bones.names))[:, None]
        turned = (low * Rotation.from_rotvec(step)).as_matrix().reshape(len(place), -1, 3, 3)
        way = self.positions[second] - self.positions[first]
        return BoneMotion(self.bones, turned, self.positions[first] + share[:, None] * way, fps)


def resampled_length(frames: int, rate: float, fps: float) -> int:
    """Return how many frames at `fps` lie within a recording.

    Parameters
    ----------
    frames : int
        Length of the recording.
    rate, fps : float
        Frames per second of the recording, and of the frames that are counted.

    Returns
    -------
    int
        The first frame of both is at the same time.
    """
    return int(np.floor((frames - 1) * fps / rate + 1e-9)) + 1
