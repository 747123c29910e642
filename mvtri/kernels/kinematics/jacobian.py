"""How markers move with the free coordinates, found on the same pass from parents to children as the frames.

Each free coordinate c moves each body b as a twist: an angular velocity w and the velocity v of the point of
the body that is at the ground's origin, so that a point x of the body moves by v + w x x (Featherstone, Rigid
Body Dynamics Algorithms, 2008, chapter 2).  A child has the twists of its parent.  An axis a of its joint
through the point o adds w = a' and v = o x a' for a rotation, and v = a' for a translation, where a' is a in
the ground, times the rate of its angle or way.
"""

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.kinematics.bodies import axis_value, enter_joint, marker_positions
from mvtri.kernels.kinematics.frames import move_frame, turn_frame
from mvtri.kernels.kinematics.functions import expand_coordinates
from mvtri.kernels.kinematics.layout import CUBE, HYPERCUBE, MATRIX, TREE, WORKSPACE


@jit_internal
def inherit_twists(tree, body, twists):
    """Begin the twists of a body with those of its parent."""
    for e in range(tree.column_begins[body], tree.column_begins[body + 1]):
        above = tree.parent_columns[e]
        for i in range(6):
            twists[e, i] = twists[above, i] if above >= 0 else 0.0


@jit_internal
def bodies_and_twists(tree, free, work):
    """Write all coordinates and rates, and the frames and twists of all bodies, into a `Workspace`.

    Parameters
    ----------
    tree : Tree
    free : (F,)
    work : Workspace
        Written.
    """
    expand_coordinates(tree, free, work.coordinates, work.rates)
    twists = work.twists
    for b in range(len(tree.parents)):
        enter_joint(tree, b, work.rotations, work.places)
        inherit_twists(tree, b, twists)
        R, p = work.rotations[b], work.places[b]
        for k in range(6):  # translations first: they are in the frame that is not yet turned
            axis = (k + 3) % 6
            if tree.axis_functions[b, axis] < 0:
                continue
            value, slope = axis_value(tree, b, axis, work.coordinates)
            a, e = tree.axes[b, axis], tree.axis_columns[b, axis]
            x = R[0, 0] * a[0] + R[0, 1] * a[1] + R[0, 2] * a[2]
            y = R[1, 0] * a[0] + R[1, 1] * a[1] + R[1, 2] * a[2]
            z = R[2, 0] * a[0] + R[2, 1] * a[1] + R[2, 2] * a[2]
            rate = slope * work.rates[tree.axis_coordinates[b, axis]] if e >= 0 else 0.0
            if axis >= 3:
                p[0], p[1], p[2] = p[0] + value * x, p[1] + value * y, p[2] + value * z
                if e >= 0:
                    twists[e, 3] += rate * x
                    twists[e, 4] += rate * y
                    twists[e, 5] += rate * z
                continue
            if e >= 0:
                twists[e, 0] += rate * x
                twists[e, 1] += rate * y
                twists[e, 2] += rate * z
                twists[e, 3] += rate * (p[1] * z - p[2] * y)
                twists[e, 4] += rate * (p[2] * x - p[0] * z)
                twists[e, 5] += rate * (p[0] * y - p[1] * x)
            turn_frame(R, a, value)
        move_frame(R, p, tree.child_rotations[b], tree.child_places[b])


@jit_internal
def marker_jacobian(tree, free, work, markers, jacobian):
    """Write where the markers are and how they move with the free coordinates.

    Parameters
    ----------
    tree : Tree
    free : (F,)
    work : Workspace
        Written: coordinates, frames and twists.
    markers : (M, 3)
        Written.
    jacobian : (M, 3, F)
        Written: derivatives of the markers; 0 where a coordinate does not move a marker.
    """
    bodies_and_twists(tree, free, work)
    marker_positions(tree, work.rotations, work.places, markers)
    twists = work.twists
    jacobian[:] = 0.0
    for m in range(len(tree.marker_bodies)):
        b = tree.marker_bodies[m]
        if b < 0:
            continue
        x, y, z = markers[m, 0], markers[m, 1], markers[m, 2]
        for e in range(tree.column_begins[b], tree.column_begins[b + 1]):
            c = tree.columns[e]
            jacobian[m, 0, c] = twists[e, 3] + twists[e, 1] * z - twists[e, 2] * y
            jacobian[m, 1, c] = twists[e, 4] + twists[e, 2] * x - twists[e, 0] * z
            jacobian[m, 2, c] = twists[e, 5] + twists[e, 0] * y - twists[e, 1] * x


@entry((TREE, MATRIX, WORKSPACE, CUBE, HYPERCUBE))
def jacobians_over_time(tree, free, work, markers, jacobians):
    """Write the markers (T, M, 3) and their derivatives (T, M, 3, F) for free coordinates (T, F)."""
    for t in range(len(free)):
        marker_jacobian(tree, free[t], work, markers[t], jacobians[t])
