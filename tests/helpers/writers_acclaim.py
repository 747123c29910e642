"""A skeleton and motions in the layout of CMU's files, and where the bones are, without any code of mvtri."""

import math
from pathlib import Path

import cv2
import numpy as np

INCH = 0.0254
SCALE = 0.45
LEG, ARM = 15.0, 25.0  # degrees by which legs are spread and elbows' axes turned at rest
_SIN, _COS = math.sin(math.radians(LEG)), math.cos(math.radians(LEG))
_FOOT = (0.25 * _SIN, -0.25 * _COS, math.sqrt(1 - 0.0625))


def _side(letter: str, sign: int) -> list[tuple]:
    """Name, parent, direction, length, axis, degrees of freedom; x is the figure's left, y up, z forward."""
    leg, arm, hand = (0, 0, sign * LEG), (180, -sign * ARM, -sign * 90), (0, sign * 90, sign * 90)
    down, out = (sign * _SIN, -_COS, 0), (sign, 0, 0)
    foot = (-90, 0, sign * LEG)
    return [
        (f"{letter}hipjoint", "root", (sign * 0.6, -0.8, 0), 2.5, (0, 0, 0), ""),
        (f"{letter}femur", f"{letter}hipjoint", down, 7.5, leg, "rx ry rz"),
        (f"{letter}tibia", f"{letter}femur", down, 7.3, leg, "rx"),
        (f"{letter}foot", f"{letter}tibia", (sign * _FOOT[0], _FOOT[1], _FOOT[2]), 2.2, foot, "rx rz"),
        (f"{letter}toes", f"{letter}foot", (0, 0, 1), 1.1, foot, "rx"),
        (f"{letter}clavicle", "thorax", (sign * 0.96, 0.28, 0), 3.6, (0, 0, 0), "ry rz"),
        (f"{letter}humerus", f"{letter}clavicle", out, 4.9, arm, "rx ry rz"),
        (f"{letter}radius", f"{letter}humerus", out, 3.4, arm, "rx"),
        (f"{letter}wrist", f"{letter}radius", out, 1.7, hand, "ry"),
        (f"{letter}hand", f"{letter}wrist", out, 0.7, hand, "rx rz"),
    ]


BONES = [
    *[bone for pair in zip(_side("l", 1), _side("r", -1)) for bone in pair],
    ("lowerback", "root", (0, 1, 0), 2.1, (0, 0, 0), "rx ry rz"),
    ("upperback", "lowerback", (0, 1, 0), 2.0, (0, 0, 0), "rx ry rz"),
    ("thorax", "upperback", (0, 1, 0), 2.1, (0, 0, 0), "rx ry rz"),
    ("lowerneck", "thorax", (0, 0.8, 0.6), 1.5, (0, 0, 0), "rx ry rz"),
    ("upperneck", "lowerneck", (0, 1, 0), 1.5, (0, 0, 0), "rx ry rz"),
    ("head", "upperneck", (0, 1, 0), 1.6, (0, 0, 0), "rx ry rz"),
]
PARENTS = {name: parent for name, parent, *_ in BONES}
CHANNELS = {name: dof.split() for name, *_, dof in BONES if dof}


def skeleton_text(
    bones: list[tuple] = BONES, scale: float = SCALE, angle: str = "deg", order: str = "XYZ"
) -> str:
    """The text of an .asf file, as CMU's are laid out; `order` is that of every axis."""
    turn = math.radians if angle == "rad" else float
    lines = [
        "# AST/ASF file generated using VICON BodyLanguage",
        "# -----------------------------------------------",
        ":version 1.10",
        ":name VICON",
        ":units",
        "  mass 1.0",
        f"  length {scale}",
        f"  angle {angle}",
        ":documentation",
        "   written for a test",
        ":root",
        "   order TX TY TZ RX RY RZ",
        f"   axis {order}",
        "   position 0 0 0  ",
        "   orientation 0 0 0 ",
        ":bonedata",
    ]
    for number, (name, _, direction, length, axis, dof) in enumerate(bones, start=1):
        lines += ["  begin", f"     id {number} ", f"     name {name}"]
        lines += [f"     direction {' '.join(f'{value:.12g}' for value in direction)}   "]
        lines += [
            f"     length {length}   ",
            f"     axis {' '.join(f'{turn(v):.15g}' for v in axis)}  {order}",
        ]
        if dof:
            first, *rest = ["(-180.0 180.0)"] * len(dof.split())
            lines += [f"    dof {dof}", f"    limits {first}", *(f"           {limits}" for limits in rest)]
        lines += ["  end"]
    lines += [":hierarchy", "  begin"]
    for parent in ["root", *(name for name, *_ in bones)]:
        below = [name for name, above, *_ in bones if above == parent]
        lines += [f"    {parent} {' '.join(below)}"] if below else []
    return "\r\n".join([*lines, "  end", ""])


def motion_text(frames: list[dict], first: int = 1, unit: str = "DEGREES") -> str:
    """The text of an .amc file: `frames` map a bone to its numbers, those of the root being six."""
    lines = ["#!OML:ASF written for a test", ":FULLY-SPECIFIED", f":{unit}"]
    for number, frame in enumerate(frames, start=first):
        lines.append(str(number))
        lines += [" ".join([name, *(f"{value:.15g}" for value in values)]) for name, values in frame.items()]
    return "\r\n".join([*lines, ""])


def at_rest(root: tuple = (0, 17, 0, 0, 0, 0), **angles: tuple) -> dict:
    """A frame: all angles 0 but those given, by bone."""
    return {"root": root} | {name: angles.get(name, (0,) * len(dof)) for name, dof in CHANNELS.items()}


def random_frames(count: int, seed: int, most: float = 60.0) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [
        at_rest(
            (*rng.uniform(-20, 20, 3), *rng.uniform(-180, 180, 3)),
            **{name: tuple(rng.uniform(-most, most, len(dof))) for name, dof in CHANNELS.items()},
        )
        for _ in range(count)
    ]


def write(folder: Path, motions: dict[str, list[dict]], name: str = "77") -> Path:
    """Write a skeleton and its motions; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.asf").write_bytes(skeleton_text().encode())
    for motion, frames in motions.items():
        (folder / f"{motion}.amc").write_bytes(motion_text(frames).encode())
    return folder


def turn(order: str, degrees: dict[str, float]) -> np.ndarray:
    """Turn about fixed axes, the first of `order` first; OpenCV makes each rotation."""
    whole = np.eye(3)
    for axis in order.lower():
        vector = np.radians([degrees.get(f"r{axis}", 0.0) if axis == one else 0.0 for one in "xyz"])
        whole = cv2.Rodrigues(vector)[0] @ whole
    return whole


def ends(frame: dict, order: str = "XYZ", scale: float = SCALE) -> tuple[dict, dict]:
    """Where each bone ends, in metres, and how it is turned; x forward, y left, z up."""
    axes = {"root": np.eye(3)} | {
        name: turn(order, dict(zip(("rx", "ry", "rz"), axis))) for name, _, _, _, axis, _ in BONES
    }
    unit = INCH / scale
    x, y, z, *angles = frame["root"]
    turned = {"root": turn(order, dict(zip(("rx", "ry", "rz"), angles)))}
    place = {"root": np.array([x, y, z]) * unit}
    todo = list(BONES)
    while todo:
        bone = todo.pop(0)
        name, parent, direction, length, _, dof = bone
        if parent not in place:
            todo.append(bone)
            continue
        own = (
            axes[name] @ turn(order, dict(zip(dof.split(), frame.get(name, ())))) @ np.linalg.inv(axes[name])
        )
        turned[name] = turned[parent] @ own
        place[name] = place[parent] + turned[name] @ np.array(direction) * length * unit
    ours = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    return {k: ours @ v for k, v in place.items()}, {k: ours @ v @ ours.T for k, v in turned.items()}
