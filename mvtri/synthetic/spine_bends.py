"""Spines that bend in ways of their own: in one region only, with a stiff segment, or with a scoliosis.

The other motions of `mvtri.synthetic` share every bend of the trunk out over its levels in the same way.  A
method that learned that way, or was made for it, can be tested on these.
"""

import numpy as np

from mvtri.errors import InputError, one_of
from mvtri.kinematics.joint_angles import axis_rotation, segment_rotations
from mvtri.synthetic.body import Body
from mvtri.synthetic.motion import Animation, pose_of

# shares of flexion of the levels sacrum, L5, L3, T12, T8 and T3, relative to the level below
SPINE_BENDS: dict[str, tuple[float, ...]] = {
    "usual": (0.24, 0.22, 0.22, 0.14, 0.11, 0.07),
    "lumbar": (0.35, 0.35, 0.30, 0.0, 0.0, 0.0),
    "thoracic": (0.0, 0.0, 0.0, 0.45, 0.35, 0.20),
    "stiff_segment": (0.30, 0.28, 0.0, 0.20, 0.14, 0.08),
    "scoliosis": (0.24, 0.22, 0.22, 0.14, 0.11, 0.07),
}
"""Ways to bend by name; "usual" is that of all other motions, "stiff_segment" does not bend at L3."""

_LEVELS = range(1, 7)  # the segments of a body that they are
_SIDEWAYS = np.radians((6.0, 8.0, -4.0, -14.0, -8.0, 12.0))  # of a scoliosis at rest, to the left
_TWIST = np.radians((0.0, 2.0, 4.0, 6.0, -4.0, -8.0))


def bend_spine(body: Body, kind: str, flexion: np.ndarray) -> Animation:
    """Return a body that stands and bends its spine forward in a way of its own.

    Parameters
    ----------
    body : Body
    kind : str
        One of `SPINE_BENDS`.
    flexion : ndarray, shape (T,)
        Of the whole spine from the sacrum to C7, rad.

    Returns
    -------
    Animation
        Of T frames, the middle of the hips at 1 m above the origin, facing along the x axis.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    if kind not in SPINE_BENDS:
        raise InputError(one_of(kind, list(SPINE_BENDS), "way to bend a spine"))
    flexion = np.asarray(flexion, dtype=np.float64)
    angles = np.tile(pose_of({}), (len(flexion), 1))
    local = segment_rotations(angles, np.zeros(len(flexion)))
    for number, (segment, share) in enumerate(zip(_LEVELS, SPINE_BENDS[kind])):
        rest = np.eye(3)
        if kind == "scoliosis":
            sideways = axis_rotation(0, -_SIDEWAYS[number : number + 1])[0]
            rest = axis_rotation(2, _TWIST[number : number + 1])[0] @ sideways
        local[:, segment] = rest @ axis_rotation(1, share * flexion)
    rotations, joints = body.place(local, np.tile([0.0, 0.0, 1.0], (len(flexion), 1)))
    return Animation(body, body.keypoints(rotations, joints), rotations, joints)
