"""What a benchmark keeps of a sequence: sums and counts, from which every figure follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvtri import metrics
from mvtri.kinematics import spine_chain
from mvtri.skeletons import find_skeleton

MM, DEGREES, PERCENT = 1000.0, 180.0 / np.pi, 100.0
BIN = 2.0  # mm, of the histogram of errors
BINS = 151  # the last holds everything above 300 mm


@dataclass(frozen=True)
class Metric:
    """A figure that is reported.

    Attributes
    ----------
    label : str
        As tables head it.
    unit : str
    factor : float
        From what `mvtri.metrics` gives to that unit.
    is_rate : bool
        Whether it is a success rate, over all that was expected, and not a mean over what was scored.
    """

    label: str
    unit: str
    factor: float = MM
    is_rate: bool = False


METRICS = {
    "mpjpe": Metric("MPJPE", "mm"),
    "root_mpjpe": Metric("root-relative MPJPE", "mm"),
    "p_mpjpe": Metric("P-MPJPE", "mm"),
    "n_mpjpe": Metric("N-MPJPE", "mm"),
    "error_x": Metric("|x|", "mm"),
    "error_y": Metric("|y|", "mm"),
    "error_z": Metric("|z|", "mm"),
    "mpjve": Metric("MPJVE", "mm/frame"),
    "mpjae": Metric("MPJAE", "mm/frame²"),
    "pck50": Metric("PCK3D@50 mm", "%", PERCENT, True),
    "pck100": Metric("PCK3D@100 mm", "%", PERCENT, True),
    "pck150": Metric("PCK3D@150 mm", "%", PERCENT, True),
    "auc": Metric("AUC 0-150 mm", "%", PERCENT, True),
    "bone_length": Metric("bone length", "mm"),
    "spine_angle": Metric("spine angle", "degree", DEGREES),
    "trunk_angle": Metric("trunk angle", "degree", DEGREES),
    "in_ellipsoid": Metric("in 95 % ellipsoid", "%", PERCENT),
    "error_2d": Metric("2D error", "px", 1.0),
    "auc_2d": Metric("2D AUC", "%", PERCENT, True),
}
TRUNK = ("hip", "spine_03", "neck")  # sacrum, T12 and C7
PCK = {"pck50": 0.050, "pck100": 0.100, "pck150": 0.150}


@dataclass(frozen=True)
class ScoredKeypoints:
    """The keypoints of an array, and the places in it of those that scores need.

    Attributes
    ----------
    names : tuple of str
        K names, in the order of the arrays.
    groups : dict of str to tuple of int
        ``"full"`` and, where the skeleton has one, ``"spine"``.
    root : tuple of int
        The hip, or both hips; empty where neither is there.
    links : tuple of (int, int)
        Limbs, by their ends.
    chain : tuple of int
        The spine, bottom to top; empty where the skeleton has none.
    trunk : tuple of int
        Hip, T12 and neck; empty where one of them is not there.
    """

    names: tuple[str, ...]
    groups: dict[str, tuple[int, ...]]
    root: tuple[int, ...]
    links: tuple[tuple[int, int], ...]
    chain: tuple[int, ...]
    trunk: tuple[int, ...] = ()


def scored_keypoints(names: tuple[str, ...], skeleton: str) -> ScoredKeypoints:
    """Return what scores need of keypoints: all or some of those of `skeleton`, if there is one."""
    at = {name: index for index, name in enumerate(names)}
    known = find_skeleton(skeleton)
    groups, links = {"full": tuple(range(len(names)))}, []
    chain: tuple[int, ...] = ()
    if known is not None:
        spine = tuple(at[name] for name in known.groups.get("spine", ()) if name in at)
        groups |= {"spine": spine} if spine else {}
        links = [(at[a], at[b]) for a, b in known.links if a in at and b in at]
        whole = spine_chain(skeleton)
        chain = tuple(at[name] for name in whole) if all(name in at for name in whole) else ()
    trunk = tuple(at[name] for name in TRUNK) if chain and set(TRUNK) <= set(at) else ()
    root = [at["hip"]] if "hip" in at else [at[name] for name in ("left_hip", "right_hip") if name in at]
    return ScoredKeypoints(
        names, groups, tuple(root) if "hip" in at or len(root) == 2 else (), tuple(links), chain, trunk
    )


class Tally:
    """Sums and counts of the scores of some frames; they add up.

    Parameters
    ----------
    groups, keypoints : tuple of str
        G and K names.
    table : ndarray, shape (G, M, 3)
        For each group and each of `METRICS`: the sum, over what was scored; how many were; and how many
        were expected.
    errors : ndarray, shape (K, 3)
        The same of the error (MPJPE) of each keypoint.
    histogram : ndarray of int, shape (G, BINS)
        How many errors fell into each `BIN` of the group, the last bin without end.
    """

    def __init__(
        self,
        groups: tuple[str, ...],
        keypoints: tuple[str, ...],
        table: np.ndarray,
        errors: np.ndarray,
        histogram: np.ndarray,
    ):
        self.groups, self.keypoints = groups, keypoints
        self.table, self.errors, self.histogram = table, errors, histogram

    @classmethod
    def empty(cls, keypoints: ScoredKeypoints) -> Tally:
        """Return the tally of nothing."""
        names = tuple(keypoints.groups)
        return cls(
            names,
            keypoints.names,
            np.zeros((len(names), len(METRICS), 3)),
            np.zeros((len(keypoints.names), 3)),
            np.zeros((len(names), BINS), dtype=np.int64),
        )

    @classmethod
    def total(cls, tallies: Sequence[Tally]) -> Tally:
        """Return the sum of one or more tallies."""
        total = tallies[0]
        for tally in tallies[1:]:
            total = total + tally
        return total

    def __add__(self, other: Tally) -> Tally:
        if (self.groups, self.keypoints) != (other.groups, other.keypoints):
            raise ValueError("tallies of different keypoints cannot be added")
        return Tally(
            self.groups,
            self.keypoints,
            self.table + other.table,
            self.errors + other.errors,
            self.histogram + other.histogram,
        )

    def set(self, group: int, metric: str, score: metrics.Score) -> None:
        """Write down a score."""
        per = score.expected if METRICS[metric].is_rate else score.count
        total = float(score) * per if per else 0.0
        self.table[group, list(METRICS).index(metric)] = total, score.count, score.expected

    def to_json(self) -> dict[str, Any]:
        """Return it as plain lists."""
        return {
            "groups": list(self.groups),
            "keypoints": list(self.keypoints),
            "table": self.table.tolist(),
            "errors": self.errors.tolist(),
            "histogram": self.histogram.tolist(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Tally:
        """Return what `to_json` wrote."""
        return cls(
            tuple(stored["groups"]),
            tuple(stored["keypoints"]),
            np.array(stored["table"]),
            np.array(stored["errors"]),
            np.array(stored["histogram"], dtype=np.int64),
        )


def tally_points(
    pred: np.ndarray, truth: np.ndarray, keypoints: ScoredKeypoints, covariances: np.ndarray | None = None
) -> Tally:
    """Score 3D points.

    Parameters
    ----------
    pred, truth : ndarray, shape (T, K, 3)
        m; consecutive frames; NaN where missing.
    keypoints : ScoredKeypoints
    covariances : ndarray, shape (T, K, 3, 3), optional
        Of the estimate, m^2.

    Returns
    -------
    Tally
        Positions in world coordinates, but for those metrics that say otherwise; a group's P-MPJPE and
        N-MPJPE are after an alignment of that group alone.  PCK and AUC are relative to the hip, as their
        source has them.
    """
    found = Tally.empty(keypoints)
    distances = metrics.joint_errors(pred, truth)
    expected = np.isfinite(truth).all(axis=-1)
    scored = np.isfinite(distances)
    found.errors[:] = np.stack(
        [np.where(scored, distances, 0.0).sum(axis=0), scored.sum(axis=0), expected.sum(axis=0)], axis=1
    )
    for index, members in enumerate(keypoints.groups.values()):
        at = list(members)
        _score_group(found, index, pred, truth, keypoints, at)
        if covariances is not None:
            inside: Any = metrics.ellipsoid_coverage(pred[:, at], covariances[:, at], truth[:, at])
            found.set(index, "in_ellipsoid", inside)
        errors = distances[:, at]
        bins = np.minimum(errors[np.isfinite(errors)] * (MM / BIN), BINS - 1).astype(np.intp)
        found.histogram[index] = np.bincount(bins, minlength=BINS)
    return found


def _score_group(
    found: Tally, group: int, pred: np.ndarray, truth: np.ndarray, keypoints: ScoredKeypoints, at: list[int]
) -> None:
    a, b = pred[:, at], truth[:, at]
    scores: dict[str, Any] = {"mpjpe": metrics.mpjpe(a, b), "p_mpjpe": metrics.p_mpjpe(a, b)}
    scores |= {f"error_{axis}": score for axis, score in zip("xyz", metrics.per_axis_error(a, b))}
    scores |= {"mpjve": metrics.mpjve(a, b), "mpjae": metrics.mpjae(a, b)}
    if keypoints.root:
        a, b = (
            part - whole[:, keypoints.root].mean(axis=1, keepdims=True)
            for part, whole in ((a, pred), (b, truth))
        )
        scores |= {"root_mpjpe": metrics.mpjpe(a, b), "n_mpjpe": metrics.n_mpjpe(a, b)}
        scores |= {name: metrics.pck3d(a, b, threshold) for name, threshold in PCK.items()}
        scores["auc"] = metrics.auc(a, b)
    links = [link for link in keypoints.links if set(link) <= set(at)]
    if links:
        scores["bone_length"] = metrics.bone_length_error(pred, truth, links)
    if keypoints.chain and set(keypoints.chain) <= set(at):
        scores["spine_angle"] = metrics.spine_angle_error(pred, truth, keypoints.chain)
    if keypoints.trunk and set(keypoints.trunk) <= set(at):
        scores["trunk_angle"] = metrics.spine_angle_error(pred, truth, keypoints.trunk)
    for name, score in scores.items():
        found.set(group, name, score)


def tally_pixels(pred: np.ndarray, truth: np.ndarray, keypoints: ScoredKeypoints) -> Tally:
    """Score 2D points (T, K, C, 2), px: the mean error and the AUC over 0 to 30 px."""
    found = Tally.empty(keypoints)
    a, b = (np.moveaxis(points, 2, 1) for points in (pred, truth))  # (T, C, K, 2)
    for index, members in enumerate(keypoints.groups.values()):
        at = list(members)
        scores: dict[str, Any] = {"error_2d": metrics.mpjpe(a[:, :, at], b[:, :, at])}
        scores["auc_2d"] = metrics.auc(a[:, :, at], b[:, :, at])
        for name, score in scores.items():
            found.set(index, name, score)
    return found
