"""What a body model is made of: segments, joints, couplers and markers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.body import anatomy

Floats = NDArray[np.float64]
Vector = tuple[float, float, float]
_GYRATION = 0.3  # of the length of a segment; Winter 2009, table 4.1 has 0.30 to 0.32 for limbs


@dataclass(frozen=True)
class Segment:
    """A rigid body.

    Attributes
    ----------
    name : str
    mass : float
        kg.
    centre : ndarray, shape (3,)
        Of mass, m, in the body's axes.
    gyration : float
        Radius of gyration about every axis through the centre of mass, m; a rough value.
    """

    name: str
    mass: float
    centre: Floats
    gyration: float


@dataclass(frozen=True)
class Axis:
    """A rotation or translation of a joint by a coordinate, about or along `direction`."""

    coordinate: str
    direction: Vector


@dataclass(frozen=True)
class Coordinate:
    """A coordinate of a joint; rad or m."""

    name: str
    low: float
    high: float
    default: float = 0.0
    bounded: bool = True


@dataclass(frozen=True)
class Joint:
    """A joint.

    Attributes
    ----------
    name, parent, child : str
        Names of the joint and of its two bodies; the origin of the child lies in the joint.
    place : ndarray, shape (3,)
        In the axes of the parent, m.
    rotations : tuple of Axis
        In body-fixed order; three at most.
    coordinates : tuple of Coordinate
    translations : tuple of Axis
    """

    name: str
    parent: str
    child: str
    place: Floats
    rotations: tuple[Axis, ...]
    coordinates: tuple[Coordinate, ...]
    translations: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class Coupler:
    """``dependent = share * independent``."""

    dependent: str
    independent: str
    share: float


@dataclass(frozen=True)
class BodyModel:
    """The whole model.

    Attributes
    ----------
    segments : list of Segment
    joints : list of Joint
        Parents before children.
    couplers : list of Coupler
    markers : dict
        For each keypoint of ``spinetrack37`` its body and its place (3,) in that body's axes, m.
    origins : dict
        Where each body's origin lies at rest (3,), m, relative to the middle between the hip joints.
    """

    segments: list[Segment] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    couplers: list[Coupler] = field(default_factory=list)
    markers: dict[str, tuple[str, Floats]] = field(default_factory=dict)
    origins: dict[str, Floats] = field(default_factory=dict)

    def add(self, part: str, joint: Joint, end: Floats) -> None:
        """Add a body of the kind `part` at the end of the tree; `end` (3,) is where it ends in its axes."""
        share, along = anatomy.MASSES[part]
        mass = share * anatomy.MASS / {"lumbar": 5, "thoracic": 3, "neck": 2}.get(part, 1)
        gyration = _GYRATION * float(np.linalg.norm(end))
        self.segments.append(Segment(joint.child, mass, along * end, gyration))
        self.joints.append(joint)
        self.origins[joint.child] = self.origins.get(joint.parent, np.zeros(3)) + joint.place

    def mark(self, keypoint: str, body: str, place: Floats) -> None:
        """Fix a marker at a place (3,) at rest, relative to the middle between the hip joints, to a body."""
        self.markers[keypoint] = (body, place - self.origins[body])
