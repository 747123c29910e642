"""Random kinematic trees: branching, with functions of every kind, coupled and locked coordinates."""

from types import SimpleNamespace

import numpy as np
from scipy.spatial.transform import Rotation

from mvtri.biomechanics.osim.arrays import build_tree
from mvtri.biomechanics.osim.frames import GROUND, Offset
from mvtri.biomechanics.osim.functions import Pieces, polynomial
from mvtri.biomechanics.osim.joints import Axis, CoordinateParts, Joint
from mvtri.biomechanics.osim.parts import Coupler, Marker
from mvtri.biomechanics.osim.splines import spline_pieces


def random_function(rng, linear=0.4):
    """Return a straight line, a polynomial, a spline or straight lines through points."""
    if rng.uniform() < linear:
        return polynomial(rng.uniform(-0.2, 0.2), rng.choice([-1.0, 1.0]), is_linear=True)
    if rng.uniform() < 0.3:
        return polynomial(*rng.uniform(-0.3, 0.3, rng.integers(1, 6)))
    count = int(rng.integers(2, 7))
    x, y = np.sort(rng.uniform(-1.0, 1.0, count)) + 0.1 * np.arange(count), rng.uniform(-0.4, 0.4, count)
    return Pieces(*spline_pieces(x, y, cubic=rng.uniform() < 0.7))


def offset(rng, body):
    """Return a random frame in a body."""
    return Offset(
        body, Rotation.from_rotvec(rng.uniform(-2.0, 2.0, 3)).as_matrix(), rng.uniform(-0.3, 0.3, 3)
    )


def random_tree(seed, bodies=6):
    """Return a tree and the names of its bodies, for `naive_kinematics.frames_of_bodies`."""
    rng = np.random.default_rng(seed)
    names, joints, coordinates = [GROUND], [], []
    for b in range(bodies):
        own = [f"q{b}_{i}" for i in range(rng.integers(0, 4))]
        axes = []
        for _ in range(6):
            direction = rng.normal(size=3)
            moved = bool(own) and rng.uniform() < 0.6
            function = random_function(rng) if moved else polynomial(rng.choice([0.0, 0.1]))
            name = str(rng.choice(own)) if moved else None
            axes.append(Axis(direction / np.linalg.norm(direction), name, function))
        parts = [
            CoordinateParts(name, 0.1, (-2.0, 2.0), False, rng.uniform() < 0.15, "coupled") for name in own
        ]
        parent = str(rng.choice(names))
        joints.append(Joint(f"joint{b}", offset(rng, parent), offset(rng, f"body{b}"), axes, parts))
        names.append(f"body{b}")
        coordinates += parts
    free = [one.name for one in coordinates if not one.locked]
    couplers = {
        name: Coupler("c", name, free[i - 1], random_function(rng))
        for i, name in enumerate(free)
        if i > 0 and rng.uniform() < 0.25
    }
    markers = [Marker(f"m{i}", str(rng.choice(names)), tuple(rng.uniform(-0.3, 0.3, 3))) for i in range(8)]
    return SimpleNamespace(tree=build_tree(joints, coordinates, couplers, markers), bodies=tuple(names[1:]))
