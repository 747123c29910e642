"""`Verdict`: one judgement about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mvtri.diagnostics.agreement import Evidence

Level = Literal["good", "check", "bad"]
LEVEL_WORDS: dict[Level, str] = {"good": "Good", "check": "Worth a look", "bad": "Trouble"}


@dataclass(frozen=True)
class Verdict:
    """One verdict, in plain words.

    Attributes
    ----------
    level : {"good", "check", "bad"}
    text : str
        What was found, with the threshold that was passed, and what to do.
    kind : str
        For programs: what is wrong, such as ``"unit"`` (`mvtri.plausibility.Finding.kind`) or ``"camera"``
        (`Evidence.conclusion`); empty for the others.
    evidence : Evidence, optional
        What a verdict on cameras rests on.
    factor : float
        By what the result is too large, or the resolution too high; 1 where that does not apply.
    """

    level: Level
    text: str
    kind: str = ""
    evidence: Evidence | None = None
    factor: float = 1.0
