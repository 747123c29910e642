"""Small steps with one 3 x 3 rotation and one place."""

import math

from mvtri.kernels.jit import jit_internal


@jit_internal
def copy_frame(from_rotation, from_place, rotation, place):
    """Copy a rotation and a place."""
    for i in range(3):
        place[i] = from_place[i]
        for j in range(3):
            rotation[i, j] = from_rotation[i, j]


@jit_internal
def move_frame(rotation, place, step_rotation, step_place):
    """Replace a frame by one that lies in it: p + R s and R S."""
    for i in range(3):
        a, b, c = rotation[i, 0], rotation[i, 1], rotation[i, 2]
        place[i] += a * step_place[0] + b * step_place[1] + c * step_place[2]
        for j in range(3):
            rotation[i, j] = a * step_rotation[0, j] + b * step_rotation[1, j] + c * step_rotation[2, j]


@jit_internal
def turn_frame(rotation, axis, angle):
    """Turn a frame about an axis of its own, of length 1: R exp(angle [axis]).

    Rodrigues' formula, row by row: r cos + (r x a) sin + a (a r) (1 - cos).
    """
    sine, half = math.sin(angle), math.sin(0.5 * angle)
    rest = 2.0 * half * half
    a, b, c = axis[0], axis[1], axis[2]
    for i in range(3):
        x, y, z = rotation[i, 0], rotation[i, 1], rotation[i, 2]
        along = rest * (a * x + b * y + c * z)
        keep = 1.0 - rest
        rotation[i, 0] = keep * x + sine * (y * c - z * b) + along * a
        rotation[i, 1] = keep * y + sine * (z * a - x * c) + along * b
        rotation[i, 2] = keep * z + sine * (x * b - y * a) + along * c
