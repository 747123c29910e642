"""Markers for trying out the framework: from true keypoints to mocap markers and predicted pseudo-markers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.skeletons import get_skeleton
from mvtri.tracks import KEYPOINTS, TIME, to_array

Floats = NDArray[np.float64]
NOISE = 0.010  # m along each axis
MISSING = 0.05  # share of pseudo-markers
_SKELETON = "spinetrack37"


class MocapMarkers(NamedTuple):
    """What the framework starts from, and the truth; axes of the ground, y up.

    Attributes
    ----------
    mocap : ndarray, shape (T, A, 3)
        Markers of motion capture, m: the joints of the body, without noise.
    mocap_names : list of str
    predicted : ndarray, shape (T, B, 3)
        Pseudo-markers, m: points of the spine with noise; NaN where missing.
    predicted_names : list of str
    truth : ndarray, shape (T, K, 3)
        All keypoints, m.
    names : list of str
        Of the K keypoints.
    times : ndarray, shape (T,)
        s.
    """

    mocap: Floats
    mocap_names: list[str]
    predicted: Floats
    predicted_names: list[str]
    truth: Floats
    names: list[str]
    times: Floats


def mocap_markers(
    truth: xr.Dataset,
    noise: float = NOISE,
    missing: float = MISSING,
    seed: int | Sequence[int] = 0,
    predicted: Sequence[str] | None = None,
) -> MocapMarkers:
    """Return mocap markers and pseudo-markers of a person whose true keypoints are known.

    Parameters
    ----------
    truth : Tracks
        Of one person with the 37 keypoints of ``spinetrack37``, such as ``sequence.truth`` of the dataset
        ``synthetic-human36m``.
    noise : float
        Standard deviation of pseudo-markers along each axis, m; independent in each frame.
    missing : float
        Share of pseudo-markers that are missing, independently.
    seed : int or sequence of int
    predicted : sequence of str, optional
        The keypoints that are pseudo-markers; by default the group ``spine``: the chain from the sacrum to
        C1, head, nose, clavicles and latissimi.  All others are markers of motion capture.

    Returns
    -------
    MocapMarkers
        The same arguments give the same numbers.

    Raises
    ------
    InputError
        If keypoints are missing, or noise and share are no such numbers.
    """
    chosen = list(get_skeleton(_SKELETON).groups["spine"] if predicted is None else predicted)
    names = [str(name) for name in truth[KEYPOINTS].to_numpy()]
    lacking = [name for name in (*get_skeleton(_SKELETON).keypoints, *chosen) if name not in names]
    if lacking:
        raise InputError(f"the truth has no keypoint {lacking[0]!r}; expected the 37 of {_SKELETON}")
    if not (0 <= noise < np.inf and 0 <= missing < 1):
        raise InputError(
            f"noise is {noise} m and the share of missing markers {missing}; expected 0 or more, and a share "
            "below 1"
        )
    points = to_array(truth).astype(np.float64)
    if points.shape[1] != 1:
        raise InputError(f"the truth has {points.shape[1]} people; expected one")
    ground = points[:, 0] @ axis_matrix(None, None, "opensim").T
    rng = np.random.default_rng(seed)
    columns = [names.index(name) for name in chosen]
    pseudo = ground[:, columns] + rng.normal(0.0, noise, (len(ground), len(columns), 3))
    pseudo[rng.random(pseudo.shape[:2]) < missing] = np.nan
    others = [name for name in names if name not in chosen]
    mocap = ground[:, [names.index(name) for name in others]]
    times = truth[TIME].to_numpy().astype(np.float64)
    return MocapMarkers(mocap, others, pseudo, chosen, ground, names, times)
