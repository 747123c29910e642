"""What the people do: motions captured by others, in a folder, or our own."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mvtri.errors import InputError
from mvtri.formats.motion.acclaim import read, skeleton_beside
from mvtri.formats.motion.acclaim_motion import count_acclaim_frames

if TYPE_CHECKING:
    from mvtri.synthetic import Animation, Body

_SECONDS = 10.0  # of each of our own motions


class Take(ABC):
    """A motion that any body can do.

    Attributes
    ----------
    name : str
        Such as ``"02_01"`` or ``"walk"``.
    files : tuple of Path
        The files that it is read from; empty for built-in motions.
    """

    name: str
    files: tuple[Path, ...]

    @abstractmethod
    def count(self, fps: float) -> int:
        """Return how many frames it has; only headers of files are read."""

    @abstractmethod
    def animate(self, body: "Body", fps: float) -> "Animation":
        """Return the motion on `body`."""


@dataclass(frozen=True)
class CapturedTake(Take):
    """An ``.amc`` file, its ``.asf`` file, and the frame rate, which neither states."""

    motion: Path
    skeleton: Path
    rate: float

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the motion file."""
        return self.motion.stem

    @property
    def files(self) -> tuple[Path, ...]:  # type: ignore[override]
        """Both files."""
        return (self.skeleton, self.motion)

    def count(self, fps: float) -> int:
        """Return how many frames it has, from the numbers of the first and the last frame."""
        from mvtri.kinematics.bones import resampled_length

        return resampled_length(count_acclaim_frames(self.motion), self.rate, fps)

    def animate(self, body: "Body", fps: float) -> "Animation":
        """Read the files and transfer the motion to `body`."""
        from mvtri.synthetic import carry_over

        captured = read(self.motion, skeleton=self.skeleton, fps=self.rate)
        return carry_over(captured.resampled(fps), body)


@dataclass(frozen=True)
class OwnTake(Take):
    """A built-in motion."""

    name: str
    files: tuple[Path, ...] = ()

    def count(self, fps: float) -> int:
        """Return how many frames ten seconds are."""
        return round(_SECONDS * fps)

    def animate(self, body: "Body", fps: float) -> "Animation":
        """Return ten seconds of it."""
        from mvtri.synthetic import animate, make_motion

        return animate(body, make_motion(self.name, self.count(fps), fps))


def own_takes() -> list[Take]:
    """Return the built-in motions."""
    from mvtri.synthetic import REPERTOIRE

    return [OwnTake(name) for name in REPERTOIRE]


def captured_takes(root: Path, rate: float) -> list[Take]:
    """Return the ``.amc`` files in a folder and the folders in it.

    The skeleton of ``02_01.amc`` is ``02.asf`` beside it, else the only ``.asf`` file there.

    Raises
    ------
    InputError
        If there is none, one has no skeleton, or two have one name.
    """
    found: dict[str, CapturedTake] = {}
    for path in sorted(path for path in root.rglob("*") if path.suffix.lower() == ".amc" and path.is_file()):
        take = CapturedTake(path, skeleton_beside(path), rate)
        if take.name in found:
            raise InputError(
                f"{path} and {found[take.name].motion} have the same name; choose a folder that has only "
                "one of them"
            )
        found[take.name] = take
    if not found:
        raise InputError(f"there is no motion (.amc, with its .asf) in {root}; check the path")
    return list(found.values())
