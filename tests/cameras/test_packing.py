"""Cameras packed for kernels: kept with their group, apart for each way of packing."""

import pickle

import numpy as np

import mvtri
from mvtri.cameras.packing import pack_cameras


def test_a_group_keeps_what_was_packed_for_each_way_apart():
    cams = mvtri.human36m_cameras("S9")
    bent, straight = pack_cameras(cams, True), pack_cameras(cams, False)
    ordinary = pack_cameras(cams, True, ordinary=True)
    assert bent.distortions.any()
    assert not straight.distortions.any()
    assert ordinary.lens_kinds is None
    assert bent.lens_kinds is not None
    assert pack_cameras(cams, True) is bent
    assert pack_cameras(cams, False) is straight


def test_other_cameras_have_their_own():
    cams = mvtri.human36m_cameras("S9")
    whole = pack_cameras(cams, True)
    part = pack_cameras(cams.subset(list(cams.names)[:2]), True)
    assert len(whole.models) == 4
    assert len(part.models) == 2


def test_a_group_that_was_used_is_pickled_whole():
    cams = mvtri.human36m_cameras("S9")
    before = pack_cameras(cams, True)
    again = pickle.loads(pickle.dumps(cams))
    assert again == cams
    assert np.array_equal(pack_cameras(again, True).origin, before.origin)
