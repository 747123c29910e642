"""Where the numbers of several tracks lie: row after row, and in each row one number for each lane.

No loop over lanes has a branch, so that one instruction works on several tracks.  A lane without measurement
has no information and adds zeros.
"""

LANES = 8

# what was measured in a frame
INFORMATION, PULL, KEEP, MEASURED_ROWS = 0, 6 * LANES, 9 * LANES, 10 * LANES

# a state: position, velocity, and the blocks of their covariance
POSITION, VELOCITY, COV_XX, COV_XV, COV_VV, STATE_ROWS = (
    0,
    3 * LANES,
    6 * LANES,
    12 * LANES,
    21 * LANES,
    27 * LANES,
)

# what the smoother needs of a frame, after its state
KEPT_SHARE, KEPT_J, OWN_INFORMATION, WEIGHED_INNOVATION, RECORD_ROWS = (
    27 * LANES,
    36 * LANES,
    45 * LANES,
    51 * LANES,
    54 * LANES,
)

# the process noise of a frame along the axes, and what is found about it: how strong the motion was, and how
# strong it would be on average if the process noise were true
PROCESS_ROWS = 3 * LANES
FOUND, EXPECTED, MOTION_ROWS = 0, 3 * LANES, 6 * LANES

# what goes backwards
ABOUT_X, ABOUT_V, INFO_XX, INFO_XV, INFO_VV, ADJOINT_ROWS = (
    0,
    3 * LANES,
    6 * LANES,
    12 * LANES,
    21 * LANES,
    27 * LANES,
)
