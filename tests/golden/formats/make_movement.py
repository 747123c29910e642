"""Write movement.nc with movement's own dataset class: ``pip install movement==0.15``, then run this file.

Three keypoints of two individuals over four frames at 25 frames a second; coordinate s of keypoint k of
individual i in frame f is f + 500 k + 50 i + 5000 s, and keypoint 2 of individual 1 is missing in frame 3.
"""

from pathlib import Path

import numpy as np
from movement.validators.datasets import ValidPosesInputs

frame, space, keypoint, individual = np.indices((4, 3, 3, 2))
position = (frame + 500 * keypoint + 50 * individual + 5000 * space).astype(float)
position[3, :, 2, 1] = np.nan
dataset = ValidPosesInputs(
    position_array=position,
    confidence_array=np.full((4, 3, 2), 0.5),
    individual_names=["ann", "bob"],
    keypoint_names=["hip", "neck", "head"],
    fps=25.0,
    source_software="made up",
).to_dataset()
dataset.to_netcdf(Path(__file__).with_name("movement.nc"), engine="h5netcdf")
