"""The two labelled datasets: their axes, what they refuse, and what they say of missing values."""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.tracks import (
    Status,
    make_detections,
    make_tracks,
    provenance_of,
    to_array,
    validate_detections,
    validate_tracks,
)

T, N, K, C, M = 5, 2, 3, 4, 2
RNG = np.random.default_rng(1)
KEYPOINTS, CAMERAS = ("a", "b", "c"), ("w", "x", "y", "z")
SIZES = [[640, 480]] * C


def detections(**changes):
    given = {
        "position": RNG.random((T, N, K, C, 2)),
        "confidence": RNG.random((T, N, K, C)),
        "keypoints": KEYPOINTS,
        "cameras": CAMERAS,
        "image_sizes": SIZES,
    } | changes
    return make_detections(given.pop("position"), given.pop("confidence"), **given)


def tracks(**changes):
    given = {"position": RNG.random((T, N, K, 3)), "keypoints": KEYPOINTS} | changes
    return make_tracks(given.pop("position"), **given)


def test_detections_have_movements_axes_and_to_array_undoes_them():
    arrays = {
        "position": RNG.random((T, N, K, C, 2)),
        "confidence": RNG.random((T, N, K, C)),
        "covariance": RNG.random((T, N, K, C, 2, 2)),
        "boxes": RNG.random((T, N, C, 4)),
        "mode_position": RNG.random((T, N, K, C, M, 2)),
        "mode_confidence": RNG.random((T, N, K, C, M)),
    }
    dataset = detections(**arrays)
    assert dataset["position"].dims == ("time", "space", "keypoints", "individuals", "cameras")
    assert dataset["confidence"].dims == ("time", "keypoints", "individuals", "cameras")
    for name, array in arrays.items():
        assert np.array_equal(to_array(dataset, {"boxes": "box"}.get(name, name)), array), name
    validate_detections(dataset)


def test_tracks_have_movements_axes_and_to_array_undoes_them():
    arrays = {
        "position": RNG.random((T, N, K, 3)),
        "confidence": RNG.random((T, N, K)),
        "covariance": RNG.random((T, N, K, 3, 3)),
        "status": RNG.integers(0, 9, (T, N, K)),
        "inliers": RNG.random((T, N, K, C)) > 0.5,
        "residuals": RNG.random((T, N, K, C)),
        "position_2d": RNG.random((T, N, K, C, 2)),
        "confidence_2d": RNG.random((T, N, K, C)),
    }
    dataset = tracks(cameras=CAMERAS, **arrays)
    assert dataset["position"].dims == ("time", "space", "keypoints", "individuals")
    assert dataset["confidence"].dims == ("time", "keypoints", "individuals")
    for name, array in arrays.items():
        assert np.array_equal(
            to_array(dataset, {"inliers": "inlier", "residuals": "residual"}.get(name, name)), array
        )
    assert dataset["inlier"].dtype == bool
    validate_tracks(dataset)


def test_the_covariance_is_labelled_row_and_column():
    covariance = np.zeros((1, 1, 1, 3, 3))
    covariance[0, 0, 0, 0, 2] = 7.0
    dataset = make_tracks(np.zeros((1, 1, 1, 3)), keypoints=["a"], covariance=covariance)
    assert dataset["covariance"].sel(space="x", space_other="z").item() == 7.0


def test_missing_points_have_score_0_and_a_status_by_default():
    position = np.zeros((1, 1, 2, 3))
    position[0, 0, 1, 2] = np.nan
    dataset = make_tracks(position, keypoints=["there", "missing"])
    assert to_array(dataset, "confidence").ravel().tolist() == [1.0, 0.0]
    assert to_array(dataset, "status").ravel().tolist() == [Status.OK, Status.TOO_FEW_VIEWS]


def test_float32_stays_float32():
    assert make_tracks(np.zeros((1, 1, 1, 3), np.float32), keypoints=["a"])["position"].dtype == np.float32


@pytest.mark.parametrize(
    ("clock", "unit", "expected"),
    [
        ({"fps": 50.0}, "seconds", [0.0, 0.02, 0.04, 0.06, 0.08]),
        ({}, "frames", [0, 1, 2, 3, 4]),
        ({"times": np.arange(5) * 3}, "frames", [0, 3, 6, 9, 12]),
        ({"times": np.arange(5) / 4}, "seconds", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ({"times": np.arange(5) / 4, "fps": 4.0}, "seconds", [0.0, 0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_time_is_seconds_with_a_clock_and_frames_without(clock, unit, expected):
    for dataset in (tracks(**clock), detections(**clock)):
        assert dataset.attrs["time_unit"] == unit
        assert dataset["time"].to_numpy() == pytest.approx(expected)
        assert dataset.attrs.get("fps") == clock.get("fps")


def test_the_provenance_comes_back():
    assert provenance_of(tracks(provenance={"a": [1, {"b": None}]})) == {"a": [1, {"b": None}]}
    assert provenance_of(tracks()) == {}


def test_all_problems_are_named_at_once():
    with pytest.raises(InputError) as raised:
        detections(
            confidence=np.zeros((T, N, K)), covariance=np.zeros((T, N, K, C, 2, 3)), keypoints=("a", "b")
        )
    sentence = str(raised.value)
    for part in (
        "confidence has the shape",
        "covariance has the shape",
        "2 names were given for 3 keypoints",
    ):
        assert part in sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"position": np.zeros((T, N, K, C))}, "expected \\(time, individuals, keypoints, cameras, 2\\)"),
        ({"image_sizes": [[640, 480]]}, "image_size has the shape \\(1, 2\\)"),
        ({"cameras": ("w", "w", "y", "z")}, r"names of the cameras are not unique \(w\); rename one"),
        ({"keypoints": ("a", "a", "c")}, r"names of the keypoints are not unique \(a\)"),
        ({"individuals": ("a",)}, "1 names were given for 2 individuals"),
        ({"fps": 0.0}, "fps is 0.0, which is not a frame rate"),
        ({"fps": np.nan}, "fps is nan, which is not a frame rate"),
        ({"times": np.arange(3)}, "times has the shape \\(3,\\)"),
        ({"mode_position": np.zeros((T, N, K, C, M, 2))}, "only one of mode_position and mode_confidence"),
        (
            {"mode_position": np.zeros((T, N, K, C, M, 2)), "mode_confidence": np.zeros((T, N, K, C, M + 1))},
            "mode_position has the shape",
        ),
    ],
)
def test_detections_that_do_not_fit_are_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        detections(**changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"position": np.zeros((T, N, K, 2))}, "expected \\(time, individuals, keypoints, 3\\)"),
        ({"inliers": np.zeros((T, N, K, C), bool)}, "pass cameras="),
        (
            {"inliers": np.zeros((T, N, K, C), bool), "cameras": ("w", "w", "y", "z")},
            "cameras are not unique",
        ),
        ({"inliers": np.zeros((T, N, K, C), bool), "cameras": ("w",)}, "inlier has the shape"),
        ({"status": np.zeros((T, N))}, "status has the shape"),
    ],
)
def test_tracks_that_do_not_fit_are_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        tracks(**changes)


def test_validation_names_what_is_missing_or_turned():
    with pytest.raises(InputError, match="'confidence' is missing"):
        validate_tracks(tracks().drop_vars("confidence"))
    with pytest.raises(InputError, match="position has the dimensions"):
        validate_tracks(detections())
    with pytest.raises(InputError, match="position has the dimensions"):
        validate_detections(tracks())
    with pytest.raises(InputError, match="has 2 coordinates, expected 3"):
        validate_tracks(tracks().isel(space=slice(2)))
    turned = tracks()
    turned["confidence"] = turned["confidence"].transpose()
    with pytest.raises(InputError, match="confidence has the dimensions"):
        validate_tracks(turned)
    with pytest.raises(InputError, match="a list cannot be used as tracks"):
        validate_tracks([])
    with pytest.raises(InputError, match=r"read with mvtri\.read_detections"):
        validate_detections("found.nc")


def test_the_status_says_in_the_file_what_its_numbers_mean():
    attributes = tracks()["status"].attrs
    named = dict(zip(attributes["flag_meanings"].split(), attributes["flag_values"].tolist()))
    assert named == {status.name.lower(): int(status) for status in Status}
