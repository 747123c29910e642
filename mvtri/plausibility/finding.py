"""`Finding`: what cannot be right, its likely cause, and what to do."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "normalised", "zeros", "exchanged", "y_up", "turned", "mirrored", "resolution", "inverted", "outside",
    "confined",
    "exchanged_cameras", "unit", "board_size", "stature", "segments", "axes", "noise", "late",
    "centre", "mirrored_axes", "cropped", "lens_twice", "lens_missing", "lens_model", "moved_meanwhile",
    "stale", "rig", "foreign", "camera", "undecidable", "contradiction", "agree",
    "focal", "principal_point", "same_pose", "same_place", "rig_size", "looking_away", "folding_lens",
]  # fmt: skip


class PlausibilityWarning(UserWarning):
    """What went in or came out of a function cannot be what it is taken for."""


@dataclass(frozen=True)
class Finding:
    """Something that cannot be right.

    Attributes
    ----------
    kind : str
        Which cause is likely; one of `Kind`.
    level : {"check", "bad"}
        ``"bad"`` where the result cannot be used.
    text : str
        One or two sentences: what was found, the likely cause, and what to do.
    factor : float
        By what the result is too large, or the resolution too high; 1 where that does not apply.
    cameras : tuple of str
        The cameras that it is about; empty where it is about all of them.
    alternatives : tuple of str
        Kinds of other causes that explain the views as well, and that the text names.
    """

    kind: Kind
    level: Literal["check", "bad"]
    text: str
    factor: float = 1.0
    cameras: tuple[str, ...] = ()
    alternatives: tuple[Kind, ...] = ()


def warn_of(findings: Sequence[Finding], stacklevel: int = 3) -> None:
    """Issue each finding as a `PlausibilityWarning`."""
    for finding in findings:
        warnings.warn(finding.text, PlausibilityWarning, stacklevel=stacklevel)
