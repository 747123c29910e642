"""The reduced normal equations against those that SciPy's finite differences give, unknown by unknown."""

import numpy as np
import pytest
from rigs_cameras import LENSES
from scipy.optimize._numdiff import approx_derivative
from scipy.spatial.transform import Rotation

from mvtri import CameraGroup
from mvtri.calib.bundle import Freedom, name_unknowns
from mvtri.calib.bundle.inputs import problem_of, views_of
from mvtri.calib.bundle.state import State

BOARD = np.stack([*np.meshgrid(0.05 * np.arange(4), 0.05 * np.arange(3)), np.zeros((3, 4))], -1).reshape(
    -1, 3
)
COEFFICIENTS = {
    "brown": 5,
    "rational": 8,
    "thin prism": 12,
    "tilted": 0,
    "fisheye": 4,
    "human36m": 5,
    "none": 4,
}


def rig(lens):
    """Three cameras about the origin, 3 m away."""
    model, coefficients = LENSES[lens]
    turns = Rotation.from_euler("xyz", [(100, 10, 0), (95, -20, 30), (110, 5, -40)], degrees=True).as_matrix()
    return CameraGroup(
        names=["a", "b", "c"],
        image_sizes=[(1000, 800)] * 3,
        matrices=[[[900.0, 3.0, 510.0], [0.0, 880.0, 390.0], [0.0, 0.0, 1.0]]] * 3,
        distortions=[coefficients] * 3,
        rotations=turns,
        translations=[(0.1, -0.2, 3.0), (0.0, 0.1, 3.3), (-0.1, 0.0, 2.8)],
        models=[model] * 3,
    )


def problem(cams, freedom, board, tail, shared=(), fixed=()):
    """A few bodies, seen with errors of a few pixels; the last camera misses some."""
    rng = np.random.default_rng(3)
    unknowns = name_unknowns(cams, freedom, fixed, shared, bend=board)
    places = rng.uniform(-0.5, 0.5, (6, 3))
    turns = Rotation.from_rotvec(rng.normal(size=(6, 3))).as_matrix()
    bodies = np.einsum("bij,kj->bki", turns, BOARD) + places[:, None] if board else places[:, None]
    pixels = cams.project(bodies) + rng.normal(0.0, 3.0, (*bodies.shape[:2], 3, 2))
    seen = np.isfinite(pixels[..., 0])
    seen[::2, :, 2] = False
    views, _ = views_of(pixels, seen)
    views = views._replace(weights=rng.uniform(0.05, 0.2, len(views.weights)))
    flat = BOARD if board else np.zeros((0, 3))
    state = State.start(cams, turns if board else np.zeros((0, 3, 3)), places, unknowns)
    if board:
        step = np.zeros(len(unknowns.names))
        step[-3:] = 0.3, -0.2, 0.1
        state = state.after(step, np.zeros((6, 6)), unknowns)
    return problem_of(cams, views, flat, unknowns, None, tail, 1), state


def by_differences(one, state):
    """Return J (2M, n + all bodies) and the residuals, weighted as Student's t weighs them."""
    n, size = len(one.unknowns.names), 6 if one.is_board else 3
    bodies = len(one.views.starts) - 1

    def projected(z):
        return -one.residuals(state.after(z[:n], z[n:].reshape(bodies, size), one.unknowns)).ravel()

    z = np.zeros(n + size * bodies)
    unit = np.r_[1.0 / np.sqrt(one.normal(state, 0.0).diagonal), np.full(size * bodies, 1e-3)]
    J = approx_derivative(lambda u: projected(unit * u), z, method="3-point", rel_step=1e-3) / unit
    r = -projected(z)
    squares = one.views.weights * (r.reshape(-1, 2) ** 2).sum(axis=1)
    weights = one.views.weights * ((one.tail + 2.0) / (one.tail + squares) if one.tail else 1.0)
    root = np.repeat(np.sqrt(weights), 2)
    return J * root[:, None], r * root, n


@pytest.mark.parametrize("lens", COEFFICIENTS)
@pytest.mark.parametrize("board", [False, True], ids=["points", "boards"])
@pytest.mark.parametrize("tail", [0.0, 4.0])
def test_normal_equations_are_those_of_finite_differences(lens, board, tail):
    freedom = Freedom(focal="two", centre=True, distortion=COEFFICIENTS[lens])
    one, state = problem(rig(lens), freedom, board, tail)
    J, r, n = by_differences(one, state)
    found = one.normal(state, 0.0, scores=True)
    H, g = J.T @ J, J.T @ r
    inner = np.linalg.pinv(H[n:, n:])
    S, s = H[:n, :n] - H[:n, n:] @ inner @ H[n:, :n], g[:n] - H[:n, n:] @ inner @ g[n:]
    size = np.sqrt(H.diagonal()[:n])
    assert np.abs((np.tril(found.H) - np.tril(S)) / np.outer(size, size)).max() < 1e-6
    assert np.abs((found.g - s) / size).max() < 1e-5
    np.testing.assert_allclose(found.diagonal, H.diagonal()[:n], rtol=1e-5)
    np.testing.assert_allclose(found.scores.sum(axis=0), found.g, rtol=0, atol=1e-9 * np.abs(found.g).max())
    step = np.random.default_rng(0).normal(size=n) * 1e-3 / size
    expected = (inner @ (g[n:] - H[n:, :n] @ step)).reshape(len(one.views.starts) - 1, -1)
    np.testing.assert_allclose(one.body_steps(state, 0.0, step), expected, atol=1e-6)


def test_unknowns_that_cameras_share_and_poses_that_stay():
    cams = rig("brown")
    one, state = problem(cams, Freedom(focal="one", distortion=2), False, 0.0, shared=[(0, 2)], fixed=[1])
    assert one.unknowns.names[-6:] == ("a focal", "a k1", "a k2", "b focal", "b k1", "b k2")
    assert not any(name.startswith("b turn") for name in one.unknowns.names)
    J, _, n = by_differences(one, state)
    found = one.normal(state, 0.0)
    np.testing.assert_allclose(found.diagonal, (J.T @ J).diagonal()[:n], rtol=1e-5)


def test_points_behind_a_camera_are_counted_and_left_out():
    cams = rig("brown")
    one, state = problem(cams, Freedom(), False, 0.0)
    behind = state.places.copy()
    behind[0] = cams.centers[0] - 0.05 * cams.rotations[0][2]
    found = one.normal(state.__class__(**{**vars(state), "places": behind}), 0.0)
    assert found.cost[1] == 1.0
    assert np.isfinite(found.H).all()
    assert np.isfinite(found.g).all()


def test_the_chunks_do_not_change_the_sums(monkeypatch):
    one, state = problem(rig("brown"), Freedom(), True, 4.0)
    whole = one.normal(state, 1e-3, scores=True)
    monkeypatch.setattr("mvtri.calib.bundle.problem._CHUNK", 2)
    cut = one.normal(state, 1e-3, scores=True)
    for a, b in zip(whole, cut):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-9)
