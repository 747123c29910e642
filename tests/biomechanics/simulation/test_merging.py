"""Merging markers of two sources: who has precedence, what is missing, and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvtri.biomechanics.simulation import Source, merge_markers, merge_simulated
from mvtri.errors import InputError

PLACES = arrays(float, (3, 2, 3), elements=st.floats(-2, 2))
HOLES = arrays(bool, (3, 2))


@settings(max_examples=30)
@given(PLACES, PLACES, HOLES, HOLES)
def test_each_position_is_that_of_its_source(one, other, no_one, no_other):
    mocap, predicted = one.copy(), other.copy()
    mocap[no_one], predicted[no_other, :1] = np.nan, np.nan
    merged = merge_markers(mocap, ["a", "b"], predicted, ["b", "c"])
    assert merged.names == ["a", "b", "c"]
    for frame in range(3):
        for column, name in enumerate(merged.names):
            first = not no_one[frame, "ab".index(name)] if name in "ab" else False
            second = not no_other[frame, "bc".index(name)] if name in "bc" else False
            source = Source.OBSERVED if first else Source.PREDICTED if second else Source.MISSING
            assert merged.sources[frame, column] == source
            place = merged.positions[frame, column]
            if first:
                np.testing.assert_array_equal(place, one[frame, "ab".index(name)])
            elif second:
                np.testing.assert_array_equal(place, other[frame, "bc".index(name)])
            else:
                assert np.isnan(place).all()
            distance = merged.distances[frame, column]
            assert np.isfinite(distance) == (first and second)
            if first and second:
                assert distance == pytest.approx(np.linalg.norm(one[frame, 1] - other[frame, 0]))


def observed():
    """Marker a of motion capture, missing in frame 1; predicted b; c missing."""
    mocap = np.full((2, 1, 3), 1.0)
    mocap[1] = np.nan
    predicted = np.stack([np.full((2, 3), 2.0), np.full((2, 3), np.nan)], axis=1)
    return merge_markers(mocap, ["a"], predicted, ["b", "c"])


def test_the_model_replaces_what_was_predicted_or_missing():
    simulated = np.full((2, 4, 3), 5.0)
    merged = merge_simulated(observed(), simulated, ["d", "c", "b", "a"])
    assert merged.names == ["a", "b", "c", "d"]
    assert merged.positions[..., 0].tolist() == [[1, 5, 5, 5], [5, 5, 5, 5]]
    own, model = Source.OBSERVED, Source.SIMULATED
    assert merged.sources.tolist() == [[own, model, model, model], [model] * 4]
    assert merged.distances[:, 0] == pytest.approx([4 * np.sqrt(3), np.nan], nan_ok=True)


def test_what_is_to_be_kept_stays_and_what_the_model_lacks_too():
    merged = merge_simulated(observed(), np.full((2, 1, 3), 5.0), ["a"], keep=["b"])
    assert merged.positions[..., 0] == pytest.approx(np.array([[5, 2, np.nan], [5, 2, np.nan]]), nan_ok=True)
    assert merged.sources[0].tolist() == [Source.SIMULATED, Source.PREDICTED, Source.MISSING]
    lacking = merge_simulated(observed(), np.full((2, 1, 3), np.nan), ["b"], keep=[])
    assert lacking.sources[0].tolist() == [Source.OBSERVED, Source.PREDICTED, Source.MISSING]


@pytest.mark.parametrize(
    ("mocap", "names", "predicted", "sentence"),
    [
        (np.ones((2, 1, 3)), ["a"], np.ones((3, 1, 3)), "2 and 3 frames"),
        (np.ones((2, 1, 3)), ["a", "b"], np.ones((2, 1, 3)), "expected \\(time, 2, 3\\)"),
        (np.ones((1, 3)), ["a"], np.ones((1, 1, 3)), "expected \\(time, 1, 3\\)"),
        (np.ones((2, 2, 3)), ["b", "b"], np.ones((2, 1, 3)), "two of the mocap markers are called 'b'"),
        (np.ones((2, 1, 3)), ["b"], np.full((2, 1, 3), 1000.0), "metres and millimetres"),
    ],
)
def test_what_does_not_fit_is_refused(mocap, names, predicted, sentence):
    with pytest.raises(InputError, match=sentence):
        merge_markers(mocap, names, predicted, ["b"])


def test_an_unknown_marker_cannot_be_kept():
    with pytest.raises(InputError, match="'z' is to be kept"):
        merge_simulated(observed(), np.ones((2, 1, 3)), ["a"], keep=["z"])


def test_an_infinite_coordinate_is_missing():
    mocap = np.ones((1, 1, 3))
    mocap[0, 0, 1] = np.inf
    merged = merge_markers(mocap, ["a"], np.zeros((1, 0, 3)), [])
    assert merged.sources[0, 0] == Source.MISSING
    assert np.isnan(merged.positions).all()
