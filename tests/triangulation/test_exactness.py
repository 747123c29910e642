"""Noise-free points come back to 1e-9 m: every lens, every real rig, anywhere in view."""

import naive_cameras as naive
import numpy as np
import pytest
from rigs_cameras import LENSES
from rigs_triangulation import ring

import mvtri
from mvtri.tracks import Status
from mvtri.triangulation import TriangulationOptions, triangulate

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")


def pixels_anywhere(cams, camera, rng):
    """Return pixels of one camera: its corners, its edges and places at random, to the outer rim."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    edges = rng.random((40, 2))
    edges[np.arange(40), np.arange(40) % 2] = rng.integers(0, 2, 40)
    unit = np.concatenate([np.repeat(corners, 40, axis=0), np.repeat(edges, 4, axis=0), rng.random((200, 2))])
    return unit * cams.image_sizes[camera] - 0.5


def points_in_view(cams, rng):
    """Return points that lie behind pixels all over the images, at depths of their own, and their pixels.

    The pixels follow the written formulas of the lenses; they are NaN in cameras that do not see the point.
    Only points that two cameras or more see at different angles are kept.
    """
    found = []
    for camera in range(len(cams)):
        pixels = np.full((520, len(cams), 2), np.nan)
        pixels[:, camera] = pixels_anywhere(cams, camera, rng)
        rays = cams.undistort(pixels)[:, camera]
        inside = np.concatenate([rays, np.ones((520, 1))], axis=1) * rng.uniform(0.3, 12.0, (520, 1))
        found.append((inside - cams.translations[camera]) @ cams.rotations[camera])
    points = np.concatenate(found)
    points = points[np.isfinite(points).all(axis=1)]
    pixels = naive_pixels(cams, points)
    seen = np.isfinite(pixels).all(axis=-1)
    kept = (seen.sum(axis=1) >= 2) & (widest_angle(cams, points, seen) > np.radians(1.0))
    return points[kept], pixels[kept]


def naive_pixels(cams, points):
    models, lenses, matrices, rotations, translations = (np.asarray(part) for part in cams.packed())
    out = np.full((len(points), len(cams), 2), np.nan)
    for c in range(len(cams)):
        x, y, z = rotations[c] @ points.T + translations[c][:, None]
        before = z > 0.01
        ray = x[before] / z[before], y[before] / z[before]
        bent = naive.distort(models[c], lenses[c], *ray)
        out[before, c] = (matrices[c] @ [*bent, np.ones(before.sum())])[:2].T
        inside = (out[:, c] >= -0.5) & (out[:, c] <= cams.image_sizes[c] - 0.5)
        rays = cams.undistort(out)[:, c]  # a lens that folds shows far-off points inside its image, too
        inside[before] &= np.hypot(*(rays[before].T - ray))[:, None] < 1e-6
        out[~inside.all(axis=1), c] = np.nan
    return out


def widest_angle(cams, points, seen):
    """Return the largest angle, 90 degrees at most, at which rays that see a point meet there."""
    ways = points[:, None] - cams.centers
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    sines = np.linalg.norm(np.cross(ways[:, :, None], ways[:, None]), axis=-1)
    return np.arcsin(np.minimum((sines * seen[:, :, None] * seen[:, None]).max(axis=(1, 2)), 1.0))


def check(cams, **more):
    points, pixels = points_in_view(cams, np.random.default_rng(len(cams)))
    assert len(points) > 300
    wide = cams.image_sizes - 1.0
    rim = (np.abs(pixels - wide / 2) > wide / 2 - 0.5).all(axis=-1)
    assert rim.any(axis=1).sum() >= 10  # corners are among them
    result = triangulate(pixels, cams, **more)
    assert (result.status == Status.OK).all()
    assert np.linalg.norm(result.points - points, axis=1).max() < 1e-9
    np.testing.assert_array_equal(result.inliers, np.isfinite(pixels).all(axis=-1))
    assert np.nanmax(result.residuals) < 1e-7


@pytest.mark.parametrize("method", ["ransac", "dlt"])
@pytest.mark.parametrize("formula", ["opencv", "human36m"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_real_rigs_to_the_corners(subject, formula, method):
    check(mvtri.human36m_cameras(subject, distortion=formula), method=method)


def lens_ring(name, count=4):
    model, lens = LENSES[name]
    plain = ring(count)
    return mvtri.CameraGroup(
        names=plain.names,
        image_sizes=plain.image_sizes,
        matrices=plain.matrices + np.array([[0.0, 0.7, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 0.0]]),
        distortions=[lens] * count,
        rotations=plain.rotations,
        translations=plain.translations,
        models=model,
    )


@pytest.mark.parametrize("method", ["ransac", "dlt"])
@pytest.mark.parametrize("name", LENSES)
def test_every_lens_to_the_corners(name, method):
    check(lens_ring(name), method=method)


@pytest.mark.parametrize("name", ["tilted", "fisheye", "human36m"])
def test_consensus_is_as_exact_where_pairs_are_drawn(name):
    check(lens_ring(name, 7), options=TriangulationOptions(enumerate_up_to=2), noise=1.0)


def test_cameras_with_different_lenses():
    plain = ring(len(LENSES))
    cams = mvtri.CameraGroup(
        names=list(LENSES),
        image_sizes=plain.image_sizes,
        matrices=plain.matrices,
        distortions=[lens for _, lens in LENSES.values()],
        rotations=plain.rotations,
        translations=plain.translations,
        models=[model for model, _ in LENSES.values()],
    )
    check(cams)
