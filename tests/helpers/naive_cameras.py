"""Slow, obvious twins of the camera kernels, typed from the formulas."""

import math

import numpy as np

from mvtri.cameras import CameraGroup


def distort_human36m(k1, k2, p1, p2, k3, x, y):
    """Human3.6M's own formula: OpenCV's with `tan` not doubled."""
    r2 = x**2 + y**2
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    tan = p1 * y + p2 * x
    return x * (radial + tan) + p2 * r2, y * (radial + tan) + p1 * r2


def distort_opencv(d, x, y):
    """The documentation of OpenCV's calib3d, term by term, with the tilt as products of matrices."""
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tau_x, tau_y = [*d, *[0.0] * (14 - len(d))]
    r2 = x**2 + y**2
    ratio = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    xd = x * ratio + 2 * p1 * x * y + p2 * (r2 + 2 * x**2) + s1 * r2 + s2 * r2**2
    yd = y * ratio + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y + s3 * r2 + s4 * r2**2
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(tau_x), math.sin(tau_x)], [0, -math.sin(tau_x), math.cos(tau_x)]]
    )
    about_y = np.array(
        [[math.cos(tau_y), 0, -math.sin(tau_y)], [0, 1, 0], [math.sin(tau_y), 0, math.cos(tau_y)]]
    )
    r = about_y @ about_x
    p = np.array([[r[2, 2], 0, -r[0, 2]], [0, r[2, 2], -r[1, 2]], [0, 0, 1]])
    seen = p @ r @ np.array([xd, yd, np.ones_like(xd)])
    return seen[0] / seen[2], seen[1] / seen[2]


def distort_fisheye(d, x, y):
    r = np.maximum(np.hypot(x, y), 1e-300)
    theta = np.arctan(r)
    bent = theta * (1 + d[0] * theta**2 + d[1] * theta**4 + d[2] * theta**6 + d[3] * theta**8)
    return x * bent / r, y * bent / r


def distort(model, d, x, y):
    if model == 2:
        return distort_human36m(*d[:5], x, y)
    return distort_fisheye(d, x, y) if model == 1 else distort_opencv(d, x, y)


def project(model, d, k, r, t, point):
    x, y, z = r @ point + t
    xd, yd = distort(model, d, x / z, y / z)
    return (k @ [xd, yd, 1.0])[:2]


def differences(function, at, step=1e-6):
    """The Jacobian of `function` at the array `at`, by central differences of fourth order."""
    columns = []
    for axis in np.eye(len(at)) * step:
        values = [np.array(function(at + n * axis)) for n in (-2, -1, 1, 2)]
        columns.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step))
    return np.stack(columns, axis=-1)


def in_domain(model, d, x, y, count=4000):
    """Whether the lens neither folds nor has a pole on the straight way from the centre to (x, y)."""
    s = np.linspace(0, 1, count + 1)
    if model == 0:
        u = s**2 * (x**2 + y**2)
        if np.any(1 + d[5] * u + d[6] * u**2 + d[7] * u**3 <= 0):
            return False
    j = differences(lambda p: distort(model, d, p[0] + s * x, p[1] + s * y), np.zeros(2), 1e-4)
    return bool(np.all(j[0, :, 0] * j[1, :, 1] - j[0, :, 1] * j[1, :, 0] > 0))


def rig(lenses, models, seed=0, size=(1000, 800)):
    """Cameras on a ring of 4 m that look at its middle, one a lens."""
    rng = np.random.default_rng(seed)
    rotations, translations = [], []
    for index in range(len(lenses)):
        angle = 2 * np.pi * index / max(len(lenses), 3)
        centre = np.array([4 * np.cos(angle), 4 * np.sin(angle), rng.uniform(1, 2)])
        z = np.array([0, 0, 1.0]) - centre
        z /= np.linalg.norm(z)
        x = np.cross(z, [0, 0, 1.0])
        x /= np.linalg.norm(x)
        rotations.append([x, np.cross(z, x), z])
        translations.append(-np.array(rotations[-1]) @ centre)
    width, height = size
    focal = rng.uniform(0.9, 1.2, len(lenses)) * width
    return CameraGroup(
        names=[f"cam{index}" for index in range(len(lenses))],
        image_sizes=[size] * len(lenses),
        matrices=[[[f, 0, width / 2 + 3], [0, 1.01 * f, height / 2 - 5], [0, 0, 1]] for f in focal],
        distortions=lenses,
        rotations=rotations,
        translations=translations,
        models=models,
    )
