"""Reading and writing what a lane holds: a state, and what goes backwards."""

from mvtri.kernels.jit import jit_inline
from mvtri.kernels.smoothing.layout import (
    ABOUT_V,
    ABOUT_X,
    COV_VV,
    COV_XV,
    COV_XX,
    INFO_VV,
    INFO_XV,
    INFO_XX,
    LANES,
    POSITION,
    VELOCITY,
)
from mvtri.kernels.smoothing.matrices import load3, load6, load9, store3, store6, store9


@jit_inline
def load_state(state, i):
    """Return position x, velocity v, and the blocks A, B, C of their covariance, of lane i."""
    return (
        load3(state, POSITION, LANES, i),
        load3(state, VELOCITY, LANES, i),
        load6(state, COV_XX, LANES, i),
        load9(state, COV_XV, LANES, i),
        load6(state, COV_VV, LANES, i),
    )


@jit_inline
def store_state(state, i, x, v, A, B, C):
    """Write what `load_state` returns."""
    store3(state, POSITION, LANES, i, x)
    store3(state, VELOCITY, LANES, i, v)
    store6(state, COV_XX, LANES, i, A)
    store9(state, COV_XV, LANES, i, B)
    store6(state, COV_VV, LANES, i, C)


@jit_inline
def load_adjoint(adjoint, i):
    """Return the vectors a, b about x and v, and the blocks D, E, F of their matrix, of lane i."""
    return (
        load3(adjoint, ABOUT_X, LANES, i),
        load3(adjoint, ABOUT_V, LANES, i),
        load6(adjoint, INFO_XX, LANES, i),
        load9(adjoint, INFO_XV, LANES, i),
        load6(adjoint, INFO_VV, LANES, i),
    )


@jit_inline
def store_adjoint(adjoint, i, a, b, D, E, F):
    """Write what `load_adjoint` returns."""
    store3(adjoint, ABOUT_X, LANES, i, a)
    store3(adjoint, ABOUT_V, LANES, i, b)
    store6(adjoint, INFO_XX, LANES, i, D)
    store9(adjoint, INFO_XV, LANES, i, E)
    store6(adjoint, INFO_VV, LANES, i, F)
