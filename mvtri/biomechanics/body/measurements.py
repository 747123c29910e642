"""What to measure on the 37 keypoints to scale the body model: which distances make which body larger."""

from mvtri.biomechanics.scaling import Measurement, Point

_SIDES = ("left", "right")
_HIPS: Point = ("left_hip", "right_hip")
_LUMBAR = tuple(f"lumbar{level}" for level in range(5, 0, -1))


def _both(first: str, second: str) -> tuple[tuple[Point, ...], ...]:
    """Return the distance between two keypoints on both sides."""
    return tuple((f"{side}_{first}", f"{side}_{second}") for side in _SIDES)


def _limb(part: str) -> tuple[str, ...]:
    return (f"{part}_r", f"{part}_l")


MEASUREMENTS = (
    Measurement("breadth of the hips", ("pelvis",), "z", (("left_hip", "right_hip"),)),
    Measurement("sacrum to hips", ("pelvis",), "xy", (("hip", _HIPS),)),
    Measurement("loins", _LUMBAR, "xyz", (("hip", "spine_01", "spine_02", "spine_03"),)),
    Measurement("T12 to T8", ("lower_thorax",), "xy", (("spine_03", "spine_04"),)),
    Measurement(
        "breadth of the lower thorax", ("lower_thorax",), "z", (("left_latissimus", "right_latissimus"),)
    ),
    Measurement("T8 to T3", ("middle_thorax",), "xy", (("spine_04", "spine_05"),)),
    Measurement(
        "breadth of the upper thorax", ("middle_thorax",), "z", (("left_clavicle", "right_clavicle"),)
    ),
    Measurement("T3 to C7", ("upper_thorax",), "xyz", (("spine_05", "neck"),)),
    Measurement("neck", ("lower_neck", "upper_neck"), "xyz", (("neck", "neck_02", "neck_03"),)),
    Measurement("height of the head", ("head",), "y", (("neck_03", "head"),)),
    Measurement("depth of the head", ("head",), "x", ((("left_ear", "right_ear"), "nose"),)),
    Measurement("breadth of the head", ("head",), "z", (("left_ear", "right_ear"),)),
    Measurement("breadth of the shoulders", _limb("clavicle"), "xyz", (("left_shoulder", "right_shoulder"),)),
    Measurement("upper arm", _limb("humerus"), "xyz", _both("shoulder", "elbow")),
    Measurement("forearm", _limb("forearm"), "xyz", _both("elbow", "wrist")),
    Measurement("thigh", _limb("femur"), "xyz", _both("hip", "knee")),
    Measurement("shank", _limb("tibia"), "xyz", _both("knee", "ankle")),
    Measurement("foot", _limb("foot"), "xy", (*_both("heel", "big_toe"), *_both("ankle", "big_toe"))),
    Measurement("breadth of the foot", _limb("foot"), "z", _both("big_toe", "small_toe")),
)
"""For `mvtri.biomechanics.scaling.scale_factors`."""
