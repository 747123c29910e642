"""``synthetic-human36m``: labelled sequences that are made when loaded, in front of Human3.6M's cameras."""

import os
import zlib
from collections.abc import Iterator
from collections.abc import Sequence as Several
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri import calib
from mvtri.datasets.dataset import SYNTHETIC, Dataset
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.synthetic_human36m.placing import draw_place
from mvtri.datasets.synthetic_human36m.takes import Take, captured_takes, own_takes
from mvtri.errors import InputError, one_of
from mvtri.files import provenance
from mvtri.formats.motion.acclaim_motion import CMU_RATE
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_tracks

if TYPE_CHECKING:
    from mvtri.synthetic import Body

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
_KEYPOINTS = get_skeleton("spinetrack37").keypoints
_BUILT_IN = Path("(built-in motions)")


class SyntheticHuman36M(Dataset):
    """Synthetic people in the room of Human3.6M; see `synthetic_human36m`."""

    layout = "synthetic-human36m"
    family = "synthetic"
    camera_check = "exact"
    synthetic = True

    def __init__(
        self,
        root: Path | None = None,
        tolerance: float = 0.02,
        *,
        subjects: Several[str] = SUBJECTS,
        seed: int = 0,
        placements: int = 1,
        frames: int | None = None,
        spread: float = 0.5,
        fps: float = 50.0,
        rate: float = CMU_RATE,
    ):
        super().__init__(_BUILT_IN if root is None else root, tolerance)
        self.seed, self.placements, self.frames = seed, placements, frames
        self.spread, self.fps, self.rate = spread, fps, rate
        self._subjects = tuple(dict.fromkeys(subjects))
        self._check_options()
        self.options |= {"subjects": self._subjects, "seed": seed, "placements": placements, "frames": frames}
        self.options |= {"spread": spread, "fps": fps, "rate": rate}
        self._recent: tuple[tuple[str, str], np.ndarray] | None = None

    def _check_options(self) -> None:
        wrong = [
            f"{name} is {value}, expected {due}"
            for name, value, fits, due in (
                ("placements", self.placements, self.placements >= 1, "1 or more"),
                ("frames", self.frames, self.frames is None or self.frames >= 1, "1 or more"),
                ("spread", self.spread, 0 <= self.spread < np.inf, "0 or more"),
                ("fps", self.fps, 0 < self.fps < np.inf, "more than 0"),
                ("rate", self.rate, 0 < self.rate < np.inf, "more than 0"),
            )
            if not fits
        ]
        if wrong:
            raise InputError("; ".join(wrong))
        for subject in self._subjects:
            if subject not in SUBJECTS:
                raise InputError(one_of(subject, SUBJECTS, "subject of Human3.6M"))

    @cached_property
    def _takes(self) -> dict[str, Take]:
        takes = own_takes() if self.root == _BUILT_IN else captured_takes(self.root, self.rate)
        return {take.name: take for take in takes}

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield each motion of each subject, once per placement; only headers of files are read."""
        lengths = {name: take.count(self.fps) for name, take in self._takes.items()}
        total = placement = 0
        while placement < self.placements or (self.frames is not None and total < self.frames):
            placement += 1
            for name, count in lengths.items():
                for subject in self._subjects:
                    if placement > self.placements and total >= (self.frames or 0):
                        return
                    total += count
                    yield SequenceInfo(subject, f"{name}-{placement}", name, count)

    def read(self, info: SequenceInfo) -> Sequence:
        """Make a sequence."""
        take = self._takes[info.action]
        body = self.body(info.subject)
        cameras = calib.human36m_cameras(info.subject)
        points = self._animated(info, take, body)
        if len(points) != info.frames:
            raise InputError(
                f"{take.files[-1]} has {len(points)} frames at {self.fps:g} fps, but the number of its "
                f"last frame says {info.frames}; copy the file again"
            )
        rng = np.random.default_rng([self.seed, zlib.crc32(str(info).encode())])
        place = draw_place(points, cameras, self.spread, rng)
        about = {"subject": info.subject, "motion": info.action, "seed": self.seed, "body": asdict(body)}
        about |= {"heading_rad": place.heading, "middle_m": place.middle.tolist()}
        truth = make_tracks(
            place.apply(points)[:, None],
            keypoints=_KEYPOINTS,
            fps=self.fps,
            skeleton="spinetrack37",
            source=SYNTHETIC,
            provenance=provenance("synthetic_human36m", about, list(take.files)),
        )
        return Sequence(info, truth, cameras)

    def body(self, subject: str) -> "Body":
        """Return the proportions that `subject` has here, which are not those of Human3.6M's."""
        from mvtri.synthetic import Body

        return Body.sample(np.random.default_rng([self.seed, int(subject[1:])]))

    def _animated(self, info: SequenceInfo, take: Take, body: "Body") -> np.ndarray:
        """Return keypoints (T, 37, 3), their hip's mean at x = y = 0; the last ones are kept."""
        key = (info.subject, info.action)
        recent = self._recent
        if recent is None or recent[0] != key:
            points = take.animate(body, self.fps).keypoints
            points[..., :2] -= points[:, _KEYPOINTS.index("hip"), :2].mean(axis=0)
            recent = self._recent = (key, points)
        return recent[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (None if self.root == _BUILT_IN else self.root, self.options)


def synthetic_human36m(root: str | os.PathLike[str] | None = None, **options: Any) -> SyntheticHuman36M:
    """Return labelled sequences of people that do not exist, filmed by the real cameras of Human3.6M.

    A sequence is made when it is loaded; it depends only on the options and on its name.  It is a motion on
    the body of its subject, turned by a random angle about the vertical; the mean position of the hip is
    N(0, `spread`) about the middle of the room.  The truth says that it is synthetic (``source_software``,
    ``provenance``).

    Parameters
    ----------
    root : path, optional
        A folder with motions of CMU's database: ``.amc`` files and their ``.asf`` files, in subfolders, too.
        Without it, the built-in motions (ten seconds each): bends, twists, walks, and moving about.
    subjects : sequence of str
        The subjects of Human3.6M whose cameras are used; ``S1 S5 S6 S7 S8 S9 S11`` by default.
    seed : int
        For the random bodies and places.
    placements : int
        How often each subject does each motion, each time at another place.
    frames : int, optional
        Adds placements until all sequences together have at least this many frames.
    spread : float
        Standard deviation of the place along x and along y, m; a place where a camera would see less than
        30 % of the points is drawn again.
    fps : float
        Frames per second.
    rate : float
        Frames per second of the ``.amc`` files, which do not state it; those of CMU have 120.

    Returns
    -------
    SyntheticHuman36M

    Raises
    ------
    InputError
        If an option has an impossible value; on listing or loading, if a file cannot be used.
    """
    return SyntheticHuman36M(None if root is None else Path(root), **options)


def _reopen(root: Path | None, options: dict[str, Any]) -> SyntheticHuman36M:
    return SyntheticHuman36M(root, **options)


def _sniff(root: Path) -> bool:
    return root.is_dir() and next((path for path in root.rglob("*.[aA][mM][cC]")), None) is not None


FORMAT = DatasetFormat(
    name="synthetic-human36m",
    family="synthetic",
    description="CMU's motions (.asf and .amc), done by bodies in front of Human3.6M's cameras",
    sniff=_sniff,
    read=SyntheticHuman36M,
    rootless=True,
)
