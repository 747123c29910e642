"""Sessions with one known fault each, for the benchmark of the audit, beside those of `verdict_sessions`."""

import dataclasses

import numpy as np
import verdict_sessions
from verdict_sessions import changed, moved, sound, unit_vector

from mvtri.diagnostics.displacement import Views, locate, residuals
from mvtri.plausibility.views import poses_of

verdict_sessions.FRAMES = 200  # 4 s: a recording that is audited is longer than those of the verdicts


def turned_camera(rng):
    """Return a session in which one camera is turned by 2 to 10 degrees."""
    return verdict_sessions.turned_camera(rng)


def with_cameras(session, **fields):
    """Return a session with another calibration."""
    return dataclasses.replace(session, cameras=changed(session.cameras, **fields))


def one(session, rng, **arrays):
    """Return a session in which one camera alone has its entries of `arrays`, and which one."""
    which = int(rng.integers(len(session.cameras)))
    fields = {}
    for name, values in arrays.items():
        fields[name] = np.array(getattr(session.cameras, name))
        fields[name][which] = values[which]
    return dataclasses.replace(with_cameras(session, **fields), displaced=which)


def inverse(cameras):
    """Return R and t of a calibration that goes from the camera to the world."""
    return {"rotations": cameras.rotations.transpose(0, 2, 1), "translations": cameras.centers}


def inverted(rng):
    """Return a session whose rotations and translations go from the camera to the world."""
    session = sound(rng)
    return with_cameras(session, **inverse(session.cameras))


def transposed(rng):
    """Return a session whose rotations are transposed."""
    session = sound(rng)
    return with_cameras(session, rotations=session.cameras.rotations.transpose(0, 2, 1))


def centre(rng):
    """Return a session whose translations are the cameras' centres."""
    session = sound(rng)
    return with_cameras(session, translations=session.cameras.centers)


def mirrored_axes(rng):
    """Return a session of a left-handed world: one axis of world and cameras reversed."""
    session = sound(rng)
    S = np.diag(np.where(np.arange(3) == rng.integers(3), -1.0, 1.0))
    cameras = session.cameras
    return with_cameras(session, rotations=S @ cameras.rotations @ S, translations=cameras.translations @ S)


def inverted_camera(rng):
    """Return a session in which one camera's R and t go from the camera to the world."""
    session = sound(rng)
    return one(session, rng, **inverse(session.cameras))


def transposed_camera(rng):
    """Return a session in which one camera's rotation is transposed."""
    session = sound(rng)
    return one(session, rng, rotations=session.cameras.rotations.transpose(0, 2, 1))


def centre_camera(rng):
    """Return a session in which one camera's translation is its centre."""
    session = sound(rng)
    return one(session, rng, translations=session.cameras.centers)


def resolution_camera(rng):
    """Return a session in which the 2D of one camera is that of a video of another size."""
    session = sound(rng)
    which = int(rng.integers(len(session.cameras)))
    factor = float(rng.choice([1 / 3, 0.5, 2 / 3, 0.75, 4 / 3, 1.5, 2.0]))
    points = session.points2d.copy()
    points[:, :, which] = (points[:, :, which] + 0.5) * factor - 0.5
    return dataclasses.replace(session, points2d=points, displaced=which, amount=factor)


def turned_video(rng):
    """Return a session in which the video of one camera is turned by 90 or 180 degrees."""
    session = sound(rng)
    which = int(rng.integers(len(session.cameras)))
    points = session.points2d.copy()
    (width, height), (x, y) = session.cameras.image_sizes[which], np.moveaxis(points[:, :, which], -1, 0)
    turned = [(height - 1 - y, x), (y, width - 1 - x), (width - 1 - x, height - 1 - y)][rng.integers(3)]
    points[:, :, which] = np.stack(turned, axis=-1)
    return dataclasses.replace(session, points2d=points, displaced=which)


def cropped(rng):
    """Return a session whose videos were all cropped by 5 to 15 % at the left and at the top."""
    session = sound(rng)
    width, height = session.cameras.image_sizes[0]
    corner = rng.uniform(0.05, 0.15, 2) * [width, height]
    return dataclasses.replace(session, points2d=session.points2d - corner, amount=float(np.hypot(*corner)))


def late_camera(rng):
    """Return a session in which one camera is 2 to 10 frames late."""
    session = sound(rng)
    which, late = int(rng.integers(len(session.cameras))), int(rng.integers(2, 11))
    points = session.points2d[late:].copy()
    points[:, :, which] = session.points2d[:-late, :, which]
    return dataclasses.replace(
        session, points2d=points, displaced=which, amount=late, truth=session.truth[late:]
    )


def moved_meanwhile(rng):
    """Return a session in which one camera was turned by 2 to 8 degrees part-way."""
    session = sound(rng)
    C, T = len(session.cameras), len(session.points2d)
    which, start = int(rng.integers(C)), int(rng.uniform(0.3, 0.7) * T)
    amount = rng.uniform(2, 8)
    turns = np.zeros((C, 3))
    turns[which] = np.radians(amount) * unit_vector(rng)
    after = moved(session.cameras, turns, 0 * turns)
    before_pixels, after_pixels = (each.project(session.truth) for each in (session.cameras, after))
    points = session.points2d.copy()
    points[start:, :, which] += (after_pixels - before_pixels)[start:, :, which]
    return dataclasses.replace(session, points2d=points, displaced=which, amount=amount)


def stale(rng):
    """Return a session whose calibration is of another day: each camera stood elsewhere, 0.3 to 1 m away."""
    session = sound(rng)
    C = len(session.cameras)
    turns = np.array([np.radians(rng.uniform(5, 20)) * unit_vector(rng) for _ in range(C)])
    shifts = np.array([rng.uniform(0.3, 1.0) * unit_vector(rng) for _ in range(C)])
    return dataclasses.replace(session, cameras=moved(session.cameras, turns, shifts))


def rig_off(rng):
    """Return a session in which every camera is off by about 1 degree and 3 cm."""
    return verdict_sessions.rig_off(rng)


def wide(rng):
    """Return a session of wide lenses with strong distortion, and a person who walks 3 to 4 m."""
    session = sound(rng)
    cameras = session.cameras
    matrices = np.array(cameras.matrices)
    matrices[:, [0, 1], [0, 1]] = 0.55 * cameras.image_sizes[:, :1]
    k1, k2 = rng.uniform(-0.32, -0.22), rng.uniform(0.06, 0.12)
    lens = [np.array([k1, k2, 0.0, 0.0, 0.0])] * len(cameras)
    true = changed(cameras, matrices=matrices, distortions=lens, models=["opencv"] * len(cameras))
    T = len(session.truth)
    way = np.cumsum(np.full((T, 1), 1.0 / T), axis=0)
    end = np.zeros(3)
    angle = rng.uniform(0, 2 * np.pi)
    end[:2] = rng.uniform(1.5, 2.0) * np.array([np.cos(angle), np.sin(angle)])
    ends = np.stack([-end, end])
    walked = session.truth + ends[0] + way[:, None] * (ends[1] - ends[0])
    seen = true.project(walked)
    errors = verdict_sessions.detector_errors(rng, walked[0], seen.shape)
    return dataclasses.replace(session, points2d=seen + errors, cameras=true, truth=walked, clean=seen)


def undistorted_twice(rng):
    """Return a session of wide lenses whose 2D was undistorted already."""
    session = wide(rng)
    cameras = session.cameras
    none = changed(cameras, distortions=[np.zeros(5)] * len(cameras))
    seen = none.project(session.truth)
    return dataclasses.replace(session, points2d=seen + session.points2d - session.clean, clean=seen)


def shown(session):
    """Return what a wrong lens leaves of a session without any error of a detector, px.

    The root mean square of a coordinate of the reprojection errors, without what is constant for a keypoint
    in a view: a detector's own constant errors are as large.
    """
    normalised = session.cameras.undistort(session.clean)
    views = Views(normalised, np.isfinite(normalised).all(axis=-1))
    poses = poses_of(session.cameras)
    error = residuals(views, locate(views, poses), poses)
    return float(np.sqrt(np.nanmean((error - np.nanmean(error, axis=0)) ** 2)))


def lens_missing(rng):
    """Return a session of wide lenses whose calibration has no distortion."""
    session = wide(rng)
    return with_cameras(session, distortions=[np.zeros(5)] * len(session.cameras))


def lens_model(rng):
    """Return a session of wide lenses whose coefficients are taken for those of a fisheye lens."""
    session = wide(rng)
    four = [np.asarray(each)[:4] for each in session.cameras.distortions]
    return with_cameras(session, distortions=four, models=["fisheye"] * len(four))


def unit_ten(rng):
    """Return a session whose calibration is 10, 100 or 1000 times too large or too small."""
    factor = float(rng.choice([10.0, 0.1, 100.0, 0.01, 1000.0, 0.001]))
    return verdict_sessions.scaled(sound(rng), factor)


def exchanged_cameras(rng):
    """Return a session in which the videos of two cameras are exchanged."""
    return verdict_sessions.exchanged_cameras(rng)


def resolution(rng):
    """Return a session whose 2D was found in videos of another size."""
    return verdict_sessions.resolution(rng)
