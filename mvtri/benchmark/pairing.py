"""Each individual of the 2D of a sequence, paired with its truth."""

from __future__ import annotations

from collections.abc import Sequence as Names
from dataclasses import dataclass, replace

import numpy as np

from mvtri.benchmark.observations import Observations
from mvtri.benchmark.tally import ScoredKeypoints, scored_keypoints
from mvtri.datasets import Sequence, oracle_detections
from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, align_truth, to_array


@dataclass(frozen=True)
class Pair:
    """The 2D of one individual and its truth.

    Attributes
    ----------
    observations : Observations
    truth : ndarray, shape (T, K', 3)
        The true positions of the keypoints that both have, m.
    places : list of int
        Where these K' keypoints are among those of the 2D.
    individual : int
        Which individual of the truth it is.
    """

    observations: Observations
    truth: np.ndarray
    places: list[int]
    individual: int

    @property
    def keypoints(self) -> ScoredKeypoints:
        """The keypoints that both have."""
        names = self.observations.keypoints
        return scored_keypoints(tuple(names[place] for place in self.places), self.observations.skeleton)

    def without_lenses(self) -> Pair:
        """Return the same with cameras whose lens distortion is ignored."""
        return replace(self, observations=self.observations.without_lenses())


def pair_with_truth(sequence: Sequence, people: Names[Observations]) -> list[Pair]:
    """Return each individual of the 2D with its truth, at the keypoints that both have.

    Individuals are paired by name; a single one is paired with a single true one, whatever their names.

    Raises
    ------
    InputError
        If the two do not hold the same individuals, have other numbers of frames, or no keypoint in common.
    """
    info, truth = sequence.info, sequence.truth
    known = [str(name) for name in truth[INDIVIDUALS].to_numpy()]
    found = [one.individual for one in people]
    if len(found) != len(known) or (len(known) > 1 and set(found) != set(known)):
        raise InputError(
            f"{info} holds {len(known)} people ({', '.join(known)}) and its 2D {len(found)} "
            f"({', '.join(found)}); expected the same names: choose another --setting or other sequences"
        )
    frames, keypoints = len(people[0].points), people[0].keypoints
    if frames != truth.sizes["time"]:
        raise InputError(
            f"{info} has {truth.sizes['time']} frames, its 2D {frames}; expected equal "
            "numbers, so store the 2D of all its frames"
        )
    alignment = align_truth(truth, keypoints, found)
    places = np.flatnonzero(alignment.keypoints >= 0).tolist()
    if not places:
        names = [str(name) for name in truth[KEYPOINTS].to_numpy()]
        raise InputError(
            f"the 2D of {info} has the keypoints {', '.join(keypoints[:3])} ... and its truth "
            f"{', '.join(names[:3])} ..., none in common; check the skeleton"
        )
    positions = alignment.positions(truth)[:, :, places]
    times = truth[TIME].to_numpy().astype(np.float64) if truth.attrs.get("fps") else None
    return [
        Pair(replace(one, times=times), positions[:, place], places, int(individual))
        for place, (one, individual) in enumerate(zip(people, alignment.individuals))
    ]


def true_pixels(sequence: Sequence, pair: Pair) -> np.ndarray:
    """Return the true pixels (T, K', C, 2) of the keypoints of a pair."""
    oracle = oracle_detections(sequence)
    names = [str(name) for name in oracle[KEYPOINTS].to_numpy()]
    at = [names.index(pair.observations.keypoints[place]) for place in pair.places]
    cameras = [sequence.cameras.names.index(name) for name in pair.observations.cameras.names]
    return to_array(oracle)[:, pair.individual][:, at][:, :, cameras]
