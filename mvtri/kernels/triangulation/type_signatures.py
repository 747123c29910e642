"""The types that the kernels which Python calls take (`mvtri.kernels.jit.entry`).

The largest kernel comes twice: for ordinary calls, whose rig has no `lens_kinds` and whose workspace
lacks what they never need, and for any call.
"""

from numba import types

from mvtri.kernels.triangulation.layout import (
    Chunk,
    NoiseSample,
    Output,
    Queue,
    Rig,
    Settings,
    Workspace,
)

_BOOL, _INT, _FLOAT = types.boolean, types.int64, types.float64


def _array(dtype, dimensions):
    return types.Array(dtype, dimensions, "C")


def _record(record, *fields):
    return types.NamedTuple(fields, record)


_VECTOR, _MATRIX, _CUBE = (_array(_FLOAT, dimensions) for dimensions in (1, 2, 3))
_INDICES, _FLAGS = _array(_INT, 1), _array(_BOOL, 1)

CHUNK = _record(Chunk, _CUBE, _MATRIX, _array(_FLOAT, 4), _MATRIX, _INT, _INT)
OUTPUT = _record(Output, _MATRIX, _CUBE, _array(_BOOL, 2), _MATRIX, _array(types.uint8, 1))
SAMPLE = _record(NoiseSample, _MATRIX, _MATRIX, _VECTOR, _MATRIX, _CUBE)
SETTINGS = _record(
    Settings,
    *(_BOOL, _INT, _FLOAT, _FLOAT, _INT, _FLOAT, _INT, _INT, _FLOAT, _BOOL),
    *(_FLOAT, _FLOAT, _FLOAT, _FLOAT, _FLOAT),
)
_QUEUE = _record(Queue, _VECTOR, _MATRIX, _VECTOR, _INDICES)


def _rig(lens_kinds):
    poses = (_CUBE, _CUBE, _MATRIX, _VECTOR)
    return _record(Rig, _INDICES, _MATRIX, *poses, _MATRIX, _MATRIX, _VECTOR, lens_kinds)


def _workspace(pair_order, hypotheses, linear_weights):
    block = (_VECTOR, _MATRIX, _VECTOR, _MATRIX, _INDICES, _INDICES, _FLAGS, _FLAGS, _INDICES, _MATRIX)
    return _record(Workspace, *block, _MATRIX, _MATRIX, _QUEUE, pair_order, hypotheses, linear_weights)


ORDINARY = _rig(types.none), _workspace(types.none, types.none, types.none)
ANY = _rig(_INDICES), _workspace(_INDICES, _MATRIX, _VECTOR)

SOLVE_ORDINARY, SOLVE_ANY = (
    (CHUNK, rig, SETTINGS, types.uint64, _BOOL, workspace, OUTPUT, SAMPLE)
    for rig, workspace in (ORDINARY, ANY)
)
HUBER_SCALE = "(float64[::1], float64, float64, float64)"

# with a rig that is ordinary, and with any other; the workspace is complete in both cases
_RIGS = ORDINARY[0], ANY[0]
FIND_RAY_FORMS = tuple((CHUNK, rig, SETTINGS, ANY[1], _CUBE) for rig in _RIGS)
CHOOSE_MODES = tuple(
    (CHUNK, rig, SETTINGS, types.uint64, _INT, ANY[1], _VECTOR, _array(_INT, 2)) for rig in _RIGS
)
FIND_SWAPS = (
    *(_array(_FLOAT, 4), _array(_FLOAT, 4), _INT, _FLOAT, _FLOAT),
    *(_INDICES, _VECTOR, _array(_FLOAT, 4)),
)
