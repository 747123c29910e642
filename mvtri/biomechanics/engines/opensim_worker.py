"""What a process with OpenSim does for `opensim_engine`: run as a script, by a Python that has opensim.

python opensim_worker.py REQUEST.npz ANSWER.npz

It imports nothing of mvtri, since that Python need not have it.  A request has `model` (a path) and `task`:
"describe", "positions" with `coordinates` (T, Q), or "solve" with `markers` (T, M, 3), `weights` (M,),
`priors` (Q,), `targets` (Q,) and `accuracy`.  What OpenSim objects to comes back as `error`.
"""

import sys
import time
from typing import Any

import numpy as np

NO_OPENSIM = 3  # exit code


def listed(collection: Any) -> list[Any]:
    """Return the members of a set of OpenSim."""
    return [collection.get(i) for i in range(collection.getSize())]


def numbers(vector: Any) -> list[float]:
    """Return a Vec3 as numbers."""
    return [vector.get(i) for i in range(3)]


def names(members: list[Any]) -> np.ndarray:
    """Return their names as an array of texts."""
    return np.array([one.getName() for one in members], dtype=str)


def positions(model: Any, state: Any, request: Any) -> dict[str, Any]:
    """Return where the bodies and markers are for coordinates."""
    coordinates, markers = listed(model.getCoordinateSet()), listed(model.getMarkerSet())
    bodies, count = listed(model.getBodySet()), len(request["coordinates"])
    for one in coordinates:
        one.setLocked(state, False)
        one.setClamped(state, False)
    found = np.empty((count, len(markers), 3))
    rotations, places = np.empty((count, len(bodies), 3, 3)), np.empty((count, len(bodies), 3))
    for t, row in enumerate(request["coordinates"]):
        for one, value in zip(coordinates, row, strict=True):
            one.setValue(state, float(value), False)
        model.realizePosition(state)
        found[t] = np.reshape([numbers(one.getLocationInGround(state)) for one in markers], (-1, 3))
        for b, one in enumerate(bodies):
            transform = one.getTransformInGround(state)
            rotations[t, b] = [[transform.R().get(i, j) for j in range(3)] for i in range(3)]
            places[t, b] = numbers(transform.p())
    return {"markers": found, "rotations": rotations, "places": places}


def references(osim: Any, model: Any, request: Any) -> tuple[Any, Any]:
    """Return the measured markers and the coordinates' targets as OpenSim wants them."""
    markers, measured = names(listed(model.getMarkerSet())), request["markers"]
    table = osim.TimeSeriesTableVec3()
    table.setColumnLabels([str(name) for name in markers])
    for t, frame in enumerate(measured):
        row = osim.RowVectorVec3([osim.Vec3(*map(float, place)) for place in frame])
        table.appendRow(0.01 * t, row)
    weights = osim.SetMarkerWeights()
    for name, weight in zip(markers, request["weights"], strict=True):
        weights.cloneAndAppend(osim.MarkerWeight(str(name), float(weight)))
    held = osim.SimTKArrayCoordinateReference()
    for one, prior, target in zip(
        listed(model.getCoordinateSet()), request["priors"], request["targets"], strict=True
    ):
        if prior > 0.0:
            reference = osim.CoordinateReference(one.getName(), osim.Constant(float(target)))
            reference.setWeight(float(prior))
            held.push_back(reference)
    return osim.MarkersReference(table, weights), held


def solve(osim: Any, model: Any, state: Any, request: Any) -> dict[str, Any]:
    """Return the coordinates that fit measured markers, frame by frame."""
    measured, held = references(osim, model, request)
    solver = osim.InverseKinematicsSolver(model, measured, held)
    solver.setAccuracy(float(request["accuracy"]))
    coordinates, markers = listed(model.getCoordinateSet()), listed(model.getMarkerSet())
    count = len(request["markers"])
    values = np.full((count, len(coordinates)), np.nan)
    places = np.full((count, len(markers), 3), np.nan)
    seconds = np.zeros(count)
    for t in range(count):
        began = time.process_time()
        state.setTime(0.01 * t)
        if t == 0:
            solver.assemble(state)
        else:
            solver.track(state)
        seconds[t] = time.process_time() - began
        model.realizePosition(state)
        values[t] = [one.getValue(state) for one in coordinates]
        places[t] = [numbers(one.getLocationInGround(state)) for one in markers]
    return {"coordinates": values, "markers": places, "seconds": seconds}


def answer(request: Any) -> dict[str, Any]:
    """Return what a request asks for."""
    import opensim as osim

    osim.Logger.setLevelString("Error")
    model = osim.Model(str(request["model"]))
    state = model.initSystem()
    task = str(request["task"])
    if task == "positions":
        return positions(model, state, request)
    if task == "solve":
        return solve(osim, model, state, request)
    coordinates = listed(model.getCoordinateSet())
    return {
        "coordinates": names(coordinates),
        "markers": names(listed(model.getMarkerSet())),
        "bodies": names(listed(model.getBodySet())),
        "defaults": np.array([one.getDefaultValue() for one in coordinates]),
    }


def main(given: str, wanted: str) -> int:
    """Answer a request; return the exit code."""
    try:
        import opensim  # noqa: F401
    except ImportError:
        return NO_OPENSIM
    try:
        found = answer(np.load(given))
    except Exception as error:
        found = {"error": np.array(str(error))}
    np.savez(wanted, **found)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
