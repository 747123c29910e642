"""Sessions with a known fault, for the benchmark of verdicts: rigs, people, and the errors of detectors."""

import dataclasses
import sys
from pathlib import Path

import numpy as np

import mvtri
from mvtri.synthetic import Body, animate, random_motion
from mvtri.synthetic.random_processes import lasting_normal

sys.path.insert(0, str(Path(__file__).parents[1]))
from triangulation_scenes import rig

FRAMES = 80
SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
SIZES = np.array([10, 12, 15, 18, 20, 22, 24, 25, 27, 28, 30, 35, 40, 45, 50, 54, 60, 70, 80, 100]) / 1000
NAMES = mvtri.get_skeleton("spinetrack37").keypoints


@dataclasses.dataclass(frozen=True)
class Session:
    """2D (T, K, C, 2) px, the calibration that the user has, and which camera is displaced, or None."""

    points2d: np.ndarray
    cameras: mvtri.CameraGroup
    displaced: int | None = None
    amount: float = 0.0  # degrees, m, or a factor
    stature: float = 0.0  # m, of the person
    height: float | None = None  # m, what the user says of it
    truth: np.ndarray | None = None  # (T, K, 3) m, where the keypoints are
    clean: np.ndarray | None = None  # (T, K, C, 2) px, the 2D without the errors of the detector


def draw_rig(rng):
    """Return a rig of four to eight cameras: Human3.6M's of one subject (half of all), a ring or an arc."""
    kind = rng.integers(6)
    if kind < 3:
        return mvtri.human36m_cameras(SUBJECTS[rng.integers(len(SUBJECTS))])
    if kind == 3:
        return rig(8)
    if kind == 4:
        return rig(int(rng.integers(4, 7)))
    return rig(4, spread=120.0)


def draw_motion(rng):
    """Return the keypoints (T, 37, 3), m, of a person who moves near the middle, and the stature, m."""
    body = Body.sample(rng)
    points = animate(body, random_motion(FRAMES, rng)).keypoints
    middle = points[..., :2].mean(axis=(0, 1))
    points[..., :2] += rng.uniform(-0.7, 0.7, 2) - middle
    return points, body.stature


def detector_errors(rng, rest, shape):
    """Return errors (T, K, C, 2), px, as a detector's are.

    A part that is constant for each keypoint in each view, 2 to 10 px long, in every second session alike
    for keypoints that are near each other; in every fourth session one view has twice as much; noise of 1 to
    4 px that lasts for up to 10 frames; and one view in a hundred 60 px off.
    """
    T, K, C, _ = shape
    length = rng.uniform(2, 10, (K, C, 1))
    direction = rng.standard_normal((K, C, 2))
    if rng.random() < 0.5:
        near = np.exp(-((np.linalg.norm(rest[:, None] - rest, axis=-1) / 0.15) ** 2))
        direction = np.linalg.cholesky(near + 0.3 * np.eye(K)) @ direction.transpose(1, 0, 2)
        direction = direction.transpose(1, 0, 2)
    constant = length * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    if rng.random() < 0.25:
        constant[:, rng.integers(C)] *= 2.0
    noise = lasting_normal(rng, shape, rng.uniform(0, 10)) * rng.uniform(1, 4)
    wrong = rng.random((T, K, C, 1)) < 0.01
    return constant + noise + wrong * rng.normal(0, 60, shape)


def moved(cameras, turns, shifts):
    """Return the cameras turned by rotation vectors (C, 3), rad, and shifted (C, 3), m."""
    from scipy.spatial.transform import Rotation

    R = cameras.rotations @ Rotation.from_rotvec(turns).as_matrix()
    centers = cameras.centers + shifts
    return changed(cameras, rotations=R, translations=-np.einsum("cij,cj->ci", R, centers))


def changed(cameras, **fields):
    """Return a rig with other fields."""
    names = ("names", "image_sizes", "matrices", "distortions", "rotations", "translations", "models")
    return mvtri.CameraGroup(**({name: getattr(cameras, name) for name in names} | fields))


def sound(rng):
    """Return a session without a fault; its calibration is off by 0.05 degrees and 1 mm."""
    cameras = draw_rig(rng)
    points, stature = draw_motion(rng)
    seen = cameras.project(points)
    seen = seen + detector_errors(rng, points[0], seen.shape)
    C = len(cameras)
    turns, shifts = np.radians(0.05) * rng.standard_normal((C, 3)), 1e-3 * rng.standard_normal((C, 3))
    calibration = moved(cameras, turns / np.sqrt(3), shifts / np.sqrt(3))
    return Session(seen, calibration, stature=stature, truth=points)


def alike(rng, reach):
    """Return a session of a calibration without error, and constant errors that are alike over `reach`, m.

    They have 5 px; noise of 1.5 px is independent.
    """
    cameras = draw_rig(rng)
    points, stature = draw_motion(rng)
    apart = np.linalg.norm(points[0][:, None] - points[0], axis=-1)
    root = np.linalg.cholesky(np.exp(-((apart / reach) ** 2)) + 1e-6 * np.eye(len(apart)))
    constant = np.einsum("kj,jci->kci", root, rng.standard_normal((len(apart), len(cameras), 2)))
    seen = cameras.project(points)
    seen = seen + 5.0 * constant + rng.normal(0, 1.5, seen.shape)
    return Session(seen, cameras, stature=stature, truth=points)


def unit_vector(rng):
    """Return a direction."""
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


def turned_camera(rng):
    """Return a session in which one camera is turned by 2 to 10 degrees."""
    session = sound(rng)
    which, amount = int(rng.integers(len(session.cameras))), rng.uniform(2, 10)
    turns = np.zeros((len(session.cameras), 3))
    turns[which] = np.radians(amount) * unit_vector(rng)
    cameras = moved(session.cameras, turns, 0 * turns)
    return dataclasses.replace(session, cameras=cameras, displaced=which, amount=amount)


def shifted_camera(rng):
    """Return a session in which one camera is shifted by 5 to 30 cm."""
    session = sound(rng)
    which, amount = int(rng.integers(len(session.cameras))), rng.uniform(0.05, 0.30)
    shifts = np.zeros((len(session.cameras), 3))
    shifts[which] = amount * unit_vector(rng)
    cameras = moved(session.cameras, 0 * shifts, shifts)
    return dataclasses.replace(session, cameras=cameras, displaced=which, amount=amount)


def rig_off(rng):
    """Return a session in which every camera is off by about 1 degree and 3 cm."""
    session = sound(rng)
    C = len(session.cameras)
    turns, shifts = np.radians(1) * rng.standard_normal((C, 3)), 0.03 * rng.standard_normal((C, 3))
    return dataclasses.replace(
        session, cameras=moved(session.cameras, turns / np.sqrt(3), shifts / np.sqrt(3))
    )


def two_against_two(rng):
    """Return a session of four cameras of which two were moved together by 3 to 8 degrees."""
    session = sound(rng)
    while len(session.cameras) != 4:
        session = sound(rng)
    from scipy.spatial.transform import Rotation

    which = rng.permutation(4)[:2]
    amount = rng.uniform(3, 8)
    vector = np.radians(amount) * unit_vector(rng)
    turn = Rotation.from_rotvec(vector).as_matrix()
    cameras = session.cameras
    middle = cameras.centers[which].mean(axis=0)
    turns, shifts = np.zeros((4, 3)), np.zeros((4, 3))
    turns[which] = -vector
    shifts[which] = (cameras.centers[which] - middle) @ (turn - np.eye(3)).T
    return Session(session.points2d, moved(cameras, turns, shifts), None, amount)


def resolution(rng):
    """Return a session whose 2D was found in videos of another size."""
    session = sound(rng)
    factor = float(rng.choice([1 / 3, 0.5, 2 / 3, 0.75, 4 / 3, 1.5, 2.0, 3.0]))
    return dataclasses.replace(session, points2d=(session.points2d + 0.5) * factor - 0.5, amount=factor)


def normalised(rng):
    """Return a session with 2D as fractions of the image's size."""
    session = sound(rng)
    return dataclasses.replace(session, points2d=session.points2d / session.cameras.image_sizes)


def exchanged(rng):
    """Return a session in which x and y are exchanged."""
    session = sound(rng)
    return dataclasses.replace(session, points2d=session.points2d[..., ::-1])


def exchanged_cameras(rng):
    """Return a session in which the videos of two cameras are exchanged."""
    session = sound(rng)
    first, second = rng.permutation(len(session.cameras))[:2]
    order = np.arange(len(session.cameras))
    order[[first, second]] = second, first
    return dataclasses.replace(session, points2d=session.points2d[:, :, order])


def y_up(rng):
    """Return a session in which y points up."""
    session = sound(rng)
    flipped = session.points2d.copy()
    flipped[..., 1] = session.cameras.image_sizes[:, 1] - 1 - flipped[..., 1]
    return dataclasses.replace(session, points2d=flipped)


def scaled(session, factor):
    """Return a session whose calibration is `factor` times too large."""
    cameras = changed(session.cameras, translations=session.cameras.translations * factor)
    return dataclasses.replace(session, cameras=cameras, amount=factor)


def unit(rng):
    """Return a session whose calibration has another unit than it says."""
    factor = float(rng.choice([1000.0, 1e-3, 100.0, 1e-2, 1 / 0.0254, 0.0254, 25.4, 1 / 25.4]))
    return scaled(sound(rng), factor)


def board_size(rng, low=1.5, high=3.0):
    """Return a session calibrated with a board whose squares were entered 1.5 to 3 times wrong."""
    while True:
        entered, true = rng.choice(SIZES, 2)
        factor = float(entered / true)
        if low <= max(factor, 1 / factor) <= high:
            return scaled(sound(rng), factor)


def board_size_a_little(rng):
    """Return a session calibrated with a board whose squares were entered 1.1 to 1.5 times wrong."""
    return board_size(rng, 1.1, 1.5)


def board_size_height_known(rng):
    """Return a session as `board_size_a_little` does, for a person whose height is known to a centimetre."""
    session = board_size_a_little(rng)
    return dataclasses.replace(session, height=float(session.stature + rng.normal(0.0, 0.01)))


def sound_height_known(rng):
    """Return a session as `sound` does, for a person whose height is known to a centimetre."""
    session = sound(rng)
    return dataclasses.replace(session, height=float(session.stature + rng.normal(0.0, 0.01)))
