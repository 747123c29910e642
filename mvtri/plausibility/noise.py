"""Whether noise can be that of a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.finding import Finding

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

# A share of the image diagonal.  Networks have 0.3 to 0.6 % (5 to 8 px) on Human3.6M's images.
MOST_NOISE = 0.02


def check_noise(sigma: NDArray[np.float64], cameras: CameraGroup) -> list[Finding]:
    """Return a finding if the noise (K, C), px, of most cameras is larger than that of any detector."""
    diagonals = np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)
    shares = np.median(np.atleast_2d(sigma), axis=0) / diagonals
    if not np.isfinite(shares).all() or np.median(shares) <= MOST_NOISE:
        return []
    worst = float(np.median(shares))
    return [
        Finding(
            "noise",
            "bad",
            f"The noise found in the 2D is {worst * float(np.median(diagonals)):.0f} px, "
            f"{100 * worst:.1f} % of "
            f"the image diagonal, and no detector has more than {100 * MOST_NOISE:g} %. So these views do "
            "not show the same points: check that calibration, 2D and synchronisation belong together.",
        )
    ]
