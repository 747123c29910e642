"""Cards of networks that lift the 2D keypoints of one view to 3D."""

from dataclasses import dataclass
from typing import Any, ClassVar

from mvtri.models.card import Card

NORMALISATIONS = ("turned", "rays")
UNITS = ("heights", "unknown")
MOST_FRAMES = 1001


@dataclass(frozen=True)
class LiftSpec:
    """What a lifter takes and what it returns.

    Attributes
    ----------
    root : str
        The keypoint that positions are relative to.
    normalisation : str
        ``"rays"``: one input (N, K, 2), the undistorted (x - cx) / fx, (y - cy) / fy.  ``"turned"``: the
        inputs points (N, F, K, 3) and size (N, 1); see `mvtri.lifting.normalise`.
    frames : int
        F, the receptive field: how many frames, odd, the middle one is lifted from.
    score : float
        Keypoints with a lower score are not seen: their inputs are 0.
    unit : str
        Of the positions: ``"heights"`` of the person, or ``"unknown"``.
    rate : float
        Frames per second that the network was trained on; 0 where that does not matter.
    inputs, outputs : tuple of str
        Names in the file: of the inputs; of the positions (N, K, 3) and, where there are any, of the spreads
        (N, K, 6), lower triangular matrices L with the covariance L L'.
    """

    root: str
    normalisation: str = "turned"
    frames: int = 1
    score: float = 0.3
    unit: str = "heights"
    rate: float = 0.0
    inputs: tuple[str, ...] = ("points", "size")
    outputs: tuple[str, ...] = ("position", "spread")


@dataclass(frozen=True, kw_only=True)
class LifterCard(Card):
    """A card of a network that lifts the 2D keypoints of one view to 3D."""

    FINDS: ClassVar[str] = "3D from one view"
    OPTIONS: ClassVar[str] = "--lifter"
    FILE_OPTION: ClassVar[str] = "--lifter FILE"
    CARD_OPTION: ClassVar[str] = "--lifter-card FILE"
    SECTIONS: ClassVar[dict[str, type]] = {"lift": LiftSpec}

    lift: LiftSpec

    def problems(self) -> list[str]:
        """Return what is wrong with the card, a phrase per problem."""
        given, wrong = self.lift, super().problems()
        if not self.skeleton:
            wrong.append("skeleton is missing, expected the name of a keypoint set")
        choices: list[tuple[str, Any, tuple[Any, ...]]] = [
            ("normalisation", given.normalisation, NORMALISATIONS),
            ("unit", given.unit, UNITS),
        ]
        wrong += [
            f"lift.{name} is {found!r}, expected one of {', '.join(allowed)}"
            for name, found, allowed in choices
            if found not in allowed
        ]
        if not (1 <= given.frames <= MOST_FRAMES and given.frames % 2 == 1):
            wrong.append(f"lift.frames is {given.frames}, expected an odd number up to {MOST_FRAMES}")
        if given.normalisation == "rays" and given.frames != 1:
            wrong.append('lift.frames is more than 1, expected 1 with the normalisation "rays"')
        if not 0.0 <= given.score <= 1.0:
            wrong.append(f"lift.score is {given.score:g}, expected 0 to 1")
        if not 0.0 <= given.rate <= 1000.0:
            wrong.append(f"lift.rate is {given.rate:g}, expected 0 to 1000 frames per second")
        wanted = 1 if given.normalisation == "rays" else 2
        if len(given.inputs) != wanted:
            wrong.append(f"lift.inputs names {len(given.inputs)} input(s), expected {wanted}")
        if len(given.outputs) not in (1, 2):
            wrong.append(f"lift.outputs names {len(given.outputs)} outputs, expected 1 or 2")
        return wrong

    def input_text(self) -> str:
        """Return how many frames the network looks at."""
        return f"{self.lift.frames} frame{'s' if self.lift.frames > 1 else ''}"

    def details(self) -> list[tuple[str, str]]:
        """Return what the network finds, its input and its output."""
        sure = "with uncertainty" if len(self.lift.outputs) == 2 else "without uncertainty"
        unit = "in heights of the person" if self.lift.unit == "heights" else "of unknown scale"
        return [
            ("finds", f"{self.FINDS} ({self.skeleton}), {sure}"),
            ("input", f"{self.input_text()}; keypoints with a score below {self.lift.score:g} are not seen"),
            ("output", f"positions relative to {self.lift.root}, {unit}"),
        ]
