"""The types that the kernels which Python calls take, in Numba's words (`mvtri.kernels.jit.entry`)."""

CAMERAS = (
    "Tuple((int64[::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], "
    "float64[::1], int64[::1], float64[:, ::1]))"
)
OBSERVATIONS = "float64[:, :, ::1], float64[:, ::1], float64[:, :, :, ::1]"  # pixels, scores, covariances
SETTINGS = "float64[::1]"

SOLVE_CHUNK = (
    f"({OBSERVATIONS}, float64[:, ::1], int64, int64, {CAMERAS}, float64[:, ::1], float64[::1], {SETTINGS}, "
    "uint64, float64[:, ::1], float64[:, :, ::1], boolean[:, ::1], float64[:, ::1], uint8[::1])"
)
SAMPLE_SQUARES = (
    f"({OBSERVATIONS}, float64[:, ::1], int64, {CAMERAS}, {SETTINGS}, uint64, "
    "float64[:, ::1], float64[:, ::1], float64[::1], float64[:, ::1])"
)
PAIR_SQUARES = f"({OBSERVATIONS}, {CAMERAS}, {SETTINGS}, float64[:, :, ::1])"
HUBER_SCALE = "(float64[::1], float64, float64, float64)"
