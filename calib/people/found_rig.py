"""What was found where a whole rig was calibrated from nothing but people."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Adjustment
from mvtri.calib.bundle.align import Similarity
from mvtri.calib.people.result import Doubt
from mvtri.calib.pose_covariance import in_world
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class FoundRig:
    """A rig that was found from people alone.

    Attributes
    ----------
    cameras : CameraGroup
        z is up and 0 at the floor, in metres as far as the height of the person tells.
    adjustment : Adjustment
        The fit, before the rig was stood up; its covariance is that of shares and angles, the baseline of the
        cameras being about 1.
    change : Similarity
        What stood the rig up.
    residual : float
        Median over all views, px.
    shifts : ndarray, shape (C,)
        How many frames each camera is late; 0 where times were not looked for.
    height : float
        The stature, m, that gave the scale; NaN where no keypoints tell it, and the unit of length is
        unknown.
    doubts : tuple of Doubt
        Reasons not to trust the rig.
    """

    cameras: CameraGroup
    adjustment: Adjustment
    change: Similarity
    residual: float
    shifts: Floats
    height: float
    doubts: tuple[Doubt, ...] = ()

    @property
    def focal_deviations(self) -> Floats:
        """How sure each focal length is (C,): standard deviations, as shares of it; 0 where it was kept."""
        unknowns = self.adjustment.parameter_names
        spread = dict(zip(unknowns, self.adjustment.standard_deviations))
        return np.array([spread.get(f"{name} focal", 0.0) for name in self.cameras.names])

    @property
    def pose_covariance(self) -> Floats:
        """The covariance of the poses (6C, 6C) in the world of `cameras`, rad and m.

        See `mvtri.calib.read_pose_covariance`.  The uncertainty of the person's height is not in it.
        """
        poses = self.adjustment.unknowns.poses.ravel()
        part = self.adjustment.covariance[np.ix_(poses, poses)]
        return in_world(part, self.change.scale, self.change.rotation)
