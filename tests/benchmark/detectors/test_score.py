"""Labels of recordings, what was found in them, and the comparison of detectors."""

import numpy as np
import pytest

from mvtri.benchmark.detectors import score_detectors
from mvtri.benchmark.detectors.labelled import (
    distances_to,
    found_at,
    join,
    join_candidates,
    label_views,
)
from mvtri.benchmark.detectors.score import as_plain, head_sizes, worst_pairs
from mvtri.calib import human36m_cameras
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton

NAMES = get_skeleton("spinetrack37").keypoints
SIZES = np.array([[1000, 900], [640, 480]])


def person(seed=0, frames=12, people=1):
    """Return pixels (T, N, 37, 2, 2) of people who stand within both images."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(150, 300, (frames, people, 1, 2, 2))
    return middle + rng.uniform(-80, 80, (1, people, 37, 2, 2))


def labels(pixels, **more):
    given = {"name": "the truth", "keypoints": NAMES, "cameras": ["one", "two"], "image_sizes": SIZES}
    return label_views(pixels, **given | {"skeleton": "spinetrack37"} | more)


def found(pixels, shift=0.0, name="a", scores=None, keypoints=NAMES):
    given = np.full(pixels.shape[:-1], 0.9) if scores is None else scores
    return found_at(pixels + shift, given, keypoints, name)


def test_labels_outside_of_the_image_are_none_and_hidden_ones_are_hidden():
    pixels = person()
    pixels[3, 0, 5, 0] = [1000.2, 10]
    pixels[3, 0, 6, 0] = [999.2, -0.4]
    pixels[4, 0, :, 1] = np.nan
    hidden = np.zeros(pixels.shape[:-1], dtype=bool)
    hidden[3, 0, 7, 0] = True
    made = labels(pixels, hidden=hidden, distances=np.arange(24.0).reshape(12, 1, 2))
    assert len(made.people) == 23
    row = np.flatnonzero(made.people.images == 6)[0]  # frame 3 of the first camera
    assert made.people.flags[row, 5:9].tolist() == [0, 2, 1, 2]
    assert made.people.keypoints[row, 8] == pytest.approx(pixels[3, 0, 8, 0])
    assert made.distances[row] == 6.0
    assert 9 not in made.people.images  # frame 4 of the second
    assert made.views[6:8].tolist() == ["one", "two"]
    assert made.blocks.tolist() == np.repeat(np.arange(12) * 10 // 12, 2).tolist()
    width, height = made.people.boxes[row, 2:]
    assert made.people.areas[row] == pytest.approx(0.53 * width * height)


def test_a_perfect_detector_has_perfect_figures_and_a_worse_one_worse():
    pixels = person()
    rng = np.random.default_rng(1)
    candidates = [found(pixels), found(pixels, rng.normal(0, 6, pixels.shape), "b")]
    compared = score_detectors(labels(pixels), candidates)
    perfect, noisy = compared.detectors
    for group in ("all", "body", "feet", "spine"):
        values = perfect.groups[group]
        assert values["AP"] == pytest.approx(1.0, abs=1e-12)
        assert values["AUC"] == pytest.approx(0.95)
        assert values["EPE px"] == pytest.approx(0.0, abs=1e-12)
        low, high = noisy.intervals[group]["EPE px"]
        assert low < noisy.groups[group]["EPE px"] < high
        assert noisy.groups[group]["EPE px"] == pytest.approx(6 * np.sqrt(np.pi / 2), rel=0.1)
    assert noisy.groups["all"]["AP"] < 0.9
    assert [part.name for part in noisy.keypoints] == list(NAMES)
    assert [part.name for part in noisy.views] == ["one", "two"]
    plain = as_plain(compared)
    assert plain["detectors"][1]["groups"]["all"]["AP"] == noisy.groups["all"]["AP"]
    assert plain["left out"] == []


def test_detectors_are_scored_on_the_keypoints_that_all_have():
    pixels = person()
    some = found(pixels[:, :, :17], name="b", keypoints=NAMES[:17])
    compared = score_detectors(labels(pixels), [found(pixels), some])
    assert compared.labelled.keypoints == NAMES[:17]
    assert list(compared.left_out) == list(NAMES[17:])
    assert set(compared.detectors[0].groups) == {"all"}
    with pytest.raises(InputError, match=r"have no keypoint with an OKS sigma in common"):
        score_detectors(labels(pixels), [found(pixels, keypoints=[f"k{n}" for n in range(37)])])
    with pytest.raises(InputError, match=r"^two detectors are called b; name each once"):
        score_detectors(labels(pixels), [found(pixels), some, some])
    with pytest.raises(InputError, match=r"^nobody is labelled in the 24 images of the truth"):
        score_detectors(labels(np.full(pixels.shape, np.nan)), [found(pixels)])


def test_two_people_and_false_alarms_are_told_apart():
    pixels = person(people=2)
    pixels[:, 1] += 300 * np.array([1.0, 0.0])
    both = score_detectors(labels(pixels, image_sizes=SIZES * 3), [found(pixels[:, ::-1])])
    assert both.detectors[0].groups["all"]["AP"] == pytest.approx(1.0, abs=1e-12)
    alone = score_detectors(labels(pixels[:, :1], image_sizes=SIZES * 3), [found(pixels)])
    assert alone.detectors[0].groups["all"]["AR"] == pytest.approx(1.0, abs=1e-12)
    assert alone.detectors[0].groups["all"]["AP"] < 0.8  # a second person who is not labelled


def test_a_person_with_one_labelled_keypoint_has_no_size_and_spoils_no_figure():
    pixels = person()
    off = np.random.default_rng(1).normal(0, 4, pixels.shape)
    alone = pixels.copy()
    alone[5, 0, 1:] = np.nan
    compared = score_detectors(labels(alone), [found(pixels, off)])
    one, some = compared.detectors[0], np.delete(np.arange(12), 5)
    expected = score_detectors(labels(pixels[some]), [found(pixels[some], off[some])]).detectors[0]
    for figure in ("PCK", "NME"):
        assert one.groups["all"][figure] == pytest.approx(expected.groups["all"][figure])
    for figure in ("AP", "AUC", "PCK", "PCKh", "NME", "EPE px"):
        low, high = one.intervals["all"][figure]
        assert low <= one.groups["all"][figure] <= high, figure
    perfect = score_detectors(labels(alone), [found(pixels)]).detectors[0]
    assert [perfect.intervals["all"][figure] for figure in ("PCK", "PCKh")] == [(1.0, 1.0)] * 2
    relative = np.linalg.norm(off[:, 0, 5], axis=-1)[some].ravel()
    scales = np.sqrt(compared.labelled.people.areas)
    assert one.keypoints[5].relative == pytest.approx((relative / scales[scales > 0]).mean())
    assert one.keypoints[0].relative == pytest.approx(expected.keypoints[0].relative)


def test_several_recordings_are_one_and_each_is_a_block():
    parts = [person(seed) for seed in range(3)]
    noise = [np.random.default_rng(seed).normal(0, 3, parts[0].shape) for seed in range(3)]
    labelled = [labels(pixels) for pixels in parts]
    together = join(labelled)
    whole = join_candidates([found(pixels, off) for pixels, off in zip(parts, noise)], labelled)
    assert together.blocks.tolist() == np.repeat([0, 1, 2], 24).tolist()
    scored = score_detectors(together, [whole]).detectors[0]
    expected = np.linalg.norm(np.concatenate(noise), axis=-1).mean()
    assert scored.groups["all"]["EPE px"] == pytest.approx(expected)
    assert join(labelled[:1]) is labelled[0]


def test_the_worst_images_come_first_and_each_once():
    pixels = person()
    off = np.zeros(pixels.shape)
    off[7, 0, :, 1] = 40.0
    off[2, 0, :, 0] = 90.0
    compared = score_detectors(labels(pixels), [found(pixels, off)])
    one = compared.detectors[0]
    assert [compared.labelled.images[one.pairs.images[row]] for row in one.worst[:2]] == [
        "one, frame 2",
        "two, frame 7",
    ]
    assert len(worst_pairs(one.pairs, np.full(37, 0.1), 100)) == 24


def test_the_head_is_measured_from_neck_to_top():
    pixels = person()
    compared = score_detectors(labels(pixels), [found(pixels)])
    sizes = head_sizes(compared.detectors[0].pairs, NAMES)
    at = [NAMES.index(name) for name in ("head", "neck")]
    assert sizes[0] == pytest.approx(np.linalg.norm(pixels[0, 0, at[0], 0] - pixels[0, 0, at[1], 0]))
    assert np.isnan(head_sizes(compared.detectors[0].pairs, ["nose"] * 37)).all()


def test_distances_are_from_the_middle_of_a_person_to_the_camera():
    cameras = human36m_cameras("S9")
    middle = np.array([1.0, 2.0, 1.0])
    points = np.stack([middle + [0.1, 0, 0], middle - [0.1, 0, 0], [np.nan] * 3])[None, None]
    far = distances_to(points, cameras)
    for c in range(4):
        inside = cameras.rotations[c] @ middle + cameras.translations[c]
        assert far[0, 0, c] == pytest.approx(np.linalg.norm(inside))
