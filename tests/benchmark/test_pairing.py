"""Sequences of two people: each is scored against its own truth, and both count."""

from dataclasses import replace

import numpy as np
import pytest
from benchmark_recordings import SKELETON, Recordings, plan, scores

import mvtri
from mvtri.benchmark import Setting, make_setting, spine_template
from mvtri.benchmark.pairing import pair_with_truth
from mvtri.datasets import Sequence, oracle_detections, project_truth
from mvtri.errors import InputError
from mvtri.tracks import make_tracks, to_array


class TwoPeople(Recordings):
    """Recordings in which Ben walks beside Ann, a metre to the side."""

    names = ("ann", "ben")

    def read(self, info):
        sequence = super().read(info)
        ann = to_array(sequence.truth)[:, 0]
        other = super().read(replace(info, subject="S11" if info.subject == "S9" else "S9"))
        ben = to_array(other.truth)[:, 0] + [0.0, 1.0, 0.0]
        truth = make_tracks(
            np.stack([ann, ben], axis=1),
            keypoints=SKELETON.keypoints,
            fps=50,
            skeleton=SKELETON.name,
            individuals=list(self.names),
        )
        return Sequence(info, truth, sequence.cameras)


class Exchanged(TwoPeople):
    """The same recordings, which bring 2D with the two people in the other order."""

    def read(self, info):
        sequence = super().read(info)
        found = project_truth(sequence.truth, sequence.cameras).isel(individuals=[1, 0])
        return replace(sequence, detections=found)


def first(dataset):
    return dataset.load(dataset.sequences[0])


def test_both_people_count_and_each_is_scored_against_its_own_truth():
    dataset = TwoPeople()
    results = scores(plan(["oracle", "iid:5"], sweep=True, subsets=True), dataset, dataset.sequences[::2])
    assert results.value("oracle", "ransac", "mpjpe") < 1e-9
    rows = results.rows
    whole = rows[(rows["by"] == "all") & (rows["metric"] == "mpjpe") & (rows["group"] == "full")]
    assert set(whole["count"]) == {2 * 2 * 12 * 37}
    assert results.sweep["points"] == 2 * 2 * 12 * 37
    assert 15 < results.value("iid:5", "ransac", "mpjpe") < 45


def test_the_score_of_two_is_the_mean_of_the_scores_of_each():
    class Alone(TwoPeople):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def read(self, info):
            sequence = super().read(info)
            return replace(sequence, truth=sequence.truth.sel(individuals=[self.name]))

    def moved(sequence, rig, seed):
        """Ann's 2D is exact, Ben's a pixel off."""
        people = make_setting("oracle").observe(sequence, rig, seed)
        off = {"ann": 0.0, "ben": 1.0}
        return [replace(one, points=one.points + off[one.individual]) for one in people]

    the_plan = replace(plan(methods=["dlt"]), settings=(Setting("moved", "", moved),))
    ann, ben, both = (
        scores(the_plan, dataset).value("moved", "dlt", "mpjpe")
        for dataset in (Alone("ann"), Alone("ben"), TwoPeople())
    )
    assert ann < 1e-3 < ben
    assert both == pytest.approx((ann + ben) / 2)


def test_people_of_stored_2d_are_paired_by_name_and_not_by_place():
    assert scores(plan(["stored"]), Exchanged()).value("stored", "ransac", "mpjpe") < 1e-9


def test_a_pair_has_the_truth_and_the_pixels_of_the_same_person():
    from mvtri.benchmark.pairing import true_pixels

    sequence = first(Exchanged())
    people = make_setting("stored").observe(sequence, sequence.cameras.names[:3], 0)
    assert [one.individual for one in people] == ["ben", "ann"]
    for pair, individual in zip(pair_with_truth(sequence, people), (1, 0)):
        np.testing.assert_array_equal(pair.truth, to_array(sequence.truth)[:, individual])
        pixels = to_array(oracle_detections(sequence))[:, individual][:, :, :3]
        np.testing.assert_array_equal(true_pixels(sequence, pair), pixels)


def test_people_of_other_names_or_another_number_are_refused():
    sequence = first(TwoPeople())
    people = make_setting("oracle").observe(sequence, sequence.cameras.names, 0)
    match = r"2 people \(ann, ben\) and its 2D 1 \(ben\); expected the same names"
    with pytest.raises(InputError, match=match):
        pair_with_truth(sequence, people[1:])
    with pytest.raises(InputError, match=r"its 2D 0 \(\)"):
        pair_with_truth(sequence, [])
    with pytest.raises(InputError, match="expected the same names"):
        pair_with_truth(sequence, [people[0], replace(people[1], individual="cat")])


def test_settings_that_find_one_person_refuse_two_in_one_sentence():
    sequence = first(TwoPeople())
    detector = make_setting("detector", detector=mvtri.load_detector("mvtri-demo"))
    stored = make_setting("stored", stored=object())
    for setting in (detector, stored):
        with pytest.raises(
            InputError, match=r"holds 2 people, but the setting \w+ finds one; choose another"
        ):
            setting.observe(sequence, sequence.cameras.names, 0)


def test_the_spine_template_is_the_mean_of_all_people():
    dataset = TwoPeople()
    template = spine_template(dataset, dataset.select(subjects=["S9"]))
    places = []
    for name in TwoPeople.names:

        class Only(TwoPeople):
            who = name

            def read(self, info):
                sequence = super().read(info)
                return replace(sequence, truth=sequence.truth.sel(individuals=[self.who]))

        alone = Only()
        places.append(spine_template(alone, alone.select(subjects=["S9"])).places)
    np.testing.assert_allclose(template.places, np.mean(places, axis=0), rtol=1e-12)
