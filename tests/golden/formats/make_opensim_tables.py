"""Write opensim_*.sto and opensim.mot with OpenSim itself: ``pip install opensim==4.6``, then run this.

markers: at frame f (100 Hz), RHip is at (0.1 f, 1, -0.5 m) and Spine_01 at (0.2, 1.25, 0.3 m), which is
missing in frame 1.
orientations: pelvis_imu has no rotation in frame 0, then (w, x, y, z) = (0.5, 0.5, 0.5, 0.5).
coordinates: pelvis_tilt is 1.5 f degrees, pelvis_tx -0.25 m.
"""

import math
import os
from pathlib import Path

import opensim

os.chdir(Path(__file__).parent)  # OpenSim writes the path that it is given into the file

markers = opensim.TimeSeriesTableVec3()
markers.setColumnLabels(["RHip", "Spine_01"])
orientations = opensim.TimeSeriesTableQuaternion()
orientations.setColumnLabels(["pelvis_imu"])
coordinates = opensim.TimeSeriesTable()
coordinates.setColumnLabels(["pelvis_tilt", "pelvis_tx"])
for frame in range(3):
    spine = opensim.Vec3(math.nan) if frame == 1 else opensim.Vec3(0.2, 1.25, 0.3)
    markers.appendRow(0.01 * frame, opensim.RowVectorVec3([opensim.Vec3(0.1 * frame, 1.0, -0.5), spine]))
    turned = opensim.Quaternion(*((1, 0, 0, 0) if frame == 0 else (0.5,) * 4))
    orientations.appendRow(0.01 * frame, opensim.RowVectorQuaternion(1, turned))
    coordinates.appendRow(0.01 * frame, opensim.RowVector([1.5 * frame, -0.25]))
for table in (markers, orientations):
    table.addTableMetaDataString("DataRate", "100")
markers.addTableMetaDataString("Units", "m")
coordinates.addTableMetaDataString("inDegrees", "yes")
opensim.STOFileAdapterVec3.write(markers, "opensim_markers.sto")
opensim.STOFileAdapterQuaternion.write(orientations, "opensim_orientations.sto")
opensim.STOFileAdapter.write(coordinates, "opensim.mot")
