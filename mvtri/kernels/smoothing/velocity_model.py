"""One step of the Kalman filter and smoother for points that move at nearly constant velocity.

State: position x and velocity v, moved by white noise of acceleration with a spectral density q (m^2/s^3)
along each of the three axes.  In a time dt the state becomes (x + dt v, v), and q [[dt^3/3, dt^2/2],
[dt^2/2, dt]] is added to its covariance (Bar-Shalom, Li, Kirubarajan, Estimation with Applications to
Tracking and Navigation, 2001, section 6.2.2).  The covariance is three 3x3 blocks: A of x, B of x and v, C of
v.  A measurement is an information matrix W of any rank (0: nothing was measured) and the vector
`pull` = W y, so nothing is ever divided by a variance.

The smoother is that of Bryson and Frazier as modified by Bierman ("Fixed interval smoothing with discrete
measurements", Int. J. Control 18 (1973) 65): backwards goes not the state but what the later measurements say
about the filtered one, a vector (a, b) and a matrix of blocks D, E, F.  It needs no inverse of a covariance.
"""

from mvtri.kernels.jit import jit_inline
from mvtri.kernels.smoothing.matrices import (
    add3,
    add6,
    add9,
    add_to_diagonal,
    all_of,
    apply,
    inverse9,
    multiply,
    multiply_symmetric,
    raise_diagonal,
    scale3,
    scale6,
    scale9,
    transposed,
    twice_symmetric,
)

FAR = 1e4  # m^2: variance of position where nothing is known
FAST = 400.0  # m^2/s^2: the same of velocity; more would cost precision where little is measured


@jit_inline
def begin_anew(x, v, A, B, C, keep):
    """Return the state where `keep` is 1, and where it is 0 one that knows nothing."""
    A = raise_diagonal(scale6(A, keep), FAR * (1.0 - keep))
    C = raise_diagonal(scale6(C, keep), FAST * (1.0 - keep))
    return scale3(x, keep), scale3(v, keep), A, scale9(B, keep), C


@jit_inline
def predict(x, v, A, B, C, dt, q):
    """Return the state a time dt later; `q` is the process noise along the three axes."""
    sum_of_B = twice_symmetric(B)
    A = add6(add6(A, scale6(sum_of_B, dt)), scale6(C, dt * dt))
    B = add9(B, scale9(all_of(C), dt))
    a, b, c = scale3(q, 0.5 * dt * dt)
    B = (B[0] + a, B[1], B[2], B[3], B[4] + b, B[5], B[6], B[7], B[8] + c)
    A = add_to_diagonal(A, scale3(q, dt * dt * dt / 3.0))
    return add3(x, scale3(v, dt)), v, A, B, add_to_diagonal(C, scale3(q, dt))


@jit_inline
def update(x, v, A, B, C, W, pull):
    """Return the state after a measurement, and what the smoother needs of it.

    With G = 1 + W A: M = G^-1 W is the information of the measurement about its own prediction, z = G^-1 (W y
    - W x) the innovation times M, N = (G^-1)^T = 1 - A M and J = -B^T M.
    """
    whole_A, whole_W = all_of(A), all_of(W)
    G = multiply(whole_W, whole_A)
    inverse, det = inverse9((G[0] + 1.0, G[1], G[2], G[3], G[4] + 1.0, G[5], G[6], G[7], G[8] + 1.0))
    M = multiply_symmetric(inverse, whole_W)
    z = apply(inverse, add3(pull, scale3(apply(whole_W, x), -1.0)))
    N = transposed(inverse)
    back = transposed(B)
    J = scale9(multiply(back, all_of(M)), -1.0)
    x = add3(x, apply(whole_A, z))
    v = add3(v, apply(back, z))
    C = add6(C, multiply_symmetric(J, B))
    return x, v, multiply_symmetric(N, whole_A), multiply(N, B), C, N, J, M, z, det


@jit_inline
def before_measurement(a, b, D, E, F, N, J, M, z):
    """Return what the later measurements and this one say about the state before this one."""
    back_N, back_J = transposed(N), transposed(J)
    top = add9(multiply(all_of(D), N), multiply(E, J))
    bottom = add9(multiply(transposed(E), N), multiply(all_of(F), J))
    D = add6(M, multiply_symmetric_sum(back_N, top, back_J, bottom))
    E = add9(multiply(back_N, E), multiply(back_J, all_of(F)))
    a = add3(add3(apply(back_N, a), apply(back_J, b)), scale3(z, -1.0))
    return a, b, D, E, F


@jit_inline
def multiply_symmetric_sum(a, b, c, d):
    """Return a b + c d, which is known to be symmetric, as six numbers."""
    return add6(multiply_symmetric(a, b), multiply_symmetric(c, d))


@jit_inline
def before_step(a, b, D, E, F, dt):
    """Return the same about the state a time dt earlier."""
    F = add6(add6(F, scale6(twice_symmetric(E), dt)), scale6(D, dt * dt))
    E = add9(E, scale9(all_of(D), dt))
    return a, add3(b, scale3(a, dt)), D, E, F


@jit_inline
def smoothed_position(x, A, B, a, b, D, E, F):
    """Return the smoothed position and its covariance: x - A a - B b, and A - [A B] [D E; E^T F] [A B]^T."""
    whole = all_of(A)
    back = transposed(B)
    top = add9(multiply(all_of(D), whole), multiply(E, back))
    bottom = add9(multiply(transposed(E), whole), multiply(all_of(F), back))
    shift = add3(apply(whole, a), apply(B, b))
    return (
        add3(x, scale3(shift, -1.0)),
        add6(A, scale6(multiply_symmetric_sum(whole, top, B, bottom), -1.0)),
    )


@jit_inline
def smoothed_velocity(v, B, C, a, b, D, E, F):
    """Return the smoothed velocity and its covariance."""
    whole = all_of(C)
    back = transposed(B)
    top = add9(multiply(all_of(D), B), multiply(E, whole))
    bottom = add9(multiply(transposed(E), B), multiply(all_of(F), whole))
    shift = add3(apply(back, a), apply(whole, b))
    return (
        add3(v, scale3(shift, -1.0)),
        add6(C, scale6(multiply_symmetric_sum(back, top, whole, bottom), -1.0)),
    )


@jit_inline
def motion_of_step(a, b, D, E, F, dt):
    """Return how strong the motion of a step was along each axis, and how strong it is expected to be.

    With Q the covariance of the step's motion for a process noise of 1, r = -(a, b) and N = [D E; E^T F]:
    r^T Q r and the trace of N Q, of each axis.  The slope of the log likelihood over the log of the process
    noise q is q / 2 times their difference (Koopman, Shephard, Biometrika 79 (1992) 823).
    """
    third, whole = dt * dt * dt / 3.0, dt * dt
    found = (
        a[0] * (a[0] * third + b[0] * whole) + b[0] * b[0] * dt,
        a[1] * (a[1] * third + b[1] * whole) + b[1] * b[1] * dt,
        a[2] * (a[2] * third + b[2] * whole) + b[2] * b[2] * dt,
    )
    expected = (
        D[0] * third + E[0] * whole + F[0] * dt,
        D[3] * third + E[4] * whole + F[3] * dt,
        D[5] * third + E[8] * whole + F[5] * dt,
    )
    return found, expected
