"""The body model: bodies, joints, couplers and markers, built from the tables of `anatomy`.

Axes are OpenSim's: x forward, y up, z to the right.  At rest all bodies have the axes of the ground.
"""

from functools import cache

import numpy as np

from mvtri.biomechanics.body import anatomy
from mvtri.biomechanics.body.column import disc_places, level_places
from mvtri.biomechanics.body.parts import Axis, BodyModel, Coordinate, Coupler, Floats, Joint, Vector

_X: Vector = (1.0, 0.0, 0.0)
_Y: Vector = (0.0, 1.0, 0.0)
_Z: Vector = (0.0, 0.0, 1.0)
FLEXION: Vector = (0.0, 0.0, -1.0)
BENDING: Vector = (-1.0, 0.0, 0.0)
ROTATION: Vector = _Y
KINDS = ("flexion", "bending", "rotation")
_SPINE_AXES = (FLEXION, BENDING, ROTATION)
_CARRIER = np.array([0.0, 0.05, 0.0])  # m, of a body that only carries angles
_SIDES = {"r": ("right", 1.0), "l": ("left", -1.0)}


@cache
def body_model(coupled: bool = True) -> BodyModel:
    """Return the model.

    Parameters
    ----------
    coupled : bool
        Whether the lumbar spine, the thorax and the neck each have three free angles, which their joints
        share by the representative ranges of motion of the levels that they stand for.  Otherwise each joint
        of the spine has three free angles of its own, and `spine_deviations` says how they are likely to
        share.

    Returns
    -------
    BodyModel
        For a stature of 1.75 m.
    """
    model = BodyModel()
    _add_pelvis(model)
    _add_spine(model, coupled)
    _add_spine_markers(model)
    for side in _SIDES:
        _add_arm(model, side)
        _add_leg(model, side)
    return model


def shares(region: str) -> dict[str, tuple[float, ...]]:
    """Return, for each joint of a region of the spine, its shares of flexion, bending and rotation."""
    levels = {level.upper: np.array(level[1:], dtype=float) for level in anatomy.LEVEL_RANGES}
    ranges = {
        joint.name: np.sum([levels[name] for name in joint.levels], axis=0)
        for joint in anatomy.SPINE_JOINTS
        if joint.region == region
    }
    whole = np.sum(list(ranges.values()), axis=0)
    return {name: tuple((values / whole).tolist()) for name, values in ranges.items()}


def spine_deviations(whole: float) -> dict[str, float]:
    """Return standard deviations of the angles of the model whose joints are not coupled, by coordinate, rad.

    Among independent normal angles with variances in the ratio of the shares, the most likely ones for a
    given sum have that ratio themselves.  So a prior with these deviations shares a bend as the coupled model
    does, unless the markers say otherwise.

    Parameters
    ----------
    whole : float
        Standard deviation of each angle of a region, rad.
    """
    return {
        f"{joint}_{kind}": whole * share**0.5
        for region in dict.fromkeys(joint.region for joint in anatomy.SPINE_JOINTS)
        for joint, parts in shares(region).items()
        for kind, share in zip(KINDS, parts)
    }


def _add_pelvis(model: BodyModel) -> None:
    height = sum(anatomy.LENGTHS[part] for part in ("thigh", "shank", "ankle_height"))
    turns = [("pelvis_rotation", _Y), ("pelvis_list", _X), ("pelvis_tilt", _Z)]
    moves = [("pelvis_tx", _X), ("pelvis_ty", _Y), ("pelvis_tz", _Z)]
    coordinates = [Coordinate(name, -10 * np.pi, 10 * np.pi, bounded=False) for name, _ in turns]
    coordinates += [
        Coordinate(name, -100.0, 100.0, height if name == "pelvis_ty" else 0.0, bounded=False)
        for name, _ in moves
    ]
    rotations, translations = (tuple(Axis(*part) for part in parts) for parts in (turns, moves))
    joint = Joint(
        "ground_pelvis", "ground", "pelvis", np.zeros(3), rotations, tuple(coordinates), translations
    )
    model.add("pelvis", joint, np.array([-0.07, 0.07, 0.0]))


def _add_spine(model: BodyModel, coupled: bool) -> None:
    """Add the joints of the spine; if coupled, a body for each region whose angles are those of the region.

    Such a body carries nothing.  It is there because OpenSim takes a coordinate for an angle, in degrees,
    only where a joint turns by exactly that coordinate.
    """
    discs = disc_places()
    parent, region = "pelvis", ""
    for number, joint in enumerate(anatomy.SPINE_JOINTS):
        place = discs[joint.disc]
        if coupled and joint.region != region:
            region = joint.region
            model.add("angles", _region_joint(region, parent, place - model.origins[parent]), _CARRIER)
        after = anatomy.SPINE_JOINTS[number + 1 :]
        end = discs[after[0].disc] - place if after else np.array([0.01, 0.17, 0.0])
        kind = "head" if joint.body == "head" else joint.region
        model.add(kind, _spine_joint(model, joint, parent, coupled), end)
        parent = joint.body


def _region_joint(region: str, parent: str, place: Floats) -> Joint:
    """Return the joint that has the free angles of a region."""
    names = [f"{region}_{kind}" for kind in KINDS]
    coordinates = tuple(Coordinate(name, *np.radians(anatomy.RANGES[name]).tolist()) for name in names)
    rotations = tuple(Axis(*part) for part in zip(names, _SPINE_AXES))
    return Joint(region, parent, f"{region}_angles", place, rotations, coordinates)


def _spine_joint(model: BodyModel, joint: anatomy.SpineJoint, parent: str, coupled: bool) -> Joint:
    """Return a joint of the spine; if coupled, couple its angles to those of its region."""
    rotations, coordinates = [], []
    for kind, direction, share in zip(KINDS, _SPINE_AXES, shares(joint.region)[joint.name]):
        name, whole = f"{joint.name}_{kind}", f"{joint.region}_{kind}"
        low, high = np.radians(anatomy.RANGES[whole]) * (share if coupled else share**0.5)
        coordinates.append(Coordinate(name, float(low), float(high)))
        rotations.append(Axis(name, direction))
        if coupled:
            model.couplers.append(Coupler(name, whole, share))
    place = disc_places()[joint.disc] - model.origins[parent]
    return Joint(joint.name, parent, joint.body, place, tuple(rotations), tuple(coordinates))


def _add_spine_markers(model: BodyModel) -> None:
    places, discs = level_places(), disc_places()
    hip = 1e-3 * np.array([*anatomy.SACRUM, 0.0])
    on_chain = (
        ("hip", "pelvis", hip),
        ("spine_01", "lumbar5", places["L5"]),
        ("spine_02", "lumbar3", places["L3"]),
        ("spine_03", "lumbar1", discs["T12"]),
        ("spine_04", "middle_thorax", places["T8"]),
        ("spine_05", "upper_thorax", places["T3"]),
        ("neck", "upper_thorax", places["C7"]),
        ("neck_02", "upper_neck", discs["C3"]),
        ("neck_03", "upper_neck", places["C1"]),
    )
    for keypoint, body, place in on_chain:
        model.mark(keypoint, body, place)
    for keypoint in ("head", "nose"):
        model.mark(keypoint, "head", places["C1"] + _beside(anatomy.FROM_C1[keypoint]))
    for name, side in _SIDES.values():
        carried = [("clavicle", "middle_thorax", "C7", anatomy.FROM_C7)]
        carried += [("latissimus", "lower_thorax", "T8", anatomy.FROM_T8)]
        carried += [(part, "head", "C1", anatomy.FROM_C1) for part in ("eye", "ear")]
        for part, body, level, table in carried:
            model.mark(f"{name}_{part}", body, places[level] + _beside(table[part], side))


def _add_arm(model: BodyModel, letter: str) -> None:
    name, side = _SIDES[letter]
    neck = level_places()["C7"]
    sternum, shoulder = (neck + _beside(anatomy.FROM_C7[part], side) for part in ("sternum", "shoulder"))
    upper, lower = (np.array([0.0, -anatomy.LENGTHS[part], 0.0]) for part in ("upper_arm", "forearm"))
    clavicle = (("clavicle_elevation", (-1.0, 0.0, 0.0)), ("clavicle_protraction", _Y))
    bodies = [f"{part}_{letter}" for part in ("clavicle", "humerus", "forearm")]
    at = sternum - model.origins["middle_thorax"]
    joint = _limb_joint("sternoclavicular", letter, "middle_thorax", bodies[0], at, clavicle)
    model.add("clavicle", joint, shoulder - sternum)
    ball = (("arm_flex", _Z), ("arm_add", _X), ("arm_rot", _Y))
    joint = _limb_joint("shoulder", letter, bodies[0], bodies[1], shoulder - sternum, ball)
    model.add("upper_arm", joint, upper)
    hinge = (("elbow_flex", _Z),)
    model.add("forearm", _limb_joint("elbow", letter, bodies[1], bodies[2], upper, hinge), lower)
    model.mark(f"{name}_shoulder", bodies[1], shoulder)
    model.mark(f"{name}_elbow", bodies[2], shoulder + upper)
    model.mark(f"{name}_wrist", bodies[2], shoulder + upper + lower)


def _add_leg(model: BodyModel, letter: str) -> None:
    name, side = _SIDES[letter]
    hip = 1e-3 * np.array([0.0, 0.0, side * anatomy.HIP_JOINT])
    thigh, shank = (np.array([0.0, -anatomy.LENGTHS[part], 0.0]) for part in ("thigh", "shank"))
    bodies = [f"{part}_{letter}" for part in ("femur", "tibia", "foot")]
    ball = (("hip_flexion", _Z), ("hip_adduction", _X), ("hip_rotation", _Y))
    model.add("thigh", _limb_joint("hip", letter, "pelvis", bodies[0], hip, ball), thigh)
    hinge = (("knee_angle", (0.0, 0.0, -1.0)),)
    model.add("shank", _limb_joint("knee", letter, bodies[0], bodies[1], thigh, hinge), shank)
    ankle = (("ankle_angle", _Z), ("subtalar_angle", anatomy.SUBTALAR_AXIS))
    toe = _beside(anatomy.FROM_ANKLE["big_toe"], side)
    model.add("foot", _limb_joint("ankle", letter, bodies[1], bodies[2], shank, ankle), toe)
    for keypoint, body, place in (("hip", bodies[0], hip), ("knee", bodies[1], hip + thigh)):
        model.mark(f"{name}_{keypoint}", body, place)
    model.mark(f"{name}_ankle", bodies[2], hip + thigh + shank)
    for part, offset in anatomy.FROM_ANKLE.items():
        model.mark(f"{name}_{part}", bodies[2], hip + thigh + shank + _beside(offset, side))


def _limb_joint(
    name: str, letter: str, parent: str, child: str, place: Floats, angles: tuple[tuple[str, Vector], ...]
) -> Joint:
    """Return a joint of a limb; a left one is the mirror image, so that equal angles mean equal poses.

    The mirror image of a turn about (x, y, z) is one about (-x, -y, z) where z is to the side.
    """
    mirror = 1.0 if letter == "r" else -1.0
    rotations = tuple(
        Axis(f"{angle}_{letter}", (mirror * x + 0.0, mirror * y + 0.0, z)) for angle, (x, y, z) in angles
    )
    coordinates = tuple(
        Coordinate(f"{angle}_{letter}", *np.radians(anatomy.RANGES[angle]).tolist()) for angle, _ in angles
    )
    return Joint(f"{name}_{letter}", parent, child, place, rotations, coordinates)


def _beside(offset: Vector, side: float = 1.0) -> Floats:
    """Return an offset (3,) in m of one in mm, given for the right side."""
    return 1e-3 * np.array(offset) * (1.0, 1.0, side)
