"""What may change in a bundle adjustment, and how unknowns map to the numbers of cameras."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.kernels.bundle.layout import CENTRE, FOCAL, LENS, NUMBERS

Floats = NDArray[np.float64]
_POSE = ("turn x", "turn y", "turn z", "move x", "move y", "move z")
_UNTILTED = 12  # coefficients before those of a tilted sensor
_LENS = {
    "opencv": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4"),
    "fisheye": ("k1", "k2", "k3", "k4"),
    "human36m": ("k1", "k2", "p1", "p2", "k3"),
}


@dataclasses.dataclass(frozen=True)
class Freedom:
    """What may change in a camera.

    Attributes
    ----------
    pose : bool
        Its turn and its place.
    focal : {"none", "one", "two"}
        The focal length: not at all, fx and fy by the same factor, or each by its own.
    centre : bool
        The principal point.
    distortion : int
        How many coefficients of its lens model, from the first one (k1, k2, p1, p2, k3, ... of OpenCV).
    """

    pose: bool = True
    focal: str = "none"
    centre: bool = False
    distortion: int = 0

    def __post_init__(self) -> None:
        if self.focal not in ("none", "one", "two"):
            raise InputError(f"focal is {self.focal!r}; expected 'none', 'one' or 'two'")
        if not 0 <= self.distortion <= 12:
            raise InputError(f"distortion is {self.distortion!r}; expected a number of coefficients, 0 to 12")


@dataclasses.dataclass(frozen=True)
class Unknowns:
    """The unknowns of all cameras.

    Attributes
    ----------
    names : tuple of str
        One for each unknown, such as ``"cam1 turn x"``.  Turns are in rad about the camera's own axes, moves
        of its centre in m along the world's axes; "focal" is a share of the focal length; fx, fy, cx and cy
        are in px; coefficients of the lens have no unit.
    columns : ndarray of int, shape (C, 24)
        Which unknown each number of a camera follows; -1 for none.
    scales : ndarray, shape (C, 24)
        By how much the number grows with it.
    bend : ndarray of int, shape (3,)
        The unknowns of a board's bend; -1 for none.
    """

    names: tuple[str, ...]
    columns: NDArray[np.int64]
    scales: Floats
    bend: NDArray[np.int64]

    @property
    def poses(self) -> NDArray[np.int64]:
        """The six unknowns of each camera's pose (C, 6); -1 where it is fixed."""
        return self.columns[:, :FOCAL]


def name_unknowns(
    cams: CameraGroup,
    freedom: Freedom | Sequence[Freedom],
    fixed: Sequence[int] = (),
    shared: Sequence[Sequence[int]] = (),
    bend: bool = False,
) -> Unknowns:
    """Return the unknowns that `freedom` allows.

    Parameters
    ----------
    cams : CameraGroup
    freedom : Freedom or sequence of C of them
    fixed : sequence of int
        Cameras whose pose stays.
    shared : sequence of sequences of int
        Cameras that have the same lens, so that what changes in it changes in all of them; they follow the
        freedom of the first.
    bend : bool
        Whether the board may be bent.
    """
    each = [freedom] * len(cams) if isinstance(freedom, Freedom) else list(freedom)
    if len(each) != len(cams):
        raise InputError(f"there are {len(each)} freedoms for {len(cams)} cameras; expected one for each")
    _check_cameras(cams, fixed, shared)
    columns, scales = np.full((len(cams), NUMBERS), -1), np.ones((len(cams), NUMBERS))
    names: list[str] = []
    first = {camera: group[0] for group in shared for camera in group}
    for c in range(len(cams)):
        if each[c].pose and c not in fixed:
            columns[c, :FOCAL] = len(names) + np.arange(6)
            names += [f"{cams.names[c]} {name}" for name in _POSE]
    for c in range(len(cams)):
        leader = first.get(c, c)
        if leader == c:
            labels = _lens_numbers(cams, c, each[c])
            for label, numbers in labels.items():
                columns[c, numbers] = len(names)
                names.append(f"{cams.names[c]} {label}")
        if "focal" in _lens_numbers(cams, leader, each[leader]):
            scales[c, FOCAL : FOCAL + 2] = cams.matrices[c, (0, 1), (0, 1)]
    for c, leader in first.items():
        _lens_numbers(cams, c, each[leader])  # refuses a lens that has not these coefficients
        columns[c, FOCAL:] = columns[leader, FOCAL:]
    bends = np.full(3, -1)
    if bend:
        bends[:] = len(names) + np.arange(3)
        names += [f"bend {name}" for name in ("xx", "xy", "yy")]
    return Unknowns(tuple(names), columns.astype(np.int64), scales, bends.astype(np.int64))


def _check_cameras(cams: CameraGroup, fixed: Sequence[int], shared: Sequence[Sequence[int]]) -> None:
    grouped = [camera for group in shared for camera in group]
    if not all(0 <= camera < len(cams) for camera in (*fixed, *grouped)) or len({*grouped}) < len(grouped):
        raise InputError(
            f"fixed is {list(fixed)} and shared is {[list(group) for group in shared]}; expected indices of "
            f"cameras, 0 to {len(cams) - 1}, each in one group at most"
        )
    for group in shared:
        if len({str(cams.models[camera]) for camera in group}) > 1:
            names = ", ".join(cams.names[camera] for camera in group)
            raise InputError(
                f"{names} have different lens models, and cannot share a lens; use separate ones"
            )


def _lens_numbers(cams: CameraGroup, camera: int, freedom: Freedom) -> dict[str, list[int]]:
    """Return which numbers of a lens change, by the name of their unknown."""
    found: dict[str, list[int]] = {}
    if freedom.focal == "one":
        found["focal"] = [FOCAL, FOCAL + 1]
    elif freedom.focal == "two":
        found |= {"fx": [FOCAL], "fy": [FOCAL + 1]}
    if freedom.centre:
        found |= {"cx": [CENTRE], "cy": [CENTRE + 1]}
    model = str(cams.models[camera])
    names, kept = _LENS[model], len(cams.distortions[camera])
    if freedom.distortion > min(len(names), kept):
        raise InputError(
            f"{freedom.distortion} coefficients of {cams.names[camera]} are to change, but its lens "
            f"({model}) has {min(len(names), kept)}; give it more coefficients (zeros to start with), or "
            "free fewer"
        )
    if freedom.distortion and kept > _UNTILTED and cams.distortions[camera][_UNTILTED:].any():
        raise InputError(
            f"the sensor of {cams.names[camera]} is tilted, and the lens of a tilted sensor cannot change; "
            "use distortion=0"
        )
    return found | {names[i]: [LENS + i] for i in range(freedom.distortion)}
