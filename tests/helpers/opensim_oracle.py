"""OpenSim's own forward kinematics, in a process of its own: run by a Python that has opensim.

python opensim_oracle.py MODEL IN.npz OUT.npz

IN.npz holds coordinates (T, Q) in the order of the model's coordinates; without them only names are written.
With `scaled` (names of bodies) and `factors` (N, 3) OpenSim scales the model first.
Couplers are not enforced here; `coupling` says how far coordinates are from what couplers ask.
"""

import sys
from pathlib import Path

import numpy as np
import opensim

KINDS = {0: "undefined", 1: "rotational", 2: "translational", 3: "coupled"}


def frame(transform):
    """Return the rotation and place of a transform."""
    rotation, place = transform.R(), transform.p()
    return [[rotation.get(i, j) for j in range(3)] for i in range(3)], [place.get(i) for i in range(3)]


def osim_scales(names, factors):
    """Return factors of bodies as OpenSim wants them."""
    scales = opensim.ScaleSet()
    for name, three in zip(names, factors, strict=True):
        one = opensim.Scale()
        one.setSegmentName(str(name))
        one.setScaleFactors(opensim.Vec3(*map(float, three)))
        one.setApply(True)
        scales.cloneAndAppend(one)
    return scales


def main(model_path, given_path, out_path):
    """Write names, units and, for each row of coordinates, the frames of bodies and the places of markers."""
    opensim.Logger.setLevelString("Off")
    if not Path(model_path).is_file():
        raise SystemExit(f"there is no {model_path}")
    model = opensim.Model(str(model_path))
    state = model.initSystem()
    given = np.load(given_path)
    if "scaled" in given:
        scales = osim_scales(given["scaled"], given["factors"])
        model.scale(state, scales, True, 1.0)
        state = model.initSystem()
    found = model.getCoordinateSet()
    coordinates = [found.get(i) for i in range(found.getSize())]
    bodies = [model.getBodySet().get(i) for i in range(model.getBodySet().getSize())]
    markers = [model.getMarkerSet().get(i) for i in range(model.getMarkerSet().getSize())]
    result = {
        "coordinates": [one.getName() for one in coordinates],
        "bodies": [one.getName() for one in bodies],
        "markers": [one.getName() for one in markers],
        "units": [KINDS[one.getMotionType()] for one in coordinates],
        "ranges": [[one.getRangeMin(), one.getRangeMax()] for one in coordinates],
        "defaults": [one.getDefaultValue() for one in coordinates],
        "locked": [one.getDefaultLocked() for one in coordinates],
        "clamped": [one.getDefaultClamped() for one in coordinates],
    }
    rows = given["coordinates"] if "coordinates" in given else np.zeros((0, len(coordinates)))
    for one in coordinates:
        one.setLocked(state, False)
        one.setClamped(state, False)
    rotations, places, where, coupling = [], [], [], []
    for row in rows:
        for one, value in zip(coordinates, row, strict=True):
            one.setValue(state, float(value), False)
        model.realizePosition(state)
        frames = [frame(one.getTransformInGround(state)) for one in bodies]
        rotations.append([one[0] for one in frames])
        places.append([one[1] for one in frames])
        spots = [one.getLocationInGround(state) for one in markers]
        where.append([[spot.get(i) for i in range(3)] for spot in spots])
        errors = state.getQErr()
        coupling.append(max((abs(errors.get(i)) for i in range(errors.size())), default=0.0))
    np.savez(
        out_path,
        rotations=np.array(rotations).reshape(len(rows), len(bodies), 3, 3),
        places=np.array(places).reshape(len(rows), len(bodies), 3),
        positions=np.array(where).reshape(len(rows), len(markers), 3),
        coupling=np.array(coupling),
        **{key: np.array(value) for key, value in result.items()},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
