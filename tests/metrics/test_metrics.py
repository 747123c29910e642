"""Metrics against their slow twins (`naive_metrics`), by hand-made cases, and on degenerate poses."""

import pickle

import naive_metrics as naive
import numpy as np
import pytest
from scipy.spatial import procrustes

from mvtri import metrics
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton

LINKS = [(0, 1), (1, 2), (2, 3), (4, 5)]


def poses(seed=0, shape=(6, 5, 9, 3), noise=0.1, missing=0.15):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=shape)
    pred = truth + noise * rng.normal(size=shape)
    pred[rng.random(shape[:-1]) < missing] = np.nan
    truth[rng.random(shape[:-1]) < missing] = np.nan
    return pred, truth


def fraction(pred, truth):
    expected = np.isfinite(truth).all(axis=-1)
    return (expected & np.isfinite(pred).all(axis=-1)).sum() / expected.sum()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "args"),
    [("mpjpe", ()), ("p_mpjpe", ()), ("n_mpjpe", ()), ("pck", (0.15,)), ("auc", ([0.05, 0.1, 0.2],))],
)
def test_the_twins_agree(name, args, seed):
    pred, truth = poses(seed)
    score = getattr(metrics, name)(pred, truth, *args)
    assert score == pytest.approx(getattr(naive, name)(pred, truth, *args), abs=1e-9)
    assert score.fraction == pytest.approx(fraction(pred, truth), abs=1e-12)
    assert score.count == round(score.fraction * np.isfinite(truth).all(axis=-1).sum())
    assert 0 < score.fraction < 1


@pytest.mark.parametrize("strict", [False, True])
def test_parts_and_bones_agree_with_their_twins(strict):
    pred, truth = poses(4, noise=0.6)
    score = metrics.pcp(pred, truth, LINKS, strict=strict)
    assert score == pytest.approx(naive.pcp(pred, truth, LINKS, strict), abs=1e-12)
    assert 0.1 < score < 0.9
    bones = metrics.bone_length_error(pred, truth, LINKS)
    assert bones == pytest.approx(naive.bone_length_error(pred, truth, LINKS), abs=1e-9)
    assert bones.fraction == score.fraction < 1


def test_each_axis_and_velocity_agree_with_their_twins():
    pred, truth = poses(5, shape=(30, 9, 3))
    assert metrics.per_axis_error(pred, truth) == pytest.approx(naive.per_axis(pred, truth), abs=1e-9)
    velocity = metrics.mpjve(pred, truth, fps=50)
    assert velocity == pytest.approx(naive.mpjve(pred, truth, 50), abs=1e-9)
    later = metrics.mpjve(pred[None], truth[None], fps=50, time_axis=1)
    assert later == velocity
    assert later.fraction == velocity.fraction < fraction(pred, truth)


def test_a_uniform_shift_is_no_velocity_and_no_error_of_the_root():
    _, truth = poses(6, missing=0)
    shift = truth + [0.3, 0.0, -0.4]
    assert metrics.mpjpe(shift, truth) == pytest.approx(0.5)
    assert metrics.mpjpe(shift, truth, root=2) == pytest.approx(0, abs=1e-12)
    assert metrics.mpjpe(shift, truth, root=[1, 4]) == pytest.approx(0, abs=1e-12)
    assert metrics.mpjve(shift, truth) == pytest.approx(0, abs=1e-12)
    assert metrics.p_mpjpe(shift, truth) == pytest.approx(0, abs=1e-12)
    assert metrics.per_axis_error(shift, truth) == pytest.approx((0.3, 0.0, 0.4), abs=1e-12)


def test_a_pose_without_its_root_is_not_scored():
    pred, truth = poses(7, missing=0)
    pred[2, 3, 1] = np.nan
    score = metrics.mpjpe(pred, truth, root=1)
    assert score.fraction == pytest.approx(29 / 30)
    assert metrics.pck3d(pred, truth, 1e9, root=1) == pytest.approx(29 / 30)


def test_a_scale_is_undone():
    _, truth = poses(8, missing=0)
    rooted = truth - truth[..., :1, :]
    assert metrics.n_mpjpe(rooted / 1.7, rooted) == pytest.approx(0, abs=1e-12)
    assert metrics.n_mpjpe(truth / 1.7 + (1 - 1 / 1.7) * truth[..., :1, :], truth, root=0) == pytest.approx(
        0, abs=1e-12
    )
    assert metrics.n_mpjpe(np.zeros((1, 4, 3)), np.ones((1, 4, 3))) == pytest.approx(np.sqrt(3))
    assert metrics.p_mpjpe(2.5 * truth, truth) == pytest.approx(0, abs=1e-12)


def similarity(seed):
    rng = np.random.default_rng(seed)
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return rng.uniform(0.3, 3), q * np.sign(np.linalg.det(q)), rng.normal(size=3)


def test_procrustes_undoes_any_similarity_and_moves_all_joints():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(20, 7, 3))
    pred = np.array([s * truth[i] @ r + t for i, (s, r, t) in enumerate(map(similarity, range(20)))])
    gone = truth.copy()
    gone[:, 2] = np.nan
    aligned = metrics.procrustes_align(pred, gone)
    assert np.abs(aligned - truth).max() < 1e-12
    pred[3, 1] = np.nan
    assert np.isnan(metrics.procrustes_align(pred, gone)[3, 1]).all()


def test_procrustes_agrees_with_scipy_where_no_reflection_is_wanted():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(50, 9, 3))
    pred = truth + 0.2 * rng.normal(size=truth.shape)
    for a, b in zip(pred, truth):
        standard, _, disparity = procrustes(b, a)
        size = np.linalg.norm(b - b.mean(axis=0))
        ours = metrics.procrustes_align(a, b) - b.mean(axis=0)
        assert ((ours / size - standard) ** 2).sum() == pytest.approx(disparity, abs=1e-9)
        assert np.abs(metrics.procrustes_align(a, b) - naive.aligned(a, b)).max() < 1e-9


def test_a_mirrored_pose_is_not_turned_into_the_truth():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(10, 9, 3))
    mirrored = truth * [-1, 1, 1]
    assert metrics.p_mpjpe(mirrored, truth) == pytest.approx(naive.p_mpjpe(mirrored, truth), abs=1e-9)
    assert metrics.p_mpjpe(mirrored, truth) > 0.1


@pytest.mark.parametrize("which", ["pred", "truth", "both"])
@pytest.mark.parametrize(
    "kind", ["collinear", "planar", "constant", "constant at 0", "two joints", "one joint"]
)
def test_degenerate_poses(kind, which):
    rng = np.random.default_rng(4)
    pair = {"pred": rng.normal(size=(8, 6, 3)), "truth": rng.normal(size=(8, 6, 3))}
    for name in pair if which == "both" else [which]:
        if kind == "collinear":
            pair[name] = rng.normal(size=(8, 6, 1)) * rng.normal(size=(8, 1, 3)) + rng.normal(size=(8, 1, 3))
        elif kind == "planar":
            pair[name] = rng.normal(size=(8, 6, 2)) @ rng.normal(size=(8, 2, 3)) + rng.normal(size=(8, 1, 3))
        elif kind == "constant":
            pair[name] = np.repeat(rng.normal(size=(8, 1, 3)), 6, axis=1)
        elif kind == "constant at 0":
            pair[name] = np.zeros((8, 6, 3))
        else:
            pair[name][:, 1 if kind == "one joint" else 2 :] = np.nan
    score = metrics.p_mpjpe(pair["pred"], pair["truth"])
    assert score == pytest.approx(naive.p_mpjpe(pair["pred"], pair["truth"]), abs=1e-9)
    if kind in ("one joint", "two joints"):
        assert score == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("count", [3, 7, 13, 37])
def test_the_rounding_of_a_constant_pose_is_not_blown_up(count):
    rng = np.random.default_rng(count)
    truth = rng.normal(size=(50, count, 3))
    pred = np.repeat(rng.normal(size=(50, 1, 3)), count, axis=1)
    pred[:, ::2] = np.nextafter(pred[:, ::2], np.inf)
    aligned = metrics.procrustes_align(pred, truth)
    assert np.abs(aligned - truth.mean(axis=1, keepdims=True)).max() < 1e-12


def test_a_pose_with_nothing_in_common_is_aligned_to_nowhere():
    pred, truth = np.ones((2, 4, 3)), np.ones((2, 4, 3))
    truth[0] = np.nan
    assert np.isnan(metrics.procrustes_align(pred, truth)[0]).all()
    assert np.isfinite(metrics.procrustes_align(pred, truth)[1]).all()


def test_a_frame_without_any_common_joint_is_counted_as_missing():
    pred, truth = poses(9, missing=0)
    pred[0] = np.nan
    truth[1] = np.nan
    for score in (metrics.mpjpe(pred, truth), metrics.p_mpjpe(pred, truth), metrics.n_mpjpe(pred, truth)):
        assert np.isfinite(score)
        assert score.fraction == pytest.approx(4 / 5)


def test_nothing_at_all_is_nan_and_not_zero():
    nothing = np.full((3, 4, 3), np.nan)
    for score in (
        metrics.mpjpe(nothing, nothing),
        metrics.p_mpjpe(nothing, nothing),
        metrics.pck3d(nothing, nothing),
    ):
        assert np.isnan(score)
        assert np.isnan(score.fraction)
        assert score.count == 0
    something = np.zeros((3, 4, 3))
    assert np.isnan(metrics.mpjpe(nothing, something))
    assert metrics.mpjpe(nothing, something).fraction == 0
    assert metrics.pck3d(nothing, something) == 0


def test_infinity_is_missing():
    pred, truth = poses(10, missing=0)
    pred[0, 0, 0, 1] = np.inf
    pred[0, 0, 1] = -np.inf
    for name in ("mpjpe", "p_mpjpe", "n_mpjpe", "pck3d", "auc"):
        assert getattr(metrics, name)(pred, truth).fraction == pytest.approx(268 / 270)


def test_pck_and_auc_by_hand():
    truth = np.zeros((1, 5, 2))
    pred = np.array([[[0, 0], [3, 4], [6, 8], [30, 40], [np.nan, 0]]], dtype=float)
    assert metrics.pck(pred, truth, 5) == pytest.approx(2 / 5)  # 5 px off is within 5 px
    assert metrics.pck(pred, truth, 0.1, scale=[100.0]) == pytest.approx(3 / 5)
    assert metrics.pck(pred, truth, 4.999).fraction == pytest.approx(4 / 5)
    assert metrics.auc(pred, truth, [1, 5, 10, 100]) == pytest.approx((1 + 2 + 3 + 4) / 20)
    assert metrics.auc(pred, truth) == pytest.approx((1 + 16 / 20 + 13 / 20) / 5)  # 1.5 px steps below 30 px
    off = np.zeros((1, 2, 3))
    off[0, 1, 0] = 0.0505
    assert metrics.auc(off, np.zeros((1, 2, 3))) == pytest.approx((1 + 20 / 31) / 2)  # 5 mm steps to 150 mm
    assert metrics.pck3d(off, np.zeros((1, 2, 3)), 0.05) == 0.5
    assert metrics.pck3d(off, np.zeros((1, 2, 3))) == 1


def test_a_pose_of_no_size_is_refused_and_one_of_unknown_size_fails():
    pred, truth = poses(12, missing=0)
    scale = np.ones(pred.shape[:2])
    scale[2, 1] = np.nan
    assert metrics.pck(pred, truth, 1e9, scale=scale) == pytest.approx(29 / 30)
    scale[2, 1] = 0.0
    for rate in (metrics.pck, metrics.auc):
        with pytest.raises(InputError, match=r"the smallest scale is 0\.0; expected sizes above 0"):
            rate(pred, truth, 0.1, scale=scale)


def test_axes_give_arrays_whose_mean_is_the_score():
    pred, truth = poses(11)
    per_frame = metrics.mpjpe(pred, truth, axis=(1, 2))
    weight = (np.isfinite(truth) & np.isfinite(pred)).all(axis=-1).sum(axis=(1, 2))
    assert per_frame.shape == (6,)
    assert np.average(per_frame, weights=weight) == pytest.approx(metrics.mpjpe(pred, truth))
    pred[2] = np.nan
    assert np.isnan(metrics.p_mpjpe(pred, truth, axis=(1, 2))[2])
    covered = metrics.coverage(pred, truth, axis=(1, 2))
    assert covered.shape == (6,)
    assert covered[2] == 0
    assert metrics.coverage(pred, truth) == metrics.mpjpe(pred, truth).fraction
    assert metrics.pck(pred, truth, 0.1, axis=(0, 1)).shape == (9,)


def test_coverage_without_a_truth_expects_everything():
    pred = np.zeros((4, 5, 3))
    pred[0, :3, 1] = np.nan
    assert metrics.coverage(pred) == pytest.approx(17 / 20)
    assert metrics.coverage(pred, axis=1).tolist() == [0.4, 1, 1, 1]


def test_a_score_is_a_float():
    score = metrics.mpjpe(np.zeros((2, 3)), np.array([[3.0, 4.0, 0.0], [np.nan] * 3]))
    assert isinstance(score, float)
    assert f"{score * 1000:.1f}" == "5000.0"
    assert repr(score) == "Score(5.0, count=1, expected=1)"
    again = pickle.loads(pickle.dumps(score))
    assert (again, again.fraction, again.count) == (5.0, 1.0, 1)


def test_oks_agrees_with_its_twin():
    rng = np.random.default_rng(12)
    sigmas = np.array(get_skeleton("coco17").sigmas)
    truth = rng.uniform(0, 500, (20, 17, 2))
    pred = truth + rng.normal(0, 20, truth.shape)
    truth[rng.random((20, 17)) < 0.2] = np.nan
    pred[rng.random((20, 17)) < 0.2] = np.nan
    areas = rng.uniform(1e3, 1e5, 20)
    expected = [naive.oks(a, b, sigmas, area) for a, b, area in zip(pred, truth, areas)]
    assert metrics.oks(pred, truth, sigmas, areas) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(metrics.oks(pred[:1], np.full((1, 17, 2), np.nan), sigmas, areas[:1])).all()


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_agrees_with_its_twin(seed):
    rng = np.random.default_rng(seed)
    sigmas = np.array(get_skeleton("coco17").sigmas)
    truth = rng.uniform(0, 300, (12, 3, 17, 2))
    pred = truth[:, [0, 1, 2, 0]] + rng.normal(0, rng.uniform(1, 40, (12, 4, 1, 1)), (12, 4, 17, 2))
    truth[rng.random((12, 3)) < 0.3] = np.nan
    pred[rng.random((12, 4)) < 0.3] = np.nan
    truth[rng.random((12, 3, 17)) < 0.1] = np.nan
    scores, areas = rng.random((12, 4)), rng.uniform(1e4, 5e4, (12, 3))
    there, wanted = np.isfinite(pred).any(axis=(2, 3)), np.isfinite(truth).any(axis=(2, 3))
    similarities = [
        [
            [naive.oks(pred[i, p], truth[i, g], sigmas, areas[i, g]) for g in range(3) if wanted[i, g]]
            for p in range(4)
            if there[i, p]
        ]
        for i in range(12)
    ]
    confidences = [scores[i][there[i]] for i in range(12)]
    for threshold in (0.5, 0.75):
        expected = naive.average_precision(similarities, confidences, wanted.sum(), threshold)
        found = metrics.oks_ap(pred, truth, sigmas, areas, scores, thresholds=[threshold])
        assert found == pytest.approx(expected, abs=1e-9)
        assert 0 < found < 1


def test_average_precision_of_the_perfect_and_of_nobody():
    sigmas = np.array(get_skeleton("coco17").sigmas)
    truth = np.random.default_rng(0).uniform(0, 100, (5, 2, 17, 2))
    areas = np.full((5, 2), 1e4)
    perfect = metrics.oks_ap(truth[:, ::-1], truth, sigmas, areas)
    assert (perfect, perfect.fraction) == (1.0, 1.0)
    missed = metrics.oks_ap(np.full((5, 1, 17, 2), np.nan), truth, sigmas, areas)
    assert (missed, missed.fraction) == (0.0, 0.0)
    assert metrics.oks_ap(np.empty((5, 0, 17, 2)), truth, sigmas, areas) == 0.0
    assert np.isnan(metrics.oks_ap(truth, np.full_like(truth, np.nan), sigmas, areas))


def test_problems_are_named():
    with pytest.raises(InputError, match=r"the estimate has the shape \(4, 3\) and the truth \(5, 3\)"):
        metrics.mpjpe(np.zeros((4, 3)), np.zeros((5, 3)))
    with pytest.raises(InputError, match=r"expected \(links, 2\) with indices of 4 keypoints"):
        metrics.pcp(np.zeros((4, 3)), np.zeros((4, 3)), [(0, 4)])
    with pytest.raises(InputError, match="3 sigmas were given for 4 keypoints"):
        metrics.oks(np.zeros((4, 2)), np.zeros((4, 2)), [1, 1, 1], 1.0)
    with pytest.raises(InputError, match="equal but for the number of poses"):
        metrics.oks_ap(np.zeros((2, 1, 4, 2)), np.zeros((3, 1, 4, 2)), [1] * 4, np.ones((3, 1)))


def test_acceleration_errors_are_those_of_second_differences():
    rng = np.random.default_rng(3)
    truth, pred = rng.normal(0, 1, (2, 9, 4, 3))
    pred[4, 1] = np.nan
    found = metrics.mpjae(pred, truth, fps=50.0)
    off = pred - truth
    expected = [
        2500.0 * np.linalg.norm(off[t - 1, k] - 2 * off[t, k] + off[t + 1, k])
        for t in range(1, 8)
        for k in range(4)
        if np.isfinite(off[t - 1 : t + 2, k]).all()
    ]
    assert (float(found), found.count, found.expected) == (pytest.approx(np.mean(expected)), 25, 28)


def test_ellipsoids_cover_as_often_as_they_say():
    rng = np.random.default_rng(4)
    root = rng.normal(0, 1, (4000, 1, 3, 3))
    covariances = root @ np.swapaxes(root, -1, -2)
    truth = rng.normal(0, 5, (4000, 1, 3))
    pred = truth + np.einsum("tkij,tkj->tki", root, rng.normal(0, 1, truth.shape))
    found = metrics.ellipsoid_coverage(pred, covariances, truth)
    assert found == pytest.approx(0.95, abs=0.012)
    assert metrics.ellipsoid_coverage(pred, 4 * covariances, truth) > 0.995
    covariances[:1000], pred[1000:1500], covariances[1500:2000] = np.nan, np.nan, 0.0
    assert metrics.ellipsoid_coverage(pred, covariances, truth).fraction == 0.5
    with pytest.raises(InputError, match=r"expected \(\.\.\., 3\) and"):
        metrics.ellipsoid_coverage(pred, covariances[..., 0], truth)
