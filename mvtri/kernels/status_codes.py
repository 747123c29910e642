"""Why a 3D point is there, or is not: the integers that kernels write; `mvtri.Status` names them."""

OK = 0
TOO_FEW_VIEWS = 1
LOW_SCORE = 2
NO_CONSENSUS = 3
BEHIND_CAMERA = 4
DEGENERATE = 5
AT_INFINITY = 6
NOT_CONVERGED = 7
FILLED = 8
