"""The numbers of the body model, with their sources: lengths, levels of the spine, ranges, masses.

Lengths are metres for a stature of 1.75 m, angles are degrees.  Numbers of books and papers are quoted from
memory unless a comment says otherwise; they are means of adults, mostly men.
"""

from typing import NamedTuple

STATURE = 1.75
"""Of the model, m."""

MASS = 75.0
"""Of the model, kg."""

# From joint centre to joint centre, as a fraction of stature: de Leva, J. Biomech. 29 (1996) 1223, table 2,
# men of 1.741 m (281.7, 268.9, 422.2 and 440.3 mm).  The height of the ankle: Drillis and Contini (1966) by
# way of Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, figure 4.1.
LENGTHS = {
    "upper_arm": 0.1618 * STATURE,
    "forearm": 0.1545 * STATURE,
    "thigh": 0.2425 * STATURE,
    "shank": 0.2529 * STATURE,
    "ankle_height": 0.039 * STATURE,
}

# Shares of the mass of the body, and where along the segment its centre lies: Winter 2009, table 4.1
# (trunk: thorax 0.216, of which the clavicles get 0.002, abdomen 0.139, pelvis 0.142; the hand, which the
# model lacks, belongs to the forearm).  The bodies that only carry the angles of a region get a trace of the
# pelvis.
MASSES = {
    "pelvis": (0.1417, 0.5),
    "lumbar": (0.139, 0.5),
    "thoracic": (0.214, 0.5),
    "neck": (0.021, 0.5),
    "head": (0.060, 0.5),
    "clavicle": (0.001, 0.5),
    "upper_arm": (0.028, 0.436),
    "forearm": (0.022, 0.682),
    "thigh": (0.100, 0.433),
    "shank": (0.0465, 0.433),
    "foot": (0.0145, 0.5),
    "angles": (0.0001, 0.5),
}


class Level(NamedTuple):
    """A vertebra at rest.

    Attributes
    ----------
    name : str
    height : float
        Of its body, mm.
    disc : float
        Height of the disc below it, mm.
    tilt : float
        How far its long axis leans forward of the vertical, degrees.
    """

    name: str
    height: float
    disc: float
    tilt: float


# Heights of vertebral bodies at their back: Panjabi et al., Spine 16 (1991) 861 (neck) and 888 (thorax),
# and 17 (1992) 299 (loins).  Discs: Gilad and Nissan, Spine 11 (1986) 154 (neck and loins); thorax:
# Fletcher et al., Eur. Spine J. 24 (2015) 2321 (2.7 mm at T4-5 to 5.4 mm at T10-11 in front, in men; read
# in its abstract). C1 has no body: its "height" is that of the ring about its middle; C2 without its dens.
# Tilts make a lordosis L1-S1 of about 54 degrees (627 volunteers standing: T12-S1 49.8, standard deviation
# 11.2; PMC6680033), a kyphosis T4-T12 of about 31 (Bernhardt and Bridwell, Spine 14 (1989) 717: 40, 20 to
# 50 being usual), and a line from hip to C1 that stays near the vertical.
COLUMN = (
    Level("L5", 22.9, 10.5, 20.0),
    Level("L4", 24.1, 11.0, 4.0),
    Level("L3", 23.8, 10.0, -5.0),
    Level("L2", 24.3, 9.0, -10.0),
    Level("L1", 23.8, 8.0, -13.0),
    Level("T12", 22.7, 6.5, -15.0),
    Level("T11", 21.3, 5.5, -15.0),
    Level("T10", 20.2, 5.4, -13.0),
    Level("T9", 19.3, 4.8, -10.0),
    Level("T8", 18.7, 4.4, -6.0),
    Level("T7", 18.2, 4.2, -2.0),
    Level("T6", 17.4, 4.0, 2.0),
    Level("T5", 16.2, 3.4, 7.0),
    Level("T4", 16.2, 2.7, 12.0),
    Level("T3", 15.7, 3.0, 16.0),
    Level("T2", 15.6, 3.2, 19.0),
    Level("T1", 14.1, 3.6, 21.0),
    Level("C7", 12.8, 4.5, 22.0),
    Level("C6", 10.9, 5.0, 20.0),
    Level("C5", 11.4, 5.0, 18.0),
    Level("C4", 11.4, 5.0, 15.0),
    Level("C3", 11.6, 5.0, 12.0),
    Level("C2", 21.0, 5.0, 9.0),
    Level("C1", 10.0, 2.0, 7.0),
)
COLUMN_SCALE = STATURE / 1.678
"""The donors of these vertebrae were 1.678 m tall on average."""

# The keypoint "hip" lies on the sacrum, about at S1/S2: here relative to the middle between the hip joints,
# and the plate of S1 relative to it (forward, up, mm).  It is what the other rooms of mvtri take it for.
SACRUM = (-58.0, 66.5)
SACRAL_PLATE = (7.0, 23.0)


class LevelRange(NamedTuple):
    """How far a vertebra turns on the one below, degrees: flexion with extension, bend and rotation to one
    side."""

    upper: str
    flexion: float
    bend: float
    rotation: float


# White and Panjabi, Clinical Biomechanics of the Spine, 2nd ed. 1990, tables 2-2 to 2-4: representative
# values.
LEVEL_RANGES = (
    LevelRange("L5", 17, 3, 1),
    LevelRange("L4", 16, 6, 2),
    LevelRange("L3", 15, 8, 2),
    LevelRange("L2", 14, 6, 2),
    LevelRange("L1", 12, 6, 2),
    LevelRange("T12", 12, 8, 2),
    LevelRange("T11", 12, 9, 2),
    LevelRange("T10", 9, 7, 2),
    LevelRange("T9", 6, 6, 4),
    LevelRange("T8", 6, 6, 6),
    LevelRange("T7", 6, 6, 7),
    LevelRange("T6", 5, 6, 7),
    LevelRange("T5", 4, 6, 8),
    LevelRange("T4", 4, 6, 8),
    LevelRange("T3", 4, 5, 8),
    LevelRange("T2", 4, 6, 8),
    LevelRange("T1", 4, 5, 9),
    LevelRange("C7", 9, 4, 2),
    LevelRange("C6", 17, 7, 6),
    LevelRange("C5", 20, 8, 7),
    LevelRange("C4", 20, 11, 7),
    LevelRange("C3", 15, 11, 7),
    LevelRange("C2", 10, 10, 3),
    LevelRange("C1", 20, 5, 40),
    LevelRange("C0", 25, 5, 5),
)


class SpineJoint(NamedTuple):
    """A joint of the model's spine.

    Attributes
    ----------
    name : str
    body : str
        What moves.
    disc : str
        The vertebra above the disc in which it lies.
    levels : tuple of str
        The upper vertebrae of the motion segments that it stands for.
    region : str
        Its angles are shares of those of this region.
    """

    name: str
    body: str
    disc: str
    levels: tuple[str, ...]
    region: str


# Each joint of the thorax and the neck stands for several motion segments and lies in their middle.
SPINE_JOINTS = (
    SpineJoint("L5_S1", "lumbar5", "L5", ("L5",), "lumbar"),
    SpineJoint("L4_L5", "lumbar4", "L4", ("L4",), "lumbar"),
    SpineJoint("L3_L4", "lumbar3", "L3", ("L3",), "lumbar"),
    SpineJoint("L2_L3", "lumbar2", "L2", ("L2",), "lumbar"),
    SpineJoint("L1_L2", "lumbar1", "L1", ("L1",), "lumbar"),
    SpineJoint("T11_T12", "lower_thorax", "T11", ("T12", "T11", "T10"), "thoracic"),
    SpineJoint("T8_T9", "middle_thorax", "T8", ("T9", "T8", "T7", "T6"), "thoracic"),
    SpineJoint("T3_T4", "upper_thorax", "T3", ("T5", "T4", "T3", "T2", "T1"), "thoracic"),
    SpineJoint("C6_C7", "lower_neck", "C6", ("C7", "C6", "C5"), "neck"),
    SpineJoint("C3_C4", "upper_neck", "C3", ("C4", "C3", "C2"), "neck"),
    SpineJoint("C0_C1", "head", "C0", ("C1", "C0"), "neck"),
)

# Ranges of coordinates, degrees.  They are bounds for a solver, not norms, so they lie well outside the
# means. Loins: living men 51 flexion, 16 extension, 17 bend, 4 rotation (Pearcy, Acta Orthop. Scand. Suppl.
# 212 (1985)); sums of White and Panjabi's values 74, 29, 9.  Thorax: 32 flexion with extension (Morita et
# al., Eur. Spine J. 23 (2014) 673), 16 bend and 25 rotation (Fujimori et al. 2014 and 2012); sums 76, 79,
# 71.  Neck: 64 flexion, 63 extension, 49 bend (means with the upper limit of healthy young men,
# anatomystandard.com, Range of motion of the spine), 73 rotation (Niewiadomski et al. 2019). Limbs: Boone
# and Azen, J. Bone Joint Surg. 61-A (1979) 756, men of 1 to 54 years: shoulder flexion 167, extension 62,
# abduction 184, inward rotation 69, outward 104; elbow 143; hip flexion 122, extension 10, abduction 46,
# adduction 27, rotations 47; knee 143; ankle up 13, down 56; inversion 37, eversion 21; plus two to three
# standard deviations (5 to 9 degrees).  A shoulder's three angles reach further, as they are angles of a
# sequence of rotations.  Clavicle: elevation 30 to 45, protraction 15 to 30 (Ludewig et al., J. Bone Joint
# Surg. 91-A (2009) 378, motion about its mean at rest).
RANGES = {
    "lumbar_flexion": (-35, 75),
    "lumbar_bending": (-35, 35),
    "lumbar_rotation": (-15, 15),
    "thoracic_flexion": (-35, 50),
    "thoracic_bending": (-40, 40),
    "thoracic_rotation": (-50, 50),
    "neck_flexion": (-75, 75),
    "neck_bending": (-55, 55),
    "neck_rotation": (-90, 90),
    "clavicle_elevation": (-15, 45),
    "clavicle_protraction": (-30, 40),
    "arm_flex": (-90, 190),
    "arm_add": (-190, 90),
    "arm_rot": (-120, 120),
    "elbow_flex": (0, 160),
    "hip_flexion": (-40, 140),
    "hip_adduction": (-65, 45),
    "hip_rotation": (-65, 65),
    "knee_angle": (0, 160),
    "ankle_angle": (-70, 40),
    "subtalar_angle": (-35, 45),
}

# Axis of the joint below the ankle: 42 degrees up, 23 degrees towards the middle of the body (Isman and
# Inman, Bull. Prosthet. Res. 10-11 (1969) 97), here of the right foot in the axes forward, up, right.
SUBTALAR_AXIS = (0.684, 0.669, -0.290)

# What a part carries, mm: forward, up, to the side; of the right side.  The places are those of
# mvtri.kinematics.spine_anatomy (there for 1.70 m), and of the feet and the inner end of the clavicle those
# of mvtri.synthetic.body; both rest on Drillis and Contini's breadths (Winter 2009).  Keypoints of the
# spine lie in the column, as those rooms take them, not on the skin.
HIP_JOINT = 87.5  # to the side; Bell et al., Hum. Mov. Sci. 8 (1989) 3: 36 % of the distance of the spines
FROM_C7 = {"clavicle": (72.0, -46.0, 72.0), "shoulder": (41.0, -46.0, 185.0), "sternum": (73.0, -58.0, 24.0)}
FROM_T8 = {"latissimus": (0.0, -10.0, 113.0)}
FROM_C1 = {
    "head": (10.0, 170.0, 0.0),
    "nose": (124.0, 31.0, 0.0),
    "eye": (108.0, 62.0, 33.0),
    "ear": (15.0, 46.0, 77.0),
}
FROM_ANKLE = {
    "big_toe": (184.0, -51.0, -14.0),
    "small_toe": (145.0, -52.0, 51.0),
    "heel": (-52.0, -44.0, -2.0),
}
