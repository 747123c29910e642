"""Forward kinematics in the plainest way: 4 x 4 matrices, one joint after the other (slow)."""

import math

import numpy as np
from scipy.spatial.transform import Rotation


def value_of(tree, function, x):
    """Return what a function of the tree gives at x: the last piece that begins at or before x."""
    pieces = range(tree.piece_begins[function], tree.piece_begins[function + 1])
    piece = [p for p in pieces if tree.piece_starts[p] <= x][-1]
    along = x - tree.piece_origins[piece]
    return math.fsum(c * along**i for i, c in enumerate(tree.coefficients[piece]))


def matrix(rotation, place):
    """Return a frame as a 4 x 4 matrix."""
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = rotation, place
    return result


def frames_of_bodies(model, coordinates):
    """Return the frame in the ground of each body by name, and of the ground, as 4 x 4 matrices."""
    tree, frames = model.tree, {"ground": np.eye(4)}
    for b, name in enumerate(model.bodies):
        values = [
            value_of(tree, f, coordinates[q] if q >= 0 else 0.0) if f >= 0 else 0.0
            for f, q in zip(tree.axis_functions[b], tree.axis_coordinates[b], strict=True)
        ]
        turn = np.eye(3)
        for angle, direction in zip(values[:3], tree.axes[b, :3], strict=True):
            turn = turn @ Rotation.from_rotvec(angle * direction).as_matrix()
        way = np.array(values[3:]) @ tree.axes[b, 3:]
        parent = frames["ground" if tree.parents[b] < 0 else model.bodies[tree.parents[b]]]
        fixed = matrix(tree.frame_rotations[b], tree.frame_places[b])
        child = matrix(tree.child_rotations[b], tree.child_places[b])
        frames[name] = parent @ fixed @ matrix(turn, way) @ child
    return frames
