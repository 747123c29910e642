"""Forward kinematics: where bodies and markers are for given coordinates.

The frame of a body is parent frame x joint frame x translations x rotations x body in the joint.
Translations are in the joint's frame, and the rotations about their three axes follow each other, each in the
frame that the ones before it made (Seth, Sherman, Eastman and Delp, Nonlinear Dynamics 62 (2010) 291:
mobilisers from functions).
"""

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.kinematics.frames import copy_frame, move_frame, turn_frame
from mvtri.kernels.kinematics.functions import expand_coordinates, value_and_slope
from mvtri.kernels.kinematics.layout import CUBE, HYPERCUBE, MATRIX, TREE, WORKSPACE


@jit_internal
def axis_value(tree, body, axis, coordinates):
    """Return the angle or way of an axis of a body's joint, and its derivative by the coordinate."""
    function, coordinate = tree.axis_functions[body, axis], tree.axis_coordinates[body, axis]
    return value_and_slope(tree, function, coordinates[coordinate] if coordinate >= 0 else 0.0)


@jit_internal
def enter_joint(tree, body, rotations, places):
    """Write the joint's frame in the ground as the frame of the body, which joint and offset then move."""
    parent = tree.parents[body]
    if parent >= 0:
        copy_frame(rotations[parent], places[parent], rotations[body], places[body])
        move_frame(rotations[body], places[body], tree.frame_rotations[body], tree.frame_places[body])
    else:
        copy_frame(tree.frame_rotations[body], tree.frame_places[body], rotations[body], places[body])


@jit_internal
def forward_kinematics(tree, coordinates, rotations, places):
    """Write the frames of all bodies in the ground.

    Parameters
    ----------
    tree : Tree
    coordinates : (Q,)
        All of them, in radians and metres, as `expand_coordinates` writes them or as a file gives them.
    rotations, places : (B, 3, 3), (B, 3)
        Written: x in the ground = rotation x + place.
    """
    for b in range(len(tree.parents)):
        enter_joint(tree, b, rotations, places)
        R, p = rotations[b], places[b]
        for axis in range(3, 6):
            if tree.axis_functions[b, axis] >= 0:
                way = axis_value(tree, b, axis, coordinates)[0]
                a = tree.axes[b, axis]
                for i in range(3):
                    p[i] += way * (R[i, 0] * a[0] + R[i, 1] * a[1] + R[i, 2] * a[2])
        for axis in range(3):
            if tree.axis_functions[b, axis] >= 0:
                turn_frame(R, tree.axes[b, axis], axis_value(tree, b, axis, coordinates)[0])
        move_frame(R, p, tree.child_rotations[b], tree.child_places[b])


@jit_internal
def marker_positions(tree, rotations, places, markers):
    """Write where the markers are in the ground, (M, 3), when the bodies are in these frames."""
    for m in range(len(tree.marker_bodies)):
        b, at = tree.marker_bodies[m], tree.marker_places[m]
        for i in range(3):
            if b >= 0:
                R = rotations[b]
                markers[m, i] = places[b, i] + R[i, 0] * at[0] + R[i, 1] * at[1] + R[i, 2] * at[2]
            else:
                markers[m, i] = at[i]


@entry((TREE, MATRIX, HYPERCUBE, CUBE))
def bodies_over_time(tree, coordinates, rotations, places):
    """Write the frames of bodies (T, B, 3, 3), (T, B, 3) for all coordinates (T, Q)."""
    for t in range(len(coordinates)):
        forward_kinematics(tree, coordinates[t], rotations[t], places[t])


@entry((TREE, MATRIX, WORKSPACE, CUBE))
def markers_over_time(tree, coordinates, work, markers):
    """Write where the markers are (T, M, 3) for all coordinates (T, Q)."""
    for t in range(len(coordinates)):
        forward_kinematics(tree, coordinates[t], work.rotations, work.places)
        marker_positions(tree, work.rotations, work.places, markers[t])


@entry((TREE, MATRIX, MATRIX, MATRIX))
def expand_over_time(tree, free, coordinates, rates):
    """Write all coordinates (T, Q) and their rates (T, Q) from the free ones (T, F)."""
    for t in range(len(free)):
        expand_coordinates(tree, free[t], coordinates[t], rates[t])
