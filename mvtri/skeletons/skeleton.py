"""`Skeleton`: a named, ordered set of keypoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.errors import InputError, one_of


@dataclass(frozen=True)
class Skeleton:
    """A named, ordered set of keypoints.

    Attributes
    ----------
    name : str
        Such as ``"spinetrack37"``.
    description : str
        One sentence, with the source of the order.
    keypoints : tuple of str
        COCO/MMPose snake_case names, in the order of the arrays (K of them).
    links : tuple of (str, str)
        The pairs of keypoints that are drawn with a line between them.
    groups : dict of str to tuple of str
        Subsets that scores are reported for; ``"full"`` is always one of them.
    sigmas : tuple of float or None
        OKS standard deviations, one per keypoint, as a fraction of the object's scale; None where none are
        published.
    pairs : tuple of (str, str)
        Left and right partners whose names do not begin with ``left_`` and ``right_``.
    """

    name: str
    description: str
    keypoints: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    groups: dict[str, tuple[str, ...]]
    sigmas: tuple[float, ...] | None = None
    pairs: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.keypoints)

    def indices(self, names: str | Sequence[str]) -> np.ndarray:
        """Return the indices in `keypoints` of `names` (the name of a group, or names of keypoints).

        Raises
        ------
        InputError
            If a name is neither a group nor a keypoint of this skeleton.
        """
        if isinstance(names, str):
            names = self.groups.get(names, (names,))
        unknown = [name for name in names if name not in self.keypoints]
        if unknown:
            raise InputError(one_of(unknown[0], self.keypoints, f"keypoint of {self.name}"))
        return np.array([self.keypoints.index(name) for name in names], dtype=np.intp)

    @property
    def mirror(self) -> np.ndarray:
        """For each keypoint the index of its left-right partner, or its own index where it has none (K,)."""
        swap = {"left_": "right_", "right_": "left_"}
        partner = list(range(len(self)))
        for index, name in enumerate(self.keypoints):
            for side, other in swap.items():
                twin = other + name.removeprefix(side)
                if name.startswith(side) and twin in self.keypoints:
                    partner[index] = self.keypoints.index(twin)
        for first, second in self._pair_indices():
            partner[first], partner[second] = second, first
        return np.array(partner, dtype=np.intp)

    def _pair_indices(self) -> list[tuple[int, int]]:
        """Return `pairs` as indices into `keypoints`."""
        return [(self.keypoints.index(first), self.keypoints.index(second)) for first, second in self.pairs]

    @property
    def link_indices(self) -> np.ndarray:
        """The links as indices into `keypoints`, shape (L, 2)."""
        return np.array([self.indices(link) for link in self.links], dtype=np.intp).reshape(-1, 2)
