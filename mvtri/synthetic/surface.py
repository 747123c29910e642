"""The skin of a body: round cones and ellipsoids on its segments, and what they are made of."""

from dataclasses import dataclass

import numpy as np

from mvtri.synthetic.body import SEGMENTS, Body

SHIRT, TROUSERS, SKIN, HAIR, SHOE, SOLE, WHITE, IRIS, LIP = range(9)
_ALL = -10.0  # below everything: the first material everywhere

# segment, ends as fractions of stature, radii, breadth over depth, materials above and below, what cuts them
_Part = tuple[str, tuple[float, float, float], tuple[float, float, float], float, float, float, int, int, str]
_TRUNK: tuple[_Part, ...] = (
    ("pelvis", (0.000, 0, -0.012), (0.002, 0, 0.022), 0.060, 0.060, 1.52, SHIRT, TROUSERS, "waist"),
    ("pelvis", (0.000, 0, 0.020), (0.004, 0, 0.055), 0.060, 0.057, 1.48, SHIRT, TROUSERS, "waist"),
    ("sacrum", (0.003, 0, 0.045), (0.006, 0, 0.075), 0.058, 0.055, 1.42, SHIRT, TROUSERS, "waist"),
    ("l5", (0.006, 0, 0.070), (0.008, 0, 0.110), 0.056, 0.054, 1.38, SHIRT, TROUSERS, "waist"),
    ("l3", (0.008, 0, 0.105), (0.006, 0, 0.165), 0.054, 0.058, 1.38, SHIRT, TROUSERS, "waist"),
    ("t12", (0.005, 0, 0.160), (0.000, 0, 0.222), 0.058, 0.061, 1.42, SHIRT, TROUSERS, "waist"),
    ("t8", (0.000, 0, 0.218), (-0.006, 0, 0.272), 0.061, 0.050, 1.55, SHIRT, SHIRT, "waist"),
    ("t8", (-0.008, 0, 0.270), (-0.014, 0, 0.298), 0.048, 0.034, 1.50, SKIN, SHIRT, "collar"),
    ("t3", (-0.018, 0, 0.285), (-0.012, 0, 0.335), 0.040, 0.032, 1.08, SKIN, SHIRT, "collar"),
    ("c7", (-0.012, 0, 0.325), (-0.004, 0, 0.366), 0.032, 0.030, 1.02, SKIN, SHIRT, "collar"),
    ("c3", (-0.004, 0, 0.360), (0.000, 0, 0.392), 0.030, 0.030, 1.02, SKIN, SKIN, "all"),
)
_HEAD: tuple[_Part, ...] = (
    ("c1", (0.006, 0, 0.432), (0.006, 0, 0.432), 0.047, 0.047, 0.93, SKIN, SKIN, "all"),
    ("c1", (0.021, 0, 0.400), (0.019, 0, 0.388), 0.034, 0.026, 0.95, SKIN, SKIN, "all"),
    ("c1", (-0.005, 0, 0.438), (-0.005, 0, 0.430), 0.049, 0.047, 0.98, HAIR, HAIR, "all"),
    ("c1", (0.044, 0, 0.414), (0.054, 0, 0.403), 0.005, 0.008, 0.90, SKIN, SKIN, "all"),
    ("c1", (0.046, 0, 0.385), (0.046, 0, 0.385), 0.008, 0.008, 1.60, LIP, LIP, "all"),
)
_FACE: tuple[_Part, ...] = (
    ("c1", (0.0455, 0.018, 0.419), (0.0455, 0.018, 0.419), 0.0075, 0.0075, 1.20, WHITE, WHITE, "all"),
    ("c1", (0.0505, 0.018, 0.419), (0.0505, 0.018, 0.419), 0.0042, 0.0042, 1.00, IRIS, IRIS, "all"),
    ("c1", (0.0460, 0.009, 0.430), (0.0440, 0.025, 0.431), 0.0040, 0.0035, 1.00, HAIR, HAIR, "all"),
    ("c1", (-0.004, 0.0425, 0.418), (-0.002, 0.0415, 0.404), 0.0090, 0.0070, 0.55, SKIN, SKIN, "all"),
)
_LIMBS: tuple[_Part, ...] = (
    ("t8", (0.026, 0.038, 0.245), (0.026, 0.038, 0.245), 0.034, 0.034, 1.15, SHIRT, SHIRT, "all"),
    ("t8", (-0.030, 0.045, 0.250), (-0.026, 0.055, 0.215), 0.028, 0.024, 1.10, SHIRT, SHIRT, "all"),
    ("girdle", (-0.016, 0.020, 0.300), (-0.014, 0.096, 0.296), 0.030, 0.032, 1.00, SHIRT, SHIRT, "all"),
    ("upper_arm", (-0.014, 0.106, 0.297), (-0.014, 0.109, 0.230), 0.036, 0.031, 1.00, SHIRT, SKIN, "sleeve"),
    ("upper_arm", (-0.014, 0.109, 0.230), (-0.014, 0.114, 0.128), 0.031, 0.024, 1.00, SHIRT, SKIN, "sleeve"),
    ("forearm", (-0.014, 0.114, 0.128), (-0.009, 0.115, 0.070), 0.025, 0.025, 1.00, SHIRT, SKIN, "sleeve"),
    ("forearm", (-0.009, 0.115, 0.070), (-0.006, 0.116, -0.022), 0.025, 0.015, 1.00, SHIRT, SKIN, "sleeve"),
    ("hand", (-0.004, 0.116, -0.030), (0.000, 0.116, -0.062), 0.022, 0.021, 0.55, SKIN, SKIN, "all"),
    ("hand", (0.000, 0.116, -0.062), (0.002, 0.114, -0.108), 0.018, 0.010, 0.60, SKIN, SKIN, "all"),
    ("hand", (0.006, 0.114, -0.036), (0.026, 0.108, -0.070), 0.010, 0.007, 1.00, SKIN, SKIN, "all"),
    (
        "pelvis",
        (-0.026, 0.046, -0.018),
        (-0.026, 0.046, -0.018),
        0.050,
        0.050,
        1.00,
        TROUSERS,
        TROUSERS,
        "all",
    ),
    ("thigh", (0.002, 0.052, -0.004), (0.004, 0.051, -0.120), 0.052, 0.044, 1.00, TROUSERS, SKIN, "hem"),
    ("thigh", (0.004, 0.051, -0.120), (0.003, 0.050, -0.243), 0.044, 0.032, 1.00, TROUSERS, SKIN, "hem"),
    ("shank", (0.003, 0.050, -0.243), (-0.010, 0.050, -0.320), 0.032, 0.033, 1.00, TROUSERS, SKIN, "hem"),
    ("shank", (-0.010, 0.050, -0.320), (-0.008, 0.048, -0.478), 0.033, 0.020, 1.00, TROUSERS, SKIN, "hem"),
    ("foot", (-0.020, 0.047, -0.497), (-0.020, 0.047, -0.488), 0.023, 0.022, 1.00, SHOE, SOLE, "sole"),
    ("foot", (-0.012, 0.048, -0.492), (0.062, 0.056, -0.506), 0.023, 0.014, 1.25, SHOE, SOLE, "sole"),
    ("foot", (0.060, 0.051, -0.507), (0.086, 0.045, -0.509), 0.015, 0.012, 1.20, SHOE, SOLE, "sole"),
    ("foot", (0.050, 0.066, -0.508), (0.068, 0.070, -0.509), 0.014, 0.012, 1.10, SHOE, SOLE, "sole"),
)


@dataclass(frozen=True)
class Look:
    """What a body wears.

    Attributes
    ----------
    materials : ndarray, shape (9, 15)
        Of shirt, trousers, skin, hair, shoe, sole, eye, iris and lip; see `kernels.images.render.albedo`.
    cuts : dict of str to float
        Where garments end, as a fraction of stature in the rest pose: waist, collar, sleeve, hem, sole.
    loose : tuple of float
        Thickness of shirt and trousers, relative to tight ones.
    long_hair : bool
        Whether hair covers the neck.
    """

    materials: np.ndarray
    cuts: dict[str, float]
    loose: tuple[float, float] = (1.0, 1.0)
    long_hair: bool = False

    @classmethod
    def sample(cls, rng: np.random.Generator | int) -> "Look":
        """Return random clothes, skin and hair."""
        rng = np.random.default_rng(rng)
        materials = np.zeros((9, 15))
        skin = np.array([0.93, 0.74, 0.62]) * (1, 0.96, 0.9) ** rng.uniform(0, 5, 1) * rng.uniform(0.45, 1.05)
        hair = rng.uniform(0.04, 0.5) * np.array([1.0, 0.8, 0.6]) + rng.uniform(0, 0.15)
        cloth = [(rng.uniform(0.06, 0.95, 3), 0.10), (rng.uniform(0.05, 0.8, 3), 0.08)]
        rows = [
            *cloth,
            (skin, 0.06),
            (hair, 0.35),
            (rng.uniform(0.05, 0.9, 3), 0.1),
            (rng.uniform(0.05, 0.95, 3), 0.05),
        ]
        rows += [(np.full(3, 0.95), 0.0), (rng.uniform(0.05, 0.3, 3), 0.0), (skin * (0.85, 0.55, 0.55), 0.05)]
        for row, (colour, rough) in zip(materials, rows):
            row[:6] = np.tile(colour, 2)
            row[7:11] = 1.0, 0.0, 0.0, 1.0
            row[12:15] = rough * rng.uniform(0.5, 2.0), rng.uniform(15, 60), rng.uniform(0.0, 0.12)
        for row in materials[:2]:
            if rng.random() < 0.65:
                _pattern(row, rng, (5.0, 26.0))
        sleeve = rng.choice([0.235, 0.20, 0.14, -0.01, -0.02]) + rng.uniform(-0.02, 0.02)
        hem = rng.choice([-0.16, -0.22, -0.40, -0.47, -0.48], p=[0.12, 0.13, 0.1, 0.3, 0.35]) + rng.uniform(
            -0.02, 0.02
        )
        cuts = {
            "waist": rng.uniform(-0.01, 0.075),
            "collar": rng.uniform(0.295, 0.335),
            "sleeve": sleeve,
            "hem": hem,
        }
        cuts |= {"sole": rng.uniform(-0.515, -0.506)}
        loose = (rng.uniform(0.97, 1.12), rng.uniform(0.97, 1.12))
        return cls(materials, cuts, loose, bool(rng.random() < 0.35))


def _pattern(row: np.ndarray, rng: np.random.Generator, waves: tuple[float, float]) -> None:
    """Give a material a second colour in stripes, checks or patches."""
    row[3:6] = rng.uniform(0.05, 0.95, 3)
    row[6] = rng.integers(1, 4)
    row[7] = rng.uniform(*waves)
    direction = rng.normal(size=3) if rng.random() < 0.3 else np.eye(3)[rng.integers(0, 3)]
    row[8:11] = direction / np.linalg.norm(direction)
    row[11] = rng.uniform(-0.6, 0.8)


def random_material(rng: np.random.Generator, patterned: float) -> np.ndarray:
    """Return a random surface (15,), with a pattern at the probability `patterned`."""
    row = np.zeros(15)
    row[:6] = np.tile(rng.uniform(0.15, 0.95) * (1 + rng.uniform(-0.35, 0.35, 3)), 2).clip(0, 1)
    row[7:11] = 1.0, 0.0, 0.0, 1.0
    row[12:15] = rng.uniform(0.02, 0.3), rng.uniform(1, 12), 0.0
    if rng.random() < patterned:
        _pattern(row, rng, (0.3, 4.0))
    return row


@dataclass(frozen=True)
class Surface:
    """Shapes of a body at rest.

    Attributes
    ----------
    segments : ndarray of int, shape (P,)
        The segment that carries each shape.
    axes, origins : ndarray, shapes (P, 3, 3) and (P, 3)
        From rest coordinates to local ones: q = A (x - o).
    shapes : ndarray, shape (P, 3)
        Length and the two radii, local units.
    planes : ndarray, shape (P, 4)
        What parts the two materials, in rest coordinates (m).
    pairs : ndarray of int, shape (P, 2)
        The two materials.
    """

    segments: np.ndarray
    axes: np.ndarray
    origins: np.ndarray
    shapes: np.ndarray
    planes: np.ndarray
    pairs: np.ndarray


def surface(body: Body, look: Look) -> Surface:
    """Return the shapes of `body` dressed in `look`."""
    parts: list[tuple[_Part, str, float]] = [(part, part[0], 1.0) for part in _TRUNK + _HEAD]
    if look.long_hair:
        hair: _Part = ("c1", (-0.026, 0, 0.425), (-0.040, 0, 0.345), 0.036, 0.026, 1.25, HAIR, HAIR, "all")
        parts.append((hair, "c1", 1.0))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for part in _FACE + _LIMBS:
            name = f"{side}_{part[0]}"
            parts.append((part, name if name in SEGMENTS else part[0], sign))
    count = len(parts)
    result = Surface(
        np.array([SEGMENTS.index(segment) for _, segment, _ in parts]),
        np.empty((count, 3, 3)),
        np.empty((count, 3)),
        np.empty((count, 3)),
        np.empty((count, 4)),
        np.array([part[6:8] for part, _, _ in parts]),
    )
    for row, (part, segment, sign) in enumerate(parts):
        _place(result, row, part, segment, sign, body, look)
    return result


def _place(result: Surface, row: int, part: _Part, segment: str, sign: float, body: Body, look: Look) -> None:
    """Write one shape into `result`."""
    _, first, second, r0, r1, breadth, _, below, cut = part
    ends = np.array([body.scaled(first, segment), body.scaled(second, segment)]) * (1, sign, 1)
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    upright = np.array([0.0, 0.0, 1.0])
    axis = along / length if length > 0 else upright
    forward = np.array([1.0, 0.0, 0.0]) - axis[0] * axis
    if np.linalg.norm(forward) < 0.3:  # a shape that points forward, such as a foot: its breadth is sideways
        forward = upright - axis[2] * axis
    forward /= np.linalg.norm(forward)
    across = np.cross(axis, forward)
    thick = body.stature * (body.head if segment == "c1" else body.girth)
    thick *= look.loose[below] if below in (SHIRT, TROUSERS) and segment != "c1" else 1.0
    radii = np.array([r0, r1]) * thick
    if length > 0:  # the hull of two spheres must not be one of them
        radii[1] = np.clip(radii[1], radii[0] - 0.95 * length, radii[0] + 0.95 * length)
    result.axes[row] = np.array([forward, across / breadth, axis])
    result.origins[row] = ends[0]
    result.shapes[row] = length, radii[0], radii[1]
    height = _ALL if cut == "all" else _cut_height(cut, look.cuts[cut], body, segment)
    result.planes[row] = 0.0, 0.0, 1.0, height


def _cut_height(cut: str, fraction: float, body: Body, segment: str) -> float:
    part = {"waist": "pelvis", "collar": "t3", "sleeve": "forearm", "hem": "shank", "sole": "foot"}[cut]
    return float(body.scaled((0.0, 0.0, fraction), part)[2])
