"""Where markers sit on a person: places come back, are weighed against the model's, and refusals."""

import numpy as np
import pytest
from body_model import MODEL_PATH

from mvtri.biomechanics.marker_places import place_markers
from mvtri.biomechanics.osim import read_osim
from mvtri.errors import InputError


@pytest.fixture(scope="module")
def moved():
    """Frames of bodies in drawn poses, the markers' bodies and places, and what places make of them."""
    model = read_osim(MODEL_PATH)
    rng = np.random.default_rng(0)
    free = model.defaults[model.free] + rng.uniform(0, 0.5, (40, len(model.free)))
    rotations, origins = model.body_frames(model.full_coordinates(free))
    bodies = model.tree.marker_bodies

    def positions(places):
        return origins[:, bodies] + np.einsum("tmij,mj->tmi", rotations[:, bodies], places)

    return rotations, origins, bodies, model.tree.marker_places, positions


def test_places_come_back(moved):
    *frames, places, positions = moved
    true = places + np.random.default_rng(1).normal(0, 0.02, places.shape)
    found = place_markers(*frames, places, positions(true), noise=1e-6)
    np.testing.assert_allclose(found.places, true, atol=1e-7)
    assert found.moved == pytest.approx(np.linalg.norm(true - places, axis=-1), abs=1e-6)
    assert (found.frames == 40).all()


def test_intervals_hold_and_outliers_do_not_matter(moved):
    *frames, places, positions = moved
    rng = np.random.default_rng(2)
    true = places + rng.normal(0, 0.02, places.shape)
    seen = positions(true) + rng.normal(0, 0.03, (40, len(places), 3))
    found = place_markers(*frames, places, seen, noise=0.03, freedom=0.02)
    scaled = (found.places - true) / found.sd
    assert np.mean(np.abs(scaled) < 1.96) == pytest.approx(0.95, abs=0.05)
    seen[::10] += 1.0
    far = place_markers(*frames, places, seen, noise=0.03)
    assert np.abs(far.places - found.places).max() < 0.015


def test_a_rare_marker_stays_near_the_model(moved):
    *frames, places, positions = moved
    true = places + 0.01
    seen = positions(true)
    seen[1:, 0] = np.nan
    seen[:, 1] = np.inf
    found = place_markers(*frames, places, seen, noise=0.02, freedom=0.01)
    share = 0.01**2 / (0.01**2 + 0.5 * np.pi * 0.02**2)
    np.testing.assert_allclose(found.places[0], places[0] + share * 0.01, atol=1e-12)
    np.testing.assert_allclose(found.places[1], places[1])
    assert found.frames[:2].tolist() == [1, 0]
    assert found.sd[1] == pytest.approx([0.01] * 3)


def test_what_does_not_fit_is_refused(moved):
    *frames, places, positions = moved
    with pytest.raises(InputError, match="have the shapes"):
        place_markers(*frames, places, positions(places)[:5])
    with pytest.raises(InputError, match="more than 0"):
        place_markers(*frames, places, positions(places), noise=0.0)
