"""Write ezc3d.c3d with ezc3d itself (``pip install ezc3d==1.7.2``), as a motion capture system would.

Frames 10 to 13 (the first frame is 0) at 100 Hz, y up, mm.  Marker m of person p is at
(100 m + 1000 p, 50 f, -25 m) in frame f = 0..3 of the file; A:toe is missing in frame 2.  Cameras 1 and 7 saw
A:hip, with the residual 2 mm.  Two analog channels at 400 Hz count up; two events.
"""

from pathlib import Path

import ezc3d
import numpy as np

LABELS = ["A:hip", "A:toe", "B:hip", "B:toe"]
file = ezc3d.c3d()
file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
file["parameters"]["POINT"]["LABELS"]["value"] = LABELS
points = np.ones((4, 4, 4))
for index in range(4):
    marker, person = index % 2, index // 2
    for frame in range(4):
        points[:3, index, frame] = (100 * marker + 1000 * person, 50 * frame, -25 * marker)
points[:3, 1, 2] = np.nan
residuals = np.zeros((1, 4, 4))
residuals[0, 0] = 2.0
residuals[0, 1, 2] = -1.0
masks = np.zeros((7, 4, 4), dtype=bool)
masks[[0, 6], 0] = True
file["data"]["points"] = points
file["data"]["meta_points"]["residuals"] = residuals
file["data"]["meta_points"]["camera_masks"] = masks
file["parameters"]["ANALOG"]["RATE"]["value"] = [400.0]
file["parameters"]["ANALOG"]["LABELS"]["value"] = ["Fz1", "emg"]
file["parameters"]["ANALOG"]["UNITS"]["value"] = ["N", "V"]
file["data"]["analogs"] = np.arange(32.0).reshape(1, 2, 16)
file.add_parameter("POINT", "X_SCREEN", ["+X"])
file.add_parameter("POINT", "Y_SCREEN", ["+Y"])
file.add_parameter("EVENT", "USED", [2])
file.add_parameter("EVENT", "CONTEXTS", ["Left", "Right"])
file.add_parameter("EVENT", "LABELS", ["Foot Strike", "Foot Off"])
file.add_parameter("EVENT", "TIMES", np.array([[0.0, 1.0], [0.11, 2.5]]))
file["header"]["points"]["first_frame"] = 10
file.write(str(Path(__file__).parent / "ezc3d.c3d"))
