"""The kernel that gives positions alone, against the one that gives covariances too."""

import numpy as np

from mvtri.kernels.smoothing.velocity_positions import smooth_positions
from mvtri.smoothing.track_work import Known, TrackWork


def test_positions_are_those_of_the_whole_smoother():
    rng = np.random.default_rng(0)
    frames, tracks = 700, 11  # more than a segment of the other kernel, and than the lanes of a block
    times = np.cumsum(rng.uniform(0.01, 0.03, frames))
    points = np.cumsum(rng.normal(0.0, 0.02, (frames, tracks, 3)), axis=0)
    half = 0.02 * rng.normal(size=(frames, tracks, 3, 3))
    points[rng.random((frames, tracks)) < 0.3] = np.nan
    points[200:320, 4] = np.nan  # a track that begins anew
    covariances = half @ half.swapaxes(-1, -2) + 1e-5 * np.eye(3)
    people = np.array([0] * 6 + [1] * 5)
    work = TrackWork(times, points, covariances, people, 1.0, 1)
    work.find(Known(inflation=1.0, tail=np.inf))
    x = np.empty((frames, tracks, 3))
    known = (work.times, work.pulls, work.weighed, work.starts, work.used_process(), work.pace, work.people)
    smooth_positions(*known, 0, 8, x)
    smooth_positions(*known, 8, tracks, x)
    np.testing.assert_allclose(x, work.smooth()[0], atol=1e-11)
    assert np.unique(work.pace).size > 100
    assert work.starts.sum() == tracks + 1
