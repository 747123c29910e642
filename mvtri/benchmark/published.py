"""What others have published for the same task: for a look beside our own rows, never mixed with them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

SOURCE = "Khan & Stricker, SIMSPINE, CVPR 2026, multi-view results"


@dataclass(frozen=True)
class Published:
    """A published row; mm.

    Attributes
    ----------
    setting : str
    method : str
    mpjpe, p_mpjpe : float or None
        On the full skeleton; None where not published.
    source : str
    """

    setting: str
    method: str
    mpjpe: float | None
    p_mpjpe: float | None
    source: str = SOURCE


PUBLISHED = (
    Published("oracle", "published: SIMSPINE", 7.85, 1.79),
    Published("detected", "published: SIMSPINE, fine-tuned detector", 31.82, 29.53),
    Published("detected", "published: SIMSPINE, detector not fine-tuned", 49.30, None),
)
KEYPOINTS = 37


def published_for(rows: pd.DataFrame) -> tuple[Published, ...]:
    """Return the published rows where results are of as many keypoints as those; else none."""
    return PUBLISHED if rows[rows["by"] == "keypoint"]["key"].nunique() == KEYPOINTS else ()
