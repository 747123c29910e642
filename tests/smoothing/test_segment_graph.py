"""Groups of points that are solved for together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvtri.kernels.smoothing.layout import LANES
from mvtri.kinematics.rigid_segments import rigid_segments
from mvtri.skeletons import get_skeleton
from mvtri.smoothing.segment_graph import SegmentGraph


@given(st.integers(1, 20), st.integers(0, 40), st.integers(1, 3), st.integers(0, 999))
def test_groups_have_each_point_once_and_no_segment_inside(points, segments, people, seed):
    pairs = np.random.default_rng(seed).integers(0, points, (segments, 2))
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    graph = SegmentGraph(pairs, people, points)
    assert sorted(np.concatenate(graph.colours).tolist()) == list(range(people * points))
    group = np.empty(people * points, dtype=int)
    for number, members in enumerate(graph.colours):
        group[members] = number
    assert (group[graph.segments[:, 0]] != group[graph.segments[:, 1]]).all()


def test_a_person_has_few_groups_of_one_size():
    keypoints = get_skeleton("spinetrack37").keypoints
    sizes = [
        len(one) for one in SegmentGraph(rigid_segments("spinetrack37", keypoints), 1, len(keypoints)).colours
    ]
    assert len(sizes) == 7  # the keypoints of the skull: each keeps its distance from all others
    assert max(sizes) <= min(sizes) + 1 <= LANES
