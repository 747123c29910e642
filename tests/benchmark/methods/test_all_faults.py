"""Left and right first, then peaks: what both together win."""

import numpy as np

from mvtri import human36m_cameras
from mvtri.benchmark.methods.all_faults import tracks_of, triangulate_all, without_swaps
from mvtri.benchmark.methods.ours import get_method
from mvtri.benchmark.observations import Observations
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, DetectorNoise, animate, make_motion
from mvtri.tracks import to_array

NAMES = get_skeleton("spinetrack37").keypoints


def _observed(**faults):
    truth = animate(Body(), make_motion("moving_1", 40, 50.0)).keypoints
    cameras = human36m_cameras("S9")
    seen = DetectorNoise(sigma=2.0, **faults).observe(truth, cameras, NAMES, 50.0, 3)
    return truth, Observations(
        seen.points2d,
        seen.scores,
        cameras,
        NAMES,
        "spinetrack37",
        modes=seen.modes2d,
        mode_scores=seen.mode_scores,
    )


def _error(points, truth):
    return float(np.nanmean(np.linalg.norm(points - truth, axis=-1)))


def test_swaps_and_peaks_together_are_better_than_each_alone():
    truth, seen = _observed(swap_rate=0.2, false_mode_rate=0.2)
    both = _error(get_method("swaps-and-modes").solve(seen, 1), truth)
    for name in ("swaps-resolved", "heatmap-fusion"):
        assert both < 0.9 * _error(get_method(name).solve(seen, 1), truth)
    right = without_swaps(seen, 1)
    clean = _observed(false_mode_rate=0.2)[1]
    np.testing.assert_allclose(right.modes, clean.modes)
    np.testing.assert_allclose(right.mode_scores, clean.mode_scores)


def test_without_peaks_it_is_plain_triangulation_and_tracks_hold_the_result():
    truth, seen = _observed()
    result = triangulate_all(seen, 1)
    tracks = tracks_of(seen, result, np.arange(40) / 50.0)
    np.testing.assert_array_equal(to_array(tracks)[:, 0], result.points)
    np.testing.assert_array_equal(to_array(tracks, "covariance")[:, 0], result.covariances)
    assert abs(tracks.attrs["fps"] - 50.0) < 1e-9
    assert _error(result.points, truth) < 0.015
    assert get_method("heatmap-fusion").needs(seen) == "several candidates per view"
    assert get_method("swaps-and-modes").needs(seen) == ""
    swaps = get_method("swaps-resolved").solve(seen, 1)
    np.testing.assert_array_equal(get_method("swaps-and-modes").solve(seen, 1), swaps)
