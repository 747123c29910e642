"""Write mvtri_body.json with OpenSim itself: ``pip install opensim==4.6``, then run this.

Markers of the package's mvtri_body.osim, m, at rest and in poses drawn within the ranges of the free
coordinates (pelvis: up to 3 rad and 2 m), with couplers enforced by OpenSim's assembly.
"""

import json
from pathlib import Path

import numpy as np
import opensim

HERE = Path(__file__).parent
MODEL = HERE.parents[2] / "mvtri" / "biomechanics" / "data" / "mvtri_body.osim"
POSES = 8
assert MODEL.is_file(), MODEL  # OpenSim crashes without it
rng = np.random.default_rng(14)

opensim.Logger.removeFileSink()
model = opensim.Model(str(MODEL))
model.set_assembly_accuracy(1e-13)
state = model.initSystem()
coordinates = [model.getCoordinateSet().get(i) for i in range(model.getCoordinateSet().getSize())]
free = [one for one in coordinates if not one.isDependent(state)]
markers = [model.getMarkerSet().get(i) for i in range(model.getMarkerSet().getSize())]
poses = []
for number in range(POSES):
    chosen = {}
    for one in free if number else []:
        low, high = one.getRangeMin(), one.getRangeMax()
        if one.getName().startswith("pelvis"):
            low, high = (-2.0, 2.0) if one.getName().startswith("pelvis_t") else (-3.0, 3.0)
        chosen[one.getName()] = round(float(rng.uniform(low, high)), 6)
    for one in coordinates:
        one.setValue(state, chosen.get(one.getName(), one.getDefaultValue()), False)
    model.assemble(state)
    model.realizePosition(state)
    places = {one.getName(): one.getLocationInGround(state).to_numpy().tolist() for one in markers}
    poses.append({"coordinates": chosen, "markers": places})
told = {
    "version": opensim.GetVersion(),
    "mass": model.getTotalMass(state),
    "bodies": [model.getBodySet().get(i).getName() for i in range(model.getBodySet().getSize())],
    "free": [one.getName() for one in free],
    "dependent": [one.getName() for one in coordinates if one.isDependent(state)],
    "angles": [one.getName() for one in coordinates if one.getMotionType() == opensim.Coordinate.Rotational],
    "poses": poses,
}
(HERE / "mvtri_body.json").write_text(json.dumps(told, indent=None, separators=(",", ":")) + "\n")
