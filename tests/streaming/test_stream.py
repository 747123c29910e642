"""Frames that are pushed one by one: the same as all at once, in bounded memory."""

import tracemalloc

import numpy as np
import pytest

import mvtri
from mvtri.diagnostics import read_recording
from mvtri.errors import InputError
from mvtri.smoothing import rts
from mvtri.synthetic import Body, animate, random_motion
from mvtri.synthetic.random_processes import lasting_normal
from mvtri.tracks import to_array, validate_tracks

T, LAG = 60, 5
SKELETON = mvtri.get_skeleton("spinetrack37")


@pytest.fixture(scope="module")
def cams():
    return mvtri.human36m_cameras("S9")


@pytest.fixture(scope="module")
def truth():
    points = animate(Body(), random_motion(T, 2)).keypoints
    points[..., :2] -= points[..., :2].mean(axis=(0, 1))
    return points


@pytest.fixture(scope="module")
def views(cams, truth):
    """Return 2D (T, K, C, 2) with 4 px of noise, outliers and gaps, and scores."""
    rng = np.random.default_rng(7)
    pixels = cams.project(truth) + rng.normal(0.0, 4.0, (*truth.shape[:2], len(cams), 2))
    wrong = rng.random(pixels.shape[:3]) < 0.03
    pixels[wrong] += rng.normal(0.0, 100.0, (wrong.sum(), 2))
    pixels[rng.random(pixels.shape[:3]) < 0.05] = np.nan
    return pixels, rng.uniform(0.5, 1.0, pixels.shape[:3])


def run(stream, views, frames=T):
    pixels, scores = views
    return [stream.push(pixels[t], t / 50.0, scores[t]) for t in range(frames)]


def test_with_all_given_it_is_bit_for_bit_what_all_frames_at_once_give(cams, views):
    pixels, scores = views
    stream = mvtri.Stream(cams, SKELETON.keypoints, lag=LAG, noise=4.0, process=20.0, inflation=1.5)
    frames = run(stream, views)
    whole = mvtri.triangulate(pixels, cams, scores, noise=4.0, keypoint_axis=1)
    for t, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.measured.points, whole.points[t])
        np.testing.assert_array_equal(frame.measured.covariances, whole.covariances[t])
    given = {"process": 20.0, "inflation": 1.5, "tail": np.inf, "velocities": True}
    smooth = rts(whole.points, np.arange(T) / 50.0, whole.covariances, **given)
    known = np.isfinite(smooth.positions[-1 - LAG]).all(axis=-1)
    np.testing.assert_array_equal(frames[-1].delayed.positions[known], smooth.positions[-1 - LAG, known])
    np.testing.assert_array_equal(frames[-1].delayed.velocities[known], smooth.velocities[-1 - LAG, known])
    np.testing.assert_array_equal(frames[-1].now.covariances[known], smooth.covariances[-1, known])


def test_what_is_not_given_is_learned(cams, views, truth):
    stream = mvtri.Stream(cams, 37, lag=LAG)
    assert stream.noise.sigma.max() == 5.0
    frames = run(stream, views)
    assert stream.noise.estimated
    assert np.median(stream.noise.sigma) == pytest.approx(4.0 * np.sqrt(0.75), rel=0.15)  # scores weigh
    assert not np.array_equal(stream.process, np.full(37, 10.0))
    late = frames[35:]
    alone = np.array([frame.measured.points for frame in late]) - truth[35:]
    delayed = np.array([frame.delayed.positions for frame in late]) - truth[35 - LAG : T - LAG]
    now = np.array([frame.now.positions for frame in late]) - truth[35:]
    error = [np.nanmean(np.linalg.norm(off, axis=-1)) for off in (alone, now, delayed)]
    assert error[2] < error[1] < error[0]
    assert error[2] < 0.6 * error[0]


def test_what_is_learned_of_errors_that_last_is_in_the_covariances(cams, truth):
    rng = np.random.default_rng(1)
    pixels = cams.project(truth) + 4.0 * lasting_normal(rng, (*truth.shape[:2], len(cams), 2), 10.0)
    stream = mvtri.Stream(cams, 37, lag=LAG, noise=4.0, process=20.0)
    frames = [stream.push(pixels[t], t / 50.0) for t in range(T)]
    points, covariances = (
        np.array([getattr(frame.measured, name) for frame in frames]) for name in ("points", "covariances")
    )
    given = {"process": 20.0, "tail": np.inf}
    learned = rts(points[:30], np.arange(30) / 50.0, covariances[:30], **given)
    assert learned.lasting > 1.5
    smooth = rts(points, np.arange(T) / 50.0, covariances, inflation=learned.inflation, **given)
    np.testing.assert_allclose(
        frames[-1].delayed.covariances, learned.lasting * smooth.covariances[-1 - LAG], rtol=1e-9
    )
    again = mvtri.Stream(
        cams, 37, lag=LAG, noise=4.0, process=20.0, inflation=stream.inflation, lasting=stream.lasting
    )
    last = [again.push(pixels[t], t / 50.0) for t in range(T)][-1]
    np.testing.assert_array_equal(last.delayed.covariances, frames[-1].delayed.covariances)
    np.testing.assert_array_equal(last.now.velocity_covariances, frames[-1].now.velocity_covariances)


def test_errors_are_taken_to_last_as_given_while_the_rest_is_learned(cams, views):
    stream = mvtri.Stream(cams, 37, lasting=2.5)
    for t in range(4):
        stream.push(views[0][t], t / 50)
    assert stream.noise.estimated
    assert stream.lasting == 2.5


@pytest.mark.parametrize("lasting", [0.5, -1.0, np.nan, np.inf])
def test_errors_that_cannot_last_so_are_refused(cams, lasting):
    with pytest.raises(InputError, match=r"lasting is .*expected a number from 1"):
        mvtri.Stream(cams, 37, lasting=lasting)


def test_tracks_hold_the_last_frames_with_delayed_positions(cams, views):
    stream = mvtri.Stream(
        cams, SKELETON.keypoints, lag=LAG, noise=4.0, process=20.0, inflation=1.0, history=20
    )
    frames = run(stream, views)
    tracks = stream.tracks()
    validate_tracks(tracks)
    assert tracks.sizes["time"] == 20
    np.testing.assert_allclose(tracks["time"], np.arange(T - 20, T) / 50.0)
    assert tracks.attrs["fps"] == pytest.approx(50.0)
    position = to_array(tracks)[:, 0]
    np.testing.assert_array_equal(position[-1], frames[-1].now.positions)
    np.testing.assert_array_equal(position[-1 - LAG], frames[-1].delayed.positions)
    np.testing.assert_array_equal(position[0], frames[T - 20 + LAG].delayed.positions)
    np.testing.assert_array_equal(to_array(tracks, "measured_position")[3, 0], frames[T - 17].measured.points)


def test_what_one_stream_learned_starts_another(cams, views):
    first = mvtri.Stream(cams, 37)
    for t in range(4):
        first.push(views[0][t], t / 50)
    learned = {"noise": first.noise, "process": first.process, "inflation": first.inflation}
    second = mvtri.Stream(cams, 37, **learned)
    for t in range(4):
        second.push(views[0][t], t / 50)
    assert second.noise == first.noise
    assert second.inflation == first.inflation
    np.testing.assert_array_equal(second.process, first.process)


@pytest.mark.parametrize("given", [{"noise": np.full(4, 4.0)}, {"process": np.full(37, 20.0)}])
def test_arrays_may_be_given_while_the_rest_is_learned(cams, views, given):
    stream = mvtri.Stream(cams, 37, **given)
    for t in range(4):
        frame = stream.push(views[0][t], t / 50)
    assert np.isfinite(frame.now.positions).mean() > 0.9


def test_memory_does_not_grow(cams, views):
    stream = mvtri.Stream(cams, 37, lag=LAG, noise=4.0, process=20.0, inflation=1.0, history=10)
    pixels, _ = views

    def push(first, last):
        for t in range(first, last):
            stream.push(pixels[t % T], t / 50.0)

    push(0, 50)
    tracemalloc.start()
    try:
        push(50, 400)  # until all caches are filled
        before = tracemalloc.get_traced_memory()[0]
        push(400, 700)
        assert tracemalloc.get_traced_memory()[0] - before < 10_000  # bytes, less than two frames
    finally:
        tracemalloc.stop()


def test_a_frame_that_is_refused_leaves_the_stream_as_it_was(cams, views):
    pixels, _ = views
    one, other = (mvtri.Stream(cams, 37, noise=4.0, process=20.0, inflation=1.0) for _ in range(2))
    for stream in (one, other):
        stream.push(pixels[0], 0.0)
    for frame, words in (((pixels[1], 0.0), "came after one at"), ((pixels[1, :5], 1.0), "has the shape"),
                         ((pixels[1], 1.0, np.full((37, 4), 90.0)), "expected 0 to 1")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            one.push(*frame)
    same = [stream.push(pixels[1], 0.02).now.positions for stream in (one, other)]
    np.testing.assert_array_equal(*same)


def test_tracks_keep_how_far_the_cameras_are_off(cams, views):
    pixels, _ = views
    errors = np.c_[np.radians(0.5) * np.eye(len(cams), 3), 0.01 * np.eye(len(cams), 3)]
    stream = mvtri.Stream(cams.displaced(errors), 37)
    for t in range(12):
        stream.push(pixels[t], t * 0.02)
    recorded = read_recording(stream.tracks()).rig_errors
    np.testing.assert_allclose(recorded, stream.noise.rig_errors, atol=1e-6)
    assert np.abs(recorded).max() > 1e-3


def test_the_noise_of_another_stream_can_be_given_alone(cams, views):
    pixels, _ = views
    learned, alone = (
        mvtri.Stream(cams, 37),
        mvtri.Stream(cams, 37, noise=mvtri.Stream(cams, 37, noise=4.0).noise),
    )
    for t in range(12):
        learned.push(pixels[t], t * 0.02)
        alone.push(pixels[t], t * 0.02)  # it still learns the process noise
    np.testing.assert_array_equal(alone.noise.sigma, 4.0)
    assert not np.array_equal(learned.noise.sigma, alone.noise.sigma)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"keypoints": 0}, "a stream of 0 keypoints"), ({"history": 0}, "history of 0 frames"),
     ({"lag": -1}, "the lag is -1"), ({"noise": -1.0}, "noise is -1.0"), ({"process": 0.0}, "process noise"),
     ({"inflation": -1.0}, "inflation is -1"), ({"keypoints": "hip"}, "is the text 'hip'"),
     ({"keypoints": ["hip", "neck", "hip"]}, "has hip more than once")],
)  # fmt: skip
def test_wrong_choices_are_refused(cams, options, words):
    with pytest.raises(InputError, match=words):
        mvtri.Stream(cams, **{"keypoints": 37} | options)


def test_tracks_of_no_frame_are_refused(cams):
    with pytest.raises(InputError, match="push one first"):
        mvtri.Stream(cams, 37).tracks()
