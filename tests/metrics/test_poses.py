"""Every metric against its slow twin on every kind of pose that has broken one before."""

import naive_metrics as naive
import numpy as np
import pytest

from mvtri import metrics

CHAIN = [0, 2, 3, 5, 7]
LINKS = [(0, 1), (1, 2), (2, 3), (4, 5)]
LIMITS = [0.05, 0.4, 1.0, 2.5]
SHAPE = (12, 9, 3)

PAIRS = {
    "mpjpe": (metrics.mpjpe, naive.mpjpe),
    "mpjpe of the root": (
        lambda a, b: metrics.mpjpe(a, b, root=[1, 4]),
        lambda a, b: naive.mpjpe(naive.rooted(a, [1, 4]), naive.rooted(b, [1, 4])),
    ),
    "p_mpjpe": (metrics.p_mpjpe, naive.p_mpjpe),
    "n_mpjpe": (metrics.n_mpjpe, naive.n_mpjpe),
    "n_mpjpe of the root": (
        lambda a, b: metrics.n_mpjpe(a, b, root=0),
        lambda a, b: naive.n_mpjpe(naive.rooted(a, [0]), naive.rooted(b, [0])),
    ),
    "per_axis_error": (metrics.per_axis_error, naive.per_axis),
    "per_axis_error of the root": (
        lambda a, b: metrics.per_axis_error(a, b, root=2),
        lambda a, b: naive.per_axis(naive.rooted(a, [2]), naive.rooted(b, [2])),
    ),
    "mpjve": (lambda a, b: metrics.mpjve(a, b, fps=50), lambda a, b: naive.mpjve(a, b, 50)),
    "pck": (lambda a, b: metrics.pck(a, b, 0.7), lambda a, b: naive.pck(a, b, 0.7)),
    "pck by size": (
        lambda a, b: metrics.pck(a, b, 0.5, scale=1 + np.arange(len(a))),
        lambda a, b: naive.pck(a, b, 0.5, 1 + np.arange(len(a))),
    ),
    "pck3d": (metrics.pck3d, lambda a, b: naive.pck(a, b, 0.15)),
    "pck3d of the root": (
        lambda a, b: metrics.pck3d(a, b, 0.7, root=[1, 4]),
        lambda a, b: naive.pck3d(a, b, 0.7, [1, 4]),
    ),
    "auc": (metrics.auc, lambda a, b: naive.auc(a, b, [0.005 * step for step in range(31)])),
    "auc at limits": (lambda a, b: metrics.auc(a, b, LIMITS), lambda a, b: naive.auc(a, b, LIMITS)),
    "pcp": (lambda a, b: metrics.pcp(a, b, LINKS), lambda a, b: naive.pcp(a, b, LINKS)),
    "bone_length_error": (
        lambda a, b: metrics.bone_length_error(a, b, LINKS),
        lambda a, b: naive.bone_length_error(a, b, LINKS),
    ),
    "spine_angle_error": (
        lambda a, b: metrics.spine_angle_error(a, b, CHAIN),
        lambda a, b: naive.spine_angle_error(a, b, CHAIN),
    ),
    "spine_angle_error of the whole": (
        lambda a, b: metrics.spine_angle_error(a, b, CHAIN, whole=True),
        lambda a, b: naive.spine_angle_error(a, b, CHAIN, whole=True),
    ),
}


def ordinary(rng):
    return rng.normal(size=SHAPE)


def collinear(rng):
    return rng.normal(size=(12, 9, 1)) * rng.normal(size=(12, 1, 3)) + rng.normal(size=(12, 1, 3))


def constant(rng):
    return np.repeat(rng.normal(size=(12, 1, 3)), 9, axis=1)


def gappy(rng):
    """Missing joints, whole frames, the roots, one joint alone, and an infinity."""
    points = rng.normal(size=SHAPE)
    points[rng.random(SHAPE[:-1]) < 0.15] = np.nan
    points[3] = np.nan
    points[5, 1:] = np.nan
    points[8, [0, 1]] = np.nan
    points[9, 6, 2] = np.inf
    return points


KINDS = {
    "a reflection": lambda rng: (lambda truth: (truth * [-1, 1, 1], truth))(ordinary(rng)),
    "a noisy reflection": lambda rng: (
        lambda truth: (truth * [1, 1, -1] + 0.1 * rng.normal(size=SHAPE), truth)
    )(ordinary(rng)),
    "a copy": lambda rng: (lambda truth: (truth.copy(), truth))(ordinary(rng)),
    "near": lambda rng: (lambda truth: (truth + 0.05 * rng.normal(size=SHAPE), truth))(ordinary(rng)),
    "a collinear estimate": lambda rng: (collinear(rng), ordinary(rng)),
    "a collinear truth": lambda rng: (ordinary(rng), collinear(rng)),
    "two collinear poses": lambda rng: (collinear(rng), collinear(rng)),
    "a constant estimate": lambda rng: (constant(rng), ordinary(rng)),
    "a constant truth": lambda rng: (ordinary(rng), constant(rng)),
    "two constant poses": lambda rng: (constant(rng), constant(rng)),
    "zeros": lambda rng: (np.zeros(SHAPE), ordinary(rng)),
    "gaps in the estimate": lambda rng: (gappy(rng), ordinary(rng)),
    "gaps in the truth": lambda rng: (ordinary(rng), gappy(rng)),
    "gaps in both": lambda rng: (gappy(rng), gappy(rng)),
    "nothing": lambda rng: (np.full(SHAPE, np.nan), ordinary(rng)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PAIRS)
def test_a_metric_agrees_with_its_twin(name, kind):
    fast, slow = PAIRS[name]
    pred, truth = KINDS[kind](np.random.default_rng(sum(map(ord, name + kind))))
    finite_pred, finite_truth = (np.where(np.isfinite(points), points, np.nan) for points in (pred, truth))
    expected = slow(finite_pred, finite_truth)
    assert fast(pred, truth) == pytest.approx(expected, abs=1e-9, rel=0, nan_ok=True)


@pytest.mark.parametrize("name", [name for name in PAIRS if not name.startswith("per_axis")])
def test_each_says_how_much_it_scored(name):
    pred, truth = KINDS["gaps in both"](np.random.default_rng(0))
    score = PAIRS[name][0](pred, truth)
    assert isinstance(score, metrics.Score)
    assert 0 < score.fraction < 1
    assert score.count > 0
