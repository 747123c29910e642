"""Write opensim.trc with OpenSim's own TRCFileAdapter: ``pip install opensim==4.6``, then run this file.

Four markers over five frames at 100 Hz; marker m is at (m + 0.1 f, 1.5 - 0.01 f, -0.25 m) in frame f, in
metres with y up, and RKnee is missing in frames 1 and 3, LHip in frame 2.
"""

import os
from pathlib import Path

import opensim

NAMES = ("RHip", "LHip", "Spine_01", "RKnee")
MISSING = {(1, 3), (3, 3), (2, 1)}

table = opensim.TimeSeriesTableVec3()
labels = opensim.StdVectorString()
for name in NAMES:
    labels.append(name)
table.setColumnLabels(labels)
for frame in range(5):
    row = opensim.RowVectorVec3(len(NAMES))
    for marker in range(len(NAMES)):
        place = (marker + 0.1 * frame, 1.5 - 0.01 * frame, -0.25 * marker)
        row[marker] = opensim.Vec3(*((float("nan"),) * 3 if (frame, marker) in MISSING else place))
    table.appendRow(frame / 100, row)
table.addTableMetaDataString("DataRate", "100")
table.addTableMetaDataString("Units", "m")
os.chdir(Path(__file__).parent)  # OpenSim writes the path that it is given into the file
opensim.TRCFileAdapter().write(table, "opensim.trc")
